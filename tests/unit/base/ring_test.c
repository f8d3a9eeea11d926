/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/death.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void expect_pops(struct fr_ring *ring, const uint32_t *items, size_t count) {
    uint32_t item;

    for (size_t i = 0; i < count; i++) {
        assert_true(fr_ring_pop(ring, &item));
        assert_int_equal(item, items[i]);
    }
    assert_int_equal(ring->count, 0);
}

static void first_in_is_first_out(void **state) {
    static const uint32_t order[] = {3, 1, 2};
    struct fr_ring ring;
    uint32_t item = 77;

    (void) state;
    fr_ring_init(&ring, 10);
    assert_null(ring.items);
    assert_false(fr_ring_pop(&ring, &item));
    assert_false(fr_ring_peek(&ring, &item));
    assert_int_equal(item, 77);
    assert_int_equal(fr_ring_push(&ring, 1), 0);
    assert_int_equal(fr_ring_push(&ring, 2), 0);
    assert_int_equal(fr_ring_push_front(&ring, 3), 0);
    assert_true(fr_ring_peek(&ring, &item));
    assert_int_equal(item, 3);
    expect_pops(&ring, order, FR_COUNT_OF(order));
    fr_ring_done(&ring);
    fr_ring_done(&ring);
    fr_ring_done(NULL);
}

static void growing_while_wrapped_keeps_the_order(void **state) {
    static const uint32_t order[] = {103, 102, 101, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct fr_ring ring;

    (void) state;
    fr_ring_init(&ring, 100);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(fr_ring_push(&ring, i), 0);
    for (uint32_t i = 101; i <= 103; i++)
        assert_int_equal(fr_ring_push_front(&ring, i), 0); /* now full, and its head is not at the start */
    assert_int_equal(ring.count, ring.capacity);
    for (uint32_t i = 5; i < 10; i++)
        assert_int_equal(fr_ring_push(&ring, i), 0);
    expect_pops(&ring, order, FR_COUNT_OF(order));
    fr_ring_done(&ring);
}

static void a_full_ring_refuses(void **state) {
    struct fr_ring ring;

    (void) state;
    for (uint32_t count_max = 1; count_max < 40; count_max++) {
        fr_ring_init(&ring, count_max);
        for (uint32_t i = 0; i < count_max; i++)
            assert_int_equal(fr_ring_push(&ring, i), 0);
        assert_int_equal(fr_ring_push(&ring, 99), FR_E_LIMIT);
        assert_int_equal(fr_ring_push_front(&ring, 99), FR_E_LIMIT);
        assert_int_equal(ring.count, count_max);
        assert_in_range(ring.capacity, count_max, count_max < 8 ? 8 : 2 * count_max);
        fr_ring_done(&ring);
    }
}

static void remove_takes_the_first_of_equals(void **state) {
    static const uint32_t order[] = {1, 3, 2};
    struct fr_ring ring;

    (void) state;
    fr_ring_init(&ring, 8);
    assert_false(fr_ring_remove(&ring, 0));
    for (uint32_t i = 1; i <= 3; i++)
        assert_int_equal(fr_ring_push(&ring, i), 0);
    assert_int_equal(fr_ring_push(&ring, 2), 0);
    assert_true(fr_ring_has(&ring, 2));
    assert_false(fr_ring_has(&ring, 9));
    assert_true(fr_ring_remove(&ring, 2));
    assert_false(fr_ring_remove(&ring, 9));
    expect_pops(&ring, order, FR_COUNT_OF(order));
    fr_ring_done(&ring);
}

static void a_cleared_ring_is_empty_and_usable(void **state) {
    static const uint32_t order[] = {5};
    struct fr_ring ring;

    (void) state;
    fr_ring_init(&ring, 2);
    fr_ring_clear(&ring);
    assert_int_equal(fr_ring_push_front(&ring, 1), 0);
    assert_int_equal(fr_ring_push(&ring, 2), 0);
    fr_ring_clear(&ring);
    assert_int_equal(ring.count, 0);
    assert_int_equal(fr_ring_push(&ring, 5), 0);
    expect_pops(&ring, order, FR_COUNT_OF(order));
    fr_ring_done(&ring);
}

static void a_failed_push_changes_nothing(void **state) {
    struct fr_ring ring;
    uint32_t item;

    (void) state;
    fr_ring_init(&ring, 100);
    fr_memory_fail_from(2);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(fr_ring_push(&ring, i), 0);
    assert_int_equal(fr_ring_push(&ring, 8), FR_E_MEMORY);
    assert_int_equal(fr_ring_push_front(&ring, 8), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_int_equal(ring.count, 8);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(fr_ring_pop(&ring, &item));
        assert_int_equal(item, i);
    }
    fr_ring_done(&ring);
}

static int push_a_hundred(void *unused) {
    struct fr_ring ring;
    int error = 0;

    (void) unused;
    fr_ring_init(&ring, 100);
    for (uint32_t i = 0; i < 100 && !error; i++)
        error = fr_ring_push(&ring, i);
    fr_ring_done(&ring);
    return error;
}

static void memory_may_end_anywhere(void **state) {
    (void) state;
    assert_int_equal(fr_test_fault_walk(push_a_hundred, NULL), 5); /* 8, 16, 32, 64, 128 */
}

static void init_without_a_cap(void *ring) { fr_ring_init(ring, 0); }

static void a_cap_is_needed(void **state) {
    struct fr_ring ring;

    (void) state;
    assert_true(fr_test_aborts(init_without_a_cap, &ring));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(growing_while_wrapped_keeps_the_order),
        cmocka_unit_test(a_full_ring_refuses),
        cmocka_unit_test(remove_takes_the_first_of_equals),
        cmocka_unit_test(a_cleared_ring_is_empty_and_usable),
        cmocka_unit_test(a_failed_push_changes_nothing),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(a_cap_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
