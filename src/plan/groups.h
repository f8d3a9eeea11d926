/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a group with whom: nodes -> zones -> groups. Which group feeds which is for tree.h. */
#ifndef FR_PLAN_GROUPS_H
#define FR_PLAN_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/plan.h>

/* Groups of a zone that are of one kind are alike, and hang in the tree in the same way. */
enum fr_group_kind {
    FR_GROUP_PRIMARY,
    FR_GROUP_PRIMARY_SLOW, /* slow downlinks: feeds no others */
    FR_GROUP_SECONDARY,
    FR_GROUP_SECONDARY_SLOW,
};
enum { FR_GROUP_KINDS = 4 };

struct fr_group_zone {
    const char *name; /* borrowed from the node list; "" for nodes that told none and for the pool of those that are alone in theirs */
    uint32_t member_count;
    uint32_t first[FR_GROUP_KINDS]; /* its groups of a kind: groups[first .. first + count), richest first */
    uint32_t count[FR_GROUP_KINDS];
};

struct fr_group {
    uint32_t first_member, member_count; /* in fr_groups.members */
    uint32_t zone;
    enum fr_group_kind kind;
    double up_sum;                 /* uplinks of its members together, bytes a second */
    double down_least, down_usual; /* of its members: the least and the median; infinite where nobody told */
};

struct fr_groups {
    struct fr_group_zone *zones; /* in the order in which they are best entered: rich, then large */
    uint32_t zone_count;
    struct fr_group *groups; /* by zone, then kind, then richest first */
    uint32_t group_count;
    uint32_t *members; /* node indexes, in the order of the groups; inside a group richest first */
    uint32_t member_count;
};

/* What is taken for the uplink of a node that did not tell: the median of those that did; of none, 1 Gbit/s. Bytes a second.
 * Returns 0 and *ret_rate, or FR_E_MEMORY. */
int fr_groups_usual_rate(const struct fr_nodes *nodes, double *ret_rate);

/* nodes->count 1 .. FR_NODES_MAX;  size_max 1 .. FR_GROUP_MEMBERS_MAX;  usual_rate: from above.
 * Returns 0, or FR_E_MEMORY and *groups all zero. O(n log n). Names of zones are borrowed from nodes. */
int fr_groups_init(struct fr_groups *groups, const struct fr_nodes *nodes, uint32_t size_max, double usual_rate);
void fr_groups_done(struct fr_groups *groups); /* NULL and all zero allowed */

static inline bool fr_group_is_secondary(const struct fr_group *group) { return group->kind >= FR_GROUP_SECONDARY; }
static inline bool fr_group_is_slow(const struct fr_group *group) {
    return group->kind == FR_GROUP_PRIMARY_SLOW || group->kind == FR_GROUP_SECONDARY_SLOW;
}

#endif
