/* SPDX-License-Identifier: Apache-2.0 */
/* Listening: which addresses, taken ports, and what happens when descriptors run out. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/endpoint.h"
#include "support/test.h"

#define assert_contains(text, part)                              \
    do {                                                         \
        if (!strstr(text, part))                                 \
            fail_msg("\"%s\" does not hold \"%s\"", text, part); \
    } while (0)

enum { ACCEPTED_MAX = 64 };

struct world {
    uv_loop_t loop;
    uv_timer_t timer;
    bool is_time_up;
    struct fr_listener *listener;
    struct fr_failure failure;
    int accepted[ACCEPTED_MAX];
    unsigned accepted_count;
    bool is_closing_on_accept;
};

static void on_time_up(uv_timer_t *timer) { ((struct world *) timer->data)->is_time_up = true; }

static void on_accept(void *user, int socket) {
    struct world *world = user;
    assert_true(world->accepted_count < ACCEPTED_MAX);
    assert_true(fcntl(socket, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(socket, F_GETFD) & FD_CLOEXEC);
    world->accepted[world->accepted_count++] = socket;
    if (world->is_closing_on_accept) {
        fr_listener_close(world->listener);
        world->listener = NULL;
    }
}

static void world_init(struct world *world) {
    *world = (struct world){0};
    uv_loop_init(&world->loop);
    uv_timer_init(&world->loop, &world->timer);
    world->timer.data = world;
}

static int world_listen(struct world *world, const char *address) {
    world->failure = (struct fr_failure){0};
    return fr_listener_open(&world->loop, address, on_accept, world, &world->listener, &world->failure);
}

/* Turns of the loop in that time; waits for `count` accepted sockets at most so long. */
static unsigned world_run(struct world *world, unsigned ms, unsigned count) {
    unsigned turns = 0;
    world->is_time_up = false;
    uv_update_time(&world->loop);
    uv_timer_start(&world->timer, on_time_up, ms, 0);
    for (; !world->is_time_up && world->accepted_count < count; turns++)
        uv_run(&world->loop, UV_RUN_ONCE);
    uv_timer_stop(&world->timer);
    return turns;
}

static void world_done(struct world *world) {
    for (unsigned i = 0; i < world->accepted_count; i++)
        close(world->accepted[i]);
    fr_listener_close(world->listener);
    uv_close((uv_handle_t *) &world->timer, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
}

/* A blocking connect to host on the listener's port; -1 when that fails. */
static int knock(const struct world *world, const char *host) {
    char text[64];
    struct fr_endpoint endpoint;
    snprintf(text, sizeof text, "%s:%u", host, fr_listener_port(world->listener));
    assert_int_equal(fr_endpoint_parse(text, &endpoint), 0);
    struct addrinfo *list = fr_endpoint_numeric(&endpoint, false);
    assert_non_null(list);
    int fd = socket(list->ai_family, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static bool has_ipv6(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void a_port_alone_takes_both_families(void **state) {
    (void) state;
    static const char *const texts[] = {"0", ":0"};
    for (size_t i = 0; i < FR_COUNT_OF(texts); i++) {
        struct world world;
        world_init(&world);
        assert_int_equal(world_listen(&world, texts[i]), 0);
        assert_int_not_equal(fr_listener_port(world.listener), 0);
        int v4 = knock(&world, "127.0.0.1"), v6 = has_ipv6() ? knock(&world, "[::1]") : -1;
        assert_true(v4 >= 0 && (v6 >= 0 || !has_ipv6()));
        world_run(&world, 2000, v6 >= 0 ? 2 : 1);
        assert_int_equal(world.accepted_count, v6 >= 0 ? 2 : 1);
        close(v4);
        close(v6);
        world_done(&world);
    }
}

static void one_address_takes_only_its_own(void **state) {
    (void) state;
    struct world world;
    world_init(&world);
    assert_int_equal(world_listen(&world, "127.0.0.2:0"), 0);
    assert_int_equal(knock(&world, "127.0.0.1"), -1);
    int fd = knock(&world, "127.0.0.2");
    assert_true(fd >= 0);
    world_run(&world, 2000, 1);
    assert_int_equal(world.accepted_count, 1);
    close(fd);
    world_done(&world);
}

static void a_name_listens_on_all_its_addresses_and_one_port(void **state) {
    (void) state;
    struct world world;
    world_init(&world);
    assert_int_equal(world_listen(&world, "localhost:0"), 0);
    int fd = knock(&world, "127.0.0.1");
    assert_true(fd >= 0);
    world_run(&world, 2000, 1);
    assert_int_equal(world.accepted_count, 1);
    close(fd);
    world_done(&world);
}

static void a_taken_address_is_told(void **state) {
    (void) state;
    struct world first, second;
    char text[64];
    world_init(&first);
    world_init(&second);
    assert_int_equal(world_listen(&first, "127.0.0.1:0"), 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", fr_listener_port(first.listener));
    assert_int_equal(world_listen(&second, text), FR_E_IN_USE);
    assert_int_equal(second.failure.error, FR_E_IN_USE);
    assert_contains(second.failure.text, text);
    assert_contains(second.failure.text, "another process");
    assert_null(second.listener);
    snprintf(text, sizeof text, ":%u", fr_listener_port(first.listener));
    assert_int_equal(world_listen(&second, text), FR_E_IN_USE); /* the wildcard meets it, too */
    world_done(&first);
    world_done(&second);
}

static void a_port_is_free_again_at_once(void **state) {
    (void) state;
    struct world world;
    char text[64];
    world_init(&world);
    assert_int_equal(world_listen(&world, "127.0.0.1:0"), 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", fr_listener_port(world.listener));
    int fd = knock(&world, "127.0.0.1");
    world_run(&world, 2000, 1);
    close(world.accepted[--world.accepted_count]); /* our side closes first: TIME_WAIT is ours */
    close(fd);
    world_done(&world);
    world_init(&world);
    assert_int_equal(world_listen(&world, text), 0);
    world_done(&world);
}

static void bad_addresses_are_told(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int error;
    } cases[] = {{"", FR_E_SYNTAX},         {"edge07", FR_E_SYNTAX},  {"127.0.0.1:70000", FR_E_SYNTAX},
                 {"::1:7420", FR_E_SYNTAX}, {"192.0.2.1:0", FR_E_IO}, {"no-such-host.invalid:0", FR_E_RESOLVE}};
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct world world;
        world_init(&world);
        assert_int_equal(world_listen(&world, cases[i].text), cases[i].error);
        assert_int_equal(world.failure.error, cases[i].error);
        assert_contains(world.failure.text, cases[i].text);
        world_done(&world);
    }
}

static void closing_from_the_callback_is_allowed(void **state) {
    (void) state;
    struct world world;
    world_init(&world);
    assert_int_equal(world_listen(&world, "127.0.0.1:0"), 0);
    world.is_closing_on_accept = true;
    int first = knock(&world, "127.0.0.1"), second = knock(&world, "127.0.0.1");
    world_run(&world, 200, 2);
    assert_int_equal(world.accepted_count, 1);
    close(first);
    close(second);
    world_done(&world);
    fr_listener_close(NULL);
}

/* Without descriptors the listener rests instead of spinning, and goes on when there are some again. */
static void no_descriptors_left_does_not_spin(void **state) {
    (void) state;
    struct world world;
    struct rlimit limit, tight;
    int wasted[256];
    unsigned wasted_count = 0;
    world_init(&world);
    assert_int_equal(world_listen(&world, "127.0.0.1:0"), 0);
    int first = knock(&world, "127.0.0.1"), second = knock(&world, "127.0.0.1");
    assert_true(first >= 0 && second >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    tight.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (wasted_count < FR_COUNT_OF(wasted) && (wasted[wasted_count] = dup(first)) >= 0)
        wasted_count++;
    unsigned turns = world_run(&world, 350, 1);
    assert_int_equal(world.accepted_count, 0);
    assert_in_range(turns, 1, 20);
    while (wasted_count > 0)
        close(wasted[--wasted_count]);
    setrlimit(RLIMIT_NOFILE, &limit);
    int third = knock(&world, "127.0.0.1"); /* under valgrind those two were lost to its own idea of the limit */
    assert_true(third >= 0);
    world_run(&world, 5000, 1);
    assert_true(world.accepted_count >= 1);
    close(first);
    close(second);
    close(third);
    world_done(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_alone_takes_both_families),
        cmocka_unit_test(one_address_takes_only_its_own),
        cmocka_unit_test(a_name_listens_on_all_its_addresses_and_one_port),
        cmocka_unit_test(a_taken_address_is_told),
        cmocka_unit_test(a_port_is_free_again_at_once),
        cmocka_unit_test(bad_addresses_are_told),
        cmocka_unit_test(closing_from_the_callback_is_allowed),
        cmocka_unit_test(no_descriptors_left_does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
