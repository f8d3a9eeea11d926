/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket on a clock of the test's own. */
#include "base/time.h"
#include "net/bucket.h"
#include "support/test.h"

enum { RATE = 20000000, BURST = 400000 }; /* 20 MB/s, and 20 ms of it */

#define START (5 * FR_SECOND)

static void it_begins_full_and_holds_no_more_than_its_burst(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, RATE, START);
    assert_int_equal(fr_bucket_burst(&bucket), BURST);
    assert_int_equal(fr_bucket_level(&bucket, START), BURST);
    assert_int_equal(fr_bucket_level(&bucket, START + 3600 * FR_SECOND), BURST);
}

static void a_slow_one_holds_a_record(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, 1, START);
    assert_int_equal(fr_bucket_burst(&bucket), 16 << 10);
}

static void it_fills_at_its_rate(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, RATE, START);
    fr_bucket_spend(&bucket, BURST);
    assert_int_equal(fr_bucket_level(&bucket, START), 0);
    assert_int_equal(fr_bucket_level(&bucket, START + FR_MS), 20000);
    assert_int_equal(fr_bucket_level(&bucket, START + 5 * FR_MS), 100000);
    fr_bucket_spend(&bucket, 100000);
    assert_int_equal(fr_bucket_level(&bucket, START + 6 * FR_MS), 20000);
}

/* Looked at in the smallest steps it loses nothing: not even the part of a byte that a step is worth. */
static void small_steps_add_up(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, 1000, START); /* a byte in a millisecond */
    fr_bucket_spend(&bucket, 16 << 10);
    for (unsigned i = 1; i <= 1000; i++)
        fr_bucket_level(&bucket, START + i * 10 * FR_US);
    uint64_t level = fr_bucket_level(&bucket, START + 10 * FR_MS);
    assert_in_range(level, 9, 10);
}

static void a_debt_is_waited_for(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, RATE, START);
    fr_bucket_spend(&bucket, BURST + RATE);
    assert_int_equal(fr_bucket_level(&bucket, START), 0);
    assert_int_equal(fr_bucket_level(&bucket, START + 999 * FR_MS), 0);
    assert_int_equal(fr_bucket_level(&bucket, START + 1001 * FR_MS), 20000);
}

/* After the wait there is what was waited for, and shortly before there is not. */
static void the_wait_is_long_enough_and_no_longer(void **state) {
    (void) state;
    static const uint64_t rates[] = {1, 1000, 999983, RATE, UINT64_C(1) << 40};
    for (size_t i = 0; i < FR_COUNT_OF(rates); i++)
        for (uint64_t wanted = 1; wanted <= 16 << 10; wanted *= 3) {
            struct fr_bucket bucket;
            fr_bucket_init(&bucket, rates[i], START);
            assert_int_equal(fr_bucket_wait(&bucket, wanted, START), 0);
            fr_bucket_spend(&bucket, fr_bucket_burst(&bucket));
            fr_time_ns wait = fr_bucket_wait(&bucket, wanted, START);
            assert_true(wait > 0);
            struct fr_bucket early = bucket;
            assert_true(wait <= 2 || fr_bucket_level(&early, START + wait - 2) < wanted);
            assert_true(fr_bucket_level(&bucket, START + wait + 1) >= wanted);
        }
}

static void more_than_the_burst_is_waited_for_until_it_is_full(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, RATE, START);
    assert_int_equal(fr_bucket_wait(&bucket, UINT64_MAX, START), 0);
    fr_bucket_spend(&bucket, BURST);
    assert_in_range(fr_bucket_wait(&bucket, UINT64_MAX, START), 20 * FR_MS, 20 * FR_MS + 1);
}

static void a_clock_that_goes_back_fills_nothing(void **state) {
    (void) state;
    struct fr_bucket bucket;
    fr_bucket_init(&bucket, RATE, START);
    fr_bucket_spend(&bucket, BURST);
    assert_int_equal(fr_bucket_level(&bucket, START - FR_SECOND), 0);
    assert_int_equal(fr_bucket_level(&bucket, START), 0);
    assert_int_equal(fr_bucket_level(&bucket, START + FR_MS), 20000);
}

/* Whoever takes what is there whenever he looks, at odd moments, gets the rate, and one burst. */
static void over_time_it_is_the_rate(void **state) {
    (void) state;
    struct fr_bucket bucket;
    uint64_t passed = 0;
    fr_time_ns now = START;
    fr_bucket_init(&bucket, RATE, START);
    for (unsigned i = 0; now < START + 10 * FR_SECOND; i++) {
        now += (1 + i * 7919 % 19) * FR_MS;
        uint64_t level = fr_bucket_level(&bucket, now);
        fr_bucket_spend(&bucket, level);
        passed += level;
    }
    double most = (double) (now - START) / (double) FR_SECOND * RATE;
    assert_true((double) passed <= most + BURST);
    assert_true((double) passed >= most - 20000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_full_and_holds_no_more_than_its_burst),
        cmocka_unit_test(a_slow_one_holds_a_record),
        cmocka_unit_test(it_fills_at_its_rate),
        cmocka_unit_test(small_steps_add_up),
        cmocka_unit_test(a_debt_is_waited_for),
        cmocka_unit_test(the_wait_is_long_enough_and_no_longer),
        cmocka_unit_test(more_than_the_burst_is_waited_for_until_it_is_full),
        cmocka_unit_test(a_clock_that_goes_back_fills_nothing),
        cmocka_unit_test(over_time_it_is_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
