/* SPDX-License-Identifier: Apache-2.0 */
/* How long a tree of groups will take: formulas, no simulation. docs/plan.md tells them in prose. */
#ifndef FR_PLAN_PREDICT_H
#define FR_PLAN_PREDICT_H

#include <stdint.h>

#include <fastreplica/plan.h>

#include "plan/groups.h"
#include "plan/tree.h"

/* What is sent, and over what. All in bytes, seconds and bytes a second; all above 0 but the object and the delay. */
struct fr_job {
    double object_bytes, chunk_bytes;
    double up_rate;    /* the origin's uplink */
    double usual_rate; /* an uplink of a node */
    double delay;      /* one way, between any two nodes */
};

/* Chunk times that a fresh chunk waits in a receiver's downlink behind chunks of its peers: 0.8 sqrt(members), fitted to simulations. */
double fr_predict_queueing(double members);

/* What one more group on the way to the last one costs, in seconds: queueing, one chunk time, one delay. */
double fr_predict_hop(const struct fr_job *job, double members);

/* When each group has the whole object, seconds from the start: ret_finish [tree->group_count], and the largest of them.
 *  rate: the least on the way of the origin's uplink over its root groups, and of each group's uplinks together over what they must send,
 *  members - 1 + children times the object; slow downlinks count only for their own group. fill: what the first chunk needs to get there. A
 *  secondary edge begins anew when its upstream group is done.
 *  Returns 0, or FR_E_MEMORY with nothing told.
 *  Source: f_tree_prio and the law for unequal uplinks of our model (docs/plan.md); Kumar and Ross 2006 is its limit for one group. */
int fr_predict_finish(const struct fr_groups *groups, const struct fr_tree *tree, const struct fr_job *job, double *ret_finish,
                      double *ret_last);

/* The least time in which any scheme brings an object from one origin to `receivers` nodes, when every uplink has the rate job->usual_rate
 * and a chunk is sent on only when it is whole: the last chunk leaves the origin, and one chunk reaches all.
 *  Source: Bar-Noy and Kipnis 1992 (the postal model); no uplink sends two chunks at once. */
double fr_predict_postal_bound(const struct fr_job *job, uint32_t receivers);

#endif
