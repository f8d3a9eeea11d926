/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a transfer: the last few chunks are asked of whoever has them, though another means to push them. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, CHUNKS = 96, PAGES = 3, FEW = CHUNKS / 8 };

struct scene {
    struct core_rig rig;
    fr_link_id up, low, high; /* high: 0 where there are but two members */
    fr_time_ns patience;
};

static void open_scene(struct scene *scene, uint32_t members) {
    *scene = (struct scene){0};
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, members), 0);
    scene->up = core_rig_accept(&scene->rig, FR_MEMBER_UPSTREAM);
    scene->low = core_rig_answer(&scene->rig, LOW);
    if (members > HIGH)
        scene->high = core_rig_accept(&scene->rig, HIGH);
    scene->patience = scene->rig.timing.patience;
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene->rig, scene->up, page);
    core_rig_end(&scene->rig, scene->up);
}

static void close_scene(struct scene *scene) { core_rig_done(&scene->rig); }

static void wait(struct scene *scene, fr_time_ns span) {
    core_rig_wait_heard(&scene->rig, span, (fr_link_id[]){scene->up, scene->low, scene->high}, scene->high ? 3 : 2);
}

/* All but the last `left` chunks come. */
static void bring_all_but(struct scene *scene, uint32_t left) {
    for (fr_chunk_index chunk = 0; chunk < CHUNKS - left; chunk++)
        assert_true(core_rig_chunk(&scene->rig, scene->low, chunk, CORE_RIG_GOOD));
}

/* Low means to push the last few, high has them. */
static void be_in_haste(struct scene *scene) {
    open_scene(scene, 3);
    bring_all_but(scene, FEW);
    core_rig_ranges(&scene->rig, scene->low, FR_FRAME_COMING, CHUNKS - FEW, FEW);
    core_rig_ranges(&scene->rig, scene->high, FR_FRAME_HAVE, CHUNKS - FEW, FEW);
    core_rig_forget(&scene->rig);
}

static void when_few_are_left_it_asks_for_news(void **state) {
    (void) state;
    struct scene scene;
    open_scene(&scene, 3);
    bring_all_but(&scene, FEW + 1);
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_INTEREST), 0);
    assert_true(core_rig_chunk(&scene.rig, scene.low, CHUNKS - 1, CORE_RIG_GOOD));
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_INTEREST), 1);
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_INTEREST), 1);
    close_scene(&scene);
}

static void not_where_nobody_else_could_send_them(void **state) {
    (void) state;
    struct scene scene;
    open_scene(&scene, 2);
    bring_all_but(&scene, 1);
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_INTEREST), 0);
    close_scene(&scene);
}

static void what_another_has_is_asked_of_it_but_for_the_next_two(void **state) {
    (void) state;
    struct scene scene;
    be_in_haste(&scene);
    wait(&scene, scene.patience / 2 - FR_MS);
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_WANT), 0);
    wait(&scene, 2 * FR_MS);
    assert_false(core_rig_told(&scene.rig, scene.high, FR_FRAME_WANT, CHUNKS - FEW));
    assert_false(core_rig_told(&scene.rig, scene.high, FR_FRAME_WANT, CHUNKS - FEW + 1));
    assert_true(core_rig_told(&scene.rig, scene.high, FR_FRAME_WANT, CHUNKS - FEW + 2));
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_WANT), 0);
    close_scene(&scene);
}

static void who_meant_to_push_it_hears_that_it_is_here(void **state) {
    (void) state;
    struct scene scene;
    be_in_haste(&scene);
    wait(&scene, scene.patience / 2 + FR_MS);
    assert_true(core_rig_chunk(&scene.rig, scene.high, CHUNKS - FEW + 2, CORE_RIG_GOOD));
    assert_true(core_rig_told(&scene.rig, scene.low, FR_FRAME_HAVE, CHUNKS - FEW + 2));
    assert_false(core_rig_told(&scene.rig, scene.low, FR_FRAME_HAVE, CHUNKS - FEW + 3));
    close_scene(&scene);
}

/* Were all members to ask those above for what none of the group has, it would come once for each. */
static void those_above_are_not_asked_in_haste(void **state) {
    (void) state;
    struct scene scene;
    open_scene(&scene, 3);
    bring_all_but(&scene, FEW);
    core_rig_ranges(&scene.rig, scene.up, FR_FRAME_HAVE, CHUNKS - FEW, FEW);
    wait(&scene, scene.patience - FR_MS);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_WANT), 0);
    close_scene(&scene);
}

static void who_pulls_is_not_in_haste(void **state) {
    (void) state;
    struct scene scene;
    open_scene(&scene, 3);
    bring_all_but(&scene, FEW);
    core_rig_switch(&scene.rig, scene.low, FR_FRAME_LAG, true);
    wait(&scene, scene.patience - FR_MS);
    assert_int_equal(core_rig_last(&scene.rig, scene.high, FR_FRAME_PULL)->body[0], 1);
    close_scene(&scene);
}

static void it_is_in_haste_once(void **state) {
    (void) state;
    struct scene scene;
    open_scene(&scene, 3);
    bring_all_but(&scene, FEW);
    core_rig_forget(&scene.rig);
    wait(&scene, scene.patience / 2 + FR_MS); /* nobody tells of anything: the need is over */
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_INTEREST), 1);
    assert_int_equal(core_rig_last(&scene.rig, scene.high, FR_FRAME_INTEREST)->body[0], 0);
    wait(&scene, scene.patience / 2);
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_INTEREST), 1);
    wait(&scene, scene.patience); /* and now as always */
    assert_int_equal(core_rig_said(&scene.rig, scene.high, FR_FRAME_INTEREST), 2);
    close_scene(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_few_are_left_it_asks_for_news),
        cmocka_unit_test(not_where_nobody_else_could_send_them),
        cmocka_unit_test(what_another_has_is_asked_of_it_but_for_the_next_two),
        cmocka_unit_test(who_meant_to_push_it_hears_that_it_is_here),
        cmocka_unit_test(those_above_are_not_asked_in_haste),
        cmocka_unit_test(who_pulls_is_not_in_haste),
        cmocka_unit_test(it_is_in_haste_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
