/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/rest.h"

#include <stdlib.h>

#include "base/failure.h"
#include "base/memory.h"

static int compare(const void *a, const void *b) {
    const struct mdc_run *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

int mdc_rest_find(struct mdc_rest *rest, struct mdc_run *runs, size_t run_count, uint64_t source_bytes, struct fr_failure *failure) {
    uint64_t at = 0;

    *rest = (struct mdc_rest){0};
    rest->gaps = fr_alloc_zeroed(run_count + 1, sizeof *rest->gaps);
    if (rest->gaps == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to tell what is in no packet");
    qsort(runs, run_count, sizeof *runs, compare);
    for (size_t i = 0; i <= run_count; i++) {
        uint64_t next = i < run_count ? runs[i].at : source_bytes;
        if (next < at || next > source_bytes) {
            mdc_rest_done(rest);
            return fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: they overlap in the file");
        }
        if (next > at) {
            rest->gaps[rest->gap_count++] = (struct mdc_run){.at = at, .bytes = next - at};
            rest->bytes += next - at;
        }
        if (i < run_count)
            at = runs[i].at + runs[i].bytes;
    }
    return 0;
}

void mdc_rest_done(struct mdc_rest *rest) {
    fr_free(rest->gaps);
    *rest = (struct mdc_rest){0};
}

void mdc_rest_share(uint64_t bytes, unsigned count, unsigned index, uint64_t *ret_from, uint64_t *ret_to) {
    *ret_from = bytes / count * index + (bytes % count) * index / count;
    *ret_to = bytes / count * (index + 1) + (bytes % count) * (index + 1) / count;
}

struct mdc_run mdc_rest_locate(const struct mdc_rest *rest, uint64_t from, uint64_t most) {
    for (size_t i = 0; i < rest->gap_count; i++) {
        const struct mdc_run *gap = &rest->gaps[i];
        if (from < gap->bytes)
            return (struct mdc_run){.at = gap->at + from, .bytes = most < gap->bytes - from ? most : gap->bytes - from};
        from -= gap->bytes;
    }
    return (struct mdc_run){0};
}
