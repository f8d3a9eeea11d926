/* SPDX-License-Identifier: Apache-2.0 */
/* What would each size and each quality factor make of a clip? Tried on a part of it, where a size can be the best at all. */
#ifndef MDC_TRIALS_H
#define MDC_TRIALS_H

#include "mdc/clip.h"
#include "mdc/dial.h"
#include "mdc/low.h"

struct mdc_trials {
    struct mdc_trial table[MDC_DIVISORS][MDC_TRIALS];
    double share; /* which part of the clip's pictures was tried */
};

/* bytes_max: what the whole may take, in the terms of the trials. looks: for the clip's pictures, used meanwhile. */
int mdc_trials_run(struct mdc_trials *trials, const struct mdc_clip *clip, const struct mdc_source *source, int set_id,
                   struct mdc_looks *looks, double bytes_max, struct fr_failure *failure);

#endif
