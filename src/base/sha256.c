/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by OpenSSL. Looking an algorithm up costs more than hashing a page of digests, so every thread keeps one context in which it is
 * looked up already; a destructor frees that when the thread ends. */
#include "base/sha256.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/sha256_pair.h"

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key; /* only for its destructor; the variable below is faster to read */
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context) {
    thread_context = NULL; /* a destructor that runs later may hash again: it gets a new one */
    EVP_MD_CTX_free(context);
}

static void make_key(void) {
    int error = pthread_key_create(&context_key, free_context);

    fr_assert(error == 0);
}

/* A context that has SHA-256 looked up and is ready for bytes, or NULL. */
static EVP_MD_CTX *new_context(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context != NULL && EVP_DigestInit_ex2(context, EVP_sha256(), NULL))
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

/* This thread's context, ready for bytes. */
static EVP_MD_CTX *begin_here(void) {
    int error, is_begun;

    if (thread_context != NULL) {
        is_begun = EVP_DigestInit_ex2(thread_context, NULL, NULL);
        fr_assert(is_begun);
        return thread_context;
    }
    thread_context = new_context();
    fr_assert(thread_context != NULL);
    pthread_once(&key_once, make_key);
    error = pthread_setspecific(context_key, thread_context);
    fr_assert(error == 0);
    return thread_context;
}

/* In memory, once begun, SHA-256 has no way to fail. */
static void add_bytes(EVP_MD_CTX *context, const void *bytes, size_t count) {
    int is_added = EVP_DigestUpdate(context, bytes, count);

    fr_assert(is_added);
}

static void end_digest(EVP_MD_CTX *context, uint8_t *ret_digest) {
    unsigned length = 0;
    int is_ended = EVP_DigestFinal_ex(context, ret_digest, &length);

    fr_assert(is_ended);
    fr_assert(length == FR_SHA256_BYTES);
}

void fr_sha256_of(const struct fr_sha256_part *parts, size_t part_count, uint8_t *ret_digest) {
    EVP_MD_CTX *context = begin_here();

    for (size_t i = 0; i < part_count; i++)
        add_bytes(context, parts[i].bytes, parts[i].count);
    end_digest(context, ret_digest);
}

enum { BLOCK_BYTES = 64, STATE_WORDS = 8 };

/* FIPS 180-4, 5.3.3. */
static const uint32_t first_state[STATE_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The end of a string of `count` bytes, padded (FIPS 180-4, 5.1.1). Returns how many blocks that makes. */
static size_t pad_tail(const uint8_t *bytes, size_t count, uint8_t *out) {
    size_t rest = count % BLOCK_BYTES, blocks = rest < BLOCK_BYTES - 8 ? 1 : 2;
    uint64_t bits = (uint64_t) count * 8;

    memset(out, 0, blocks * BLOCK_BYTES);
    if (rest > 0)
        memcpy(out, bytes + (count - rest), rest);
    out[rest] = 0x80;
    for (size_t i = 1; i <= 8; i++, bits >>= 8)
        out[blocks * BLOCK_BYTES - i] = (uint8_t) bits;
    return blocks;
}

static void put_state(const uint32_t *state, uint8_t *ret_digest) {
    for (size_t i = 0; i < FR_SHA256_BYTES; i++)
        ret_digest[i] = (uint8_t) (state[i / 4] >> (24 - 8 * (i % 4)));
}

void fr_sha256_of_two(const void *a, const void *b, size_t count, uint8_t *ret_a, uint8_t *ret_b) {
    uint32_t state_a[STATE_WORDS], state_b[STATE_WORDS];
    uint8_t tail_a[2 * BLOCK_BYTES], tail_b[2 * BLOCK_BYTES];

    if (!fr_sha256_pair_is_here()) {
        fr_sha256_of(&(struct fr_sha256_part){a, count}, 1, ret_a);
        fr_sha256_of(&(struct fr_sha256_part){b, count}, 1, ret_b);
        return;
    }
    memcpy(state_a, first_state, sizeof state_a);
    memcpy(state_b, first_state, sizeof state_b);
    fr_sha256_pair_blocks(state_a, state_b, a, b, count / BLOCK_BYTES);
    size_t blocks = pad_tail(a, count, tail_a);
    pad_tail(b, count, tail_b);
    fr_sha256_pair_blocks(state_a, state_b, tail_a, tail_b, blocks);
    put_state(state_a, ret_a);
    put_state(state_b, ret_b);
}

struct fr_sha256 {
    EVP_MD_CTX *context;
    bool is_ended;
};

struct fr_sha256 *fr_sha256_new(void) {
    struct fr_sha256 *sha256 = fr_alloc_zeroed(1, sizeof *sha256);

    if (sha256 == NULL)
        return NULL;
    sha256->context = new_context();
    if (sha256->context == NULL) {
        fr_sha256_free(sha256);
        return NULL;
    }
    return sha256;
}

void fr_sha256_add(struct fr_sha256 *sha256, const void *bytes, size_t count) {
    fr_assert(!sha256->is_ended);
    add_bytes(sha256->context, bytes, count);
}

void fr_sha256_end(struct fr_sha256 *sha256, uint8_t *ret_digest) {
    fr_assert(!sha256->is_ended);
    end_digest(sha256->context, ret_digest);
    sha256->is_ended = true;
}

void fr_sha256_free(struct fr_sha256 *sha256) {
    if (sha256 == NULL)
        return;
    EVP_MD_CTX_free(sha256->context);
    fr_free(sha256);
}
