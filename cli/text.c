/* SPDX-License-Identifier: Apache-2.0 */
/* Composing what goes to a screen before any of it is written. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the NUL. */
static bool reserve(struct cli_text *text, size_t more) {
    if (text->capacity - text->count > more)
        return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity - text->count <= more)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) {
        text->has_failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void cli_text_add(struct cli_text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int bytes = vsnprintf(NULL, 0, format, arguments);
    if (bytes >= 0 && reserve(text, (size_t) bytes)) {
        vsnprintf(text->bytes + text->count, (size_t) bytes + 1, format, again);
        text->count += (size_t) bytes;
    }
    va_end(again);
    va_end(arguments);
}

void cli_text_add_repeated(struct cli_text *text, char c, size_t times) {
    if (!reserve(text, times))
        return;
    memset(text->bytes + text->count, c, times);
    text->count += times;
    text->bytes[text->count] = '\0';
}

void cli_text_clear(struct cli_text *text) {
    text->count = 0;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void cli_text_done(struct cli_text *text) {
    free(text->bytes);
    *text = (struct cli_text){0};
}

static bool is_character_start(char c) { return ((unsigned char) c & 0xc0) != 0x80; }

size_t cli_text_width(const char *text) {
    size_t columns = 0;
    for (; *text != '\0'; text++)
        columns += is_character_start(*text);
    return columns;
}

void cli_text_cut(char *text, size_t columns) {
    for (; *text != '\0'; text++) {
        if (is_character_start(*text) && columns-- == 0) {
            *text = '\0';
            return;
        }
    }
}

void cli_text_clean(char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < 0x20 || *text == 0x7f)
            *text = '?';
}
