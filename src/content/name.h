/* SPDX-License-Identifier: Apache-2.0 */
/* Which names an object may have: relative, inside the store, printable. */
#ifndef FR_CONTENT_NAME_H
#define FR_CONTENT_NAME_H

#include <stddef.h>

/* 0, or FR_E_NAME for: empty, longer than FR_NAME_BYTES_MAX, not clean UTF-8 (control characters, NUL), a leading or trailing
 * '/', an empty component ("a//b"), a component "." or "..", a first component ".fastreplica" (the store's own).
 * Slashes make folders: "models/v2/weights.bin" is fine. ret_why (NULL allowed): a static phrase such as
 * "has a component '..'", set only on failure. */
int fr_name_check(const char *name, size_t name_bytes, const char **ret_why);

#endif
