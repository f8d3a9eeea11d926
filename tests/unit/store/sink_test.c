/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving: what is refused before data flows, writing from several threads, full stores, and that a failure stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"

#define ID "0123456789abcdef0123456789abcdef"
#define PARTIAL "store/.fastreplica/partial"

static struct fr_store *store;

static int set_up(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    scratch_init();
    return fr_store_open(scratch_path("store"), &store, &failure);
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_memory_fail_from(0);
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

/* Refused, with these words, and nothing is left of the try. */
static void expect_refused(const char *id, const char *name, uint64_t object_bytes, int error, const char *words) {
    struct fr_failure failure = {0};
    struct fr_sink *sink = NULL;
    unsigned fds = scratch_fd_count(), partials = scratch_entry_count(scratch_path(PARTIAL));
    int result = fr_sink_open(store, id, name, object_bytes, 0644, &sink, &failure);
    if (result != error || !strstr(failure.text, words))
        fail_msg("%s: %d '%s', not %d '%s'", name, result, failure.text, error, words);
    assert_null(sink);
    assert_int_equal(scratch_fd_count(), fds);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), partials);
}

static void refuses_names_that_lead_outside(void **state) {
    (void) state;
    static const char *const names[] = {"",  "/etc/passwd", "../x", "a/../../x",         "a/..",        "a//b", "a/",
                                        ".", "a/./b",       "x\ny", ".fastreplica/lock", ".fastreplica"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_refused(ID, names[i], 5, FR_E_NAME, "the name '");
    char longest[FR_NAME_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    expect_refused(ID, longest, 5, FR_E_NAME, "the name '...x");
    longest[FR_NAME_BYTES_MAX] = 0;
    fr_sink_close(open_sink(ID, longest, 5));
}

static void refuses_ids_that_are_none(void **state) {
    (void) state;
    static const char *const ids[] = {"", "../x", "ABCDEF", "12/34", "0123456789abcdef0123456789abcdef0", "0 "};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        expect_refused(ids[i], "x", 5, FR_E_ARGUMENT, "is no transfer id");
}

static void refuses_what_is_in_the_way(void **state) {
    (void) state;
    assert_int_equal(mkdir(scratch_path("store/folder"), 0700), 0);
    scratch_put(scratch_path("store/file"), "x", 1);
    assert_int_equal(mkfifo(scratch_path("store/fifo"), 0600), 0);
    expect_refused(ID, "folder", 5, FR_E_NAME, "folder is a folder: remove it there or choose another name");
    expect_refused(ID, "file/x", 5, FR_E_NAME, "file is a file, not a folder");
    expect_refused(ID, "file/x/y/z", 5, FR_E_NAME, "file is a file, not a folder");
    expect_refused(ID, "fifo", 5, FR_E_NAME, "no plain file");
    assert_true(scratch_holds(scratch_path("store/file"), "x", 1));
}

static void refuses_planted_links(void **state) {
    (void) state;
    assert_int_equal(mkdir(scratch_path("outside"), 0700), 0);
    scratch_put(scratch_path("outside/precious"), "x", 1);
    assert_int_equal(mkdir(scratch_path("store/a"), 0700), 0);
    assert_int_equal(symlink("../../outside", scratch_path("store/a/door")), 0);
    assert_int_equal(symlink("../outside/precious", scratch_path("store/file")), 0);
    assert_int_equal(symlink("../outside/new", scratch_path("store/dangling")), 0);
    expect_refused(ID, "a/door/precious", 5, FR_E_NAME, "a/door is a symbolic link, which is never followed");
    expect_refused(ID, "a/door/x/y", 5, FR_E_NAME, "a/door is a symbolic link");
    expect_refused(ID, "file", 5, FR_E_NAME, "file is a symbolic link");
    expect_refused(ID, "dangling", 5, FR_E_NAME, "dangling is a symbolic link");
    assert_true(scratch_holds(scratch_path("outside/precious"), "x", 1));
    assert_int_equal(scratch_entry_count(scratch_path("outside")), 1);
}

/* The link is planted between the opening and the commit. */
static void follows_no_link_planted_meanwhile(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    sample_init(&sample, 5, 1);
    assert_int_equal(mkdir(scratch_path("outside"), 0700), 0);
    scratch_put(scratch_path("outside/precious"), "x", 1);
    struct fr_sink *sink = open_sink(ID, "a/b/x", 5);
    struct fr_sink *other = open_sink("1", "y", 5);
    assert_int_equal(mkdir(scratch_path("store/a"), 0700), 0);
    assert_int_equal(symlink("../../outside", scratch_path("store/a/b")), 0);
    assert_int_equal(symlink("../outside/precious", scratch_path("store/y")), 0);
    assert_int_equal(sample_write(&sample, sink, &failure), 0);
    assert_int_equal(sample_write(&sample, other, &failure), 0);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), FR_E_IO);
    assert_non_null(strstr(failure.text, "a/b/x"));
    failure = (struct fr_failure){0};
    assert_int_equal(fr_sink_commit(other, &sample.record, &failure), 0); /* replaces the link itself */
    fr_sink_close(sink);
    fr_sink_close(other);
    assert_true(scratch_holds(scratch_path("outside/precious"), "x", 1));
    assert_int_equal(scratch_entry_count(scratch_path("outside")), 1);
    assert_true(scratch_holds(scratch_path("store/y"), sample.bytes, sample.count));
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
    sample_done(&sample);
}

static void refuses_an_id_that_is_in_use(void **state) {
    (void) state;
    struct fr_sink *sink = open_sink(ID, "x", 5);
    expect_refused(ID, "x", 5, FR_E_IN_USE, "is being received already");
    fr_sink_close(sink);
    fr_sink_close(open_sink(ID, "y", 5));
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void stores_objects_of_all_sizes(void **state) {
    (void) state;
    static const uint32_t sizes[] = {0, 1, FR_CHUNK_BYTES_MIN - 1, FR_CHUNK_BYTES_MIN, FR_CHUNK_BYTES_MIN + 1, 40 * FR_CHUNK_BYTES_MIN + 7};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct sample sample;
        struct fr_failure failure = {0};
        struct stat status;
        sample_init(&sample, sizes[i / 2], i);
        /* Once with the size known beforehand and once as from a pipe. */
        struct fr_sink *sink = open_sink(ID, "a/b/x", i % 2 ? FR_BYTES_UNKNOWN : sample.count);
        assert_int_equal(sample_write(&sample, sink, &failure), 0);
        assert_false(scratch_exists(scratch_path("store/a"))); /* nothing under its name before the commit */
        assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), 0);
        assert_true(scratch_holds(scratch_path("store/a/b/x"), sample.bytes, sample.count));
        assert_int_equal(stat(scratch_path("store/a/b/x"), &status), 0);
        assert_int_equal(status.st_mode, S_IFREG | 0644);
        uint8_t *back = fr_alloc(sample.count + 1);
        assert_int_equal(fr_sink_read(sink, 0, back, sample.count, &failure), 0);
        assert_memory_equal(back, sample.bytes, sample.count);
        assert_int_equal(fr_sink_read(sink, 0, back, sample.count + 1, &failure), FR_E_IO);
        assert_non_null(strstr(failure.text, "is shorter than what was written"));
        fr_free(back);
        fr_sink_close(sink);
        assert_true(scratch_holds(scratch_path("store/a/b/x"), sample.bytes, sample.count));
        assert_int_equal(unlink(scratch_path("store/a/b/x")), 0);
        assert_int_equal(rmdir(scratch_path("store/a/b")), 0);
        assert_int_equal(rmdir(scratch_path("store/a")), 0);
        sample_done(&sample);
    }
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void drops_bits_that_an_object_must_not_bring(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    struct fr_sink *sink;
    struct stat status;
    sample_init(&sample, 5, 1);
    assert_int_equal(fr_sink_open(store, ID, "x", 5, 0107755, &sink, &failure), 0);
    assert_int_equal(sample_write(&sample, sink, &failure), 0);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), 0);
    fr_sink_close(sink);
    assert_int_equal(stat(scratch_path("store/x"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0755);
    sample_done(&sample);
}

static void cuts_a_pipes_object_and_refuses_one_that_is_short(void **state) {
    (void) state;
    struct sample sample, longer;
    struct fr_failure failure = {0};
    sample_init(&sample, 1000, 1);
    sample_init(&longer, 2000, 1); /* the same seed, so the same first bytes */
    struct fr_sink *sink = open_sink(ID, "x", FR_BYTES_UNKNOWN);
    assert_int_equal(sample_write(&longer, sink, &failure), 0);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), 0);
    fr_sink_close(sink);
    assert_true(scratch_holds(scratch_path("store/x"), sample.bytes, sample.count));
    sink = open_sink(ID, "x", FR_BYTES_UNKNOWN);
    assert_int_equal(sample_write(&sample, sink, &failure), 0);
    assert_int_equal(fr_sink_commit(sink, &longer.record, &failure), FR_E_IO);
    assert_non_null(strstr(failure.text, "is shorter than it should be"));
    fr_sink_close(sink);
    assert_true(scratch_holds(scratch_path("store/x"), sample.bytes, sample.count));
    sample_done(&sample);
    sample_done(&longer);
}

/* ------------------------------------------------------------------------------------------------ space */

static void refuses_what_has_no_room_before_data_flows(void **state) {
    (void) state;
    expect_refused(ID, "huge", (uint64_t) 1 << 50, FR_E_NO_SPACE, "no space for huge (need 1.1 PB, ");
    expect_refused(ID, "absurd", UINT64_MAX - 1, FR_E_LIMIT, "cannot hold absurd: File too large");
}

static void reserves_real_space(void **state) {
    (void) state;
    struct stat status;
    fr_sink_close(open_sink("1", "x", 0)); /* fallocate would refuse a length of 0 */
    struct fr_sink *sink = open_sink(ID, "x", 8 << 20);
    assert_int_equal(stat(sample_path_of("x", ID), &status), 0);
    assert_int_equal(status.st_size, 8 << 20);
    assert_true((uint64_t) status.st_blocks * 512 >= 8 << 20);
    assert_int_equal(status.st_mode & 0777, 0600);
    fr_sink_close(sink);
}

static void where_nothing_can_be_reserved_the_size_is_set(void **state) {
    (void) state;
    static const int answers[] = {EOPNOTSUPP, ENOSYS, EINVAL};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct disk_fault fault = {.call = FR_DISK_ALLOCATE, .nth = 1, .sys_errno = answers[i]};
        struct stat status;
        disk_fault_start(&fault);
        struct fr_sink *sink = open_sink(ID, "x", 8 << 20);
        disk_fault_stop();
        assert_int_equal(fault.failed, 1);
        assert_int_equal(stat(sample_path_of("x", ID), &status), 0);
        assert_int_equal(status.st_size, 8 << 20);
        assert_int_equal(status.st_blocks, 0); /* no zeros were written instead */
        fr_sink_close(sink);
    }
}

static void a_reservation_that_fails_names_need_and_free(void **state) {
    (void) state;
    static const int answers[] = {ENOSPC, EDQUOT};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct disk_fault fault = {.call = FR_DISK_ALLOCATE, .nth = 1, .sys_errno = answers[i]};
        disk_fault_start(&fault);
        expect_refused(ID, "weights.bin", 4200, FR_E_NO_SPACE, "no space for weights.bin (need 4.2 kB, ");
        disk_fault_stop();
    }
    struct disk_fault fault = {.call = FR_DISK_ALLOCATE, .nth = 1, .sys_errno = EFBIG};
    disk_fault_start(&fault);
    expect_refused(ID, "weights.bin", 4200, FR_E_LIMIT, "cannot reserve the space of weights.bin: File too large");
}

/* A tmpfs of 1 MiB as the store. */
static void a_small_store_is_refused_and_a_full_one_told(void **state) {
    (void) state;
    fr_store_close(store);
    store = NULL;
    if (!scratch_mount(scratch_path("store"), 1024)) {
        skip();
        return;
    }
    struct fr_failure failure = {0};
    assert_int_equal(fr_store_open(scratch_path("store"), &store, &failure), 0);
    assert_true(fr_store_free_bytes(store) <= 1 << 20);
    expect_refused(ID, "x", 2 << 20, FR_E_NO_SPACE, "no space for x (need 2.1 MB, 1.0 MB free): make room or choose another store");

    /* Two that fit alone, but not together: the first one's reservation counts. */
    struct fr_sink *first = open_sink("1", "first", 600 << 10);
    expect_refused("2", "second", 600 << 10, FR_E_NO_SPACE, "no space for second");
    struct sample sample;
    sample_init(&sample, 600 << 10, 1);
    /* A pipe's size nobody knew: it fills the store, and the reserved one is none the worse. */
    struct fr_sink *pipe_sink = open_sink("3", "pipe", FR_BYTES_UNKNOWN);
    assert_int_equal(sample_write(&sample, pipe_sink, &failure), FR_E_NO_SPACE);
    assert_int_equal(failure.sys_errno, ENOSPC);
    assert_non_null(strstr(failure.text, "cannot write pipe: No space left on device: make room"));
    failure = (struct fr_failure){0};
    assert_int_equal(sample_write(&sample, first, &failure), 0);
    assert_int_equal(fr_sink_commit(first, &sample.record, &failure), 0);
    failure = (struct fr_failure){0};
    assert_int_equal(fr_sink_commit(pipe_sink, &sample.record, &failure), FR_E_NO_SPACE); /* never a short file */
    fr_sink_close(first);
    fr_sink_close(pipe_sink);
    assert_true(scratch_holds(scratch_path("store/first"), sample.bytes, sample.count));
    assert_false(scratch_exists(scratch_path("store/pipe")));
    sample_done(&sample);
    fr_store_close(store);
    store = NULL;
}

static void another_file_system_below_the_store_is_refused(void **state) {
    (void) state;
    assert_int_equal(mkdir(scratch_path("store/mounted"), 0700), 0);
    if (!scratch_mount(scratch_path("store/mounted"), 1024)) {
        skip();
        return;
    }
    expect_refused(ID, "mounted/x", 5, FR_E_NAME, "mounted is on another file system");
    expect_refused(ID, "mounted/a/x", 5, FR_E_NAME, "mounted is on another file system");
}

/* Were it asked of the kernel, SIGXFSZ would end this test. */
static void the_limit_of_file_sizes_is_kept_by_ourselves(void **state) {
    (void) state;
    const uint64_t most = 1 << 30;
    struct rlimit old;
    struct fr_failure failure = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, old.rlim_max}), 0);
    expect_refused(ID, "x", most + 1, FR_E_LIMIT, "cannot hold x: File too large: raise the limit (ulimit -f)");
    struct fr_sink *sink = open_sink(ID, "x", FR_BYTES_UNKNOWN);
    assert_int_equal(fr_sink_write(sink, most - 4, (const uint8_t *) "1234", 4, &failure), 0);
    assert_int_equal(fr_sink_write(sink, most - 4, (const uint8_t *) "12345", 5, &failure), FR_E_LIMIT);
    assert_non_null(strstr(failure.text, "cannot hold x: File too large"));
    fr_sink_close(sink);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

/* ------------------------------------------------------------------------------------------------ failures and threads */

static void the_first_failure_stays(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0}, again = {0};
    sample_init(&sample, 3 * FR_CHUNK_BYTES_MIN, 1);
    struct fr_sink *sink = open_sink(ID, "x", sample.count);
    struct disk_fault fault = {.call = FR_DISK_WRITE, .nth = 2, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(sample_write(&sample, sink, &failure), FR_E_IO);
    disk_fault_stop();
    assert_non_null(strstr(failure.text, "cannot write x: Input/output error: the disk may be failing"));
    assert_int_equal(fr_sink_write(sink, 0, sample.bytes, 1, &again), FR_E_IO); /* the disk is well again, the sink is not */
    assert_string_equal(again.text, failure.text);
    again = (struct fr_failure){0};
    assert_int_equal(fr_sink_commit(sink, &sample.record, &again), FR_E_IO);
    assert_string_equal(again.text, failure.text);
    assert_int_equal(fr_sink_commit(sink, &sample.record, NULL), FR_E_IO);
    fr_sink_close(sink);
    assert_false(scratch_exists(scratch_path("store/x")));
    sample_done(&sample);
}

/* A sync that failed has lost pages; the next one would succeed and mean nothing. */
static void a_failed_sync_is_not_tried_again(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    sample_init(&sample, 5, 1);
    struct fr_sink *sink = open_sink(ID, "x", sample.count);
    assert_int_equal(sample_write(&sample, sink, &failure), 0);
    struct disk_fault fault = {.call = FR_DISK_SYNC, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), FR_E_IO);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), FR_E_IO);
    assert_int_equal(fault.counted, 1);
    disk_fault_stop();
    fr_sink_close(sink);
    assert_false(scratch_exists(scratch_path("store/x")));
    sample_done(&sample);
}

static void reading_back_tells_its_errors(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    uint8_t byte;
    sample_init(&sample, 5, 1);
    struct fr_sink *sink = open_sink(ID, "x", sample.count);
    assert_int_equal(sample_write(&sample, sink, &failure), 0);
    struct disk_fault fault = {.call = FR_DISK_READ, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(fr_sink_read(sink, 0, &byte, 1, &failure), FR_E_IO);
    disk_fault_stop();
    assert_non_null(strstr(failure.text, "cannot read back x: Input/output error"));
    failure = (struct fr_failure){0};
    assert_int_equal(fr_sink_read(sink, 4, &byte, 1, &failure), 0); /* a failed read spoils nothing */
    assert_int_equal(byte, sample.bytes[4]);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), 0);
    fr_sink_close(sink);
    sample_done(&sample);
}

static void begins_writing_back_long_before_the_commit(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    static uint8_t chunk[1 << 20];
    struct fr_sink *sink = open_sink(ID, "x", 64 << 20);
    struct disk_fault fault = {.call = FR_DISK_SYNC_RANGE};
    disk_fault_start(&fault);
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(fr_sink_write(sink, (uint64_t) i * sizeof chunk, chunk, sizeof chunk, &failure), 0);
    assert_int_equal(fault.counted, 4); /* not for every chunk */
    fault = (struct disk_fault){.call = FR_DISK_SYNC_RANGE, .nth = 1, .and_later = true, .sys_errno = ENOSYS};
    disk_fault_start(&fault);
    for (uint32_t i = 0; i < 16; i++) /* only a hint */
        assert_int_equal(fr_sink_write(sink, (uint64_t) i * sizeof chunk, chunk, sizeof chunk, &failure), 0);
    assert_int_equal(fault.failed, 1);
    fault = (struct disk_fault){.call = FR_DISK_SYNC_RANGE, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    int error = 0;
    for (uint32_t i = 0; i < 16 && !error; i++) /* but lost data is lost data */
        error = fr_sink_write(sink, (uint64_t) i * sizeof chunk, chunk, sizeof chunk, &failure);
    assert_int_equal(error, FR_E_IO);
    fr_sink_close(sink);
}

struct worker {
    pthread_t thread;
    struct fr_sink *sink;
    const struct sample *sample;
    uint32_t first;
    int error;
};

enum { WORKERS = 4 };

static void *write_every_fourth(void *argument) {
    struct worker *worker = argument;
    const struct sample *sample = worker->sample;
    uint32_t chunk_bytes = sample->record.chunk_bytes;
    uint8_t *back = fr_alloc(chunk_bytes);
    struct fr_failure failure = {0};
    for (uint32_t i = worker->first; i < sample->record.chunk_count && !worker->error; i += WORKERS) {
        uint32_t at = i * chunk_bytes, now = sample->count - at < chunk_bytes ? sample->count - at : chunk_bytes;
        worker->error = fr_sink_write(worker->sink, at, sample->bytes + at, now, &failure);
        if (!worker->error)
            worker->error = fr_sink_read(worker->sink, at, back, now, &failure);
        if (!worker->error && memcmp(back, sample->bytes + at, now) != 0)
            worker->error = FR_E_DIGEST;
    }
    fr_free(back);
    return NULL;
}

static int write_by_threads(struct fr_sink *sink, const struct sample *sample, int errors[WORKERS]) {
    struct worker workers[WORKERS];
    int error = 0;
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.sink = sink, .sample = sample, .first = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, write_every_fourth, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        errors[i] = workers[i].error;
        error = error ? error : workers[i].error;
    }
    return error;
}

static void threads_write_and_read_at_once(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    int errors[WORKERS];
    sample_init(&sample, 400 * FR_CHUNK_BYTES_MIN + 9, 1);
    struct fr_sink *sink = open_sink(ID, "x", sample.count);
    assert_int_equal(write_by_threads(sink, &sample, errors), 0);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), 0);
    fr_sink_close(sink);
    assert_true(scratch_holds(scratch_path("store/x"), sample.bytes, sample.count));
    sample_done(&sample);
}

static void one_threads_failure_stops_all(void **state) {
    (void) state;
    struct sample sample;
    struct fr_failure failure = {0};
    int errors[WORKERS];
    sample_init(&sample, 400 * FR_CHUNK_BYTES_MIN + 9, 1);
    struct fr_sink *sink = open_sink(ID, "x", sample.count);
    struct disk_fault fault = {.call = FR_DISK_WRITE, .nth = 20, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(write_by_threads(sink, &sample, errors), FR_E_IO);
    disk_fault_stop();
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(errors[i], FR_E_IO);
    assert_int_equal(fr_sink_commit(sink, &sample.record, &failure), FR_E_IO);
    fr_sink_close(sink);
    assert_false(scratch_exists(scratch_path("store/x")));
    sample_done(&sample);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(refuses_names_that_lead_outside),
        TEST(refuses_ids_that_are_none),
        TEST(refuses_what_is_in_the_way),
        TEST(refuses_planted_links),
        TEST(follows_no_link_planted_meanwhile),
        TEST(refuses_an_id_that_is_in_use),
        TEST(stores_objects_of_all_sizes),
        TEST(drops_bits_that_an_object_must_not_bring),
        TEST(cuts_a_pipes_object_and_refuses_one_that_is_short),
        TEST(refuses_what_has_no_room_before_data_flows),
        TEST(reserves_real_space),
        TEST(where_nothing_can_be_reserved_the_size_is_set),
        TEST(a_reservation_that_fails_names_need_and_free),
        TEST(a_small_store_is_refused_and_a_full_one_told),
        TEST(another_file_system_below_the_store_is_refused),
        TEST(the_limit_of_file_sizes_is_kept_by_ourselves),
        TEST(the_first_failure_stays),
        TEST(a_failed_sync_is_not_tried_again),
        TEST(reading_back_tells_its_errors),
        TEST(begins_writing_back_long_before_the_commit),
        TEST(threads_write_and_read_at_once),
        TEST(one_threads_failure_stops_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
