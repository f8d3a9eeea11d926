/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives one transfer in the real world: its connections, its deadline, the chunks that it sends. What differs between the
 * origin and a member (where chunks come from, where they go) is the role's business.
 *
 *   an event -> fr_transfer_on_...  -> fr_driver_pump: takes every action and performs it, then arms the timer
 *
 * The pump never runs inside itself: an event that is told while it runs is taken by the same loop. Chunks to be sent come from
 * the cache, or are read again by a worker. When all buffers are in use, links stop being read and reads wait; the loop's
 * prepare phase, which comes after everything that can set a buffer free, hands out what has come back.
 *
 *   new -> adopt, pump ... -> ENDED action: role->on_ended -> fr_driver_close -> (workers done, handles closed) -> role->on_gone
 */
#ifndef FR_NODE_DRIVER_H
#define FR_NODE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/transfer.h"
#include "net/conn.h"
#include "node/cache.h"

struct fr_driver;

/* Reads a chunk that is not in the cache. Runs in a worker: touches nothing but `handle`, which lives until on_gone. */
struct fr_chunk_source {
    int (*read)(void *handle, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure); /* NULL: nothing can be read */
    void *handle;
    bool must_verify; /* compare with the digest: the bytes may have changed since they were verified */
};

/* What the owner of a driver does with the actions that are its own. None may free the driver; on_gone may free its own memory. */
struct fr_driver_role {
    struct fr_chunk_source (*chunk_source)(void *user);
    /* Member; else NULL. The buffer is handed over. is_upstream: it came from upstream. */
    void (*store)(void *user, const struct fr_action *action, bool is_upstream);
    void (*reuse)(void *user, const struct fr_action *action);
    void (*finish)(void *user);
    /* Origin; else NULL. */
    void (*read_page)(void *user, uint32_t page);
    void (*release)(void *user, fr_chunk_index chunk);
    void (*on_chunk_sent)(void *user, fr_chunk_index chunk);
    void (*on_buffers)(void *user); /* after fr_driver_await_buffers: fr_cache_take may work again */
    /* Every role. */
    void (*on_turn)(void *user);  /* after each pump that did not end the transfer; NULL: not needed */
    void (*on_ended)(void *user); /* the transfer is over: call fr_driver_close, now or later */
    void (*on_gone)(void *user);  /* last: no worker holds anything of the driver any more; it frees itself after the return */
};

struct fr_driver_options {
    uv_loop_t *loop; /* borrowed, like tls; both outlive the driver */
    struct fr_tls_config *tls;
    struct fr_transfer *transfer; /* handed over, also when fr_driver_new fails */
    const struct fr_driver_role *role;
    void *user;
    struct fr_cache_options cache;
    fr_time_ns handshake_timeout;
    fr_time_ns silence_timeout;
    struct fr_conn_limits limits; /* of connections that it dials; unless told, those of the first that it adopts */
};

int fr_driver_new(const struct fr_driver_options *options, struct fr_driver **ret_driver); /* 0 or FR_E_MEMORY */

/* A connection that came in and whose OPEN belongs to this transfer. Handed over. */
void fr_driver_adopt(struct fr_driver *driver, struct fr_conn *conn, const struct fr_msg_open *open);

/* Perform what the transfer asks for. After every event that is told to the transfer directly. */
void fr_driver_pump(struct fr_driver *driver);

struct fr_transfer *fr_driver_transfer(struct fr_driver *driver);
struct fr_cache *fr_driver_cache(struct fr_driver *driver);
bool fr_driver_has_ended(const struct fr_driver *driver); /* tell the transfer nothing any more */
void fr_driver_await_buffers(struct fr_driver *driver);   /* on_buffers will be called, once */
/* Peer of a link: "192.0.2.1:7420", or "?" */
const char *fr_driver_peer(const struct fr_driver *driver, fr_link_id link);
uint32_t fr_driver_link_count(const struct fr_driver *driver);

/* Close what is open; on_gone follows from the loop. Once. */
void fr_driver_close(struct fr_driver *driver);

#endif
