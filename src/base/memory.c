/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation in one place. The counters are per thread, so that a test that starves itself starves nobody else. */
#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t calls_made; /* since the last fr_memory_fail_from */
static _Thread_local uint64_t fails_from; /* the first call that fails, counted from 1; 0: none does */

/* Count one call and tell whether it must fail. */
static bool is_refused(void) {
    calls_made++;
    return fails_from != 0 && calls_made >= fails_from;
}

/* Nothing is also something: malloc(0) and realloc(p, 0) may return NULL, which would read as "no memory" (and free p). */
static size_t at_least_one(size_t bytes) { return bytes == 0 ? 1 : bytes; }

void *fr_alloc_zeroed(size_t count, size_t bytes) {
    size_t total;

    /* calloc would see an overflow too, but a sanitizer takes an attempt for a mistake. */
    if (is_refused() || __builtin_mul_overflow(count, bytes, &total))
        return NULL;
    return calloc(at_least_one(count), at_least_one(bytes));
}

void *fr_alloc(size_t bytes) {
    if (is_refused())
        return NULL;
    return malloc(at_least_one(bytes));
}

void *fr_realloc(void *old, size_t count, size_t bytes) {
    size_t total;

    if (is_refused() || __builtin_mul_overflow(count, bytes, &total))
        return NULL;
    return realloc(old, at_least_one(total));
}

char *fr_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = fr_alloc(bytes);

    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

void fr_free(void *block) { free(block); }

void fr_memory_fail_from(uint64_t nth) {
    calls_made = 0;
    fails_from = nth;
}

uint64_t fr_memory_count(void) { return calls_made; }
