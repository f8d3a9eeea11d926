/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters made of a plan: see grouping.h. */
#include "node/grouping.h"

#include <stdio.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"

static void place(const struct fr_plan *plan, const struct fr_plan_group *group, struct fr_roster *roster) {
    roster->member_count = group->member_count;
    roster->is_secondary = group->is_secondary;
    roster->is_adopting = group->adopts != FR_GROUP_ORIGIN;
    if (roster->is_adopting) {
        roster->adopted_group = group->adopts;
        roster->adopted_shift = group->shift;
    }
    if (group->upstream == FR_GROUP_ORIGIN)
        return;
    roster->upstream_group = group->upstream;
    roster->upstream_count = plan->groups[group->upstream].member_count;
}

static int name_members(const struct fr_plan *plan, const struct fr_plan_group *group, const struct fr_nodes *nodes,
                        struct fr_roster *roster, struct fr_failure *failure) {
    for (uint32_t i = 0; i < group->member_count; i++) {
        const struct fr_node_spec *spec = &nodes->specs[plan->members[group->first_member + i]];
        if (strlen(spec->address) > FR_ADDRESS_BYTES_MAX)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the address of node %u is longer than %d bytes",
                                  plan->members[group->first_member + i] + 1, FR_ADDRESS_BYTES_MAX);
        snprintf(roster->addresses[i], sizeof roster->addresses[i], "%s", spec->address);
    }
    return 0;
}

int fr_grouping_init(struct fr_grouping *grouping, const struct fr_plan *plan, const struct fr_nodes *nodes, struct fr_failure *failure) {
    int rc = 0;
    *grouping = (struct fr_grouping){.rosters = fr_alloc_zeroed(plan->group_count, sizeof(struct fr_roster *))};
    if (!grouping->rosters)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups");
    while (rc == 0 && grouping->group_count < plan->group_count) {
        const struct fr_plan_group *group = &plan->groups[grouping->group_count];
        struct fr_roster *roster = fr_alloc_zeroed(1, sizeof *roster);
        if (!roster) {
            rc = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups");
            break;
        }
        grouping->rosters[grouping->group_count++] = roster;
        place(plan, group, roster);
        rc = name_members(plan, group, nodes, roster, failure);
    }
    if (rc)
        fr_grouping_done(grouping);
    return rc;
}

void fr_grouping_done(struct fr_grouping *grouping) {
    if (!grouping)
        return;
    for (uint32_t i = 0; i < grouping->group_count; i++)
        fr_free(grouping->rosters[i]);
    fr_free(grouping->rosters);
    *grouping = (struct fr_grouping){0};
}

uint32_t fr_grouping_links(const struct fr_grouping *grouping) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < grouping->group_count; i++)
        count += grouping->rosters[i]->upstream_count == 0 ? grouping->rosters[i]->member_count : 0;
    return count;
}
