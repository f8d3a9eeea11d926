/* SPDX-License-Identifier: Apache-2.0 */
/* xoshiro256** 1.0, seeded by splitmix64, as its authors advise: https://prng.di.unimi.it (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2018). The same seed gives the same numbers on every machine, for ever: seeds are kept. */
#include "base/prng.h"

#include "base/check.h"

static uint64_t rotate_left(uint64_t x, unsigned bits) { return (x << bits) | (x >> (64 - bits)); }

/* Sebastiano Vigna's splitmix64: every seed, zero too, gives a state that is well mixed and not all zero. */
static uint64_t next_splitmix64(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void fr_prng_init(struct fr_prng *prng, uint64_t seed) {
    for (int i = 0; i < 4; i++)
        prng->state[i] = next_splitmix64(&seed);
}

uint64_t fr_prng_next(struct fr_prng *prng) {
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire, "Fast random integer generation in an interval", 2019: the high half of a product, without the few low halves that
 * would favour some results. */
uint64_t fr_prng_below(struct fr_prng *prng, uint64_t bound) {
    unsigned __int128 product;
    uint64_t rest;

    fr_assert(bound >= 1);
    product = (unsigned __int128) fr_prng_next(prng) * bound;
    if ((uint64_t) product < bound) {
        rest = -bound % bound; /* 2^64 mod bound */
        while ((uint64_t) product < rest)
            product = (unsigned __int128) fr_prng_next(prng) * bound;
    }
    return (uint64_t) (product >> 64);
}

double fr_prng_unit(struct fr_prng *prng) { return (double) (fr_prng_next(prng) >> 11) * 0x1p-53; }

void fr_prng_shuffle(struct fr_prng *prng, uint32_t *items, uint32_t count) {
    for (uint32_t left = count; left > 1; left--) {
        uint32_t chosen = (uint32_t) fr_prng_below(prng, left);
        uint32_t item = items[chosen];
        items[chosen] = items[left - 1];
        items[left - 1] = item;
    }
}
