/* SPDX-License-Identifier: Apache-2.0 */
/* A film of any kind encoded again as one whose packets can be copied: H.264 in closed groups of pictures with AAC-LC, in an MP4 that is
 * gone with the process. */
#ifndef MDC_REMAKE_H
#define MDC_REMAKE_H

#include "mdc/files.h"
#include "mdc/striped.h"

struct mdc_remake_options {
    unsigned count;     /* at least so many groups of pictures, where the film is long enough for that */
    const char *folder; /* for the MP4; it exists */
    const struct mdc_watch *watch;
};

struct mdc_remade {
    struct mdc_source film;            /* open; closed by its user */
    double seconds, announced_seconds; /* of the pictures: that could be decoded; that the file promises, 0: it does not say */
    uint32_t picture_count, broken_count;
    bool is_damaged;                      /* a good part of the pictures is missing or broken */
    char remark[FR_FAILURE_TEXT_MAX / 2]; /* what was left out, or empty */
};

/* Has it pictures that move? `also_odd`: also if it is of a kind that seldom holds films, as long as libavformat can read it. */
bool mdc_remake_is_film(const struct mdc_source *source, bool also_odd);

/* FR_E_SYNTAX: the source is no film, or cannot be decoded at all. */
int mdc_remake(const struct mdc_source *source, const struct mdc_remake_options *options, struct mdc_remade *ret_remade,
               struct fr_failure *failure);

/* How long a group of pictures should be: two seconds, less where a film of `seconds` had fewer than `count` of these, half a second at
 * least; 0 seconds: nobody knows. Pure. */
double mdc_remake_gop_seconds(double seconds, unsigned count);

#endif
