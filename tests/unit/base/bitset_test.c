/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitset.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/death.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void an_empty_set_has_nothing(void **state) {
    struct fr_bitset set;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 0), 0);
    assert_false(fr_bitset_has(&set, 0));
    assert_false(fr_bitset_has(&set, UINT32_MAX));
    assert_false(fr_bitset_remove(&set, 0));
    assert_int_equal(fr_bitset_next_set(&set, 0), 0);
    assert_int_equal(fr_bitset_next_clear(&set, 0), 0);
    fr_bitset_add_range(&set, 0, 0);
    assert_int_equal(set.set_count, 0);
    fr_bitset_done(&set);
}

static void adding_and_removing_tell_what_changed(void **state) {
    struct fr_bitset set;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 130), 0);
    assert_true(fr_bitset_add(&set, 129));
    assert_false(fr_bitset_add(&set, 129));
    assert_true(fr_bitset_has(&set, 129));
    assert_int_equal(set.set_count, 1);
    assert_false(fr_bitset_remove(&set, 128));
    assert_false(fr_bitset_remove(&set, 130));
    assert_true(fr_bitset_remove(&set, 129));
    assert_false(fr_bitset_remove(&set, 129));
    assert_int_equal(set.set_count, 0);
    fr_bitset_done(&set);
}

static void ranges_cross_words_and_count_only_what_is_new(void **state) {
    struct fr_bitset set;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 300), 0);
    fr_bitset_add(&set, 64);
    fr_bitset_add_range(&set, 63, 130); /* 63 .. 192 */
    assert_int_equal(set.set_count, 130);
    assert_int_equal(fr_bitset_next_set(&set, 0), 63);
    assert_int_equal(fr_bitset_next_clear(&set, 63), 193);
    assert_int_equal(fr_bitset_next_set(&set, 193), 300);
    fr_bitset_add_range(&set, 0, 300);
    assert_int_equal(set.set_count, 300);
    assert_int_equal(fr_bitset_next_clear(&set, 0), 300);
    fr_bitset_done(&set);
}

static void searches_end_at_bit_count(void **state) {
    struct fr_bitset set;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 64), 0);
    assert_int_equal(fr_bitset_next_set(&set, 0), 64);
    assert_int_equal(fr_bitset_next_set(&set, 64), 64);
    assert_int_equal(fr_bitset_next_set(&set, UINT32_MAX), 64);
    assert_int_equal(fr_bitset_next_clear(&set, UINT32_MAX), 64);
    fr_bitset_add(&set, 63);
    assert_int_equal(fr_bitset_next_set(&set, 0), 63);
    assert_int_equal(fr_bitset_next_clear(&set, 63), 64);
    fr_bitset_done(&set);
}

static void growing_keeps_the_set(void **state) {
    struct fr_bitset set = {0};

    (void) state;
    for (uint32_t bit = 0; bit < 1000; bit++) {
        assert_int_equal(fr_bitset_grow(&set, bit + 1), 0);
        assert_int_equal(set.bit_count, bit + 1);
        assert_false(fr_bitset_has(&set, bit));
        if (bit % 3 == 0)
            fr_bitset_add(&set, bit);
    }
    assert_int_equal(fr_bitset_grow(&set, 10), 0);
    assert_int_equal(set.bit_count, 1000);
    assert_int_equal(set.set_count, 334);
    for (uint32_t bit = 0; bit < 1000; bit++)
        assert_int_equal(fr_bitset_has(&set, bit), bit % 3 == 0);
    fr_bitset_done(&set);
}

static void growing_one_by_one_seldom_allocates(void **state) {
    struct fr_bitset set = {0};

    (void) state;
    fr_memory_fail_from(0);
    for (uint32_t bit_count = 1; bit_count <= 1 << 16; bit_count++)
        assert_int_equal(fr_bitset_grow(&set, bit_count), 0);
    assert_in_range(fr_memory_count(), 1, 16);
    fr_bitset_done(&set);
}

static void a_failed_growth_changes_nothing(void **state) {
    struct fr_bitset set, before;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 64), 0);
    fr_bitset_add(&set, 5);
    before = set;
    fr_memory_fail_from(1);
    assert_int_equal(fr_bitset_grow(&set, 65), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_ptr_equal(set.words, before.words);
    assert_int_equal(set.bit_count, 64);
    assert_true(fr_bitset_has(&set, 5));
    fr_bitset_done(&set);
}

static int make_and_grow(void *unused) {
    struct fr_bitset set;
    int error = fr_bitset_init(&set, 100);

    (void) unused;
    if (!error)
        error = fr_bitset_grow(&set, 10000);
    fr_bitset_done(&set);
    return error;
}

static void memory_may_end_anywhere(void **state) {
    (void) state;
    assert_int_equal(fr_test_fault_walk(make_and_grow, NULL), 2);
}

static void add_outside(void *set) { fr_bitset_add(set, 100); }

static void add_range_outside(void *set) { fr_bitset_add_range(set, 50, UINT32_MAX - 20); /* the sum would wrap to 29 */ }

static void adding_outside_is_a_bug(void **state) {
    struct fr_bitset set;

    (void) state;
    assert_int_equal(fr_bitset_init(&set, 100), 0);
    assert_true(fr_test_aborts(add_outside, &set));
    assert_true(fr_test_aborts(add_range_outside, &set));
    fr_bitset_done(&set);
    fr_bitset_done(&set);
    fr_bitset_done(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_set_has_nothing),
        cmocka_unit_test(adding_and_removing_tell_what_changed),
        cmocka_unit_test(ranges_cross_words_and_count_only_what_is_new),
        cmocka_unit_test(searches_end_at_bit_count),
        cmocka_unit_test(growing_keeps_the_set),
        cmocka_unit_test(growing_one_by_one_seldom_allocates),
        cmocka_unit_test(a_failed_growth_changes_nothing),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(adding_outside_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
