/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual world: one scenario, its clock, network and hosts, run to its end.
 *
 *   fr_sim_scenario_draw_healthy(&scenario, seed);      or written by hand
 *   fr_sim_run(&scenario, &result);
 *   if (result.violation[0] != '\0') ...                the oracle's finding
 *   fr_sim_result_done(&result);
 *
 * The hosts run the same core as real nodes do. One scenario gives one run, whatever the machine.
 */
#ifndef FR_SIM_WORLD_H
#define FR_SIM_WORLD_H

#include "sim/fingerprint.h"
#include "sim/host.h"
#include "sim/oracle.h"
#include "sim/scenario.h"

/* Chunk bytes that were sent, by kind of edge. */
struct fr_sim_traffic {
    uint64_t down;          /* from group to group */
    uint64_t among_peers;   /* inside groups */
    uint64_t between_zones; /* of all, the origin's too */
};

struct fr_sim_trouble;

struct fr_sim_world {
    const struct fr_sim_scenario *scenario;
    struct fr_sim_clock clock;
    struct fr_prng prng;
    struct fr_sim_network network;
    struct fr_sim_object object;
    struct fr_sim_host *hosts;
    uint32_t host_count;
    struct fr_sim_oracle oracle;
    struct fr_sim_trouble *troubles;                        /* [scenario->fault_count] */
    uint32_t fault_count, fault_counts[FR_SIM_FAULT_TYPES]; /* that were met */
    struct fr_sim_fingerprint fingerprint;
    struct fr_sim_pool chores;
    struct fr_sign_key *sign_key;
    struct fr_verify_key *verify_key;
    uint8_t key_bytes[FR_KEY_BYTES];
    fr_time_ns began_at;
    fr_time_ns first_chunk_at; /* when the first chunk was given to an owner; FR_TIME_NEVER: never */
    uint32_t transfer_count;   /* that have not ended */
    fr_time_ns last_ended_at;
    struct fr_member_result *results; /* [member_count], filled when the origin's transfer ends */
    bool has_results;
    uint64_t origin_chunk_bytes;
    struct fr_sim_traffic traffic;
    uint64_t trace_counts[FR_TRACE_ENDED + 1];
};

/* Times count from the world's beginning. */
struct fr_sim_member_outcome {
    enum fr_verdict verdict; /* PENDING when the origin did not live to tell */
    char reason[FR_REASON_BYTES_MAX + 1];
    bool is_final;
    fr_time_ns finished_at, last_stored_at;
    uint32_t chunks_given;
    struct fr_member_figures figures; /* as reported to the origin */
};

struct fr_sim_result {
    char violation[FR_SIM_VIOLATION_BYTES]; /* empty: nothing was found */
    uint64_t fingerprint;
    uint64_t event_count, frame_count;
    fr_time_ns ended_at;         /* when the last transfer ended */
    fr_time_ns first_chunk_at;   /* FR_TIME_NEVER: none was given */
    fr_time_ns all_stored_at;    /* when the last chunk was stored at any member */
    uint64_t origin_chunk_bytes; /* chunk bytes that left the origin's uplink */
    struct fr_sim_traffic traffic;
    uint32_t connections_max, origin_connections_max;       /* at once, of any member; of the origin */
    uint64_t trace_counts[FR_TRACE_ENDED + 1];              /* by type */
    uint32_t fault_count, fault_counts[FR_SIM_FAULT_TYPES]; /* that were met */
    uint32_t member_count;
    struct fr_sim_member_outcome *members;
};

void fr_sim_run(const struct fr_sim_scenario *scenario, struct fr_sim_result *ret_result);
void fr_sim_result_done(struct fr_sim_result *result);

/* For the world's own rooms. */
void fr_sim_world_note(struct fr_sim_world *world, uint32_t host, const struct fr_trace *trace);
void fr_sim_world_tell(struct fr_sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A fault is met: something is different by it. Each counts once, while there are transfers; most do when they begin, a disk or a liar
 * when it is used. */
void fr_sim_world_meet(struct fr_sim_world *world, uint32_t host, enum fr_sim_fault_type type);
/* Sets the scenario's faults on the clock. (fault.c) */
struct fr_sim_trouble {
    struct fr_sim_event event;
    struct fr_sim_world *world;
    const struct fr_sim_fault *fault;
    bool is_on, is_counted;
};
void fr_sim_trouble_set(struct fr_sim_world *world);

#endif
