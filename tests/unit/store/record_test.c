/* SPDX-License-Identifier: Apache-2.0 */
/* Records: what goes in comes out, and damaged, cut, foreign or absurd bytes never do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "content/digest.h"
#include "store/record.h"

#define NAME "models/v2/weights.bin"

static const struct fr_file_mark mark = {
    .inode = 0x1122334455667788, .mtime_seconds = -5, .mtime_ns = 999999999, .ctime_seconds = 1700000000, .ctime_ns = 1};

/* A consistent record of so many chunks of the smallest size, the last one a byte short of whole. */
static struct fr_record make_record(uint32_t chunk_count) {
    struct fr_record record = {.chunk_bytes = FR_CHUNK_BYTES_MIN, .chunk_count = chunk_count};
    if (chunk_count > 0) {
        record.object_bytes = (uint64_t) chunk_count * FR_CHUNK_BYTES_MIN - 1;
        record.digests = fr_alloc_zeroed(chunk_count, sizeof *record.digests);
        for (uint32_t i = 0; i < chunk_count; i++)
            fr_digest_of(&i, sizeof i, &record.digests[i]);
    }
    fr_root_of(record.chunk_bytes, record.object_bytes, record.digests, chunk_count, &record.root);
    fr_digest_of("whole", 5, &record.sha256);
    return record;
}

static uint8_t *encode(uint32_t chunk_count, size_t *ret_count) {
    struct fr_record record = make_record(chunk_count);
    uint8_t *bytes = NULL;
    assert_int_equal(fr_record_encode(&record, &mark, NAME, &bytes, ret_count), 0);
    fr_record_done(&record);
    return bytes;
}

/* The decoder's answer; nothing may be touched when it is no. */
static int decode(const uint8_t *bytes, size_t count, const char *name) {
    struct fr_record record = {.object_bytes = 77};
    struct fr_file_mark found = {.inode = 77};
    /* A copy of exactly that size, so that a sanitizer sees the first byte read past it. */
    uint8_t *copy = fr_alloc(count ? count : 1);
    memcpy(copy, bytes, count);
    int error = fr_record_decode(copy, count, name, &record, &found);
    fr_free(copy);
    if (error) {
        assert_int_equal(record.object_bytes, 77);
        assert_null(record.digests);
        assert_int_equal(found.inode, 77);
    } else {
        fr_record_done(&record);
    }
    return error;
}

static void seal(uint8_t *bytes, size_t count) {
    struct fr_digest digest;
    fr_digest_of(bytes, count - FR_DIGEST_BYTES, &digest);
    memcpy(bytes + count - FR_DIGEST_BYTES, digest.bytes, FR_DIGEST_BYTES);
}

static void comes_back_as_it_was(void **state) {
    (void) state;
    const uint32_t counts[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct fr_record record = make_record(counts[i]), found;
        struct fr_file_mark found_mark;
        uint8_t *bytes;
        size_t count;
        assert_int_equal(fr_record_encode(&record, &mark, NAME, &bytes, &count), 0);
        assert_int_equal(fr_record_decode(bytes, count, NAME, &found, &found_mark), 0);
        assert_int_equal(found.object_bytes, record.object_bytes);
        assert_int_equal(found.chunk_bytes, record.chunk_bytes);
        assert_int_equal(found.chunk_count, record.chunk_count);
        assert_true(fr_digest_equal(&found.root, &record.root));
        assert_true(fr_digest_equal(&found.sha256, &record.sha256));
        if (counts[i] > 0)
            assert_memory_equal(found.digests, record.digests, counts[i] * sizeof(struct fr_digest));
        else
            assert_null(found.digests);
        assert_true(fr_file_mark_equal(&found_mark, &mark));
        fr_record_done(&found);
        fr_record_done(&record);
        fr_free(bytes);
    }
}

/* The layout on disk, byte by byte, so that a change of it is noticed. */
static void has_the_layout_that_is_written_down(void **state) {
    (void) state;
    size_t count;
    uint8_t *bytes = encode(1, &count);
    assert_int_equal(FR_RECORD_HEAD_BYTES, 134);
    assert_int_equal(count, FR_RECORD_HEAD_BYTES + strlen(NAME) + 32 + 32);
    assert_memory_equal(bytes, "fastreplica-record-1", 20);
    assert_memory_equal(bytes + 20, ((const uint8_t[]){0, 0, 0, 0, 0, 0, 0x3f, 0xff}), 8);
    assert_memory_equal(bytes + 28, ((const uint8_t[]){0, 0, 0x40, 0, 0, 0, 0, 1}), 8);
    assert_memory_equal(bytes + 100, ((const uint8_t[]){0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}), 8);
    assert_memory_equal(bytes + 108, ((const uint8_t[]){255, 255, 255, 255, 255, 255, 255, 251}), 8);
    assert_memory_equal(bytes + 132, ((const uint8_t[]){0, (uint8_t) strlen(NAME)}), 2);
    assert_memory_equal(bytes + 134, NAME, strlen(NAME));
    fr_free(bytes);
}

static void any_damage_is_noticed(void **state) {
    (void) state;
    size_t count;
    uint8_t *bytes = encode(3, &count);
    assert_int_equal(decode(bytes, count, NAME), 0);
    for (size_t i = 0; i < count; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(decode(bytes, count, NAME), FR_E_SYNTAX);
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < count; cut++)
        assert_int_equal(decode(bytes, cut, NAME), FR_E_SYNTAX);
    uint8_t *longer = fr_alloc_zeroed(count + 1, 1);
    memcpy(longer, bytes, count);
    assert_int_equal(decode(longer, count + 1, NAME), FR_E_SYNTAX);
    fr_free(longer);
    assert_int_equal(decode(bytes, count, "models/v2/weights.bi"), FR_E_SYNTAX);
    assert_int_equal(decode(bytes, count, "models/v2/weights.biN"), FR_E_SYNTAX);
    assert_int_equal(decode(bytes, count, ""), FR_E_SYNTAX);
    fr_free(bytes);
}

/* A seal is no signature: whoever can write to the store can make one. What it covers is still not believed. */
static void a_valid_seal_is_not_enough(void **state) {
    (void) state;
    static const struct {
        const char *what;
        size_t offset;
        uint8_t byte;
    } lies[] = {
        {"object far larger than its chunks", 20, 0x7f},
        {"object a chunk larger", 26, 0xff},
        {"object of another size in the last chunk", 27, 0x00}, /* the root covers it */
        {"chunk size no power of two", 31, 0x01},
        {"chunk size zero", 30, 0x00},
        {"chunk size absurd", 28, 0xff},
        {"chunk count absurd", 32, 0xff},
        {"chunk count one more", 35, 0x04},
        {"another root", 36, 0x00},
        {"name longer than the record", 132, 0xff},
        {"name one shorter", 133, sizeof NAME - 2},
        {"name one longer", 133, sizeof NAME},
        {"another digest", FR_RECORD_HEAD_BYTES + sizeof NAME - 1, 0x00},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        size_t count;
        uint8_t *bytes = encode(3, &count);
        assert_int_not_equal(bytes[lies[i].offset], lies[i].byte);
        bytes[lies[i].offset] = lies[i].byte;
        seal(bytes, count);
        if (decode(bytes, count, NAME) != FR_E_SYNTAX)
            fail_msg("believed: %s", lies[i].what);
        fr_free(bytes);
    }
}

static void without_memory_it_says_so(void **state) {
    (void) state;
    struct fr_record record = make_record(2);
    uint8_t *bytes = NULL;
    size_t count;
    fr_memory_fail_from(1);
    assert_int_equal(fr_record_encode(&record, &mark, NAME, &bytes, &count), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_int_equal(fr_record_encode(&record, &mark, NAME, &bytes, &count), 0);
    struct fr_record found = {0};
    struct fr_file_mark found_mark;
    fr_memory_fail_from(1);
    assert_int_equal(fr_record_decode(bytes, count, NAME, &found, &found_mark), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_null(found.digests);
    fr_free(bytes);
    fr_record_done(&record);
    fr_record_done(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),      cmocka_unit_test(has_the_layout_that_is_written_down),
        cmocka_unit_test(any_damage_is_noticed),     cmocka_unit_test(a_valid_seal_is_not_enough),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
