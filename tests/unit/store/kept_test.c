/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer that was cut short leaves, and what later ones make of it. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <fastreplica/error.h>

#include "store/disk.h"
#include "store/store.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"

enum { CHUNK = 16 << 10, SIZE = 8 * CHUNK, HOUR = 3600 };

#define PARTIAL "store/.fastreplica/partial"
#define KEPT "store/.fastreplica/kept"

static struct fr_store *store;
static uint8_t chunk[CHUNK];

static void open_store(void) {
    struct fr_failure failure = {0};
    if (fr_store_open(scratch_path("store"), &store, &failure))
        fail_msg("%s", failure.text);
    fr_store_keep(store, HOUR);
}

static int set_up(void **state) {
    (void) state;
    scratch_init();
    memset(chunk, 'x', sizeof chunk);
    open_store();
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_store_close(store);
    scratch_done();
    return 0;
}

static struct fr_sink *open_sink(const char *id, const char *name, uint64_t object_bytes) {
    struct fr_failure failure = {0};
    struct fr_sink *sink = NULL;
    if (fr_sink_open(store, id, name, object_bytes, 0644, &sink, &failure))
        fail_msg("%s", failure.text);
    return sink;
}

static void write_chunk(struct fr_sink *sink, uint32_t index) {
    struct fr_failure failure = {0};
    if (fr_sink_write(sink, (uint64_t) index * CHUNK, chunk, CHUNK, &failure))
        fail_msg("%s", failure.text);
}

/* A transfer that brings two of eight chunks and ends. */
static void cut_short(const char *id, const char *name) {
    struct fr_sink *sink = open_sink(id, name, SIZE);
    write_chunk(sink, 0);
    write_chunk(sink, 5);
    fr_sink_close(sink);
}

static unsigned kept_count(void) { return scratch_entry_count(scratch_path(KEPT)); }

static void assert_has(struct fr_sink *sink, uint32_t index, bool has) {
    uint8_t bytes[CHUNK];
    struct fr_failure failure = {0};
    assert_int_equal(fr_sink_may_have(sink, (uint64_t) index * CHUNK, CHUNK), has);
    if (!has)
        return;
    assert_int_equal(fr_sink_read(sink, (uint64_t) index * CHUNK, bytes, CHUNK, &failure), 0);
    assert_memory_equal(bytes, chunk, CHUNK);
}

static void what_was_received_is_taken_over(void **state) {
    (void) state;
    cut_short("1", "a/b");
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
    assert_int_equal(kept_count(), 1);
    assert_false(scratch_exists(scratch_path("store/a")));
    struct fr_sink *sink = open_sink("2", "a/b", SIZE);
    assert_true(fr_sink_is_resumed(sink));
    assert_int_equal(kept_count(), 0);
    for (uint32_t index = 0; index < 8; index++)
        assert_has(sink, index, index == 0 || index == 5);
    write_chunk(sink, 1);
    fr_sink_close(sink); /* cut short again */
    sink = open_sink("3", "a/b", SIZE);
    assert_has(sink, 1, true);
    fr_sink_close(sink);
}

static void also_by_the_process_that_follows_one_that_died(void **state) {
    (void) state;
    cut_short("1", "x");
    struct fr_sink *sink = open_sink("abc", "x", SIZE); /* back to partial/, as a transfer that is under way */
    assert_true(fr_sink_is_resumed(sink));
    /* The process dies here: its file stays in partial/. What close does is undone by hand. */
    fr_sink_close(sink);
    assert_int_equal(rename(sample_path_of("x", NULL), sample_path_of("x", "abc")), 0);
    fr_store_close(store);
    open_store();
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
    sink = open_sink("2", "x", SIZE);
    assert_true(fr_sink_is_resumed(sink));
    assert_has(sink, 5, true);
    fr_sink_close(sink);
}

static void another_size_or_name_begins_anew(void **state) {
    (void) state;
    cut_short("1", "x");
    struct fr_sink *sink = open_sink("2", "x", SIZE + 1);
    assert_false(fr_sink_is_resumed(sink));
    assert_false(fr_sink_may_have(sink, 0, CHUNK));
    fr_sink_close(sink);
    sink = open_sink("3", "y", SIZE);
    assert_false(fr_sink_is_resumed(sink));
    fr_sink_close(sink);
    sink = open_sink("4", "x", FR_BYTES_UNKNOWN);
    assert_false(fr_sink_is_resumed(sink));
    fr_sink_close(sink);
    assert_int_equal(kept_count(), 1);
}

static void what_brought_nothing_is_not_kept(void **state) {
    (void) state;
    fr_sink_close(open_sink("1", "x", SIZE));
    struct fr_sink *pipe = open_sink("2", "y", FR_BYTES_UNKNOWN);
    write_chunk(pipe, 0);
    fr_sink_close(pipe);
    assert_int_equal(kept_count(), 0);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void who_keeps_nothing_keeps_nothing(void **state) {
    (void) state;
    cut_short("1", "x");
    fr_store_keep(store, 0);
    assert_int_equal(kept_count(), 0);
    cut_short("2", "x");
    assert_int_equal(kept_count(), 0);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void make_older(const char *name, unsigned seconds) {
    struct timespec times[2];
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, sample_path_of(name, NULL), times, 0), 0);
}

static void the_old_go_by_their_age(void **state) {
    (void) state;
    cut_short("1", "x");
    cut_short("2", "y");
    make_older("x", HOUR + 60);
    make_older("y", HOUR - 60);
    fr_store_keep(store, HOUR);
    assert_int_equal(kept_count(), 1);
    struct fr_sink *sink = open_sink("3", "y", SIZE);
    assert_true(fr_sink_is_resumed(sink));
    fr_sink_close(sink);
}

static void they_make_room_for_what_is_here_now(void **state) {
    (void) state;
    fr_store_close(store);
    if (!scratch_mount(scratch_path("store"), 8 * SIZE / 1024)) {
        open_store();
        skip();
    }
    open_store();
    for (unsigned i = 0; i < 4; i++) { /* whole, or they would take next to nothing */
        char name[2] = {(char) ('a' + i), 0};
        struct fr_sink *sink = open_sink("1", name, SIZE);
        for (uint32_t index = 0; index < 8; index++)
            write_chunk(sink, index);
        fr_sink_close(sink);
        make_older(name, 60 * (4 - i));
    }
    assert_int_equal(kept_count(), 4);
    struct fr_sink *sink = open_sink("2", "large", 6 * SIZE - CHUNK); /* four are free, so the two oldest have to go */
    assert_in_range(kept_count(), 1, 2);
    assert_false(scratch_exists(sample_path_of("a", NULL)) || scratch_exists(sample_path_of("b", NULL)));
    assert_true(scratch_exists(sample_path_of("d", NULL)));
    fr_sink_close(sink);
}

/* Whoever pushes something absurd costs nobody what was kept. */
static void what_does_not_fit_all_the_same_costs_none(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *sink = NULL;
    cut_short("1", "x");
    cut_short("2", "y");
    assert_int_equal(fr_sink_open(store, "3", "z", (uint64_t) 1 << 50, 0644, &sink, &failure), FR_E_NO_SPACE);
    assert_non_null(strstr(failure.text, "no space for z"));
    assert_int_equal(kept_count(), 2);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void files_that_are_none_of_ours_stay(void **state) {
    (void) state;
    scratch_put(scratch_path(KEPT "/notes"), "x", 1);
    assert_int_equal(mkdir(scratch_path(KEPT "/folder"), 0700), 0);
    cut_short("1", "x");
    fr_store_keep(store, 0);
    assert_int_equal(kept_count(), 2);
}

/* What cannot be kept is lost, and that is all. */
static void every_failing_call_costs_no_more_than_what_was_kept(void **state) {
    (void) state;
    for (uint64_t nth = 1;; nth++) {
        struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = nth, .sys_errno = EIO};
        struct fr_failure failure = {0};
        struct fr_sink *sink = NULL;
        cut_short("1", "x");
        unsigned fds = scratch_fd_count();
        disk_fault_start(&fault);
        int error = fr_sink_open(store, "2", "x", SIZE, 0644, &sink, &failure);
        if (!error)
            fr_sink_may_have(sink, 0, CHUNK);
        fr_sink_close(sink);
        disk_fault_stop();
        assert_int_equal(scratch_fd_count(), fds);
        if (error)
            assert_int_equal(failure.sys_errno, EIO);
        sink = open_sink("3", "x", SIZE);
        if (fr_sink_is_resumed(sink))
            assert_has(sink, 5, true);
        fr_sink_close(sink);
        if (fault.failed == 0)
            break;
        assert_true(nth < 200);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_received_is_taken_over),     TEST(also_by_the_process_that_follows_one_that_died),
        TEST(another_size_or_name_begins_anew),    TEST(what_brought_nothing_is_not_kept),
        TEST(who_keeps_nothing_keeps_nothing),     TEST(the_old_go_by_their_age),
        TEST(they_make_room_for_what_is_here_now), TEST(what_does_not_fit_all_the_same_costs_none),
        TEST(files_that_are_none_of_ours_stay),    TEST(every_failing_call_costs_no_more_than_what_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
