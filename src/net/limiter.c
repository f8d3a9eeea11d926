/* SPDX-License-Identifier: Apache-2.0 */
/* Turns at what is shared: see limiter.h. The arithmetic is the bucket's and the flight's. */
#include "net/limiter.h"

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "net/bucket.h"
#include "net/tcp_state.h"

enum {
    GRAIN_BYTES_MAX = 16 << 10, /* less than a grain is given only to who needs no more: small records cost much */
    BURST_GRAINS = 4,
    BURST_TICKS = 4, /* the queue is served this often while a bucket would fill: every 5 ms */
    FLIGHT_TICK_MS = 4,
    FLIGHT_GRAINS = 32,
};

struct queue {
    struct fr_limiter_turn *first, *last;
};

struct fr_limiter {
    bool has_rate;
    struct fr_bucket bucket;
    struct fr_flight flight;
    struct fr_limiter_path *paths;
    uint64_t in_flight; /* bytes, at most: some may have arrived since they were counted */
    uv_timer_t timer, looker;
    unsigned handles_open;
    struct queue urgent, others;
    size_t grain;                         /* bytes that must be there before somebody is called */
    size_t tick;                          /* bytes that the timer waits for */
    bool is_serving;                      /* who asks now was called */
    const struct fr_limiter_turn *called; /* and has not been given anything since; NULL: it has */
};

static void set_rate(struct fr_limiter *limiter, uint64_t rate) {
    fr_bucket_init(&limiter->bucket, rate, uv_hrtime());
    size_t burst = (size_t) fr_bucket_burst(&limiter->bucket);
    limiter->has_rate = true;
    limiter->grain = burst / BURST_GRAINS < GRAIN_BYTES_MAX ? burst / BURST_GRAINS : GRAIN_BYTES_MAX;
    limiter->tick = burst / BURST_TICKS;
}

int fr_limiter_new(uv_loop_t *loop, uint64_t rate, struct fr_limiter **ret_limiter) {
    struct fr_limiter *limiter = fr_alloc_zeroed(1, sizeof *limiter);
    if (!limiter)
        return FR_E_MEMORY;
    limiter->grain = GRAIN_BYTES_MAX;
    if (rate > 0)
        set_rate(limiter, rate);
    fr_flight_init(&limiter->flight, uv_hrtime());
    uv_timer_init(loop, &limiter->timer);
    uv_timer_init(loop, &limiter->looker);
    uv_unref((uv_handle_t *) &limiter->looker); /* it keeps no loop running */
    limiter->timer.data = limiter->looker.data = limiter;
    limiter->handles_open = 2;
    *ret_limiter = limiter;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle) {
    struct fr_limiter *limiter = handle->data;
    if (--limiter->handles_open == 0)
        fr_free(limiter);
}

static bool has_waiting(const struct fr_limiter *limiter) { return limiter->urgent.first || limiter->others.first; }

void fr_limiter_close(struct fr_limiter *limiter) {
    if (!limiter)
        return;
    fr_assert(!has_waiting(limiter) && !limiter->paths);
    uv_close((uv_handle_t *) &limiter->timer, on_handle_closed);
    uv_close((uv_handle_t *) &limiter->looker, on_handle_closed);
}

/* ------------------------------------------------------------------------------------------------------------ the queue */

static struct queue *queue_of(struct fr_limiter *limiter, const struct fr_limiter_turn *turn) {
    return turn->is_urgent ? &limiter->urgent : &limiter->others;
}

static void append(struct fr_limiter *limiter, struct fr_limiter_turn *turn, bool is_urgent) {
    turn->is_waiting = true;
    turn->is_urgent = is_urgent;
    struct queue *queue = queue_of(limiter, turn);
    turn->before = queue->last;
    turn->after = NULL;
    *(queue->last ? &queue->last->after : &queue->first) = turn;
    queue->last = turn;
}

void fr_limiter_leave(struct fr_limiter *limiter, struct fr_limiter_turn *turn) {
    if (!turn->is_waiting)
        return;
    struct queue *queue = queue_of(limiter, turn);
    *(turn->before ? &turn->before->after : &queue->first) = turn->after;
    *(turn->after ? &turn->after->before : &queue->last) = turn->before;
    turn->is_waiting = false;
    turn->before = turn->after = NULL;
    if (!has_waiting(limiter))
        uv_timer_stop(&limiter->timer);
}

/* ----------------------------------------------------------------------------------------------------------- the flight */

void fr_limiter_watch(struct fr_limiter *limiter, struct fr_limiter_path *path, int socket) {
    fr_assert(!path->is_watched);
    *path = (struct fr_limiter_path){.is_watched = true, .socket = socket, .after = limiter->paths};
    if (path->after)
        path->after->before = path;
    limiter->paths = path;
}

void fr_limiter_unwatch(struct fr_limiter *limiter, struct fr_limiter_path *path) {
    if (!path->is_watched)
        return;
    *(path->before ? &path->before->after : &limiter->paths) = path->after;
    if (path->after)
        path->after->before = path->before;
    *path = (struct fr_limiter_path){0};
}

struct fr_flight *fr_limiter_flight(struct fr_limiter *limiter) {
    return &limiter->flight;
}

static void count_in_flight(struct fr_limiter *limiter) {
    limiter->in_flight = 0;
    for (struct fr_limiter_path *path = limiter->paths; path; path = path->after) {
        path->held = fr_tcp_state_unacked(path->socket);
        limiter->in_flight += fr_flight_count(&limiter->flight, &path->flight, path->held);
    }
}

/* Stops when nothing moves; what is spent next begins it again. */
static void look(uv_timer_t *looker) {
    struct fr_limiter *limiter = looker->data;
    fr_time_ns now = uv_hrtime();
    struct fr_tcp_state state;
    for (struct fr_limiter_path *path = limiter->paths; path; path = path->after)
        if (fr_tcp_state_read(path->socket, &state))
            fr_flight_look_at(&limiter->flight, &path->flight, &state, now);
    fr_flight_look_done(&limiter->flight, now);
    count_in_flight(limiter);
    if (fr_flight_is_at_rest(&limiter->flight, now))
        uv_timer_stop(looker);
}

static void begin_to_look(struct fr_limiter *limiter) {
    if (!limiter->paths || uv_is_active((uv_handle_t *) &limiter->looker))
        return;
    fr_flight_init(&limiter->flight, uv_hrtime());
    uv_timer_start(&limiter->looker, look, FR_FLIGHT_LOOK_MS, FR_FLIGHT_LOOK_MS);
}

/* ------------------------------------------------------------------------------------------------------------- what may pass */

static void serve(uv_timer_t *timer);

/* Where much is on its way, little pieces are not worth a turn. */
static size_t grain(const struct fr_limiter *limiter) {
    size_t part = limiter->flight.is_on ? (size_t) (limiter->flight.window / FLIGHT_GRAINS) : 0;
    return part > limiter->grain && !limiter->has_rate ? part : limiter->grain;
}

static uint64_t room_in_flight(const struct fr_limiter *limiter, const struct fr_limiter_turn *turn) {
    const struct fr_flight *flight = &limiter->flight;
    if (!flight->is_on)
        return UINT64_MAX;
    uint64_t room = flight->window > limiter->in_flight ? flight->window - limiter->in_flight : 0;
    bool is_short = turn->path && turn->path->held < fr_flight_share(flight) / 2;
    return is_short && room < grain(limiter) ? grain(limiter) : room;
}

/* Bytes that may pass now, were it this one's turn. */
static uint64_t level(struct fr_limiter *limiter, const struct fr_limiter_turn *turn, fr_time_ns now) {
    uint64_t rate = limiter->has_rate ? fr_bucket_level(&limiter->bucket, now) : UINT64_MAX, room = room_in_flight(limiter, turn);
    return rate < room ? rate : room;
}

static void arm(struct fr_limiter *limiter) {
    fr_time_ns wait = limiter->has_rate ? fr_bucket_wait(&limiter->bucket, limiter->tick, uv_hrtime()) : 0;
    if (limiter->flight.is_on)
        wait = fr_time_max(wait, FLIGHT_TICK_MS * FR_MS);
    uv_timer_start(&limiter->timer, serve, (wait + FR_MS - 1) / FR_MS, 0);
}

/* The first for whom there is enough; NULL: nobody. */
static struct fr_limiter_turn *find_next(struct fr_limiter *limiter, fr_time_ns now) {
    const struct queue *queues[] = {&limiter->urgent, &limiter->others};
    for (size_t i = 0; i < 2; i++)
        for (struct fr_limiter_turn *turn = queues[i]->first; turn; turn = turn->after)
            if (level(limiter, turn, now) >= grain(limiter))
                return turn;
    return NULL;
}

/* Whoever is called takes what is there, or needs nothing any more, or cannot go on for another reason; so this ends. */
static void serve(uv_timer_t *timer) {
    struct fr_limiter *limiter = timer->data;
    fr_time_ns now = uv_hrtime();
    struct fr_limiter_turn *turn;
    if (limiter->flight.is_on)
        count_in_flight(limiter);
    limiter->is_serving = true;
    while ((turn = find_next(limiter, now))) {
        fr_limiter_leave(limiter, turn);
        limiter->called = turn;
        turn->go(turn->user);
    }
    limiter->is_serving = false;
    if (has_waiting(limiter))
        arm(limiter);
}

/* While others wait, one who was called may take once, and finish the chunk that it is in; a whole chunk after that is for the next. Else
 * one that runs dry in the middle of a chunk would be called first again and again, and never stop. */
static bool has_turn(const struct fr_limiter *limiter, const struct fr_limiter_turn *turn, bool is_urgent) {
    return !has_waiting(limiter) || (limiter->is_serving && (is_urgent || limiter->called == turn));
}

size_t fr_limiter_ask(struct fr_limiter *limiter, struct fr_limiter_turn *turn, size_t bytes, bool is_urgent) {
    fr_assert(bytes > 0);
    if (turn->is_waiting)
        return 0;
    size_t least = bytes < grain(limiter) ? bytes : grain(limiter);
    uint64_t may = level(limiter, turn, uv_hrtime());
    if (may >= least && has_turn(limiter, turn, is_urgent)) {
        size_t passes = may < bytes ? (size_t) may : bytes;
        limiter->called = NULL;
        if (turn->path)
            turn->path->held += passes;
        return passes;
    }
    bool is_first = !has_waiting(limiter);
    append(limiter, turn, is_urgent);
    if (is_first && !limiter->is_serving)
        arm(limiter);
    return 0;
}

void fr_limiter_spend(struct fr_limiter *limiter, size_t bytes) {
    if (limiter->has_rate)
        fr_bucket_spend(&limiter->bucket, bytes);
    limiter->in_flight += bytes;
    begin_to_look(limiter);
}
