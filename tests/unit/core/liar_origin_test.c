/* SPDX-License-Identifier: Apache-2.0 */
/* A member that lies to its origin: it costs its own link and verdict, is written down as a fault, and the push goes on and ends. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { LIAR = 0, HONEST = 1, MEMBERS = 2, CHUNKS = 40 };

struct scene {
    struct core_rig rig;
    fr_link_id liar, honest;
};

static int set_up(void **state) {
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&scene->rig, MEMBERS), 0);
    scene->liar = core_rig_answer(&scene->rig, LIAR);
    scene->honest = core_rig_answer(&scene->rig, HONEST);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static enum fr_verdict verdict_of(const struct core_rig *rig, uint32_t member) { return core_rig_node_result(rig, member).verdict; }

/* The honest one reports what it is given, whatever the other does, and is done when the object has been read to its end. Returns
 * how many chunks it was given. */
static uint32_t work_honestly(struct scene *scene) {
    struct core_rig *rig = &scene->rig;
    uint32_t given = 0;
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].type == FR_ACTION_SEND_CHUNK && rig->acts[i].link == scene->honest) {
            given++;
            rig->now += FR_MS;
            core_rig_ranges(rig, scene->honest, FR_FRAME_REACHED, rig->acts[i].chunk, 1);
        }
    return given;
}

/* The push ends for the honest one as if nothing had been. */
static void expect_it_goes_on(struct scene *scene) {
    struct core_rig *rig = &scene->rig;
    work_honestly(scene);
    assert_int_equal(core_rig_said(rig, scene->honest, FR_FRAME_END), 1);
    core_rig_done_frame(rig, scene->honest, FR_VERDICT_COMPLETE, "");
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->honest), rig->has_ended);
    assert_int_equal(verdict_of(rig, HONEST), FR_VERDICT_COMPLETE);
    if (!rig->has_ended) /* the liar is still there: it goes in good order, or is given up in the end */
        core_rig_wait_heard(rig, 100 * rig->timing.silence, (fr_link_id[]){scene->liar, scene->honest}, 2);
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void expect_it_is_expelled(struct scene *scene, const char *words) {
    struct core_rig *rig = &scene->rig;
    const struct core_rig_trace *fault = core_rig_last_trace(rig, FR_TRACE_FAULT);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->liar), 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->honest), 0);
    assert_non_null(fault);
    assert_int_equal(fault->member, LIAR);
    assert_non_null(strstr(fault->text, words));
    assert_int_equal(verdict_of(rig, LIAR), FR_VERDICT_FAILED);
    expect_it_goes_on(scene);
}

/* ---------------------------------------------------------------------------------------------------- out of place */

static void who_is_done_before_there_is_an_end_is_expelled(void **state) {
    struct scene scene;
    (void) state;
    core_rig_init(&scene.rig, 5 * CHUNKS); /* more than is read ahead */
    assert_int_equal(core_rig_be_origin(&scene.rig, MEMBERS), 0);
    scene.liar = core_rig_answer(&scene.rig, LIAR);
    scene.honest = core_rig_answer(&scene.rig, HONEST);
    assert_int_equal(core_rig_said(&scene.rig, scene.liar, FR_FRAME_END), 0);
    core_rig_done_frame(&scene.rig, scene.liar, FR_VERDICT_COMPLETE, "");
    expect_it_is_expelled(&scene, "DONE");
    core_rig_done(&scene.rig);
}

static const struct {
    enum fr_frame_type type;
    const char *body;
    uint32_t bytes;
} misplaced[] = {
    {FR_FRAME_HELLO, "FREP\0\1\0\1\0\0\0\0\0\0\0\0\0", 17},
    {FR_FRAME_OPEN, "", 0},
    {FR_FRAME_ACCEPT, "\0\0", 2},
    {FR_FRAME_REFUSE, "\7\0\0", 3},
    {FR_FRAME_LAG, "\1", 1},
    {FR_FRAME_PULL, "\1", 1},
    {FR_FRAME_COMING, "\1\0\1", 3},
    {FR_FRAME_PAGE, "", 0},
    {FR_FRAME_END, "", 0},
    {FR_FRAME_PING, "x", 1},
    {FR_FRAME_PONG, "x", 1},
    {FR_FRAME_ABORT, "\0\0\0", 3},
    {FR_FRAME_STATUS_ASK, "", 0},
    {FR_FRAME_STATUS, "", 0},
    {FR_FRAME_FAULT, "\0\2\0\0\0\0\0\0", 8}, /* names a member that is not */
};

static void frames_out_of_place_expel(void **state) {
    for (size_t i = 0; i < FR_COUNT_OF(misplaced); i++) {
        struct scene *scene = *state;
        core_rig_raw(&scene->rig, scene->liar, misplaced[i].type, misplaced[i].body, misplaced[i].bytes);
        expect_it_is_expelled(scene, fr_frame_name(misplaced[i].type));
        tear_down(state);
        set_up(state);
    }
}

static void bodies_that_mean_nothing_expel(void **state) {
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++) {
        struct scene *scene = *state;
        if (type == FR_FRAME_CHUNK)
            continue;
        core_rig_raw(&scene->rig, scene->liar, (enum fr_frame_type) type, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
        expect_it_is_expelled(scene, fr_frame_name(type));
        tear_down(state);
        set_up(state);
    }
}

static void chunks_do_not_flow_upwards(void **state) {
    struct scene *scene = *state;
    assert_false(core_rig_chunk(&scene->rig, scene->liar, 0, CORE_RIG_GOOD));
    expect_it_is_expelled(scene, "CHUNK");
}

/* ---------------------------------------------------------------------------------------------------- figures */

static void more_chunks_than_there_are_expel(void **state) {
    struct scene *scene = *state;
    core_rig_progress(&scene->rig, scene->liar, CHUNKS + 1);
    expect_it_is_expelled(scene, "PROGRESS");
}

/* It counts up and down for ever and stores nothing: that is no progress. */
static void moving_figures_are_no_progress(void **state) {
    struct scene *scene = *state;
    const fr_link_id links[] = {scene->liar, scene->honest};
    work_honestly(scene);
    core_rig_done_frame(&scene->rig, scene->honest, FR_VERDICT_COMPLETE, "");
    for (uint32_t i = 0; i < 100 && !scene->rig.has_ended; i++) {
        core_rig_progress(&scene->rig, scene->liar, i % 2);
        core_rig_wait_heard(&scene->rig, scene->rig.timing.silence, links, 2);
    }
    assert_true(scene->rig.has_ended);
    assert_int_equal(verdict_of(&scene->rig, LIAR), FR_VERDICT_FAILED);
}

/* ---------------------------------------------------------------------------------------------------- chunks */

static void numbers_beyond_the_object_are_ignored(void **state) {
    static const enum fr_frame_type types[] = {FR_FRAME_REACHED, FR_FRAME_HAVE, FR_FRAME_WANT, FR_FRAME_MISSING};
    struct scene *scene = *state;
    for (size_t i = 0; i < FR_COUNT_OF(types); i++) {
        core_rig_ranges(&scene->rig, scene->liar, types[i], CHUNKS, 1);
        core_rig_ranges(&scene->rig, scene->liar, types[i], CHUNKS, FR_CHUNKS_MAX - CHUNKS);
    }
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_close(&scene->rig, scene->liar, FR_E_PROTOCOL);
    expect_it_goes_on(scene);
}

/* What it was not given it cannot have brought to anybody. */
static void what_was_not_given_is_not_reached(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    rig->can_reread = false;
    core_rig_ranges(rig, scene->liar, FR_FRAME_REACHED, 0, CHUNKS);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        bool is_its_own = core_rig_sent_chunk(rig, scene->liar, chunk);
        for (uint32_t i = 0; i < rig->trace_count; i++)
            if (rig->traces[i].type == FR_TRACE_CHUNK_REACHED && rig->traces[i].chunk == chunk)
                assert_true(is_its_own);
    }
    core_rig_close(rig, scene->liar, FR_E_PROTOCOL);
    expect_it_goes_on(scene);
}

/* A chunk that has not reached the group is given to its owner only. */
static void what_has_not_reached_the_group_is_not_served(void **state) {
    struct scene *scene = *state;
    core_rig_forget(&scene->rig);
    core_rig_ranges(&scene->rig, scene->liar, FR_FRAME_WANT, 0, CHUNKS);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_SEND_CHUNK, scene->liar), 0);
    assert_true(core_rig_told(&scene->rig, scene->liar, FR_FRAME_MISSING, CHUNKS - 9));
}

/* It hands every gift back, over and over. Sooner or later it is not believed that all of them came damaged. */
static void who_takes_nothing_is_expelled(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (uint32_t i = 0; i < 2000 && !core_rig_did(rig, FR_ACTION_CLOSE, scene->liar); i++) {
        fr_chunk_index chunk = FR_CHUNK_NONE;
        for (uint32_t a = rig->act_count; a > 0 && chunk == FR_CHUNK_NONE; a--)
            if (rig->acts[a - 1].type == FR_ACTION_SEND_CHUNK && rig->acts[a - 1].link == scene->liar)
                chunk = rig->acts[a - 1].chunk;
        assert_int_not_equal(chunk, FR_CHUNK_NONE);
        core_rig_ranges(rig, scene->liar, FR_FRAME_MISSING, chunk, 1);
    }
    expect_it_is_expelled(scene, "handed back");
}

/* Taking back what was never given is not even news. */
static void handing_back_what_was_not_given_is_ignored(void **state) {
    struct scene *scene = *state;
    core_rig_forget(&scene->rig);
    for (int i = 0; i < 50; i++)
        core_rig_ranges(&scene->rig, scene->liar, FR_FRAME_MISSING, 20, CHUNKS - 20);
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_CHUNK_TAKEN_BACK, LIAR), 0);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
}

/* It is given its share and relays none of it. Its gifts are shared with others in the end. */
static void what_it_keeps_to_itself_is_given_to_others(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id links[] = {scene->liar, scene->honest};
    bool has_all;
    for (int i = 0; i < 50; i++) {
        work_honestly(scene);
        core_rig_wait_heard(rig, FR_SECOND, links, 2);
    }
    has_all = true;
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        has_all &= core_rig_sent_chunk(rig, scene->honest, chunk);
    assert_true(has_all);
}

/* It asks for so much that its queue is full of it; then a gift has no place. */
static void who_fills_its_queue_with_questions_is_expelled(void **state) {
    enum { MANY = FR_LINK_QUEUE_MAX + 60 };
    struct scene scene;
    struct core_rig *rig = &scene.rig;
    (void) state;
    core_rig_init(rig, MANY);
    assert_int_equal(core_rig_be_origin(rig, MEMBERS), 0);
    scene.honest = core_rig_answer(rig, HONEST);
    for (fr_chunk_index chunk = 0; chunk < FR_LINK_QUEUE_MAX + 10; chunk++)
        core_rig_ranges(rig, scene.honest, FR_FRAME_REACHED, chunk, 1);
    rig->holds = CORE_RIG_SENDS;
    scene.liar = core_rig_dialled(rig, LIAR);
    core_rig_connect(rig, scene.liar);
    core_rig_hello(rig, scene.liar);
    core_rig_accept_frame(rig, scene.liar, false); /* it is given its first */
    core_rig_ranges(rig, scene.liar, FR_FRAME_WANT, 0, MANY);
    assert_true(core_rig_told(rig, scene.liar, FR_FRAME_MISSING, MANY - 1));   /* more than fits is refused */
    for (fr_chunk_index chunk = FR_LINK_QUEUE_MAX + 10; chunk < MANY; chunk++) /* its gifts are reported, so that it is due for more */
        core_rig_ranges(rig, scene.liar, FR_FRAME_REACHED, chunk, 1);
    assert_int_equal(verdict_of(rig, LIAR), FR_VERDICT_FAILED);
    rig->holds = 0;
    core_rig_take(rig);
    expect_it_goes_on(&scene);
    core_rig_done(rig);
}

/* ---------------------------------------------------------------------------------------------------- standing still */

/* It said that it may have the object already, heard all about it, and says nothing. */
static void who_holds_for_ever_fails(void **state) {
    struct scene scene;
    (void) state;
    core_rig_init(&scene.rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&scene.rig, MEMBERS), 0);
    scene.liar = core_rig_answer_holding(&scene.rig, LIAR);
    scene.honest = core_rig_answer(&scene.rig, HONEST);
    work_honestly(&scene);
    core_rig_done_frame(&scene.rig, scene.honest, FR_VERDICT_COMPLETE, "");
    core_rig_wait_heard(&scene.rig, 100 * scene.rig.timing.silence, (fr_link_id[]){scene.liar, scene.honest}, 2);
    assert_true(scene.rig.has_ended);
    assert_int_equal(verdict_of(&scene.rig, LIAR), FR_VERDICT_FAILED);
    core_rig_done(&scene.rig);
}

/* Nobody can hold what a pipe will bring; who says so is given its share like any other. */
static void nobody_holds_a_pipe(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, 5 * CHUNKS);
    core_rig_pipe(&rig);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_answer_holding(&rig, 0);
    assert_true(core_rig_sent_chunk(&rig, link, 0));
    core_rig_done(&rig);
}

static void who_never_answers_is_unreachable(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 1), 0);
    link = core_rig_dialled(&rig, 0);
    core_rig_connect(&rig, link);
    core_rig_hello(&rig, link);
    core_rig_wait_heard(&rig, 10 * rig.timing.silence, &link, 1);
    assert_true(rig.has_ended);
    assert_int_equal(verdict_of(&rig, 0), FR_VERDICT_UNREACHABLE);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- verdicts */

static void a_verdict_is_said_once(void **state) {
    struct scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->liar, FR_VERDICT_FAILED, "the disk is full");
    core_rig_done_frame(&scene->rig, scene->liar, FR_VERDICT_FAILED, "no, it was not");
    const struct fr_member_result result = core_rig_node_result(&scene->rig, LIAR);
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
    assert_string_equal(result.reason, "the disk is full");
    core_rig_close(&scene->rig, scene->liar, FR_E_PROTOCOL);
    expect_it_goes_on(scene);
}

static void who_fails_without_a_reason_has_one_in_the_report(void **state) {
    struct scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->liar, FR_VERDICT_FAILED, "");
    const struct fr_member_result result = core_rig_node_result(&scene->rig, LIAR);
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
    assert_true(strlen(result.reason) > 5);
}

static void who_leaves_without_a_word_has_failed(void **state) {
    struct scene *scene = *state;
    core_rig_reason(&scene->rig, scene->liar, FR_FRAME_BYE, 0, "");
    const struct fr_member_result result = core_rig_node_result(&scene->rig, LIAR);
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
    assert_true(strlen(result.reason) > 5);
    expect_it_goes_on(scene);
}

static void a_fault_is_hearsay(void **state) {
    struct scene *scene = *state;
    uint8_t frame[512];
    struct fr_msg_fault fault = {.member = HONEST, .chunk = 3, .text = {"ate my chunk", 12}};
    fr_fault_encode(&fault, frame, sizeof frame);
    for (int i = 0; i < 100; i++)
        core_rig_frame(&scene->rig, scene->liar, frame);
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_FAULT, HONEST), 100);
    assert_non_null(strstr(core_rig_last_trace(&scene->rig, FR_TRACE_FAULT)->text, "told by node0"));
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    core_rig_close(&scene->rig, scene->liar, FR_E_PROTOCOL);
    expect_it_goes_on(scene);
}

static void accuse(struct core_rig *rig, fr_link_id by, uint32_t member) {
    struct fr_msg_fault fault = {.member = (uint16_t) member, .chunk = 3, .text = {"sent wrong bytes", 16}};
    uint8_t frame[512];
    fr_fault_encode(&fault, frame, sizeof frame);
    core_rig_frame(rig, by, frame);
}

/* Of two, one accuses the other. It is word against word, and nobody is shut out for it. */
static void one_voice_is_not_enough(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 10; i++)
        accuse(&scene->rig, scene->liar, HONEST);
    core_rig_forget(&scene->rig);
    core_rig_ranges(&scene->rig, scene->honest, FR_FRAME_REACHED, 0, CHUNKS);
    assert_int_not_equal(core_rig_did(&scene->rig, FR_ACTION_SEND_CHUNK, scene->honest), 0);
}

/* Two accuse a third, it is given nothing more, and they leave: it is all there is then. */
static void the_accused_are_better_than_nobody(void **state) {
    struct core_rig rig;
    fr_link_id links[3];
    (void) state;
    core_rig_init(&rig, 5 * CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 3), 0);
    for (uint32_t member = 0; member < 3; member++)
        links[member] = core_rig_answer(&rig, member);
    accuse(&rig, links[0], 2);
    accuse(&rig, links[1], 2);
    core_rig_forget(&rig);
    core_rig_ranges(&rig, links[2], FR_FRAME_REACHED, 0, 5 * CHUNKS);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, links[2]), 0);
    core_rig_close(&rig, links[0], FR_E_CLOSED);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, links[2]), 0);
    core_rig_close(&rig, links[1], FR_E_CLOSED);
    assert_int_not_equal(core_rig_did(&rig, FR_ACTION_SEND_CHUNK, links[2]), 0);
    for (uint32_t i = 0; i < rig.act_count; i++)
        if (rig.acts[i].type == FR_ACTION_SEND_CHUNK)
            core_rig_ranges(&rig, links[2], FR_FRAME_REACHED, rig.acts[i].chunk, 1);
    assert_int_equal(core_rig_said(&rig, links[2], FR_FRAME_END), 1);
    core_rig_done(&rig);
}

/* The accused dies, and may not be counted twice. */
static void the_accused_may_die(void **state) {
    struct core_rig rig;
    fr_link_id links[3];
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 3), 0);
    for (uint32_t member = 0; member < 3; member++)
        links[member] = core_rig_answer(&rig, member);
    accuse(&rig, links[0], 2);
    accuse(&rig, links[1], 2);
    accuse(&rig, links[2], 0); /* its own word against one of them */
    accuse(&rig, links[2], 2); /* and against itself */
    core_rig_close(&rig, links[2], FR_E_PROTOCOL);
    core_rig_done_frame(&rig, links[0], FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(&rig, links[1], FR_VERDICT_COMPLETE, "");
    assert_true(rig.has_ended);
    assert_int_equal(verdict_of(&rig, 2), FR_VERDICT_FAILED);
    core_rig_done(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_done_before_there_is_an_end_is_expelled),
        TEST(frames_out_of_place_expel),
        TEST(bodies_that_mean_nothing_expel),
        TEST(chunks_do_not_flow_upwards),
        TEST(more_chunks_than_there_are_expel),
        TEST(moving_figures_are_no_progress),
        TEST(numbers_beyond_the_object_are_ignored),
        TEST(what_was_not_given_is_not_reached),
        TEST(what_has_not_reached_the_group_is_not_served),
        TEST(who_takes_nothing_is_expelled),
        TEST(handing_back_what_was_not_given_is_ignored),
        TEST(what_it_keeps_to_itself_is_given_to_others),
        cmocka_unit_test(who_fills_its_queue_with_questions_is_expelled),
        cmocka_unit_test(who_holds_for_ever_fails),
        cmocka_unit_test(nobody_holds_a_pipe),
        cmocka_unit_test(who_never_answers_is_unreachable),
        TEST(a_verdict_is_said_once),
        TEST(who_fails_without_a_reason_has_one_in_the_report),
        TEST(who_leaves_without_a_word_has_failed),
        TEST(a_fault_is_hearsay),
        TEST(one_voice_is_not_enough),
        cmocka_unit_test(the_accused_are_better_than_nobody),
        cmocka_unit_test(the_accused_may_die),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
