/* SPDX-License-Identifier: Apache-2.0 */
/* The key folder: what is made, with which permissions, what each role reads, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "node/keys.h"

static const char *const names[] = {"cluster.secret", "origin.key", "origin.pub"};
static char folder[] = "/tmp/fr-keys-XXXXXX";

static const char *path_of(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state) {
    (void) state;
    strcpy(folder, "/tmp/fr-keys-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void) state;
    for (size_t i = 0; i < 3; i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

static void write_file(const char *name, const char *text, mode_t mode) {
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path_of(name), mode), 0);
}

static void read_file(const char *name, char *text, size_t size) {
    FILE *file = fopen(path_of(name), "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static int count_files(void) {
    DIR *directory = opendir(folder);
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void three_files_are_made_with_their_modes(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    mode_t old_mask = umask(0077);
    assert_int_equal(fr_keys_generate(folder, &failure), 0);
    umask(old_mask);
    static const mode_t modes[] = {0600, 0600, 0644};
    char texts[3][100];
    for (size_t i = 0; i < 3; i++) {
        struct stat status;
        assert_int_equal(stat(path_of(names[i]), &status), 0);
        assert_int_equal(status.st_mode & 07777, modes[i]);
        read_file(names[i], texts[i], sizeof texts[i]);
        assert_int_equal(strlen(texts[i]), 65);
        assert_int_equal(strspn(texts[i], "0123456789abcdef"), 64);
        assert_int_equal(texts[i][64], '\n');
    }
    assert_string_not_equal(texts[0], texts[1]);
    assert_string_not_equal(texts[1], texts[2]);
    assert_int_equal(count_files(), 3);
}

static void a_missing_folder_is_made(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(fr_keys_generate(folder, &failure), 0);
    struct stat status;
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    char deeper[200];
    snprintf(deeper, sizeof deeper, "%s/no/such", folder);
    assert_int_equal(fr_keys_generate(deeper, &failure), FR_E_IO);
    assert_int_equal(failure.sys_errno, ENOENT);
}

static void nothing_is_ever_overwritten(void **state) {
    (void) state;
    for (size_t i = 0; i < 3; i++) {
        struct fr_failure failure = {0};
        write_file(names[i], "mine", 0600);
        assert_int_equal(fr_keys_generate(folder, &failure), FR_E_IN_USE);
        assert_non_null(strstr(failure.text, names[i]));
        assert_int_equal(count_files(), 1); /* nor is anything left beside it */
        char text[10];
        read_file(names[i], text, sizeof text);
        assert_string_equal(text, "mine");
        unlink(path_of(names[i]));
    }
}

static void each_role_reads_what_it_needs(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_keys *node = NULL, *origin = NULL, *status = NULL;
    assert_int_equal(fr_keys_generate(folder, &failure), 0);
    assert_int_equal(fr_keys_load(folder, FR_KEYS_NODE, &node, &failure), 0);
    assert_int_equal(fr_keys_load(folder, FR_KEYS_ORIGIN, &origin, &failure), 0);
    unlink(path_of("origin.key"));
    unlink(path_of("origin.pub"));
    assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &status, &failure), 0);
    assert_memory_equal(fr_keys_secret(node), fr_keys_secret(origin), FR_KEY_BYTES);
    assert_memory_equal(fr_keys_secret(node), fr_keys_secret(status), FR_KEY_BYTES);
    assert_memory_equal(fr_keys_origin_public(node), fr_keys_origin_public(origin), FR_KEY_BYTES);
    assert_null(fr_keys_origin_public(status));
    assert_null(fr_keys_sign_key(node));
    assert_null(fr_keys_sign_key(status));
    assert_null(fr_keys_verify_key(origin));
    assert_null(fr_keys_verify_key(status));
    uint8_t signature[FR_SIGNATURE_BYTES];
    assert_int_equal(fr_sign(fr_keys_sign_key(origin), FR_SIGN_END, "x", 1, signature), 0);
    assert_true(fr_verify(fr_keys_verify_key(node), FR_SIGN_END, "x", 1, signature));
    fr_keys_free(node);
    fr_keys_free(origin);
    fr_keys_free(status);
    fr_keys_free(NULL);
}

static void what_is_missing_is_named(void **state) {
    (void) state;
    static const enum fr_keys_role roles[] = {FR_KEYS_STATUS, FR_KEYS_ORIGIN, FR_KEYS_NODE};
    struct fr_failure failure = {0};
    struct fr_keys *keys = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fr_keys_generate(folder, &failure), 0);
        unlink(path_of(names[i]));
        assert_int_equal(fr_keys_load(folder, roles[i], &keys, &failure), FR_E_IO);
        assert_null(keys);
        assert_int_equal(failure.sys_errno, ENOENT);
        assert_non_null(strstr(failure.text, names[i]));
        assert_non_null(strstr(failure.text, "fastreplica keygen"));
        failure = (struct fr_failure){0};
        for (size_t j = 0; j < 3; j++)
            unlink(path_of(names[j]));
    }
    assert_int_equal(fr_keys_load("/nonexistent", FR_KEYS_NODE, &keys, &failure), FR_E_IO);
    assert_non_null(strstr(failure.text, "/nonexistent"));
}

static void secrets_open_to_everyone_are_refused(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_keys *keys = NULL;
    assert_int_equal(fr_keys_generate(folder, &failure), 0);
    assert_int_equal(chmod(path_of("cluster.secret"), 0640), 0); /* the group may: nodes often run as a user of their own */
    assert_int_equal(fr_keys_load(folder, FR_KEYS_NODE, &keys, &failure), 0);
    fr_keys_free(keys);
    keys = NULL;
    static const mode_t modes[] = {0604, 0602, 0644, 0777};
    for (size_t i = 0; i < 4; i++) {
        failure = (struct fr_failure){0};
        assert_int_equal(chmod(path_of("cluster.secret"), modes[i]), 0);
        assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &keys, &failure), FR_E_ARGUMENT);
        assert_non_null(strstr(failure.text, "cluster.secret"));
    }
    assert_int_equal(chmod(path_of("cluster.secret"), 0600), 0);
    assert_int_equal(chmod(path_of("origin.key"), 0644), 0);
    assert_int_equal(fr_keys_load(folder, FR_KEYS_ORIGIN, &keys, &failure), FR_E_ARGUMENT);
    assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &keys, &failure), 0); /* does not touch origin.key */
    fr_keys_free(keys);
}

static void what_is_no_key_is_refused(void **state) {
    (void) state;
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    char text[200];
    struct fr_keys *keys = NULL;
    struct fr_failure failure = {0};
    static const char *const endings[] = {"", "\n", "\r\n", "  \n"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "%s%s", good, endings[i]);
        write_file("cluster.secret", text, 0600);
        assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &keys, &failure), 0);
        assert_int_equal(fr_keys_secret(keys)[1], 0x11);
        assert_int_equal(fr_keys_secret(keys)[31], 0xff);
        fr_keys_free(keys);
        keys = NULL;
    }
    char long_text[300];
    memset(long_text, ' ', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    memcpy(long_text, good, 64);
    const char *const bad[] = {"", "\n", good + 1, "g0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", "0x00", long_text};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        failure = (struct fr_failure){0};
        write_file("cluster.secret", bad[i], 0600);
        assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &keys, &failure), FR_E_SYNTAX);
        assert_non_null(strstr(failure.text, "64 hex digits"));
        assert_null(strstr(failure.text, "112233")); /* a failure never quotes a key */
        assert_null(keys);
    }
    unlink(path_of("cluster.secret"));
    assert_int_equal(mkdir(path_of("cluster.secret"), 0700), 0);
    assert_int_equal(fr_keys_load(folder, FR_KEYS_STATUS, &keys, &failure), FR_E_SYNTAX);
    assert_int_equal(rmdir(path_of("cluster.secret")), 0);
}

static void without_memory_it_fails_cleanly(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    assert_int_equal(fr_keys_generate(folder, &failure), 0);
    static const enum fr_keys_role roles[] = {FR_KEYS_STATUS, FR_KEYS_ORIGIN, FR_KEYS_NODE};
    for (size_t i = 0; i < 3; i++)
        for (uint64_t nth = 1;; nth++) {
            struct fr_keys *keys = NULL;
            failure = (struct fr_failure){0};
            fr_memory_fail_from(nth);
            int error = fr_keys_load(folder, roles[i], &keys, &failure);
            int is_done = fr_memory_count() < nth;
            fr_memory_fail_from(0);
            if (is_done) {
                assert_int_equal(error, 0);
                fr_keys_free(keys);
                break;
            }
            assert_true(error != 0 && failure.error == error);
            assert_null(keys);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_files_are_made_with_their_modes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_made, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nothing_is_ever_overwritten, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(each_role_reads_what_it_needs, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(secrets_open_to_everyone_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_memory_it_fails_cleanly, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
