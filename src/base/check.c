/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when a fact about our own code turns out to be none: say which, and stop before it does harm. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

int fr_assert_slow_enabled = 0;

_Noreturn void fr_check_failed(const char *file, int line, const char *fact) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, fact);
    fflush(stderr);
    abort();
}
