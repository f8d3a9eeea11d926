/* SPDX-License-Identifier: Apache-2.0 */
/* Dialling members: once at the start, and again with growing pauses while it makes sense. When it stops making sense is
 * decided by the roles. */
#include "base/check.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum { BACKOFF_FIRST_MS = 250, BACKOFF_MAX_MS = 2000 };

void fr_dial_init(struct fr_dial *dial) {
    *dial = (struct fr_dial){.link = FR_LINK_NONE, .retry_at = FR_TIME_NEVER, .backoff = BACKOFF_FIRST_MS * FR_MS};
}

static void dial(struct fr_transfer *transfer, struct fr_dial *dial, enum fr_link_role role, uint32_t place, uint32_t member,
                 const char *address) {
    struct fr_action action = {.type = FR_ACTION_CONNECT, .address = address};
    struct fr_link *link;

    dial->retry_at = FR_TIME_NEVER;
    if (dial->is_settled || dial->link != FR_LINK_NONE)
        return;
    link = fr_transfer_new_link(transfer, role, place, member);
    if (!link)
        return;
    link->state = FR_LINK_DIALLING;
    link->dial = dial;
    action.link = dial->link = link->id;
    fr_actions_push(&transfer->actions, &action);
}

void fr_dial_peer(struct fr_transfer *transfer, uint32_t member) {
    fr_assert(member < transfer->roster->member_count);
    dial(transfer, &transfer->dials[member], FR_LINK_PEER, 0, member, transfer->roster->addresses[member]);
}

void fr_dial_fed(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member) {
    fr_assert(member < feed->roster->member_count);
    dial(transfer, &feed->fed[member].dial, FR_LINK_CHILD, feed->index, member, feed->roster->addresses[member]);
}

void fr_dial_adopter(struct fr_transfer *transfer, uint32_t place) {
    struct fr_adopter *adopter = transfer->member.adopters[place];

    dial(transfer, &adopter->dial, FR_LINK_ADOPTER, place, adopter->member, adopter->roster->addresses[adopter->member]);
}

void fr_dial_retry(struct fr_transfer *transfer, struct fr_dial *dial) {
    dial->link = FR_LINK_NONE;
    if (dial->is_settled)
        return;
    dial->retry_at = transfer->now + dial->backoff;
    dial->backoff = fr_time_min(dial->backoff * 2, BACKOFF_MAX_MS * FR_MS);
    if (!FR_PLANTED(RETRY_UNARMED))
        transfer->dial_due = fr_time_min(transfer->dial_due, dial->retry_at);
}

void fr_dial_forgive(struct fr_dial *dial) { dial->backoff = BACKOFF_FIRST_MS * FR_MS; }

void fr_dial_settle(struct fr_dial *dial) {
    dial->is_settled = true;
    dial->retry_at = FR_TIME_NEVER;
}

void fr_dial_on_deadline(struct fr_transfer *transfer) {
    if (transfer->dial_due > transfer->now)
        return;
    transfer->dial_due = FR_TIME_NEVER;
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++) {
        if (transfer->dials[i].retry_at <= transfer->now)
            fr_dial_peer(transfer, i);
        transfer->dial_due = fr_time_min(transfer->dial_due, transfer->dials[i].retry_at);
    }
    for (uint32_t f = 0; f < transfer->feed_count; f++)
        for (uint32_t i = 0; i < transfer->feeds[f]->roster->member_count; i++) {
            struct fr_dial *dial = &transfer->feeds[f]->fed[i].dial;

            if (dial->retry_at <= transfer->now)
                fr_dial_fed(transfer, transfer->feeds[f], i);
            transfer->dial_due = fr_time_min(transfer->dial_due, dial->retry_at);
        }
    for (uint32_t i = 0; i < transfer->member.adopter_count; i++) {
        struct fr_dial *dial = &transfer->member.adopters[i]->dial;

        if (dial->retry_at <= transfer->now)
            fr_dial_adopter(transfer, i);
        transfer->dial_due = fr_time_min(transfer->dial_due, dial->retry_at);
    }
}

/* A lower bound: a dial that was settled since may have been the first due. */
fr_time_ns fr_dial_deadline(const struct fr_transfer *transfer) { return transfer->dial_due; }
