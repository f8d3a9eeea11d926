/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios: made plain, drawn from a seed, described. Those with a great many faults are drawn in swarm.c; what may be expected of all is
 * in expect.c. */
#include "sim/scenario.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/prng.h"
#include "base/time.h"
#include "content/limits.h"
#include "plan/adoption.h"
#include "sim/pool.h"

void fr_sim_scenario_init(struct fr_sim_scenario *scenario, uint64_t seed, uint32_t member_count, uint32_t chunk_count,
                          uint32_t chunk_bytes, uint64_t rate) {
    fr_assert(member_count >= 1);
    memset(scenario, 0, sizeof *scenario);
    scenario->seed = seed;
    snprintf(scenario->label, sizeof scenario->label, "plain");
    scenario->member_count = member_count;
    scenario->object_bytes = (uint64_t) chunk_count * chunk_bytes;
    scenario->chunk_bytes = chunk_bytes;
    scenario->timing = fr_timing_default;
    scenario->page_ahead_max = 2;
    scenario->heal_at = FR_TIME_NEVER;
    scenario->handshake_timeout = 5 * FR_SECOND;
    scenario->check_every = 256;
    scenario->hosts = fr_sim_alloc(member_count + 1, sizeof *scenario->hosts);
    for (uint32_t i = 0; i <= member_count; i++) {
        scenario->hosts[i].up_rate = rate;
        scenario->hosts[i].down_rate = rate;
    }
    fr_sim_scenario_group(scenario, FR_GROUP_NODES_MAX, 1);
}

/* Preorder: group, and what hangs below it; `count` groups of the tree that begins at `first`. */
static void hang(struct fr_sim_scenario *scenario, uint32_t first, uint32_t count, uint32_t upstream, uint32_t fanout) {
    uint32_t rest = count - 1, next = first + 1;

    scenario->groups[first].upstream = upstream;
    for (uint32_t i = 0; i < fanout && rest > 0; i++) {
        uint32_t part = (rest + fanout - i - 1) / (fanout - i);

        hang(scenario, next, part, first, fanout);
        next += part;
        rest -= part;
    }
}

void fr_sim_scenario_group(struct fr_sim_scenario *scenario, uint32_t group_size, uint32_t fanout) {
    uint32_t count, host = 1;

    fr_assert(group_size >= 1 && group_size <= FR_GROUP_NODES_MAX && fanout >= 1 && fanout <= FR_FEEDS_MAX);
    count = (scenario->member_count + group_size - 1) / group_size;
    fr_free(scenario->groups);
    scenario->group_count = count;
    scenario->groups = fr_sim_alloc(count, sizeof *scenario->groups);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t members = scenario->member_count / count + (i < scenario->member_count % count);

        scenario->groups[i] = (struct fr_sim_group){.first_host = host, .member_count = members, .adopts = FR_SIM_ORIGIN};
        host += members;
    }
    if (fanout > 1)
        hang(scenario, 0, count, FR_SIM_ORIGIN, fanout);
    else /* a long chain would be a deep recursion */
        for (uint32_t i = 0; i < count; i++)
            scenario->groups[i].upstream = i == 0 ? FR_SIM_ORIGIN : i - 1;
}

void fr_sim_scenario_done(struct fr_sim_scenario *scenario) {
    fr_free(scenario->hosts);
    fr_free(scenario->groups);
    scenario->hosts = NULL;
    scenario->groups = NULL;
}

void fr_sim_scenario_add_fault(struct fr_sim_scenario *scenario, const struct fr_sim_fault *fault) {
    fr_assert(scenario->fault_count < FR_SIM_FAULTS_MAX && fault->host <= scenario->member_count);
    scenario->faults[scenario->fault_count++] = *fault;
}

void fr_sim_scenario_adopt(struct fr_sim_scenario *scenario) {
    struct fr_adoption_group *groups = fr_sim_alloc(scenario->group_count, sizeof *groups);
    int error;

    for (uint32_t i = 0; i < scenario->group_count; i++) {
        const struct fr_sim_group *group = &scenario->groups[i];

        groups[i] = (struct fr_adoption_group){
            .upstream = group->upstream, .member_count = group->member_count, .is_secondary = group->is_secondary};
    }
    error = fr_adoption_assign(groups, scenario->group_count);
    fr_assert(error == 0);
    for (uint32_t i = 0; i < scenario->group_count; i++) {
        scenario->groups[i].adopts = groups[i].adopts == FR_ADOPTS_NONE ? FR_SIM_ORIGIN : groups[i].adopts;
        scenario->groups[i].shift = groups[i].shift;
    }
    fr_free(groups);
}

/* ---- drawing */

static uint64_t between(struct fr_prng *prng, uint64_t low, uint64_t high) { return low + fr_prng_below(prng, high - low + 1); }

static bool chance(struct fr_prng *prng, double probability) { return fr_prng_unit(prng) < probability; }

/* A number in low .. high whose logarithm is about uniform, in whole powers of two and a draw within one. */
static uint64_t spread(struct fr_prng *prng, uint64_t low, uint64_t high) {
    uint64_t top = low;
    uint64_t bottom;
    int doublings = 0;

    while (top < high) {
        top = top * 2;
        doublings++;
    }
    bottom = low << fr_prng_below(prng, (uint64_t) doublings + 1);
    bottom = bottom < high ? bottom : high;
    top = bottom * 2 - 1 < high ? bottom * 2 - 1 : high;
    return between(prng, bottom, top);
}

static void draw_object(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    uint32_t chunk_bytes = FR_CHUNK_BYTES_MIN << fr_prng_below(prng, 7); /* 16 KiB .. 1 MiB */
    uint64_t chunk_count = chance(prng, 0.3) ? between(prng, 0, 4) : between(prng, 0, 200);
    uint64_t tail = fr_prng_below(prng, 4);

    scenario->chunk_bytes = chunk_bytes;
    scenario->object_bytes = chunk_count * chunk_bytes;
    if (chunk_count > 0 && tail == 1)
        scenario->object_bytes -= chunk_bytes - 1;
    else if (chunk_count > 0 && tail == 2)
        scenario->object_bytes -= fr_prng_below(prng, chunk_bytes);
    scenario->is_pipe = chance(prng, 0.25);
}

static void draw_host(struct fr_sim_host_traits *host, struct fr_prng *prng, const struct fr_sim_host_traits *usual, bool is_mixed) {
    *host = *usual;
    if (!is_mixed)
        return;
    if (usual->up_rate != 0) {
        host->up_rate = (uint64_t) ((double) usual->up_rate * (0.3 + 1.7 * fr_prng_unit(prng)));
        host->down_rate = (uint64_t) ((double) usual->down_rate * (0.3 + 1.7 * fr_prng_unit(prng)));
    }
    host->delay = chance(prng, 0.5) ? between(prng, 0, 20) * FR_MS : 0;
    host->store_latency = chance(prng, 0.5) ? between(prng, 0, 30) * FR_MS : usual->store_latency;
}

static void draw_hosts(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    /* A chunk takes 0.1 to 100 ms of a usual link, so that no drawn link is slower than silence lasts. */
    uint64_t rate = chance(prng, 0.05) ? 0 : (uint64_t) scenario->chunk_bytes * 1000000 / spread(prng, 100, 100000);
    bool is_mixed = chance(prng, 0.5);
    struct fr_sim_host_traits usual = {
        .up_rate = rate,
        .down_rate = rate,
        .downlink_queue_bytes = chance(prng, 0.7) ? scenario->chunk_bytes * between(prng, 2, 16) : 0,
        .store_rate = chance(prng, 0.5) ? rate * 4 : 0,
        .store_latency = chance(prng, 0.5) ? spread(prng, 1, 20000) * FR_US : 0,
    };

    for (uint32_t i = 0; i <= scenario->member_count; i++)
        draw_host(&scenario->hosts[i], prng, &usual, is_mixed);
}

static void draw_paths(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    scenario->delay = chance(prng, 0.2) ? 0 : spread(prng, 10, 100000) * FR_US;
    scenario->jitter = chance(prng, 0.5) ? 0 : fr_prng_below(prng, scenario->delay + 1);
    scenario->piece_bytes_max = chance(prng, 0.5) ? 0 : (uint32_t) spread(prng, 1, 4096);
}

/* Some nodes have the object already, or something else in its place. */
static void draw_held(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    if (scenario->is_pipe || !chance(prng, 0.15))
        return;
    for (uint32_t i = 1; i <= scenario->member_count; i++) {
        if (chance(prng, 0.4))
            scenario->hosts[i].held = scenario->object_bytes == 0 || chance(prng, 0.6) ? FR_SIM_HELD_SAME : FR_SIM_HELD_OTHER;
    }
}

void fr_sim_scenario_draw_healthy(struct fr_sim_scenario *scenario, uint64_t seed) {
    struct fr_prng prng;
    uint32_t member_count;

    fr_prng_init(&prng, seed);
    member_count = chance(&prng, 0.1) ? (uint32_t) between(&prng, 1, 64) : (uint32_t) spread(&prng, 1, 24);
    fr_sim_scenario_init(scenario, seed, member_count, 0, FR_CHUNK_BYTES_MIN, 0);
    snprintf(scenario->label, sizeof scenario->label, "healthy");
    draw_object(scenario, &prng);
    draw_hosts(scenario, &prng);
    draw_paths(scenario, &prng);
    draw_held(scenario, &prng);
}

static void draw_fault(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    static const enum fr_sim_fault_type types[] = {
        FR_SIM_FAULT_KILL, FR_SIM_FAULT_KILL,   FR_SIM_FAULT_VANISH,   FR_SIM_FAULT_PAUSE,   FR_SIM_FAULT_PAUSE,
        FR_SIM_FAULT_CUT,  FR_SIM_FAULT_CUT,    FR_SIM_FAULT_CUT_BOTH, FR_SIM_FAULT_ISOLATE, FR_SIM_FAULT_SLOW,
        FR_SIM_FAULT_LIE,  FR_SIM_FAULT_REFUSE, FR_SIM_FAULT_SOURCE,   FR_SIM_FAULT_STOP,
    };
    struct fr_sim_fault fault = {.type = types[fr_prng_below(prng, sizeof types / sizeof types[0])], .until = FR_TIME_NEVER};
    fr_time_ns span = fr_sim_scenario_estimate(scenario) * 3 / 2 + 12 * scenario->delay + 50 * FR_MS;

    fault.at = chance(prng, 0.1) ? 0 : fr_prng_below(prng, span);
    fault.host = chance(prng, 0.08) ? 0 : (uint32_t) between(prng, 1, scenario->member_count);
    fault.other = (uint32_t) between(prng, 0, scenario->member_count - 1);
    fault.other += fault.other >= fault.host; /* anyone but itself */
    if (fault.type == FR_SIM_FAULT_PAUSE || (fault.type != FR_SIM_FAULT_KILL && fault.type != FR_SIM_FAULT_VANISH && chance(prng, 0.4)))
        fault.until = fault.at + spread(prng, 10, 60000) * FR_MS;
    if (fault.type == FR_SIM_FAULT_SLOW)
        fault.amount = 0.05 + 0.45 * fr_prng_unit(prng);
    if (fault.type == FR_SIM_FAULT_LIE)
        fault.amount = chance(prng, 0.5) ? 1 : 0.02 + 0.3 * fr_prng_unit(prng);
    if (fault.type == FR_SIM_FAULT_SOURCE) {
        fault.host = 0;
        fault.at = 0;
        fault.until = FR_TIME_NEVER;
        fault.other = (uint32_t) fr_prng_below(prng, 8);
    }
    if (fault.type == FR_SIM_FAULT_STOP)
        fault.until = FR_TIME_NEVER;
    fr_sim_scenario_add_fault(scenario, &fault);
}

void fr_sim_scenario_draw_faulty(struct fr_sim_scenario *scenario, uint64_t seed) {
    struct fr_prng prng;
    uint32_t count;

    fr_sim_scenario_draw_healthy(scenario, seed);
    snprintf(scenario->label, sizeof scenario->label, "faulty");
    fr_prng_init(&prng, seed ^ 0xfa17u);
    count = (uint32_t) between(&prng, 1, 3);
    while (scenario->fault_count < count)
        draw_fault(scenario, &prng);
}

void fr_sim_scenario_draw_tree(struct fr_sim_scenario *scenario) {
    struct fr_prng prng;

    fr_prng_init(&prng, scenario->seed ^ 0x7ee5u);
    fr_sim_scenario_group(scenario, (uint32_t) between(&prng, 1, 8), (uint32_t) between(&prng, 1, 3));
    for (uint32_t i = 1; i < scenario->group_count; i++)
        scenario->groups[i].is_secondary = chance(&prng, 0.15);
    if (chance(&prng, 0.5))
        fr_sim_scenario_adopt(scenario);
    snprintf(scenario->label + strlen(scenario->label), sizeof scenario->label - strlen(scenario->label), "-tree");
}

static bool feeds_others(const struct fr_sim_scenario *scenario, uint32_t group) {
    for (uint32_t i = 0; i < scenario->group_count; i++)
        if (scenario->groups[i].upstream == group)
            return true;
    return false;
}

void fr_sim_scenario_draw_harsh(struct fr_sim_scenario *scenario) {
    struct fr_prng prng;
    const struct fr_sim_group *group;
    uint32_t victims = 0;
    fr_time_ns begin, spread_max;

    fr_prng_init(&prng, scenario->seed ^ 0x4a25u);
    for (uint32_t tries = 0; tries < 4 && (tries == 0 || !feeds_others(scenario, victims)); tries++)
        victims = (uint32_t) fr_prng_below(&prng, scenario->group_count);
    group = &scenario->groups[victims];
    begin = fr_prng_below(&prng, fr_sim_scenario_estimate(scenario) * 3 / 2 + 50 * FR_MS);
    spread_max = chance(&prng, 0.3) ? 0 : between(&prng, 1, 2000) * FR_MS;
    for (uint32_t i = 0; i < group->member_count && scenario->fault_count < FR_SIM_FAULTS_MAX; i++) {
        struct fr_sim_fault fault = {.type = chance(&prng, 0.5) ? FR_SIM_FAULT_KILL : FR_SIM_FAULT_VANISH, .until = FR_TIME_NEVER};

        fault.host = group->first_host + i;
        fault.other = fault.host; /* nobody */
        fault.at = begin + fr_prng_below(&prng, spread_max + 1);
        fr_sim_scenario_add_fault(scenario, &fault);
    }
    snprintf(scenario->label, sizeof scenario->label, "harsh-tree");
}

/* ---- sets */

void fr_sim_scenario_draw_set(struct fr_sim_scenario *scenario) {
    struct fr_prng prng;
    uint64_t chunk_count = (scenario->object_bytes + scenario->chunk_bytes - 1) / scenario->chunk_bytes;

    fr_prng_init(&prng, scenario->seed ^ 0x5e75u);
    scenario->entry_count = chance(&prng, 0.3) ? 1 + (uint32_t) fr_prng_below(&prng, FR_ENTRIES_MAX)
                                               : 2 + (uint32_t) fr_prng_below(&prng, 7);
    if (chunk_count < scenario->entry_count)
        chunk_count = scenario->entry_count;
    scenario->object_bytes = chunk_count * scenario->chunk_bytes;
    scenario->is_pipe = false;
}

void fr_sim_scenario_entries(const struct fr_sim_scenario *scenario, struct fr_entry *entries) {
    uint64_t left = scenario->object_bytes / scenario->chunk_bytes;
    struct fr_prng prng;

    fr_prng_init(&prng, scenario->seed ^ 0xe27aU);
    for (uint32_t i = 0; i < scenario->entry_count; i++) {
        uint64_t others = scenario->entry_count - i - 1, even = left / (others + 1),
                 chunks = even > 1 ? between(&prng, even / 2 + 1, even) : 1;

        if (others == 0)
            chunks = left;
        left -= chunks;
        entries[i].bytes = chunks * scenario->chunk_bytes - fr_prng_below(&prng, scenario->chunk_bytes);
        snprintf(entries[i].name, sizeof entries[i].name, "%uof%u", i + 1, scenario->entry_count);
    }
}

/* ---- for people */

const char *fr_sim_fault_name(enum fr_sim_fault_type type) {
    static const char *const names[] = {"kill",     "vanish", "pause", "cut",   "cut-both", "isolate", "slow",  "lie",
                                        "refuse",   "source", "stop",  "hold",  "clog",     "reset",   "twice", "jump",
                                        "no-space", "eio",    "rot",   "boast", "bad-page", "restart"};

    static_assert(sizeof names / sizeof names[0] == FR_SIM_FAULT_TYPES, "each has a name");
    return names[type];
}

static void print_fault(const struct fr_sim_fault *fault, FILE *out) {
    fprintf(out, "  fault %s host=%u other=%u at=%.6fs", fr_sim_fault_name(fault->type), fault->host, fault->other,
            (double) fault->at / (double) FR_SECOND);
    if (fault->until != FR_TIME_NEVER)
        fprintf(out, " until=%.6fs", (double) fault->until / (double) FR_SECOND);
    fprintf(out, " amount=%.3f\n", fault->amount);
}

void fr_sim_scenario_print(const struct fr_sim_scenario *scenario, FILE *out) {
    fprintf(out, "scenario %s seed=%" PRIu64 " members=%u bytes=%" PRIu64 " chunk=%u%s delay=%.3fms jitter=%.3fms pieces=%u\n",
            scenario->label, scenario->seed, scenario->member_count, scenario->object_bytes, scenario->chunk_bytes,
            scenario->is_pipe ? " pipe" : "", (double) scenario->delay / (double) FR_MS, (double) scenario->jitter / (double) FR_MS,
            scenario->piece_bytes_max);
    if (scenario->entry_count > 0)
        fprintf(out, "  a set of %u\n", scenario->entry_count);
    for (uint32_t i = 0; scenario->group_count > 1 && i < scenario->group_count; i++) {
        const struct fr_sim_group *group = &scenario->groups[i];

        fprintf(out, "  group %u hosts=%u..%u upstream=%d%s\n", i, group->first_host, group->first_host + group->member_count - 1,
                (int) group->upstream, group->is_secondary ? " secondary" : "");
    }
    for (uint32_t i = 0; i <= scenario->member_count; i++) {
        const struct fr_sim_host_traits *host = &scenario->hosts[i];

        fprintf(out, "  host %u up=%" PRIu64 " down=%" PRIu64 " delay=%.3fms queue=%" PRIu64 " disk=%" PRIu64 "+%.3fms held=%d\n", i,
                host->up_rate, host->down_rate, (double) host->delay / (double) FR_MS, host->downlink_queue_bytes, host->store_rate,
                (double) host->store_latency / (double) FR_MS, (int) host->held);
    }
    for (uint32_t i = 0; i < scenario->fault_count; i++)
        print_fault(&scenario->faults[i], out);
}
