/* SPDX-License-Identifier: Apache-2.0 */
/* Dialling members: once at the start, and again with growing pauses while it makes sense. When it stops making sense is
 * decided by the roles. */
#include "base/check.h"
#include "base/time.h"
#include "core/state.h"

enum { BACKOFF_FIRST_MS = 250, BACKOFF_MAX_MS = 2000 };

void fr_dial_init(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++)
        transfer->dials[i] = (struct fr_dial){.link = FR_LINK_NONE, .retry_at = FR_TIME_NEVER, .backoff = BACKOFF_FIRST_MS * FR_MS};
}

void fr_dial_start(struct fr_transfer *transfer, uint32_t member) {
    struct fr_dial *dial = &transfer->dials[member];
    struct fr_link *link;
    struct fr_action action = {.type = FR_ACTION_CONNECT};

    fr_assert(member < transfer->roster->member_count);
    dial->retry_at = FR_TIME_NEVER;
    if (dial->is_settled || dial->link != FR_LINK_NONE)
        return;
    link = fr_transfer_new_link(transfer, transfer->is_origin ? FR_LINK_CHILD : FR_LINK_PEER, member);
    if (!link)
        return;
    link->state = FR_LINK_DIALLING;
    dial->link = link->id;
    action.link = link->id;
    action.address = transfer->roster->addresses[member];
    fr_actions_push(&transfer->actions, &action);
}

void fr_dial_retry(struct fr_transfer *transfer, uint32_t member) {
    struct fr_dial *dial = &transfer->dials[member];

    dial->link = FR_LINK_NONE;
    if (dial->is_settled)
        return;
    dial->retry_at = transfer->now + dial->backoff;
    dial->backoff = fr_time_min(dial->backoff * 2, BACKOFF_MAX_MS * FR_MS);
}

void fr_dial_forgive(struct fr_transfer *transfer, uint32_t member) { transfer->dials[member].backoff = BACKOFF_FIRST_MS * FR_MS; }

void fr_dial_settle(struct fr_transfer *transfer, uint32_t member) {
    transfer->dials[member].is_settled = true;
    transfer->dials[member].retry_at = FR_TIME_NEVER;
}

void fr_dial_on_deadline(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->roster->member_count; i++)
        if (transfer->dials[i].retry_at <= transfer->now)
            fr_dial_start(transfer, i);
}

fr_time_ns fr_dial_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = FR_TIME_NEVER;

    for (uint32_t i = 0; i < transfer->roster->member_count; i++)
        due = fr_time_min(due, transfer->dials[i].retry_at);
    return due;
}
