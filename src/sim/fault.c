/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario's faults, begun and ended at their times. */
#include "base/check.h"
#include "base/time.h"
#include "sim/world.h"

#define CLOG_SHARE 0.01

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
    case FR_SIM_FAULT_HOLD: return "cut off";
    case FR_SIM_FAULT_CLOG: return "clogged";
    case FR_SIM_FAULT_RESET: return "reset towards one";
    case FR_SIM_FAULT_TWICE: return "dialling again";
    case FR_SIM_FAULT_JUMP: return "late: its clock jumps";
    case FR_SIM_FAULT_NO_SPACE: return "without space";
    case FR_SIM_FAULT_EIO: return "with a broken disk";
    case FR_SIM_FAULT_ROT: return "reading wrong bytes";
    case FR_SIM_FAULT_BOAST: return "boasting";
    case FR_SIM_FAULT_BAD_PAGE: return "altering pages";
    case FR_SIM_FAULT_RESTART: return "dead for now";
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

static void kill_host(struct fr_sim_host *host, bool is_reset) {
    fr_sim_host_die(host);
    fr_sim_port_kill(host->port, is_reset);
}

/* false: it was dead. */
static bool fall(struct fr_sim_host *host, double kept_share) {
    if (host->port->is_dead)
        return false;
    kill_host(host, true);
    host->is_starting = true;
    fr_sim_host_keep(host, kept_share);
    return true;
}

static bool rise(struct fr_sim_host *host) {
    if (!host->is_starting)
        return false;
    host->is_starting = false;
    fr_sim_port_revive(host->port);
    return true;
}

static void hold_or_clog(struct fr_sim_world *world, const struct fr_sim_fault *fault, uint32_t from, uint32_t to, bool is_over) {
    struct fr_sim_network *network = &world->network;
    fr_time_ns until = fault->until == FR_TIME_NEVER ? FR_TIME_NEVER : world->began_at + fault->until;

    if (fault->type == FR_SIM_FAULT_HOLD)
        cut_or_heal(network, from, to, is_over);
    else if (is_over)
        fr_sim_network_unclog(network, from, to);
    else
        fr_sim_network_clog(network, from, to, CLOG_SHARE, until);
}

static void scatter(struct fr_sim_world *world, const struct fr_sim_fault *fault, bool is_over) {
    for (uint32_t from = 0; from < world->host_count; from++)
        for (uint32_t to = 0; to < world->host_count; to++)
            if (fr_sim_fault_has_path(fault, from, to))
                hold_or_clog(world, fault, from, to, is_over);
}

/* The most of all faults of this type that are on at this host; 0: none is. */
static double strongest(const struct fr_sim_world *world, uint32_t host, enum fr_sim_fault_type type) {
    double most = 0;

    for (uint32_t i = 0; i < world->scenario->fault_count; i++) {
        const struct fr_sim_trouble *trouble = &world->troubles[i];
        double amount = trouble->fault->type == FR_SIM_FAULT_SLOW ? 1 - trouble->fault->amount : trouble->fault->amount;

        if (trouble->is_on && trouble->fault->type == type && trouble->fault->host == host)
            most = amount > most ? amount : most;
    }
    return most;
}

static uint32_t count_on(const struct fr_sim_world *world, uint32_t host, enum fr_sim_fault_type type) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < world->scenario->fault_count; i++)
        count += world->troubles[i].is_on && world->troubles[i].fault->type == type && world->troubles[i].fault->host == host;
    return count;
}

static fr_time_ns slow_until(const struct fr_sim_world *world, uint32_t host) {
    fr_time_ns last = 0;

    for (uint32_t i = 0; i < world->scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = world->troubles[i].fault;

        if (world->troubles[i].is_on && fault->type == FR_SIM_FAULT_SLOW && fault->host == host)
            last = fr_time_max(last, fault->until);
    }
    return last == 0 || last == FR_TIME_NEVER ? last : world->began_at + last;
}

/* What holds at a host as long as any fault of its type is on there. */
static void settle(struct fr_sim_world *world, struct fr_sim_host *host) {
    const struct fr_sim_host_traits *traits = &world->scenario->hosts[host->index];
    double factor = 1 - strongest(world, host->index, FR_SIM_FAULT_SLOW);

    host->port->usual_up_rate = traits->up_rate;
    host->port->usual_down_rate = traits->down_rate;
    host->port->slow_until = slow_until(world, host->index);
    host->port->up_rate = scale(traits->up_rate, factor);
    host->port->down_rate = scale(traits->down_rate, factor);
    host->lie_chance = strongest(world, host->index, FR_SIM_FAULT_LIE);
    host->rot_chance = strongest(world, host->index, FR_SIM_FAULT_ROT);
    host->bad_page_chance = strongest(world, host->index, FR_SIM_FAULT_BAD_PAGE);
    host->is_boasting = count_on(world, host->index, FR_SIM_FAULT_BOAST) > 0;
    host->is_refusing = count_on(world, host->index, FR_SIM_FAULT_REFUSE) > 0;
    host->is_full = count_on(world, host->index, FR_SIM_FAULT_NO_SPACE) > 0;
    host->is_disk_broken = count_on(world, host->index, FR_SIM_FAULT_EIO) > 0;
    if (count_on(world, host->index, FR_SIM_FAULT_PAUSE) > 0)
        fr_sim_port_pause(host->port);
    else if (host->port->is_paused)
        fr_sim_port_resume(host->port);
}

static bool has_transfer(const struct fr_sim_host *host) {
    const struct fr_sim_part *part = host->parts;

    while (part != NULL && part->transfer == NULL)
        part = part->next;
    return part != NULL;
}

/* true: something changed by that. */
static bool begin(struct fr_sim_world *world, const struct fr_sim_fault *fault, bool is_over) {
    struct fr_sim_host *host = &world->hosts[fault->host];

    switch (fault->type) {
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH:
        if (host->port->is_dead)
            return false;
        kill_host(host, fault->type == FR_SIM_FAULT_KILL);
        return true;
    case FR_SIM_FAULT_RESTART: return is_over ? rise(host) : fall(host, fault->amount);
    case FR_SIM_FAULT_CUT: cut_or_heal(&world->network, fault->host, fault->other, is_over); return true;
    case FR_SIM_FAULT_CUT_BOTH:
        cut_or_heal(&world->network, fault->host, fault->other, is_over);
        cut_or_heal(&world->network, fault->other, fault->host, is_over);
        return true;
    case FR_SIM_FAULT_ISOLATE: isolate(world, fault->host, is_over); return true;
    case FR_SIM_FAULT_HOLD:
    case FR_SIM_FAULT_CLOG: scatter(world, fault, is_over); return true;
    case FR_SIM_FAULT_RESET: return !is_over && fr_sim_port_reset(host->port, fault->other);
    case FR_SIM_FAULT_TWICE:
        if (is_over)
            fr_sim_host_hang_up(host);
        return !is_over && !host->port->is_dead && fr_sim_host_dial_again(host, fault->other);
    case FR_SIM_FAULT_JUMP:
        return !is_over && has_transfer(host) && fr_sim_host_jump(host, (fr_time_ns) (fault->amount * (double) FR_SECOND));
    case FR_SIM_FAULT_STOP:
        if (!has_transfer(host))
            return false;
        fr_sim_host_stop(host);
        return true;
    case FR_SIM_FAULT_SOURCE: host->source_fails_from = is_over ? UINT32_MAX : fault->other; return false;
    case FR_SIM_FAULT_PAUSE:
    case FR_SIM_FAULT_SLOW: settle(world, host); return !host->port->is_dead;
    case FR_SIM_FAULT_LIE:
    case FR_SIM_FAULT_ROT:
    case FR_SIM_FAULT_BOAST:
    case FR_SIM_FAULT_BAD_PAGE:
    case FR_SIM_FAULT_REFUSE:
    case FR_SIM_FAULT_NO_SPACE:
    case FR_SIM_FAULT_EIO: settle(world, host); return false; /* they count when they are met */
    }
    return false;
}

static void count(struct fr_sim_trouble *trouble) {
    if (trouble->is_counted || trouble->world->transfer_count == 0)
        return;
    trouble->is_counted = true;
    trouble->world->fault_count++;
    trouble->world->fault_counts[trouble->fault->type]++;
}

void fr_sim_world_meet(struct fr_sim_world *world, uint32_t host, enum fr_sim_fault_type type) {
    for (uint32_t i = 0; i < world->scenario->fault_count; i++)
        if (world->troubles[i].is_on && world->troubles[i].fault->type == type && world->troubles[i].fault->host == host)
            count(&world->troubles[i]);
}

static void on_trouble(struct fr_sim_event *event) {
    struct fr_sim_trouble *trouble = (struct fr_sim_trouble *) event;
    const struct fr_sim_fault *fault = trouble->fault;
    bool is_over = trouble->is_on;

    if (fault->type == FR_SIM_FAULT_HOLD || fault->type == FR_SIM_FAULT_CLOG)
        fr_sim_world_tell(trouble->world, "some paths %s%s", is_over ? "no longer " : "", name_of(fault->type));
    else
        fr_sim_world_tell(trouble->world, "host %u %s%s", fault->host, is_over ? "no longer " : "", name_of(fault->type));
    trouble->is_on = !is_over;
    if (begin(trouble->world, fault, is_over) && !is_over)
        count(trouble);
    if (!is_over && fault->until != FR_TIME_NEVER)
        fr_sim_clock_set(&trouble->world->clock, trouble->world->began_at + fault->until, event);
}

void fr_sim_trouble_set(struct fr_sim_world *world) {
    const struct fr_sim_scenario *scenario = world->scenario;
    struct fr_sim_trouble *troubles = world->troubles = fr_sim_alloc(scenario->fault_count + 1, sizeof *troubles);

    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];

        fr_assert(fault->host < world->host_count && fault->until >= fault->at);
        troubles[i] = (struct fr_sim_trouble){.event.happen = on_trouble, .world = world, .fault = fault};
        fr_sim_clock_set(&world->clock, world->began_at + fault->at, &troubles[i].event);
    }
}
