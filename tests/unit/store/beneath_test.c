/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that stay beneath a folder, once with openat2 and once on a kernel (a pretended one) that lacks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/beneath.h"
#include "support/disk_fault.h"
#include "support/scratch.h"

struct fixture {
    int folder;
    struct disk_fault fault;
};

static int set_up(void **state) {
    static struct fixture fixture;
    scratch_init();
    assert_int_equal(mkdir(scratch_path("in"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("out"), 0700), 0);
    scratch_put(scratch_path("out/secret"), "s", 1);
    fixture.folder = open(scratch_path("in"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &fixture;
    return fixture.folder < 0;
}

static int set_up_old_kernel(void **state) {
    int result = set_up(state);
    struct fixture *fixture = *state;
    fixture->fault = (struct disk_fault){.call = FR_DISK_OPEN_BENEATH, .nth = 1, .and_later = true, .sys_errno = ENOSYS};
    disk_fault_start(&fixture->fault);
    return result;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    disk_fault_stop();
    close(fixture->folder);
    scratch_done();
    return 0;
}

static void expect_refused(int folder, const char *path) {
    errno = 0;
    int fd = fr_beneath_open(folder, path, O_RDONLY, 0);
    assert_int_equal(fd, -1);
    assert_true(errno == ELOOP || errno == ENOTDIR);
}

static void opens_what_is_beneath(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(mkdir(scratch_path("in/a"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("in/a/b"), 0700), 0);
    int fd = fr_beneath_open(fixture->folder, "a/b/new", O_RDWR | O_CREAT | O_EXCL, 0640);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
    assert_true(scratch_exists(scratch_path("in/a/b/new")));
    assert_int_equal(fr_beneath_open(fixture->folder, "a/c/new", O_RDONLY, 0), -1);
    assert_int_equal(errno, ENOENT);
    fd = fr_beneath_open_parent(fixture->folder, "top");
    assert_true(fd >= 0);
    assert_int_equal(fsync(fd), 0); /* not an O_PATH one */
    close(fd);
}

static void follows_no_link(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(mkdir(scratch_path("in/a"), 0700), 0);
    assert_int_equal(symlink("../../out", scratch_path("in/a/door")), 0);
    assert_int_equal(symlink(scratch_path("out"), scratch_path("in/absolute")), 0);
    assert_int_equal(symlink("../../out/secret", scratch_path("in/a/file")), 0);
    assert_int_equal(symlink("a", scratch_path("in/inner")), 0); /* not even one that stays inside */
    expect_refused(fixture->folder, "a/door/secret");
    expect_refused(fixture->folder, "absolute/secret");
    expect_refused(fixture->folder, "a/file");
    expect_refused(fixture->folder, "inner/x");
    unsigned made = 7;
    assert_int_equal(fr_beneath_make_parent(fixture->folder, "a/door/new/x", &made), -1);
    assert_true(errno == ELOOP || errno == ENOTDIR);
    assert_int_equal(scratch_entry_count(scratch_path("out")), 1);
    assert_int_equal(fr_beneath_open_parent(fixture->folder, "a/door/x"), -1);
}

static void makes_folders_and_takes_back_only_those(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(mkdir(scratch_path("in/a"), 0700), 0);
    unsigned made = 7;
    int fd = fr_beneath_make_parent(fixture->folder, "a/b/c/x", &made);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(made, 2);
    assert_true(scratch_exists(scratch_path("in/a/b/c")));
    fr_beneath_remove_folders(fixture->folder, "a/b/c/x", made);
    assert_false(scratch_exists(scratch_path("in/a/b")));
    assert_true(scratch_exists(scratch_path("in/a")));

    fd = fr_beneath_make_parent(fixture->folder, "a/b/c/x", &made);
    close(fd);
    scratch_put(scratch_path("in/a/b/other"), "", 0);
    fr_beneath_remove_folders(fixture->folder, "a/b/c/x", made);
    assert_false(scratch_exists(scratch_path("in/a/b/c")));
    assert_true(scratch_exists(scratch_path("in/a/b/other")));

    fd = fr_beneath_make_parent(fixture->folder, "a/b/y", &made); /* all there already */
    close(fd);
    assert_int_equal(made, 0);
    fr_beneath_remove_folders(fixture->folder, "a/b/y", made);
    assert_true(scratch_exists(scratch_path("in/a/b")));
}

/* Each disk call on the way fails once: nothing that was made stays, no descriptor leaks. */
static void failing_to_make_folders_leaves_none(void **state) {
    struct fixture *fixture = *state;
    unsigned fds = scratch_fd_count();
    for (uint64_t nth = 1;; nth++) {
        struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = nth, .sys_errno = EIO};
        unsigned made;
        disk_fault_start(&fault);
        int fd = fr_beneath_make_parent(fixture->folder, "a/b/x", &made);
        disk_fault_stop();
        if (fault.failed == 0) {
            assert_true(fd >= 0);
            close(fd);
            assert_true(nth > 5);
            break;
        }
        assert_int_equal(fd, -1);
        assert_int_equal(errno, EIO);
        assert_false(scratch_exists(scratch_path("in/a")));
        assert_int_equal(scratch_fd_count(), fds);
    }
}

static void takes_paths_apart(void **state) {
    (void) state;
    assert_string_equal(fr_beneath_last("x"), "x");
    assert_string_equal(fr_beneath_last("a/b/x"), "x");
    assert_int_equal(fr_beneath_prefix("a/bc/x", 1), 1);
    assert_int_equal(fr_beneath_prefix("a/bc/x", 2), 4);
    assert_int_equal(fr_beneath_prefix("a/bc/x", 3), 0);
    assert_int_equal(fr_beneath_prefix("x", 1), 0);
}

#define BOTH(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down), { #test "_on_an_old_kernel", test, set_up_old_kernel, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(opens_what_is_beneath),
        BOTH(follows_no_link),
        BOTH(makes_folders_and_takes_back_only_those),
        cmocka_unit_test_setup_teardown(failing_to_make_folders_leaves_none, set_up, tear_down),
        cmocka_unit_test(takes_paths_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
