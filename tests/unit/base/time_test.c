/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "support/test.h"

static void units_are_nanoseconds(void **state) {
    (void) state;
    assert_true(FR_SECOND == 1000 * FR_MS && FR_MS == 1000 * FR_US && FR_US == 1000);
}

static void the_sooner_and_the_later(void **state) {
    (void) state;
    assert_true(fr_time_min(3, FR_TIME_NEVER) == 3 && fr_time_min(4, 3) == 3);
    assert_true(fr_time_max(3, 4) == 4 && fr_time_max(FR_TIME_NEVER, 3) == FR_TIME_NEVER);
}

static void time_since_never_wraps(void **state) {
    (void) state;
    assert_true(fr_time_since(10, 4) == 6);
    assert_true(fr_time_since(4, 4) == 0);
    assert_true(fr_time_since(4, 10) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_nanoseconds),
        cmocka_unit_test(the_sooner_and_the_later),
        cmocka_unit_test(time_since_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
