/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text: columns as wide as their widest cell, two blanks between them. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct cli_column {
    const char *title;
    bool is_number;   /* set against the right edge */
    bool is_optional; /* left out, title and all, while every cell of it is empty */
};

/* Columns are borrowed. */
struct cli_table {
    const struct cli_column *columns;
    unsigned column_count;
    char **cells; /* row by row */
    unsigned cell_count, cell_capacity;
    bool has_failed; /* no memory for some cell */
};

void cli_table_init(struct cli_table *table, const struct cli_column *columns, unsigned column_count);
void cli_table_done(struct cli_table *table);

/* The next cell, left to right and then in the next row. Control characters become '?'. */
void cli_table_add(struct cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Title line and rows; the last row must be whole. Returns 0, or -1 when there was no memory. Errors of the stream are for its owner. */
int cli_table_write(const struct cli_table *table, FILE *stream);

#endif
