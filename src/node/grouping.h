/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to what the core pushes along: a roster for each group. */
#ifndef FR_NODE_GROUPING_H
#define FR_NODE_GROUPING_H

#include <fastreplica/plan.h>

#include "wire/message.h"

struct fr_grouping {
    uint32_t group_count;
    struct fr_roster **rosters; /* [group_count], in the order of the plan's groups; as the core's origin wants them */
};

/* 0; FR_E_ARGUMENT, when an address is too long for a roster, naming it; FR_E_MEMORY. All borrowed until the call returns. */
int fr_grouping_init(struct fr_grouping *grouping, const struct fr_plan *plan, const struct fr_nodes *nodes, struct fr_failure *failure);
void fr_grouping_done(struct fr_grouping *grouping); /* NULL and zeroed allowed */

/* Members of all groups that the origin feeds: as many links it has. */
uint32_t fr_grouping_links(const struct fr_grouping *grouping);

#endif
