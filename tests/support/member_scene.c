/* SPDX-License-Identifier: Apache-2.0 */
/* A member in the middle of its group: see member_scene.h. */
#include "support/member_scene.h"

#include "support/test.h"

void member_scene_link(struct member_scene *scene) {
    scene->up = core_rig_accept(&scene->rig, FR_MEMBER_UPSTREAM);
    scene->low = core_rig_answer(&scene->rig, LOW);
    scene->high = core_rig_accept(&scene->rig, HIGH);
}

int member_scene_set_up(void **state) {
    struct member_scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    member_scene_link(scene);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene->rig, scene->up, page);
    *state = scene;
    return 0;
}

int member_scene_tear_down(void **state) {
    core_rig_done(&((struct member_scene *) *state)->rig);
    free(*state);
    return 0;
}

void member_scene_give_all(struct core_rig *rig, fr_link_id link) {
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_true(core_rig_chunk(rig, link, chunk, CORE_RIG_GOOD));
}
