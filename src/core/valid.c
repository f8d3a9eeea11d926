/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a whole transfer at any time between two events; for tests and the simulator. */
#include "core/state.h"

#include "base/check.h"

static void assert_link_valid(const struct fr_transfer *transfer, const struct fr_link *link) {
    fr_assert(link->queue.count <= FR_LINK_QUEUE_MAX);
    fr_assert(link->sends <= FR_LINK_SENDS_MAX);
    fr_assert(link->queue.count <= link->pending.set_count);
    fr_assert(link->asked.set_count <= FR_PULL_OUTSTANDING_MAX);
    fr_assert(!transfer->is_origin || link->role == FR_LINK_CHILD);
    fr_assert((link->role == FR_LINK_UPSTREAM) == (link->member == FR_MEMBER_UPSTREAM));
    fr_assert(link->role != FR_LINK_ADOPTER || link->place < transfer->member.adopter_count);
    fr_assert(link->role != FR_LINK_PEER || link->member < transfer->roster->member_count);
    fr_assert(link->role != FR_LINK_CHILD || link->member < transfer->feeds[link->place]->roster->member_count);
    fr_assert(!(link->pulls_from_us && link->role == FR_LINK_CHILD));
}

static void assert_member_valid(const struct fr_transfer *transfer) {
    const struct fr_member *member = &transfer->member;
    uint32_t in_strands = 0, whole = 0;

    for (uint32_t chunk = fr_bitset_next_set(&member->storing, 0); chunk < member->storing.bit_count;
         chunk = fr_bitset_next_set(&member->storing, chunk + 1))
        fr_assert(!fr_bitset_has(&member->have, chunk));
    fr_assert(member->have.set_count == member->figures.chunks_have);
    for (uint32_t i = 0; i < transfer->weave.entry_count; i++) {
        in_strands += member->strand_have[i];
        whole += member->strand_have[i] == transfer->weave.strand_chunks[i];
    }
    fr_assert(!fr_strands_is_set(transfer) || in_strands == member->have.set_count);
    fr_assert(member->figures.entries_whole == whole);
    fr_assert(!member->is_complete || member->is_finish_asked);
    fr_assert(member->owner.open_count <= 4 * FR_CREDIT_WINDOW_MAX);
}

void fr_transfer_assert_valid(const struct fr_transfer *transfer) {
    for (uint32_t slot = 0; slot < transfer->links_used; slot++)
        if (transfer->links[slot]->state != FR_LINK_FREE)
            assert_link_valid(transfer, transfer->links[slot]);
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        fr_dispatch_assert_valid(&transfer->feeds[i]->dispatch);
    if (!transfer->is_origin)
        assert_member_valid(transfer);
}
