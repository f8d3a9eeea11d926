/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows, and how much room texts take on a screen. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: empty. Without memory it stops growing and says so in has_failed. */
struct cli_text {
    char *bytes; /* NUL-terminated; NULL while nothing was added */
    size_t count, capacity;
    bool has_failed;
};

void cli_text_add(struct cli_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_text_add_repeated(struct cli_text *text, char c, size_t times);
void cli_text_clear(struct cli_text *text); /* keeps the memory */
void cli_text_done(struct cli_text *text);

/* Columns that UTF-8 text takes, one a character: wide ones are rare in names of hosts and files. */
size_t cli_text_width(const char *text);

/* Cuts text in place to `columns`, never inside a character. */
void cli_text_cut(char *text, size_t columns);

/* Control characters of ASCII become '?', so that nothing that came from a peer moves the cursor. In place. */
void cli_text_clean(char *text);

#endif
