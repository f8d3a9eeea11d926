/* SPDX-License-Identifier: Apache-2.0 */
/* How a push ends at its origin: the verdict on each node, and giving up. Verdicts over several groups are in verdict_test.c. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { CHUNKS = 40 };

static void open_origin(struct core_rig *rig, uint32_t members) {
    core_rig_init(rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(rig, members), 0);
}

/* ---------------------------------------------------------------------------------------------------- verdicts */

static void all_done_is_the_end(void **state) {
    struct core_rig rig;
    fr_link_id links[2];
    struct fr_transfer_view view;
    (void) state;
    open_origin(&rig, 2);
    for (uint32_t member = 0; member < 2; member++)
        links[member] = core_rig_answer(&rig, member);
    core_rig_done_frame(&rig, links[0], FR_VERDICT_COMPLETE, "");
    assert_false(rig.has_ended);
    rig.now += 100 * FR_MS;
    core_rig_done_frame(&rig, links[1], FR_VERDICT_FAILED, "the disk is full");
    assert_true(rig.has_ended);
    for (uint32_t member = 0; member < 2; member++) {
        const struct core_rig_act *bye = core_rig_last(&rig, links[member], FR_FRAME_BYE);
        assert_non_null(bye);
        assert_int_equal(bye->body[0], 0);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, links[member]), 1);
    }
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(core_rig_node_result(&rig, 0).figures.chunks_have, CHUNKS);
    assert_int_equal(core_rig_node_result(&rig, 1).verdict, FR_VERDICT_FAILED);
    assert_true(core_rig_node_result(&rig, 1).done_at == rig.now);
    assert_string_equal(core_rig_node_result(&rig, 1).reason, "the disk is full");
    fr_transfer_view(rig.transfer, &view);
    assert_true(view.is_complete && view.is_ended && view.is_end_known);
    assert_memory_equal(view.root.bytes, rig.manifest.end.root.bytes, FR_DIGEST_BYTES);
    assert_int_equal(view.bytes_have, rig.object_bytes);
    assert_true(fr_transfer_deadline(rig.transfer) == FR_TIME_NEVER);
    core_rig_done(&rig);
}

static void who_does_not_answer_is_dialled_again_and_then_unreachable(void **state) {
    struct core_rig rig;
    uint32_t dialled = 0;
    (void) state;
    open_origin(&rig, 1);
    while (!rig.has_ended) {
        core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
        dialled++;
        assert_true(dialled < 50);
        if (!rig.has_ended)
            core_rig_wait(&rig, 2 * FR_SECOND);
    }
    assert_in_range(dialled, 3, 10);
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_UNREACHABLE);
    assert_string_equal(core_rig_node_result(&rig, 0).reason, "the connection broke");
    assert_true(core_rig_node_result(&rig, 0).accepted_at == FR_TIME_NEVER);
    core_rig_done(&rig);
}

static void what_time_cannot_mend_is_not_tried_again(void **state) {
    static const struct {
        int error;
        enum fr_verdict verdict;
    } samples[] = {{FR_E_SECRET, FR_VERDICT_REFUSED}, {FR_E_VERSION, FR_VERDICT_REFUSED}, {FR_E_RESOLVE, FR_VERDICT_UNREACHABLE}};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(samples); i++) {
        struct core_rig rig;
        open_origin(&rig, 1);
        core_rig_close(&rig, core_rig_dialled(&rig, 0), samples[i].error);
        assert_true(rig.has_ended);
        assert_int_equal(core_rig_node_result(&rig, 0).verdict, samples[i].verdict);
        core_rig_done(&rig);
    }
}

static void who_refuses_is_refused_with_its_reason(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_hello(&rig, link);
    core_rig_reason(&rig, link, FR_FRAME_REFUSE, FR_REFUSAL_SPACE, "no room: need 4.2 GB, 1.1 GB free");
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_REFUSED);
    assert_non_null(strstr(core_rig_node_result(&rig, 0).reason, "no room"));
    assert_true(rig.has_ended);
    core_rig_done(&rig);
}

static void a_refusal_of_a_later_release_is_one_too(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_hello(&rig, link);
    core_rig_raw(&rig, link, FR_FRAME_REFUSE, "\xc8\0\0", 3); /* 200, no text */
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_REFUSED);
    assert_true(strlen(core_rig_node_result(&rig, 0).reason) > 0);
    core_rig_done(&rig);
}

static void who_falls_silent_has_failed(void **state) {
    struct core_rig rig;
    fr_link_id silent, living;
    (void) state;
    open_origin(&rig, 2);
    silent = core_rig_answer(&rig, 0);
    living = core_rig_answer(&rig, 1);
    core_rig_wait_heard(&rig, 16 * FR_SECOND, &living, 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, silent), 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, living), 0);
    assert_true(core_rig_said(&rig, silent, FR_FRAME_PING) >= 2);
    core_rig_wait_heard(&rig, 6 * FR_SECOND, &living, 1);
    core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
    assert_non_null(strstr(core_rig_node_result(&rig, 0).reason, "silent for 15 s"));
    core_rig_done(&rig);
}

/* A large chunk on a slow link: no frame for a minute, yet bytes come. */
static void bytes_are_heard_though_no_frame_is_whole(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_answer(&rig, 0);
    core_rig_progress(&rig, link, 1);
    for (int i = 0; i < 8; i++) {
        core_rig_wait(&rig, 4 * FR_SECOND);
        fr_transfer_on_heard(rig.transfer, link, rig.now);
    }
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 0);
    core_rig_wait(&rig, 16 * FR_SECOND);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    core_rig_done(&rig);
}

/* We were stopped for an hour ourselves: the silence was ours. */
static void our_own_absence_is_forgiven(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_answer(&rig, 0);
    rig.now += 3600 * FR_SECOND;
    core_rig_progress(&rig, link, 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 0);
    rig.now += 3600 * FR_SECOND;
    fr_transfer_on_deadline(rig.transfer, rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 0);
    core_rig_done(&rig);
}

static void who_stores_nothing_for_long_has_failed(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_answer(&rig, 0);
    core_rig_progress(&rig, link, 3);
    core_rig_wait_heard(&rig, 58 * FR_SECOND, &link, 1);
    assert_false(rig.has_ended);
    core_rig_wait_heard(&rig, 8 * FR_SECOND, &link, 1);
    assert_true(rig.has_ended);
    assert_non_null(strstr(core_rig_node_result(&rig, 0).reason, "3 of 40 chunks"));
    core_rig_done(&rig);
}

static void who_came_in_far_behind_was_slow(void **state) {
    struct core_rig rig;
    fr_link_id links[4];
    (void) state;
    open_origin(&rig, 4);
    for (uint32_t member = 0; member < 4; member++)
        links[member] = core_rig_answer(&rig, member);
    rig.now += FR_SECOND;
    core_rig_done_frame(&rig, links[0], FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(&rig, links[2], FR_VERDICT_COMPLETE, "");
    rig.now += 1400 * FR_MS;
    core_rig_done_frame(&rig, links[3], FR_VERDICT_COMPLETE, ""); /* late, and not by that much */
    rig.now += 2 * FR_SECOND;
    core_rig_done_frame(&rig, links[1], FR_VERDICT_COMPLETE, "");
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(core_rig_node_result(&rig, 1).verdict, FR_VERDICT_SLOW);
    assert_int_equal(core_rig_node_result(&rig, 2).verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(core_rig_node_result(&rig, 3).verdict, FR_VERDICT_COMPLETE);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- giving up */

static void members_hear_why_it_gives_up(void **state) {
    struct core_rig rig;
    struct fr_failure failure = {.error = FR_E_IO, .text = "x.bin: read error"};
    struct fr_msg_reason reason;
    const struct core_rig_act *abort;
    fr_link_id live, opening, dialling;
    (void) state;
    open_origin(&rig, 3);
    live = core_rig_answer(&rig, 0);
    opening = core_rig_dialled(&rig, 1);
    dialling = core_rig_dialled(&rig, 2);
    core_rig_connect(&rig, opening);
    fr_transfer_on_failed(rig.transfer, &failure, rig.now);
    core_rig_take(&rig);
    abort = core_rig_last(&rig, live, FR_FRAME_ABORT);
    assert_non_null(abort);
    assert_int_equal(fr_reason_decode(abort->body, abort->bytes, &reason), 0);
    assert_memory_equal(reason.text.bytes, "x.bin: read error", reason.text.count);
    assert_int_equal(core_rig_said(&rig, live, FR_FRAME_BYE), 1);
    assert_int_equal(core_rig_said(&rig, opening, FR_FRAME_BYE), 1);
    assert_int_equal(core_rig_said(&rig, dialling, FR_FRAME_BYE), 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, FR_LINK_NONE), 3);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_ENDED, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_failure(&rig), FR_E_IO);
    fr_transfer_on_failed(rig.transfer, &(struct fr_failure){.error = FR_E_MEMORY}, rig.now); /* the first failure stays */
    fr_transfer_on_stop(rig.transfer, "stopped", rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_failure(&rig), FR_E_IO);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_ENDED, FR_LINK_NONE), 1);
    core_rig_done(&rig);
}

static void the_whole_push_has_a_deadline(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    rig.timing.total = 10 * FR_SECOND;
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    core_rig_wait_heard(&rig, 9 * FR_SECOND, &link, 1);
    assert_false(rig.has_ended);
    core_rig_wait_heard(&rig, 2 * FR_SECOND, &link, 1);
    assert_true(rig.has_ended);
    assert_int_equal(core_rig_failure(&rig), FR_E_TIMEOUT);
    core_rig_done(&rig);
}

/* Whatever crosses with the end is ignored. */
static void after_the_end_nothing_happens(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 1);
    link = core_rig_answer(&rig, 0);
    fr_transfer_on_stop(rig.transfer, "stopped", rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_failure(&rig), FR_E_CANCELLED);
    core_rig_forget(&rig);
    core_rig_progress(&rig, link, 1);
    core_rig_raw(&rig, link, FR_FRAME_PING, "", 0);
    core_rig_close(&rig, link, FR_E_CLOSED);
    core_rig_connect(&rig, link);
    fr_transfer_on_deadline(rig.transfer, rig.now + FR_SECOND);
    fr_transfer_on_chunk_sent(rig.transfer, link, 0, rig.now);
    core_rig_take(&rig);
    assert_int_equal(rig.act_count, 0);
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_done_is_the_end),
        cmocka_unit_test(who_does_not_answer_is_dialled_again_and_then_unreachable),
        cmocka_unit_test(what_time_cannot_mend_is_not_tried_again),
        cmocka_unit_test(who_refuses_is_refused_with_its_reason),
        cmocka_unit_test(a_refusal_of_a_later_release_is_one_too),
        cmocka_unit_test(who_falls_silent_has_failed),
        cmocka_unit_test(bytes_are_heard_though_no_frame_is_whole),
        cmocka_unit_test(our_own_absence_is_forgiven),
        cmocka_unit_test(who_stores_nothing_for_long_has_failed),
        cmocka_unit_test(who_came_in_far_behind_was_slow),
        cmocka_unit_test(members_hear_why_it_gives_up),
        cmocka_unit_test(the_whole_push_has_a_deadline),
        cmocka_unit_test(after_the_end_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
