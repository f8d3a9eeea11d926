/* SPDX-License-Identifier: Apache-2.0 */
/* Turns at a shared rate: see limiter.h. The arithmetic is the bucket's. */
#include "net/limiter.h"

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "net/bucket.h"

enum {
    GRAIN_BYTES_MAX = 16 << 10, /* less than a grain is given only to who needs no more: small records cost much */
    BURST_GRAINS = 4,
    BURST_TICKS = 4, /* the queue is served this often while a bucket would fill: every 5 ms */
};

struct queue {
    struct fr_limiter_turn *first, *last;
};

struct fr_limiter {
    struct fr_bucket bucket;
    uv_timer_t timer;
    struct queue urgent, others;
    size_t grain;                         /* bytes that must be there before somebody is called */
    size_t tick;                          /* bytes that the timer waits for */
    bool is_serving;                      /* who asks now was called */
    const struct fr_limiter_turn *called; /* and has not been given anything since; NULL: it has */
};

int fr_limiter_new(uv_loop_t *loop, uint64_t rate, struct fr_limiter **ret_limiter) {
    struct fr_limiter *limiter = fr_alloc_zeroed(1, sizeof *limiter);
    if (!limiter)
        return FR_E_MEMORY;
    fr_bucket_init(&limiter->bucket, rate, uv_hrtime());
    size_t burst = (size_t) fr_bucket_burst(&limiter->bucket);
    limiter->grain = burst / BURST_GRAINS < GRAIN_BYTES_MAX ? burst / BURST_GRAINS : GRAIN_BYTES_MAX;
    limiter->tick = burst / BURST_TICKS;
    uv_timer_init(loop, &limiter->timer);
    limiter->timer.data = limiter;
    *ret_limiter = limiter;
    return 0;
}

static void free_limiter(uv_handle_t *handle) { fr_free(handle->data); }

static bool has_waiting(const struct fr_limiter *limiter) { return limiter->urgent.first || limiter->others.first; }

void fr_limiter_close(struct fr_limiter *limiter) {
    if (!limiter)
        return;
    fr_assert(!has_waiting(limiter));
    uv_close((uv_handle_t *) &limiter->timer, free_limiter);
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

/* ------------------------------------------------------------------------------------------------------------- the rate */

static void serve(uv_timer_t *timer);

static void arm(struct fr_limiter *limiter) {
    fr_time_ns wait = fr_bucket_wait(&limiter->bucket, limiter->tick, uv_hrtime());
    uv_timer_start(&limiter->timer, serve, (wait + FR_MS - 1) / FR_MS, 0);
}

/* Whoever is called takes what is there, or needs nothing any more, or cannot go on for another reason; so this ends. */
static void serve(uv_timer_t *timer) {
    struct fr_limiter *limiter = timer->data;
    fr_time_ns now = uv_hrtime();
    limiter->is_serving = true;
    while (has_waiting(limiter) && fr_bucket_level(&limiter->bucket, now) >= limiter->grain) {
        struct fr_limiter_turn *turn = limiter->urgent.first ? limiter->urgent.first : limiter->others.first;
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
    size_t least = bytes < limiter->grain ? bytes : limiter->grain;
    uint64_t level = fr_bucket_level(&limiter->bucket, uv_hrtime());
    if (level >= least && has_turn(limiter, turn, is_urgent)) {
        limiter->called = NULL;
        return level < bytes ? (size_t) level : bytes;
    }
    bool is_first = !has_waiting(limiter);
    append(limiter, turn, is_urgent);
    if (is_first && !limiter->is_serving)
        arm(limiter);
    return 0;
}

void fr_limiter_spend(struct fr_limiter *limiter, size_t bytes) { fr_bucket_spend(&limiter->bucket, bytes); }
