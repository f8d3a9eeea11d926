/* SPDX-License-Identifier: Apache-2.0 */
/* Of a set, at a member: how far each entry is, and which of them is asked for first. An entry that is whole is of use by itself, so one
 * who has to ask gets them one after the other, beginning with its own; who is pushed to gets all at once. */
#include "base/check.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    LEFT_BEHIND_MIN = 32, /* more than so many chunks missing, */
    LEFT_BEHIND_PART = 8, /* and than one in so many */
};

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

/* Most of the group is done, and much is missing here: what is still to be pushed would come of all entries in turn, and none be whole for
 * long. With few missing, or of peers that had it all before the push, it is only a matter of moments. */
bool fr_strands_is_left_behind(const struct fr_transfer *transfer) {
    const struct fr_member *member = &transfer->member;
    uint32_t count = transfer->weave.chunk_count, missing = count - member->have.set_count - member->storing.set_count, done = 0;
    const struct fr_link *link;

    if (!fr_strands_is_set(transfer) || member->mode != FR_MEMBER_FOLLOWING || member->is_finish_asked ||
        !transfer->manifest.is_end_known || member->figures.bytes_from_peers == 0 || missing <= LEFT_BEHIND_MIN ||
        missing <= count / LEFT_BEHIND_PART)
        return false;
    FR_EACH_LIVE (transfer, link)
        done += link->role == FR_LINK_PEER && link->is_done;
    return 2 * done >= transfer->roster->member_count - 1;
}
