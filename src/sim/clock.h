/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual time: what happens next, and when. Events of one moment happen in the order they were set. */
#ifndef FR_SIM_CLOCK_H
#define FR_SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/time.h"

/* The head of whatever can happen: it is the first field of a bigger struct, which `happen` casts it back to. */
struct fr_sim_event {
    void (*happen)(struct fr_sim_event *event);
    struct fr_sim_event *next; /* while it waits in a queue of events instead of on the clock */
};

struct fr_sim_clock {
    struct fr_heap heap;
    fr_time_ns now;
    uint64_t event_count; /* that have happened */
};

void fr_sim_clock_init(struct fr_sim_clock *clock, fr_time_ns now);
void fr_sim_clock_done(struct fr_sim_clock *clock); /* events themselves belong to who set them */
/* at: now or later. An event waits at one place at a time. */
void fr_sim_clock_set(struct fr_sim_clock *clock, fr_time_ns at, struct fr_sim_event *event);
/* Let the next event happen; false when there is none. */
bool fr_sim_clock_step(struct fr_sim_clock *clock);

/* Events that wait for something else than a time: a host to wake up, a path to heal. First in, first out. */
struct fr_sim_queue {
    struct fr_sim_event *first, *last;
};

void fr_sim_queue_push(struct fr_sim_queue *queue, struct fr_sim_event *event);
struct fr_sim_event *fr_sim_queue_pop(struct fr_sim_queue *queue); /* NULL when empty */
/* All of them happen now, in order. */
void fr_sim_queue_release(struct fr_sim_queue *queue, struct fr_sim_clock *clock);

#endif
