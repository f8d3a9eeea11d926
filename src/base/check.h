/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions: facts about our own code, checked in every build. Never about bytes from outside. */
#ifndef FR_BASE_CHECK_H
#define FR_BASE_CHECK_H

/* Prints file, line and the broken fact to stderr, then aborts. */
_Noreturn void fr_check_failed(const char *file, int line, const char *fact);

/* One fact each, on in every build. */
#define fr_assert(fact) ((fact) ? (void) 0 : fr_check_failed(__FILE__, __LINE__, #fact))

/* Whole-object checks that cost more than O(1): tests and the simulator turn them on. */
extern int fr_assert_slow_enabled;
#define fr_assert_slow(fact) (!fr_assert_slow_enabled || (fact) ? (void) 0 : fr_check_failed(__FILE__, __LINE__, #fact))

#endif
