/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct fr_failure. The text is for people, on a terminal, in a log and in JSON: whatever file or peer names were put into
 * it, what comes out is one line of clean UTF-8. */
#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* The longest place <= limit to cut text at without cutting a UTF-8 sequence. */
static size_t find_cut(const char *text, size_t limit) {
    while (limit > 0 && ((unsigned char) text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

/* Append `tail`; where both do not fit, the text gives way and shows that it did. The errno must not be what gets lost. */
static void append_tail(char *text, size_t size, size_t needed, const char *tail) {
    static const char dots[] = "...";
    size_t length = strlen(text), tail_length = strlen(tail);

    if (needed + tail_length >= size) {
        length = find_cut(text, size - 1 - tail_length - (sizeof dots - 1));
        memcpy(text + length, dots, sizeof dots - 1);
        length += sizeof dots - 1;
    }
    memcpy(text + length, tail, tail_length + 1);
}

int fr_failure_set(struct fr_failure *failure, int error, int sys_errno, const char *format, ...) {
    char words[96], tail[2 + sizeof words] = "";
    va_list arguments;
    int needed;

    fr_assert(error < 0);
    if (failure == NULL || failure->error != 0)
        return error;
    failure->error = error;
    failure->sys_errno = sys_errno;
    va_start(arguments, format);
    needed = vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    if (needed < 0)
        needed = snprintf(failure->text, sizeof failure->text, "%s", fr_error_text(error));
    if (sys_errno != 0)
        snprintf(tail, sizeof tail, ": %s", strerror_r(sys_errno, words, sizeof words));
    append_tail(failure->text, sizeof failure->text, (size_t) needed, tail);
    fr_text_clean(failure->text);
    return error;
}

int fr_error_from_errno(int sys_errno) {
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT: return FR_E_NO_SPACE;
    case EADDRINUSE: return FR_E_IN_USE;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH: return FR_E_UNREACHABLE;
    case ETIMEDOUT: return FR_E_TIMEOUT;
    case ECONNRESET:
    case EPIPE: return FR_E_CLOSED;
    case ENOMEM: return FR_E_MEMORY;
    default: return FR_E_IO;
    }
}
