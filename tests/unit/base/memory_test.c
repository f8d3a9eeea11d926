/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <pthread.h>

#include "support/test.h"

static void zeroed_memory_is_zero_and_large_enough(void **state) {
    uint8_t *block = fr_alloc_zeroed(1000, 3);

    (void) state;
    assert_non_null(block);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(block[i], 0);
    fr_free(block);
}

static void nothing_is_not_null(void **state) {
    void *blocks[] = {fr_alloc(0), fr_alloc_zeroed(0, 8), fr_alloc_zeroed(8, 0), fr_realloc(NULL, 0, 8)};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(blocks); i++) {
        assert_non_null(blocks[i]);
        fr_free(blocks[i]);
    }
    fr_free(NULL);
}

static void overflow_is_refused(void **state) {
    volatile size_t half = SIZE_MAX / 2 + 2; /* volatile: the compiler would warn of what is tried here */
    char *block = fr_alloc(4);

    (void) state;
    assert_null(fr_alloc_zeroed(half, 2));
    assert_null(fr_realloc(NULL, half, 2));
    assert_null(fr_realloc(block, 2, half));
    memcpy(block, "abc", 4); /* still there */
    fr_free(block);
}

static void realloc_keeps_contents(void **state) {
    uint32_t *block = fr_alloc_zeroed(4, sizeof *block);

    (void) state;
    for (uint32_t i = 0; i < 4; i++)
        block[i] = i + 7;
    block = fr_realloc(block, 4000, sizeof *block);
    assert_non_null(block);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(block[i], i + 7);
    block = fr_realloc(block, 0, sizeof *block);
    assert_non_null(block); /* and not freed */
    fr_free(block);
}

static void strdup_copies(void **state) {
    char text[] = "chunk";
    char *copy = fr_strdup(text);
    char *empty = fr_strdup("");

    (void) state;
    text[0] = 'X';
    assert_string_equal(copy, "chunk");
    assert_string_equal(empty, "");
    fr_free(copy);
    fr_free(empty);
}

static void the_nth_and_all_later_fail(void **state) {
    void *first, *second;

    (void) state;
    fr_memory_fail_from(3);
    first = fr_alloc(1);
    second = fr_alloc_zeroed(1, 1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(fr_strdup("x"));
    assert_null(fr_realloc(first, 10, 1));
    assert_int_equal(fr_memory_count(), 4);
    fr_memory_fail_from(0);
    assert_int_equal(fr_memory_count(), 0);
    second = fr_realloc(second, 10, 1);
    assert_non_null(second);
    fr_free(first);
    fr_free(second);
}

static void *allocate_elsewhere(void *is_good) {
    void *block = fr_alloc(1);

    *(bool *) is_good = block != NULL && fr_memory_count() == 1;
    fr_free(block);
    return NULL;
}

static void other_threads_are_not_starved(void **state) {
    bool is_good = false;
    pthread_t thread;

    (void) state;
    fr_memory_fail_from(1);
    assert_int_equal(pthread_create(&thread, NULL, allocate_elsewhere, &is_good), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(fr_alloc(1));
    fr_memory_fail_from(0);
    assert_true(is_good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_zero_and_large_enough),
        cmocka_unit_test(nothing_is_not_null),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(realloc_keeps_contents),
        cmocka_unit_test(strdup_copies),
        cmocka_unit_test(the_nth_and_all_later_fail),
        cmocka_unit_test(other_threads_are_not_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
