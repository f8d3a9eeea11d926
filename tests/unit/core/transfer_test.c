/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer does whatever its role: names of links, greetings, pings, deadlines, being freed at any moment. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { CHUNKS = 40 };

static void links_of_the_past_are_ignored(void **state) {
    struct core_rig rig;
    fr_link_id old, link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    old = core_rig_accept(&rig, 1);
    core_rig_close(&rig, old, FR_E_CLOSED);
    link = core_rig_accept(&rig, 1);
    assert_int_not_equal(link, old);
    core_rig_forget(&rig);
    core_rig_raw(&rig, old, FR_FRAME_ACCEPT, "nonsense", 8);
    core_rig_close(&rig, old, FR_E_CLOSED);
    core_rig_connect(&rig, old);
    fr_transfer_on_heard(rig.transfer, old, rig.now);
    assert_false(core_rig_chunk(&rig, old, 0, CORE_RIG_GOOD));
    core_rig_raw(&rig, FR_LINK_NONE, FR_FRAME_PING, "", 0);
    core_rig_raw(&rig, 0, FR_FRAME_PING, "", 0);
    core_rig_raw(&rig, 200, FR_FRAME_PING, "", 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND, FR_LINK_NONE), 0);
    core_rig_done(&rig);
}

/* The bytes of a chunk were on their way when its link was closed: the buffer comes back, and nothing is stored. */
static void a_chunk_that_crosses_a_close_is_dropped(void **state) {
    struct core_rig rig;
    fr_link_id up, peer;
    struct fr_buffer *buffer = fr_buffer_new(FR_CHUNK_BYTES_MIN);
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    peer = core_rig_accept(&rig, 1);
    core_rig_page(&rig, up, 0);
    assert_true(fr_transfer_on_chunk_begin(rig.transfer, peer, 3, FR_CHUNK_BYTES_MIN, rig.now));
    core_rig_close(&rig, peer, FR_E_CLOSED);
    core_rig_forget(&rig);
    fr_transfer_on_chunk(rig.transfer, peer, 3, fr_buffer_ref(buffer), rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_DROP, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_STORE, FR_LINK_NONE), 0);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
    core_rig_done(&rig);
}

/* A connection that is established after the transfer gave it up, or twice, says nothing. */
static void a_greeting_is_said_once(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_connect(&rig, link);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_HELLO), 1);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_OPEN), 1);
    core_rig_done(&rig);
}

static void another_version_is_left_with_a_reason(void **state) {
    const struct fr_msg_hello hello = {9, 10, 0, {"later", 5}};
    struct core_rig rig;
    uint8_t frame[128];
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    fr_hello_encode(&hello, frame, sizeof frame);
    core_rig_frame(&rig, link, frame);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_BYE), 1);
    assert_int_equal(core_rig_last(&rig, link, FR_FRAME_BYE)->body[0], 1);
    const struct fr_member_result result = core_rig_node_result(&rig, 0);
    assert_int_equal(result.verdict, FR_VERDICT_REFUSED);
    assert_non_null(strstr(result.reason, "later speaks 9 to 10"));
    core_rig_done(&rig);
}

static void a_ping_is_answered_in_any_state(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_raw(&rig, link, FR_FRAME_PING, "", 0);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PONG), 1);
    core_rig_hello(&rig, link);
    core_rig_accept_frame(&rig, link, false);
    core_rig_raw(&rig, link, FR_FRAME_PING, "", 0);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PONG), 2);
    core_rig_done(&rig);
}

static void pings_go_out_at_a_third_of_the_silence(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    link = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_wait_heard(&rig, 29 * FR_SECOND, &link, 1);
    assert_in_range(core_rig_said(&rig, link, FR_FRAME_PING), 4, 6);
    core_rig_done(&rig);
}

/* Time that runs backwards is taken for standing still. */
static void time_does_not_run_backwards(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    link = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_page(&rig, link, 0);
    rig.now -= 100 * FR_SECOND;
    assert_true(core_rig_chunk(&rig, link, 1, CORE_RIG_GOOD));
    core_rig_raw(&rig, link, FR_FRAME_PING, "", 0);
    fr_transfer_on_deadline(rig.transfer, rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_done(&rig);
}

/* A deadline that is told too early, or when nothing is due, changes nothing. */
static void early_deadlines_do_nothing(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    core_rig_forget(&rig);
    for (int i = 0; i < 100; i++) {
        rig.now += FR_US;
        fr_transfer_on_deadline(rig.transfer, rig.now);
        core_rig_take(&rig);
    }
    assert_int_equal(rig.act_count, 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 0);
    core_rig_done(&rig);
}

/* Freed with actions that nobody took, a chunk among them. */
static void what_nobody_took_is_dropped(void **state) {
    struct core_rig rig;
    struct fr_buffer *buffer = fr_buffer_new(FR_CHUNK_BYTES_MIN);
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_page(&rig, up, 0);
    buffer->bytes = FR_CHUNK_BYTES_MIN;
    assert_true(fr_transfer_on_chunk_begin(rig.transfer, up, 3, FR_CHUNK_BYTES_MIN, rig.now));
    fr_transfer_on_chunk(rig.transfer, up, 3, fr_buffer_ref(buffer), rig.now);
    fr_transfer_free(rig.transfer);
    rig.transfer = NULL;
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
    fr_transfer_free(NULL);
    core_rig_done(&rig);
}

/* A stored chunk, a finished object: answers that come after the end are ignored. */
static void answers_after_the_end_are_ignored(void **state) {
    struct core_rig rig;
    struct fr_failure none = {0};
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_page(&rig, up, 0);
    rig.holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(&rig, up, 3, CORE_RIG_GOOD));
    fr_transfer_on_stop(rig.transfer, "stopped", rig.now);
    core_rig_take(&rig);
    core_rig_forget(&rig);
    core_rig_store(&rig, 3);
    fr_transfer_on_finished(rig.transfer, &none, rig.now);
    core_rig_take(&rig);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_ENDED, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_accept(&rig, FR_MEMBER_UPSTREAM), FR_LINK_NONE);
    core_rig_done(&rig);
}

/* CLOSE is the last thing asked for on a link; ENDED the last of all. */
static void closing_comes_last(void **state) {
    struct core_rig rig;
    fr_link_id up, peer;
    bool is_closed[2] = {false, false};
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    peer = core_rig_accept(&rig, 1);
    core_rig_page(&rig, up, 0);
    assert_true(core_rig_chunk(&rig, up, 3, CORE_RIG_GOOD));
    core_rig_reason(&rig, up, FR_FRAME_ABORT, 0, "enough");
    for (uint32_t i = 0; i < rig.act_count; i++) {
        assert_false(rig.acts[i].link == up && is_closed[0]);
        assert_false(rig.acts[i].link == peer && is_closed[1] && rig.acts[i].type != FR_ACTION_ENDED);
        if (rig.acts[i].type == FR_ACTION_CLOSE)
            is_closed[rig.acts[i].link == peer] = true;
        assert_int_equal(rig.acts[i].type == FR_ACTION_ENDED, i + 1 == rig.act_count);
    }
    assert_true(is_closed[0] && is_closed[1]);
    assert_int_equal(core_rig_traced(&rig, FR_TRACE_FAILED, 0), 1);
    assert_int_equal(core_rig_traced(&rig, FR_TRACE_ENDED, 0), 1);
    core_rig_done(&rig);
}

/* The same seed and the same events make the same actions. */
static void one_seed_is_one_life(void **state) {
    struct core_rig rigs[2];
    (void) state;
    for (int i = 0; i < 2; i++) {
        struct core_rig *rig = &rigs[i];
        fr_link_id links[3];
        core_rig_init(rig, CHUNKS);
        assert_int_equal(core_rig_be_member(rig, 1, 3), 0);
        links[0] = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
        links[1] = core_rig_answer(rig, 0);
        links[2] = core_rig_accept(rig, 2);
        core_rig_page(rig, links[0], 0);
        core_rig_switch(rig, links[1], FR_FRAME_LAG, true);
        for (int l = 0; l < 3; l++)
            core_rig_ranges(rig, links[l], FR_FRAME_HAVE, 0, 32);
        core_rig_wait_heard(rig, 20 * FR_SECOND, links, 3);
    }
    assert_int_equal(rigs[0].act_count, rigs[1].act_count);
    for (uint32_t i = 0; i < rigs[0].act_count; i++) {
        const struct core_rig_act *a = &rigs[0].acts[i], *b = &rigs[1].acts[i];
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->link, b->link);
        assert_int_equal(a->chunk, b->chunk);
        assert_int_equal(a->bytes, b->bytes);
        if (a->bytes > 0)
            assert_memory_equal(a->body, b->body, a->bytes);
    }
    core_rig_done(&rigs[0]);
    core_rig_done(&rigs[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_of_the_past_are_ignored),
        cmocka_unit_test(a_chunk_that_crosses_a_close_is_dropped),
        cmocka_unit_test(a_greeting_is_said_once),
        cmocka_unit_test(another_version_is_left_with_a_reason),
        cmocka_unit_test(a_ping_is_answered_in_any_state),
        cmocka_unit_test(pings_go_out_at_a_third_of_the_silence),
        cmocka_unit_test(time_does_not_run_backwards),
        cmocka_unit_test(early_deadlines_do_nothing),
        cmocka_unit_test(what_nobody_took_is_dropped),
        cmocka_unit_test(answers_after_the_end_are_ignored),
        cmocka_unit_test(closing_comes_last),
        cmocka_unit_test(one_seed_is_one_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
