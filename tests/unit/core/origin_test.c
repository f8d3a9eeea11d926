/* SPDX-License-Identifier: Apache-2.0 */
/* An origin: dialling, reading, giving. How it ends is in origin_end_test.c, members that lie are in liar_origin_test.c. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "content/digest.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { CHUNKS = 40, PAGES = 2 };

static void open_origin(struct core_rig *rig, uint32_t chunks, uint32_t members) {
    core_rig_init(rig, chunks);
    assert_int_equal(core_rig_be_origin(rig, members), 0);
}

/* All that a link is given reaches the group. Returns how many. */
static uint32_t report_all(struct core_rig *rig, fr_link_id link) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].type == FR_ACTION_SEND_CHUNK && rig->acts[i].link == link) {
            core_rig_ranges(rig, link, FR_FRAME_REACHED, rig->acts[i].chunk, 1);
            count++;
        }
    return count;
}

/* ---------------------------------------------------------------------------------------------------- beginning */

static void it_dials_everybody_and_opens(void **state) {
    struct core_rig rig;
    struct fr_msg_open open;
    struct fr_opening opening;
    struct fr_roster roster;
    const struct core_rig_act *act;
    (void) state;
    open_origin(&rig, CHUNKS, 3);
    for (uint32_t member = 0; member < 3; member++) {
        fr_link_id link = core_rig_dialled(&rig, member);
        assert_true(link != FR_LINK_NONE);
        core_rig_connect(&rig, link);
        assert_int_equal(core_rig_said(&rig, link, FR_FRAME_HELLO), 1);
        act = core_rig_last(&rig, link, FR_FRAME_OPEN);
        assert_non_null(act);
        assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
        assert_int_equal(open.from, FR_MEMBER_UPSTREAM);
        assert_int_equal(open.to, member);
        assert_true(fr_verify(rig.trusted, FR_SIGN_OPENING, open.opening, open.opening_bytes, open.opening_signature));
        assert_true(fr_verify(rig.trusted, FR_SIGN_ROSTER, open.roster, open.roster_bytes, open.roster_signature));
        assert_int_equal(fr_opening_decode(open.opening, open.opening_bytes, &opening), 0);
        assert_memory_equal(opening.origin_key, rig.opening.origin_key, FR_KEY_BYTES);
        assert_int_equal(fr_roster_decode(open.roster, open.roster_bytes, &roster), 0);
        assert_int_equal(roster.member_count, 3);
        assert_memory_equal(roster.transfer_id, opening.transfer_id, FR_TRANSFER_ID_BYTES);
    }
    core_rig_done(&rig);
}

static void nothing_is_read_before_somebody_takes_part(void **state) {
    struct core_rig rig;
    (void) state;
    open_origin(&rig, CHUNKS, 2);
    core_rig_connect(&rig, core_rig_dialled(&rig, 0));
    core_rig_hello(&rig, core_rig_dialled(&rig, 0));
    assert_int_equal(core_rig_did(&rig, FR_ACTION_READ_PAGE, FR_LINK_NONE), 0);
    core_rig_accept_frame(&rig, core_rig_dialled(&rig, 0), false);
    assert_true(core_rig_did(&rig, FR_ACTION_READ_PAGE, FR_LINK_NONE) > 0);
    core_rig_done(&rig);
}

static void groups_that_cannot_be_are_refused(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 0), FR_E_ARGUMENT);
    assert_null(rig.transfer);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- reading */

static void it_reads_two_pages_ahead(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, 10 * FR_PAGE_CHUNKS_MAX);
    rig.holds = CORE_RIG_PAGES;
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_READ_PAGE, FR_LINK_NONE), 1); /* one at a time */
    core_rig_read(&rig, 0);
    core_rig_read(&rig, 1);
    core_rig_read(&rig, 2); /* two wait, and the first of them is begun */
    assert_int_equal(core_rig_did(&rig, FR_ACTION_READ_PAGE, FR_LINK_NONE), 3);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PAGE), 3);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_END), 0);
    rig.holds = 0;
    for (int i = 0; i < 200; i++)
        report_all(&rig, link);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PAGE), 10);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_END), 1);
    core_rig_done(&rig);
}

static void a_page_goes_ahead_of_its_chunks_and_once(void **state) {
    struct core_rig rig;
    fr_link_id link;
    uint32_t pages_before = 0;
    (void) state;
    open_origin(&rig, 100, 1);
    link = core_rig_answer(&rig, 0);
    for (int i = 0; i < 100; i++)
        report_all(&rig, link);
    for (uint32_t i = 0; i < rig.act_count; i++) {
        if (rig.acts[i].type == FR_ACTION_SEND && rig.acts[i].frame == FR_FRAME_PAGE)
            pages_before++;
        if (rig.acts[i].type == FR_ACTION_SEND_CHUNK)
            assert_true(rig.acts[i].chunk / FR_PAGE_CHUNKS_MAX < pages_before);
    }
    assert_int_equal(pages_before, 4);
    core_rig_done(&rig);
}

static void what_it_signs_is_taken(void **state) {
    struct core_rig rig;
    struct fr_manifest manifest;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 100, 1);
    link = core_rig_answer(&rig, 0);
    for (int i = 0; i < 100; i++)
        report_all(&rig, link);
    assert_int_equal(fr_manifest_init(&manifest, rig.opening.transfer_id, rig.object_bytes, FR_CHUNK_BYTES_MIN), 0);
    for (uint32_t i = 0; i < rig.act_count; i++) {
        struct fr_msg_page page;
        struct fr_msg_end end;
        if (rig.acts[i].type == FR_ACTION_SEND && rig.acts[i].frame == FR_FRAME_PAGE) {
            assert_int_equal(fr_page_decode(rig.acts[i].body, rig.acts[i].bytes, &page), 0);
            assert_int_equal(fr_manifest_take_page(&manifest, rig.trusted, &page), FR_MANIFEST_NEW);
        }
        if (rig.acts[i].type == FR_ACTION_SEND && rig.acts[i].frame == FR_FRAME_END) {
            assert_int_equal(fr_end_decode(rig.acts[i].body, rig.acts[i].bytes, &end), 0);
            assert_int_equal(fr_manifest_take_end(&manifest, rig.trusted, &end), FR_MANIFEST_NEW);
        }
    }
    assert_true(fr_manifest_is_whole(&manifest) && fr_manifest_root_matches(&manifest));
    fr_manifest_done(&manifest);
    core_rig_done(&rig);
}

static void who_comes_late_is_told_all_pages(void **state) {
    struct core_rig rig;
    fr_link_id late;
    (void) state;
    open_origin(&rig, CHUNKS, 2);
    report_all(&rig, core_rig_answer(&rig, 0));
    late = core_rig_answer(&rig, 1);
    assert_int_equal(core_rig_said(&rig, late, FR_FRAME_PAGE), PAGES);
    assert_int_equal(core_rig_said(&rig, late, FR_FRAME_END), 1);
    core_rig_done(&rig);
}

static void pages_that_are_there_are_not_sent(void **state) {
    struct core_rig rig;
    uint8_t frame[64];
    fr_link_id link;
    (void) state;
    open_origin(&rig, CHUNKS, 1);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_hello(&rig, link);
    fr_accept_encode(&(struct fr_msg_accept){.pages_known = 1}, frame, sizeof frame);
    core_rig_frame(&rig, link, frame);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PAGE), PAGES - 1);
    core_rig_done(&rig);
}

static void an_empty_object_is_pushed_too(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, 0, 1);
    link = core_rig_answer(&rig, 0);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_PAGE), 0);
    assert_int_equal(core_rig_said(&rig, link, FR_FRAME_END), 1);
    core_rig_done_frame(&rig, link, FR_VERDICT_COMPLETE, "");
    assert_true(rig.has_ended);
    assert_int_equal(core_rig_failure(&rig), 0);
    core_rig_done(&rig);
}

/* The driver says more, or less, than the opening promised. Members hear why. */
static void a_source_of_another_length_ends_the_push(void **state) {
    (void) state;
    for (int is_longer = 0; is_longer < 2; is_longer++) {
        struct core_rig rig;
        fr_link_id link;
        struct fr_digest digests[FR_PAGE_CHUNKS_MAX] = {{{0}}};
        core_rig_init(&rig, CHUNKS);
        rig.holds = CORE_RIG_PAGES;
        assert_int_equal(core_rig_be_origin(&rig, 1), 0);
        link = core_rig_answer(&rig, 0);
        core_rig_read(&rig, 0);
        fr_transfer_on_page_read(rig.transfer, 1, digests, is_longer ? 20 : 5, !is_longer, 37 * FR_CHUNK_BYTES_MIN, &digests[0], rig.now);
        core_rig_take(&rig);
        assert_true(rig.has_ended);
        assert_int_equal(core_rig_failure(&rig), FR_E_CHANGED);
        assert_int_equal(core_rig_said(&rig, link, FR_FRAME_ABORT), 1);
        core_rig_done(&rig);
    }
}

static void a_pipe_that_ends_elsewhere_than_its_pages_ends_the_push(void **state) {
    struct core_rig rig;
    struct fr_digest digests[FR_PAGE_CHUNKS_MAX] = {{{0}}};
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_pipe(&rig);
    rig.holds = CORE_RIG_PAGES;
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    core_rig_answer(&rig, 0);
    fr_transfer_on_page_read(rig.transfer, 0, digests, 10, true, 12 * FR_CHUNK_BYTES_MIN, &digests[0], rig.now);
    core_rig_take(&rig);
    assert_true(rig.has_ended);
    assert_int_equal(core_rig_failure(&rig), FR_E_CHANGED);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- giving */

static void each_chunk_leaves_once_and_to_one(void **state) {
    struct core_rig rig;
    fr_link_id links[3];
    uint32_t times[CHUNKS] = {0};
    (void) state;
    open_origin(&rig, CHUNKS, 3);
    for (uint32_t member = 0; member < 3; member++)
        links[member] = core_rig_answer(&rig, member);
    for (int i = 0; i < 30; i++)
        for (uint32_t member = 0; member < 3; member++) {
            rig.now += FR_MS;
            report_all(&rig, links[member]);
        }
    for (uint32_t i = 0; i < rig.act_count; i++)
        if (rig.acts[i].type == FR_ACTION_SEND_CHUNK)
            times[rig.acts[i].chunk]++;
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_int_equal(times[chunk], 1);
    assert_int_equal(fr_transfer_origin_bytes_sent(rig.transfer), rig.object_bytes);
    assert_int_equal(core_rig_node_result(&rig, 0).chunks_given + core_rig_node_result(&rig, 1).chunks_given +
                         core_rig_node_result(&rig, 2).chunks_given,
                     CHUNKS);
    core_rig_done(&rig);
}

static void two_chunks_at_a_time_are_with_the_driver(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    rig.holds = CORE_RIG_SENDS;
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, link), 2);
    core_rig_sent(&rig, link, 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, link), 3);
    core_rig_done(&rig);
}

/* A member that took it for the answer would not be its owner, and never report it; so it is told that there is none. */
static void a_gift_that_waits_is_no_answer(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    rig.holds = CORE_RIG_SENDS;
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    assert_true(core_rig_sent_chunk(&rig, link, 1)); /* two are with the driver, the next wait */
    assert_false(core_rig_sent_chunk(&rig, link, 2));
    core_rig_ranges(&rig, link, FR_FRAME_WANT, 2, 1);
    assert_true(core_rig_told(&rig, link, FR_FRAME_MISSING, 2));
    core_rig_sent(&rig, link, 0);
    assert_true(core_rig_sent_chunk(&rig, link, 2));
    core_rig_done(&rig);
}

static void what_the_dead_had_is_given_to_the_living(void **state) {
    struct core_rig rig;
    fr_link_id dead, living;
    (void) state;
    open_origin(&rig, CHUNKS, 2);
    dead = core_rig_answer(&rig, 0);
    living = core_rig_answer(&rig, 1);
    core_rig_close(&rig, dead, FR_E_PROTOCOL);
    for (int i = 0; i < 30; i++)
        report_all(&rig, living);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_true(core_rig_sent_chunk(&rig, living, chunk));
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_FAILED);
    assert_string_equal(core_rig_node_result(&rig, 0).reason, "the connection broke");
    core_rig_done(&rig);
}

/* A complete member that dies takes nothing with it that the others still need. */
static void what_the_complete_had_is_given_again_when_they_die(void **state) {
    struct core_rig rig;
    fr_link_id first, second;
    (void) state;
    open_origin(&rig, 1, 2);
    first = core_rig_answer(&rig, 0);
    assert_true(core_rig_sent_chunk(&rig, first, 0));
    second = core_rig_answer(&rig, 1);
    core_rig_done_frame(&rig, first, FR_VERDICT_COMPLETE, "");
    core_rig_forget(&rig);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, second), 0); /* it is still bringing them */
    core_rig_close(&rig, first, FR_E_CLOSED);
    assert_true(core_rig_sent_chunk(&rig, second, 0));
    assert_int_equal(core_rig_node_result(&rig, 0).verdict, FR_VERDICT_COMPLETE);
    core_rig_done(&rig);
}

/* It says that it failed, and is still linked: what it owned is in better hands at once. */
static void what_the_failed_had_is_given_to_the_living(void **state) {
    struct core_rig rig;
    fr_link_id failed, living;
    (void) state;
    open_origin(&rig, 1, 2);
    failed = core_rig_answer(&rig, 0);
    assert_true(core_rig_sent_chunk(&rig, failed, 0));
    living = core_rig_answer(&rig, 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, living), 0);
    core_rig_done_frame(&rig, failed, FR_VERDICT_FAILED, "the disk is full");
    assert_true(core_rig_sent_chunk(&rig, living, 0));
    core_rig_done(&rig);
}

/* Handed back, it goes out once more, even to one that said meanwhile that it has it. */
static void what_came_damaged_goes_out_again(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    open_origin(&rig, CHUNKS, 1);
    link = core_rig_answer(&rig, 0);
    core_rig_ranges(&rig, link, FR_FRAME_HAVE, 0, 1);
    core_rig_forget(&rig);
    core_rig_ranges(&rig, link, FR_FRAME_MISSING, 0, 1);
    assert_int_equal(core_rig_traced(&rig, FR_TRACE_CHUNK_TAKEN_BACK, 0), 1);
    assert_true(core_rig_sent_chunk(&rig, link, 0));
    core_rig_done(&rig);
}

/* A chunk is shared near the end, and before it is sent to the second the first brings it: it need not leave again. */
static void a_share_that_is_not_needed_any_more_does_not_leave(void **state) {
    struct core_rig rig;
    fr_link_id late, quick;
    fr_chunk_index shared = FR_CHUNK_NONE;
    (void) state;
    open_origin(&rig, 30, 2);
    late = core_rig_answer(&rig, 0);
    quick = core_rig_answer(&rig, 1);
    for (uint32_t i = 0; i < rig.act_count; i++)
        if (rig.acts[i].type == FR_ACTION_SEND_CHUNK && rig.acts[i].link == quick) {
            rig.now += 200 * FR_US;
            core_rig_ranges(&rig, quick, FR_FRAME_REACHED, rig.acts[i].chunk, 1);
        }
    rig.holds = CORE_RIG_SENDS;
    core_rig_ranges(&rig, quick, FR_FRAME_WANT, 10, 2); /* what it owned keeps its link busy */
    assert_true(core_rig_sent_chunk(&rig, quick, 11));
    core_rig_forget(&rig);
    core_rig_wait_heard(&rig, FR_SECOND, (fr_link_id[]){late, quick}, 2);
    for (uint32_t i = 0; i < rig.trace_count; i++)
        if (rig.traces[i].type == FR_TRACE_CHUNK_GIVEN && rig.traces[i].member == 1)
            shared = rig.traces[i].chunk;
    assert_int_not_equal(shared, FR_CHUNK_NONE);
    core_rig_ranges(&rig, late, FR_FRAME_REACHED, shared, 1);
    rig.holds = 0;
    core_rig_take(&rig);
    assert_false(core_rig_sent_chunk(&rig, quick, shared));
    core_rig_done(&rig);
}

static void of_a_pipe_only_what_reached_the_group_is_let_go(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_pipe(&rig);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer(&rig, 0);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_RELEASE, FR_LINK_NONE), 0);
    core_rig_ranges(&rig, link, FR_FRAME_REACHED, 0, 2);
    core_rig_ranges(&rig, link, FR_FRAME_REACHED, 0, 2); /* said again */
    assert_int_equal(core_rig_did(&rig, FR_ACTION_RELEASE, FR_LINK_NONE), 2);
    core_rig_ranges(&rig, link, FR_FRAME_WANT, 0, 1); /* it cannot be read again */
    assert_true(core_rig_told(&rig, link, FR_FRAME_MISSING, 0));
    core_rig_done(&rig);
}

static void of_a_file_what_reached_the_group_is_served_as_a_last_resort(void **state) {
    struct core_rig rig;
    fr_link_id link, late;
    (void) state;
    open_origin(&rig, CHUNKS, 2);
    link = core_rig_answer(&rig, 0);
    core_rig_ranges(&rig, link, FR_FRAME_REACHED, 0, 2);
    late = core_rig_answer(&rig, 1);
    core_rig_forget(&rig);
    core_rig_ranges(&rig, late, FR_FRAME_WANT, 1, 1);
    assert_true(core_rig_sent_chunk(&rig, late, 1));
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- news */

static void who_asks_for_news_is_told_what_reached_the_group(void **state) {
    struct core_rig rig;
    fr_link_id link, late;
    (void) state;
    open_origin(&rig, CHUNKS, 2);
    link = core_rig_answer(&rig, 0);
    late = core_rig_answer(&rig, 1);
    core_rig_ranges(&rig, link, FR_FRAME_REACHED, 0, 1);
    core_rig_switch(&rig, late, FR_FRAME_INTEREST, true);
    assert_true(core_rig_told(&rig, late, FR_FRAME_HAVE, 0));
    assert_false(core_rig_told(&rig, late, FR_FRAME_HAVE, 2));
    core_rig_forget(&rig);
    core_rig_ranges(&rig, link, FR_FRAME_REACHED, 2, 1);
    core_rig_wait(&rig, 200 * FR_MS);
    assert_true(core_rig_told(&rig, late, FR_FRAME_HAVE, 2));
    assert_false(core_rig_told(&rig, late, FR_FRAME_HAVE, 0)); /* told once */
    core_rig_switch(&rig, late, FR_FRAME_INTEREST, false);
    core_rig_forget(&rig);
    report_all(&rig, link);
    core_rig_wait(&rig, 200 * FR_MS);
    assert_int_equal(core_rig_said(&rig, late, FR_FRAME_HAVE), 0);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- who may have it already */

static void a_holder_is_told_all_and_given_nothing(void **state) {
    struct core_rig rig;
    fr_link_id holder;
    (void) state;
    open_origin(&rig, 300, 1);
    holder = core_rig_answer_holding(&rig, 0);
    assert_int_equal(core_rig_said(&rig, holder, FR_FRAME_PAGE), 10);
    assert_int_equal(core_rig_said(&rig, holder, FR_FRAME_END), 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    core_rig_done_frame(&rig, holder, FR_VERDICT_COMPLETE, "");
    assert_true(rig.has_ended);
    assert_int_equal(fr_transfer_origin_bytes_sent(rig.transfer), 0);
    core_rig_done(&rig);
}

static void a_holder_of_something_else_takes_part(void **state) {
    struct core_rig rig;
    fr_link_id holder;
    (void) state;
    open_origin(&rig, 300, 1);
    holder = core_rig_answer_holding(&rig, 0);
    core_rig_switch(&rig, holder, FR_FRAME_INTEREST, true);
    core_rig_switch(&rig, holder, FR_FRAME_INTEREST, true); /* asked for anew: joins once */
    assert_true(core_rig_sent_chunk(&rig, holder, 0));
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_dials_everybody_and_opens),
        cmocka_unit_test(nothing_is_read_before_somebody_takes_part),
        cmocka_unit_test(groups_that_cannot_be_are_refused),
        cmocka_unit_test(it_reads_two_pages_ahead),
        cmocka_unit_test(a_page_goes_ahead_of_its_chunks_and_once),
        cmocka_unit_test(what_it_signs_is_taken),
        cmocka_unit_test(who_comes_late_is_told_all_pages),
        cmocka_unit_test(pages_that_are_there_are_not_sent),
        cmocka_unit_test(an_empty_object_is_pushed_too),
        cmocka_unit_test(a_source_of_another_length_ends_the_push),
        cmocka_unit_test(a_pipe_that_ends_elsewhere_than_its_pages_ends_the_push),
        cmocka_unit_test(each_chunk_leaves_once_and_to_one),
        cmocka_unit_test(two_chunks_at_a_time_are_with_the_driver),
        cmocka_unit_test(a_gift_that_waits_is_no_answer),
        cmocka_unit_test(what_the_dead_had_is_given_to_the_living),
        cmocka_unit_test(what_the_complete_had_is_given_again_when_they_die),
        cmocka_unit_test(what_the_failed_had_is_given_to_the_living),
        cmocka_unit_test(what_came_damaged_goes_out_again),
        cmocka_unit_test(a_share_that_is_not_needed_any_more_does_not_leave),
        cmocka_unit_test(of_a_pipe_only_what_reached_the_group_is_let_go),
        cmocka_unit_test(of_a_file_what_reached_the_group_is_served_as_a_last_resort),
        cmocka_unit_test(who_asks_for_news_is_told_what_reached_the_group),
        cmocka_unit_test(a_holder_is_told_all_and_given_nothing),
        cmocka_unit_test(a_holder_of_something_else_takes_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
