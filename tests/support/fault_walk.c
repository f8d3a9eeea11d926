/* SPDX-License-Identifier: Apache-2.0 */
/* The fault walk over allocations. */
#include "support/fault_walk.h"

#include <fastreplica/error.h>

#include "base/memory.h"
#include "support/test.h"

enum { STEPS_MAX = 100000 };

uint64_t fr_test_fault_walk(int (*attempt)(void *user), void *user) {
    for (uint64_t nth = 1; nth <= STEPS_MAX; nth++) {
        uint64_t made;
        int error;

        fr_memory_fail_from(nth);
        error = attempt(user);
        made = fr_memory_count();
        fr_memory_fail_from(0);
        if (made < nth) {
            assert_int_equal(error, 0);
            return made;
        }
        assert_int_equal(error, FR_E_MEMORY);
    }
    fail_msg("the work takes more than %d allocations", STEPS_MAX);
    return 0;
}
