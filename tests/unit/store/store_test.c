/* SPDX-License-Identifier: Apache-2.0 */
/* The store's folder: opening, its lock, what a dead process left, and which finished objects are still believed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "content/digest.h"
#include "store/inside.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"

#define NAME "models/weights.bin"

static int set_up(void **state) {
    (void) state;
    scratch_init();
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_memory_fail_from(0);
    scratch_done();
    return 0;
}

static struct fr_store *open_store(void) {
    struct fr_failure failure = {0};
    struct fr_store *store = NULL;
    if (fr_store_open(scratch_path("store"), &store, &failure))
        fail_msg("%s", failure.text);
    return store;
}

static void expect_open_fails(const char *path, int error, const char *words) {
    struct fr_failure failure = {0};
    struct fr_store *store = NULL;
    assert_int_equal(fr_store_open(path, &store, &failure), error);
    assert_null(store);
    assert_int_equal(failure.error, error);
    if (!strstr(failure.text, words))
        fail_msg("'%s' does not say '%s'", failure.text, words);
}

static void makes_its_folders(void **state) {
    (void) state;
    struct fr_store *store = open_store();
    assert_string_equal(fr_store_path(store), scratch_path("store"));
    assert_true(scratch_exists(scratch_path("store/.fastreplica/partial")));
    assert_true(scratch_exists(scratch_path("store/.fastreplica/records")));
    assert_true(fr_store_free_bytes(store) > 0);
    struct stat status;
    assert_int_equal(stat(scratch_path("store/.fastreplica"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    fr_store_close(store);
    store = open_store(); /* again, with everything there */
    fr_store_close(store);
    fr_store_close(NULL);
}

static void is_served_by_one_at_a_time(void **state) {
    (void) state;
    struct fr_store *store = open_store();
    expect_open_fails(scratch_path("store"), FR_E_IN_USE, "another process serves it");
    fr_store_close(store);
    fr_store_close(open_store());
}

static void refuses_what_is_no_folder(void **state) {
    (void) state;
    scratch_put(scratch_path("file"), "x", 1);
    expect_open_fails(scratch_path("file"), FR_E_ARGUMENT, "is not a folder");
    expect_open_fails(scratch_path("missing/store"), FR_E_IO, "No such file");
    expect_open_fails(scratch_path("file/store"), FR_E_IO, "Not a directory");
    assert_true(scratch_holds(scratch_path("file"), "x", 1));
}

static void refuses_planted_links_in_place_of_its_own_folders(void **state) {
    (void) state;
    assert_int_equal(mkdir(scratch_path("store"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("elsewhere"), 0700), 0);
    assert_int_equal(symlink("../elsewhere", scratch_path("store/.fastreplica")), 0);
    expect_open_fails(scratch_path("store"), FR_E_IO, ".fastreplica");
    assert_int_equal(scratch_entry_count(scratch_path("elsewhere")), 0);
    assert_int_equal(unlink(scratch_path("store/.fastreplica")), 0);
    assert_int_equal(mkdir(scratch_path("store/.fastreplica"), 0700), 0);
    scratch_put(scratch_path("elsewhere/precious"), "x", 1);
    assert_int_equal(symlink("../../elsewhere", scratch_path("store/.fastreplica/partial")), 0);
    expect_open_fails(scratch_path("store"), FR_E_IO, ".fastreplica/partial");
    assert_true(scratch_exists(scratch_path("elsewhere/precious"))); /* not cleaned up as a leftover */
    assert_int_equal(unlink(scratch_path("store/.fastreplica/partial")), 0);
    assert_int_equal(symlink("../../elsewhere/lock", scratch_path("store/.fastreplica/lock.new")), 0);
    assert_int_equal(rename(scratch_path("store/.fastreplica/lock.new"), scratch_path("store/.fastreplica/lock")), 0);
    expect_open_fails(scratch_path("store"), FR_E_IO, "lock");
    assert_false(scratch_exists(scratch_path("elsewhere/lock")));
}

static void removes_what_a_dead_process_left(void **state) {
    (void) state;
    fr_store_close(open_store());
    scratch_put(scratch_path("precious"), "x", 1);
    scratch_put(scratch_path("store/.fastreplica/partial/0123"), "half", 4);
    scratch_put(scratch_path("store/.fastreplica/partial/0123.record"), "half", 4);
    assert_int_equal(symlink("../../../precious", scratch_path("store/.fastreplica/partial/link")), 0);
    assert_int_equal(mkdir(scratch_path("store/.fastreplica/partial/folder"), 0700), 0);
    fr_store_close(open_store());
    assert_int_equal(scratch_entry_count(scratch_path("store/.fastreplica/partial")), 1);
    assert_true(scratch_exists(scratch_path("store/.fastreplica/partial/folder"))); /* none of ours */
    assert_true(scratch_holds(scratch_path("precious"), "x", 1));
}

/* Every disk call of the opening fails once: an error with its errno and a sentence, no descriptor kept, and the next opening works. */
static void every_failing_call_of_the_opening_is_told(void **state) {
    (void) state;
    unsigned fds = scratch_fd_count();
    uint64_t nth = 1;
    for (;; nth++) {
        struct fr_store *store = NULL;
        struct fr_failure failure = {0};
        struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = nth, .sys_errno = EIO};
        fr_store_close(open_store()); /* everything there, so that each round makes the same calls */
        scratch_put(scratch_path("store/.fastreplica/partial/0123"), "half", 4);
        disk_fault_start(&fault);
        int error = fr_store_open(scratch_path("store"), &store, &failure);
        disk_fault_stop();
        if (fault.failed == 0) {
            assert_int_equal(error, 0);
            fr_store_close(store);
            break;
        }
        if (error != FR_E_IO || failure.sys_errno != EIO || strncmp(failure.text, "store /", 7) != 0)
            fail_msg("call %u (kind %d): error %d, '%s'", (unsigned) nth, fault.last_failed, error, failure.text);
        assert_null(store);
        assert_int_equal(scratch_fd_count(), fds);
    }
    assert_true(nth > 15);
}

static void every_failing_allocation_of_the_opening_is_told(void **state) {
    (void) state;
    uint64_t nth = 1;
    for (;; nth++) {
        struct fr_store *store = NULL;
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        int error = fr_store_open(scratch_path("store"), &store, &failure);
        fr_memory_fail_from(0);
        if (error == 0) {
            fr_store_close(store);
            break;
        }
        assert_int_equal(error, FR_E_MEMORY);
        assert_null(store);
    }
    assert_true(nth > 2);
}

static void unreadable_folder_is_told_with_its_errno(void **state) {
    (void) state;
    struct disk_fault fault = {.call = FR_DISK_OPEN, .nth = 1, .sys_errno = EACCES};
    disk_fault_start(&fault);
    expect_open_fails(scratch_path("store"), FR_E_IO, "Permission denied: check who owns it");
}

/* ------------------------------------------------------------------------------------------------ find */

static struct sample sample;

static struct fr_store *set_up_object(void) {
    struct fr_failure failure = {0};
    struct fr_store *store = open_store();
    sample_init(&sample, 3 * FR_CHUNK_BYTES_MIN - 5, 1);
    if (sample_store(&sample, store, "ab", NAME, &failure))
        fail_msg("%s", failure.text);
    return store;
}

static void tear_down_object(struct fr_store *store) {
    sample_done(&sample);
    fr_store_close(store);
}

static bool is_found(struct fr_store *store) {
    struct fr_record found = {.object_bytes = 77};
    bool result = fr_store_find(store, NAME, &found);
    if (!result)
        assert_int_equal(found.object_bytes, 77);
    else
        fr_record_done(&found);
    return result;
}

static void finds_a_finished_object(void **state) {
    (void) state;
    struct fr_store *store = set_up_object();
    struct fr_record found;
    assert_true(fr_store_find(store, NAME, &found));
    assert_int_equal(found.object_bytes, sample.count);
    assert_int_equal(found.chunk_count, 3);
    assert_memory_equal(found.digests, sample.record.digests, 3 * sizeof(struct fr_digest));
    assert_true(fr_digest_equal(&found.root, &sample.record.root));
    assert_true(fr_digest_equal(&found.sha256, &sample.record.sha256));
    fr_record_done(&found);
    assert_false(fr_store_find(store, "models/other", &found));
    assert_false(fr_store_find(store, "models", &found));
    assert_false(fr_store_find(store, "../" NAME, &found));
    assert_false(fr_store_find(store, "", &found));
    fr_store_close(store);
    store = open_store(); /* and by the next process */
    assert_true(is_found(store));
    tear_down_object(store);
}

/* Each way of changing the file by hand, at once after the commit, so within the same tick of the kernel's clock. */
static void append(const char *path) {
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}
static void overwrite(const char *path) {
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 100), 1);
    close(fd);
}
static void cut(const char *path) { assert_int_equal(truncate(path, 10), 0); }
static void replace(const char *path) {
    scratch_put(scratch_path("other"), sample.bytes, sample.count);
    assert_int_equal(rename(scratch_path("other"), path), 0);
}
static void replace_keeping_times(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    replace(path);
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){status.st_atim, status.st_mtim}, 0), 0);
}
static void replace_by_fifo(const char *path) {
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
}
static void replace_by_link(const char *path) {
    assert_int_equal(rename(path, scratch_path("store/moved")), 0);
    assert_int_equal(symlink("../moved", path), 0);
}
static void replace_by_folder(const char *path) {
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}
static void remove_file(const char *path) { assert_int_equal(unlink(path), 0); }
static void change_permissions(const char *path) {
    assert_int_equal(chmod(path, 0600), 0); /* same bytes, but the ctime tells no more than "something" */
}

static void does_not_believe_in_files_changed_by_hand(void **state) {
    (void) state;
    static const struct {
        const char *what;
        void (*change)(const char *path);
    } changes[] = {
        {"append", append},
        {"overwrite", overwrite},
        {"cut", cut},
        {"replace", replace},
        {"replace, keeping times", replace_keeping_times},
        {"replace by FIFO", replace_by_fifo},
        {"replace by link", replace_by_link},
        {"replace by folder", replace_by_folder},
        {"remove", remove_file},
        {"change permissions", change_permissions},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct fr_store *store = set_up_object();
        assert_true(is_found(store));
        changes[i].change(scratch_path("store/" NAME));
        if (is_found(store))
            fail_msg("still believed after: %s", changes[i].what);
        tear_down_object(store);
        scratch_done();
        scratch_init();
    }
}

static const char *record_path(void) {
    char name[FR_RECORD_FILE_NAME_BYTES];
    fr_store_record_name(NAME, name);
    return scratch_path("store/.fastreplica/records/%s", name);
}

static void does_not_believe_in_damaged_records(void **state) {
    (void) state;
    struct fr_store *store = set_up_object();
    const char *path = record_path();
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, 150), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 150), 1);
    assert_false(is_found(store));
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 150), 1);
    assert_true(is_found(store));
    assert_int_equal(ftruncate(fd, 150), 0);
    assert_false(is_found(store));
    assert_int_equal(ftruncate(fd, (off_t) 1 << 33), 0); /* nothing is allocated for that */
    assert_false(is_found(store));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(is_found(store));
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_false(is_found(store));
    assert_int_equal(mkfifo(path, 0600), 0); /* which must not be waited for */
    assert_false(is_found(store));
    tear_down_object(store);
}

static void a_record_reached_by_a_link_is_none(void **state) {
    (void) state;
    struct fr_store *store = set_up_object();
    assert_int_equal(rename(record_path(), scratch_path("moved")), 0);
    assert_int_equal(symlink(scratch_path("moved"), record_path()), 0);
    assert_false(is_found(store));
    tear_down_object(store);
}

static void failing_calls_of_find_mean_no(void **state) {
    (void) state;
    struct fr_store *store = set_up_object();
    unsigned fds = scratch_fd_count();
    uint64_t nth = 1;
    for (;; nth++) {
        struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = nth, .sys_errno = EIO};
        disk_fault_start(&fault);
        bool result = is_found(store);
        disk_fault_stop();
        assert_int_equal(scratch_fd_count(), fds);
        assert_int_equal(result, fault.failed == 0);
        if (result)
            break;
    }
    assert_true(nth > 4);
    for (nth = 1;; nth++) {
        fr_memory_fail_from(nth);
        bool result = is_found(store);
        fr_memory_fail_from(0);
        if (result)
            break;
    }
    assert_true(nth > 2);
    tear_down_object(store);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(makes_its_folders),
        TEST(is_served_by_one_at_a_time),
        TEST(refuses_what_is_no_folder),
        TEST(refuses_planted_links_in_place_of_its_own_folders),
        TEST(removes_what_a_dead_process_left),
        TEST(every_failing_call_of_the_opening_is_told),
        TEST(every_failing_allocation_of_the_opening_is_told),
        TEST(unreadable_folder_is_told_with_its_errno),
        TEST(finds_a_finished_object),
        TEST(does_not_believe_in_files_changed_by_hand),
        TEST(does_not_believe_in_damaged_records),
        TEST(a_record_reached_by_a_link_is_none),
        TEST(failing_calls_of_find_mean_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
