/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a table. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>

#include "text.h"

enum { GAP = 2, COLUMNS_MAX = 16 };

void cli_table_init(struct cli_table *table, const struct cli_column *columns, unsigned column_count) {
    *table = (struct cli_table){.columns = columns, .column_count = column_count};
    if (column_count == 0 || column_count > COLUMNS_MAX)
        abort();
}

void cli_table_done(struct cli_table *table) {
    for (unsigned i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct cli_table){0};
}

void cli_table_add(struct cli_table *table, const char *format, ...) {
    if (table->has_failed)
        return;
    if (table->cell_count == table->cell_capacity) {
        unsigned capacity = table->cell_capacity ? 2 * table->cell_capacity : 64;
        char **cells = reallocarray(table->cells, capacity, sizeof *cells);
        if (!cells) {
            table->has_failed = true;
            return;
        }
        table->cells = cells;
        table->cell_capacity = capacity;
    }
    char *cell;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&cell, format, arguments) < 0)
        table->has_failed = true;
    else
        cli_text_clean(table->cells[table->cell_count++] = cell);
    va_end(arguments);
}

/* ret_widths [column_count]: 0 for a column that is left out. */
static void measure(const struct cli_table *table, size_t *ret_widths) {
    for (unsigned column = 0; column < table->column_count; column++) {
        size_t widest = 0;
        for (unsigned i = column; i < table->cell_count; i += table->column_count) {
            size_t width = cli_text_width(table->cells[i]);
            widest = width > widest ? width : widest;
        }
        size_t title = cli_text_width(table->columns[column].title);
        bool is_left_out = table->columns[column].is_optional && widest == 0;
        ret_widths[column] = is_left_out ? 0 : widest > title ? widest : title;
    }
}

/* Blanks are owed, not written, until something follows them: so no line ends in any. */
static void add_cell(struct cli_text *line, const char *cell, bool is_number, size_t width, size_t *owed) {
    size_t blanks = width - cli_text_width(cell);
    if (is_number)
        *owed += blanks;
    if (cell[0] != '\0') {
        cli_text_add_repeated(line, ' ', *owed);
        cli_text_add(line, "%s", cell);
        *owed = 0;
    }
    *owed += GAP + (is_number ? 0 : blanks);
}

int cli_table_write(const struct cli_table *table, FILE *stream) {
    size_t widths[COLUMNS_MAX];
    struct cli_text line = {0};
    if (table->has_failed)
        return -1;
    if (table->cell_count % table->column_count != 0)
        abort();
    measure(table, widths);
    for (unsigned row = 0; row <= table->cell_count / table->column_count && !line.has_failed; row++) {
        size_t owed = 0;
        cli_text_clear(&line);
        for (unsigned column = 0; column < table->column_count; column++) {
            const char *cell = row == 0 ? table->columns[column].title : table->cells[(row - 1) * table->column_count + column];
            if (widths[column] > 0)
                add_cell(&line, cell, table->columns[column].is_number, widths[column], &owed);
        }
        cli_text_add(&line, "\n");
        if (!line.has_failed)
            fputs(line.bytes, stream);
    }
    int result = line.has_failed ? -1 : 0;
    cli_text_done(&line);
    return result;
}
