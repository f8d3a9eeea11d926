/* SPDX-License-Identifier: Apache-2.0 */
/* A member: receiving, owning, relaying, holding, finishing, leaving. Pulling is in pull_test.c, liars in liar_test.c. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, PAGES = 2 };

struct scene {
    struct core_rig rig;
    fr_link_id up, low, high;
};

static void link_all(struct scene *scene) {
    scene->up = core_rig_accept(&scene->rig, FR_MEMBER_UPSTREAM);
    scene->low = core_rig_answer(&scene->rig, LOW);
    scene->high = core_rig_accept(&scene->rig, HIGH);
}

static int set_up(void **state) {
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    link_all(scene);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene->rig, scene->up, page);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static struct fr_transfer_view view_of(const struct core_rig *rig) {
    struct fr_transfer_view view;
    fr_transfer_view(rig->transfer, &view);
    return view;
}

static void give_all(struct core_rig *rig, fr_link_id link) {
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_true(core_rig_chunk(rig, link, chunk, CORE_RIG_GOOD));
}

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
    struct scene *scene = *state;
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 5));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_HAVE), 0); /* upstream gets no receipts for single chunks */
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));    /* again, from another */
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 5));
    assert_int_equal(view_of(rig).bytes_have, FR_CHUNK_BYTES_MIN);
}

static void nothing_is_relayed_or_acknowledged_before_it_is_stored(void **state) {
    struct scene *scene = *state;
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
    struct scene *scene = *state;
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
    struct scene *scene = *state;
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
    struct scene *scene = *state;
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->high, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_store(rig, 5);
    assert_true(core_rig_sent_chunk(rig, scene->low, 5));
}

static void who_is_done_or_has_it_is_pushed_nothing(void **state) {
    struct scene *scene = *state;
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
    struct scene *scene = *state;
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
    core_rig_switch(rig, scene->high, FR_FRAME_PULL, true);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
}

/* A receipt said twice is one receipt: it does not make the other peer look late. */
static void a_receipt_counts_once(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->up, 6, CORE_RIG_GOOD));
    for (int i = 0; i < 5; i++)
        core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
}

static void who_asks_for_what_it_said_it_has_is_sent_it(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    core_rig_ranges(rig, scene->high, FR_FRAME_WANT, 5, 1);
    assert_true(core_rig_sent_chunk(rig, scene->high, 5));
}

static void what_did_not_arrive_well_is_sent_again(void **state) {
    struct scene *scene = *state;
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
    struct scene *scene = *state;
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

/* ---------------------------------------------------------------------------------------------------- finishing */

static void when_all_is_here_it_finishes_and_tells_everybody(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_done done;
    const struct core_rig_act *act;
    rig->holds = CORE_RIG_FINISH;
    give_all(rig, scene->up);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 0); /* the end is not known */
    core_rig_end(rig, scene->high);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_END), 1); /* passed on to the other peer */
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_END), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 0); /* not under its final name */
    core_rig_finish(rig, 0);
    assert_true(view_of(rig).is_complete);
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id again;
    give_all(rig, scene->up);
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
    assert_true(view_of(&rig).object_bytes == FR_BYTES_UNKNOWN);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&rig, up, page);
    give_all(&rig, up);
    assert_false(view_of(&rig).is_complete);
    core_rig_end(&rig, up);
    assert_true(view_of(&rig).is_complete);
    assert_int_equal(view_of(&rig).object_bytes, rig.object_bytes);
    core_rig_done(&rig);
}

/* Signed pages and a signed end that do not belong together: the origin's doing, and no file comes of it. */
static void pages_and_an_end_that_do_not_match_come_to_nothing(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_end end = rig->manifest.end;
    uint8_t text[256], frame[512];
    size_t bytes;
    end.root.bytes[0] ^= 1;
    bytes = fr_end_signed_bytes(rig->opening.transfer_id, &end, text, sizeof text);
    assert_int_equal(fr_sign(rig->key, FR_SIGN_END, text, bytes, end.signature), 0);
    give_all(rig, scene->up);
    fr_end_encode(&end, frame, sizeof frame);
    core_rig_frame(rig, scene->up, frame);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), FR_E_DIGEST);
    assert_int_equal(core_rig_did(rig, FR_ACTION_FINISH, FR_LINK_NONE), 0);
}

/* ---------------------------------------------------------------------------------------------------- failing */

static void expect_failed(struct core_rig *rig, const struct scene *scene, int error, const char *words) {
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
    struct scene *scene = *state;
    scene->rig.holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(&scene->rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_store_failed(&scene->rig, 5);
    expect_failed(&scene->rig, scene, FR_E_NO_SPACE, "disk is full");
}

static void a_failed_commit_fails_here_only(void **state) {
    struct scene *scene = *state;
    scene->rig.holds = CORE_RIG_FINISH;
    give_all(&scene->rig, scene->up);
    core_rig_end(&scene->rig, scene->up);
    core_rig_finish(&scene->rig, FR_E_NO_SPACE);
    assert_false(view_of(&scene->rig).is_complete);
    expect_failed(&scene->rig, scene, FR_E_NO_SPACE, "disk is full");
}

static void a_chunk_that_cannot_be_read_again_fails_here(void **state) {
    struct scene *scene = *state;
    struct fr_failure failure = {.error = FR_E_IO, .text = "read error"};
    assert_true(core_rig_chunk(&scene->rig, scene->up, 5, CORE_RIG_GOOD));
    fr_transfer_on_chunk_unreadable(scene->rig.transfer, scene->low, 5, &failure, scene->rig.now);
    core_rig_take(&scene->rig);
    expect_failed(&scene->rig, scene, FR_E_IO, "read error");
}

static void an_abort_ends_it(void **state) {
    struct scene *scene = *state;
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_ABORT, 0, "the source changed");
    expect_failed(&scene->rig, scene, FR_E_ABORTED, "the source changed");
}

static void a_bye_before_it_is_complete_is_a_failure(void **state) {
    struct scene *scene = *state;
    core_rig_reason(&scene->rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_true(scene->rig.has_ended);
    assert_int_equal(core_rig_failure(&scene->rig), FR_E_ABORTED);
}

/* While the object is being made final a BYE is no failure: the end of that is waited for. */
static void a_bye_while_it_is_made_final_waits(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->holds = CORE_RIG_FINISH;
    give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    core_rig_reason(rig, scene->up, FR_FRAME_BYE, 0, "the transfer is over");
    assert_false(rig->has_ended);
    core_rig_finish(rig, 0);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

/* ---------------------------------------------------------------------------------------------------- without upstream */

static void without_upstream_it_goes_on_with_its_peers(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id peers[] = {scene->low, scene->high};
    core_rig_end(rig, scene->up);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        core_rig_wait_heard(rig, FR_SECOND, peers, 2); /* slower than any patience, in all */
        assert_false(rig->has_ended);
        assert_true(core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD));
    }
    assert_true(view_of(rig).is_complete);
    assert_false(rig->has_ended); /* the other may need something */
    core_rig_done_frame(rig, scene->low, FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, scene->high, FR_VERDICT_COMPLETE, "");
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void without_upstream_and_rest_it_fails_in_bounded_time(void **state) {
    struct scene *scene = *state;
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id peers[] = {scene->low, scene->high};
    give_all(rig, scene->up);
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
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_wait(rig, 3 * FR_SECOND);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    core_rig_wait_heard(rig, 60 * FR_SECOND, (fr_link_id[]){scene->up, scene->low, scene->high}, 3);
    assert_false(rig->has_ended);
    give_all(rig, scene->up);
    core_rig_end(rig, scene->up);
    assert_true(view_of(rig).is_complete);
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

static void open_holder(struct scene *scene, fr_chunk_index differs_at) {
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_holder(&scene->rig, SELF, MEMBERS, differs_at), 0);
    link_all(scene);
}

static void who_has_the_object_is_complete_when_the_end_is_known(void **state) {
    struct scene scene;
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
    assert_false(view_of(&scene.rig).is_complete);
    core_rig_switch(&scene.rig, scene.high, FR_FRAME_LAG, true); /* means nothing to it */
    core_rig_end(&scene.rig, scene.up);
    assert_true(view_of(&scene.rig).is_complete);
    assert_int_equal(core_rig_did(&scene.rig, FR_ACTION_FINISH, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_INTEREST), 0);
    core_rig_reason(&scene.rig, scene.up, FR_FRAME_BYE, 0, "over");
    assert_true(scene.rig.has_ended);
    core_rig_done(&scene.rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
