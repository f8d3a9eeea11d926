/* SPDX-License-Identifier: Apache-2.0 */
/* Members that we feed and that gain nothing, though there is something to gain: they are dropped, and it is said how far they got. */
#include "core/state.h"

#include <stdio.h>

#include "base/time.h"

enum {
    STALL_SILENCES = 4, /* a member that gains nothing for so many silences, though there is something to gain, has failed */
    SYNC_SILENCES = 40, /* one that has every chunk and is writing them out for good gets longer */
};

/* What there is to have, as far as we know. */
static uint32_t chunks_to_have(const struct fr_transfer *transfer, const struct fr_feed *feed) {
    return transfer->is_origin ? feed->dispatch.reached.set_count : transfer->member.have.set_count;
}

/* While the source is slow there may be nothing to gain; who may have the object learns of it at the end. */
static bool has_nothing_to_gain(const struct fr_transfer *transfer, const struct fr_feed *feed, const struct fr_link *link) {
    bool is_all_here = transfer->is_origin ? transfer->origin.is_read : transfer->member.is_complete;

    return !is_all_here && (link->is_holding || feed->fed[link->member].figures.chunks_have >= chunks_to_have(transfer, feed));
}

static fr_time_ns stall_allowance(const struct fr_transfer *transfer, const struct fr_fed *fed) {
    bool is_syncing = transfer->manifest.is_end_known && fed->figures.chunks_have == transfer->manifest.layout.chunk_count;

    return (is_syncing ? SYNC_SILENCES : STALL_SILENCES) * transfer->timing.silence;
}

static fr_time_ns stalls_at(const struct fr_transfer *transfer, const struct fr_link *link) {
    const struct fr_feed *feed = transfer->feeds[link->place];
    const struct fr_fed *fed = &feed->fed[link->member];

    if (!fed->is_charge || fed->verdict != FR_VERDICT_PENDING || has_nothing_to_gain(transfer, feed, link))
        return FR_TIME_NEVER;
    return fed->progress_at + stall_allowance(transfer, fed);
}

void fr_feed_forgive(struct fr_transfer *transfer, fr_time_ns now) {
    for (uint32_t f = 0; f < transfer->feed_count; f++)
        for (uint32_t i = 0; i < transfer->feeds[f]->roster->member_count; i++)
            transfer->feeds[f]->fed[i].progress_at = fr_time_max(transfer->feeds[f]->fed[i].progress_at, now);
}

static void check_stalled(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    struct fr_fed *fed = &feed->fed[link->member];
    char text[160];

    if (has_nothing_to_gain(transfer, feed, link))
        fed->progress_at = transfer->now;
    if (stalls_at(transfer, link) > transfer->now)
        return;
    snprintf(text, sizeof(text), "answers, but has stored nothing for %.0f s (%u of %u chunks): look at its disk",
             (double) stall_allowance(transfer, fed) / 1e9, fed->figures.chunks_have, transfer->manifest.layout.chunk_count);
    fr_feed_settle(transfer, feed, link->member, FR_VERDICT_FAILED, text); /* dialling it again would find it as it is */
    fr_transfer_drop_link(transfer, link, FR_E_TIMEOUT, text);
}

/* Looked at when the first can have stalled, and while there is nothing to gain now and then, so that idle time counts for nobody. */
void fr_feed_check_stalled(struct fr_transfer *transfer) {
    fr_time_ns due = FR_TIME_NEVER;
    struct fr_link *link;

    if (transfer->stall_due > transfer->now)
        return;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD) {
            check_stalled(transfer, link);
            if (fr_link_is_live(link))
                due = fr_time_min(due, fr_time_min(stalls_at(transfer, link), transfer->now + transfer->timing.silence));
        }
    transfer->stall_due = due;
}
