/* SPDX-License-Identifier: Apache-2.0 */
/* One encrypted connection on a libuv loop: dialled or accepted, frames in, frames out. All calls and callbacks on the loop's
 * thread. Name lookups run in libuv's worker pool. */
#ifndef FR_NET_CONN_H
#define FR_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#include "base/buffer.h"
#include "net/limiter.h"
#include "net/tls.h"
#include "wire/message.h"

struct fr_conn;

/* Callbacks may call any fr_conn function, fr_conn_close on their own connection included; after that no further callback comes.
 * None is called from inside fr_conn_dial or fr_conn_send...: always from the loop. */
struct fr_conn_handlers {
    /* TLS is up: frames may be sent. */
    void (*on_ready)(struct fr_conn *conn, void *user);
    /* A whole frame; body is valid until the return. */
    void (*on_frame)(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
    /* A chunk of chunk_size bytes begins. Return a buffer (the reference is handed over), or NULL to stop reading this connection
     * until fr_conn_give_buffer: that is how a busy store pushes back. */
    struct fr_buffer *(*on_chunk_begin)(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size);
    /* The chunk is whole; the buffer is handed over. */
    void (*on_chunk)(struct fr_conn *conn, void *user, fr_chunk_index chunk, struct fr_buffer *buffer);
    /* The last byte of a chunk given to fr_conn_send_chunk has gone into TLS: another may be given. */
    void (*on_chunk_sent)(struct fr_conn *conn, void *user, fr_chunk_index chunk);
    /* Once, and last: the connection is gone by itself. failure says why: FR_E_UNREACHABLE, FR_E_RESOLVE, FR_E_TIMEOUT, FR_E_SECRET,
     * FR_E_CLOSED, FR_E_PROTOCOL, FR_E_IO, FR_E_MEMORY, FR_E_LIMIT (control frames pile up unread). Its text names the other side.
     * FR_E_UNREACHABLE: no TCP connection came about, in time or at all. FR_E_TIMEOUT: it did, and then nothing was heard; or the
     * name service kept silent. The connection frees itself after the return. */
    void (*on_closed)(struct fr_conn *conn, void *user, const struct fr_failure *failure);
};

/* Rates for the bytes of chunks, shared with other connections of the loop. NULL: as fast as it goes. */
struct fr_conn_limits {
    struct fr_limiter *in, *out; /* borrowed, outlive the connection */
};

struct fr_conn_options {
    uv_loop_t *loop;              /* borrowed, outlives the connection */
    struct fr_tls_config *tls;    /* the same */
    fr_time_ns handshake_timeout; /* connect + TLS, from dial or accept until on_ready */
    fr_time_ns silence_timeout;   /* TCP_USER_TIMEOUT; 0: the system's own */
    uint32_t unsent_bytes_max;    /* TCP_NOTSENT_LOWAT; 0: 64 KiB */
    struct fr_conn_limits limits;
};

/* address: "host:port", "[v6]:port". Tries every address of the name in turn, within the timeout, until one takes the TCP
 * connection. Returns 0 or FR_E_MEMORY, FR_E_SYNTAX (no port); everything later comes as on_closed. */
int fr_conn_dial(const struct fr_conn_options *options, const char *address, const struct fr_conn_handlers *handlers, void *user,
                 struct fr_conn **ret_conn);

/* Takes over a connected, non-blocking socket from a listener (closed by us even on failure). Returns 0 or FR_E_MEMORY, FR_E_IO. */
int fr_conn_adopt(const struct fr_conn_options *options, int socket, const struct fr_conn_handlers *handlers, void *user,
                  struct fr_conn **ret_conn);

/* Swap handlers and user: a connection moves from the door to its transfer. */
void fr_conn_set_handlers(struct fr_conn *conn, const struct fr_conn_handlers *handlers, void *user);

/* Queue a whole encoded frame (copied). Frames go out in order, ahead of chunks that have not begun. Before on_ready they
 * wait. Dropped silently when the connection is closing. FR_E_MEMORY and a queue above 4 MiB close the connection. */
void fr_conn_send(struct fr_conn *conn, const uint8_t *frame, size_t bytes);
/* Queue a chunk (keeps a reference). At most a few at a time: the caller counts with on_chunk_sent. */
void fr_conn_send_chunk(struct fr_conn *conn, fr_chunk_index chunk, struct fr_buffer *buffer);

/* After on_chunk_begin returned NULL: read on with this buffer (handed over). */
void fr_conn_give_buffer(struct fr_conn *conn, struct fr_buffer *buffer);
bool fr_conn_is_waiting_for_buffer(const struct fr_conn *conn, uint32_t *ret_chunk_size);

/* Send what is queued (control frames; chunks not begun are dropped), say goodbye, close, free; 2 s at most. No callback comes
 * any more; the pointer is dead after the call. */
void fr_conn_close(struct fr_conn *conn);

/* "192.0.2.1:7420" or "[2001:db8::1]:7420" of the other side, or the dialled address while not connected. Never NULL. */
const char *fr_conn_peer(const struct fr_conn *conn);

/* Those of its options. */
struct fr_conn_limits fr_conn_limits(const struct fr_conn *conn);

/* When bytes last came from the other side (uv_hrtime), be it in the middle of a frame; 0: none yet. While it is us who do not read,
 * because of a rate: now. */
fr_time_ns fr_conn_heard_at(const struct fr_conn *conn);

/* Accepting side. address: "host:port", "[v6]:port", ":port" or "port" alone (all addresses, IPv6 and IPv4); port 0: any free one.
 * on_accept gets a connected non-blocking socket, which it owns. */
struct fr_listener;
int fr_listener_open(uv_loop_t *loop, const char *address, void (*on_accept)(void *user, int socket), void *user,
                     struct fr_listener **ret_listener, struct fr_failure *failure); /* FR_E_IN_USE, FR_E_RESOLVE, FR_E_SYNTAX, FR_E_IO */
uint16_t fr_listener_port(const struct fr_listener *listener);
void fr_listener_close(struct fr_listener *listener); /* NULL allowed; frees itself on the loop */

#endif
