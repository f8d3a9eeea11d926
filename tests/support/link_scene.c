/* SPDX-License-Identifier: Apache-2.0 */
/* Where inputs of the link fuzz target begin. */
#include "support/link_scene.h"

#include "base/time.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, MIDDLE = 2, LEAF = 2, SHIFT = 1, PAGES = 2 };

/* Below a first group: 1, and below that the leaf, which adopts the first one. */
static const struct core_rig_group child = {.index = 1, .below_count = 1, .upstream_count = MEMBERS, .member_count = MEMBERS},
                                   leaf = {.index = LEAF,
                                           .upstream_group = 1,
                                           .upstream_count = MEMBERS,
                                           .member_count = MEMBERS,
                                           .is_adopting = true,
                                           .adopted_shift = SHIFT};
/* Below one in the middle: a larger group, and a small one below that. */
static const struct core_rig_group larger = {.index = MIDDLE + 1,
                                             .below_count = 1,
                                             .upstream_group = MIDDLE,
                                             .upstream_count = MEMBERS,
                                             .member_count = 5},
                                   small = {.index = MIDDLE + 2, .upstream_group = MIDDLE + 1, .upstream_count = 5, .member_count = 2};
static const struct core_rig_group tree[] = {{.index = 0, .below_count = 3, .member_count = MEMBERS},
                                             {.index = 1, .below_count = 1, .upstream_count = MEMBERS, .member_count = 2},
                                             {.index = 2, .upstream_group = 1, .upstream_count = 2, .member_count = 2},
                                             {.index = 3, .upstream_count = MEMBERS, .member_count = 2}};

static void add(struct link_scene *scene, fr_link_id link) {
    assert_true(scene->link_count < LINK_SCENE_LINKS_MAX);
    if (link != FR_LINK_NONE)
        scene->links[scene->link_count++] = link;
}

/* If it is dialled: whether it is depends on what the scene holds. */
static void answer_below(struct link_scene *scene, uint32_t group, uint32_t member) {
    if (core_rig_dialled_below(&scene->rig, group, member) != FR_LINK_NONE)
        add(scene, core_rig_answer_below(&scene->rig, group, member));
}

/* ---------------------------------------------------------------------------------------------------- members */

static void be_member(struct core_rig *rig, unsigned place) {
    int error;
    if (place == LINK_SCENE_HOLDER || place == LINK_SCENE_SAME)
        error = core_rig_be_holder(rig, SELF, MEMBERS, place == LINK_SCENE_SAME ? FR_CHUNK_NONE : 7);
    else if (place == LINK_SCENE_PARTIAL)
        error = core_rig_be_partial(rig, SELF, MEMBERS, 0, LINK_SCENE_CHUNKS / 2);
    else
        error = core_rig_be_member(rig, SELF, MEMBERS);
    assert_int_equal(error, 0);
}

static void give(struct link_scene *scene, unsigned start) {
    struct core_rig *rig = &scene->rig;
    const struct fr_layout *layout = &rig->manifest.layout;
    for (uint32_t page = 0; page < PAGES; page++)
        if (start & LINK_SCENE_PAGE_0 << page)
            core_rig_page(rig, scene->links[0], page);
    if (start & LINK_SCENE_END)
        core_rig_end(rig, scene->links[0]);
    for (fr_chunk_index chunk = 0; chunk + 1 < LINK_SCENE_CHUNKS; chunk++) {
        bool is_known = start & LINK_SCENE_PAGE_0 << fr_layout_page_of(layout, chunk);
        if (is_known && (start & LINK_SCENE_ALL_BUT_1 || (start & LINK_SCENE_HALF && chunk % 2 == 0)))
            core_rig_chunk(rig, scene->links[0], chunk, CORE_RIG_GOOD);
    }
}

static void link_member(struct link_scene *scene, unsigned place, unsigned start) {
    struct core_rig *rig = &scene->rig;
    bool is_below = place == LINK_SCENE_MIDDLE || place == LINK_SCENE_LEAF;
    add(scene, core_rig_accept(rig, is_below ? FR_MEMBER_ABOVE : FR_MEMBER_UPSTREAM));
    if (!(start & LINK_SCENE_ONE_AWAY))
        add(scene, core_rig_answer(rig, LOW));
    add(scene, core_rig_accept(rig, HIGH));
    if (place == LINK_SCENE_MIDDLE) {
        add(scene, core_rig_accept(rig, FR_MEMBER_ABOVE + 1));
        core_rig_roster(rig, scene->links[0], &larger);
        core_rig_roster(rig, scene->links[0], &small);
        answer_below(scene, MIDDLE + 1, 1);
        answer_below(scene, MIDDLE + 1, 4);
    } else if (place == LINK_SCENE_LEAF) {
        add(scene, core_rig_accept(rig, FR_MEMBER_ADOPTED + SELF + SHIFT));
    } else {
        core_rig_roster(rig, scene->links[0], &child);
        core_rig_roster(rig, scene->links[0], &leaf);
        answer_below(scene, 1, SELF);
        answer_below(scene, LEAF, SELF - SHIFT);
    }
    give(scene, start);
}

static void begin_member(struct link_scene *scene, unsigned place, unsigned start) {
    struct core_rig *rig = &scene->rig;
    if (place == LINK_SCENE_MIDDLE)
        core_rig_place(rig, MIDDLE, 2, MEMBERS);
    else if (place == LINK_SCENE_LEAF)
        core_rig_place(rig, LEAF, 0, MEMBERS);
    else
        core_rig_place(rig, 0, 2, 0);
    rig->roster.is_adopting = place == LINK_SCENE_LEAF;
    rig->roster.adopted_shift = place == LINK_SCENE_LEAF ? SHIFT : 0;
    be_member(rig, place);
    link_member(scene, place, start);
}

/* ---------------------------------------------------------------------------------------------------- origins */

static void begin_origin(struct link_scene *scene, unsigned place, unsigned start) {
    struct core_rig *rig = &scene->rig;
    uint32_t here = start & LINK_SCENE_ONE_AWAY ? MEMBERS - 1 : MEMBERS;
    core_rig_place(rig, 0, 0, 0);
    rig->roster.is_adopting = false;
    rig->roster.adopted_shift = 0;
    if (place == LINK_SCENE_ORIGIN_TREE)
        assert_int_equal(core_rig_be_origin_of(rig, tree, FR_COUNT_OF(tree)), 0);
    else
        assert_int_equal(core_rig_be_origin(rig, MEMBERS), 0);
    for (uint32_t member = 0; member < here; member++)
        add(scene, place == LINK_SCENE_ORIGIN_TREE ? core_rig_answer_below(rig, 0, member) : core_rig_answer(rig, member));
}

/* ---------------------------------------------------------------------------------------------------- either */

static void clear(struct link_scene *scene, bool is_pipe) {
    struct core_rig *rig = &scene->rig;
    if (!rig->key) {
        core_rig_init(rig, LINK_SCENE_CHUNKS);
        if (is_pipe)
            core_rig_pipe(rig);
        rig->timing.silence = 3 * FR_SECOND; /* what takes long is over sooner */
    }
    core_rig_again(rig);
    memset(rig->kept, 0, rig->chunk_count * sizeof *rig->kept);
    rig->now = 1000 * FR_SECOND;
    rig->holds = 0;
    scene->link_count = 0;
}

struct link_scene *link_scene_begin(unsigned place, unsigned start) {
    static struct link_scene scenes[2];
    bool is_pipe = place == LINK_SCENE_PIPE || place == LINK_SCENE_ORIGIN_PIPE;
    struct link_scene *scene = &scenes[is_pipe];
    const unsigned all = CORE_RIG_STORES | CORE_RIG_SENDS | CORE_RIG_PAGES | CORE_RIG_FINISH | CORE_RIG_LOOKS;
    clear(scene, is_pipe);
    if (place == LINK_SCENE_ORIGIN || place == LINK_SCENE_ORIGIN_TREE || place == LINK_SCENE_ORIGIN_PIPE) {
        scene->rig.holds = start & LINK_SCENE_HELD ? all : 0; /* it gives as soon as it has somebody to give to */
        begin_origin(scene, place, start);
    } else
        begin_member(scene, place, start);
    scene->rig.holds = start & LINK_SCENE_HELD ? all : 0;
    if (start & LINK_SCENE_LATER)
        core_rig_wait_heard(&scene->rig, FR_SECOND, scene->links, scene->link_count);
    return scene;
}
