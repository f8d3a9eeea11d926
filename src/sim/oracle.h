/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge of a virtual push. It sees what the core asks for and reports, knows what is true, and stops the world at the first
 * thing that must never be.
 *
 *   safety     only the right bytes are stored, once; nothing is made final before all of it is stored; only the owner of a chunk
 *              pushes it in its group, and only the group above hands it down; whoever had the object before is given none of it;
 *              a group of the secondary tier none before its feeder has all; a chunk has reached a group when its owner has it,
 *              of a pipe another member too; a chunk is sent only from where it is; at most two are under way on a link; a
 *              verdict `complete` is true
 *   liveness   every host that nothing excuses has the object in the end; every transfer ends, in bounded time and events
 */
#ifndef FR_SIM_ORACLE_H
#define FR_SIM_ORACLE_H

#include "base/bitset.h"
#include "core/transfer.h"
#include "sim/object.h"
#include "sim/scenario.h"

enum { FR_SIM_VIOLATION_BYTES = 400 };

/* What the judge keeps of one member. */
struct fr_sim_record {
    struct fr_bitset given; /* whoever feeds its group made it the owner of these */
    uint32_t group;
    struct fr_bitset stored;        /* verified copies on its disk */
    struct fr_bitset stored_before; /* that a process which is no more had stored, and may have told others of */
    struct fr_bitset reported;      /* it said it had stored these */
    bool is_holder;                 /* had the same object before */
    bool is_final;                  /* has it under the final name */
};

struct fr_sim_oracle {
    const struct fr_sim_scenario *scenario; /* borrowed, as the object */
    const struct fr_sim_object *object;
    struct fr_sim_record *records; /* [member_count] */
    bool is_broken;
    char violation[FR_SIM_VIOLATION_BYTES]; /* the first */
    fr_time_ns now;                         /* kept by the world, for messages */
};

void fr_sim_oracle_init(struct fr_sim_oracle *oracle, const struct fr_sim_scenario *scenario, const struct fr_sim_object *object);
void fr_sim_oracle_done(struct fr_sim_oracle *oracle);

/* Something that must never be has happened. Only the first is kept. */
void fr_sim_oracle_fail(struct fr_sim_oracle *oracle, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* member: a node, counted over all groups, or FR_SIM_ORIGIN for the origin; so everywhere here. */
void fr_sim_oracle_on_trace(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_trace *trace);
/* A store is about to say this. */
void fr_sim_oracle_on_store(struct fr_sim_oracle *oracle, uint32_t member, fr_chunk_index chunk, struct fr_sim_token token,
                            const struct fr_digest *expected, enum fr_store_outcome outcome);
void fr_sim_oracle_on_restart(struct fr_sim_oracle *oracle, uint32_t member); /* its process knows nothing any more */
void fr_sim_oracle_on_finish(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_transfer_view *view);
/* to: the node at the other side of the link; is_asked: it once asked for the chunk. */
void fr_sim_oracle_on_send_chunk(struct fr_sim_oracle *oracle, uint32_t member, uint32_t to, fr_chunk_index chunk, uint32_t on_its_way,
                                 bool is_asked);
/* The world has come to its end: what must be true then. results [member_count], NULL when the origin's process did not live to tell. An
 * origin that failed itself may leave verdicts open. */
void fr_sim_oracle_on_end(struct fr_sim_oracle *oracle, const struct fr_member_result *results, bool has_origin_failed);

#endif
