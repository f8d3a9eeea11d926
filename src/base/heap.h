/* SPDX-License-Identifier: Apache-2.0 */
/* A binary min-heap of (key, order, payload): events and deadlines. Equal keys come out in the order they went in. */
#ifndef FR_BASE_HEAP_H
#define FR_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct fr_heap_item {
    uint64_t key;
    uint64_t order; /* set by push */
    void *payload;
};

struct fr_heap {
    struct fr_heap_item *items;
    uint32_t count, capacity;
    uint64_t next_order;
};

void fr_heap_init(struct fr_heap *heap);
void fr_heap_done(struct fr_heap *heap);                             /* does not touch payloads */
int fr_heap_push(struct fr_heap *heap, uint64_t key, void *payload); /* 0 or FR_E_MEMORY; O(log count) */
/* false when empty, results then untouched; each ret_... may be NULL */
bool fr_heap_peek(const struct fr_heap *heap, uint64_t *ret_key);
bool fr_heap_pop(struct fr_heap *heap, uint64_t *ret_key, void **ret_payload);

#endif
