/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded pseudo-random numbers (splitmix64 seeding xoshiro256**; Blackman and Vigna 2018). Not for secrets. */
#ifndef FR_BASE_PRNG_H
#define FR_BASE_PRNG_H

#include <stdint.h>

struct fr_prng {
    uint64_t state[4];
};

void fr_prng_init(struct fr_prng *prng, uint64_t seed);
uint64_t fr_prng_next(struct fr_prng *prng);
uint64_t fr_prng_below(struct fr_prng *prng, uint64_t bound); /* uniform in 0 .. bound - 1; bound >= 1 */
double fr_prng_unit(struct fr_prng *prng);                    /* uniform in [0, 1) */
void fr_prng_shuffle(struct fr_prng *prng, uint32_t *items, uint32_t count);

#endif
