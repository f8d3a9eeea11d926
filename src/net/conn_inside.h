/* SPDX-License-Identifier: Apache-2.0 */
/* What conn.c, conn_read.c and conn_write.c share; nobody else includes it.
 *
 *   DIALLING --on_dialled--> SHAKING_HANDS --on_ready--> READY --fr_conn_close--> LEAVING --> GONE
 *       |                          |                       |                         |
 *       +--------------------------+--- fr_conn_fail ------+-----> GONE              +-- peer closed, error, 2 s
 *
 * DIALLING:      no socket; the attempt is under way. Frames wait in the outbox.
 * SHAKING_HANDS: socket, TLS session and poll handle; the timer holds what is left of the handshake's time.
 * READY:         both pumps run.
 * LEAVING:       the owner has let go and is not called any more; the outbox is sent, then goodbye, then what the other side still
 *                sends is thrown away until it closes too, so that the kernel does not reset what was sent last.
 * GONE:          handles are closing; the memory goes with the last one. Nothing but `handles_open` is looked at.
 */
#ifndef FR_NET_CONN_INSIDE_H
#define FR_NET_CONN_INSIDE_H

#include "net/endpoint.h"
#include "net/conn.h"
#include "net/connect.h"
#include "net/outbox.h"
#include "wire/reader.h"

enum fr_conn_state {
    FR_CONN_DIALLING,
    FR_CONN_SHAKING_HANDS,
    FR_CONN_READY,
    FR_CONN_LEAVING,
    FR_CONN_GONE,
};

struct fr_conn {
    struct fr_conn_options options;
    struct fr_conn_handlers handlers;
    void *user;
    enum fr_conn_state state;
    bool is_dialler;
    struct fr_connect *attempt; /* DIALLING only */
    int socket;                 /* -1: none */
    struct fr_tls *tls;
    uint64_t deadline_ms; /* of the handshake, on the loop's clock */

    uv_poll_t poll; /* open with the socket */
    uv_timer_t timer;
    uv_idle_t kick; /* runs the pumps in the next turn of the loop, without a system call */
    unsigned handles_open;
    int poll_mask; /* what is asked of `poll` now: changing it costs system calls */

    struct fr_outbox outbox;
    bool is_write_blocked; /* the socket is full: wait until it is writable */
    bool has_said_goodbye; /* LEAVING: all was sent and our half is closed */

    struct fr_reader reader;
    fr_time_ns heard_at; /* when bytes last came, uv_hrtime; 0: never */
    bool is_mid_frame;   /* bytes of an unfinished frame are here */
    bool is_read_kicked; /* the kick is to read, too */

    struct fr_limiter_turn out_turn, in_turn; /* wait for their share of a rate */
    struct fr_limiter_path out_path;          /* counts what is on its way, for all that share it */

    struct fr_failure doom; /* found where no callback may be made; acted on in the next turn */
    bool is_half_dead;      /* the socket failed: read what came before, then fail, with `doom` if that is filled */
    char peer[FR_ADDRESS_BYTES_MAX + 1];
    char label[FR_ADDRESS_BYTES_MAX + FR_ENDPOINT_TEXT_MAX + 4]; /* peer, and the name it was dialled by; for sentences */
};

/* The connection is lost: tells the owner, unless it has left, and lets go of everything. The text gets the label in front. */
void fr_conn_fail(struct fr_conn *conn, const struct fr_failure *why);
void fr_conn_fail_with(struct fr_conn *conn, int error, const char *what);
void fr_conn_fail_by_socket(struct fr_conn *conn); /* with the error that the socket holds */

/* Asks for exactly these events of the socket. */
void fr_conn_watch(struct fr_conn *conn, int mask);
/* Runs the pumps in the next turn. */
void fr_conn_kick(struct fr_conn *conn);

/* Sends until the outbox is empty, the socket full, a rate does not allow more, or this turn's share used up. READY and LEAVING. */
void fr_conn_pump_out(struct fr_conn *conn);
/* Lets go what TLS holds; waits for the socket when it is full. Costs nothing when there is nothing. */
void fr_conn_flush(struct fr_conn *conn);

/* Receives until the socket is dry, a buffer is missing, a rate does not allow more, or this turn's share used up. READY. */
void fr_conn_pump_in(struct fr_conn *conn);
/* What a limiter calls when there is something for a connection that waited. */
void fr_conn_take_turn_out(void *conn);
void fr_conn_take_turn_in(void *conn);
/* LEAVING: throws away what comes. */
void fr_conn_discard(struct fr_conn *conn);

#endif
