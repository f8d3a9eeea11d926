/* SPDX-License-Identifier: Apache-2.0 */
/* Chunk buffers: used again before new ones are made, never more than allowed, the oldest kept chunk gives way, pins hold. */
#include "support/test.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "node/cache.h"

static struct fr_cache *make_cache(uint32_t buffer_max, uint32_t kept_max) {
    const struct fr_cache_options options = {.chunk_bytes = 64, .buffer_max = buffer_max, .kept_max = kept_max};
    struct fr_cache *cache = NULL;
    assert_int_equal(fr_cache_new(&options, &cache), 0);
    return cache;
}

/* Take a buffer, keep a chunk in it, let it go. */
static struct fr_buffer *keep_one(struct fr_cache *cache, fr_chunk_index chunk, bool is_pinned) {
    struct fr_buffer *buffer = fr_cache_take(cache);
    assert_non_null(buffer);
    fr_cache_keep(cache, chunk, buffer, is_pinned);
    fr_buffer_unref(buffer);
    return buffer;
}

static bool is_kept(struct fr_cache *cache, fr_chunk_index chunk) {
    struct fr_buffer *buffer = fr_cache_get(cache, chunk);
    fr_buffer_unref(buffer);
    return buffer != NULL;
}

static void test_a_free_buffer_is_used_again(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(4, 2);
    struct fr_buffer *first = fr_cache_take(cache);
    assert_int_equal(first->capacity, 64);
    fr_buffer_unref(first);
    struct fr_buffer *again = fr_cache_take(cache);
    assert_ptr_equal(first, again);
    assert_int_equal(fr_cache_buffer_count(cache), 1);
    fr_buffer_unref(again);
    fr_cache_free(cache);
}

static void test_no_more_buffers_than_allowed(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(3, 3);
    struct fr_buffer *taken[3];
    for (int i = 0; i < 3; i++)
        assert_non_null(taken[i] = fr_cache_take(cache));
    assert_null(fr_cache_take(cache));
    fr_buffer_unref(taken[1]);
    struct fr_buffer *freed = fr_cache_take(cache);
    assert_ptr_equal(freed, taken[1]);
    for (int i = 0; i < 3; i++)
        fr_buffer_unref(taken[i]);
    fr_cache_free(cache);
}

static void test_the_least_recently_used_gives_way(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(3, 3);
    for (uint32_t chunk = 10; chunk < 13; chunk++)
        keep_one(cache, chunk, false);
    assert_true(is_kept(cache, 10)); /* used: now 11 is the oldest */
    keep_one(cache, 13, false);
    assert_false(is_kept(cache, 11));
    assert_true(is_kept(cache, 10) && is_kept(cache, 12) && is_kept(cache, 13));
    assert_int_equal(fr_cache_buffer_count(cache), 3);
    fr_cache_free(cache);
}

static void test_kept_max_holds(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(8, 2);
    for (uint32_t chunk = 0; chunk < 20; chunk++) {
        keep_one(cache, chunk, false);
        assert_true(fr_cache_kept_count(cache) <= 2);
    }
    assert_true(is_kept(cache, 18) && is_kept(cache, 19));
    assert_int_equal(fr_cache_buffer_count(cache), 3); /* two kept, and the one that is filled next */
    fr_cache_free(cache);
}

static void test_a_kept_chunk_in_use_keeps_its_bytes(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(2, 1);
    struct fr_buffer *buffer = fr_cache_take(cache);
    buffer->data[0] = 7;
    fr_cache_keep(cache, 1, buffer, false); /* the reference is still ours: it is being sent */
    keep_one(cache, 2, false);              /* pushes chunk 1 out of what is kept */
    assert_false(is_kept(cache, 1));
    struct fr_buffer *other = fr_cache_take(cache);
    assert_non_null(other);
    assert_ptr_not_equal(other, buffer);
    assert_int_equal(buffer->data[0], 7);
    fr_buffer_unref(other);
    fr_buffer_unref(buffer);
    fr_cache_free(cache);
}

static void test_pins_hold_until_forgotten(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(4, 1);
    for (uint32_t chunk = 0; chunk < 3; chunk++)
        keep_one(cache, chunk, true);
    keep_one(cache, 3, false);
    struct fr_buffer *taken = fr_cache_take(cache); /* takes chunk 3's: the others are pinned */
    assert_non_null(taken);
    assert_null(fr_cache_take(cache));
    assert_false(is_kept(cache, 3));
    assert_true(is_kept(cache, 0) && is_kept(cache, 1) && is_kept(cache, 2));
    fr_cache_forget(cache, 1);
    fr_cache_forget(cache, 99); /* unknown: nothing */
    struct fr_buffer *second = fr_cache_take(cache);
    assert_non_null(second);
    fr_buffer_unref(second);
    fr_buffer_unref(taken);
    fr_cache_free(cache);
}

static void test_keeping_twice_changes_nothing(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(4, 4);
    struct fr_buffer *first = keep_one(cache, 5, false);
    keep_one(cache, 5, false);
    assert_int_equal(fr_cache_kept_count(cache), 1);
    struct fr_buffer *got = fr_cache_get(cache, 5);
    assert_ptr_equal(got, first);
    fr_buffer_unref(got);
    fr_cache_free(cache);
}

static void test_buffers_outlive_the_cache(void **state) {
    (void) state;
    struct fr_cache *cache = make_cache(2, 2);
    struct fr_buffer *buffer = fr_cache_take(cache);
    fr_cache_keep(cache, 0, buffer, false);
    fr_cache_free(cache);
    memset(buffer->data, 1, 64); /* a sanitizer would object */
    fr_buffer_unref(buffer);
}

static void test_no_memory(void **state) {
    (void) state;
    const struct fr_cache_options options = {.chunk_bytes = 64, .buffer_max = 2, .kept_max = 1};
    struct fr_cache *cache = NULL;
    for (uint64_t nth = 1; nth <= 3; nth++) {
        fr_memory_fail_from(nth);
        assert_int_equal(fr_cache_new(&options, &cache), FR_E_MEMORY);
        fr_memory_fail_from(0);
        assert_null(cache);
    }
    cache = make_cache(2, 1);
    fr_memory_fail_from(1);
    assert_null(fr_cache_take(cache));
    fr_memory_fail_from(0);
    keep_one(cache, 1, false);
    fr_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_free_buffer_is_used_again),
        cmocka_unit_test(test_no_more_buffers_than_allowed),
        cmocka_unit_test(test_the_least_recently_used_gives_way),
        cmocka_unit_test(test_kept_max_holds),
        cmocka_unit_test(test_a_kept_chunk_in_use_keeps_its_bytes),
        cmocka_unit_test(test_pins_hold_until_forgotten),
        cmocka_unit_test(test_keeping_twice_changes_nothing),
        cmocka_unit_test(test_buffers_outlive_the_cache),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
