/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, to the last blank. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "table.h"

static const struct cli_column columns[] = {{.title = "NODE"}, {.title = "TIME", .is_number = true}, {.title = "WHY", .is_optional = true}};

static void assert_table(const struct cli_table *table, const char *expected) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    assert_int_equal(cli_table_write(table, stream), 0);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void columns_are_as_wide_as_they_must(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    cli_table_add(&table, "%s", "a");
    cli_table_add(&table, "%d s", 5);
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "%s", "edge01:7420");
    cli_table_add(&table, "%s", "123.45 s");
    cli_table_add(&table, "%s", "no space");
    assert_table(&table,
                 "NODE             TIME  WHY\n"
                 "a                 5 s\n"
                 "edge01:7420  123.45 s  no space\n");
    cli_table_done(&table);
}

static void empty_optional_columns_are_left_out(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    cli_table_add(&table, "a");
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "%s", "");
    assert_table(&table,
                 "NODE  TIME\n"
                 "a\n");
    cli_table_done(&table);
}

static void a_gap_in_the_middle_keeps_its_place(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    cli_table_add(&table, "a");
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "down");
    assert_table(&table,
                 "NODE  TIME  WHY\n"
                 "a           down\n");
    cli_table_done(&table);
}

static void no_rows_is_a_table_too(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    assert_table(&table, "NODE  TIME\n");
    cli_table_done(&table);
    cli_table_done(&table);
}

static void letters_of_two_bytes_and_control_characters(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    cli_table_add(&table, "sch\xc3\xb6n");
    cli_table_add(&table, "1");
    cli_table_add(&table, "a\033[2J");
    assert_table(&table,
                 "NODE   TIME  WHY\n"
                 "sch\xc3\xb6n     1  a?[2J\n");
    cli_table_done(&table);
}

static void many_rows(void **state) {
    (void) state;
    struct cli_table table;
    cli_table_init(&table, columns, 3);
    for (int i = 0; i < 3000; i++)
        cli_table_add(&table, "%d", i);
    assert_int_equal(table.cell_count, 3000);
    assert_false(table.has_failed);
    assert_string_equal(table.cells[2999], "2999");
    cli_table_done(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_they_must),
        cmocka_unit_test(empty_optional_columns_are_left_out),
        cmocka_unit_test(a_gap_in_the_middle_keeps_its_place),
        cmocka_unit_test(no_rows_is_a_table_too),
        cmocka_unit_test(letters_of_two_bytes_and_control_characters),
        cmocka_unit_test(many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
