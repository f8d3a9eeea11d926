/* SPDX-License-Identifier: Apache-2.0 */
/* The low quality of a clip's pictures, within a number of bytes: trials on a part of the clip choose its size, then the whole is
 * encoded. */
#ifndef MDC_THIN_H
#define MDC_THIN_H

#include "mdc/clip.h"
#include "mdc/shelf.h"
#include "mdc/striped.h"

struct mdc_thin {
    struct mdc_shelf shelf; /* every picture, in the order of decoding; labelled with its number in the order in which they are shown */
    int width, height;
    double error; /* mean squared, of Y */
    uint8_t sps[256], pps[256];
    int sps_bytes, pps_bytes;
    double least_bytes; /* filled when the budget is too small: that many would do */
};

/* set_id: for its SPS and PPS. FR_E_LIMIT: bytes_max is too small; thin->least_bytes tells what would do. */
int mdc_thin_make(struct mdc_thin *thin, const struct mdc_clip *clip, const struct mdc_source *source, const char *folder, int set_id,
                  double bytes_max, const struct mdc_watch *watch, struct fr_failure *failure);
void mdc_thin_done(struct mdc_thin *thin);

#endif
