/* SPDX-License-Identifier: Apache-2.0 */
/* What a member does with each frame that it hears: pages and the end, what others have and want, who pulls, who is done. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "content/digest.h"

enum { NEWS_EVERY_MS = FR_MEMBER_NEWS_EVERY_MS };

static void bad_manifest(struct fr_transfer *transfer, struct fr_link *link, enum fr_manifest_result result, const char *what) {
    char text[120];

    if (result == FR_MANIFEST_NO_MEMORY) {
        transfer->actions.is_starved = true;
        return;
    }
    snprintf(text, sizeof(text), "sent %s that %s", what,
             result == FR_MANIFEST_BAD_SHAPE ? "does not fit the object" : "the origin did not sign");
    fr_member_report_link(transfer, link, text);
    fr_transfer_drop_link(transfer, link, result == FR_MANIFEST_BAD_SHAPE ? FR_E_PROTOCOL : FR_E_SIGNATURE, text);
}

static void on_page(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_page *page) {
    enum fr_manifest_result result = fr_manifest_take_page(&transfer->manifest, transfer->member.key, page);
    struct fr_link *other;

    if (result != FR_MANIFEST_NEW && result != FR_MANIFEST_KNOWN) {
        bad_manifest(transfer, link, result, "a page");
        return;
    }
    transfer->actions.is_starved |= fr_link_mark(&link->pages_sent, page->page) != 0; /* it need not get from us what it sent us */
    if (result == FR_MANIFEST_KNOWN)
        return;
    transfer->actions.is_starved |= fr_member_grow(&transfer->member, transfer->manifest.layout.chunk_count) != 0;
    FR_EACH_LIVE (transfer, other)
        if (other->role == FR_LINK_CHILD) /* pages run ahead of the chunks, all the way down */
            fr_say_page(transfer, other, page->page);
}

static void on_end(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_end *end) {
    enum fr_manifest_result result = fr_manifest_take_end(&transfer->manifest, transfer->member.key, end);
    struct fr_link *other;

    if (result != FR_MANIFEST_NEW && result != FR_MANIFEST_KNOWN) {
        bad_manifest(transfer, link, result, "an end");
        return;
    }
    link->is_end_sent = true;
    if (result == FR_MANIFEST_KNOWN)
        return;
    transfer->actions.is_starved |= fr_member_grow(&transfer->member, transfer->manifest.layout.chunk_count) != 0;
    FR_EACH_LIVE (transfer, other)
        if (other->role == FR_LINK_PEER || other->role == FR_LINK_CHILD)
            fr_say_end(transfer, other);
}

/* Upstream answers each asking once. If this is the answer, what came from it meanwhile and was taken for one was a gift. */
static void find_gifts(struct fr_transfer *transfer, struct fr_link *upstream, const struct fr_range *range) {
    struct fr_member *member = &transfer->member;

    for (uint32_t i = 0; i < range->count && range->first + i < transfer->manifest.layout.chunk_count; i++) {
        fr_chunk_index chunk = range->first + i;

        if (fr_bitset_remove(&upstream->owed, chunk) || !fr_manifest_has_chunk(&transfer->manifest, chunk))
            continue;
        if (fr_bitset_has(&member->have, chunk))
            fr_relay_own(transfer, chunk, upstream);
        else if (fr_bitset_has(&member->storing, chunk))
            fr_bitset_add(&member->given, chunk);
    }
}

static void on_missing(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    for (uint32_t r = 0; link->role == FR_LINK_UPSTREAM && r < ranges->range_count; r++)
        find_gifts(transfer, link, &ranges->ranges[r]);
    if (fr_link_is_live(link)) /* owning may have been too much, and closed it */
        fr_pull_on_missing(transfer, link, ranges);
}

static void on_have(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    struct fr_owner *owner = &transfer->member.owner;

    if (ranges->pages_known > link->pages_known)
        link->pages_known = ranges->pages_known;
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count; i++) {
            fr_chunk_index chunk = ranges->ranges[r].first + i;

            if (chunk >= transfer->manifest.layout.chunk_count)
                break; /* of pages that we do not know yet; it will tell again when we ask */
            transfer->actions.is_starved |= fr_link_mark(&link->theirs, chunk) != 0;
            if (fr_link_acknowledge(link, chunk) && link->role == FR_LINK_PEER && fr_owner_owns(owner, chunk))
                fr_owner_acknowledged(owner, link->member, chunk);
        }
    fr_pull_on_news(transfer, link, ranges);
    fr_send_pump(transfer, link);
}

static void on_pull(struct fr_transfer *transfer, struct fr_link *link, bool on) {
    if (on) {
        fr_relay_stop(transfer, link);
        return;
    }
    link->pulls_from_us = false;
    link->is_holding = false;
    fr_transfer_trace_link(transfer, FR_TRACE_MEMBER_CAUGHT_UP, link, FR_CHUNK_NONE, 0, 0, NULL);
    fr_relay_start(transfer, link);
}

static void on_peer_done(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_done *done) {
    if (done->verdict == FR_VERDICT_COMPLETE)
        link->is_done = true;
    fr_stand_in_vouch(transfer, link->member, done);
    fr_link_clear_queue(link);
    fr_owner_forget_peer(&transfer->member.owner, link->member);
    if (fr_strands_is_left_behind(transfer))
        fr_pull_set_mode(transfer, FR_MEMBER_PULLING);
}

static void on_abort(struct fr_transfer *transfer, const struct fr_msg_reason *reason) {
    struct fr_failure failure = {.error = FR_E_ABORTED};

    snprintf(failure.text, sizeof(failure.text), "the origin gave the push up: %.*s", (int) reason->text.count, reason->text.bytes);
    fr_transfer_end(transfer, &failure);
}

/* Frames that need a decoded list of ranges. */
static int on_ranges_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    struct fr_msg_ranges ranges;
    int error = fr_ranges_decode(type, body, bytes, &ranges);

    if (error)
        return error;
    if (type == FR_FRAME_HAVE)
        on_have(transfer, link, &ranges);
    else if (type == FR_FRAME_COMING)
        fr_pull_on_coming(transfer, link, &ranges);
    else if (type == FR_FRAME_MISSING)
        on_missing(transfer, link, &ranges);
    else if (type == FR_FRAME_WANT) {
        transfer->member.served_at = transfer->now;
        fr_send_on_want(transfer, link, &ranges);
    } else
        return FR_E_PROTOCOL;
    return 0;
}

static int on_switch_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                           uint32_t bytes) {
    bool on;
    int error = fr_switch_decode(body, bytes, &on);

    if (error)
        return error;
    if (type == FR_FRAME_INTEREST) {
        fr_send_on_interest(transfer, link, on);
        if (on && transfer->member.news_due == FR_TIME_NEVER)
            transfer->member.news_due = transfer->now + NEWS_EVERY_MS * FR_MS;
    } else if (link->role != FR_LINK_PEER)
        return FR_E_PROTOCOL;
    else if (type == FR_FRAME_PULL)
        on_pull(transfer, link, on);
    else if (on && transfer->member.mode == FR_MEMBER_FOLLOWING) /* LAG; who holds the object is waiting for nothing that could lag */
        fr_pull_set_mode(transfer, FR_MEMBER_PULLING);
    return 0;
}

static int on_manifest_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                             uint32_t bytes) {
    struct fr_msg_page page;
    struct fr_msg_end end;
    int error;

    if (type == FR_FRAME_PAGE) {
        error = fr_page_decode(body, bytes, &page);
        if (!error)
            on_page(transfer, link, &page);
        return error;
    }
    error = fr_end_decode(body, bytes, &end);
    if (!error)
        on_end(transfer, link, &end);
    return error;
}

static int on_upstream_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                             uint32_t bytes) {
    struct fr_msg_reason reason;
    int error;

    if (type == FR_FRAME_ROSTER && (link->role == FR_LINK_UPSTREAM || link->role == FR_LINK_PEER))
        return fr_sheets_on_frame(transfer, link, body, bytes);
    if (link->role != FR_LINK_UPSTREAM || type != FR_FRAME_ABORT)
        return FR_E_PROTOCOL;
    error = fr_reason_decode(body, bytes, &reason);
    if (!error)
        on_abort(transfer, &reason);
    return error;
}

static int on_peer_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_done done;
    int error;

    if (link->role != FR_LINK_PEER || type != FR_FRAME_DONE)
        return on_upstream_frame(transfer, link, type, body, bytes);
    error = fr_done_decode(body, bytes, &done);
    if (!error)
        on_peer_done(transfer, link, &done);
    return error;
}

void fr_member_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    char why[80];
    int error;

    if (type == FR_FRAME_PAGE || type == FR_FRAME_END)
        error = on_manifest_frame(transfer, link, type, body, bytes);
    else if (type == FR_FRAME_HAVE || type == FR_FRAME_COMING || type == FR_FRAME_MISSING || type == FR_FRAME_WANT)
        error = on_ranges_frame(transfer, link, type, body, bytes);
    else if (type == FR_FRAME_INTEREST || type == FR_FRAME_PULL || type == FR_FRAME_LAG)
        error = on_switch_frame(transfer, link, type, body, bytes);
    else
        error = on_peer_frame(transfer, link, type, body, bytes);
    if (!error || link->state == FR_LINK_FREE)
        return;
    snprintf(why, sizeof(why), "sent a %s frame that makes no sense", fr_frame_name(type));
    fr_member_report_link(transfer, link, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}
