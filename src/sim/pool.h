/* SPDX-License-Identifier: Apache-2.0 */
/* Many small things of one size, taken and given back at the rate of events: slabs and a free list, no malloc in between. */
#ifndef FR_SIM_POOL_H
#define FR_SIM_POOL_H

#include <stddef.h>
#include <stdint.h>

struct fr_sim_pool {
    size_t bytes;       /* of one thing */
    void *slabs;        /* chained by their first word */
    void *free;         /* the same */
    uint64_t out_count; /* taken and not given back */
};

void fr_sim_pool_init(struct fr_sim_pool *pool, size_t bytes);
/* Everything goes at once, whether it was given back or not. Zeroed allowed. */
void fr_sim_pool_done(struct fr_sim_pool *pool);
/* Zeroed. A simulator without memory has nothing left to say: it stops the program, so the result is never NULL. */
void *fr_sim_pool_take(struct fr_sim_pool *pool);
void fr_sim_pool_give(struct fr_sim_pool *pool, void *thing);

/* For everything else that the simulator allocates: zeroed, freed by fr_free, never NULL for the same reason. */
void *fr_sim_alloc(size_t count, size_t bytes);

#endif
