/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: dialled or adopted, handshake, ready, closed. conn_inside.h shows its states; conn_read.c and conn_write.c
 * are its two halves while it is up. */
#include "net/conn_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"

enum {
    UNSENT_BYTES = 64 << 10, /* what the kernel may hold unsent, unless told otherwise */
    LEAVE_MS = 2000,         /* for the last words and the other side's end */
    KEEPALIVE_SECONDS = 20,  /* unless silence_timeout says otherwise */
    KEEPALIVE_PROBES = 3,
};

static uint64_t to_ms(fr_time_ns ns) { return (ns + FR_MS - 1) / FR_MS; }

/* ---- the end ---- */

static void on_handle_closed(uv_handle_t *handle) {
    struct fr_conn *conn = handle->data;
    fr_assert(conn->handles_open > 0);
    if (--conn->handles_open == 0)
        fr_free(conn);
}

/* No share of a rate is waited for any more. */
static void stop_waiting(struct fr_conn *conn) {
    if (conn->options.limits.out) {
        fr_limiter_leave(conn->options.limits.out, &conn->out_turn);
        fr_limiter_unwatch(conn->options.limits.out, &conn->out_path);
    }
    if (conn->options.limits.in)
        fr_limiter_leave(conn->options.limits.in, &conn->in_turn);
}

/* Everything goes but the memory of the handles, which libuv still looks at. */
static void let_go(struct fr_conn *conn) {
    struct fr_failure ignored = {0};
    fr_assert(conn->state != FR_CONN_GONE);
    conn->state = FR_CONN_GONE;
    fr_connect_cancel(conn->attempt);
    conn->attempt = NULL;
    stop_waiting(conn);
    if (conn->tls)
        fr_tls_flush(conn->tls, &ignored); /* an alert that says why, if the socket takes it */
    fr_tls_free(conn->tls);
    conn->tls = NULL;
    fr_outbox_done(&conn->outbox);
    fr_reader_done(&conn->reader);
    uv_close((uv_handle_t *) &conn->timer, on_handle_closed);
    uv_close((uv_handle_t *) &conn->kick, on_handle_closed);
    if (conn->socket >= 0) {
        uv_close((uv_handle_t *) &conn->poll, on_handle_closed);
        close(conn->socket);
        conn->socket = -1;
    }
}

void fr_conn_fail(struct fr_conn *conn, const struct fr_failure *why) {
    struct fr_failure failure = {0};
    fr_assert(conn->state != FR_CONN_GONE);
    bool is_told = conn->state != FR_CONN_LEAVING;
    fr_failure_set(&failure, why->error, 0, "%s %s", conn->label, why->text);
    failure.sys_errno = why->sys_errno;
    let_go(conn);
    if (is_told)
        conn->handlers.on_closed(conn, conn->user, &failure);
}

void fr_conn_fail_with(struct fr_conn *conn, int error, const char *what) {
    struct fr_failure why = {0};
    fr_failure_set(&why, error, 0, "%s", what);
    fr_conn_fail(conn, &why);
}

void fr_conn_fail_by_socket(struct fr_conn *conn) {
    struct fr_failure why = {0};
    int sys_errno = 0;
    socklen_t bytes = sizeof sys_errno;
    if (getsockopt(conn->socket, SOL_SOCKET, SO_ERROR, &sys_errno, &bytes) != 0 || sys_errno == 0)
        sys_errno = ECONNRESET;
    fr_failure_set(&why, fr_error_from_errno(sys_errno), sys_errno, "is gone");
    fr_conn_fail(conn, &why);
}

static void on_leave_timeout(uv_timer_t *timer) { let_go(timer->data); }

void fr_conn_close(struct fr_conn *conn) {
    fr_assert(conn->state < FR_CONN_LEAVING);
    if (conn->state != FR_CONN_READY || conn->doom.error != 0) {
        let_go(conn);
        return;
    }
    conn->state = FR_CONN_LEAVING;
    stop_waiting(conn);
    fr_outbox_drop_chunks(&conn->outbox);
    uv_timer_start(&conn->timer, on_leave_timeout, LEAVE_MS, 0);
    fr_conn_kick(conn);
}

/* ---- the loop ---- */

static void shake_hands(struct fr_conn *conn);

/* The socket has an error, and libuv has stopped watching it. What came before the error can still be read, and so can the error:
 * asking for SO_ERROR first would take it away. */
static void on_socket_error(struct fr_conn *conn) {
    conn->poll_mask = 0;
    if (conn->state == FR_CONN_READY) {
        conn->is_half_dead = true;
        fr_conn_pump_in(conn);
        return;
    }
    if (conn->state == FR_CONN_SHAKING_HANDS)
        shake_hands(conn);
    if (conn->state == FR_CONN_SHAKING_HANDS || conn->state == FR_CONN_LEAVING)
        fr_conn_fail_by_socket(conn);
}

static void on_readable(struct fr_conn *conn) {
    if (conn->state == FR_CONN_SHAKING_HANDS)
        shake_hands(conn);
    else if (conn->state == FR_CONN_LEAVING)
        fr_conn_discard(conn);
    else if (fr_reader_is_waiting(&conn->reader) || conn->in_turn.is_waiting)
        fr_conn_watch(conn, conn->poll_mask & ~UV_READABLE); /* Only now: often the buffer, or the turn, comes first. */
    else
        fr_conn_pump_in(conn);
}

static void on_writable(struct fr_conn *conn) {
    if (conn->state == FR_CONN_SHAKING_HANDS)
        shake_hands(conn);
    else if (conn->is_write_blocked || (!fr_outbox_is_empty(&conn->outbox) && !conn->out_turn.is_waiting))
        fr_conn_pump_out(conn);
    else
        fr_conn_watch(conn, conn->poll_mask & ~UV_WRITABLE); /* Only now: often more to send comes first. */
    if (conn->state == FR_CONN_READY && conn->is_read_kicked && !conn->is_write_blocked)
        fr_conn_kick(conn);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct fr_conn *conn = poll->data;
    if (status < 0) {
        on_socket_error(conn);
        return;
    }
    if (events & UV_READABLE)
        on_readable(conn);
    if (conn->state != FR_CONN_GONE && (events & UV_WRITABLE))
        on_writable(conn);
}

void fr_conn_watch(struct fr_conn *conn, int mask) {
    if (mask == conn->poll_mask)
        return;
    conn->poll_mask = mask;
    int error = mask ? uv_poll_start(&conn->poll, mask, on_poll) : uv_poll_stop(&conn->poll);
    fr_assert(error == 0); /* They fail for a closing handle or a second handle on the descriptor only. */
}

static void on_kick(uv_idle_t *kick) {
    struct fr_conn *conn = kick->data;
    uv_idle_stop(kick);
    if (conn->doom.error != 0 && !conn->is_half_dead) {
        fr_conn_fail(conn, &conn->doom);
        return;
    }
    if (conn->state != FR_CONN_READY && conn->state != FR_CONN_LEAVING)
        return;
    bool is_to_read = conn->is_read_kicked;
    conn->is_read_kicked = false;
    if (!conn->is_write_blocked)
        fr_conn_pump_out(conn);
    if (is_to_read && conn->state == FR_CONN_READY)
        fr_conn_pump_in(conn);
}

void fr_conn_kick(struct fr_conn *conn) { uv_idle_start(&conn->kick, on_kick); /* does nothing when it is started already */ }

/* ---- the handshake ---- */

static void on_handshake_timeout(uv_timer_t *timer) {
    struct fr_conn *conn = timer->data;
    struct fr_failure why = {0};
    fr_failure_set(&why, FR_E_TIMEOUT, 0,
                   conn->is_dialler ? "took the connection and did not answer within %.3g s"
                                    : "connected and did not finish the handshake within %.3g s",
                   (double) to_ms(conn->options.handshake_timeout) / 1000);
    fr_conn_fail(conn, &why);
}

static void enter_ready(struct fr_conn *conn) {
    conn->state = FR_CONN_READY;
    if (conn->options.limits.out)
        fr_limiter_watch(conn->options.limits.out, &conn->out_path, conn->socket);
    uv_timer_stop(&conn->timer);
    conn->is_read_kicked = true; /* Frames may have come with the other side's last handshake message. */
    fr_conn_kick(conn);
    conn->handlers.on_ready(conn, conn->user);
}

static void shake_hands(struct fr_conn *conn) {
    struct fr_failure why = {0};
    switch (fr_tls_handshake(conn->tls, &why)) {
    case FR_TLS_OK: enter_ready(conn); return;
    case FR_TLS_WANT_READ: fr_conn_watch(conn, UV_READABLE); return;
    case FR_TLS_WANT_WRITE: fr_conn_watch(conn, UV_WRITABLE); return;
    case FR_TLS_EOF: fr_conn_fail_with(conn, FR_E_CLOSED, "closed the connection during the handshake"); return;
    case FR_TLS_FAILED: fr_conn_fail(conn, &why); return;
    }
}

static void set_option(int socket, int level, int name, int value) {
    setsockopt(socket, level, name, &value, sizeof value); /* Each one is an improvement, none is needed. */
}

static void set_up_socket(int socket, const struct fr_conn_options *options) {
    uint64_t silence_ms = to_ms(options->silence_timeout);
    int seconds = silence_ms ? (int) (silence_ms / 1000 / (KEEPALIVE_PROBES + 1)) : KEEPALIVE_SECONDS;
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int) (options->unsent_bytes_max ? options->unsent_bytes_max : UNSENT_BYTES));
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds > 0 ? seconds : 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds > 0 ? seconds : 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    if (silence_ms)
        set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) (silence_ms < INT32_MAX ? silence_ms : INT32_MAX));
}

/* Takes the connected socket over, closes it even on failure, and arms the handshake's timer. Returns 0, FR_E_MEMORY, FR_E_IO. */
static int begin_handshake(struct fr_conn *conn, int socket) {
    int error = uv_poll_init(conn->options.loop, &conn->poll, socket);
    if (error != 0) {
        close(socket);
        return error == UV_ENOMEM ? FR_E_MEMORY : FR_E_IO;
    }
    conn->poll.data = conn;
    conn->handles_open++;
    conn->socket = socket;
    conn->state = FR_CONN_SHAKING_HANDS;
    set_up_socket(socket, &conn->options);
    conn->tls = fr_tls_new(conn->options.tls, socket, conn->is_dialler);
    if (!conn->tls)
        return FR_E_MEMORY;
    uint64_t now_ms = uv_now(conn->options.loop);
    uv_timer_start(&conn->timer, on_handshake_timeout, conn->deadline_ms > now_ms ? conn->deadline_ms - now_ms : 0, 0);
    return 0;
}

/* ---- the beginning ---- */

static struct fr_conn *make(const struct fr_conn_options *options, const struct fr_conn_handlers *handlers, void *user) {
    fr_assert(options->handshake_timeout > 0);
    struct fr_conn *conn = fr_alloc_zeroed(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->options = *options;
    conn->handlers = *handlers;
    conn->user = user;
    conn->socket = -1;
    conn->out_turn = (struct fr_limiter_turn){.go = fr_conn_take_turn_out, .user = conn, .path = &conn->out_path};
    conn->in_turn = (struct fr_limiter_turn){.go = fr_conn_take_turn_in, .user = conn};
    fr_outbox_init(&conn->outbox);
    fr_reader_init(&conn->reader);
    return conn;
}

/* From here on the memory goes with the last handle. */
static void open_handles(struct fr_conn *conn) {
    uv_loop_t *loop = conn->options.loop;
    uv_update_time(loop); /* The loop's clock may be old when it has not run for a while. */
    conn->deadline_ms = uv_now(loop) + to_ms(conn->options.handshake_timeout);
    uv_timer_init(loop, &conn->timer);
    uv_idle_init(loop, &conn->kick);
    conn->timer.data = conn->kick.data = conn;
    conn->handles_open = 2;
}

static void on_dialled(void *user, int socket, const char *peer, const struct fr_failure *failure) {
    struct fr_conn *conn = user;
    conn->attempt = NULL;
    if (socket < 0) {
        struct fr_failure told = *failure; /* It names the address itself. */
        let_go(conn);
        conn->handlers.on_closed(conn, conn->user, &told);
        return;
    }
    if (strcmp(conn->peer, peer) != 0)
        snprintf(conn->label, sizeof conn->label, "%s (%s)", conn->peer, peer);
    snprintf(conn->peer, sizeof conn->peer, "%s", peer);
    int error = begin_handshake(conn, socket);
    if (error != 0)
        fr_conn_fail_with(conn, error, "cannot be talked to: no memory for a connection");
    else
        shake_hands(conn);
}

int fr_conn_dial(const struct fr_conn_options *options, const char *address, const struct fr_conn_handlers *handlers, void *user,
                 struct fr_conn **ret_conn) {
    struct fr_conn *conn = make(options, handlers, user);
    if (!conn)
        return FR_E_MEMORY;
    int error = fr_connect_start(options->loop, address, options->handshake_timeout, on_dialled, conn, &conn->attempt);
    if (error != 0) {
        fr_free(conn);
        return error;
    }
    conn->is_dialler = true;
    snprintf(conn->peer, sizeof conn->peer, "%s", address);
    snprintf(conn->label, sizeof conn->label, "%s", address);
    open_handles(conn);
    *ret_conn = conn;
    return 0;
}

int fr_conn_adopt(const struct fr_conn_options *options, int socket, const struct fr_conn_handlers *handlers, void *user,
                  struct fr_conn **ret_conn) {
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    struct fr_conn *conn = make(options, handlers, user);
    if (!conn) {
        close(socket);
        return FR_E_MEMORY;
    }
    getpeername(socket, (struct sockaddr *) &address, &bytes); /* "unknown" when it is gone already */
    fr_endpoint_format((struct sockaddr *) &address, conn->peer, sizeof conn->peer);
    memcpy(conn->label, conn->peer, sizeof conn->peer);
    open_handles(conn);
    int error = begin_handshake(conn, socket);
    if (error != 0) {
        let_go(conn);
        return error;
    }
    fr_conn_watch(conn, UV_READABLE);
    *ret_conn = conn;
    return 0;
}

void fr_conn_set_handlers(struct fr_conn *conn, const struct fr_conn_handlers *handlers, void *user) {
    conn->handlers = *handlers;
    conn->user = user;
}

const char *fr_conn_peer(const struct fr_conn *conn) { return conn->peer; }

struct fr_conn_limits fr_conn_limits(const struct fr_conn *conn) {
    return conn->options.limits;
}

fr_time_ns fr_conn_heard_at(const struct fr_conn *conn) { return conn->in_turn.is_waiting ? uv_hrtime() : conn->heard_at; }
