/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that feed groups, in a virtual world: chains and trees, counted and timed, and what breaks in them. */
#include "support/test.h"

#include <stdio.h>

#include "base/time.h"
#include "sim/world.h"

#define RATE 12500000u /* bytes a second: 100 Mbit/s */
#define CHUNK 65536u

static double seconds(fr_time_ns time) { return (double) time / (double) FR_SECOND; }

static void run(struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    fr_sim_run(scenario, result);
    if (result->violation[0] != '\0') {
        if (scenario->member_count < 30)
            fr_sim_scenario_print(scenario, stderr);
        fail_msg("%s", result->violation);
    }
}

static double ratio(const struct fr_sim_scenario *scenario, const struct fr_sim_result *result) {
    return seconds(result->all_stored_at - result->first_chunk_at) / ((double) scenario->object_bytes / RATE);
}

static void try_adopting(uint32_t k, uint32_t groups, uint32_t fanout, uint32_t chunks, double delay_tau, bool adopts) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;

    fr_sim_scenario_init(&scenario, 1, k * groups, chunks, CHUNK, RATE);
    fr_sim_scenario_group(&scenario, k, fanout);
    if (adopts)
        fr_sim_scenario_adopt(&scenario);
    scenario.delay = (fr_time_ns) (delay_tau * CHUNK / RATE * 1e9);
    scenario.check_every = 0;
    scenario.source_from = 60 * FR_SECOND;
    if (getenv("T"))
        scenario.trace = stderr;
    run(&scenario, &result);
    print_message("%s k=%u g=%u m=%u M=%u d=%.1f tau: %.4f x F/C, first chunk after %.3f s, origin %.3f, %llu events\n",
                  adopts ? "adopt" : "", k, groups, fanout, chunks, delay_tau, ratio(&scenario, &result), seconds(result.first_chunk_at),
                  (double) result.origin_chunk_bytes / (double) scenario.object_bytes, (unsigned long long) result.event_count);
    for (uint32_t i = 0; i < result.member_count; i++)
        assert_true(result.members[i].is_final &&
                    (result.members[i].verdict == FR_VERDICT_COMPLETE || result.members[i].verdict == FR_VERDICT_SLOW));
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
}

static void try(uint32_t k, uint32_t groups, uint32_t fanout, uint32_t chunks, double delay_tau) {
    try_adopting(k, groups, fanout, chunks, delay_tau, false);
}

static void chains_and_trees(void **state) {
    (void) state;
    try(2, 2, 1, 20, 1);
    try(8, 3, 1, 256, 1);
    try(8, 3, 2, 256, 1);
    try(8, 16, 1, 1024, 0);
    try(8, 16, 1, 1024, 5);
    try(16, 4, 1, 1024, 0);
    try(16, 4, 1, 1024, 5);
    try(32, 16, 1, 1024, 0);
    try(32, 16, 1, 1024, 5);
    try(16, 40, 2, 1024, 5);
}

int main(int argc, char **argv) {
    if (argc > 5) {
        try_adopting((uint32_t) atoi(argv[1]), (uint32_t) atoi(argv[2]), (uint32_t) atoi(argv[3]), (uint32_t) atoi(argv[4]), atof(argv[5]),
                     argc > 6);
        return 0;
    }

    const struct CMUnitTest tests[] = {cmocka_unit_test(chains_and_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
