/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual time: order, and queues of events that wait for something else. */
#include "sim/clock.h"

#include "sim/pool.h"
#include "support/test.h"

struct mark {
    struct fr_sim_event event;
    int name;
};

static int seen[16];
static uint32_t seen_count;
static struct fr_sim_clock sim_clock;
static struct mark *again;

static void happen(struct fr_sim_event *event) {
    seen[seen_count++] = ((struct mark *) event)->name;
    if (again != NULL) { /* an event may set another at its own moment */
        fr_sim_clock_set(&sim_clock, sim_clock.now, &again->event);
        again = NULL;
    }
}

static int begin(void **state) {
    (void) state;
    seen_count = 0;
    again = NULL;
    fr_sim_clock_init(&sim_clock, 100);
    return 0;
}

static int end(void **state) {
    (void) state;
    fr_sim_clock_done(&sim_clock);
    return 0;
}

static void events_happen_in_order(void **state) {
    struct mark marks[] = {{{happen, NULL}, 0}, {{happen, NULL}, 1}, {{happen, NULL}, 2}, {{happen, NULL}, 3}};
    const int expected[] = {2, 0, 3, 1};
    (void) state;
    fr_sim_clock_set(&sim_clock, 200, &marks[0].event);
    fr_sim_clock_set(&sim_clock, 300, &marks[1].event);
    fr_sim_clock_set(&sim_clock, 100, &marks[2].event);
    fr_sim_clock_set(&sim_clock, 200, &marks[3].event);
    while (fr_sim_clock_step(&sim_clock))
        ;
    assert_int_equal(seen_count, 4);
    assert_memory_equal(seen, expected, sizeof expected);
    assert_int_equal(sim_clock.now, 300);
    assert_int_equal(sim_clock.event_count, 4);
}

static void an_event_may_set_another_for_now(void **state) {
    struct mark first = {{happen, NULL}, 1}, second = {{happen, NULL}, 2}, later = {{happen, NULL}, 3};
    (void) state;
    again = &second;
    fr_sim_clock_set(&sim_clock, 150, &first.event);
    fr_sim_clock_set(&sim_clock, 151, &later.event);
    assert_true(fr_sim_clock_step(&sim_clock));
    assert_true(fr_sim_clock_step(&sim_clock));
    assert_int_equal(sim_clock.now, 150);
    assert_int_equal(seen[1], 2);
}

static void a_queue_lets_go_in_order(void **state) {
    struct mark marks[] = {{{happen, NULL}, 0}, {{happen, NULL}, 1}, {{happen, NULL}, 2}};
    struct fr_sim_queue queue = {0};
    (void) state;
    assert_null(fr_sim_queue_pop(&queue));
    for (int i = 0; i < 3; i++)
        fr_sim_queue_push(&queue, &marks[i].event);
    assert_ptr_equal(fr_sim_queue_pop(&queue), &marks[0].event);
    fr_sim_queue_release(&queue, &sim_clock);
    assert_null(fr_sim_queue_pop(&queue));
    while (fr_sim_clock_step(&sim_clock))
        ;
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 2);
    assert_int_equal(sim_clock.now, 100);
}

static void a_pool_gives_zeroed_things_again(void **state) {
    struct fr_sim_pool pool;
    void *things[700];
    (void) state;
    fr_sim_pool_init(&pool, 40);
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < FR_COUNT_OF(things); i++) {
            static const uint8_t zeroes[40];
            things[i] = fr_sim_pool_take(&pool);
            assert_memory_equal(things[i], zeroes, sizeof zeroes);
            memset(things[i], 0xa5, 40);
        }
        assert_int_equal(pool.out_count, FR_COUNT_OF(things));
        for (size_t i = 0; i < FR_COUNT_OF(things); i++)
            fr_sim_pool_give(&pool, things[i]);
        assert_int_equal(pool.out_count, 0);
    }
    fr_sim_pool_done(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_happen_in_order, begin, end),
        cmocka_unit_test_setup_teardown(an_event_may_set_another_for_now, begin, end),
        cmocka_unit_test_setup_teardown(a_queue_lets_go_in_order, begin, end),
        cmocka_unit_test(a_pool_gives_zeroed_things_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
