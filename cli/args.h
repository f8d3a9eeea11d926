/* SPDX-License-Identifier: Apache-2.0 */
/* Options and operands. One table a command says what can be given, what it means and where it goes: parsing and --help both follow it, so
 * neither can know an option that the other does not. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

enum cli_option_kind {
    CLI_FLAG,     /* bool *: set */
    CLI_REPEAT,   /* unsigned *: counts how often */
    CLI_TEXT,     /* const char ** */
    CLI_BYTES,    /* uint64_t *: a size */
    CLI_RATE,     /* uint64_t *: bytes a second */
    CLI_DURATION, /* fr_time_ns *: above 0 */
    CLI_DURATION_OR_0,
    CLI_NUMBER, /* uint32_t *: min .. max */
};

struct cli_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* '\0': none */
    enum cli_option_kind kind;
    bool is_required;
    const char *value; /* what --help calls its value; NULL for flags */
    void *target;
    const char *help;  /* may have several lines */
    uint32_t min, max; /* CLI_NUMBER */
};

enum { CLI_OPTION_TABLES = 3 };

struct cli_usage {
    const char *command;                                /* "push" */
    const char *synopsis;                               /* "FILE --to NODES --keys DIR [options]" */
    const char *about;                                  /* lines below the synopsis */
    const char *notes;                                  /* lines below the options; NULL: none */
    const struct cli_option *tables[CLI_OPTION_TABLES]; /* NULL: none; --help is in every command and in no table */
    int operands_min, operands_max;
    const char *operands; /* what is missing when there are too few, such as "FILE" */
};

enum cli_args_result {
    CLI_ARGS_GO,     /* everything is in its place */
    CLI_ARGS_HELPED, /* --help was printed */
    CLI_ARGS_WRONG,  /* complained */
};

/* Reorders argv: *ret_operands points at the operands in it, *ret_operand_count of them, operands_min .. operands_max. */
enum cli_args_result cli_args_parse(const struct cli_usage *usage, int argc, char **argv, char ***ret_operands, int *ret_operand_count);

/* The exit code for a result other than CLI_ARGS_GO. */
int cli_args_exit(enum cli_args_result result);

/* Says "push: " and the formatted text, and where help is. Returns the exit code for wrong usage. */
int cli_args_complain(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The candidate that `word` was most likely meant to be, or NULL. candidates ends with NULL. */
const char *cli_args_nearest(const char *word, const char *const *candidates);

#endif
