/* SPDX-License-Identifier: Apache-2.0 */
#include "content/name.h"

#include <fastreplica/error.h>

#include "content/limits.h"
#include "support/test.h"

static void good_names_pass(void **state) {
    static const char *const names[] = {
        "a",
        "model.bin",
        "models/v2/weights.bin",
        "...",
        ".hidden",
        "..a",
        "a..",
        "a/.../b",
        "a b",
        "~",
        "-rf",
        "größe.tar",
        "日本/語",
        "C:\\x",
        "a/.fastreplica",
        ".fastreplica2",
        ".fastreplic",
        ".FASTREPLICA",
    };

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(names); i++) {
        const char *why = "untouched";
        if (fr_name_check(names[i], strlen(names[i]), &why) != 0)
            fail_msg("'%s' is refused: %s", names[i], why);
        assert_string_equal(why, "untouched");
    }
}

static void bad_names_are_refused_with_a_reason(void **state) {
    static const struct {
        const char *name, *why;
    } names[] = {
        {"", "is empty"},
        {"/", "begins with '/'"},
        {"/etc/passwd", "begins with '/'"},
        {"a/", "ends with '/'"},
        {"a//b", "has an empty component"},
        {".", "has a component '.'"},
        {"./a", "has a component '.'"},
        {"a/./b", "has a component '.'"},
        {"..", "has a component '..'"},
        {"../a", "has a component '..'"},
        {"a/..", "has a component '..'"},
        {"a/../b", "has a component '..'"},
        {".fastreplica", "begins with '.fastreplica', the store's own folder"},
        {".fastreplica/x", "begins with '.fastreplica', the store's own folder"},
        {"a\nb", "has control characters or is not UTF-8"},
        {"a\x7f", "has control characters or is not UTF-8"},
        {"\xc2\x9b", "has control characters or is not UTF-8"},
        {"\xff", "has control characters or is not UTF-8"},
        {"\xc0\xae\xc0\xae/a", "has control characters or is not UTF-8"}, /* ".." in a form too long */
    };

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(names); i++) {
        const char *why = NULL;
        assert_int_equal(fr_name_check(names[i].name, strlen(names[i].name), &why), FR_E_NAME);
        assert_string_equal(why, names[i].why);
        assert_int_equal(fr_name_check(names[i].name, strlen(names[i].name), NULL), FR_E_NAME);
    }
}

static void a_nul_inside_is_refused(void **state) {
    (void) state;
    assert_int_equal(fr_name_check("a\0b", 3, NULL), FR_E_NAME);
    assert_int_equal(fr_name_check("\0", 1, NULL), FR_E_NAME);
}

static void only_the_bytes_told_count(void **state) {
    (void) state;
    assert_int_equal(fr_name_check("a/..", 1, NULL), 0);
    assert_int_equal(fr_name_check("...", 2, NULL), FR_E_NAME);
}

static void long_names_are_refused(void **state) {
    char name[FR_NAME_BYTES_MAX + 1];
    const char *why = NULL;

    (void) state;
    memset(name, 'n', sizeof name);
    assert_int_equal(fr_name_check(name, FR_NAME_BYTES_MAX, NULL), 0);
    assert_int_equal(fr_name_check(name, FR_NAME_BYTES_MAX + 1, &why), FR_E_NAME);
    assert_string_equal(why, "is longer than 255 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_pass),         cmocka_unit_test(bad_names_are_refused_with_a_reason),
        cmocka_unit_test(a_nul_inside_is_refused), cmocka_unit_test(only_the_bytes_told_count),
        cmocka_unit_test(long_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
