/* SPDX-License-Identifier: Apache-2.0 */
/* What is at the other end of a file descriptor, and how large it is. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

struct cli_terminal {
    bool is_terminal;       /* one that can move its cursor */
    unsigned columns, rows; /* at least 20 by 2; 80 by 24 when nobody tells */
};

/* Asks anew each time: windows change their size. */
struct cli_terminal cli_terminal_look(int fd);

/* Does who reads our output see UTF-8? By the locale that the environment names. */
bool cli_terminal_has_utf8(void);

#endif
