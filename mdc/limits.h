/* SPDX-License-Identifier: Apache-2.0 */
/* Every cap of the descriptions' format, in one place. */
#ifndef MDC_LIMITS_H
#define MDC_LIMITS_H

#include <assert.h>

enum {
    MDC_COUNT_MIN = 2, /* descriptions of one set */
    MDC_COUNT_MAX = 32,
    MDC_HEADER_BYTES_MAX = 64 << 10,
    MDC_NAME_BYTES_MAX = 255, /* the source's name, without NUL */
    MDC_SET_ID_BYTES = 16,
    MDC_SHA256_BYTES = 32,
    MDC_BLOCK_BYTES_MIN = 64,
    MDC_BLOCK_BYTES = 64 << 10, /* what one description holds of one stripe */
    MDC_BLOCK_BYTES_MAX = 1 << 20,
    MDC_REDUNDANCY_MAX = 310000, /* hundredths of a percent: 31 further copies */
    MDC_GOPS_MAX = 1 << 16,
    MDC_PHOTO_BYTES_MAX = 128 << 20, /* a photo is held in memory; larger ones are data */
    MDC_PHOTO_PIXELS_MAX = 64000000,
};

static_assert(MDC_COUNT_MAX * MDC_BLOCK_BYTES_MAX <= 64 << 20, "a stripe with its parity fits in memory twice");

#endif
