/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out in the simulator, and what came of it. */
#ifndef CLI_REHEARSAL_H
#define CLI_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/plan.h>

struct cli_rehearsal_options {
    uint64_t up_rate; /* the origin's, bytes a second, each way */
    fr_time_ns delay; /* one way, between any two; 0: half a millisecond, as the plan has it */
    uint32_t seed;
    bool is_warm; /* the source yields nothing before all links are open, and times count from the first chunk */
};

/* Seconds from the beginning (is_warm: from the first chunk) until so many of those that completed were complete. */
struct cli_rehearsal {
    uint32_t complete_count;
    double last_seconds, p50_seconds, p99_seconds, p999_seconds;
    double first_chunk_seconds; /* from the beginning, always */
    uint64_t origin_bytes, down_bytes, peer_bytes, zone_bytes;
    uint32_t connections_max, origin_connections_max;
    uint64_t event_count, fingerprint;
};

/* nodes: the list the plan was made from, with all rates. Returns 0, or -1 after saying what is wrong. */
int cli_rehearse(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct cli_rehearsal_options *options,
                 struct cli_rehearsal *ret_rehearsal);

#endif
