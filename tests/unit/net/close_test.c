/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection ends: by us, by them, in the middle of something, from inside each callback; and peers that hold the secret
 * and lie. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/time.h"
#include "net/endpoint.h"
#include "support/net_pair.h"
#include "support/test.h"

#define assert_contains(text, part)                              \
    do {                                                         \
        if (!strstr(text, part))                                 \
            fail_msg("\"%s\" does not hold \"%s\"", text, part); \
    } while (0)

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

static void close_end(struct net_end *end) {
    struct fr_conn *conn = end->conn;
    end->conn = NULL;
    fr_conn_close(conn);
}

static void send_chunks(struct net_end *end, unsigned count, uint32_t bytes) {
    for (unsigned i = 0; i < count; i++) {
        struct fr_buffer *buffer = net_pair_chunk(i, bytes);
        fr_conn_send_chunk(end->conn, i, buffer);
        fr_buffer_unref(buffer);
    }
}

/* ---- by us ---- */

static void what_was_queued_arrives_before_the_end(void **state) {
    (void) state;
    uint8_t *body = fr_alloc_zeroed(1, FR_FRAME_BODY_MAX);
    net_pair_connect(&pair);
    for (unsigned i = 0; i < 50; i++)
        net_end_send_frame(&pair.dialler, body, FR_FRAME_BODY_MAX);
    close_end(&pair.dialler);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.frame_count, 50);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_contains(pair.accepter.failure.text, "closed the connection");
    assert_null(strstr(pair.accepter.failure.text, "middle"));
    assert_false(pair.dialler.is_closed);
    fr_free(body);
}

static bool has_begun(struct net_pair *at) {
    uint32_t size;
    return at->accepter.chunk_count > 0 || at->accepter.is_closed || fr_conn_is_waiting_for_buffer(at->accepter.conn, &size);
}

static void a_chunk_that_began_is_finished_and_others_are_dropped(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.accepter.is_withholding = true;
    send_chunks(&pair.dialler, 3, FR_CHUNK_BYTES_MAX); /* more than the kernel takes, so the first one is under way for long */
    net_pair_run_until(&pair, has_begun);
    net_end_send_frame(&pair.dialler, (const uint8_t *) "bye", 3);
    close_end(&pair.dialler);
    net_pair_run_for(&pair, 20);
    pair.accepter.is_withholding = false;
    fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(FR_CHUNK_BYTES_MAX));
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_true(pair.accepter.chunk_count >= 1 && pair.accepter.chunk_count < 3);
    assert_int_equal(pair.accepter.frame_count, 1);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_null(strstr(pair.accepter.failure.text, "middle"));
}

static void both_may_close_at_once(void **state) {
    (void) state;
    net_pair_connect(&pair);
    send_chunks(&pair.dialler, 3, 1 << 20);
    send_chunks(&pair.accepter, 3, 1 << 20);
    uv_run(&pair.loop, UV_RUN_NOWAIT);
    close_end(&pair.dialler);
    close_end(&pair.accepter);
    uint64_t began_at = uv_hrtime();
    fr_listener_close(pair.listener);
    pair.listener = NULL;
    uv_run(&pair.loop, UV_RUN_DEFAULT); /* until no handle is left */
    assert_true(uv_hrtime() - began_at < FR_SECOND);
    assert_false(pair.dialler.is_closed || pair.accepter.is_closed);
}

static void a_peer_that_does_not_react_holds_the_end_up_two_seconds_at_most(void **state) {
    (void) state;
    net_pair_connect(&pair);
    pair.accepter.is_withholding = true;
    send_chunks(&pair.dialler, 8, FR_CHUNK_BYTES_MAX);
    net_pair_run_until(&pair, has_begun);
    uint64_t began_at = uv_hrtime();
    close_end(&pair.dialler);
    net_pair_run_for(&pair, 1500); /* the accepter is alive, its connection waits for a buffer for ever */
    fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(FR_CHUNK_BYTES_MAX));
    net_pair_run_until(&pair, has_begun);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_true(uv_hrtime() - began_at < 3 * FR_SECOND);
}

/* The last words of one that closes are read although we are sending to it as fast as we can, and its kernel resets us for it. */
static void last_words_are_heard_over_our_own_talk(void **state) {
    (void) state;
    net_pair_connect(&pair);
    send_chunks(&pair.dialler, 20, FR_CHUNK_BYTES_MAX);
    net_pair_run_until(&pair, has_begun);
    net_end_send_frame(&pair.accepter, (const uint8_t *) "I refuse", 8);
    close_end(&pair.accepter);
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    assert_int_equal(pair.dialler.frame_count, 1);
    assert_int_equal(pair.dialler.failure.error, FR_E_CLOSED);
}

/* ---- from inside each callback ---- */

static void close_on_frame(struct net_end *end, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    (void) type;
    close_end(end);
    assert_memory_equal(body, "last", bytes); /* valid until the return */
}

static void close_on_chunk(struct net_end *end, fr_chunk_index chunk, const struct fr_buffer *buffer) {
    (void) chunk, (void) buffer;
    close_end(end);
}

static void close_on_chunk_sent(struct net_end *end, fr_chunk_index chunk) {
    (void) chunk;
    close_end(end);
}

enum { ON_READY, ON_FRAME, ON_CHUNK_BEGIN, ON_CHUNK_BEGIN_WITHHOLDING, ON_CHUNK, ON_CHUNK_SENT, CALLBACKS };

static void every_callback_may_close_its_connection(void **state) {
    (void) state;
    for (int which = 0; which < CALLBACKS; which++) {
        for (int side = 0; side < 2; side++) {
            struct net_pair at;
            net_pair_init(&at, "127.0.0.1", 1, 1);
            struct net_end *end = side ? &at.accepter : &at.dialler, *other = side ? &at.dialler : &at.accepter;
            end->on_ready = which == ON_READY ? close_end : NULL;
            end->on_frame = which == ON_FRAME ? close_on_frame : NULL;
            end->on_chunk_begin = which == ON_CHUNK_BEGIN || which == ON_CHUNK_BEGIN_WITHHOLDING ? close_end : NULL;
            end->is_withholding = which == ON_CHUNK_BEGIN_WITHHOLDING;
            end->on_chunk = which == ON_CHUNK ? close_on_chunk : NULL;
            end->on_chunk_sent = which == ON_CHUNK_SENT ? close_on_chunk_sent : NULL;
            net_pair_dial(&at);
            while (!other->is_ready && !other->is_closed)
                uv_run(&at.loop, UV_RUN_ONCE);
            if (other->conn && which == ON_FRAME) {
                net_end_send_frame(other, (const uint8_t *) "last", 4);
                net_end_send_frame(other, (const uint8_t *) "lost", 4);
            } else if (other->conn && which != ON_CHUNK_SENT && which != ON_READY) {
                send_chunks(other, 3, 100000);
            }
            while (which == ON_CHUNK_SENT && !end->is_ready)
                uv_run(&at.loop, UV_RUN_ONCE);
            if (which == ON_CHUNK_SENT)
                send_chunks(end, 3, 100000);
            net_pair_run_until(&at, side ? net_pair_is_dialler_closed : net_pair_is_accepter_closed);
            assert_int_equal(other->failure.error, FR_E_CLOSED);
            assert_false(end->is_closed);
            assert_null(end->conn);
            assert_true(end->frame_count + end->chunk_count + end->sent_count <= 1);
            net_pair_done(&at);
        }
    }
}

/* ---- peers that hold the secret and speak by themselves ---- */

struct liar {
    int socket;
    struct fr_tls *tls;
};

static bool is_adopted(struct net_pair *at) { return at->accepter.conn != NULL; }

static void let_run(void) { net_pair_run_for(&pair, 1); }

/* A TLS session on a plain socket, with the accepter on the other side. */
static void liar_connect(struct liar *liar) {
    struct fr_failure failure = {0};
    struct fr_endpoint endpoint;
    assert_int_equal(fr_endpoint_parse(pair.address, &endpoint), 0);
    struct addrinfo *list = fr_endpoint_numeric(&endpoint, false);
    int on = 1;
    liar->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(liar->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* else a reset overtakes what was said last */
    assert_true(connect(liar->socket, list->ai_addr, list->ai_addrlen) == 0 || errno == EINPROGRESS);
    freeaddrinfo(list);
    net_pair_run_until(&pair, is_adopted);
    liar->tls = fr_tls_new(pair.dialler.tls, liar->socket, true);
    enum fr_tls_result result;
    while ((result = fr_tls_handshake(liar->tls, &failure)) == FR_TLS_WANT_READ || result == FR_TLS_WANT_WRITE)
        let_run();
    assert_int_equal(result, FR_TLS_OK);
    while (!pair.accepter.is_ready)
        let_run();
}

static void liar_say(struct liar *liar, const void *bytes, size_t count) {
    struct fr_failure failure = {0};
    size_t wrote = 0;
    assert_int_equal(fr_tls_write(liar->tls, bytes, count, &wrote, &failure), FR_TLS_OK);
    assert_int_equal(wrote, count);
    assert_int_equal(fr_tls_flush(liar->tls, &failure), FR_TLS_OK);
}

static void liar_done(struct liar *liar) {
    fr_tls_free(liar->tls);
    close(liar->socket);
}

static void expect_protocol_error(const void *bytes, size_t count) {
    struct liar liar;
    liar_connect(&liar);
    liar_say(&liar, bytes, count);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_PROTOCOL);
    assert_contains(pair.accepter.failure.text, "127.0.0.1:");
    assert_contains(pair.accepter.failure.text, "broke the protocol");
    liar_done(&liar);
}

static void an_unknown_frame_is_a_protocol_error(void **state) {
    (void) state;
    expect_protocol_error("\xff\x00\x00\x00", 4);
}

static void a_frame_of_absurd_length_is_a_protocol_error(void **state) {
    (void) state;
    expect_protocol_error("\x01\xff\xff\xff", 4);
}

static void a_chunk_of_absurd_length_is_a_protocol_error(void **state) {
    (void) state;
    expect_protocol_error("\x06\xff\xff\xff\x00\x00\x00\x00", 8);
}

static void plain_bytes_in_the_middle_are_a_protocol_error(void **state) {
    (void) state;
    struct liar liar;
    liar_connect(&liar);
    assert_int_equal(send(liar.socket, "plain and not encrypted at all, longer than a record's head", 59, 0), 59);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_PROTOCOL);
    assert_contains(pair.accepter.failure.text, "TLS");
    liar_done(&liar);
}

static void an_end_in_the_middle_of_a_frame_is_told(void **state) {
    (void) state;
    struct liar liar;
    liar_connect(&liar);
    liar_say(&liar,
             "\x16\x00\x00\x0a"
             "half",
             8);
    fr_tls_close_notify(liar.tls);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_contains(pair.accepter.failure.text, "in the middle of a frame");
    liar_done(&liar);
}

static void an_end_without_goodbye_in_the_middle_of_a_chunk_is_told(void **state) {
    (void) state;
    struct liar liar;
    liar_connect(&liar);
    liar_say(&liar,
             "\x06\x00\x40\x04\x00\x00\x00\x01"
             "some bytes",
             18);
    net_pair_run_for(&pair, 10);
    liar_done(&liar); /* closes the socket: FIN, no close_notify */
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_contains(pair.accepter.failure.text, "in the middle of a frame");
    assert_int_equal(pair.accepter.chunk_count, 0);
}

static void a_reset_is_told(void **state) {
    (void) state;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct liar liar;
    liar_connect(&liar);
    setsockopt(liar.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    liar_say(&liar,
             "\x16\x00\x00\x04"
             "last",
             8);
    liar_done(&liar);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_contains(pair.accepter.failure.text, "reset");
    assert_int_equal(pair.accepter.frame_count, 1); /* what came before it counts */
}

/* Our own words fail in the turn in which the last ones of the other side are still to be read. */
static void last_words_are_heard_after_a_failed_send(void **state) {
    (void) state;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct liar liar;
    liar_connect(&liar);
    net_pair_run_for(&pair, 10);
    setsockopt(liar.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    liar_say(&liar,
             "\x16\x00\x00\x04"
             "last",
             8);
    liar_done(&liar);
    send_chunks(&pair.accepter, 2, 100000); /* the sending pump runs before the loop looks at the socket */
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    assert_int_equal(pair.accepter.frame_count, 1);
}

/* A reset does not pass unnoticed while the store pushes back, once the store goes on. */
static void a_reset_while_waiting_for_a_buffer_is_told(void **state) {
    (void) state;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct liar liar;
    uint32_t size;
    pair.accepter.is_withholding = true;
    liar_connect(&liar);
    setsockopt(liar.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    liar_say(&liar,
             "\x06\x00\x40\x04\x00\x00\x00\x01"
             "some bytes",
             18);
    net_pair_run_until(&pair, has_begun);
    liar_done(&liar);
    net_pair_run_for(&pair, 20);
    if (!pair.accepter.is_closed && fr_conn_is_waiting_for_buffer(pair.accepter.conn, &size))
        fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(size));
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
}

/* Head, chunk and frames in one record: after the pause no byte is left in the socket to wake anybody. */
static void what_lies_in_tls_after_a_pause_is_read(void **state) {
    (void) state;
    static const char record[] = "\x06\x00\x00\x07\x00\x00\x00\x05"
                                 "abc"
                                 "\x16\x00\x00\x02"
                                 "hi"
                                 "\x06\x00\x00\x05\x00\x00\x00\x06"
                                 "z"
                                 "\x11\x00\x00\x00";
    struct liar liar;
    uint32_t size = 0;
    pair.accepter.is_withholding = true;
    liar_connect(&liar);
    liar_say(&liar, record, sizeof record - 1);
    net_pair_run_until(&pair, has_begun);
    net_pair_run_for(&pair, 10);
    assert_true(fr_conn_is_waiting_for_buffer(pair.accepter.conn, &size));
    assert_int_equal(size, 3);
    fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(size));
    net_pair_run_for(&pair, 10);
    assert_int_equal(pair.accepter.chunk_count, 1);
    assert_true(fr_conn_is_waiting_for_buffer(pair.accepter.conn, &size));
    assert_int_equal(size, 1);
    fr_conn_give_buffer(pair.accepter.conn, fr_buffer_new(size));
    net_pair_run_for(&pair, 10);
    assert_int_equal(pair.accepter.order_count, 4);
    assert_memory_equal(pair.accepter.order, "cfcf", 4);
    liar_done(&liar);
}

#define paired(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        paired(what_was_queued_arrives_before_the_end),
        paired(a_chunk_that_began_is_finished_and_others_are_dropped),
        paired(both_may_close_at_once),
        paired(a_peer_that_does_not_react_holds_the_end_up_two_seconds_at_most),
        paired(last_words_are_heard_over_our_own_talk),
        cmocka_unit_test(every_callback_may_close_its_connection),
        paired(an_unknown_frame_is_a_protocol_error),
        paired(a_frame_of_absurd_length_is_a_protocol_error),
        paired(a_chunk_of_absurd_length_is_a_protocol_error),
        paired(plain_bytes_in_the_middle_are_a_protocol_error),
        paired(an_end_in_the_middle_of_a_frame_is_told),
        paired(an_end_without_goodbye_in_the_middle_of_a_chunk_is_told),
        paired(a_reset_is_told),
        paired(last_words_are_heard_after_a_failed_send),
        paired(a_reset_while_waiting_for_a_buffer_is_told),
        paired(what_lies_in_tls_after_a_pause_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
