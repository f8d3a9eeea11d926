/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding a group below: what is given to whom and when, and how its members end. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/feed_scene.h"
#include "support/test.h"

/* ---------------------------------------------------------------------------------------------------- giving */

static void an_owned_chunk_goes_down_before_it_goes_to_the_peers(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig_act first = {0};
    uint32_t total = 0;
    feed_scene_give(scene, 3, 1);
    for (uint32_t i = 0; i < scene->rig.act_count; i++)
        if (scene->rig.acts[i].type == FR_ACTION_SEND_CHUNK && total++ == 0)
            first = scene->rig.acts[i];
    assert_int_equal(total, 3);
    assert_int_equal(first.link, scene->below);
    assert_int_equal(first.chunk, 3);
    assert_true(first.is_urgent);
    assert_true(core_rig_sent_chunk(&scene->rig, scene->low, 3));
    assert_true(core_rig_sent_chunk(&scene->rig, scene->high, 3));
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_CHUNK_GIVEN, SELF), 1);
}

/* For a gift a whole group waits, for an answer one node: were that first, too, who asks for much would leave nothing for our peers. */
static void what_is_asked_for_below_is_not_urgent(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig_act last = {.is_urgent = true};
    feed_scene_give(scene, 3, 1);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_REACHED, 3, 1);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_WANT, 3, 1);
    for (uint32_t i = 0; i < scene->rig.act_count; i++)
        if (scene->rig.acts[i].type == FR_ACTION_SEND_CHUNK && scene->rig.acts[i].link == scene->below)
            last = scene->rig.acts[i];
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 2);
    assert_false(last.is_urgent);
}

static void it_goes_down_once(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_give(scene, 3, 1);
    feed_scene_give(scene, 3, 1);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_REACHED, 3, 1);
    feed_scene_give(scene, 3, 1);
    feed_scene_wait_heard(scene, 2 * FR_SECOND);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 1);
}

static void what_a_peer_owns_is_not_given_down_by_us(void **state) {
    struct feed_scene *scene = *state;
    core_rig_chunk(&scene->rig, scene->low, 5, CORE_RIG_GOOD);
    feed_scene_wait_heard(scene, 2 * FR_SECOND);
    assert_int_equal(feed_scene_sent(scene, scene->below), 0);
}

static void pages_and_the_end_run_ahead(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_page(rig, scene->low, 1);
    core_rig_end(rig, scene->low);
    assert_int_equal(core_rig_said(rig, scene->below, FR_FRAME_PAGE), 1); /* it had the other when it came */
    assert_int_equal(core_rig_said(rig, scene->below, FR_FRAME_END), 1);
}

static void what_it_reports_makes_room_for_more(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    feed_scene_give(scene, 0, 10);
    assert_int_equal(feed_scene_sent(scene, scene->below), WINDOW);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 0, 1);
    assert_int_equal(feed_scene_sent(scene, scene->below), WINDOW + 1);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 0, 1); /* again */
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 9, 1); /* not given yet */
    assert_int_equal(feed_scene_sent(scene, scene->below), WINDOW + 1);
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].type == FR_ACTION_SEND_CHUNK && rig->acts[i].link == scene->below)
            core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, rig->acts[i].chunk, 1);
    assert_int_equal(feed_scene_sent(scene, scene->below), 10);
}

static void what_came_damaged_is_given_again(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_give(scene, 3, 1);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_MISSING, 3, 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 2);
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_CHUNK_TAKEN_BACK, SELF), 1);
}

static void what_it_has_is_not_given(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    feed_scene_give(scene, 0, 10); /* the first four go out, the rest waits */
    core_rig_ranges(rig, scene->below, FR_FRAME_HAVE, 5, 3);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 0, 4);
    core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, 4, 1);
    feed_scene_wait_heard(scene, FR_SECOND);
    for (fr_chunk_index chunk = 0; chunk < 10; chunk++)
        assert_int_equal(feed_scene_count_sent(scene, scene->below, chunk), chunk < 5 || chunk > 7);
}

static void a_child_that_comes_late_gets_what_was_owned_before(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_give(scene, 0, 3);
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    scene->below = core_rig_answer_below(&scene->rig, 1, SELF);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        core_rig_ranges(&scene->rig, scene->below, FR_FRAME_REACHED, chunk, 1);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        assert_int_equal(feed_scene_count_sent(scene, scene->below, chunk), 1);
}

static void each_child_group_gets_all(void **state) {
    static const struct core_rig_group other = {.index = 3, .upstream_count = 3, .member_count = 3};
    struct feed_scene *scene = *state;
    fr_link_id link;
    core_rig_roster(&scene->rig, scene->up, &other);
    link = core_rig_answer_below(&scene->rig, 3, SELF);
    feed_scene_give(scene, 3, 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 1);
    assert_int_equal(feed_scene_count_sent(scene, link, 3), 1);
}

/* ---------------------------------------------------------------------------------------------------- serving */

static void a_child_may_ask_for_what_is_here(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD);
    core_rig_ranges(rig, scene->below, FR_FRAME_WANT, 5, 2);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 5), 1);
    assert_true(core_rig_told(rig, scene->below, FR_FRAME_MISSING, 6));
    assert_false(core_rig_told(rig, scene->below, FR_FRAME_MISSING, 5));
}

static void what_waits_for_an_owner_is_not_served(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_give(scene, 0, 10);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_WANT, 9, 1);
    assert_true(core_rig_told(&scene->rig, scene->below, FR_FRAME_MISSING, 9));
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 9), 0);
}

static void one_that_had_the_object_serves_those_below(void **state) {
    struct feed_scene scene;
    struct core_rig *rig = &scene.rig;
    (void) state;
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, 0, 3, 0);
    assert_int_equal(core_rig_be_holder(rig, SELF, MEMBERS, FR_CHUNK_NONE), 0);
    feed_scene_link_up(&scene);
    core_rig_roster(rig, scene.up, &feed_scene_child);
    scene.below = core_rig_answer_below(rig, 1, SELF);
    core_rig_ranges(rig, scene.below, FR_FRAME_WANT, 7, 1);
    assert_true(core_rig_told(rig, scene.below, FR_FRAME_MISSING, 7)); /* not before it is sure of it */
    core_rig_page(rig, scene.up, 1);
    core_rig_end(rig, scene.up);
    core_rig_switch(rig, scene.below, FR_FRAME_INTEREST, true);
    assert_true(core_rig_told(rig, scene.below, FR_FRAME_HAVE, 0) && core_rig_told(rig, scene.below, FR_FRAME_HAVE, CHUNKS - 1));
    core_rig_ranges(rig, scene.below, FR_FRAME_WANT, 0, CHUNKS);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_int_equal(feed_scene_count_sent(&scene, scene.below, chunk), 1);
    core_rig_done(rig);
}

/* ---------------------------------------------------------------------------------------------------- secondary groups */

static void a_secondary_group_waits_for_the_whole_object(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group secondary = feed_scene_child;
    secondary.is_secondary = true;
    core_rig_roster(rig, scene->up, &secondary);
    feed_scene_give(scene, 0, 4);
    feed_scene_wait_heard(scene, 30 * FR_SECOND);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    feed_scene_complete(scene);
    assert_int_equal(core_rig_dials(rig, 1), 1 << SELF);
    scene->below = core_rig_answer_below(rig, 1, SELF);
    for (fr_chunk_index chunk = 0; chunk < 4; chunk++) {
        assert_int_equal(feed_scene_count_sent(scene, scene->below, chunk), 1);
        core_rig_ranges(rig, scene->below, FR_FRAME_REACHED, chunk, 1);
    }
    assert_int_equal(feed_scene_sent(scene, scene->below), 4);
    assert_int_equal(core_rig_said(rig, scene->below, FR_FRAME_PAGE), PAGES);
    assert_int_equal(core_rig_said(rig, scene->below, FR_FRAME_END), 1);
}

static void a_secondary_groups_roster_may_come_after_completion(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig_group secondary = feed_scene_child;
    secondary.is_secondary = true;
    feed_scene_complete(scene);
    core_rig_roster(&scene->rig, scene->up, &secondary);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << SELF);
}

/* ---------------------------------------------------------------------------------------------------- how it ends for each */

static void expect_result(struct feed_scene *scene, enum fr_verdict verdict, const char *reason) {
    struct fr_msg_result result;
    char text[FR_REASON_BYTES_MAX + 1];
    assert_int_equal(core_rig_results(&scene->rig, scene->up, 1, SELF, &result, text), 1);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_RESULT), 1);
    assert_int_equal(result.verdict, verdict);
    assert_string_equal(text, reason);
    assert_true(result.done_ago_ns == 0);
}

static void a_done_is_told_upstream(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_result result;
    const struct fr_msg_done done = {
        .verdict = FR_VERDICT_COMPLETE,
        .figures = {.bytes_from_upstream = 1,
                    .bytes_from_peers = 2,
                    .bytes_relayed = 3,
                    .first_relay_ns = 4,
                    .last_owned_ns = 5,
                    .chunks_have = CHUNKS,
                    .chunks_owned = 7,
                    .chunks_bad = 8},
    };
    uint8_t frame[512];
    feed_scene_wait_heard(scene, 3 * FR_SECOND);
    fr_done_encode(&done, frame, sizeof frame);
    core_rig_frame(rig, scene->below, frame);
    expect_result(scene, FR_VERDICT_COMPLETE, "");
    core_rig_results(rig, scene->up, 1, SELF, &result, NULL);
    assert_true(result.accepted_ago_ns == 3 * FR_SECOND);
    assert_int_equal(result.figures.bytes_from_upstream, 1);
    assert_int_equal(result.figures.bytes_from_peers, 2);
    assert_int_equal(result.figures.bytes_relayed, 3);
    assert_int_equal(result.figures.first_relay_ns, 4);
    assert_int_equal(result.figures.last_owned_ns, 5);
    assert_int_equal(result.figures.chunks_have, CHUNKS);
    assert_int_equal(result.figures.chunks_owned, 7);
    assert_int_equal(result.figures.chunks_bad, 8);
    core_rig_frame(rig, scene->below, frame); /* and once */
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    expect_result(scene, FR_VERDICT_COMPLETE, "");
}

/* Its figures count from when the first of us came, which was not we: so does the moment of its beginning. */
static void the_beginning_is_as_the_child_knows_it(void **state) {
    static const fr_time_ns elapsed[] = {8 * FR_SECOND, FR_SECOND, FR_TIME_NEVER};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(elapsed); i++) {
        struct feed_scene *scene;
        struct fr_msg_done done = {.verdict = FR_VERDICT_COMPLETE, .elapsed_ns = elapsed[i], .figures.chunks_have = CHUNKS};
        struct fr_msg_result result;
        uint8_t frame[512];
        feed_scene_set_up((void **) &scene);
        feed_scene_wait_heard(scene, 3 * FR_SECOND);
        fr_done_encode(&done, frame, sizeof frame);
        core_rig_frame(&scene->rig, scene->below, frame);
        assert_int_equal(core_rig_results(&scene->rig, scene->up, 1, SELF, &result, NULL), 1);
        if (i == 0)
            assert_true(result.accepted_ago_ns == 8 * FR_SECOND);
        else if (i == 1) /* it cannot have begun after it told us so */
            assert_true(result.accepted_ago_ns == 3 * FR_SECOND);
        else
            assert_true(result.accepted_ago_ns == scene->rig.now);
        feed_scene_tear_down((void **) &scene);
    }
}

static void a_failure_is_told_upstream(void **state) {
    struct feed_scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_FAILED, "the disk is full");
    expect_result(scene, FR_VERDICT_FAILED, "the disk is full");
    core_rig_reason(&scene->rig, scene->below, FR_FRAME_BYE, 0, "this node gives up");
    expect_result(scene, FR_VERDICT_FAILED, "the disk is full");
}

static void one_that_completes_after_all_is_told_again(void **state) {
    struct feed_scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_FAILED, "");
    core_rig_done_frame(&scene->rig, scene->below, FR_VERDICT_COMPLETE, "");
    assert_int_equal(core_rig_results(&scene->rig, scene->up, 1, SELF, NULL, NULL), 2);
}

/* Complete, with nobody above any more: it stays as long as those below gain something. */
static void an_orphan_stays_while_it_feeds(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id others[] = {scene->below, scene->low, scene->high};
    feed_scene_complete(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    for (uint32_t chunks = 1; chunks < 6; chunks++) {
        core_rig_wait_heard(rig, rig->timing.linger - FR_SECOND, others, 3);
        assert_false(rig->has_ended);
        core_rig_progress(rig, scene->below, chunks);
    }
    core_rig_wait_heard(rig, rig->timing.linger + FR_SECOND, others, 3);
    assert_true(rig->has_ended);
}

/* Its process may be started again. */
static void who_is_lost_is_dialled_for_a_while_and_told_upstream_then(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id others[] = {scene->up, scene->low, scene->high};
    uint32_t dials = 0;
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    for (fr_time_ns waited = 0; waited < rig->timing.connect; waited += FR_SECOND / 4) {
        assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0);
        core_rig_wait_heard(rig, FR_SECOND / 4, others, 3);
        if (core_rig_dialled_below(rig, 1, SELF) != scene->below) {
            scene->below = core_rig_dialled_below(rig, 1, SELF);
            core_rig_close(rig, scene->below, FR_E_UNREACHABLE);
            dials++;
        }
    }
    assert_in_range(dials, 3, 8);
    core_rig_wait_heard(rig, 2 * FR_SECOND, others, 3); /* the last pause */
    core_rig_close(rig, core_rig_dialled_below(rig, 1, SELF), FR_E_UNREACHABLE);
    expect_result(scene, FR_VERDICT_FAILED, "the connection broke");
}

/* It has less than it had told before, or more from what it kept. */
static void who_comes_back_goes_on(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id others[] = {scene->up, scene->low, scene->high};
    core_rig_progress(rig, scene->below, 3);
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    core_rig_wait_heard(rig, FR_SECOND, others, 3);
    scene->below = core_rig_answer_below(rig, 1, SELF);
    core_rig_progress(rig, scene->below, 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->below), 0);
    core_rig_done_frame(rig, scene->below, FR_VERDICT_COMPLETE, "");
    expect_result(scene, FR_VERDICT_COMPLETE, "");
}

static void who_comes_back_again_and_again_with_nothing_is_given_up(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id others[] = {scene->up, scene->low, scene->high};
    uint32_t times = 0;
    for (; core_rig_said(rig, scene->up, FR_FRAME_RESULT) == 0 && times < 20; times++) {
        core_rig_close(rig, scene->below, FR_E_CLOSED);
        core_rig_wait_heard(rig, FR_SECOND, others, 3);
        if (core_rig_said(rig, scene->up, FR_FRAME_RESULT) == 0)
            scene->below = core_rig_answer_below(rig, 1, SELF);
    }
    assert_in_range(times, 3, 5);
    expect_result(scene, FR_VERDICT_FAILED, "the connection broke");
}

static void who_is_busy_is_dialled_again_and_has_refused_in_the_end(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id others[] = {scene->up, scene->low, scene->high};
    uint32_t dials = 0;
    core_rig_roster(rig, scene->up, &feed_scene_child);
    for (; core_rig_said(rig, scene->up, FR_FRAME_RESULT) == 0 && dials < 30; dials++) {
        fr_link_id link = core_rig_dialled_below(rig, 1, SELF);
        core_rig_connect(rig, link);
        core_rig_hello(rig, link);
        core_rig_reason(rig, link, FR_FRAME_REFUSE, FR_REFUSAL_BUSY, "another push is here");
        core_rig_wait_heard(rig, FR_SECOND, others, 3);
        core_rig_wait_heard(rig, FR_SECOND, others, 3);
    }
    assert_in_range(dials, 3, 6);
    expect_result(scene, FR_VERDICT_REFUSED, "refused (busy): another push is here");
}

static void who_is_closed_for_what_it_did_is_not_dialled_again(void **state) {
    struct feed_scene *scene = *state;
    core_rig_close(&scene->rig, scene->below, FR_E_PROTOCOL);
    expect_result(scene, FR_VERDICT_FAILED, "the connection broke");
}

static void silence_is_told_upstream(void **state) {
    struct feed_scene *scene = *state;
    const fr_link_id others[] = {scene->up, scene->low, scene->high};
    core_rig_wait_heard(&scene->rig, scene->rig.timing.silence, others, 3);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, scene->below), 1);
    core_rig_wait_heard(&scene->rig, scene->rig.timing.connect, others, 3);
    core_rig_close(&scene->rig, core_rig_dialled_below(&scene->rig, 1, SELF), FR_E_UNREACHABLE);
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_FAILED);
}

static fr_link_id open_refusing(struct feed_scene *scene) {
    fr_link_id link;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    link = core_rig_dialled_below(&scene->rig, 1, SELF);
    core_rig_connect(&scene->rig, link);
    core_rig_hello(&scene->rig, link);
    core_rig_forget(&scene->rig);
    return link;
}

static void a_refusal_is_told_upstream(void **state) {
    struct feed_scene *scene = *state;
    core_rig_reason(&scene->rig, open_refusing(scene), FR_FRAME_REFUSE, FR_REFUSAL_SPACE, "no room for 40 chunks");
    expect_result(scene, FR_VERDICT_REFUSED, "no room for 40 chunks");
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << 2);
    feed_scene_wait_heard(scene, 10 * FR_SECOND);
    expect_result(scene, FR_VERDICT_REFUSED, "no room for 40 chunks");
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << 2); /* not asked again */
}

static void a_refusal_without_words_has_a_reason(void **state) {
    struct feed_scene *scene = *state;
    core_rig_reason(&scene->rig, open_refusing(scene), FR_FRAME_REFUSE, FR_REFUSAL_SPACE, "");
    expect_result(scene, FR_VERDICT_REFUSED, fr_refusal_name(FR_REFUSAL_SPACE));
}

static void one_that_refuses_because_it_is_complete_is_complete(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_grandchild);
    core_rig_reason(&scene->rig, open_refusing(scene), FR_FRAME_REFUSE, FR_REFUSAL_COMPLETE, "this push ended here");
    expect_result(scene, FR_VERDICT_COMPLETE, "");
    feed_scene_wait_heard(scene, 10 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << 2); /* it passes nothing on any more */
    assert_int_equal(core_rig_dials(&scene->rig, 2), 0);
}

static void a_wrong_secret_is_a_refusal(void **state) {
    struct feed_scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &feed_scene_child);
    core_rig_close(&scene->rig, core_rig_dialled_below(&scene->rig, 1, SELF), FR_E_SECRET);
    expect_result(scene, FR_VERDICT_REFUSED, "the connection broke");
}

static void one_that_complains_of_us_is_judged_by_others(void **state) {
    struct feed_scene *scene = *state;
    core_rig_reason(&scene->rig, scene->below, FR_FRAME_BYE, 1, "sent wrong chunks again and again");
    feed_scene_wait_heard(scene, 10 * FR_SECOND);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_RESULT), 0);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 0); /* the fault may be ours: nor do we go round it */
}

static void a_peer_of_one_that_we_lost_vouches_for_it(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group large = feed_scene_child;
    large.member_count = 5; /* 1 and 4 are ours */
    core_rig_roster(rig, scene->up, &large);
    core_rig_reason(rig, core_rig_answer_below(rig, 1, SELF), FR_FRAME_BYE, 1, "I know better");
    scene->below = core_rig_answer_below(rig, 1, 4);
    core_rig_result(rig, scene->below, 1, SELF, FR_VERDICT_COMPLETE, "");
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_COMPLETE);
    core_rig_result(rig, scene->below, 1, SELF, FR_VERDICT_FAILED, "no"); /* the first word counts */
    assert_int_equal(feed_scene_told_verdict(scene, 1, SELF), FR_VERDICT_COMPLETE);
}

static void whoever_vouches_tells_when_it_began(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct fr_msg_result vouched = {
        .group = 1, .member = 2, .verdict = FR_VERDICT_COMPLETE, .accepted_ago_ns = 7 * FR_SECOND, .figures = {.chunks_have = CHUNKS}};
    struct fr_msg_result result;
    uint8_t frame[512];
    fr_result_encode(&vouched, frame, sizeof frame);
    core_rig_frame(rig, scene->below, frame);
    assert_int_equal(core_rig_results(rig, scene->up, 1, 2, &result, NULL), 1);
    assert_true(result.accepted_ago_ns == 7 * FR_SECOND);
}

static void nobody_vouches_for_one_that_speaks_for_itself(void **state) {
    struct feed_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group large = feed_scene_child;
    fr_link_id other;
    large.member_count = 5; /* 1 and 4 are ours */
    core_rig_roster(rig, scene->up, &large);
    scene->below = core_rig_answer_below(rig, 1, 1);
    other = core_rig_answer_below(rig, 1, 4);
    core_rig_result(rig, other, 1, 1, FR_VERDICT_FAILED, "it lies");
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_RESULT), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, other), 0);
    feed_scene_give(scene, 3, 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3) + feed_scene_count_sent(scene, other, 3), 1);
}

/* ---------------------------------------------------------------------------------------------------- leaving */

static void an_abort_goes_all_the_way_down(void **state) {
    struct feed_scene *scene = *state;
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_ABORT, 0, "the source changed");
    assert_int_equal(core_rig_failure(&scene->rig), FR_E_ABORTED);
    assert_int_equal(core_rig_said(&scene->rig, scene->below, FR_FRAME_ABORT), 1);
    assert_int_equal(core_rig_last(&scene->rig, scene->below, FR_FRAME_BYE)->body[0], 0);
}

static void one_that_fails_leaves_those_below_to_others(void **state) {
    struct feed_scene *scene = *state;
    const struct fr_failure failure = {.error = FR_E_NO_SPACE, .text = "the disk is full"};
    fr_transfer_on_failed(scene->rig.transfer, &failure, scene->rig.now);
    core_rig_take(&scene->rig);
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_said(&scene->rig, scene->below, FR_FRAME_ABORT), 0);
    assert_int_equal(core_rig_last(&scene->rig, scene->below, FR_FRAME_BYE)->body[0], 1);
}

static void a_bye_from_above_is_passed_on(void **state) {
    struct feed_scene *scene = *state;
    feed_scene_complete(scene);
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_failure(&scene->rig), 0);
    assert_int_equal(core_rig_last(&scene->rig, scene->below, FR_FRAME_BYE)->body[0], 0);
}

static void what_it_had_before_we_owned_it_is_not_given(void **state) {
    struct feed_scene *scene = *state;
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_HAVE, 3, 1);
    feed_scene_give(scene, 2, 3);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 2), 1);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 3), 0);
    assert_int_equal(feed_scene_count_sent(scene, scene->below, 4), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_owned_chunk_goes_down_before_it_goes_to_the_peers, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_is_asked_for_below_is_not_urgent, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(it_goes_down_once, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_a_peer_owns_is_not_given_down_by_us, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(pages_and_the_end_run_ahead, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_it_reports_makes_room_for_more, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_came_damaged_is_given_again, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_it_has_is_not_given, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_child_that_comes_late_gets_what_was_owned_before, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(each_child_group_gets_all, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_child_may_ask_for_what_is_here, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_waits_for_an_owner_is_not_served, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test(one_that_had_the_object_serves_those_below),
        cmocka_unit_test_setup_teardown(a_secondary_group_waits_for_the_whole_object, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_secondary_groups_roster_may_come_after_completion, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_done_is_told_upstream, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test(the_beginning_is_as_the_child_knows_it),
        cmocka_unit_test_setup_teardown(a_failure_is_told_upstream, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_completes_after_all_is_told_again, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(an_orphan_stays_while_it_feeds, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(who_is_lost_is_dialled_for_a_while_and_told_upstream_then, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(who_comes_back_goes_on, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(who_comes_back_again_and_again_with_nothing_is_given_up, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(who_is_busy_is_dialled_again_and_has_refused_in_the_end, feed_scene_set_up_bare,
                                        feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(who_is_closed_for_what_it_did_is_not_dialled_again, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(silence_is_told_upstream, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_is_told_upstream, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_without_words_has_a_reason, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_refuses_because_it_is_complete_is_complete, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_secret_is_a_refusal, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_complains_of_us_is_judged_by_others, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_peer_of_one_that_we_lost_vouches_for_it, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(whoever_vouches_tells_when_it_began, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(nobody_vouches_for_one_that_speaks_for_itself, feed_scene_set_up_bare, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(an_abort_goes_all_the_way_down, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(one_that_fails_leaves_those_below_to_others, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(a_bye_from_above_is_passed_on, feed_scene_set_up, feed_scene_tear_down),
        cmocka_unit_test_setup_teardown(what_it_had_before_we_owned_it_is_not_given, feed_scene_set_up, feed_scene_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
