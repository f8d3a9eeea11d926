/* SPDX-License-Identifier: Apache-2.0 */
/* Predicted times, against figures of the model they come from and cases worked out by hand. */
#include "support/test.h"

#include <fastreplica/plan.h>

#include "plan/predict.h"

/* Seconds in which a megabyte passes: numbers below are in chunk times. */
static struct fr_job make_job(double chunks, double delay) {
    return (struct fr_job){.object_bytes = chunks * 1e6, .chunk_bytes = 1e6, .up_rate = 1e6, .usual_rate = 1e6, .delay = delay};
}

static void assert_near(double is, double expected, double share) {
    if (!(is >= expected * (1 - share) && is <= expected * (1 + share)))
        fail_msg("%g is not %g within %g %%", is, expected, share * 100);
}

/* Equal groups of k members, all rates 1e6. */
static double predict(uint32_t group_count, uint32_t k, uint32_t fanout, const struct fr_job *job) {
    static struct fr_group all[64];
    static uint32_t members[64 * FR_GROUP_MEMBERS_MAX];
    struct fr_group_zone zone = {.name = "", .member_count = group_count * k, .count = {group_count}};
    struct fr_groups groups = {
        .zones = &zone, .zone_count = 1, .groups = all, .group_count = group_count, .members = members, .member_count = group_count * k};
    for (uint32_t g = 0; g < group_count; g++)
        all[g] = (struct fr_group){.first_member = g * k, .member_count = k, .up_sum = k * 1e6, .down_least = 1e6, .down_usual = 1e6};
    struct fr_tree tree;
    double finish[64], last;
    assert_int_equal(fr_tree_init(&tree, &groups, &(struct fr_tree_shape){.fanout = fanout, .is_fanout_fixed = true, .roots = 1}), 0);
    assert_int_equal(fr_predict_finish(&groups, &tree, job, finish, &last), 0);
    fr_tree_done(&tree);
    return last;
}

/* The closed form for a chain of L groups: M + (L - 1) (1 + q) + k chunk times, and L + 1 delays. */
static void a_chain_follows_the_closed_form(void **state) {
    (void) state;
    struct fr_job job = make_job(1024, 5);
    double q = fr_predict_queueing(16);
    assert_near(q, 3.2, 1e-9);
    assert_near(predict(1, 16, 1, &job), 1024 + 16 + 2 * 5, 1e-9);
    assert_near(predict(16, 16, 1, &job), 1024 + 15 * (1 + q) + 16 + 17 * 5, 1e-9);
}

/* Simulated chunk by chunk: 40 groups of 16, 1024 chunks, a delay of 5 chunk times; trees with adoption. */
static void shapes_are_as_simulated(void **state) {
    (void) state;
    struct fr_job job = make_job(1024, 5);
    assert_near(predict(40, 16, 1, &job) / 1024, 1.336, 0.04);
    assert_near(predict(40, 16, 2, &job) / 1024, 1.074, 0.04);
    assert_near(predict(40, 16, 3, &job) / 1024, 1.061, 0.04);
}

static void a_hop_is_queueing_a_chunk_and_a_delay(void **state) {
    (void) state;
    struct fr_job job = make_job(10, 7);
    assert_near(fr_predict_hop(&job, 25), 1 + 4 + 7, 1e-9);
}

/* A member with a slow downlink holds up its own group, and nobody below. */
static void a_slow_downlink_is_late_alone(void **state) {
    (void) state;
    struct fr_group all[] = {
        {.member_count = 10, .up_sum = 1e7, .down_least = 1e5, .down_usual = 1e6},
        {.member_count = 10, .up_sum = 1e7, .down_least = 1e6, .down_usual = 1e6},
    };
    struct fr_group_zone zone = {.name = "", .member_count = 20, .count = {2}};
    struct fr_groups groups = {.zones = &zone, .zone_count = 1, .groups = all, .group_count = 2, .member_count = 20};
    struct fr_job job = make_job(10000, 0);
    struct fr_tree tree;
    double finish[2], last;
    assert_int_equal(fr_tree_init(&tree, &groups, &(struct fr_tree_shape){.fanout = 1, .roots = 1}), 0);
    assert_int_equal(fr_predict_finish(&groups, &tree, &job, finish, &last), 0);
    assert_near(finish[0], 100000, 0.01);
    assert_near(finish[1], 10000, 0.01);
    assert_true(last == finish[0]);
    /* Poor uplinks hold up everyone below. */
    all[0] = (struct fr_group){.member_count = 10, .up_sum = 5e6, .down_least = 1e6, .down_usual = 1e6};
    assert_int_equal(fr_predict_finish(&groups, &tree, &job, finish, &last), 0);
    assert_near(finish[1], 20000, 0.01);
    fr_tree_done(&tree);
}

/* A secondary group starts when the one above is done, and takes a whole copy's time again. */
static void a_secondary_edge_begins_anew(void **state) {
    (void) state;
    struct fr_group all[] = {
        {.member_count = 8, .kind = FR_GROUP_PRIMARY, .up_sum = 8e6, .down_least = 1e6, .down_usual = 1e6},
        {.member_count = 8, .kind = FR_GROUP_SECONDARY, .up_sum = 8e6, .down_least = 1e6, .down_usual = 1e6},
    };
    struct fr_group_zone zone = {.name = "", .member_count = 16, .first = {0, 0, 1, 0}, .count = {1, 0, 1, 0}};
    struct fr_groups groups = {.zones = &zone, .zone_count = 1, .groups = all, .group_count = 2, .member_count = 16};
    struct fr_job job = make_job(1000, 0);
    struct fr_tree tree;
    double finish[2], last;
    assert_int_equal(fr_tree_init(&tree, &groups, &(struct fr_tree_shape){.fanout = 2, .roots = 1}), 0);
    assert_int_equal(fr_predict_finish(&groups, &tree, &job, finish, &last), 0);
    assert_near(finish[0], 1008, 1e-9);
    assert_near(finish[1], 2 * 1008, 1e-9);
    fr_tree_done(&tree);
}

/* Figures of the same recurrence, computed elsewhere: (chunks - 1) + t1. */
static void the_postal_bound(void **state) {
    (void) state;
    struct fr_job job = make_job(1024, 0);
    assert_near(fr_predict_postal_bound(&job, 1), 1024, 1e-12);
    assert_near(fr_predict_postal_bound(&job, 8), 1023 + 4, 1e-12);
    assert_near(fr_predict_postal_bound(&job, 128), 1023 + 8, 1e-12);
    job = make_job(1024, 5);
    assert_near(fr_predict_postal_bound(&job, 1), 1023 + 6, 1e-12);
    assert_near(fr_predict_postal_bound(&job, 8) / 1024, 1.011, 0.0006);
    assert_near(fr_predict_postal_bound(&job, 640) / 1024, 1.027, 0.0006);
    job = make_job(1024, 1e6); /* a delay of a million chunk times: still a bound, and quickly told */
    assert_true(fr_predict_postal_bound(&job, 100000) >= 1e6);
    job = make_job(0, 5);
    assert_true(fr_predict_postal_bound(&job, 100) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_follows_the_closed_form),       cmocka_unit_test(shapes_are_as_simulated),
        cmocka_unit_test(a_hop_is_queueing_a_chunk_and_a_delay), cmocka_unit_test(a_slow_downlink_is_late_alone),
        cmocka_unit_test(a_secondary_edge_begins_anew),          cmocka_unit_test(the_postal_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
