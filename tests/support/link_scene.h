/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer in the middle of a push, with links to everybody around it: where inputs of the link fuzz target begin. Which place in the
 * push it has, and how far it has come, two numbers tell; they are part of the corpus and never change their meaning.
 */
#ifndef FR_TESTS_SUPPORT_LINK_SCENE_H
#define FR_TESTS_SUPPORT_LINK_SCENE_H

#include "support/core_rig_tree.h"

enum link_scene_place {
    LINK_SCENE_FIRST,       /* a member that the origin feeds, with a group below; adopted by a leaf group */
    LINK_SCENE_PIPE,        /* the same, and the size is not known beforehand; nobody is adopted then */
    LINK_SCENE_MIDDLE,      /* a member between groups, with two above that feed it */
    LINK_SCENE_LEAF,        /* a member of a leaf group that adopts */
    LINK_SCENE_HOLDER,      /* as FIRST, and holds an object of this name that differs in one chunk */
    LINK_SCENE_PARTIAL,     /* as FIRST, and holds half of an earlier transfer */
    LINK_SCENE_ORIGIN,      /* the origin of one group */
    LINK_SCENE_ORIGIN_TREE, /* the origin of four, of which it feeds one */
    LINK_SCENE_ORIGIN_PIPE, /* the origin of a pipe */
    LINK_SCENE_SAME,        /* as HOLDER, and what it holds is what is pushed */
    LINK_SCENE_PLACES,
};

/* How far it has come; any of these together. The first five mean nothing to an origin. */
enum link_scene_start {
    LINK_SCENE_PAGE_0 = 1,
    LINK_SCENE_PAGE_1 = 2,
    LINK_SCENE_END = 4,
    LINK_SCENE_HALF = 8,       /* it was given every second chunk of the known pages */
    LINK_SCENE_ALL_BUT_1 = 16, /* all chunks of the known pages came, but the last */
    LINK_SCENE_HELD = 32,      /* what it asks of disk and network is done later, from now on */
    LINK_SCENE_LATER = 64,     /* a while has passed, and nobody was silent */
    LINK_SCENE_ONE_AWAY = 128, /* one that it dials has not answered yet */
};

enum { LINK_SCENE_CHUNKS = 40, LINK_SCENE_LINKS_MAX = 16 };

struct link_scene {
    struct core_rig rig;
    fr_link_id links[LINK_SCENE_LINKS_MAX]; /* live, whoever is at the other end; the first is upstream, or the first member */
    uint32_t link_count;
};

/* Begins anew with each call, as if nothing had been before; keys and objects stay. The scene is nobody's to free. */
struct link_scene *link_scene_begin(unsigned place, unsigned start);

#endif
