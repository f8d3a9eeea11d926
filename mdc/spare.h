/* SPDX-License-Identifier: Apache-2.0 */
/* Videos with descriptions to spare: any count - parity of them restore the source.
 *
 * What only one description holds is its own part: the records and fragments of the groups that it owns, and its share of the source's
 * other bytes. The own parts, cut into blocks, lie in rows of `count` blocks, one in each description; in turn, `parity` of a row's blocks
 * are parity of the others, so that all descriptions carry their part of it. */
#ifndef MDC_SPARE_H
#define MDC_SPARE_H

#include "mdc/files.h"
#include "mdc/header.h"
#include "mdc/striped.h"

/* An own part: where its bytes lie in the description, in order. */
struct mdc_own_piece {
    uint64_t at, bytes;
};
struct mdc_own {
    struct mdc_own_piece *pieces;
    uint32_t count;
    uint64_t bytes;
};
int mdc_own_add(struct mdc_own *own, uint64_t at, uint64_t bytes, struct fr_failure *failure);
void mdc_own_done(struct mdc_own *own); /* accepts a zeroed one */
/* Bytes `from` .. `from + count` of it; zeros beyond its end. */
int mdc_own_read(const struct mdc_own *own, const struct mdc_source *file, uint64_t from, uint8_t *out, size_t count,
                 struct fr_failure *failure);

struct mdc_spare_plan {
    unsigned count, parity;
    uint32_t block_bytes, row_count;
    uint64_t own_bytes[MDC_COUNT_MAX];
};

/* Pure: blocks and rows that hold own parts of own_bytes[count]; count and parity are filled in. */
void mdc_spare_measure(struct mdc_spare_plan *plan);
/* Pure: where a row's block of that description stands in its code: below count - parity it is the description's own. */
unsigned mdc_spare_place(const struct mdc_spare_plan *plan, uint32_t row, unsigned index);
/* Pure: how many blocks of that kind the description has in the rows before. */
uint64_t mdc_spare_before(const struct mdc_spare_plan *plan, uint32_t row, unsigned index, bool is_parity);

/* The plan as it stands before the parity blocks in each description, MDC_SPARE_FIXED_BYTES and eight for each of these. FR_E_SYNTAX:
 * damaged, or not of such a set. */
enum { MDC_SPARE_FIXED_BYTES = 12, MDC_SPARE_HEAD_BYTES_MAX = MDC_SPARE_FIXED_BYTES + 8 * MDC_COUNT_MAX };
size_t mdc_spare_encode(const struct mdc_spare_plan *plan, uint8_t *out);
int mdc_spare_decode(const uint8_t *bytes, size_t count, const struct mdc_header *header, struct mdc_spare_plan *ret_plan);

/* The checksum of a parity block: it covers the set and the place as well. */
uint32_t mdc_spare_seal(const struct mdc_header *header, unsigned index, uint32_t row, const uint8_t *block, size_t bytes);
enum { MDC_SPARE_CRC_BYTES = 4 };

/* Appends to every output its box with parity of all own parts, which lie in the outputs. The header has its set's id. */
int mdc_spare_write(const struct mdc_header *header, const struct mdc_own *owns, struct mdc_output *outputs, struct fr_failure *failure);

/* What all of it costs, about, when the largest own part has so many bytes. */
double mdc_spare_cost(unsigned count, unsigned parity, double own_bytes_max);

#endif
