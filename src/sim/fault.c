/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario's faults, begun and ended at their times. */
#include "base/check.h"
#include "sim/world.h"

static const char *name_of(enum fr_sim_fault_type type) {
    switch (type) {
    case FR_SIM_FAULT_KILL: return "killed";
    case FR_SIM_FAULT_VANISH: return "vanished";
    case FR_SIM_FAULT_PAUSE: return "paused";
    case FR_SIM_FAULT_CUT:
    case FR_SIM_FAULT_CUT_BOTH: return "cut off from one";
    case FR_SIM_FAULT_ISOLATE: return "cut off from all";
    case FR_SIM_FAULT_SLOW: return "slow";
    case FR_SIM_FAULT_LIE: return "lying";
    case FR_SIM_FAULT_REFUSE: return "refusing";
    case FR_SIM_FAULT_SOURCE: return "without source";
    case FR_SIM_FAULT_STOP: return "stopped";
    }
    return "?";
}

static void cut_or_heal(struct fr_sim_network *network, uint32_t from, uint32_t to, bool is_over) {
    if (is_over)
        fr_sim_network_heal(network, from, to);
    else
        fr_sim_network_cut(network, from, to);
}

static void isolate(struct fr_sim_world *world, uint32_t host, bool is_over) {
    for (uint32_t other = 0; other < world->host_count; other++) {
        if (other == host)
            continue;
        cut_or_heal(&world->network, host, other, is_over);
        cut_or_heal(&world->network, other, host, is_over);
    }
}

static uint64_t scale(uint64_t rate, double factor) {
    uint64_t scaled = (uint64_t) ((double) rate * factor);

    return rate != 0 && scaled == 0 ? 1 : scaled;
}

static void slow_down(struct fr_sim_host *host, const struct fr_sim_host_traits *traits, double factor) {
    host->port->up_rate = scale(traits->up_rate, factor);
    host->port->down_rate = scale(traits->down_rate, factor);
}

static void kill_host(struct fr_sim_host *host, bool is_reset) {
    if (host->port->is_dead)
        return;
    fr_sim_host_die(host);
    fr_sim_port_kill(host->port, is_reset);
}

static void begin(struct fr_sim_world *world, const struct fr_sim_fault *fault, bool is_over) {
    struct fr_sim_host *host = &world->hosts[fault->host];

    fr_sim_world_tell(world, "host %u %s%s", fault->host, is_over ? "no longer " : "", name_of(fault->type));
    switch (fault->type) {
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH: kill_host(host, fault->type == FR_SIM_FAULT_KILL); break;
    case FR_SIM_FAULT_PAUSE:
        if (is_over)
            fr_sim_port_resume(host->port);
        else
            fr_sim_port_pause(host->port);
        break;
    case FR_SIM_FAULT_CUT: cut_or_heal(&world->network, fault->host, fault->other, is_over); break;
    case FR_SIM_FAULT_CUT_BOTH:
        cut_or_heal(&world->network, fault->host, fault->other, is_over);
        cut_or_heal(&world->network, fault->other, fault->host, is_over);
        break;
    case FR_SIM_FAULT_ISOLATE: isolate(world, fault->host, is_over); break;
    case FR_SIM_FAULT_SLOW: slow_down(host, &world->scenario->hosts[fault->host], is_over ? 1 : fault->amount); break;
    case FR_SIM_FAULT_LIE: host->lie_chance = is_over ? 0 : fault->amount; break;
    case FR_SIM_FAULT_REFUSE: host->is_refusing = !is_over; break;
    case FR_SIM_FAULT_SOURCE: host->source_fails_from = is_over ? UINT32_MAX : fault->other; break;
    case FR_SIM_FAULT_STOP: fr_sim_host_stop(host); break;
    }
}

static void on_trouble(struct fr_sim_event *event) {
    struct fr_sim_trouble *trouble = (struct fr_sim_trouble *) event;
    const struct fr_sim_fault *fault = trouble->fault;

    begin(trouble->world, fault, trouble->is_over);
    if (trouble->is_over || fault->until == FR_TIME_NEVER)
        return;
    trouble->is_over = true;
    fr_sim_clock_set(&trouble->world->clock, trouble->world->began_at + fault->until, event);
}

void fr_sim_trouble_set(struct fr_sim_trouble *troubles, struct fr_sim_world *world) {
    const struct fr_sim_scenario *scenario = world->scenario;

    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];

        fr_assert(fault->host < world->host_count && fault->until >= fault->at);
        troubles[i] = (struct fr_sim_trouble){.event.happen = on_trouble, .world = world, .fault = fault};
        fr_sim_clock_set(&world->clock, world->began_at + fault->at, &troubles[i].event);
    }
}
