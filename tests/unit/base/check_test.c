/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include "support/death.h"
#include "support/test.h"

static int evaluated_count;

static int count_and_return(int fact) {
    evaluated_count++;
    return fact;
}

static void assert_fact(void *fact) { fr_assert(*(int *) fact); }

static void assert_fact_slowly(void *fact) { fr_assert_slow(*(int *) fact); }

static void a_broken_fact_aborts(void **state) {
    int broken = 0, good = 1;

    (void) state;
    assert_true(fr_test_aborts(assert_fact, &broken));
    assert_false(fr_test_aborts(assert_fact, &good));
}

static void a_fact_is_evaluated_once(void **state) {
    (void) state;
    evaluated_count = 0;
    fr_assert(count_and_return(1));
    assert_int_equal(evaluated_count, 1);
}

static void slow_facts_count_only_when_enabled(void **state) {
    int broken = 0, good = 1;

    (void) state;
    assert_int_equal(fr_assert_slow_enabled, 0);
    assert_false(fr_test_aborts(assert_fact_slowly, &broken));
    evaluated_count = 0;
    fr_assert_slow(count_and_return(0));
    assert_int_equal(evaluated_count, 0); /* it costs nothing either */
    fr_assert_slow_enabled = 1;
    assert_true(fr_test_aborts(assert_fact_slowly, &broken));
    assert_false(fr_test_aborts(assert_fact_slowly, &good));
    fr_assert_slow_enabled = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_fact_aborts),
        cmocka_unit_test(a_fact_is_evaluated_once),
        cmocka_unit_test(slow_facts_count_only_when_enabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
