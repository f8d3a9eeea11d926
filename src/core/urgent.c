/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups below first: while a chunk for one of them is on its way out, nothing new is begun for peers. A whole group waits for that chunk,
 * and what hangs below it; so this shortens the way from group to group from a round over all links to about one chunk.
 *
 *   free --chunk handed out for a group below--> holding --all such are sent, or HOLD_MAX is over--> cooling --> free
 *
 * Cooling lasts the longer the longer was held, so that peers lose a bounded part of the uplink, and doubles with each hold that ended by
 * time: a group below that is slow holds nobody up.
 */
#include "base/time.h"
#include "core/state.h"

enum {
    HOLD_MAX_MS = 50,
    COOL_SHARE = 2, /* an owner spends 1 / k of its uplink on a group below; held is at most so many times that */
    STRIKES_MAX = 6,
};

void fr_urgent_init(struct fr_transfer *transfer) { transfer->urgent = (struct fr_urgent){.held_since = FR_TIME_NEVER}; }

bool fr_urgent_holds(const struct fr_transfer *transfer) { return transfer->urgent.held_since != FR_TIME_NEVER; }

static void release(struct fr_transfer *transfer) {
    struct fr_urgent *urgent = &transfer->urgent;
    fr_time_ns held = fr_time_since(transfer->now, urgent->held_since);
    struct fr_link *link;

    urgent->held_since = FR_TIME_NEVER;
    urgent->cool_until = transfer->now + (held * transfer->roster->member_count / COOL_SHARE << urgent->strikes);
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            fr_send_pump(transfer, link);
}

void fr_urgent_on_handed(struct fr_transfer *transfer) {
    struct fr_urgent *urgent = &transfer->urgent;

    urgent->sends++;
    if (urgent->held_since == FR_TIME_NEVER && urgent->cool_until <= transfer->now)
        urgent->held_since = transfer->now;
}

void fr_urgent_on_sent(struct fr_transfer *transfer, uint32_t count) {
    struct fr_urgent *urgent = &transfer->urgent;

    urgent->sends -= count;
    if (urgent->sends > 0 || !fr_urgent_holds(transfer))
        return;
    urgent->strikes = 0;
    release(transfer);
}

static fr_time_ns ends_at(const struct fr_transfer *transfer) { return transfer->urgent.held_since + HOLD_MAX_MS * FR_MS; }

void fr_urgent_turn(struct fr_transfer *transfer) {
    struct fr_urgent *urgent = &transfer->urgent;

    if (!fr_urgent_holds(transfer) || ends_at(transfer) > transfer->now)
        return;
    if (urgent->strikes < STRIKES_MAX)
        urgent->strikes++;
    release(transfer);
}

fr_time_ns fr_urgent_deadline(const struct fr_transfer *transfer) { return fr_urgent_holds(transfer) ? ends_at(transfer) : FR_TIME_NEVER; }
