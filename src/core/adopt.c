/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adoption: an owner in a group that feeds several others has more sends than uplink, one in a group that feeds none has some to spare. So
 * the plan lets leaf groups adopt (plan/adoption.h), and a member that is to be relieved of waiting for a peer
 *
 *   hears of the leaf group's roster --dials its owner--> linked --PULL to the peer: "push me nothing"--> is sent those chunks from there
 *                                                         gone   --PULL off: "push to me again"
 *
 * Nothing depends on it: what does not come is pulled as everything else is. An adopter is no peer and no upstream: what it sends makes
 * nobody an owner, and it is told what is here and nothing else.
 */
#include "base/memory.h"
#include "base/time.h"
#include "core/state.h"

void fr_adopt_done(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->member.adopter_count; i++) {
        fr_free(transfer->member.adopters[i]->roster);
        fr_free(transfer->member.adopters[i]);
    }
}

/* ---------------------------------------------------------------------------------------------------- being adopted */

int fr_adopt_on_sheet(struct fr_transfer *transfer, const struct fr_sheet *sheet) {
    uint32_t count = transfer->roster->member_count;
    struct fr_adopter *adopter;

    if (transfer->opening.object_bytes == FR_BYTES_UNKNOWN) /* a pipe: its owners wait until a peer has a copy, so peers get it first */
        return 0;
    if (!sheet->roster->is_adopting || sheet->roster->adopted_group != transfer->roster->group_index ||
        sheet->roster->adopted_shift >= count || sheet->roster->member_count != count || transfer->member.adopter_count == FR_ADOPTERS_MAX)
        return 0;
    adopter = fr_alloc_zeroed(1, sizeof(*adopter));
    if (!adopter)
        return FR_E_MEMORY;
    adopter->roster = fr_sheets_read_roster(sheet);
    if (!adopter->roster) {
        fr_free(adopter);
        return FR_E_MEMORY;
    }
    adopter->sheet = sheet;
    adopter->peer = adopter->member = (transfer->self + count - sheet->roster->adopted_shift) % count;
    fr_dial_init(&adopter->dial);
    transfer->member.adopters[transfer->member.adopter_count++] = adopter;
    fr_dial_adopter(transfer, transfer->member.adopter_count - 1);
    return 0;
}

static void say_have(struct fr_transfer *transfer, struct fr_link *link) {
    if (transfer->member.have.set_count > 0)
        fr_say_ranges(transfer, link, FR_FRAME_HAVE, &transfer->member.have);
}

static void relieve(struct fr_transfer *transfer, const struct fr_adopter *adopter, bool is_relieved) {
    struct fr_link *peer = fr_transfer_find_peer(transfer, adopter->peer);

    if (!peer || peer->is_relieved == is_relieved)
        return;
    peer->is_relieved = is_relieved;
    if (is_relieved)
        fr_bitset_done(&peer->promised);              /* it pushes nothing any more, whatever it promised */
    if (transfer->member.mode != FR_MEMBER_FOLLOWING) /* it pushes nothing anyhow */
        return;
    if (!is_relieved) /* it does not know what came from the adopter, and would push it all again or find us too far behind */
        say_have(transfer, peer);
    fr_say_switch(transfer, peer, FR_FRAME_PULL, is_relieved);
}

static bool is_linked(struct fr_transfer *transfer, uint32_t place) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_ADOPTER && link->place == place)
            return true;
    return false;
}

bool fr_adopt_is_any(const struct fr_transfer *transfer) {
    const struct fr_link *link;

    if (transfer->member.adopter_count == 0)
        return false;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_ADOPTER)
            return true;
    return false;
}

/* ---------------------------------------------------------------------------------------------------- links */

/* What we owned before; too much for its queue is left to be pulled. */
static void catch_up(struct fr_transfer *transfer, struct fr_link *link) {
    const struct fr_bitset *all = &transfer->member.owner.all;

    for (uint32_t chunk = fr_bitset_next_set(all, 0); chunk < all->bit_count; chunk = fr_bitset_next_set(all, chunk + 1)) {
        int error = fr_link_queue(link, chunk);

        transfer->actions.is_starved |= error == FR_E_MEMORY;
        if (error)
            return;
    }
}

void fr_adopt_on_live(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_member *member = &transfer->member;

    if (link->role == FR_LINK_ADOPTEE) {
        catch_up(transfer, link);
        fr_send_pump(transfer, link);
    } else if (link->role == FR_LINK_ADOPTER) {
        say_have(transfer, link);
        relieve(transfer, member->adopters[link->place], true);
    } else /* a peer that is linked anew */
        for (uint32_t i = 0; i < member->adopter_count; i++)
            if (member->adopters[i]->peer == link->member && is_linked(transfer, i))
                relieve(transfer, member->adopters[i], true);
}

void fr_adopt_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_live, bool was_in_good_order) {
    if (link->role != FR_LINK_ADOPTER)
        return;
    if (was_live)
        relieve(transfer, transfer->member.adopters[link->place], false);
    fr_dial_retry(transfer, link->dial);
    if (was_in_good_order)
        fr_dial_settle(link->dial);
}

void fr_adopt_own(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_link *link;

    if (!transfer->roster->is_adopting)
        return;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_ADOPTEE) {
            if (fr_link_queue(link, chunk) == FR_E_MEMORY)
                transfer->actions.is_starved = true;
            fr_send_pump(transfer, link);
        }
}
