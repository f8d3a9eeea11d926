/* SPDX-License-Identifier: Apache-2.0 */
/* The window over all connections: see flight.h. */
#include "net/flight.h"

#include <string.h>

#include "base/time.h"

/* In the lab of bench/trees.sh (50 Mbit/s, queues of 50 ms, everybody's uplink and downlink full) 50 ms gave 1.10 to 1.16 of F/C, 70 ms
 * 1.07 to 1.12, 90 ms 1.10 to 1.19, 120 ms 1.11 to 1.26, no window 1.17 to 1.29: a round trip crosses three queues there. */
#define QUEUE (70 * FR_MS)
#define STANDING (30 * FR_MS)
#define STALLED (200 * FR_MS)
#define REST FR_SECOND

enum {
    BUSY_MIN = 2,
    SHARES_MAX = 4,
    WINDOW_MIN = 128 << 10, /* bytes: two of the usual chunks, and some */
};

static void begin_look(struct fr_flight *flight) {
    memset(&flight->now, 0, sizeof flight->now);
    flight->now.standing = FR_TIME_NEVER;
}

void fr_flight_init(struct fr_flight *flight, fr_time_ns now) {
    *flight = (struct fr_flight){.window = UINT64_MAX, .looked_at = now, .moved_at = now};
    begin_look(flight);
}

void fr_flight_look_at(struct fr_flight *flight, struct fr_flight_path *path, const struct fr_tcp_state *state, fr_time_ns now) {
    uint64_t moved = path->is_known && state->acked > path->acked ? state->acked - path->acked : 0;

    if (!path->is_known || moved > 0 || !state->is_busy)
        path->moved_at = now;
    path->is_known = true;
    path->acked = state->acked;
    path->is_stalled = fr_time_since(now, path->moved_at) >= STALLED;
    flight->now.moved += moved;
    flight->now.base_sum += (double) moved * (double) state->round_trip_min;
    if (!state->is_busy || path->is_stalled)
        return;
    flight->now.busy++;
    flight->now.standing = fr_time_min(flight->now.standing, fr_time_since(state->round_trip, 2 * state->round_trip_min));
}

static double rate_max(const struct fr_flight *flight) {
    double rate = 0;

    for (uint32_t i = 0; i < FR_FLIGHT_LOOKS; i++)
        if (flight->rates[i] > rate)
            rate = flight->rates[i];
    return rate;
}

static uint64_t size_window(const struct fr_flight *flight) {
    double window = rate_max(flight) * (2 * flight->base + (double) QUEUE);

    return window > (double) WINDOW_MIN ? (uint64_t) window : WINDOW_MIN;
}

void fr_flight_look_done(struct fr_flight *flight, fr_time_ns now) {
    fr_time_ns elapsed = fr_time_since(now, flight->looked_at);

    if (elapsed == 0)
        return;
    flight->rates[flight->look++ % FR_FLIGHT_LOOKS] = (double) flight->now.moved / (double) elapsed;
    flight->looked_at = now;
    flight->busy = flight->now.busy;
    if (flight->now.moved > 0) {
        flight->moved_at = now;
        flight->base = flight->now.base_sum / (double) flight->now.moved;
    }
    if (flight->busy >= BUSY_MIN && flight->now.standing >= STANDING)
        flight->is_on = true;
    if (fr_flight_is_at_rest(flight, now))
        flight->is_on = false;
    flight->window = flight->is_on ? size_window(flight) : UINT64_MAX;
    begin_look(flight);
}

bool fr_flight_is_at_rest(const struct fr_flight *flight, fr_time_ns now) { return fr_time_since(now, flight->moved_at) >= REST; }

uint64_t fr_flight_share(const struct fr_flight *flight) {
    return flight->is_on ? flight->window / (flight->busy > 0 ? flight->busy : 1) : UINT64_MAX;
}

uint64_t fr_flight_count(const struct fr_flight *flight, const struct fr_flight_path *path, uint64_t unacked) {
    uint64_t most = flight->is_on ? SHARES_MAX * fr_flight_share(flight) : UINT64_MAX;

    if (path->is_stalled)
        return 0;
    return unacked < most ? unacked : most;
}
