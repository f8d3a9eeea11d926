/* SPDX-License-Identifier: Apache-2.0 */
/* A queue in a circular array. The capacity is a power of two, so that a place is found with a mask; it may be larger than the cap,
 * never by as much as twice. */
#include "base/ring.h"

#include <stddef.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

enum { CAPACITY_FIRST = 8 };

void fr_ring_init(struct fr_ring *ring, uint32_t count_max) {
    fr_assert(count_max >= 1);
    fr_assert(count_max <= UINT32_C(1) << 31); /* the power of two above it fits */
    *ring = (struct fr_ring){.count_max = count_max};
}

void fr_ring_done(struct fr_ring *ring) {
    if (ring == NULL)
        return;
    fr_free(ring->items);
    *ring = (struct fr_ring){0};
}

static uint32_t place_of(const struct fr_ring *ring, uint32_t position) { return (ring->head + position) & (ring->capacity - 1); }

/* Twice the room. What had wrapped round to the array's start is moved behind its old end. */
static int grow(struct fr_ring *ring) {
    uint32_t old = ring->capacity;
    uint32_t capacity = old == 0 ? CAPACITY_FIRST : 2 * old;
    uint32_t *items = fr_realloc(ring->items, capacity, sizeof *items);

    if (items == NULL)
        return FR_E_MEMORY;
    if (ring->head > 0)
        memcpy(items + old, items, (size_t) ring->head * sizeof *items);
    ring->items = items;
    ring->capacity = capacity;
    return 0;
}

static int make_room(struct fr_ring *ring) {
    if (ring->count >= ring->count_max)
        return FR_E_LIMIT;
    return ring->count == ring->capacity ? grow(ring) : 0;
}

int fr_ring_push(struct fr_ring *ring, uint32_t item) {
    int error = make_room(ring);

    if (error)
        return error;
    ring->items[place_of(ring, ring->count)] = item;
    ring->count++;
    return 0;
}

int fr_ring_push_front(struct fr_ring *ring, uint32_t item) {
    int error = make_room(ring);

    if (error)
        return error;
    ring->head = (ring->head - 1) & (ring->capacity - 1);
    ring->items[ring->head] = item;
    ring->count++;
    return 0;
}

bool fr_ring_peek(const struct fr_ring *ring, uint32_t *ret_item) {
    if (ring->count == 0)
        return false;
    *ret_item = ring->items[ring->head];
    return true;
}

bool fr_ring_pop(struct fr_ring *ring, uint32_t *ret_item) {
    if (!fr_ring_peek(ring, ret_item))
        return false;
    ring->head = place_of(ring, 1);
    ring->count--;
    return true;
}

static uint32_t find(const struct fr_ring *ring, uint32_t item) {
    uint32_t position = 0;

    while (position < ring->count && ring->items[place_of(ring, position)] != item)
        position++;
    return position;
}

bool fr_ring_has(const struct fr_ring *ring, uint32_t item) { return find(ring, item) < ring->count; }

bool fr_ring_remove(struct fr_ring *ring, uint32_t item) {
    uint32_t position = find(ring, item);

    if (position == ring->count)
        return false;
    for (; position + 1 < ring->count; position++)
        ring->items[place_of(ring, position)] = ring->items[place_of(ring, position + 1)];
    ring->count--;
    return true;
}

void fr_ring_clear(struct fr_ring *ring) {
    ring->head = 0;
    ring->count = 0;
}
