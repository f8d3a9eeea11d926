/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When those that we feed are too few: members of a group that we reach for beyond our charges, the groups below a group of which nobody is
 * left, and how long the chunks of a pipe are kept for whoever may still come.
 */
#include "core/state.h"

#include "base/time.h"
#include "core/planted.h"

enum {
    HELPERS_MAX = 2,    /* members beyond our charges that we reach for */
    HELP_PATIENCES = 2, /* chunks that wait so long while nobody has credit are a reason to */
};

fr_time_ns fr_feed_help_due(const struct fr_transfer *transfer, const struct fr_feed *feed) {
    if (feed->blocked_since == FR_TIME_NEVER || feed->helper_count >= HELPERS_MAX)
        return FR_TIME_NEVER;
    return feed->blocked_since + HELP_PATIENCES * transfer->timing.patience;
}

/* The next after our own counterpart that is neither linked nor given up. false: there is none. */
static bool reach_for_next(struct fr_transfer *transfer, struct fr_feed *feed) {
    uint32_t count = feed->roster->member_count;

    for (uint32_t i = 1; i < count; i++) {
        uint32_t member = (transfer->self + i) % count;
        const struct fr_fed *fed = &feed->fed[member];

        if (fed->is_charge || fed->is_linked || fed->dial.is_settled || fed->dial.link != FR_LINK_NONE)
            continue;
        fr_dial_fed(transfer, feed, member);
        return fed->dial.link != FR_LINK_NONE;
    }
    return false;
}

bool fr_feed_is_gone(const struct fr_transfer *transfer, uint32_t group) {
    const struct fr_feed *feed = fr_feed_find(transfer, group);

    return feed && feed->is_gone;
}

/* Does it feed those below, or may it yet? Who is complete and gone does not, nor does one from whom those below take nothing any more. Who
 * complained of us does, and others feed it. */
static bool is_there(const struct fr_transfer *transfer, const struct fr_fed *fed) {
    if (fed->is_linked)
        return fed->faults_below < FR_FAULTS_MAX;
    return (FR_PLANTED(COMPLETE_THERE) && fed->missed_at != 0) || fed->has_complained || fed->missed_at > transfer->now ||
        fed->dial.link != FR_LINK_NONE || fed->dial.retry_at != FR_TIME_NEVER;
}

/* with_lost: who may be started again counts, too. Its part is done by others meanwhile, but a pipe's bytes are kept for it. */
static bool is_anybody_there(const struct fr_transfer *transfer, const struct fr_feed *feed, bool with_lost) {
    for (uint32_t i = 0; i < feed->roster->member_count; i++)
        if (is_there(transfer, &feed->fed[i]) && (with_lost || !feed->fed[i].is_lost))
            return true;
    return false;
}

/* Whom nobody feeds any more we feed ourselves. What cannot be taken on is left to the origin's patience. */
static void take_on_below(struct fr_transfer *transfer, struct fr_feed *feed) {
    feed->is_gone = true;
    for (uint32_t i = 0; i < transfer->sheet_count && !FR_PLANTED(BELOW_LEFT_ALONE); i++)
        if (transfer->sheets[i]->roster->upstream_count > 0 && transfer->sheets[i]->roster->upstream_group == feed->roster->group_index &&
            fr_feed_add(transfer, transfer->sheets[i]) == FR_E_MEMORY)
            transfer->actions.is_starved = true;
}

static bool is_reached_everywhere(const struct fr_transfer *transfer, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < transfer->feed_count; i++) {
        const struct fr_feed *feed = transfer->feeds[i];

        if (!fr_bitset_has(&feed->dispatch.reached, chunk) && (feed->dispatch.children_in > 0 || is_anybody_there(transfer, feed, true)))
            return false;
    }
    return true;
}

void fr_feed_release_chunk(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_action action = {.type = FR_ACTION_RELEASE, .chunk = chunk};

    if (!transfer->is_origin || transfer->origin.can_reread || fr_bitset_has(&transfer->origin.released, chunk) ||
        !is_reached_everywhere(transfer, chunk))
        return;
    transfer->actions.is_starved |= fr_link_mark(&transfer->origin.released, chunk) != 0;
    for (uint32_t i = 0; i < transfer->feed_count; i++) /* whoever comes to an empty group later cannot have it from us */
        fr_dispatch_spare(&transfer->feeds[i]->dispatch, chunk);
    fr_actions_push(&transfer->actions, &action);
}

/* Somebody is gone for whom chunks were kept. What no group has at all is kept for those that come after. */
void fr_feed_release_kept(struct fr_transfer *transfer) {
    if (!transfer->is_origin || transfer->origin.can_reread)
        return;
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        for (uint32_t chunk = fr_bitset_next_set(&transfer->feeds[i]->dispatch.reached, 0);
             chunk < transfer->feeds[i]->dispatch.reached.bit_count;
             chunk = fr_bitset_next_set(&transfer->feeds[i]->dispatch.reached, chunk + 1))
            fr_feed_release_chunk(transfer, chunk);
}

void fr_feed_replace_lost(struct fr_transfer *transfer, struct fr_feed *feed) {
    if (feed->is_gone || (feed->is_rescue && !feed->was_linked) || is_anybody_there(transfer, feed, false) ||
        reach_for_next(transfer, feed))
        return;
    take_on_below(transfer, feed);
}

void fr_feed_look_for_help(struct fr_transfer *transfer, struct fr_feed *feed) {
    if (transfer->is_origin || feed->is_rescue || feed->helper_count >= HELPERS_MAX || !fr_dispatch_is_backed_up(&feed->dispatch)) {
        feed->blocked_since = FR_TIME_NEVER;
        return;
    }
    if (feed->blocked_since == FR_TIME_NEVER)
        feed->blocked_since = transfer->now;
    if (fr_feed_help_due(transfer, feed) > transfer->now)
        return;
    feed->blocked_since = transfer->now;
    feed->helper_count++;
    reach_for_next(transfer, feed);
}

/* When somebody who left will be missed. */
fr_time_ns fr_feed_missed_due(const struct fr_transfer *transfer, const struct fr_feed *feed) {
    fr_time_ns due = FR_TIME_NEVER;

    for (uint32_t i = 0; !feed->is_gone && i < feed->roster->member_count; i++)
        if (feed->fed[i].missed_at > transfer->now)
            due = fr_time_min(due, feed->fed[i].missed_at);
    return due;
}
