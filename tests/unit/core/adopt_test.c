/* SPDX-License-Identifier: Apache-2.0 */
/* Adoption from both ends: a member that is relieved of waiting for a peer, and the owner of a leaf group that sends in that peer's
 * place. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, LEAF = 2, SHIFT = 1 };

/* Below our group 0 of 3: 1, and below that the leaves 2 and 3. The first relieves our low peer of sending to us, the other our high
 * peer. */
static const struct core_rig_group child = {.index = 1, .below_count = 2, .upstream_group = 0, .upstream_count = 3, .member_count = 3},
                                   leaf = {.index = LEAF,
                                           .upstream_group = 1,
                                           .upstream_count = 3,
                                           .member_count = MEMBERS,
                                           .is_adopting = true,
                                           .adopted_group = 0,
                                           .adopted_shift = SHIFT},
                                   other_leaf = {.index = 3,
                                                 .upstream_group = 1,
                                                 .upstream_count = 3,
                                                 .member_count = MEMBERS,
                                                 .is_adopting = true,
                                                 .adopted_group = 0,
                                                 .adopted_shift = 2};

struct scene {
    struct core_rig rig;
    fr_link_id up, low, high, adopter, adoptee;
};

static void link_up(struct scene *scene, uint32_t up) {
    struct core_rig *rig = &scene->rig;
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, up);
    scene->high = core_rig_accept(rig, HIGH);
    core_rig_page(rig, scene->up, 0);
    core_rig_forget(rig);
}

/* Member 1 of 3 in the inner group, linked to the origin and to both peers; it knows the first page. */
static int set_up_inner(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    core_rig_place(&scene->rig, 0, 3, 0);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    link_up(scene, FR_MEMBER_UPSTREAM);
    *state = scene;
    return 0;
}

/* The same, and its adopter is here. */
static int set_up_adopted(void **state) {
    struct scene *scene;
    set_up_inner(state);
    scene = *state;
    core_rig_roster(&scene->rig, scene->up, &leaf);
    scene->adopter = core_rig_answer_below(&scene->rig, LEAF, SELF - SHIFT);
    core_rig_forget(&scene->rig);
    return 0;
}

/* Member 1 of 3 in the leaf group, linked to one above and to both peers. */
static int set_up_leaf(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    core_rig_place(&scene->rig, LEAF, 0, MEMBERS);
    scene->rig.roster.is_adopting = true;
    scene->rig.roster.adopted_group = 0;
    scene->rig.roster.adopted_shift = SHIFT;
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    link_up(scene, FR_MEMBER_ABOVE + 0);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

/* What the last PULL on a link says; -1: there was none. */
static int pull_said(const struct core_rig *rig, fr_link_id link) {
    const struct core_rig_act *act = core_rig_last(rig, link, FR_FRAME_PULL);
    return act ? act->body[0] : -1;
}

/* Time passes, and everybody above and beside us is heard of. */
static void wait_heard(struct scene *scene, fr_time_ns span) {
    const fr_link_id links[] = {scene->up, scene->low, scene->high};
    core_rig_wait_heard(&scene->rig, span, links, FR_COUNT_OF(links));
}

/* ---------------------------------------------------------------------------------------------------- being adopted */

/* The members of an adopting group that member `self` of `count` dials. */
static uint64_t adopters_of(uint32_t self, uint32_t count, uint32_t shift) {
    struct core_rig rig;
    uint64_t dials;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 0, 3, 0);
    assert_int_equal(core_rig_be_member(&rig, self, count), 0);
    core_rig_roster(&rig, core_rig_accept(&rig, FR_MEMBER_UPSTREAM),
                    &(struct core_rig_group){.index = 2,
                                             .upstream_group = 1,
                                             .upstream_count = count,
                                             .member_count = count,
                                             .is_adopting = true,
                                             .adopted_group = 0,
                                             .adopted_shift = shift});
    dials = core_rig_dials(&rig, 2);
    core_rig_done(&rig);
    return dials;
}

static void the_owner_so_far_before_us_is_dialled(void **state) {
    (void) state;
    assert_int_equal(adopters_of(1, 3, 1), 1 << 0);
    assert_int_equal(adopters_of(1, 3, 2), 1 << 2);
    for (uint32_t shift = 1; shift < 5; shift++) {
        uint64_t all = 0;
        for (uint32_t self = 0; self < 5; self++) {
            assert_int_equal(adopters_of(self, 5, shift), 1u << (self + 5 - shift) % 5);
            all |= adopters_of(self, 5, shift);
        }
        assert_int_equal(all, (1u << 5) - 1);
    }
}

static void an_adopter_is_opened_with_its_own_roster(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct core_rig_act *act;
    struct fr_msg_open open;
    struct fr_roster roster;
    fr_link_id link;
    core_rig_roster(rig, scene->up, &leaf);
    link = core_rig_dialled_below(rig, LEAF, SELF - SHIFT);
    core_rig_connect(rig, link);
    act = core_rig_last(rig, link, FR_FRAME_OPEN);
    assert_non_null(act);
    assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
    assert_int_equal(open.from, FR_MEMBER_ADOPTED + SELF);
    assert_int_equal(open.to, SELF - SHIFT);
    assert_true(fr_verify(rig->trusted, FR_SIGN_ROSTER, open.roster, open.roster_bytes, open.roster_signature));
    assert_int_equal(fr_roster_decode(open.roster, open.roster_bytes, &roster), 0);
    assert_int_equal(roster.group_index, LEAF);
    assert_int_equal(pull_said(rig, scene->low), -1); /* it is not here yet */
}

static void the_peer_is_told_while_the_adopter_is_here(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id adopter;
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    core_rig_roster(rig, scene->up, &leaf);
    adopter = core_rig_answer_below(rig, LEAF, SELF - SHIFT);
    assert_int_equal(pull_said(rig, scene->low), 1);
    assert_int_equal(pull_said(rig, scene->high), -1);
    assert_true(core_rig_told(rig, adopter, FR_FRAME_HAVE, 5)); /* it need not send that */
    assert_true(core_rig_chunk(rig, adopter, 7, CORE_RIG_GOOD));
    core_rig_forget(rig);
    core_rig_close(rig, adopter, FR_E_CLOSED);
    assert_int_equal(pull_said(rig, scene->low), 0);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 7)); /* nor the peer this, which came meanwhile */
    assert_int_equal(pull_said(rig, scene->high), -1);
    wait_heard(scene, FR_SECOND);
    core_rig_answer_below(rig, LEAF, SELF - SHIFT); /* dialled again */
    assert_int_equal(pull_said(rig, scene->low), 1);
}

static void each_adopter_relieves_its_own_peer(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id other;
    core_rig_roster(rig, scene->up, &other_leaf);
    other = core_rig_answer_below(rig, 3, 2);
    assert_int_equal(pull_said(rig, scene->high), 1);
    assert_int_equal(pull_said(rig, scene->low), -1);
    core_rig_close(rig, other, FR_E_CLOSED);
    assert_int_equal(pull_said(rig, scene->high), 0);
    assert_int_equal(pull_said(rig, scene->low), -1); /* that one's adopter is still here */
}

static void a_peer_that_comes_anew_is_told_again(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->low, FR_E_CLOSED);
    core_rig_wait(rig, FR_SECOND);
    scene->low = core_rig_answer(rig, LOW);
    assert_int_equal(pull_said(rig, scene->low), 1);
}

/* Whoever is told to push nothing keeps no promise, neither an old one nor one that was under way: what is missing is asked of it. */
static void a_relieved_peer_is_not_believed_to_push(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->up, FR_E_CLOSED); /* something is missing now: it follows, and asks for news */
    core_rig_ranges(rig, scene->low, FR_FRAME_COMING, 5, 1);
    core_rig_roster(rig, scene->high, &leaf);
    core_rig_answer_below(rig, LEAF, SELF - SHIFT);
    assert_int_equal(pull_said(rig, scene->low), 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_COMING, 6, 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 2);
    wait_heard(scene, 3 * rig->timing.patience);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 5));
    assert_true(core_rig_chunk(rig, scene->low, 5, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 6));
}

static void who_pulls_anyhow_stays_relieved(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_switch(rig, scene->high, FR_FRAME_LAG, true);
    assert_int_equal(pull_said(rig, scene->high), 1);
    core_rig_forget(rig);
    wait_heard(scene, 5 * FR_SECOND); /* nothing is missing: back to following */
    assert_int_equal(pull_said(rig, scene->high), 0);
    assert_int_equal(pull_said(rig, scene->low), -1);
}

static void what_an_adopter_sends_makes_nobody_an_owner(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->adopter, 4, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->adopter, FR_FRAME_HAVE, 4));
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_traced(rig, FR_TRACE_CHUNK_STORED, LOW), 1); /* as if from the peer */
    core_rig_end(rig, scene->up);
    core_rig_page(rig, scene->up, 1);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        core_rig_chunk(rig, scene->adopter, chunk, CORE_RIG_GOOD);
    assert_true(core_rig_view(rig).is_complete);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 1);
    assert_int_equal(core_rig_said(rig, scene->adopter, FR_FRAME_DONE), 0); /* nothing but receipts is told to it */
    assert_int_equal(core_rig_said(rig, scene->adopter, FR_FRAME_INTEREST), 0);
}

static void of_a_pipe_nobody_is_relieved(void **state) {
    struct core_rig rig;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_pipe(&rig);
    core_rig_place(&rig, 0, 3, 0);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    core_rig_roster(&rig, core_rig_accept(&rig, FR_MEMBER_UPSTREAM), &leaf);
    assert_int_equal(core_rig_dials(&rig, LEAF), 0);
    core_rig_done(&rig);
}

static void who_does_not_adopt_us_is_not_dialled(void **state) {
    struct core_rig_group leaves[4] = {leaf, leaf, leaf, leaf};
    (void) state;
    leaves[0].is_adopting = false;
    leaves[1].adopted_group = 1;
    leaves[2].member_count = MEMBERS + 1; /* its owners own other chunks than ours */
    leaves[3].adopted_shift = MEMBERS;
    for (size_t i = 0; i < FR_COUNT_OF(leaves); i++) {
        struct scene *scene;
        set_up_inner((void **) &scene);
        core_rig_roster(&scene->rig, scene->up, &leaves[i]);
        assert_int_equal(core_rig_dials(&scene->rig, LEAF), 0);
        assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
        tear_down((void **) &scene);
    }
}

/* It is a link that the lists of those whom we feed know nothing of. */
static void rosters_do_not_go_to_an_adopter(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_roster(rig, scene->up, &other_leaf);
    core_rig_roster(rig, scene->up, &child);
    core_rig_answer_below(rig, 1, SELF);
    assert_int_equal(core_rig_said(rig, scene->adopter, FR_FRAME_ROSTER), 0);
    core_rig_roster(rig, scene->adopter, &child); /* nor come from one */
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->adopter), 1);
}

static void one_that_says_goodbye_or_refuses_is_left_in_peace(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id other;
    core_rig_reason(rig, scene->adopter, FR_FRAME_BYE, FR_GOODBYE_OVER, "");
    assert_int_equal(pull_said(rig, scene->low), 0);
    core_rig_roster(rig, scene->up, &other_leaf);
    other = core_rig_dialled_below(rig, 3, 2);
    core_rig_connect(rig, other);
    core_rig_hello(rig, other);
    core_rig_reason(rig, other, FR_FRAME_REFUSE, FR_REFUSAL_STOPPING, "bye");
    core_rig_forget(rig);
    wait_heard(scene, 5 * FR_SECOND);
    assert_int_equal(core_rig_dials(rig, LEAF) | core_rig_dials(rig, 3), 0);
    assert_false(rig->has_ended);
}

static void three_bad_chunks_end_an_adoption(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
        assert_true(core_rig_chunk(rig, scene->adopter, i, CORE_RIG_SPOILT));
        assert_int_equal(core_rig_faults(rig, scene->up, LEAF, SELF - SHIFT), i + 1);
    }
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->adopter), 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_last_trace(rig, FR_TRACE_FAULT)->group, LEAF);
    assert_int_equal(core_rig_last_trace(rig, FR_TRACE_FAULT)->member, SELF - SHIFT);
    assert_int_equal(core_rig_traced(rig, FR_TRACE_FAULT, FR_MEMBER_UPSTREAM), 0); /* those above are not blamed */
    assert_int_equal(pull_said(rig, scene->low), 0);
    core_rig_forget(rig);
    wait_heard(scene, 10 * FR_SECOND);
    assert_int_equal(core_rig_dials(rig, LEAF), 0);
    assert_true(core_rig_chunk(rig, scene->low, 0, CORE_RIG_GOOD));
}

/* ---------------------------------------------------------------------------------------------------- adopting */

static void what_we_own_goes_to_whom_we_adopt(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    assert_true(core_rig_chunk(rig, scene->up, 3, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->low, 4, CORE_RIG_GOOD));
    scene->adoptee = core_rig_accept(rig, FR_MEMBER_ADOPTED + HIGH);
    assert_int_equal(core_rig_said(rig, scene->adoptee, FR_FRAME_ACCEPT), 1);
    assert_true(core_rig_sent_chunk(rig, scene->adoptee, 3)); /* it was ours before */
    assert_int_equal(core_rig_said(rig, scene->adoptee, FR_FRAME_PAGE), 1);
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->high, 6, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->adoptee, FR_FRAME_HAVE, 3, 1);
    core_rig_ranges(rig, scene->adoptee, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_sent_chunk(rig, scene->adoptee, 5));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, scene->adoptee), 2); /* what others own they send */
}

static void upstream_does_not_wait_for_whom_we_adopt(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    scene->adoptee = core_rig_accept(rig, FR_MEMBER_ADOPTED + HIGH);
    assert_true(core_rig_chunk(rig, scene->up, 3, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->adoptee, FR_FRAME_HAVE, 3, 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 3, 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_REACHED), 0); /* a member above says nothing for one of ours */
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 3, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 3));
    assert_true(core_rig_chunk(rig, scene->up, 5, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 5, 1);
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 5, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 5));
    core_rig_close(rig, scene->adoptee, FR_E_CLOSED);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CONNECT, FR_LINK_NONE), 0); /* it dials us, if it wants to */
    assert_false(rig->has_ended);
}

/* It stands above us, and is not one of those who feed us. */
static void whom_we_adopt_sends_nothing_and_nobody_else_is_blamed(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (int i = 0; i < 6; i++) {
        fr_link_id link = core_rig_accept(rig, FR_MEMBER_ADOPTED + HIGH);
        if (i % 2)
            assert_false(core_rig_chunk(rig, link, 3, CORE_RIG_GOOD));
        else
            core_rig_raw(rig, link, FR_FRAME_WANT, "nonsense", 8);
        assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, link), 1);
    }
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_FAULT), 0);
    assert_int_equal(core_rig_last_trace(rig, FR_TRACE_FAULT)->group, 0);
    assert_int_equal(core_rig_last_trace(rig, FR_TRACE_FAULT)->member, HIGH);
    assert_true(core_rig_chunk(rig, scene->up, 3, CORE_RIG_GOOD));
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + 0);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_ACCEPT), 1); /* it did no wrong */
}

static void who_adopts_nobody_lets_nobody_in_for_it(void **state) {
    struct scene *scene = *state;
    assert_int_equal(core_rig_accept(&scene->rig, FR_MEMBER_ADOPTED + HIGH), FR_LINK_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_so_far_before_us_is_dialled),
        cmocka_unit_test_setup_teardown(an_adopter_is_opened_with_its_own_roster, set_up_inner, tear_down),
        cmocka_unit_test_setup_teardown(the_peer_is_told_while_the_adopter_is_here, set_up_inner, tear_down),
        cmocka_unit_test_setup_teardown(each_adopter_relieves_its_own_peer, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_comes_anew_is_told_again, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(a_relieved_peer_is_not_believed_to_push, set_up_inner, tear_down),
        cmocka_unit_test_setup_teardown(who_pulls_anyhow_stays_relieved, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(what_an_adopter_sends_makes_nobody_an_owner, set_up_adopted, tear_down),
        cmocka_unit_test(of_a_pipe_nobody_is_relieved),
        cmocka_unit_test(who_does_not_adopt_us_is_not_dialled),
        cmocka_unit_test_setup_teardown(rosters_do_not_go_to_an_adopter, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(one_that_says_goodbye_or_refuses_is_left_in_peace, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(three_bad_chunks_end_an_adoption, set_up_adopted, tear_down),
        cmocka_unit_test_setup_teardown(what_we_own_goes_to_whom_we_adopt, set_up_leaf, tear_down),
        cmocka_unit_test_setup_teardown(upstream_does_not_wait_for_whom_we_adopt, set_up_leaf, tear_down),
        cmocka_unit_test_setup_teardown(whom_we_adopt_sends_nothing_and_nobody_else_is_blamed, set_up_leaf, tear_down),
        cmocka_unit_test_setup_teardown(who_adopts_nobody_lets_nobody_in_for_it, set_up_inner, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
