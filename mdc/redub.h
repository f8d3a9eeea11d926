/* SPDX-License-Identifier: Apache-2.0 */
/* The sound of a film encoded again: AAC-LC of one or two channels, without gaps. */
#ifndef MDC_REDUB_H
#define MDC_REDUB_H

#include <libavcodec/avcodec.h>
#include <libavutil/audio_fifo.h>

#include "mdc/reel.h"

struct SwrContext;

struct mdc_redub {
    const AVStream *from;
    AVStream *to;
    struct mdc_reel *out;
    AVCodecContext *decoder, *encoder;
    struct SwrContext *convert; /* set up with the first sound that is decoded, and again where its kind changes */
    AVFrame *frame, *plain;     /* as it was decoded; as it is encoded */
    AVPacket *made;
    AVAudioFifo *waiting;
    AVRational base; /* one sample */
    int64_t start;   /* of the film, in samples */
    int64_t heard;   /* samples that went to `waiting` or were before them: where the next one belongs */
    int64_t spoken;  /* samples that went to the encoder, likewise */
    bool is_begun;
};

/* A track of `out` for what the track `from` sounds like; start_us as for pictures. FR_E_SYNTAX: it cannot be decoded. */
int mdc_redub_open(struct mdc_redub *redub, AVStream *from, int64_t start_us, struct mdc_reel *out, struct fr_failure *failure);
/* The next packet of the track, or NULL at its end. */
int mdc_redub_push(struct mdc_redub *redub, const AVPacket *packet, struct fr_failure *failure);
void mdc_redub_done(struct mdc_redub *redub); /* accepts a zeroed one */

#endif
