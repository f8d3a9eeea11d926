/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded first-in first-out queue of chunk numbers. Starts small, doubles up to its cap, then refuses. */
#ifndef FR_BASE_RING_H
#define FR_BASE_RING_H

#include <stdbool.h>
#include <stdint.h>

struct fr_ring {
    uint32_t *items;
    uint32_t capacity;  /* allocated, a power of two or 0 */
    uint32_t count_max; /* the cap */
    uint32_t head;
    uint32_t count;
};

void fr_ring_init(struct fr_ring *ring, uint32_t count_max); /* allocates nothing; count_max >= 1 */
void fr_ring_done(struct fr_ring *ring);
int fr_ring_push(struct fr_ring *ring, uint32_t item);       /* 0, FR_E_LIMIT when full, FR_E_MEMORY; both leave it unchanged */
int fr_ring_push_front(struct fr_ring *ring, uint32_t item); /* the same, at the head */
bool fr_ring_pop(struct fr_ring *ring, uint32_t *ret_item);  /* false when empty */
bool fr_ring_peek(const struct fr_ring *ring, uint32_t *ret_item);
bool fr_ring_has(const struct fr_ring *ring, uint32_t item); /* O(count) */
bool fr_ring_remove(struct fr_ring *ring, uint32_t item);    /* the first that is equal; O(count) */
void fr_ring_clear(struct fr_ring *ring);

#endif
