/* SPDX-License-Identifier: Apache-2.0 */
/* Which chunk next, and to whom. The rules one by one; all of them at random are in tests/prop/dispatch_test.c. */
#include "core/dispatch.h"

#include <fastreplica/error.h>

#include "base/time.h"
#include "support/fault_walk.h"
#include "support/test.h"

#define BEGIN (10 * FR_SECOND)

static void open_dispatch(struct fr_dispatch *dispatch, uint32_t children, uint32_t chunks) {
    assert_int_equal(fr_dispatch_init(dispatch, children), 0);
    assert_int_equal(fr_dispatch_add(dispatch, 0, chunks), 0);
    for (uint32_t child = 0; child < children; child++)
        fr_dispatch_join(dispatch, child, BEGIN);
}

static void expect_fresh(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t child, fr_chunk_index chunk) {
    uint32_t ret_child = 99;
    fr_chunk_index ret_chunk = 99;
    assert_int_equal(fr_dispatch_pick(dispatch, now, &ret_child, &ret_chunk), FR_PICK_FRESH);
    assert_int_equal(ret_child, child);
    assert_int_equal(ret_chunk, chunk);
}

static void expect_share(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t child, fr_chunk_index chunk) {
    uint32_t ret_child = 99;
    fr_chunk_index ret_chunk = 99;
    assert_int_equal(fr_dispatch_pick(dispatch, now, &ret_child, &ret_chunk), FR_PICK_SHARE);
    assert_int_equal(ret_child, child);
    assert_int_equal(ret_chunk, chunk);
}

static void expect_none(struct fr_dispatch *dispatch, fr_time_ns now) {
    uint32_t child;
    fr_chunk_index chunk;
    assert_int_equal(fr_dispatch_pick(dispatch, now, &child, &chunk), FR_PICK_NONE);
}

static void equals_are_served_in_turn(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    open_dispatch(&dispatch, 3, 100);
    for (fr_chunk_index chunk = 0; chunk < 3 * FR_CREDIT_WINDOW_FIRST; chunk++)
        expect_fresh(&dispatch, BEGIN, chunk % 3, chunk);
    expect_none(&dispatch, BEGIN); /* nobody has credit */
    assert_true(fr_dispatch_reached(&dispatch, 1, 4, BEGIN + FR_MS));
    expect_fresh(&dispatch, BEGIN + FR_MS, 1, 12);
    fr_dispatch_assert_valid(&dispatch);
    fr_dispatch_done(&dispatch);
    fr_dispatch_done(NULL);
}

static void who_is_out_is_given_nothing(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    assert_int_equal(fr_dispatch_init(&dispatch, 2), 0);
    assert_int_equal(fr_dispatch_add(&dispatch, 0, 10), 0);
    expect_none(&dispatch, BEGIN);
    fr_dispatch_join(&dispatch, 1, BEGIN);
    expect_fresh(&dispatch, BEGIN, 1, 0);
    expect_fresh(&dispatch, BEGIN, 1, 1);
    fr_dispatch_retire(&dispatch, 1);
    expect_none(&dispatch, BEGIN);
    assert_true(fr_dispatch_reached(&dispatch, 1, 0, BEGIN)); /* it brings what it owns all the same */
    fr_dispatch_leave(&dispatch, 1);
    assert_false(fr_dispatch_reached(&dispatch, 1, 1, BEGIN));
    fr_dispatch_join(&dispatch, 1, BEGIN); /* and may come again */
    expect_fresh(&dispatch, BEGIN, 1, 1);
    fr_dispatch_done(&dispatch);
}

static void what_the_dead_owned_waits_again_lowest_first(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    open_dispatch(&dispatch, 2, 20);
    for (fr_chunk_index chunk = 0; chunk < 8; chunk++)
        expect_fresh(&dispatch, BEGIN, chunk % 2, chunk);
    assert_true(fr_dispatch_reached(&dispatch, 0, 2, BEGIN + FR_MS));
    fr_dispatch_leave(&dispatch, 1); /* owned 1, 3, 5, 7 */
    expect_fresh(&dispatch, BEGIN + FR_MS, 0, 1);
    assert_true(fr_dispatch_reached(&dispatch, 0, 0, BEGIN + FR_MS));
    expect_fresh(&dispatch, BEGIN + FR_MS, 0, 3);
    assert_int_equal(fr_dispatch_unreached(&dispatch), 18);
    fr_dispatch_done(&dispatch);
}

static void only_its_owner_reports_a_chunk(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    open_dispatch(&dispatch, 2, 4);
    expect_fresh(&dispatch, BEGIN, 0, 0);
    assert_false(fr_dispatch_reached(&dispatch, 1, 0, BEGIN)); /* another's */
    assert_false(fr_dispatch_reached(&dispatch, 0, 1, BEGIN)); /* nobody's yet */
    assert_false(fr_dispatch_reached(&dispatch, 0, 1000000, BEGIN));
    assert_true(fr_dispatch_reached(&dispatch, 0, 0, BEGIN));
    assert_false(fr_dispatch_reached(&dispatch, 0, 0, BEGIN)); /* once */
    assert_int_equal(fr_dispatch_unreached(&dispatch), 3);
    fr_dispatch_done(&dispatch);
}

static void what_came_damaged_is_given_again(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    open_dispatch(&dispatch, 2, 4);
    expect_fresh(&dispatch, BEGIN, 0, 0);
    assert_false(fr_dispatch_take_back(&dispatch, 1, 0));
    assert_false(fr_dispatch_take_back(&dispatch, 0, 3));
    assert_true(fr_dispatch_take_back(&dispatch, 0, 0));
    assert_false(fr_dispatch_take_back(&dispatch, 0, 0));
    expect_fresh(&dispatch, BEGIN, 1, 0);
    fr_dispatch_done(&dispatch);
}

/* Gives every chunk and lets it be reported by all but `silent`, so that paces are known. Returns the time after it. */
static fr_time_ns work(struct fr_dispatch *dispatch, uint32_t silent, fr_time_ns each) {
    fr_time_ns now = BEGIN;
    bool is_given = true;
    while (is_given) {
        fr_chunk_index chunk;
        uint32_t child;
        is_given = false;
        while (fr_dispatch_pick(dispatch, now, &child, &chunk) == FR_PICK_FRESH)
            is_given = true;
        now += each;
        for (child = 0; child < dispatch->child_count; child++)
            while (child != silent && dispatch->children[child].gifts_count > 0) {
                fr_dispatch_reached(dispatch, child, dispatch->children[child].gifts[0].chunk, now);
                is_given = true;
            }
    }
    return now;
}

static void near_the_end_an_overdue_gift_is_shared(void **state) {
    struct fr_dispatch dispatch;
    fr_time_ns now, due;
    (void) state;
    open_dispatch(&dispatch, 2, 30);
    now = work(&dispatch, 1, 10 * FR_MS);
    assert_int_equal(fr_dispatch_unreached(&dispatch), FR_CREDIT_WINDOW_FIRST);
    expect_none(&dispatch, now + FR_SECOND); /* more may come: not the end */
    assert_true(fr_dispatch_due(&dispatch) == FR_TIME_NEVER);
    dispatch.is_last_known = true;
    due = fr_dispatch_due(&dispatch);
    assert_true(due > BEGIN && due < BEGIN + FR_SECOND);
    expect_none(&dispatch, due - 1);
    expect_share(&dispatch, due, 0, 1);
    expect_share(&dispatch, due, 0, 3);
    expect_none(&dispatch, due + FR_SECOND); /* two at a time */
    assert_true(fr_dispatch_reached(&dispatch, 0, 1, due + FR_MS));
    assert_int_equal(dispatch.children[1].gifts_count, FR_CREDIT_WINDOW_FIRST - 1); /* relieved of it */
    assert_false(fr_dispatch_reached(&dispatch, 1, 1, due + FR_MS));
    assert_true(fr_dispatch_reached(&dispatch, 1, 3, due + FR_MS)); /* or the first owner is faster in the end */
    assert_int_equal(dispatch.children[0].gifts_count, 0);
    fr_dispatch_assert_valid(&dispatch);
    fr_dispatch_done(&dispatch);
}

static void a_shared_chunk_survives_either_owner(void **state) {
    (void) state;
    for (uint32_t leaver = 0; leaver < 2; leaver++) {
        struct fr_dispatch dispatch;
        fr_time_ns now;
        open_dispatch(&dispatch, 2, 30);
        now = work(&dispatch, 1, 10 * FR_MS);
        dispatch.is_last_known = true;
        expect_share(&dispatch, now + FR_SECOND, 0, 1);
        fr_dispatch_leave(&dispatch, leaver);
        assert_false(fr_bitset_has(&dispatch.waiting, 1));
        assert_true(fr_dispatch_reached(&dispatch, 1 - leaver, 1, now + 2 * FR_SECOND));
        fr_dispatch_assert_valid(&dispatch);
        fr_dispatch_done(&dispatch);
    }
}

/* One of two is a hundred times slower. When its chunk would be the last to arrive, it is not given it; its share of the rest it was. */
static void near_the_end_the_slow_are_spared(void **state) {
    struct fr_dispatch dispatch;
    fr_time_ns now = BEGIN, ready[2] = {0, 0}, pace[2] = {10 * FR_MS, 1000 * FR_MS};
    (void) state;
    open_dispatch(&dispatch, 2, 1000);
    dispatch.is_last_known = true;
    for (; fr_dispatch_unreached(&dispatch) > 0; now += FR_MS) {
        uint32_t child;
        fr_chunk_index chunk;
        while (fr_dispatch_pick(&dispatch, now, &child, &chunk) != FR_PICK_NONE)
            if (dispatch.children[child].gifts_count == 1)
                ready[child] = now + pace[child];
        for (child = 0; child < 2; child++)
            if (dispatch.children[child].gifts_count > 0 && ready[child] <= now) {
                fr_dispatch_reached(&dispatch, child, dispatch.children[child].gifts[0].chunk, now);
                ready[child] = now + pace[child];
            }
    }
    assert_in_range((now - BEGIN) / FR_MS, 9000, 11500);
    assert_in_range(dispatch.children[1].given_total, 5, 16);
    fr_dispatch_done(&dispatch);
}

/* The fast one stops in its tracks near the end. What waits must not wait for it until somebody finds it dead: the slow one takes it. */
static void the_slow_take_over_when_the_fast_stand_still(void **state) {
    struct fr_dispatch dispatch;
    fr_time_ns now = BEGIN;
    uint32_t child;
    fr_chunk_index chunk;
    (void) state;
    open_dispatch(&dispatch, 2, 60);
    for (int turn = 0; turn < 30; turn++) { /* child 0 needs 2 ms for each of its chunks, child 1 100 ms */
        while (dispatch.waiting.set_count > 6 && fr_dispatch_pick(&dispatch, now, &child, &chunk) == FR_PICK_FRESH)
            ;
        now += 10 * FR_MS;
        for (int i = 0; i < 5 && dispatch.children[0].gifts_count > 0; i++)
            fr_dispatch_reached(&dispatch, 0, dispatch.children[0].gifts[0].chunk, now);
        if (turn % 10 == 9)
            fr_dispatch_reached(&dispatch, 1, dispatch.children[1].gifts[0].chunk, now);
    }
    dispatch.is_last_known = true;
    while (fr_dispatch_pick(&dispatch, now, &child, &chunk) == FR_PICK_FRESH)
        ;
    for (int turn = 0; turn < 100; turn++) { /* from now on only child 1 reports */
        now += 100 * FR_MS;
        if (dispatch.children[1].gifts_count > 0)
            fr_dispatch_reached(&dispatch, 1, dispatch.children[1].gifts[0].chunk, now);
        while (fr_dispatch_pick(&dispatch, now, &child, &chunk) != FR_PICK_NONE)
            assert_true(child == 1 || turn == 0);
    }
    assert_int_equal(dispatch.waiting.set_count, 0);
    assert_int_equal(fr_dispatch_unreached(&dispatch), 0);
    fr_dispatch_done(&dispatch);
}

static void members_of_like_pace_have_one_window(void **state) {
    struct fr_dispatch dispatch;
    (void) state;
    open_dispatch(&dispatch, 4, 2000);
    work(&dispatch, 99, 50 * FR_MS);
    for (uint32_t child = 1; child < 4; child++)
        assert_int_equal(dispatch.children[child].window, dispatch.children[0].window);
    for (uint32_t child = 0; child < 4; child++)
        assert_in_range(dispatch.children[child].given_total, 490, 510);
    fr_dispatch_done(&dispatch);
}

static int add_and_give(void *user) {
    struct fr_dispatch dispatch;
    int error = fr_dispatch_init(&dispatch, 5);
    (void) user;
    if (error)
        return error;
    for (uint32_t chunk = 0; chunk < 1000 && !error; chunk += 100)
        error = fr_dispatch_add(&dispatch, chunk, 100);
    fr_dispatch_assert_valid(&dispatch);
    fr_dispatch_done(&dispatch);
    return error;
}

static void without_memory_it_says_so(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(add_and_give, NULL), 5, 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_are_served_in_turn),
        cmocka_unit_test(who_is_out_is_given_nothing),
        cmocka_unit_test(what_the_dead_owned_waits_again_lowest_first),
        cmocka_unit_test(only_its_owner_reports_a_chunk),
        cmocka_unit_test(what_came_damaged_is_given_again),
        cmocka_unit_test(near_the_end_an_overdue_gift_is_shared),
        cmocka_unit_test(a_shared_chunk_survives_either_owner),
        cmocka_unit_test(near_the_end_the_slow_are_spared),
        cmocka_unit_test(the_slow_take_over_when_the_fast_stand_still),
        cmocka_unit_test(members_of_like_pace_have_one_window),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
