/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who relieves whom in a tree of groups. An owner in a group that feeds m others has m - 1 sends too many for its uplink, an owner in a
 * group that feeds none one too few. So for each group with m below it, m - 1 leaf groups of its own subtree adopt: with shift s, what
 * owner i would send its peer i + s (modulo the group's size) comes to that peer from owner i of the leaf group instead.
 *
 * That works where owners of one number own the same chunks all the way down: so all groups between have one size, lie in one zone and are
 * fed by primary edges. Source: counted sends in full m-ary trees; with I inner groups there are I (m - 1) + 1 leaves, so it always works
 * out there.
 */
#ifndef FR_PLAN_ADOPTION_H
#define FR_PLAN_ADOPTION_H

#include <stdbool.h>
#include <stdint.h>

#define FR_ADOPTS_NONE UINT32_MAX

/* One group; each stands after the one above it. */
struct fr_adoption_group {
    uint32_t upstream; /* index of the group above, or any number that is none: the origin */
    uint32_t member_count;
    uint32_t zone; /* groups of equal numbers lie in one zone, and are alike */
    bool is_secondary;
    uint32_t adopts;   /* out: the group whose peers it relieves, or FR_ADOPTS_NONE */
    uint32_t shift;    /* out: 1 .. fan-out - 1 */
    uint32_t relieved; /* out: how many adopt it */
};

/* Fills in adopts and shift of all. 0 or FR_E_MEMORY. O(count). */
int fr_adoption_assign(struct fr_adoption_group *groups, uint32_t count);

#endif
