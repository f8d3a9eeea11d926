/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a terminal. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24, COLUMNS_LEAST = 20, ROWS_LEAST = 2 };

struct cli_terminal cli_terminal_look(int fd) {
    struct cli_terminal terminal = {.columns = COLUMNS_DEFAULT, .rows = ROWS_DEFAULT};
    struct winsize size;
    const char *kind = getenv("TERM");
    terminal.is_terminal = isatty(fd) && kind && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        terminal.columns = size.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : size.ws_col;
        terminal.rows = size.ws_row < ROWS_LEAST ? ROWS_LEAST : size.ws_row;
    }
    return terminal;
}

bool cli_terminal_has_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; /* the first that is set decides */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0] != '\0')
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}
