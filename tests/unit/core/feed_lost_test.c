/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding a group below whose members are slow or gone: who else is reached for, and who takes on what is below a group of which nobody is
 * left. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/feed_scene.h"
#include "support/test.h"

/* ---------------------------------------------------------------------------------------------------- somebody else */

static void when_the_counterpart_is_gone_another_gets_what_it_had(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    feed_scene_give(scene, 0, 3);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 0, 1);
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0); /* it may come back */
    assert_int_equal(core_rig_dials(rig, 1), 1 << 2);                    /* the next one */
    scene->below = core_rig_answer_below(rig, 1, 2);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, chunk, 1);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        assert_int_equal(feed_scene_count_sent(scene, scene->below, chunk), chunk != 0);
    core_rig_forget(rig);
    feed_scene_give(scene, 4, 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 4), 1);
}

static void one_after_the_other_is_tried(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    core_rig_close(rig, core_rig_dialled_below(rig, 1, 2), FR_E_UNREACHABLE); /* it is not ours: tried once */
    assert_int_equal(core_rig_dials(rig, 1), 1 << 2 | 1 << 0);
    scene->below = core_rig_answer_below(rig, 1, 0);
    feed_scene_give(scene, 3, 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 1);
    assert_int_equal(core_rig_results(rig, scene->up, 1, 2, NULL, NULL), 0); /* others answer for it */
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    assert_int_equal(core_rig_results(rig, scene->up, 1, 0, NULL, NULL), 0);
}

static void the_counterpart_is_tried_until_the_time_is_up(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_result result;
    char text[FR_REASON_BYTES_MAX + 1];
    core_rig_roster(rig, scene->up, &feed_scene_child);
    for (fr_time_ns waited = 0; waited < rig->timing.connect; waited += FR_SECOND / 4) {
        if (core_rig_dialled_below(rig, 1, SELF) != FR_LINK_NONE)
            core_rig_close(rig, core_rig_dialled_below(rig, 1, SELF), FR_E_UNREACHABLE);
        assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0);
        assert_int_equal(core_rig_dials(rig, 1) & ~(1ull << SELF), 0);
        core_rig_wait(rig, FR_SECOND / 4);
    }
    assert_in_range(core_rig_did(rig, FR_ACTION_CONNECT, FR_LINK_NONE), 4, 12);
    core_rig_wait(rig, 2 * FR_SECOND); /* the last pause */
    core_rig_close(rig, core_rig_dialled_below(rig, 1, SELF), FR_E_UNREACHABLE);
    assert_int_equal(core_rig_results(rig, scene->up, 1, SELF, &result, text), 1);
    assert_int_equal(result.verdict, FR_VERDICT_UNREACHABLE);
    assert_true(result.accepted_ago_ns == FR_TIME_NEVER);
    assert_string_equal(text, "the connection broke");
    assert_int_equal(core_rig_dials(rig, 1), 1 << SELF | 1 << 2);
}

static void a_slow_counterpart_is_helped(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group large = feed_scene_child;
    fr_link_id helper;
    large.member_count = 5;
    core_rig_roster(rig, scene->up, &large); /* 1 and 4 are ours */
    scene->below = core_rig_answer_below(rig, 1, 1);
    core_rig_close(rig, core_rig_dialled_below(rig, 1, 4), FR_E_SECRET);
    core_rig_forget(rig);
    feed_scene_give(scene, 0, 3 * WINDOW - 1); /* two windows may wait */
    feed_scene_wait_heard(scene, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    feed_scene_give(scene, 3 * WINDOW - 1, 5);
    feed_scene_wait_heard(scene, 2 * rig->timing.patience - FR_MS);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    feed_scene_wait_heard(scene, FR_MS);
    assert_int_equal(core_rig_dials(rig, 1), 1 << 2);
    helper = core_rig_answer_below(rig, 1, 2);
    assert_int_equal(feed_scene_sent(scene, helper), WINDOW);
    core_rig_forget(rig);
    feed_scene_give(scene, 3 * WINDOW + 4, 12); /* more than both keep up with */
    feed_scene_wait_heard(scene, 2 * rig->timing.patience);
    assert_int_equal(core_rig_dials(rig, 1), 1 << 3);
    feed_scene_wait_heard(scene, 10 * FR_SECOND); /* never a third */
    assert_int_equal(core_rig_dials(rig, 1), 1 << 3);
}

static void no_help_is_needed_when_it_catches_up(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group leaf = feed_scene_child;
    leaf.below_count = 0; /* else its windows are larger than what is given here */
    core_rig_roster(rig, scene->up, &leaf);
    scene->below = core_rig_answer_below(rig, 1, SELF);
    core_rig_forget(rig);
    feed_scene_give(scene, 0, 3 * WINDOW + 1);
    feed_scene_wait_heard(scene, 2 * rig->timing.patience - FR_MS);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 0, WINDOW);
    feed_scene_wait_heard(scene, 2 * rig->timing.patience);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    feed_scene_give(scene, 3 * WINDOW + 1, 12); /* the count begins anew */
    feed_scene_wait_heard(scene, 2 * rig->timing.patience - FR_MS);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    feed_scene_wait_heard(scene, 2 * FR_MS);
    assert_int_equal(core_rig_dials(rig, 1), 1 << 2);
}

/* ---------------------------------------------------------------------------------------------------- a group that is gone */

/* Our counterpart fails, and the others cannot be reached. */
static void lose_group(struct feed_scene *scene, uint32_t group, uint32_t member_count) {
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, core_rig_dialled_below(rig, group, SELF), FR_E_SECRET);
    for (uint32_t i = 1; i < member_count; i++)
        core_rig_close(rig, core_rig_dialled_below(rig, group, (SELF + i) % member_count), FR_E_UNREACHABLE);
}

static void expect_far_child(struct feed_scene *scene, uint32_t group) {
    struct core_rig *rig = &scene->rig;
    const struct core_rig_act *act;
    struct fr_msg_open open;
    fr_link_id link = core_rig_dialled_below(rig, group, SELF);
    assert_int_equal(core_rig_dials(rig, group), 1 << SELF);
    core_rig_connect(rig, link);
    act = core_rig_last(rig, link, FR_FRAME_OPEN);
    assert_non_null(act);
    assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
    assert_int_equal(open.from, FR_MEMBER_FAR_ABOVE + (group - 2) * FR_GROUP_NODES_MAX + SELF); /* we are of group 0 */
    core_rig_hello(rig, link);
    core_rig_accept_frame(rig, link, false);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        core_rig_ranges(rig, link, FR_FRAME_REACHED, chunk, 1);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        assert_int_equal(feed_scene_count_sent(scene, link, chunk), 1);
}

static void whom_a_group_that_is_gone_fed_we_feed(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    feed_scene_give(scene, 0, 3);
    assert_int_equal(core_rig_dials(&scene->rig, 2), 0);
    lose_group(scene, 1, 3);
    expect_far_child(scene, 2);
}

static void also_when_its_roster_comes_only_then(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    feed_scene_give(scene, 0, 3);
    lose_group(scene, 1, 3);
    core_rig_roster(&scene->rig, scene->low, &feed_scene_grandchild);
    expect_far_child(scene, 2);
}

static void and_when_that_is_gone_the_next(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_deepest);
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    feed_scene_give(scene, 0, 3);
    lose_group(scene, 1, 3);
    lose_group(scene, 2, 4);
    expect_far_child(scene, 3);
}

static void a_group_that_is_complete_is_not_gone(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_COMPLETE, "");
    core_rig_close(&scene->rig, scene->below, FR_E_CLOSED);
    feed_scene_wait_heard(scene, 10 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 2), 0);
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_COMPLETE);
}

/* Our counterpart closes its link, and nobody else of its group can be reached. */
static void be_left(struct feed_scene *scene, const char *why) {
    core_rig_reason(&scene->rig, scene->below, FR_FRAME_BYE, 1, why);
    for (uint32_t i = 1; i < 3; i++)
        if (core_rig_dialled_below(&scene->rig, 1, (SELF + i) % 3) != FR_LINK_NONE)
            core_rig_close(&scene->rig, core_rig_dialled_below(&scene->rig, 1, (SELF + i) % 3), FR_E_UNREACHABLE);
    scene->below = FR_LINK_NONE;
}

/* It does not hear us, and has the object: nobody comes for it any more, so what it hears from below goes no further. */
static void below_one_that_is_complete_and_closes_its_link_we_feed(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_COMPLETE, "");
    be_left(scene, "silent for 15 s");
    assert_int_equal(core_rig_dials(&scene->rig, 2), 1 << SELF);
}

static void below_one_that_will_not_have_us_others_do(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    be_left(scene, "sent wrong chunks again and again");
    feed_scene_wait_heard(scene, 10 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 2), 0);
}

/* A liar feeds, in the place of another, a group two below its own. What it says of nodes there is tried from here before it goes up. */
static void one_that_those_further_below_caught_feeds_nobody(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_roster(rig, scene->up, &feed_scene_grandchild);
    core_rig_roster(rig, scene->up, &feed_scene_deepest);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++) {
        assert_int_equal(core_rig_dials(rig, 1), 0);
        core_rig_fault(rig, scene->below, 3, FR_MEMBER_FAR_ABOVE + SELF, chunk, "sent a wrong chunk");
    }
    core_rig_close(rig, core_rig_dialled_below(rig, 1, 2), FR_E_UNREACHABLE);
    core_rig_close(rig, core_rig_dialled_below(rig, 1, 0), FR_E_UNREACHABLE);
    assert_int_equal(core_rig_dials(rig, 2), 1 << SELF);
    core_rig_result(rig, scene->below, 3, 0, FR_VERDICT_FAILED, "sent wrong chunks again and again");
    assert_int_equal(core_rig_dials(rig, 3), 1 << 0);
    assert_int_equal(core_rig_results(rig, scene->up, 3, 0, NULL, NULL), 0);
}

static void one_that_is_accused_in_the_place_of_another_goes_on(void **state) {
    static const struct {
        uint32_t group, member;
    } others[] = {
        {2, FR_MEMBER_FAR_ABOVE + SELF},                          /* of our own group */
        {3, FR_MEMBER_ABOVE + SELF},                              /* of the one between */
        {3, FR_MEMBER_FAR_ABOVE + FR_GROUP_NODES_MAX + SELF},     /* of our own group */
        {3, FR_MEMBER_FAR_ABOVE + 5 * FR_GROUP_NODES_MAX + SELF}, /* of none */
        {3, FR_MEMBER_FAR_ABOVE + 3},                             /* nobody */
        {3, FR_MEMBER_UPSTREAM},                                  /* the origin */
    };
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    core_rig_roster(&scene->rig, scene->up, &feed_scene_deepest);
    for (size_t i = 0; i < FR_COUNT_OF(others); i++)
        for (fr_chunk_index chunk = 0; chunk < 4; chunk++)
            core_rig_fault(&scene->rig, scene->below, others[i].group, others[i].member, chunk, "sent a wrong chunk");
    assert_int_equal(core_rig_dials(&scene->rig, 1) | core_rig_dials(&scene->rig, 2), 0);
}

static void the_origin_takes_on_whom_its_group_fed(void **state) {
    static const struct core_rig_group groups[] = {{.index = 0, .member_count = 2}, {.index = 1, .upstream_count = 2, .member_count = 2}};
    struct feed_scene scene;
    struct core_rig *rig = &scene.rig;
    const struct core_rig_act *act;
    struct fr_msg_open open;
    fr_link_id links[2];
    (void) state;
    core_rig_init(rig, CHUNKS);
    assert_int_equal(core_rig_be_origin_of(rig, groups, 2), 0);
    for (uint32_t m = 0; m < 2; m++)
        links[m] = core_rig_answer_below(rig, 0, m);
    for (uint32_t m = 0; m < 2; m++) {
        assert_int_equal(core_rig_dials(rig, 1), 0);
        core_rig_close(rig, links[m], FR_E_PROTOCOL);
    }
    assert_int_equal(core_rig_dials(rig, 1), 3); /* all of them, for it answers for all */
    for (uint32_t m = 0; m < 2; m++) {
        links[m] = core_rig_answer_below(rig, 1, m);
        act = core_rig_last(rig, links[m], FR_FRAME_OPEN);
        assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
        assert_int_equal(open.from, FR_MEMBER_UPSTREAM);
    }
    core_rig_forget(rig);
    core_rig_ranges(rig, links[0], FR_FRAME_REACHED, 0, CHUNKS);
    core_rig_ranges(rig, links[1], FR_FRAME_REACHED, 0, CHUNKS);
    for (int i = 0; i < 40; i++) {
        core_rig_ranges(rig, links[0], FR_FRAME_REACHED, 0, CHUNKS);
        core_rig_ranges(rig, links[1], FR_FRAME_REACHED, 0, CHUNKS);
    }
    for (uint32_t m = 0; m < 2; m++)
        core_rig_done_frame(rig, links[m], FR_VERDICT_COMPLETE, "");
    assert_true(rig->has_ended);
    core_rig_done(rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(when_the_counterpart_is_gone_another_gets_what_it_had, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_after_the_other_is_tried, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(the_counterpart_is_tried_until_the_time_is_up, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_slow_counterpart_is_helped, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(no_help_is_needed_when_it_catches_up, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(whom_a_group_that_is_gone_fed_we_feed, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(also_when_its_roster_comes_only_then, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(and_when_that_is_gone_the_next, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_group_that_is_complete_is_not_gone, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(below_one_that_is_complete_and_closes_its_link_we_feed, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(below_one_that_will_not_have_us_others_do, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_those_further_below_caught_feeds_nobody, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_accused_in_the_place_of_another_goes_on, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test(the_origin_takes_on_whom_its_group_fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
