/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan decides: sizes, shapes, zones, tiers, slow nodes, and what it says when asked for nonsense. Random plans are for
 * tests/prop. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/plan.h>

#include "base/memory.h"

enum { NODES_MAX = 4000 };

static struct fr_node_spec specs[NODES_MAX];
static struct fr_nodes nodes = {.specs = specs};
static struct fr_plan_options options;

static const uint64_t GIGABIT = 125000000;

static void begin(uint64_t bytes) {
    nodes.count = 0;
    fr_plan_options_init(&options);
    options.object_bytes = bytes;
}

static void add(uint32_t count, const char *zone, uint64_t rate) {
    for (; count > 0; count--)
        specs[nodes.count++] = (struct fr_node_spec){.address = (char[]){"n"}, .zone = (char *) zone, .up_rate = rate, .down_rate = rate};
}

static struct fr_plan *make(void) {
    struct fr_plan *plan = NULL;
    struct fr_failure failure = {0};
    if (fr_plan_new(&nodes, &options, &plan, &failure) != 0)
        fail_msg("%s", failure.text);
    return plan;
}

static void few_nodes_are_one_group(void **state) {
    (void) state;
    for (uint32_t count = 1; count <= 8; count++) {
        begin(1000);
        add(count, "", FR_RATE_UNKNOWN);
        struct fr_plan *plan = make();
        assert_int_equal(plan->group_count, 1);
        assert_int_equal(plan->groups[0].member_count, count);
        assert_int_equal(plan->connections_max, count);
        assert_int_equal(plan->groups[0].upstream, FR_GROUP_ORIGIN);
        assert_int_equal(plan->shape, FR_SHAPE_CHAIN);
        assert_true(plan->predicted_seconds < 0 && plan->bound_seconds < 0 && plan->groups[0].finish_seconds < 0);
        fr_plan_free(plan);
    }
}

/* A group of k costs k chunk times: at most one in a hundred. */
static void large_objects_get_large_groups(void **state) {
    (void) state;
    static const struct {
        uint64_t bytes;
        uint32_t largest;
    } cases[] = {{0, 8}, {1 << 20, 8}, {UINT64_C(1) << 30, 20}, {UINT64_C(10) << 30, 32}, {FR_BYTES_UNKNOWN, 32}};
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        begin(cases[i].bytes);
        add(20 * 32, "", FR_RATE_UNKNOWN);
        struct fr_plan *plan = make();
        assert_int_equal(plan->groups[0].member_count, cases[i].largest);
        fr_plan_free(plan);
    }
    begin(UINT64_C(10) << 30);
    options.group_size = 5;
    add(12, "", FR_RATE_UNKNOWN);
    struct fr_plan *plan = make();
    assert_int_equal(plan->group_count, 3);
    assert_int_equal(plan->groups[0].member_count, 4);
    fr_plan_free(plan);
}

static void a_short_chain_and_a_large_tree(void **state) {
    (void) state;
    begin(UINT64_C(10) << 30);
    options.up_rate = GIGABIT;
    add(96, "", GIGABIT);
    struct fr_plan *plan = make();
    assert_int_equal(plan->shape, FR_SHAPE_CHAIN);
    assert_int_equal(plan->level_count, 3);
    assert_int_equal(plan->fanout, 1);
    assert_true(plan->predicted_seconds < 1.02 * plan->bound_seconds);
    fr_plan_free(plan);
    add(3000, "", GIGABIT);
    plan = make();
    assert_int_equal(plan->shape, FR_SHAPE_TREE);
    assert_in_range(plan->level_count, 4, 12);
    assert_true(plan->predicted_seconds < 1.10 * plan->bound_seconds);
    fr_plan_free(plan);
    options.shape = FR_SHAPE_CHAIN;
    plan = make();
    assert_int_equal(plan->level_count, 97);
    fr_plan_free(plan);
    options.shape = FR_SHAPE_TREE;
    options.fanout = 8;
    plan = make();
    assert_int_equal(plan->level_count, 4);
    assert_int_equal(plan->fanout, 8);
    fr_plan_free(plan);
}

static void a_zone_is_entered_once_and_kept_whole(void **state) {
    (void) state;
    begin(UINT64_C(10) << 30);
    add(40, "ams", FR_RATE_UNKNOWN);
    add(33, "rtm", FR_RATE_UNKNOWN);
    add(7, "ber", FR_RATE_UNKNOWN);
    struct fr_plan *plan = make();
    assert_int_equal(plan->group_count, 5);
    uint32_t entries = 0;
    for (uint32_t g = 0; g < plan->group_count; g++)
        entries += plan->groups[g].upstream == FR_GROUP_ORIGIN ||
            strcmp(plan->groups[plan->groups[g].upstream].zone, plan->groups[g].zone) != 0;
    assert_int_equal(entries, 3);
    fr_plan_free(plan);
}

/* Zones of one node share groups; a single one keeps its own. */
static void nodes_that_are_alone_share_groups(void **state) {
    (void) state;
    static const char *const names[] = {"a", "b", "c", "d"};
    begin(UINT64_C(10) << 30);
    for (int i = 0; i < 4; i++)
        add(1, names[i], FR_RATE_UNKNOWN);
    struct fr_plan *plan = make();
    assert_int_equal(plan->group_count, 1);
    assert_string_equal(plan->groups[0].zone, "");
    fr_plan_free(plan);
    begin(UINT64_C(10) << 30);
    add(6, "x", FR_RATE_UNKNOWN);
    add(1, "y", FR_RATE_UNKNOWN);
    plan = make();
    assert_int_equal(plan->group_count, 2);
    assert_string_equal(plan->groups[1].zone, "y");
    fr_plan_free(plan);
}

static void uplinks_are_balanced(void **state) {
    (void) state;
    begin(UINT64_C(10) << 30);
    options.group_size = 8;
    options.shape = FR_SHAPE_CHAIN;
    add(16, "", GIGABIT / 2);
    add(16, "", GIGABIT * 3 / 2);
    struct fr_plan *plan = make();
    assert_int_equal(plan->group_count, 4);
    for (uint32_t g = 0; g < 4; g++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < 8; i++)
            sum += specs[plan->members[8 * g + i]].up_rate;
        assert_int_equal(sum, 8 * GIGABIT);
    }
    fr_plan_free(plan);
}

static void slow_downlinks_feed_nobody(void **state) {
    (void) state;
    static const enum fr_shape shapes[] = {FR_SHAPE_AUTO, FR_SHAPE_CHAIN, FR_SHAPE_TREE};
    for (size_t s = 0; s < FR_COUNT_OF(shapes); s++) {
        begin(UINT64_C(10) << 30);
        options.shape = shapes[s];
        add(200, "", GIGABIT);
        for (uint32_t i = 0; i < 40; i++)
            specs[5 * i].down_rate = GIGABIT / 10;
        struct fr_plan *plan = make();
        for (uint32_t g = 0; g < plan->group_count; g++)
            for (uint32_t i = 0; i < plan->groups[g].member_count; i++)
                if (specs[plan->members[plan->groups[g].first_member + i]].down_rate < GIGABIT)
                    assert_int_equal(plan->groups[g].subtree_count, 1);
        fr_plan_free(plan);
    }
}

static void secondary_nodes_wait(void **state) {
    (void) state;
    begin(UINT64_C(10) << 30);
    options.up_rate = GIGABIT;
    add(64, "", GIGABIT);
    for (uint32_t i = 0; i < 32; i++)
        specs[i].is_secondary = true;
    struct fr_plan *plan = make();
    assert_int_equal(plan->group_count, 2);
    assert_false(plan->groups[0].is_secondary);
    assert_true(plan->groups[1].is_secondary);
    assert_true(plan->groups[1].finish_seconds > 1.9 * plan->groups[0].finish_seconds);
    fr_plan_free(plan);
    for (uint32_t i = 32; i < 64; i++)
        specs[i].is_secondary = true;
    plan = make(); /* nobody to wait for */
    assert_false(plan->groups[1].is_secondary);
    fr_plan_free(plan);
}

static void a_fast_origin_feeds_several_groups(void **state) {
    (void) state;
    static const struct {
        uint64_t rate;
        uint32_t roots;
    } cases[] = {{FR_RATE_UNKNOWN, 1}, {125000000, 1}, {249000000, 1}, {250000000, 2}, {480000000, 3}, {1250000000, 4}};
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        begin(UINT64_C(10) << 30);
        add(320, "dc", GIGABIT);
        options.up_rate = cases[i].rate;
        struct fr_plan *plan = make();
        assert_int_equal(plan->root_group_count, cases[i].roots);
        fr_plan_free(plan);
    }
}

static void nonsense_is_refused_with_a_sentence(void **state) {
    (void) state;
    static const struct {
        struct fr_plan_options options;
        int error;
        const char *text;
    } cases[] = {
        {{.group_size = 65}, FR_E_ARGUMENT, "a group of 65 nodes; the largest has 64"},
        {{.fanout = 9}, FR_E_ARGUMENT, "a fanout of 9; the largest is 8"},
        {{.fanout = 2, .shape = FR_SHAPE_CHAIN}, FR_E_ARGUMENT, "a chain has a fanout of 1, not 2"},
        {{.fanout = 1, .shape = FR_SHAPE_TREE}, FR_E_ARGUMENT, "a tree has a fanout of 2 or more"},
        {{.shape = (enum fr_shape) 7}, FR_E_ARGUMENT, "7 is no shape"},
        {{.chunk_bytes = 1000}, FR_E_ARGUMENT, "a chunk of 1000 bytes; it must be a power of two"},
        {{.object_bytes = UINT64_C(1) << 50, .chunk_bytes = 16384}, FR_E_LIMIT, "more than 1048576 chunks"},
    };
    begin(0);
    add(3, "", FR_RATE_UNKNOWN);
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_plan *plan = NULL;
        struct fr_failure failure = {0};
        assert_int_equal(fr_plan_new(&nodes, &cases[i].options, &plan, &failure), cases[i].error);
        assert_int_equal(failure.error, cases[i].error);
        if (!strstr(failure.text, cases[i].text))
            fail_msg("'%s' says not: %s", failure.text, cases[i].text);
        assert_null(plan);
    }
    nodes.count = 0;
    struct fr_plan *plan = NULL;
    assert_int_equal(fr_plan_new(&nodes, &options, &plan, NULL), FR_E_ARGUMENT);
}

/* Fails the 1st, 2nd, 3rd ... allocation until none fails: each time an error and nothing lost (the sanitizer watches). */
static void without_memory_it_fails_cleanly(void **state) {
    (void) state;
    begin(UINT64_C(10) << 30);
    options.group_size = 4;
    add(30, "a", GIGABIT);
    add(10, "b", GIGABIT);
    for (uint32_t i = 0; i < 8; i++)
        specs[i].is_secondary = true;
    for (uint64_t nth = 1;; nth++) {
        struct fr_plan *plan = NULL;
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        int error = fr_plan_new(&nodes, &options, &plan, &failure);
        bool is_done = fr_memory_count() < nth;
        fr_memory_fail_from(0);
        if (is_done) {
            assert_int_equal(error, 0);
            fr_plan_free(plan);
            break;
        }
        assert_int_equal(error, FR_E_MEMORY);
        assert_int_equal(failure.error, FR_E_MEMORY);
        assert_null(plan);
    }
    fr_plan_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_nodes_are_one_group),
        cmocka_unit_test(large_objects_get_large_groups),
        cmocka_unit_test(a_short_chain_and_a_large_tree),
        cmocka_unit_test(a_zone_is_entered_once_and_kept_whole),
        cmocka_unit_test(nodes_that_are_alone_share_groups),
        cmocka_unit_test(uplinks_are_balanced),
        cmocka_unit_test(slow_downlinks_feed_nobody),
        cmocka_unit_test(secondary_nodes_wait),
        cmocka_unit_test(a_fast_origin_feeds_several_groups),
        cmocka_unit_test(nonsense_is_refused_with_a_sentence),
        cmocka_unit_test(without_memory_it_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
