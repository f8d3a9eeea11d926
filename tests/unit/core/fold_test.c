/* SPDX-License-Identifier: Apache-2.0 */
/* What a member passes up of the nodes below it: each result once, and again to whoever comes anew; news in batches; faults at once. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, ABOVE = 3, GROUP = 2 };

/* Our group 2 of 3 is below one of 3; below ours is 3, and 4 below that. */
static const struct core_rig_group child = {.index = 3, .below_count = 1, .upstream_group = GROUP, .upstream_count = 3, .member_count = 3};

/* Member 1, linked to its peers, to one member above and to one below. */
struct scene {
    struct core_rig rig;
    fr_link_id up, low, high, below;
};

static void open_scene(struct scene *scene, uint32_t node_count) {
    struct core_rig *rig = &scene->rig;
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, GROUP, 2, ABOVE);
    rig->roster.node_count = node_count;
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    scene->high = core_rig_accept(rig, HIGH);
    core_rig_page(rig, scene->up, 0);
    core_rig_roster(rig, scene->up, &child);
    scene->below = core_rig_answer_below(rig, 3, SELF);
    core_rig_forget(rig);
}

static int set_up(void **state) {
    *state = malloc(sizeof(struct scene));
    assert_non_null(*state);
    open_scene(*state, 0);
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static void wait_heard(struct scene *scene, fr_time_ns span) {
    const fr_link_id links[] = {scene->up, scene->low, scene->high, scene->below};
    core_rig_wait_heard(&scene->rig, span, links, 4);
}

static uint32_t told(const struct scene *scene, fr_link_id link, uint32_t group, uint32_t member) {
    return core_rig_results(&scene->rig, link, group, member, NULL, NULL);
}

/* ---------------------------------------------------------------------------------------------------- results */

static void a_result_is_passed_up_as_it_came(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct fr_msg_result result = {.group = 4,
                                         .member = 5,
                                         .verdict = FR_VERDICT_FAILED,
                                         .accepted_ago_ns = 7 * FR_SECOND,
                                         .done_ago_ns = 2 * FR_SECOND,
                                         .figures = {1, 2, 3, 4, 5, 6, 7, 8, 0},
                                         .text = {"the disk is full", 16}};
    struct fr_msg_result up;
    char text[FR_REASON_BYTES_MAX + 1];
    uint8_t frame[512];
    fr_result_encode(&result, frame, sizeof frame);
    core_rig_frame(rig, scene->below, frame);
    assert_int_equal(core_rig_results(rig, scene->up, 4, 5, &up, text), 1);
    assert_int_equal(up.verdict, FR_VERDICT_FAILED);
    assert_true(up.accepted_ago_ns == 7 * FR_SECOND && up.done_ago_ns == 2 * FR_SECOND);
    assert_int_equal(up.figures.bytes_from_upstream, 1);
    assert_int_equal(up.figures.chunks_bad, 8);
    assert_string_equal(text, "the disk is full");
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_RESULT) + core_rig_said(rig, scene->high, FR_FRAME_RESULT), 0);
}

static void a_result_is_told_once(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 5; i++)
        core_rig_result(&scene->rig, scene->below, 4, 0, FR_VERDICT_COMPLETE, "");
    core_rig_result(&scene->rig, scene->below, 4, 0, FR_VERDICT_FAILED, "no"); /* it is complete, whatever comes then */
    wait_heard(scene, 5 * FR_SECOND);
    assert_int_equal(told(scene, scene->up, 4, 0), 1);
    core_rig_result(&scene->rig, scene->below, 4, 1, FR_VERDICT_FAILED, "x");
    core_rig_result(&scene->rig, scene->below, 4, 1, FR_VERDICT_FAILED, "y");
    assert_int_equal(told(scene, scene->up, 4, 1), 1);
    core_rig_result(&scene->rig, scene->below, 4, 1, FR_VERDICT_COMPLETE, ""); /* after all */
    assert_int_equal(told(scene, scene->up, 4, 1), 2);
}

static void results_are_told_in_the_order_they_came(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    uint32_t next = 0;
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    for (uint32_t member = 0; member < 40; member++)
        core_rig_result(rig, scene->below, 4, member, FR_VERDICT_COMPLETE, "");
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct fr_msg_result result;
        if (rig->acts[i].type != FR_ACTION_SEND || rig->acts[i].link != scene->up || rig->acts[i].frame != FR_FRAME_RESULT)
            continue;
        assert_int_equal(fr_result_decode(rig->acts[i].body, rig->acts[i].bytes, &result), 0);
        assert_int_equal(result.member, next++);
    }
    assert_int_equal(next, 40);
}

static void nothing_is_lost_while_nobody_is_above(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_result result;
    core_rig_result(rig, scene->below, 4, 0, FR_VERDICT_FAILED, "x");
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_result(rig, scene->below, 4, 1, FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, scene->below, FR_VERDICT_COMPLETE, "");
    core_rig_wait(rig, 3 * FR_SECOND);
    core_rig_forget(rig);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    assert_int_equal(told(scene, scene->up, 4, 0), 1); /* whoever is gone may have taken it along */
    assert_int_equal(core_rig_results(rig, scene->up, 4, 1, &result, NULL), 1);
    assert_int_equal(told(scene, scene->up, 3, SELF), 1);
    assert_true(result.accepted_ago_ns == FR_TIME_NEVER);
    assert_true(result.done_ago_ns == 3 * FR_SECOND); /* it was then, not now */
}

static void one_that_came_anew_is_told_again(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_result(rig, scene->below, 4, 0, FR_VERDICT_FAILED, "x");
    core_rig_forget(rig);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1); /* its old link is dead, and nobody noticed */
    assert_int_equal(told(scene, scene->up, 4, 0), 1);
}

/* Two above: whichever was told, when it goes the other is told all. */
static void when_the_one_that_was_told_goes_the_other_is_told(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id other = core_rig_accept(rig, FR_MEMBER_ABOVE + 2), gone, left;
    core_rig_result(rig, scene->below, 4, 0, FR_VERDICT_FAILED, "x");
    assert_int_equal(told(scene, scene->up, 4, 0) + told(scene, other, 4, 0), 1);
    gone = told(scene, scene->up, 4, 0) ? scene->up : other;
    left = gone == other ? scene->up : other;
    core_rig_forget(rig);
    core_rig_close(rig, gone, FR_E_CLOSED);
    core_rig_wait(rig, FR_SECOND);
    assert_int_equal(told(scene, left, 4, 0), 1);
}

/* ---------------------------------------------------------------------------------------------------- how far they are */

static void progress_is_told_in_batches(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group large = child;
    fr_link_id other;
    large.member_count = 5; /* 1 and 4 are ours */
    core_rig_done(rig);
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, GROUP, 2, ABOVE);
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    core_rig_roster(rig, scene->up, &large);
    scene->below = core_rig_answer_below(rig, 3, 1);
    other = core_rig_answer_below(rig, 3, 4);
    core_rig_progress(rig, scene->below, 1);
    core_rig_progress(rig, other, 2);
    core_rig_progress(rig, scene->below, 3);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_BELOW), 0);
    core_rig_wait(rig, 249 * FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_BELOW), 0);
    core_rig_wait(rig, 2 * FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_BELOW), 1);
    assert_int_equal(core_rig_told_below(rig, scene->up, 3, 1), 3); /* the last word of each, once */
    assert_int_equal(core_rig_told_below(rig, scene->up, 3, 4), 2);
    assert_int_equal(core_rig_last(rig, scene->up, FR_FRAME_BELOW)->body[0], 2);
    core_rig_wait(rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_BELOW), 1); /* no news, no frame */
    core_rig_progress(rig, other, 5);
    core_rig_wait(rig, 251 * FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_BELOW), 2);
    assert_int_equal(core_rig_last(rig, scene->up, FR_FRAME_BELOW)->body[0], 1);
}

static void the_more_nodes_the_rarer_it_is_told(void **state) {
    static const struct {
        uint32_t node_count;
        fr_time_ns interval;
    } cases[] = {{0, 250 * FR_MS}, {100, 300 * FR_MS}, {2000, 1250 * FR_MS}, {100000, 50250 * FR_MS}};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct scene scene;
        open_scene(&scene, cases[i].node_count);
        for (uint32_t round = 0; round < 3; round++) {
            core_rig_progress(&scene.rig, scene.below, round + 1);
            wait_heard(&scene, cases[i].interval - FR_MS);
            assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_BELOW), round);
            wait_heard(&scene, 2 * FR_MS);
            assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_BELOW), round + 1);
        }
        core_rig_done(&scene.rig);
    }
}

static void progress_of_further_below_is_passed_up(void **state) {
    struct scene *scene = *state;
    core_rig_below(&scene->rig, scene->below, 4, 7, 12);
    wait_heard(scene, FR_SECOND);
    assert_int_equal(core_rig_told_below(&scene->rig, scene->up, 4, 7), 12);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_BELOW), 1);
}

static void of_one_that_has_ended_no_progress_is_told(void **state) {
    struct scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_COMPLETE, "");
    wait_heard(scene, FR_SECOND);
    core_rig_forget(&scene->rig);
    core_rig_progress(&scene->rig, scene->below, CHUNKS);
    wait_heard(scene, FR_SECOND);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_BELOW), 0);
}

static void progress_without_anybody_above_is_no_harm(void **state) {
    struct scene *scene = *state;
    core_rig_close(&scene->rig, scene->up, FR_E_CLOSED);
    core_rig_progress(&scene->rig, scene->below, 3);
    core_rig_below(&scene->rig, scene->below, 4, 7, 12);
    core_rig_fault(&scene->rig, scene->below, 4, 7, 3, "sent a wrong chunk");
    core_rig_wait(&scene->rig, FR_SECOND);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_BELOW), 0);
    assert_false(scene->rig.has_ended);
}

/* ---------------------------------------------------------------------------------------------------- faults */

static void a_fault_is_passed_up_at_once_as_it_came(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct core_rig_act *act;
    struct fr_msg_fault fault;
    core_rig_fault(rig, scene->below, 4, FR_MEMBER_ABOVE + 2, 17, "sent a wrong chunk");
    core_rig_fault(rig, scene->below, 3, 2, FR_CHUNK_NONE, "sent a page that the origin did not sign");
    assert_int_equal(core_rig_faults(rig, scene->up, 4, FR_MEMBER_ABOVE + 2), 1);
    assert_int_equal(core_rig_faults(rig, scene->up, 3, 2), 1);
    act = core_rig_last(rig, scene->up, FR_FRAME_FAULT);
    assert_int_equal(fr_fault_decode(act->body, act->bytes, &fault), 0);
    assert_int_equal(fault.chunk, FR_CHUNK_NONE);
    assert_memory_equal(fault.text.bytes, "sent a page that the origin did not sign", fault.text.count);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
}

/* ---------------------------------------------------------------------------------------------------- vouching */

/* How a peer ended is told by the one after it, in our own group's name. */
static void how_the_peer_before_us_ended_is_told_too(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    char text[FR_REASON_BYTES_MAX + 1];
    struct fr_msg_result result;
    core_rig_done_frame(rig, scene->high, FR_VERDICT_COMPLETE, ""); /* 0 is the next after 2: it will tell */
    assert_int_equal(told(scene, scene->up, GROUP, HIGH), 0);
    core_rig_done_frame(rig, scene->low, FR_VERDICT_FAILED, "the disk is full");
    assert_int_equal(core_rig_results(rig, scene->up, GROUP, LOW, &result, text), 1);
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
    assert_int_equal(result.figures.chunks_have, CHUNKS);
    assert_string_equal(text, "the disk is full");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_result_is_passed_up_as_it_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_result_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_are_told_in_the_order_they_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_lost_while_nobody_is_above, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_came_anew_is_told_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_the_one_that_was_told_goes_the_other_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_is_told_in_batches, set_up, tear_down),
        cmocka_unit_test(the_more_nodes_the_rarer_it_is_told),
        cmocka_unit_test_setup_teardown(progress_of_further_below_is_passed_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_one_that_has_ended_no_progress_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_without_anybody_above_is_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fault_is_passed_up_at_once_as_it_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(how_the_peer_before_us_ended_is_told_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
