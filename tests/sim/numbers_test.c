/* SPDX-License-Identifier: Apache-2.0 */
/* A few pushes in a virtual world that are made by hand: what they must cost, in numbers. */
#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/time.h"
#include "sim/world.h"

#define RATE 12500000u /* bytes a second: 100 Mbit/s */
#define CHUNK 65536u

static double seconds(fr_time_ns time) { return (double) time / (double) FR_SECOND; }

/* Nothing may be wrong with it. */
static void run_soundly(const struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    fr_sim_run(scenario, result);
    if (result->violation[0] == '\0')
        return;
    fr_sim_scenario_print(scenario, stderr);
    fail_msg("%s", result->violation);
}

/* First chunk given to last chunk stored: what the closed forms speak of. Handshakes come before. */
static double transfer_seconds(const struct fr_sim_result *result) { return seconds(result->all_stored_at - result->first_chunk_at); }

static void chunks_cut_through(void **state) {
    enum { MEMBERS = 8, CHUNKS = 256 };
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    double ideal = (double) CHUNKS * CHUNK / RATE;
    double share = (double) CHUNKS / MEMBERS;

    (void) state;
    fr_sim_scenario_init(&scenario, 1, MEMBERS, CHUNKS, CHUNK, RATE);
    scenario.delay = 2 * FR_MS;
    run_soundly(&scenario, &result);
    print_message("k=8 M=256: %.4f x F/C, %.0f ms before the first chunk; the origin sent %.3f x F\n", transfer_seconds(&result) / ideal,
                  1000 * seconds(result.first_chunk_at), (double) result.origin_chunk_bytes / (CHUNKS * (double) CHUNK));
    assert_true(transfer_seconds(&result) <= 1.05 * ideal + 4 * seconds(scenario.delay));
    assert_true(seconds(result.all_stored_at) <= 1.05 * ideal + 20 * seconds(scenario.delay));
    assert_true(result.origin_chunk_bytes >= (uint64_t) CHUNKS * CHUNK);
    assert_true((double) result.origin_chunk_bytes <= 1.03 * CHUNKS * CHUNK);
    for (uint32_t member = 0; member < MEMBERS; member++) {
        const struct fr_member_figures *figures = &result.members[member].figures;

        assert_true(figures->chunks_owned >= 0.8 * share && figures->chunks_owned <= 1.2 * share);
        assert_true((double) figures->first_relay_ns < 0.2 * (double) figures->last_owned_ns);
        assert_int_equal(figures->bytes_from_upstream + figures->bytes_from_peers, (uint64_t) CHUNKS * CHUNK);
    }
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
}

/* The last chunk stored at any member but this one. */
static double others_seconds(const struct fr_sim_result *result, uint32_t but) {
    fr_time_ns last = 0;

    for (uint32_t member = 0; member < result->member_count; member++)
        if (member != but && result->members[member].last_stored_at > last)
            last = result->members[member].last_stored_at;
    return seconds(last - result->first_chunk_at);
}

static void make_eight(struct fr_sim_scenario *scenario, uint64_t seed, uint32_t chunk_count) {
    fr_sim_scenario_init(scenario, seed, 8, chunk_count, CHUNK, RATE);
    scenario->delay = FR_MS;
    for (uint32_t i = 0; i <= 8; i++)
        scenario->hosts[i].downlink_queue_bytes = 8 * CHUNK;
}

static void one_slow_node_is_late_alone(void **state) {
    enum { CHUNKS = 1024, SLOW = 3 };
    struct fr_sim_scenario scenario;
    struct fr_sim_result healthy, slow;
    double delay;

    (void) state;
    make_eight(&scenario, 1, CHUNKS);
    run_soundly(&scenario, &healthy);
    scenario.hosts[SLOW + 1].up_rate /= 10;
    scenario.hosts[SLOW + 1].down_rate /= 10;
    run_soundly(&scenario, &slow);
    delay = others_seconds(&slow, SLOW) / others_seconds(&healthy, SLOW);
    print_message("one of 8 at 0.1 C: the others take %.3f x as long; it takes %.2f x F/(0.1 C), owns %u chunks\n", delay,
                  seconds(slow.members[SLOW].last_stored_at) / (10.0 * CHUNKS * CHUNK / RATE), slow.members[SLOW].figures.chunks_owned);
    assert_true(delay <= 1.10);
    assert_true(slow.members[SLOW].is_final);
    fr_sim_result_done(&healthy);
    fr_sim_result_done(&slow);
    fr_sim_scenario_done(&scenario);
}

/* What a fault at half time costs the others. */
static void run_with_victim(enum fr_sim_fault_type type, fr_time_ns until, const char *what) {
    enum { CHUNKS = 2048, VICTIM = 5 };
    struct fr_sim_scenario scenario;
    struct fr_sim_result healthy, broken;
    struct fr_sim_fault fault = {.type = type, .host = VICTIM + 1, .until = until};
    double delay;

    make_eight(&scenario, 2, CHUNKS);
    run_soundly(&scenario, &healthy);
    fault.at = fr_sim_scenario_estimate(&scenario) / 2;
    if (until != FR_TIME_NEVER)
        fault.until += fault.at;
    fr_sim_scenario_add_fault(&scenario, &fault);
    run_soundly(&scenario, &broken);
    delay = others_seconds(&broken, VICTIM) / others_seconds(&healthy, VICTIM);
    print_message("one of 8 %s at half time: the others take %.3f x as long; it is %s: %s; the world ends after %.1f s\n", what, delay,
                  fr_verdict_name(broken.members[VICTIM].verdict), broken.members[VICTIM].reason, seconds(broken.ended_at));
    assert_true(delay <= 1.15);
    assert_int_equal(broken.members[VICTIM].verdict, FR_VERDICT_FAILED);
    assert_true(broken.members[VICTIM].reason[0] != '\0');
    fr_sim_result_done(&healthy);
    fr_sim_result_done(&broken);
    fr_sim_scenario_done(&scenario);
}

static void a_killed_node_costs_little(void **state) {
    (void) state;
    run_with_victim(FR_SIM_FAULT_KILL, FR_TIME_NEVER, "killed");
}

static void a_vanished_node_costs_little(void **state) {
    (void) state;
    run_with_victim(FR_SIM_FAULT_VANISH, FR_TIME_NEVER, "gone");
}

static void a_stopped_node_costs_little(void **state) {
    (void) state;
    run_with_victim(FR_SIM_FAULT_PAUSE, 300 * FR_SECOND, "stopped");
}

static void a_dead_node_is_unreachable(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault gone = {.type = FR_SIM_FAULT_VANISH, .host = 2, .until = FR_TIME_NEVER};
    struct fr_sim_fault killed = {.type = FR_SIM_FAULT_KILL, .host = 4, .until = FR_TIME_NEVER};
    struct fr_sim_fault full = {.type = FR_SIM_FAULT_REFUSE, .host = 6, .until = FR_TIME_NEVER};

    (void) state;
    make_eight(&scenario, 3, 64);
    fr_sim_scenario_add_fault(&scenario, &gone);
    fr_sim_scenario_add_fault(&scenario, &killed);
    fr_sim_scenario_add_fault(&scenario, &full);
    run_soundly(&scenario, &result);
    assert_int_equal(result.members[1].verdict, FR_VERDICT_UNREACHABLE);
    assert_int_equal(result.members[3].verdict, FR_VERDICT_UNREACHABLE);
    assert_int_equal(result.members[5].verdict, FR_VERDICT_REFUSED);
    assert_true(seconds(result.ended_at) < 30);
    assert_true(result.members[0].last_stored_at < 2 * FR_SECOND);
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
}

static void a_liar_is_dropped_and_named(void **state) {
    enum { LIAR = 4 };
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    struct fr_sim_fault lie = {.type = FR_SIM_FAULT_LIE, .host = LIAR + 1, .until = FR_TIME_NEVER, .amount = 1};

    (void) state;
    make_eight(&scenario, 4, 512);
    fr_sim_scenario_add_fault(&scenario, &lie);
    run_soundly(&scenario, &result);
    assert_true(result.trace_counts[FR_TRACE_CHUNK_BAD] > 0);
    assert_true(result.trace_counts[FR_TRACE_FAULT] > 0);
    for (uint32_t member = 0; member < 8; member++) {
        if (member == LIAR)
            continue;
        assert_true(result.members[member].is_final);
        assert_int_equal(result.members[member].verdict, FR_VERDICT_COMPLETE);
    }
    assert_true(others_seconds(&result, LIAR) <= 1.25 * 512.0 * CHUNK / RATE);
    print_message("a liar among 8: %" PRIu64 " wrong chunks came, %" PRIu64 " reports; it is %s; the others take %.3f x F/C\n",
                  result.trace_counts[FR_TRACE_CHUNK_BAD], result.trace_counts[FR_TRACE_FAULT],
                  fr_verdict_name(result.members[LIAR].verdict), others_seconds(&result, LIAR) / (512.0 * CHUNK / RATE));
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
}

static void holders_are_sent_nothing(void **state) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;

    (void) state;
    make_eight(&scenario, 5, 100);
    scenario.hosts[2].held = scenario.hosts[5].held = FR_SIM_HELD_SAME;
    scenario.hosts[3].held = FR_SIM_HELD_OTHER;
    run_soundly(&scenario, &result);
    for (uint32_t member = 0; member < 8; member++)
        assert_int_equal(result.members[member].verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(result.members[1].figures.bytes_from_upstream + result.members[1].figures.bytes_from_peers, 0);
    assert_int_equal(result.members[4].figures.bytes_from_upstream + result.members[4].figures.bytes_from_peers, 0);
    assert_int_equal(result.members[2].figures.bytes_from_upstream + result.members[2].figures.bytes_from_peers,
                     CHUNK); /* the one that differs */
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
}

/* Equal nodes, one group, fluid model: F/C + k tau + 2 d, and what exact chunk simulation of the scheme gives (T / (F/C), M = 1024). */
static void times_follow_the_closed_form(void **state) {
    static const struct {
        uint32_t member_count;
        uint32_t delay_taus;
        double simulated; /* 0: not in the table */
    } rows[] = {{8, 0, 1.007}, {8, 5, 1.020}, {16, 0, 0}, {16, 5, 0}, {32, 0, 1.033}, {32, 5, 1.046}};
    enum { CHUNKS = 1024 };
    const fr_time_ns tau = (fr_time_ns) CHUNK * FR_SECOND / RATE;

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(rows); i++) {
        struct fr_sim_scenario scenario;
        struct fr_sim_result result;
        double whole = (double) CHUNKS * seconds(tau);
        double formula = 1 + (rows[i].member_count + 2.0 * rows[i].delay_taus) / CHUNKS;
        double expected = rows[i].simulated != 0 ? rows[i].simulated : formula;
        double measured;

        fr_sim_scenario_init(&scenario, 6, rows[i].member_count, CHUNKS, CHUNK, RATE);
        scenario.delay = rows[i].delay_taus * tau;
        scenario.hosts[0].store_latency = 30 * tau; /* the first chunk comes when everybody is connected: the formulas know no handshakes */
        scenario.check_every = 4096;
        run_soundly(&scenario, &result);
        measured = transfer_seconds(&result) / whole;
        print_message("k=%-2u d=%u tau: T/(F/C) %.4f here, %.4f by formula, %.3f expected; %.4f with handshakes\n", rows[i].member_count,
                      rows[i].delay_taus, measured, formula, expected, seconds(result.all_stored_at) / whole);
        assert_true(measured >= 1 && measured <= 1.03 * expected);
        fr_sim_result_done(&result);
        fr_sim_scenario_done(&scenario);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_cut_through),           cmocka_unit_test(times_follow_the_closed_form),
        cmocka_unit_test(one_slow_node_is_late_alone),  cmocka_unit_test(a_killed_node_costs_little),
        cmocka_unit_test(a_vanished_node_costs_little), cmocka_unit_test(a_stopped_node_costs_little),
        cmocka_unit_test(a_dead_node_is_unreachable),   cmocka_unit_test(a_liar_is_dropped_and_named),
        cmocka_unit_test(holders_are_sent_nothing),
    };

    fr_assert_slow_enabled = 1;
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
