/* SPDX-License-Identifier: Apache-2.0 */
/* What may be expected of a run, given its faults: who must have the object, and by when all is over. */
#include "base/prng.h"
#include "base/time.h"
#include "sim/scenario.h"

enum {
    FEW = 3,          /* so many short faults do not add up to a long one */
    RESTARTS_MAX = 3, /* who starts again so often and gains nothing is given up */
};
#define GAP (2 * FR_SECOND)

/* What is over so soon cannot be taken for a death by anybody. */
static fr_time_ns unnoticed(const struct fr_sim_scenario *scenario) {
    return fr_time_min(scenario->timing.silence / 4, scenario->timing.connect / 2);
}

static bool is_short(const struct fr_sim_scenario *scenario, const struct fr_sim_fault *fault) {
    return fault->until != FR_TIME_NEVER && fault->until - fault->at < unnoticed(scenario);
}

static fr_time_ns jump_of(const struct fr_sim_fault *fault) { return (fr_time_ns) (fault->amount * (double) FR_SECOND); }

bool fr_sim_fault_has_path(const struct fr_sim_fault *fault, uint32_t from, uint32_t to) {
    struct fr_prng prng;

    fr_prng_init(&prng, (uint64_t) fault->other << 32 ^ (uint64_t) from << 16 ^ to);
    return from != to && fr_prng_unit(&prng) < fault->amount;
}

/* Does it come between this host and the origin? */
static bool parts_from_origin(const struct fr_sim_fault *fault, uint32_t host) {
    if (fault->type == FR_SIM_FAULT_HOLD)
        return fr_sim_fault_has_path(fault, host, 0) || fr_sim_fault_has_path(fault, 0, host);
    return (fault->host == host && fault->other == 0) || (fault->host == 0 && fault->other == host);
}

static bool keeps_away(const struct fr_sim_fault *fault, uint32_t host) {
    switch (fault->type) {
    case FR_SIM_FAULT_PAUSE:
    case FR_SIM_FAULT_ISOLATE: return fault->host == host || fault->host == 0;
    case FR_SIM_FAULT_CUT:
    case FR_SIM_FAULT_CUT_BOTH:
    case FR_SIM_FAULT_HOLD: return parts_from_origin(fault, host);
    case FR_SIM_FAULT_JUMP:
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH:
    case FR_SIM_FAULT_SLOW:
    case FR_SIM_FAULT_LIE:
    case FR_SIM_FAULT_REFUSE:
    case FR_SIM_FAULT_SOURCE:
    case FR_SIM_FAULT_STOP:
    case FR_SIM_FAULT_CLOG:
    case FR_SIM_FAULT_RESET:
    case FR_SIM_FAULT_TWICE:
    case FR_SIM_FAULT_NO_SPACE:
    case FR_SIM_FAULT_EIO:
    case FR_SIM_FAULT_ROT:
    case FR_SIM_FAULT_BOAST:
    case FR_SIM_FAULT_BAD_PAGE:
    case FR_SIM_FAULT_RESTART: return false;
    }
    return false;
}

/* Until when host and origin are apart if they are so at `from`, taking absences with less than GAP between them for one: a first segment
 * that was lost is repeated after a second, and two more. */
static fr_time_ns away_until(const struct fr_sim_scenario *scenario, uint32_t host, fr_time_ns from) {
    fr_time_ns end = from;
    bool is_longer = true;

    while (is_longer) {
        is_longer = false;
        for (uint32_t i = 0; i < scenario->fault_count; i++) {
            const struct fr_sim_fault *fault = &scenario->faults[i];

            if (!keeps_away(fault, host) || fault->at < from || fault->at > end + GAP || fault->until <= end || !is_short(scenario, fault))
                continue;
            end = fault->until;
            is_longer = true;
        }
    }
    return end;
}

/* Many short absences may be a long one together: while the origin tries to reach it for the first time, and later when it is taken for
 * dead. */
static bool is_away_for_long(const struct fr_sim_scenario *scenario, uint32_t host) {
    fr_time_ns reached_at = GAP + 20 * scenario->delay;

    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];
        fr_time_ns limit = fault->at < reached_at ? unnoticed(scenario) : scenario->timing.silence / 2;

        if (keeps_away(fault, host) && is_short(scenario, fault) && away_until(scenario, host, fault->at) - fault->at >= limit)
            return true;
    }
    return false;
}

static uint32_t count_restarts(const struct fr_sim_scenario *scenario, uint32_t host) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < scenario->fault_count; i++)
        count += scenario->faults[i].type == FR_SIM_FAULT_RESTART && scenario->faults[i].host == host;
    return count;
}

static bool is_touched(const struct fr_sim_scenario *scenario, const struct fr_sim_fault *fault, uint32_t host) {
    bool is_own = fault->host == host;

    switch (fault->type) {
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH:
    case FR_SIM_FAULT_STOP:
    case FR_SIM_FAULT_SOURCE: return is_own || fault->host == 0; /* without an origin nobody needs to finish */
    case FR_SIM_FAULT_PAUSE:
    case FR_SIM_FAULT_ISOLATE: return !is_short(scenario, fault) && (is_own || fault->host == 0);
    case FR_SIM_FAULT_CUT:
    case FR_SIM_FAULT_CUT_BOTH:
        /* Between two members the others help out; between a member and the origin nobody can tell it from death. */
    case FR_SIM_FAULT_HOLD: return !is_short(scenario, fault) && parts_from_origin(fault, host);
    case FR_SIM_FAULT_RESET:
    case FR_SIM_FAULT_TWICE: return parts_from_origin(fault, host);
    case FR_SIM_FAULT_JUMP: return jump_of(fault) >= unnoticed(scenario) && (is_own || fault->host == 0);
    case FR_SIM_FAULT_LIE:
    case FR_SIM_FAULT_ROT:
    case FR_SIM_FAULT_BAD_PAGE:
    case FR_SIM_FAULT_BOAST: return is_own || fault->host == 0; /* whoever lies is left alone */
    case FR_SIM_FAULT_REFUSE:
    case FR_SIM_FAULT_NO_SPACE:
    case FR_SIM_FAULT_EIO: return is_own;
    case FR_SIM_FAULT_RESTART: return is_own && (!is_short(scenario, fault) || count_restarts(scenario, host) > RESTARTS_MAX);
    case FR_SIM_FAULT_SLOW:
    case FR_SIM_FAULT_CLOG: return false;
    }
    return false;
}

static bool is_mentioned(const struct fr_sim_scenario *scenario, uint32_t host) {
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];

        bool is_everywhere = fault->type == FR_SIM_FAULT_HOLD || fault->type == FR_SIM_FAULT_CLOG;

        if (fault->host == host || (!is_everywhere && fault->other == host) || (is_everywhere && !is_short(scenario, fault)))
            return true;
    }
    return false;
}

static const struct fr_sim_group *group_of(const struct fr_sim_scenario *scenario, uint32_t host) {
    const struct fr_sim_group *group = scenario->groups;

    while (host >= group->first_host + group->member_count)
        group++;
    return group;
}

/* A pipe's origin lets go of what two members of the first group have: from then on only these can help a late one, and those below have it
 * from them. Two losses may be one too many; in a first group of the lost and the late nobody is left who could help. */
static bool has_helper(const struct fr_sim_scenario *scenario, uint32_t host) {
    for (uint32_t other = 1; other <= scenario->member_count; other++) {
        if (other != host && group_of(scenario, other)->upstream == FR_SIM_ORIGIN && !is_mentioned(scenario, other))
            return true;
    }
    return false;
}

static bool is_loss(const struct fr_sim_scenario *scenario, const struct fr_sim_fault *fault) {
    switch (fault->type) {
    case FR_SIM_FAULT_SLOW:
    case FR_SIM_FAULT_CLOG: return false;
    case FR_SIM_FAULT_RESET: /* from then on the two have nothing of each other, or may have */
    case FR_SIM_FAULT_TWICE: return fault->host == 0 || fault->other == 0;
    case FR_SIM_FAULT_JUMP: return jump_of(fault) >= unnoticed(scenario);
    case FR_SIM_FAULT_LIE: /* its peers have no more of it, however short it was */
    case FR_SIM_FAULT_ROT:
    case FR_SIM_FAULT_BOAST:
    case FR_SIM_FAULT_BAD_PAGE:
    case FR_SIM_FAULT_NO_SPACE:
    case FR_SIM_FAULT_EIO:
    case FR_SIM_FAULT_RESTART: return true;
    case FR_SIM_FAULT_KILL:
    case FR_SIM_FAULT_VANISH:
    case FR_SIM_FAULT_PAUSE:
    case FR_SIM_FAULT_CUT:
    case FR_SIM_FAULT_CUT_BOTH:
    case FR_SIM_FAULT_ISOLATE:
    case FR_SIM_FAULT_REFUSE:
    case FR_SIM_FAULT_SOURCE:
    case FR_SIM_FAULT_STOP:
    case FR_SIM_FAULT_HOLD: return !is_short(scenario, fault);
    }
    return true;
}

/* Faults after which a host's copies cannot be counted on. */
static uint32_t count_losses(const struct fr_sim_scenario *scenario) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < scenario->fault_count; i++)
        count += is_loss(scenario, &scenario->faults[i]);
    return count;
}

static bool is_touched_at_all(const struct fr_sim_scenario *scenario, uint32_t host) {
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        if (is_touched(scenario, &scenario->faults[i], host))
            return true;
    }
    return scenario->fault_count > FEW && is_away_for_long(scenario, host);
}

bool fr_sim_scenario_excuses(const struct fr_sim_scenario *scenario, uint32_t host) {
    uint32_t losses = count_losses(scenario);

    if (scenario->is_pipe && (losses > 1 || (losses == 1 && !has_helper(scenario, host))))
        return true;
    return is_touched_at_all(scenario, host);
}

fr_time_ns fr_sim_scenario_estimate(const struct fr_sim_scenario *scenario) {
    uint64_t rate = 0;

    for (uint32_t i = 0; i <= scenario->member_count; i++) {
        uint64_t up = scenario->hosts[i].up_rate, down = scenario->hosts[i].down_rate;

        rate = up != 0 && (rate == 0 || up < rate) ? up : rate;
        rate = down != 0 && (rate == 0 || down < rate) ? down : rate;
    }
    return rate == 0 ? 0 : (fr_time_ns) ((double) scenario->object_bytes * (double) FR_SECOND / (double) rate);
}

/* How often the object has to be whole somewhere before it goes on: at the origin never, and above each secondary group. */
static uint32_t count_stages(const struct fr_sim_scenario *scenario) {
    uint32_t most = 1;

    for (uint32_t i = 0; i < scenario->group_count; i++) {
        uint32_t stages = 1;

        for (uint32_t group = i; group != FR_SIM_ORIGIN; group = scenario->groups[group].upstream)
            stages += scenario->groups[group].is_secondary;
        most = stages > most ? stages : most;
    }
    return most;
}

fr_time_ns fr_sim_scenario_finish_max(const struct fr_sim_scenario *scenario) {
    const struct fr_timing *timing = &scenario->timing;
    fr_time_ns detection = timing->silence + timing->connect + scenario->handshake_timeout; /* who fell silent is replaced */

    if (scenario->group_count > 1) /* and so may a member be that came in the place of one */
        detection += timing->silence;
    return scenario->heal_at + 3 * count_stages(scenario) * fr_sim_scenario_estimate(scenario) + detection + 100 * scenario->delay;
}

/* Bytes of a pipe that nobody has any more are given up by one group after the other. */
static fr_time_ns given_up_in_turn(const struct fr_sim_scenario *scenario) {
    return scenario->is_pipe && count_losses(scenario) > 0 ? 6 * scenario->group_count * scenario->timing.silence : 0;
}

static fr_time_ns end_when_healed(const struct fr_sim_scenario *scenario) {
    const struct fr_timing *timing = &scenario->timing;

    return fr_sim_scenario_finish_max(scenario) + 8 * timing->silence + 2 * timing->linger + 60 * FR_SECOND +
        (scenario->group_count > 1 ? 16 * timing->silence : 0) + given_up_in_turn(scenario);
}

fr_time_ns fr_sim_scenario_time_max(const struct fr_sim_scenario *scenario) {
    const struct fr_timing *timing = &scenario->timing;
    fr_time_ns limit = timing->connect + 4 * timing->silence + 2 * timing->linger + 60 * FR_SECOND;
    double slowest = 1;

    if (scenario->heal_at != FR_TIME_NEVER)
        return end_when_healed(scenario);
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct fr_sim_fault *fault = &scenario->faults[i];

        limit += fault->until == FR_TIME_NEVER ? fault->at : fault->until;
        if (fault->type == FR_SIM_FAULT_SLOW)
            slowest = slowest * fault->amount;
    }
    limit += scenario->source_from;
    if (scenario->group_count > 1) /* who was never called waits long among peers, and then the origin for word of it */
        limit += 20 * timing->silence;
    limit += given_up_in_turn(scenario);
    return limit + (fr_time_ns) ((double) (4 * fr_sim_scenario_estimate(scenario)) / slowest) + 100 * scenario->delay;
}

uint64_t fr_sim_scenario_events_max(const struct fr_sim_scenario *scenario) {
    uint64_t members = scenario->member_count;
    uint64_t chunks = scenario->object_bytes / scenario->chunk_bytes + 1;
    uint64_t seconds = fr_sim_scenario_time_max(scenario) / FR_SECOND;

    return 10000 + 60 * members * chunks + 400 * members * members + (10 + members) * members * seconds;
}
