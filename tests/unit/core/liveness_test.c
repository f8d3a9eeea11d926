/* SPDX-License-Identifier: Apache-2.0 */
/* When a link is pinged, and when it is dead. */
#include "core/liveness.h"

#include "base/time.h"
#include "support/test.h"

enum { SILENCE_S = 15 };
#define BEGIN (100 * FR_SECOND)

static struct fr_liveness begin(void) {
    struct fr_liveness liveness;
    fr_liveness_init(&liveness, SILENCE_S * FR_SECOND, BEGIN);
    return liveness;
}

static void a_third_of_the_silence_asks_for_a_ping(void **state) {
    struct fr_liveness liveness = begin();
    (void) state;
    assert_true(fr_liveness_due(&liveness) == BEGIN + 5 * FR_SECOND);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN), FR_LIVENESS_FINE);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 5 * FR_SECOND - 1), FR_LIVENESS_FINE);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 5 * FR_SECOND), FR_LIVENESS_PING);
    fr_liveness_sent(&liveness, BEGIN + 5 * FR_SECOND);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 5 * FR_SECOND), FR_LIVENESS_FINE);
    assert_true(fr_liveness_due(&liveness) == BEGIN + 10 * FR_SECOND);
}

static void silence_is_death_whatever_we_send(void **state) {
    struct fr_liveness liveness = begin();
    (void) state;
    for (fr_time_ns at = BEGIN; at < BEGIN + SILENCE_S * FR_SECOND; at += FR_SECOND)
        fr_liveness_sent(&liveness, at);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + SILENCE_S * FR_SECOND - 1), FR_LIVENESS_FINE);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + SILENCE_S * FR_SECOND), FR_LIVENESS_DEAD);
    assert_true(fr_liveness_due(&liveness) == BEGIN + SILENCE_S * FR_SECOND);
}

static void a_byte_is_life(void **state) {
    struct fr_liveness liveness = begin();
    (void) state;
    fr_liveness_heard(&liveness, BEGIN + 14 * FR_SECOND);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 28 * FR_SECOND), FR_LIVENESS_PING);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 29 * FR_SECOND), FR_LIVENESS_DEAD);
}

static void old_news_is_ignored(void **state) {
    struct fr_liveness liveness = begin();
    (void) state;
    fr_liveness_heard(&liveness, BEGIN + 10 * FR_SECOND);
    fr_liveness_heard(&liveness, BEGIN + 1 * FR_SECOND);
    fr_liveness_sent(&liveness, BEGIN + 10 * FR_SECOND);
    fr_liveness_sent(&liveness, BEGIN + 1 * FR_SECOND);
    assert_true(fr_liveness_due(&liveness) == BEGIN + 15 * FR_SECOND);
    assert_int_equal(fr_liveness_check(&liveness, BEGIN + 25 * FR_SECOND - 1), FR_LIVENESS_PING);
}

/* When it says it is due, it is; not a nanosecond before. */
static void due_is_when_check_changes(void **state) {
    (void) state;
    for (fr_time_ns heard = 0; heard < 20; heard += 3)
        for (fr_time_ns sent = 0; sent < 20; sent += 3) {
            struct fr_liveness liveness = begin();
            fr_time_ns due;
            fr_liveness_heard(&liveness, BEGIN + heard * FR_SECOND);
            fr_liveness_sent(&liveness, BEGIN + sent * FR_SECOND);
            due = fr_liveness_due(&liveness);
            assert_int_equal(fr_liveness_check(&liveness, due - 1), FR_LIVENESS_FINE);
            assert_int_not_equal(fr_liveness_check(&liveness, due), FR_LIVENESS_FINE);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_third_of_the_silence_asks_for_a_ping),
        cmocka_unit_test(silence_is_death_whatever_we_send),
        cmocka_unit_test(a_byte_is_life),
        cmocka_unit_test(old_news_is_ignored),
        cmocka_unit_test(due_is_when_check_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
