/* SPDX-License-Identifier: Apache-2.0 */
/* What is hashed: chunks, streams, and the root over an object's chunk digests. How is base/sha256.h. */
#include "content/digest.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/sha256.h"

static_assert(sizeof(struct fr_digest) == FR_SHA256_BYTES, "a digest is a SHA-256, and an array of them is their bytes end to end");

void fr_digest_of(const void *bytes, size_t count, struct fr_digest *ret_digest) {
    const struct fr_sha256_part whole = {bytes, count};

    fr_sha256_of(&whole, 1, ret_digest->bytes);
}

void fr_digest_of_two(const void *a, const void *b, size_t count, struct fr_digest *ret_a, struct fr_digest *ret_b) {
    fr_sha256_of_two(a, b, count, ret_a->bytes, ret_b->bytes);
}

/* Not in constant time: digests are public. */
bool fr_digest_equal(const struct fr_digest *a, const struct fr_digest *b) { return memcmp(a->bytes, b->bytes, FR_DIGEST_BYTES) == 0; }

struct fr_hasher {
    struct fr_sha256 *sha256;
};

struct fr_hasher *fr_hasher_new(void) {
    struct fr_hasher *hasher = fr_alloc_zeroed(1, sizeof *hasher);

    if (hasher == NULL)
        return NULL;
    hasher->sha256 = fr_sha256_new();
    if (hasher->sha256 == NULL) {
        fr_hasher_free(hasher);
        return NULL;
    }
    return hasher;
}

void fr_hasher_update(struct fr_hasher *hasher, const void *bytes, size_t count) { fr_sha256_add(hasher->sha256, bytes, count); }

void fr_hasher_finish(struct fr_hasher *hasher, struct fr_digest *ret_digest) { fr_sha256_end(hasher->sha256, ret_digest->bytes); }

void fr_hasher_free(struct fr_hasher *hasher) {
    if (hasher == NULL)
        return;
    fr_sha256_free(hasher->sha256);
    fr_free(hasher);
}

/* `count` low bytes of a number, big-endian. */
static void put_number(uint8_t *out, uint64_t number, int count) {
    while (count-- > 0) {
        out[count] = (uint8_t) number;
        number >>= 8;
    }
}

void fr_root_of(uint32_t chunk_bytes, uint64_t object_bytes, const struct fr_digest *digests, uint32_t chunk_count,
                struct fr_digest *ret_root) {
    static const char label[] = "fastreplica-root-1";
    uint8_t numbers[4 + 8];
    const struct fr_sha256_part parts[] = {
        {label, sizeof label - 1},
        {numbers, sizeof numbers},
        {digests, (size_t) chunk_count * sizeof *digests},
    };

    put_number(numbers, chunk_bytes, 4);
    put_number(numbers + 4, object_bytes, 8);
    fr_sha256_of(parts, sizeof parts / sizeof *parts, ret_root->bytes);
}
