/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object being received by this node, from the first OPEN that names it until nothing of it is left in memory.
 *
 *   PREPARING --partial ready--> RUNNING --transfer ended--> CLOSING --> on_gone (freed)
 *       |                                                       ^
 *       +--refused, or stopped: every link gets REFUSE ---------+
 *
 * PREPARING: the store looks for a held object or makes the partial file; links that came wait.
 * RUNNING: a transfer in member role and its driver; links that come join it.
 * CLOSING: no links; workers finish, an unfinished partial file is kept for later, or removed.
 */
#ifndef FR_NODE_RECEIVE_H
#define FR_NODE_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/transfer.h"
#include "net/conn.h"
#include "node/journal.h"
#include "store/store.h"

struct fr_receive;

enum fr_receive_state { FR_RECEIVE_PREPARING, FR_RECEIVE_RUNNING, FR_RECEIVE_CLOSING };

struct fr_receive_options {
    uv_loop_t *loop; /* this and the next four are borrowed and outlive the object */
    struct fr_store *store;
    struct fr_tls_config *tls;
    const struct fr_verify_key *key;
    const struct fr_log *log;
    struct fr_timing timing;
    const struct fr_opening *opening; /* copied */
    const struct fr_roster *roster;   /* copied */
    /* The outcome is known: is_complete, or not. Called once, unless the object was refused to everyone. */
    void (*on_settled)(void *user, struct fr_receive *receive, bool is_complete);
    /* Last: it frees itself after the return. */
    void (*on_gone)(void *user, struct fr_receive *receive);
    void *user;
};

/* Returns 0 or FR_E_MEMORY. The first link is added after. */
int fr_receive_new(const struct fr_receive_options *options, struct fr_receive **ret_receive);

/* A link whose OPEN names this transfer, checked by the door. The connection is handed over; open is borrowed. Not while CLOSING. */
void fr_receive_add_link(struct fr_receive *receive, struct fr_conn *conn, const struct fr_msg_open *open);

/* End it soon: links are told why. No effect while CLOSING. */
void fr_receive_stop(struct fr_receive *receive, const char *why);

enum fr_receive_state fr_receive_state(const struct fr_receive *receive);
const struct fr_opening *fr_receive_opening(const struct fr_receive *receive);
/* Were the blobs and signatures of this OPEN verified before? Only known while it runs. */
bool fr_receive_knows_open(const struct fr_receive *receive, const struct fr_msg_open *open);
bool fr_receive_is_complete(const struct fr_receive *receive);
/* Nobody above is linked with it: its push is over, or was cut short. */
bool fr_receive_is_orphaned(const struct fr_receive *receive);
/* For a STATUS answer; name borrows from the object. */
void fr_receive_describe(const struct fr_receive *receive, fr_time_ns now, struct fr_status_transfer *ret_status);

#endif
