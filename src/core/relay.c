/* SPDX-License-Identifier: Apache-2.0 */
/* Relaying: bringing what we own to the peers of our group, and telling upstream when it has arrived there. */
#include "core/planted.h"
#include "core/state.h"

enum { LATE_PUSH_MAX = FR_LINK_QUEUE_MAX / 2 }; /* a peer that lacks more of what we own is left to pull */

void fr_relay_stop(struct fr_transfer *transfer, struct fr_link *link) {
    if (link->pulls_from_us)
        return;
    link->pulls_from_us = true;
    fr_link_clear_queue(link);
    fr_bitset_done(&link->told_coming);
    fr_owner_forget_peer(&transfer->member.owner, link->member);
}

static void leave_behind(struct fr_transfer *transfer, struct fr_link *link) {
    fr_relay_stop(transfer, link);
    fr_say_switch(transfer, link, FR_FRAME_LAG, true);
    fr_transfer_trace_link(transfer, FR_TRACE_MEMBER_LAG, link, FR_CHUNK_NONE, 0, 0, NULL);
}

/* Queue an owned chunk for one peer. true: it will be acknowledged. */
static bool push_to(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    int error;

    if (!fr_link_is_pushed(link) || link->role != FR_LINK_PEER || fr_link_has(link, chunk))
        return false;
    error = fr_link_queue(link, chunk);
    if (error == FR_E_LIMIT)
        leave_behind(transfer, link);
    else if (error)
        transfer->actions.is_starved = true;
    return error == 0;
}

/* Does another member have to hold a chunk before its origin may let go of it? A pipe is not read twice. Who is alone for good need not
 * wait. */
static bool needs_copy(struct fr_transfer *transfer) {
    struct fr_link *link;

    if (FR_PLANTED(COPY_NOT_AWAITED) || transfer->opening.object_bytes != FR_BYTES_UNKNOWN || transfer->roster->member_count < 2)
        return false;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            return true;
    return transfer->now < transfer->began_at + transfer->timing.connect;
}

static void note_copies(struct fr_transfer *transfer) {
    struct fr_owner *owner = &transfer->member.owner;
    struct fr_link *link;

    owner->needs_copy = needs_copy(transfer);
    for (uint32_t i = 0; owner->needs_copy && i < owner->open_count; i++)
        FR_EACH_LIVE (transfer, link)
            owner->open[i].is_copied |= link->role == FR_LINK_PEER && fr_link_has(link, owner->open[i].chunk);
}

/* Told to all who feed us: whoever did not give a chunk does not mind. */
void fr_relay_report(struct fr_transfer *transfer) {
    struct fr_bitset reached = {0};
    struct fr_link *link;
    fr_chunk_index chunk;

    note_copies(transfer);
    while (fr_owner_next_reached(&transfer->member.owner, &chunk))
        if (fr_link_mark(&reached, chunk))
            transfer->actions.is_starved = true;
    if (reached.set_count > 0)
        FR_EACH_LIVE (transfer, link)
            if (link->role == FR_LINK_UPSTREAM)
                fr_say_ranges(transfer, link, FR_FRAME_REACHED, &reached);
    fr_bitset_done(&reached);
}

/* Upstream gave us this chunk, and it is stored: bring it to the others. */
void fr_relay_own(struct fr_transfer *transfer, fr_chunk_index chunk, struct fr_link *giver) {
    struct fr_member *member = &transfer->member;
    struct fr_link *link;
    uint64_t waiting = 0;
    int error;

    if (!fr_owner_owns(&member->owner, chunk))
        member->figures.chunks_owned++;
    member->figures.last_owned_ns = fr_member_elapsed(transfer);
    FR_EACH_LIVE (transfer, link)
        if (push_to(transfer, link, chunk))
            waiting |= 1ull << link->member;
    waiting &= member->owner.peers; /* a peer whose queue overflowed just now is no longer among them */
    error = fr_owner_take(&member->owner, chunk, waiting);
    if (error == FR_E_LIMIT) {
        if (giver && fr_link_is_live(giver) && giver->role == FR_LINK_UPSTREAM)
            fr_transfer_drop_link(transfer, giver, FR_E_PROTOCOL, "upstream gave more chunks than any window allows");
        return;
    }
    transfer->actions.is_starved |= error != 0;
    fr_feed_offer(transfer, chunk);
    fr_feed_turn(transfer); /* groups below come first: everything further down waits for this chunk */
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            fr_send_pump(transfer, link);
    fr_adopt_own(transfer, chunk);
}

/* A peer takes part in pushing from now on: it also gets what we owned before, if that is not too much. */
void fr_relay_start(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_owner *owner = &transfer->member.owner;
    uint32_t lacking = 0;

    if (!fr_link_is_pushed(link) || link->role != FR_LINK_PEER)
        return;
    fr_owner_add_peer(owner, link->member);
    for (uint32_t chunk = fr_bitset_next_set(&owner->all, 0); chunk < owner->all.bit_count;
         chunk = fr_bitset_next_set(&owner->all, chunk + 1)) {
        if (fr_link_has(link, chunk))
            continue;
        if (++lacking > LATE_PUSH_MAX) {
            leave_behind(transfer, link);
            return;
        }
        if (!fr_link_is_pending(link, chunk) && push_to(transfer, link, chunk))
            fr_owner_extend(owner, chunk, link->member);
    }
    fr_send_pump(transfer, link);
}
