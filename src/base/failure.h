/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct fr_failure: the first failure stays. */
#ifndef FR_BASE_FAILURE_H
#define FR_BASE_FAILURE_H

#include <fastreplica/error.h>

/* Store error, errno (0: none) and a printf-formatted line, unless *failure already holds one. NULL: nothing is stored.
 * When sys_errno is not 0, ": " and its strerror are appended; what is too long is cut before that and ends in "...".
 * Control characters and bytes that are not UTF-8 are replaced by '?', so the text is clean (base/text.h). error is negative.
 * Returns error, so that `return fr_failure_set(...)` reads well. */
int fr_failure_set(struct fr_failure *failure, int error, int sys_errno, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* FR_E_NO_SPACE for ENOSPC, EDQUOT; FR_E_IN_USE for EADDRINUSE; FR_E_UNREACHABLE for ECONNREFUSED, EHOSTUNREACH,
 * ENETUNREACH; FR_E_TIMEOUT for ETIMEDOUT; FR_E_CLOSED for ECONNRESET, EPIPE; FR_E_MEMORY for ENOMEM; else FR_E_IO. */
int fr_error_from_errno(int sys_errno);

#endif
