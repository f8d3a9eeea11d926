/* SPDX-License-Identifier: Apache-2.0 */
/* Liars in the groups below and above: one that we feed, and one of several that feed us. It costs its own link, is named, and everything
 * else goes on. Liars among peers are in liar_test.c. */
#include <fastreplica/error.h>

#include "base/prng.h"
#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, MEMBERS = 3, GROUP = 2, CHUNKS = 40, PAGES = 2 };

/* Our group 2 of 3 is below one of 3; below ours are 3, of which 1 and 4 are ours to feed, and 4 below that; 5 is below neither. */
static const struct core_rig_group child = {
    .index = GROUP + 1, .below_count = 1, .upstream_group = GROUP, .upstream_count = MEMBERS, .member_count = 5};

struct scene {
    struct core_rig rig;
    fr_link_id up, other_up, low, high, liar, honest;
};

static void open_scene_of(struct scene *scene, uint32_t chunk_count) {
    struct core_rig *rig = &scene->rig;
    core_rig_init(rig, chunk_count);
    core_rig_place(rig, GROUP, 2, 3);
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->low = core_rig_answer(rig, 0);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 0);
    scene->other_up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    scene->high = core_rig_accept(rig, 2);
    core_rig_page(rig, scene->up, 0);
    core_rig_roster(rig, scene->up, &child);
    scene->liar = core_rig_answer_below(rig, GROUP + 1, 1);
    scene->honest = core_rig_answer_below(rig, GROUP + 1, 4);
    assert_true(core_rig_chunk(rig, scene->up, 3, CORE_RIG_GOOD));
    core_rig_forget(rig);
}

static int set_up(void **state) {
    *state = malloc(sizeof(struct scene));
    assert_non_null(*state);
    open_scene_of(*state, CHUNKS);
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

/* The honest one below is given all that we own, and we complete. */
static void expect_it_goes_on(struct scene *scene) {
    struct core_rig *rig = &scene->rig;
    assert_false(rig->has_ended);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, scene->up, page);
    core_rig_forget(rig);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        assert_true(core_rig_chunk(rig, scene->up, chunk, CORE_RIG_GOOD));
        core_rig_ranges(rig, scene->honest, FR_FRAME_REACHED, chunk, 1);
        rig->now += 10 * FR_MS;
    }
    core_rig_end(rig, scene->up);
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].type == FR_ACTION_SEND_CHUNK && rig->acts[i].link == scene->honest)
            core_rig_ranges(rig, scene->honest, FR_FRAME_REACHED, rig->acts[i].chunk, 1);
    assert_true(core_rig_sent_chunk(rig, scene->honest, CHUNKS - 1));
    assert_true(core_rig_view(rig).is_complete);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 1);
}

static uint32_t count_closed_others(const struct scene *scene, fr_link_id liar) {
    const fr_link_id links[] = {scene->up, scene->other_up, scene->low, scene->high, scene->liar, scene->honest};
    uint32_t count = 0;
    for (size_t i = 0; i < FR_COUNT_OF(links); i++)
        count += links[i] != liar && core_rig_did(&scene->rig, FR_ACTION_CLOSE, links[i]) > 0;
    return count;
}

static void expect_the_child_is_expelled(struct scene *scene, const char *words) {
    struct core_rig *rig = &scene->rig;
    const struct core_rig_act *bye = core_rig_last(rig, scene->liar, FR_FRAME_BYE);
    const struct core_rig_trace *fault = core_rig_last_trace(rig, FR_TRACE_FAULT);
    struct fr_msg_result result;
    char text[FR_REASON_BYTES_MAX + 1];
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->liar), 1);
    assert_int_equal(count_closed_others(scene, scene->liar), 0);
    assert_non_null(bye);
    assert_int_equal(bye->body[0], 1);
    assert_non_null(fault);
    assert_int_equal(fault->group, GROUP + 1);
    assert_int_equal(fault->member, 1);
    assert_non_null(strstr(fault->text, words));
    assert_int_equal(core_rig_results(rig, scene->up, GROUP + 1, 1, &result, text), 1); /* we answer for it */
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
    assert_non_null(strstr(text, words));
    expect_it_goes_on(scene);
}

/* Nothing of it went up. */
static void expect_nothing_was_passed_on(const struct scene *scene) {
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_BELOW), 0);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_FAULT), 0);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_RESULT), 1); /* its own */
}

/* ---------------------------------------------------------------------------------------------------- reports from below */

static void a_result_of_a_group_that_is_not_below_it_makes_no_sense(void **state) {
    static const uint32_t strange[] = {0, GROUP - 1, GROUP, GROUP + 3, 1000};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(strange); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        core_rig_result(&scene.rig, scene.liar, strange[i], 0, FR_VERDICT_COMPLETE, "");
        expect_nothing_was_passed_on(&scene);
        expect_the_child_is_expelled(&scene, "RESULT");
        core_rig_done(&scene.rig);
    }
}

static void a_result_of_itself_or_of_a_peer_that_is_not_makes_no_sense(void **state) {
    static const uint32_t members[] = {1, 5, 63};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(members); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        core_rig_result(&scene.rig, scene.liar, GROUP + 1, members[i], FR_VERDICT_COMPLETE, "");
        expect_nothing_was_passed_on(&scene);
        expect_the_child_is_expelled(&scene, "RESULT");
        core_rig_done(&scene.rig);
    }
}

static void progress_of_nodes_that_are_not_below_it_makes_no_sense(void **state) {
    static const uint32_t strange[] = {0, GROUP, GROUP + 1, GROUP + 3, 1000};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(strange); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        core_rig_below(&scene.rig, scene.liar, strange[i], 0, 1);
        expect_nothing_was_passed_on(&scene);
        expect_the_child_is_expelled(&scene, "BELOW");
        core_rig_done(&scene.rig);
    }
}

static void more_chunks_than_there_are_make_no_sense(void **state) {
    struct scene *scene = *state;
    core_rig_below(&scene->rig, scene->liar, GROUP + 2, 0, CHUNKS);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_forget(&scene->rig);
    core_rig_below(&scene->rig, scene->liar, GROUP + 2, 0, CHUNKS + 1);
    expect_nothing_was_passed_on(scene);
    expect_the_child_is_expelled(scene, "BELOW");
}

static void nor_does_it_have_more_or_fewer_than_before(void **state) {
    static const uint32_t wrong[] = {CHUNKS + 1, 4};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(wrong); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        core_rig_progress(&scene.rig, scene.liar, 5);
        core_rig_progress(&scene.rig, scene.liar, wrong[i]);
        expect_the_child_is_expelled(&scene, "PROGRESS");
        core_rig_done(&scene.rig);
    }
}

static void a_fault_of_strangers_makes_no_sense(void **state) {
    static const struct { uint32_t group, member; } strange[] = {{0, 0}, {GROUP, 0}, {GROUP + 3, 0}, {GROUP + 1, 5}, {GROUP + 1, 63}};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(strange); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        core_rig_fault(&scene.rig, scene.liar, strange[i].group, strange[i].member, 3, "sent a wrong chunk");
        expect_nothing_was_passed_on(&scene);
        expect_the_child_is_expelled(&scene, "FAULT");
        core_rig_done(&scene.rig);
    }
}

static void one_voice_takes_no_chunks_from_another(void **state) {
    struct scene *scene = *state;
    for (fr_chunk_index chunk = 0; chunk < 10; chunk++)
        core_rig_fault(&scene->rig, scene->liar, GROUP + 1, 4, chunk, "sent a wrong chunk");
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_close(&scene->rig, scene->liar, FR_E_CLOSED);
    expect_it_goes_on(scene);
}

/* ---------------------------------------------------------------------------------------------------- out of place */

static void a_chunk_from_below_is_not_let_in(void **state) {
    struct scene *scene = *state;
    assert_false(core_rig_chunk(&scene->rig, scene->liar, 5, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_STORE, FR_LINK_NONE), 0);
    expect_the_child_is_expelled(scene, "CHUNK");
}

static void what_only_comes_from_above_does_not_come_from_below(void **state) {
    static const enum fr_frame_type types[] = {FR_FRAME_PAGE, FR_FRAME_END,  FR_FRAME_ROSTER, FR_FRAME_ABORT, FR_FRAME_COMING,
                                               FR_FRAME_LAG,  FR_FRAME_PULL, FR_FRAME_OPEN,   FR_FRAME_STATUS};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(types); i++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        if (types[i] == FR_FRAME_PAGE)
            core_rig_page(&scene.rig, scene.liar, 1);
        else if (types[i] == FR_FRAME_END)
            core_rig_end(&scene.rig, scene.liar);
        else if (types[i] == FR_FRAME_ROSTER)
            core_rig_roster(&scene.rig, scene.liar,
                            &(struct core_rig_group){.index = 4, .upstream_group = 3, .upstream_count = 5, .member_count = 1});
        else if (types[i] == FR_FRAME_ABORT)
            core_rig_reason(&scene.rig, scene.liar, types[i], 0, "over");
        else if (types[i] == FR_FRAME_COMING)
            core_rig_ranges(&scene.rig, scene.liar, types[i], 0, 1);
        else if (types[i] == FR_FRAME_LAG || types[i] == FR_FRAME_PULL)
            core_rig_switch(&scene.rig, scene.liar, types[i], true);
        else
            core_rig_raw(&scene.rig, scene.liar, types[i], "", 0);
        expect_the_child_is_expelled(&scene, fr_frame_name(types[i]));
        core_rig_done(&scene.rig);
    }
}

static void numbers_outside_the_object_are_ignored(void **state) {
    static const enum fr_frame_type types[] = {FR_FRAME_WANT, FR_FRAME_HAVE, FR_FRAME_REACHED, FR_FRAME_MISSING};
    struct scene *scene = *state;
    for (size_t i = 0; i < FR_COUNT_OF(types); i++) {
        core_rig_ranges(&scene->rig, scene->liar, types[i], CHUNKS, 1000);
        core_rig_ranges(&scene->rig, scene->liar, types[i], FR_CHUNKS_MAX - 1, 1);
    }
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_close(&scene->rig, scene->liar, FR_E_CLOSED);
    expect_it_goes_on(scene);
}

static void what_was_not_given_to_it_it_cannot_report(void **state) {
    struct scene *scene = *state;
    core_rig_ranges(&scene->rig, scene->liar, FR_FRAME_REACHED, 0, CHUNKS);
    core_rig_close(&scene->rig, scene->liar, FR_E_CLOSED);
    expect_it_goes_on(scene);
}

static void one_that_hands_back_everything_is_expelled(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    uint32_t rounds = 0;
    core_rig_close(rig, scene->honest, FR_E_CLOSED);
    core_rig_forget(rig);
    core_rig_chunk(rig, scene->up, 4, CORE_RIG_GOOD);
    while (rounds < 1000 && core_rig_did(rig, FR_ACTION_CLOSE, scene->liar) == 0) {
        core_rig_ranges(rig, scene->liar, FR_FRAME_MISSING, 3, 2);
        rounds++;
    }
    assert_in_range(rounds, 50, 900);
    assert_false(rig->has_ended);
}

static void nonsense_from_below_is_survived(void **state) {
    struct fr_prng prng;
    (void) state;
    fr_prng_init(&prng, 7);
    for (int run = 0; run < 300; run++) {
        struct scene scene;
        open_scene_of(&scene, CHUNKS);
        for (int i = 0; i < 20; i++) {
            enum fr_frame_type type = (enum fr_frame_type)(1 + fr_prng_below(&prng, FR_FRAME_TYPE_MAX));
            uint32_t bytes = (uint32_t) fr_prng_below(&prng, 64);
            char body[64];
            for (uint32_t b = 0; b < bytes; b++)
                body[b] = (char) (fr_prng_below(&prng, 2) ? fr_prng_below(&prng, 6) : fr_prng_below(&prng, 256));
            core_rig_raw(&scene.rig, scene.liar, type, body, bytes);
        }
        assert_int_equal(count_closed_others(&scene, scene.liar), 0);
        assert_false(scene.rig.has_ended);
        core_rig_done(&scene.rig);
    }
}

/* ---------------------------------------------------------------------------------------------------- one of those above */

static void expect_it_alone_is_expelled(struct scene *scene, const char *words) {
    struct core_rig *rig = &scene->rig;
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->other_up), 1);
    assert_int_equal(count_closed_others(scene, scene->other_up), 0);
    assert_true(core_rig_named(rig, scene->up, FR_MEMBER_ABOVE + 1, words));
    expect_it_goes_on(scene);
}

static void one_above_that_sends_wrong_chunks_is_shunned(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (fr_chunk_index chunk = 10; chunk < 12; chunk++)
        core_rig_chunk(rig, scene->other_up, chunk, CORE_RIG_SPOILT);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_faults(rig, scene->up, GROUP, FR_MEMBER_ABOVE + 1), 2);
    core_rig_chunk(rig, scene->other_up, 12, CORE_RIG_SPOILT);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->other_up), 1);
    scene->other_up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    assert_int_equal(core_rig_said(rig, scene->other_up, FR_FRAME_ACCEPT), 0);
    assert_int_equal(core_rig_said(rig, scene->other_up, FR_FRAME_REFUSE), 1);
    assert_int_equal(core_rig_said(rig, core_rig_accept(rig, FR_MEMBER_ABOVE + 2), FR_FRAME_ACCEPT), 1);
    assert_int_equal(core_rig_said(rig, core_rig_accept(rig, FR_MEMBER_FAR_ABOVE + 1), FR_FRAME_ACCEPT), 1); /* another node */
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->up), 0);
    expect_it_goes_on(scene);
}

static void its_lies_are_counted_over_its_links(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(core_rig_said(rig, scene->other_up, FR_FRAME_REFUSE), 0);
        core_rig_raw(rig, scene->other_up, FR_FRAME_HAVE, "\xff", 1);
        assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->other_up), 1);
        scene->other_up = core_rig_accept(rig, FR_MEMBER_ABOVE + 1);
    }
    assert_int_equal(core_rig_said(rig, scene->other_up, FR_FRAME_REFUSE), 1);
    expect_it_goes_on(scene);
}

static void a_chunk_outside_the_object_costs_its_link(void **state) {
    struct scene *scene = *state;
    assert_false(core_rig_chunk(&scene->rig, scene->other_up, 39, CORE_RIG_GOOD)); /* its page is not known */
    expect_it_alone_is_expelled(scene, "before its page");
}

static void reports_from_above_make_no_sense(void **state) {
    for (int what = 0; what < 4; what++) {
        struct scene *scene;
        set_up((void **) &scene);
        if (what == 0)
            core_rig_result(&scene->rig, scene->other_up, 4, 0, FR_VERDICT_COMPLETE, "");
        else if (what == 1)
            core_rig_below(&scene->rig, scene->other_up, 4, 0, 1);
        else if (what == 2)
            core_rig_fault(&scene->rig, scene->other_up, 4, 0, 1, "x");
        else
            core_rig_ranges(&scene->rig, scene->other_up, FR_FRAME_REACHED, 3, 1);
        expect_it_alone_is_expelled(scene, "makes no sense");
        tear_down((void **) &scene);
    }
    (void) state;
}

static void one_above_that_gives_too_much_loses_its_link(void **state) {
    enum { MANY = 700 };
    struct scene scene;
    struct core_rig *rig = &scene.rig;
    fr_chunk_index chunk = 10;
    (void) state;
    open_scene_of(&scene, MANY);
    for (uint32_t page = 1; page * FR_PAGE_CHUNKS_MAX < MANY; page++)
        core_rig_page(rig, scene.up, page);
    while (chunk < MANY && core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE) == 0)
        core_rig_chunk(rig, scene.other_up, chunk++, CORE_RIG_GOOD); /* the peers acknowledge nothing */
    assert_in_range(chunk, 4 * FR_CREDIT_WINDOW_MAX, 4 * FR_CREDIT_WINDOW_MAX + 20);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene.other_up), 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene.up), 0);
    core_rig_done(rig);
}

/* Each of those above keeps to its own window, and together they may have more out than two of them could. */
static void several_above_may_each_fill_their_window(void **state) {
    enum { MANY = 400 };
    struct scene scene;
    struct core_rig *rig = &scene.rig;
    fr_link_id links[3];
    (void) state;
    open_scene_of(&scene, MANY);
    for (uint32_t page = 1; page * FR_PAGE_CHUNKS_MAX < MANY; page++)
        core_rig_page(rig, scene.up, page);
    links[0] = scene.up;
    links[1] = scene.other_up;
    links[2] = core_rig_accept(rig, FR_MEMBER_ABOVE + 2);
    core_rig_forget(rig);
    for (uint32_t i = 0; i < 3 * 100; i++) /* of 128 each; the peers acknowledge nothing yet */
        core_rig_chunk(rig, links[i % 3], 10 + i, CORE_RIG_GOOD);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_done(rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_of_a_group_that_is_not_below_it_makes_no_sense),
        cmocka_unit_test(a_result_of_itself_or_of_a_peer_that_is_not_makes_no_sense),
        cmocka_unit_test(progress_of_nodes_that_are_not_below_it_makes_no_sense),
        cmocka_unit_test_setup_teardown(more_chunks_than_there_are_make_no_sense, set_up, tear_down),
        cmocka_unit_test(nor_does_it_have_more_or_fewer_than_before),
        cmocka_unit_test(a_fault_of_strangers_makes_no_sense),
        cmocka_unit_test_setup_teardown(one_voice_takes_no_chunks_from_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chunk_from_below_is_not_let_in, set_up, tear_down),
        cmocka_unit_test(what_only_comes_from_above_does_not_come_from_below),
        cmocka_unit_test_setup_teardown(numbers_outside_the_object_are_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_given_to_it_it_cannot_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_hands_back_everything_is_expelled, set_up, tear_down),
        cmocka_unit_test(nonsense_from_below_is_survived),
        cmocka_unit_test_setup_teardown(one_above_that_sends_wrong_chunks_is_shunned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_lies_are_counted_over_its_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chunk_outside_the_object_costs_its_link, set_up, tear_down),
        cmocka_unit_test(reports_from_above_make_no_sense),
        cmocka_unit_test(one_above_that_gives_too_much_loses_its_link),
        cmocka_unit_test(several_above_may_each_fill_their_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
