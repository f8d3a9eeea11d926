/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual network, held to arithmetic: when things arrive, in what order, and what every kind of break does. Rates are in bytes a
 * second such that a chunk of 1000 bytes takes a millisecond; the few bytes of its head are left out by rounding to microseconds. */
#include "sim/network.h"

#include <stdio.h>

#include "base/time.h"
#include "support/test.h"
#include "wire/message.h"

enum { PORTS = 4, CHUNK = 1000000 }; /* large, so that heads do not count */
#define RATE 1000000000u             /* a chunk takes a millisecond */

static struct fr_sim_clock sim_clock;
static struct fr_prng prng;
static struct fr_sim_network network;

/* What the hosts hear, as a line each. */
static char heard[4000];
static struct fr_sim_end *accepted[16];
static uint32_t accepted_count;
static bool refuses_chunks;
static int names[16]; /* user pointers */

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...) {
    va_list arguments;
    size_t used = strlen(heard);
    used += (size_t) snprintf(heard + used, sizeof heard - used, "%.1f ", (double) sim_clock.now / (double) FR_MS);
    va_start(arguments, format);
    used += (size_t) vsnprintf(heard + used, sizeof heard - used, format, arguments);
    va_end(arguments);
    snprintf(heard + used, sizeof heard - used, "\n");
}

static void on_incoming(void *port_user, struct fr_sim_end *end) {
    note("%d incoming", *(int *) port_user);
    end->user = &names[8 + accepted_count];
    accepted[accepted_count++] = end;
}

static void on_ready(void *user) { note("%d ready", *(int *) user); }

static void on_frame(void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    (void) body;
    note("%d %s %u", *(int *) user, fr_frame_name(type), bytes);
}

static bool on_chunk_begin(void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    (void) user;
    (void) chunk;
    assert_int_equal(chunk_size, CHUNK);
    return !refuses_chunks;
}

static void on_chunk(void *user, fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt) {
    assert_int_equal(chunk_size, CHUNK);
    note("%d chunk %u%s", *(int *) user, chunk, is_corrupt ? " corrupt" : "");
}

static void on_chunk_sent(void *user, fr_chunk_index chunk) { note("%d sent %u", *(int *) user, chunk); }

static void on_closed(void *user, const struct fr_failure *failure) { note("%d closed: %s", *(int *) user, failure->text); }

static const struct fr_sim_handlers handlers = {on_incoming, on_ready, on_frame, on_chunk_begin, on_chunk, on_chunk_sent, on_closed};

static int begin(void **state) {
    (void) state;
    heard[0] = '\0';
    accepted_count = 0;
    refuses_chunks = false;
    fr_sim_clock_init(&sim_clock, 0);
    fr_prng_init(&prng, 1);
    fr_sim_network_init(&network, PORTS, &sim_clock, &prng);
    network.handlers = &handlers;
    network.handshake_timeout = FR_SECOND;
    for (int i = 0; i < 16; i++)
        names[i] = i;
    for (uint32_t i = 0; i < PORTS; i++) {
        network.ports[i].user = &names[i];
        network.ports[i].up_rate = network.ports[i].down_rate = RATE;
    }
    return 0;
}

static int end(void **state) {
    (void) state;
    fr_sim_network_done(&network);
    fr_sim_clock_done(&sim_clock);
    return 0;
}

static void run(void) {
    while (fr_sim_clock_step(&sim_clock))
        ;
}

static void run_until(fr_time_ns at) {
    uint64_t next;
    while (fr_heap_peek(&sim_clock.heap, &next) && next <= at)
        fr_sim_clock_step(&sim_clock);
}

static void expect_heard(const char *lines) {
    assert_string_equal(heard, lines);
    heard[0] = '\0';
}

/* A link from one port to another, ready, and the clock at a round moment. The dialler's name is `from`, the accepter's 8 and up. */
static struct fr_sim_end *connect(uint32_t from, uint32_t to) {
    struct fr_sim_end *dialled = fr_sim_end_dial(&network.ports[from], to, &names[from]);
    run();
    heard[0] = '\0';
    sim_clock.now = (sim_clock.now / FR_SECOND + 1) * FR_SECOND;
    return dialled;
}

static void rewind_clock(void) { sim_clock.now = 0; }

/* Everything is idle: let times in the notes count from here. */
static struct fr_sim_end *connect_at_zero(uint32_t from, uint32_t to) {
    struct fr_sim_end *dialled = connect(from, to);
    rewind_clock();
    for (uint32_t i = 0; i < PORTS; i++)
        network.ports[i].downlink_free_at = 0;
    dialled->last_arrival_at = dialled->other->last_arrival_at = 0;
    return dialled;
}

static void send_ping(struct fr_sim_end *from) {
    uint8_t frame[16];
    fr_sim_end_send(from, frame, (uint32_t) fr_empty_encode(FR_FRAME_PING, frame, sizeof frame));
}

static void a_handshake_takes_two_round_trips(void **state) {
    (void) state;
    network.delay = 10 * FR_MS;
    fr_sim_end_dial(&network.ports[0], 1, &names[0]);
    run();
    expect_heard("30.0 1 incoming\n40.0 0 ready\n");
}

static void dialling_the_dead_is_refused_and_the_gone_is_silent(void **state) {
    (void) state;
    network.delay = 10 * FR_MS;
    network.ports[1].is_dead = true;
    fr_sim_port_kill(&network.ports[2], false);
    fr_sim_end_dial(&network.ports[0], 1, &names[0]);
    fr_sim_end_dial(&network.ports[0], 2, &names[3]);
    run();
    expect_heard("40.0 0 closed: connection refused\n1000.0 3 closed: no answer\n");
}

static void chunks_leave_one_after_the_other_links_in_turn(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1), *b = connect_at_zero(0, 2);
    (void) state;
    network.delay = 5 * FR_MS;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(a, 2, CHUNK, true);
    fr_sim_end_send_chunk(a, 4, CHUNK, false);
    fr_sim_end_send_chunk(b, 3, CHUNK, false);
    fr_sim_end_send_chunk(b, 5, CHUNK, false);
    run();
    expect_heard("1.0 0 sent 1\n2.0 0 sent 2\n3.0 0 sent 3\n4.0 0 sent 4\n5.0 0 sent 5\n"
                 "6.0 8 chunk 1\n7.0 8 chunk 2 corrupt\n8.0 9 chunk 3\n9.0 8 chunk 4\n10.0 9 chunk 5\n");
}

static void control_goes_ahead_of_chunks_not_begun(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(a, 2, CHUNK, false);
    send_ping(a);
    run();
    expect_heard("1.0 0 sent 1\n1.0 8 chunk 1\n1.0 8 PING 0\n2.0 0 sent 2\n2.0 8 chunk 2\n");
}

static void two_senders_share_a_downlink(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 2), *b = connect_at_zero(1, 2);
    (void) state;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(b, 2, CHUNK, false);
    run();
    expect_heard("1.0 0 sent 1\n1.0 1 sent 2\n1.0 8 chunk 1\n2.0 9 chunk 2\n");
}

static void a_slow_downlink_holds_senders_back(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1), *b = connect_at_zero(0, 2);
    (void) state;
    network.ports[1].down_rate = RATE / 10;
    network.ports[1].downlink_queue_bytes = CHUNK;
    for (uint32_t i = 0; i < 3; i++)
        fr_sim_end_send_chunk(a, i, CHUNK, false);
    for (uint32_t i = 10; i < 13; i++)
        fr_sim_end_send_chunk(b, i, CHUNK, false);
    run();
    expect_heard("1.0 0 sent 0\n2.0 0 sent 10\n2.0 9 chunk 10\n3.0 0 sent 11\n3.0 9 chunk 11\n4.0 0 sent 12\n4.0 9 chunk 12\n"
                 "10.0 8 chunk 0\n11.0 0 sent 1\n20.0 8 chunk 1\n21.0 0 sent 2\n30.0 8 chunk 2\n");
}

static void what_is_not_wanted_is_dropped(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    refuses_chunks = true;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    run();
    expect_heard("1.0 0 sent 1\n");
}

static void jitter_never_reorders_a_link(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    const char *at = heard;
    (void) state;
    network.jitter = 50 * FR_MS;
    network.piece_bytes_max = 3;
    for (uint32_t i = 0; i < 8; i++) {
        fr_sim_end_send_chunk(a, i, CHUNK, false);
        run_until(sim_clock.now + FR_MS / 2);
        send_ping(a);
    }
    run();
    for (uint32_t i = 0; i < 8; i++) {
        char line[32];
        snprintf(line, sizeof line, " 8 chunk %u\n", i);
        at = strstr(at, line);
        assert_non_null(at);
    }
}

static void a_cut_path_is_silent_and_heals_in_order(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    network.delay = 5 * FR_MS;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    run_until(2 * FR_MS);
    fr_sim_network_cut(&network, 0, 1);
    send_ping(a); /* stays here */
    fr_sim_end_send_chunk(a, 2, CHUNK, false);
    send_ping(accepted[0]); /* the other way is open */
    run();
    expect_heard("1.0 0 sent 1\n6.0 0 PING 0\n");
    sim_clock.now = 100 * FR_MS;
    fr_sim_network_heal(&network, 0, 1);
    run();
    expect_heard("100.0 8 chunk 1\n101.0 0 sent 2\n105.0 8 PING 0\n106.0 8 chunk 2\n");
}

static void a_path_that_is_cut_twice_heals_twice(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_network_cut(&network, 0, 1);
    fr_sim_network_cut(&network, 0, 1);
    send_ping(a);
    fr_sim_network_heal(&network, 0, 1);
    run();
    expect_heard("");
    fr_sim_network_heal(&network, 0, 1);
    fr_sim_network_heal(&network, 0, 1); /* there is nothing to heal */
    run();
    expect_heard("0.0 8 PING 0\n");
}

/* Half of the last chunk comes at 1 %, the rest as ever. Others do not wait for any of it. */
static void a_clogged_path_takes_one_chunk_at_a_time(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1), *b = connect_at_zero(0, 2);
    (void) state;
    fr_sim_network_clog(&network, 0, 1, 0.01, 150 * FR_MS);
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(a, 2, CHUNK, false);
    fr_sim_end_send_chunk(b, 3, CHUNK, false);
    run_until(150 * FR_MS);
    fr_sim_network_unclog(&network, 0, 1);
    run();
    expect_heard("1.0 0 sent 1\n2.0 0 sent 3\n2.0 9 chunk 3\n100.0 8 chunk 1\n101.0 0 sent 2\n150.5 8 chunk 2\n");
}

/* Of what is under way a part may still come, but nothing after that, and both hear of it. */
static void a_link_that_is_reset_ends_in_the_middle(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    network.delay = 5 * FR_MS;
    assert_false(fr_sim_port_reset(&network.ports[0], 2));
    for (int i = 0; i < 3; i++)
        send_ping(a);
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    run_until(FR_MS / 2);
    assert_true(fr_sim_port_reset(&network.ports[0], 1));
    assert_false(fr_sim_port_reset(&network.ports[0], 1));
    send_ping(a); /* it has not heard of that yet */
    fr_sim_end_send_chunk(a, 2, CHUNK, false);
    run();
    assert_non_null(strstr(heard, " 0 closed: connection reset by the other side\n"));
    assert_non_null(strstr(heard, " 8 closed: connection reset by the other side\n"));
    assert_null(strstr(heard, "chunk 2"));
}

static void a_killed_process_resets_its_links(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    network.delay = 5 * FR_MS;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    run_until(FR_MS / 2);
    fr_sim_port_kill(&network.ports[0], true);
    run();
    expect_heard("6.0 8 closed: connection reset by the other side\n"); /* and no chunk: it was cut short */
}

static void a_vanished_host_says_nothing(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_port_kill(&network.ports[0], false);
    send_ping(accepted[0]);
    fr_sim_end_send_chunk(accepted[0], 1, CHUNK, false);
    run();
    expect_heard("");
    (void) a;
}

static void a_paused_process_hears_all_later(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_port_pause(&network.ports[1]);
    send_ping(a);
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(accepted[0], 7, CHUNK, false); /* its kernel goes on */
    run();
    expect_heard("1.0 0 chunk 7\n1.0 0 sent 1\n");
    sim_clock.now = 50 * FR_MS;
    fr_sim_port_resume(&network.ports[1]);
    run();
    expect_heard("50.0 8 PING 0\n50.0 8 sent 7\n50.0 8 chunk 1\n");
}

static void closing_sends_what_is_queued_but_no_chunk(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    fr_sim_end_send_chunk(a, 2, CHUNK, false);
    send_ping(a);
    fr_sim_end_close(a);
    run();
    expect_heard("1.0 8 chunk 1\n1.0 8 PING 0\n1.0 8 closed: closed by the other side\n");
}

static void nothing_is_left_over(void **state) {
    struct fr_sim_end *a = connect_at_zero(0, 1);
    (void) state;
    fr_sim_end_send_chunk(a, 1, CHUNK, false);
    run();
    fr_sim_end_close(a);
    run();
    assert_int_equal(network.parcels.out_count, 0);
    assert_int_equal(network.links.out_count, 0);
    assert_int_equal(network.notices.out_count, 0);
    assert_int_equal(network.ports[1].inbound_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_handshake_takes_two_round_trips, begin, end),
        cmocka_unit_test_setup_teardown(dialling_the_dead_is_refused_and_the_gone_is_silent, begin, end),
        cmocka_unit_test_setup_teardown(chunks_leave_one_after_the_other_links_in_turn, begin, end),
        cmocka_unit_test_setup_teardown(control_goes_ahead_of_chunks_not_begun, begin, end),
        cmocka_unit_test_setup_teardown(two_senders_share_a_downlink, begin, end),
        cmocka_unit_test_setup_teardown(a_slow_downlink_holds_senders_back, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_wanted_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(jitter_never_reorders_a_link, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_path_is_silent_and_heals_in_order, begin, end),
        cmocka_unit_test_setup_teardown(a_path_that_is_cut_twice_heals_twice, begin, end),
        cmocka_unit_test_setup_teardown(a_clogged_path_takes_one_chunk_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(a_link_that_is_reset_ends_in_the_middle, begin, end),
        cmocka_unit_test_setup_teardown(a_killed_process_resets_its_links, begin, end),
        cmocka_unit_test_setup_teardown(a_vanished_host_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_paused_process_hears_all_later, begin, end),
        cmocka_unit_test_setup_teardown(closing_sends_what_is_queued_but_no_chunk, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_left_over, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
