/* SPDX-License-Identifier: Apache-2.0 */
/* Each fault that the simulator knows, once and by hand: it is met, whom it may harm is harmed, and nobody else. */
#include "support/test.h"

#include <stdio.h>

#include "base/check.h"
#include "base/time.h"
#include "sim/world.h"

#define RATE 12500000u /* bytes a second: 100 Mbit/s */
#define CHUNK 65536u
enum { NODES = 8, CHUNKS = 400 };

static void make(struct fr_sim_scenario *scenario, uint64_t seed) {
    fr_sim_scenario_init(scenario, seed, NODES, CHUNKS, CHUNK, RATE);
    scenario->delay = FR_MS;
    scenario->check_every = 64;
    for (uint32_t i = 0; i <= NODES; i++)
        scenario->hosts[i].downlink_queue_bytes = 8 * CHUNK;
}

static fr_time_ns half_time(const struct fr_sim_scenario *scenario) { return fr_sim_scenario_estimate(scenario) / 2; }

static void run(struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    fr_sim_run(scenario, result);
    if (result->violation[0] == '\0')
        return;
    fr_sim_scenario_print(scenario, stderr);
    fail_msg("%s", result->violation);
}

static void done(struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    fr_sim_result_done(result);
    fr_sim_scenario_done(scenario);
}

/* All but this host are complete; NOBODY: all are. */
enum { NOBODY = 1000 };
static void assert_complete_but(const struct fr_sim_result *result, uint32_t host) {
    for (uint32_t member = 0; member < result->member_count; member++) {
        if (member + 1 == host)
            continue;
        assert_true(result->members[member].is_final);
        assert_int_equal(result->members[member].verdict, FR_VERDICT_COMPLETE);
    }
}

static void links_that_are_reset_are_dialled_again(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;

    (void) state;
    make(&scenario, 1);
    for (uint32_t i = 0; i < 60; i++) {
        struct fr_sim_fault reset = {
            .type = FR_SIM_FAULT_RESET, .host = 1 + i % NODES, .other = 1 + (i + 3) % NODES, .until = FR_TIME_NEVER};

        reset.at = fr_sim_scenario_estimate(&scenario) * i / 60;
        fr_sim_scenario_add_fault(&scenario, &reset);
    }
    run(&scenario, &result);
    assert_true(result.fault_counts[FR_SIM_FAULT_RESET] >= 20);
    assert_complete_but(&result, NOBODY);
    print_message("%u links among 8 reset: the last node is complete after %.3f s, of %.3f\n", result.fault_counts[FR_SIM_FAULT_RESET],
                  (double) result.all_stored_at / 1e9, (double) fr_sim_scenario_estimate(&scenario) / 1e9);
    done(&scenario, &result);
}

static void clogged_paths_are_gone_round(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault clog = {.type = FR_SIM_FAULT_CLOG, .other = 7, .amount = 0.2};
    struct fr_sim_fault hold = {.type = FR_SIM_FAULT_HOLD, .other = 8, .amount = 0.2};

    (void) state;
    make(&scenario, 2);
    clog.at = half_time(&scenario) / 2;
    hold.at = half_time(&scenario);
    clog.until = hold.until = hold.at + 1500 * FR_MS;
    fr_sim_scenario_add_fault(&scenario, &clog);
    fr_sim_scenario_add_fault(&scenario, &hold);
    scenario.heal_at = hold.until;
    run(&scenario, &result);
    assert_int_equal(result.fault_count, 2);
    for (uint32_t member = 0; member < NODES; member++)
        assert_true(result.members[member].is_final);
    done(&scenario, &result);
}

/* A path that is cut twice is whole when both have healed. */
static void faults_of_one_kind_overlap(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault one = {.type = FR_SIM_FAULT_ISOLATE, .host = 3, .at = 100 * FR_MS, .until = FR_SECOND};
    struct fr_sim_fault two = {.type = FR_SIM_FAULT_ISOLATE, .host = 3, .at = 200 * FR_MS, .until = 2 * FR_SECOND};

    (void) state;
    make(&scenario, 3);
    fr_sim_scenario_add_fault(&scenario, &one);
    fr_sim_scenario_add_fault(&scenario, &two);
    run(&scenario, &result);
    for (uint32_t member = 0; member < NODES; member++)
        assert_true(result.members[member].is_final);
    assert_true(result.members[2].finished_at >= two.until);
    done(&scenario, &result);
}

static void a_broken_disk_is_named(void **state) {
    static const struct {
        enum fr_sim_fault_type type;
        const char *word;
    } rows[] = {{FR_SIM_FAULT_NO_SPACE, "No space left"}, {FR_SIM_FAULT_EIO, "nput/output error"}};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(rows); i++) {
        struct fr_sim_scenario scenario;
        struct fr_sim_result result;
        struct fr_sim_fault fault = {.type = rows[i].type, .host = 4, .until = FR_TIME_NEVER};

        make(&scenario, 4);
        fault.at = half_time(&scenario);
        fr_sim_scenario_add_fault(&scenario, &fault);
        run(&scenario, &result);
        assert_int_equal(result.fault_counts[rows[i].type], 1);
        assert_complete_but(&result, 4);
        assert_false(result.members[3].is_final);
        assert_int_equal(result.members[3].verdict, FR_VERDICT_FAILED);
        print_message("%s\n", result.members[3].reason);
        assert_non_null(strstr(result.members[3].reason, rows[i].word));
        done(&scenario, &result);
    }
}

/* What it reads is wrong; somebody has to ask it: its neighbour lost its links to all others. */
static void wrong_reads_are_noticed(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault rot = {.type = FR_SIM_FAULT_ROT, .host = 4, .until = FR_TIME_NEVER, .amount = 1};

    (void) state;
    make(&scenario, 5);
    fr_sim_scenario_add_fault(&scenario, &rot);
    for (uint32_t other = 1; other <= NODES; other++) {
        struct fr_sim_fault cut = {.type = FR_SIM_FAULT_CUT_BOTH, .host = 7, .other = other, .until = FR_TIME_NEVER};

        cut.at = half_time(&scenario);
        if (other != 7 && other != 4 && other != 5)
            fr_sim_scenario_add_fault(&scenario, &cut);
    }
    run(&scenario, &result);
    assert_int_equal(result.fault_counts[FR_SIM_FAULT_ROT], 1);
    assert_true(result.trace_counts[FR_TRACE_CHUNK_BAD] > 0);
    for (uint32_t member = 0; member < NODES; member++)
        assert_true(result.members[member].is_final);
    done(&scenario, &result);
}

static void who_boasts_harms_itself(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault boast = {.type = FR_SIM_FAULT_BOAST, .host = 3, .until = FR_TIME_NEVER};
    struct fr_sim_fault gone = {.type = FR_SIM_FAULT_KILL, .host = 6, .until = FR_TIME_NEVER}; /* so that others ask */

    (void) state;
    make(&scenario, 6);
    gone.at = half_time(&scenario);
    fr_sim_scenario_add_fault(&scenario, &boast);
    fr_sim_scenario_add_fault(&scenario, &gone);
    run(&scenario, &result);
    assert_int_equal(result.fault_counts[FR_SIM_FAULT_BOAST], 1);
    for (uint32_t host = 1; host <= NODES; host++)
        assert_true(result.members[host - 1].is_final || host == 3 || host == 6);
    done(&scenario, &result);
}

/* In a chain of two groups, by one of the upper: the oracle sees that whoever gets such a page closes the link. */
static void altered_pages_are_believed_by_nobody(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault alter = {.type = FR_SIM_FAULT_BAD_PAGE, .host = 2, .until = FR_TIME_NEVER, .amount = 1};

    (void) state;
    make(&scenario, 7);
    fr_sim_scenario_group(&scenario, 4, 1);
    fr_sim_scenario_add_fault(&scenario, &alter);
    run(&scenario, &result);
    assert_int_equal(result.fault_counts[FR_SIM_FAULT_BAD_PAGE], 1);
    assert_true(result.trace_counts[FR_TRACE_FAULT] > 0);
    assert_complete_but(&result, 2);
    done(&scenario, &result);
}

static void a_clock_may_jump(void **state) {
    static const double jumps[] = {0.5, 2, 20, 600};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(jumps); i++) {
        struct fr_sim_scenario scenario;
        struct fr_sim_result result;
        struct fr_sim_fault jump = {.type = FR_SIM_FAULT_JUMP, .host = 5, .until = FR_TIME_NEVER, .amount = jumps[i]};

        make(&scenario, 8);
        jump.at = half_time(&scenario);
        fr_sim_scenario_add_fault(&scenario, &jump);
        run(&scenario, &result);
        assert_int_equal(result.fault_count, 1);
        print_message("a clock jumps by %.1f s: it is %s: %s\n", jumps[i], fr_verdict_name(result.members[4].verdict),
                      result.members[4].reason);
        assert_complete_but(&result, 5);
        done(&scenario, &result);
    }
}

static void one_who_is_opened_twice_goes_on(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault twice = {.type = FR_SIM_FAULT_TWICE, .host = 6, .other = 2};
    struct fr_sim_fault pushed_twice = {.type = FR_SIM_FAULT_TWICE, .host = 0, .other = 4};

    (void) state;
    make(&scenario, 9);
    twice.at = half_time(&scenario) / 2;
    twice.until = twice.at + 300 * FR_MS;
    pushed_twice.at = half_time(&scenario);
    pushed_twice.until = pushed_twice.at + FR_SECOND;
    fr_sim_scenario_add_fault(&scenario, &twice);
    fr_sim_scenario_add_fault(&scenario, &pushed_twice);
    run(&scenario, &result);
    assert_int_equal(result.fault_counts[FR_SIM_FAULT_TWICE], 2);
    assert_complete_but(&result, 4);
    print_message("opened twice by the origin: %s: %s\n", fr_verdict_name(result.members[3].verdict), result.members[3].reason);
    assert_true(result.members[3].is_final);
    done(&scenario, &result);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_that_are_reset_are_dialled_again),
        cmocka_unit_test(clogged_paths_are_gone_round),
        cmocka_unit_test(faults_of_one_kind_overlap),
        cmocka_unit_test(a_broken_disk_is_named),
        cmocka_unit_test(wrong_reads_are_noticed),
        cmocka_unit_test(who_boasts_harms_itself),
        cmocka_unit_test(altered_pages_are_believed_by_nobody),
        cmocka_unit_test(a_clock_may_jump),
        cmocka_unit_test(one_who_is_opened_twice_goes_on),
    };

    fr_assert_slow_enabled = 1;
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
