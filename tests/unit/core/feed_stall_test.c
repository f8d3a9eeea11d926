/* SPDX-License-Identifier: Apache-2.0 */
/* Members below that gain nothing. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/feed_scene.h"
#include "support/test.h"

/* ---------------------------------------------------------------------------------------------------- standing still */

static void one_that_gains_nothing_has_failed(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    feed_scene_give(scene, 0, 2);
    feed_scene_wait_heard(scene, 4 * rig->timing.silence - FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0);
    core_rig_progress(rig, scene->below, 1); /* something moves */
    feed_scene_wait_heard(scene, 4 * rig->timing.silence - FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0);
    feed_scene_wait_heard(scene, FR_MS);
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_FAILED);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->below), 1);
}

static void one_that_has_all_that_we_have_may_stand_still(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_give(scene, 0, 2);
    core_rig_progress(&scene->rig, scene->below, 2);
    feed_scene_wait_heard(scene, 20 * scene->rig.timing.silence);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_RESULT), 0);
    feed_scene_give(scene, 2, 1); /* from now on there is something to gain */
    feed_scene_wait_heard(scene, 4 * scene->rig.timing.silence - FR_MS);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_RESULT), 0);
    feed_scene_wait_heard(scene, FR_SECOND);
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_gains_nothing_has_failed, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_has_all_that_we_have_may_stand_still, feed_scene_set_up, feed_scene_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
