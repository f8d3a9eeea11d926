/* SPDX-License-Identifier: Apache-2.0 */
/* How many chunks one owner may hold. */
#include "core/credit.h"

#include "base/time.h"
#include "content/limits.h"
#include "support/death.h"
#include "support/test.h"

static void it_begins_with_a_few(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    for (uint32_t i = 0; i < FR_CREDIT_WINDOW_FIRST; i++) {
        assert_true(fr_credit_has(&credit));
        fr_credit_spend(&credit, FR_SECOND);
    }
    assert_false(fr_credit_has(&credit));
    assert_int_equal(credit.outstanding, FR_CREDIT_WINDOW_FIRST);
    assert_true(fr_credit_interval(&credit) == 0);
}

static void what_is_returned_is_there_again_and_measures_nothing(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    for (uint32_t i = 0; i < FR_CREDIT_WINDOW_FIRST; i++)
        fr_credit_spend(&credit, FR_SECOND);
    fr_credit_return(&credit);
    assert_true(fr_credit_has(&credit));
    assert_int_equal(credit.outstanding, FR_CREDIT_WINDOW_FIRST - 1);
    assert_true(credit.round_trip_min == FR_TIME_NEVER);
    assert_int_equal(credit.round_count, 0);
}

/* An owner that brings a chunk each `pace` and needs `path` besides; its window is kept full for so many chunks. Time begins at 1 s. */
static fr_time_ns run(struct fr_credit *credit, fr_time_ns now, fr_time_ns pace, fr_time_ns path, int chunks) {
    fr_time_ns given[FR_CREDIT_WINDOW_MAX] = {0}, done[FR_CREDIT_WINDOW_MAX] = {0}, last = now;
    uint32_t head = 0, count = 0;
    while (chunks > 0) {
        for (; fr_credit_has(credit); count++) {
            uint32_t at = (head + count) % FR_CREDIT_WINDOW_MAX;
            fr_credit_spend(credit, now);
            given[at] = now;
            last = done[at] = fr_time_max(last, now) + pace;
        }
        now = fr_time_max(now, done[head] + path);
        fr_credit_earn(credit, given[head], now);
        head = (head + 1) % FR_CREDIT_WINDOW_MAX;
        count--;
        chunks--;
    }
    for (; count > 0; count--)
        fr_credit_return(credit);
    return now;
}

static void a_long_path_widens_the_window(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    run(&credit, FR_SECOND, 5 * FR_MS, 100 * FR_MS, 2000); /* 21 chunks are on their way at full pace */
    assert_in_range(credit.window, 30, 60);
    assert_true(credit.round_trip_min == 105 * FR_MS);
    assert_true(fr_credit_interval(&credit) > 4e6 && fr_credit_interval(&credit) < 6e6);
}

static void a_short_path_needs_little(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    run(&credit, FR_SECOND, 10 * FR_MS, FR_MS, 500);
    assert_in_range(credit.window, 3, 6);
}

/* What waits on a slow owner's account is not more than on a fast one's. */
static void slowness_does_not_widen_the_window(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    run(&credit, FR_SECOND, 500 * FR_MS, FR_MS, 500);
    assert_in_range(credit.window, 3, 6);
    assert_true(fr_credit_interval(&credit) > 4e8);
}

static void the_window_has_bounds(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    run(&credit, FR_SECOND, 10 * FR_US, 10 * FR_SECOND, 5000);
    assert_int_equal(credit.window, FR_CREDIT_WINDOW_MAX);
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    run(&credit, FR_SECOND, 0, 0, 5000); /* reports that come at once */
    assert_in_range(credit.window, 3, FR_CREDIT_WINDOW_MAX);
}

/* An owner that becomes slow is believed so after its rounds of before are forgotten. */
static void an_old_pace_is_forgotten(void **state) {
    struct fr_credit credit;
    fr_time_ns now;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    now = run(&credit, FR_SECOND, FR_MS, FR_MS, 500);
    assert_true(fr_credit_interval(&credit) < 2e6);
    run(&credit, now, 100 * FR_MS, FR_MS, 200);
    assert_true(fr_credit_interval(&credit) > 5e7);
}

/* Idle time between chunks says nothing of the pace: one chunk a second, brought in 1 ms, is a pace of many a second. */
static void idle_time_is_no_pace(void **state) {
    struct fr_credit credit;
    fr_time_ns now = FR_SECOND;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, now);
    for (int i = 0; i < 50; i++, now += FR_SECOND) {
        fr_credit_spend(&credit, now);
        fr_credit_earn(&credit, now, now + 10 * FR_MS);
    }
    assert_true(fr_credit_interval(&credit) < 2e7);
}

/* Reports that seem older than their gifts (a clock that was read late) do no harm. */
static void time_that_stands_still_does_no_harm(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, FR_SECOND);
    for (int i = 0; i < 100; i++) {
        fr_credit_spend(&credit, FR_SECOND);
        fr_credit_earn(&credit, FR_SECOND + 5, FR_SECOND);
    }
    assert_in_range(credit.window, 3, FR_CREDIT_WINDOW_MAX);
    assert_int_equal(credit.outstanding, 0);
}

static void earn_without_gift(void *user) { fr_credit_earn(user, 0, 1); }
static void return_without_gift(void *user) { fr_credit_return(user); }

static void spend_too_much(void *user) {
    for (int i = 0; i <= FR_CREDIT_WINDOW_MAX; i++)
        fr_credit_spend(user, 1);
}

static void credit_is_checked_in_pairs(void **state) {
    struct fr_credit credit;
    (void) state;
    fr_credit_init(&credit, FR_CREDIT_SPARE, 0);
    assert_true(fr_test_aborts(earn_without_gift, &credit));
    assert_true(fr_test_aborts(return_without_gift, &credit));
    assert_true(fr_test_aborts(spend_too_much, &credit));
}

static void few_chunks_leave_little_to_spare(void **state) {
    (void) state;
    assert_int_equal(fr_credit_spare_busy(0), FR_CREDIT_SPARE);
    assert_int_equal(fr_credit_spare_busy(8), FR_CREDIT_SPARE);
    assert_int_equal(fr_credit_spare_busy(64), 8);
    assert_int_equal(fr_credit_spare_busy(128), FR_CREDIT_SPARE_BUSY);
    assert_int_equal(fr_credit_spare_busy(UINT32_MAX), FR_CREDIT_SPARE_BUSY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_a_few),
        cmocka_unit_test(few_chunks_leave_little_to_spare),
        cmocka_unit_test(what_is_returned_is_there_again_and_measures_nothing),
        cmocka_unit_test(a_long_path_widens_the_window),
        cmocka_unit_test(a_short_path_needs_little),
        cmocka_unit_test(slowness_does_not_widen_the_window),
        cmocka_unit_test(the_window_has_bounds),
        cmocka_unit_test(an_old_pace_is_forgotten),
        cmocka_unit_test(idle_time_is_no_pace),
        cmocka_unit_test(time_that_stands_still_does_no_harm),
        cmocka_unit_test(credit_is_checked_in_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
