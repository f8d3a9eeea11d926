/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of descriptions is and allows, for people and for scripts. */
#ifndef MDC_SURVEY_H
#define MDC_SURVEY_H

#include <stdio.h>

#include <jansson.h>

#include "mdc/fragments.h"
#include "mdc/gather.h"

struct mdc_survey_gop {
    uint32_t full, low; /* in which descriptions, one bit each */
    uint32_t frame_count;
};

struct mdc_survey {
    const struct mdc_gathered *gathered;
    const char *problems[MDC_COUNT_MAX]; /* of each description; NULL: none, or it is not there */
    unsigned whole_count;                /* descriptions without a problem */
    /* video: what of each group of pictures is here; freed by mdc_survey_done */
    struct mdc_survey_gop *gops;
    uint32_t full_count, low_count; /* groups that are here in full, or at least in low quality */
    uint32_t low_frame_count;       /* frames of the latter and of groups that are missing */
};

/* Reads every byte of what is there. */
int mdc_survey_take(struct mdc_survey *survey, struct mdc_gathered *gathered, struct fr_failure *failure);
void mdc_survey_done(struct mdc_survey *survey);
void mdc_survey_print(const struct mdc_survey *survey, FILE *out);
/* A new reference; NULL without memory. */
json_t *mdc_survey_json(const struct mdc_survey *survey);

/* What those that are here allow, in the terms below. Videos: of the mean squared error over all frames, as estimated from that of the
 * low quality. */
unsigned mdc_survey_allowed(const struct mdc_survey *survey);

/* Photo and data: what `count` whole descriptions of the set allow: Y-PSNR in hundredths of a dB; MDC_QUALITY_EXACT: all;
 * MDC_QUALITY_UNKNOWN: nothing. */
unsigned mdc_survey_quality(const struct mdc_header *header, unsigned count);

#endif
