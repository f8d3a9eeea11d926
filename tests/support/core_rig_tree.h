/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench with groups above and below: placing our group in a tree, rosters of groups below, links down, and what comes up from them.
 *
 *   core_rig_place(&rig, 0, 2, 0);                            before be_...: our group is 0, two are below, the origin feeds it
 *   core_rig_be_member(&rig, 1, 3);
 *   up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
 *   core_rig_roster(&rig, up, &(struct core_rig_group){.index = 1, .below_count = 1, .upstream_count = 3, .member_count = 3});
 *   child = core_rig_answer_below(&rig, 1, 1);                member 1 of group 1 was dialled, and takes part
 *
 * Member i of group g is g<g>n<i>:7420.
 */
#ifndef FR_TESTS_SUPPORT_CORE_RIG_TREE_H
#define FR_TESTS_SUPPORT_CORE_RIG_TREE_H

#include "support/core_rig.h"

struct core_rig_group {
    uint32_t index, below_count, upstream_group, upstream_count, member_count;
    bool is_secondary;
    bool is_adopting;
    uint32_t adopted_group, adopted_shift;
};

/* ---- making. The members above our group are upstream_count; 0: the origin feeds it. */
void core_rig_place(struct core_rig *rig, uint32_t group, uint32_t below_count, uint32_t upstream_count);
int core_rig_be_origin_of(struct core_rig *rig, const struct core_rig_group *groups, uint32_t group_count);

/* ---- rosters of groups below, as frames on a link */
void core_rig_roster(struct core_rig *rig, fr_link_id link, const struct core_rig_group *group);
enum core_rig_flaw {
    CORE_RIG_STRANGER,  /* signed by somebody else */
    CORE_RIG_UNSIGNED,  /* signed by the origin, and altered since */
    CORE_RIG_FOREIGN,   /* of another push of this origin */
    CORE_RIG_MALFORMED, /* its blob is no roster */
    CORE_RIG_CUT,       /* the frame ends early */
};
void core_rig_bad_roster(struct core_rig *rig, fr_link_id link, const struct core_rig_group *group, enum core_rig_flaw flaw);

/* ---- links down */
fr_link_id core_rig_dialled_below(const struct core_rig *rig, uint32_t group,
                                  uint32_t member);                                      /* the last CONNECT to it, or FR_LINK_NONE */
fr_link_id core_rig_answer_below(struct core_rig *rig, uint32_t group, uint32_t member); /* it connects and says HELLO and ACCEPT */
fr_link_id core_rig_answer_below_with(struct core_rig *rig, uint32_t group, uint32_t member, bool is_holding, uint32_t pages_known);
uint64_t core_rig_dials(const struct core_rig *rig, uint32_t group); /* bit m: a CONNECT to member m */

/* ---- what those below say */
void core_rig_result(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, enum fr_verdict verdict, const char *text);
void core_rig_below(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, uint32_t chunks_have);
void core_rig_fault(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, fr_chunk_index chunk, const char *text);

/* ---- what was said up and down */
/* The RESULTs on a link about a node: how many; ret_last, if not NULL, is the last, its text in ret_text [FR_REASON_BYTES_MAX + 1]. */
uint32_t core_rig_results(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, struct fr_msg_result *ret_last,
                          char *ret_text);
/* Rosters of this group on a link: how many. Each must be as the origin signed it. */
uint32_t core_rig_rosters(const struct core_rig *rig, fr_link_id link, uint32_t group);
/* What the BELOWs on a link say last of a node; UINT32_MAX: nothing. */
uint32_t core_rig_told_below(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member);
/* FAULTs on a link about this member: how many. */
uint32_t core_rig_faults(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member);

#endif
