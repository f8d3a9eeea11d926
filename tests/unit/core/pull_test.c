/* SPDX-License-Identifier: Apache-2.0 */
/* How a member gets what nobody pushes to it: when it asks for news, what it asks for, of whom, and when it stops. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig_tree.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 96, PAGES = 3 };

struct scene {
    struct core_rig rig;
    fr_link_id up, low, high;
    fr_time_ns patience;
};

static int set_up(void **state) {
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&scene->rig, SELF, MEMBERS), 0);
    scene->up = core_rig_accept(&scene->rig, FR_MEMBER_UPSTREAM);
    scene->low = core_rig_answer(&scene->rig, LOW);
    scene->high = core_rig_accept(&scene->rig, HIGH);
    scene->patience = scene->rig.timing.patience;
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static void wait(struct scene *scene, fr_time_ns span) {
    core_rig_wait_heard(&scene->rig, span, (fr_link_id[]){scene->up, scene->low, scene->high}, 3);
}

static void learn_pages(struct scene *scene) {
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene->rig, scene->up, page);
}

/* It pulls, knows all pages, and has the neighbours' news of nothing so far. */
static void begin_pulling(struct scene *scene) {
    learn_pages(scene);
    core_rig_switch(&scene->rig, scene->high, FR_FRAME_LAG, true);
    core_rig_forget(&scene->rig);
}

/* Both peers tell that they have `count` chunks from `first` on. */
static void both_have(struct scene *scene, fr_chunk_index first, uint32_t count) {
    core_rig_ranges(&scene->rig, scene->low, FR_FRAME_HAVE, first, count);
    core_rig_ranges(&scene->rig, scene->high, FR_FRAME_HAVE, first, count);
}

static uint32_t count_wanted(const struct core_rig *rig, fr_link_id link) {
    uint32_t count = 0;
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        count += core_rig_told(rig, link, FR_FRAME_WANT, chunk);
    return count;
}

/* ---------------------------------------------------------------------------------------------------- when */

static void a_healthy_member_says_nothing(void **state) {
    struct scene *scene = *state;
    learn_pages(scene);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        wait(scene, 50 * FR_MS);
        assert_true(core_rig_chunk(&scene->rig, chunk % 3 ? scene->low : scene->up, chunk, CORE_RIG_GOOD));
    }
    core_rig_end(&scene->rig, scene->up);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_INTEREST), 0);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_INTEREST), 0);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_PULL), 0);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_WANT), 0);
}

static void a_chunk_that_stays_away_makes_it_ask_for_news(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    for (fr_chunk_index chunk = 1; chunk <= 15; chunk++) { /* others come; the first does not */
        assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_INTEREST), 0);
        assert_true(core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD));
        wait(scene, 4 * scene->patience / 15 + 1);
    }
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_INTEREST), 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_INTEREST), 1);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_INTEREST), 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_PULL), 0); /* it goes on following */
}

static void near_the_end_it_is_less_patient(void **state) {
    struct scene *scene = *state;
    learn_pages(scene);
    core_rig_end(&scene->rig, scene->up);
    wait(scene, scene->patience - 1);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_INTEREST), 0);
    wait(scene, FR_MS);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_INTEREST), 1);
}

static void what_is_not_announced_is_not_missed(void **state) {
    struct scene *scene = *state;
    wait(scene, 20 * scene->patience); /* no page is known: the source may be slow */
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_INTEREST), 0);
}

/* Whoever was to bring the pages brought a wrong one, and the neighbours have nothing yet: it asks again until they do. */
static void what_the_end_tells_of_is_missed_without_pages(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_end(rig, scene->low);
    for (int i = 0; i < 3; i++) {
        core_rig_forget(rig);
        wait(scene, 4 * scene->patience);
        assert_true(core_rig_said(rig, scene->high, FR_FRAME_INTEREST) > 0);
    }
    for (int i = 0; i < 20 && core_rig_last(rig, scene->high, FR_FRAME_INTEREST)->body[0] == 0; i++)
        wait(scene, scene->patience / 4);
    core_rig_page(rig, scene->high, 0);
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 0, 3);
    wait(scene, 3 * scene->patience);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 0));
}

/* The way there and back takes two patiences and a half, and news is wanted for less at first. */
static void on_a_long_way_it_waits_longer_each_time(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_end(rig, scene->up);
    for (int tries = 0; tries < 12 && !core_rig_told(rig, scene->low, FR_FRAME_WANT, 0); tries++) {
        core_rig_forget(rig);
        for (int i = 0; i < 40 && core_rig_said(rig, scene->low, FR_FRAME_INTEREST) == 0; i++)
            wait(scene, scene->patience / 4);
        wait(scene, 5 * scene->patience / 2);
        core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 0, 1);
        wait(scene, scene->patience + FR_MS);
    }
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 0));
}

static void a_lost_neighbour_makes_it_ask_for_news(void **state) {
    struct scene *scene = *state;
    learn_pages(scene);
    core_rig_close(&scene->rig, scene->high, FR_E_CLOSED);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_INTEREST), 1);
    scene->high = core_rig_accept(&scene->rig, HIGH); /* who comes then is asked, too */
    assert_int_equal(core_rig_said(&scene->rig, scene->high, FR_FRAME_INTEREST), 1);
}

static void when_the_need_is_over_it_is_silent_again(void **state) {
    struct scene *scene = *state;
    begin_pulling(scene);
    wait(scene, 3 * scene->patience);
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_PULL), 1); /* 0: it follows again */
    assert_int_equal(core_rig_last(&scene->rig, scene->low, FR_FRAME_PULL)->body[0], 0);
    assert_int_equal(core_rig_last(&scene->rig, scene->low, FR_FRAME_INTEREST)->body[0], 0);
}

/* ---------------------------------------------------------------------------------------------------- what */

/* Following, it asks for what was announced a patience ago and has not come; pulling, at once. */
static void while_following_only_what_is_overdue_is_asked_for(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 7, 2);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_WANT), 0);
    assert_true(core_rig_chunk(rig, scene->high, 8, CORE_RIG_GOOD)); /* it came */
    wait(scene, 2 * scene->patience + FR_MS);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 7));
    assert_false(core_rig_told(rig, scene->low, FR_FRAME_WANT, 8));
}

static void while_pulling_everything_told_of_is_asked_for_at_once(void **state) {
    struct scene *scene = *state;
    begin_pulling(scene);
    core_rig_ranges(&scene->rig, scene->low, FR_FRAME_HAVE, 7, 1);
    assert_true(core_rig_told(&scene->rig, scene->low, FR_FRAME_WANT, 7));
}

static void what_is_promised_is_not_asked_of_others(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_ranges(rig, scene->high, FR_FRAME_COMING, 7, 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 7, 1);
    wait(scene, 6 * scene->patience);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_WANT), 0);
    wait(scene, 16 * scene->patience); /* long enough for a promise that nothing came of */
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 7));
}

/* Who pulls is pushed nothing: what was promised before is asked for like the rest. */
static void promises_end_where_pulling_begins(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_ranges(rig, scene->high, FR_FRAME_COMING, 7, 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 7, 1);
    core_rig_switch(rig, scene->high, FR_FRAME_LAG, true);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 7));
}

/* It keeps its promises only when it is asked to: what it was asked for says nothing of the rest, which is asked for at once. */
static void what_was_asked_for_renews_no_promise(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED);
    core_rig_ranges(rig, scene->high, FR_FRAME_COMING, 7, 9);
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 7, 9);
    wait(scene, 18 * scene->patience);
    for (fr_chunk_index chunk = 7; chunk < 16; chunk++) {
        assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, chunk));
        assert_true(core_rig_chunk(rig, scene->high, chunk, CORE_RIG_GOOD));
    }
}

static void a_chunk_without_its_page_is_not_asked_for(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_page(rig, scene->up, 0);
    core_rig_switch(rig, scene->high, FR_FRAME_LAG, true);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 40, 1);
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_WANT), 0);
    core_rig_page(rig, scene->low, 1);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 40));
}

/* ---------------------------------------------------------------------------------------------------- whom, how many */

static void a_window_opens_with_what_comes_quickly(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    uint32_t outstanding, wanted_first;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 0, CHUNKS);
    wanted_first = count_wanted(rig, scene->low);
    assert_in_range(wanted_first, 1, 4);
    for (fr_chunk_index chunk = 0; chunk < 40; chunk++) {
        assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, chunk)); /* lowest first */
        rig->now += FR_MS;
        assert_true(core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD));
        outstanding = count_wanted(rig, scene->low) - chunk - 1;
        assert_in_range(outstanding, 1, FR_PULL_OUTSTANDING_MAX);
    }
    assert_int_equal(outstanding, FR_PULL_OUTSTANDING_MAX);
}

static void each_chunk_is_asked_of_one(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 0, CHUNKS);
    for (fr_chunk_index chunk = 0; chunk < 30; chunk++) {
        rig->now += FR_MS;
        core_rig_chunk(rig, core_rig_told(rig, scene->low, FR_FRAME_WANT, chunk) ? scene->low : scene->high, chunk, CORE_RIG_GOOD);
    }
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_false(core_rig_told(rig, scene->low, FR_FRAME_WANT, chunk) && core_rig_told(rig, scene->high, FR_FRAME_WANT, chunk));
    assert_true(count_wanted(rig, scene->low) > 8);
    assert_true(count_wanted(rig, scene->high) > 8);
}

/* The same when all of it is known beforehand, and all are asked in one turn. */
static void each_chunk_is_asked_of_one_in_one_turn(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    learn_pages(scene);
    core_rig_close(rig, scene->up, FR_E_CLOSED); /* it asks for news, and follows */
    both_have(scene, 0, CHUNKS);
    assert_int_equal(count_wanted(rig, scene->low) + count_wanted(rig, scene->high), 0);
    core_rig_switch(rig, scene->high, FR_FRAME_LAG, true);
    assert_int_not_equal(count_wanted(rig, scene->low), 0);
    assert_int_not_equal(count_wanted(rig, scene->high), 0);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_false(core_rig_told(rig, scene->low, FR_FRAME_WANT, chunk) && core_rig_told(rig, scene->high, FR_FRAME_WANT, chunk));
}

static void what_one_cannot_send_is_asked_of_another(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 7));
    assert_false(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
    core_rig_ranges(rig, scene->low, FR_FRAME_MISSING, 7, 1);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

static void what_the_dead_were_asked_for_is_asked_of_others(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    core_rig_close(rig, scene->low, FR_E_CLOSED);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

/* Who answers nothing for long is named, with the chunk that is waited for. */
static void what_does_not_come_is_told_and_asked_of_another(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const struct core_rig_trace *trace;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    assert_null(core_rig_last_trace(rig, FR_TRACE_CHUNK_OVERDUE));
    wait(scene, 8 * scene->patience + FR_MS);
    trace = core_rig_last_trace(rig, FR_TRACE_CHUNK_OVERDUE);
    assert_non_null(trace);
    assert_int_equal(trace->member, 0);
    assert_int_equal(trace->chunk, 7);
    assert_non_null(strstr(trace->text, "none came for 4.0 s"));
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

/* What comes from others shows that it may be our own way in that is slow; asking for more would make it slower. */
static void while_others_bring_chunks_the_slow_are_waited_for(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 7));
    for (fr_chunk_index chunk = 10; chunk < 14; chunk++) {
        wait(scene, 6 * scene->patience);
        assert_true(core_rig_chunk(rig, scene->high, chunk, CORE_RIG_GOOD));
        assert_false(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
    }
    wait(scene, 8 * scene->patience + FR_MS);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

/* But not for ever. */
static void the_mute_are_not_waited_for(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    for (fr_chunk_index chunk = 10; chunk < 10 + 64; chunk++) { /* ASKS_TOTAL_MAX */
        assert_false(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
        wait(scene, scene->patience / 4);
        assert_true(core_rig_chunk(rig, scene->high, chunk, CORE_RIG_GOOD));
    }
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

static void nor_while_somebody_sends_what_nobody_wants(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    assert_true(core_rig_chunk(rig, scene->high, 10, CORE_RIG_GOOD));
    both_have(scene, 7, 1);
    for (int i = 0; i < 4; i++) {
        assert_false(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
        wait(scene, 2 * scene->patience + FR_MS);
        core_rig_chunk(rig, scene->high, 10, CORE_RIG_GOOD);
    }
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

static void who_was_slower_hears_that_it_need_not_send(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 2);
    wait(scene, 8 * scene->patience + FR_MS); /* low was asked for both, and then high */
    core_rig_ranges(rig, scene->low, FR_FRAME_MISSING, 8, 1);
    core_rig_forget(rig);
    assert_true(core_rig_chunk(rig, scene->high, 7, CORE_RIG_GOOD));
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 7));
    assert_true(core_rig_chunk(rig, scene->high, 8, CORE_RIG_GOOD));
    assert_false(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 8)); /* it has said already that it will not */
    assert_true(core_rig_chunk(rig, scene->high, 9, CORE_RIG_GOOD));
    assert_false(core_rig_told(rig, scene->low, FR_FRAME_HAVE, 9)); /* of what nobody was asked for the sender alone hears */
}

static void wrong_bytes_are_asked_of_another(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    both_have(scene, 7, 1);
    assert_true(core_rig_chunk(rig, scene->low, 7, CORE_RIG_SPOILT));
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 7));
}

/* A chunk that was asked of one and pushed by another: neither is asked again, and the one that was asked is not blamed for it. */
static void what_comes_another_way_frees_the_right_window(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    for (fr_chunk_index chunk = 0; chunk < 10; chunk++) {
        core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, chunk, 1);
        assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, chunk));
        assert_true(core_rig_chunk(rig, scene->high, chunk, CORE_RIG_GOOD)); /* faster */
    }
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 50, 2);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 50)); /* there is room */
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 51));
}

/* ---------------------------------------------------------------------------------------------------- upstream, the last resort */

static void upstream_is_asked_only_for_what_no_peer_has(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 7, 30); /* more than is asked of it at once */
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 7, 31);
    assert_int_equal(count_wanted(rig, scene->up), 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 37));
}

/* It answers each asking once; what it owes is not asked of it again, however long it takes. */
static void upstream_is_asked_once(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 8, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 8));
    core_rig_forget(rig);
    wait(scene, 30 * scene->patience);
    assert_false(core_rig_told(rig, scene->up, FR_FRAME_WANT, 8));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 8, 1);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 8)); /* but of others */
}

/* What upstream sends because it was asked makes nobody an owner. */
static void an_answer_from_upstream_is_no_gift(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 8, 1);
    assert_true(core_rig_chunk(rig, scene->up, 8, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    assert_true(core_rig_chunk(rig, scene->up, 9, CORE_RIG_GOOD)); /* nobody asked for this one */
    assert_true(core_rig_sent_chunk(rig, scene->low, 9));
    assert_true(core_rig_chunk(rig, scene->up, 8, CORE_RIG_GOOD)); /* nor for this one twice */
    assert_true(core_rig_sent_chunk(rig, scene->low, 8));
}

/* The answer comes after the chunk came another way: it is still no gift. */
static void a_late_answer_from_upstream_is_no_gift(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 8, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 8));
    assert_true(core_rig_chunk(rig, scene->high, 8, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->up, 8, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
}

/* Upstream cannot serve it (a pipe), and gave it meanwhile: what came first was the gift. */
static void a_gift_taken_for_an_answer_is_found_out(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 8, 1);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 8));
    assert_true(core_rig_chunk(rig, scene->up, 8, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(rig, FR_ACTION_SEND_CHUNK, FR_LINK_NONE), 0);
    core_rig_ranges(rig, scene->up, FR_FRAME_MISSING, 8, 1);
    assert_true(core_rig_sent_chunk(rig, scene->low, 8));
}

/* The same, when the refusal comes while the chunk is being stored. */
static void a_gift_taken_for_an_answer_is_found_out_while_it_is_stored(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    begin_pulling(scene);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 8, 1);
    rig->holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(rig, scene->up, 8, CORE_RIG_GOOD));
    core_rig_ranges(rig, scene->up, FR_FRAME_MISSING, 8, 1);
    core_rig_store(rig, 8);
    assert_true(core_rig_sent_chunk(rig, scene->low, 8));
}

/* ---------------------------------------------------------------------------------------------------- telling others */

/* What has more holes than one frame can tell of is told in several. */
static void news_may_take_several_frames(void **state) {
    enum { MANY = 2 * FR_RANGES_MAX + 40 };
    struct core_rig rig;
    fr_link_id up, peer;
    (void) state;
    core_rig_init(&rig, MANY);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < rig.manifest.layout.page_count; page++)
        core_rig_page(&rig, up, page);
    for (fr_chunk_index chunk = 0; chunk < MANY; chunk += 2) {
        assert_true(core_rig_chunk(&rig, up, chunk, CORE_RIG_GOOD));
        core_rig_forget(&rig);
    }
    peer = core_rig_accept(&rig, 1);
    assert_int_equal(core_rig_said(&rig, peer, FR_FRAME_HAVE), 2);
    for (fr_chunk_index chunk = 0; chunk < MANY; chunk += MANY / 4 - 1)
        assert_int_equal(core_rig_told(&rig, peer, FR_FRAME_HAVE, chunk), chunk % 2 == 0);
    core_rig_done(&rig);
}

static void who_asks_for_news_is_told_what_is_here_and_what_will_come(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_page(rig, scene->up, 0);
    core_rig_switch(rig, scene->up, FR_FRAME_INTEREST, false); /* means nothing, harms nothing */
    rig->holds = CORE_RIG_SENDS;
    for (fr_chunk_index chunk = 0; chunk < 4; chunk++)
        assert_true(core_rig_chunk(rig, scene->up, chunk, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(rig, scene->low, 9, CORE_RIG_GOOD));
    core_rig_forget(rig);
    core_rig_switch(rig, scene->high, FR_FRAME_INTEREST, true);
    for (fr_chunk_index chunk = 0; chunk < 4; chunk++) { /* on their way to it, or about to be */
        assert_true(core_rig_told(rig, scene->high, FR_FRAME_COMING, chunk));
        assert_false(core_rig_told(rig, scene->high, FR_FRAME_HAVE, chunk));
    }
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 9)); /* another owns it */
    core_rig_forget(rig);
    wait(scene, 300 * FR_MS);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_HAVE), 0); /* each is told once */
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_COMING), 0);
    assert_true(core_rig_chunk(rig, scene->low, 10, CORE_RIG_GOOD));
    wait(scene, 300 * FR_MS);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 10));
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_COMING), 0); /* who did not ask is told nothing */
    core_rig_switch(rig, scene->high, FR_FRAME_INTEREST, true);           /* asked anew, all is told anew */
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 9));
}

/* The page of what is told of goes ahead. */
static void news_brings_its_page(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    core_rig_page(rig, scene->low, 1);
    assert_true(core_rig_chunk(rig, scene->low, 40, CORE_RIG_GOOD));
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_PAGE), 0);
    core_rig_switch(rig, scene->high, FR_FRAME_INTEREST, true);
    assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_PAGE), 1);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_HAVE, 40));
}

/* A member that comes back with half of the object says so, and pulls the rest. */
static void a_link_that_becomes_live_hears_what_is_here(void **state) {
    struct scene *scene = *state;
    fr_link_id again;
    core_rig_page(&scene->rig, scene->up, 0);
    assert_true(core_rig_chunk(&scene->rig, scene->low, 3, CORE_RIG_GOOD));
    again = core_rig_accept(&scene->rig, HIGH);
    assert_true(core_rig_told(&scene->rig, again, FR_FRAME_HAVE, 3));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---------------------------------------------------------------------------------------------------- guessing */

/* Its group is below another. All is here but 4, 5 and 7, nobody tells of these, and nobody is gone. */
static int set_up_below(void **state) {
    struct scene *scene = malloc(sizeof *scene);
    struct core_rig *rig = &scene->rig;
    assert_non_null(scene);
    core_rig_init(rig, CHUNKS);
    core_rig_place(rig, 1, 0, 3);
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, FR_MEMBER_ABOVE + SELF);
    scene->high = core_rig_accept(rig, HIGH);
    scene->patience = rig->timing.patience;
    learn_pages(scene);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        if (chunk != 4 && chunk != 5 && chunk != 7)
            core_rig_chunk(rig, scene->low, chunk, CORE_RIG_GOOD);
    *state = scene;
    return 0;
}

/* What an owner above died with nobody tells of: whoever is above is asked all the same, each of us for its share, and later for all. */
static void what_nobody_tells_of_is_asked_of_those_above(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    wait(scene, 8 * scene->patience - FR_MS);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_WANT), 0);
    wait(scene, 8 * scene->patience - FR_MS);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 4));
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 7));
    assert_false(core_rig_told(rig, scene->up, FR_FRAME_WANT, 5));
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_WANT) + core_rig_said(rig, scene->high, FR_FRAME_WANT), 0);
    core_rig_ranges(rig, scene->up, FR_FRAME_MISSING, 4, 1);
    core_rig_ranges(rig, scene->up, FR_FRAME_MISSING, 7, 1);
    wait(scene, 30 * scene->patience);
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 5));
}

static void also_when_the_end_is_known(void **state) {
    struct scene *scene = *state;
    core_rig_end(&scene->rig, scene->low);
    wait(scene, 16 * scene->patience);
    assert_true(core_rig_told(&scene->rig, scene->up, FR_FRAME_WANT, 4));
}

static void what_it_asked_so_is_its_own_to_relay_no_more_than_others(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    wait(scene, 20 * scene->patience);
    core_rig_forget(rig);
    core_rig_chunk(rig, scene->up, 4, CORE_RIG_GOOD);
    assert_false(core_rig_sent_chunk(rig, scene->low, 4));
    assert_false(core_rig_told(rig, scene->up, FR_FRAME_REACHED, 4));
}

/* The origin has no secrets from its group: what it does not tell of it has still to give. */
static void a_first_group_does_not_guess(void **state) {
    struct scene *scene = *state;
    learn_pages(scene);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        if (chunk != 4)
            core_rig_chunk(&scene->rig, scene->low, chunk, CORE_RIG_GOOD);
    wait(scene, 60 * scene->patience);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_WANT), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_healthy_member_says_nothing),
        TEST(a_chunk_that_stays_away_makes_it_ask_for_news),
        TEST(near_the_end_it_is_less_patient),
        TEST(what_is_not_announced_is_not_missed),
        TEST(what_the_end_tells_of_is_missed_without_pages),
        TEST(on_a_long_way_it_waits_longer_each_time),
        TEST(a_lost_neighbour_makes_it_ask_for_news),
        TEST(when_the_need_is_over_it_is_silent_again),
        TEST(while_following_only_what_is_overdue_is_asked_for),
        TEST(while_pulling_everything_told_of_is_asked_for_at_once),
        TEST(what_is_promised_is_not_asked_of_others),
        TEST(promises_end_where_pulling_begins),
        TEST(what_was_asked_for_renews_no_promise),
        TEST(a_chunk_without_its_page_is_not_asked_for),
        TEST(a_window_opens_with_what_comes_quickly),
        TEST(each_chunk_is_asked_of_one),
        TEST(each_chunk_is_asked_of_one_in_one_turn),
        TEST(what_one_cannot_send_is_asked_of_another),
        TEST(what_the_dead_were_asked_for_is_asked_of_others),
        TEST(what_does_not_come_is_told_and_asked_of_another),
        TEST(while_others_bring_chunks_the_slow_are_waited_for),
        TEST(the_mute_are_not_waited_for),
        TEST(nor_while_somebody_sends_what_nobody_wants),
        TEST(who_was_slower_hears_that_it_need_not_send),
        TEST(wrong_bytes_are_asked_of_another),
        TEST(what_comes_another_way_frees_the_right_window),
        TEST(upstream_is_asked_only_for_what_no_peer_has),
        TEST(upstream_is_asked_once),
        TEST(an_answer_from_upstream_is_no_gift),
        TEST(a_late_answer_from_upstream_is_no_gift),
        TEST(a_gift_taken_for_an_answer_is_found_out),
        TEST(a_gift_taken_for_an_answer_is_found_out_while_it_is_stored),
        cmocka_unit_test(news_may_take_several_frames),
        TEST(who_asks_for_news_is_told_what_is_here_and_what_will_come),
        TEST(news_brings_its_page),
        TEST(a_link_that_becomes_live_hears_what_is_here),
        cmocka_unit_test_setup_teardown(what_nobody_tells_of_is_asked_of_those_above, set_up_below, tear_down),
        cmocka_unit_test_setup_teardown(also_when_the_end_is_known, set_up_below, tear_down),
        cmocka_unit_test_setup_teardown(what_it_asked_so_is_its_own_to_relay_no_more_than_others, set_up_below, tear_down),
        cmocka_unit_test_setup_teardown(a_first_group_does_not_guess, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
