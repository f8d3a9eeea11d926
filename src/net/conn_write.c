/* SPDX-License-Identifier: Apache-2.0 */
/* The sending half of a connection: outbox -> TLS -> socket. */
#include "net/conn_inside.h"

#include "base/check.h"
#include "base/failure.h"

/* Bytes one connection may send in one turn of the loop, so that one fast link does not hold up the others. */
enum { TURN_BYTES = 1 << 20 };

void fr_conn_send(struct fr_conn *conn, const uint8_t *frame, size_t bytes) {
    if (conn->state >= FR_CONN_LEAVING || conn->doom.error != 0)
        return;
    int error = fr_outbox_push_frame(&conn->outbox, frame, bytes);
    if (error == FR_E_LIMIT)
        fr_failure_set(&conn->doom, error, 0, "does not read: %d MiB of control frames wait for it", FR_OUTBOX_FRAMES_BYTES_MAX >> 20);
    else if (error != 0)
        fr_failure_set(&conn->doom, error, 0, "is given up: no memory for a frame");
    if (error != 0 || (conn->state == FR_CONN_READY && !conn->is_write_blocked))
        fr_conn_kick(conn);
}

void fr_conn_send_chunk(struct fr_conn *conn, fr_chunk_index chunk, struct fr_buffer *buffer) {
    if (conn->state >= FR_CONN_LEAVING || conn->doom.error != 0)
        return;
    if (fr_outbox_push_chunk(&conn->outbox, chunk, buffer) != 0)
        fr_failure_set(&conn->doom, FR_E_MEMORY, 0, "is given up: no memory for a chunk");
    if (conn->doom.error != 0 || (conn->state == FR_CONN_READY && !conn->is_write_blocked))
        fr_conn_kick(conn);
}

/* Sending failed. What the other side said before it went (a refusal, a goodbye) is still to be read and worth more. */
static void lose_write_half(struct fr_conn *conn, const struct fr_failure *why) {
    if (conn->state == FR_CONN_LEAVING) {
        fr_conn_fail(conn, why);
        return;
    }
    fr_failure_set(&conn->doom, why->error, 0, "%s", why->text);
    conn->doom.sys_errno = why->sys_errno;
    conn->is_half_dead = true;
    conn->is_read_kicked = true;
    fr_conn_kick(conn);
}

/* Everything the owner wanted to say is in the socket. */
static void say_goodbye(struct fr_conn *conn) {
    if (conn->has_said_goodbye)
        return;
    conn->has_said_goodbye = true;
    fr_tls_close_notify(conn->tls);
    shutdown(conn->socket, SHUT_WR);
    fr_conn_watch(conn, UV_READABLE);
}

void fr_conn_flush(struct fr_conn *conn) {
    struct fr_failure why = {0};
    switch (fr_tls_flush(conn->tls, &why)) {
    case FR_TLS_OK:
        conn->is_write_blocked = false;
        if (conn->state == FR_CONN_LEAVING && fr_outbox_is_empty(&conn->outbox))
            say_goodbye(conn);
        return;
    case FR_TLS_WANT_WRITE:
        conn->is_write_blocked = true;
        fr_conn_watch(conn, conn->poll_mask | UV_WRITABLE);
        return;
    case FR_TLS_WANT_READ:
    case FR_TLS_EOF:
    case FR_TLS_FAILED: lose_write_half(conn, &why); return;
    }
}

void fr_conn_take_turn_out(void *user) {
    struct fr_conn *conn = user;
    if (!conn->is_write_blocked) /* else it asks again when the socket takes more */
        fr_conn_pump_out(conn);
}

/* How many of the next `room` bytes may go now, by the rate. Frames need not wait; nor does what is left to say at the end. */
static size_t ask(struct fr_conn *conn, size_t room) {
    struct fr_limiter *limiter = conn->options.limits.out;
    if (!limiter || conn->state != FR_CONN_READY || !fr_outbox_is_at_chunk(&conn->outbox))
        return room;
    return fr_limiter_ask(limiter, &conn->out_turn, room, conn->outbox.begun_bytes > 0);
}

static void count_sent(struct fr_conn *conn, size_t bytes) {
    if (conn->options.limits.out && fr_outbox_is_at_chunk(&conn->outbox))
        fr_limiter_spend(conn->options.limits.out, bytes);
}

void fr_conn_pump_out(struct fr_conn *conn) {
    struct fr_failure why = {0};
    const uint8_t *at;
    size_t room, wrote = 0, turn = 0;
    if (conn->is_half_dead)
        return;
    while (turn < TURN_BYTES && fr_outbox_peek(&conn->outbox, &at, &room)) {
        room = ask(conn, room);
        if (room == 0)
            break; /* The limiter calls. */
        enum fr_tls_result result = fr_tls_write(conn->tls, at, room, &wrote, &why);
        if (result == FR_TLS_WANT_WRITE)
            break; /* The flush finds the socket full, too, and waits for it. */
        if (result != FR_TLS_OK) {
            lose_write_half(conn, &why);
            return;
        }
        turn += wrote;
        count_sent(conn, wrote);
        fr_chunk_index chunk = 0;
        if (!fr_outbox_consume(&conn->outbox, wrote, &chunk) || conn->state != FR_CONN_READY)
            continue;
        conn->handlers.on_chunk_sent(conn, conn->user, chunk);
        if (conn->doom.error != 0)
            return; /* The kick that came with it ends the connection. */
    }
    fr_conn_flush(conn);
    if (conn->state < FR_CONN_GONE && !conn->is_write_blocked && !conn->is_half_dead && !conn->out_turn.is_waiting &&
        !fr_outbox_is_empty(&conn->outbox))
        fr_conn_kick(conn);
}
