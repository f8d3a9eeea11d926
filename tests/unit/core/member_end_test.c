/* SPDX-License-Identifier: Apache-2.0 */
/* How a member ends: finishing, failing, without upstream, or at once, for it has the object already. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/member_scene.h"
#include "support/test.h"

/* ---------------------------------------------------------------------------------------------------- finishing */

static void when_all_is_here_it_finishes_and_tells_everybody(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_done done;
    const struct core_rig_act *act;
    rig->holds = CORE_RIG_FINISH;
    member_scene_give_all(rig, scene->up);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 0); /* the end is not known */
    core_rig_end(rig, scene->high);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_END), 1); /* passed on to the other peer */
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_END), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 0); /* not under its final name */
    core_rig_finish(rig, 0);
    assert_true(core_rig_view(rig).is_complete);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_DONE), 1);
    act = core_rig_last(rig, scene->up, FR_FRAME_DONE);
    assert_int_equal(fr_done_decode(act->body, act->bytes, &done), 0);
    assert_int_equal(done.verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(done.figures.chunks_have, CHUNKS);
    assert_int_equal(done.figures.bytes_from_upstream, rig->object_bytes);
    assert_false(rig->has_ended);
    core_rig_reason(rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void links_made_after_it_is_done_hear_of_it(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id again;
    member_scene_give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    again = core_rig_accept(rig, HIGH);
    assert_int_equal(core_rig_said(rig, again, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(rig, again, FR_FRAME_END), 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_DONE), 1);
    core_rig_ranges(rig, again, FR_FRAME_WANT, 7, 1); /* and are served */
    assert_true(core_rig_sent_chunk(rig, again, 7));
}

static void an_empty_object_is_finished_at_once(void **state) {
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, 0);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_end(&rig, up);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_FINISH, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_said(&rig, up, FR_FRAME_DONE), 1);
    core_rig_done(&rig);
}

static void a_pipe_is_finished_when_its_end_is_known(void **state) {
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_pipe(&rig);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    assert_true(core_rig_view(&rig).object_bytes == FR_BYTES_UNKNOWN);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&rig, up, page);
    member_scene_give_all(&rig, up);
    assert_false(core_rig_view(&rig).is_complete);
    core_rig_end(&rig, up);
    assert_true(core_rig_view(&rig).is_complete);
    assert_int_equal(core_rig_view(&rig).object_bytes, rig.object_bytes);
    core_rig_done(&rig);
}

/* Signed pages and a signed end that do not belong together: the origin's doing, and no file comes of it. */
static void pages_and_an_end_that_do_not_match_come_to_nothing(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_end end = rig->manifest.end;
    uint8_t text[256], frame[512];
    size_t bytes;
    end.root.bytes[0] ^= 1;
    bytes = fr_end_signed_bytes(rig->opening.transfer_id, &end, text, sizeof text);
    assert_int_equal(fr_sign(rig->key, FR_SIGN_END, text, bytes, end.signature), 0);
    member_scene_give_all(rig, scene->up);
    fr_end_encode(&end, frame, sizeof frame);
    core_rig_frame(rig, scene->up, frame);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), FR_E_DIGEST);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 0);
}

/* ---------------------------------------------------------------------------------------------------- failing */

static void expect_failed(struct core_rig *rig, const struct member_scene *scene, int error, const char *words) {
    const struct core_rig_act *act = core_rig_last(rig, scene->up, FR_FRAME_DONE);
    struct fr_msg_done done;
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), error);
    assert_non_null(act);
    assert_int_equal(fr_done_decode(act->body, act->bytes, &done), 0);
    assert_int_equal(done.verdict, FR_VERDICT_FAILED);
    assert_non_null(memmem(done.text.bytes, done.text.count, words, strlen(words)));
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_BYE), 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->high), 1);
}

static void a_full_disk_fails_here_only(void **state) {
    struct member_scene *scene = *state;
    scene->rig.holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(&scene->rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_store_failed(&scene->rig, 5);
    expect_failed(&scene->rig, scene, FR_E_NO_SPACE, "disk is full");
}

static void a_failed_commit_fails_here_only(void **state) {
    struct member_scene *scene = *state;
    scene->rig.holds = CORE_RIG_FINISH;
    member_scene_give_all(&scene->rig, scene->up);
    core_rig_end(&scene->rig, scene->up);
    core_rig_finish(&scene->rig, FR_E_NO_SPACE);
    assert_false(core_rig_view(&scene->rig).is_complete);
    expect_failed(&scene->rig, scene, FR_E_NO_SPACE, "disk is full");
}

static void a_chunk_that_cannot_be_read_again_fails_here(void **state) {
    struct member_scene *scene = *state;
    struct fr_failure failure = {.error = FR_E_IO, .text = "read error"};
    assert_true(core_rig_chunk(&scene->rig, scene->up, 5, CORE_RIG_GOOD));
    fr_transfer_on_chunk_unreadable(scene->rig.transfer, scene->low, 5, &failure, scene->rig.now);
    core_rig_take(&scene->rig);
    expect_failed(&scene->rig, scene, FR_E_IO, "read error");
}

static void an_abort_ends_it(void **state) {
    struct member_scene *scene = *state;
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_ABORT, 0, "the source changed");
    expect_failed(&scene->rig, scene, FR_E_ABORTED, "the source changed");
}

static void a_bye_before_it_is_complete_is_a_failure(void **state) {
    struct member_scene *scene = *state;
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_failure(&scene->rig), FR_E_ABORTED);
}

/* While the object is being made final a BYE is no failure: the end of that is waited for. */
static void a_bye_while_it_is_made_final_waits(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_FINISH;
    member_scene_give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    core_rig_reason(rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_false(rig->has_ended);
    core_rig_finish(rig, 0);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

/* ---------------------------------------------------------------------------------------------------- without upstream */

static void without_upstream_it_goes_on_with_its_peers(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id peers[] = {scene->low, scene->high};
    core_rig_end(rig, scene->up);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        core_rig_wait_heard(rig, FR_SECOND, peers, 2); /* slower than any patience, in all */
        assert_false(rig->has_ended);
        assert_true(core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD));
    }
    assert_true(core_rig_view(rig).is_complete);
    assert_false(rig->has_ended); /* the other may need something */
    core_rig_done_frame(rig, scene->low, FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, scene->high, FR_VERDICT_COMPLETE, "");
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void without_upstream_and_rest_it_fails_in_bounded_time(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id peers[] = {scene->low, scene->high};
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_wait_heard(rig, 14 * FR_SECOND, peers, 2);
    assert_false(rig->has_ended);
    core_rig_wait_heard(rig, 3 * FR_SECOND, peers, 2);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), FR_E_CLOSED);
}

static void complete_without_upstream_it_serves_for_a_while(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id peers[] = {scene->low, scene->high};
    member_scene_give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_wait_heard(rig, 8 * FR_SECOND, peers, 2);
    core_rig_ranges(rig, scene->high, FR_FRAME_WANT, 3, 1);
    assert_true(core_rig_sent_chunk(rig, scene->high, 3));
    core_rig_wait_heard(rig, 8 * FR_SECOND, peers, 2); /* counted from the last request */
    assert_false(rig->has_ended);
    core_rig_wait_heard(rig, 3 * FR_SECOND, peers, 2);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void an_upstream_that_comes_back_is_taken(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_wait(rig, 3 * FR_SECOND);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    core_rig_wait_heard(rig, 60 * FR_SECOND, (fr_link_id[]){scene->up, scene->low, scene->high}, 3);
    assert_false(rig->has_ended);
    member_scene_give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    assert_true(core_rig_view(rig).is_complete);
}

/* The group above it is gone. Those further up need a silence to notice, and may have to dial each of those above in vain. */
static void who_lost_all_above_waits_for_those_further_up(void **state) {
    enum { ABOVE = 4 };
    struct core_rig rig;
    fr_link_id up, peer;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 2, 0, ABOVE);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_ABOVE + 1);
    peer = core_rig_accept(&rig, 1);
    core_rig_close(&rig, up, FR_E_CLOSED);
    core_rig_wait_heard(&rig, 2 * rig.timing.silence + ABOVE * rig.timing.connect - FR_SECOND, &peer, 1);
    assert_false(rig.has_ended);
    core_rig_wait_heard(&rig, 2 * FR_SECOND, &peer, 1);
    assert_true(rig.has_ended);
    assert_int_equal(core_rig_failure(&rig), FR_E_CLOSED);
    core_rig_done(&rig);
}

/* Made by a peer's OPEN, and upstream never calls. */
static void an_upstream_that_never_comes_is_not_waited_for_for_ever(void **state) {
    struct core_rig rig;
    fr_link_id peer;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    peer = core_rig_accept(&rig, 1);
    core_rig_wait_heard(&rig, 100 * FR_SECOND, &peer, 1);
    assert_false(rig.has_ended); /* members above may call one after the other */
    core_rig_wait_heard(&rig, 40 * FR_SECOND, &peer, 1);
    assert_true(rig.has_ended);
    assert_int_equal(core_rig_failure(&rig), FR_E_CLOSED);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- holding */

static void open_holder(struct member_scene *scene, fr_chunk_index differs_at) {
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_holder(&scene->rig, SELF, MEMBERS, differs_at), 0);
    member_scene_link(scene);
}

static void who_has_the_object_is_complete_when_the_end_is_known(void **state) {
    struct member_scene scene;
    struct fr_msg_accept accept;
    const struct core_rig_act *act;
    (void) state;
    open_holder(&scene, FR_CHUNK_NONE);
    act = core_rig_last(&scene.rig, scene.up, FR_FRAME_ACCEPT);
    assert_int_equal(fr_accept_decode(act->body, act->bytes, &accept), 0);
    assert_true(accept.is_holding);
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_PULL), 1); /* on links that it dialled it says so, too */
    assert_int_equal(core_rig_last(&scene.rig, scene.low, FR_FRAME_PULL)->body[0], 1);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene.rig, scene.up, page);
    assert_false(core_rig_view(&scene.rig).is_complete);
    core_rig_switch(&scene.rig, scene.high, FR_FRAME_LAG, true); /* means nothing to it */
    core_rig_end(&scene.rig, scene.up);
    assert_true(core_rig_view(&scene.rig).is_complete);
    assert_int_equal(core_rig_did(&scene.rig, FR_ACTION_FINISH, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_INTEREST), 0);
    core_rig_reason(&scene.rig, scene.up, FR_FRAME_BYE, 0, "over");
    assert_true(scene.rig.has_ended);
    core_rig_done(&scene.rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, member_scene_set_up, member_scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(when_all_is_here_it_finishes_and_tells_everybody),
        TEST(links_made_after_it_is_done_hear_of_it),
        cmocka_unit_test(an_empty_object_is_finished_at_once),
        cmocka_unit_test(a_pipe_is_finished_when_its_end_is_known),
        TEST(pages_and_an_end_that_do_not_match_come_to_nothing),
        TEST(a_full_disk_fails_here_only),
        TEST(a_failed_commit_fails_here_only),
        TEST(a_chunk_that_cannot_be_read_again_fails_here),
        TEST(an_abort_ends_it),
        TEST(a_bye_before_it_is_complete_is_a_failure),
        TEST(a_bye_while_it_is_made_final_waits),
        TEST(without_upstream_it_goes_on_with_its_peers),
        TEST(without_upstream_and_rest_it_fails_in_bounded_time),
        TEST(complete_without_upstream_it_serves_for_a_while),
        TEST(an_upstream_that_comes_back_is_taken),
        cmocka_unit_test(who_lost_all_above_waits_for_those_further_up),
        cmocka_unit_test(an_upstream_that_never_comes_is_not_waited_for_for_ever),
        cmocka_unit_test(who_has_the_object_is_complete_when_the_end_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
