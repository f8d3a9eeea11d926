/* SPDX-License-Identifier: Apache-2.0 */
/* What a description says of itself and of its set: the set header, the same in all descriptions of a set but for the index. docs/mdc.md
 * shows its bytes. Where it lies in a file is the business of gather.c. */
#ifndef MDC_HEADER_H
#define MDC_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mdc/limits.h"

#define MDC_MAGIC "FRMD"

enum { MDC_VERSION = 1, MDC_QUALITY_UNKNOWN = 0, MDC_QUALITY_EXACT = 0xffff };

enum mdc_profile {
    MDC_DATA = 1,  /* one layer: any `needed` descriptions restore the file */
    MDC_PHOTO = 2, /* a progressive JPEG in layers */
    MDC_VIDEO = 3, /* an MP4 with groups of pictures in two qualities */
};

/* A run of the coded stream that any `needed` descriptions restore. */
struct mdc_layer {
    uint64_t bytes;
    uint16_t quality; /* of the stream up to its end: Y-PSNR in hundredths of a dB, or one of the two above */
    uint8_t needed;
};

struct mdc_film {
    uint32_t gop_count, frame_count;
    uint32_t width, height;         /* of the source */
    uint32_t low_width, low_height; /* of the low quality */
    uint32_t duration_ms;
    uint16_t low_quality; /* mean Y-PSNR of the low quality, hundredths of a dB, as measured when it was encoded */
    uint64_t rest_bytes;  /* of the source that are in no packet of full quality */
    uint8_t parity;       /* descriptions that may be missing and the source still be restored */
    uint32_t movie_bytes; /* ftyp and moov */
    uint8_t movie_sha256[MDC_SHA256_BYTES];
    /* Over the digests of all groups of pictures in both qualities, so that the set's id stands for them. */
    uint8_t gops_sha256[MDC_SHA256_BYTES];
};

struct mdc_header {
    enum mdc_profile profile;
    uint8_t count, index; /* of descriptions; of this one, from 0 */
    bool is_exact;        /* all of them together hold the source byte for byte */
    uint32_t redundancy;  /* that was asked for, hundredths of a percent */
    uint8_t set_id[MDC_SET_ID_BYTES];
    /* Of the source; of a video that was encoded again, where is_exact is false: of that film. */
    uint64_t source_bytes;
    uint8_t source_sha256[MDC_SHA256_BYTES];
    char name[MDC_NAME_BYTES_MAX + 1];
    /* data and photo */
    uint32_t block_bytes;
    uint8_t layer_count;
    struct mdc_layer layers[MDC_COUNT_MAX];
    /* photo */
    uint64_t picture_bytes; /* of the stream that are the picture; what follows leads from it to the source's bytes */
    /* video */
    struct mdc_film film;
};

/* Fills set_id, a digest of all that is the same in every description of the set. */
void mdc_header_name_set(struct mdc_header *header);

/* The same for a header that is written already, whatever it says: for tests that alter one. Its checksum is wrong after that. */
void mdc_header_mend_set_id(uint8_t *bytes, size_t header_bytes);

/* Writes at most MDC_HEADER_BYTES_MAX bytes; returns how many. The header must be valid. */
size_t mdc_header_encode(const struct mdc_header *header, uint8_t *out);

/* The bytes that a header will take, told by its first MDC_HEADER_PREFIX_BYTES; 0 when they do not begin one. */
enum { MDC_HEADER_PREFIX_BYTES = 10 };
size_t mdc_header_measure(const uint8_t *prefix);

/* bytes[count] begin with a header. Returns 0, or FR_E_SYNTAX with *ret_why a few words; everything else is untouched then. */
int mdc_header_decode(const uint8_t *bytes, size_t count, struct mdc_header *ret_header, const char **ret_why);

const char *mdc_profile_name(enum mdc_profile profile);

/* How many descriptions restore all that the set holds. */
unsigned mdc_header_needed(const struct mdc_header *header);

/* The stream's bytes: the layers' sum. */
uint64_t mdc_header_stream_bytes(const struct mdc_header *header);

#endif
