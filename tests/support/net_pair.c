/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of a connection on one loop. */
#include "support/net_pair.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/time.h"
#include "support/test.h"

enum { LIMIT_MS = 40000, TICK_MS = 5 };

uint64_t net_pair_mix(uint64_t fingerprint, uint64_t number, const uint8_t *bytes, size_t count) {
    fingerprint = (fingerprint ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < count; i++)
        fingerprint = (fingerprint ^ bytes[i]) * UINT64_C(0x100000001b3);
    return fingerprint;
}

static void note(struct net_end *end, char what) {
    if (end->order_count < NET_PAIR_FRAMES_MAX)
        end->order[end->order_count] = what;
    end->order_count++;
}

static void on_ready(struct fr_conn *conn, void *user) {
    struct net_end *end = user;
    assert_ptr_equal(conn, end->conn);
    assert_false(end->is_ready);
    end->is_ready = true;
    if (end->on_ready)
        end->on_ready(end);
}

static void on_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct net_end *end = user;
    assert_ptr_equal(conn, end->conn);
    assert_true(end->is_ready && !end->is_closed);
    end->frame_count++;
    end->frame_bytes += bytes;
    end->fingerprint = net_pair_mix(end->fingerprint, type, body, bytes);
    note(end, 'f');
    if (end->on_frame)
        end->on_frame(end, type, body, bytes);
}

static struct fr_buffer *on_chunk_begin(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    struct net_end *end = user;
    (void) conn, (void) chunk;
    assert_false(end->is_closed);
    if (end->on_chunk_begin)
        end->on_chunk_begin(end);
    return end->is_withholding ? NULL : fr_buffer_new(chunk_size);
}

static void on_chunk(struct fr_conn *conn, void *user, fr_chunk_index chunk, struct fr_buffer *buffer) {
    struct net_end *end = user;
    (void) conn;
    assert_false(end->is_closed);
    end->chunk_count++;
    end->chunk_bytes += buffer->bytes;
    end->fingerprint = net_pair_mix(end->fingerprint, chunk, buffer->data, buffer->bytes);
    note(end, 'c');
    if (end->on_chunk)
        end->on_chunk(end, chunk, buffer);
    fr_buffer_unref(buffer);
}

static void on_chunk_sent(struct fr_conn *conn, void *user, fr_chunk_index chunk) {
    struct net_end *end = user;
    (void) conn;
    assert_false(end->is_closed);
    end->sent_count++;
    if (end->on_chunk_sent)
        end->on_chunk_sent(end, chunk);
}

static void on_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    struct net_end *end = user;
    assert_ptr_equal(conn, end->conn);
    assert_false(end->is_closed);
    end->is_closed = true;
    end->failure = *failure;
    end->conn = NULL;
    if (end->on_closed)
        end->on_closed(end);
}

const struct fr_conn_handlers NET_END_HANDLERS = {on_ready, on_frame, on_chunk_begin, on_chunk, on_chunk_sent, on_closed};

static void on_accept(void *user, int socket) {
    struct net_pair *pair = user;
    struct fr_conn_options options = pair->options;
    options.tls = pair->accepter.tls;
    assert_null(pair->accepter.conn);
    assert_int_equal(fr_conn_adopt(&options, socket, &NET_END_HANDLERS, &pair->accepter, &pair->accepter.conn), 0);
}

static void on_tick(uv_timer_t *timer) {
    struct net_pair *pair = timer->data;
    if (uv_now(&pair->loop) >= pair->limit_at)
        pair->is_late = true;
}

static struct fr_tls_config *make_tls(uint8_t secret_byte) {
    uint8_t secret[FR_KEY_BYTES];
    struct fr_failure failure = {0};
    memset(secret, secret_byte, sizeof secret);
    struct fr_tls_config *tls = fr_tls_config_new(secret, &failure);
    assert_non_null(tls);
    return tls;
}

void net_pair_init(struct net_pair *pair, const char *host, uint8_t dialler_secret, uint8_t accepter_secret) {
    struct fr_failure failure = {0};
    *pair = (struct net_pair){0};
    assert_int_equal(uv_loop_init(&pair->loop), 0);
    uv_timer_init(&pair->loop, &pair->watchdog);
    pair->watchdog.data = pair;
    pair->dialler.pair = pair->accepter.pair = pair;
    pair->dialler.tls = make_tls(dialler_secret);
    pair->accepter.tls = make_tls(accepter_secret);
    pair->options = (struct fr_conn_options){.loop = &pair->loop, .handshake_timeout = 5 * FR_SECOND};
    snprintf(pair->address, sizeof pair->address, "%s:0", host);
    assert_int_equal(fr_listener_open(&pair->loop, pair->address, on_accept, pair, &pair->listener, &failure), 0);
    snprintf(pair->address, sizeof pair->address, "%s:%u", host, fr_listener_port(pair->listener));
}

void net_pair_done(struct net_pair *pair) {
    if (pair->dialler.conn)
        fr_conn_close(pair->dialler.conn);
    if (pair->accepter.conn)
        fr_conn_close(pair->accepter.conn);
    pair->dialler.conn = pair->accepter.conn = NULL;
    fr_listener_close(pair->listener);
    uv_close((uv_handle_t *) &pair->watchdog, NULL);
    uv_run(&pair->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&pair->loop), 0);
    fr_tls_config_free(pair->dialler.tls);
    fr_tls_config_free(pair->accepter.tls);
}

void net_pair_dial(struct net_pair *pair) {
    struct fr_conn_options options = pair->options;
    options.tls = pair->dialler.tls;
    assert_int_equal(fr_conn_dial(&options, pair->address, &NET_END_HANDLERS, &pair->dialler, &pair->dialler.conn), 0);
}

void net_pair_run_until(struct net_pair *pair, bool (*is_done)(struct net_pair *pair)) {
    uv_update_time(&pair->loop);
    pair->is_late = false;
    pair->limit_at = uv_now(&pair->loop) + LIMIT_MS;
    uv_timer_start(&pair->watchdog, on_tick, TICK_MS, TICK_MS);
    while (!is_done(pair) && !pair->is_late)
        uv_run(&pair->loop, UV_RUN_ONCE);
    uv_timer_stop(&pair->watchdog);
    assert_false(pair->is_late);
}

void net_pair_run_for(struct net_pair *pair, unsigned ms) {
    uv_update_time(&pair->loop);
    pair->is_late = false;
    pair->limit_at = uv_now(&pair->loop) + ms;
    uv_timer_start(&pair->watchdog, on_tick, 1, 1);
    while (!pair->is_late)
        uv_run(&pair->loop, UV_RUN_ONCE);
    uv_timer_stop(&pair->watchdog);
}

bool net_pair_is_ready(struct net_pair *pair) { return pair->dialler.is_ready && pair->accepter.is_ready; }

bool net_pair_is_dialler_closed(struct net_pair *pair) { return pair->dialler.is_closed; }

bool net_pair_is_accepter_closed(struct net_pair *pair) { return pair->accepter.is_closed; }

bool net_pair_are_both_closed(struct net_pair *pair) { return pair->dialler.is_closed && pair->accepter.is_closed; }

void net_pair_connect(struct net_pair *pair) {
    net_pair_dial(pair);
    net_pair_run_until(pair, net_pair_is_ready);
}

struct fr_buffer *net_pair_chunk(fr_chunk_index chunk, uint32_t bytes) {
    struct fr_buffer *buffer = fr_buffer_new(bytes);
    assert_non_null(buffer);
    uint32_t state = chunk * 2654435761u + 1;
    for (uint32_t i = 0; i < bytes; i++) {
        state = state * 1664525u + 1013904223u;
        buffer->data[i] = (uint8_t) (state >> 24);
    }
    buffer->bytes = bytes;
    return buffer;
}

void net_end_send_frame(struct net_end *end, const uint8_t *body, uint32_t bytes) {
    uint8_t *frame = fr_alloc(FR_FRAME_HEAD_BYTES + bytes);
    assert_non_null(frame);
    frame[0] = FR_FRAME_STATUS;
    frame[1] = (uint8_t) (bytes >> 16);
    frame[2] = (uint8_t) (bytes >> 8);
    frame[3] = (uint8_t) bytes;
    memcpy(frame + FR_FRAME_HEAD_BYTES, body, bytes);
    fr_conn_send(end->conn, frame, FR_FRAME_HEAD_BYTES + bytes);
    fr_free(frame);
}
