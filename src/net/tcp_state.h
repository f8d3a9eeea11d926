/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel knows of a TCP connection that its owner wants to know, too. Linux. */
#ifndef FR_NET_TCP_STATE_H
#define FR_NET_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

struct fr_tcp_state {
    uint64_t acked;            /* bytes that the other side has acknowledged, ever */
    bool is_busy;              /* something is sent and not acknowledged */
    fr_time_ns round_trip;     /* smoothed */
    fr_time_ns round_trip_min; /* the shortest of late, at most round_trip */
};

/* false: it is no TCP socket, or the kernel does not tell (before Linux 4.6). One system call. */
bool fr_tcp_state_read(int socket, struct fr_tcp_state *ret_state);
/* Bytes written and not acknowledged, sent or not; 0 when the kernel does not tell. One system call. */
uint64_t fr_tcp_state_unacked(int socket);

#endif
