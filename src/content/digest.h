/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of chunks, of the whole stream, and the object's root over all chunk digests. */
#ifndef FR_CONTENT_DIGEST_H
#define FR_CONTENT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/types.h>

/* One shot, on any thread; bytes may be NULL when count is 0. Only a thread's first digest (or root) allocates, a few hundred bytes that
 * go with the thread; when there is no memory for that, the process aborts. */
void fr_digest_of(const void *bytes, size_t count, struct fr_digest *ret_digest);
/* The same for two chunks of one size, in less time than one after the other. */
void fr_digest_of_two(const void *a, const void *b, size_t count, struct fr_digest *ret_a, struct fr_digest *ret_b);
bool fr_digest_equal(const struct fr_digest *a, const struct fr_digest *b);

/* A running SHA-256. new -> update ... -> finish (once) -> free, which may come at any point. Any one thread at a time. */
struct fr_hasher;
struct fr_hasher *fr_hasher_new(void); /* NULL when there is no memory */
void fr_hasher_update(struct fr_hasher *hasher, const void *bytes, size_t count);
void fr_hasher_finish(struct fr_hasher *hasher, struct fr_digest *ret_digest);
void fr_hasher_free(struct fr_hasher *hasher); /* NULL allowed */

/* The object's root: SHA-256 over
 *   "fastreplica-root-1" (18 bytes, no NUL) | chunk_bytes u32 | object_bytes u64 | chunk digests in order
 * with numbers big-endian. It names content and cut, not the object's name. digests [chunk_count] may be NULL when the
 * count is 0. O(chunk_count). */
void fr_root_of(uint32_t chunk_bytes, uint64_t object_bytes, const struct fr_digest *digests, uint32_t chunk_count,
                struct fr_digest *ret_root);

#endif
