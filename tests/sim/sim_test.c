/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole pushes in a virtual world: hundreds of drawn ones, healthy and broken, and a few made by hand with numbers to hold.
 *
 *   sim_test                     all of it
 *   FR_SIM_SEED=x sim_test       the worlds of seed x, with a trace of everything that happens; FR_SIM_KIND=faulty-tree: that one only
 *   FR_SIM_SEEDS=n sim_test      n more of each kind, from a new first seed; FR_SIM_KIND as above
 *   FR_SIM_UNTIL=n sim_test      seed 1 of each kind, seed 2 of each kind ... until a world fails or n are run; the last line tells
 *                                which. For scripts/planted; FR_SIM_KIND as above
 *
 * A seed that ever failed goes to seeds.txt with a word on why; those are always run.
 */
#include "support/test.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/prng.h"
#include "base/time.h"
#include "content/limits.h"
#include "sim/world.h"

enum { HEALTHY_SEEDS = 300, FAULTY_SEEDS = 240, HARSH_SEEDS = 120, TWICE_SEEDS = 40, WORKERS = 2 };

#define RATE 12500000u /* bytes a second: 100 Mbit/s */
#define CHUNK 65536u

/* ---- running and telling */

static const struct fr_sim_scenario *running; /* for the signal handler: what an assertion of the core was met in */
static unsigned world_number;                 /* with FR_SIM_UNTIL: how many worlds were begun */

/* NOLINTBEGIN(bugprone-signal-handler): it comes from abort() in this very thread, and the process ends with it. */
static void tell_found(const struct fr_sim_scenario *scenario) {
    if (world_number > 0) {
        printf("found: %s seed %" PRIu64 ", world %u\n", scenario->label, scenario->seed, world_number);
        fflush(stdout);
    }
}

static void on_abort(int number) {
    if (running != NULL) {
        fprintf(stderr, "\naborted in seed %" PRIu64 " (%s); replay: FR_SIM_SEED=%" PRIu64 "\n", running->seed, running->label,
                running->seed);
        fr_sim_scenario_print(running, stderr);
        tell_found(running);
    }
    signal(number, SIG_DFL);
    raise(number);
}
/* NOLINTEND(bugprone-signal-handler) */

static void run(const struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    running = scenario;
    fr_sim_run(scenario, result);
    running = NULL;
}

static void tell_failure(const struct fr_sim_scenario *scenario, const struct fr_sim_result *result) {
    fprintf(stderr, "\nseed %" PRIu64 " (%s): %s\nreplay: FR_SIM_SEED=%" PRIu64 "\n", scenario->seed, scenario->label, result->violation,
            scenario->seed);
    fr_sim_scenario_print(scenario, stderr);
}

static void assert_sound(const struct fr_sim_scenario *scenario, const struct fr_sim_result *result) {
    if (result->violation[0] == '\0')
        return;
    tell_failure(scenario, result);
    fail_msg("%s", result->violation);
}

static double seconds(fr_time_ns time) { return (double) time / (double) FR_SECOND; }

/* Runs a scenario that is made by hand; nothing may be wrong with it. */
static void run_soundly(struct fr_sim_scenario *scenario, struct fr_sim_result *result) {
    run(scenario, result);
    assert_sound(scenario, result);
}

/* ---- drawn worlds */

enum kind { HEALTHY, FAULTY, HEALTHY_TREE, FAULTY_TREE, HARSH_TREE, KINDS };

static void draw(struct fr_sim_scenario *scenario, enum kind kind, uint64_t seed) {
    if (kind == HEALTHY || kind == HEALTHY_TREE)
        fr_sim_scenario_draw_healthy(scenario, seed);
    else
        fr_sim_scenario_draw_faulty(scenario, seed);
    if (kind == HEALTHY_TREE || kind == FAULTY_TREE || kind == HARSH_TREE)
        fr_sim_scenario_draw_tree(scenario);
    if (kind == HARSH_TREE)
        fr_sim_scenario_draw_harsh(scenario);
}

/* 0 when nothing is wrong. Sums up what happened in *ret_fingerprint. */
static int run_seed(enum kind kind, uint64_t seed, FILE *trace, uint64_t *ret_fingerprint) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    int failed;

    draw(&scenario, kind, seed);
    scenario.trace = trace;
    if (trace != NULL)
        fr_sim_scenario_print(&scenario, trace);
    run(&scenario, &result);
    failed = result.violation[0] != '\0';
    if (failed) {
        tell_failure(&scenario, &result);
        tell_found(&scenario);
    }
    if (trace != NULL)
        fprintf(trace, "%s seed %" PRIu64 ": %s; %" PRIu64 " events, %" PRIu64 " frames, %.3f s, fingerprint %016" PRIx64 "\n",
                scenario.label, seed, failed ? result.violation : "sound", result.event_count, result.frame_count, seconds(result.ended_at),
                result.fingerprint);
    if (ret_fingerprint != NULL)
        *ret_fingerprint = result.fingerprint;
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
    return failed;
}

/* One worker's part: every WORKERS-th seed. */
static uint32_t run_part(enum kind kind, uint64_t first, uint32_t count, uint32_t part) {
    uint32_t failed_count = 0;
    for (uint32_t i = part; i < count; i += WORKERS)
        failed_count += (uint32_t) run_seed(kind, first + i, NULL, NULL);
    return failed_count;
}

/* Worlds know nothing of each other, so each processor gets its own. */
static void run_seeds(enum kind kind, uint64_t first, uint32_t count) {
    pid_t workers[WORKERS];
    bool is_well = true;
    fflush(NULL);
    for (uint32_t part = 0; part < WORKERS; part++) {
        workers[part] = fork();
        assert_true(workers[part] >= 0);
        if (workers[part] == 0)
            _exit(run_part(kind, first, count, part) != 0);
    }
    for (uint32_t part = 0; part < WORKERS; part++) {
        int status = -1;
        assert_int_equal(waitpid(workers[part], &status, 0), workers[part]);
        is_well = is_well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    if (!is_well)
        fail_msg("seeds failed: see above");
}

static void healthy_worlds_complete(void **state) {
    (void) state;
    run_seeds(HEALTHY, 1, HEALTHY_SEEDS);
}

static void faulty_worlds_stay_safe_and_end(void **state) {
    (void) state;
    run_seeds(FAULTY, 1, FAULTY_SEEDS);
}

static void healthy_trees_complete(void **state) {
    (void) state;
    run_seeds(HEALTHY_TREE, 1, HEALTHY_SEEDS);
}

static void faulty_trees_stay_safe_and_end(void **state) {
    (void) state;
    run_seeds(FAULTY_TREE, 1, FAULTY_SEEDS);
}

static void trees_survive_the_death_of_a_group(void **state) {
    (void) state;
    run_seeds(HARSH_TREE, 1, HARSH_SEEDS);
}

static void seeds_that_ever_failed(void **state) {
    FILE *file = fopen(FR_TESTS_DIR "/sim/seeds.txt", "r");
    char line[200];
    int failed_count = 0;

    (void) state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t seed;

        if (sscanf(line, "healthy-tree %" SCNu64, &seed) == 1)
            failed_count += run_seed(HEALTHY_TREE, seed, NULL, NULL);
        else if (sscanf(line, "faulty-tree %" SCNu64, &seed) == 1)
            failed_count += run_seed(FAULTY_TREE, seed, NULL, NULL);
        else if (sscanf(line, "harsh-tree %" SCNu64, &seed) == 1)
            failed_count += run_seed(HARSH_TREE, seed, NULL, NULL);
        else if (sscanf(line, "healthy %" SCNu64, &seed) == 1)
            failed_count += run_seed(HEALTHY, seed, NULL, NULL);
        else if (sscanf(line, "faulty %" SCNu64, &seed) == 1)
            failed_count += run_seed(FAULTY, seed, NULL, NULL);
        else if (line[0] != '#' && line[0] != '\n')
            fail_msg("seeds.txt: %s", line);
    }
    fclose(file);
    assert_int_equal(failed_count, 0);
}

static void one_seed_is_one_run(void **state) {
    uint64_t last = 0;

    (void) state;
    for (uint64_t seed = 1; seed <= TWICE_SEEDS; seed++) {
        uint64_t first, second;
        enum kind kind = (enum kind)(seed % KINDS);

        run_seed(kind, seed, NULL, &first);
        run_seed(kind, seed, NULL, &second);
        if (first != second)
            fail_msg("seed %" PRIu64 " ran differently the second time", seed);
        assert_true(first != last);
        last = first;
    }
}

/* ---- numbers to hold */

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

/* ---- by hand */

static const char *const kind_names[] = {"healthy", "faulty", "healthy-tree", "faulty-tree", "harsh-tree"};

static int replay(const char *text) {
    uint64_t seed = strtoull(text, NULL, 0);
    const char *only = getenv("FR_SIM_KIND");
    int failed = 0;

    for (enum kind kind = HEALTHY; kind < KINDS; kind++)
        if (only == NULL || strcmp(only, kind_names[kind]) == 0)
            failed |= run_seed(kind, seed, stdout, NULL);
    return failed;
}

static int run_more(const char *text) {
    uint32_t count = (uint32_t) strtoul(text, NULL, 0);
    uint64_t first = (uint64_t) time(NULL) << 20;
    const char *only = getenv("FR_SIM_KIND");
    int failed_count = 0;

    printf("seeds %" PRIu64 " to %" PRIu64 "\n", first, first + count - 1);
    for (uint32_t i = 0; i < count; i++)
        for (enum kind kind = HEALTHY; kind < KINDS; kind++)
            if (only == NULL || strcmp(only, kind_names[kind]) == 0)
                failed_count += run_seed(kind, first + i, NULL, NULL);
    printf("seeds %" PRIu64 " to %" PRIu64 ": %d worlds failed\n", first, first + count - 1, failed_count);
    return failed_count != 0;
}

/* What a bug breaks may also be memory, or never come back. */
static int run_until(const char *text) {
    enum { WORLD_SECONDS_MAX = 120 };
    unsigned count = (unsigned) strtoul(text, NULL, 0);
    const char *only = getenv("FR_SIM_KIND");

    signal(SIGSEGV, on_abort);
    signal(SIGFPE, on_abort);
    signal(SIGALRM, on_abort);
    for (uint64_t seed = 1; world_number < count; seed++)
        for (enum kind kind = HEALTHY; kind < KINDS && world_number < count; kind++) {
            if (only != NULL && strcmp(only, kind_names[kind]) != 0)
                continue;
            world_number++;
            alarm(WORLD_SECONDS_MAX);
            if (run_seed(kind, seed, NULL, NULL))
                return 1;
        }
    printf("none in %u worlds\n", count);
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_cut_through),
        cmocka_unit_test(times_follow_the_closed_form),
        cmocka_unit_test(one_slow_node_is_late_alone),
        cmocka_unit_test(a_killed_node_costs_little),
        cmocka_unit_test(a_vanished_node_costs_little),
        cmocka_unit_test(a_stopped_node_costs_little),
        cmocka_unit_test(a_dead_node_is_unreachable),
        cmocka_unit_test(a_liar_is_dropped_and_named),
        cmocka_unit_test(holders_are_sent_nothing),
        cmocka_unit_test(one_seed_is_one_run),
        cmocka_unit_test(seeds_that_ever_failed),
        cmocka_unit_test(healthy_worlds_complete),
        cmocka_unit_test(faulty_worlds_stay_safe_and_end),
        cmocka_unit_test(healthy_trees_complete),
        cmocka_unit_test(faulty_trees_stay_safe_and_end),
        cmocka_unit_test(trees_survive_the_death_of_a_group),
    };
    const char *seed = getenv("FR_SIM_SEED"), *more = getenv("FR_SIM_SEEDS"), *until = getenv("FR_SIM_UNTIL");

    fr_assert_slow_enabled = 1;
    signal(SIGABRT, on_abort);
    if (seed != NULL && seed[0] != '\0')
        return replay(seed);
    if (more != NULL && more[0] != '\0')
        return run_more(more);
    if (until != NULL && until[0] != '\0')
        return run_until(until);
    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
