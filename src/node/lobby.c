/* SPDX-License-Identifier: Apache-2.0 */
/* Visitors before they belong to a transfer: see lobby.h. */
#include "node/lobby.h"

#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "node/refuse.h"

enum { SWEEP_MS = 500 };

struct visitor {
    struct fr_lobby *lobby;
    struct fr_conn *conn;
    fr_time_ns came_at;
    struct fr_door door;
};

struct fr_lobby {
    struct fr_lobby_options options;
    uv_timer_t sweep; /* runs while somebody is here */
    uint32_t visitor_count;
    struct visitor *visitors[FR_LOBBY_VISITORS_MAX];
};

static void remove_visitor(struct visitor *visitor) {
    struct fr_lobby *lobby = visitor->lobby;
    for (uint32_t i = 0; i < lobby->visitor_count; i++) {
        if (lobby->visitors[i] != visitor)
            continue;
        lobby->visitors[i] = lobby->visitors[--lobby->visitor_count];
        fr_free(visitor);
        if (lobby->visitor_count == 0)
            uv_timer_stop(&lobby->sweep);
        return;
    }
    fr_assert(false);
}

static void log_sent_away(struct visitor *visitor, const char *event, const char *why) {
    char quoted[FR_QUOTED_MAX];
    fr_journal_say_limited(visitor->lobby->options.journal, uv_hrtime(), FR_LOG_WARNING, event, "peer=%s why=%s",
                           fr_conn_peer(visitor->conn), fr_quote(why, quoted));
}

static void on_ready(struct fr_conn *conn, void *user) {
    (void) conn; /* HELLO waits in its queue since it came */
    (void) user;
}

static void on_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct visitor *visitor = user;
    const struct fr_lobby_options *options = &visitor->lobby->options;
    switch (fr_door_on_frame(&visitor->door, type, body, bytes)) {
    case FR_DOOR_WAIT: return;
    case FR_DOOR_OPEN: options->on_open(options->user, conn, &visitor->door); break;
    case FR_DOOR_STATUS: options->on_status(options->user, conn); break;
    case FR_DOOR_REFUSE:
        log_sent_away(visitor, "refused", visitor->door.why);
        fr_refuse(conn, visitor->door.refusal, visitor->door.why);
        break;
    case FR_DOOR_CLOSE:
        log_sent_away(visitor, "link-dropped", visitor->door.why);
        fr_conn_close(conn);
        break;
    }
    remove_visitor(visitor);
}

static struct fr_buffer *on_chunk_begin(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    struct visitor *visitor = user;
    (void) chunk;
    (void) chunk_size;
    log_sent_away(visitor, "link-dropped", "a chunk came before OPEN");
    fr_conn_close(conn);
    remove_visitor(visitor);
    return NULL;
}

static void on_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    struct visitor *visitor = user;
    (void) conn;
    log_sent_away(visitor, "link-dropped", failure->text[0] ? failure->text : fr_error_text(failure->error));
    remove_visitor(visitor);
}

static const struct fr_conn_handlers visitor_handlers = {
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_chunk_begin = on_chunk_begin,
    .on_closed = on_closed,
};

static void sweep_visitors(uv_timer_t *timer) {
    struct fr_lobby *lobby = timer->data;
    fr_time_ns now = uv_hrtime();
    for (uint32_t i = lobby->visitor_count; i-- > 0;) {
        struct visitor *visitor = lobby->visitors[i];
        if (fr_time_since(now, visitor->came_at) < FR_LOBBY_SECONDS_MAX * FR_SECOND)
            continue;
        log_sent_away(visitor, "link-dropped", "it did not say what it wants in time");
        fr_conn_close(visitor->conn);
        remove_visitor(visitor);
    }
}

static void greet(struct visitor *visitor) {
    uint8_t hello[128];
    fr_conn_send(visitor->conn, hello, fr_door_hello(hello, sizeof hello));
}

/* Full: whoever has been here longest without a word gives way, so that a crowd of strangers who say nothing keeps nobody out for long. */
static void make_room(struct fr_lobby *lobby) {
    struct visitor *oldest = lobby->visitors[0];
    for (uint32_t i = 1; i < lobby->visitor_count; i++) {
        struct visitor *visitor = lobby->visitors[i];
        if (visitor->door.has_hello < oldest->door.has_hello ||
            (visitor->door.has_hello == oldest->door.has_hello && visitor->came_at < oldest->came_at))
            oldest = visitor;
    }
    log_sent_away(oldest, "link-dropped", "too many new connections at once");
    fr_conn_close(oldest->conn);
    remove_visitor(oldest);
}

void fr_lobby_take(struct fr_lobby *lobby, int socket) {
    const struct fr_conn_options conn_options = {
        .loop = lobby->options.loop,
        .tls = lobby->options.tls,
        .handshake_timeout = FR_LOBBY_SECONDS_MAX * FR_SECOND,
        .silence_timeout = lobby->options.silence_timeout,
        .limits = lobby->options.limits,
    };
    if (lobby->visitor_count == FR_LOBBY_VISITORS_MAX)
        make_room(lobby);
    struct visitor *visitor = fr_alloc_zeroed(1, sizeof *visitor);
    if (!visitor) {
        close(socket);
        return;
    }
    visitor->lobby = lobby;
    visitor->came_at = uv_hrtime();
    fr_door_init(&visitor->door, lobby->options.key, lobby->options.key_bytes);
    visitor->door.is_verified = lobby->options.is_verified;
    visitor->door.user = lobby->options.user;
    if (fr_conn_adopt(&conn_options, socket, &visitor_handlers, visitor, &visitor->conn)) {
        fr_free(visitor);
        return;
    }
    lobby->visitors[lobby->visitor_count++] = visitor;
    if (lobby->visitor_count == 1)
        uv_timer_start(&lobby->sweep, sweep_visitors, SWEEP_MS, SWEEP_MS);
    greet(visitor);
}

int fr_lobby_new(const struct fr_lobby_options *options, struct fr_lobby **ret_lobby) {
    struct fr_lobby *lobby = fr_alloc_zeroed(1, sizeof *lobby);
    if (!lobby)
        return FR_E_MEMORY;
    lobby->options = *options;
    uv_timer_init(options->loop, &lobby->sweep);
    lobby->sweep.data = lobby;
    *ret_lobby = lobby;
    return 0;
}

static void free_lobby(uv_handle_t *handle) { fr_free(handle->data); }

void fr_lobby_close(struct fr_lobby *lobby) {
    if (!lobby)
        return;
    while (lobby->visitor_count > 0) {
        struct visitor *visitor = lobby->visitors[lobby->visitor_count - 1];
        if (visitor->door.has_hello)
            fr_refuse(visitor->conn, FR_REFUSAL_STOPPING, "this node is shutting down");
        else
            fr_conn_close(visitor->conn);
        remove_visitor(visitor);
    }
    uv_close((uv_handle_t *) &lobby->sweep, free_lobby);
}
