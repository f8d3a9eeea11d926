/* SPDX-License-Identifier: Apache-2.0 */
/* A set of small numbers in 64-bit words. Two things always hold: bits from bit_count on are clear in every allocated word, and
 * set_count is the number of bits that are set. How many words are allocated follows from bit_count alone (a power of two), so
 * growing by one at a time copies each word O(1) times on average without a field for it. */
#include "base/bitset.h"

#include <stddef.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

enum { WORD_BITS = 64 };

/* Words that a set of so many bits has allocated. */
static uint32_t words_for(uint32_t bit_count) {
    uint32_t used = (uint32_t) (((uint64_t) bit_count + WORD_BITS - 1) / WORD_BITS);
    uint32_t words = 1;

    if (used == 0)
        return 0;
    while (words < used)
        words *= 2;
    return words;
}

static uint64_t mask_of(uint32_t bit) { return UINT64_C(1) << (bit % WORD_BITS); }

int fr_bitset_init(struct fr_bitset *set, uint32_t bit_count) {
    *set = (struct fr_bitset){0};
    return fr_bitset_grow(set, bit_count);
}

void fr_bitset_done(struct fr_bitset *set) {
    if (set == NULL)
        return;
    fr_free(set->words);
    *set = (struct fr_bitset){0};
}

int fr_bitset_grow(struct fr_bitset *set, uint32_t bit_count) {
    uint32_t old_words = words_for(set->bit_count);
    uint32_t new_words = words_for(bit_count);

    if (bit_count <= set->bit_count)
        return 0;
    if (new_words > old_words) {
        uint64_t *words = fr_realloc(set->words, new_words, sizeof *words);
        if (words == NULL)
            return FR_E_MEMORY;
        memset(words + old_words, 0, (size_t) (new_words - old_words) * sizeof *words);
        set->words = words;
    }
    set->bit_count = bit_count;
    return 0;
}

bool fr_bitset_add(struct fr_bitset *set, uint32_t bit) {
    fr_assert(bit < set->bit_count);
    if (fr_bitset_has(set, bit))
        return false;
    set->words[bit / WORD_BITS] |= mask_of(bit);
    set->set_count++;
    return true;
}

bool fr_bitset_remove(struct fr_bitset *set, uint32_t bit) {
    if (!fr_bitset_has(set, bit))
        return false;
    set->words[bit / WORD_BITS] &= ~mask_of(bit);
    fr_assert(set->set_count > 0);
    set->set_count--;
    return true;
}

/* Set the bits of `mask` in one word and count those that are new. */
static void add_to_word(struct fr_bitset *set, uint32_t word, uint64_t mask) {
    set->set_count += (uint32_t) __builtin_popcountll(mask & ~set->words[word]);
    set->words[word] |= mask;
}

void fr_bitset_add_range(struct fr_bitset *set, uint32_t first, uint32_t count) {
    uint32_t first_word, last_word, last;
    uint64_t head, tail;

    fr_assert(first <= set->bit_count && count <= set->bit_count - first);
    if (count == 0)
        return;
    last = first + count - 1;
    first_word = first / WORD_BITS;
    last_word = last / WORD_BITS;
    head = ~UINT64_C(0) << (first % WORD_BITS);
    tail = ~UINT64_C(0) >> (WORD_BITS - 1 - last % WORD_BITS);
    if (first_word == last_word) {
        add_to_word(set, first_word, head & tail);
        return;
    }
    add_to_word(set, first_word, head);
    for (uint32_t word = first_word + 1; word < last_word; word++)
        add_to_word(set, word, ~UINT64_C(0));
    add_to_word(set, last_word, tail);
}

/* The lowest number >= from whose bit differs from the same bit of `flip` (all zeros or all ones), or bit_count. */
static uint32_t find_next(const struct fr_bitset *set, uint32_t from, uint64_t flip) {
    uint32_t word, word_end;
    uint64_t bits;

    if (from >= set->bit_count)
        return set->bit_count;
    word = from / WORD_BITS;
    word_end = (set->bit_count - 1) / WORD_BITS + 1;
    bits = (set->words[word] ^ flip) & (~UINT64_C(0) << (from % WORD_BITS));
    while (bits == 0) {
        if (++word == word_end)
            return set->bit_count;
        bits = set->words[word] ^ flip;
    }
    uint64_t found = (uint64_t) word * WORD_BITS + (uint32_t) __builtin_ctzll(bits);
    /* Past the end only when looking for clear bits: those behind bit_count are clear. */
    return found < set->bit_count ? (uint32_t) found : set->bit_count;
}

uint32_t fr_bitset_next_set(const struct fr_bitset *set, uint32_t from) { return find_next(set, from, 0); }

uint32_t fr_bitset_next_clear(const struct fr_bitset *set, uint32_t from) { return find_next(set, from, ~UINT64_C(0)); }
