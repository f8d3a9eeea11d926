/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of the disk as sentences for people: what failed, on what, why, and what to do about it. */
#ifndef FR_STORE_SENTENCE_H
#define FR_STORE_SENTENCE_H

#include <fastreplica/error.h>

enum { FR_SENTENCE_PATH_MAX = 128 }; /* bytes of a path inside a sentence, NUL included */

/* The printf-formatted line, the text of sys_errno, and what a person can do about that errno, joined by ": ". The error follows from
 * sys_errno: FR_E_NO_SPACE (ENOSPC, EDQUOT), FR_E_MEMORY (ENOMEM), FR_E_LIMIT (EFBIG), else FR_E_IO. Keeps a failure that is there
 * already; NULL allowed. Returns the error. */
int fr_sentence_errno(struct fr_failure *failure, int sys_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The path, or its last bytes after "..." when it is too long for a sentence. Returns out. */
const char *fr_sentence_path(const char *path, char out[FR_SENTENCE_PATH_MAX]);

#endif
