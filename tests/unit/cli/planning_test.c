/* SPDX-License-Identifier: Apache-2.0 */
/* The summary of a plan. */
#include "support/test.h"

#include <stdio.h>

#include "planning.h"

static char zones[2][8] = {"ams", "rtm"};
static struct fr_node_spec specs[3];
static const struct fr_nodes nodes = {.specs = specs, .count = 3};
static struct fr_plan_group groups[2];
static struct fr_plan plan;
static struct fr_plan_options options;

static void begin(void) {
    for (int i = 0; i < 3; i++)
        specs[i] = (struct fr_node_spec){.zone = zones[i / 2]};
    groups[0] = (struct fr_plan_group){.member_count = 2, .upstream = FR_GROUP_ORIGIN, .subtree_count = 2};
    groups[1] = (struct fr_plan_group){.member_count = 1, .subtree_count = 1};
    plan = (struct fr_plan){.group_count = 2,
                            .groups = groups,
                            .member_count = 3,
                            .object_bytes = 1000000,
                            .chunk_bytes = 65536,
                            .root_group_count = 1,
                            .level_count = 2,
                            .fanout = 1,
                            .connections_max = 3,
                            .predicted_seconds = 1.5,
                            .bound_seconds = 1.25,
                            .shape = FR_SHAPE_CHAIN,
                            .copy_seconds = 1,
                            .hop_seconds = 0.0125};
    fr_plan_options_init(&options);
}

static void assert_summary(const char *expected) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    cli_plan_summary(&plan, &nodes, &options, stream);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void a_chain(void **state) {
    (void) state;
    begin();
    assert_summary("3 nodes in 2 zones, 1.0 MB in chunks of 64 KiB\n"
                   "2 groups of 1 to 2, a chain of 2 levels: its hops add 1.2% to the time of one copy; at most 3 connections a node\n"
                   "predicted 1.50 s, 1.20 x the least possible 1.25 s\n");
}

static void a_tree_that_waits(void **state) {
    (void) state;
    begin();
    plan.shape = FR_SHAPE_TREE;
    plan.fanout = 2;
    plan.root_group_count = 2;
    groups[1].is_secondary = true;
    options.fanout = 2;
    plan.predicted_seconds = plan.bound_seconds = -1;
    specs[0].zone = specs[1].zone = specs[2].zone = NULL;
    assert_summary(
        "3 nodes, 1.0 MB in chunks of 64 KiB\n"
        "2 groups of 1 to 2, a tree of 2 levels, 2 groups at the origin, up to 2 groups below one, as told; at most 3 connections a "
        "node\n"
        "1 group of secondary nodes waits until a primary group has it all\n"
        "no prediction: it needs --up, and up= and down= of every node\n");
}

static void one_group_and_a_pipe(void **state) {
    (void) state;
    begin();
    plan.group_count = 1;
    plan.object_bytes = FR_BYTES_UNKNOWN;
    plan.predicted_seconds = plan.bound_seconds = -1;
    assert_summary("3 nodes in 2 zones, a pipe in chunks of 64 KiB\n"
                   "1 group of 2; at most 3 connections a node\n"
                   "no prediction: the size of a pipe is not known\n");
}

static void shapes_have_names(void **state) {
    (void) state;
    struct cli_planning planning = {.group_size = 5, .delay = 7, .shape = "tree"};
    begin();
    assert_int_equal(cli_planning_fill(&planning, "plan", &options), 0);
    assert_int_equal(options.shape, FR_SHAPE_TREE);
    assert_int_equal(options.group_size, 5);
    assert_int_equal(options.delay, 7);
    planning.shape = NULL;
    assert_int_equal(cli_planning_fill(&planning, "plan", &options), 0);
    assert_int_equal(options.shape, FR_SHAPE_AUTO);
    planning.shape = "star";
    assert_int_not_equal(cli_planning_fill(&planning, "plan", &options), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain),
        cmocka_unit_test(a_tree_that_waits),
        cmocka_unit_test(one_group_and_a_pipe),
        cmocka_unit_test(shapes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
