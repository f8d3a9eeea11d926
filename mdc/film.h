/* SPDX-License-Identifier: Apache-2.0 */
/* The fragments of a video's descriptions as they are written: one group of pictures, in one quality, with its record. */
#ifndef MDC_FILM_H
#define MDC_FILM_H

#include "mdc/clip.h"
#include "mdc/movie.h"
#include "mdc/shelf.h"
#include "mdc/thin.h"

struct mdc_film_parts {
    const struct mdc_clip *clip;
    const struct mdc_source *source;
    const struct mdc_thin *thin;
    const struct mdc_shelf *sounds; /* of low quality; empty without sound */
    const struct mdc_movie *movie;
    int64_t *decode_times; /* [picture_count + 1], in the track's time base: of the packets in order, and of the end */
    uint64_t *low_bytes;   /* [gop_count]: of a group in low quality */
};

/* Fills decode_times and low_bytes. */
int mdc_film_measure(struct mdc_film_parts *parts, struct fr_failure *failure);

void mdc_film_done(struct mdc_film_parts *parts);

/* How many pictures must a decoder hold back, so that packets with these times, in the order of decoding, are shown in order? `sorted` are
 * the same times in order. Pure. */
unsigned mdc_film_reorder(const int64_t *sorted, const int64_t *times, uint32_t count);

/* One fragment with its box before it. */
struct mdc_film_cut {
    uint8_t *bytes; /* freed by fr_free */
    size_t count;
    uint8_t sha256[32]; /* of the fragment alone */
};
int mdc_film_make(const struct mdc_film_parts *parts, uint32_t gop_index, bool is_full, uint8_t owner, struct mdc_film_cut *ret_cut,
                  struct fr_failure *failure);

#endif
