/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that grow, are measured and are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text.h"

static void it_grows(void **state) {
    (void) state;
    struct cli_text text = {0};
    for (int i = 0; i < 1000; i++)
        cli_text_add(&text, "%03d,", i);
    assert_false(text.has_failed);
    assert_int_equal(text.count, 4000);
    assert_int_equal(strlen(text.bytes), 4000);
    assert_memory_equal(text.bytes + 3996, "999,", 5);
    cli_text_clear(&text);
    assert_string_equal(text.bytes, "");
    cli_text_add_repeated(&text, '#', 3);
    cli_text_add_repeated(&text, '.', 0);
    cli_text_add(&text, "%s", "");
    assert_string_equal(text.bytes, "###");
    cli_text_done(&text);
    assert_null(text.bytes);
    cli_text_done(&text);
}

static void long_pieces_fit(void **state) {
    (void) state;
    char piece[5001];
    struct cli_text text = {0};
    memset(piece, 'x', 5000);
    piece[5000] = '\0';
    cli_text_add(&text, "%s", piece);
    cli_text_add_repeated(&text, 'y', 5000);
    assert_int_equal(strlen(text.bytes), 10000);
    cli_text_done(&text);
}

static void width_counts_characters(void **state) {
    (void) state;
    assert_int_equal(cli_text_width(""), 0);
    assert_int_equal(cli_text_width("edge"), 4);
    assert_int_equal(cli_text_width("sch\xc3\xb6n"), 5);
    assert_int_equal(cli_text_width("\xe2\x82\xac"), 1);
}

static void cutting_keeps_characters_whole(void **state) {
    (void) state;
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } cases[] = {
        {"edge", 4, "edge"},
        {"edge", 9, "edge"},
        {"edge", 2, "ed"},
        {"edge", 0, ""},
        {"", 0, ""},
        {"sch\xc3\xb6n", 4, "sch\xc3\xb6"},
        {"sch\xc3\xb6n", 3, "sch"},
        {"\xe2\x82\xac\xe2\x82\xac", 1, "\xe2\x82\xac"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        snprintf(text, sizeof text, "%s", cases[i].text);
        cli_text_cut(text, cases[i].columns);
        assert_string_equal(text, cases[i].cut);
    }
}

static void control_characters_are_taken_away(void **state) {
    (void) state;
    char text[] = "a\033[2Jb\r\n\tc\x7f sch\xc3\xb6n";
    cli_text_clean(text);
    assert_string_equal(text, "a?[2Jb???c? sch\xc3\xb6n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows),
        cmocka_unit_test(long_pieces_fit),
        cmocka_unit_test(width_counts_characters),
        cmocka_unit_test(cutting_keeps_characters_whole),
        cmocka_unit_test(control_characters_are_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
