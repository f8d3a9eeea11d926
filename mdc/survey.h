/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of descriptions is and allows, for people and for scripts. */
#ifndef MDC_SURVEY_H
#define MDC_SURVEY_H

#include <stdio.h>

#include <jansson.h>

#include "mdc/gather.h"

struct mdc_survey {
    const struct mdc_gathered *gathered;
    const char *problems[MDC_COUNT_MAX]; /* of each piece; NULL: none, or it is not there */
    unsigned whole_count;                /* pieces without a problem */
};

/* Reads every byte of what is there. */
void mdc_survey_take(struct mdc_survey *survey, struct mdc_gathered *gathered);
void mdc_survey_print(const struct mdc_survey *survey, FILE *out);
/* A new reference; NULL without memory. */
json_t *mdc_survey_json(const struct mdc_survey *survey);

/* What `count` whole descriptions of the set allow: Y-PSNR in hundredths of a dB; MDC_QUALITY_EXACT: all; MDC_QUALITY_UNKNOWN: nothing. */
unsigned mdc_survey_quality(const struct mdc_header *header, unsigned count);

#endif
