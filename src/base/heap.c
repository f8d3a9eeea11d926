/* SPDX-License-Identifier: Apache-2.0 */
/* A binary min-heap in an array: no item comes before its parent, where "before" is by key and then by order of arrival. The
 * order makes all items different, so the same pushes always pop the same way. */
#include "base/heap.h"

#include <stddef.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

enum { CAPACITY_FIRST = 16 };

void fr_heap_init(struct fr_heap *heap) { *heap = (struct fr_heap){0}; }

void fr_heap_done(struct fr_heap *heap) {
    if (heap == NULL)
        return;
    fr_free(heap->items);
    *heap = (struct fr_heap){0};
}

static bool is_before(const struct fr_heap_item *a, const struct fr_heap_item *b) {
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static int make_room(struct fr_heap *heap) {
    uint32_t capacity = heap->capacity == 0 ? CAPACITY_FIRST : 2 * heap->capacity;
    struct fr_heap_item *items;

    if (heap->count < heap->capacity)
        return 0;
    if (heap->capacity > UINT32_MAX / 2)
        return FR_E_MEMORY;
    items = fr_realloc(heap->items, capacity, sizeof *items);
    if (items == NULL)
        return FR_E_MEMORY;
    heap->items = items;
    heap->capacity = capacity;
    return 0;
}

/* Put `item` where `hole` is, or higher: parents that come after it move down. */
static void place_upwards(struct fr_heap *heap, uint32_t hole, struct fr_heap_item item) {
    while (hole > 0) {
        uint32_t parent = (hole - 1) / 2;
        if (!is_before(&item, &heap->items[parent]))
            break;
        heap->items[hole] = heap->items[parent];
        hole = parent;
    }
    heap->items[hole] = item;
}

/* Put `item` at the top, or lower: the lesser child moves up while it comes before the item. */
static void place_downwards(struct fr_heap *heap, struct fr_heap_item item) {
    uint64_t hole = 0, child; /* 64 bits: 2 * hole + 2 may not fit 32 */

    while ((child = 2 * hole + 1) < heap->count) {
        if (child + 1 < heap->count && is_before(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (!is_before(&heap->items[child], &item))
            break;
        heap->items[hole] = heap->items[child];
        hole = child;
    }
    heap->items[hole] = item;
}

int fr_heap_push(struct fr_heap *heap, uint64_t key, void *payload) {
    int error = make_room(heap);

    if (error)
        return error;
    heap->count++;
    place_upwards(heap, heap->count - 1, (struct fr_heap_item){.key = key, .order = heap->next_order++, .payload = payload});
    return 0;
}

bool fr_heap_peek(const struct fr_heap *heap, uint64_t *ret_key) {
    if (heap->count == 0)
        return false;
    if (ret_key != NULL)
        *ret_key = heap->items[0].key;
    return true;
}

bool fr_heap_pop(struct fr_heap *heap, uint64_t *ret_key, void **ret_payload) {
    struct fr_heap_item top;

    if (heap->count == 0)
        return false;
    top = heap->items[0];
    heap->count--;
    if (heap->count > 0)
        place_downwards(heap, heap->items[heap->count]);
    if (ret_key != NULL)
        *ret_key = top.key;
    if (ret_payload != NULL)
        *ret_payload = top.payload;
    return true;
}
