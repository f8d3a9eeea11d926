/* SPDX-License-Identifier: Apache-2.0 */
/* Taking over what is here of earlier: an older object of the name, or a part of a transfer that was cut short. */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 200, PAGE_CHUNKS = 32, PAGES = (CHUNKS + PAGE_CHUNKS - 1) / PAGE_CHUNKS };

struct scene {
    struct core_rig rig;
    fr_link_id up, low, high;
};

static void link_all(struct scene *scene) {
    scene->up = core_rig_accept(&scene->rig, FR_MEMBER_UPSTREAM);
    scene->low = core_rig_answer(&scene->rig, LOW);
    scene->high = core_rig_accept(&scene->rig, HIGH);
}

/* An object of which one chunk was another. */
static void open_holder(struct scene *scene, fr_chunk_index differs_at) {
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_holder(&scene->rig, SELF, MEMBERS, differs_at), 0);
    link_all(scene);
}

/* A part of an earlier transfer. */
static void open_partial(struct scene *scene, uint32_t first, uint32_t count) {
    core_rig_init(&scene->rig, CHUNKS);
    assert_int_equal(core_rig_be_partial(&scene->rig, SELF, MEMBERS, first, count), 0);
    link_all(scene);
}

static void page_all(struct scene *scene) {
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(&scene->rig, scene->up, page);
}

static struct fr_transfer_view view_of(const struct scene *scene) { return core_rig_view(&scene->rig); }

static uint32_t looks(const struct scene *scene) { return core_rig_did(&scene->rig, FR_ACTION_REUSE, FR_LINK_NONE); }

static bool takes_part(const struct scene *scene) { return core_rig_said(&scene->rig, scene->up, FR_FRAME_INTEREST) > 0; }

static void what_is_equal_is_taken_over_and_the_rest_is_brought(void **state) {
    struct scene scene;
    const struct core_rig_act *act;
    (void) state;
    open_holder(&scene, 35);
    core_rig_page(&scene.rig, scene.up, 0);
    assert_int_equal(looks(&scene), 0); /* it may be the object itself */
    page_all(&scene);
    assert_int_equal(looks(&scene), CHUNKS - 1); /* not at the one whose digest is known to be another */
    assert_false(takes_part(&scene));
    core_rig_end(&scene.rig, scene.up);
    assert_true(takes_part(&scene));
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++) {
        assert_int_equal(core_rig_told(&scene.rig, scene.up, FR_FRAME_HAVE, chunk), chunk != 35);
        assert_int_equal(core_rig_told(&scene.rig, scene.low, FR_FRAME_HAVE, chunk), chunk != 35);
    }
    act = core_rig_last(&scene.rig, scene.high, FR_FRAME_PULL);
    assert_int_equal(act->body[0], 0); /* it is pushed to from now on */
    assert_true(core_rig_chunk(&scene.rig, scene.up, 35, CORE_RIG_GOOD));
    assert_true(view_of(&scene).is_complete);
    assert_int_equal(core_rig_did(&scene.rig, FR_ACTION_FINISH, FR_LINK_NONE), 1);
    core_rig_done(&scene.rig);
}

static void an_end_that_differs_ends_holding_too(void **state) {
    struct scene scene;
    (void) state;
    open_holder(&scene, 35);
    core_rig_end(&scene.rig, scene.up); /* before any page */
    assert_false(view_of(&scene).is_complete);
    page_all(&scene);
    assert_int_equal(looks(&scene), CHUNKS - 1);
    assert_true(takes_part(&scene));
    core_rig_done(&scene.rig);
}

static void of_a_part_every_chunk_is_looked_at(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, CHUNKS);
    page_all(&scene);
    assert_int_equal(looks(&scene), CHUNKS);
    core_rig_end(&scene.rig, scene.up);
    assert_true(view_of(&scene).is_complete);
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_DONE), 1);
    core_rig_done(&scene.rig);
}

static void where_the_part_ends_the_looking_does(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, 60);
    page_all(&scene);
    assert_true(takes_part(&scene)); /* the end is not known yet: the others are still sent their chunks */
    assert_in_range(looks(&scene), 60 + 57, 60 + 57 + 16);
    assert_true(core_rig_told(&scene.rig, scene.up, FR_FRAME_HAVE, 59));
    assert_false(core_rig_told(&scene.rig, scene.up, FR_FRAME_HAVE, 60));
    core_rig_done(&scene.rig);
}

static void who_finds_nothing_takes_part_soon(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, 0);
    core_rig_page(&scene.rig, scene.up, 0);
    assert_false(takes_part(&scene));
    core_rig_page(&scene.rig, scene.up, 1);
    assert_true(takes_part(&scene));
    assert_int_equal(core_rig_said(&scene.rig, scene.up, FR_FRAME_HAVE), 0);
    assert_int_equal(core_rig_traced(&scene.rig, FR_TRACE_CHUNK_BAD, SELF), 0); /* nobody is to blame */
    core_rig_done(&scene.rig);
}

static void a_few_are_looked_at_at_a_time(void **state) {
    struct scene scene;
    uint32_t most;
    (void) state;
    core_rig_init(&scene.rig, CHUNKS);
    scene.rig.holds = CORE_RIG_LOOKS;
    assert_int_equal(core_rig_be_partial(&scene.rig, SELF, MEMBERS, 0, CHUNKS), 0);
    link_all(&scene);
    page_all(&scene);
    most = looks(&scene);
    assert_in_range(most, 2, 31);
    core_rig_looked(&scene.rig, 0);
    assert_int_equal(looks(&scene), most + 1);
    core_rig_done(&scene.rig);
}

static void what_is_here_is_served_and_not_owned(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, 60);
    page_all(&scene);
    core_rig_forget(&scene.rig);
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_HAVE), 0);
    core_rig_ranges(&scene.rig, scene.low, FR_FRAME_WANT, 7, 1);
    assert_true(core_rig_sent_chunk(&scene.rig, scene.low, 7));
    assert_false(core_rig_sent_chunk(&scene.rig, scene.high, 7));
    core_rig_done(&scene.rig);
}

/* Upstream gives a chunk just while it is looked at: the copy that came was dropped, so it must be asked for again when nothing was
 * found. */
static void a_gift_that_crosses_a_look_in_vain_is_handed_back(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, 60);
    scene.rig.holds = CORE_RIG_LOOKS;
    page_all(&scene);
    while (!takes_part(&scene))
        for (fr_chunk_index chunk = 0; chunk < CHUNKS && !takes_part(&scene); chunk++)
            if (core_rig_has_open(&scene.rig, FR_ACTION_REUSE, chunk))
                core_rig_looked(&scene.rig, chunk);
    for (fr_chunk_index chunk = 60; chunk < CHUNKS; chunk++) {
        if (!core_rig_has_open(&scene.rig, FR_ACTION_REUSE, chunk))
            continue;
        assert_true(core_rig_chunk(&scene.rig, scene.up, chunk, CORE_RIG_GOOD));
        assert_false(core_rig_told(&scene.rig, scene.up, FR_FRAME_MISSING, chunk));
        core_rig_looked(&scene.rig, chunk);
        assert_true(core_rig_told(&scene.rig, scene.up, FR_FRAME_MISSING, chunk));
        core_rig_done(&scene.rig);
        return;
    }
    fail_msg("nothing was being looked at");
}

/* A peer that was dialled pushes before it hears that we may have it. */
static void what_peers_push_while_we_look_is_taken(void **state) {
    struct scene scene;
    (void) state;
    core_rig_init(&scene.rig, CHUNKS);
    scene.rig.holds = CORE_RIG_LOOKS;
    assert_int_equal(core_rig_be_partial(&scene.rig, SELF, MEMBERS, 0, CHUNKS), 0);
    link_all(&scene);
    core_rig_page(&scene.rig, scene.up, 0);
    assert_true(core_rig_chunk(&scene.rig, scene.low, 31, CORE_RIG_GOOD)); /* not looked at yet */
    assert_int_equal(core_rig_did(&scene.rig, FR_ACTION_STORE, FR_LINK_NONE), 1);
    assert_true(core_rig_told(&scene.rig, scene.low, FR_FRAME_HAVE, 31));
    core_rig_done(&scene.rig);
}

/* As long as it may be the object itself nothing is taken; what turns out to be missing is asked for once more, for its sender believes it
 * arrived. */
static void what_was_dropped_meanwhile_is_asked_for_again(void **state) {
    struct scene scene;
    (void) state;
    open_holder(&scene, 35);
    core_rig_page(&scene.rig, scene.up, 0);
    assert_true(core_rig_chunk(&scene.rig, scene.low, 20, CORE_RIG_GOOD));
    assert_true(core_rig_chunk(&scene.rig, scene.low, 21, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(&scene.rig, FR_ACTION_STORE, FR_LINK_NONE), 0);
    scene.rig.kept[20] = false; /* somebody wrote into the file since its record was made */
    page_all(&scene);
    core_rig_end(&scene.rig, scene.up);
    assert_true(core_rig_told(&scene.rig, scene.low, FR_FRAME_WANT, 20));
    assert_false(core_rig_told(&scene.rig, scene.low, FR_FRAME_WANT, 21));
    core_rig_done(&scene.rig);
}

/* Whoever feeds us had the object itself, and may lack a page of it. */
static void pages_that_stay_away_end_the_looking(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, CHUNKS);
    core_rig_page(&scene.rig, scene.up, 0);
    core_rig_end(&scene.rig, scene.up);
    core_rig_wait(&scene.rig, 2 * scene.rig.timing.patience - FR_MS);
    assert_false(takes_part(&scene));
    core_rig_wait(&scene.rig, FR_MS);
    assert_true(takes_part(&scene));
    assert_true(core_rig_told(&scene.rig, scene.up, FR_FRAME_HAVE, 31));
    core_rig_done(&scene.rig);
}

static void who_is_orphaned_while_it_looks_asks_its_peers(void **state) {
    struct scene scene;
    (void) state;
    open_partial(&scene, 0, CHUNKS);
    core_rig_page(&scene.rig, scene.up, 0);
    core_rig_close(&scene.rig, scene.up, FR_E_CLOSED);
    assert_int_equal(core_rig_said(&scene.rig, scene.low, FR_FRAME_INTEREST), 1);
    assert_true(core_rig_told(&scene.rig, scene.low, FR_FRAME_HAVE, 31));
    core_rig_done(&scene.rig);
}

/* ---------------------------------------------------------------------------------------------------- the origin's side */

static uint32_t count_sent(const struct core_rig *rig, fr_link_id link, fr_chunk_index first, fr_chunk_index end) {
    uint32_t count = 0;
    for (fr_chunk_index chunk = first; chunk < end; chunk++)
        count += core_rig_sent_chunk(rig, link, chunk);
    return count;
}

static void what_all_have_is_not_sent_again(void **state) {
    struct core_rig rig;
    fr_link_id links[2];
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 2), 0);
    for (uint32_t member = 0; member < 2; member++)
        links[member] = core_rig_answer_holding(&rig, member);
    for (uint32_t member = 0; member < 2; member++) {
        core_rig_ranges(&rig, links[member], FR_FRAME_HAVE, 0, 100 + 20 * member);
        core_rig_switch(&rig, links[member], FR_FRAME_INTEREST, true);
    }
    for (uint32_t turn = 0; turn < CHUNKS; turn++) /* whoever owns it reports it */
        for (uint32_t member = 0; member < 2; member++)
            if (core_rig_sent_chunk(&rig, links[member], 100 + turn))
                core_rig_ranges(&rig, links[member], FR_FRAME_REACHED, 100 + turn, 1);
    for (uint32_t member = 0; member < 2; member++)
        assert_int_equal(count_sent(&rig, links[member], 0, 100), 0);
    assert_int_equal(count_sent(&rig, links[0], 100, CHUNKS) + count_sent(&rig, links[1], 100, CHUNKS), CHUNKS - 100);
    core_rig_done(&rig);
}

static void what_one_lacks_who_takes_part_is_sent(void **state) {
    struct core_rig rig;
    fr_link_id fresh, held;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_origin(&rig, 2), 0);
    fresh = core_rig_answer(&rig, 0);
    held = core_rig_answer_holding(&rig, 1);
    core_rig_ranges(&rig, held, FR_FRAME_HAVE, 0, 100);
    core_rig_switch(&rig, held, FR_FRAME_INTEREST, true);
    for (uint32_t chunk = 0; chunk < 100; chunk++)
        for (uint32_t member = 0; member < 2; member++)
            core_rig_ranges(&rig, member ? held : fresh, FR_FRAME_REACHED, chunk, 1);
    assert_int_equal(count_sent(&rig, fresh, 0, 100) + count_sent(&rig, held, 0, 100), 100);
    core_rig_done(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_equal_is_taken_over_and_the_rest_is_brought),
        cmocka_unit_test(an_end_that_differs_ends_holding_too),
        cmocka_unit_test(of_a_part_every_chunk_is_looked_at),
        cmocka_unit_test(where_the_part_ends_the_looking_does),
        cmocka_unit_test(who_finds_nothing_takes_part_soon),
        cmocka_unit_test(a_few_are_looked_at_at_a_time),
        cmocka_unit_test(what_is_here_is_served_and_not_owned),
        cmocka_unit_test(a_gift_that_crosses_a_look_in_vain_is_handed_back),
        cmocka_unit_test(what_peers_push_while_we_look_is_taken),
        cmocka_unit_test(what_was_dropped_meanwhile_is_asked_for_again),
        cmocka_unit_test(pages_that_stay_away_end_the_looking),
        cmocka_unit_test(who_is_orphaned_while_it_looks_asks_its_peers),
        cmocka_unit_test(what_all_have_is_not_sent_again),
        cmocka_unit_test(what_one_lacks_who_takes_part_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
