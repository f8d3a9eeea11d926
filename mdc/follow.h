/* SPDX-License-Identifier: Apache-2.0 */
/* A folder in which the descriptions of one set arrive, in any order: the best that they allow, again and again. */
#ifndef MDC_FOLLOW_H
#define MDC_FOLLOW_H

#include <stdatomic.h>

#include "mdc/decode.h"

struct mdc_follow_options {
    const char *folder; /* may not exist yet */
    struct mdc_decode_options decode;
    double seconds_max;            /* 0: until it is whole */
    const atomic_bool *is_stopped; /* looked at several times a second */
    /* Told after each writing that brought more, with how many descriptions were there. */
    void (*on_better)(void *context, const struct mdc_result *result, unsigned count, unsigned of);
    void *context;
};

/* Returns when the result is whole, the time is over, or it was stopped. ret_result: the last that was written; NOTHING when none was. */
int mdc_follow(const struct mdc_follow_options *options, struct mdc_result *ret_result, struct fr_failure *failure);

#endif
