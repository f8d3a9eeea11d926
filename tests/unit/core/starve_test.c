/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer without memory: the 1st, 2nd, 3rd ... allocation of a whole life is refused, and all later ones. Each time it was either
 * never made, or it ends with that as its failure and says so; its driver is told ENDED in every case, for that is what it waits for.
 */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/fault_walk.h"
#include "support/test.h"

enum { CHUNKS = 70, PAGES = 3, MEMBERS = 3 };

struct life {
    int (*begin)(struct core_rig *rig);
    void (*live)(struct core_rig *rig); /* every step must make sense at a transfer that has ended, too */
    struct core_rig rig;
};

static int attempt(void *user) {
    struct life *life = user;
    int error;
    core_rig_again(&life->rig);
    error = life->begin(&life->rig);
    if (error)
        return error;
    life->live(&life->rig);
    if (!life->rig.has_ended)
        fail_msg("it has no memory, and does not end");
    return core_rig_failure(&life->rig);
}

static void walk(struct life *life, uint64_t least) {
    core_rig_init(&life->rig, CHUNKS);
    assert_in_range(fr_test_fault_walk(attempt, life), least, 100000);
    core_rig_done(&life->rig);
}

/* ---------------------------------------------------------------------------------------------------- an origin */

static int begin_origin(struct core_rig *rig) { return core_rig_be_origin(rig, MEMBERS); }

/* What each member was given reaches the group. */
static void report_gifts(struct core_rig *rig, const fr_link_id *links) {
    for (uint32_t i = 0; i < rig->act_count; i++) /* grows while it runs */
        for (uint32_t m = 0; rig->acts[i].type == FR_ACTION_SEND_CHUNK && m < MEMBERS; m++)
            if (rig->acts[i].link == links[m])
                core_rig_ranges(rig, links[m], FR_FRAME_REACHED, rig->acts[i].chunk, 1);
}

static void live_as_origin(struct core_rig *rig) {
    fr_link_id links[MEMBERS];
    links[0] = core_rig_answer(rig, 0);
    core_rig_close(rig, core_rig_dialled(rig, 1), FR_E_UNREACHABLE);
    core_rig_wait(rig, FR_SECOND); /* it is dialled again */
    links[1] = core_rig_answer(rig, 1);
    links[2] = core_rig_answer_holding(rig, 2);
    core_rig_progress(rig, links[0], 1);
    core_rig_switch(rig, links[2], FR_FRAME_INTEREST, true);
    report_gifts(rig, links);
    core_rig_ranges(rig, links[2], FR_FRAME_WANT, 0, CHUNKS);
    core_rig_ranges(rig, links[2], FR_FRAME_MISSING, CHUNKS - 1, 1);
    core_rig_ranges(rig, links[2], FR_FRAME_HAVE, 0, CHUNKS);
    core_rig_wait(rig, 10 * FR_SECOND); /* pings, news */
    core_rig_close(rig, links[0], FR_E_CLOSED);
    core_rig_wait(rig, FR_SECOND); /* it is dialled once more */
    core_rig_close(rig, core_rig_dialled(rig, 0), FR_E_SECRET);
    core_rig_done_frame(rig, links[1], FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, links[2], FR_VERDICT_FAILED, "the disk is full");
}

static void an_origin_starves(void **state) {
    struct life life = {.begin = begin_origin, .live = live_as_origin};
    (void) state;
    walk(&life, 30);
}

/* ---------------------------------------------------------------------------------------------------- members */

static int begin_member(struct core_rig *rig) { return core_rig_be_member(rig, 1, MEMBERS); }

static int begin_holder(struct core_rig *rig) { return core_rig_be_holder(rig, 1, MEMBERS, FR_CHUNK_NONE); }

static void live_as_member(struct core_rig *rig) {
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM), low, high;
    core_rig_page(rig, up, 0);
    for (fr_chunk_index chunk = 0; chunk < 20; chunk++)
        core_rig_chunk(rig, up, chunk, CORE_RIG_GOOD);
    low = core_rig_answer(rig, 0);
    high = core_rig_accept(rig, 2);
    core_rig_ranges(rig, high, FR_FRAME_HAVE, 0, 20);
    core_rig_switch(rig, high, FR_FRAME_INTEREST, true);
    core_rig_chunk(rig, high, 20, CORE_RIG_SPOILT); /* from now on it asks for news */
    core_rig_ranges(rig, low, FR_FRAME_HAVE, 20, 10);
    core_rig_ranges(rig, low, FR_FRAME_COMING, 30, 2);
    core_rig_ranges(rig, up, FR_FRAME_HAVE, 31, 1);
    core_rig_switch(rig, low, FR_FRAME_LAG, true); /* and pulls */
    core_rig_wait(rig, 2 * FR_SECOND);
    for (fr_chunk_index chunk = 20; chunk < 32; chunk++)
        core_rig_chunk(rig, low, chunk, CORE_RIG_GOOD);
    core_rig_ranges(rig, high, FR_FRAME_WANT, 0, CHUNKS);
    core_rig_switch(rig, high, FR_FRAME_PULL, true);
    core_rig_switch(rig, high, FR_FRAME_PULL, false);
    core_rig_end(rig, low);
    for (uint32_t page = 1; page < PAGES; page++)
        core_rig_page(rig, low, page);
    for (fr_chunk_index chunk = 32; chunk < CHUNKS; chunk++)
        core_rig_chunk(rig, low, chunk, CORE_RIG_GOOD);
    core_rig_wait(rig, FR_SECOND);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "the push is over");
}

static void a_member_starves(void **state) {
    struct life life = {.begin = begin_member, .live = live_as_member};
    (void) state;
    walk(&life, 40);
}

static void live_as_holder(struct core_rig *rig) {
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    core_rig_answer(rig, 0);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, up, page);
    core_rig_end(rig, up);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "the push is over");
}

static void a_holder_starves(void **state) {
    struct life life = {.begin = begin_holder, .live = live_as_holder};
    (void) state;
    walk(&life, 10);
}

static int begin_remaking(struct core_rig *rig) { return core_rig_be_holder(rig, 1, MEMBERS, 35); }

static void live_remaking(struct core_rig *rig) {
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    core_rig_answer(rig, 0);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, up, page);
    core_rig_end(rig, up);
    core_rig_chunk(rig, up, 35, CORE_RIG_GOOD);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "the push is over");
}

static void who_takes_over_what_is_here_starves(void **state) {
    struct life life = {.begin = begin_remaking, .live = live_remaking};
    (void) state;
    walk(&life, 10);
}

/* ---------------------------------------------------------------------------------------------------- pipes: everything grows */

static void live_with_a_pipe(struct core_rig *rig) {
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM), high = core_rig_accept(rig, 2);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, page % 2 ? high : up, page);
    for (fr_chunk_index chunk = CHUNKS; chunk > 0; chunk--) {
        core_rig_chunk(rig, chunk % 2 ? high : up, chunk - 1, CORE_RIG_GOOD);
        core_rig_ranges(rig, high, FR_FRAME_HAVE, chunk - 1, 1);
    }
    core_rig_end(rig, up);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "the push is over");
}

static void members_of_a_pipe_starve(void **state) {
    struct life life = {.begin = begin_member, .live = live_with_a_pipe};
    (void) state;
    core_rig_init(&life.rig, CHUNKS);
    core_rig_pipe(&life.rig);
    assert_in_range(fr_test_fault_walk(attempt, &life), 20, 100000);
    core_rig_done(&life.rig);
}

static void live_as_pipe(struct core_rig *rig) {
    fr_link_id links[MEMBERS];
    for (uint32_t m = 0; m < MEMBERS; m++)
        links[m] = core_rig_answer(rig, m);
    report_gifts(rig, links);
    for (uint32_t m = 0; m < MEMBERS; m++)
        core_rig_done_frame(rig, links[m], FR_VERDICT_COMPLETE, "");
}

static void an_origin_of_a_pipe_starves(void **state) {
    struct life life = {.begin = begin_origin, .live = live_as_pipe};
    (void) state;
    core_rig_init(&life.rig, CHUNKS);
    core_rig_pipe(&life.rig);
    assert_in_range(fr_test_fault_walk(attempt, &life), 20, 100000);
    core_rig_done(&life.rig);
}

/* ---------------------------------------------------------------------------------------------------- groups below */

enum { WIDE = 6 };

static int begin_between(struct core_rig *rig) {
    core_rig_place(rig, 0, 2, 0);
    return core_rig_be_member(rig, 1, MEMBERS);
}

/* A group below that is slow, helped, and lost; the one below that is fed in its place. A peer goes, and is stood in for. */
static void live_between(struct core_rig *rig) {
    static const struct core_rig_group child = {.index = 1, .below_count = 1, .upstream_count = MEMBERS, .member_count = WIDE},
                                       grandchild = {.index = 2,
                                                     .upstream_group = 1,
                                                     .upstream_count = WIDE,
                                                     .member_count = 3,
                                                     .is_secondary = true};
    fr_link_id up = core_rig_accept(rig, FR_MEMBER_UPSTREAM), high = core_rig_accept(rig, 2), below, other;
    core_rig_page(rig, up, 0);
    core_rig_roster(rig, up, &grandchild);
    core_rig_roster(rig, high, &child); /* 1 and 4 are ours */
    below = core_rig_answer_below(rig, 1, 1);
    other = core_rig_answer_below_with(rig, 1, 4, true, 0);
    for (fr_chunk_index chunk = 0; chunk < 24; chunk++)
        core_rig_chunk(rig, chunk % 6 ? up : high, chunk, CORE_RIG_GOOD);
    core_rig_ranges(rig, below, FR_FRAME_REACHED, 1, 2);
    core_rig_ranges(rig, below, FR_FRAME_MISSING, 3, 1);
    core_rig_ranges(rig, below, FR_FRAME_HAVE, 20, 2);
    core_rig_switch(rig, below, FR_FRAME_INTEREST, true);
    core_rig_ranges(rig, below, FR_FRAME_WANT, 0, CHUNKS);
    core_rig_switch(rig, other, FR_FRAME_INTEREST, true);
    core_rig_wait(rig, 2 * FR_SECOND); /* helpers */
    core_rig_progress(rig, below, 5);
    core_rig_below(rig, below, 2, 1, 3);
    core_rig_fault(rig, below, 2, 0, 3, "sent a wrong chunk");
    core_rig_result(rig, below, 2, 0, FR_VERDICT_FAILED, "the disk is full");
    core_rig_wait(rig, FR_SECOND);
    core_rig_close(rig, high, FR_E_CLOSED);
    core_rig_wait(rig, 3 * FR_SECOND); /* member 2 is stood in for */
    if (core_rig_dialled_below(rig, 1, 2) != FR_LINK_NONE)
        core_rig_answer_below(rig, 1, 2);
    core_rig_done_frame(rig, other, FR_VERDICT_FAILED, "the disk is full");
    core_rig_close(rig, up, FR_E_CLOSED);
    up = core_rig_accept(rig, FR_MEMBER_UPSTREAM); /* all is told again */
    for (uint32_t member = 0; member < WIDE; member++)
        core_rig_close(rig, core_rig_dialled_below(rig, 1, member), FR_E_SECRET);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, up, page);
    core_rig_end(rig, up);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        core_rig_chunk(rig, up, chunk, CORE_RIG_GOOD);
    for (uint32_t member = 0; member < WIDE; member++) /* whoever was dialled meanwhile */
        core_rig_close(rig, core_rig_dialled_below(rig, 1, member), FR_E_SECRET);
    if (core_rig_dialled_below(rig, 2, 1) != FR_LINK_NONE)
        core_rig_done_frame(rig, core_rig_answer_below(rig, 2, 1), FR_VERDICT_COMPLETE, "");
    core_rig_wait(rig, FR_SECOND);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "the push is over");
}

static void a_member_that_feeds_a_group_starves(void **state) {
    struct life life = {.begin = begin_between, .live = live_between};
    (void) state;
    walk(&life, 80);
}

static int begin_above(struct core_rig *rig) {
    static const struct core_rig_group groups[] = {{.index = 0, .member_count = 2},
                                                   {.index = 1, .upstream_group = 0, .upstream_count = 2, .member_count = 1},
                                                   {.index = 2, .upstream_group = 1, .upstream_count = 1, .member_count = 1},
                                                   {.index = 3, .member_count = 1}};
    return core_rig_be_origin_of(rig, groups, FR_COUNT_OF(groups));
}

/* The first group is lost, and the next is taken on. */
static void live_above(struct core_rig *rig) {
    fr_link_id first = core_rig_answer_below(rig, 0, 0), other = core_rig_answer_below(rig, 3, 0), below;
    core_rig_result(rig, first, 2, 0, FR_VERDICT_UNREACHABLE, "no route");
    core_rig_below(rig, first, 1, 0, 3);
    core_rig_done_frame(rig, first, FR_VERDICT_FAILED, "the disk is full");
    core_rig_close(rig, first, FR_E_CLOSED);
    core_rig_close(rig, core_rig_dialled_below(rig, 0, 1), FR_E_SECRET);
    core_rig_done_frame(rig, other, FR_VERDICT_COMPLETE, "");
    below = core_rig_answer_below(rig, 1, 0);
    core_rig_result(rig, below, 2, 0, FR_VERDICT_COMPLETE, "");
    core_rig_done_frame(rig, below, FR_VERDICT_COMPLETE, "");
}

static void an_origin_of_a_tree_starves(void **state) {
    struct life life = {.begin = begin_above, .live = live_above};
    (void) state;
    walk(&life, 60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_starves),
        cmocka_unit_test(a_member_starves),
        cmocka_unit_test(a_holder_starves),
        cmocka_unit_test(who_takes_over_what_is_here_starves),
        cmocka_unit_test(members_of_a_pipe_starve),
        cmocka_unit_test(an_origin_of_a_pipe_starves),
        cmocka_unit_test(a_member_that_feeds_a_group_starves),
        cmocka_unit_test(an_origin_of_a_tree_starves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
