/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member: receives its share from upstream and the others' shares from them, relays what it owns, and ends with the object whole.
 *
 * A chunk's way through here:
 *   CHUNK on a link --takes_chunk--> bytes --on_chunk--> STORE --on_stored--> have
 *     given by upstream: we own it; it is queued for every peer that is pushed to; when all that keep up acknowledged: REACHED
 *     from anyone: HAVE to the sender, which is its receipt
 * When every chunk is stored and the end is known: FINISH, then DONE to everybody, then serve until upstream says BYE.
 */
#include "core/state.h"

#include <string.h>

#include "base/memory.h"
#include "base/time.h"

enum { PROGRESS_EVERY_MS = 250, NEWS_EVERY_MS = FR_MEMBER_NEWS_EVERY_MS };

/* Room for so many chunks in all that is kept by chunk. */
int fr_member_grow(struct fr_member *member, uint32_t chunk_count) {
    if (chunk_count > member->sender_capacity) {
        uint32_t capacity = chunk_count > 2 * member->sender_capacity ? chunk_count : 2 * member->sender_capacity;
        uint16_t *senders = fr_realloc(member->senders, capacity, sizeof(*senders));

        if (!senders)
            return FR_E_MEMORY;
        member->senders = senders;
        member->sender_capacity = capacity;
    }
    if (fr_bitset_grow(&member->have, chunk_count) || fr_bitset_grow(&member->storing, chunk_count) ||
        fr_bitset_grow(&member->given, chunk_count))
        return FR_E_MEMORY;
    return 0;
}

int fr_member_init(struct fr_transfer *transfer, const struct fr_member_options *options) {
    struct fr_member *member = &transfer->member;
    uint32_t chunk_count = transfer->manifest.layout.chunk_count;

    member->key = options->key;
    member->figures.first_relay_ns = FR_TIME_NEVER;
    member->figures.last_owned_ns = FR_TIME_NEVER;
    member->orphaned_at = FR_TIME_NEVER;
    member->complete_at = FR_TIME_NEVER;
    member->progress_due = member->news_due = member->fold.news_due = FR_TIME_NEVER;
    fr_stand_in_init(transfer);
    member->served_at = transfer->now;
    if (fr_member_grow(member, chunk_count) || fr_owner_init(&member->owner))
        return FR_E_MEMORY;
    if (fr_reuse_init(transfer, options))
        return FR_E_MEMORY;
    return fr_pull_init(transfer);
}

void fr_member_done(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    fr_bitset_done(&member->have);
    fr_bitset_done(&member->storing);
    fr_bitset_done(&member->given);
    fr_bitset_done(&member->shunned_above);
    fr_free(member->senders);
    fr_owner_done(&member->owner);
    fr_reuse_done(transfer);
    fr_pull_done(transfer);
    fr_fold_done(transfer);
    fr_adopt_done(transfer);
}

fr_time_ns fr_member_elapsed(const struct fr_transfer *transfer) { return fr_time_since(transfer->now, transfer->began_at); }

struct fr_link *fr_member_upstream(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_UPSTREAM)
            return link;
    return NULL;
}

uint32_t fr_member_sender_of(const struct fr_link *link) {
    if (link->role == FR_LINK_PEER)
        return link->member;
    if (link->role == FR_LINK_ADOPTER)
        return FR_SENDER_ADOPTER + link->place;
    return link->place == FR_MEMBER_UPSTREAM ? FR_SENDER_ORIGIN : FR_GROUP_NODES_MAX + link->place;
}

/* As FAULT has it. */
static uint32_t name_of(uint32_t sender) {
    if (sender < FR_GROUP_NODES_MAX)
        return sender;
    if (sender == FR_SENDER_ORIGIN)
        return FR_MEMBER_UPSTREAM;
    return sender < 2 * FR_GROUP_NODES_MAX ? FR_MEMBER_ABOVE + sender - FR_GROUP_NODES_MAX
                                           : FR_MEMBER_FAR_ABOVE + sender - 2 * FR_GROUP_NODES_MAX;
}

/* It has a name in its own group, and none in ours. */
static void tell_adopters_fault(struct fr_transfer *transfer, const struct fr_adopter *adopter, fr_chunk_index chunk, const char *text) {
    const struct fr_msg_fault fault = {.group = adopter->roster->group_index,
                                       .member = (uint16_t) adopter->member,
                                       .chunk = chunk,
                                       .text = {text, (uint32_t) strlen(text)}};
    struct fr_link *upstream = fr_member_upstream(transfer);

    fr_transfer_trace_fed(transfer, FR_TRACE_FAULT, adopter->roster, adopter->member, chunk, 0, 0, text);
    if (upstream)
        fr_say_fault_below(transfer, upstream, &fault);
}

bool fr_member_report_fault(struct fr_transfer *transfer, uint32_t sender, fr_chunk_index chunk, const char *text) {
    struct fr_member *member = &transfer->member;
    struct fr_link *upstream = fr_member_upstream(transfer);

    if (sender >= FR_SENDER_ADOPTER)
        tell_adopters_fault(transfer, member->adopters[sender - FR_SENDER_ADOPTER], chunk, text);
    else {
        fr_transfer_trace(transfer, FR_TRACE_FAULT, name_of(sender), chunk, 0, 0, text);
        if (upstream)
            fr_say_fault(transfer, upstream, name_of(sender), chunk, text);
    }
    if (++member->fault_counts[sender] < FR_FAULTS_MAX)
        return false;
    if (sender < FR_GROUP_NODES_MAX) {
        member->shunned |= 1ull << sender;
        fr_dial_settle(&transfer->dials[sender]);
    } else if (sender >= FR_SENDER_ADOPTER)
        fr_dial_settle(&member->adopters[sender - FR_SENDER_ADOPTER]->dial);
    else if (sender != FR_SENDER_ORIGIN) /* it alone is taken back when it comes again */
        transfer->actions.is_starved |= fr_link_mark(&member->shunned_above, sender - FR_GROUP_NODES_MAX) != 0;
    return true;
}

/* Whom we relieve others for is above us and tells upstream itself how it fares; it has no name among those who send to us. */
void fr_member_report_link(struct fr_transfer *transfer, const struct fr_link *link, const char *text) {
    if (link->role == FR_LINK_ADOPTEE)
        fr_transfer_trace_link(transfer, FR_TRACE_FAULT, link, FR_CHUNK_NONE, 0, FR_E_PROTOCOL, text);
    else
        fr_member_report_fault(transfer, fr_member_sender_of(link), FR_CHUNK_NONE, text);
}

/* ---------------------------------------------------------------------------------------------------- links */

void fr_member_on_live(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_member *member = &transfer->member;

    link->chunk_at = transfer->now;
    if (link->role == FR_LINK_UPSTREAM) {
        member->was_upstream_here = true;
        member->fault_counts[FR_SENDER_ORIGIN] = 0;
        member->orphaned_at = FR_TIME_NEVER;
        memset(&member->told_figures, 0, sizeof(member->told_figures)); /* it has not heard them */
        fr_fold_tell_again(transfer);
    } else
        fr_stand_in_on_peer(transfer, link->member, true);
    fr_sheets_pass_all(transfer, link);
    if (member->progress_due == FR_TIME_NEVER)
        member->progress_due = transfer->now + PROGRESS_EVERY_MS * FR_MS;
    if (member->have.set_count > 0 && !member->is_complete)
        fr_say_ranges(transfer, link, FR_FRAME_HAVE, &member->have);
    if (transfer->manifest.is_end_known && link->role == FR_LINK_PEER)
        fr_say_end(transfer, link);
    if (member->mode != FR_MEMBER_FOLLOWING && link->role == FR_LINK_PEER) /* who pulls, or may have it all, is pushed nothing */
        fr_say_switch(transfer, link, FR_FRAME_PULL, true);
    if (member->pull.wants_news) {
        link->is_asked_for_news = true;
        fr_say_switch(transfer, link, FR_FRAME_INTEREST, true);
    }
    if (member->is_complete)
        member->is_told_done = false; /* the turn tells DONE to whoever has not heard it */
    fr_relay_start(transfer, link);
    if (link->role == FR_LINK_PEER)
        fr_adopt_on_live(transfer, link);
}

static void forget_peer(struct fr_transfer *transfer, struct fr_link *link) {
    fr_owner_forget_peer(&transfer->member.owner, link->member);
    fr_pull_on_link_gone(transfer, link);
}

void fr_member_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_in_good_order, const struct fr_failure *failure) {
    struct fr_member *member = &transfer->member;

    if (link->role == FR_LINK_PEER) {
        forget_peer(transfer, link);
        fr_stand_in_on_peer(transfer, link->member, false);
        if (link->dial)
            fr_dial_retry(transfer, link->dial);
        if (was_in_good_order)
            fr_dial_settle(&transfer->dials[link->member]);
    } else {
        fr_pull_on_link_gone(transfer, link);
        if (!fr_member_upstream(transfer))
            member->orphaned_at = transfer->now;
        fr_fold_tell_again(transfer); /* it may have taken them along */
        if (was_in_good_order)
            member->is_dismissed = true;
    }
    if (!link->is_done && (failure || !was_in_good_order))
        fr_pull_want_news(transfer); /* what it owned will not all come by itself */
}

void fr_member_on_peer_unreachable(struct fr_transfer *transfer, struct fr_link *link, const struct fr_failure *failure) {
    fr_transfer_trace_link(transfer, FR_TRACE_LINK_RETRY, link, FR_CHUNK_NONE, 0, failure->error, failure->text);
    fr_dial_retry(transfer, link->dial);
}

/* ---------------------------------------------------------------------------------------------------- turns */

static void tell_progress(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;
    struct fr_link *link;

    if (member->progress_due > transfer->now)
        return;
    member->progress_due = transfer->now + PROGRESS_EVERY_MS * FR_MS;
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): padding that differs costs one frame too many, no more. */
    if (memcmp(&member->told_figures, &member->figures, sizeof(member->figures)) == 0)
        return;
    member->told_figures = member->figures;
    FR_EACH_LIVE (transfer, link) /* each of those who feed us may be the one who answers for us */
        if (link->role == FR_LINK_UPSTREAM)
            fr_say_progress(transfer, link, &member->figures);
}

static void tell_news(struct fr_transfer *transfer) {
    struct fr_link *link;
    bool is_wanted = false;

    if (transfer->member.news_due > transfer->now)
        return;
    FR_EACH_LIVE (transfer, link) {
        is_wanted |= link->wants_news;
        fr_send_news(transfer, link);
    }
    transfer->member.news_due = is_wanted ? transfer->now + NEWS_EVERY_MS * FR_MS : FR_TIME_NEVER;
}

void fr_member_turn(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    fr_relay_report(transfer);
    if (member->is_complete && !member->is_told_done)
        fr_finish_tell_done(transfer, NULL);
    tell_progress(transfer);
    tell_news(transfer);
    fr_stand_in_turn(transfer);
    fr_urgent_turn(transfer);
    fr_feed_turn(transfer);
    fr_fold_turn(transfer);
    if (transfer->is_ended)
        return;
    fr_reuse_turn(transfer);
    fr_pull_turn(transfer);
    fr_finish_when_whole(transfer);
    if (!transfer->is_ended)
        fr_finish_leave(transfer);
}

fr_time_ns fr_member_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = fr_time_min(transfer->member.progress_due, transfer->member.news_due);

    due = fr_time_min(due, fr_finish_orphan_ends_at(transfer));
    due = fr_time_min(due, transfer->member.stand_in_due);
    due = fr_time_min(due, fr_time_min(fr_urgent_deadline(transfer), fr_reuse_deadline(transfer)));
    due = fr_time_min(due, fr_time_min(fr_feed_deadline(transfer), fr_fold_deadline(transfer)));
    return fr_time_min(due, fr_pull_deadline(transfer));
}
