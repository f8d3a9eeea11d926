/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin: reads the object once, page by page, gives each next chunk to the member that has credit, and collects verdicts.
 *
 * A chunk at the origin is read (its page is signed), waiting, given, and reached (dispatch.h). Until it is reached the origin brings it to
 * an owner; from then on it only tells of it to members that ask for news, and serves it to them as a last resort.
 *
 * A member at the origin:
 *   dialling --ACCEPT--> live --DONE--> settled (complete, failed)
 *            --REFUSE--> refused   --time is up--> unreachable   live --link lost--> failed
 * When all are settled the members are told BYE, and the push is over.
 */
#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"

enum {
    NEWS_EVERY_MS = 100,
    STALL_SILENCES = 4, /* a member that gains nothing for so many silences, though there is something to gain, has failed */
    ACCUSERS_MIN = 2,   /* members that must have caught one with wrong chunks */
    HANDED_BACK_MAX = 4 * FR_GROUP_NODES_MAX, /* damaged gifts of one member: more than its peers can spoil before it shuns them */
    SYNC_SILENCES = 40,                       /* one that has every chunk and is writing them out for good gets longer */
};
#define SLOW_SLACK (1 * FR_SECOND) /* later than one and a half times the median by more than this is `slow` */

int fr_origin_init(struct fr_transfer *transfer, const struct fr_origin_options *options) {
    struct fr_origin *origin = &transfer->origin;
    uint32_t member_count = transfer->roster->member_count;

    origin->key = options->key;
    origin->can_reread = options->can_reread;
    origin->page_ahead_max = options->page_ahead_max ? options->page_ahead_max : 2;
    origin->pending_count = member_count;
    origin->news_due = FR_TIME_NEVER;
    origin->results = fr_alloc_zeroed(member_count, sizeof(*origin->results));
    origin->progress_at = fr_alloc_zeroed(member_count, sizeof(*origin->progress_at));
    if (!origin->results || !origin->progress_at || fr_dispatch_init(&origin->dispatch, member_count))
        return FR_E_MEMORY;
    for (uint32_t i = 0; i < member_count; i++) {
        struct fr_member_result *result = &origin->results[i];

        result->done_at = result->accepted_at = FR_TIME_NEVER;
        result->figures.first_relay_ns = result->figures.last_owned_ns = FR_TIME_NEVER;
        fr_dial_start(transfer, i);
    }
    return 0;
}

void fr_origin_done(struct fr_transfer *transfer) {
    fr_dispatch_done(&transfer->origin.dispatch);
    fr_free(transfer->origin.results);
    fr_free(transfer->origin.progress_at);
}

/* ---------------------------------------------------------------------------------------------------- verdicts */

static void settle(struct fr_transfer *transfer, uint32_t member, enum fr_verdict verdict, const char *reason) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_member_result *result = &origin->results[member];

    if (result->verdict != FR_VERDICT_PENDING)
        return;
    result->verdict = verdict;
    result->done_at = transfer->now;
    if (verdict == FR_VERDICT_COMPLETE) /* whatever it says */
        reason = "";
    else if (!reason[0])
        reason = "did not say why";
    snprintf(result->reason, sizeof(result->reason), "%s", reason);
    origin->pending_count--;
    if (verdict == FR_VERDICT_COMPLETE) /* it goes on bringing what it owns to the others */
        fr_dispatch_retire(&origin->dispatch, member);
    else
        fr_dispatch_leave(&origin->dispatch, member);
    fr_dial_settle(transfer, member);
    fr_transfer_trace(transfer, FR_TRACE_MEMBER_VERDICT, member, FR_CHUNK_NONE, verdict, 0, result->reason);
}

void fr_origin_on_refused(struct fr_transfer *transfer, uint32_t member, const struct fr_msg_reason *reason) {
    char text[FR_REASON_BYTES_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", (int) reason->text.count, reason->text.bytes);
    settle(transfer, member, FR_VERDICT_REFUSED, text[0] ? text : fr_refusal_name(reason->code));
}

/* Trying again cannot help where the other side answered and would not have us, or has no address. */
static bool is_final(int error) { return error == FR_E_SECRET || error == FR_E_RESOLVE || error == FR_E_VERSION || error == FR_E_SYNTAX; }

static void on_dial_failed(struct fr_transfer *transfer, uint32_t member, const struct fr_failure *failure) {
    bool is_refused = failure->error == FR_E_SECRET || failure->error == FR_E_VERSION;

    if (is_final(failure->error) || transfer->now >= transfer->began_at + transfer->timing.connect) {
        settle(transfer, member, is_refused ? FR_VERDICT_REFUSED : FR_VERDICT_UNREACHABLE, failure->text);
        return;
    }
    fr_transfer_trace(transfer, FR_TRACE_LINK_RETRY, member, FR_CHUNK_NONE, 0, failure->error, failure->text);
    fr_dial_retry(transfer, member);
}

void fr_origin_on_gone(struct fr_transfer *transfer, uint32_t member, bool was_live, bool was_in_good_order,
                       const struct fr_failure *failure) {
    struct fr_origin *origin = &transfer->origin;

    fr_dispatch_leave(&origin->dispatch, member); /* whatever its verdict was: what it owned alone needs another owner */
    if (!was_live && !was_in_good_order) {
        on_dial_failed(transfer, member, failure);
        return;
    }
    settle(transfer, member, FR_VERDICT_FAILED, failure->text);
}

static int compare_times(const void *a, const void *b) {
    fr_time_ns x = *(const fr_time_ns *) a, y = *(const fr_time_ns *) b;

    return x < y ? -1 : x > y;
}

/* Who came in well after the middle of the field, though whole, was slow. */
static void find_slow(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    fr_time_ns times[FR_GROUP_NODES_MAX], median;
    uint32_t count = 0;

    for (uint32_t i = 0; i < transfer->roster->member_count; i++)
        if (origin->results[i].verdict == FR_VERDICT_COMPLETE)
            times[count++] = fr_time_since(origin->results[i].done_at, transfer->began_at);
    if (count < 2)
        return;
    qsort(times, count, sizeof(times[0]), compare_times);
    median = times[(count - 1) / 2];
    for (uint32_t i = 0; i < transfer->roster->member_count; i++) {
        struct fr_member_result *result = &origin->results[i];

        if (result->verdict == FR_VERDICT_COMPLETE &&
            fr_time_since(result->done_at, transfer->began_at) > median + median / 2 + SLOW_SLACK) {
            result->verdict = FR_VERDICT_SLOW;
            snprintf(result->reason, sizeof(result->reason), "complete, but could not follow its group");
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- links */

void fr_origin_on_live(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_accept *accept) {
    struct fr_origin *origin = &transfer->origin;

    origin->results[link->member].accepted_at = transfer->now;
    origin->progress_at[link->member] = transfer->now;
    /* Nobody can have what a pipe has yet to bring. */
    link->is_holding = accept->is_holding && fr_layout_is_closed(&transfer->manifest.layout);
    link->pages_known = accept->pages_known;
    for (uint32_t page = 0; page < transfer->manifest.pages_contiguous; page++)
        fr_say_page(transfer, link, page);
    if (transfer->manifest.is_end_known)
        fr_say_end(transfer, link);
    if (!link->is_holding)
        fr_dispatch_join(&origin->dispatch, link->member, transfer->now);
}

/* Who shares a chunk that another brought to the group need not be sent it any more: a pipe's bytes are about to be let go. */
static void forget_shares(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_link_acknowledge(link, chunk);
}

static void on_reached(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    struct fr_origin *origin = &transfer->origin;

    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count && ranges->ranges[r].first + i < transfer->manifest.layout.chunk_count; i++) {
            fr_chunk_index chunk = ranges->ranges[r].first + i;
            struct fr_action release = {.type = FR_ACTION_RELEASE, .chunk = chunk};

            fr_link_acknowledge(link, chunk);
            if (!fr_dispatch_reached(&origin->dispatch, link->member, chunk, transfer->now))
                continue;
            forget_shares(transfer, chunk);
            fr_transfer_trace(transfer, FR_TRACE_CHUNK_REACHED, link->member, chunk, 0, 0, NULL);
            if (!origin->can_reread)
                fr_actions_push(&transfer->actions, &release);
        }
}

static void on_have(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    if (ranges->pages_known > link->pages_known)
        link->pages_known = ranges->pages_known;
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count && ranges->ranges[r].first + i < transfer->manifest.layout.chunk_count; i++)
            transfer->actions.is_starved |= fr_link_mark(&link->theirs, ranges->ranges[r].first + i) != 0;
}

/* It could not own a chunk that came damaged. Its peers may have damaged some for it; a link on which that goes on is no use. */
static void take_back(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    static const char why[] = "handed back one chunk after another as damaged";

    if (!fr_dispatch_take_back(&transfer->origin.dispatch, link->member, chunk))
        return;
    fr_link_acknowledge(link, chunk);
    fr_transfer_trace(transfer, FR_TRACE_CHUNK_TAKEN_BACK, link->member, chunk, 0, 0, NULL);
    if (++link->handed_back <= HANDED_BACK_MAX)
        return;
    fr_transfer_trace(transfer, FR_TRACE_FAULT, link->member, chunk, 0, FR_E_PROTOCOL, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}

static void on_missing(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count && ranges->ranges[r].first + i < transfer->manifest.layout.chunk_count; i++) {
            if (!fr_link_is_live(link))
                return;
            take_back(transfer, link, ranges->ranges[r].first + i);
        }
}

static int on_ranges_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    struct fr_msg_ranges ranges;
    int error = fr_ranges_decode(type, body, bytes, &ranges);

    if (error)
        return error;
    if (type == FR_FRAME_REACHED)
        on_reached(transfer, link, &ranges);
    else if (type == FR_FRAME_HAVE)
        on_have(transfer, link, &ranges);
    else if (type == FR_FRAME_MISSING)
        on_missing(transfer, link, &ranges);
    else if (type == FR_FRAME_WANT)
        fr_send_on_want(transfer, link, &ranges);
    return 0;
}

static int note_figures(struct fr_transfer *transfer, struct fr_link *link, const struct fr_member_figures *figures) {
    struct fr_member_result *result = &transfer->origin.results[link->member];

    /* More than there are; or fewer than before, so as to seem to gain again. */
    if (figures->chunks_have > transfer->manifest.layout.chunk_count || figures->chunks_have < result->figures.chunks_have)
        return FR_E_PROTOCOL;
    if (figures->chunks_have > result->figures.chunks_have)
        transfer->origin.progress_at[link->member] = transfer->now;
    result->figures = *figures;
    fr_transfer_trace(transfer, FR_TRACE_PROGRESS, link->member, FR_CHUNK_NONE, figures->chunks_have, 0, NULL);
    return 0;
}

static void on_done(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_done *done) {
    char text[FR_REASON_BYTES_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", (int) done->text.count, done->text.bytes);
    link->is_done = done->verdict == FR_VERDICT_COMPLETE;
    fr_link_clear_queue(link);
    settle(transfer, link->member, done->verdict, text);
}

/* Whom several members have caught with wrong chunks owns nothing any more: nobody takes what it relays, and without peers to wait for it would
 * report whatever it is given as reached. It may still receive. One voice is never enough: it could be the liar's. */
static void heed_accusation(struct fr_transfer *transfer, uint32_t accuser, const struct fr_msg_fault *fault) {
    struct fr_origin *origin = &transfer->origin;

    if (fault->member == FR_MEMBER_UPSTREAM || fault->member == accuser || fault->chunk == FR_CHUNK_NONE)
        return;
    origin->accusers[fault->member] |= 1ull << accuser;
    if (__builtin_popcountll(origin->accusers[fault->member]) >= ACCUSERS_MIN && origin->dispatch.children_taking > 1)
        fr_dispatch_leave(&origin->dispatch, fault->member);
}

static int on_report_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    struct fr_member_figures figures;
    struct fr_msg_done done;
    struct fr_msg_fault fault;
    char text[FR_REASON_BYTES_MAX + 1];
    int error;

    if (type == FR_FRAME_PROGRESS) {
        error = fr_progress_decode(body, bytes, &figures);
        return error ? error : note_figures(transfer, link, &figures);
    }
    if (type == FR_FRAME_DONE) {
        error = fr_done_decode(body, bytes, &done);
        if (!error && !transfer->manifest.is_end_known && done.verdict == FR_VERDICT_COMPLETE)
            return FR_E_PROTOCOL; /* complete before there was an end */
        if (!error)
            error = note_figures(transfer, link, &done.figures);
        if (!error)
            on_done(transfer, link, &done);
        return error;
    }
    error = fr_fault_decode(body, bytes, &fault);
    if (error || (fault.member != FR_MEMBER_UPSTREAM && fault.member >= transfer->roster->member_count))
        return FR_E_PROTOCOL;
    snprintf(text, sizeof(text), "%.*s (told by %s)", (int) fault.text.count, fault.text.bytes, transfer->roster->addresses[link->member]);
    fr_transfer_trace(transfer, FR_TRACE_FAULT, fault.member, fault.chunk, link->member, 0, text);
    heed_accusation(transfer, link->member, &fault);
    return 0;
}

static void on_interest(struct fr_transfer *transfer, struct fr_link *link, bool on) {
    struct fr_origin *origin = &transfer->origin;

    fr_send_on_interest(transfer, link, on);
    if (on && origin->news_due == FR_TIME_NEVER)
        origin->news_due = transfer->now + NEWS_EVERY_MS * FR_MS;
    if (on && link->is_holding) { /* what it had is another object: it takes part from now on */
        link->is_holding = false;
        if (origin->results[link->member].verdict == FR_VERDICT_PENDING)
            fr_dispatch_join(&origin->dispatch, link->member, transfer->now);
    }
}

void fr_origin_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    char why[80];
    bool on;
    int error = FR_E_PROTOCOL;

    if (type == FR_FRAME_REACHED || type == FR_FRAME_HAVE || type == FR_FRAME_MISSING || type == FR_FRAME_WANT)
        error = on_ranges_frame(transfer, link, type, body, bytes);
    else if (type == FR_FRAME_PROGRESS || type == FR_FRAME_DONE || type == FR_FRAME_FAULT)
        error = on_report_frame(transfer, link, type, body, bytes);
    else if (type == FR_FRAME_INTEREST) {
        error = fr_switch_decode(body, bytes, &on);
        if (!error)
            on_interest(transfer, link, on);
    }
    if (!error)
        return;
    snprintf(why, sizeof(why), "sent a %s frame that makes no sense", fr_frame_name(type));
    fr_transfer_trace(transfer, FR_TRACE_FAULT, link->member, FR_CHUNK_NONE, 0, error, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}

/* ---------------------------------------------------------------------------------------------------- reading */

static void fail(struct fr_transfer *transfer, int error, const char *text) {
    struct fr_failure failure = {.error = error};

    snprintf(failure.text, sizeof(failure.text), "%s: %s", transfer->opening.name, text);
    fr_transfer_end(transfer, &failure);
}

static void share_page(struct fr_transfer *transfer, uint32_t page) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_say_page(transfer, link, page);
}

static void share_end(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_say_end(transfer, link);
}

static const char *why_no_page(int error) {
    if (error == FR_E_LIMIT)
        return "too long for its chunk size: push it with a larger --chunk-size";
    return error == FR_E_CHANGED ? "the source did not end where it should" : "no memory";
}

void fr_origin_on_page_read(struct fr_transfer *transfer, uint32_t page, const struct fr_digest *digests, uint32_t count, bool is_last,
                            uint64_t object_bytes, const struct fr_digest *sha256) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_manifest *manifest = &transfer->manifest;
    int error;

    fr_assert(origin->is_page_asked && page == manifest->pages_contiguous);
    origin->is_page_asked = false;
    if (count > 0) {
        fr_chunk_index first = fr_layout_page_first(&manifest->layout, page);

        error = fr_manifest_make_page(manifest, origin->key, digests, count);
        if (!error)
            error = fr_dispatch_add(&origin->dispatch, first, count);
        if (error) {
            fail(transfer, error, why_no_page(error));
            return;
        }
        share_page(transfer, page);
    }
    if (!is_last)
        return;
    error = fr_manifest_make_end(manifest, origin->key, object_bytes, sha256);
    if (error) {
        fail(transfer, error, "the source did not end where it should");
        return;
    }
    origin->is_read = origin->dispatch.is_last_known = true;
    share_end(transfer);
}

static bool is_anybody_holding(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->is_holding)
            return true;
    return false;
}

/* The next page is read when the chunks in hand run low; without pause for the sake of a member that may have it all already. Nothing is
 * read before somebody accepted, so a pipe loses nothing when all are down. */
static void read_ahead(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_action action = {.type = FR_ACTION_READ_PAGE, .page = transfer->manifest.pages_contiguous};
    uint32_t waiting = origin->dispatch.waiting.set_count;
    bool is_holding = is_anybody_holding(transfer);

    if (origin->is_read || origin->is_page_asked || (origin->dispatch.children_in == 0 && !is_holding))
        return;
    if (waiting >= origin->page_ahead_max * transfer->manifest.layout.page_chunks && !(is_holding && origin->can_reread))
        return;
    origin->is_page_asked = true;
    fr_actions_push(&transfer->actions, &action);
}

/* ---------------------------------------------------------------------------------------------------- giving */

static void give(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    uint32_t child;
    fr_chunk_index chunk;
    enum fr_pick pick;
    int error;

    while ((pick = fr_dispatch_pick(&origin->dispatch, transfer->now, &child, &chunk)) != FR_PICK_NONE) {
        struct fr_link *link = fr_transfer_find_link(transfer, FR_LINK_CHILD, child);

        fr_assert(link);
        fr_link_acknowledge(link, chunk); /* given to it before and taken back: it goes out anew */
        fr_bitset_remove(&link->theirs, chunk);
        error = fr_link_queue(link, chunk);
        if (error == FR_E_MEMORY) {
            transfer->actions.is_starved = true;
            return;
        }
        if (error) {
            fr_transfer_drop_link(transfer, link, FR_E_LIMIT, "its queue overflowed");
            continue;
        }
        fr_transfer_trace(transfer, FR_TRACE_CHUNK_GIVEN, child, chunk, pick == FR_PICK_SHARE, 0, NULL);
        fr_send_pump(transfer, link);
    }
}

/* ---------------------------------------------------------------------------------------------------- turns */

/* While the source is slow there may be nothing to gain; who may have the object learns of it at the end. */
static bool has_nothing_to_gain(const struct fr_origin *origin, const struct fr_link *link) {
    return !origin->is_read &&
        (link->is_holding || origin->results[link->member].figures.chunks_have >= origin->dispatch.reached.set_count);
}

static fr_time_ns stall_allowance(const struct fr_transfer *transfer, const struct fr_member_result *result) {
    bool is_syncing = transfer->origin.is_read && result->figures.chunks_have == transfer->manifest.layout.chunk_count;

    return (is_syncing ? SYNC_SILENCES : STALL_SILENCES) * transfer->timing.silence;
}

static fr_time_ns stalls_at(const struct fr_transfer *transfer, const struct fr_link *link) {
    const struct fr_origin *origin = &transfer->origin;
    const struct fr_member_result *result = &origin->results[link->member];

    if (result->verdict != FR_VERDICT_PENDING || has_nothing_to_gain(origin, link))
        return FR_TIME_NEVER;
    return origin->progress_at[link->member] + stall_allowance(transfer, result);
}

void fr_origin_forgive(struct fr_transfer *transfer, fr_time_ns now) {
    for (uint32_t i = 0; i < transfer->roster->member_count; i++)
        transfer->origin.progress_at[i] = fr_time_max(transfer->origin.progress_at[i], now);
}

static void find_stalled(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link) {
        const struct fr_member_result *result = &origin->results[link->member];
        char text[160];

        if (has_nothing_to_gain(origin, link))
            origin->progress_at[link->member] = transfer->now;
        if (stalls_at(transfer, link) > transfer->now)
            continue;
        snprintf(text, sizeof(text), "answers, but has stored nothing for %.0f s (%u of %u chunks): look at its disk",
                 (double) stall_allowance(transfer, result) / 1e9, result->figures.chunks_have, transfer->manifest.layout.chunk_count);
        fr_transfer_drop_link(transfer, link, FR_E_TIMEOUT, text);
    }
}

static void tell_news(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_link *link;
    bool is_wanted = false;

    if (origin->news_due > transfer->now)
        return;
    FR_EACH_LIVE (transfer, link) {
        is_wanted |= link->wants_news;
        fr_send_news(transfer, link);
    }
    origin->news_due = is_wanted ? transfer->now + NEWS_EVERY_MS * FR_MS : FR_TIME_NEVER;
}

/* When nobody else is left, who was accused is better than nobody. */
static void readmit_accused(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_link *link;

    if (origin->dispatch.children_taking > 0)
        return;
    FR_EACH_LIVE (transfer, link)
        if (origin->results[link->member].verdict == FR_VERDICT_PENDING && !link->is_holding &&
            !origin->dispatch.children[link->member].is_in)
            fr_dispatch_join(&origin->dispatch, link->member, transfer->now);
}

void fr_origin_turn(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;

    find_stalled(transfer);
    if (transfer->is_ended)
        return;
    readmit_accused(transfer);
    read_ahead(transfer);
    give(transfer);
    tell_news(transfer);
    if (origin->pending_count == 0) {
        find_slow(transfer);
        fr_transfer_end(transfer, NULL);
    }
}

fr_time_ns fr_origin_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = fr_time_min(fr_dispatch_due(&transfer->origin.dispatch), transfer->origin.news_due);
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        due = fr_time_min(due, stalls_at(transfer, link));
    return due;
}
