/* SPDX-License-Identifier: Apache-2.0 */
/* Things of some bytes each, put away in a file without a name until they are needed: an hour of encoded video does not belong in
 * memory. */
#ifndef MDC_SHELF_H
#define MDC_SHELF_H

#include "mdc/files.h"

struct mdc_shelved {
    uint64_t at;
    int64_t label; /* the caller's */
    uint32_t bytes;
};

struct mdc_shelf {
    int fd; /* -1: nothing was put there yet */
    struct mdc_shelved *things;
    uint32_t count;
    uint64_t bytes;
};

void mdc_shelf_init(struct mdc_shelf *shelf);
void mdc_shelf_done(struct mdc_shelf *shelf);
/* The file lies in `folder`, which exists. */
int mdc_shelf_put(struct mdc_shelf *shelf, const char *folder, int64_t label, const void *bytes, uint32_t count,
                  struct fr_failure *failure);
/* The thing of that index, things[index].bytes of them. */
int mdc_shelf_get(const struct mdc_shelf *shelf, uint32_t index, void *bytes, struct fr_failure *failure);

#endif
