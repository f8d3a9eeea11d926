/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing options with getopt_long, and printing the help that goes with them. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fastreplica/fastreplica.h>

#include "exits.h"
#include "say.h"

enum {
    OPTIONS_MAX = 32,
    WORD_BYTES_MAX = 32, /* longer words are compared no more */
    VALUE_HELP = 256,    /* what getopt_long returns for --help; the options follow */
    HELP_COLUMN = 30,    /* where the help text begins */
};

/* The options of all tables, and what getopt_long wants to see of them. */
struct parser {
    const struct cli_usage *usage;
    const struct cli_option *options[OPTIONS_MAX];
    bool is_given[OPTIONS_MAX];
    unsigned count;
    struct option longs[OPTIONS_MAX + 2];
    char shorts[2 * OPTIONS_MAX + 4];
};

static bool has_value(const struct cli_option *option) { return option->kind != CLI_FLAG && option->kind != CLI_REPEAT; }

int cli_args_complain(const char *command, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cli_say("%s: %s; see 'fastreplica %s --help'", command, text, command);
    return CLI_EXIT_USAGE;
}

/* Help */

static void print_option(const struct cli_option *option) {
    char left[80], letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int width = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, option->value ? " " : "",
                         option->value ? option->value : "");
    printf("%s", left);
    if (width >= HELP_COLUMN) {
        printf("\n");
        width = 0;
    }
    for (const char *line = option->help; line; width = 0) {
        const char *end = strchr(line, '\n');
        int bytes = (int) (end ? (size_t) (end - line) : strlen(line));
        printf("%*s%.*s\n", HELP_COLUMN - width, "", bytes, line);
        line = end ? end + 1 : NULL;
    }
}

static void print_help(const struct parser *parser) {
    const struct cli_usage *usage = parser->usage;
    printf("usage: fastreplica %s %s\n\n%s\n\noptions:\n", usage->command, usage->synopsis, usage->about);
    for (unsigned i = 0; i < parser->count; i++)
        print_option(parser->options[i]);
    print_option(&(struct cli_option){.name = "help", .letter = 'h', .help = "print this help"});
    if (usage->notes)
        printf("\n%s\n", usage->notes);
}

/* Values */

static int refuse_value(const struct parser *parser, const struct cli_option *option, const char *value, const char *expected) {
    return cli_args_complain(parser->usage->command, "--%s '%s' is not %s", option->name, value, expected);
}

static int take_number(const struct parser *parser, const struct cli_option *option, const char *value) {
    char expected[64], *end;
    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno || number < option->min || number > option->max) {
        snprintf(expected, sizeof expected, "a number from %u to %u", option->min, option->max);
        return refuse_value(parser, option, value, expected);
    }
    *(uint32_t *) option->target = (uint32_t) number;
    return 0;
}

static int take_duration(const struct parser *parser, const struct cli_option *option, const char *value) {
    fr_time_ns duration;
    bool may_be_0 = option->kind == CLI_DURATION_OR_0;
    if (fr_units_parse_duration(value, &duration) != 0 || (duration == 0 && !may_be_0))
        return refuse_value(parser, option, value, may_be_0 ? "a time, such as 0s, 5s or 2m" : "a time above 0, such as 500ms, 5s or 2m");
    *(fr_time_ns *) option->target = duration;
    return 0;
}

static int take_option(const struct parser *parser, const struct cli_option *option, const char *value) {
    switch (option->kind) {
    case CLI_FLAG: *(bool *) option->target = true; return 0;
    case CLI_REPEAT: ++*(unsigned *) option->target; return 0;
    case CLI_TEXT: *(const char **) option->target = value; return 0;
    case CLI_BYTES:
        return fr_units_parse_bytes(value, option->target) == 0 ? 0
                                                                : refuse_value(parser, option, value, "a size, such as 65536, 256K or 1M");
    case CLI_RATE:
        return fr_units_parse_rate(value, option->target) == 0
            ? 0
            : refuse_value(parser, option, value, "a rate, such as 100M or 1G (bits a second), or 12MB/s");
    case CLI_DURATION:
    case CLI_DURATION_OR_0: return take_duration(parser, option, value);
    case CLI_NUMBER: return take_number(parser, option, value);
    }
    abort();
}

/* Parsing */

static void prepare(struct parser *parser) {
    size_t short_at = 0;
    parser->shorts[short_at++] = ':'; /* tell a missing value from an unknown option */
    for (unsigned t = 0; t < CLI_OPTION_TABLES; t++)
        for (const struct cli_option *option = parser->usage->tables[t]; option && option->name; option++) {
            if (parser->count == OPTIONS_MAX)
                abort();
            parser->longs[parser->count] = (struct option){.name = option->name,
                                                           .has_arg = has_value(option) ? required_argument : no_argument,
                                                           .val = VALUE_HELP + 1 + (int) parser->count};
            parser->options[parser->count++] = option;
            if (option->letter)
                parser->shorts[short_at++] = option->letter;
            if (option->letter && has_value(option))
                parser->shorts[short_at++] = ':';
        }
    parser->longs[parser->count] = (struct option){.name = "help", .has_arg = no_argument, .val = VALUE_HELP};
    parser->shorts[short_at] = 'h';
}

static unsigned find_option(const struct parser *parser, int found) {
    if (found > VALUE_HELP)
        return (unsigned) (found - VALUE_HELP - 1);
    for (unsigned i = 0; i < parser->count; i++)
        if (parser->options[i]->letter == found)
            return i;
    abort();
}

/* word: the argument that getopt_long stopped at. */
static void complain_unknown(const struct parser *parser, const char *word) {
    const char *names[OPTIONS_MAX + 2] = {0};
    char name[WORD_BYTES_MAX + 1];
    for (unsigned i = 0; parser->longs[i].name; i++)
        names[i] = parser->longs[i].name;
    if (optopt > 0 && optopt < VALUE_HELP) {
        cli_args_complain(parser->usage->command, "there is no option -%c", optopt);
        return;
    }
    if (optopt >= VALUE_HELP) {
        cli_args_complain(parser->usage->command, "%s takes no value", word);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int) strcspn(word + 2, "="), word + 2);
    const char *nearest = cli_args_nearest(name, names);
    cli_args_complain(parser->usage->command, nearest ? "there is no option --%s; did you mean --%s?" : "there is no option --%s", name,
                      nearest);
}

static int check_given(const struct parser *parser, int operand_count, char **operands) {
    const struct cli_usage *usage = parser->usage;
    if (operand_count < usage->operands_min)
        return cli_args_complain(usage->command, "%s is missing", usage->operands);
    if (operand_count > usage->operands_max)
        return cli_args_complain(usage->command, "'%s' is one argument too many", operands[usage->operands_max]);
    for (unsigned i = 0; i < parser->count; i++)
        if (parser->options[i]->is_required && !parser->is_given[i])
            return cli_args_complain(usage->command, "--%s %s is missing", parser->options[i]->name, parser->options[i]->value);
    return 0;
}

enum cli_args_result cli_args_parse(const struct cli_usage *usage, int argc, char **argv, char ***ret_operands, int *ret_operand_count) {
    struct parser parser = {.usage = usage};
    prepare(&parser);
    optind = 0; /* glibc: begin anew, also within the options of one argument */
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, parser.shorts, parser.longs, NULL);
        if (found == -1)
            break;
        if (found == 'h' || found == VALUE_HELP) {
            print_help(&parser);
            return CLI_ARGS_HELPED;
        }
        if (found == '?') {
            complain_unknown(&parser, argv[optind - 1]);
            return CLI_ARGS_WRONG;
        }
        if (found == ':') {
            cli_args_complain(usage->command, "%s needs a value", argv[optind - 1]);
            return CLI_ARGS_WRONG;
        }
        unsigned which = find_option(&parser, found);
        parser.is_given[which] = true;
        if (take_option(&parser, parser.options[which], optarg) != 0)
            return CLI_ARGS_WRONG;
    }
    if (check_given(&parser, argc - optind, argv + optind) != 0)
        return CLI_ARGS_WRONG;
    *ret_operands = argv + optind;
    *ret_operand_count = argc - optind;
    return CLI_ARGS_GO;
}

int cli_args_exit(enum cli_args_result result) { return result == CLI_ARGS_WRONG ? CLI_EXIT_USAGE : cli_finish_output(CLI_EXIT_ALL); }

/* Guessing */

/* How many letters must be put in, left out or changed, two neighbours changing places counting as one change
 * (Damerau and Levenshtein, optimal string alignment). */
static unsigned distance(const char *a, const char *b) {
    unsigned rows[3][WORD_BYTES_MAX + 1];
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    if (a_bytes > WORD_BYTES_MAX || b_bytes > WORD_BYTES_MAX)
        return WORD_BYTES_MAX;
    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = (unsigned) j;
    for (size_t i = 1; i <= a_bytes; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
        row[0] = (unsigned) i;
        for (size_t j = 1; j <= b_bytes; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above_that[j - 2] + 1 < best)
                best = above_that[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

const char *cli_args_nearest(const char *word, const char *const *candidates) {
    const char *nearest = NULL;
    unsigned least = 3; /* three letters off is another word */
    for (; *candidates; candidates++) {
        unsigned here = distance(word, *candidates);
        if (here < least && here < strlen(*candidates)) {
            least = here;
            nearest = *candidates;
        }
    }
    return nearest;
}
