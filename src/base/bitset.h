/* SPDX-License-Identifier: Apache-2.0 */
/* A set of small numbers, one bit each, that knows how many it holds. Grows on request (a pipe's chunks). */
#ifndef FR_BASE_BITSET_H
#define FR_BASE_BITSET_H

#include <stdbool.h>
#include <stdint.h>

struct fr_bitset {
    uint64_t *words;
    uint32_t bit_count; /* numbers 0 .. bit_count - 1 may be in the set */
    uint32_t set_count; /* how many are */
};

int fr_bitset_init(struct fr_bitset *set, uint32_t bit_count); /* 0 or FR_E_MEMORY; bit_count 0 allowed */
void fr_bitset_done(struct fr_bitset *set);                    /* NULL, zeroed and half-built allowed */
int fr_bitset_grow(struct fr_bitset *set, uint32_t bit_count); /* 0 or FR_E_MEMORY (unchanged); never shrinks; amortised O(1) */

static inline bool fr_bitset_has(const struct fr_bitset *set, uint32_t bit) { /* false when bit >= bit_count */
    return bit < set->bit_count && (set->words[bit / 64] >> (bit % 64) & 1) != 0;
}
bool fr_bitset_add(struct fr_bitset *set, uint32_t bit);                         /* true when it was not in; bit < bit_count */
bool fr_bitset_remove(struct fr_bitset *set, uint32_t bit);                      /* true when it was in; bit >= bit_count: false */
void fr_bitset_add_range(struct fr_bitset *set, uint32_t first, uint32_t count); /* first + count <= bit_count */

/* The lowest number >= from that is in (not in) the set, or bit_count when there is none. O(words passed). */
uint32_t fr_bitset_next_set(const struct fr_bitset *set, uint32_t from);
uint32_t fr_bitset_next_clear(const struct fr_bitset *set, uint32_t from);

#endif
