/* SPDX-License-Identifier: Apache-2.0 */
/* A node that is killed at each call that changes its disk, in the middle of a small push: what it leaves is never taken for the object,
 * and the next push makes it whole from there. Node and push are processes of their own, as they are in life. */
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fastreplica/fastreplica.h>

#include "base/time.h"
#include "content/limits.h"
#include "store/disk.h"
#include "support/sample.h"
#include "support/scratch.h"

enum { TRIES_MAX = 10, CALLS_MAX = 300, OLD_SEED = 1, NEW_SEED = 2, BYTES = 6 * FR_CHUNK_BYTES_MIN + 100, SECONDS_MAX = 120 };

static struct sample old_sample, new_sample;

/* ---------------------------------------------------------------------------------------------------- the processes */

static _Atomic uint32_t calls_left; /* 0: it lives */

static int die_at_last(void *user, enum fr_disk_call call, size_t *count) { /* NOLINT(readability-non-const-parameter): the hook says so */
    (void) user;
    (void) count;
    switch (call) {
    case FR_DISK_WRITE:
    case FR_DISK_ALLOCATE:
    case FR_DISK_TRUNCATE:
    case FR_DISK_CHMOD:
    case FR_DISK_SYNC:
    case FR_DISK_MKDIR:
    case FR_DISK_LINK:
    case FR_DISK_RENAME:
    case FR_DISK_UNLINK: break;
    default: return 0;
    }
    if (calls_left > 0 && --calls_left == 0)
        raise(SIGKILL);
    return 0;
}

static void tell(int pipe_end, const void *value, size_t count) {
    if (write(pipe_end, value, count) != (ssize_t) count)
        _exit(3);
}

static _Noreturn void be_node(int pipe_end, uint32_t dies_at) {
    struct fr_failure failure = {0};
    struct fr_node_options options;
    struct fr_node *node = NULL;
    struct fr_keys *keys = NULL;
    fr_node_options_init(&options);
    options.store = scratch_path("store");
    options.listen = "127.0.0.1:0";
    if (fr_keys_load(scratch_path("keys"), FR_KEYS_NODE, &keys, &failure))
        _exit(2);
    options.keys = keys;
    calls_left = dies_at;
    fr_disk_set_hook(die_at_last, NULL);
    if (fr_node_new(&options, &node, &failure))
        _exit(2);
    uint16_t port = fr_node_port(node);
    tell(pipe_end, &port, sizeof port);
    fr_node_run(node, &failure);
    _exit(0);
}

static _Noreturn void be_push(int pipe_end, uint16_t port, fr_time_ns patience) {
    char list[32];
    struct fr_failure failure = {0};
    struct fr_push_options options;
    struct fr_push *push = NULL;
    struct fr_nodes *nodes = NULL;
    struct fr_keys *keys = NULL;
    snprintf(list, sizeof list, "127.0.0.1:%u", port);
    if (fr_keys_load(scratch_path("keys"), FR_KEYS_ORIGIN, &keys, &failure) || fr_nodes_parse_inline(list, &nodes, &failure))
        _exit(2);
    fr_push_options_init(&options);
    options.path = scratch_path("file");
    options.name = "dir/object";
    options.nodes = nodes;
    options.keys = keys;
    options.chunk_bytes = FR_CHUNK_BYTES_MIN;
    options.connect_timeout = patience;
    if (fr_push_new(&options, &push, &failure) || fr_push_run(push, &failure))
        _exit(2);
    enum fr_verdict verdict = fr_push_report(push)->nodes[0].verdict;
    tell(pipe_end, &verdict, sizeof verdict);
    _exit(0);
}

/* The first thing that it tells; false: it is dead before it does. */
static bool hear(int pipe_end, void *ret_value, size_t count) {
    bool is_told = read(pipe_end, ret_value, count) == (ssize_t) count;
    close(pipe_end);
    return is_told;
}

static pid_t running; /* a node, to be ended whatever happens */

static pid_t start_node(uint32_t dies_at, bool *ret_is_up, uint16_t *ret_port) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        alarm(SECONDS_MAX);
        be_node(ends[1], dies_at);
    }
    running = pid;
    close(ends[1]);
    *ret_is_up = hear(ends[0], ret_port, sizeof *ret_port);
    return pid;
}

static enum fr_verdict push_to(uint16_t port, fr_time_ns patience) {
    int ends[2], status;
    enum fr_verdict verdict = FR_VERDICT_PENDING;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        alarm(SECONDS_MAX);
        be_push(ends[1], port, patience);
    }
    close(ends[1]);
    if (!hear(ends[0], &verdict, sizeof verdict))
        fail_msg("the push ended without a word");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return verdict;
}

/* true: it was alive still, and is no more. */
static bool end_node(pid_t pid) {
    int status;
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    running = 0;
    assert_true(WIFSIGNALED(status));
    return WTERMSIG(status) == SIGTERM;
}

/* ---------------------------------------------------------------------------------------------------- the walk */

static void assert_is_one_of_both(uint32_t nth, bool has_old) {
    const char *path = scratch_path("store/dir/object");
    bool is_old = has_old ? scratch_holds(path, old_sample.bytes, old_sample.count) : !scratch_exists(path);
    if (!is_old && !scratch_holds(path, new_sample.bytes, new_sample.count))
        fail_msg("killed at call %u: under the name is neither what was there nor the new object", nth);
}

static void put_old(bool has_old) {
    struct fr_failure failure = {0};
    struct fr_store *store;
    scratch_done();
    scratch_init_in_memory();
    assert_int_equal(fr_keys_generate(scratch_path("keys"), &failure), 0);
    scratch_put(scratch_path("file"), new_sample.bytes, new_sample.count);
    if (!has_old)
        return;
    assert_int_equal(fr_store_open(scratch_path("store"), &store, &failure), 0);
    assert_int_equal(sample_store(&old_sample, store, "1", "dir/object", &failure), 0);
    fr_store_close(store);
}

static bool is_good(enum fr_verdict verdict) { return verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_SLOW; }

/* Does a node that dies at this call die in a push? false: it makes fewer calls, and completes. On a busy machine a push may give up before
 * it has begun. */
static bool dies_in_push(uint32_t nth, bool has_old) {
    for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
        enum fr_verdict verdict = FR_VERDICT_PENDING;
        uint16_t port;
        bool is_up;
        put_old(has_old);
        pid_t node = start_node(nth, &is_up, &port);
        if (is_up)
            verdict = push_to(port, FR_SECOND / 5);
        if (!end_node(node))
            return true;
        if (is_good(verdict))
            return false;
    }
    fail_msg("no push comes as far as call %u", nth);
    return false;
}

static bool kill_at(uint32_t nth, bool has_old) {
    uint16_t port;
    bool is_up, was_killed = dies_in_push(nth, has_old);
    assert_is_one_of_both(nth, has_old);
    pid_t node = start_node(0, &is_up, &port);
    assert_true(is_up);
    assert_is_one_of_both(nth, has_old);
    enum fr_verdict verdict = push_to(port, 20 * FR_SECOND);
    if (!is_good(verdict))
        fail_msg("killed at call %u: the push after it is %s", nth, fr_verdict_name(verdict));
    assert_true(end_node(node));
    assert_true(scratch_holds(scratch_path("store/dir/object"), new_sample.bytes, new_sample.count));
    assert_int_equal(scratch_entry_count(scratch_path("store/.fastreplica/partial")), 0);
    return was_killed;
}

static void walk(bool has_old) {
    uint32_t nth = 1;
    while (kill_at(nth, has_old)) {
        nth++;
        assert_true(nth < CALLS_MAX);
    }
    print_message("killed at each of %u calls\n", nth - 1);
    assert_true(nth > 12);
}

static void a_new_object(void **state) {
    (void) state;
    walk(false);
}

static void one_in_the_place_of_an_older(void **state) {
    (void) state;
    walk(true);
}

static int set_up(void **state) {
    (void) state;
    signal(SIGPIPE, SIG_IGN);
    sample_init(&old_sample, BYTES, OLD_SEED);
    sample_init(&new_sample, BYTES, NEW_SEED);
    memcpy(new_sample.bytes, old_sample.bytes, 2 * FR_CHUNK_BYTES_MIN); /* two chunks are taken over from it */
    scratch_init_in_memory();
    return 0;
}

static int end_what_runs(void **state) {
    (void) state;
    if (running > 0) {
        kill(running, SIGKILL);
        waitpid(running, NULL, 0);
        running = 0;
    }
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    scratch_done();
    sample_done(&old_sample);
    sample_done(&new_sample);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_new_object, end_what_runs),
        cmocka_unit_test_teardown(one_in_the_place_of_an_older, end_what_runs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
