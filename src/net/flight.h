/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes may be on their way in all connections of a loop together: enough to keep the uplink busy, and not much more.
 *
 * What does not fit waits with us then, where connections take turns, and not in queues of the network. There it would be lost when they
 * are full, some connections would get a fraction of the others' rate for seconds, and nothing urgent could overtake.
 *
 * Nothing is limited until a queue is seen to stand: each busy connection, of at least two, needs 30 ms more than twice its shortest round
 * trip. From then on, until nothing moved for a second, the window is the largest rate of late times (twice the shortest round trip, and
 * 70 ms). That is FAST TCP's rule (Wei, Jin, Low and Hegde, 2006) for the sum of all connections; a window that is wrong by a third does no
 * harm, where a rate would have to be right to a hundredth. Pure: clock and measurements are handed in. */
#ifndef FR_NET_FLIGHT_H
#define FR_NET_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "net/tcp_state.h"

enum { FR_FLIGHT_LOOKS = 10, FR_FLIGHT_LOOK_MS = 100 }; /* a second of looks is remembered */

/* One connection. Zeroed before its first look. */
struct fr_flight_path {
    bool is_known;
    bool is_stalled; /* nothing moves on it: what it holds says nothing of the uplink */
    uint64_t acked;
    fr_time_ns moved_at;
};

struct fr_flight {
    bool is_on;
    uint64_t window;               /* bytes; UINT64_MAX while off */
    double rates[FR_FLIGHT_LOOKS]; /* bytes a nanosecond in each of the last looks; the largest counts */
    uint32_t look;
    uint32_t busy; /* connections that were, at the last look */
    double base;   /* shortest round trip in ns, of the connections' in the measure in which they carry */
    fr_time_ns looked_at, moved_at;
    struct { /* the look under way */
        uint64_t moved;
        double base_sum;
        uint32_t busy;
        fr_time_ns standing; /* least of all busy ones */
    } now;
};

void fr_flight_init(struct fr_flight *flight, fr_time_ns now);
/* One look is at each connection once, then at all. About every FR_FLIGHT_LOOK_MS. */
void fr_flight_look_at(struct fr_flight *flight, struct fr_flight_path *path, const struct fr_tcp_state *state, fr_time_ns now);
void fr_flight_look_done(struct fr_flight *flight, fr_time_ns now);

/* Nothing has moved for a second: the next look limits nothing. */
bool fr_flight_is_at_rest(const struct fr_flight *flight, fr_time_ns now);

/* Of so many bytes unacknowledged on this connection, how many count: none where nothing moves, and never more than four times an even
 * share, so that one that is slow for its own reasons does not hold up the others. */
uint64_t fr_flight_count(const struct fr_flight *flight, const struct fr_flight_path *path, uint64_t unacked);

/* Bytes of the window for each busy connection; UINT64_MAX while off. */
uint64_t fr_flight_share(const struct fr_flight *flight);

#endif
