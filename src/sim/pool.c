/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs of equal things with a free list through their first word. */
#include "sim/pool.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"

enum { SLAB_THINGS = 256 };

void *fr_sim_alloc(size_t count, size_t bytes) {
    void *block = fr_alloc_zeroed(count != 0 ? count : 1, bytes);

    fr_assert(block != NULL);
    return block;
}

void fr_sim_pool_init(struct fr_sim_pool *pool, size_t bytes) {
    memset(pool, 0, sizeof *pool);
    pool->bytes = (bytes + 15) / 16 * 16;
}

void fr_sim_pool_done(struct fr_sim_pool *pool) {
    while (pool->slabs != NULL) {
        void *next = *(void **) pool->slabs;

        fr_free(pool->slabs);
        pool->slabs = next;
    }
    pool->free = NULL;
    pool->out_count = 0;
}

static void add_slab(struct fr_sim_pool *pool) {
    uint8_t *slab = fr_sim_alloc(1, 16 + SLAB_THINGS * pool->bytes);

    *(void **) slab = pool->slabs;
    pool->slabs = slab;
    for (size_t i = SLAB_THINGS; i-- > 0;) {
        void *thing = slab + 16 + i * pool->bytes;

        *(void **) thing = pool->free;
        pool->free = thing;
    }
}

void *fr_sim_pool_take(struct fr_sim_pool *pool) {
    void *thing;

    if (pool->free == NULL)
        add_slab(pool);
    thing = pool->free;
    pool->free = *(void **) thing;
    pool->out_count++;
    memset(thing, 0, pool->bytes);
    return thing;
}

void fr_sim_pool_give(struct fr_sim_pool *pool, void *thing) {
    fr_assert(pool->out_count > 0);
    pool->out_count--;
    *(void **) thing = pool->free;
    pool->free = thing;
}
