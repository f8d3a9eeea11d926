/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving half of a connection: socket -> TLS -> reader -> callbacks. */
#include "net/conn_inside.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/failure.h"

enum {
    TURN_BYTES = 1 << 20, /* that one connection may receive in one turn of the loop */
    FRAME_BYTES = 512,    /* what a frame counts for beside its bytes: the work it makes */
};

/* One event of the reader. False: stop reading for now. */
static bool handle(struct fr_conn *conn, enum fr_reader_event event) {
    struct fr_reader *reader = &conn->reader;
    switch (event) {
    case FR_READER_MORE: conn->is_mid_frame = true; return true;
    case FR_READER_FRAME:
        conn->is_mid_frame = false;
        conn->handlers.on_frame(conn, conn->user, reader->type, reader->body, reader->body_bytes);
        break;
    case FR_READER_CHUNK_BEGIN: {
        conn->is_mid_frame = true;
        struct fr_buffer *buffer = conn->handlers.on_chunk_begin(conn, conn->user, reader->chunk, reader->chunk_size);
        if (buffer && conn->state == FR_CONN_READY)
            fr_reader_give(reader, buffer);
        else
            fr_buffer_unref(buffer); /* None, or the callback closed the connection. */
        break;
    }
    case FR_READER_CHUNK_END:
        conn->is_mid_frame = false;
        conn->handlers.on_chunk(conn, conn->user, reader->chunk, fr_reader_take(reader));
        break;
    case FR_READER_BAD: {
        struct fr_failure why = {0};
        fr_failure_set(&why, FR_E_PROTOCOL, 0, "broke the protocol: %s", reader->bad_why);
        fr_conn_fail(conn, &why);
        return false;
    }
    }
    return conn->state == FR_CONN_READY && (conn->doom.error == 0 || conn->is_half_dead);
}

/* The socket has nothing more. */
static void on_dry(struct fr_conn *conn) {
    if (conn->is_half_dead) {
        if (conn->doom.error != 0)
            fr_conn_fail(conn, &conn->doom);
        else
            fr_conn_fail_by_socket(conn);
        return;
    }
    fr_conn_watch(conn, conn->poll_mask | UV_READABLE);
    if (!conn->is_write_blocked)
        fr_conn_flush(conn); /* TLS may have said something by itself. */
}

/* This turn's share is used up. What is still in the socket makes it readable; what is already in TLS does not. */
static void on_turn_end(struct fr_conn *conn) {
    if (conn->is_half_dead || fr_tls_has_pending(conn->tls)) {
        conn->is_read_kicked = true;
        fr_conn_kick(conn);
        return;
    }
    fr_conn_watch(conn, conn->poll_mask | UV_READABLE);
}

static void on_read_end(struct fr_conn *conn, enum fr_tls_result result, const struct fr_failure *why) {
    switch (result) {
    case FR_TLS_OK: return;
    case FR_TLS_WANT_READ: on_dry(conn); return;
    case FR_TLS_WANT_WRITE: /* A KeyUpdate is to be answered and the socket is full. */
        conn->is_read_kicked = true;
        conn->is_write_blocked = true;
        fr_conn_watch(conn, UV_WRITABLE);
        return;
    case FR_TLS_EOF:
        fr_conn_fail_with(conn, FR_E_CLOSED,
                          conn->is_mid_frame ? "closed the connection in the middle of a frame" : "closed the connection");
        return;
    case FR_TLS_FAILED: fr_conn_fail(conn, why); return;
    }
}

void fr_conn_take_turn_in(void *user) { fr_conn_pump_in(user); }

/* How many of the next `room` bytes may be read now, by the rate. Frames need not wait. Nobody is urgent: each connection gets some bytes
 * again and again, so that none of them looks dead to the other side's kernel. */
static size_t ask(struct fr_conn *conn, size_t room) {
    if (!conn->options.limits.in || !fr_reader_is_in_chunk(&conn->reader))
        return room;
    return fr_limiter_ask(conn->options.limits.in, &conn->in_turn, room, false);
}

static void count_read(struct fr_conn *conn, size_t bytes) {
    if (conn->options.limits.in && fr_reader_is_in_chunk(&conn->reader))
        fr_limiter_spend(conn->options.limits.in, bytes);
}

void fr_conn_pump_in(struct fr_conn *conn) {
    struct fr_failure why = {0};
    size_t turn = 0;
    while (turn < TURN_BYTES) {
        uint8_t *at;
        size_t room, got = 0;
        if (fr_reader_is_waiting(&conn->reader))
            return; /* fr_conn_give_buffer goes on. */
        fr_reader_space(&conn->reader, &at, &room);
        room = ask(conn, room);
        if (room == 0)
            return; /* The limiter calls. */
        enum fr_tls_result result = fr_tls_read(conn->tls, at, room, &got, &why);
        if (result != FR_TLS_OK) {
            on_read_end(conn, result, &why);
            return;
        }
        if (turn == 0)
            conn->heard_at = uv_hrtime();
        count_read(conn, got);
        enum fr_reader_event event = fr_reader_advance(&conn->reader, got);
        turn += got + (event == FR_READER_MORE ? 0 : FRAME_BYTES);
        if (!handle(conn, event))
            return;
    }
    on_turn_end(conn);
}

void fr_conn_give_buffer(struct fr_conn *conn, struct fr_buffer *buffer) {
    fr_assert(buffer);
    if (conn->state != FR_CONN_READY || !fr_reader_is_waiting(&conn->reader)) {
        fr_buffer_unref(buffer);
        return;
    }
    fr_reader_give(&conn->reader, buffer);
    conn->is_read_kicked = true;
    fr_conn_kick(conn);
}

bool fr_conn_is_waiting_for_buffer(const struct fr_conn *conn, uint32_t *ret_chunk_size) {
    if (conn->state != FR_CONN_READY || !fr_reader_is_waiting(&conn->reader))
        return false;
    *ret_chunk_size = conn->reader.chunk_size;
    return true;
}

void fr_conn_discard(struct fr_conn *conn) {
    uint8_t nowhere[64 << 10];
    /* MSG_TRUNC lets the kernel throw TCP bytes away without copying them. */
    for (size_t turn = 0; turn < TURN_BYTES;) {
        ssize_t got = recv(conn->socket, nowhere, sizeof nowhere, MSG_TRUNC | MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            if (got < 0 || conn->has_said_goodbye)
                fr_conn_fail_with(conn, FR_E_CLOSED, "closed the connection");
            else
                fr_conn_watch(conn, conn->poll_mask & ~UV_READABLE); /* Its half is closed; ours still has something to say. */
            return;
        }
        turn += (size_t) got;
    }
}
