/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to a scenario, and from its result to a few numbers. */
#include "rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "sim/world.h"

enum { DELAY_US = 500, WARM_UP_ROUNDS = 40, WARM_UP_LEAST_S = 5 };

/* Zones by number; "" is one too. */
static uint32_t number_zone(const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t place, const char **zones, uint32_t *count) {
    const char *zone = nodes->specs[plan->members[place]].zone;
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(zones[i], zone) == 0)
            return i;
    zones[*count] = zone;
    return (*count)++;
}

static void lay_hosts(struct fr_sim_scenario *scenario, const struct fr_plan *plan, const struct fr_nodes *nodes,
                      const struct cli_rehearsal_options *options) {
    const char **zones = fr_sim_alloc(plan->member_count + 1, sizeof *zones);
    uint32_t zone_count = 0;
    scenario->hosts[0].up_rate = scenario->hosts[0].down_rate = options->up_rate;
    for (uint32_t place = 0; place < plan->member_count; place++) {
        const struct fr_node_spec *spec = &nodes->specs[plan->members[place]];
        struct fr_sim_host_traits *host = &scenario->hosts[place + 1];
        host->up_rate = spec->up_rate;
        host->down_rate = spec->down_rate;
        host->zone = 1 + number_zone(plan, nodes, place, zones, &zone_count);
    }
    /* The origin is where the first group is, as far as anybody knows. */
    scenario->hosts[0].zone = scenario->hosts[1].zone;
    free(zones);
}

static void lay_groups(struct fr_sim_scenario *scenario, const struct fr_plan *plan) {
    free(scenario->groups);
    scenario->group_count = plan->group_count;
    scenario->groups = fr_sim_alloc(plan->group_count, sizeof *scenario->groups);
    for (uint32_t i = 0; i < plan->group_count; i++)
        scenario->groups[i] = (struct fr_sim_group){
            .first_host = plan->groups[i].first_member + 1,
            .member_count = plan->groups[i].member_count,
            .upstream = plan->groups[i].upstream == FR_GROUP_ORIGIN ? FR_SIM_ORIGIN : plan->groups[i].upstream,
            .is_secondary = plan->groups[i].is_secondary,
            .adopts = plan->groups[i].adopts == FR_GROUP_ORIGIN ? FR_SIM_ORIGIN : plan->groups[i].adopts,
            .shift = plan->groups[i].shift};
}

static void lay(struct fr_sim_scenario *scenario, const struct fr_plan *plan, const struct fr_nodes *nodes,
                const struct cli_rehearsal_options *options) {
    fr_sim_scenario_init(scenario, options->seed, plan->member_count, 0, plan->chunk_bytes, 0);
    scenario->object_bytes = plan->object_bytes;
    scenario->delay = options->delay ? options->delay : DELAY_US * FR_US;
    scenario->check_every = 0;
    lay_hosts(scenario, plan, nodes, options);
    lay_groups(scenario, plan);
    if (options->is_warm)
        scenario->source_from = WARM_UP_LEAST_S * FR_SECOND + WARM_UP_ROUNDS * plan->level_count * scenario->delay;
}

static int compare_times(const void *a, const void *b) {
    fr_time_ns x = *(const fr_time_ns *) a, y = *(const fr_time_ns *) b;
    return x < y ? -1 : x > y;
}

/* When so many of a thousand were done. */
static double part_of(const fr_time_ns *times, uint32_t count, uint32_t thousandths, fr_time_ns from) {
    uint32_t rank = (uint32_t) (((uint64_t) count * thousandths + 999) / 1000);
    return count == 0 ? -1 : (double) fr_time_since(times[rank > 0 ? rank - 1 : 0], from) / (double) FR_SECOND;
}

static void sum_up(const struct fr_sim_result *result, bool is_warm, struct cli_rehearsal *rehearsal) {
    fr_time_ns *times = fr_sim_alloc(result->member_count, sizeof *times);
    fr_time_ns from = is_warm && result->first_chunk_at != FR_TIME_NEVER ? result->first_chunk_at : 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < result->member_count; i++)
        if (result->members[i].is_final)
            times[count++] = result->members[i].finished_at;
    if (count > 0)
        qsort(times, count, sizeof *times, compare_times);
    *rehearsal = (struct cli_rehearsal){
        .complete_count = count,
        .last_seconds = part_of(times, count, 1000, from),
        .p50_seconds = part_of(times, count, 500, from),
        .p99_seconds = part_of(times, count, 990, from),
        .p999_seconds = part_of(times, count, 999, from),
        .first_chunk_seconds = result->first_chunk_at == FR_TIME_NEVER ? -1 : (double) result->first_chunk_at / (double) FR_SECOND,
        .origin_bytes = result->origin_chunk_bytes,
        .down_bytes = result->traffic.down,
        .peer_bytes = result->traffic.among_peers,
        .zone_bytes = result->traffic.between_zones,
        .connections_max = result->connections_max,
        .origin_connections_max = result->origin_connections_max,
        .event_count = result->event_count,
        .fingerprint = result->fingerprint,
    };
    free(times);
}

int cli_rehearse(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct cli_rehearsal_options *options,
                 struct cli_rehearsal *ret_rehearsal) {
    struct fr_sim_scenario scenario;
    struct fr_sim_result result;
    int status = 0;
    lay(&scenario, plan, nodes, options);
    fr_sim_run(&scenario, &result);
    if (result.violation[0] != '\0') {
        cli_say("the simulation found a mistake of this program: %s", result.violation);
        status = -1;
    }
    sum_up(&result, options->is_warm, ret_rehearsal);
    fr_sim_result_done(&result);
    fr_sim_scenario_done(&scenario);
    return status;
}
