/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner knows of the chunks it was given: who has still to acknowledge them, and which have reached the group. */
#include "core/owner.h"

#include <fastreplica/error.h>

#include "base/prng.h"
#include "support/death.h"
#include "support/fault_walk.h"
#include "support/test.h"

#define BIT(member) (1ull << (member))

static void set_up_owner(struct fr_owner *owner, uint32_t peer_count) {
    assert_int_equal(fr_owner_init(owner), 0);
    for (uint32_t peer = 0; peer < peer_count; peer++)
        fr_owner_add_peer(owner, peer);
}

/* All that have reached the group, in order, as a bit set; chunks below 64. */
static uint64_t take_reached(struct fr_owner *owner) {
    uint64_t set = 0;
    fr_chunk_index chunk;
    while (fr_owner_next_reached(owner, &chunk)) {
        assert_false(set & BIT(chunk));
        set |= BIT(chunk);
    }
    return set;
}

static void alone_everything_has_arrived_at_once(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 0);
    assert_int_equal(fr_owner_take(&owner, 5, 0), 0);
    assert_true(take_reached(&owner) == BIT(5));
    assert_true(fr_owner_owns(&owner, 5));
    assert_false(fr_owner_owns(&owner, 4));
    assert_false(fr_owner_owns(&owner, 500));
    fr_owner_done(&owner);
    fr_owner_done(NULL);
}

static void a_chunk_has_reached_the_group_when_all_have_it(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 3);
    assert_int_equal(fr_owner_take(&owner, 1, BIT(0) | BIT(1) | BIT(2)), 0);
    fr_owner_acknowledged(&owner, 0, 1);
    fr_owner_acknowledged(&owner, 2, 1);
    assert_true(take_reached(&owner) == 0);
    fr_owner_acknowledged(&owner, 1, 1);
    assert_true(take_reached(&owner) == BIT(1));
    assert_true(take_reached(&owner) == 0); /* reported once */
    assert_true(fr_owner_owns(&owner, 1));  /* and owned for ever */
    fr_owner_done(&owner);
}

static void who_is_gone_is_not_waited_for(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 2);
    fr_owner_take(&owner, 1, BIT(0) | BIT(1));
    fr_owner_acknowledged(&owner, 0, 1);
    fr_owner_forget_peer(&owner, 1);
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_acknowledged(&owner, 1, 1); /* a receipt that was on its way */
    fr_owner_forget_peer(&owner, 1);     /* twice does no harm */
    fr_owner_done(&owner);
}

static void who_was_not_sent_it_is_not_waited_for(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 3);
    fr_owner_take(&owner, 1, BIT(1)); /* the others had it already */
    fr_owner_acknowledged(&owner, 1, 1);
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_done(&owner);
}

static void who_comes_late_is_waited_for_while_the_chunk_is_open(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 1);
    fr_owner_take(&owner, 1, BIT(0));
    fr_owner_add_peer(&owner, 7);
    fr_owner_extend(&owner, 1, 7);
    fr_owner_acknowledged(&owner, 0, 1);
    assert_true(take_reached(&owner) == 0);
    fr_owner_acknowledged(&owner, 7, 1);
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_extend(&owner, 1, 7); /* reported long ago */
    assert_true(take_reached(&owner) == 0);
    fr_owner_done(&owner);
}

static void given_again_it_is_reported_again(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 1);
    fr_owner_take(&owner, 1, BIT(0));
    fr_owner_take(&owner, 1, BIT(0)); /* while open: nothing new */
    assert_int_equal(owner.open_count, 1);
    assert_int_equal(owner.unacknowledged[0], 1);
    fr_owner_acknowledged(&owner, 0, 1);
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_take(&owner, 1, 0); /* upstream does not know that it has, and waits for it */
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_done(&owner);
}

static void one_far_behind_does_not_hold_reports_up(void **state) {
    struct fr_owner owner;
    uint64_t reached = 0;
    (void) state;
    set_up_owner(&owner, 4);
    for (fr_chunk_index chunk = 0; chunk < 40; chunk++) { /* peer 3 never says a word */
        fr_owner_take(&owner, chunk, BIT(0) | BIT(1) | BIT(2) | BIT(3));
        for (uint32_t peer = 0; peer < 3; peer++)
            fr_owner_acknowledged(&owner, peer, chunk);
        reached |= take_reached(&owner);
    }
    assert_true(fr_owner_is_behind(&owner, 3));
    assert_false(fr_owner_is_behind(&owner, 0));
    assert_true(reached == BIT(40) - 1);
    /* When it catches up, it counts again. */
    for (fr_chunk_index chunk = 0; chunk < 40; chunk++)
        fr_owner_acknowledged(&owner, 3, chunk);
    assert_false(fr_owner_is_behind(&owner, 3));
    fr_owner_take(&owner, 50, BIT(0) | BIT(3));
    fr_owner_acknowledged(&owner, 0, 50);
    assert_true(take_reached(&owner) == 0);
    fr_owner_done(&owner);
}

/* When all are equally late, nobody is behind: the chunks are under way, that is all. */
static void all_late_together_is_not_behind(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 4);
    for (fr_chunk_index chunk = 0; chunk < 30; chunk++)
        fr_owner_take(&owner, chunk, BIT(0) | BIT(1) | BIT(2) | BIT(3));
    assert_true(take_reached(&owner) == 0);
    for (uint32_t peer = 0; peer < 4; peer++)
        assert_false(fr_owner_is_behind(&owner, peer));
    fr_owner_done(&owner);
}

static void of_two_the_other_one_is_the_measure(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 1);
    for (fr_chunk_index chunk = 0; chunk < 4 * FR_CREDIT_WINDOW_MAX; chunk++)
        assert_int_equal(fr_owner_take(&owner, chunk, BIT(0)), 0);
    assert_false(fr_owner_is_behind(&owner, 0)); /* nobody to compare with */
    assert_int_equal(fr_owner_take(&owner, 1000, BIT(0)), FR_E_LIMIT);
    assert_int_equal(fr_owner_take(&owner, 3, BIT(0)), 0); /* open already */
    fr_owner_done(&owner);
}

/* Of a pipe: what no other member has is not reported, whoever keeps up. */
static void what_nobody_else_has_has_not_reached_a_pipes_group(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 0);
    owner.needs_copy = true;
    fr_owner_take(&owner, 1, 0);
    fr_owner_take(&owner, 2, 0);
    assert_true(take_reached(&owner) == 0);
    owner.open[1].is_copied = true;
    assert_true(take_reached(&owner) == BIT(2));
    owner.needs_copy = false;
    assert_true(take_reached(&owner) == BIT(1));
    fr_owner_done(&owner);
}

/* Against sets of bits that are never compared with anybody's pace: with few chunks open nobody is behind. */
static void it_behaves_like_a_table(void **state) {
    struct fr_prng prng;
    (void) state;
    fr_prng_init(&prng, 1);
    for (int round = 0; round < 300; round++) {
        struct fr_owner owner;
        uint64_t waiting = 0, peers = BIT(0) | BIT(1) | BIT(2);
        bool is_open = false;
        set_up_owner(&owner, 3);
        for (int step = 0; step < 60; step++) {
            uint32_t peer = (uint32_t) fr_prng_below(&prng, 3);
            switch (fr_prng_below(&prng, 5)) {
            case 0:
                if (is_open)
                    break;
                waiting = fr_prng_next(&prng) & peers;
                is_open = true;
                assert_int_equal(fr_owner_take(&owner, 3, waiting), 0);
                break;
            case 1:
                fr_owner_acknowledged(&owner, peer, 3);
                waiting &= ~BIT(peer);
                break;
            case 2:
                fr_owner_forget_peer(&owner, peer);
                waiting &= ~BIT(peer);
                peers &= ~BIT(peer);
                break;
            case 3:
                if (peers & BIT(peer))
                    break;
                fr_owner_add_peer(&owner, peer);
                peers |= BIT(peer);
                if (is_open) {
                    fr_owner_extend(&owner, 3, peer);
                    waiting |= BIT(peer);
                }
                break;
            default: assert_int_equal(take_reached(&owner), is_open && waiting == 0 ? BIT(3) : 0); is_open = is_open && waiting != 0;
            }
        }
        fr_owner_done(&owner);
    }
}

static int own_many(void *user) {
    struct fr_owner owner;
    int error = fr_owner_init(&owner);
    (void) user;
    for (fr_chunk_index chunk = 0; chunk < 1000 && !error; chunk += 50)
        error = fr_owner_take(&owner, chunk, 0);
    fr_owner_done(&owner);
    return error;
}

static void without_memory_it_says_so(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(own_many, NULL), 2, 20);
}

static void take_for_a_stranger(void *user) { fr_owner_take(user, 1, BIT(5)); }
static void extend_to_a_stranger(void *user) { fr_owner_extend(user, 1, 5); }

static void strangers_are_our_own_mistake(void **state) {
    struct fr_owner owner;
    (void) state;
    set_up_owner(&owner, 2);
    assert_true(fr_test_aborts(take_for_a_stranger, &owner));
    assert_true(fr_test_aborts(extend_to_a_stranger, &owner));
    fr_owner_done(&owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_everything_has_arrived_at_once),
        cmocka_unit_test(a_chunk_has_reached_the_group_when_all_have_it),
        cmocka_unit_test(who_is_gone_is_not_waited_for),
        cmocka_unit_test(who_was_not_sent_it_is_not_waited_for),
        cmocka_unit_test(who_comes_late_is_waited_for_while_the_chunk_is_open),
        cmocka_unit_test(given_again_it_is_reported_again),
        cmocka_unit_test(one_far_behind_does_not_hold_reports_up),
        cmocka_unit_test(all_late_together_is_not_behind),
        cmocka_unit_test(of_two_the_other_one_is_the_measure),
        cmocka_unit_test(what_nobody_else_has_has_not_reached_a_pipes_group),
        cmocka_unit_test(it_behaves_like_a_table),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(strangers_are_our_own_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
