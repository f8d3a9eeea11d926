/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a source that are in no packet of full quality: heads, tables, other tracks. They are taken as one stream, in order, and
 * every description carries its share of it. */
#ifndef MDC_REST_H
#define MDC_REST_H

#include <stdbool.h>

#include "mdc/files.h"
#include "mdc/gop.h"

struct mdc_rest {
    struct mdc_run *gaps; /* in order; freed by mdc_rest_done */
    size_t gap_count;
    uint64_t bytes;
};

/* What `runs` leave of a source. They are put in order. FR_E_SYNTAX: they overlap, or lie outside. */
int mdc_rest_find(struct mdc_rest *rest, struct mdc_run *runs, size_t run_count, uint64_t source_bytes, struct fr_failure *failure);
void mdc_rest_done(struct mdc_rest *rest);

/* A share: bytes `from` .. `to` of the stream. */
void mdc_rest_share(uint64_t bytes, unsigned count, unsigned index, uint64_t *ret_from, uint64_t *ret_to);

/* Some bytes of the stream that follow one another in the source: those from byte `from` on, at most `most`. Where, and how many. */
struct mdc_run mdc_rest_locate(const struct mdc_rest *rest, uint64_t from, uint64_t most);

#endif
