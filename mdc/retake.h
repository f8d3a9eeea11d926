/* SPDX-License-Identifier: Apache-2.0 */
/* The pictures of a film encoded again: H.264 of 8 bits, progressive, in closed groups of pictures of about one length. */
#ifndef MDC_RETAKE_H
#define MDC_RETAKE_H

#include <libavcodec/avcodec.h>

#include "mdc/reel.h"

struct SwsContext;

struct mdc_retake {
    const AVStream *from;
    AVStream *to;
    struct mdc_reel *out;
    AVCodecContext *decoder, *encoder;
    AVFrame *frame, *plain; /* as it was decoded; as it is encoded */
    AVPacket *made;
    struct SwsContext *convert;
    double gop_seconds;
    int64_t start;             /* of the film, in the encoder's time base */
    int64_t first, last, step; /* when the first and the last picture are shown; from one to the next, if nothing else is known */
    int64_t gop;               /* which group the last picture was in */
    uint32_t taken, broken;    /* pictures; those among them that could not be decoded well, and packets that could not be at all */
};

/* A track of `out` for what the track `from` shows. start_us: when the film starts, which is 0 in `out`. FR_E_SYNTAX: it cannot be decoded,
 * or not be encoded. */
int mdc_retake_open(struct mdc_retake *retake, AVFormatContext *film, AVStream *from, int64_t start_us, double gop_seconds,
                    struct mdc_reel *out, struct fr_failure *failure);
/* The next packet of the track, or NULL at its end. */
int mdc_retake_push(struct mdc_retake *retake, const AVPacket *packet, struct fr_failure *failure);
void mdc_retake_done(struct mdc_retake *retake); /* accepts a zeroed one */

/* From the first picture to the end of the last. */
double mdc_retake_seconds(const struct mdc_retake *retake);

/* Makes one picture of two fields that were taken at different times, without the comb that they make where something moves. */
void mdc_retake_blend(uint8_t *plane, int stride, int width, int height);

#endif
