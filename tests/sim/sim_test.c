/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole pushes in a virtual world: hundreds of drawn ones, healthy and broken. Those that are made by hand are in numbers_test.c,
 * trees_test.c and faults_test.c.
 *
 *   sim_test                     all of it
 *   FR_SIM_SEED=x sim_test       the worlds of seed x, with a trace of everything that happens; FR_SIM_KIND=faulty-tree: that one only
 *   FR_SIM_SEEDS=n sim_test      n more of each kind, from a new first seed or FR_SIM_FIRST, summed up; FR_SIM_KIND as above
 *   FR_SIM_UNTIL=n sim_test      seed 1 of each kind, seed 2 of each kind ... until a world fails or n are run; the last line tells
 *                                which. For scripts/planted; FR_SIM_KIND as above
 *
 * A seed that ever failed goes to seeds.txt with a word on why; those are always run.
 */
#include "support/test.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/prng.h"
#include "base/time.h"
#include "content/limits.h"
#include "sim/world.h"

enum {
    HEALTHY_SEEDS = 150,
    FAULTY_SEEDS = 120,
    HARSH_SEEDS = 80,
    SWARM_SEEDS = 80,
    RESTART_SEEDS = 80,
    SET_SEEDS = 60,
    TWICE_SEEDS = 24,
    WORKERS = 2
};

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

static double seconds(fr_time_ns time) { return (double) time / (double) FR_SECOND; }

/* ---- drawn worlds */

enum kind { HEALTHY, FAULTY, HEALTHY_TREE, FAULTY_TREE, HARSH_TREE, SWARM, RESTARTS, SETS, KINDS };

static const char *const kind_names[] = {"healthy", "faulty", "healthy-tree", "faulty-tree", "harsh-tree", "swarm", "restarts", "sets"};

/* What many runs of one kind came to. */
struct sum {
    uint64_t run_count, failed_count;
    uint64_t fault_count, fault_counts[FR_SIM_FAULT_TYPES]; /* that were met */
    uint64_t node_count, excused_count;
    double node_hours;
};

static void draw(struct fr_sim_scenario *scenario, enum kind kind, uint64_t seed) {
    if (kind == SWARM || kind == SETS) {
        fr_sim_scenario_draw_swarm(scenario, seed);
        if (kind == SETS)
            fr_sim_scenario_draw_set(scenario);
        return;
    }
    if (kind == RESTARTS) {
        fr_sim_scenario_draw_restarts(scenario, seed);
        return;
    }
    if (kind == HEALTHY || kind == HEALTHY_TREE)
        fr_sim_scenario_draw_healthy(scenario, seed);
    else
        fr_sim_scenario_draw_faulty(scenario, seed);
    if (kind == HEALTHY_TREE || kind == FAULTY_TREE || kind == HARSH_TREE)
        fr_sim_scenario_draw_tree(scenario);
    if (kind == HARSH_TREE)
        fr_sim_scenario_draw_harsh(scenario);
}

static void add_up(struct sum *sum, const struct fr_sim_scenario *scenario, const struct fr_sim_result *result) {
    sum->run_count++;
    sum->failed_count += result->violation[0] != '\0';
    sum->fault_count += result->fault_count;
    for (uint32_t type = 0; type < FR_SIM_FAULT_TYPES; type++)
        sum->fault_counts[type] += result->fault_counts[type];
    sum->node_hours += seconds(result->ended_at) / 3600 * (scenario->member_count + 1);
    sum->node_count += scenario->member_count;
    for (uint32_t host = 1; host <= scenario->member_count; host++)
        sum->excused_count += fr_sim_scenario_excuses(scenario, host);
}

/* 0 when nothing is wrong. sum: NULL, or added to. Sums up what happened in *ret_fingerprint. */
static int run_seed(enum kind kind, uint64_t seed, FILE *trace, struct sum *sum, uint64_t *ret_fingerprint) {
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
        fprintf(trace,
                "%s seed %" PRIu64 ": %s; %u faults met, %" PRIu64 " events, %" PRIu64 " frames, %.3f s, fingerprint %016" PRIx64 "\n",
                scenario.label, seed, failed ? result.violation : "sound", result.fault_count, result.event_count, result.frame_count,
                seconds(result.ended_at), result.fingerprint);
    if (sum != NULL)
        add_up(sum, &scenario, &result);
    if (ret_fingerprint != NULL)
        *ret_fingerprint = result.fingerprint;
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
    return failed;
}

/* One worker's part: every WORKERS-th seed. */
static uint32_t run_part(enum kind kind, uint64_t first, uint32_t count, uint32_t part, struct sum *sum) {
    uint32_t failed_count = 0;

    for (uint32_t i = part; i < count; i += WORKERS)
        failed_count += (uint32_t) run_seed(kind, first + i, NULL, sum, NULL);
    return failed_count;
}

/* Worlds know nothing of each other, so each processor gets its own. true: nothing is wrong with any. */
static bool run_seeds(enum kind kind, uint64_t first, uint32_t count, struct sum *sums) {
    pid_t workers[WORKERS];
    bool is_well = true;

    fflush(NULL);
    for (uint32_t part = 0; part < WORKERS; part++) {
        workers[part] = fork();
        assert_true(workers[part] >= 0);
        if (workers[part] == 0)
            _exit(run_part(kind, first, count, part, sums != NULL ? &sums[part] : NULL) != 0);
    }
    for (uint32_t part = 0; part < WORKERS; part++) {
        int status = -1;

        assert_int_equal(waitpid(workers[part], &status, 0), workers[part]);
        is_well = is_well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return is_well;
}

static void assert_seeds(enum kind kind, uint32_t count) {
    if (!run_seeds(kind, 1, count, NULL))
        fail_msg("seeds failed: see above");
}

static void healthy_worlds_complete(void **state) {
    (void) state;
    assert_seeds(HEALTHY, HEALTHY_SEEDS);
}

static void faulty_worlds_stay_safe_and_end(void **state) {
    (void) state;
    assert_seeds(FAULTY, FAULTY_SEEDS);
}

static void healthy_trees_complete(void **state) {
    (void) state;
    assert_seeds(HEALTHY_TREE, HEALTHY_SEEDS);
}

static void faulty_trees_stay_safe_and_end(void **state) {
    (void) state;
    assert_seeds(FAULTY_TREE, FAULTY_SEEDS);
}

static void trees_survive_the_death_of_a_group(void **state) {
    (void) state;
    assert_seeds(HARSH_TREE, HARSH_SEEDS);
}

static void swarms_of_faults_heal(void **state) {
    (void) state;
    assert_seeds(SWARM, SWARM_SEEDS);
}

static void who_dies_and_starts_again_completes(void **state) {
    (void) state;
    assert_seeds(RESTARTS, RESTART_SEEDS);
}

static void sets_get_whole_entry_by_entry(void **state) {
    (void) state;
    assert_seeds(SETS, SET_SEEDS);
}

static enum kind kind_of(const char *name) {
    enum kind kind = HEALTHY;

    while (kind < KINDS && strcmp(name, kind_names[kind]) != 0)
        kind++;
    return kind;
}

static void seeds_that_ever_failed(void **state) {
    FILE *file = fopen(FR_TESTS_DIR "/sim/seeds.txt", "r");
    char line[200], name[16];
    int failed_count = 0;

    (void) state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t seed;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (sscanf(line, "%15s %" SCNu64, name, &seed) != 2 || kind_of(name) == KINDS)
            fail_msg("seeds.txt: %s", line);
        failed_count += run_seed(kind_of(name), seed, NULL, NULL, NULL);
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

        run_seed(kind, seed, NULL, NULL, &first);
        run_seed(kind, seed, NULL, NULL, &second);
        if (first != second)
            fail_msg("seed %" PRIu64 " ran differently the second time", seed);
        assert_true(first != last);
        last = first;
    }
}

/* ---- by hand */

static int replay(const char *text) {
    uint64_t seed = strtoull(text, NULL, 0);
    const char *only = getenv("FR_SIM_KIND");
    int failed = 0;

    for (enum kind kind = HEALTHY; kind < KINDS; kind++)
        if (only == NULL || strcmp(only, kind_names[kind]) == 0)
            failed |= run_seed(kind, seed, stdout, NULL, NULL);
    return failed;
}

static void print_sum(enum kind kind, const struct sum *sum) {
    double runs = sum->run_count > 0 ? (double) sum->run_count : 1;

    printf("%s: %" PRIu64 " runs, %.1f faults injected per run, %.1f simulated node-hours, %.0f %% of nodes excused, %" PRIu64
           " seeds failed\n",
           kind_names[kind], sum->run_count, (double) sum->fault_count / runs, sum->node_hours,
           sum->node_count > 0 ? 100 * (double) sum->excused_count / (double) sum->node_count : 0, sum->failed_count);
    if (kind != SWARM)
        return;
    printf("  of them per run:");
    for (uint32_t type = 0; type < FR_SIM_FAULT_TYPES; type++)
        printf(" %s %.2f", fr_sim_fault_name((enum fr_sim_fault_type) type), (double) sum->fault_counts[type] / runs);
    printf("\n");
}

static void add_sum(struct sum *all, const struct sum *part) {
    all->run_count += part->run_count;
    all->failed_count += part->failed_count;
    all->fault_count += part->fault_count;
    for (uint32_t type = 0; type < FR_SIM_FAULT_TYPES; type++)
        all->fault_counts[type] += part->fault_counts[type];
    all->node_count += part->node_count;
    all->excused_count += part->excused_count;
    all->node_hours += part->node_hours;
}

/* One kind after the other. FR_SIM_FIRST: where to begin, else at a seed that nobody had yet. */
static int run_more(const char *text) {
    uint32_t count = (uint32_t) strtoul(text, NULL, 0);
    const char *from = getenv("FR_SIM_FIRST"), *only = getenv("FR_SIM_KIND");
    uint64_t first = from != NULL ? strtoull(from, NULL, 0) : (uint64_t) time(NULL) << 20;
    struct sum *sums = mmap(NULL, WORKERS * sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool is_well = true;

    assert_true(sums != MAP_FAILED);
    printf("seeds %" PRIu64 " to %" PRIu64 "\n", first, first + count - 1);
    for (enum kind kind = HEALTHY; kind < KINDS; kind++) {
        struct sum all = {0};

        if (only != NULL && strcmp(only, kind_names[kind]) != 0)
            continue;
        memset(sums, 0, WORKERS * sizeof *sums);
        is_well = run_seeds(kind, first, count, sums) && is_well;
        for (uint32_t part = 0; part < WORKERS; part++)
            add_sum(&all, &sums[part]);
        print_sum(kind, &all);
        fflush(stdout);
    }
    munmap(sums, WORKERS * sizeof *sums);
    return !is_well;
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
            if (run_seed(kind, seed, NULL, NULL, NULL))
                return 1;
        }
    printf("none in %u worlds\n", count);
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_run),
        cmocka_unit_test(seeds_that_ever_failed),
        cmocka_unit_test(healthy_worlds_complete),
        cmocka_unit_test(faulty_worlds_stay_safe_and_end),
        cmocka_unit_test(healthy_trees_complete),
        cmocka_unit_test(faulty_trees_stay_safe_and_end),
        cmocka_unit_test(trees_survive_the_death_of_a_group),
        cmocka_unit_test(swarms_of_faults_heal),
        cmocka_unit_test(who_dies_and_starts_again_completes),
        cmocka_unit_test(sets_get_whole_entry_by_entry),
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
