/* SPDX-License-Identifier: Apache-2.0 */
/* A member in the middle of its group, with everybody linked to it: what the tests of a member share. */
#ifndef FR_TEST_MEMBER_SCENE_H
#define FR_TEST_MEMBER_SCENE_H

#include "support/core_rig_tree.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, PAGES = 2 };

/* Member 1 of 3, linked to the origin and to both peers; it knows all pages. */
struct member_scene {
    struct core_rig rig;
    fr_link_id up, low, high;
};

int member_scene_set_up(void **state);
int member_scene_tear_down(void **state);
/* Links it with the origin and both peers. */
void member_scene_link(struct member_scene *scene);
/* It gets all that there is on this link. */
void member_scene_give_all(struct core_rig *rig, fr_link_id link);

#endif
