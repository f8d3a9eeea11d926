/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a picture's stream do 1, 2, 3 ... descriptions hold? Pure functions.
 *
 * A layer that m descriptions restore costs n/m times its bytes. So with R_m the bytes that m restore, all descriptions together have
 * sum over m of n/m (R_m - R_(m-1)) bytes: what is restored by few is dear. This chooses R_m for the best mean quality within a budget. */
#ifndef MDC_LEVELS_H
#define MDC_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "mdc/limits.h"

/* A place where the stream could be cut: what it costs, what it is worth. */
struct mdc_cut {
    uint64_t bytes;
    double quality; /* dB */
};

enum { MDC_CUTS_MAX = 128 };

struct mdc_level_task {
    unsigned count, level_count; /* descriptions; R_1 .. R_level_count, the last being the whole stream */
    uint64_t stream_bytes;
    double budget_bytes;        /* that all descriptions may have together */
    const struct mdc_cut *cuts; /* in order, strictly rising in bytes; all below stream_bytes */
    unsigned cut_count;         /* 1 .. MDC_CUTS_MAX */
};

/* ret_levels[level_count]. false: the budget is too small; *ret_least_bytes is the smallest that is not. */
bool mdc_levels_choose(const struct mdc_level_task *task, uint64_t *ret_levels, double *ret_least_bytes);

/* What all descriptions have together. */
double mdc_levels_cost(unsigned count, unsigned level_count, const uint64_t *levels);

#endif
