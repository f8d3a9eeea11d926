/* SPDX-License-Identifier: Apache-2.0 */
/* Whose chunk is whose in a set: the rules one by one. */
#include "core/dispatch.h"

#include "base/time.h"
#include "support/test.h"

#define BEGIN (10 * FR_SECOND)
#define CHUNK FR_CHUNK_BYTES_MIN

struct bench {
    struct fr_weave weave;
    struct fr_dispatch dispatch;
};

/* Entries of `chunks` chunks each: chunk c is of entry c modulo their number. */
static void open_bench(struct bench *bench, uint32_t entry_count, uint32_t chunks, uint32_t children) {
    struct fr_entry entries[FR_ENTRIES_MAX] = {0};
    for (uint32_t i = 0; i < entry_count; i++)
        entries[i].bytes = (uint64_t) chunks * CHUNK;
    assert_int_equal(fr_weave_init(&bench->weave, entries, entry_count, CHUNK), 0);
    assert_int_equal(fr_dispatch_init(&bench->dispatch, children), 0);
    bench->dispatch.weave = &bench->weave;
    assert_int_equal(fr_dispatch_add(&bench->dispatch, 0, bench->weave.chunk_count), 0);
}

static void close_bench(struct bench *bench) {
    fr_dispatch_assert_valid(&bench->dispatch);
    fr_dispatch_done(&bench->dispatch);
    fr_weave_done(&bench->weave);
}

static void join(struct bench *bench, uint32_t child, fr_time_ns now) {
    assert_int_equal(fr_dispatch_join(&bench->dispatch, child, now), 0);
}

static void join_all(struct bench *bench) {
    for (uint32_t child = 0; child < bench->dispatch.child_count; child++)
        join(bench, child, BEGIN);
}

/* Gives out all that can be given. Returns how many; with_owner [entries]: bits of the children that were given chunks of each. */
static uint32_t give(struct bench *bench, fr_time_ns now, uint64_t *with_owner) {
    uint32_t child, count = 0;
    fr_chunk_index chunk;
    for (uint32_t i = 0; i < bench->weave.entry_count; i++)
        with_owner[i] = 0;
    for (; fr_dispatch_pick(&bench->dispatch, now, &child, &chunk) == FR_PICK_FRESH; count++)
        with_owner[bench->weave.strands[chunk]] |= 1ull << child;
    return count;
}

/* What the child holds has reached the group. */
static void reach_all(struct bench *bench, uint32_t child, fr_time_ns now) {
    while (bench->dispatch.children[child].gifts_count > 0)
        assert_true(fr_dispatch_reached(&bench->dispatch, child, bench->dispatch.children[child].gifts[0].chunk, now));
}

static void each_child_is_given_its_own_entries(void **state) {
    struct bench bench;
    uint64_t owners[8];
    (void) state;
    open_bench(&bench, 8, 100, 4);
    join_all(&bench);
    for (fr_time_ns now = BEGIN; now < BEGIN + FR_SECOND; now += 10 * FR_MS) {
        give(&bench, now, owners);
        for (uint32_t i = 0; i < 8; i++)
            assert_int_equal(owners[i] & ~(1ull << i % 4), 0);
        for (uint32_t child = 0; child < 4; child++)
            reach_all(&bench, child, now + 5 * FR_MS);
    }
    close_bench(&bench);
}

static void one_who_is_gone_is_followed_by_the_next_until_it_is_back(void **state) {
    struct bench bench;
    uint64_t owners[3];
    (void) state;
    open_bench(&bench, 3, 100, 3);
    join_all(&bench);
    give(&bench, BEGIN, owners);
    fr_dispatch_leave(&bench.dispatch, 2);
    for (uint32_t child = 0; child < 2; child++)
        reach_all(&bench, child, BEGIN + FR_MS);
    give(&bench, BEGIN + FR_MS, owners);
    assert_int_equal(owners[1], 2);
    assert_int_equal(owners[2], 1); /* after child 2 comes child 0; and what waits again is lower than what is next of its own */
    join(&bench, 2, BEGIN + 2 * FR_MS);
    for (uint32_t child = 0; child < 2; child++)
        reach_all(&bench, child, BEGIN + 2 * FR_MS);
    give(&bench, BEGIN + 2 * FR_MS, owners);
    assert_int_equal(owners[2], 4);
    close_bench(&bench);
}

static void at_the_beginning_an_entry_waits_for_its_child(void **state) {
    struct bench bench;
    uint64_t owners[2];
    (void) state;
    open_bench(&bench, 2, 100, 2);
    join(&bench, 0, BEGIN);
    assert_true(give(&bench, BEGIN, owners) > 0);
    assert_int_equal(owners[1], 0);
    assert_true(fr_dispatch_due(&bench.dispatch) == BEGIN + 250 * FR_MS); /* not for ever */
    reach_all(&bench, 0, BEGIN + FR_MS);
    assert_true(give(&bench, BEGIN + 250 * FR_MS, owners) > 0);
    assert_int_equal(owners[1], 1);
    assert_true(fr_dispatch_due(&bench.dispatch) == FR_TIME_NEVER);
    close_bench(&bench);
}

static void nobody_is_awaited_when_all_have_left(void **state) {
    struct bench bench;
    uint64_t owners[2];
    (void) state;
    open_bench(&bench, 2, 100, 2);
    join(&bench, 0, BEGIN);
    fr_dispatch_leave(&bench.dispatch, 0);
    assert_int_equal(give(&bench, BEGIN + 250 * FR_MS, owners), 0);
    assert_true(fr_dispatch_due(&bench.dispatch) == FR_TIME_NEVER); /* or the timer would fire without end */
    close_bench(&bench);
}

static void what_a_slow_child_leaves_behind_others_take(void **state) {
    struct bench bench;
    uint64_t owners[2];
    (void) state;
    open_bench(&bench, 2, 20, 2);
    join_all(&bench);
    for (unsigned round = 1; round < 20; round++) { /* child 1 reports nothing */
        give(&bench, BEGIN + round * FR_MS, owners);
        assert_int_equal(owners[0] & 2, 0);
        reach_all(&bench, 0, BEGIN + round * FR_MS);
    }
    assert_int_equal(bench.dispatch.children[1].gifts_count, FR_CREDIT_WINDOW_FIRST);
    /* More of its entry waits than it has credit for; but as much as that is left to it, as long as more may come. */
    assert_int_equal(bench.dispatch.waiting.set_count, FR_CREDIT_WINDOW_FIRST);
    bench.dispatch.is_last_known = true;
    give(&bench, BEGIN + 30 * FR_MS, owners);
    assert_int_equal(owners[1], 1);
    assert_int_equal(bench.dispatch.waiting.set_count, 0);
    close_bench(&bench);
}

static void a_child_without_an_entry_takes_only_what_is_left_behind(void **state) {
    struct bench bench;
    uint64_t owners[1] = {0};
    (void) state;
    open_bench(&bench, 1, 2 * FR_CREDIT_WINDOW_FIRST, 2);
    join_all(&bench);
    assert_int_equal(give(&bench, BEGIN, owners), FR_CREDIT_WINDOW_FIRST);
    assert_int_equal(owners[0], 1);
    close_bench(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_child_is_given_its_own_entries),
        cmocka_unit_test(one_who_is_gone_is_followed_by_the_next_until_it_is_back),
        cmocka_unit_test(at_the_beginning_an_entry_waits_for_its_child),
        cmocka_unit_test(nobody_is_awaited_when_all_have_left),
        cmocka_unit_test(what_a_slow_child_leaves_behind_others_take),
        cmocka_unit_test(a_child_without_an_entry_takes_only_what_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
