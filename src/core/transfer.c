/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes events to the roles, and answers questions. What happens on a link or with a chunk is decided in
 * origin.c and member.c; this file knows only which of them to ask.
 */
#include "core/transfer.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "core/door.h"
#include "core/planted.h"
#include "core/state.h"

const struct fr_timing fr_timing_default = {
    .connect = 5 * FR_SECOND,
    .silence = 15 * FR_SECOND,
    .patience = 500 * FR_MS,
    .linger = 10 * FR_SECOND,
    .total = FR_TIME_NEVER,
};

enum { ANSWER_SILENCES = 4 }; /* who was sent OPEN may take so long to make ready, as long as it is not silent meanwhile */

void fr_transfer_trace_named(struct fr_transfer *transfer, enum fr_trace_type type, uint32_t group, uint32_t member, const char *peer,
                             fr_chunk_index chunk, uint64_t value, int error, const char *text) {
    struct fr_trace trace = {.type = type,
                             .now = transfer->now,
                             .member = member,
                             .group = group,
                             .peer = peer,
                             .chunk = chunk,
                             .value = value,
                             .error = error,
                             .text = text};

    if (transfer->observer.on_trace)
        transfer->observer.on_trace(transfer->observer.user, &trace);
}

void fr_transfer_trace_fed(struct fr_transfer *transfer, enum fr_trace_type type, const struct fr_roster *roster, uint32_t member,
                           fr_chunk_index chunk, uint64_t value, int error, const char *text) {
    fr_transfer_trace_named(transfer, type, roster->group_index, member,
                            member < roster->member_count ? roster->addresses[member] : "upstream", chunk, value, error, text);
}

void fr_transfer_trace(struct fr_transfer *transfer, enum fr_trace_type type, uint32_t member, fr_chunk_index chunk, uint64_t value,
                       int error, const char *text) {
    fr_transfer_trace_fed(transfer, type, transfer->roster, member, chunk, value, error, text);
}

void fr_transfer_trace_link(struct fr_transfer *transfer, enum fr_trace_type type, const struct fr_link *link, fr_chunk_index chunk,
                            uint64_t value, int error, const char *text) {
    const struct fr_roster *roster = link->role == FR_LINK_CHILD ? transfer->feeds[link->place]->roster
        : link->role == FR_LINK_ADOPTER                          ? transfer->member.adopters[link->place]->roster
                                                                 : transfer->roster;

    if (link->role == FR_LINK_ADOPTEE) /* its group's roster is not ours to know */
        fr_transfer_trace_named(transfer, type, roster->adopted_group, link->member, "adopted", chunk, value, error, text);
    else
        fr_transfer_trace_fed(transfer, type, roster, link->member, chunk, value, error, text);
}

/* ---------------------------------------------------------------------------------------------------- time */

/* A process that did not run for a while (stopped, suspended, starved) must not take its own silence for that of others. */
static void forgive_own_absence(struct fr_transfer *transfer, fr_time_ns now) {
    struct fr_link *link;

    fr_time_ns due;

    if (fr_time_since(now, transfer->now) < transfer->timing.silence / 2)
        return;
    due = fr_transfer_deadline(transfer);
    if (due == FR_TIME_NEVER || fr_time_since(now, due) < transfer->timing.silence / 2) /* nothing was to be done before */
        return;
    FR_EACH_LIVE (transfer, link)
        fr_liveness_heard(&link->liveness, now);
    fr_feed_forgive(transfer, now);
    if (transfer->is_origin)
        transfer->origin.word_at = fr_time_max(transfer->origin.word_at, now);
}

static void begin_event(struct fr_transfer *transfer, fr_time_ns now) {
    forgive_own_absence(transfer, now);
    transfer->now = fr_time_max(transfer->now, now);
}

static void end_event(struct fr_transfer *transfer) {
    if (!transfer->is_ended && transfer->is_origin)
        fr_origin_turn(transfer);
    else if (!transfer->is_ended)
        fr_member_turn(transfer);
    if (transfer->actions.is_starved && !transfer->is_ended)
        fr_transfer_starve(transfer);
}

static void check_links(struct fr_transfer *transfer) {
    for (uint32_t slot = 0; slot < transfer->links_used && !transfer->is_ended; slot++) {
        struct fr_link *link = transfer->links[slot];
        char text[120];

        if (link->state == FR_LINK_FREE || link->state == FR_LINK_DIALLING) /* the driver's deadline ends a dial */
            continue;
        if (link->state == FR_LINK_OPENING && link->answer_due <= transfer->now) {
            fr_transfer_drop_link(transfer, link, FR_E_TIMEOUT, "is there, but will not say whether it takes part");
            continue;
        }
        switch (fr_liveness_check(&link->liveness, transfer->now)) {
        case FR_LIVENESS_FINE: break;
        case FR_LIVENESS_PING: fr_say_empty(transfer, link, FR_FRAME_PING); break;
        case FR_LIVENESS_DEAD:
            snprintf(text, sizeof(text), "silent for %.0f s: stopped, cut off or overloaded", (double) transfer->timing.silence / 1e9);
            fr_transfer_drop_link(transfer, link, FR_E_TIMEOUT, text);
            break;
        }
    }
}

/* What is due of a link moves on with each frame, and never back: so this may be too early, and is reckoned anew only when it has come. */
static void watch_links(struct fr_transfer *transfer) {
    transfer->liveness_due = FR_TIME_NEVER;
    for (uint32_t slot = 0; slot < transfer->links_used; slot++) {
        const struct fr_link *link = transfer->links[slot];

        if (link->state == FR_LINK_LIVE || link->state == FR_LINK_OPENING)
            transfer->liveness_due = fr_time_min(transfer->liveness_due, fr_liveness_due(&link->liveness));
        if (link->state == FR_LINK_OPENING)
            transfer->liveness_due = fr_time_min(transfer->liveness_due, link->answer_due);
    }
}

static fr_time_ns total_deadline(const struct fr_transfer *transfer) {
    return transfer->timing.total == FR_TIME_NEVER ? FR_TIME_NEVER : transfer->began_at + transfer->timing.total;
}

void fr_transfer_watch_link(struct fr_transfer *transfer, const struct fr_link *link) {
    if (!FR_PLANTED(SILENCE_UNWATCHED))
        transfer->liveness_due = fr_time_min(transfer->liveness_due, fr_liveness_due(&link->liveness));
}

void fr_transfer_on_deadline(struct fr_transfer *transfer, fr_time_ns now) {
    begin_event(transfer, now);
    if (!transfer->is_ended && total_deadline(transfer) <= transfer->now) {
        struct fr_failure failure = {.error = FR_E_TIMEOUT};

        snprintf(failure.text, sizeof(failure.text), "%s: the deadline of %.3g s has passed", transfer->opening.name,
                 (double) transfer->timing.total / 1e9);
        if (transfer->is_origin)
            fr_verdict_time_is_up(transfer);
        fr_transfer_end(transfer, &failure);
    }
    if (!transfer->is_ended) {
        if (transfer->liveness_due <= transfer->now) {
            check_links(transfer);
            watch_links(transfer);
        }
        fr_dial_on_deadline(transfer);
    }
    end_event(transfer);
}

fr_time_ns fr_transfer_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = total_deadline(transfer);

    if (transfer->is_ended)
        return FR_TIME_NEVER;
    due = fr_time_min(due, transfer->liveness_due);
    due = fr_time_min(due, fr_dial_deadline(transfer));
    return fr_time_min(due, transfer->is_origin ? fr_origin_deadline(transfer) : fr_member_deadline(transfer));
}

/* ---------------------------------------------------------------------------------------------------- events of links */

void fr_transfer_on_connected(struct fr_transfer *transfer, fr_link_id id, fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);

    begin_event(transfer, now);
    if (link && link->state == FR_LINK_DIALLING) {
        link->state = FR_LINK_OPENING;
        link->answer_due = transfer->now + ANSWER_SILENCES * transfer->timing.silence;
        fr_liveness_init(&link->liveness, transfer->timing.silence, transfer->now);
        fr_transfer_watch_link(transfer, link);
        fr_say_hello_and_open(transfer, link);
    }
    end_event(transfer);
}

static bool is_shunned(const struct fr_transfer *transfer, const struct fr_link *link) {
    if (FR_PLANTED(BLAME_FORGOTTEN))
        return false;
    if (link->role == FR_LINK_PEER)
        return (transfer->member.shunned >> link->member & 1) != 0;
    return link->role == FR_LINK_UPSTREAM && link->place != FR_MEMBER_UPSTREAM &&
        fr_bitset_has(&transfer->member.shunned_above, link->place);
}

static void admit(struct fr_transfer *transfer, struct fr_link *link) {
    if (is_shunned(transfer, link)) {
        fr_say_reason(transfer, link, FR_FRAME_REFUSE, FR_REFUSAL_PROTOCOL, "did wrong again and again");
        fr_say_close(transfer, link);
        fr_link_done(link);
        return;
    }
    fr_say_accept(transfer, link);
    fr_greeting_go_live(transfer, link, NULL);
}

/* Whoever feeds our group, and the members that come after us; those before us we dial. */
static bool may_dial_us(const struct fr_transfer *transfer, uint32_t from) {
    if (from >= FR_MEMBER_ABOVE)
        return fr_door_may_feed(transfer->roster, from);
    if (from >= FR_MEMBER_ADOPTED)
        return fr_door_may_be_adopted(transfer->roster, from);
    return from > transfer->self && from < transfer->roster->member_count;
}

static uint32_t place_above(uint32_t from) {
    if (from == FR_MEMBER_UPSTREAM)
        return FR_MEMBER_UPSTREAM;
    return from >= FR_MEMBER_FAR_ABOVE ? FR_GROUP_NODES_MAX + from - FR_MEMBER_FAR_ABOVE : from - FR_MEMBER_ABOVE;
}

static bool is_same(const uint8_t *one, uint32_t one_bytes, const uint8_t *two, uint32_t two_bytes) {
    return one_bytes == two_bytes && memcmp(one, two, one_bytes) == 0;
}

bool fr_transfer_knows_open(const struct fr_transfer *transfer, const struct fr_msg_open *open) {
    return !transfer->is_origin && is_same(transfer->opening_blob, transfer->opening_bytes, open->opening, open->opening_bytes) &&
        is_same(transfer->roster_blob, transfer->roster_bytes, open->roster, open->roster_bytes) &&
        memcmp(transfer->opening_signature, open->opening_signature, FR_SIGNATURE_BYTES) == 0 &&
        memcmp(transfer->roster_signature, open->roster_signature, FR_SIGNATURE_BYTES) == 0;
}

fr_link_id fr_transfer_on_accepted(struct fr_transfer *transfer, const struct fr_msg_open *open, fr_time_ns now) {
    bool is_from_above = open->from >= FR_MEMBER_ABOVE, is_adoptee = !is_from_above && open->from >= FR_MEMBER_ADOPTED;
    enum fr_link_role role = is_from_above ? FR_LINK_UPSTREAM : is_adoptee ? FR_LINK_ADOPTEE : FR_LINK_PEER;
    uint32_t member = is_from_above ? FR_MEMBER_UPSTREAM : is_adoptee ? open->from - FR_MEMBER_ADOPTED : open->from;
    uint32_t place = is_from_above ? place_above(open->from) : 0;
    struct fr_link *link, *old;
    fr_link_id id = FR_LINK_NONE;

    begin_event(transfer, now);
    fr_assert(!transfer->is_origin);
    if (!transfer->is_ended && open->to == transfer->self && may_dial_us(transfer, open->from)) {
        old = fr_transfer_find_link(transfer, role, place, member);
        if (old) /* it came anew: the old link is dead and we have not noticed yet */
            fr_transfer_drop_link(transfer, old, FR_E_CLOSED, "replaced by a newer link");
        link = fr_transfer_new_link(transfer, role, place, member);
        if (link) {
            id = link->id;
            link->has_hello = true;
            admit(transfer, link);
        }
    }
    end_event(transfer);
    return id;
}

void fr_transfer_on_closed(struct fr_transfer *transfer, fr_link_id id, const struct fr_failure *failure, fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);

    begin_event(transfer, now);
    if (link)
        fr_transfer_link_gone(transfer, link, failure, false);
    end_event(transfer);
}

void fr_transfer_on_heard(struct fr_transfer *transfer, fr_link_id id, fr_time_ns when) {
    struct fr_link *link = fr_transfer_link(transfer, id);

    if (link)
        fr_liveness_heard(&link->liveness, when);
}

/* ---------------------------------------------------------------------------------------------------- frames */

void fr_transfer_on_frame(struct fr_transfer *transfer, fr_link_id id, enum fr_frame_type type, const uint8_t *body, uint32_t bytes,
                          fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);

    begin_event(transfer, now);
    if (link && !transfer->is_ended) {
        fr_liveness_heard(&link->liveness, transfer->now);
        if (!fr_greeting_on_frame(transfer, link, type, body, bytes)) {
            if (link->role == FR_LINK_CHILD)
                fr_feed_on_frame(transfer, link, type, body, bytes);
            else
                fr_member_on_frame(transfer, link, type, body, bytes);
        }
    }
    end_event(transfer);
}

/* ---------------------------------------------------------------------------------------------------- events of chunks */

/* Those whom we feed, and those whom we adopt, get chunks and send none. */
static bool sends_chunks(const struct fr_link *link) {
    return fr_link_is_live(link) && link->role != FR_LINK_CHILD && link->role != FR_LINK_ADOPTEE;
}

bool fr_transfer_on_chunk_begin(struct fr_transfer *transfer, fr_link_id id, fr_chunk_index chunk, uint32_t chunk_size, fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);
    bool is_welcome = false;

    begin_event(transfer, now);
    if (link && !transfer->is_ended) {
        fr_liveness_heard(&link->liveness, transfer->now);
        if (!sends_chunks(link))
            fr_greeting_bad_frame(transfer, link, FR_FRAME_CHUNK);
        else
            is_welcome = fr_member_takes_chunk(transfer, link, chunk, chunk_size);
    }
    end_event(transfer);
    return is_welcome;
}

void fr_transfer_on_chunk(struct fr_transfer *transfer, fr_link_id id, fr_chunk_index chunk, struct fr_buffer *buffer, fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);
    struct fr_action drop = {.type = FR_ACTION_DROP, .buffer = buffer};

    begin_event(transfer, now);
    if (link && sends_chunks(link) && !transfer->is_ended) {
        fr_liveness_heard(&link->liveness, transfer->now);
        fr_member_on_chunk(transfer, link, chunk, buffer);
    } else
        fr_actions_push(&transfer->actions, &drop);
    end_event(transfer);
}

void fr_transfer_on_chunk_stored(struct fr_transfer *transfer, fr_link_id id, fr_chunk_index chunk, enum fr_store_outcome outcome,
                                 const struct fr_failure *failure, fr_time_ns now) {
    (void) id; /* the link may be gone, and its slot another's: the member knows where the chunk came from */
    begin_event(transfer, now);
    fr_assert(!transfer->is_origin);
    if (!transfer->is_ended)
        fr_member_on_stored(transfer, chunk, outcome, failure);
    end_event(transfer);
}

static void count_relayed(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_member_figures *figures = &transfer->member.figures;

    figures->bytes_relayed += fr_layout_chunk_size(&transfer->manifest.layout, chunk);
    if (figures->first_relay_ns == FR_TIME_NEVER)
        figures->first_relay_ns = fr_time_since(transfer->now, transfer->began_at);
}

/* 0 pushed, 1 asked for, 2 given. */
static uint64_t how_sent(const struct fr_transfer *transfer, const struct fr_link *link, fr_chunk_index chunk) {
    if (link->role == FR_LINK_CHILD)
        return transfer->is_origin || fr_bitset_has(&link->gifts, chunk) ? 2 : 1;
    return !fr_owner_owns(&transfer->member.owner, chunk);
}

void fr_transfer_on_chunk_sent(struct fr_transfer *transfer, fr_link_id id, fr_chunk_index chunk, fr_time_ns now) {
    struct fr_link *link = fr_transfer_link(transfer, id);

    begin_event(transfer, now);
    if (!transfer->is_ended && !transfer->is_origin)
        count_relayed(transfer, chunk);
    if (link && !transfer->is_ended) {
        fr_assert(link->sends > 0);
        link->sends--;
        if (link->role == FR_LINK_CHILD && !transfer->is_origin)
            fr_urgent_on_sent(transfer, 1);
        fr_liveness_sent(&link->liveness, transfer->now);
        fr_transfer_trace_link(transfer, FR_TRACE_CHUNK_SENT, link, chunk, how_sent(transfer, link, chunk), 0, NULL);
        fr_send_pump(transfer, link);
    }
    end_event(transfer);
}

void fr_transfer_on_chunk_unreadable(struct fr_transfer *transfer, fr_link_id id, fr_chunk_index chunk, const struct fr_failure *failure,
                                     fr_time_ns now) {
    (void) id;
    (void) chunk;
    fr_transfer_on_failed(transfer, failure, now);
}

/* ---------------------------------------------------------------------------------------------------- events of the place */

void fr_transfer_on_page_read(struct fr_transfer *transfer, uint32_t page, const struct fr_digest *digests, uint32_t count, bool is_last,
                              uint64_t object_bytes, const struct fr_digest *sha256, fr_time_ns now) {
    begin_event(transfer, now);
    fr_assert(transfer->is_origin);
    if (!transfer->is_ended)
        fr_origin_on_page_read(transfer, page, digests, count, is_last, object_bytes, sha256);
    end_event(transfer);
}

void fr_transfer_on_failed(struct fr_transfer *transfer, const struct fr_failure *failure, fr_time_ns now) {
    begin_event(transfer, now);
    fr_transfer_end(transfer, failure);
    end_event(transfer);
}

void fr_transfer_on_stop(struct fr_transfer *transfer, const char *why, fr_time_ns now) {
    struct fr_failure failure = {.error = FR_E_CANCELLED};

    snprintf(failure.text, sizeof(failure.text), "%s", why);
    fr_transfer_on_failed(transfer, &failure, now);
}

void fr_transfer_on_finished(struct fr_transfer *transfer, const struct fr_failure *failure, fr_time_ns now) {
    begin_event(transfer, now);
    fr_assert(!transfer->is_origin);
    if (!transfer->is_ended)
        fr_member_on_finished(transfer, failure);
    end_event(transfer);
}

/* ---------------------------------------------------------------------------------------------------- questions */

bool fr_transfer_next_action(struct fr_transfer *transfer, struct fr_action *ret_action) {
    if (fr_actions_pop(&transfer->actions, ret_action))
        return true;
    if (!transfer->is_ended || transfer->is_told_ended)
        return false;
    transfer->is_told_ended = true; /* it takes no memory: the driver hears of the end even when that is why */
    *ret_action = (struct fr_action){.type = FR_ACTION_ENDED};
    return true;
}

static uint64_t bytes_read(const struct fr_transfer *transfer) {
    const struct fr_layout *layout = &transfer->manifest.layout;
    uint64_t bytes = (uint64_t) transfer->manifest.chunks_announced * layout->chunk_bytes;

    return fr_layout_is_closed(layout) && bytes > layout->object_bytes ? layout->object_bytes : bytes;
}

void fr_transfer_view(const struct fr_transfer *transfer, struct fr_transfer_view *ret_view) {
    *ret_view = (struct fr_transfer_view){
        .opening = &transfer->opening,
        .roster = transfer->roster,
        .self = transfer->self,
        .object_bytes = transfer->manifest.layout.object_bytes,
        .bytes_have = transfer->is_origin ? bytes_read(transfer) : transfer->member.have_bytes,
        .chunk_count = transfer->manifest.layout.chunk_count,
        .digests = transfer->manifest.digests,
        .is_end_known = transfer->manifest.is_end_known,
        .is_complete = transfer->is_origin ? transfer->origin.pending_count == 0 : transfer->member.is_complete,
        .is_ended = transfer->is_ended,
        .is_fed = !transfer->is_origin && transfer->member.was_upstream_here && transfer->member.orphaned_at == FR_TIME_NEVER,
        .failure = transfer->failure,
    };
    if (transfer->manifest.is_end_known) {
        ret_view->root = transfer->manifest.end.root;
        ret_view->sha256 = transfer->manifest.end.sha256;
    }
}

/* Of the first groups we know what we gave, of others what they say they own. */
static uint32_t chunks_given(const struct fr_transfer *transfer, uint32_t node) {
    for (uint32_t i = 0; i < transfer->feed_count; i++) {
        const struct fr_feed *feed = transfer->feeds[i];
        uint32_t first = transfer->origin.first_nodes[feed->roster->group_index];

        if (node >= first && node < first + feed->roster->member_count)
            return feed->dispatch.children[node - first].given_total;
    }
    return transfer->origin.results[node].figures.chunks_owned;
}

void fr_transfer_node_result(const struct fr_transfer *transfer, uint32_t node, struct fr_member_result *ret_result) {
    fr_assert(transfer->is_origin && node < transfer->origin.node_count);
    *ret_result = transfer->origin.results[node];
    ret_result->chunks_given = chunks_given(transfer, node);
}

uint64_t fr_transfer_origin_bytes_sent(const struct fr_transfer *transfer) { return transfer->origin.bytes_sent; }
