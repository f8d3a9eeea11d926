/* SPDX-License-Identifier: Apache-2.0 */
/* The origin's table of nodes over all groups: whose word counts, who is given up when nobody is heard of, who was slow. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { CHUNKS = 40, PAGES = 2, FIRST = 3, NODES = 8, UNHEARD_SILENCES = 8 };

/* Nodes 0 1 2 are the first group, 3 4 5 the one below it, 6 7 another first group. */
static const struct core_rig_group groups[] = {{.index = 0, .member_count = 3},
                                               {.index = 1, .upstream_group = 0, .upstream_count = 3, .member_count = 3},
                                               {.index = 2, .member_count = 2}};

struct scene {
    struct core_rig rig;
    fr_link_id first[FIRST], other[2];
};

static void open_scene(struct scene *scene, unsigned holds) {
    struct core_rig *rig = &scene->rig;
    core_rig_init(rig, CHUNKS);
    rig->holds = holds;
    assert_int_equal(core_rig_be_origin_of(rig, groups, FR_COUNT_OF(groups)), 0);
    for (uint32_t m = 0; m < FIRST; m++)
        scene->first[m] = core_rig_answer_below(rig, 0, m);
    for (uint32_t m = 0; m < 2; m++)
        scene->other[m] = core_rig_answer_below(rig, 2, m);
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

static struct fr_member_result result_of(const struct scene *scene, uint32_t node) { return core_rig_node_result(&scene->rig, node); }

static enum fr_verdict verdict_of(const struct scene *scene, uint32_t node) { return result_of(scene, node).verdict; }

/* Every link is heard of, though no node gains anything. */
static void wait_heard(struct scene *scene, fr_time_ns span) {
    const fr_link_id links[] = {scene->first[0], scene->first[1], scene->first[2], scene->other[0], scene->other[1]};
    core_rig_wait_heard(&scene->rig, span, links, FR_COUNT_OF(links));
}

static void complete(struct scene *scene, fr_link_id link) { core_rig_done_frame(&scene->rig, link, FR_VERDICT_COMPLETE, ""); }

static void complete_first_groups(struct scene *scene) {
    for (uint32_t m = 0; m < FIRST; m++)
        complete(scene, scene->first[m]);
    for (uint32_t m = 0; m < 2; m++)
        complete(scene, scene->other[m]);
}

/* ---------------------------------------------------------------------------------------------------- whose word */

/* A member above gives up one of group 1, and so do we: it would not have us either. */
static void give_up(struct scene *scene, uint32_t member, enum fr_verdict verdict, const char *reason) {
    fr_link_id link;
    core_rig_result(&scene->rig, scene->first[0], 1, member, verdict, reason);
    link = core_rig_dialled_below(&scene->rig, 1, member);
    core_rig_connect(&scene->rig, link);
    core_rig_hello(&scene->rig, link);
    core_rig_reason(&scene->rig, link, FR_FRAME_REFUSE, FR_REFUSAL_SPACE, "nor you");
}

static void nodes_are_counted_over_the_groups(void **state) {
    struct scene *scene = *state;
    core_rig_result(&scene->rig, scene->first[1], 1, 0, FR_VERDICT_COMPLETE, "");
    give_up(scene, 2, FR_VERDICT_REFUSED, "no room");
    core_rig_done_frame(&scene->rig, scene->first[2], FR_VERDICT_FAILED, "the disk is full");
    complete(scene, scene->other[1]);
    for (uint32_t node = 0; node < NODES; node++)
        if (node != 2 && node != 3 && node != 5 && node != 7)
            assert_int_equal(verdict_of(scene, node), FR_VERDICT_PENDING);
    assert_int_equal(verdict_of(scene, 2), FR_VERDICT_FAILED);
    assert_string_equal(result_of(scene, 2).reason, "the disk is full");
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_COMPLETE);
    assert_int_equal(verdict_of(scene, 5), FR_VERDICT_REFUSED);
    assert_string_equal(result_of(scene, 5).reason, "no room");
    assert_int_equal(verdict_of(scene, 7), FR_VERDICT_COMPLETE);
}

static void the_first_word_counts(void **state) {
    struct scene *scene = *state;
    give_up(scene, 0, FR_VERDICT_REFUSED, "one");
    core_rig_result(&scene->rig, scene->first[1], 1, 0, FR_VERDICT_UNREACHABLE, "two");
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_REFUSED);
    assert_string_equal(result_of(scene, 3).reason, "one");
}

/* The one above that gave it up may be cut off from it, and we not. */
static void whom_others_gave_up_we_try_once(void **state) {
    struct scene *scene = *state;
    fr_link_id link;
    core_rig_result(&scene->rig, scene->first[0], 1, 0, FR_VERDICT_FAILED, "not heard of");
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_PENDING);
    link = core_rig_dialled_below(&scene->rig, 1, 0);
    core_rig_close(&scene->rig, link, FR_E_REFUSED);
    wait_heard(scene, 60 * FR_SECOND);
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_FAILED);
    assert_string_equal(result_of(scene, 3).reason, "not heard of");
}

static void but_that_a_node_completed_after_all(void **state) {
    static const enum fr_verdict earlier[] = {FR_VERDICT_FAILED, FR_VERDICT_UNREACHABLE, FR_VERDICT_REFUSED};
    struct scene *scene = *state;
    for (uint32_t i = 0; i < 3; i++) {
        core_rig_result(&scene->rig, scene->first[0], 1, i, earlier[i], "too early");
        core_rig_result(&scene->rig, scene->first[1], 1, i, FR_VERDICT_COMPLETE, "");
        core_rig_result(&scene->rig, scene->first[2], 1, i, earlier[i], "too late");
        assert_int_equal(verdict_of(scene, 3 + i), FR_VERDICT_COMPLETE);
        assert_string_equal(result_of(scene, 3 + i).reason, "");
    }
}

static void moments_are_reckoned_from_when_it_is_told(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_time_ns began = rig->now;
    const struct fr_msg_result told = {.group = 1,
                                       .member = 1,
                                       .verdict = FR_VERDICT_COMPLETE,
                                       .accepted_ago_ns = 4 * FR_SECOND,
                                       .done_ago_ns = FR_SECOND,
                                       .figures = {.chunks_have = CHUNKS, .chunks_owned = 9, .chunks_bad = 1}};
    struct fr_member_result result;
    uint8_t frame[512];
    wait_heard(scene, 10 * FR_SECOND);
    fr_result_encode(&told, frame, sizeof frame);
    core_rig_frame(rig, scene->first[0], frame);
    result = result_of(scene, 4);
    assert_true(result.accepted_at == began + 6 * FR_SECOND);
    assert_true(result.done_at == began + 9 * FR_SECOND);
    assert_int_equal(result.figures.chunks_have, CHUNKS);
    assert_int_equal(result.figures.chunks_bad, 1);
    assert_int_equal(result.chunks_given, 9); /* whoever gave them to it: as it says */
    core_rig_result(rig, scene->first[0], 1, 2, FR_VERDICT_UNREACHABLE, "no route");
    assert_true(result_of(scene, 5).accepted_at == FR_TIME_NEVER);
}

static void progress_from_below_is_shown(void **state) {
    struct scene *scene = *state;
    core_rig_below(&scene->rig, scene->first[0], 1, 1, 12);
    assert_int_equal(result_of(scene, 4).figures.chunks_have, 12);
    core_rig_below(&scene->rig, scene->first[1], 1, 1, 11); /* older, by another way */
    assert_int_equal(result_of(scene, 4).figures.chunks_have, 12);
    give_up(scene, 1, FR_VERDICT_REFUSED, "x");
    core_rig_below(&scene->rig, scene->first[0], 1, 1, 30);
    assert_int_equal(result_of(scene, 4).figures.chunks_have, 1); /* as the result had it */
}

static void nodes_that_are_not_there_are_no_harm(void **state) {
    struct scene *scene = *state;
    core_rig_result(&scene->rig, scene->first[0], 1, 3, FR_VERDICT_COMPLETE, "");
    core_rig_result(&scene->rig, scene->first[0], 1, FR_GROUP_NODES_MAX - 1, FR_VERDICT_FAILED, "x");
    core_rig_below(&scene->rig, scene->first[0], 1, 3, 5);
    for (uint32_t node = 0; node < NODES; node++)
        assert_int_equal(verdict_of(scene, node), FR_VERDICT_PENDING);
    assert_false(scene->rig.has_ended);
}

static void it_is_over_when_every_node_has_ended(void **state) {
    struct scene *scene = *state;
    complete_first_groups(scene);
    core_rig_result(&scene->rig, scene->first[0], 1, 0, FR_VERDICT_COMPLETE, "");
    give_up(scene, 1, FR_VERDICT_REFUSED, "x");
    assert_false(scene->rig.has_ended);
    core_rig_result(&scene->rig, scene->first[0], 1, 1, FR_VERDICT_REFUSED, "x"); /* it counts once */
    assert_false(scene->rig.has_ended);
    core_rig_result(&scene->rig, scene->first[0], 1, 2, FR_VERDICT_COMPLETE, "");
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_failure(&scene->rig), 0);
    for (uint32_t m = 0; m < FIRST; m++)
        assert_int_equal(core_rig_last(&scene->rig, scene->first[m], FR_FRAME_BYE)->body[0], 0);
}

static void a_fault_below_is_named_in_the_report(void **state) {
    struct scene *scene = *state;
    const struct core_rig_trace *trace;
    core_rig_fault(&scene->rig, scene->first[0], 1, 2, 17, "sent a wrong chunk");
    trace = core_rig_last_trace(&scene->rig, FR_TRACE_FAULT);
    assert_non_null(trace);
    assert_int_equal(trace->group, 1);
    assert_int_equal(trace->member, 2);
    assert_int_equal(trace->chunk, 17);
    assert_non_null(strstr(trace->text, "sent a wrong chunk"));
    core_rig_fault(&scene->rig, scene->first[0], 1, FR_MEMBER_ABOVE + 1, 3, "spoils all"); /* one of the first group */
    assert_non_null(strstr(core_rig_last_trace(&scene->rig, FR_TRACE_FAULT)->text, "spoils all"));
    core_rig_fault(&scene->rig, scene->first[0], 1, FR_MEMBER_FAR_ABOVE + 60, 3, "is nowhere");
    core_rig_fault(&scene->rig, scene->first[0], 1, 50, 3, "is nobody");
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_FAULT, 50), 1);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
}

/* ---------------------------------------------------------------------------------------------------- silence */

static fr_time_ns unheard_after(const struct scene *scene) { return UNHEARD_SILENCES * scene->rig.timing.silence; }

static void who_is_not_heard_of_is_given_up(void **state) {
    struct scene *scene = *state;
    complete_first_groups(scene);
    core_rig_below(&scene->rig, scene->first[0], 1, 1, 12);
    wait_heard(scene, unheard_after(scene) - FR_MS);
    assert_false(scene->rig.has_ended);
    wait_heard(scene, FR_MS);
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_failure(&scene->rig), 0);
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_UNREACHABLE); /* nothing was ever heard of it */
    assert_int_equal(verdict_of(scene, 4), FR_VERDICT_FAILED);
    assert_int_equal(verdict_of(scene, 5), FR_VERDICT_UNREACHABLE);
    for (uint32_t node = 3; node < 6; node++)
        assert_string_equal(result_of(scene, node).reason, "nothing was heard of it any more");
    assert_int_equal(verdict_of(scene, 0), FR_VERDICT_COMPLETE);
}

static void not_while_something_is_heard(void **state) {
    struct scene *scene = *state;
    complete_first_groups(scene);
    for (uint32_t chunks = 1; chunks <= 10; chunks++) {
        wait_heard(scene, unheard_after(scene) - FR_SECOND);
        assert_false(scene->rig.has_ended);
        core_rig_below(&scene->rig, scene->first[chunks % 3], 1, chunks % 3, chunks);
    }
    wait_heard(scene, unheard_after(scene) - FR_SECOND);
    core_rig_result(&scene->rig, scene->first[0], 1, 0, FR_VERDICT_COMPLETE, "");
    wait_heard(scene, unheard_after(scene) - FR_SECOND);
    assert_false(scene->rig.has_ended);
    wait_heard(scene, FR_SECOND);
    assert_true(scene->rig.has_ended);
}

static void what_was_heard_before_is_no_news(void **state) {
    struct scene *scene = *state;
    complete_first_groups(scene);
    core_rig_below(&scene->rig, scene->first[0], 1, 1, 12);
    for (int i = 0; i < UNHEARD_SILENCES; i++) {
        assert_false(scene->rig.has_ended);
        wait_heard(scene, scene->rig.timing.silence);
        if (!scene->rig.has_ended)
            core_rig_below(&scene->rig, scene->first[0], 1, 1, 12);
    }
    assert_true(scene->rig.has_ended);
}

static void not_while_the_source_is_slow(void **state) {
    struct scene scene;
    (void) state;
    open_scene(&scene, CORE_RIG_PAGES); /* the first page does not come */
    wait_heard(&scene, 3 * unheard_after(&scene));
    assert_false(scene.rig.has_ended);
    scene.rig.holds = 0;
    core_rig_take(&scene.rig);
    complete_first_groups(&scene);
    wait_heard(&scene, unheard_after(&scene) - FR_MS);
    assert_false(scene.rig.has_ended);
    wait_heard(&scene, FR_MS);
    assert_true(scene.rig.has_ended);
    core_rig_done(&scene.rig);
}

static void when_the_first_groups_are_gone_it_feeds_the_next(void **state) {
    struct scene *scene = *state;
    fr_link_id below;
    for (uint32_t m = 0; m < FIRST; m++)
        core_rig_close(&scene->rig, scene->first[m], FR_E_PROTOCOL);
    for (uint32_t m = 0; m < 2; m++)
        complete(scene, scene->other[m]);
    below = core_rig_answer_below(&scene->rig, 1, 0);
    for (uint32_t m = 1; m < 3; m++)
        core_rig_close(&scene->rig, core_rig_dialled_below(&scene->rig, 1, m), FR_E_SECRET);
    complete(scene, below);
    assert_true(scene->rig.has_ended);
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_COMPLETE);
    assert_int_equal(verdict_of(scene, 4), FR_VERDICT_REFUSED);
}

/* ---------------------------------------------------------------------------------------------------- slow ones */

/* How it looks when the members of the first groups are done at once, and those below at these seconds. */
static void end_at(struct scene *scene, const uint32_t *seconds) {
    uint32_t now = 0;
    complete_first_groups(scene);
    for (uint32_t m = 0; m < 3; m++) {
        wait_heard(scene, (seconds[m] - now) * FR_SECOND);
        now = seconds[m];
        core_rig_result(&scene->rig, scene->first[0], 1, m, FR_VERDICT_COMPLETE, "");
    }
    assert_true(scene->rig.has_ended);
}

static void a_later_group_is_not_slow(void **state) {
    static const uint32_t seconds[] = {20, 21, 22};
    struct scene *scene = *state;
    end_at(scene, seconds);
    for (uint32_t node = 0; node < NODES; node++)
        assert_int_equal(verdict_of(scene, node), FR_VERDICT_COMPLETE);
}

static void who_comes_in_well_after_its_group_is_slow(void **state) {
    static const uint32_t seconds[] = {20, 20, 32}; /* 20 + 10 + 1 */
    struct scene *scene = *state;
    end_at(scene, seconds);
    assert_int_equal(verdict_of(scene, 3), FR_VERDICT_COMPLETE);
    assert_int_equal(verdict_of(scene, 4), FR_VERDICT_COMPLETE);
    assert_int_equal(verdict_of(scene, 5), FR_VERDICT_SLOW);
    assert_true(result_of(scene, 5).reason[0] != 0);
    for (uint32_t node = 0; node < 3; node++)
        assert_int_equal(verdict_of(scene, node), FR_VERDICT_COMPLETE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_are_counted_over_the_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_word_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whom_others_gave_up_we_try_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(but_that_a_node_completed_after_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moments_are_reckoned_from_when_it_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_from_below_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nodes_that_are_not_there_are_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_over_when_every_node_has_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fault_below_is_named_in_the_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_not_heard_of_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_while_something_is_heard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_heard_before_is_no_news, set_up, tear_down),
        cmocka_unit_test(not_while_the_source_is_slow),
        cmocka_unit_test_setup_teardown(when_the_first_groups_are_gone_it_feeds_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_group_is_not_slow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_comes_in_well_after_its_group_is_slow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
