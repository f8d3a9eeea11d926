/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are there whole or not at all, and folders that go away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static char folder[] = "/tmp/fr-files-XXXXXX";

static int make_folder(void **state) {
    (void) state;
    strcpy(folder, "/tmp/fr-files-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
    (void) state;
    return chdir("/") == 0 && cli_folder_remove(folder) == 0 ? 0 : -1;
}

static void assert_contents(const char *path, const char *expected) {
    char text[100] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static int count_files(void) {
    DIR *directory = opendir(".");
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void a_file_is_written_and_replaced(void **state) {
    (void) state;
    struct stat status;
    mode_t mask = umask(0027);
    assert_int_equal(cli_file_check("report"), 0);
    assert_int_equal(cli_file_write("report", "one", 3), 0);
    umask(mask);
    assert_contents("report", "one");
    assert_int_equal(stat("report", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    ino_t before = status.st_ino;
    assert_int_equal(cli_file_write("./report", "two!", 4), 0);
    assert_contents("report", "two!");
    assert_int_equal(stat("report", &status), 0);
    assert_int_not_equal(status.st_ino, before); /* a new file took its place: readers of the old one saw it whole */
    assert_int_equal(count_files(), 1);
}

static void a_link_stays_a_link(void **state) {
    (void) state;
    struct stat status;
    assert_int_equal(mkdir("there", 0700), 0);
    assert_int_equal(cli_file_write("there/real", "one", 3), 0);
    assert_int_equal(symlink("there/real", "link"), 0);
    assert_int_equal(cli_file_write("link", "two", 3), 0);
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_contents("there/real", "two");
}

static void what_is_no_file_is_written_to_as_it_is(void **state) {
    (void) state;
    char text[10] = "";
    struct stat status;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    assert_int_equal(cli_file_check("fifo"), 0);
    assert_int_equal(cli_file_write("fifo", "hello", 5), 0);
    assert_int_equal(read(reader, text, sizeof text), 5);
    assert_string_equal(text, "hello");
    close(reader);
    assert_int_equal(lstat("fifo", &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(cli_file_check("/dev/null"), 0);
    assert_int_equal(cli_file_write("/dev/null", "x", 1), 0);
    errno = 0;
    assert_int_equal(cli_file_write("/dev/full", "x", 1), -1);
    assert_int_equal(errno, ENOSPC);
}

static void what_cannot_be_is_told(void **state) {
    (void) state;
    static const struct {
        const char *path;
        int error;
    } cases[] = {{"no/such/report", ENOENT}, {"there", EISDIR}};
    assert_int_equal(mkdir("there", 0700), 0);
    for (size_t i = 0; i < 2; i++) {
        errno = 0;
        assert_int_equal(cli_file_check(cases[i].path), -1);
        assert_int_equal(errno, cases[i].error);
        assert_int_equal(cli_file_write(cases[i].path, "x", 1), -1);
    }
    assert_int_equal(cli_file_check("/report"), access("/", W_OK));
    assert_int_equal(count_files(), 1);
}

static void a_folder_goes_with_all_that_is_in_it_and_nothing_else(void **state) {
    (void) state;
    assert_int_equal(cli_file_write("outside", "stays", 5), 0);
    assert_int_equal(mkdir("tree", 0700), 0);
    assert_int_equal(mkdir("tree/.hidden", 0700), 0);
    assert_int_equal(cli_file_write("tree/.hidden/file", "x", 1), 0);
    assert_int_equal(symlink("../outside", "tree/link"), 0);
    assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
    assert_int_equal(cli_folder_remove("tree"), 0);
    assert_int_equal(access("tree", F_OK), -1);
    assert_contents("outside", "stays");
    errno = 0;
    assert_int_equal(cli_folder_remove("tree"), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_written_and_replaced, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_link_stays_a_link, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_written_to_as_it_is, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_told, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_goes_with_all_that_is_in_it_and_nothing_else, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
