/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a set: how many are whole is told; who must ask gets one after the other; who has some when the time is up is usable. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { ENTRIES = 4, EACH = 10, CHUNKS = ENTRIES * EACH };

static void push_entry(struct core_rig *rig, fr_link_id link, uint32_t entry) {
    for (fr_chunk_index chunk = entry; chunk < CHUNKS; chunk += ENTRIES)
        assert_true(core_rig_chunk(rig, link, chunk, CORE_RIG_GOOD));
}

static fr_link_id begin_member(struct core_rig *rig, uint32_t member_count) {
    core_rig_init(rig, CHUNKS);
    core_rig_set(rig, ENTRIES);
    assert_int_equal(core_rig_be_member(rig, 1, member_count), 0);
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < rig->manifest.layout.page_count; page++)
        core_rig_page(rig, up, page);
    return up;
}

static uint32_t told_whole(const struct core_rig *rig, fr_link_id link) {
    const struct core_rig_act *act = core_rig_last(rig, link, FR_FRAME_PROGRESS);
    struct fr_member_figures figures = {0};
    assert_non_null(act);
    assert_int_equal(fr_progress_decode(act->body, act->bytes, &figures), 0);
    return figures.entries_whole;
}

static void how_many_entries_are_whole_is_told(void **state) {
    struct core_rig rig;
    (void) state;
    fr_link_id up = begin_member(&rig, 3);
    for (uint32_t entry = 0; entry < ENTRIES - 1; entry++) {
        push_entry(&rig, up, entry);
        core_rig_wait_heard(&rig, FR_SECOND, &up, 1);
        assert_int_equal(told_whole(&rig, up), entry + 1);
    }
    for (fr_chunk_index chunk = ENTRIES - 1; chunk < CHUNKS - 1; chunk += ENTRIES) /* all but the last */
        core_rig_chunk(&rig, up, chunk, CORE_RIG_GOOD);
    core_rig_wait_heard(&rig, FR_SECOND, &up, 1);
    assert_int_equal(told_whole(&rig, up), ENTRIES - 1);
    core_rig_done(&rig);
}

static void who_asks_asks_for_its_own_entry_first(void **state) {
    struct core_rig rig;
    uint32_t own = 0, others = 0;
    (void) state;
    begin_member(&rig, 3);
    fr_link_id peer = core_rig_accept(&rig, 2);
    core_rig_switch(&rig, peer, FR_FRAME_LAG, true);
    core_rig_forget(&rig);
    core_rig_ranges(&rig, peer, FR_FRAME_HAVE, 0, CHUNKS);
    while (core_rig_said(&rig, peer, FR_FRAME_WANT) > 0 && own < EACH) {
        uint32_t asked = 0;
        fr_chunk_index wanted[CHUNKS];
        for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
            if (core_rig_told(&rig, peer, FR_FRAME_WANT, chunk))
                wanted[asked++] = chunk;
        core_rig_forget(&rig);
        for (uint32_t i = 0; i < asked; i++) {
            own += wanted[i] % ENTRIES == 1;
            others += wanted[i] % ENTRIES != 1;
            core_rig_chunk(&rig, peer, wanted[i], CORE_RIG_GOOD);
        }
    }
    assert_int_equal(own, EACH);
    assert_in_range(others, 0, FR_PULL_OUTSTANDING_MAX); /* what its window had room for beside the last of its own */
    core_rig_done(&rig);
}

/* The group is done, and what would be pushed still would come of all entries in turn. */
static void who_is_left_behind_asks(void **state) {
    (void) state;
    for (unsigned had_chunks = 0; had_chunks < 2; had_chunks++) {
        struct core_rig rig;
        fr_link_id up = begin_member(&rig, 3), peer = core_rig_accept(&rig, 2);
        core_rig_end(&rig, up);
        if (had_chunks)
            core_rig_chunk(&rig, peer, 2, CORE_RIG_GOOD);
        core_rig_forget(&rig);
        core_rig_done_frame(&rig, peer, FR_VERDICT_COMPLETE, "");
        /* of a peer that was done before it relayed anything it says nothing: upstream has all of it for us */
        assert_int_equal(core_rig_said(&rig, peer, FR_FRAME_PULL), had_chunks);
        core_rig_done(&rig);
    }
}

static void tell_progress(struct core_rig *rig, fr_link_id link, uint32_t chunks, uint32_t entries) {
    uint8_t frame[256];
    fr_progress_encode(&(struct fr_member_figures){.chunks_have = chunks, .entries_whole = entries}, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

static void who_has_some_when_the_time_is_up_is_usable(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_set(&rig, ENTRIES);
    rig.timing.total = 10 * FR_SECOND;
    assert_int_equal(core_rig_be_origin(&rig, 3), 0);
    fr_link_id links[3];
    for (uint32_t member = 0; member < 3; member++)
        links[member] = core_rig_answer(&rig, member);
    tell_progress(&rig, links[0], 25, 2);
    tell_progress(&rig, links[1], 9, 0);
    core_rig_done_frame(&rig, links[2], FR_VERDICT_COMPLETE, "");
    core_rig_wait_heard(&rig, 10 * FR_SECOND, links, 3);
    assert_int_equal(core_rig_failure(&rig), FR_E_TIMEOUT);
    struct fr_member_result result = core_rig_node_result(&rig, 0);
    assert_int_equal(result.verdict, FR_VERDICT_USABLE);
    assert_string_equal(result.reason, "2 of 4, when the time was up");
    result = core_rig_node_result(&rig, 1);
    assert_int_equal(result.verdict, FR_VERDICT_PENDING); /* the report calls it failed, with why the push ended */
    result = core_rig_node_result(&rig, 2);
    assert_int_equal(result.verdict, FR_VERDICT_COMPLETE);
    core_rig_done(&rig);
}

static void more_entries_than_there_are_are_a_lie(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_set(&rig, ENTRIES);
    assert_int_equal(core_rig_be_origin(&rig, 2), 0);
    fr_link_id link = core_rig_answer(&rig, 0);
    core_rig_answer(&rig, 1);
    tell_progress(&rig, link, 9, ENTRIES + 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    core_rig_done(&rig);
}

/* Of a node of group 1, which is below group 0. */
static void tell_of_below(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, uint32_t chunks, uint32_t entries) {
    const struct fr_msg_below below = {.count = 1, .nodes = {{.group = 1, .chunks_have = chunks, .entries_whole = entries}}};
    const struct fr_msg_result result = {
        .group = 1, .verdict = FR_VERDICT_COMPLETE, .figures = {.chunks_have = chunks, .entries_whole = entries}};
    uint8_t frame[512];
    if (type == FR_FRAME_BELOW)
        fr_below_encode(&below, frame, sizeof frame);
    else
        fr_result_encode(&result, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

static void nor_is_it_true_of_one_below(void **state) {
    static const struct core_rig_group groups[] = {{.index = 0, .below_count = 1, .member_count = 2},
                                                   {.index = 1, .upstream_group = 0, .upstream_count = 2, .member_count = 2}};
    static const enum fr_frame_type types[] = {FR_FRAME_BELOW, FR_FRAME_RESULT};
    static const struct {
        uint32_t chunks, entries;
        bool is_true;
    } cases[] = {{CHUNKS, ENTRIES, true}, {CHUNKS, ENTRIES + 1, false}, {CHUNKS + 1, ENTRIES, false}};
    (void) state;
    for (unsigned i = 0; i < 2 * FR_COUNT_OF(cases); i++) {
        struct core_rig rig;
        core_rig_init(&rig, CHUNKS);
        core_rig_set(&rig, ENTRIES);
        assert_int_equal(core_rig_be_origin_of(&rig, groups, FR_COUNT_OF(groups)), 0);
        fr_link_id link = core_rig_answer_below(&rig, 0, 0);
        core_rig_answer_below(&rig, 0, 1);
        tell_of_below(&rig, link, types[i % 2], cases[i / 2].chunks, cases[i / 2].entries);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), !cases[i / 2].is_true);
        core_rig_done(&rig);
    }
}

static void a_set_that_is_here_is_whole_at_once(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_set(&rig, ENTRIES);
    assert_int_equal(core_rig_be_holder(&rig, 0, 2, FR_CHUNK_NONE), 0);
    fr_link_id up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < rig.manifest.layout.page_count; page++)
        core_rig_page(&rig, up, page);
    core_rig_end(&rig, up);
    const struct core_rig_act *act = core_rig_last(&rig, up, FR_FRAME_DONE);
    struct fr_msg_done done;
    assert_non_null(act);
    assert_int_equal(fr_done_decode(act->body, act->bytes, &done), 0);
    assert_int_equal(done.figures.entries_whole, ENTRIES);
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_many_entries_are_whole_is_told),
        cmocka_unit_test(who_asks_asks_for_its_own_entry_first),
        cmocka_unit_test(who_has_some_when_the_time_is_up_is_usable),
        cmocka_unit_test(more_entries_than_there_are_are_a_lie),
        cmocka_unit_test(nor_is_it_true_of_one_below),
        cmocka_unit_test(a_set_that_is_here_is_whole_at_once),
        cmocka_unit_test(who_is_left_behind_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
