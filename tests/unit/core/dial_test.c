/* SPDX-License-Identifier: Apache-2.0 */
/* Dialling again: with growing pauses, short again once it answered, never after it was settled. At a member, which dials without end. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

/* How long after now the peer is dialled next, which failed just now. */
static fr_time_ns measure_pause(struct core_rig *rig) {
    fr_time_ns from = rig->now;
    core_rig_forget(rig);
    while (!core_rig_did(rig, FR_ACTION_CONNECT, FR_LINK_NONE)) {
        core_rig_wait(rig, 10 * FR_MS);
        assert_true(rig->now - from < 10 * FR_SECOND);
    }
    return rig->now - from;
}

static void begin(struct core_rig *rig, uint32_t self) {
    core_rig_init(rig, 4);
    rig->timing.silence = 3600 * FR_SECOND; /* nothing else happens */
    assert_int_equal(core_rig_be_member(rig, self, 3), 0);
    core_rig_accept(rig, FR_MEMBER_UPSTREAM);
}

static void pauses_grow_up_to_two_seconds(void **state) {
    static const uint32_t pauses_ms[] = {250, 500, 1000, 2000, 2000, 2000};
    struct core_rig rig;
    (void) state;
    begin(&rig, 1);
    for (size_t i = 0; i < FR_COUNT_OF(pauses_ms); i++) {
        core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
        assert_in_range(measure_pause(&rig) / FR_MS, pauses_ms[i], pauses_ms[i] + 10);
    }
    core_rig_done(&rig);
}

static void who_answered_is_dialled_again_soon(void **state) {
    struct core_rig rig;
    (void) state;
    begin(&rig, 1);
    for (int i = 0; i < 4; i++) {
        core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
        measure_pause(&rig);
    }
    core_rig_close(&rig, core_rig_answer(&rig, 0), FR_E_CLOSED);
    assert_in_range(measure_pause(&rig) / FR_MS, 250, 260);
    core_rig_done(&rig);
}

static void each_is_dialled_for_itself(void **state) {
    struct core_rig rig;
    fr_link_id other;
    (void) state;
    begin(&rig, 2);
    other = core_rig_dialled(&rig, 1);
    core_rig_close(&rig, core_rig_dialled(&rig, 0), FR_E_UNREACHABLE);
    measure_pause(&rig);
    assert_int_equal(core_rig_dialled(&rig, 1), FR_LINK_NONE); /* still under way, not dialled twice */
    core_rig_connect(&rig, other);
    assert_int_equal(core_rig_said(&rig, other, FR_FRAME_OPEN), 1);
    core_rig_done(&rig);
}

/* A link that was connected and closed before ACCEPT counts as a failed dial. */
static void a_link_that_never_was_live_is_dialled_again(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    begin(&rig, 1);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_hello(&rig, link);
    core_rig_close(&rig, link, FR_E_CLOSED);
    assert_in_range(measure_pause(&rig) / FR_MS, 250, 260);
    core_rig_done(&rig);
}

static void who_was_shut_out_is_not_dialled_again(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    begin(&rig, 1);
    link = core_rig_answer(&rig, 0);
    core_rig_page(&rig, link, 0);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        assert_true(core_rig_chunk(&rig, link, chunk, CORE_RIG_SPOILT));
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    core_rig_forget(&rig);
    core_rig_wait(&rig, 30 * FR_SECOND);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CONNECT, FR_LINK_NONE), 0);
    core_rig_done(&rig);
}

/* Nor does it get in again when it dials us. */
static void who_was_shut_out_is_refused(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    begin(&rig, 1);
    link = core_rig_accept(&rig, 2);
    core_rig_page(&rig, link, 0);
    for (fr_chunk_index chunk = 0; chunk < 3; chunk++)
        assert_true(core_rig_chunk(&rig, link, chunk, CORE_RIG_SPOILT));
    link = core_rig_accept(&rig, 2);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_REFUSE), 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_ACCEPT), 0);
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_up_to_two_seconds),
        cmocka_unit_test(who_answered_is_dialled_again_soon),
        cmocka_unit_test(each_is_dialled_for_itself),
        cmocka_unit_test(a_link_that_never_was_live_is_dialled_again),
        cmocka_unit_test(who_was_shut_out_is_not_dialled_again),
        cmocka_unit_test(who_was_shut_out_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
