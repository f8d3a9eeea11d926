/* SPDX-License-Identifier: Apache-2.0 */
/* Failing the 1st, 2nd, 3rd ... allocation of some work until none fails. */
#ifndef FR_TEST_FAULT_WALK_H
#define FR_TEST_FAULT_WALK_H

#include <stdint.h>

/* Call attempt(user) again and again, each time with memory that ends one allocation later. It must return FR_E_MEMORY and have cleaned
 * up after itself (a leak checker sees to that) while an allocation was refused, and 0 once none was; anything else fails the
 * test. Returns how many allocations the work takes. Only allocations through base/memory.h on this thread count. */
uint64_t fr_test_fault_walk(int (*attempt)(void *user), void *user);

#endif
