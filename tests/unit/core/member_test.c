/* SPDX-License-Identifier: Apache-2.0 */
/* A member: linking, receiving, owning, relaying, telling. How it ends is in member_end_test.c, pulling in pull_test.c, liars in
 * liar_test.c. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/member_scene.h"
#include "support/test.h"

/* ---------------------------------------------------------------------------------------------------- linking */

static void it_dials_those_before_it_and_accepts_those_after(void **state) {
    struct core_rig rig;
    struct fr_msg_open open;
    const struct core_rig_act *act;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 2, 5), 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CONNECT, FR_LINK_NONE), 2);
    link = core_rig_answer(&rig, 1);
    act = core_rig_last(&rig, link, FR_FRAME_OPEN);
    assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
    assert_int_equal(open.from, 2);
    assert_int_equal(open.to, 1);
    assert_memory_equal(open.opening, rig.opening_blob, rig.opening_bytes); /* as the origin signed them */
    assert_memory_equal(open.roster_signature, rig.roster_signature, FR_SIGNATURE_BYTES);
    link = core_rig_accept(&rig, 4);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_ACCEPT), 1);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_HELLO), 0); /* the door said it */
    core_rig_done(&rig);
}

static void members_that_cannot_be_are_refused(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 3, 3), FR_E_ARGUMENT);
    assert_null(rig.transfer);
    core_rig_done(&rig);
}

static void a_peer_that_is_not_there_yet_is_dialled_again(void **state) {
    struct core_rig rig;
    uint32_t dialled = 0;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 1, 2), 0);
    core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    for (int i = 0; i < 5; i++) {
        core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
        core_rig_forget(&rig);
        core_rig_wait(&rig, 2100 * FR_MS);
        dialled += core_rig_did(&rig, FR_ACTION_CONNECT, FR_LINK_NONE);
    }
    assert_int_equal(dialled, 5);
    core_rig_done(&rig);
}

static void busy_is_tried_again_and_other_refusals_are_final(void **state) {
    (void) state;
    for (int is_busy = 0; is_busy < 2; is_busy++) {
        struct core_rig rig;
        fr_link_id link;
        core_rig_init(&rig, CHUNKS);
        assert_int_equal(core_rig_be_member(&rig, 1, 2), 0);
        core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
        link = core_rig_dialled(&rig, 0);
        core_rig_connect(&rig, link);
        core_rig_hello(&rig, link);
        core_rig_reason(&rig, link, FR_FRAME_REFUSE, is_busy ? FR_REFUSAL_BUSY : FR_REFUSAL_ENDED, "not now");
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
        core_rig_forget(&rig);
        core_rig_wait(&rig, 5 * FR_SECOND);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CONNECT, FR_LINK_NONE), is_busy);
        core_rig_done(&rig);
    }
}

static void who_left_in_good_order_is_not_dialled_again(void **state) {
    (void) state;
    for (uint8_t code = 0; code < 2; code++) {
        struct core_rig rig;
        core_rig_init(&rig, CHUNKS);
        assert_int_equal(core_rig_be_member(&rig, 1, 2), 0);
        core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
        core_rig_reason(&rig, core_rig_answer(&rig, 0), FR_FRAME_BYE, code, "bye");
        core_rig_forget(&rig);
        core_rig_wait(&rig, 5 * FR_SECOND);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CONNECT, FR_LINK_NONE), code);
        core_rig_done(&rig);
    }
}

/* ---------------------------------------------------------------------------------------------------- owning and relaying */

static void a_gift_goes_to_every_peer_at_once_and_is_reported_when_all_have_it(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_sent_chunk(rig, scene->low, 5));
    assert_true(core_rig_sent_chunk(rig, scene->high, 5));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, scene->up), 0);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 1);
}

/* The page goes ahead of the chunk on each link, unless it is there; it came to us on `high` here. */
static void the_page_goes_ahead(void **state) {
    struct core_rig rig;
    fr_link_id up, low, high;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    low = core_rig_answer(&rig, LOW);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    high = core_rig_accept(&rig, HIGH);
    core_rig_page(&rig, high, 0);
    assert_true(core_rig_chunk(&rig, up, 5, CORE_RIG_GOOD));
    assert_int_equal(core_rig_said(&rig, low, FR_FRAME_PAGE), 1);
    assert_int_equal(core_rig_said(&rig, high, FR_FRAME_PAGE), 0);
    assert_true(core_rig_chunk(&rig, up, 6, CORE_RIG_GOOD));
    assert_int_equal(core_rig_said(&rig, low, FR_FRAME_PAGE), 1); /* once */
    core_rig_done(&rig);
}

static void what_a_peer_sends_is_acknowledged_and_not_relayed(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 5));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_HAVE), 0); /* upstream gets no receipts for single chunks */
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));    /* again, from another */
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 5));
    assert_int_equal(core_rig_view(rig).bytes_have, FR_CHUNK_BYTES_MIN);
}

static void nothing_is_relayed_or_acknowledged_before_it_is_stored(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->high, 6, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_HAVE), 0);
    core_rig_store(rig, 5);
    core_rig_store(rig, 6);
    assert_true(core_rig_sent_chunk(rig, scene->low, 5));
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 6));
}

/* Two send the same chunk while one copy is being stored: both wait for a receipt, and both get one. */
static void all_who_sent_a_chunk_get_a_receipt(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    core_rig_store(rig, 5);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 5));
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 5));
}

/* ... and when the copy that was being stored is wrong, whoever sent the other is asked for it again at once. */
static void a_good_copy_dropped_for_a_bad_one_is_asked_for_again(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_SPOILT));
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    core_rig_store(rig, 5);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 5));
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_WANT), 0);
    rig->holds = 0;
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 5));
}

/* Upstream gives what a peer was faster with: it is ours to report all the same, and goes to those who lack it. */
static void a_gift_that_is_here_already_is_owned(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_sent_chunk(rig, scene->low, 5));
    assert_false(core_rig_sent_chunk(rig, scene->high, 5));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
}

static void a_gift_that_comes_while_another_copy_is_stored_is_owned(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_store(rig, 5);
    assert_true(core_rig_sent_chunk(rig, scene->low, 5));
}

static void who_is_done_or_has_it_is_pushed_nothing(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    core_rig_done_frame(rig, scene->high, FR_VERDICT_COMPLETE, "");
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
}

static void who_comes_late_is_pushed_what_we_own(void **state) {
    struct core_rig rig;
    fr_link_id up, high;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_page(&rig, up, 0);
    assert_true(core_rig_chunk(&rig, up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_told(&rig, up, FR_FRAME_REACHED, 5)); /* nobody was there to wait for */
    high = core_rig_accept(&rig, HIGH);
    assert_true(core_rig_sent_chunk(&rig, high, 5));
    core_rig_done(&rig);
}

static void a_peer_too_late_for_pushing_is_told_to_pull(void **state) {
    struct core_rig rig;
    fr_link_id up, high;
    (void) state;
    core_rig_init(&rig, 400);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < rig.manifest.layout.page_count; page++)
        core_rig_page(&rig, up, page);
    for (fr_chunk_index chunk = 0; chunk < 200; chunk++) /* it would all fit the queue, but it is better off asking around */
        assert_true(core_rig_chunk(&rig, up, chunk, CORE_RIG_GOOD));
    rig.holds = CORE_RIG_SENDS;
    high = core_rig_accept(&rig, 1);
    assert_int_equal(core_rig_said(&rig, high, FR_FRAME_LAG), 1);
    core_rig_forget(&rig);
    assert_true(core_rig_chunk(&rig, up, 300, CORE_RIG_GOOD));
    assert_false(core_rig_sent_chunk(&rig, high, 300));
    assert_true(core_rig_told(&rig, up, FR_FRAME_REACHED, 300)); /* it holds nobody up */
    core_rig_done(&rig);
}

/* One of two peers does not read. When its queue is full it is left behind, and nothing else changes. */
static void a_peer_that_does_not_read_is_left_behind(void **state) {
    struct core_rig rig;
    fr_link_id up, reads, stuck;
    (void) state;
    core_rig_init(&rig, 300);
    assert_int_equal(core_rig_be_member(&rig, 0, 3), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    reads = core_rig_accept(&rig, 1);
    stuck = core_rig_accept(&rig, 2);
    for (uint32_t page = 0; page < rig.manifest.layout.page_count; page++)
        core_rig_page(&rig, up, page);
    for (fr_chunk_index chunk = 0; chunk < 300; chunk++) {
        rig.holds = CORE_RIG_SENDS;
        assert_true(core_rig_chunk(&rig, up, chunk, CORE_RIG_GOOD));
        if (core_rig_sent_chunk(&rig, reads, chunk))
            core_rig_sent(&rig, reads, chunk);
        core_rig_ranges(&rig, reads, FR_FRAME_HAVE, chunk, 1);
        if (chunk > 2) /* it is behind by then, and holds no report up */
            assert_true(core_rig_told(&rig, up, FR_FRAME_REACHED, chunk - 2));
    }
    assert_int_equal(core_rig_said(&rig, stuck, FR_FRAME_LAG), 1);
    assert_int_equal(core_rig_said(&rig, reads, FR_FRAME_LAG), 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, stuck), 2);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_ranges(&rig, stuck, FR_FRAME_WANT, 299, 1); /* it may still ask */
    core_rig_sent(&rig, stuck, 0);
    assert_true(core_rig_sent_chunk(&rig, stuck, 299));
    core_rig_done(&rig);
}

static void who_pulls_is_pushed_nothing_until_it_follows_again(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_switch(rig, scene->high, FR_FRAME_PULL, true);
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_false(core_rig_sent_chunk(rig, scene->high, 5));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
    core_rig_ranges(rig, scene->high, FR_FRAME_WANT, 5, 1); /* it asks */
    assert_true(core_rig_sent_chunk(rig, scene->high, 5));
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_chunk(rig, scene->up, 6, CORE_RIG_GOOD));
    core_rig_switch(rig, scene->high, FR_FRAME_PULL, false);
    assert_true(core_rig_sent_chunk(rig, scene->high, 6));
}

/* What was on its way to it when it began to pull is not waited for. */
static void who_begins_to_pull_holds_no_report_up(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
    core_rig_switch(rig, scene->high, FR_FRAME_PULL, true);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
}

/* A receipt said twice is one receipt: it does not make the other peer look late. */
static void a_receipt_counts_once(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->up, 6, CORE_RIG_GOOD));
    for (int i = 0; i < 5; i++)
        core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
}

static void who_asks_for_what_it_said_it_has_is_sent_it(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    core_rig_ranges(rig, scene->high, FR_FRAME_WANT, 5, 1);
    assert_true(core_rig_sent_chunk(rig, scene->high, 5));
}

static void what_did_not_arrive_well_is_sent_again(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_forget(rig);
    core_rig_ranges(rig, scene->high, FR_FRAME_WANT, 5, 1);
    assert_true(core_rig_sent_chunk(rig, scene->high, 5));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
}

/* ---------------------------------------------------------------------------------------------------- telling upstream */

static void progress_is_told_while_it_changes(void **state) {
    struct member_scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_member_figures figures;
    const struct core_rig_act *act;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->high, 6, CORE_RIG_GOOD));
    core_rig_wait(rig, 300 * FR_MS);
    act = core_rig_last(rig, scene->up, FR_FRAME_PROGRESS);
    assert_non_null(act);
    assert_int_equal(fr_progress_decode(act->body, act->bytes, &figures), 0);
    assert_int_equal(figures.chunks_have, 2);
    assert_int_equal(figures.chunks_owned, 1);
    assert_int_equal(figures.bytes_from_upstream, FR_CHUNK_BYTES_MIN);
    assert_int_equal(figures.bytes_from_peers, FR_CHUNK_BYTES_MIN);
    assert_int_equal(figures.bytes_relayed, 2 * FR_CHUNK_BYTES_MIN);
    core_rig_forget(rig);
    core_rig_wait(rig, FR_SECOND);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_PROGRESS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, member_scene_set_up, member_scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_dials_those_before_it_and_accepts_those_after),
        cmocka_unit_test(members_that_cannot_be_are_refused),
        cmocka_unit_test(a_peer_that_is_not_there_yet_is_dialled_again),
        cmocka_unit_test(busy_is_tried_again_and_other_refusals_are_final),
        cmocka_unit_test(who_left_in_good_order_is_not_dialled_again),
        TEST(a_gift_goes_to_every_peer_at_once_and_is_reported_when_all_have_it),
        cmocka_unit_test(the_page_goes_ahead),
        TEST(what_a_peer_sends_is_acknowledged_and_not_relayed),
        TEST(nothing_is_relayed_or_acknowledged_before_it_is_stored),
        TEST(all_who_sent_a_chunk_get_a_receipt),
        TEST(a_good_copy_dropped_for_a_bad_one_is_asked_for_again),
        TEST(a_gift_that_is_here_already_is_owned),
        TEST(a_gift_that_comes_while_another_copy_is_stored_is_owned),
        TEST(who_is_done_or_has_it_is_pushed_nothing),
        cmocka_unit_test(who_comes_late_is_pushed_what_we_own),
        cmocka_unit_test(a_peer_too_late_for_pushing_is_told_to_pull),
        cmocka_unit_test(a_peer_that_does_not_read_is_left_behind),
        TEST(who_pulls_is_pushed_nothing_until_it_follows_again),
        TEST(who_begins_to_pull_holds_no_report_up),
        TEST(a_receipt_counts_once),
        TEST(who_asks_for_what_it_said_it_has_is_sent_it),
        TEST(what_did_not_arrive_well_is_sent_again),
        TEST(progress_is_told_while_it_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
