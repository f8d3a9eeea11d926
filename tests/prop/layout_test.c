/* SPDX-License-Identifier: Apache-2.0 */
/* However an object is cut: its chunks tile its bytes, its pages tile its chunks, and a pipe ends with the same layout as a file. */
#include "content/layout.h"

#include <fastreplica/error.h>

#include "base/prng.h"
#include "content/limits.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 3000, CHUNKS_WALKED_MAX = 300 };

static struct fr_prng prng;

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

static void expect_chunks_tile(const struct fr_layout *layout) {
    uint64_t offset = 0;

    for (fr_chunk_index chunk = 0; chunk < layout->chunk_count; chunk++) {
        uint32_t size = fr_layout_chunk_size(layout, chunk);
        assert_true(fr_layout_chunk_offset(layout, chunk) == offset);
        assert_in_range(size, 1, layout->chunk_bytes);
        if (chunk + 1 < layout->chunk_count)
            assert_int_equal(size, layout->chunk_bytes);
        offset += size;
    }
    assert_true(offset == layout->object_bytes);
}

static void expect_pages_tile(const struct fr_layout *layout) {
    fr_chunk_index chunk = 0;

    assert_in_range(layout->page_chunks, 2, FR_PAGE_CHUNKS_MAX);
    assert_true((uint64_t) layout->page_chunks * layout->chunk_bytes <= FR_PAGE_SPAN_BYTES_MAX);
    for (uint32_t page = 0; page < layout->page_count; page++) {
        uint32_t size = fr_layout_page_size(layout, page);
        assert_int_equal(fr_layout_page_first(layout, page), chunk);
        assert_in_range(size, 1, layout->page_chunks);
        if (page + 1 < layout->page_count)
            assert_int_equal(size, layout->page_chunks);
        for (uint32_t i = 0; i < size; i++)
            assert_int_equal(fr_layout_page_of(layout, chunk + i), page);
        chunk += size;
    }
    assert_int_equal(chunk, layout->chunk_count);
}

static uint32_t draw_chunk_bytes(void) { return (uint32_t) FR_CHUNK_BYTES_MIN << draw(9); }

/* Any size of up to so many chunks; often just before, at, or behind a border. */
static uint64_t draw_object_bytes(uint32_t chunk_bytes, uint32_t chunks_max) {
    uint64_t bytes = (uint64_t) draw(chunks_max) * chunk_bytes;

    switch (draw(4)) {
    case 0: return bytes;
    case 1: return bytes + 1;
    case 2: return bytes + chunk_bytes - 1;
    default: return bytes + draw(chunk_bytes);
    }
}

static void chunks_and_pages_tile_the_object(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t chunk_bytes = draw_chunk_bytes();
        struct fr_layout layout;
        assert_int_equal(fr_layout_init(&layout, draw_object_bytes(chunk_bytes, CHUNKS_WALKED_MAX), chunk_bytes), 0);
        assert_int_equal(layout.chunk_bytes, chunk_bytes);
        expect_chunks_tile(&layout);
        expect_pages_tile(&layout);
    }
}

static void so_they_do_at_every_small_size(void **state) {
    struct fr_layout layout;

    (void) state;
    for (uint64_t bytes = 0; bytes < 3 * FR_CHUNK_BYTES_MIN + 3; bytes++) {
        assert_int_equal(fr_layout_init(&layout, bytes, 0), 0);
        expect_chunks_tile(&layout);
        expect_pages_tile(&layout);
    }
}

static void so_they_do_at_the_largest_sizes(void **state) {
    struct fr_layout layout;

    (void) state;
    for (uint32_t chunk_bytes = FR_CHUNK_BYTES_MIN; chunk_bytes <= FR_CHUNK_BYTES_MAX; chunk_bytes *= 16) {
        uint64_t bytes_max = (uint64_t) chunk_bytes * FR_CHUNKS_MAX;
        assert_int_equal(fr_layout_init(&layout, bytes_max, chunk_bytes), 0);
        expect_chunks_tile(&layout);
        expect_pages_tile(&layout);
        assert_int_equal(fr_layout_init(&layout, bytes_max + 1 + draw(1000), chunk_bytes), FR_E_LIMIT);
    }
}

static void a_pipe_ends_with_the_layout_of_a_file(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t chunk_bytes = draw_chunk_bytes();
        uint64_t object_bytes = draw_object_bytes(chunk_bytes, CHUNKS_WALKED_MAX);
        struct fr_layout file, pipe;
        assert_int_equal(fr_layout_init(&file, object_bytes, chunk_bytes), 0);
        assert_int_equal(fr_layout_init(&pipe, FR_BYTES_UNKNOWN, chunk_bytes), 0);
        for (uint32_t turn = draw(10); turn > 0; turn--) {
            uint32_t known = draw(file.chunk_count + 1), before = pipe.chunk_count;
            assert_int_equal(fr_layout_extend(&pipe, known), 0);
            assert_int_equal(pipe.chunk_count, known > before ? known : before);
            assert_int_equal(pipe.page_count, (pipe.chunk_count + pipe.page_chunks - 1) / pipe.page_chunks);
        }
        assert_int_equal(fr_layout_close(&pipe, object_bytes), 0);
        assert_memory_equal(&pipe, &file, sizeof file);
    }
}

/* What the header says, with nothing that could overflow. */
static uint32_t choose_slowly(uint64_t object_bytes) {
    const unsigned __int128 bytes = object_bytes;
    uint32_t chunk_bytes = FR_CHUNK_BYTES_MIN;

    while (chunk_bytes < FR_CHUNK_BYTES_AUTO_MAX && (unsigned __int128) chunk_bytes * FR_CHUNKS_AUTO < bytes)
        chunk_bytes *= 2;
    while (chunk_bytes < FR_CHUNK_BYTES_MAX && (unsigned __int128) chunk_bytes * (FR_CHUNKS_MAX / 8) < bytes)
        chunk_bytes *= 2;
    return chunk_bytes;
}

static void the_chosen_chunk_is_the_documented_one(void **state) {
    struct fr_layout layout;

    (void) state;
    for (int shift = 0; shift < 64; shift++)
        for (uint64_t near = 0; near < 3; near++) {
            uint64_t bytes = (UINT64_C(1) << shift) + near - 1;
            assert_int_equal(fr_layout_choose_chunk_bytes(bytes), choose_slowly(bytes));
        }
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t bytes = (fr_prng_next(&prng) >> draw(64)) - (draw(2) == 0);
        if (bytes == FR_BYTES_UNKNOWN)
            continue;
        assert_int_equal(fr_layout_choose_chunk_bytes(bytes), choose_slowly(bytes));
        assert_int_equal(fr_layout_init(&layout, bytes, 0), bytes > (uint64_t) FR_CHUNK_BYTES_MAX * FR_CHUNKS_MAX ? FR_E_LIMIT : 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_and_pages_tile_the_object),       cmocka_unit_test(so_they_do_at_every_small_size),
        cmocka_unit_test(so_they_do_at_the_largest_sizes),        cmocka_unit_test(a_pipe_ends_with_the_layout_of_a_file),
        cmocka_unit_test(the_chosen_chunk_is_the_documented_one),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
