/* SPDX-License-Identifier: Apache-2.0 */
/* The window over all connections: when it begins and ends, how large it is, and whose bytes count. The clock is handed in. */
#include "net/flight.h"

#include "base/time.h"
#include "support/test.h"

#define LOOK (FR_FLIGHT_LOOK_MS * FR_MS)

enum { PATHS = 4, MEGABYTE = 1000000 };

static struct fr_flight flight;
static struct fr_flight_path paths[PATHS];
static uint64_t acked[PATHS];
static fr_time_ns now;

static int set_up(void **state) {
    (void) state;
    now = FR_SECOND;
    fr_flight_init(&flight, now);
    for (int i = 0; i < PATHS; i++) {
        paths[i] = (struct fr_flight_path){0};
        acked[i] = 0;
    }
    return 0;
}

/* One look at the first so many connections, on each of which so many bytes arrived since the last one. */
static void look(int count, uint64_t moved, fr_time_ns round_trip, fr_time_ns round_trip_min) {
    now += LOOK;
    for (int i = 0; i < count; i++) {
        acked[i] += moved;
        fr_flight_look_at(
            &flight, &paths[i],
            &(struct fr_tcp_state){.acked = acked[i], .is_busy = true, .round_trip = round_trip, .round_trip_min = round_trip_min}, now);
    }
    fr_flight_look_done(&flight, now);
}

static void looks(int times, int count, uint64_t moved, fr_time_ns round_trip, fr_time_ns round_trip_min) {
    for (int i = 0; i < times; i++)
        look(count, moved, round_trip, round_trip_min);
}

static void without_a_queue_nothing_is_limited(void **state) {
    (void) state;
    assert_true(flight.window == UINT64_MAX);
    looks(20, PATHS, MEGABYTE, 2 * FR_MS, FR_MS);
    looks(20, PATHS, MEGABYTE, 429 * FR_MS, 200 * FR_MS); /* a long way, and 29 ms over twice of it */
    assert_false(flight.is_on);
    assert_true(flight.window == UINT64_MAX);
    assert_true(fr_flight_count(&flight, &paths[0], 123456789) == 123456789);
}

/* 4 connections with a megabyte each in 100 ms are 40 MB/s; in 70 ms and twice 1 ms that is 2.88 MB. */
static void a_queue_that_stands_is_met_with_rate_times_time(void **state) {
    (void) state;
    look(PATHS, 0, 0, 0);
    looks(3, PATHS, MEGABYTE, 33 * FR_MS, FR_MS);
    assert_true(flight.is_on);
    assert_in_range(flight.window, 2879990, 2880010);
    looks(3, PATHS, MEGABYTE / 2, 5 * FR_MS, FR_MS); /* it is still the largest rate that counts, and it stays on */
    assert_in_range(flight.window, 2879990, 2880010);
    looks(FR_FLIGHT_LOOKS, PATHS, MEGABYTE / 2, 5 * FR_MS, FR_MS); /* for a second */
    assert_in_range(flight.window, 1439990, 1440010);
}

static void a_little_rate_has_the_least_window(void **state) {
    (void) state;
    looks(5, PATHS, 100, 100 * FR_MS, FR_MS);
    assert_true(flight.is_on);
    assert_int_equal(flight.window, 128 << 10);
}

/* The queue of one receiver, or one that stands still, is not the uplink's. */
static void one_connection_alone_shows_nothing(void **state) {
    (void) state;
    looks(20, 1, MEGABYTE, FR_SECOND, FR_MS);
    assert_false(flight.is_on);
    for (int i = 0; i < 20; i++) {
        struct fr_tcp_state slow = {.acked = acked[1] += MEGABYTE, .is_busy = true, .round_trip = FR_SECOND, .round_trip_min = FR_MS};
        fr_flight_look_at(&flight, &paths[1], &slow, now + LOOK);
        look(1, MEGABYTE, 31 * FR_MS, FR_MS); /* busy, too, and quick */
    }
    assert_false(flight.is_on);
}

static void after_a_second_of_rest_it_begins_anew(void **state) {
    (void) state;
    looks(5, PATHS, MEGABYTE, 100 * FR_MS, FR_MS);
    assert_true(flight.is_on);
    looks(9, PATHS, 0, 100 * FR_MS, FR_MS);
    assert_true(flight.is_on);
    assert_false(fr_flight_is_at_rest(&flight, now));
    look(PATHS, 0, 100 * FR_MS, FR_MS);
    assert_true(fr_flight_is_at_rest(&flight, now));
    assert_false(flight.is_on);
    assert_true(flight.window == UINT64_MAX);
}

static void what_one_connection_holds_is_bounded(void **state) {
    (void) state;
    looks(5, PATHS, MEGABYTE, 33 * FR_MS, FR_MS);
    assert_int_equal(fr_flight_count(&flight, &paths[0], 1000), 1000);
    assert_true(fr_flight_count(&flight, &paths[0], UINT64_MAX) == 4 * (flight.window / PATHS));
}

static void who_stands_still_does_not_count(void **state) {
    (void) state;
    looks(5, PATHS, MEGABYTE, 33 * FR_MS, FR_MS);
    for (int i = 0; i < 2; i++) { /* the last one is stopped */
        fr_flight_look_at(&flight, &paths[PATHS - 1], &(struct fr_tcp_state){.acked = acked[PATHS - 1], .is_busy = true}, now + LOOK);
        look(PATHS - 1, MEGABYTE, 33 * FR_MS, FR_MS);
    }
    assert_true(flight.is_on);
    assert_int_equal(flight.busy, PATHS - 1);
    assert_int_equal(fr_flight_count(&flight, &paths[PATHS - 1], MEGABYTE), 0);
    assert_int_equal(fr_flight_count(&flight, &paths[0], MEGABYTE), MEGABYTE);
    look(PATHS, MEGABYTE, 33 * FR_MS, FR_MS); /* it goes on */
    assert_int_equal(fr_flight_count(&flight, &paths[PATHS - 1], 1000), 1000);
}

/* What was acknowledged before the first look is no rate; a counter that goes back, and a clock that stands, do no harm. */
static void odd_measurements_do_no_harm(void **state) {
    (void) state;
    acked[0] = acked[1] = (uint64_t) 1 << 40;
    look(2, 0, 100 * FR_MS, FR_MS);
    assert_int_equal(flight.window, 128 << 10);
    acked[0] = acked[1] = 5;
    look(2, 0, 100 * FR_MS, FR_MS);
    assert_int_equal(flight.window, 128 << 10);
    fr_flight_look_done(&flight, now);
    assert_int_equal(flight.window, 128 << 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_queue_nothing_is_limited, set_up),
        cmocka_unit_test_setup(a_queue_that_stands_is_met_with_rate_times_time, set_up),
        cmocka_unit_test_setup(a_little_rate_has_the_least_window, set_up),
        cmocka_unit_test_setup(one_connection_alone_shows_nothing, set_up),
        cmocka_unit_test_setup(after_a_second_of_rest_it_begins_anew, set_up),
        cmocka_unit_test_setup(what_one_connection_holds_is_bounded, set_up),
        cmocka_unit_test_setup(who_stands_still_does_not_count, set_up),
        cmocka_unit_test_setup(odd_measurements_do_no_harm, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
