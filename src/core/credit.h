/* SPDX-License-Identifier: Apache-2.0 */
/* How many chunks one owner may hold that have not reached its group yet.
 *
 * The window follows the owner's own pace: twice what it brings to the group in the shortest time that a chunk ever took from
 * being given to being reported, and a few more. An owner at a tenth of the others' rate so gets a tenth of the chunks, and what
 * waits in queues on its account stays near one such time. The model is bottleneck rate x shortest round trip (Cardwell and
 * others, "BBR: congestion-based congestion control", 2016), applied to chunks through an owner in place of packets. */
#ifndef FR_CORE_CREDIT_H
#define FR_CORE_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

enum {
    FR_CREDIT_ROUNDS = 8,
    FR_CREDIT_WINDOW_FIRST = 4,
    /* Chunks beyond what the pace asks for. The owners of a leaf group have 1 / k of their uplink to spare, and short queues make the end
     * early: 4 gave 1.05 of the bound over 100 Mbit/s links, 2 gave 1.05-1.08, 12 gave 1.06. Those of a group that feeds another
     * have nothing to spare, and an uplink that was idle once never makes up for it: over a chain of three groups 4 gave 1.15-1.33, 12
     * 1.13-1.20. Nor have those who feed a leaf group: what waits with them for want of credit comes half a second after all else. */
    FR_CREDIT_SPARE = 4,
    FR_CREDIT_SPARE_BUSY = 12,
    FR_CREDIT_SPARE_PART = 8, /* but no more than this part of what an owner gets in all */
};

struct fr_credit {
    uint32_t outstanding;           /* given and not reported */
    uint32_t window;                /* outstanding may reach this */
    uint32_t spare;                 /* FR_CREDIT_SPARE, or more where uplinks are wholly used */
    fr_time_ns round_trip_min;      /* shortest from given to reported; FR_TIME_NEVER: none yet */
    fr_time_ns round_trip;          /* smoothed (1/8) */
    double rates[FR_CREDIT_ROUNDS]; /* chunks a nanosecond in each of the last rounds; the largest counts */
    uint32_t round;
    uint32_t round_count; /* reports in this round */
    fr_time_ns round_began;
};

/* Chunks to spare for the owners of a group that feeds another, or that is fed by members. chunks_each: an even share of the object;
 * UINT32_MAX: not known. With few chunks a large window gives all of them out at once, and who is slower by chance has the end to
 * itself: 1000 nodes in groups of 8, 64 chunks, took 1.42 of the prediction with 12 and 1.06 with 4. */
uint32_t fr_credit_spare_busy(uint32_t chunks_each);

void fr_credit_init(struct fr_credit *credit, uint32_t spare, fr_time_ns now);
bool fr_credit_has(const struct fr_credit *credit);
void fr_credit_spend(struct fr_credit *credit, fr_time_ns now);
/* A chunk given at given_at was reported. Only after a spend that was not taken back. */
void fr_credit_earn(struct fr_credit *credit, fr_time_ns given_at, fr_time_ns now);
/* A chunk was taken back, or another owner brought it: its credit returns without a measurement. */
void fr_credit_return(struct fr_credit *credit);
/* Smoothed nanoseconds from one report to the next; 0 when not known. */
double fr_credit_interval(const struct fr_credit *credit);

#endif
