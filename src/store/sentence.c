/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what a disk call answered. See sentence.h. */
#include "store/sentence.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/failure.h"

static int error_of(int sys_errno) {
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT: return FR_E_NO_SPACE;
    case ENOMEM: return FR_E_MEMORY;
    case EFBIG: return FR_E_LIMIT;
    default: return FR_E_IO;
    }
}

/* What to do about it; "" where the reason says enough. */
static const char *advice_for(int sys_errno) {
    switch (sys_errno) {
    case ENOSPC: return ": make room or choose another store";
    case EDQUOT: return ": make room, raise the quota or choose another store";
    case EFBIG: return ": raise the limit (ulimit -f) or choose a file system for larger files";
    case ENOENT:
    case ENOTDIR: return ": check the path";
    case EACCES:
    case EPERM: return ": check who owns it and who may use it";
    case EROFS: return ": mount it writable or choose another place";
    case EIO:
    case EUCLEAN: return ": the disk may be failing, look at the system's log";
    case EMFILE:
    case ENFILE: return ": raise the limit of open files (ulimit -n)";
    case ESTALE: return ": mount the file system again";
    case ELOOP: return ": name the place itself, not a link";
    default: return "";
    }
}

int fr_sentence_errno(struct fr_failure *failure, int sys_errno, const char *format, ...) {
    int error = error_of(sys_errno);
    if (!failure || failure->error != 0)
        return error;
    char what[FR_FAILURE_TEXT_MAX];
    char reason[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    /* The reason stands before the advice, so it is put into the line here and not left to fr_failure_set. */
    fr_failure_set(failure, error, 0, "%s: %s%s", what, strerror_r(sys_errno, reason, sizeof reason), advice_for(sys_errno));
    failure->sys_errno = sys_errno;
    return error;
}

const char *fr_sentence_path(const char *path, char out[FR_SENTENCE_PATH_MAX]) {
    size_t bytes = strlen(path);
    if (bytes < FR_SENTENCE_PATH_MAX) {
        memcpy(out, path, bytes + 1);
        return out;
    }
    const char *from = path + bytes - (FR_SENTENCE_PATH_MAX - 4);
    /* Not in the middle of a UTF-8 character. */
    while (((unsigned char) *from & 0xc0) == 0x80)
        from++;
    snprintf(out, FR_SENTENCE_PATH_MAX, "...%s", from);
    return out;
}
