/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a video's descriptions, ftyp and moov: the same in all of them, with the parameter sets of both qualities. */
#ifndef MDC_MOVIE_H
#define MDC_MOVIE_H

#include "mdc/clip.h"
#include "mdc/thin.h"

enum { MDC_PICTURE_TRACK = 1, MDC_SOUND_TRACK = 2 };

struct mdc_movie {
    uint8_t *bytes; /* freed by mdc_movie_done */
    size_t count;
    AVRational picture_base, sound_base; /* time bases of the tracks */
};

/* An id for SPS and PPS that the source's avcC record does not use; negative: it uses them all, or cannot be read. */
int mdc_movie_free_set_id(const AVCodecParameters *source);

int mdc_movie_make(struct mdc_movie *movie, const struct mdc_clip *clip, const struct mdc_thin *thin, struct fr_failure *failure);
void mdc_movie_done(struct mdc_movie *movie);

#endif
