/* SPDX-License-Identifier: Apache-2.0 */
/* Options into their places, and guesses at what was meant. What is said about mistakes is told in tests/e2e/cli_usage.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fastreplica/types.h>

#include "args.h"

enum { WORDS_MAX = 24 };

/* Everything that an option can fill. */
static struct {
    bool flag;
    unsigned repeat;
    const char *text;
    uint64_t bytes, rate;
    fr_time_ns duration;
    uint32_t number;
} got;

static const struct cli_option first[] = {
    {"flag", 'f', CLI_FLAG, false, NULL, &got.flag, "", 0, 0},
    {"repeat", 'r', CLI_REPEAT, false, NULL, &got.repeat, "", 0, 0},
    {"text", 't', CLI_TEXT, true, "TEXT", &got.text, "", 0, 0},
    {0},
};
static const struct cli_option second[] = {
    {"bytes", 0, CLI_BYTES, false, "SIZE", &got.bytes, "", 0, 0},
    {"rate", 0, CLI_RATE, false, "RATE", &got.rate, "", 0, 0},
    {"duration", 0, CLI_DURATION, false, "TIME", &got.duration, "", 0, 0},
    {"number", 'n', CLI_NUMBER, false, "N", &got.number, "", 2, 64},
    {0},
};
static const struct cli_usage usage = {
    .command = "test", .synopsis = "", .about = "", .tables = {first, second}, .operands_min = 1, .operands_max = 2, .operands = "FILE"};

/* line: words with single blanks. */
static enum cli_args_result parse(const char *line, char ***operands, int *count) {
    static char copy[400];
    static char *words[WORDS_MAX];
    int word_count = 0;
    memset(&got, 0, sizeof got);
    snprintf(copy, sizeof copy, "%s", line);
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        words[word_count++] = word;
    words[word_count] = NULL;
    return cli_args_parse(&usage, word_count, words, operands, count);
}

static void every_kind_finds_its_place(void **state) {
    (void) state;
    char **operands;
    int count;
    assert_int_equal(parse("test a --flag --text=x -r b --bytes 64K --rate 8M --duration 1500ms --number 64 -rr", &operands, &count),
                     CLI_ARGS_GO);
    assert_true(got.flag);
    assert_int_equal(got.repeat, 3);
    assert_string_equal(got.text, "x");
    assert_int_equal(got.bytes, 65536);
    assert_int_equal(got.rate, 1000000);
    assert_int_equal(got.duration, 1500000000u);
    assert_int_equal(got.number, 64);
    assert_int_equal(count, 2);
    assert_string_equal(operands[0], "a");
    assert_string_equal(operands[1], "b");
}

static void shorter_ways_to_write_them(void **state) {
    (void) state;
    char **operands;
    int count;
    assert_int_equal(parse("test -fttext -n2 --dur 1 -", &operands, &count), CLI_ARGS_GO);
    assert_true(got.flag);
    assert_string_equal(got.text, "text");
    assert_int_equal(got.number, 2);
    assert_int_equal(got.duration, 1000000000u);
    assert_string_equal(operands[0], "-");
    assert_int_equal(parse("test -t x -- --flag", &operands, &count), CLI_ARGS_GO);
    assert_false(got.flag);
    assert_string_equal(operands[0], "--flag");
    assert_int_equal(parse("test -t x -t y file", &operands, &count), CLI_ARGS_GO);
    assert_string_equal(got.text, "y");
}

static void mistakes_are_refused(void **state) {
    (void) state;
    static const char *const lines[] = {
        "test",
        "test a",
        "test --text",
        "test -t",
        "test -t x",
        "test -t x a b c",
        "test -t x a --nothing",
        "test -t x a -x",
        "test -t x a --flag=1",
        "test -t x a --bytes 1Q",
        "test -t x a --rate 0",
        "test -t x a --duration 0",
        "test -t x a --number 1",
        "test -t x a --number 65",
        "test -t x a --number +3",
        "test -t x a --number 3x",
        "test -t x a --number 0x3",
        "test -t x a --number -3",
        "test -t x a --number",
    };
    /* They speak on standard error; that is not what is looked at here. */
    int saved = dup(STDERR_FILENO);
    assert_non_null(freopen("/dev/null", "w", stderr));
    char **operands;
    int count;
    size_t failed = SIZE_MAX;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (parse(lines[i], &operands, &count) != CLI_ARGS_WRONG)
            failed = i;
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    if (failed != SIZE_MAX)
        fail_msg("this was taken: %s", lines[failed]);
}

static void the_exit_code_follows(void **state) {
    (void) state;
    assert_int_equal(cli_args_exit(CLI_ARGS_WRONG), 2);
    assert_int_equal(cli_args_exit(CLI_ARGS_HELPED), 0);
}

static void guesses(void **state) {
    (void) state;
    static const char *const words[] = {"keygen", "node", "push", "status", "local", NULL};
    static const char *const cases[][2] = {
        {"psuh", "push"},  {"pus", "push"},    {"pushh", "push"},    {"Push", "push"},
        {"nodes", "node"}, {"stat", "status"}, {"keygne", "keygen"}, {"lcoal", "local"},
        {"", NULL},        {"x", NULL},        {"frobnicate", NULL}, {"a-word-that-is-longer-than-any-word-there-is-here", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *nearest = cli_args_nearest(cases[i][0], words);
        if (!cases[i][1])
            assert_null(nearest);
        else if (!nearest)
            fail_msg("no guess for %s", cases[i][0]);
        else
            assert_string_equal(nearest, cases[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_finds_its_place),
        cmocka_unit_test(shorter_ways_to_write_them),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(the_exit_code_follows),
        cmocka_unit_test(guesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
