/* SPDX-License-Identifier: Apache-2.0 */
/* Records to bytes and back. The bytes come from a disk that others can write to, so the decoder believes nothing. See record.h. */
#include "store/record.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "content/digest.h"

#define MAGIC "fastreplica-record-1"
enum { MAGIC_BYTES = sizeof MAGIC - 1 };

static_assert(MAGIC_BYTES == 20, "as record.h counts it");
static_assert(FR_NAME_BYTES_MAX <= UINT16_MAX, "a name's length fits its field");

void fr_file_mark_of(const struct stat *status, struct fr_file_mark *ret_mark) {
    *ret_mark = (struct fr_file_mark){
        .inode = status->st_ino,
        .mtime_seconds = status->st_mtim.tv_sec,
        .mtime_ns = (uint32_t) status->st_mtim.tv_nsec,
        .ctime_seconds = status->st_ctim.tv_sec,
        .ctime_ns = (uint32_t) status->st_ctim.tv_nsec,
    };
}

bool fr_file_mark_equal(const struct fr_file_mark *a, const struct fr_file_mark *b) {
    return a->inode == b->inode && a->mtime_seconds == b->mtime_seconds && a->mtime_ns == b->mtime_ns &&
        a->ctime_seconds == b->ctime_seconds && a->ctime_ns == b->ctime_ns;
}

void fr_record_done(struct fr_record *record) {
    if (!record)
        return;
    fr_free(record->digests);
    *record = (struct fr_record){0};
}

/* Do the sizes fit one another? */
static bool has_consistent_sizes(const struct fr_record *record) {
    uint32_t chunk_bytes = record->chunk_bytes;
    if (chunk_bytes < FR_CHUNK_BYTES_MIN || chunk_bytes > FR_CHUNK_BYTES_MAX || (chunk_bytes & (chunk_bytes - 1)) != 0)
        return false;
    if (record->chunk_count > FR_CHUNKS_MAX)
        return false;
    uint64_t chunk_count = record->object_bytes / chunk_bytes + (record->object_bytes % chunk_bytes != 0);
    return chunk_count == record->chunk_count;
}

bool fr_record_is_consistent(const struct fr_record *record) {
    if (!has_consistent_sizes(record))
        return false;
    struct fr_digest root;
    fr_root_of(record->chunk_bytes, record->object_bytes, record->digests, record->chunk_count, &root);
    return fr_digest_equal(&root, &record->root);
}

static void put_bytes(uint8_t **at, const void *bytes, size_t count) {
    if (count > 0)
        memcpy(*at, bytes, count);
    *at += count;
}

static void put_number(uint8_t **at, uint64_t number, unsigned bytes) {
    for (unsigned i = bytes; i > 0; i--)
        *(*at)++ = (uint8_t) (number >> (8 * (i - 1)));
}

static const uint8_t *get_bytes(const uint8_t **at, size_t count) {
    const uint8_t *bytes = *at;
    *at += count;
    return bytes;
}

static uint64_t get_number(const uint8_t **at, unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | *(*at)++;
    return number;
}

int fr_record_encode(const struct fr_record *record, const struct fr_file_mark *mark, const char *name, uint8_t **ret_bytes,
                     size_t *ret_count) {
    fr_assert(has_consistent_sizes(record));
    size_t name_bytes = strlen(name);
    fr_assert(name_bytes <= FR_NAME_BYTES_MAX);
    size_t digest_bytes = (size_t) record->chunk_count * FR_DIGEST_BYTES;
    size_t count = FR_RECORD_HEAD_BYTES + name_bytes + digest_bytes + FR_DIGEST_BYTES;
    uint8_t *bytes = fr_alloc(count);
    if (!bytes)
        return FR_E_MEMORY;
    uint8_t *at = bytes;
    put_bytes(&at, MAGIC, MAGIC_BYTES);
    put_number(&at, record->object_bytes, 8);
    put_number(&at, record->chunk_bytes, 4);
    put_number(&at, record->chunk_count, 4);
    put_bytes(&at, record->root.bytes, FR_DIGEST_BYTES);
    put_bytes(&at, record->sha256.bytes, FR_DIGEST_BYTES);
    put_number(&at, mark->inode, 8);
    put_number(&at, (uint64_t) mark->mtime_seconds, 8);
    put_number(&at, mark->mtime_ns, 4);
    put_number(&at, (uint64_t) mark->ctime_seconds, 8);
    put_number(&at, mark->ctime_ns, 4);
    put_number(&at, name_bytes, 2);
    fr_assert(at == bytes + FR_RECORD_HEAD_BYTES);
    put_bytes(&at, name, name_bytes);
    put_bytes(&at, record->digests, digest_bytes);
    struct fr_digest seal;
    fr_digest_of(bytes, (size_t) (at - bytes), &seal);
    put_bytes(&at, seal.bytes, FR_DIGEST_BYTES);
    fr_assert(at == bytes + count);
    *ret_bytes = bytes;
    *ret_count = count;
    return 0;
}

/* Is there a head, and does the seal at the end fit the rest? */
static bool is_sealed(const uint8_t *bytes, size_t count) {
    if (count < FR_RECORD_HEAD_BYTES + FR_DIGEST_BYTES || count > FR_RECORD_BYTES_MAX || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return false;
    struct fr_digest seal;
    fr_digest_of(bytes, count - FR_DIGEST_BYTES, &seal);
    return memcmp(seal.bytes, bytes + count - FR_DIGEST_BYTES, FR_DIGEST_BYTES) == 0;
}

int fr_record_decode(const uint8_t *bytes, size_t count, const char *name, struct fr_record *ret_record, struct fr_file_mark *ret_mark) {
    if (!is_sealed(bytes, count))
        return FR_E_SYNTAX;
    struct fr_record record = {0};
    struct fr_file_mark mark;
    const uint8_t *at = bytes + MAGIC_BYTES;
    record.object_bytes = get_number(&at, 8);
    record.chunk_bytes = (uint32_t) get_number(&at, 4);
    record.chunk_count = (uint32_t) get_number(&at, 4);
    memcpy(record.root.bytes, get_bytes(&at, FR_DIGEST_BYTES), FR_DIGEST_BYTES);
    memcpy(record.sha256.bytes, get_bytes(&at, FR_DIGEST_BYTES), FR_DIGEST_BYTES);
    mark.inode = get_number(&at, 8);
    mark.mtime_seconds = (int64_t) get_number(&at, 8);
    mark.mtime_ns = (uint32_t) get_number(&at, 4);
    mark.ctime_seconds = (int64_t) get_number(&at, 8);
    mark.ctime_ns = (uint32_t) get_number(&at, 4);
    size_t name_bytes = get_number(&at, 2);

    /* The sizes are checked against the caps first, so this sum cannot overflow and nothing is allocated on their word alone. */
    size_t digest_bytes = (size_t) record.chunk_count * FR_DIGEST_BYTES;
    if (!has_consistent_sizes(&record) || count != FR_RECORD_HEAD_BYTES + name_bytes + digest_bytes + FR_DIGEST_BYTES)
        return FR_E_SYNTAX;
    if (name_bytes != strlen(name) || memcmp(get_bytes(&at, name_bytes), name, name_bytes) != 0)
        return FR_E_SYNTAX;
    if (digest_bytes > 0) {
        record.digests = fr_alloc(digest_bytes);
        if (!record.digests)
            return FR_E_MEMORY;
        memcpy(record.digests, get_bytes(&at, digest_bytes), digest_bytes);
    }
    if (!fr_record_is_consistent(&record)) {
        fr_record_done(&record);
        return FR_E_SYNTAX;
    }
    *ret_record = record;
    *ret_mark = mark;
    return 0;
}
