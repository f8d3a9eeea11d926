/* SPDX-License-Identifier: Apache-2.0 */
/* Signed rosters on their way down: whom one makes a member dial, who gets it next, and which are not taken. */
#include <fastreplica/error.h>
#include <stdio.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, BELOW = 4 };

/* Below our group 0 of 3: 1 with 2 below it, that with 3 below it; and 4. */
static const struct core_rig_group child = {.index = 1, .below_count = 2, .upstream_group = 0, .upstream_count = 3, .member_count = 3},
                                   grandchild = {.index = 2, .below_count = 1, .upstream_group = 1, .upstream_count = 3, .member_count = 4},
                                   deepest = {.index = 3, .below_count = 0, .upstream_group = 2, .upstream_count = 4, .member_count = 2},
                                   other_child = {
                                       .index = 4, .below_count = 0, .upstream_group = 0, .upstream_count = 3, .member_count = 2};

/* Member 1 of 3, linked to the origin and to both peers. */
struct scene {
    struct core_rig rig;
    fr_link_id up, low, high;
};

static int set_up(void **state) {
    struct scene *scene = malloc(sizeof *scene);
    struct core_rig *rig = &scene->rig;
    assert_non_null(scene);
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, 0, BELOW, 0);
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    scene->high = core_rig_accept(rig, HIGH);
    core_rig_forget(rig);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- counterparts */

/* The members of a group of `below` that member `self` of a group of `above` dials. */
static uint64_t counterparts(uint32_t self, uint32_t above, uint32_t below) {
    struct core_rig rig;
    uint64_t dials;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 0, 1, 0);
    assert_int_equal(core_rig_be_member(&rig, self, above), 0);
    core_rig_roster(&rig, core_rig_accept(&rig, FR_MEMBER_UPSTREAM),
                    &(struct core_rig_group){.index = 1, .upstream_count = above, .member_count = below});
    dials = core_rig_dials(&rig, 1);
    core_rig_done(&rig);
    return dials;
}

static void a_child_group_of_the_same_size_is_dialled_one_to_one(void **state) {
    (void) state;
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(counterparts(i, 4, 4), 1u << i);
    assert_int_equal(counterparts(0, 1, 1), 1);
    assert_true(counterparts(63, 64, 64) == 1ull << 63);
}

static void of_a_larger_child_group_each_dials_some(void **state) {
    (void) state;
    assert_int_equal(counterparts(0, 2, 5), 1 << 0 | 1 << 2 | 1 << 4);
    assert_int_equal(counterparts(1, 2, 5), 1 << 1 | 1 << 3);
    assert_int_equal(counterparts(0, 1, 3), 1 << 0 | 1 << 1 | 1 << 2);
    assert_int_equal(counterparts(2, 3, 4), 1 << 2);
}

static void of_a_smaller_child_group_each_is_dialled_by_some(void **state) {
    static const uint64_t expected[] = {1, 2, 1, 2, 1};
    (void) state;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(counterparts(i, 5, 2), expected[i]);
    assert_int_equal(counterparts(3, 4, 1), 1);
}

static void whatever_the_sizes_nobody_is_forgotten(void **state) {
    (void) state;
    for (uint32_t above = 1; above <= 6; above++)
        for (uint32_t below = 1; below <= 6; below++) {
            uint64_t all = 0;
            for (uint32_t i = 0; i < above; i++) {
                uint64_t mine = counterparts(i, above, below);
                assert_true(mine != 0);
                assert_true(below < above || (all & mine) == 0); /* one is fed by two only where there are fewer below */
                all |= mine;
            }
            assert_int_equal(all, (1u << below) - 1);
        }
}

static void a_group_below_is_opened_with_its_own_roster(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct core_rig_act *act;
    struct fr_msg_open open;
    struct fr_roster roster;
    fr_link_id link;
    core_rig_roster(rig, scene->up, &child);
    link = core_rig_dialled_below(rig, 1, SELF);
    core_rig_connect(rig, link);
    act = core_rig_last(rig, link, FR_FRAME_OPEN);
    assert_non_null(act);
    assert_int_equal(fr_open_decode(act->body, act->bytes, &open), 0);
    assert_int_equal(open.from, FR_MEMBER_ABOVE + SELF);
    assert_int_equal(open.to, SELF);
    assert_true(fr_verify(rig->trusted, FR_SIGN_OPENING, open.opening, open.opening_bytes, open.opening_signature));
    assert_true(fr_verify(rig->trusted, FR_SIGN_ROSTER, open.roster, open.roster_bytes, open.roster_signature));
    assert_int_equal(fr_roster_decode(open.roster, open.roster_bytes, &roster), 0);
    assert_int_equal(roster.group_index, 1);
    assert_string_equal(roster.addresses[2], "g1n2:7420");
}

static void two_child_groups_are_both_dialled(void **state) {
    struct scene *scene = *state;
    core_rig_roster(&scene->rig, scene->up, &other_child);
    core_rig_roster(&scene->rig, scene->up, &child);
    assert_int_equal(core_rig_dials(&scene->rig, 1), 1 << SELF);
    assert_int_equal(core_rig_dials(&scene->rig, 4), 1 << SELF);
}

/* ---------------------------------------------------------------------------------------------------- passing on */

static void a_childs_roster_goes_to_the_peers_and_not_down(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &child);
    assert_int_equal(core_rig_rosters(rig, scene->low, 1), 1);
    assert_int_equal(core_rig_rosters(rig, scene->high, 1), 1);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_ROSTER), 0);
    below = core_rig_answer_below(rig, 1, SELF);
    assert_int_equal(core_rig_said(rig, below, FR_FRAME_ROSTER), 0); /* it came with that */
}

static void a_grandchilds_roster_goes_to_the_child_and_the_peers(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &child);
    below = core_rig_answer_below(rig, 1, SELF);
    core_rig_roster(rig, scene->up, &grandchild);
    assert_int_equal(core_rig_rosters(rig, below, 2), 1);
    assert_int_equal(core_rig_rosters(rig, scene->low, 2), 1);
    assert_int_equal(core_rig_rosters(rig, scene->high, 2), 1);
    assert_int_equal(core_rig_dials(rig, 2), 0); /* it is not ours to feed */
}

static void a_deeper_roster_goes_straight_down(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &child);
    below = core_rig_answer_below(rig, 1, SELF);
    core_rig_roster(rig, scene->up, &grandchild);
    core_rig_roster(rig, scene->up, &deepest);
    assert_int_equal(core_rig_rosters(rig, below, 3), 1);
    assert_int_equal(core_rig_rosters(rig, scene->low, 3), 0);
    assert_int_equal(core_rig_rosters(rig, scene->high, 3), 0);
}

static void a_roster_goes_only_to_the_child_that_it_is_below(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id other;
    core_rig_roster(rig, scene->up, &other_child);
    other = core_rig_answer_below(rig, 4, SELF);
    core_rig_roster(rig, scene->up, &child);
    core_rig_roster(rig, scene->up, &grandchild);
    assert_int_equal(core_rig_said(rig, other, FR_FRAME_ROSTER), 0);
}

static void what_a_peer_told_is_not_told_to_the_other(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_roster(rig, scene->low, &child);
    assert_int_equal(core_rig_dials(rig, 1), 1 << SELF); /* it counts all the same */
    core_rig_roster(rig, scene->low, &grandchild);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_ROSTER), 0);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_ROSTER), 0);
    assert_int_equal(core_rig_rosters(rig, core_rig_answer_below(rig, 1, SELF), 2), 1);
}

/* Whatever comes first, all are told the same. */
static void the_order_of_arrival_does_not_matter(void **state) {
    static const struct core_rig_group *const sheets[] = {&child, &grandchild, &deepest};
    static const uint32_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(orders); i++) {
        struct scene *scene;
        struct core_rig *rig;
        fr_link_id below;
        set_up((void **) &scene);
        rig = &scene->rig;
        for (int s = 0; s < 3; s++)
            core_rig_roster(rig, scene->up, sheets[orders[i][s]]);
        assert_int_equal(core_rig_dials(rig, 1), 1 << SELF);
        assert_int_equal(core_rig_dials(rig, 2) | core_rig_dials(rig, 3), 0);
        below = core_rig_answer_below(rig, 1, SELF);
        assert_int_equal(core_rig_rosters(rig, below, 2), 1);
        assert_int_equal(core_rig_rosters(rig, below, 3), 1);
        assert_true(core_rig_rosters(rig, scene->low, 1) >= 1 && core_rig_rosters(rig, scene->high, 1) >= 1);
        assert_true(core_rig_rosters(rig, scene->low, 2) >= 1 && core_rig_rosters(rig, scene->high, 2) >= 1);
        assert_int_equal(core_rig_rosters(rig, scene->low, 3), 0);
        tear_down((void **) &scene);
    }
}

static void a_late_peer_gets_what_it_lacks(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_close(rig, scene->high, FR_E_CLOSED);
    core_rig_roster(rig, scene->up, &child);
    core_rig_roster(rig, scene->low, &grandchild); /* whoever told us of it could not tell the one who was away */
    core_rig_roster(rig, scene->up, &deepest);
    scene->high = core_rig_accept(rig, HIGH);
    assert_int_equal(core_rig_rosters(rig, scene->high, 1), 1);
    assert_int_equal(core_rig_rosters(rig, scene->high, 2), 1);
    assert_int_equal(core_rig_rosters(rig, scene->high, 3), 0);
}

static void a_child_that_comes_late_gets_all(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &grandchild);
    core_rig_roster(rig, scene->low, &deepest);
    core_rig_roster(rig, scene->up, &child);
    core_rig_wait(rig, 3 * FR_SECOND);
    below = core_rig_answer_below(rig, 1, SELF);
    assert_int_equal(core_rig_rosters(rig, below, 2), 1);
    assert_int_equal(core_rig_rosters(rig, below, 3), 1);
}

/* ---------------------------------------------------------------------------------------------------- the origin's carriers */

enum { FIRST = 5 };

/* A chain of four groups of five, and another first group. */
static void open_origin(struct core_rig *rig, fr_link_id *links) {
    static const struct core_rig_group groups[] = {
        {.index = 0, .member_count = FIRST},
        {.index = 1, .upstream_group = 0, .upstream_count = FIRST, .member_count = FIRST},
        {.index = 2, .upstream_group = 1, .upstream_count = FIRST, .member_count = FIRST},
        {.index = 3, .upstream_group = 2, .upstream_count = FIRST, .member_count = FIRST},
        {.index = 4, .member_count = 2},
    };
    core_rig_init(rig, CHUNKS);
    assert_int_equal(core_rig_be_origin_of(rig, groups, FR_COUNT_OF(groups)), 0);
    for (uint32_t m = 0; m < FIRST; m++)
        links[m] = core_rig_answer_below(rig, 0, m);
}

static uint32_t carriers_of(const struct core_rig *rig, const fr_link_id *links, uint32_t group) {
    uint32_t carriers = 0;
    for (uint32_t m = 0; m < FIRST; m++)
        carriers |= (uint32_t) (core_rig_rosters(rig, links[m], group) > 0) << m;
    return carriers;
}

static void from_the_origin_three_carry_a_roster(void **state) {
    struct core_rig rig;
    fr_link_id links[FIRST], other;
    (void) state;
    open_origin(&rig, links);
    assert_int_equal(carriers_of(&rig, links, 0), 0);
    assert_int_equal(carriers_of(&rig, links, 1), 0x1f); /* the group that feeds it: everybody */
    assert_int_equal(carriers_of(&rig, links, 2), 1 << 2 | 1 << 3 | 1 << 4);
    assert_int_equal(carriers_of(&rig, links, 3), 1 << 3 | 1 << 4 | 1 << 0);
    assert_int_equal(carriers_of(&rig, links, 4), 0);
    other = core_rig_answer_below(&rig, 4, 0);
    assert_int_equal(core_rig_said(&rig, other, FR_FRAME_ROSTER), 0); /* nothing is below it */
    core_rig_done(&rig);
}

static void a_carrier_that_fails_is_replaced(void **state) {
    struct core_rig rig;
    fr_link_id links[FIRST];
    (void) state;
    open_origin(&rig, links);
    core_rig_close(&rig, links[3], FR_E_PROTOCOL);
    assert_int_equal(carriers_of(&rig, links, 2) & ~(1u << 3), 1 << 2 | 1 << 4 | 1 << 0);
    assert_int_equal(carriers_of(&rig, links, 3) & ~(1u << 3), 1 << 4 | 1 << 0 | 1 << 1);
    core_rig_done_frame(&rig, links[4], FR_VERDICT_FAILED, "the disk is full");
    assert_int_equal(carriers_of(&rig, links, 2) & 7, 1 << 0 | 1 << 1 | 1 << 2);
    core_rig_done(&rig);
}

static void one_that_never_comes_carries_nothing(void **state) {
    struct core_rig rig;
    fr_link_id links[FIRST];
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin_of(&rig,
                                           (const struct core_rig_group[]){
                                               {.index = 0, .member_count = FIRST},
                                               {.index = 1, .upstream_count = FIRST, .member_count = 1},
                                               {.index = 2, .upstream_group = 1, .upstream_count = 1, .member_count = 1},
                                           },
                                           3),
                     0);
    for (uint32_t m = 0; m < 2; m++)
        links[m] = core_rig_answer_below(&rig, 0, m);
    assert_int_equal(core_rig_rosters(&rig, links[0], 2) + core_rig_rosters(&rig, links[1], 2), 0);
    core_rig_wait(&rig, rig.timing.connect - FR_SECOND);
    for (uint32_t m = 2; m < FIRST; m++)
        core_rig_close(&rig, core_rig_dialled_below(&rig, 0, m), FR_E_SECRET); /* for good */
    assert_true(core_rig_rosters(&rig, links[0], 2) >= 1);
    assert_true(core_rig_rosters(&rig, links[1], 2) >= 1);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- what is not taken */

/* The link it came on is closed and its other end named; nobody was dialled for it, and whoever comes late is not told of it. */
static void expect_it_is_not_taken(struct scene *scene, fr_link_id link, uint32_t group) {
    struct core_rig *rig = &scene->rig;
    uint32_t sender = link == scene->up ? FR_MEMBER_UPSTREAM : link == scene->low ? LOW : HIGH;
    const struct core_rig_act *bye = core_rig_last(rig, link, FR_FRAME_BYE);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, link), 1);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 1);
    assert_non_null(bye);
    assert_int_equal(bye->body[0], 1);
    assert_true(core_rig_named(rig, scene->up, sender, "ROSTER"));
    assert_true(core_rig_traced(rig, FR_TRACE_FAULT, sender) > 0);
    assert_int_equal(core_rig_dials(rig, group), 0);
    if (link != scene->high)
        core_rig_close(rig, scene->high, FR_E_CLOSED);
    scene->high = core_rig_accept(rig, HIGH);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_ROSTER), 0);
    assert_false(rig->has_ended);
}

/* From above and from both peers, each in a scene of its own. */
static void try_flaw(const struct core_rig_group *group, int flaw) {
    for (int who = 0; who < 3; who++) {
        struct scene *scene;
        fr_link_id link;
        set_up((void **) &scene);
        link = who == 0 ? scene->up : who == 1 ? scene->low : scene->high;
        if (flaw < 0)
            core_rig_roster(&scene->rig, link, group);
        else
            core_rig_bad_roster(&scene->rig, link, group, (enum core_rig_flaw) flaw);
        expect_it_is_not_taken(scene, link, group->index);
        tear_down((void **) &scene);
    }
}

static void a_roster_that_the_origin_did_not_sign_is_not_taken(void **state) {
    (void) state;
    try_flaw(&child, CORE_RIG_STRANGER);
    try_flaw(&child, CORE_RIG_UNSIGNED);
    try_flaw(&grandchild, CORE_RIG_STRANGER);
}

static void a_roster_of_another_push_is_not_taken(void **state) {
    (void) state;
    try_flaw(&child, CORE_RIG_FOREIGN);
}

static void a_malformed_roster_is_not_taken(void **state) {
    (void) state;
    try_flaw(&child, CORE_RIG_MALFORMED);
    try_flaw(&child, CORE_RIG_CUT);
}

static void a_roster_of_a_group_that_is_not_below_us_is_not_taken(void **state) {
    struct core_rig_group wrong = child;
    (void) state;
    wrong.index = 0, wrong.upstream_count = 0; /* our own */
    try_flaw(&wrong, -1);
    wrong = child, wrong.index = BELOW + 1, wrong.below_count = 0; /* the next first group */
    try_flaw(&wrong, -1);
    wrong = other_child, wrong.below_count = 1; /* more below it than below us */
    try_flaw(&wrong, -1);
    wrong = child, wrong.upstream_count = 0; /* the origin feeds it, it says */
    try_flaw(&wrong, -1);
    wrong = child, wrong.upstream_count = MEMBERS + 1; /* we are not so many */
    try_flaw(&wrong, -1);
}

static void a_roster_fed_from_beside_us_is_not_taken(void **state) {
    const struct core_rig_group cousin = {.index = 4, .upstream_group = 1, .upstream_count = 3, .member_count = 2};
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 3, 2, 3); /* 4 and 5 are below us; 1 is not */
    assert_int_equal(core_rig_be_member(&rig, 0, 3), 0);
    up = core_rig_accept(&rig, FR_MEMBER_ABOVE + 0);
    core_rig_roster(&rig, up, &cousin);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, up), 1);
    assert_int_equal(core_rig_traced(&rig, FR_TRACE_FAULT, FR_MEMBER_ABOVE + 0), 1);
    core_rig_done(&rig);
}

static void a_roster_that_came_before_changes_nothing(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &child);
    core_rig_roster(rig, scene->up, &grandchild);
    below = core_rig_answer_below(rig, 1, SELF);
    core_rig_forget(rig);
    for (int i = 0; i < 100; i++) {
        core_rig_roster(rig, i % 2 ? scene->low : scene->up, &child);
        core_rig_roster(rig, i % 2 ? scene->high : scene->up, &grandchild);
    }
    assert_int_equal(core_rig_did(rig, FR_ACTION_CONNECT, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND, below), 0);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_ROSTER), 0);
    assert_int_equal(core_rig_traced(rig, FR_TRACE_FAULT, FR_MEMBER_UPSTREAM), 0);
    core_rig_close(rig, scene->high, FR_E_CLOSED);
    scene->high = core_rig_accept(rig, HIGH);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_ROSTER), 2); /* one of each was kept */
}

static void the_first_roster_of_a_group_stays(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    struct core_rig_group larger = child;
    fr_link_id below;
    core_rig_roster(rig, scene->up, &grandchild);
    larger.member_count = 5; /* member 4 would be ours, too */
    core_rig_roster(rig, scene->up, &child);
    core_rig_roster(rig, scene->up, &larger);
    core_rig_bad_roster(rig, scene->low, &larger, CORE_RIG_STRANGER);
    assert_int_equal(core_rig_dials(rig, 1), 1 << SELF);
    below = core_rig_answer_below(rig, 1, SELF);
    assert_int_equal(core_rig_rosters(rig, below, 2), 1);
}

static void more_groups_than_one_may_feed_are_not_taken(void **state) {
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 0, FR_FEEDS_MAX + 1, 0);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    for (uint32_t group = 1; group <= FR_FEEDS_MAX + 1; group++) {
        const struct core_rig_group sheet = {.index = group, .upstream_count = 2, .member_count = 2};
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, up), 0);
        core_rig_roster(&rig, up, &sheet);
        assert_int_equal(core_rig_dials(&rig, group), group <= FR_FEEDS_MAX);
    }
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, up), 1);
    core_rig_done(&rig);
}

/* What cannot be taken on is no fault of whoever tells of it. */
static void a_roster_that_finds_no_room_is_no_fault(void **state) {
    const struct core_rig_group parent = {.index = 1, .below_count = FR_FEEDS_MAX, .upstream_count = 1, .member_count = 1};
    struct core_rig rig;
    fr_link_id up;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    core_rig_place(&rig, 0, FR_FEEDS_MAX + 1, 0);
    assert_int_equal(core_rig_be_member(&rig, 0, 1), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    core_rig_roster(&rig, up, &parent);
    core_rig_close(&rig, core_rig_dialled_below(&rig, 1, 0), FR_E_SECRET); /* gone: its sixteen groups are ours to feed */
    for (uint32_t group = 2; group < 2 + FR_FEEDS_MAX; group++)
        core_rig_roster(&rig, up, &(struct core_rig_group){.index = group, .upstream_group = 1, .upstream_count = 1, .member_count = 1});
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, up), 0);
    assert_int_equal(core_rig_traced(&rig, FR_TRACE_FAULT, FR_MEMBER_UPSTREAM), 0);
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_group_of_the_same_size_is_dialled_one_to_one),
        cmocka_unit_test(of_a_larger_child_group_each_dials_some),
        cmocka_unit_test(of_a_smaller_child_group_each_is_dialled_by_some),
        cmocka_unit_test(whatever_the_sizes_nobody_is_forgotten),
        cmocka_unit_test_setup_teardown(a_group_below_is_opened_with_its_own_roster, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_child_groups_are_both_dialled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_childs_roster_goes_to_the_peers_and_not_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_grandchilds_roster_goes_to_the_child_and_the_peers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deeper_roster_goes_straight_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_roster_goes_only_to_the_child_that_it_is_below, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_peer_told_is_not_told_to_the_other, set_up, tear_down),
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test_setup_teardown(a_late_peer_gets_what_it_lacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_child_that_comes_late_gets_all, set_up, tear_down),
        cmocka_unit_test(from_the_origin_three_carry_a_roster),
        cmocka_unit_test(a_carrier_that_fails_is_replaced),
        cmocka_unit_test(one_that_never_comes_carries_nothing),
        cmocka_unit_test(a_roster_that_the_origin_did_not_sign_is_not_taken),
        cmocka_unit_test(a_roster_of_another_push_is_not_taken),
        cmocka_unit_test(a_malformed_roster_is_not_taken),
        cmocka_unit_test(a_roster_of_a_group_that_is_not_below_us_is_not_taken),
        cmocka_unit_test(a_roster_fed_from_beside_us_is_not_taken),
        cmocka_unit_test_setup_teardown(a_roster_that_came_before_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_roster_of_a_group_stays, set_up, tear_down),
        cmocka_unit_test(more_groups_than_one_may_feed_are_not_taken),
        cmocka_unit_test(a_roster_that_finds_no_room_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
