/* SPDX-License-Identifier: Apache-2.0 */
/* From the descriptions that are there to the best file that they allow. */
#ifndef MDC_DECODE_H
#define MDC_DECODE_H

#include "mdc/gather.h"
#include "mdc/striped.h"

enum mdc_outcome {
    /* All that the set holds: the source's bytes, or its full quality where the set is not exact or a preview was asked for. */
    MDC_OUTCOME_WHOLE,
    MDC_OUTCOME_USABLE, /* the best that these allow */
    MDC_OUTCOME_NOTHING /* too few: no file was written */
};

struct mdc_result {
    enum mdc_outcome outcome;
    uint64_t detail;                    /* how much of the set's quality it has; the same or more with every further description */
    char sentence[FR_FAILURE_TEXT_MAX]; /* what it is, for a person */
};

struct mdc_decode_options {
    bool is_preview;  /* the playable form also where the source's bytes could be had */
    bool may_replace; /* an output that exists */
    const char *path; /* to write */
    const struct mdc_watch *watch;
};

/* gathered->header is not NULL. Failures leave no output. FR_E_DIGEST: the bytes restored are not the source's. */
int mdc_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
               struct fr_failure *failure);

/* The profiles. */
int mdc_data_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                    struct fr_failure *failure);
int mdc_photo_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                     struct fr_failure *failure);
int mdc_video_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                     struct fr_failure *failure);

/* The descriptions as striped.h wants them. */
void mdc_gathered_stripe(const struct mdc_gathered *gathered, struct mdc_striped_description *ret_descriptions);

#endif
