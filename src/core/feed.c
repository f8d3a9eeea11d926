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
 *            --REFUSE--> refused   --time is up--> unreachable   live --link lost--> failed
 *
 * The origin is in charge of all members, a member of its counterparts: with ku members above and kc below, t = 0 .. max(ku, kc) - 1 makes
 * member t mod kc the counterpart of member t mod ku. When these are slow it reaches for others of the group, up to HELPERS_MAX; when they are
 * gone, for one after the other until one answers. When none is left, it feeds the groups below that group in their place.
 */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"

enum {
    STALL_SILENCES = 4,   /* a member that gains nothing for so many silences, though there is something to gain, has failed */
    SYNC_SILENCES = 40,   /* one that has every chunk and is writing them out for good gets longer */
    HELPERS_MAX = 2,      /* members beyond our charges that we reach for */
    HELP_PATIENCES = 2,   /* chunks that wait so long while nobody has credit are a reason to */
    MISSED_PATIENCES = 2, /* who left complete and in good order is missed after so many */
    NEWS_EVERY_MS = 100,
};

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
    if (!feed->roster->is_secondary || transfer->is_origin || transfer->member.is_complete)
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

void fr_feed_settle(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, enum fr_verdict verdict, const char *reason) {
    struct fr_fed *fed = &feed->fed[member];

    if (fed->verdict == FR_VERDICT_COMPLETE || (fed->verdict != FR_VERDICT_PENDING && verdict != FR_VERDICT_COMPLETE))
        return;
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

void fr_feed_on_refused(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_reason *reason) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    char text[FR_REASON_BYTES_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", (int) reason->text.count, reason->text.bytes);
    if (reason->code == FR_REFUSAL_COMPLETE) /* whoever was in charge of it before us is gone */
        fr_feed_settle(transfer, feed, link->member, FR_VERDICT_COMPLETE, "");
    else if (feed->fed[link->member].is_charge)
        fr_feed_settle(transfer, feed, link->member, FR_VERDICT_REFUSED, text[0] ? text : fr_refusal_name(reason->code));
    fr_dial_settle(&feed->fed[link->member].dial);
}

/* Trying again cannot help where the other side answered and would not have us, or has no address. */
static bool is_final(int error) { return error == FR_E_SECRET || error == FR_E_RESOLVE || error == FR_E_VERSION || error == FR_E_SYNTAX; }

static void on_dial_failed(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, const struct fr_failure *failure) {
    struct fr_fed *fed = &feed->fed[member];
    bool is_refused = failure->error == FR_E_SECRET || failure->error == FR_E_VERSION;

    if (!fed->is_charge) { /* a helper that cannot be reached is none */
        fr_dial_settle(&fed->dial);
        return;
    }
    if (is_final(failure->error) || fed->word || transfer->now >= feed->opened_at + transfer->timing.connect) {
        fr_dial_settle(&fed->dial);
        fr_feed_settle(transfer, feed, member, is_refused ? FR_VERDICT_REFUSED : FR_VERDICT_UNREACHABLE, failure->text);
        return;
    }
    fr_transfer_trace_fed(transfer, FR_TRACE_LINK_RETRY, feed->roster, member, FR_CHUNK_NONE, 0, failure->error, failure->text);
    fr_dial_retry(transfer, &fed->dial);
}

static bool has_peers(const struct fr_transfer *transfer) {
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            return true;
    return false;
}

static void release_kept(struct fr_transfer *transfer);

void fr_feed_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_live, bool was_in_good_order,
                     const struct fr_failure *failure) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    struct fr_fed *fed = &feed->fed[link->member];

    fr_dispatch_leave(&feed->dispatch, link->member); /* whatever its verdict was: what it owned alone needs another owner */
    fed->is_linked = false;
    if (!transfer->is_origin)
        fr_urgent_on_sent(transfer, link->sends);
    if (!was_live && !was_in_good_order)
        on_dial_failed(transfer, feed, link->member, failure);
    else {
        fr_dial_settle(&fed->dial);
        if (was_in_good_order && fed->verdict == FR_VERDICT_COMPLETE) /* the push may be over there, and here in a moment */
            fed->missed_at = transfer->now + MISSED_PATIENCES * transfer->timing.patience;
        fed->has_complained = was_live && !transfer->is_origin && failure->error == FR_E_REFUSED;
        /* Of a helper its peers tell how it ends; so they do of one that complained of us, for the fault may be ours, unless we are alone above. */
        if (fed->is_charge && (!fed->has_complained || !has_peers(transfer)))
            fr_feed_settle(transfer, feed, link->member, FR_VERDICT_FAILED, failure->text);
    }
    release_kept(transfer);
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
    if (fed->word) { /* given up too early */
        fr_free(fed->word);
        fed->word = NULL;
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
    if (!link->is_holding)
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

/* ---------------------------------------------------------------------------------------------------- helpers */

static fr_time_ns help_due(const struct fr_transfer *transfer, const struct fr_feed *feed) {
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

/* Does it feed those below, or may it yet? Who is complete and gone does not, nor does one from whom those below take nothing any more. Who complained
 * of us does, and others feed it. */
static bool is_there(const struct fr_transfer *transfer, const struct fr_fed *fed) {
    if (fed->is_linked)
        return fed->faults_below < FR_FAULTS_MAX;
    return fed->has_complained || fed->missed_at > transfer->now || fed->dial.link != FR_LINK_NONE || fed->dial.retry_at != FR_TIME_NEVER;
}

static bool is_anybody_there(const struct fr_transfer *transfer, const struct fr_feed *feed) {
    for (uint32_t i = 0; i < feed->roster->member_count; i++)
        if (is_there(transfer, &feed->fed[i]))
            return true;
    return false;
}

/* Whom nobody feeds any more we feed ourselves. What cannot be taken on is left to the origin's patience. */
static void take_on_below(struct fr_transfer *transfer, struct fr_feed *feed) {
    feed->is_gone = true;
    for (uint32_t i = 0; i < transfer->sheet_count; i++)
        if (transfer->sheets[i]->roster->upstream_count > 0 && transfer->sheets[i]->roster->upstream_group == feed->roster->group_index &&
            fr_feed_add(transfer, transfer->sheets[i]) == FR_E_MEMORY)
            transfer->actions.is_starved = true;
}

static bool is_reached_everywhere(const struct fr_transfer *transfer, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < transfer->feed_count; i++) {
        const struct fr_feed *feed = transfer->feeds[i];

        if (!fr_bitset_has(&feed->dispatch.reached, chunk) && (feed->dispatch.children_in > 0 || is_anybody_there(transfer, feed)))
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
static void release_kept(struct fr_transfer *transfer) {
    if (!transfer->is_origin || transfer->origin.can_reread)
        return;
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        for (uint32_t chunk = fr_bitset_next_set(&transfer->feeds[i]->dispatch.reached, 0);
             chunk < transfer->feeds[i]->dispatch.reached.bit_count;
             chunk = fr_bitset_next_set(&transfer->feeds[i]->dispatch.reached, chunk + 1))
            fr_feed_release_chunk(transfer, chunk);
}

static void replace_lost(struct fr_transfer *transfer, struct fr_feed *feed) {
    if (feed->is_gone || (feed->is_rescue && !feed->was_linked) || is_anybody_there(transfer, feed) || reach_for_next(transfer, feed))
        return;
    take_on_below(transfer, feed);
}

static void look_for_help(struct fr_transfer *transfer, struct fr_feed *feed) {
    if (transfer->is_origin || feed->is_rescue || feed->helper_count >= HELPERS_MAX || !fr_dispatch_is_backed_up(&feed->dispatch)) {
        feed->blocked_since = FR_TIME_NEVER;
        return;
    }
    if (feed->blocked_since == FR_TIME_NEVER)
        feed->blocked_since = transfer->now;
    if (help_due(transfer, feed) > transfer->now)
        return;
    feed->blocked_since = transfer->now;
    feed->helper_count++;
    reach_for_next(transfer, feed);
}

/* ---------------------------------------------------------------------------------------------------- standing still */

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
    fr_transfer_drop_link(transfer, link, FR_E_TIMEOUT, text);
}

/* Looked at when the first can have stalled, and while there is nothing to gain now and then, so that idle time counts for nobody. */
static void check_all_stalled(struct fr_transfer *transfer) {
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
    check_all_stalled(transfer);
    for (uint32_t i = 0; i < transfer->feed_count && !transfer->is_ended; i++) {
        struct fr_feed *feed = transfer->feeds[i];

        if (!feed->is_open)
            continue;
        readmit_accused(transfer, feed);
        give(transfer, feed);
        replace_lost(transfer, feed);
        look_for_help(transfer, feed);
        tell_news(transfer, feed);
    }
}

/* When somebody who left will be missed. */
static fr_time_ns missed_due(const struct fr_transfer *transfer, const struct fr_feed *feed) {
    fr_time_ns due = FR_TIME_NEVER;

    for (uint32_t i = 0; !feed->is_gone && i < feed->roster->member_count; i++)
        if (feed->fed[i].missed_at > transfer->now)
            due = fr_time_min(due, feed->fed[i].missed_at);
    return due;
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
        due = fr_time_min(fr_time_min(due, help_due(transfer, feed)), missed_due(transfer, feed));
    }
    return fr_time_min(due, transfer->stall_due);
}
