/* SPDX-License-Identifier: Apache-2.0 */
/* Which group feeds which. Trees are told as the upstream of each group, a dot for the origin. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/plan.h>

#include "plan/tree.h"

enum { GROUPS_MAX = 32, ZONES_MAX = 8 };

static struct fr_group all[GROUPS_MAX];
static struct fr_group_zone zones[ZONES_MAX];
static struct fr_groups groups = {.zones = zones, .groups = all};

static void begin(void) { groups.zone_count = groups.group_count = 0; }

/* A zone with so many groups of each kind, of 16 members. */
static void add_zone(uint32_t primary, uint32_t slow, uint32_t secondary, uint32_t secondary_slow) {
    const uint32_t counts[] = {primary, slow, secondary, secondary_slow};
    struct fr_group_zone *zone = &zones[groups.zone_count];
    *zone = (struct fr_group_zone){.name = "z"};
    for (uint32_t kind = 0; kind < FR_GROUP_KINDS; kind++) {
        zone->first[kind] = groups.group_count;
        zone->count[kind] = counts[kind];
        for (uint32_t i = 0; i < counts[kind]; i++)
            all[groups.group_count++] = (struct fr_group){
                .member_count = 16, .zone = groups.zone_count, .kind = (enum fr_group_kind) kind, .up_sum = 16};
    }
    groups.zone_count++;
}

static void assert_tree(uint32_t fanout, uint32_t roots, const char *expected) {
    struct fr_tree tree;
    char text[200] = "";
    size_t at = 0;
    assert_int_equal(fr_tree_init(&tree, &groups, &(struct fr_tree_shape){.fanout = fanout, .roots = roots}), 0);
    for (uint32_t g = 0; g < tree.group_count; g++) {
        at += (size_t) snprintf(text + at, sizeof text - at, "%s", g > 0 ? " " : "");
        if (tree.upstream[g] == FR_GROUP_ORIGIN)
            at += (size_t) snprintf(text + at, sizeof text - at, ".");
        else
            at += (size_t) snprintf(text + at, sizeof text - at, "%u", tree.upstream[g]);
    }
    assert_string_equal(text, expected);
    fr_tree_done(&tree);
}

static void one_zone_fills_level_by_level(void **state) {
    (void) state;
    begin();
    add_zone(7, 0, 0, 0);
    assert_tree(1, 1, ". 0 1 2 3 4 5");
    assert_tree(2, 1, ". 0 0 1 1 2 2");
    assert_tree(3, 1, ". 0 0 0 1 1 1");
    assert_tree(2, 3, ". . . 0 0 1 1");
}

/* Zones 0..2 | 3..4 | 5: a chain goes through each zone and then on. */
static void zones_are_entered_once(void **state) {
    (void) state;
    begin();
    add_zone(3, 0, 0, 0);
    add_zone(2, 0, 0, 0);
    add_zone(1, 0, 0, 0);
    assert_tree(1, 1, ". 0 1 2 3 4");
    assert_tree(2, 1, ". 0 1 0 3 1");
    assert_tree(4, 1, ". 0 0 0 3 0");
    assert_tree(2, 4, ". 0 0 . 3 ."); /* no more roots than zones */
}

static void slow_groups_are_leaves(void **state) {
    (void) state;
    begin();
    add_zone(3, 2, 0, 0);
    assert_tree(1, 1, ". 0 1 2 0"); /* beside the chain */
    assert_tree(2, 1, ". 0 0 1 1");
    begin();
    add_zone(1, 1, 0, 0); /* half of the places are for the other zone */
    add_zone(1, 0, 0, 0);
    assert_tree(2, 1, ". 0 0");
}

/* Primary 0..2, secondary 3..: below leaves first. */
static void secondary_groups_are_spread(void **state) {
    (void) state;
    begin();
    add_zone(3, 0, 2, 0);
    assert_tree(2, 1, ". 0 0 1 2");
    begin();
    add_zone(3, 0, 7, 1);
    assert_tree(2, 1, ". 0 0 1 2 0 1 2 0 3 3");
    assert_tree(1, 1, ". 0 1 2 0 1 3 4 5 6 7");
}

/* The second zone has only secondary groups: it hangs below the first. */
static void a_zone_may_have_none_but_secondary_groups(void **state) {
    (void) state;
    begin();
    add_zone(1, 0, 1, 0);
    add_zone(0, 0, 3, 0);
    assert_tree(2, 1, ". 0 0 2 2");
    assert_tree(1, 1, ". 0 1 2 3");
}

static void small_groups_feed_few(void **state) {
    (void) state;
    begin();
    add_zone(7, 0, 0, 0);
    for (uint32_t g = 0; g < 7; g++)
        all[g].member_count = 3;
    assert_tree(8, 1, ". 0 1 2 3 4 5");
    for (uint32_t g = 0; g < 7; g++)
        all[g].member_count = 6;
    assert_tree(8, 1, ". 0 0 0 1 1 1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_zone_fills_level_by_level),
        cmocka_unit_test(zones_are_entered_once),
        cmocka_unit_test(slow_groups_are_leaves),
        cmocka_unit_test(secondary_groups_are_spread),
        cmocka_unit_test(a_zone_may_have_none_but_secondary_groups),
        cmocka_unit_test(small_groups_feed_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
