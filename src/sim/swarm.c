/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios with a great many faults. Each seed says first which faults exist in its run and how often: a run in which everything breaks
 * a little hides what many resets, or pauses alone, would show.
 *
 *   mild      most: over before anybody could take them for a death. They excuse nobody.
 *   serious   three at most: deaths, long absences, liars, disks that fail. Whom they excuse is in expect.c.
 *
 * All that heals has healed at heal_at.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/prng.h"
#include "base/time.h"
#include "sim/scenario.h"

enum { MILD_MIN = 12, MILD_MAX = 90, SERIOUS_MAX = 3, WEIGHT_MAX = 8 };

static const enum fr_sim_fault_type mild_types[] = {
    FR_SIM_FAULT_PAUSE, FR_SIM_FAULT_CUT,  FR_SIM_FAULT_CUT_BOTH, FR_SIM_FAULT_ISOLATE, FR_SIM_FAULT_SLOW,
    FR_SIM_FAULT_HOLD,  FR_SIM_FAULT_CLOG, FR_SIM_FAULT_RESET,    FR_SIM_FAULT_TWICE,   FR_SIM_FAULT_JUMP,
};
static const enum fr_sim_fault_type serious_types[] = {
    FR_SIM_FAULT_KILL,     FR_SIM_FAULT_VANISH,   FR_SIM_FAULT_PAUSE, FR_SIM_FAULT_CUT,    FR_SIM_FAULT_CUT_BOTH,
    FR_SIM_FAULT_ISOLATE,  FR_SIM_FAULT_HOLD,     FR_SIM_FAULT_LIE,   FR_SIM_FAULT_ROT,    FR_SIM_FAULT_BOAST,
    FR_SIM_FAULT_BAD_PAGE, FR_SIM_FAULT_NO_SPACE, FR_SIM_FAULT_EIO,   FR_SIM_FAULT_REFUSE, FR_SIM_FAULT_STOP,
    FR_SIM_FAULT_SOURCE,   FR_SIM_FAULT_RESET,    FR_SIM_FAULT_TWICE, FR_SIM_FAULT_JUMP,
};
enum { MILD_TYPES = sizeof mild_types / sizeof mild_types[0], SERIOUS_TYPES = sizeof serious_types / sizeof serious_types[0] };

/* Which faults exist, by their weight. */
struct mix {
    uint32_t mild[MILD_TYPES], serious[SERIOUS_TYPES];
};

static uint64_t between(struct fr_prng *prng, uint64_t low, uint64_t high) { return low + fr_prng_below(prng, high - low + 1); }

static bool chance(struct fr_prng *prng, double probability) { return fr_prng_unit(prng) < probability; }

/* Its logarithm is about uniform. */
static fr_time_ns spread_ms(struct fr_prng *prng, uint64_t low, uint64_t high) {
    uint64_t top = low;

    while (top < high && chance(prng, 0.8))
        top *= 2;
    return between(prng, low, top < high ? top : high) * FR_MS;
}

static void draw_weights(struct fr_prng *prng, uint32_t *weights, uint32_t count) {
    uint32_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        weights[i] = chance(prng, 0.5) ? (uint32_t) between(prng, 1, WEIGHT_MAX) : 0;
        sum += weights[i];
    }
    if (sum == 0)
        weights[fr_prng_below(prng, count)] = 1;
}

static uint32_t pick(struct fr_prng *prng, const uint32_t *weights, uint32_t count) {
    uint32_t sum = 0, i = 0;
    uint64_t at;

    for (uint32_t j = 0; j < count; j++)
        sum += weights[j];
    for (at = fr_prng_below(prng, sum); at >= weights[i]; i++)
        at -= weights[i];
    return i;
}

/* Mostly so large that faults come in the middle of it. */
static void draw_size(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    if (chance(prng, 0.8))
        scenario->object_bytes = scenario->chunk_bytes * between(prng, 40, 300) - fr_prng_below(prng, scenario->chunk_bytes);
}

static void draw_timing(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    if (chance(prng, 0.4))
        return;
    scenario->timing.silence = between(prng, 6000, 20000) * FR_MS;
    scenario->timing.connect = between(prng, 3000, 8000) * FR_MS;
    scenario->timing.patience = between(prng, 200, 1000) * FR_MS;
    scenario->timing.linger = between(prng, 3000, 15000) * FR_MS;
    scenario->page_ahead_max = (uint32_t) between(prng, 1, 4);
}

/* ---- faults */

static fr_time_ns draw_moment(const struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    fr_time_ns span = fr_sim_scenario_estimate(scenario) * 3 / 2 + 12 * scenario->delay + 100 * FR_MS;

    return chance(prng, 0.02) ? 0 : fr_prng_below(prng, span);
}

/* Two of one group, the one that dials first; false: there are none at this host. */
static bool draw_peers(const struct fr_sim_scenario *scenario, struct fr_prng *prng, struct fr_sim_fault *fault) {
    const struct fr_sim_group *group = scenario->groups;
    uint32_t other;

    if (fault->host == 0)
        return false;
    while (fault->host >= group->first_host + group->member_count)
        group++;
    if (group->member_count == 1)
        return false;
    other = group->first_host + (uint32_t) fr_prng_below(prng, group->member_count - 1);
    other += other >= fault->host;
    fault->other = other < fault->host ? other : fault->host;
    fault->host = other < fault->host ? fault->host : other;
    return true;
}

static void draw_place(const struct fr_sim_scenario *scenario, struct fr_prng *prng, struct fr_sim_fault *fault) {
    fault->host = chance(prng, 0.03) ? 0 : (uint32_t) between(prng, 1, scenario->member_count);
    fault->other = (uint32_t) between(prng, 0, scenario->member_count - 1);
    fault->other += fault->other >= fault->host;
}

static void scatter(struct fr_prng *prng, struct fr_sim_fault *fault) {
    fault->host = 0;
    fault->other = (uint32_t) fr_prng_next(prng);
    fault->amount = 0.02 + 0.3 * fr_prng_unit(prng);
}

static void draw_mild(struct fr_sim_scenario *scenario, struct fr_prng *prng, const struct mix *mix) {
    struct fr_sim_fault fault = {.type = mild_types[pick(prng, mix->mild, MILD_TYPES)], .at = draw_moment(scenario, prng)};
    uint64_t short_ms = fr_time_min(scenario->timing.silence / 4, scenario->timing.connect / 2) / FR_MS - 1;
    bool has_no_peers;

    draw_place(scenario, prng, &fault);
    has_no_peers = (fault.type == FR_SIM_FAULT_RESET || fault.type == FR_SIM_FAULT_TWICE) && !draw_peers(scenario, prng, &fault);
    if (has_no_peers)
        fault.type = FR_SIM_FAULT_SLOW;
    fault.until = fault.at + spread_ms(prng, 5, fault.type == FR_SIM_FAULT_SLOW || fault.type == FR_SIM_FAULT_CLOG ? 5000 : short_ms);
    if (fault.type == FR_SIM_FAULT_SLOW)
        fault.amount = chance(prng, 0.5) ? 0.01 : 0.01 + 0.5 * fr_prng_unit(prng);
    if (fault.type == FR_SIM_FAULT_HOLD || fault.type == FR_SIM_FAULT_CLOG)
        scatter(prng, &fault);
    if (fault.type == FR_SIM_FAULT_JUMP)
        fault.amount = (double) (fault.until - fault.at) / (double) FR_SECOND;
    if (fault.type == FR_SIM_FAULT_JUMP || fault.type == FR_SIM_FAULT_RESET)
        fault.until = FR_TIME_NEVER;
    fr_sim_scenario_add_fault(scenario, &fault);
}

static void draw_serious(struct fr_sim_scenario *scenario, struct fr_prng *prng, const struct mix *mix) {
    struct fr_sim_fault fault = {
        .type = serious_types[pick(prng, mix->serious, SERIOUS_TYPES)], .at = draw_moment(scenario, prng), .until = FR_TIME_NEVER};

    draw_place(scenario, prng, &fault);
    switch (fault.type) {
    case FR_SIM_FAULT_PAUSE:
    case FR_SIM_FAULT_CUT:
    case FR_SIM_FAULT_CUT_BOTH:
    case FR_SIM_FAULT_ISOLATE: fault.until = fault.at + spread_ms(prng, 2000, 60000); break;
    case FR_SIM_FAULT_HOLD:
        scatter(prng, &fault);
        fault.amount /= 4;
        fault.until = fault.at + spread_ms(prng, 2000, 60000);
        break;
    case FR_SIM_FAULT_LIE:
    case FR_SIM_FAULT_ROT:
    case FR_SIM_FAULT_BAD_PAGE: fault.amount = chance(prng, 0.5) ? 1 : 0.02 + 0.3 * fr_prng_unit(prng); break;
    case FR_SIM_FAULT_SOURCE:
        fault.host = 0;
        fault.at = 0;
        fault.other = (uint32_t) fr_prng_below(prng, 8);
        break;
    case FR_SIM_FAULT_TWICE:
        fault.host = 0;
        fault.other = (uint32_t) between(prng, 1, scenario->member_count);
        fault.until = fault.at + spread_ms(prng, 10, 20000);
        break;
    case FR_SIM_FAULT_RESET:
        if (chance(prng, 0.5) && fault.host != 0)
            fault.other = 0;
        break;
    case FR_SIM_FAULT_JUMP: fault.amount = (double) spread_ms(prng, 2000, 100000) / (double) FR_SECOND; break;
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH:
    case FR_SIM_FAULT_SLOW:
    case FR_SIM_FAULT_REFUSE:
    case FR_SIM_FAULT_STOP:
    case FR_SIM_FAULT_CLOG:
    case FR_SIM_FAULT_NO_SPACE:
    case FR_SIM_FAULT_EIO:
    case FR_SIM_FAULT_BOAST:
    case FR_SIM_FAULT_RESTART: break;
    }
    fr_sim_scenario_add_fault(scenario, &fault);
}

static fr_time_ns last_change(const struct fr_sim_scenario *scenario) {
    fr_time_ns last = 0;

    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];

        last = fr_time_max(last, fault->until == FR_TIME_NEVER ? fault->at : fault->until);
    }
    return last;
}

void fr_sim_scenario_draw_swarm(struct fr_sim_scenario *scenario, uint64_t seed) {
    struct fr_prng prng;
    struct mix mix;
    uint32_t mild_count, serious_count;

    fr_sim_scenario_draw_healthy(scenario, seed);
    fr_prng_init(&prng, seed ^ 0x5a42u);
    draw_size(scenario, &prng);
    if (chance(&prng, 0.1))
        scenario->piece_bytes_max = 1;
    draw_timing(scenario, &prng);
    if (chance(&prng, 0.5))
        fr_sim_scenario_draw_tree(scenario);
    if (chance(&prng, scenario->group_count > 1 ? 0.2 : 0.02))
        fr_sim_scenario_draw_harsh(scenario);
    snprintf(scenario->label, sizeof scenario->label, "swarm");
    draw_weights(&prng, mix.mild, MILD_TYPES);
    draw_weights(&prng, mix.serious, SERIOUS_TYPES);
    mild_count = (uint32_t) between(&prng, MILD_MIN, MILD_MAX);
    serious_count = scenario->fault_count > 0 || chance(&prng, 0.4) ? 0 : (uint32_t) between(&prng, 1, SERIOUS_MAX);
    for (uint32_t i = 0; i < serious_count; i++)
        draw_serious(scenario, &prng, &mix);
    for (uint32_t i = 0; i < mild_count && scenario->fault_count < FR_SIM_FAULTS_MAX; i++)
        draw_mild(scenario, &prng, &mix);
    scenario->heal_at = last_change(scenario);
}

static void draw_restart(struct fr_sim_scenario *scenario, struct fr_prng *prng) {
    fr_time_ns unnoticed = fr_time_min(scenario->timing.silence / 4, scenario->timing.connect / 2);
    struct fr_sim_fault fault = {
        .type = FR_SIM_FAULT_RESTART,
        .at = draw_moment(scenario, prng),
        .host = (uint32_t) between(prng, 1, scenario->member_count),
        .amount = chance(prng, 0.6) ? 1
            : chance(prng, 0.5)     ? 0
                                    : fr_prng_unit(prng),
    };

    fault.until = fault.at + spread_ms(prng, 5, chance(prng, 0.9) ? unnoticed / FR_MS - 1 : 20000);
    fr_sim_scenario_add_fault(scenario, &fault);
}

void fr_sim_scenario_draw_restarts(struct fr_sim_scenario *scenario, uint64_t seed) {
    struct fr_prng prng;
    struct mix mix;
    uint32_t restart_count, mild_count;

    fr_sim_scenario_draw_healthy(scenario, seed);
    fr_prng_init(&prng, seed ^ 0x7e57u);
    draw_size(scenario, &prng);
    draw_timing(scenario, &prng);
    if (chance(&prng, 0.5))
        fr_sim_scenario_draw_tree(scenario);
    snprintf(scenario->label, sizeof scenario->label, "restarts");
    draw_weights(&prng, mix.mild, MILD_TYPES);
    restart_count = (uint32_t) between(&prng, 1, 12);
    mild_count = chance(&prng, 0.5) ? 0 : (uint32_t) between(&prng, 1, MILD_MIN);
    for (uint32_t i = 0; i < restart_count; i++)
        draw_restart(scenario, &prng);
    for (uint32_t i = 0; i < mild_count; i++)
        draw_mild(scenario, &prng, &mix);
    scenario->heal_at = last_change(scenario);
}
