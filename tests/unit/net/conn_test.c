/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and chunks over a connection that is up: order, bytes, back pressure, caps. */
#include <stdio.h>

#include "base/memory.h"
#include "base/time.h"
#include "net/outbox.h"
#include "support/net_pair.h"
#include "support/test.h"

static struct net_pair pair;

static int set_up(void **state) {
    (void) state;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    net_pair_done(&pair);
    return 0;
}

static unsigned wanted_frames, wanted_chunks; /* at the accepter */

static bool is_all_there(struct net_pair *at) {
    return at->accepter.frame_count >= wanted_frames && at->accepter.chunk_count >= wanted_chunks;
}

static bool is_all_there_both_ways(struct net_pair *at) {
    return is_all_there(at) && at->dialler.frame_count >= wanted_frames && at->dialler.chunk_count >= wanted_chunks;
}

/* ---- frames ---- */

static uint64_t send_frames(struct net_end *end, unsigned count, uint32_t bytes_max) {
    uint8_t *body = fr_alloc(FR_FRAME_BODY_MAX);
    uint64_t fingerprint = 0;
    assert_non_null(body);
    for (unsigned i = 0; i < count; i++) {
        uint32_t bytes = i == 0 ? 0 : i == 1 ? bytes_max : i * 977u % (bytes_max + 1);
        memset(body, (int) i, bytes);
        net_end_send_frame(end, body, bytes);
        fingerprint = net_pair_mix(fingerprint, FR_FRAME_STATUS, body, bytes);
    }
    fr_free(body);
    return fingerprint;
}

static void frames_arrive_whole_and_in_order(void **state) {
    (void) state;
    net_pair_connect(&pair);
    uint64_t there = send_frames(&pair.dialler, 60, FR_FRAME_BODY_MAX), back = send_frames(&pair.accepter, 60, FR_FRAME_BODY_MAX);
    assert_int_equal(pair.accepter.frame_count, 0); /* nothing is delivered from inside the send */
    wanted_frames = 60, wanted_chunks = 0;
    net_pair_run_until(&pair, is_all_there_both_ways);
    assert_int_equal(pair.accepter.fingerprint, there);
    assert_int_equal(pair.dialler.fingerprint, back);
}

static void frames_sent_before_the_handshake_wait_for_it(void **state) {
    (void) state;
    net_pair_dial(&pair);
    uint64_t there = send_frames(&pair.dialler, 5, 1000);
    wanted_frames = 5, wanted_chunks = 0;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.fingerprint, there);
}

/* So many small frames in few records that a turn of the loop ends within a record: what TLS holds then is not forgotten. */
static void a_burst_of_tiny_frames_arrives_without_anything_after_it(void **state) {
    (void) state;
    net_pair_connect(&pair);
    uint64_t there = send_frames(&pair.dialler, 20000, 1);
    wanted_frames = 20000, wanted_chunks = 0;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.fingerprint, there);
}

static void answer(struct net_end *end, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    (void) type;
    if (end->frame_count < 500)
        net_end_send_frame(end, body, bytes);
}

static void frames_can_be_answered_from_the_callback(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.dialler.on_frame = pair.accepter.on_frame = answer;
    net_end_send_frame(&pair.dialler, (const uint8_t *) "ping", 4);
    wanted_frames = 500, wanted_chunks = 0;
    net_pair_run_until(&pair, is_all_there);
}

/* ---- chunks ---- */

static uint64_t send_chunks(struct net_end *end, unsigned count, uint32_t bytes, uint64_t fingerprint) {
    for (unsigned i = 0; i < count; i++) {
        struct fr_buffer *buffer = net_pair_chunk(i, bytes);
        fr_conn_send_chunk(end->conn, i, buffer);
        fingerprint = net_pair_mix(fingerprint, i, buffer->data, bytes);
        fr_buffer_unref(buffer);
    }
    return fingerprint;
}

static void chunks_of_every_size_arrive(void **state) {
    (void) state;
    static const uint32_t sizes[] = {1, 4095, FR_CHUNK_BYTES_MIN, FR_CHUNK_BYTES_MIN + 1, 256 << 10, FR_CHUNK_BYTES_MAX};
    net_pair_connect(&pair);
    uint64_t there = 0, back = 0;
    wanted_frames = wanted_chunks = 0;
    for (unsigned i = 0; i < FR_COUNT_OF(sizes); i++) {
        there = send_chunks(&pair.dialler, 3, sizes[i], there);
        back = send_chunks(&pair.accepter, 3, sizes[i], back);
        wanted_chunks += 3;
        net_pair_run_until(&pair, is_all_there_both_ways);
    }
    assert_int_equal(pair.accepter.fingerprint, there);
    assert_int_equal(pair.dialler.fingerprint, back);
    assert_int_equal(pair.dialler.sent_count, wanted_chunks);
    assert_int_equal(pair.accepter.sent_count, wanted_chunks);
}

static void send_frame_after_first(struct net_end *end, fr_chunk_index chunk) {
    if (chunk == 0)
        net_end_send_frame(end, (const uint8_t *) "between", 7);
}

static void frames_pass_chunks_that_have_not_begun(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.dialler.on_chunk_sent = send_frame_after_first;
    send_chunks(&pair.dialler, 3, 100000, 0);
    net_end_send_frame(&pair.dialler, (const uint8_t *) "first", 5);
    wanted_frames = 2, wanted_chunks = 3;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.order_count, 5);
    assert_memory_equal(pair.accepter.order, "fcfcc", 5);
}

static struct fr_buffer *tiny;
static unsigned depth, depth_max;

static void send_one_more(struct net_end *end, fr_chunk_index chunk) {
    depth++;
    depth_max = depth > depth_max ? depth : depth_max;
    if (chunk + 1 < 20000)
        fr_conn_send_chunk(end->conn, chunk + 1, tiny);
    depth--;
}

static void chunks_sent_from_the_callback_do_not_pile_up_on_the_stack(void **state) {
    (void) state;
    net_pair_connect(&pair);
    tiny = net_pair_chunk(0, 3);
    depth = depth_max = 0;
    pair.dialler.on_chunk_sent = send_one_more;
    fr_conn_send_chunk(pair.dialler.conn, 0, tiny);
    wanted_frames = 0, wanted_chunks = 20000;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(depth_max, 1);
    assert_int_equal(pair.accepter.chunk_bytes, 60000);
    fr_buffer_unref(tiny);
}

/* ---- back pressure ---- */

static bool is_waiting(struct net_pair *at) {
    uint32_t size;
    return at->accepter.conn && fr_conn_is_waiting_for_buffer(at->accepter.conn, &size);
}

static void a_missing_buffer_stops_the_sender(void **state) {
    (void) state;
    enum { COUNT = 64, BYTES = 512 << 10 };
    uint32_t size = 0;
    net_pair_connect(&pair);
    assert_false(fr_conn_is_waiting_for_buffer(pair.accepter.conn, &size));
    pair.accepter.is_withholding = true;
    uint64_t there = send_chunks(&pair.dialler, COUNT, BYTES, 0);
    net_pair_run_until(&pair, is_waiting);
    net_pair_run_for(&pair, 100);
    assert_true(pair.dialler.sent_count < COUNT / 2); /* the kernel's buffers, and no more */
    assert_int_equal(pair.accepter.chunk_count, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        net_pair_run_until(&pair, is_waiting);
        assert_true(fr_conn_is_waiting_for_buffer(pair.accepter.conn, &size));
        assert_int_equal(size, BYTES);
        assert_int_equal(pair.accepter.chunk_count, i);
        fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(size));
    }
    wanted_frames = 0, wanted_chunks = COUNT;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.fingerprint, there);
}

/* The other direction goes on while this one is stopped. */
static void a_missing_buffer_does_not_stop_what_we_send(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.dialler.is_withholding = true;
    send_chunks(&pair.accepter, 1, 1000, 0);
    uint64_t there = send_chunks(&pair.dialler, 10, 256 << 10, 0);
    wanted_frames = 0, wanted_chunks = 10;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.fingerprint, there);
    assert_int_equal(pair.dialler.chunk_count, 0);
}

static void small_chunks_go_on_after_every_pause(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.accepter.is_withholding = true;
    uint64_t there = send_chunks(&pair.dialler, 200, 10, 0);
    for (unsigned i = 0; i < 200; i++) {
        net_pair_run_until(&pair, is_waiting);
        fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(10));
    }
    wanted_frames = 0, wanted_chunks = 200;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.fingerprint, there);
}

static void a_buffer_that_nobody_waits_for_is_dropped(void **state) {
    (void) state;
    net_pair_connect(&pair);
    struct fr_buffer *buffer = net_pair_chunk(0, 10);
    fr_conn_give_buffer(pair.accepter.conn, fr_buffer_ref(buffer));
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
}

/* A peer that never reads gets a bounded queue, and then none. */
static void a_peer_that_stops_reading_is_given_up(void **state) {
    (void) state;
    uint8_t *body = fr_alloc_zeroed(1, FR_FRAME_BODY_MAX);
    net_pair_connect(&pair);
    pair.accepter.is_withholding = true;
    send_chunks(&pair.dialler, 1, 1000, 0);
    net_pair_run_until(&pair, is_waiting);
    unsigned sent = 0;
    while (!pair.dialler.is_closed && sent < 4000) {
        net_end_send_frame(&pair.dialler, body, FR_FRAME_BODY_MAX);
        if (++sent % 16 == 0)
            uv_run(&pair.loop, UV_RUN_NOWAIT);
    }
    assert_true(pair.dialler.is_closed);
    assert_int_equal(pair.dialler.failure.error, FR_E_LIMIT);
    assert_non_null(strstr(pair.dialler.failure.text, "does not read"));
    fr_free(body);
}

static void a_queue_that_overflows_in_one_turn_ends_in_the_next(void **state) {
    (void) state;
    uint8_t *body = fr_alloc_zeroed(1, FR_FRAME_BODY_MAX);
    net_pair_connect(&pair);
    for (unsigned i = 0; i < 100; i++) {
        net_end_send_frame(&pair.dialler, body, FR_FRAME_BODY_MAX);
        assert_false(pair.dialler.is_closed);
    }
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    assert_int_equal(pair.dialler.failure.error, FR_E_LIMIT);
    fr_free(body);
}

static void no_memory_for_a_frame_ends_the_connection(void **state) {
    (void) state;
    net_pair_connect(&pair);
    struct fr_buffer *buffer = net_pair_chunk(0, 10);
    fr_memory_fail_from(1);
    fr_conn_send(pair.dialler.conn, (const uint8_t *) "\x11\0\0\0", 4);
    fr_conn_send_chunk(pair.accepter.conn, 0, buffer);
    fr_memory_fail_from(0);
    fr_buffer_unref(buffer);
    net_pair_run_until(&pair, net_pair_are_both_closed);
    assert_int_equal(pair.dialler.failure.error, FR_E_MEMORY);
    assert_int_equal(pair.accepter.failure.error, FR_E_MEMORY);
}

/* ---- handlers ---- */

static struct net_end other_end;

static void swap_handlers(struct net_end *end, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    (void) type, (void) body, (void) bytes;
    other_end = (struct net_end){.pair = end->pair, .conn = end->conn, .is_ready = true};
    fr_conn_set_handlers(end->conn, &NET_END_HANDLERS, &other_end);
}

static bool has_other_end_closed(struct net_pair *at) {
    (void) at;
    return other_end.is_closed;
}

static void handlers_can_be_swapped_within_a_callback(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.accepter.on_frame = swap_handlers;
    send_frames(&pair.dialler, 3, 10);
    fr_conn_close(pair.dialler.conn);
    pair.dialler.conn = NULL;
    net_pair_run_until(&pair, has_other_end_closed);
    assert_int_equal(pair.accepter.frame_count, 1);
    assert_int_equal(other_end.frame_count, 2);
    assert_false(pair.accepter.is_closed);
    pair.accepter.conn = NULL;
}

/* Keys change under way without anybody noticing. */
static void keys_change_while_chunks_flow_both_ways(void **state) {
    (void) state;
    fr_tls_config_set_key_records(pair.dialler.tls, 3);
    fr_tls_config_set_key_records(pair.accepter.tls, 7);
    net_pair_connect(&pair);
    uint64_t there = send_chunks(&pair.dialler, 40, 256 << 10, 0), back = send_chunks(&pair.accepter, 40, 256 << 10, 0);
    wanted_frames = 0, wanted_chunks = 40;
    net_pair_run_until(&pair, is_all_there_both_ways);
    assert_int_equal(pair.accepter.fingerprint, there);
    assert_int_equal(pair.dialler.fingerprint, back);
}

#define paired(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        paired(frames_arrive_whole_and_in_order),
        paired(frames_sent_before_the_handshake_wait_for_it),
        paired(a_burst_of_tiny_frames_arrives_without_anything_after_it),
        paired(frames_can_be_answered_from_the_callback),
        paired(chunks_of_every_size_arrive),
        paired(frames_pass_chunks_that_have_not_begun),
        paired(chunks_sent_from_the_callback_do_not_pile_up_on_the_stack),
        paired(a_missing_buffer_stops_the_sender),
        paired(a_missing_buffer_does_not_stop_what_we_send),
        paired(small_chunks_go_on_after_every_pause),
        paired(a_buffer_that_nobody_waits_for_is_dropped),
        paired(a_peer_that_stops_reading_is_given_up),
        paired(a_queue_that_overflows_in_one_turn_ends_in_the_next),
        paired(no_memory_for_a_frame_ends_the_connection),
        paired(handlers_can_be_swapped_within_a_callback),
        paired(keys_change_while_chunks_flow_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
