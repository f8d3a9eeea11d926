/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a group with whom. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/plan.h>

#include "base/memory.h"
#include "plan/groups.h"

enum { NODES_MAX = 200 };

static struct fr_node_spec specs[NODES_MAX];
static struct fr_nodes nodes = {.specs = specs};
static char zone_names[][4] = {"", "a", "b", "c", "d"};

static void add(uint32_t count, int zone, uint64_t up, uint64_t down) {
    for (; count > 0; count--)
        specs[nodes.count++] = (struct fr_node_spec){.zone = zone_names[zone], .up_rate = up, .down_rate = down};
}

static struct fr_groups form(uint32_t size_max) {
    struct fr_groups groups;
    double usual_rate;
    assert_int_equal(fr_groups_usual_rate(&nodes, &usual_rate), 0);
    assert_int_equal(fr_groups_init(&groups, &nodes, size_max, usual_rate), 0);
    return groups;
}

/* Members of all groups, "0 2 | 1 3". */
static void assert_members(const struct fr_groups *groups, const char *expected) {
    char text[1000] = "";
    size_t at = 0;
    for (uint32_t g = 0; g < groups->group_count; g++) {
        const struct fr_group *group = &groups->groups[g];
        at += (size_t) snprintf(text + at, sizeof text - at, "%s", g > 0 ? " |" : "");
        for (uint32_t i = 0; i < group->member_count; i++)
            at += (size_t) snprintf(text + at, sizeof text - at, "%s%u", at > 0 ? " " : "", groups->members[group->first_member + i]);
    }
    assert_string_equal(text, expected);
}

static void equal_nodes_are_dealt_in_turn(void **state) {
    (void) state;
    nodes.count = 0;
    add(8, 0, 100, 100);
    struct fr_groups groups = form(3);
    assert_members(&groups, "0 3 | 1 4 6 | 2 5 7");
    assert_int_equal(groups.zone_count, 1);
    assert_int_equal(groups.zones[0].count[FR_GROUP_PRIMARY], 3);
    fr_groups_done(&groups);
}

/* 9, 8 and 7 go to three groups; then the poorest gets 6, and so on: 9 + 4, 8 + 5, 7 + 6. */
static void the_largest_uplink_goes_to_the_poorest_group(void **state) {
    (void) state;
    nodes.count = 0;
    for (uint64_t rate = 4; rate <= 9; rate++)
        add(1, 0, rate * 1000, 100000);
    struct fr_groups groups = form(2);
    assert_members(&groups, "5 0 | 4 1 | 3 2");
    for (uint32_t g = 0; g < 3; g++)
        assert_true(groups.groups[g].up_sum == 13000);
    fr_groups_done(&groups);
}

static void rich_groups_stand_first(void **state) {
    (void) state;
    nodes.count = 0;
    add(3, 0, 10, 100);
    add(1, 0, 1000, 100);
    struct fr_groups groups = form(2);
    assert_members(&groups, "3 2 | 0 1");
    fr_groups_done(&groups);
}

/* b is poor, c is larger than a. */
static void zones_are_entered_rich_then_large(void **state) {
    (void) state;
    nodes.count = 0;
    add(2, 1, 100, 100);
    add(9, 2, 40, 100);
    add(3, 3, 100, 100);
    add(4, 1, 100, 100);
    add(6, 3, 100, 100);
    struct fr_groups groups = form(16);
    assert_int_equal(groups.zone_count, 3);
    assert_string_equal(groups.zones[0].name, "c");
    assert_string_equal(groups.zones[1].name, "a");
    assert_string_equal(groups.zones[2].name, "b");
    fr_groups_done(&groups);
}

static void kinds_are_kept_apart(void **state) {
    (void) state;
    nodes.count = 0;
    add(5, 1, 100, 100);
    add(1, 1, 100, 49);
    add(1, 1, 100, 50);
    add(1, 1, 100, FR_RATE_UNKNOWN);
    add(3, 1, 100, 10);
    for (uint32_t i = 8; i < 11; i++)
        specs[i].is_secondary = true;
    struct fr_groups groups = form(16);
    assert_members(&groups, "0 1 2 3 4 6 7 | 5 | 8 9 10");
    assert_int_equal(groups.groups[1].kind, FR_GROUP_PRIMARY_SLOW);
    assert_int_equal(groups.groups[2].kind, FR_GROUP_SECONDARY); /* slow all of them: usual there */
    assert_int_equal(groups.zones[0].first[FR_GROUP_SECONDARY], 2);
    assert_true(groups.groups[0].down_least == 50 && groups.groups[0].down_usual == 100);
    fr_groups_done(&groups);
}

static void one_group_holds_slow_nodes_too(void **state) {
    (void) state;
    nodes.count = 0;
    add(5, 1, 100, 100);
    add(1, 1, 100, 1);
    struct fr_groups groups = form(8);
    assert_int_equal(groups.group_count, 1);
    fr_groups_done(&groups);
}

static void lonely_nodes_share_a_pool(void **state) {
    (void) state;
    nodes.count = 0;
    add(1, 1, 100, 100);
    add(2, 2, 100, 100);
    add(1, 3, 100, 100);
    add(2, 0, 100, 100); /* of no zone: another pool, for they may well be neighbours */
    struct fr_groups groups = form(8);
    assert_members(&groups, "0 3 | 1 2 | 4 5");
    assert_string_equal(groups.zones[0].name, "");
    fr_groups_done(&groups);
}

static void the_usual_rate_is_a_median(void **state) {
    (void) state;
    double rate;
    nodes.count = 0;
    add(3, 0, FR_RATE_UNKNOWN, FR_RATE_UNKNOWN);
    assert_int_equal(fr_groups_usual_rate(&nodes, &rate), 0);
    assert_true(rate == 125e6);
    add(1, 0, 7, 1);
    add(1, 0, 9, 1);
    add(1, 0, 1000, 1);
    assert_int_equal(fr_groups_usual_rate(&nodes, &rate), 0);
    assert_true(rate == 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_nodes_are_dealt_in_turn), cmocka_unit_test(the_largest_uplink_goes_to_the_poorest_group),
        cmocka_unit_test(rich_groups_stand_first),       cmocka_unit_test(zones_are_entered_rich_then_large),
        cmocka_unit_test(kinds_are_kept_apart),          cmocka_unit_test(one_group_holds_slow_nodes_too),
        cmocka_unit_test(lonely_nodes_share_a_pool),     cmocka_unit_test(the_usual_rate_is_a_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
