/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, FIPS 180-4 section 6.2.2, on two lanes: see sha256_pair.h. The order of the words in the registers and the use of the
 * instructions follow Intel's "SHA Extensions: New Instructions Supporting the Secure Hash Algorithm", 2013. */
#include "base/sha256_pair.h"

#include "base/check.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1")))
#define INLINE WITH_SHA __attribute__((always_inline)) static inline

enum { BLOCK_BYTES = 64 };

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* One string's state as the instructions want it, and the sixteen message words of the schedule that are needed next. */
struct lane {
    __m128i abef, cdgh;
    __m128i words[4];
};

INLINE void load_state(struct lane *lane, const uint32_t *state) {
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *) (const void *) state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *) (const void *) (state + 4)), 0x1b);
    lane->abef = _mm_alignr_epi8(cdab, efgh, 8);
    lane->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

INLINE void save_state(const struct lane *lane, uint32_t *state) {
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(lane->cdgh, 0xb1);
    _mm_storeu_si128((__m128i *) (void *) state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *) (void *) (state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

INLINE void load_block(struct lane *lane, const uint8_t *block) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    lane->words[0] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (const void *) block), big_endian);
    lane->words[1] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (const void *) (block + 16)), big_endian);
    lane->words[2] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (const void *) (block + 32)), big_endian);
    lane->words[3] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (const void *) (block + 48)), big_endian);
}

/* Four rounds with words[i]. */
INLINE void do_rounds(struct lane *lane, int i, __m128i constants) {
    __m128i message = _mm_add_epi32(lane->words[i], constants);
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, message);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(message, 0x0e));
}

/* words[i] becomes the four words that come sixteen later. */
INLINE void schedule(struct lane *lane, int i) {
    __m128i *words = lane->words;
    __m128i next = _mm_sha256msg1_epu32(words[i], words[(i + 1) & 3]);
    next = _mm_add_epi32(next, _mm_alignr_epi8(words[(i + 3) & 3], words[(i + 2) & 3], 4));
    words[i] = _mm_sha256msg2_epu32(next, words[(i + 3) & 3]);
}

INLINE __m128i constants_at(int round) { return _mm_load_si128((const __m128i *) (const void *) (round_constants + round)); }

/* Four rounds of each lane with words[i], and the words for later. i is a literal wherever this is inlined, so that the words stay in
 * registers: loops over i would not be unrolled at -O2. */
INLINE void do_four(struct lane *a, struct lane *b, int i, int round) {
    __m128i constants = constants_at(round + 4 * i);
    do_rounds(a, i, constants);
    do_rounds(b, i, constants);
    if (round < 48) {
        schedule(a, i);
        schedule(b, i);
    }
}

INLINE void do_sixteen(struct lane *a, struct lane *b, int round) {
    do_four(a, b, 0, round);
    do_four(a, b, 1, round);
    do_four(a, b, 2, round);
    do_four(a, b, 3, round);
}

INLINE void do_blocks(struct lane *a, struct lane *b) {
    do_sixteen(a, b, 0);
    do_sixteen(a, b, 16);
    do_sixteen(a, b, 32);
    do_sixteen(a, b, 48);
}

WITH_SHA void fr_sha256_pair_blocks(uint32_t *state_a, uint32_t *state_b, const uint8_t *a, const uint8_t *b, size_t block_count) {
    struct lane lane_a, lane_b;
    load_state(&lane_a, state_a);
    load_state(&lane_b, state_b);
    for (; block_count > 0; block_count--, a += BLOCK_BYTES, b += BLOCK_BYTES) {
        const struct lane before_a = lane_a, before_b = lane_b;
        load_block(&lane_a, a);
        load_block(&lane_b, b);
        do_blocks(&lane_a, &lane_b);
        lane_a.abef = _mm_add_epi32(lane_a.abef, before_a.abef);
        lane_a.cdgh = _mm_add_epi32(lane_a.cdgh, before_a.cdgh);
        lane_b.abef = _mm_add_epi32(lane_b.abef, before_b.abef);
        lane_b.cdgh = _mm_add_epi32(lane_b.cdgh, before_b.cdgh);
    }
    save_state(&lane_a, state_a);
    save_state(&lane_b, state_b);
}

static bool ask_processor(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

bool fr_sha256_pair_is_here(void) {
    static _Atomic int known; /* 0: not asked yet; 1: no; 2: yes */
    if (known == 0)
        known = ask_processor() ? 2 : 1;
    return known == 2;
}

#else

bool fr_sha256_pair_is_here(void) { return false; }

void fr_sha256_pair_blocks(uint32_t *state_a, uint32_t *state_b, const uint8_t *a, const uint8_t *b, size_t block_count) {
    (void) state_a, (void) state_b, (void) a, (void) b, (void) block_count;
    fr_assert(fr_sha256_pair_is_here());
}

#endif
