/* SPDX-License-Identifier: Apache-2.0 */
/* One object being received: see receive.h for its states. */
#include "node/receive.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"
#include "node/driver.h"
#include "node/partial.h"
#include "node/refuse.h"
#include "node/room.h"

enum { WAITING_LINKS_MAX = FR_GROUP_NODES_MAX + 8 }; /* every member and whoever feeds us, and a few that dial again */

/* A link that came before the store was ready. Its OPEN is kept as it came. */
struct waiting {
    struct fr_receive *receive;
    struct fr_conn *conn; /* NULL: gone meanwhile */
    struct fr_msg_open open;
    uint8_t *blobs;
};

struct fr_receive {
    struct fr_receive_options options;
    struct fr_opening opening;
    struct fr_roster roster;
    struct fr_journal journal;
    enum fr_receive_state state;
    fr_time_ns began_at;
    fr_time_ns settled_at; /* FR_TIME_NEVER: not yet */
    struct fr_partial *partial;
    struct fr_driver *driver; /* while RUNNING, and until it is gone */
    bool has_traced_complete, is_complete, is_settled;
    bool is_stopped;                   /* while PREPARING */
    uint64_t bytes_have, object_bytes; /* the last that was known, for status */
    uint64_t bytes_from_upstream, bytes_from_peers;
    uint32_t waiting_count;
    struct waiting *waiting[WAITING_LINKS_MAX];
};

/* ---------------------------------------------------------------------------------------------------- waiting links */

static void free_waiting(struct waiting *waiting) {
    fr_free(waiting->blobs);
    fr_free(waiting);
}

static void drop_waiting(struct waiting *waiting) {
    struct fr_receive *receive = waiting->receive;
    for (uint32_t i = 0; i < receive->waiting_count; i++) {
        if (receive->waiting[i] == waiting) {
            receive->waiting[i] = receive->waiting[--receive->waiting_count];
            free_waiting(waiting);
            return;
        }
    }
    fr_assert(false);
}

/* The other side must wait for ACCEPT; it may only ask whether we are alive, or leave. */
static void on_waiting_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct waiting *waiting = user;
    uint8_t pong[FR_FRAME_HEAD_BYTES];
    (void) body;
    if (type == FR_FRAME_PING && bytes == 0) {
        fr_conn_send(conn, pong, fr_empty_encode(FR_FRAME_PONG, pong, sizeof pong));
        return;
    }
    drop_waiting(waiting);
    if (type == FR_FRAME_BYE || type == FR_FRAME_ABORT)
        fr_conn_close(conn);
    else
        fr_refuse(conn, FR_REFUSAL_PROTOCOL, "frames came before ACCEPT");
}

static struct fr_buffer *on_waiting_chunk(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    (void) chunk;
    (void) chunk_size;
    drop_waiting(user);
    fr_conn_close(conn);
    return NULL;
}

static void on_waiting_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    (void) conn;
    (void) failure;
    drop_waiting(user);
}

static const struct fr_conn_handlers waiting_handlers = {
    .on_frame = on_waiting_frame,
    .on_chunk_begin = on_waiting_chunk,
    .on_closed = on_waiting_closed,
};

/* The blobs and signatures of an OPEN lie in a frame that is gone after this turn. */
static int copy_open(struct waiting *waiting, const struct fr_msg_open *open) {
    uint8_t *at = fr_alloc((size_t) open->opening_bytes + open->roster_bytes + 2 * FR_SIGNATURE_BYTES);
    if (!at)
        return FR_E_MEMORY;
    waiting->blobs = at;
    waiting->open = *open;
    waiting->open.opening = memcpy(at, open->opening, open->opening_bytes);
    at += open->opening_bytes;
    waiting->open.roster = memcpy(at, open->roster, open->roster_bytes);
    at += open->roster_bytes;
    waiting->open.opening_signature = memcpy(at, open->opening_signature, FR_SIGNATURE_BYTES);
    at += FR_SIGNATURE_BYTES;
    waiting->open.roster_signature = memcpy(at, open->roster_signature, FR_SIGNATURE_BYTES);
    return 0;
}

static void let_wait(struct fr_receive *receive, struct fr_conn *conn, const struct fr_msg_open *open) {
    if (receive->waiting_count == WAITING_LINKS_MAX) {
        fr_refuse(conn, FR_REFUSAL_LIMIT, "too many links to one transfer");
        return;
    }
    struct waiting *waiting = fr_alloc_zeroed(1, sizeof *waiting);
    if (!waiting || copy_open(waiting, open)) {
        fr_free(waiting);
        fr_refuse(conn, FR_REFUSAL_LIMIT, "no memory");
        return;
    }
    waiting->receive = receive;
    waiting->conn = conn;
    receive->waiting[receive->waiting_count++] = waiting;
    fr_conn_set_handlers(conn, &waiting_handlers, waiting);
}

static void refuse_waiting(struct fr_receive *receive, enum fr_refusal refusal, const char *text) {
    for (uint32_t i = 0; i < receive->waiting_count; i++) {
        fr_refuse(receive->waiting[i]->conn, refusal, text);
        free_waiting(receive->waiting[i]);
    }
    receive->waiting_count = 0;
}

/* --------------------------------------------------------------------------------------------------- role of the driver */

static void remember_progress(struct fr_receive *receive) {
    struct fr_transfer_view view;
    fr_transfer_view(fr_driver_transfer(receive->driver), &view);
    receive->bytes_have = view.bytes_have;
    receive->object_bytes = view.object_bytes;
}

static void settle(struct fr_receive *receive, bool is_complete, fr_time_ns now) {
    if (receive->is_settled)
        return;
    receive->is_settled = true;
    receive->is_complete = is_complete;
    receive->settled_at = now;
    receive->options.on_settled(receive->options.user, receive, is_complete);
}

static void say_complete(struct fr_receive *receive, fr_time_ns now) {
    char name[FR_QUOTED_MAX], seconds[32];
    snprintf(seconds, sizeof seconds, "%.3f", (double) fr_time_since(now, receive->began_at) / (double) FR_SECOND);
    fr_journal_say(&receive->journal, FR_LOG_INFO, "complete",
                   "name=%s bytes=%llu seconds=%s bytes_from_upstream=%llu bytes_from_peers=%llu bytes_kept=%llu",
                   fr_quote(receive->opening.name, name), (unsigned long long) receive->object_bytes, seconds,
                   (unsigned long long) receive->bytes_from_upstream, (unsigned long long) receive->bytes_from_peers,
                   (unsigned long long) (receive->object_bytes - receive->bytes_from_upstream - receive->bytes_from_peers));
}

static void take_trace(void *user, const struct fr_trace *trace) {
    struct fr_receive *receive = user;
    if (trace->type == FR_TRACE_COMPLETE)
        receive->has_traced_complete = true; /* noticed when the transfer may be asked again */
    fr_journal_trace(&receive->journal, trace);
}

static void notice_complete(void *user) {
    struct fr_receive *receive = user;
    if (!receive->has_traced_complete || receive->is_settled)
        return;
    fr_time_ns now = uv_hrtime();
    remember_progress(receive);
    say_complete(receive, now);
    settle(receive, true, now);
}

static struct fr_chunk_source chunk_source(void *user) {
    struct fr_receive *receive = user;
    return fr_partial_chunk_source(receive->partial);
}

static void store_chunk(void *user, const struct fr_action *action, bool is_upstream) {
    struct fr_receive *receive = user;
    const struct fr_partial_chunk chunk = {
        .link = action->link,
        .chunk = action->chunk,
        .offset = action->chunk_offset,
        .buffer = action->buffer,
        .digest = action->digest,
        .is_upstream = is_upstream,
    };
    fr_partial_store(receive->partial, &chunk);
}

static void reuse_chunk(void *user, const struct fr_action *action) {
    struct fr_receive *receive = user;
    const struct fr_partial_look look = {
        .chunk = action->chunk, .offset = action->chunk_offset, .count = action->count, .digest = action->digest};
    fr_partial_reuse(receive->partial, &look);
}

static void finish_object(void *user) {
    struct fr_receive *receive = user;
    struct fr_transfer_view view;
    fr_transfer_view(fr_driver_transfer(receive->driver), &view);
    fr_partial_commit(receive->partial, &view);
}

static void on_ended(void *user) {
    struct fr_receive *receive = user;
    notice_complete(receive);
    remember_progress(receive);
    fr_journal_say(&receive->journal, FR_LOG_DEBUG, "ended", "complete=%d", receive->is_complete);
    receive->state = FR_RECEIVE_CLOSING;
    settle(receive, false, uv_hrtime());
    fr_driver_close(receive->driver);
}

static void on_driver_gone(void *user) {
    struct fr_receive *receive = user;
    receive->driver = NULL;
    fr_partial_close(receive->partial);
}

static const struct fr_driver_role member_role = {
    .chunk_source = chunk_source,
    .store = store_chunk,
    .reuse = reuse_chunk,
    .finish = finish_object,
    .on_turn = notice_complete,
    .on_ended = on_ended,
    .on_gone = on_driver_gone,
};

/* --------------------------------------------------------------------------------------------------- starting to run */

static struct fr_cache_options cache_options(const struct fr_receive *receive) {
    uint32_t chunk_bytes = receive->opening.chunk_bytes;
    return (struct fr_cache_options){.chunk_bytes = chunk_bytes,
                                     .buffer_max = fr_room_buffers(chunk_bytes, receive->roster.member_count),
                                     .kept_max = fr_room_kept(chunk_bytes)};
}

static int make_transfer(struct fr_receive *receive, const struct fr_msg_open *open, struct fr_transfer **ret_transfer) {
    const struct fr_partial_held held = fr_partial_held(receive->partial);
    fr_time_ns now = uv_hrtime();
    struct fr_member_options options = {
        .key = receive->options.key,
        .open = open,
        .opening = &receive->opening,
        .roster = &receive->roster,
        .timing = receive->options.timing,
        .observer = {.on_trace = take_trace, .user = receive},
        .seed = now,
    };
    options.is_holding = held.is_any;
    options.looks_at_all = held.has_kept;
    if (held.record) {
        options.held_digests = held.record->digests ? held.record->digests : &held.record->root; /* an empty object has none */
        options.held_count = held.record->chunk_count;
        options.held_root = held.record->root;
    }
    return fr_transfer_new_member(&options, now, ret_transfer);
}

static int make_driver(struct fr_receive *receive, const struct fr_msg_open *open) {
    struct fr_transfer *transfer;
    int rc = make_transfer(receive, open, &transfer);
    if (rc)
        return rc;
    const struct fr_driver_options options = {
        .loop = receive->options.loop,
        .tls = receive->options.tls,
        .transfer = transfer,
        .role = &member_role,
        .user = receive,
        .cache = cache_options(receive),
        .handshake_timeout = receive->options.timing.connect,
        .silence_timeout = receive->options.timing.silence,
    };
    return fr_driver_new(&options, &receive->driver);
}

static void close_unstarted(struct fr_receive *receive, enum fr_refusal refusal, const char *text) {
    char why[FR_QUOTED_MAX];
    if (receive->waiting_count == 0)
        fr_journal_say_limited(&receive->journal, uv_hrtime(), FR_LOG_INFO, "left", "why=\"who asked is gone\"");
    else
        fr_journal_say_limited(&receive->journal, uv_hrtime(), FR_LOG_WARNING, "refused", "reason=%s why=%s", fr_refusal_name(refusal),
                               fr_quote(text, why));
    refuse_waiting(receive, refusal, text);
    receive->state = FR_RECEIVE_CLOSING;
    fr_partial_close(receive->partial);
}

static void run(struct fr_receive *receive) {
    uint32_t first = 0; /* the upstream, if it is among them */
    for (uint32_t i = 0; i < receive->waiting_count; i++) {
        if (receive->waiting[i]->open.from >= FR_MEMBER_ABOVE)
            first = i;
    }
    int rc = make_driver(receive, &receive->waiting[first]->open);
    if (rc) {
        close_unstarted(receive, fr_refusal_of(rc), fr_error_text(rc));
        return;
    }
    receive->state = FR_RECEIVE_RUNNING;
    for (uint32_t i = 0; i < receive->waiting_count; i++) {
        struct waiting *waiting = receive->waiting[i];
        fr_driver_adopt(receive->driver, waiting->conn, &waiting->open);
        free_waiting(waiting);
    }
    receive->waiting_count = 0;
    fr_driver_pump(receive->driver);
}

static void on_prepared(void *user, const struct fr_failure *failure) {
    struct fr_receive *receive = user;
    if (failure->error)
        close_unstarted(receive, fr_refusal_of(failure->error), failure->text);
    else if (receive->is_stopped || receive->waiting_count == 0)
        close_unstarted(receive, FR_REFUSAL_STOPPING, "this node is shutting down");
    else
        run(receive);
}

/* ------------------------------------------------------------------------------------------------ what the disk answers */

static void on_stored(void *user, const struct fr_partial_chunk *chunk, enum fr_store_outcome outcome, const struct fr_failure *failure) {
    struct fr_receive *receive = user;
    if (receive->state != FR_RECEIVE_RUNNING) {
        fr_buffer_unref(chunk->buffer);
        return;
    }
    if (outcome == FR_STORE_OK) {
        if (chunk->is_upstream)
            receive->bytes_from_upstream += chunk->buffer->bytes;
        else
            receive->bytes_from_peers += chunk->buffer->bytes;
        if (chunk->is_upstream) /* what upstream gave is ours to relay now; what peers relayed is seldom asked of us */
            fr_cache_keep(fr_driver_cache(receive->driver), chunk->chunk, chunk->buffer, false);
    }
    fr_buffer_unref(chunk->buffer);
    fr_transfer_on_chunk_stored(fr_driver_transfer(receive->driver), chunk->link, chunk->chunk, outcome, failure, uv_hrtime());
}

static void on_stored_all(void *user) {
    struct fr_receive *receive = user;
    if (receive->state == FR_RECEIVE_RUNNING)
        fr_driver_pump(receive->driver);
}

static void on_looked(void *user, fr_chunk_index chunk, enum fr_store_outcome outcome, const struct fr_failure *failure) {
    struct fr_receive *receive = user;
    if (receive->state != FR_RECEIVE_RUNNING)
        return;
    fr_transfer_on_chunk_stored(fr_driver_transfer(receive->driver), FR_LINK_NONE, chunk, outcome, failure, uv_hrtime());
    fr_driver_pump(receive->driver);
}

static void on_failed(void *user, const struct fr_failure *failure) {
    struct fr_receive *receive = user;
    if (receive->state != FR_RECEIVE_RUNNING)
        return;
    fr_transfer_on_failed(fr_driver_transfer(receive->driver), failure, uv_hrtime());
    fr_driver_pump(receive->driver);
}

static void on_committed(void *user, const struct fr_failure *failure) {
    struct fr_receive *receive = user;
    if (receive->state != FR_RECEIVE_RUNNING)
        return;
    fr_transfer_on_finished(fr_driver_transfer(receive->driver), failure, uv_hrtime());
    fr_driver_pump(receive->driver);
}

static void on_partial_closed(void *user) {
    struct fr_receive *receive = user;
    receive->options.on_gone(receive->options.user, receive);
    fr_free(receive);
}

static const struct fr_partial_events partial_events = {
    .on_prepared = on_prepared,
    .on_stored = on_stored,
    .on_stored_all = on_stored_all,
    .on_looked = on_looked,
    .on_failed = on_failed,
    .on_committed = on_committed,
    .on_closed = on_partial_closed,
};

/* ------------------------------------------------------------------------------------------------------- outside calls */

int fr_receive_new(const struct fr_receive_options *options, struct fr_receive **ret_receive) {
    struct fr_receive *receive = fr_alloc_zeroed(1, sizeof *receive);
    if (!receive)
        return FR_E_MEMORY;
    receive->options = *options;
    receive->opening = *options->opening;
    receive->roster = *options->roster;
    receive->began_at = uv_hrtime();
    receive->settled_at = FR_TIME_NEVER;
    receive->object_bytes = receive->opening.object_bytes;
    fr_journal_init(&receive->journal, options->log, receive->opening.transfer_id, receive->began_at);
    const struct fr_partial_options partial_options = {
        .loop = options->loop, .store = options->store, .opening = &receive->opening, .events = &partial_events, .user = receive};
    if (fr_partial_new(&partial_options, &receive->partial)) {
        fr_free(receive);
        return FR_E_MEMORY;
    }
    char name[FR_QUOTED_MAX];
    fr_journal_say(&receive->journal, FR_LOG_INFO, "open", "name=%s bytes=%lld chunk_bytes=%u members=%u",
                   fr_quote(receive->opening.name, name), (long long) receive->opening.object_bytes, receive->opening.chunk_bytes,
                   receive->roster.member_count);
    *ret_receive = receive;
    return 0;
}

void fr_receive_add_link(struct fr_receive *receive, struct fr_conn *conn, const struct fr_msg_open *open) {
    fr_assert(receive->state != FR_RECEIVE_CLOSING);
    if (receive->state == FR_RECEIVE_PREPARING)
        let_wait(receive, conn, open);
    else
        fr_driver_adopt(receive->driver, conn, open);
}

void fr_receive_stop(struct fr_receive *receive, const char *why) {
    if (receive->state == FR_RECEIVE_PREPARING)
        receive->is_stopped = true;
    if (receive->state != FR_RECEIVE_RUNNING)
        return;
    fr_transfer_on_stop(fr_driver_transfer(receive->driver), why, uv_hrtime());
    fr_driver_pump(receive->driver);
}

enum fr_receive_state fr_receive_state(const struct fr_receive *receive) { return receive->state; }

const struct fr_opening *fr_receive_opening(const struct fr_receive *receive) { return &receive->opening; }

bool fr_receive_knows_open(const struct fr_receive *receive, const struct fr_msg_open *open) {
    return receive->state == FR_RECEIVE_RUNNING && !fr_driver_has_ended(receive->driver) &&
        fr_transfer_knows_open(fr_driver_transfer(receive->driver), open);
}

bool fr_receive_is_complete(const struct fr_receive *receive) { return receive->is_complete; }

bool fr_receive_is_orphaned(const struct fr_receive *receive) {
    struct fr_transfer_view view;
    if (receive->state != FR_RECEIVE_RUNNING)
        return false;
    fr_transfer_view(fr_driver_transfer(receive->driver), &view);
    return !view.is_fed;
}

void fr_receive_describe(const struct fr_receive *receive, fr_time_ns now, struct fr_status_transfer *ret_status) {
    struct fr_transfer_view view = {.bytes_have = receive->bytes_have, .object_bytes = receive->object_bytes};
    if (receive->state == FR_RECEIVE_RUNNING)
        fr_transfer_view(fr_driver_transfer(receive->driver), &view);
    fr_time_ns until = receive->settled_at == FR_TIME_NEVER ? now : receive->settled_at;
    memcpy(ret_status->transfer_id, receive->opening.transfer_id, FR_TRANSFER_ID_BYTES);
    ret_status->name = (struct fr_text){.bytes = receive->opening.name, .count = (uint32_t) strlen(receive->opening.name)};
    ret_status->bytes_have = view.bytes_have;
    ret_status->object_bytes = view.object_bytes;
    ret_status->elapsed_ns = fr_time_since(until, receive->began_at);
    ret_status->state = receive->is_complete ? 1 : receive->is_settled ? 2 : 0;
}
