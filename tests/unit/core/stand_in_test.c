/* SPDX-License-Identifier: Apache-2.0 */
/* Standing in for a peer that is gone: who does it and when, with which chunks, and what is left of it when the peer comes back. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { MEMBERS = 4, CHUNKS = 40, PAGES = 2 };

/* Below our group 0 of 4: one of the same size. */
static const struct core_rig_group child = {.index = 1, .below_count = 0, .upstream_count = MEMBERS, .member_count = MEMBERS},
                                   other_child = {.index = 2, .below_count = 0, .upstream_count = MEMBERS, .member_count = MEMBERS};

/* One member of four, linked to the origin, to its peers, and to its counterpart. */
struct scene {
    struct core_rig rig;
    uint32_t self;
    fr_link_id up, peers[MEMBERS], below;
};

static void link_peer(struct scene *scene, uint32_t peer) {
    scene->peers[peer] = peer < scene->self ? core_rig_answer(&scene->rig, peer) : core_rig_accept(&scene->rig, peer);
}

static void open_scene(struct scene *scene, uint32_t self) {
    struct core_rig *rig = &scene->rig;
    scene->self = self;
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, 0, 2, 0);
    assert_int_equal(core_rig_be_member(rig, self, MEMBERS), 0);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    for (uint32_t peer = 0; peer < MEMBERS; peer++)
        if (peer != self)
            link_peer(scene, peer);
    core_rig_page(rig, scene->up, 0);
}

static void open_below(struct scene *scene) {
    core_rig_roster(&scene->rig, scene->up, &child);
    scene->below = core_rig_answer_below(&scene->rig, 1, scene->self);
    core_rig_forget(&scene->rig);
}

/* Member 1: it is the heir of member 0. */
static int set_up(void **state) {
    *state = malloc(sizeof(struct scene));
    assert_non_null(*state);
    open_scene(*state, 1);
    open_below(*state);
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static void lose(struct scene *scene, uint32_t peer) { core_rig_close(&scene->rig, scene->peers[peer], FR_E_CLOSED); }

static fr_time_ns absence(const struct scene *scene) { return 2 * scene->rig.timing.patience; }

static bool has_sent(const struct scene *scene, fr_link_id link, fr_chunk_index chunk) {
    return core_rig_sent_chunk(&scene->rig, link, chunk);
}

static bool has_sent_any(const struct scene *scene, fr_link_id link) { return core_rig_did(&scene->rig, FR_ACTION_SEND_CHUNK, link) > 0; }

/* Everything that a link was given reaches its group, until nothing more comes. */
static void report_all(struct scene *scene, fr_link_id link) {
    for (uint32_t i = 0; i < scene->rig.act_count; i++) /* grows while it runs */
        if (scene->rig.acts[i].type == FR_ACTION_SEND_CHUNK && scene->rig.acts[i].link == link)
            core_rig_ranges(&scene->rig, link, FR_FRAME_REACHED, scene->rig.acts[i].chunk, 1);
}

/* ---------------------------------------------------------------------------------------------------- who, and when */

static void the_heir_dials_the_counterpart_after_two_patiences(void **state) {
    struct scene *scene = *state;
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene) - FR_MS);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 0);
    core_rig_wait(&scene->rig, FR_MS);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << 0);
}

static void it_answers_for_it_from_then_on(void **state) {
    struct scene *scene = *state;
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    core_rig_close(&scene->rig, core_rig_answer_below(&scene->rig, 1, 0), FR_E_PROTOCOL);
    assert_int_equal(core_rig_results(&scene->rig, scene->up, 1, 0, NULL, NULL), 1);
}

static void others_do_not(void **state) {
    struct scene *scene = *state;
    lose(scene, 2); /* 3 is here */
    core_rig_wait(&scene->rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 0);
    lose(scene, 3); /* 0 is here */
    core_rig_wait(&scene->rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 0);
}

static void the_last_one_does_it_for_all(void **state) {
    struct scene *scene = *state;
    lose(scene, 2);
    lose(scene, 3);
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << 0 | 1 << 2 | 1 << 3);
}

static void when_the_heir_goes_too_the_next_inherits_both(void **state) {
    struct scene scene;
    (void) state;
    open_scene(&scene, 2);
    open_below(&scene);
    lose(&scene, 0); /* 1 is the heir */
    core_rig_wait(&scene.rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene.rig, 1), 0);
    lose(&scene, 1);
    core_rig_wait(&scene.rig, absence(&scene));
    assert_int_equal(core_rig_dials(&scene.rig, 1), 1 << 0 | 1 << 1);
    core_rig_done(&scene.rig);
}

static void one_that_is_back_in_time_is_left_alone(void **state) {
    struct scene *scene = *state;
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene) - FR_MS);
    link_peer(scene, 0);
    core_rig_wait(&scene->rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 0);
}

static void one_that_never_came_has_as_long_as_it_takes_to_connect(void **state) {
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 0, 1, 0);
    assert_int_equal(core_rig_be_member(&rig, 1, 3), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_accept(&rig, 2);
    core_rig_roster(&rig, up, &(struct core_rig_group){.index = 1, .upstream_count = 3, .member_count = 3});
    core_rig_answer_below(&rig, 1, 1);
    core_rig_wait(&rig, rig.timing.connect + 2 * rig.timing.patience - FR_MS);
    assert_int_equal(core_rig_dials(&rig, 1), 1 << 1);
    core_rig_wait(&rig, FR_MS);
    assert_int_equal(core_rig_dials(&rig, 1), 1 << 1 | 1 << 0);
    core_rig_done(&rig);
}

static void all_counterparts_of_the_peer_are_taken_over(void **state) {
    struct scene scene;
    struct core_rig *rig = &scene.rig;
    (void) state;
    open_scene(&scene, 1);
    core_rig_roster(rig, scene.up, &(struct core_rig_group){.index = 1, .upstream_count = MEMBERS, .member_count = 9});
    assert_int_equal(core_rig_dials(rig, 1), 1 << 1 | 1 << 5);
    lose(&scene, 0);
    core_rig_wait(rig, absence(&scene));
    assert_int_equal(core_rig_dials(rig, 1), 1 << 1 | 1 << 5 | 1 << 0 | 1 << 4 | 1 << 8);
    core_rig_done(rig);
}

static void a_counterpart_of_both_is_linked_once(void **state) {
    struct scene scene;
    struct core_rig *rig = &scene.rig;
    (void) state;
    open_scene(&scene, 1);
    core_rig_roster(rig, scene.up, &(struct core_rig_group){.index = 1, .upstream_count = MEMBERS, .member_count = 1});
    core_rig_answer_below(rig, 1, 0);
    core_rig_forget(rig);
    lose(&scene, 0);
    core_rig_wait(rig, 3 * FR_SECOND);
    assert_int_equal(core_rig_dials(rig, 1), 0);
    core_rig_done(rig);
}

static void also_in_groups_that_are_opened_only_then(void **state) {
    struct scene *scene = *state;
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    core_rig_roster(&scene->rig, scene->up, &other_child);
    assert_int_equal(core_rig_dials(&scene->rig, 2), 1 << 0 | 1 << 1);
}

static void also_in_secondary_groups_when_their_time_comes(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group secondary = other_child;
    secondary.is_secondary = true;
    core_rig_roster(rig, scene->up, &secondary);
    lose(scene, 0);
    core_rig_wait(rig, absence(scene));
    assert_int_equal(core_rig_dials(rig, 2), 0);
    core_rig_page(rig, scene->up, 1);
    core_rig_end(rig, scene->up);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        core_rig_chunk(rig, scene->peers[2], chunk, CORE_RIG_GOOD);
    assert_int_equal(core_rig_dials(rig, 2), 1 << 0 | 1 << 1);
}

/* A member of the group below that could not be reached when help was needed may be there when we are in charge of it. */
static void one_that_was_no_help_is_dialled_when_it_is_ours(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->below, FR_E_CLOSED);
    core_rig_close(rig, core_rig_dialled_below(rig, 1, 2), FR_E_UNREACHABLE);
    core_rig_answer_below(rig, 1, 3); /* this one helps */
    core_rig_forget(rig);
    lose(scene, 2);
    lose(scene, 3);
    lose(scene, 0);
    core_rig_wait(rig, absence(scene));
    assert_true(core_rig_dials(rig, 1) & 1 << 0);
    assert_true(core_rig_dials(rig, 1) & 1 << 2);
}

/* ---------------------------------------------------------------------------------------------------- with which chunks */

/* Member 0 relayed 5 and 6, member 3 relayed 8, 7 is our own. */
static void bring_chunks(struct scene *scene) {
    core_rig_chunk(&scene->rig, scene->peers[0], 5, CORE_RIG_GOOD);
    core_rig_chunk(&scene->rig, scene->peers[0], 6, CORE_RIG_GOOD);
    core_rig_chunk(&scene->rig, scene->up, 7, CORE_RIG_GOOD);
    core_rig_chunk(&scene->rig, scene->peers[3], 8, CORE_RIG_GOOD);
    report_all(scene, scene->below);
    core_rig_forget(&scene->rig);
}

static void what_the_peer_relayed_is_handed_on(void **state) {
    struct scene *scene = *state;
    fr_link_id link;
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    assert_false(has_sent_any(scene, scene->below));
    link = core_rig_answer_below(&scene->rig, 1, 0);
    report_all(scene, link);
    report_all(scene, scene->below);
    assert_true(has_sent(scene, link, 5) || has_sent(scene, scene->below, 5));
    assert_true(has_sent(scene, link, 6) || has_sent(scene, scene->below, 6));
    assert_false(has_sent(scene, link, 7) || has_sent(scene, scene->below, 7)); /* the group has it */
    assert_false(has_sent(scene, link, 8) || has_sent(scene, scene->below, 8)); /* member 3 brings it */
}

static void but_not_what_the_child_has(void **state) {
    struct scene *scene = *state;
    fr_link_id link;
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    link = core_rig_answer_below_with(&scene->rig, 1, 0, false, 1);
    core_rig_ranges(&scene->rig, link, FR_FRAME_HAVE, 5, 1);
    report_all(scene, link);
    report_all(scene, scene->below);
    assert_false(has_sent(scene, link, 5) || has_sent(scene, scene->below, 5));
    assert_true(has_sent(scene, link, 6) || has_sent(scene, scene->below, 6));
}

static void what_our_own_counterpart_has_changes_nothing(void **state) {
    struct scene *scene = *state;
    bring_chunks(scene);
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_HAVE, 0, 1);
    assert_false(has_sent_any(scene, scene->below));
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    core_rig_ranges(&scene->rig, scene->below, FR_FRAME_HAVE, 1, 1);
    assert_false(has_sent_any(scene, scene->below));
}

static void what_is_relayed_to_us_is_inherited_once(void **state) {
    struct scene *scene = *state;
    fr_link_id link;
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    link = core_rig_answer_below(&scene->rig, 1, 0);
    report_all(scene, link);
    report_all(scene, scene->below);
    core_rig_forget(&scene->rig);
    core_rig_ranges(&scene->rig, link, FR_FRAME_HAVE, 0, 1);
    assert_false(has_sent_any(scene, link) || has_sent_any(scene, scene->below));
}

/* ---------------------------------------------------------------------------------------------------- when it is back */

static void one_that_is_back_and_gone_again_is_inherited_from_again(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id link;
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(rig, absence(scene));
    link = core_rig_answer_below(rig, 1, 0);
    report_all(scene, link);
    report_all(scene, scene->below);
    link_peer(scene, 0);
    core_rig_chunk(rig, scene->peers[0], 9, CORE_RIG_GOOD);
    core_rig_forget(rig);
    core_rig_ranges(rig, link, FR_FRAME_HAVE, 0, 1);
    core_rig_wait(rig, 3 * FR_SECOND);
    assert_false(has_sent_any(scene, link) || has_sent_any(scene, scene->below)); /* it does that itself again */
    lose(scene, 0);
    core_rig_wait(rig, absence(scene));
    core_rig_ranges(rig, link, FR_FRAME_HAVE, 1, 1);
    report_all(scene, link);
    assert_true(has_sent(scene, link, 9) || has_sent(scene, scene->below, 9));
    assert_false(has_sent(scene, link, 5) || has_sent(scene, scene->below, 5));
}

/* ---------------------------------------------------------------------------------------------------- vouching */

static void how_a_peer_ended_is_told_by_its_heir(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct fr_msg_result result;
    core_rig_done_frame(rig, scene->peers[2], FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, scene->peers[0], FR_VERDICT_COMPLETE, "");
    assert_int_equal(core_rig_results(rig, scene->up, 0, 2, NULL, NULL), 0);
    assert_int_equal(core_rig_results(rig, scene->up, 0, 0, &result, NULL), 1);
    assert_int_equal(result.verdict, FR_VERDICT_COMPLETE);
    lose(scene, 0);
    core_rig_done_frame(rig, scene->peers[3], FR_VERDICT_FAILED, "the disk is full"); /* 0 would have told */
    assert_int_equal(core_rig_results(rig, scene->up, 0, 3, &result, NULL), 1);
    assert_int_equal(result.verdict, FR_VERDICT_FAILED);
}

/* Whoever hears it first has no other way to know when it began, and its figures count from there. */
static void and_when_it_began(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct fr_msg_done done = {.verdict = FR_VERDICT_COMPLETE, .elapsed_ns = 7 * FR_SECOND, .figures.chunks_have = CHUNKS};
    struct fr_msg_result result;
    uint8_t frame[512];
    fr_done_encode(&done, frame, sizeof frame);
    core_rig_frame(rig, scene->peers[0], frame);
    assert_int_equal(core_rig_results(rig, scene->up, 0, 0, &result, NULL), 1);
    assert_true(result.accepted_ago_ns == 7 * FR_SECOND && result.done_ago_ns == 0);
}

/* The pages of an owner that died at once may be all that it left. */
static void a_child_with_pages_and_no_chunks_gets_all(void **state) {
    struct scene *scene = *state;
    fr_link_id link;
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(&scene->rig, absence(scene));
    link = core_rig_answer_below_with(&scene->rig, 1, 0, false, 1);
    core_rig_progress(&scene->rig, link, 0); /* which it tells whoever is new above it */
    report_all(scene, link);
    report_all(scene, scene->below);
    assert_true(has_sent(scene, link, 5) || has_sent(scene, scene->below, 5));
}

static void each_child_group_gets_what_it_lacks(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id link, other;
    core_rig_roster(rig, scene->up, &other_child);
    core_rig_answer_below(rig, 2, 1);
    bring_chunks(scene);
    lose(scene, 0);
    core_rig_wait(rig, absence(scene));
    link = core_rig_answer_below_with(rig, 1, 0, false, 1);
    core_rig_ranges(rig, link, FR_FRAME_HAVE, 5, 2); /* there the peer had handed them on */
    other = core_rig_answer_below(rig, 2, 0);        /* here it had not */
    report_all(scene, other);
    assert_true(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE) >= 2);
    assert_false(has_sent_any(scene, link));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_heir_dials_the_counterpart_after_two_patiences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_answers_for_it_from_then_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_do_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_one_does_it_for_all, set_up, tear_down),
        cmocka_unit_test(when_the_heir_goes_too_the_next_inherits_both),
        cmocka_unit_test_setup_teardown(one_that_is_back_in_time_is_left_alone, set_up, tear_down),
        cmocka_unit_test(one_that_never_came_has_as_long_as_it_takes_to_connect),
        cmocka_unit_test(all_counterparts_of_the_peer_are_taken_over),
        cmocka_unit_test(a_counterpart_of_both_is_linked_once),
        cmocka_unit_test_setup_teardown(also_in_groups_that_are_opened_only_then, set_up, tear_down),
        cmocka_unit_test_setup_teardown(also_in_secondary_groups_when_their_time_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_was_no_help_is_dialled_when_it_is_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_peer_relayed_is_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(but_not_what_the_child_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_our_own_counterpart_has_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_relayed_to_us_is_inherited_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_back_and_gone_again_is_inherited_from_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(how_a_peer_ended_is_told_by_its_heir, set_up, tear_down),
        cmocka_unit_test_setup_teardown(and_when_it_began, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_child_with_pages_and_no_chunks_gets_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_child_group_gets_what_it_lacks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
