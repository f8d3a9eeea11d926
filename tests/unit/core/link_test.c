/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one link: what waits for it, what is pending, what the other end has. */
#include "core/link.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "base/time.h"
#include "support/death.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void open_link(struct fr_link *link) {
    *link = (struct fr_link){.id = 0x305};
    fr_link_init(link, FR_LINK_PEER, 0, 3, 15 * FR_SECOND, FR_SECOND);
    link->state = FR_LINK_LIVE;
}

static void a_slot_is_used_again(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    assert_int_equal(fr_link_queue(&link, 7), 0);
    assert_int_equal(fr_link_mark(&link.theirs, 9), 0);
    fr_link_done(&link);
    assert_int_equal(link.id, 0x305);
    assert_int_equal(link.state, FR_LINK_FREE);
    fr_link_done(&link); /* a free slot may be freed */
    fr_link_init(&link, FR_LINK_UPSTREAM, 0, FR_MEMBER_UPSTREAM, 15 * FR_SECOND, FR_SECOND);
    assert_int_equal(link.id, 0x305);
    assert_false(fr_link_is_live(&link));
    assert_false(fr_link_has(&link, 9));
    assert_int_equal(link.queue.count, 0);
    fr_link_done(&link);
}

static void a_chunk_is_queued_once(void **state) {
    struct fr_link link;
    fr_chunk_index chunk;
    (void) state;
    open_link(&link);
    assert_int_equal(fr_link_queue(&link, 7), 0);
    assert_int_equal(fr_link_queue(&link, 7), 0);
    assert_int_equal(link.queue.count, 1);
    assert_true(fr_link_is_pending(&link, 7));
    assert_true(fr_ring_pop(&link.queue, &chunk)); /* on its way */
    assert_int_equal(fr_link_queue(&link, 7), 0);
    assert_int_equal(link.queue.count, 0);
    assert_true(fr_link_is_pending(&link, 7));
    fr_link_done(&link);
}

static void a_receipt_ends_it(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    fr_link_queue(&link, 7);
    fr_link_queue(&link, 8);
    assert_false(fr_link_acknowledge(&link, 9));
    assert_true(fr_link_acknowledge(&link, 7)); /* while still queued: somebody else was faster */
    assert_false(fr_link_acknowledge(&link, 7));
    assert_false(fr_link_is_pending(&link, 7));
    assert_int_equal(link.queue.count, 1);
    assert_int_equal(fr_link_queue(&link, 7), 0); /* and may come again */
    assert_int_equal(link.queue.count, 2);
    fr_link_done(&link);
}

static void a_full_queue_refuses_and_nothing_else_changes(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    for (fr_chunk_index chunk = 0; chunk < FR_LINK_QUEUE_MAX; chunk++)
        assert_int_equal(fr_link_queue(&link, chunk), 0);
    assert_int_equal(fr_link_queue(&link, FR_LINK_QUEUE_MAX), FR_E_LIMIT);
    assert_false(fr_link_is_pending(&link, FR_LINK_QUEUE_MAX));
    assert_int_equal(fr_link_queue(&link, 5), 0);
    assert_int_equal(link.queue.count, FR_LINK_QUEUE_MAX);
    fr_link_done(&link);
}

static void clearing_leaves_what_is_on_its_way(void **state) {
    struct fr_link link;
    fr_chunk_index chunk;
    (void) state;
    open_link(&link);
    fr_link_queue(&link, 1);
    fr_link_queue(&link, 2);
    fr_link_queue(&link, 3);
    assert_true(fr_ring_pop(&link.queue, &chunk));
    fr_link_clear_queue(&link);
    assert_int_equal(link.queue.count, 0);
    assert_true(fr_link_is_pending(&link, 1));
    assert_false(fr_link_is_pending(&link, 2));
    assert_false(fr_link_is_pending(&link, 3));
    fr_link_done(&link);
}

static void who_is_done_has_everything(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    assert_false(fr_link_has(&link, 0));
    assert_int_equal(fr_link_mark(&link.theirs, 4), 0);
    assert_true(fr_link_has(&link, 4));
    assert_false(fr_link_has(&link, 1000000));
    link.is_done = true;
    assert_true(fr_link_has(&link, 1000000));
    fr_link_done(&link);
}

static void only_who_follows_is_pushed_to(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    assert_true(fr_link_is_pushed(&link));
    link.is_done = true;
    assert_false(fr_link_is_pushed(&link));
    link.is_done = false;
    link.is_holding = true;
    assert_false(fr_link_is_pushed(&link));
    link.is_holding = false;
    link.pulls_from_us = true;
    assert_false(fr_link_is_pushed(&link));
    link.pulls_from_us = false;
    link.state = FR_LINK_OPENING;
    assert_false(fr_link_is_pushed(&link));
    fr_link_done(&link);
}

static int queue_many(void *user) {
    struct fr_link link;
    int error = 0;
    (void) user;
    open_link(&link);
    for (fr_chunk_index chunk = 0; chunk < 200 && !error; chunk += 3) {
        uint32_t queued = link.queue.count, pending = link.pending.set_count;
        error = fr_link_queue(&link, chunk);
        if (error) { /* as if it had not been asked for */
            assert_false(fr_link_is_pending(&link, chunk));
            assert_int_equal(link.queue.count, queued);
            assert_int_equal(link.pending.set_count, pending);
        }
    }
    if (!error)
        error = fr_link_mark(&link.theirs, 70);
    fr_link_done(&link);
    return error;
}

static void without_memory_nothing_is_half_queued(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(queue_many, NULL), 4, 30);
}

static void init_again(void *user) { fr_link_init(user, FR_LINK_PEER, 0, 1, FR_SECOND, 0); }

static void a_slot_in_use_is_not_made_anew(void **state) {
    struct fr_link link;
    (void) state;
    open_link(&link);
    assert_true(fr_test_aborts(init_again, &link));
    fr_link_done(&link);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_is_used_again),
        cmocka_unit_test(a_chunk_is_queued_once),
        cmocka_unit_test(a_receipt_ends_it),
        cmocka_unit_test(a_full_queue_refuses_and_nothing_else_changes),
        cmocka_unit_test(clearing_leaves_what_is_on_its_way),
        cmocka_unit_test(who_is_done_has_everything),
        cmocka_unit_test(only_who_follows_is_pushed_to),
        cmocka_unit_test(without_memory_nothing_is_half_queued),
        cmocka_unit_test(a_slot_in_use_is_not_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
