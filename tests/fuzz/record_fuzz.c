/* SPDX-License-Identifier: Apache-2.0 */
/* Records as somebody might have left them on the disk. Each input is decoded as it is, and once more with a seal (SHA-256 at the end) and
 * a root that fit, so that the fuzzer need not find those. What is believed must be the only encoding of what came out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "content/digest.h"
#include "store/record.h"

enum { ROOT_OFFSET = 36, NAME_BYTES_OFFSET = FR_RECORD_HEAD_BYTES - 2 };

/* The name that the bytes say they are about, or a fixed one. */
static void read_name(const uint8_t *bytes, size_t count, char name[FR_NAME_BYTES_MAX + 1]) {
    memcpy(name, "x", 2);
    if (count < FR_RECORD_HEAD_BYTES)
        return;
    size_t name_bytes = (size_t) bytes[NAME_BYTES_OFFSET] << 8 | bytes[NAME_BYTES_OFFSET + 1];
    if (name_bytes > FR_NAME_BYTES_MAX || name_bytes > count - FR_RECORD_HEAD_BYTES)
        return;
    memcpy(name, bytes + FR_RECORD_HEAD_BYTES, name_bytes);
    name[name_bytes] = 0;
}

static void decode(const uint8_t *bytes, size_t count) {
    char name[FR_NAME_BYTES_MAX + 1];
    struct fr_record record;
    struct fr_file_mark mark;
    read_name(bytes, count, name);
    if (fr_record_decode(bytes, count, name, &record, &mark))
        return;
    fr_assert(fr_record_is_consistent(&record));
    uint8_t *again;
    size_t again_count;
    if (fr_record_encode(&record, &mark, name, &again, &again_count) == 0) {
        fr_assert(again_count == count && memcmp(again, bytes, count) == 0);
        fr_free(again);
    }
    fr_record_done(&record);
}

/* Puts a root and a seal that fit into the bytes. */
static void make_plausible(uint8_t *bytes, size_t count) {
    uint64_t object_bytes = 0;
    uint32_t chunk_bytes = 0, chunk_count = 0;
    size_t head = FR_RECORD_HEAD_BYTES + ((size_t) bytes[NAME_BYTES_OFFSET] << 8 | bytes[NAME_BYTES_OFFSET + 1]);
    for (unsigned i = 20; i < 28; i++)
        object_bytes = object_bytes << 8 | bytes[i];
    for (unsigned i = 28; i < 32; i++)
        chunk_bytes = chunk_bytes << 8 | bytes[i];
    for (unsigned i = 32; i < 36; i++)
        chunk_count = chunk_count << 8 | bytes[i];
    if (count == head + (uint64_t) chunk_count * FR_DIGEST_BYTES + FR_DIGEST_BYTES) {
        struct fr_digest root;
        fr_root_of(chunk_bytes, object_bytes, (const struct fr_digest *) (bytes + head), chunk_count, &root);
        memcpy(bytes + ROOT_OFFSET, root.bytes, FR_DIGEST_BYTES);
    }
    struct fr_digest seal;
    fr_digest_of(bytes, count - FR_DIGEST_BYTES, &seal);
    memcpy(bytes + count - FR_DIGEST_BYTES, seal.bytes, FR_DIGEST_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    decode(bytes, count);
    if (count < FR_RECORD_HEAD_BYTES + FR_DIGEST_BYTES)
        return 0;
    uint8_t *copy = malloc(count);
    if (!copy)
        return 0;
    memcpy(copy, bytes, count);
    for (size_t i = 0; i < 20; i++)
        copy[i] = (uint8_t) "fastreplica-record-1"[i];
    make_plausible(copy, count);
    decode(copy, count);
    free(copy);
    return 0;
}
