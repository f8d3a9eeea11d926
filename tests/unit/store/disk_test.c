/* SPDX-License-Identifier: Apache-2.0 */
/* The disk calls: interrupted and short ones come out whole, and the hook can fail each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/disk_fault.h"
#include "support/scratch.h"

static int set_up(void **state) {
    (void) state;
    scratch_init();
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    scratch_done();
    return 0;
}

static void moves_all_bytes_in_short_and_interrupted_steps(void **state) {
    (void) state;
    uint8_t bytes[1000], found[1001];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i * 7);
    int fd = fr_disk_open(AT_FDCWD, scratch_path("f"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    struct disk_fault fault = {.call = FR_DISK_WRITE, .nth = 3, .sys_errno = EINTR, .short_bytes = 7};
    disk_fault_start(&fault);
    assert_int_equal(fr_disk_write_all(fd, bytes, sizeof bytes, 5), 0);
    assert_int_equal(fault.failed, 1);
    assert_true(fault.counted >= 1000 / 7);

    fault.call = FR_DISK_READ;
    disk_fault_start(&fault);
    assert_int_equal(fr_disk_read_all(fd, found, sizeof found, 5), sizeof bytes); /* one more than there is */
    assert_int_equal(fault.failed, 1);
    assert_memory_equal(found, bytes, sizeof bytes);
    fr_disk_close(fd);
}

static void tries_again_when_interrupted(void **state) {
    (void) state;
    struct disk_fault fault = {.call = DISK_FAULT_ANY, .nth = 1, .sys_errno = EINTR};
    disk_fault_start(&fault);
    int fd = fr_disk_open(AT_FDCWD, scratch_path("f"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fault.counted, 2);
    disk_fault_start(&fault);
    assert_int_equal(fr_disk_sync(fd), 0);
    assert_int_equal(fault.counted, 2);
    disk_fault_start(&fault);
    assert_int_equal(fr_disk_truncate(fd, 10), 0);
    assert_int_equal(fault.counted, 2);
    fr_disk_close(fd);
}

static void fails_with_the_errno_asked_for(void **state) {
    (void) state;
    struct disk_fault fault = {.call = FR_DISK_OPEN, .nth = 1, .sys_errno = EACCES};
    disk_fault_start(&fault);
    errno = 0;
    assert_int_equal(fr_disk_open(AT_FDCWD, scratch_path("f"), O_RDWR | O_CREAT, 0600), -1);
    assert_int_equal(errno, EACCES);
    assert_false(scratch_exists(scratch_path("f")));
    errno = EBADF;
    fr_disk_close(-1);
    assert_int_equal(errno, EBADF);
}

static void waits_for_a_pipe_or_the_waker(void **state) {
    (void) state;
    int ends[2], is_woken = 7;
    int wake = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(fr_disk_wait(ends[0], wake, &is_woken), 0);
    assert_false(is_woken);
    assert_int_equal(write(wake, &(uint64_t){1}, 8), 8);
    assert_int_equal(fr_disk_wait(ends[0], wake, &is_woken), 0);
    assert_true(is_woken);
    close(wake);
    close(ends[0]);
    close(ends[1]);
}

static void lists_all_but_the_dots(void **state) {
    (void) state;
    scratch_put(scratch_path(".hidden"), "", 0);
    scratch_put(scratch_path("..odd"), "", 0);
    int folder = fr_disk_open(AT_FDCWD, scratch_path("."), O_RDONLY | O_DIRECTORY, 0);
    DIR *list = fr_disk_list(folder);
    assert_non_null(list);
    unsigned count = 0;
    while (fr_disk_list_next(list))
        count++;
    assert_int_equal(errno, 0);
    assert_int_equal(count, 2);
    closedir(list);
    fr_disk_close(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(moves_all_bytes_in_short_and_interrupted_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tries_again_when_interrupted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails_with_the_errno_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_a_pipe_or_the_waker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_all_but_the_dots, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
