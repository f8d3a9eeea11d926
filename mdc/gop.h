/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before each fragment of a video's description: which group of pictures it is, in which quality, how to verify it, and for
 * full quality where its bytes lie in the source. Pure functions. docs/mdc.md shows the bytes. */
#ifndef MDC_GOP_H
#define MDC_GOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mdc/limits.h"

/* Bytes of the source that follow one another there and in the fragment. */
struct mdc_run {
    uint64_t at, bytes;
};

enum { MDC_RUNS_MAX = 1 << 16, MDC_RECORD_BYTES_MAX = 64 + MDC_SHA256_BYTES + 20 * MDC_RUNS_MAX };

struct mdc_gop_record {
    uint32_t gop_index;
    bool is_full;  /* full quality */
    uint8_t owner; /* the description that has it in full quality */
    uint32_t start_ms, frame_count, sound_count;
    uint32_t fragment_bytes;          /* of moof and mdat, which follow */
    uint8_t sha256[MDC_SHA256_BYTES]; /* of them */
    uint32_t run_count;               /* full quality: of the mdat's contents, in order; 0 where the source's bytes are not kept */
    const uint8_t *runs;              /* encoded; borrowed from the record's bytes */
    size_t runs_bytes;
};

/* Returns the bytes written to `out`, which has room for MDC_RECORD_BYTES_MAX; record->runs is ignored, runs[run_count] are taken. */
size_t mdc_gop_encode(const struct mdc_gop_record *record, const struct mdc_run *runs, uint8_t *out);

/* FR_E_SYNTAX: damaged, or no record of a set with so many groups, descriptions and bytes of source. */
struct mdc_gop_limits {
    uint32_t gop_count;
    uint8_t count;
    uint64_t source_bytes;
};
int mdc_gop_decode(const uint8_t *bytes, size_t count, const struct mdc_gop_limits *limits, struct mdc_gop_record *ret_record);

/* The next run: begin with *position 0 and `last` zeroed. false: no more. */
bool mdc_gop_next_run(const struct mdc_gop_record *record, size_t *position, struct mdc_run *last);

/* Who has which group in full quality? In each row of `count` groups every description gets one, the largest to the one that is lightest
 * so far. */
void mdc_gop_share_out(const uint64_t *gop_bytes, uint32_t gop_count, unsigned count, uint8_t *ret_owners);

#endif
