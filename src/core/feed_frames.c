/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever feeds a group does with each frame from its members: what has reached the group, what they want, how far they are, how it
 * ended, and what they pass up of the nodes below themselves. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    NEWS_EVERY_MS = 100,
    ACCUSERS_MIN = 2,                         /* members that must have caught one with wrong chunks */
    HANDED_BACK_MAX = 4 * FR_GROUP_NODES_MAX, /* damaged gifts of one member: more than its peers can spoil before it shuns them */
};

/* ---------------------------------------------------------------------------------------------------- chunks */

/* Who shares a chunk that another brought to the group need not be sent it any more: a pipe's bytes are about to be let go. */
static void forget_shares(struct fr_transfer *transfer, const struct fr_link *link, fr_chunk_index chunk) {
    struct fr_link *other;

    FR_EACH_LIVE (transfer, other)
        if (other->role == FR_LINK_CHILD && other->place == link->place && !FR_PLANTED(SHARE_STILL_SENT))
            fr_link_acknowledge(other, chunk);
}

static void on_reached_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    struct fr_feed *feed = fr_feed_of(transfer, link);

    fr_link_acknowledge(link, chunk);
    if (!fr_dispatch_reached(&feed->dispatch, link->member, chunk, transfer->now))
        return;
    forget_shares(transfer, link, chunk);
    fr_transfer_trace_link(transfer, FR_TRACE_CHUNK_REACHED, link, chunk, 0, 0, NULL);
    fr_feed_release_chunk(transfer, chunk);
}

/* What it has need not be given to it. In the first groups it must be all the same: what the origin brings must be owned. */
static void on_have_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    struct fr_feed *feed = fr_feed_of(transfer, link);

    transfer->actions.is_starved |= fr_link_mark(&link->theirs, chunk) != 0;
    if (feed->roster->upstream_count > 0)
        fr_dispatch_spare(&feed->dispatch, chunk);
}

/* It could not own a chunk that came damaged. Its peers may have damaged some for it; a link on which that goes on is no use. */
static void take_back(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    static const char why[] = "handed back one chunk after another as damaged";

    if (!fr_dispatch_take_back(&fr_feed_of(transfer, link)->dispatch, link->member, chunk))
        return;
    fr_link_acknowledge(link, chunk);
    fr_transfer_trace_link(transfer, FR_TRACE_CHUNK_TAKEN_BACK, link, chunk, 0, 0, NULL);
    if (++link->handed_back <= HANDED_BACK_MAX)
        return;
    fr_transfer_trace_link(transfer, FR_TRACE_FAULT, link, chunk, 0, FR_E_PROTOCOL, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}

static void on_each_chunk(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges,
                          void (*on_chunk)(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk)) {
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count && ranges->ranges[r].first + i < transfer->manifest.layout.chunk_count; i++) {
            if (!fr_link_is_live(link))
                return;
            on_chunk(transfer, link, ranges->ranges[r].first + i);
        }
}

static int on_ranges_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    struct fr_msg_ranges ranges;
    int error = fr_ranges_decode(type, body, bytes, &ranges);

    if (error)
        return error;
    if (type == FR_FRAME_REACHED)
        on_each_chunk(transfer, link, &ranges, on_reached_chunk);
    else if (type == FR_FRAME_MISSING)
        on_each_chunk(transfer, link, &ranges, take_back);
    else if (type == FR_FRAME_WANT) {
        transfer->member.served_at = transfer->now;
        fr_send_on_want(transfer, link, &ranges);
    } else {
        if (ranges.pages_known > link->pages_known)
            link->pages_known = ranges.pages_known;
        on_each_chunk(transfer, link, &ranges, on_have_chunk);
        fr_stand_in_on_have(transfer, link);
    }
    return 0;
}

/* A push that is run again: what everybody has who takes part is not brought to the group once more, and whoever comes without it asks the
 * others. Not of a pipe, whose bytes are kept only until they have been brought. */
static void spare_held(struct fr_transfer *transfer, struct fr_feed *feed) {
    struct fr_dispatch *dispatch = &feed->dispatch;

    if (!transfer->is_origin || !transfer->origin.can_reread)
        return;
    for (uint32_t word = 0; word < (dispatch->waiting.bit_count + 63) / 64; word++) {
        uint64_t held = dispatch->waiting.words[word];
        const struct fr_link *link;

        FR_EACH_LIVE (transfer, link)
            if (held != 0 && link->role == FR_LINK_CHILD && link->place == feed->index && !link->is_holding)
                held &= word < (link->theirs.bit_count + 63) / 64 ? link->theirs.words[word] : 0;
        for (; held; held &= held - 1)
            fr_dispatch_spare(dispatch, word * 64 + (uint32_t) __builtin_ctzll(held));
    }
}

static int on_interest(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    bool on;
    int error = fr_switch_decode(body, bytes, &on);

    if (error)
        return error;
    fr_send_on_interest(transfer, link, on);
    if (on && feed->news_due == FR_TIME_NEVER)
        feed->news_due = transfer->now + NEWS_EVERY_MS * FR_MS;
    if (on && link->is_holding) { /* it has looked at what was there: it takes part from now on */
        link->is_holding = false;
        spare_held(transfer, feed);
        if (feed->fed[link->member].verdict == FR_VERDICT_PENDING)
            fr_feed_join(transfer, link);
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- reports */

/* More than there are. Of a pipe a member above may know less than one below. */
static bool is_too_many(const struct fr_transfer *transfer, uint32_t chunks, uint32_t entries) {
    bool knows_end = transfer->is_origin || fr_layout_is_closed(&transfer->manifest.layout);

    return entries > transfer->opening.entry_count || (knows_end && chunks > transfer->manifest.layout.chunk_count);
}

static int note_figures(struct fr_transfer *transfer, struct fr_link *link, const struct fr_member_figures *figures) {
    struct fr_fed *fed = fr_feed_fed(transfer, link);
    uint32_t group = fr_feed_of(transfer, link)->roster->group_index;

    /* More than there are; or fewer than before, so as to seem to gain again. */
    if (is_too_many(transfer, figures->chunks_have, figures->entries_whole) || figures->chunks_have < fed->figures.chunks_have)
        return FR_E_PROTOCOL;
    if (figures->chunks_have > fed->figures.chunks_have)
        fed->progress_at = transfer->member.served_at = transfer->now; /* who is being fed needs us, though it asks for nothing */
    fed->figures = *figures;
    fr_transfer_trace_link(transfer, FR_TRACE_PROGRESS, link, FR_CHUNK_NONE, figures->chunks_have, 0, NULL);
    if (transfer->is_origin)
        fr_verdict_note_figures(transfer, group, link->member, figures);
    else if (fed->verdict == FR_VERDICT_PENDING)
        fr_fold_note_progress(transfer, group, link->member, figures);
    if (figures->chunks_have == 0) /* it knows pages, has nothing else, and will not say so in another way */
        fr_stand_in_on_have(transfer, link);
    return 0;
}

static int on_done(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_fed *fed = fr_feed_fed(transfer, link);
    struct fr_msg_done done;
    char text[FR_REASON_BYTES_MAX + 1];
    int error = fr_done_decode(body, bytes, &done);

    if (!error && transfer->is_origin && !transfer->manifest.is_end_known && done.verdict == FR_VERDICT_COMPLETE)
        return FR_E_PROTOCOL; /* complete before there was an end */
    if (!error)
        error = note_figures(transfer, link, &done.figures);
    if (error)
        return error;
    snprintf(text, sizeof(text), "%.*s", (int) done.text.count, done.text.bytes);
    fed->accepted_at = fr_time_min(fed->accepted_at, fr_time_since(transfer->now, done.elapsed_ns)); /* others may have come before us */
    if (FR_PLANTED(DONE_IS_COMPLETE))
        done.verdict = FR_VERDICT_COMPLETE;
    link->is_done = done.verdict == FR_VERDICT_COMPLETE;
    fr_link_clear_queue(link);
    fr_feed_settle(transfer, fr_feed_of(transfer, link), link->member, done.verdict, text);
    return 0;
}

/* The group of which one is that a FAULT names as standing above the teller's. false: of none that we know. */
static bool find_above(const struct fr_transfer *transfer, const struct fr_msg_fault *fault, uint32_t *ret_group) {
    uint32_t up = fault->member < FR_MEMBER_FAR_ABOVE ? 1 : 2 + (fault->member - FR_MEMBER_FAR_ABOVE) / FR_GROUP_NODES_MAX;
    uint32_t group = fault->group;

    for (; up > 0; up--) {
        const struct fr_sheet *sheet = fr_sheets_find(transfer, group);

        if (!sheet || sheet->roster->upstream_count == 0)
            return false;
        group = sheet->roster->upstream_group;
    }
    *ret_group = group;
    return true;
}

static uint32_t index_above(const struct fr_msg_fault *fault) { return (fault->member - FR_MEMBER_ABOVE) % FR_GROUP_NODES_MAX; }

/* Those below have caught one of this group, be it of the group above them or further up, in the place of that. Nothing is taken any more
 * from who did wrong so often; when nobody better is left of the group, those below are ours to feed (feed.c), and its word on them is not
 * the last (rescue.c). A lie about it costs us links and chunks, and nobody else anything. */
static void heed_from_below(struct fr_transfer *transfer, struct fr_feed *feed, const struct fr_msg_fault *fault) {
    uint32_t group;

    if (fault->member < FR_MEMBER_ABOVE || fault->member == FR_MEMBER_UPSTREAM || !find_above(transfer, fault, &group))
        return;
    if (group == feed->roster->group_index && index_above(fault) < feed->roster->member_count)
        feed->fed[index_above(fault)].faults_below++;
}

/* Whom several members have caught with wrong chunks owns nothing any more: nobody takes what it relays, and without peers to wait for it
 * would report whatever it is given as reached. It may still receive. One voice is never enough: it could be the liar's. */
static void heed_accusation(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_fault *fault) {
    struct fr_feed *feed = fr_feed_of(transfer, link);

    if (fault->group != feed->roster->group_index)
        heed_from_below(transfer, feed, fault);
    if (fault->group != feed->roster->group_index || fault->member >= FR_MEMBER_ABOVE || fault->member == link->member ||
        fault->chunk == FR_CHUNK_NONE)
        return;
    feed->fed[fault->member].accusers |= 1ull << link->member;
    if (__builtin_popcountll(feed->fed[fault->member].accusers) >= ACCUSERS_MIN && feed->dispatch.children_taking > 1)
        fr_dispatch_leave(&feed->dispatch, fault->member);
}

/* What people call a node: the name, or its place when there is no memory to look it up. */
static void name_node(const struct fr_transfer *transfer, uint32_t group, uint32_t member, char *out, size_t size) {
    struct fr_roster *roster = fr_sheets_read_roster(transfer->sheets[group]);

    if (roster && member < roster->member_count)
        snprintf(out, size, "%s", roster->addresses[member]);
    else
        snprintf(out, size, "a node of group %u", group);
    fr_free(roster);
}

/* Whom a FAULT names. */
static void name_subject(const struct fr_transfer *transfer, const struct fr_msg_fault *fault, char *out, size_t size) {
    uint32_t group;

    if (fault->member == FR_MEMBER_UPSTREAM)
        snprintf(out, size, "the origin");
    else if (fault->member < FR_MEMBER_ABOVE)
        name_node(transfer, fault->group, fault->member, out, size);
    else if (!find_above(transfer, fault, &group))
        snprintf(out, size, "a node above group %u", fault->group);
    else
        name_node(transfer, group, index_above(fault), out, size);
}

/* The origin's word on it: who, and who told. */
static void tell_fault(struct fr_transfer *transfer, const struct fr_link *link, const struct fr_msg_fault *fault) {
    const struct fr_roster *roster = transfer->feeds[link->place]->roster;
    char text[FR_REASON_BYTES_MAX + FR_ADDRESS_BYTES_MAX + 32], who[FR_ADDRESS_BYTES_MAX + 32];

    name_subject(transfer, fault, who, sizeof(who));
    if (fault->group == roster->group_index)
        snprintf(text, sizeof(text), "%.*s (told by %s)", (int) fault->text.count, fault->text.bytes, roster->addresses[link->member]);
    else
        snprintf(text, sizeof(text), "%.*s (told by a node of group %u)", (int) fault->text.count, fault->text.bytes, fault->group);
    fr_transfer_trace_named(transfer, FR_TRACE_FAULT, fault->group, fault->member, who, fault->chunk, link->member, 0, text);
}

static int on_fault(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    const struct fr_roster *roster = fr_feed_of(transfer, link)->roster;
    struct fr_msg_fault fault;
    int error = fr_fault_decode(body, bytes, &fault);

    if (error)
        return error;
    if (fault.group < roster->group_index || fault.group > roster->group_index + roster->below_count ||
        (fault.group == roster->group_index && fault.member < FR_MEMBER_ABOVE && fault.member >= roster->member_count))
        return FR_E_PROTOCOL;
    heed_accusation(transfer, link, &fault);
    if (transfer->is_origin)
        tell_fault(transfer, link, &fault);
    else
        fr_fold_pass_fault(transfer, &fault);
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- from further below */

static bool is_below(const struct fr_roster *roster, uint32_t group) {
    return group > roster->group_index && group <= roster->group_index + roster->below_count;
}

/* A peer speaks for one of the group that we have no link with. */
static int on_vouched(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_result *result) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    char text[FR_REASON_BYTES_MAX + 1];

    if (result->member >= feed->roster->member_count || result->member == link->member)
        return FR_E_PROTOCOL;
    if (feed->fed[result->member].is_linked)
        return 0;
    feed->fed[result->member].figures = result->figures;
    if (result->accepted_ago_ns != FR_TIME_NEVER)
        feed->fed[result->member].accepted_at = fr_time_since(transfer->now, result->accepted_ago_ns);
    snprintf(text, sizeof(text), "%.*s", (int) result->text.count, result->text.bytes);
    fr_feed_settle(transfer, feed, result->member, result->verdict, text);
    return 0;
}

static int on_result(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_result result;
    int error = fr_result_decode(body, bytes, &result);

    if (!error && is_too_many(transfer, result.figures.chunks_have, result.figures.entries_whole))
        error = FR_E_PROTOCOL;
    if (!error && result.group == fr_feed_of(transfer, link)->roster->group_index)
        return on_vouched(transfer, link, &result);
    if (!error && !is_below(fr_feed_of(transfer, link)->roster, result.group))
        error = FR_E_PROTOCOL;
    if (error)
        return error;
    if (fr_rescue_try(transfer, fr_feed_of(transfer, link)->roster->group_index, &result))
        return 0;
    if (transfer->is_origin)
        fr_verdict_note(transfer, &result);
    else
        fr_fold_note_result(transfer, &result);
    return 0;
}

static int on_below(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_below below;
    int error = fr_below_decode(body, bytes, &below);

    for (uint32_t i = 0; !error && i < below.count; i++)
        if (!is_below(fr_feed_of(transfer, link)->roster, below.nodes[i].group) ||
            is_too_many(transfer, below.nodes[i].chunks_have, below.nodes[i].entries_whole))
            error = FR_E_PROTOCOL;
    if (error)
        return error;
    if (transfer->is_origin)
        fr_verdict_note_below(transfer, &below);
    else
        fr_fold_pass_below(transfer, &below);
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- which is which */

static int on_report_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    struct fr_member_figures figures;
    int error;

    if (type == FR_FRAME_PROGRESS) {
        error = fr_progress_decode(body, bytes, &figures);
        return error ? error : note_figures(transfer, link, &figures);
    }
    if (type == FR_FRAME_DONE)
        return on_done(transfer, link, body, bytes);
    if (type == FR_FRAME_FAULT)
        return on_fault(transfer, link, body, bytes);
    if (type == FR_FRAME_RESULT)
        return on_result(transfer, link, body, bytes);
    return type == FR_FRAME_BELOW ? on_below(transfer, link, body, bytes) : FR_E_PROTOCOL;
}

void fr_feed_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    char why[80];
    int error;

    if (type == FR_FRAME_REACHED || type == FR_FRAME_HAVE || type == FR_FRAME_MISSING || type == FR_FRAME_WANT)
        error = on_ranges_frame(transfer, link, type, body, bytes);
    else if (type == FR_FRAME_INTEREST)
        error = on_interest(transfer, link, body, bytes);
    else
        error = on_report_frame(transfer, link, type, body, bytes);
    if (!error || link->state == FR_LINK_FREE)
        return;
    snprintf(why, sizeof(why), "sent a %s frame that makes no sense", fr_frame_name(type));
    fr_transfer_trace_link(transfer, FR_TRACE_FAULT, link, FR_CHUNK_NONE, 0, error, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}
