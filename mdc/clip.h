/* SPDX-License-Identifier: Apache-2.0 */
/* A video file as the profile video needs it: where the bytes of every packet lie, and its groups of pictures. */
#ifndef MDC_CLIP_H
#define MDC_CLIP_H

#include "mdc/reel.h"

struct mdc_packet {
    uint64_t at; /* in the file */
    int64_t pts; /* in its track's time base */
    uint32_t bytes;
};

struct mdc_gop {
    uint32_t first, count;             /* of the video's packets, in the order of decoding */
    uint32_t sound_first, sound_count; /* of the sound's */
    uint64_t bytes;                    /* of both */
};

struct mdc_clip {
    struct mdc_reel reel;
    const AVStream *video, *sound; /* sound: NULL when there is none */
    struct mdc_packet *pictures, *sounds;
    uint32_t picture_count, sound_count;
    uint32_t hidden_count; /* pictures at the end that the file says are not to be shown: left out, their bytes are kept with the rest */
    int64_t *times;        /* [picture_count]: when pictures are shown, in order */
    struct mdc_gop *gops;
    uint32_t gop_count;
};

/* Opens and reads the whole file once. FR_E_SYNTAX: it is no video, or of a kind whose packets cannot be copied (the failure says why). */
int mdc_clip_open(struct mdc_clip *clip, const struct mdc_source *source, struct fr_failure *failure);
/* Pictures a second, or what is usual. */
AVRational mdc_clip_rate(const struct mdc_clip *clip);
void mdc_clip_done(struct mdc_clip *clip); /* accepts a zeroed one */

#endif
