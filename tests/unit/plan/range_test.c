/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges in names: how many, which, and what is no range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "plan/range.h"

enum { COUNT_MAX = 1000 };

/* All names of a pattern with blanks between them. */
static void expand(const char *pattern, char *out, size_t size) {
    struct fr_name_range range;
    const char *why = "";
    if (fr_name_range_parse(&range, pattern, strlen(pattern), COUNT_MAX, &why) != 0)
        fail_msg("%s: %s", pattern, why);
    size_t length = 0;
    out[0] = '\0';
    for (uint64_t i = 0; i < range.count; i++) {
        char item[64];
        size_t bytes = fr_name_range_item(&range, i, item, sizeof item);
        assert_int_equal(bytes, strlen(item));
        length += (size_t) snprintf(out + length, size - length, "%s%s", i ? " " : "", item);
        assert_true(length < size);
    }
}

static void patterns_become_names(void **state) {
    (void) state;
    static const char *const cases[][2] = {
        {"edge", "edge"},
        {"edge[1-3]", "edge1 edge2 edge3"},
        {"edge[08-11].example.net:7420", "edge08.example.net:7420 edge09.example.net:7420 edge10.example.net:7420 edge11.example.net:7420"},
        {"e[098-101]", "e098 e099 e100 e101"},
        {"e[9-10]", "e9 e10"},
        {"e[0-2]", "e0 e1 e2"},
        {"e[00-02]", "e00 e01 e02"},
        {"e[5]", "e5"},
        {"e[007]", "e007"},
        {"e[1,3,07-08]", "e1 e3 e07 e08"},
        {"r[1-2]n[1-3]", "r1n1 r1n2 r1n3 r2n1 r2n2 r2n3"},
        {"10.0.[1-2].[8,9]", "10.0.1.8 10.0.1.9 10.0.2.8 10.0.2.9"},
        {"127.0.0.1:[7421-7423]", "127.0.0.1:7421 127.0.0.1:7422 127.0.0.1:7423"},
        {"[1-2]", "1 2"},
        {"[::1]:[1-2]", "[::1]:1 [::1]:2"},
        {"[2001:db8::5]", "[2001:db8::5]"},
        {"[000000001-000000002]", "000000001 000000002"},
    };
    char out[2000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expand(cases[i][0], out, sizeof out);
        assert_string_equal(out, cases[i][1]);
    }
    /* The width of the first number holds for the span; larger numbers have the digits they need. */
    struct fr_name_range range;
    const char *why;
    assert_int_equal(fr_name_range_parse(&range, "e[08-100]x", 10, COUNT_MAX, &why), 0);
    assert_int_equal(range.count, 93);
    char item[16];
    fr_name_range_item(&range, 1, item, sizeof item);
    assert_string_equal(item, "e09x");
    fr_name_range_item(&range, 92, item, sizeof item);
    assert_string_equal(item, "e100x");
}

static void what_is_no_range_is_refused(void **state) {
    (void) state;
    static const char *const cases[] = {
        "e[",       "e]",     "e[1",      "e[]",       "e[-]",          "e[1-]",           "e[-1]",    "e[1--2]",
        "e[1-2-3]", "e[a-b]", "e[1,]",    "e[,1]",     "e[1,,2]",       "e[ 1-2]",         "e[1-2",    "e[[1-2]]",
        "e[1-2]]",  "e[2-1]", "e[1-010]", "e[01-002]", "e[1234567890]", "[1][1][1][1][1]", "e[0x1-3]", "e[1;2]"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_name_range range;
        const char *why = NULL;
        if (fr_name_range_parse(&range, cases[i], strlen(cases[i]), COUNT_MAX, &why) != FR_E_SYNTAX)
            fail_msg("%s was taken", cases[i]);
        assert_non_null(why);
    }
}

static void too_many_is_a_limit(void **state) {
    (void) state;
    static const char *const cases[] = {"e[1-1001]", "e[0-999999999]", "[1-10][1-10][1-11]", "[1-999][1-999][1-999][1-999]",
                                        "[1-600,1-600]"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_name_range range;
        const char *why = NULL;
        assert_int_equal(fr_name_range_parse(&range, cases[i], strlen(cases[i]), COUNT_MAX, &why), FR_E_LIMIT);
        assert_non_null(why);
    }
    struct fr_name_range range;
    const char *why;
    assert_int_equal(fr_name_range_parse(&range, "[0-999]", 7, COUNT_MAX, &why), 0);
    assert_int_equal(range.count, 1000);
}

static void a_short_buffer_is_told(void **state) {
    (void) state;
    struct fr_name_range range;
    const char *why;
    char out[8];
    assert_int_equal(fr_name_range_parse(&range, "edge[100-101]", 13, COUNT_MAX, &why), 0);
    assert_int_equal(fr_name_range_item(&range, 0, out, 8), 7);
    assert_string_equal(out, "edge100");
    assert_int_equal(fr_name_range_item(&range, 1, out, 7), 7);
    assert_string_equal(out, "edge10");
    assert_int_equal(fr_name_range_item(&range, 1, out, 1), 7);
    assert_string_equal(out, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_become_names),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(too_many_is_a_limit),
        cmocka_unit_test(a_short_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
