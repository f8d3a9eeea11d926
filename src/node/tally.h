/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a push: made from what the transfer knows of each member, again and again while it runs, and at its end. */
#ifndef FR_NODE_TALLY_H
#define FR_NODE_TALLY_H

#include <fastreplica/observe.h>
#include <fastreplica/plan.h>

#include "core/transfer.h"

enum { FR_TALLY_FAULTS_MAX = 100 }; /* sentences kept; further ones are only counted */

struct fr_tally;

struct fr_tally_options {
    const char *object_name; /* borrowed, like nodes */
    uint64_t object_bytes;   /* FR_BYTES_UNKNOWN for a pipe */
    uint32_t chunk_bytes;
    uint32_t entry_count; /* of a set */
    const struct fr_nodes *nodes;
    uint64_t up_rate;           /* for the bound of a pipe, whose size the plan did not know */
    const struct fr_plan *plan; /* borrowed as well: which node is which member of which group */
};

int fr_tally_new(const struct fr_tally_options *options, struct fr_tally **ret_tally); /* 0 or FR_E_MEMORY */
void fr_tally_free(struct fr_tally *tally);                                            /* NULL allowed */

/* The push begins now: times count from here. */
void fr_tally_begin(struct fr_tally *tally, fr_time_ns now);
/* Somebody did wrong. The same sentence is kept once. */
void fr_tally_add_fault(struct fr_tally *tally, const char *sentence);
/* Take the transfer's figures over into the report. */
void fr_tally_update(struct fr_tally *tally, const struct fr_transfer *transfer, uint64_t origin_bytes_read, fr_time_ns now);
/* The push as a whole failed here. */
void fr_tally_fail(struct fr_tally *tally, const struct fr_failure *failure);
/* Nothing more will change: members that are still pending have failed, for this reason. */
void fr_tally_finish(struct fr_tally *tally, const char *why, fr_time_ns now);

const struct fr_report *fr_tally_report(const struct fr_tally *tally); /* valid until freed */

#endif
