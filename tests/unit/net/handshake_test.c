/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in, who does not, and what people are told: secrets, strangers, silence, addresses. Over real sockets on loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "support/net_pair.h"
#include "support/test.h"

#define assert_contains(text, part)                              \
    do {                                                         \
        if (!strstr(text, part))                                 \
            fail_msg("\"%s\" does not hold \"%s\"", text, part); \
    } while (0)

static void one_secret_gets_in(const char *host) {
    struct net_pair pair;
    net_pair_init(&pair, host, 1, 1);
    net_pair_connect(&pair);
    assert_string_equal(fr_conn_peer(pair.dialler.conn), pair.address);
    assert_non_null(strstr(fr_conn_peer(pair.accepter.conn), host));
    net_end_send_frame(&pair.dialler, (const uint8_t *) "x", 1);
    net_pair_done(&pair);
    assert_false(pair.dialler.is_closed); /* they closed by themselves: no callback */
}

static void the_same_secret_gets_in_over_ipv4(void **state) {
    (void) state;
    one_secret_gets_in("127.0.0.1");
}

static bool has_ipv6(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void the_same_secret_gets_in_over_ipv6(void **state) {
    (void) state;
    if (!has_ipv6()) {
        print_message("skipped: this machine has no IPv6 loopback\n");
        skip();
    }
    one_secret_gets_in("[::1]");
}

static void a_name_is_looked_up(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    snprintf(pair.address, sizeof pair.address, "localhost:%u", fr_listener_port(pair.listener));
    net_pair_dial(&pair);
    assert_string_equal(fr_conn_peer(pair.dialler.conn), pair.address);
    net_pair_run_until(&pair, net_pair_is_ready); /* [::1], where nobody listens, is tried first on most machines */
    assert_non_null(strstr(fr_conn_peer(pair.dialler.conn), "127.0.0.1:"));
    net_pair_done(&pair);
}

static void another_secret_is_refused_on_both_sides(void **state) {
    (void) state;
    struct net_pair pair;
    for (uint8_t i = 0; i < 2; i++) {
        net_pair_init(&pair, "127.0.0.1", (uint8_t) (1 + i), (uint8_t) (2 - i));
        net_pair_dial(&pair);
        net_end_send_frame(&pair.dialler, (const uint8_t *) "queued before", 13);
        net_pair_run_until(&pair, net_pair_are_both_closed);
        assert_int_equal(pair.dialler.failure.error, FR_E_SECRET);
        assert_int_equal(pair.accepter.failure.error, FR_E_SECRET);
        assert_contains(pair.dialler.failure.text, pair.address);
        assert_contains(pair.dialler.failure.text, "does not hold our cluster secret (or is no fastreplica node)");
        assert_contains(pair.accepter.failure.text, "does not hold our cluster secret");
        assert_contains(pair.accepter.failure.text, fr_tls_config_identity(pair.dialler.tls));
        assert_contains(pair.accepter.failure.text, fr_tls_config_identity(pair.accepter.tls));
        assert_false(pair.dialler.is_ready || pair.accepter.is_ready);
        assert_int_equal(pair.accepter.frame_count, 0);
        net_pair_done(&pair);
    }
}

/* The identity is what docs/protocol.md says: any implementation must arrive at the same. */
static void the_identity_follows_from_the_secret(void **state) {
    (void) state;
    uint8_t secret[FR_KEY_BYTES];
    for (unsigned i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t) i;
    struct fr_failure failure = {0};
    struct fr_tls_config *tls = fr_tls_config_new(secret, &failure);
    assert_non_null(tls);
    assert_string_equal(fr_tls_config_identity(tls), "fastreplica-1-85b40426861cd98c");
    fr_tls_config_free(tls);
    fr_tls_config_free(NULL);
}

/* ---- strangers: plain sockets on one side ---- */

static int plain_socket(const struct net_pair *pair) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fr_listener_port(pair->listener))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_true(connect(fd, (struct sockaddr *) &address, sizeof address) == 0 || errno == EINPROGRESS);
    return fd;
}

static bool is_adopted(struct net_pair *pair) { return pair->accepter.conn != NULL; }

/* Whatever a stranger says first, the connection ends, and soon. */
static void expect_dropped(const void *bytes, size_t count, bool is_then_closed, int expected_error) {
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    int fd = plain_socket(&pair);
    net_pair_run_until(&pair, is_adopted);
    if (count > 0)
        assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
    if (is_then_closed)
        close(fd);
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_int_equal(pair.accepter.failure.error, expected_error);
    assert_contains(pair.accepter.failure.text, "127.0.0.1:");
    assert_false(pair.accepter.is_ready);
    if (!is_then_closed)
        close(fd);
    net_pair_done(&pair);
}

static void plain_talk_is_dropped(void **state) {
    (void) state;
    uint8_t noise[4000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t) (i * 131 + 7);
    expect_dropped("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, false, FR_E_SECRET);
    expect_dropped(noise, sizeof noise, false, FR_E_SECRET);
    expect_dropped("SSH-2.0-OpenSSH_9.2p1\r\n", 23, false, FR_E_SECRET);
    memset(noise, 0, sizeof noise);
    expect_dropped(noise, sizeof noise, false, FR_E_SECRET);
    expect_dropped("\x16\x03\x01\xff\xff\x01", 6, false, FR_E_SECRET); /* a record longer than any may be */
}

static void a_stranger_who_hangs_up_is_dropped(void **state) {
    (void) state;
    expect_dropped(NULL, 0, true, FR_E_CLOSED);
    expect_dropped("\x16\x03\x01\x02", 4, true, FR_E_CLOSED);
}

static void a_stranger_who_says_nothing_is_dropped_in_time(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    pair.options.handshake_timeout = 200 * FR_MS;
    int fd = plain_socket(&pair);
    net_pair_run_until(&pair, is_adopted);
    uint64_t began_at = uv_hrtime();
    net_pair_run_until(&pair, net_pair_is_accepter_closed);
    assert_true(uv_hrtime() - began_at < 2 * FR_SECOND);
    assert_int_equal(pair.accepter.failure.error, FR_E_TIMEOUT);
    assert_contains(pair.accepter.failure.text, "did not finish the handshake within 0.2 s");
    close(fd);
    net_pair_done(&pair);
}

/* One byte every few milliseconds does not stretch the time. */
static void a_stranger_who_trickles_is_dropped_in_time(void **state) {
    (void) state;
    struct net_pair pair;
    static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03};
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    pair.options.handshake_timeout = 150 * FR_MS;
    int fd = plain_socket(&pair);
    net_pair_run_until(&pair, is_adopted);
    uint64_t began_at = uv_hrtime();
    for (size_t i = 0; !pair.accepter.is_closed && uv_hrtime() - began_at < 5 * FR_SECOND; i++) {
        send(fd, i < sizeof hello ? &hello[i] : hello + 10, 1, MSG_NOSIGNAL);
        net_pair_run_for(&pair, 5);
    }
    assert_true(pair.accepter.is_closed);
    assert_true(uv_hrtime() - began_at < 2 * FR_SECOND);
    assert_int_equal(pair.accepter.failure.error, FR_E_TIMEOUT);
    close(fd);
    net_pair_done(&pair);
}

/* ---- dialling what is not one of us ---- */

/* A plain listener instead of ours. */
static int plain_listener(struct net_pair *pair, int backlog) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &bytes), 0);
    if (backlog > 0)
        assert_int_equal(listen(fd, backlog), 0);
    snprintf(pair->address, sizeof pair->address, "127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void a_closed_port_is_unreachable_at_once(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    int fd = plain_listener(&pair, 0); /* bound, so that nobody else gets the port; not listening */
    uint64_t began_at = uv_hrtime();
    net_pair_dial(&pair);
    assert_false(pair.dialler.is_closed); /* never from inside the dial */
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    assert_true(uv_hrtime() - began_at < FR_SECOND);
    assert_int_equal(pair.dialler.failure.error, FR_E_UNREACHABLE);
    assert_int_equal(pair.dialler.failure.sys_errno, ECONNREFUSED);
    assert_contains(pair.dialler.failure.text, pair.address);
    assert_contains(pair.dialler.failure.text, "refused");
    close(fd);
    net_pair_done(&pair);
}

static void a_silent_listener_is_a_timeout(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    pair.options.handshake_timeout = 200 * FR_MS;
    int fd = plain_listener(&pair, 5); /* the kernel accepts; nobody answers */
    uint64_t began_at = uv_hrtime();
    net_pair_dial(&pair);
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    uint64_t took = uv_hrtime() - began_at;
    assert_true(took >= 150 * FR_MS && took < 2 * FR_SECOND);
    assert_int_equal(pair.dialler.failure.error, FR_E_TIMEOUT);
    assert_contains(pair.dialler.failure.text, pair.address);
    assert_contains(pair.dialler.failure.text, "did not answer within 0.2 s");
    close(fd);
    net_pair_done(&pair);
}

/* A full backlog drops SYNs, as a host that is gone does. */
static void a_host_that_does_not_answer_is_unreachable_in_time(void **state) {
    (void) state;
    struct net_pair pair;
    int fillers[8];
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    pair.options.handshake_timeout = 300 * FR_MS;
    int fd = plain_listener(&pair, 1);
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    getsockname(fd, (struct sockaddr *) &address, &bytes);
    for (size_t i = 0; i < FR_COUNT_OF(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void) connect(fillers[i], (struct sockaddr *) &address, bytes);
    }
    uint64_t began_at = uv_hrtime();
    net_pair_dial(&pair);
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    uint64_t took = uv_hrtime() - began_at;
    assert_true(took >= 250 * FR_MS && took < 2 * FR_SECOND);
    assert_int_equal(pair.dialler.failure.error, FR_E_UNREACHABLE);
    assert_int_equal(pair.dialler.failure.sys_errno, ETIMEDOUT);
    assert_contains(pair.dialler.failure.text, "no answer within 0.3 s");
    for (size_t i = 0; i < FR_COUNT_OF(fillers); i++)
        close(fillers[i]);
    close(fd);
    net_pair_done(&pair);
}

static int accept_one(struct net_pair *pair, int listener) {
    for (int i = 0; i < 1000; i++) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            return fd;
        net_pair_run_for(pair, 2);
    }
    fail_msg("nobody came");
    return -1;
}

static void another_service_is_no_node(void **state) {
    (void) state;
    static const char *const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n", "\x15\x03\x01\x00\x02\x02\x28"};
    static const size_t counts[] = {28, 23, 7};
    for (size_t i = 0; i < FR_COUNT_OF(answers); i++) {
        struct net_pair pair;
        net_pair_init(&pair, "127.0.0.1", 1, 1);
        int listener = plain_listener(&pair, 5);
        net_pair_dial(&pair);
        int fd = accept_one(&pair, listener);
        assert_int_equal(send(fd, answers[i], counts[i], MSG_NOSIGNAL), counts[i]);
        net_pair_run_until(&pair, net_pair_is_dialler_closed);
        assert_int_equal(pair.dialler.failure.error, FR_E_SECRET);
        assert_contains(pair.dialler.failure.text, "no fastreplica node");
        close(fd);
        close(listener);
        net_pair_done(&pair);
    }
}

static void a_service_that_hangs_up_is_closed(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    int listener = plain_listener(&pair, 5);
    net_pair_dial(&pair);
    close(accept_one(&pair, listener));
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    assert_int_equal(pair.dialler.failure.error, FR_E_CLOSED);
    close(listener);
    net_pair_done(&pair);
}

static void an_unknown_name_is_told(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    snprintf(pair.address, sizeof pair.address, "no-such-host.invalid:7420");
    net_pair_dial(&pair);
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    /* A machine whose name service does not answer at all may also be seen: then it is said. */
    assert_true(pair.dialler.failure.error == FR_E_RESOLVE || pair.dialler.failure.error == FR_E_TIMEOUT);
    assert_contains(pair.dialler.failure.text, "no-such-host.invalid");
    net_pair_done(&pair);
}

/* That is not the other side's doing, and the sentence says so. */
static void no_descriptors_left_is_our_own_failure(void **state) {
    (void) state;
    struct net_pair pair;
    struct rlimit limit, tight;
    int wasted[256];
    unsigned wasted_count = 0;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    tight.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (wasted_count < FR_COUNT_OF(wasted) && (wasted[wasted_count] = dup(1)) >= 0)
        wasted_count++;
    net_pair_dial(&pair);
    net_pair_run_until(&pair, net_pair_is_dialler_closed);
    while (wasted_count > 0)
        close(wasted[--wasted_count]);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(pair.dialler.failure.error, FR_E_IO);
    assert_int_equal(pair.dialler.failure.sys_errno, EMFILE);
    net_pair_done(&pair);
}

static void bad_text_is_refused_at_once(void **state) {
    (void) state;
    struct net_pair pair;
    net_pair_init(&pair, "127.0.0.1", 1, 1);
    static const char *const texts[] = {"", "edge07", "edge07:", ":7420", "::1:7420", "[::1]", "edge07:70000"};
    for (size_t i = 0; i < FR_COUNT_OF(texts); i++) {
        struct fr_conn *conn = NULL;
        struct fr_conn_options options = pair.options;
        options.tls = pair.dialler.tls;
        assert_int_equal(fr_conn_dial(&options, texts[i], &NET_END_HANDLERS, &pair.dialler, &conn), FR_E_SYNTAX);
        assert_null(conn);
    }
    net_pair_done(&pair);
}

/* ---- leaving early ---- */

static void a_dial_can_be_closed_at_any_moment(void **state) {
    (void) state;
    for (unsigned turns = 0; turns < 12; turns++) {
        struct net_pair pair;
        net_pair_init(&pair, "127.0.0.1", 1, 1);
        if (turns & 1)
            snprintf(pair.address, sizeof pair.address, "localhost:%u", fr_listener_port(pair.listener));
        net_pair_dial(&pair);
        for (unsigned i = 0; i < turns / 2 && !pair.dialler.is_ready; i++)
            uv_run(&pair.loop, UV_RUN_NOWAIT);
        fr_conn_close(pair.dialler.conn);
        pair.dialler.conn = NULL;
        net_pair_run_for(&pair, 20);
        assert_false(pair.dialler.is_closed);
        net_pair_done(&pair);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_secret_gets_in_over_ipv4),
        cmocka_unit_test(the_same_secret_gets_in_over_ipv6),
        cmocka_unit_test(a_name_is_looked_up),
        cmocka_unit_test(another_secret_is_refused_on_both_sides),
        cmocka_unit_test(the_identity_follows_from_the_secret),
        cmocka_unit_test(plain_talk_is_dropped),
        cmocka_unit_test(a_stranger_who_hangs_up_is_dropped),
        cmocka_unit_test(a_stranger_who_says_nothing_is_dropped_in_time),
        cmocka_unit_test(a_stranger_who_trickles_is_dropped_in_time),
        cmocka_unit_test(a_closed_port_is_unreachable_at_once),
        cmocka_unit_test(a_silent_listener_is_a_timeout),
        cmocka_unit_test(a_host_that_does_not_answer_is_unreachable_in_time),
        cmocka_unit_test(another_service_is_no_node),
        cmocka_unit_test(a_service_that_hangs_up_is_closed),
        cmocka_unit_test(an_unknown_name_is_told),
        cmocka_unit_test(no_descriptors_left_is_our_own_failure),
        cmocka_unit_test(bad_text_is_refused_at_once),
        cmocka_unit_test(a_dial_can_be_closed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
