/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that share a rate: all bytes arrive, frames do not wait with chunks, turns come in order. No test
 * here asks how fast it is. */
#include "base/time.h"
#include "net/limiter.h"
#include "support/net_pair.h"
#include "support/test.h"

enum { DEBT = 1 << 30, SLOW = 100000, FAST = 200000000 }; /* bytes; bytes a second. A debt at a slow rate outlasts every test */

static struct net_pair pair;
static struct fr_limiter *in, *out;

static int set_up(void **state) {
    (void) state;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    in = out = NULL;
    return 0;
}

/* The connections go first. */
static int tear_down(void **state) {
    (void) state;
    struct net_end *ends[] = {&pair.dialler, &pair.accepter};
    for (size_t i = 0; i < 2; i++) {
        if (ends[i]->conn)
            fr_conn_close(ends[i]->conn);
        ends[i]->conn = NULL;
    }
    net_pair_run_for(&pair, 50);
    fr_limiter_close(in);
    fr_limiter_close(out);
    net_pair_done(&pair);
    return 0;
}

static void make_limiters(uint64_t in_rate, uint64_t out_rate) {
    if (in_rate)
        assert_int_equal(fr_limiter_new(&pair.loop, in_rate, &in), 0);
    if (out_rate)
        assert_int_equal(fr_limiter_new(&pair.loop, out_rate, &out), 0);
    pair.options.limits = (struct fr_conn_limits){.in = in, .out = out};
}

static void send_chunk(struct net_end *end, fr_chunk_index chunk, uint32_t bytes) {
    struct fr_buffer *buffer = net_pair_chunk(chunk, bytes);
    fr_conn_send_chunk(end->conn, chunk, buffer);
    fr_buffer_unref(buffer);
}

static unsigned wanted_frames, wanted_chunks;

static bool is_all_there(struct net_pair *at) {
    return at->accepter.frame_count >= wanted_frames && at->accepter.chunk_count >= wanted_chunks;
}

static bool is_all_there_both_ways(struct net_pair *at) {
    return is_all_there(at) && at->dialler.frame_count >= wanted_frames && at->dialler.chunk_count >= wanted_chunks;
}

static void send_both_ways(void) {
    uint64_t fingerprint = pair.accepter.fingerprint;
    wanted_frames = 0, wanted_chunks += 20;
    for (fr_chunk_index i = 0; i < 20; i++) {
        struct fr_buffer *buffer = net_pair_chunk(i, 100000 + i);
        fingerprint = net_pair_mix(fingerprint, i, buffer->data, buffer->bytes);
        fr_conn_send_chunk(pair.dialler.conn, i, buffer);
        fr_conn_send_chunk(pair.accepter.conn, i, buffer);
        fr_buffer_unref(buffer);
    }
    net_pair_run_until(&pair, is_all_there_both_ways);
    assert_int_equal(pair.accepter.fingerprint, fingerprint);
    assert_int_equal(pair.dialler.fingerprint, fingerprint);
    assert_int_equal(pair.dialler.sent_count, wanted_chunks);
}

static void everything_arrives(uint64_t in_rate, uint64_t out_rate) {
    make_limiters(in_rate, out_rate);
    net_pair_connect(&pair);
    wanted_chunks = 0;
    send_both_ways();
}

static void everything_arrives_at_a_rate_out(void **state) {
    (void) state;
    everything_arrives(0, FAST / 4);
}

static void everything_arrives_at_a_rate_in(void **state) {
    (void) state;
    everything_arrives(FAST / 4, 0);
}

static void everything_arrives_at_rates_both_ways(void **state) {
    (void) state;
    everything_arrives(FAST, FAST / 2);
}

/* With no rate the limiter is there to watch what is on its way; on a loopback no queue stands. */
static void everything_arrives_without_a_rate(void **state) {
    (void) state;
    assert_int_equal(fr_limiter_new(&pair.loop, 0, &out), 0);
    everything_arrives(0, 0);
    net_pair_run_for(&pair, 250); /* it looks */
    send_both_ways();
}

static void paths_come_and_go_in_any_order(void **state) {
    struct fr_limiter_path paths[3] = {0};
    (void) state;
    assert_int_equal(fr_limiter_new(&pair.loop, 0, &out), 0);
    for (int gone = 0; gone < 3; gone++) {
        for (int i = 0; i < 3; i++)
            fr_limiter_watch(out, &paths[i], -1); /* no socket: it counts for nothing */
        fr_limiter_spend(out, 1000);
        for (int i = 0; i < 3; i++)
            fr_limiter_unwatch(out, &paths[(gone + i) % 3]);
        fr_limiter_unwatch(out, &paths[gone]);
        for (int i = 0; i < 3; i++)
            assert_false(paths[i].is_watched || paths[i].before || paths[i].after);
        net_pair_run_for(&pair, 120);
    }
}

static void frames_pass_a_chunk_that_waits(void **state) {
    (void) state;
    make_limiters(0, SLOW);
    net_pair_connect(&pair);
    fr_limiter_spend(out, DEBT);
    send_chunk(&pair.dialler, 0, 1000);
    net_pair_run_for(&pair, 20);
    net_end_send_frame(&pair.dialler, (const uint8_t *) "quick", 5);
    wanted_frames = 1, wanted_chunks = 0;
    net_pair_run_until(&pair, is_all_there);
    assert_int_equal(pair.accepter.chunk_count, 0);
    assert_int_equal(pair.dialler.sent_count, 0);
}

static bool has_other_side_closed(struct net_pair *at) { return at->accepter.is_closed; }

static void a_connection_that_waits_can_be_closed(void **state) {
    (void) state;
    make_limiters(0, SLOW);
    net_pair_connect(&pair);
    fr_limiter_spend(out, DEBT);
    send_chunk(&pair.dialler, 0, 1000);
    net_pair_run_for(&pair, 20);
    fr_conn_close(pair.dialler.conn);
    pair.dialler.conn = NULL;
    net_pair_run_until(&pair, has_other_side_closed);
    assert_int_equal(pair.accepter.chunk_count, 0);
    assert_int_equal(pair.accepter.failure.error, FR_E_CLOSED);
    pair.accepter.conn = NULL;
}

static bool has_begun_chunk;
static void note_begun(struct net_end *end) {
    (void) end;
    has_begun_chunk = true;
}
static bool has_begun(struct net_pair *at) {
    (void) at;
    return has_begun_chunk;
}

/* What is not read because of a rate is no silence of the other side. */
static void who_is_not_read_counts_as_heard(void **state) {
    (void) state;
    make_limiters(SLOW, 0);
    net_pair_connect(&pair);
    fr_limiter_spend(in, DEBT);
    has_begun_chunk = false;
    pair.accepter.on_chunk_begin = note_begun;
    net_end_send_frame(&pair.dialler, (const uint8_t *) "before", 6);
    send_chunk(&pair.dialler, 0, 1000);
    net_pair_run_until(&pair, has_begun);
    net_pair_run_for(&pair, 20);
    assert_int_equal(pair.accepter.frame_count, 1);
    assert_int_equal(pair.accepter.chunk_count, 0);
    fr_time_ns now = uv_hrtime();
    assert_true(fr_conn_heard_at(pair.accepter.conn) >= now);
}

/* The queue, without connections. */

struct visitor {
    struct fr_limiter_turn turn;
    size_t wants;
    char name;
};

static char called[32];
static unsigned called_count;

static void come(void *user) {
    struct visitor *visitor = user;
    called[called_count++] = visitor->name;
    size_t may = fr_limiter_ask(out, &visitor->turn, visitor->wants, visitor->turn.is_urgent);
    fr_limiter_spend(out, may);
    visitor->wants -= may;
}

static bool are_all_served(struct net_pair *at) {
    (void) at;
    return called_count >= wanted_chunks;
}

static void the_urgent_come_first_and_the_others_in_order(void **state) {
    (void) state;
    struct visitor visitors[5] = {{.name = 'a'}, {.name = 'b'}, {.name = 'U'}, {.name = 'c'}, {.name = 'V'}};
    make_limiters(0, FAST);
    called_count = 0;
    fr_limiter_spend(out, FAST / 10);
    for (size_t i = 0; i < 5; i++) {
        visitors[i].turn = (struct fr_limiter_turn){.go = come, .user = &visitors[i]};
        visitors[i].wants = 1000;
        assert_int_equal(fr_limiter_ask(out, &visitors[i].turn, 1000, visitors[i].name < 'a'), 0);
        assert_int_equal(fr_limiter_ask(out, &visitors[i].turn, 1000, true), 0); /* again, and nothing changes */
    }
    fr_limiter_leave(out, &visitors[1].turn);
    fr_limiter_leave(out, &visitors[1].turn);
    assert_int_equal(called_count, 0);
    wanted_chunks = 4;
    net_pair_run_until(&pair, are_all_served);
    assert_memory_equal(called, "UVac", 4);
    for (size_t i = 0; i < 5; i++)
        assert_false(visitors[i].turn.is_waiting);
}

/* The second would need no more than there is, and the first does; yet the first goes first. */
static void who_comes_later_does_not_pass_those_who_wait(void **state) {
    (void) state;
    struct visitor first = {.name = '1', .wants = 16 << 10}, second = {.name = '2', .wants = 100};
    first.turn = (struct fr_limiter_turn){.go = come, .user = &first};
    second.turn = (struct fr_limiter_turn){.go = come, .user = &second};
    make_limiters(0, SLOW);
    called_count = 0;
    fr_limiter_spend(out, (16 << 10) - 2000);
    assert_int_equal(fr_limiter_ask(out, &first.turn, first.wants, false), 0);
    assert_int_equal(fr_limiter_ask(out, &second.turn, second.wants, false), 0);
    wanted_chunks = 2;
    net_pair_run_until(&pair, are_all_served);
    assert_memory_equal(called, "12", 2);
    assert_int_equal(second.wants, 0);
}

/* Takes one chunk after the other for as long as it is let, the head of each before the rest. */
struct glutton {
    struct fr_limiter_turn turn;
    size_t left; /* of its chunk */
    unsigned chunks;
};

enum { GLUTTONS = 4, GLUTTON_CHUNK = 16400, GLUTTON_HEAD = 8 };
static unsigned eaten;

static void gorge(void *user) {
    struct glutton *glutton = user;
    size_t may;
    while (eaten < wanted_chunks) {
        bool is_inside = glutton->left < GLUTTON_CHUNK;
        may = fr_limiter_ask(out, &glutton->turn, is_inside ? glutton->left : GLUTTON_HEAD, is_inside);
        if (may == 0)
            return;
        fr_limiter_spend(out, may);
        glutton->left -= may;
        if (glutton->left > 0)
            continue;
        glutton->left = GLUTTON_CHUNK;
        glutton->chunks++;
        eaten++;
    }
}

static bool is_all_eaten(struct net_pair *at) {
    (void) at;
    return eaten >= wanted_chunks;
}

static void who_always_has_more_leaves_the_others_their_share(void **state) {
    (void) state;
    struct glutton gluttons[GLUTTONS] = {0};
    make_limiters(0, FAST / 40);
    fr_limiter_spend(out, FAST / 400);
    eaten = 0;
    wanted_chunks = 200;
    for (size_t i = 0; i < GLUTTONS; i++) {
        gluttons[i].turn = (struct fr_limiter_turn){.go = gorge, .user = &gluttons[i]};
        gluttons[i].left = GLUTTON_CHUNK;
        gorge(&gluttons[i]);
    }
    net_pair_run_until(&pair, is_all_eaten);
    for (size_t i = 0; i < GLUTTONS; i++) {
        assert_in_range(gluttons[i].chunks, wanted_chunks / GLUTTONS - 2, wanted_chunks / GLUTTONS + 2);
        fr_limiter_leave(out, &gluttons[i].turn);
    }
}

/* On two connections that do not exist. */
static void let_a_queue_stand(struct fr_flight *flight) {
    const struct fr_tcp_state states[] = {{.acked = 1, .is_busy = true, .round_trip = 100 * FR_MS},
                                          {.acked = 2, .is_busy = true, .round_trip = 90 * FR_MS}};
    struct fr_flight_path paths[2] = {{0}};
    fr_time_ns now = uv_hrtime();
    for (int i = 0; i < 2; i++)
        fr_flight_look_at(flight, &paths[i], &states[i], now);
    fr_flight_look_done(flight, now + 1);
    assert_true(flight->is_on);
}

/* Nothing was told, and yet no more than the window passes at once; the rest when it has arrived, in turn. */
static void where_a_queue_stands_the_window_holds(void **state) {
    struct fr_limiter_path path = {0};
    struct visitor visitors[2] = {{.name = 'a'}, {.name = 'b'}};
    (void) state;
    assert_int_equal(fr_limiter_new(&pair.loop, 0, &out), 0);
    fr_limiter_watch(out, &path, -1);
    assert_int_equal(fr_limiter_ask(out, &visitors[0].turn, FAST, false), FAST);
    fr_limiter_spend(out, 1);
    let_a_queue_stand(fr_limiter_flight(out));
    size_t window = (size_t) fr_limiter_flight(out)->window;
    assert_int_equal(fr_limiter_ask(out, &visitors[0].turn, FAST, false), window - 1);
    fr_limiter_spend(out, window - 1);
    called_count = 0;
    for (size_t i = 0; i < 2; i++) {
        visitors[i].turn = (struct fr_limiter_turn){.go = come, .user = &visitors[i]};
        visitors[i].wants = 1000;
        assert_int_equal(fr_limiter_ask(out, &visitors[i].turn, 1000, false), 0);
        assert_true(visitors[i].turn.is_waiting);
    }
    wanted_chunks = 2;
    net_pair_run_until(&pair, are_all_served); /* the socket, which is none, holds nothing */
    assert_memory_equal(called, "ab", 2);
    fr_limiter_unwatch(out, &path);
}

/* Others hold all of the window, slow or on purpose: who has nothing on its way passes a piece, again and again, and they wait. */
static void who_has_little_on_its_way_is_not_shut_out(void **state) {
    struct fr_limiter_path paths[2] = {{0}};
    struct visitor visitors[2] = {{.name = 'l'}, {.name = 's'}};
    (void) state;
    assert_int_equal(fr_limiter_new(&pair.loop, 0, &out), 0);
    for (size_t i = 0; i < 2; i++) {
        fr_limiter_watch(out, &paths[i], -1);
        visitors[i].turn = (struct fr_limiter_turn){.go = come, .user = &visitors[i], .path = &paths[i]};
        visitors[i].wants = 1000;
    }
    fr_limiter_spend(out, 1);
    let_a_queue_stand(fr_limiter_flight(out));
    size_t window = (size_t) fr_limiter_flight(out)->window;
    assert_int_equal(fr_limiter_ask(out, &visitors[0].turn, window - 1, false), window - 1);
    fr_limiter_spend(out, window - 1);
    assert_int_equal(fr_limiter_ask(out, &visitors[1].turn, FAST, false), 16 << 10);
    assert_int_equal(fr_limiter_ask(out, &visitors[0].turn, 1000, false), 0); /* who holds it all waits, */
    assert_true(visitors[0].turn.is_waiting);
    fr_limiter_leave(out, &visitors[0].turn);
    assert_int_equal(fr_limiter_ask(out, &visitors[1].turn, FAST, false), 16 << 10); /* and the other goes on up to half its share */
    assert_int_equal(fr_limiter_ask(out, &visitors[1].turn, FAST, false), 0);
    fr_limiter_leave(out, &visitors[1].turn);
    for (size_t i = 0; i < 2; i++)
        fr_limiter_unwatch(out, &paths[i]);
}

/* A rate that was told holds too. */
static void a_window_and_a_rate_hold_both(void **state) {
    struct fr_limiter_path path = {0};
    struct fr_limiter_turn turn = {0};
    (void) state;
    assert_int_equal(fr_limiter_new(&pair.loop, SLOW, &out), 0);
    fr_limiter_watch(out, &path, -1);
    fr_limiter_spend(out, 1);
    let_a_queue_stand(fr_limiter_flight(out));
    assert_true(fr_limiter_ask(out, &turn, FAST, false) < 17 << 10); /* what the bucket holds, far less than the window */
    fr_limiter_unwatch(out, &path);
}

#define paired(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        paired(everything_arrives_at_a_rate_out),
        paired(everything_arrives_at_a_rate_in),
        paired(everything_arrives_at_rates_both_ways),
        paired(everything_arrives_without_a_rate),
        paired(paths_come_and_go_in_any_order),
        paired(frames_pass_a_chunk_that_waits),
        paired(a_connection_that_waits_can_be_closed),
        paired(who_is_not_read_counts_as_heard),
        paired(the_urgent_come_first_and_the_others_in_order),
        paired(who_comes_later_does_not_pass_those_who_wait),
        paired(who_always_has_more_leaves_the_others_their_share),
        paired(where_a_queue_stands_the_window_holds),
        paired(who_has_little_on_its_way_is_not_shut_out),
        paired(a_window_and_a_rate_hold_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
