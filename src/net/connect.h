/* SPDX-License-Identifier: Apache-2.0 */
/* From "host:port" to a connected socket: looks the name up in libuv's worker pool, then tries its addresses in turn. */
#ifndef FR_NET_CONNECT_H
#define FR_NET_CONNECT_H

#include <uv.h>

#include <fastreplica/error.h>
#include <fastreplica/types.h>

struct fr_connect;

/* Called once, from the loop, unless it is cancelled. socket >= 0: connected, non-blocking, the callee's from now on, and
 * peer is its address; failure is NULL. socket < 0: failure says why: FR_E_RESOLVE, FR_E_UNREACHABLE, FR_E_TIMEOUT (only the name
 * service kept silent), FR_E_IO. It frees itself after the return. */
typedef void fr_connect_done(void *user, int socket, const char *peer, const struct fr_failure *failure);

/* address: as fr_conn_dial. An address that does not answer gets its share of the time that is left. Returns 0, FR_E_SYNTAX,
 * FR_E_MEMORY. */
int fr_connect_start(uv_loop_t *loop, const char *address, fr_time_ns timeout, fr_connect_done *on_done, void *user,
                     struct fr_connect **ret_connect);
/* NULL allowed. It frees itself on the loop; a name lookup that runs may hold the loop as long as it takes. */
void fr_connect_cancel(struct fr_connect *attempt);

#endif
