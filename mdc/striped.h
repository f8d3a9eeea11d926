/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a description of the profiles data and photo: a stream in layers, cut into stripes, each stripe coded over all descriptions.
 *
 *      header | { block | CRC-32C } for every stripe of every layer, in order | SHA-256 of all before it
 *
 * A block's checksum covers the set, the description and the place as well, so a block that got elsewhere is as good as lost. */
#ifndef MDC_STRIPED_H
#define MDC_STRIPED_H

#include "mdc/files.h"
#include "mdc/header.h"

struct mdc_stripe {
    unsigned layer;
    uint32_t bytes, block_bytes; /* of the stream; of it in one description */
    uint64_t stream_at, file_at; /* where it begins in the stream; where its block begins in a description, behind the header */
};

/* The first stripe, and the next one; false when there is none (any more). */
bool mdc_stripe_first(const struct mdc_header *header, struct mdc_stripe *ret_stripe);
bool mdc_stripe_next(const struct mdc_header *header, struct mdc_stripe *stripe);

/* What a description has behind its header. */
uint64_t mdc_striped_body_bytes(const struct mdc_header *header);

/* Told now and then how much of a long work is done. NULL: nobody asks. */
struct mdc_watch {
    void (*on_progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* Reads bytes of the stream, wherever they come from. */
typedef int mdc_stream_read(void *context, uint64_t offset, uint8_t *bytes, size_t count, struct fr_failure *failure);
/* Takes bytes of the stream, in order. */
typedef int mdc_stream_take(void *context, const uint8_t *bytes, size_t count, struct fr_failure *failure);

/* Writes all descriptions of the set; outputs[count] are open and empty. header->index is ignored. */
int mdc_striped_write(const struct mdc_header *header, mdc_stream_read *read, void *context, struct mdc_output *outputs,
                      const struct mdc_watch *watch, struct fr_failure *failure);

/* A description to restore from. fd -1: not there. */
struct mdc_striped_description {
    int fd;
    size_t header_bytes;
    uint64_t file_bytes;
    uint64_t damaged_blocks; /* counted here: blocks that are not what was written, or not there */
};

/* Restores as long a beginning of the stream as descriptions[count] allow, in order, and tells how long. */
int mdc_striped_read(const struct mdc_header *header, struct mdc_striped_description *descriptions, mdc_stream_take *take, void *context,
                     const struct mdc_watch *watch, uint64_t *ret_bytes, struct fr_failure *failure);

/* Are all its bytes as they were written? Fills damaged_blocks. An error of reading is damage too. */
bool mdc_striped_check(const struct mdc_header *header, struct mdc_striped_description *description);

#endif
