/* SPDX-License-Identifier: Apache-2.0 */
/* The low quality of a video: an encoder by x264, at the source's size or smaller, that also measures how much it loses. */
#ifndef MDC_LOW_H
#define MDC_LOW_H

#include <libavutil/frame.h>

#include "mdc/clip.h"

/* The brightness of the last pictures that went in, for comparison with what comes out. Shared by several encoders of one source. */
enum { MDC_LOOKS_MAX = 32 }; /* more than an encoder holds back */
struct mdc_looks {
    uint8_t *planes[MDC_LOOKS_MAX]; /* [width * height], by picture number modulo MDC_LOOKS_MAX */
    int width, height;
};
int mdc_looks_init(struct mdc_looks *looks, int width, int height, struct fr_failure *failure);
void mdc_looks_keep(struct mdc_looks *looks, int64_t number, const AVFrame *frame);
/* The sum of squared differences between the picture of that number and a plane of the same size. */
uint64_t mdc_looks_compare(const struct mdc_looks *looks, int64_t number, const uint8_t *plane, int stride);
void mdc_looks_done(struct mdc_looks *looks);

struct mdc_low_options {
    int divisor; /* of width and height: 1, 2 or 3 */
    double crf;
    const char *preset;
    int thread_count;
    /* Bidirectional pictures always in the same pattern: to look for the best one takes a fifth of the time and saves one to three
     * hundredths of the bytes. */
    bool has_fixed_pattern;
    int set_id; /* of its SPS and PPS: one that the source does not use */
    AVRational rate;
    const AVCodecParameters *like; /* the source's */
};

/* Takes an encoded picture. number: which of those that went in. NULL: none is wanted. */
typedef int mdc_low_take(void *context, int64_t number, const uint8_t *bytes, uint32_t count, struct fr_failure *failure);

struct mdc_low;
int mdc_low_new(struct mdc_low **ret_low, const struct mdc_low_options *options, const struct mdc_looks *looks, mdc_low_take *take,
                void *context, struct fr_failure *failure);
/* Pictures are numbered from 0, in the order in which they are shown, and each was kept in `looks` before. */
int mdc_low_push(struct mdc_low *low, const AVFrame *frame, int64_t number, bool is_first_of_gop, struct fr_failure *failure);
int mdc_low_flush(struct mdc_low *low, struct fr_failure *failure);
void mdc_low_free(struct mdc_low *low);

uint64_t mdc_low_bytes(const struct mdc_low *low);
double mdc_low_error(const struct mdc_low *low); /* mean squared error of Y so far */
int mdc_low_width(const struct mdc_low *low);
int mdc_low_height(const struct mdc_low *low);
/* Its parameter sets, without lengths; borrowed. */
int mdc_low_sets(struct mdc_low *low, const uint8_t **ret_sps, int *ret_sps_bytes, const uint8_t **ret_pps, int *ret_pps_bytes);

#endif
