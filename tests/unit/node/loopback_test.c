/* SPDX-License-Identifier: Apache-2.0 */
/* The public interface as a whole: nodes in threads of this process, a push through loopback, and every file compared. Refusals, nodes
 * that are down, stopping, strangers at the door, and what status tells. */
#include "support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fastreplica/fastreplica.h>

#include "base/time.h"
#include "content/limits.h"
#include "support/fault_walk.h"
#include "support/sample.h"
#include "support/scratch.h"

enum { NODES_MAX = 9 };

struct host {
    struct fr_node *node;
    pthread_t thread;
    bool is_running;
};

static struct host hosts[NODES_MAX];
static uint32_t host_count;
static struct fr_keys *node_keys, *origin_keys, *status_keys;
static struct sample sample;
static struct fr_push *push;

/* --------------------------------------------------------------------------------------------------------- the stage */

static struct fr_keys *load_keys(const char *folder, enum fr_keys_role role) {
    struct fr_failure failure = {0};
    struct fr_keys *keys = NULL;
    if (fr_keys_load(scratch_path("%s", folder), role, &keys, &failure))
        fail_msg("%s", failure.text);
    return keys;
}

static int set_up(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    scratch_init_in_memory();
    assert_int_equal(fr_keys_generate(scratch_path("keys"), &failure), 0);
    node_keys = load_keys("keys", FR_KEYS_NODE);
    origin_keys = load_keys("keys", FR_KEYS_ORIGIN);
    status_keys = load_keys("keys", FR_KEYS_STATUS);
    host_count = 0;
    return 0;
}

static void *run_node(void *user) {
    struct host *host = user;
    struct fr_failure failure = {0};
    fr_node_run(host->node, &failure);
    return NULL;
}

static void start_node(const struct fr_keys *keys) {
    struct host *host = &hosts[host_count];
    struct fr_failure failure = {0};
    struct fr_node_options options;
    fr_node_options_init(&options);
    options.store = scratch_path("store%u", host_count);
    options.keys = keys;
    options.listen = "127.0.0.1:0";
    if (fr_node_new(&options, &host->node, &failure))
        fail_msg("%s", failure.text);
    assert_int_equal(pthread_create(&host->thread, NULL, run_node, host), 0);
    host->is_running = true;
    host_count++;
}

static void start_nodes(uint32_t count) {
    while (host_count < count)
        start_node(node_keys);
}

static void stop_node(struct host *host) {
    if (!host->is_running)
        return;
    fr_node_stop(host->node);
    pthread_join(host->thread, NULL);
    host->is_running = false;
}

static int tear_down(void **state) {
    (void) state;
    fr_push_free(push);
    push = NULL;
    for (uint32_t i = 0; i < host_count; i++) {
        stop_node(&hosts[i]);
        fr_node_free(hosts[i].node);
    }
    fr_keys_free(node_keys);
    fr_keys_free(origin_keys);
    fr_keys_free(status_keys);
    sample_done(&sample);
    scratch_done();
    return 0;
}

static struct fr_nodes *all_nodes(void) {
    static char list[NODES_MAX * 24];
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    size_t used = 0;
    for (uint32_t i = 0; i < host_count; i++)
        used += (size_t) snprintf(list + used, sizeof list - used, "%s127.0.0.1:%u", i ? "," : "", fr_node_port(hosts[i].node));
    if (fr_nodes_parse_inline(list, &nodes, &failure))
        fail_msg("%s", failure.text);
    return nodes;
}

static void make_file(uint32_t bytes, uint64_t seed) {
    sample_done(&sample);
    sample_init(&sample, bytes, seed);
    scratch_put(scratch_path("file"), sample.bytes, bytes);
}

/* Push and keep the report in `push`. Returns what fr_push_run did. */
static int push_with(const char *path, const char *name, struct fr_nodes *nodes, const struct fr_keys *keys) {
    struct fr_failure failure = {0};
    struct fr_push_options options;
    fr_push_free(push);
    push = NULL;
    fr_push_options_init(&options);
    options.path = path;
    options.name = name;
    options.nodes = nodes;
    options.keys = keys;
    options.chunk_bytes = FR_CHUNK_BYTES_MIN;
    options.connect_timeout = 500 * FR_MS;
    if (fr_push_new(&options, &push, &failure))
        fail_msg("%s", failure.text);
    return fr_push_run(push, &failure);
}

static int push_file(struct fr_nodes *nodes) { return push_with(scratch_path("file"), "dir/object", nodes, origin_keys); }

static void expect_everywhere(void) {
    const struct fr_report *report = fr_push_report(push);
    for (uint32_t i = 0; i < host_count; i++) {
        if (report->nodes[i].verdict != FR_VERDICT_COMPLETE && report->nodes[i].verdict != FR_VERDICT_SLOW)
            fail_msg("%s: %s", fr_verdict_name(report->nodes[i].verdict), report->nodes[i].reason);
        assert_true(scratch_holds(scratch_path("store%u/dir/object", i), sample.bytes, sample.count));
        assert_int_equal(scratch_entry_count(scratch_path("store%u/.fastreplica/partial", i)), 0);
    }
}

/* ---------------------------------------------------------------------------------------------------------- the plays */

static void test_all_receive_it(void **state) {
    (void) state;
    start_nodes(4);
    make_file(3000000, 1);
    struct fr_nodes *nodes = all_nodes();
    assert_int_equal(push_file(nodes), 0);
    expect_everywhere();
    const struct fr_report *report = fr_push_report(push);
    assert_int_equal(fr_report_outcome(report), FR_OUTCOME_ALL);
    assert_int_equal(report->origin_bytes_read, sample.count);
    assert_in_range(report->origin_bytes_sent, sample.count, sample.count + sample.count / 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct fr_node_report *node = &report->nodes[i];
        assert_int_equal(node->bytes_from_upstream + node->bytes_from_peers, sample.count);
        assert_int_equal(node->bytes_have, sample.count);
        assert_true(node->seconds > 0 && node->seconds <= report->seconds);
    }
    fr_nodes_free(nodes);
}

static void test_sizes(void **state) {
    (void) state;
    static const uint32_t sizes[] = {0, 1, FR_CHUNK_BYTES_MIN - 1, FR_CHUNK_BYTES_MIN, FR_CHUNK_BYTES_MIN + 1, 5 * FR_CHUNK_BYTES_MIN};
    start_nodes(5);
    struct fr_nodes *nodes = all_nodes();
    for (size_t i = 0; i < FR_COUNT_OF(sizes); i++) {
        make_file(sizes[i], i);
        assert_int_equal(push_file(nodes), 0);
        expect_everywhere();
    }
    fr_nodes_free(nodes);
}

static void test_what_is_held_is_not_sent(void **state) {
    (void) state;
    start_nodes(3);
    struct fr_nodes *nodes = all_nodes();
    make_file(500000, 1);
    assert_int_equal(push_file(nodes), 0);
    assert_int_equal(push_file(nodes), 0);
    expect_everywhere();
    assert_int_equal(fr_push_report(push)->origin_bytes_sent, 0);
    make_file(500000, 2); /* the same size, other bytes */
    assert_int_equal(push_file(nodes), 0);
    expect_everywhere();
    assert_true(fr_push_report(push)->origin_bytes_sent >= sample.count);
    fr_nodes_free(nodes);
}

static void *feed_pipe(void *user) {
    int fd = open(user, O_WRONLY);
    for (uint32_t at = 0; fd >= 0 && at < sample.count;) {
        ssize_t wrote = write(fd, sample.bytes + at, sample.count - at);
        if (wrote <= 0)
            break;
        at += (uint32_t) wrote;
    }
    close(fd);
    return NULL;
}

static void test_a_pipe(void **state) {
    (void) state;
    pthread_t feeder;
    static char path[SCRATCH_PATH_MAX];
    start_nodes(3);
    make_file(12 * 1000 * 1000 + 5, 3);
    snprintf(path, sizeof path, "%s", scratch_path("pipe"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&feeder, NULL, feed_pipe, path), 0);
    struct fr_nodes *nodes = all_nodes();
    assert_int_equal(push_with(path, "dir/object", nodes, origin_keys), 0);
    pthread_join(feeder, NULL);
    expect_everywhere();
    assert_int_equal(fr_push_report(push)->object_bytes, sample.count);
    fr_nodes_free(nodes);
}

static void test_a_node_that_is_down(void **state) {
    (void) state;
    start_nodes(3);
    struct fr_nodes *nodes = all_nodes();
    stop_node(&hosts[1]);
    make_file(500000, 1);
    assert_int_equal(push_file(nodes), 0);
    const struct fr_report *report = fr_push_report(push);
    assert_int_equal(report->nodes[0].verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(report->nodes[1].verdict, FR_VERDICT_UNREACHABLE);
    assert_int_equal(report->nodes[2].verdict, FR_VERDICT_COMPLETE);
    assert_non_null(strstr(report->nodes[1].reason, "refused"));
    assert_int_equal(fr_report_outcome(report), FR_OUTCOME_SOME);
    fr_nodes_free(nodes);
}

/* One of two nodes holds other keys. */
static void expect_stranger(enum fr_keys_role role, const char *secret_of, const char *words) {
    struct fr_failure failure = {0};
    char command[3 * SCRATCH_PATH_MAX];
    assert_int_equal(fr_keys_generate(scratch_path("other"), &failure), 0);
    if (secret_of) {
        snprintf(command, sizeof command, "cp -p %s/cluster.secret %s/", scratch_path("%s", secret_of), scratch_path("other"));
        assert_int_equal(system(command), 0);
    }
    struct fr_keys *other = load_keys("other", role);
    start_node(node_keys);
    start_node(other);
    struct fr_nodes *nodes = all_nodes();
    make_file(100000, 1);
    assert_int_equal(push_file(nodes), 0);
    const struct fr_report *report = fr_push_report(push);
    assert_int_equal(report->nodes[0].verdict, FR_VERDICT_COMPLETE);
    if (!strstr(report->nodes[1].reason, words))
        fail_msg("%s", report->nodes[1].reason);
    assert_false(scratch_exists(scratch_path("store1/dir")));
    stop_node(&hosts[1]); /* before its keys go */
    fr_keys_free(other);
    fr_nodes_free(nodes);
}

static void test_another_secret(void **state) {
    (void) state;
    expect_stranger(FR_KEYS_NODE, NULL, "secret");
    assert_int_equal(fr_push_report(push)->nodes[1].verdict, FR_VERDICT_REFUSED);
}

static void test_another_origin(void **state) {
    (void) state;
    expect_stranger(FR_KEYS_NODE, "keys", "trusts the origin key");
    assert_int_equal(fr_push_report(push)->nodes[1].verdict, FR_VERDICT_REFUSED);
}

static void test_a_store_that_cannot_take_it(void **state) {
    (void) state;
    start_nodes(2);
    struct fr_nodes *nodes = all_nodes();
    assert_int_equal(mkdir(scratch_path("store1/dir"), 0755), 0);
    assert_int_equal(mkdir(scratch_path("store1/dir/object"), 0755), 0); /* a folder where the object belongs */
    make_file(100000, 1);
    assert_int_equal(push_file(nodes), 0);
    const struct fr_report *report = fr_push_report(push);
    assert_int_equal(report->nodes[0].verdict, FR_VERDICT_COMPLETE);
    assert_int_equal(report->nodes[1].verdict, FR_VERDICT_REFUSED);
    assert_non_null(strstr(report->nodes[1].reason, "object"));
    fr_nodes_free(nodes);
}

/* Stops the push as soon as a node has something. */
static void stop_at_once(void *user, const struct fr_report *report) {
    (void) report;
    (void) user;
    fr_push_stop(push);
}

static void test_stopping_a_push(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_push_options options;
    int ends[2];
    start_nodes(2);
    struct fr_nodes *nodes = all_nodes();
    assert_int_equal(pipe(ends), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]); /* a pipe whose writer says nothing */
    fr_push_options_init(&options);
    options.path = path;
    options.name = "never";
    options.nodes = nodes;
    options.keys = origin_keys;
    options.progress.on_progress = stop_at_once;
    if (fr_push_new(&options, &push, &failure))
        fail_msg("%s", failure.text);
    assert_int_equal(fr_push_run(push, &failure), FR_E_CANCELLED);
    assert_int_equal(fr_report_outcome(fr_push_report(push)), FR_OUTCOME_FAILED);
    fr_push_stop(push); /* too late: nothing happens */
    close(ends[0]);
    close(ends[1]);
    for (uint32_t i = 0; i < 2; i++)
        stop_node(&hosts[i]);
    assert_false(scratch_exists(scratch_path("store0/never")));
    assert_int_equal(scratch_entry_count(scratch_path("store0/.fastreplica/partial")), 0);
    fr_nodes_free(nodes);
}

static void test_a_push_stopped_before_it_runs(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_push_options options;
    start_nodes(1);
    struct fr_nodes *nodes = all_nodes();
    make_file(1000, 1);
    fr_push_options_init(&options);
    options.path = scratch_path("file");
    options.nodes = nodes;
    options.keys = origin_keys;
    assert_int_equal(fr_push_new(&options, &push, &failure), 0);
    fr_push_stop(push);
    assert_int_equal(fr_push_run(push, &failure), FR_E_CANCELLED);
    assert_int_equal(fr_push_report(push)->nodes[0].verdict, FR_VERDICT_FAILED);
    fr_nodes_free(nodes);
}

static void test_what_cannot_be_pushed(void **state) {
    (void) state;
    struct fr_push_options options;
    start_nodes(1);
    struct fr_nodes *nodes = all_nodes();
    make_file(1000, 1);
    const struct {
        const char *path, *name;
        uint32_t chunk_bytes;
        int error;
    } cases[] = {
        {scratch_path("file"), "../x", 0, FR_E_NAME},
        {scratch_path("file"), "/x", 0, FR_E_NAME},
        {scratch_path("file"), "a\nb", 0, FR_E_NAME},
        {scratch_path("file"), "x", 5000, FR_E_ARGUMENT},
        {scratch_path("none"), NULL, 0, FR_E_IO},
        {scratch_path("keys"), NULL, 0, FR_E_ARGUMENT},
        {"-", NULL, 0, FR_E_ARGUMENT},
        {NULL, NULL, 0, FR_E_ARGUMENT},
    };
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_failure failure = {0};
        fr_push_options_init(&options);
        options.path = cases[i].path;
        options.name = cases[i].name;
        options.chunk_bytes = cases[i].chunk_bytes;
        options.nodes = nodes;
        options.keys = origin_keys;
        assert_int_equal(fr_push_new(&options, &push, &failure), cases[i].error);
        assert_true(failure.text[0] != 0);
    }
    struct fr_failure failure = {0};
    options.path = scratch_path("file");
    options.keys = node_keys;
    assert_int_equal(fr_push_new(&options, &push, &failure), FR_E_ARGUMENT);
    fr_nodes_free(nodes);
}

static void test_what_cannot_be_served(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_node_options options;
    struct fr_node *node = NULL;
    char listen[32];
    start_nodes(1);
    fr_node_options_init(&options);
    options.keys = node_keys;
    options.listen = "127.0.0.1:0";
    options.store = scratch_path("store0");
    assert_int_equal(fr_node_new(&options, &node, &failure), FR_E_IN_USE);
    failure = (struct fr_failure){0};
    options.store = scratch_path("fresh");
    snprintf(listen, sizeof listen, "127.0.0.1:%u", fr_node_port(hosts[0].node));
    options.listen = listen;
    assert_int_equal(fr_node_new(&options, &node, &failure), FR_E_IN_USE);
    assert_non_null(strstr(failure.text, listen));
    failure = (struct fr_failure){0};
    options.keys = origin_keys;
    assert_int_equal(fr_node_new(&options, &node, &failure), FR_E_ARGUMENT);
    options.keys = node_keys;
    options.store = "";
    assert_int_equal(fr_node_new(&options, &node, &failure), FR_E_ARGUMENT);
}

static void test_status(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_node_status *statuses = NULL;
    start_nodes(3);
    struct fr_nodes *nodes = all_nodes();
    stop_node(&hosts[2]);
    make_file(100000, 1);
    push_file(nodes);
    assert_int_equal(fr_status_ask(nodes, status_keys, 0, &statuses, &failure), 0);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(statuses[i].is_up);
        assert_string_equal(statuses[i].agent, "fastreplica " FR_VERSION);
        assert_int_equal(statuses[i].completed_count, 1);
        assert_int_equal(statuses[i].failed_count, 0);
        assert_true(statuses[i].store_free_bytes > 0);
    }
    assert_false(statuses[2].is_up);
    assert_int_equal(statuses[2].failure.error, FR_E_UNREACHABLE);
    fr_status_free(statuses, nodes->count);
    fr_nodes_free(nodes);
}

/* A listener that never answers, behind a full TCP handshake. */
static void test_status_of_the_deaf(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_node_status *statuses = NULL;
    struct fr_nodes *nodes = NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    char list[32];
    int deaf = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(deaf, (struct sockaddr *) &address, bytes), 0);
    assert_int_equal(listen(deaf, 8), 0);
    getsockname(deaf, (struct sockaddr *) &address, &bytes);
    snprintf(list, sizeof list, "127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(fr_nodes_parse_inline(list, &nodes, &failure), 0);
    assert_int_equal(fr_status_ask(nodes, status_keys, 200 * FR_MS, &statuses, &failure), 0);
    assert_false(statuses[0].is_up);
    assert_int_equal(statuses[0].failure.error, FR_E_TIMEOUT);
    fr_status_free(statuses, 1);
    fr_nodes_free(nodes);
    close(deaf);
}

/* Strangers who talk nonsense or nothing do not keep a push from its end. */
static void test_strangers(void **state) {
    (void) state;
    int strangers[300]; /* more than the lobby holds */
    start_nodes(2);
    struct fr_nodes *nodes = all_nodes();
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(fr_node_port(hosts[0].node))};
    for (size_t i = 0; i < FR_COUNT_OF(strangers); i++) {
        strangers[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(strangers[i], (struct sockaddr *) &address, sizeof address), 0);
        if (i % 2)
            assert_int_equal(send(strangers[i], "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    }
    make_file(300000, 1);
    assert_int_equal(push_file(nodes), 0);
    expect_everywhere();
    for (size_t i = 0; i < FR_COUNT_OF(strangers); i++)
        close(strangers[i]);
    fr_nodes_free(nodes);
}

static void test_a_node_that_never_ran(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_node_options options;
    struct fr_node *node = NULL;
    fr_node_options_init(&options);
    options.store = scratch_path("idle");
    options.keys = node_keys;
    options.listen = "127.0.0.1:0";
    assert_int_equal(fr_node_new(&options, &node, &failure), 0);
    fr_node_free(node);
    fr_node_free(NULL);
}

static int try_node(void *user) {
    struct fr_failure failure = {0};
    struct fr_node *node = NULL;
    int error = fr_node_new(user, &node, &failure);
    assert_true((error != 0) == (failure.text[0] != 0));
    fr_node_free(node);
    return error;
}

static int try_push(void *user) {
    struct fr_failure failure = {0};
    struct fr_push *made = NULL;
    int error = fr_push_new(user, &made, &failure);
    assert_true((error != 0) == (failure.text[0] != 0));
    fr_push_free(made);
    return error;
}

static void test_memory_may_end(void **state) {
    (void) state;
    struct fr_node_options node_options;
    struct fr_push_options push_options;
    start_nodes(1);
    struct fr_nodes *nodes = all_nodes();
    make_file(1000, 1);
    fr_node_options_init(&node_options);
    char store[SCRATCH_PATH_MAX], file[SCRATCH_PATH_MAX];
    snprintf(store, sizeof store, "%s", scratch_path("idle"));
    snprintf(file, sizeof file, "%s", scratch_path("file"));
    node_options.store = store;
    node_options.keys = node_keys;
    node_options.listen = "127.0.0.1:0";
    assert_true(fr_test_fault_walk(try_node, &node_options) > 3);
    fr_push_options_init(&push_options);
    push_options.path = file;
    push_options.nodes = nodes;
    push_options.keys = origin_keys;
    assert_true(fr_test_fault_walk(try_push, &push_options) > 3);
    fr_nodes_free(nodes);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_all_receive_it),
        TEST(test_sizes),
        TEST(test_what_is_held_is_not_sent),
        TEST(test_a_pipe),
        TEST(test_a_node_that_is_down),
        TEST(test_another_secret),
        TEST(test_another_origin),
        TEST(test_a_store_that_cannot_take_it),
        TEST(test_stopping_a_push),
        TEST(test_a_push_stopped_before_it_runs),
        TEST(test_what_cannot_be_pushed),
        TEST(test_what_cannot_be_served),
        TEST(test_status),
        TEST(test_status_of_the_deaf),
        TEST(test_strangers),
        TEST(test_a_node_that_never_ran),
        TEST(test_memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
