/* SPDX-License-Identifier: Apache-2.0 */
#include "support/feed_scene.h"

#include "base/time.h"
#include "support/test.h"

const struct core_rig_group
    feed_scene_child = {.index = 1, .below_count = 2, .upstream_group = 0, .upstream_count = 3, .member_count = 3},
    feed_scene_grandchild = {.index = 2, .below_count = 1, .upstream_group = 1, .upstream_count = 3, .member_count = 4},
    feed_scene_deepest = {.index = 3, .below_count = 0, .upstream_group = 2, .upstream_count = 4, .member_count = 2};

void feed_scene_link_up(struct feed_scene *scene) {
    struct core_rig *rig = &scene->rig;
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    scene->high = core_rig_accept(rig, HIGH);
    core_rig_page(rig, scene->up, 0);
}

int feed_scene_set_up_bare(void **state) {
    struct feed_scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    core_rig_place(&scene->rig, 0, 3, 0);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    feed_scene_link_up(scene);
    scene->below = FR_LINK_NONE;
    *state = scene;
    return 0;
}

int feed_scene_set_up(void **state) {
    struct feed_scene *scene;
    feed_scene_set_up_bare(state);
    scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    scene->below = core_rig_answer_below(&scene->rig, 1, SELF);
    core_rig_forget(&scene->rig);
    return 0;
}

int feed_scene_tear_down(void **state) {
    core_rig_done(&((struct feed_scene *) *state)->rig);
    free(*state);
    return 0;
}

void feed_scene_give(struct feed_scene *scene, fr_chunk_index first, uint32_t count) {
    for (fr_chunk_index chunk = first; chunk < first + count; chunk++)
        assert_true(core_rig_chunk(&scene->rig, scene->up, chunk, CORE_RIG_GOOD));
}

void feed_scene_complete(struct feed_scene *scene) {
    struct core_rig *rig = &scene->rig;
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, scene->up, page);
    core_rig_end(rig, scene->up);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD);
    assert_true(core_rig_view(rig).is_complete);
}

uint32_t feed_scene_sent(const struct feed_scene *scene, fr_link_id link) { return core_rig_did(&scene->rig, FR_ACTION_SEND_CHUNK, link); }

uint32_t feed_scene_count_sent(const struct feed_scene *scene, fr_link_id link, fr_chunk_index chunk) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->rig.act_count; i++) {
        const struct core_rig_act *act = &scene->rig.acts[i];
        count += act->type == FR_ACTION_SEND_CHUNK && act->link == link && act->chunk == chunk;
    }
    return count;
}

void feed_scene_wait_heard(struct feed_scene *scene, fr_time_ns span) {
    const fr_link_id links[] = {scene->up, scene->low, scene->high, scene->below};
    core_rig_wait_heard(&scene->rig, span, links, scene->below == FR_LINK_NONE ? 3 : 4);
}

uint32_t feed_scene_told_verdict(const struct feed_scene *scene, uint32_t group, uint32_t member) {
    struct fr_msg_result result = {0};
    return core_rig_results(&scene->rig, scene->up, group, member, &result, NULL) == 1 ? result.verdict : 0;
}
