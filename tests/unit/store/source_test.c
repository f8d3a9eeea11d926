/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: files, FIFOs and standard input, what is refused, what is noticed when it changes, and ending a wait from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/source.h"
#include "support/disk_fault.h"
#include "support/scratch.h"

static int saved_stdin;

static int set_up(void **state) {
    (void) state;
    scratch_init();
    saved_stdin = dup(STDIN_FILENO);
    return saved_stdin < 0;
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_memory_fail_from(0);
    dup2(saved_stdin, STDIN_FILENO);
    close(saved_stdin);
    scratch_done();
    return 0;
}

static struct fr_source *open_source(const char *path) {
    struct fr_failure failure = {0};
    struct fr_source *source = NULL;
    if (fr_source_open(path, &source, &failure))
        fail_msg("%s", failure.text);
    return source;
}

static void expect_refused(const char *path, int error, const char *words) {
    struct fr_failure failure = {0};
    struct fr_source *source = NULL;
    unsigned fds = scratch_fd_count();
    int result = fr_source_open(path, &source, &failure);
    if (result != error || failure.error != error || !strstr(failure.text, words))
        fail_msg("%s: %d '%s', not %d '%s'", path, result, failure.text, error, words);
    assert_null(source);
    assert_int_equal(scratch_fd_count(), fds);
}

static const char *put(const char *text) {
    const char *path = scratch_path("f");
    scratch_put(path, text, strlen(text));
    return path;
}

static void reads_a_file_at_any_offset(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t out[10];
    const char *path = put("0123456789");
    assert_int_equal(chmod(path, 0751), 0);
    struct fr_source *source = open_source(path);
    assert_true(fr_source_is_file(source));
    assert_int_equal(fr_source_bytes(source), 10);
    assert_int_equal(fr_source_mode(source), 0751);
    assert_string_equal(fr_source_label(source), path);
    assert_int_equal(fr_source_read_at(source, 7, out, 3, &failure), 0);
    assert_memory_equal(out, "789", 3);
    assert_int_equal(fr_source_read_at(source, 0, out, 10, &failure), 0);
    assert_memory_equal(out, "0123456789", 10);
    assert_int_equal(fr_source_read_at(source, 10, out, 0, &failure), 0);
    assert_int_equal(fr_source_check_unchanged(source, &failure), 0);
    struct disk_fault fault = {.call = DISK_FAULT_ANY, .short_bytes = 3};
    disk_fault_start(&fault);
    memset(out, 0, sizeof out);
    assert_int_equal(fr_source_read_at(source, 0, out, 10, &failure), 0);
    assert_memory_equal(out, "0123456789", 10);
    disk_fault_stop();
    fr_source_close(source);
    fr_source_close(NULL);
}

static void reads_a_file_in_order(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t out[8];
    uint32_t got = 99;
    struct fr_source *source = open_source(put("0123456789"));
    assert_int_equal(fr_source_read_next(source, out, 8, &got, &failure), 0);
    assert_int_equal(got, 8);
    assert_memory_equal(out, "01234567", 8);
    assert_int_equal(fr_source_read_next(source, out, 8, &got, &failure), 0);
    assert_int_equal(got, 2);
    assert_memory_equal(out, "89", 2);
    assert_int_equal(fr_source_read_next(source, out, 8, &got, &failure), 0);
    assert_int_equal(got, 0);
    fr_source_cancel(source);
    assert_int_equal(fr_source_read_next(source, out, 8, &got, &failure), FR_E_CANCELLED);
    fr_source_close(source);
    source = open_source(put(""));
    assert_int_equal(fr_source_bytes(source), 0);
    assert_int_equal(fr_source_read_next(source, out, 8, &got, &failure), 0);
    assert_int_equal(got, 0);
    fr_source_close(source);
}

/* Large and sparse, far beyond 32 bits. */
static void reads_far_into_a_sparse_file(void **state) {
    (void) state;
    const uint64_t size = (uint64_t) 8 << 30;
    struct fr_failure failure = {0};
    uint8_t out[4];
    const char *path = put("");
    assert_int_equal(truncate(path, (off_t) size), 0);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "end", 3, (off_t) size - 3), 3);
    close(fd);
    struct fr_source *source = open_source(path);
    assert_int_equal(fr_source_bytes(source), size);
    assert_int_equal(fr_source_read_at(source, size - 4, out, 4, &failure), 0);
    assert_memory_equal(out, "\0end", 4);
    fr_source_close(source);
}

static void refuses_what_is_no_file_and_no_pipe(void **state) {
    (void) state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path("socket"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof address), 0);
    close(fd);
    expect_refused(scratch_path("socket"), FR_E_ARGUMENT, "is a socket");
    expect_refused(scratch_path("."), FR_E_ARGUMENT, "is a folder: push an archive of it, as in `tar c DIR |");
    expect_refused("/dev/null", FR_E_ARGUMENT, "/dev/null is a device");
    expect_refused("/dev/zero", FR_E_ARGUMENT, "/dev/zero is a device");
    expect_refused("/proc/self/status", FR_E_ARGUMENT, "says it is empty but is not");
    expect_refused(scratch_path("missing"), FR_E_IO, "missing: No such file or directory: check the path");
    expect_refused("", FR_E_IO, "No such file");
    put("x");
    expect_refused(scratch_path("f/x"), FR_E_IO, "Not a directory");
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    expect_refused(longest, FR_E_IO, "File name too long");
}

static void tells_what_the_system_answered(void **state) {
    (void) state;
    struct disk_fault fault = {.call = FR_DISK_OPEN, .nth = 1, .sys_errno = EACCES};
    const char *path = put("x");
    disk_fault_start(&fault);
    expect_refused(path, FR_E_IO, "/f: Permission denied: check who owns it and who may use it");
    disk_fault_stop();
    struct fr_failure failure = {0};
    uint8_t out[1];
    struct fr_source *source = open_source(path);
    fault = (struct disk_fault){.call = FR_DISK_READ, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(fr_source_read_at(source, 0, out, 1, &failure), FR_E_IO);
    disk_fault_stop();
    assert_int_equal(failure.sys_errno, EIO);
    assert_non_null(strstr(failure.text, "cannot read "));
    fr_source_close(source);
}

static void every_failing_call_of_the_opening_is_told(void **state) {
    (void) state;
    const char *path = put(""); /* empty, so that it is read once as well */
    uint64_t nth = 1;
    for (;; nth++) {
        struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = nth, .sys_errno = EIO};
        struct fr_failure failure = {0};
        struct fr_source *source = NULL;
        unsigned fds = scratch_fd_count();
        disk_fault_start(&fault);
        int error = fr_source_open(path, &source, &failure);
        disk_fault_stop();
        if (!error) {
            assert_int_equal(fault.failed, 0);
            fr_source_close(source);
            break;
        }
        assert_int_equal(error, FR_E_IO);
        assert_int_equal(failure.sys_errno, EIO);
        assert_non_null(strstr(failure.text, path));
        assert_int_equal(scratch_fd_count(), fds);
    }
    assert_int_equal(nth, 5); /* stat, open, fstat, read */
    for (nth = 1; nth < 3; nth++) {
        struct fr_source *source;
        fr_memory_fail_from(nth);
        assert_int_equal(fr_source_open(path, &source, NULL), FR_E_MEMORY);
        fr_memory_fail_from(0);
    }
}

/* ------------------------------------------------------------------------------------------------ changes */

static void shrink(const char *path) { assert_int_equal(truncate(path, 4), 0); }
static void grow(const char *path) { assert_int_equal(truncate(path, 11), 0); }
static void rewrite_keeping_the_time(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    put("ABCDEFGHIJ");
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){status.st_atim, status.st_mtim}, 0), 0);
}
static void touch(const char *path) {
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){{.tv_sec = 1}, {.tv_sec = 2}}, 0), 0);
}
static void replace(const char *path) {
    scratch_put(scratch_path("other"), "0123456789", 10);
    assert_int_equal(rename(scratch_path("other"), path), 0);
}
static void unlink_it(const char *path) { assert_int_equal(unlink(path), 0); }

static void notices_changes(void **state) {
    (void) state;
    static const struct {
        void (*change)(const char *path);
        const char *words;
    } changes[] = {
        {shrink, "changed while it was pushed (10 B at the start, 4 B now): push it again when nothing writes to it"},
        {grow, "(10 B at the start, 11 B now)"},
        {rewrite_keeping_the_time, "was changed, renamed or linked while it was pushed"},
        {touch, "was written to while it was pushed"},
        {replace, "was removed or replaced by another file while it was pushed"},
        {unlink_it, "was removed or replaced by another file"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct fr_failure failure = {0};
        const char *path = put("0123456789");
        struct fr_source *source = open_source(path);
        assert_int_equal(fr_source_check_unchanged(source, &failure), 0);
        changes[i].change(path);
        int error = fr_source_check_unchanged(source, &failure);
        if (error != FR_E_CHANGED || !strstr(failure.text, changes[i].words) || !strstr(failure.text, path))
            fail_msg("change %zu: %d '%s'", i, error, failure.text);
        fr_source_close(source);
        remove(path);
    }
}

static void reading_beyond_what_is_left_of_a_file_is_told(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t out[10];
    const char *path = put("0123456789");
    struct fr_source *source = open_source(path);
    shrink(path);
    assert_int_equal(fr_source_read_at(source, 0, out, 4, &failure), 0);
    assert_int_equal(fr_source_read_at(source, 2, out, 3, &failure), FR_E_CHANGED);
    assert_non_null(strstr(failure.text, "(10 B at the start, 4 B now)"));
    failure = (struct fr_failure){0};
    uint32_t got = 99;
    assert_int_equal(fr_source_read_next(source, out, 10, &got, &failure), FR_E_CHANGED);
    assert_int_equal(got, 99);
    fr_source_close(source);
}

/* ------------------------------------------------------------------------------------------------ pipes */

enum { FLOW_BYTES = 300 * 1000 };

static uint8_t flow_byte(uint32_t at) { return (uint8_t) (at * 31 + at / 257); }

/* Writes FLOW_BYTES bytes in uneven pieces and closes. */
static void *feed(void *argument) {
    int fd = *(const int *) argument;
    uint8_t piece[4999];
    for (uint32_t at = 0; at < FLOW_BYTES;) {
        uint32_t now = 1 + at * 7 % sizeof piece;
        if (now > FLOW_BYTES - at)
            now = FLOW_BYTES - at;
        for (uint32_t i = 0; i < now; i++)
            piece[i] = flow_byte(at + i);
        for (uint32_t done = 0; done < now;) {
            ssize_t written = write(fd, piece + done, now - done);
            if (written <= 0)
                return NULL;
            done += (uint32_t) written;
        }
        at += now;
    }
    close(fd);
    return NULL;
}

/* All of the flow in whole pieces but for the last, then the end, again and again. */
static void expect_flow(struct fr_source *source) {
    enum { PIECE = 64 << 10 };
    static uint8_t out[PIECE];
    struct fr_failure failure = {0};
    uint32_t at = 0, got = 0;
    assert_false(fr_source_is_file(source));
    assert_true(fr_source_bytes(source) == FR_BYTES_UNKNOWN);
    assert_int_equal(fr_source_mode(source), 0644);
    do {
        assert_int_equal(fr_source_read_next(source, out, PIECE, &got, &failure), 0);
        for (uint32_t i = 0; i < got; i++)
            if (out[i] != flow_byte(at + i))
                fail_msg("byte %u differs", at + i);
        at += got;
        assert_true(got == PIECE || at == FLOW_BYTES);
    } while (got == PIECE);
    assert_int_equal(fr_source_read_next(source, out, PIECE, &got, &failure), 0);
    assert_int_equal(got, 0);
    assert_int_equal(fr_source_check_unchanged(source, &failure), 0);
}

static void *open_and_feed(void *argument) {
    int fd = open(argument, O_WRONLY);
    return feed(&fd);
}

static void reads_a_fifo_whose_writer_comes_later(void **state) {
    (void) state;
    pthread_t writer;
    char path[SCRATCH_PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path("fifo"));
    assert_int_equal(mkfifo(path, 0600), 0);
    struct fr_source *source = open_source(path); /* does not wait */
    assert_int_equal(pthread_create(&writer, NULL, open_and_feed, path), 0);
    expect_flow(source);
    assert_int_equal(pthread_join(writer, NULL), 0);
    fr_source_close(source);
}

static void reads_a_pipe_on_standard_input(void **state) {
    (void) state;
    for (int round = 0; round < 2; round++) {
        pthread_t writer;
        int ends[2];
        /* Once a pipe and once a stream socket, as some parents give their children. */
        assert_int_equal(round ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        close(ends[0]);
        struct fr_source *source = open_source("-");
        assert_string_equal(fr_source_label(source), "standard input");
        struct disk_fault fault = {.call = FR_DISK_READ, .nth = 3, .sys_errno = EINTR, .short_bytes = 1000};
        disk_fault_start(&fault);
        assert_int_equal(pthread_create(&writer, NULL, feed, &ends[1]), 0);
        expect_flow(source);
        assert_int_equal(pthread_join(writer, NULL), 0);
        disk_fault_stop();
        assert_int_equal(fault.failed, 1);
        fr_source_close(source);
        assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0); /* it is not ours to close */
    }
}

static void standard_input_may_be_a_file(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t out[16];
    uint32_t got;
    int fd = open(put("0123456789"), O_RDONLY);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    struct fr_source *source = open_source("-");
    assert_true(fr_source_is_file(source));
    assert_int_equal(fr_source_bytes(source), 10);
    assert_int_equal(fr_source_check_unchanged(source, &failure), 0);
    fr_source_close(source);
    /* Its beginning was read by somebody: only the rest is to be sent. */
    assert_int_equal(lseek(STDIN_FILENO, 3, SEEK_SET), 3);
    source = open_source("-");
    assert_false(fr_source_is_file(source));
    assert_int_equal(fr_source_read_next(source, out, sizeof out, &got, &failure), 0);
    assert_int_equal(got, 7);
    assert_memory_equal(out, "3456789", 7);
    fr_source_close(source);
}

static void refuses_standard_input_that_gives_nothing(void **state) {
    (void) state;
    int fd = open("/dev/null", O_RDONLY);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    expect_refused("-", FR_E_ARGUMENT, "standard input is a terminal or another device");
    fd = open(scratch_path("."), O_RDONLY);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    expect_refused("-", FR_E_ARGUMENT, "standard input is a folder");
    close(STDIN_FILENO);
    expect_refused("-", FR_E_IO, "cannot read standard input: Bad file descriptor");
    assert_int_equal(dup2(saved_stdin, STDIN_FILENO), STDIN_FILENO);
}

static sem_t is_waiting;

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's type */
static int tell_of_wait(void *user, enum fr_disk_call call, size_t *count) {
    (void) user;
    (void) count;
    if (call == FR_DISK_POLL)
        sem_post(&is_waiting);
    return 0;
}

static void *read_until_cancelled(void *source) {
    static int error;
    uint8_t out[16];
    uint32_t got = 99;
    struct fr_failure failure = {0};
    error = fr_source_read_next(source, out, sizeof out, &got, &failure);
    if (got != 99 || !strstr(failure.text, "was stopped on request"))
        error = 0;
    return &error;
}

static void a_blocked_read_can_be_cancelled(void **state) {
    (void) state;
    assert_int_equal(sem_init(&is_waiting, 0, 0), 0);
    assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
    /* Without a writer; with one that wrote less than was asked for. */
    for (int round = 0; round < 2; round++) {
        pthread_t reader;
        void *error;
        struct fr_source *source = open_source(scratch_path("fifo"));
        int writer = round ? open(scratch_path("fifo"), O_WRONLY) : -1;
        if (round)
            assert_int_equal(write(writer, "some", 4), 4);
        fr_disk_set_hook(tell_of_wait, NULL);
        assert_int_equal(pthread_create(&reader, NULL, read_until_cancelled, source), 0);
        for (int waits = 0; waits <= round; waits++)
            sem_wait(&is_waiting);
        fr_source_cancel(source);
        assert_int_equal(pthread_join(reader, &error), 0);
        assert_int_equal(*(int *) error, FR_E_CANCELLED);
        assert_int_equal(*(int *) read_until_cancelled(source), FR_E_CANCELLED); /* and from now on */
        fr_disk_set_hook(NULL, NULL);
        fr_source_close(source);
        if (round)
            close(writer);
    }
    sem_destroy(&is_waiting);
}

static void failures_of_a_pipe_are_told(void **state) {
    (void) state;
    static const enum fr_disk_call calls[] = {FR_DISK_POLL, FR_DISK_READ};
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        uint8_t out[4];
        uint32_t got = 99;
        struct fr_failure failure = {0};
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "some", 4), 4);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        close(ends[0]);
        struct fr_source *source = open_source("-");
        struct disk_fault fault = {.call = (int) calls[i], .nth = 1, .sys_errno = EIO};
        disk_fault_start(&fault);
        assert_int_equal(fr_source_read_next(source, out, 4, &got, &failure), FR_E_IO);
        disk_fault_stop();
        assert_int_equal(got, 99);
        assert_int_equal(failure.sys_errno, EIO);
        assert_non_null(strstr(failure.text, "standard input: Input/output error"));
        fr_source_close(source);
        close(ends[1]);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_a_file_at_any_offset),
        TEST(reads_a_file_in_order),
        TEST(reads_far_into_a_sparse_file),
        TEST(refuses_what_is_no_file_and_no_pipe),
        TEST(tells_what_the_system_answered),
        TEST(every_failing_call_of_the_opening_is_told),
        TEST(notices_changes),
        TEST(reading_beyond_what_is_left_of_a_file_is_told),
        TEST(reads_a_fifo_whose_writer_comes_later),
        TEST(reads_a_pipe_on_standard_input),
        TEST(standard_input_may_be_a_file),
        TEST(refuses_standard_input_that_gives_nothing),
        TEST(a_blocked_read_can_be_cancelled),
        TEST(failures_of_a_pipe_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
