/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by OpenSSL, made cheap to begin. What is hashed, and why, is content/digest.h. */
#ifndef FR_BASE_SHA256_H
#define FR_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { FR_SHA256_BYTES = 32 };

/* Some bytes among those that are hashed end to end. */
struct fr_sha256_part {
    const void *bytes; /* NULL allowed when count is 0 */
    size_t count;
};

/* SHA-256 over all parts in order, on any thread. Only a thread's first call allocates, a few hundred bytes that go with the thread; when
 * there is no memory for that, the process aborts. */
void fr_sha256_of(const struct fr_sha256_part *parts, size_t part_count, uint8_t *ret_digest);

/* SHA-256 of two strings of `count` bytes each, on any thread: on processors with SHA instructions in three quarters of the time that one
 * after the other takes. bytes as above. */
void fr_sha256_of_two(const void *a, const void *b, size_t count, uint8_t *ret_a, uint8_t *ret_b);

/* A running one. new -> add ... -> end (once) -> free, which may come at any point. Any one thread at a time. */
struct fr_sha256;
struct fr_sha256 *fr_sha256_new(void); /* NULL when there is no memory */
void fr_sha256_add(struct fr_sha256 *sha256, const void *bytes, size_t count);
void fr_sha256_end(struct fr_sha256 *sha256, uint8_t *ret_digest);
void fr_sha256_free(struct fr_sha256 *sha256); /* NULL allowed */

#endif
