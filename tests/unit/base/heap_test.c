/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void an_empty_heap_gives_nothing(void **state) {
    struct fr_heap heap;
    uint64_t key = 42;
    void *payload = &key;

    (void) state;
    fr_heap_init(&heap);
    assert_false(fr_heap_peek(&heap, &key));
    assert_false(fr_heap_pop(&heap, &key, &payload));
    assert_int_equal(key, 42);
    assert_ptr_equal(payload, &key);
    fr_heap_done(&heap);
    fr_heap_done(&heap);
    fr_heap_done(NULL);
}

static void the_least_key_comes_first(void **state) {
    static const uint64_t keys[] = {5, UINT64_MAX, 0, 7, 3, 1, 6};
    static const uint64_t sorted[] = {0, 1, 3, 5, 6, 7, UINT64_MAX};
    struct fr_heap heap;
    uint64_t key;

    (void) state;
    fr_heap_init(&heap);
    for (size_t i = 0; i < FR_COUNT_OF(keys); i++)
        assert_int_equal(fr_heap_push(&heap, keys[i], NULL), 0);
    for (size_t i = 0; i < FR_COUNT_OF(sorted); i++) {
        assert_true(fr_heap_peek(&heap, &key));
        assert_true(key == sorted[i]);
        assert_true(fr_heap_pop(&heap, &key, NULL));
        assert_true(key == sorted[i]);
    }
    assert_false(fr_heap_pop(&heap, NULL, NULL));
    fr_heap_done(&heap);
}

static void equal_keys_keep_their_order(void **state) {
    static int payloads[100];
    struct fr_heap heap;
    void *payload;

    (void) state;
    fr_heap_init(&heap);
    for (size_t i = 0; i < FR_COUNT_OF(payloads); i++)
        assert_int_equal(fr_heap_push(&heap, i % 2, &payloads[i]), 0);
    for (size_t parity = 0; parity < 2; parity++)
        for (size_t i = parity; i < FR_COUNT_OF(payloads); i += 2) {
            assert_true(fr_heap_pop(&heap, NULL, &payload));
            assert_ptr_equal(payload, &payloads[i]);
        }
    fr_heap_done(&heap);
}

static void a_failed_push_changes_nothing(void **state) {
    struct fr_heap heap;
    uint64_t key;

    (void) state;
    fr_heap_init(&heap);
    assert_int_equal(fr_heap_push(&heap, 9, NULL), 0);
    fr_memory_fail_from(1);
    while (heap.count < heap.capacity)
        assert_int_equal(fr_heap_push(&heap, 9, NULL), 0);
    assert_int_equal(fr_heap_push(&heap, 1, NULL), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_true(fr_heap_peek(&heap, &key));
    assert_int_equal(key, 9);
    assert_int_equal(heap.count, heap.capacity);
    fr_heap_done(&heap);
}

static int push_a_hundred(void *unused) {
    struct fr_heap heap;
    int error = 0;

    (void) unused;
    fr_heap_init(&heap);
    for (uint64_t i = 0; i < 100 && !error; i++)
        error = fr_heap_push(&heap, i, NULL);
    fr_heap_done(&heap);
    return error;
}

static void memory_may_end_anywhere(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(push_a_hundred, NULL), 1, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_gives_nothing), cmocka_unit_test(the_least_key_comes_first),
        cmocka_unit_test(equal_keys_keep_their_order), cmocka_unit_test(a_failed_push_changes_nothing),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
