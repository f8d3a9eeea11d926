/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation in one place, so that a test can make the n-th one fail. */
#ifndef FR_BASE_MEMORY_H
#define FR_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for count things of `bytes` each; NULL when there is none or count * bytes overflows. Freed by fr_free. */
void *fr_alloc_zeroed(size_t count, size_t bytes);

/* Memory with undefined contents; NULL when there is none. Freed by fr_free. */
void *fr_alloc(size_t bytes);

/* Grow or shrink to count * bytes; the old block stays valid when NULL is returned. */
void *fr_realloc(void *old, size_t count, size_t bytes);

/* A NUL-terminated copy; NULL when there is no memory. */
char *fr_strdup(const char *text);

void fr_free(void *block); /* NULL allowed */

/* Tests: let the n-th allocation from now (1 = the next) and all later ones of this thread fail; 0 turns that off. */
void fr_memory_fail_from(uint64_t nth);

/* Tests: how many allocations this thread made since the last fr_memory_fail_from. */
uint64_t fr_memory_count(void);

#endif
