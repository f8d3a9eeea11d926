/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeding a group below: reaching its members, handing them chunks by credit, and knowing how it ends for each.
 *
 * The origin feeds the first groups with everything it reads; a member feeds the groups below its own with the chunks that it owns. A
 * chunk is waiting, given, or reached (dispatch.h). Until it is reached we bring it to an owner; from then on we only tell of it to those
 * that ask for news.
 *
 * A member as whoever is in charge of it sees it:
 *   dialling --ACCEPT--> live --DONE--> settled (complete, failed)
 *            --REFUSE--> refused   --time is up--> unreachable
 *   live --link lost--> lost --ACCEPT--> live   its process may be started again: it is dialled for as long as one that never answered
 *                            --time is up--> failed
 *
 * The origin is in charge of all members, a member of its counterparts: with ku members above and kc below, t = 0 .. max(ku, kc) - 1 makes
 * member t mod kc the counterpart of member t mod ku. Who does not answer is for feed_gone.c, what is done when
 * these are slow or gone for feed_lost.c, whoever gains nothing for feed_stall.c.
 */
#include "core/state.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"

enum { NEWS_EVERY_MS = 100 };

struct fr_feed *fr_feed_of(struct fr_transfer *transfer, const struct fr_link *link) {
    fr_assert(link->role == FR_LINK_CHILD && link->place < transfer->feed_count);
    return transfer->feeds[link->place];
}

struct fr_fed *fr_feed_fed(struct fr_transfer *transfer, const struct fr_link *link) {
    return &fr_feed_of(transfer, link)->fed[link->member];
}

/* ---------------------------------------------------------------------------------------------------- begin and end */

static void free_feed(struct fr_feed *feed) {
    if (!feed)
        return;
    fr_dispatch_done(&feed->dispatch);
    fr_bitset_done(&feed->offered);
    for (uint32_t i = 0; feed->fed && i < feed->roster->member_count; i++)
        fr_free(feed->fed[i].word);
    fr_free(feed->fed);
    fr_free(feed->roster);
    fr_free(feed);
}

void fr_feed_done(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        free_feed(transfer->feeds[i]);
}

/* A group that the origin takes on later than the first gets what was read before; of a pipe, what was not let go. */
static int offer_all(struct fr_transfer *transfer, struct fr_feed *feed) {
    int error = 0;

    feed->dispatch.is_last_known = transfer->origin.is_read;
    for (uint32_t chunk = 0; !error && chunk < transfer->manifest.chunks_announced; chunk++)
        if (!fr_bitset_has(&transfer->origin.released, chunk))
            error = fr_dispatch_add(&feed->dispatch, chunk, 1);
    return error;
}

struct fr_feed *fr_feed_find(const struct fr_transfer *transfer, uint32_t group) {
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        if (transfer->feeds[i]->roster->group_index == group)
            return transfer->feeds[i];
    return NULL;
}

uint32_t fr_feed_count(const struct fr_transfer *transfer, bool is_rescue) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < transfer->feed_count; i++)
        count += transfer->feeds[i]->is_rescue == is_rescue;
    return count;
}

/* Chunks of the object to each of so many owners; of a pipe nobody knows. */
static uint32_t share_of_each(const struct fr_transfer *transfer, uint32_t members) {
    const struct fr_layout *layout = &transfer->manifest.layout;

    return fr_layout_is_closed(layout) ? layout->chunk_count / members : UINT32_MAX;
}

static int make(struct fr_transfer *transfer, const struct fr_sheet *sheet, bool is_rescue, struct fr_feed **ret_feed) {
    struct fr_feed *feed;

    if (fr_feed_count(transfer, is_rescue) >= (is_rescue ? (uint32_t) FR_RESCUES_MAX : (uint32_t) FR_FEEDS_MAX))
        return FR_E_LIMIT;
    feed = fr_alloc_zeroed(1, sizeof(*feed));
    if (!feed)
        return FR_E_MEMORY;
    feed->index = transfer->feed_count;
    feed->is_rescue = is_rescue;
    feed->sheet = sheet;
    feed->roster = fr_sheets_read_roster(sheet);
    if (!feed->roster) {
        free_feed(feed);
        return FR_E_MEMORY;
    }
    feed->news_due = feed->blocked_since = FR_TIME_NEVER;
    feed->fed = fr_alloc_zeroed(feed->roster->member_count, sizeof(*feed->fed));
    if (!feed->fed || fr_dispatch_init(&feed->dispatch, feed->roster->member_count)) {
        free_feed(feed);
        return FR_E_MEMORY;
    }
    if (fr_strands_is_set(transfer))
        feed->dispatch.weave = &transfer->weave;
    if (feed->roster->below_count > 0 || !transfer->is_origin)
        feed->dispatch.spare = fr_credit_spare_busy(share_of_each(transfer, feed->roster->member_count));
    for (uint32_t i = 0; i < feed->roster->member_count; i++) {
        fr_dial_init(&feed->fed[i].dial);
        feed->fed[i].accepted_at = FR_TIME_NEVER;
        feed->fed[i].figures.first_relay_ns = feed->fed[i].figures.last_owned_ns = FR_TIME_NEVER;
    }
    transfer->feeds[transfer->feed_count++] = feed;
    *ret_feed = feed;
    return transfer->is_origin && offer_all(transfer, feed) ? FR_E_MEMORY : 0;
}

int fr_feed_add(struct fr_transfer *transfer, const struct fr_sheet *sheet) {
    struct fr_feed *feed = fr_feed_find(transfer, sheet->roster->group_index);
    int error = feed ? 0 : make(transfer, sheet, false, &feed);

    if (error)
        return error;
    if (feed->is_rescue && fr_feed_count(transfer, false) == FR_FEEDS_MAX)
        return FR_E_LIMIT;
    feed->is_rescue = false;
    if (!feed->roster->is_secondary || FR_PLANTED(SECONDARY_EARLY) || transfer->is_origin || transfer->member.is_complete)
        fr_feed_open(transfer, feed);
    return 0;
}

int fr_feed_add_rescue(struct fr_transfer *transfer, const struct fr_sheet *sheet, struct fr_feed **ret_feed) {
    int error = make(transfer, sheet, true, ret_feed);

    if (!error)
        fr_feed_open(transfer, *ret_feed);
    return error;
}

void fr_feed_offer_to(struct fr_transfer *transfer, struct fr_feed *feed, fr_chunk_index chunk) {
    const struct fr_link *link;

    if (fr_bitset_has(&feed->offered, chunk))
        return;
    if (fr_link_mark(&feed->offered, chunk) || fr_dispatch_add(&feed->dispatch, chunk, 1)) {
        transfer->actions.is_starved = true;
        return;
    }
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD && link->place == feed->index && fr_bitset_has(&link->theirs, chunk))
            fr_dispatch_spare(&feed->dispatch, chunk); /* it was there before we had it */
}

void fr_feed_open(struct fr_transfer *transfer, struct fr_feed *feed) {
    if (!feed->is_open)
        for (uint32_t chunk = 0; !transfer->is_origin && chunk < transfer->manifest.layout.chunk_count; chunk++)
            if (fr_bitset_has(&transfer->member.have, chunk) && fr_owner_owns(&transfer->member.owner, chunk))
                fr_feed_offer_to(transfer, feed, chunk);
    feed->is_open = true;
    if (feed->is_rescue || feed->is_charged)
        return;
    feed->is_charged = true;
    feed->opened_at = transfer->now;
    for (uint32_t i = 0; transfer->is_origin && i < feed->roster->member_count; i++)
        fr_feed_charge(transfer, feed, i);
    if (!transfer->is_origin)
        fr_stand_in_charge(transfer, feed);
}

void fr_feed_charge(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member) {
    struct fr_fed *fed = &feed->fed[member];

    if (fed->is_charge || (fed->verdict != FR_VERDICT_PENDING && fed->verdict != FR_VERDICT_COMPLETE))
        return;
    fed->is_charge = true;        /* who is complete too: what it hears from below has to go up by somebody */
    fed->dial.is_settled = false; /* as a helper it may have been given up after one try */
    fr_dial_fed(transfer, feed, member);
}

void fr_feed_offer(struct fr_transfer *transfer, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        if (transfer->feeds[i]->is_open)
            fr_feed_offer_to(transfer, transfer->feeds[i], chunk);
}

/* ---------------------------------------------------------------------------------------------------- verdicts */

static void tell_verdict(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, const char *reason) {
    const struct fr_fed *fed = &feed->fed[member];
    struct fr_msg_result result = {
        .group = feed->roster->group_index,
        .member = (uint16_t) member,
        .verdict = fed->verdict,
        .accepted_ago_ns = fed->accepted_at == FR_TIME_NEVER ? FR_TIME_NEVER : fr_time_since(transfer->now, fed->accepted_at),
        .figures = fed->figures,
        .text = {reason, (uint32_t) strnlen(reason, FR_REASON_BYTES_MAX)},
    };

    fr_transfer_trace_fed(transfer, FR_TRACE_MEMBER_VERDICT, feed->roster, member, FR_CHUNK_NONE, fed->verdict, 0, reason);
    if (transfer->is_origin)
        fr_verdict_note(transfer, &result);
    else
        fr_fold_note_result(transfer, &result);
}

/* Others carry rosters down in the place of one who is gone. */
static void replace_carrier(struct fr_transfer *transfer, const struct fr_feed *feed) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD && link->place == feed->index)
            fr_sheets_pass_all(transfer, link);
}

/* We feed this group in the place of one that was lost before. Whoever hears of its nodes must have heard of that one first, or would
 * not know whose word it is (rescue.c). */
static void settle_lost_between(struct fr_transfer *transfer, const struct fr_feed *feed) {
    struct fr_feed *between = feed->roster->upstream_count > 0 ? fr_feed_find(transfer, feed->roster->upstream_group) : NULL;

    for (uint32_t i = 0; between && between->is_gone && i < between->roster->member_count; i++)
        if (between->fed[i].is_lost)
            fr_feed_settle(transfer, between, i, FR_VERDICT_FAILED, "");
}

void fr_feed_settle(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, enum fr_verdict verdict, const char *reason) {
    struct fr_fed *fed = &feed->fed[member];

    if (fed->verdict == FR_VERDICT_COMPLETE || (fed->verdict != FR_VERDICT_PENDING && verdict != FR_VERDICT_COMPLETE))
        return;
    if (verdict != FR_VERDICT_COMPLETE)
        settle_lost_between(transfer, feed);
    if (verdict != FR_VERDICT_COMPLETE && fed->word) { /* what its own upstream said of it stands */
        verdict = fed->word_verdict;
        reason = fed->word;
    }
    fed->verdict = verdict;
    if (verdict == FR_VERDICT_COMPLETE) /* it goes on bringing what it owns to the others */
        fr_dispatch_retire(&feed->dispatch, member);
    else {
        fr_dispatch_leave(&feed->dispatch, member);
        fr_dial_settle(&fed->dial);
    }
    if (transfer->is_origin && verdict != FR_VERDICT_COMPLETE)
        replace_carrier(transfer, feed);
    if (verdict == FR_VERDICT_COMPLETE) /* whatever it says */
        reason = "";
    else if (!reason[0])
        reason = "did not say why";
    tell_verdict(transfer, feed, member, reason);
}

/* ---------------------------------------------------------------------------------------------------- links */

void fr_feed_join(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_feed *feed = fr_feed_of(transfer, link);

    if (!feed->dispatch.children[link->member].is_in && fr_dispatch_join(&feed->dispatch, link->member, transfer->now))
        transfer->actions.is_starved = true;
}

void fr_feed_on_live(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_accept *accept) {
    struct fr_fed *fed = fr_feed_fed(transfer, link);

    fed->accepted_at = fed->progress_at = transfer->now;
    transfer->stall_due = fr_time_min(transfer->stall_due, transfer->now + transfer->timing.silence);
    fed->is_linked = fr_feed_of(transfer, link)->was_linked = true;
    if (fed->word) { /* given up too early, or it is back: it begins with what it has kept */
        fr_free(fed->word);
        fed->word = NULL;
        fed->is_lost = false;
        fed->figures = (struct fr_member_figures){.first_relay_ns = FR_TIME_NEVER, .last_owned_ns = FR_TIME_NEVER};
    }
    if (transfer->is_origin)
        fr_verdict_note_accepted(transfer, fr_feed_of(transfer, link)->roster->group_index, link->member);
    /* Nobody can have what a pipe has yet to bring. */
    link->is_holding = accept->is_holding && fr_layout_is_closed(&transfer->manifest.layout);
    link->pages_known = accept->pages_known;
    fr_sheets_pass_all(transfer, link);
    for (uint32_t page = 0; page < transfer->manifest.pages_contiguous; page++)
        fr_say_page(transfer, link, page);
    if (transfer->manifest.is_end_known)
        fr_say_end(transfer, link);
    if (!link->is_holding || FR_PLANTED(HOLDER_FED))
        fr_feed_join(transfer, link);
    if (!transfer->is_origin && accept->pages_known == 0) /* it has nothing, and will not say so */
        fr_stand_in_on_have(transfer, link);
}

/* ---------------------------------------------------------------------------------------------------- giving */

static void give(struct fr_transfer *transfer, struct fr_feed *feed) {
    uint32_t child;
    fr_chunk_index chunk;
    enum fr_pick pick;
    int error;

    while ((pick = fr_dispatch_pick(&feed->dispatch, transfer->now, &child, &chunk)) != FR_PICK_NONE) {
        struct fr_link *link = fr_transfer_find_link(transfer, FR_LINK_CHILD, feed->index, child);

        fr_assert(link);
        fr_link_acknowledge(link, chunk); /* given to it before and taken back: it goes out anew */
        fr_bitset_remove(&link->theirs, chunk);
        error = fr_link_queue(link, chunk);
        if (error == FR_E_MEMORY || fr_link_mark(&link->gifts, chunk)) {
            transfer->actions.is_starved = true;
            return;
        }
        if (error) {
            fr_transfer_drop_link(transfer, link, FR_E_LIMIT, "its queue overflowed");
            continue;
        }
        fr_transfer_trace_link(transfer, FR_TRACE_CHUNK_GIVEN, link, chunk, pick == FR_PICK_SHARE, 0, NULL);
        fr_send_pump(transfer, link);
    }
}

/* ---------------------------------------------------------------------------------------------------- turns */

static void tell_news(struct fr_transfer *transfer, struct fr_feed *feed) {
    struct fr_link *link;
    bool is_wanted = false;

    if (feed->news_due > transfer->now)
        return;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD && link->place == feed->index) {
            is_wanted |= link->wants_news;
            fr_send_news(transfer, link);
        }
    feed->news_due = is_wanted ? transfer->now + NEWS_EVERY_MS * FR_MS : FR_TIME_NEVER;
}

/* When nobody else is left, who was accused is better than nobody. */
static void readmit_accused(struct fr_transfer *transfer, struct fr_feed *feed) {
    struct fr_link *link;

    if (feed->dispatch.children_taking > 0)
        return;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD && link->place == feed->index && feed->fed[link->member].verdict == FR_VERDICT_PENDING &&
            !link->is_holding)
            fr_feed_join(transfer, link);
}

void fr_feed_turn(struct fr_transfer *transfer) {
    if (transfer->feed_count == 0)
        return;
    fr_feed_check_stalled(transfer);
    for (uint32_t i = 0; i < transfer->feed_count && !transfer->is_ended; i++) {
        struct fr_feed *feed = transfer->feeds[i];

        if (!feed->is_open)
            continue;
        readmit_accused(transfer, feed);
        give(transfer, feed);
        fr_feed_replace_lost(transfer, feed);
        fr_feed_look_for_help(transfer, feed);
        tell_news(transfer, feed);
    }
}

fr_time_ns fr_feed_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = FR_TIME_NEVER;

    if (transfer->feed_count == 0)
        return FR_TIME_NEVER;
    for (uint32_t i = 0; i < transfer->feed_count; i++) {
        const struct fr_feed *feed = transfer->feeds[i];

        if (!feed->is_open)
            continue;
        due = fr_time_min(fr_time_min(due, fr_dispatch_due(&feed->dispatch)), feed->news_due);
        due = fr_time_min(fr_time_min(due, fr_feed_help_due(transfer, feed)), fr_feed_missed_due(transfer, feed));
    }
    return fr_time_min(due, transfer->stall_due);
}
