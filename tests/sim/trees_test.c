/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that feed groups, in a virtual world: chains and trees, timed against the model, and with the links counted. What breaks in them
 * is drawn by sim_test.c. Times count from the first chunk, when all links are open: opening costs some delays a level, whatever the
 * object's size. */
#include "support/test.h"

#include <stdio.h>

#include "base/time.h"
#include "sim/world.h"

enum {
    RATE = 12500000, /* bytes a second: 100 Mbit/s */
    CHUNK = 65536,
    WARM_UP_S = 60,
};

struct shape {
    uint32_t members, groups, fanout, chunks;
    double delay; /* in times that a chunk needs */
    bool is_adopting;
};

static double seconds(fr_time_ns time) { return (double) time / (double) FR_SECOND; }

static void run(struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    fr_sim_run(scenario, result);
    if (result->violation[0] != '\0') {
        if (scenario->member_count < 30)
            fr_sim_scenario_print(scenario, stderr);
        fail_msg("%s", result->violation);
    }
}

/* The time until all have it over the time of one copy. All are complete, the origin sent one copy, and nobody has more links than he
 * may. */
static double measure(const struct shape *shape) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    double ratio;

    fr_sim_scenario_init(&scenario, 1, shape->members * shape->groups, shape->chunks, CHUNK, RATE);
    fr_sim_scenario_group(&scenario, shape->members, shape->fanout);
    if (shape->is_adopting)
        fr_sim_scenario_adopt(&scenario);
    scenario.delay = (fr_time_ns) (shape->delay * CHUNK / RATE * 1e9);
    scenario.check_every = 0;
    scenario.source_from = (fr_time_ns) WARM_UP_S * FR_SECOND;
    run(&scenario, &result);
    ratio = seconds(result.all_stored_at - result.first_chunk_at) / ((double) scenario.object_bytes / RATE);
    print_message("k=%u, %u groups, m=%u%s, M=%u, d=%.1f tau: %.4f x F/C; %u links at most\n", shape->members, shape->groups, shape->fanout,
                  shape->is_adopting ? " with adoption" : "", shape->chunks, shape->delay, ratio, result.connections_max);
    for (uint32_t i = 0; i < result.member_count; i++)
        assert_true(result.members[i].is_final && result.members[i].verdict == FR_VERDICT_COMPLETE);
    assert_true(result.origin_chunk_bytes == scenario.object_bytes);
    assert_in_range(result.connections_max, 1, 2 * shape->members + 2);
    assert_int_equal(result.origin_connections_max, shape->members);
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
    return ratio;
}

/* Expected: chunk-by-chunk simulations of the model that the design rests on. */
static void chains_take_as_long_as_the_model_says(void **state) {
    static const struct {
        struct shape shape;
        double expected;
    } rows[] = {
        {{.members = 8, .groups = 16, .fanout = 1, .chunks = 1024, .delay = 0}, 1.044},
        {{.members = 8, .groups = 16, .fanout = 1, .chunks = 1024, .delay = 5}, 1.133},
        {{.members = 16, .groups = 4, .fanout = 1, .chunks = 1024, .delay = 0}, 1.030},
        {{.members = 16, .groups = 4, .fanout = 1, .chunks = 1024, .delay = 5}, 1.054},
    };
    (void) state;

    for (size_t i = 0; i < FR_COUNT_OF(rows); i++) {
        double ratio = measure(&rows[i].shape);

        if (ratio > rows[i].expected * 1.03 || ratio < 1)
            fail_msg("%.4f is not within 3 %% of %.3f", ratio, rows[i].expected);
    }
}

/* An owner that feeds two groups has one send in k too many; relieved of it, the tree takes about that much less. */
static void adoption_keeps_the_rate_of_a_tree(void **state) {
    struct shape shape = {.members = 8, .groups = 15, .fanout = 2, .chunks = 512, .delay = 1};
    double without, with;
    (void) state;

    without = measure(&shape);
    shape.is_adopting = true;
    with = measure(&shape);
    if (without - with < 0.5 / shape.members)
        fail_msg("%.4f with adoption, %.4f without", with, without);
}

/* The smallest tree there is: measure() checks the rest. */
static void two_groups_of_two(void **state) {
    const struct shape shape = {.members = 2, .groups = 2, .fanout = 1, .chunks = 20, .delay = 1};
    (void) state;

    assert_true(measure(&shape) >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_groups_of_two),
        cmocka_unit_test(chains_take_as_long_as_the_model_says),
        cmocka_unit_test(adoption_keeps_the_rate_of_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
