/* SPDX-License-Identifier: Apache-2.0 */
/* Which group feeds which. Rules: the groups of a zone hang below one another, a zone's first below a group of another zone or the origin;
 * groups with slow downlinks feed nobody; secondary groups hang below primary ones. */
#ifndef FR_PLAN_TREE_H
#define FR_PLAN_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/adoption.h"
#include "plan/groups.h"

struct fr_tree_shape {
    uint32_t
        fanout; /* groups that a group feeds, 1 .. FR_FANOUT_MAX; a group with a slow group or a secondary one to feed may have one more */
    bool is_fanout_fixed; /* also for groups so small that it costs them much of their rate */
    uint32_t roots;       /* groups that the origin may feed, at least 1 */
};

struct fr_tree {
    uint32_t *upstream;           /* [group_count], FR_GROUP_ORIGIN for roots */
    uint32_t *level;              /* [group_count], 0 for roots */
    uint32_t *children;           /* [group_count], how many groups it feeds, FR_FANOUT_MAX at most */
    uint32_t *secondary_children; /* [group_count], how many of them over a secondary edge */
    uint32_t *adopts, *shift;     /* [group_count], as in adoption.h: the group whose owners it relieves, or FR_ADOPTS_NONE */
    uint32_t *relieved;           /* [group_count], how many groups relieve it */
    uint32_t *order;              /* [group_count], all groups, each after its upstream: the order in which they were placed */
    uint32_t group_count, root_count, level_count;
};

/* groups: borrowed until the call returns. Returns 0, or FR_E_MEMORY and *tree all zero. O(group_count log group_count).
 * Source: HPL-2005-64 and the patent on cut-through distribution for primary and secondary trees; zones and slow leaves are ours, adoption
 * is adoption.h's. */
int fr_tree_init(struct fr_tree *tree, const struct fr_groups *groups, const struct fr_tree_shape *shape);
void fr_tree_done(struct fr_tree *tree); /* NULL and all zero allowed */

/* Is the edge that feeds this group a secondary one? */
static inline bool fr_tree_is_secondary_edge(const struct fr_tree *tree, const struct fr_groups *groups, uint32_t group) {
    return fr_group_is_secondary(&groups->groups[group]) && tree->upstream[group] != FR_GROUP_ORIGIN &&
        !fr_group_is_secondary(&groups->groups[tree->upstream[group]]);
}

#endif
