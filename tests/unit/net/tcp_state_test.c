/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of a connection: a socket of one's own over loopback, and things that are none. */
#include "net/tcp_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

enum { BYTES = 100000 };

static int ends[2]; /* one writes, one reads */

static int set_up(void **state) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    (void) state;
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *) &address, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void what_arrived_is_acknowledged(void **state) {
    static char bytes[BYTES];
    struct fr_tcp_state before, after;
    (void) state;
    assert_true(fr_tcp_state_read(ends[0], &before));
    assert_int_equal(write(ends[0], bytes, BYTES), BYTES);
    assert_int_equal(recv(ends[1], bytes, BYTES, MSG_WAITALL), BYTES);
    for (int i = 0; i < 500 && fr_tcp_state_unacked(ends[0]) > 0; i++)
        usleep(10000);
    assert_int_equal(fr_tcp_state_unacked(ends[0]), 0);
    assert_true(fr_tcp_state_read(ends[0], &after));
    assert_int_equal(after.acked - before.acked, BYTES);
    assert_false(after.is_busy);
    assert_true(after.round_trip >= after.round_trip_min);
    assert_true(after.round_trip > 0);
}

/* Nobody reads: the kernels take what they have room for, and the rest is not acknowledged. */
static void what_nobody_takes_is_not(void **state) {
    static char bytes[BYTES];
    (void) state;
    while (send(ends[0], bytes, BYTES, MSG_DONTWAIT) > 0)
        continue;
    assert_true(fr_tcp_state_unacked(ends[0]) > 0);
}

static void what_is_no_connection_has_no_state(void **state) {
    struct fr_tcp_state tcp;
    int pipes[2];
    (void) state;
    assert_false(fr_tcp_state_read(-1, &tcp));
    assert_int_equal(fr_tcp_state_unacked(-1), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_false(fr_tcp_state_read(pipes[0], &tcp));
    assert_int_equal(fr_tcp_state_unacked(pipes[0]), 0);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_arrived_is_acknowledged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_takes_is_not, set_up, tear_down),
        cmocka_unit_test(what_is_no_connection_has_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
