/* SPDX-License-Identifier: Apache-2.0 */
#include "content/layout.h"

#include <fastreplica/error.h>

#include "content/limits.h"
#include "support/death.h"
#include "support/test.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

static void chunk_sizes_follow_the_object(void **state) {
    static const struct {
        uint64_t object_bytes, chunk_bytes;
    } known[] = {
        {0, 16 * KIB},
        {1, 16 * KIB},
        {32 * MIB, 16 * KIB}, /* 2048 chunks of 16 KiB */
        {32 * MIB + 1, 32 * KIB},
        {64 * MIB, 32 * KIB},
        {128 * MIB, 64 * KIB},
        {1 * GIB, 512 * KIB},
        {2 * GIB, 1 * MIB},
        {2 * GIB + 1, 1 * MIB}, /* more than 2048 rather than larger than 1 MiB */
        {128 * GIB, 1 * MIB},   /* 131072 chunks, an eighth of the most */
        {128 * GIB + 1, 2 * MIB},
        {256 * GIB, 2 * MIB},
        {256 * GIB + 1, 4 * MIB},
        {4 * TIB, 4 * MIB},
        {8 * TIB, 4 * MIB}, /* too large for any; fr_layout_init says so */
        {UINT64_MAX - 1, 4 * MIB},
        {FR_BYTES_UNKNOWN, 256 * KIB},
    };

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(known); i++)
        assert_int_equal(fr_layout_choose_chunk_bytes(known[i].object_bytes), known[i].chunk_bytes);
}

static void sizes_around_a_chunk(void **state) {
    static const struct {
        uint64_t object_bytes;
        uint32_t chunk_count, last_bytes;
    } known[] = {
        {0, 0, 0}, {1, 1, 1}, {65535, 1, 65535}, {65536, 1, 65536}, {65537, 2, 1}, {8 * 65536, 8, 65536}, {33 * 65536 + 5, 34, 5},
    };
    struct fr_layout layout;

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(known); i++) {
        assert_int_equal(fr_layout_init(&layout, known[i].object_bytes, 65536), 0);
        assert_true(fr_layout_is_closed(&layout));
        assert_int_equal(layout.chunk_count, known[i].chunk_count);
        assert_int_equal(layout.page_chunks, 32);
        assert_int_equal(layout.page_count, (known[i].chunk_count + 31) / 32);
        if (known[i].chunk_count > 0)
            assert_int_equal(fr_layout_chunk_size(&layout, known[i].chunk_count - 1), known[i].last_bytes);
    }
}

static void pages_of_large_chunks_cover_fewer(void **state) {
    static const struct {
        uint32_t chunk_bytes, page_chunks;
    } known[] = {{16 << 10, 32}, {256 << 10, 32}, {512 << 10, 16}, {1 << 20, 8}, {2 << 20, 4}, {4 << 20, 2}};
    struct fr_layout layout;

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(known); i++) {
        assert_int_equal(fr_layout_init(&layout, GIB, known[i].chunk_bytes), 0);
        assert_int_equal(layout.page_chunks, known[i].page_chunks);
    }
}

static void wrong_chunk_sizes_are_refused(void **state) {
    static const uint32_t wrong[] = {1,       16 << 9,    (16 << 10) - 1,   (16 << 10) + 1, 48 << 10, (4 << 20) + 1,
                                     8 << 20, UINT32_MAX, UINT32_C(1) << 31};
    struct fr_layout layout = {.chunk_count = 77};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(wrong); i++)
        assert_int_equal(fr_layout_init(&layout, MIB, wrong[i]), FR_E_ARGUMENT);
    assert_int_equal(layout.chunk_count, 77);
}

static void too_many_chunks_are_refused(void **state) {
    struct fr_layout layout = {.chunk_count = 77};

    (void) state;
    assert_int_equal(fr_layout_init(&layout, 16 * GIB + 1, 16 << 10), FR_E_LIMIT);
    assert_int_equal(fr_layout_init(&layout, 4 * TIB + 1, 0), FR_E_LIMIT);
    assert_int_equal(fr_layout_init(&layout, UINT64_MAX - 1, 0), FR_E_LIMIT);
    assert_int_equal(layout.chunk_count, 77);
    assert_int_equal(fr_layout_init(&layout, 16 * GIB, 16 << 10), 0);
    assert_int_equal(layout.chunk_count, FR_CHUNKS_MAX);
    assert_int_equal(fr_layout_init(&layout, 4 * TIB, 0), 0);
    assert_int_equal(layout.chunk_count, FR_CHUNKS_MAX);
    assert_true(fr_layout_chunk_offset(&layout, FR_CHUNKS_MAX - 1) == 4 * TIB - 4 * MIB);
}

static void a_pipe_grows_and_ends(void **state) {
    struct fr_layout layout;

    (void) state;
    assert_int_equal(fr_layout_init(&layout, FR_BYTES_UNKNOWN, 0), 0);
    assert_false(fr_layout_is_closed(&layout));
    assert_int_equal(layout.chunk_bytes, FR_CHUNK_BYTES_STREAM);
    assert_int_equal(layout.chunk_count + layout.page_count, 0);
    assert_int_equal(fr_layout_extend(&layout, 33), 0);
    assert_int_equal(fr_layout_extend(&layout, 5), 0);
    assert_int_equal(layout.chunk_count, 33);
    assert_int_equal(layout.page_count, 2);
    assert_int_equal(fr_layout_chunk_size(&layout, 32), FR_CHUNK_BYTES_STREAM);
    assert_int_equal(fr_layout_page_size(&layout, 1), 32);
    assert_int_equal(fr_layout_close(&layout, 34 * 256 * KIB + 9), 0);
    assert_true(fr_layout_is_closed(&layout));
    assert_int_equal(layout.chunk_count, 35);
    assert_int_equal(fr_layout_chunk_size(&layout, 34), 9);
    assert_int_equal(fr_layout_page_size(&layout, 1), 3);
}

static void a_pipe_may_be_empty(void **state) {
    struct fr_layout layout;

    (void) state;
    assert_int_equal(fr_layout_init(&layout, FR_BYTES_UNKNOWN, 0), 0);
    assert_int_equal(fr_layout_close(&layout, 0), 0);
    assert_int_equal(layout.chunk_count, 0);
}

static void impossible_ends_are_refused(void **state) {
    struct fr_layout layout, before;

    (void) state;
    assert_int_equal(fr_layout_init(&layout, FR_BYTES_UNKNOWN, 16 << 10), 0);
    assert_int_equal(fr_layout_extend(&layout, 3), 0);
    before = layout;
    assert_int_equal(fr_layout_close(&layout, 2 * 16 * KIB), FR_E_ARGUMENT); /* the third chunk would be empty */
    assert_int_equal(fr_layout_close(&layout, FR_BYTES_UNKNOWN), FR_E_ARGUMENT);
    assert_int_equal(fr_layout_close(&layout, 16 * GIB + 1), FR_E_LIMIT);
    assert_int_equal(fr_layout_close(&layout, UINT64_MAX - 1), FR_E_LIMIT);
    assert_int_equal(fr_layout_extend(&layout, FR_CHUNKS_MAX + 1), FR_E_LIMIT);
    assert_memory_equal(&layout, &before, sizeof layout);
    assert_int_equal(fr_layout_close(&layout, 2 * 16 * KIB + 1), 0);
}

static void a_known_size_stays(void **state) {
    struct fr_layout layout;

    (void) state;
    assert_int_equal(fr_layout_init(&layout, 100000, 16 << 10), 0);
    assert_int_equal(fr_layout_close(&layout, 100000), 0);
    assert_int_equal(fr_layout_close(&layout, 100001), FR_E_ARGUMENT);
    assert_int_equal(fr_layout_extend(&layout, 7), 0);
    assert_int_equal(fr_layout_extend(&layout, 8), FR_E_LIMIT);
    assert_int_equal(layout.chunk_count, 7);
    assert_true(layout.object_bytes == 100000);
}

static void size_a_chunk_outside(void *layout) { fr_layout_chunk_size(layout, 7); }

static void size_a_page_outside(void *layout) { fr_layout_page_size(layout, 1); }

static void asking_outside_is_a_bug(void **state) {
    struct fr_layout layout;

    (void) state;
    assert_int_equal(fr_layout_init(&layout, 100000, 16 << 10), 0);
    assert_true(fr_test_aborts(size_a_chunk_outside, &layout));
    assert_true(fr_test_aborts(size_a_page_outside, &layout));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_sizes_follow_the_object),
        cmocka_unit_test(sizes_around_a_chunk),
        cmocka_unit_test(pages_of_large_chunks_cover_fewer),
        cmocka_unit_test(wrong_chunk_sizes_are_refused),
        cmocka_unit_test(too_many_chunks_are_refused),
        cmocka_unit_test(a_pipe_grows_and_ends),
        cmocka_unit_test(a_pipe_may_be_empty),
        cmocka_unit_test(impossible_ends_are_refused),
        cmocka_unit_test(a_known_size_stays),
        cmocka_unit_test(asking_outside_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
