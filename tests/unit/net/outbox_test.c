/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outbox.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/test.h"
#include "wire/message.h"

enum { HEAD = FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES };

static struct fr_buffer *make_buffer(uint32_t bytes, uint8_t value) {
    struct fr_buffer *buffer = fr_buffer_new(bytes);
    assert_non_null(buffer);
    memset(buffer->data, value, bytes);
    buffer->bytes = bytes;
    return buffer;
}

static void push_chunk(struct fr_outbox *outbox, fr_chunk_index chunk, uint32_t bytes) {
    struct fr_buffer *buffer = make_buffer(bytes, (uint8_t) chunk);
    assert_int_equal(fr_outbox_push_chunk(outbox, chunk, buffer), 0);
    fr_buffer_unref(buffer);
}

/* Takes up to `bytes` bytes out, `step` at a time; returns how many came and counts chunks that ended. */
static size_t drain(struct fr_outbox *outbox, uint8_t *out, size_t bytes, size_t step, unsigned *chunks_ended) {
    const uint8_t *at;
    size_t count, taken = 0;
    fr_chunk_index chunk;
    while (taken < bytes && fr_outbox_peek(outbox, &at, &count)) {
        count = count < step ? count : step;
        count = count < bytes - taken ? count : bytes - taken;
        memcpy(out + taken, at, count);
        taken += count;
        if (fr_outbox_consume(outbox, count, &chunk))
            (*chunks_ended)++;
    }
    return taken;
}

static void is_empty_at_first(void **state) {
    (void) state;
    struct fr_outbox outbox;
    const uint8_t *at;
    size_t count;
    fr_outbox_init(&outbox);
    assert_true(fr_outbox_is_empty(&outbox));
    assert_false(fr_outbox_peek(&outbox, &at, &count));
    fr_outbox_done(&outbox);
}

static void frames_go_before_a_chunk_that_has_not_begun_and_after_one_that_has(void **state) {
    (void) state;
    for (size_t step = 1; step <= 64; step += 7) {
        struct fr_outbox outbox;
        uint8_t out[256];
        unsigned ended = 0;
        fr_outbox_init(&outbox);
        push_chunk(&outbox, 7, 20);
        push_chunk(&outbox, 8, 10);
        assert_int_equal(fr_outbox_push_frame(&outbox, (const uint8_t *) "abc", 3), 0);
        size_t first = drain(&outbox, out, 3 + HEAD + 5, step, &ended);
        assert_int_equal(first, 3 + HEAD + 5);
        assert_memory_equal(out, "abc", 3);
        assert_int_equal(out[3], FR_FRAME_CHUNK);
        assert_int_equal(fr_outbox_push_frame(&outbox, (const uint8_t *) "defg", 4), 0);
        size_t all = first + drain(&outbox, out + first, sizeof out - first, step, &ended);
        assert_int_equal(all, 3 + HEAD + 20 + 4 + HEAD + 10);
        assert_int_equal(ended, 2);
        assert_memory_equal(out + 3 + HEAD + 20, "defg", 4);
        assert_int_equal(out[3 + HEAD + 20 + 4 + HEAD - 1], 8);
        assert_true(fr_outbox_is_empty(&outbox));
        fr_outbox_done(&outbox);
    }
}

static void chunk_heads_are_what_the_wire_says(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t out[64], head[HEAD];
    unsigned ended = 0;
    fr_outbox_init(&outbox);
    push_chunk(&outbox, 0x1234, 5);
    assert_int_equal(drain(&outbox, out, sizeof out, 3, &ended), HEAD + 5);
    fr_chunk_head_encode(0x1234, 5, head);
    assert_memory_equal(out, head, HEAD);
    fr_outbox_done(&outbox);
}

static void keeps_one_reference_until_the_last_byte(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t out[64];
    unsigned ended = 0;
    struct fr_buffer *buffer = make_buffer(16, 1);
    fr_outbox_init(&outbox);
    assert_int_equal(fr_outbox_push_chunk(&outbox, 1, buffer), 0);
    assert_int_equal(atomic_load(&buffer->refs), 2);
    drain(&outbox, out, HEAD + 15, 64, &ended);
    assert_int_equal(atomic_load(&buffer->refs), 2);
    drain(&outbox, out, 1, 64, &ended);
    assert_int_equal(ended, 1);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    assert_int_equal(fr_outbox_push_chunk(&outbox, 1, buffer), 0);
    fr_outbox_done(&outbox);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
}

static void drops_only_chunks_that_have_not_begun(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t out[64];
    unsigned ended = 0;
    fr_outbox_init(&outbox);
    push_chunk(&outbox, 1, 10);
    push_chunk(&outbox, 2, 10);
    push_chunk(&outbox, 3, 10);
    drain(&outbox, out, 1, 1, &ended);
    fr_outbox_drop_chunks(&outbox);
    assert_int_equal(drain(&outbox, out, sizeof out, 64, &ended), HEAD + 10 - 1);
    assert_int_equal(ended, 1);
    push_chunk(&outbox, 4, 10);
    fr_outbox_drop_chunks(&outbox);
    assert_true(fr_outbox_is_empty(&outbox));
    fr_outbox_done(&outbox);
}

/* A reader that is always behind: the bytes stay in order and the memory near what waits. */
static void frames_stay_in_order_while_some_always_wait(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t in = 0, expected = 0;
    fr_outbox_init(&outbox);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t frame[37];
        const uint8_t *at;
        size_t count, want = round < 200 ? 5 : 37;
        fr_chunk_index chunk;
        for (size_t i = 0; i < sizeof frame; i++)
            frame[i] = in++;
        assert_int_equal(fr_outbox_push_frame(&outbox, frame, sizeof frame), 0);
        assert_true(fr_outbox_peek(&outbox, &at, &count));
        count = count < want ? count : want;
        for (size_t i = 0; i < count; i++)
            assert_int_equal(at[i], expected++);
        assert_false(fr_outbox_consume(&outbox, count, &chunk));
        assert_true(outbox.frames_capacity <= 32 << 10);
    }
    fr_outbox_done(&outbox);
}

static void many_chunks_keep_their_order(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t out[HEAD + 1] = {0};
    unsigned ended = 0;
    uint32_t next_in = 0, next_out = 0;
    fr_outbox_init(&outbox);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 3; i++)
            push_chunk(&outbox, next_in++ & 0xff, 1);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(drain(&outbox, out, HEAD + 1, 64, &ended), HEAD + 1);
            assert_int_equal(out[HEAD], next_out++ & 0xff);
        }
    }
    assert_int_equal(outbox.chunk_count, 50);
    fr_outbox_done(&outbox);
}

static void has_a_cap(void **state) {
    (void) state;
    struct fr_outbox outbox;
    uint8_t *frame = fr_alloc_zeroed(1, 64 << 10);
    assert_non_null(frame);
    fr_outbox_init(&outbox);
    for (unsigned i = 0; i < FR_OUTBOX_FRAMES_BYTES_MAX / (64 << 10); i++)
        assert_int_equal(fr_outbox_push_frame(&outbox, frame, 64 << 10), 0);
    assert_int_equal(fr_outbox_push_frame(&outbox, frame, 1), FR_E_LIMIT);
    fr_outbox_done(&outbox);
    fr_free(frame);
}

static void says_when_there_is_no_memory(void **state) {
    (void) state;
    struct fr_outbox outbox;
    struct fr_buffer *buffer = make_buffer(4, 0);
    fr_outbox_init(&outbox);
    fr_memory_fail_from(1);
    assert_int_equal(fr_outbox_push_frame(&outbox, (const uint8_t *) "a", 1), FR_E_MEMORY);
    assert_int_equal(fr_outbox_push_chunk(&outbox, 1, buffer), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_true(fr_outbox_is_empty(&outbox));
    assert_int_equal(atomic_load(&buffer->refs), 1);
    assert_int_equal(fr_outbox_push_frame(&outbox, (const uint8_t *) "a", 1), 0);
    fr_outbox_done(&outbox);
    fr_buffer_unref(buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),
        cmocka_unit_test(frames_go_before_a_chunk_that_has_not_begun_and_after_one_that_has),
        cmocka_unit_test(chunk_heads_are_what_the_wire_says),
        cmocka_unit_test(keeps_one_reference_until_the_last_byte),
        cmocka_unit_test(drops_only_chunks_that_have_not_begun),
        cmocka_unit_test(frames_stay_in_order_while_some_always_wait),
        cmocka_unit_test(many_chunks_keep_their_order),
        cmocka_unit_test(has_a_cap),
        cmocka_unit_test(says_when_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
