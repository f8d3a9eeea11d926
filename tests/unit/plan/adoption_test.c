/* SPDX-License-Identifier: Apache-2.0 */
/* Which leaf group relieves which inner one, in trees of every kind. */
#include "plan/adoption.h"

#include "support/test.h"

enum { GROUPS_MAX = 400, NONE = FR_ADOPTS_NONE };

static struct fr_adoption_group groups[GROUPS_MAX];
static uint32_t group_count;

/* Appended in preorder; returns its number. */
static uint32_t add(uint32_t upstream) {
    assert_true(group_count < GROUPS_MAX);
    groups[group_count] = (struct fr_adoption_group){.upstream = upstream, .member_count = 16, .adopts = 77, .shift = 77};
    return group_count++;
}

static void add_full(uint32_t upstream, uint32_t fanout, uint32_t depth) {
    uint32_t group = add(upstream);
    for (uint32_t i = 0; depth > 0 && i < fanout; i++)
        add_full(group, fanout, depth - 1);
}

static void assign(void) { assert_int_equal(fr_adoption_assign(groups, group_count), 0); }

static uint32_t children_of(uint32_t group) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < group_count; i++)
        count += groups[i].upstream == group && !groups[i].is_secondary;
    return count;
}

static bool is_below(uint32_t group, uint32_t above) {
    while (group != above && groups[group].upstream < group)
        group = groups[group].upstream;
    return group == above;
}

/* Bit s: somebody relieves the group with shift s. Whoever does is a leaf below it, and cannot relieve another too: it names one group. */
static uint64_t shifts_of(uint32_t group) {
    uint64_t shifts = 0;
    for (uint32_t i = 0; i < group_count; i++) {
        if (groups[i].adopts != group)
            continue;
        assert_int_equal(children_of(i), 0);
        assert_true(i > group && is_below(i, group));
        assert_in_range(groups[i].shift, 1, groups[group].member_count - 1);
        assert_int_equal(shifts >> groups[i].shift & 1, 0);
        shifts |= 1ull << groups[i].shift;
    }
    return shifts;
}

static uint32_t count_adopters(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < group_count; i++) {
        assert_true(groups[i].adopts == NONE ? groups[i].shift == 0 : groups[i].adopts < group_count);
        count += groups[i].adopts != NONE;
    }
    return count;
}

/* Every group that feeds m has m - 1 relievers, with shifts 1 .. m - 1. */
static void expect_all_relieved(void) {
    for (uint32_t i = 0; i < group_count; i++) {
        uint32_t children = children_of(i);
        assert_true(shifts_of(i) == (children > 1 ? (1ull << children) - 2 : 0));
    }
}

static void in_full_trees_every_inner_group_is_relieved(void **state) {
    static const struct { uint32_t fanout, depth; } shapes[] = {{2, 1}, {2, 2}, {2, 5}, {3, 1}, {3, 4}, {4, 3}, {15, 1}};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(shapes); i++) {
        uint32_t inner_count = 0;
        group_count = 0;
        add_full(UINT32_MAX, shapes[i].fanout, shapes[i].depth);
        assign();
        expect_all_relieved();
        for (uint32_t g = 0; g < group_count; g++)
            inner_count += children_of(g) > 0;
        assert_int_equal(count_adopters(), inner_count * (shapes[i].fanout - 1)); /* one leaf is left over */
    }
}

static void trees_of_several_first_groups_do_not_mix(void **state) {
    (void) state;
    group_count = 0;
    for (int i = 0; i < 3; i++)
        add_full(UINT32_MAX, 2, 3);
    assign();
    expect_all_relieved();
    assert_int_equal(count_adopters(), 3 * 7);
}

static void uneven_trees_work_out_too(void **state) {
    (void) state;
    group_count = 0;
    uint32_t root = add(UINT32_MAX);
    add_full(root, 3, 2);
    uint32_t chain = add(add(root));
    add_full(chain, 2, 1);
    add(root);
    assign();
    expect_all_relieved();
}

static void in_a_chain_nobody_adopts(void **state) {
    (void) state;
    group_count = 0;
    for (uint32_t i = 0; i < 8; i++)
        add(i == 0 ? UINT32_MAX : i - 1);
    assign();
    assert_int_equal(count_adopters(), 0);
    group_count = 1; /* the only group */
    assign();
    assert_int_equal(count_adopters(), 0);
}

/* Group 0 feeds 1 and 2, and 2 feeds 3 and 4. */
static void make_two_levels(void) {
    group_count = 0;
    add(UINT32_MAX);
    add(0);
    add(0);
    add(2);
    add(2);
}

/* Of the leaves. */
static void expect_adopts(uint32_t one, uint32_t three, uint32_t four) {
    assign();
    assert_int_equal(groups[0].adopts, NONE);
    assert_int_equal(groups[1].adopts, one);
    assert_int_equal(groups[2].adopts, NONE);
    assert_int_equal(groups[3].adopts, three);
    assert_int_equal(groups[4].adopts, four);
}

static void all_alike_both_are_relieved(void **state) {
    (void) state;
    make_two_levels();
    assign();
    expect_all_relieved();
    assert_int_equal(count_adopters(), 2);
    assert_true(shifts_of(2) == 2);
}

static void no_adoption_reaches_across_sizes(void **state) {
    (void) state;
    make_two_levels();
    groups[1].member_count = 15; /* no leaf of 0 is alike but those below 2 */
    assign();
    assert_int_equal(groups[1].adopts, NONE);
    expect_all_relieved();
    make_two_levels();
    groups[1].member_count = groups[2].member_count = 15; /* 2 too: and 3 and 4 are not like 2 */
    assign();
    assert_int_equal(count_adopters(), 0);
    make_two_levels();
    groups[2].member_count = groups[3].member_count = groups[4].member_count = 15; /* 2 and all below it are alike */
    assign();
    assert_true(shifts_of(2) == 2);
    assert_int_equal(count_adopters(), 2);
    assert_int_equal(groups[1].adopts, 0); /* 1 is like 0 */
}

static void no_adoption_reaches_across_zones(void **state) {
    (void) state;
    make_two_levels();
    for (uint32_t i = 1; i < 5; i++)
        groups[i].zone = 1;
    assign();
    assert_int_equal(shifts_of(0), 0);
    assert_true(shifts_of(2) == 2);
    assert_int_equal(count_adopters(), 1);
    make_two_levels();
    groups[3].zone = groups[4].zone = 1;
    expect_adopts(0, NONE, NONE);
    make_two_levels();
    groups[2].zone = groups[1].zone = 1; /* 3 and 4 are in the zone of 0, but between lies another */
    expect_adopts(NONE, NONE, NONE);
}

static void no_adoption_reaches_across_secondary_edges(void **state) {
    (void) state;
    make_two_levels();
    groups[3].is_secondary = groups[4].is_secondary = true; /* 2 feeds nobody while it counts: it is a leaf itself */
    assign();
    assert_int_equal(groups[3].adopts, NONE);
    assert_int_equal(groups[4].adopts, NONE);
    assert_int_equal(count_adopters(), 1);
    assert_true(shifts_of(0) == 2);
    make_two_levels();
    groups[2].is_secondary = true; /* 0 has one primary child, and needs nobody */
    assign();
    assert_int_equal(shifts_of(0), 0);
    assert_true(shifts_of(2) == 2);
    assert_int_equal(count_adopters(), 1);
}

/* An owner has no more peers than its group has others. */
static void a_small_group_is_not_relieved_of_more_than_it_has(void **state) {
    (void) state;
    group_count = 0;
    add_full(UINT32_MAX, 5, 1);
    for (uint32_t i = 0; i < group_count; i++)
        groups[i].member_count = 3;
    assign();
    assert_true(shifts_of(0) == 6);
    for (uint32_t i = 0; i < group_count; i++)
        groups[i].member_count = 1;
    assign();
    assert_int_equal(count_adopters(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_full_trees_every_inner_group_is_relieved),
        cmocka_unit_test(trees_of_several_first_groups_do_not_mix),
        cmocka_unit_test(uneven_trees_work_out_too),
        cmocka_unit_test(in_a_chain_nobody_adopts),
        cmocka_unit_test(all_alike_both_are_relieved),
        cmocka_unit_test(no_adoption_reaches_across_sizes),
        cmocka_unit_test(no_adoption_reaches_across_zones),
        cmocka_unit_test(no_adoption_reaches_across_secondary_edges),
        cmocka_unit_test(a_small_group_is_not_relieved_of_more_than_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
