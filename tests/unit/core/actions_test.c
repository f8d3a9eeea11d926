/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of actions and the arena of their frames. */
#include "core/actions.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void push_close(struct fr_actions *actions, fr_link_id link) {
    fr_actions_push(actions, &(struct fr_action){.type = FR_ACTION_CLOSE, .link = link});
}

static void say(struct fr_actions *actions, fr_link_id link, uint8_t fill, size_t bytes) {
    uint8_t *out = fr_actions_frame_begin(actions, bytes + 100);
    if (!out)
        return;
    memset(out, fill, bytes);
    fr_actions_frame_commit(actions, link, bytes);
}

static void expect_said(struct fr_actions *actions, fr_link_id link, uint8_t fill, size_t bytes) {
    struct fr_action action;
    assert_true(fr_actions_pop(actions, &action));
    assert_int_equal(action.type, FR_ACTION_SEND);
    assert_int_equal(action.link, link);
    assert_int_equal(action.count, bytes);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(action.bytes[i], fill);
}

static void they_come_out_in_order(void **state) {
    struct fr_actions actions;
    struct fr_action action;
    (void) state;
    fr_actions_init(&actions);
    assert_false(fr_actions_pop(&actions, &action));
    for (uint32_t i = 0; i < 100; i++)
        push_close(&actions, i);
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(fr_actions_pop(&actions, &action));
        assert_int_equal(action.link, i);
    }
    assert_false(fr_actions_pop(&actions, &action));
    assert_false(actions.is_starved);
    fr_actions_done(&actions);
}

/* Some are taken, more are pushed, over and over: the queue slides, and does not grow for ever. */
static void taking_some_makes_room(void **state) {
    struct fr_actions actions;
    struct fr_action action;
    uint32_t next_in = 0, next_out = 0;
    (void) state;
    fr_actions_init(&actions);
    for (int turn = 0; turn < 3000; turn++) {
        for (int i = 0; i < 7 + turn % 3; i++)
            push_close(&actions, next_in++);
        while (next_in - next_out > 20) { /* never emptied */
            assert_true(fr_actions_pop(&actions, &action));
            assert_int_equal(action.link, next_out++);
        }
    }
    assert_in_range(actions.capacity, 20, 128);
    fr_actions_done(&actions);
}

/* Frames said before the arena had to move are still what they were. */
static void frames_survive_a_moving_arena(void **state) {
    struct fr_actions actions;
    (void) state;
    fr_actions_init(&actions);
    for (uint32_t i = 0; i < 50; i++) {
        say(&actions, i, (uint8_t) i, 10 + 100 * i);
        push_close(&actions, i);
    }
    for (uint32_t i = 0; i < 50; i++) {
        struct fr_action action;
        expect_said(&actions, i, (uint8_t) i, 10 + 100 * i);
        assert_true(fr_actions_pop(&actions, &action));
        assert_int_equal(action.type, FR_ACTION_CLOSE);
    }
    fr_actions_done(&actions);
}

static void the_arena_is_used_again_once_all_is_taken(void **state) {
    struct fr_actions actions;
    struct fr_action action;
    size_t capacity = 0;
    (void) state;
    fr_actions_init(&actions);
    for (int turn = 0; turn < 200; turn++) {
        say(&actions, 1, 7, 500);
        say(&actions, 2, 8, 300);
        expect_said(&actions, 1, 7, 500);
        expect_said(&actions, 2, 8, 300);
        assert_false(fr_actions_pop(&actions, &action));
        if (turn == 0)
            capacity = actions.arena_capacity;
        assert_int_equal(actions.arena_capacity, capacity);
    }
    fr_actions_done(&actions);
}

/* A frame that was begun and thrown away leaves nothing behind. */
static void a_frame_begun_may_be_left(void **state) {
    struct fr_actions actions;
    (void) state;
    fr_actions_init(&actions);
    memset(fr_actions_frame_begin(&actions, 100), 1, 100);
    say(&actions, 3, 9, 50);
    expect_said(&actions, 3, 9, 50);
    fr_actions_done(&actions);
}

static void buffers_that_nobody_took_are_dropped(void **state) {
    struct fr_actions actions;
    struct fr_buffer *buffer = fr_buffer_new(100);
    (void) state;
    fr_actions_init(&actions);
    fr_actions_push(&actions, &(struct fr_action){.type = FR_ACTION_STORE, .buffer = fr_buffer_ref(buffer)});
    fr_actions_push(&actions, &(struct fr_action){.type = FR_ACTION_DROP, .buffer = fr_buffer_ref(buffer)});
    assert_int_equal(atomic_load(&buffer->refs), 3);
    fr_actions_done(&actions);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
}

static int push_much(void *user) {
    struct fr_buffer *buffer = user;
    struct fr_actions actions;
    int error;
    fr_actions_init(&actions);
    for (uint32_t i = 0; i < 60; i++) {
        fr_actions_push(&actions, &(struct fr_action){.type = FR_ACTION_STORE, .buffer = fr_buffer_ref(buffer)});
        say(&actions, i, 1, 200);
    }
    error = actions.is_starved ? FR_E_MEMORY : 0;
    fr_actions_done(&actions);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    return error;
}

static void what_is_lost_is_known(void **state) {
    struct fr_buffer *buffer = fr_buffer_new(100);
    (void) state;
    assert_in_range(fr_test_fault_walk(push_much, buffer), 4, 30);
    fr_buffer_unref(buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_out_in_order),        cmocka_unit_test(taking_some_makes_room),
        cmocka_unit_test(frames_survive_a_moving_arena), cmocka_unit_test(the_arena_is_used_again_once_all_is_taken),
        cmocka_unit_test(a_frame_begun_may_be_left),     cmocka_unit_test(buffers_that_nobody_took_are_dropped),
        cmocka_unit_test(what_is_lost_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
