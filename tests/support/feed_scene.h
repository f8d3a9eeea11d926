/* SPDX-License-Identifier: Apache-2.0 */
/* A member that feeds a group below, with everybody around it: what the tests of feed*.c share. */
#ifndef FR_TEST_FEED_SCENE_H
#define FR_TEST_FEED_SCENE_H

#include "support/core_rig_tree.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, PAGES = 2, WINDOW = 4 /* FR_CREDIT_WINDOW_FIRST */ };

/* Below our group 0 of 3: a chain of 1, 2, 3. Our counterpart in each is member 1. */
extern const struct core_rig_group feed_scene_child, feed_scene_grandchild, feed_scene_deepest;

/* Member 1 of 3, linked to the origin and to both peers; it knows the first page. */
struct feed_scene {
    struct core_rig rig;
    fr_link_id up, low, high, below;
};

int feed_scene_set_up_bare(void **state); /* linked with the origin and its peers only */
int feed_scene_set_up(void **state);      /* and linked with its counterpart in the group below */
int feed_scene_tear_down(void **state);
/* Links it with the origin and both peers; it knows the first page. */
void feed_scene_link_up(struct feed_scene *scene);
/* Upstream gives it chunks first .. first + count - 1. */
void feed_scene_give(struct feed_scene *scene, fr_chunk_index first, uint32_t count);
/* It gets all that there is from its peers. */
void feed_scene_complete(struct feed_scene *scene);
/* How many chunks were handed to a link; how often this one was. */
uint32_t feed_scene_sent(const struct feed_scene *scene, fr_link_id link);
uint32_t feed_scene_count_sent(const struct feed_scene *scene, fr_link_id link, fr_chunk_index chunk);
/* Time passes, and everybody it is linked with is heard of. */
void feed_scene_wait_heard(struct feed_scene *scene, fr_time_ns span);
/* What it told upstream of a node, if it did so once; else 0. */
uint32_t feed_scene_told_verdict(const struct feed_scene *scene, uint32_t group, uint32_t member);

#endif
