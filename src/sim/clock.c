/* SPDX-License-Identifier: Apache-2.0 */
/* A heap of events and the moment it has come to. */
#include "sim/clock.h"

#include "base/check.h"

void fr_sim_clock_init(struct fr_sim_clock *clock, fr_time_ns now) {
    fr_heap_init(&clock->heap);
    clock->now = now;
    clock->event_count = 0;
}

void fr_sim_clock_done(struct fr_sim_clock *clock) { fr_heap_done(&clock->heap); }

void fr_sim_clock_set(struct fr_sim_clock *clock, fr_time_ns at, struct fr_sim_event *event) {
    int error;

    fr_assert(at >= clock->now);
    fr_assert(event->happen != NULL);
    error = fr_heap_push(&clock->heap, at, event);
    fr_assert(error == 0);
}

bool fr_sim_clock_step(struct fr_sim_clock *clock) {
    uint64_t at;
    void *payload;
    struct fr_sim_event *event;

    if (!fr_heap_pop(&clock->heap, &at, &payload))
        return false;
    event = payload;
    fr_assert(at >= clock->now);
    clock->now = at;
    clock->event_count++;
    event->happen(event);
    return true;
}

void fr_sim_queue_push(struct fr_sim_queue *queue, struct fr_sim_event *event) {
    event->next = NULL;
    if (queue->last != NULL)
        queue->last->next = event;
    else
        queue->first = event;
    queue->last = event;
}

struct fr_sim_event *fr_sim_queue_pop(struct fr_sim_queue *queue) {
    struct fr_sim_event *event = queue->first;

    if (event == NULL)
        return NULL;
    queue->first = event->next;
    if (queue->first == NULL)
        queue->last = NULL;
    event->next = NULL;
    return event;
}

void fr_sim_queue_release(struct fr_sim_queue *queue, struct fr_sim_clock *clock) {
    struct fr_sim_event *event;

    while ((event = fr_sim_queue_pop(queue)) != NULL)
        fr_sim_clock_set(clock, clock->now, event);
}
