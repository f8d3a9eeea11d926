/* SPDX-License-Identifier: Apache-2.0 */
/* What a video's description holds: where its fragments lie, found box by box. Behind damage, and where the file is cut off, what is
 * still whole is found all the same. */
#ifndef MDC_FRAGMENTS_H
#define MDC_FRAGMENTS_H

#include "mdc/gather.h"
#include "mdc/gop.h"

struct mdc_found {
    uint64_t record_at, fragment_at; /* of the record's contents; of the moof */
    uint32_t record_bytes, fragment_bytes, gop_index, frame_count;
    uint8_t owner;
    bool is_full;
};

struct mdc_fragments {
    struct mdc_found *found; /* freed by mdc_fragments_done */
    uint32_t count;
    uint64_t rest_at, rest_bytes;   /* the share of the source's other bytes; 0: it is not there */
    uint64_t spare_at, spare_bytes; /* its blocks of parity with their head; 0: they are not there */
    bool is_broken;                 /* something that should be there is not */
};

int mdc_fragments_list(struct mdc_fragments *fragments, const struct mdc_description *description, struct fr_failure *failure);
void mdc_fragments_done(struct mdc_fragments *fragments);

/* Reads a fragment and compares it with its record. `out` has room for fragment_bytes. */
bool mdc_fragments_read(const struct mdc_description *description, const struct mdc_found *found, uint8_t *out);
/* Its record again; ret_record->runs borrow from *ret_bytes, freed by fr_free. */
bool mdc_fragments_read_record(const struct mdc_description *description, const struct mdc_found *found, struct mdc_gop_record *ret_record,
                               uint8_t **ret_bytes);
/* The beginning of every description, if it is whole in this one: freed by fr_free, header.film.movie_bytes of them. */
bool mdc_fragments_read_movie(const struct mdc_description *description, uint8_t **ret_bytes);
/* Is every byte of the share of other bytes as it was written? */
bool mdc_fragments_check_rest(const struct mdc_description *description, const struct mdc_fragments *fragments);

/* All of that for one description: as mdc_description_is_whole. */
bool mdc_fragments_check(const struct mdc_description *description, const char **ret_problem);

#endif
