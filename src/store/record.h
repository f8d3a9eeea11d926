/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a record file: what is known of a finished object, and by what its file is recognised as untouched. Pure functions.
 *
 *   "fastreplica-record-1"  20 bytes, no NUL
 *   object_bytes u64 | chunk_bytes u32 | chunk_count u32 | root 32 | sha256 32
 *   inode u64 | mtime seconds u64, nanoseconds u32 | ctime seconds u64, nanoseconds u32
 *   name_bytes u16 | name
 *   digests, chunk_count * 32
 *   SHA-256 of all the above
 *
 * Numbers are big-endian; seconds before 1970 are two's complement. */
#ifndef FR_STORE_RECORD_H
#define FR_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "store/store.h"

enum {
    FR_RECORD_HEAD_BYTES = 20 + 8 + 4 + 4 + 2 * FR_DIGEST_BYTES + 8 + 2 * 12 + 2,
    FR_RECORD_BYTES_MAX = FR_RECORD_HEAD_BYTES + FR_NAME_BYTES_MAX + FR_CHUNKS_MAX * FR_DIGEST_BYTES + FR_DIGEST_BYTES,
};

/* A file as it was when its record was made. The device is left out: its number may differ after the next boot. */
struct fr_file_mark {
    uint64_t inode;
    int64_t mtime_seconds, ctime_seconds;
    uint32_t mtime_ns, ctime_ns;
};
void fr_file_mark_of(const struct stat *status, struct fr_file_mark *ret_mark);
bool fr_file_mark_equal(const struct fr_file_mark *a, const struct fr_file_mark *b);

/* Allocates *ret_bytes, which the caller frees with fr_free. FR_E_MEMORY. The record must be a consistent one (fr_record_is_consistent). */
int fr_record_encode(const struct fr_record *record, const struct fr_file_mark *mark, const char *name, uint8_t **ret_bytes,
                     size_t *ret_count);

/* Any bytes at all. Fills *ret_record (fr_record_done frees it) and *ret_mark only when they are a whole, undamaged and consistent
 * record of an object called `name`: else FR_E_SYNTAX, or FR_E_MEMORY. */
int fr_record_decode(const uint8_t *bytes, size_t count, const char *name, struct fr_record *ret_record, struct fr_file_mark *ret_mark);

/* Do its numbers fit one another, and its root its digests? O(chunk_count). */
bool fr_record_is_consistent(const struct fr_record *record);

#endif
