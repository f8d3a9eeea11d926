/* SPDX-License-Identifier: Apache-2.0 */
/* Of a set, at a member: how far each entry is, and which of them is asked for first. An entry that is whole is of use by itself, so one who
 * has to ask gets them one after the other, beginning with its own; who is pushed to gets all at once. */
#include "base/check.h"
#include "core/planted.h"
#include "core/state.h"

int fr_strands_init(struct fr_transfer *transfer) {
    const struct fr_opening *opening = &transfer->opening;

    return opening->entry_count == 0 ? 0 : fr_weave_init(&transfer->weave, opening->entries, opening->entry_count, opening->chunk_bytes);
}

void fr_strands_done(struct fr_transfer *transfer) { fr_weave_done(&transfer->weave); }

bool fr_strands_is_set(const struct fr_transfer *transfer) { return transfer->weave.entry_count > 0; }

void fr_strands_on_have(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_member *member = &transfer->member;
    uint32_t strand;

    if (!fr_strands_is_set(transfer))
        return;
    strand = transfer->weave.strands[chunk];
    member->strand_have[strand]++;
    fr_assert(member->strand_have[strand] <= transfer->weave.strand_chunks[strand]);
    member->figures.entries_whole += member->strand_have[strand] == transfer->weave.strand_chunks[strand] - FR_PLANTED(WHOLE_EARLY);
}

void fr_strands_on_have_all(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->weave.entry_count; i++)
        transfer->member.strand_have[i] = transfer->weave.strand_chunks[i];
    transfer->member.figures.entries_whole = transfer->weave.entry_count;
}

uint32_t fr_strands_wanted_first(const struct fr_transfer *transfer) {
    uint32_t count = transfer->weave.entry_count;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t strand = (transfer->self + i) % count;

        if (transfer->member.strand_have[strand] < transfer->weave.strand_chunks[strand])
            return strand;
    }
    return FR_ENTRIES_MAX;
}
