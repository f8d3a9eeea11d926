/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that came in and have not yet said what they want: greets them, reads HELLO and OPEN or STATUS_ASK, sends away who
 * says nothing sensible or nothing at all. Bounded in number and in time. */
#ifndef FR_NODE_LOBBY_H
#define FR_NODE_LOBBY_H

#include <uv.h>

#include "core/door.h"
#include "net/conn.h"
#include "node/journal.h"

enum {
    FR_LOBBY_VISITORS_MAX = 256,
    FR_LOBBY_SECONDS_MAX = 10, /* from accept to OPEN, TLS included */
};

struct fr_lobby;

struct fr_lobby_options {
    uv_loop_t *loop; /* all borrowed */
    struct fr_tls_config *tls;
    const struct fr_verify_key *key;
    const uint8_t *key_bytes;
    struct fr_journal *journal;
    fr_time_ns silence_timeout;
    struct fr_conn_limits limits;
    /* An OPEN that the door let in: opening and roster are verified. The connection is handed over; door is borrowed. */
    void (*on_open)(void *user, struct fr_conn *conn, const struct fr_door *door);
    /* As in struct fr_door. */
    bool (*is_verified)(void *user, const struct fr_msg_open *open, const struct fr_opening *opening);
    /* STATUS_ASK: the connection is handed over. */
    void (*on_status)(void *user, struct fr_conn *conn);
    void *user;
};

int fr_lobby_new(const struct fr_lobby_options *options, struct fr_lobby **ret_lobby); /* 0 or FR_E_MEMORY */
void fr_lobby_take(struct fr_lobby *lobby, int socket);                                /* from the listener; handed over */
/* Sends everyone away with REFUSE (stopping); frees itself on the loop. NULL allowed. */
void fr_lobby_close(struct fr_lobby *lobby);

#endif
