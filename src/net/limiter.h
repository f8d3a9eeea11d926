/* SPDX-License-Identifier: Apache-2.0 */
/* What all connections of a loop share in one direction, a rate that was told or the window of flight.h or both: who may pass how many
 * bytes of chunks now, and who waits for its turn.
 *
 * Whoever asks and gets nothing is in the queue, and is called from the loop when there is something for it: first those in the middle of a
 * chunk, because control frames of their connection wait behind it; then the others, in the order in which they came. Who was called may
 * finish its chunk, and waits again with the next one. Nobody else is given anything while somebody waits. Where the window holds, who has
 * less than half an even share on its way is let pass a little all the same: nobody can take the window from the others by being slow, or
 * by acknowledging little on purpose. There is a timer while somebody
 * waits, and another one, ten times a second, while something is sent on a connection that is watched. Each such turn costs a system
 * call a connection that is watched, as does each of the first timer while the window holds, every 4 ms. */
#ifndef FR_NET_LIMITER_H
#define FR_NET_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <fastreplica/types.h>

#include "net/flight.h"

struct fr_limiter;

/* One connection whose bytes on their way count, in the memory of its owner. Zeroed before it is watched. */
struct fr_limiter_path {
    bool is_watched;
    int socket;
    uint64_t held; /* bytes on their way when last counted, and what it was let pass since */
    struct fr_flight_path flight;
    struct fr_limiter_path *before, *after;
};

/* One place in the queue, in the memory of who asks. Zeroed but for go, user and path. */
struct fr_limiter_turn {
    void (*go)(void *user); /* ask again, for what can pass now; from the loop. Turns may end or come from inside it, this one too */
    void *user;
    struct fr_limiter_path *path; /* where it sends; NULL: it does not, or nothing of it is counted */
    bool is_waiting, is_urgent;
    struct fr_limiter_turn *before, *after;
};

/* rate: bytes a second; 0: none was told, and nothing waits unless a queue stands on the connections that are watched. 0 or FR_E_MEMORY. */
int fr_limiter_new(uv_loop_t *loop, uint64_t rate, struct fr_limiter **ret_limiter);
/* Nobody waits any more. Frees itself on the loop. NULL allowed. */
void fr_limiter_close(struct fr_limiter *limiter);

/* How many of `bytes` may pass now. 0: none, and `turn` waits. What passed is told by fr_limiter_spend. is_urgent: in the middle of a
 * chunk. */
size_t fr_limiter_ask(struct fr_limiter *limiter, struct fr_limiter_turn *turn, size_t bytes, bool is_urgent);
/* These bytes passed, be it that they were asked for or that they could not wait. */
void fr_limiter_spend(struct fr_limiter *limiter, size_t bytes);
/* A connected TCP socket that sends what is asked for here; until unwatched, which comes before it is closed and has no effect a second
 * time. */
void fr_limiter_watch(struct fr_limiter *limiter, struct fr_limiter_path *path, int socket);
void fr_limiter_unwatch(struct fr_limiter *limiter, struct fr_limiter_path *path);
/* Its window: whoever wants to know, and tests, which make a queue stand that loopback has not. */
struct fr_flight *fr_limiter_flight(struct fr_limiter *limiter);
/* It does not wait any more. No effect when it did not. */
void fr_limiter_leave(struct fr_limiter *limiter, struct fr_limiter_turn *turn);

#endif
