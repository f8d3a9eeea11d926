/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of libjpeg: a picture's coefficients in other scans, without loss, and its brightness. Whole files in memory. */
#ifndef MDC_JPEG_H
#define MDC_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/error.h>

struct mdc_jpeg_info {
    uint32_t width, height;
    bool is_progressive;
};

/* Bytes that libjpeg made. */
struct mdc_jpeg_bytes {
    uint8_t *bytes; /* freed by mdc_jpeg_bytes_done */
    size_t count;
};
void mdc_jpeg_bytes_done(struct mdc_jpeg_bytes *bytes);

/* All return 0, or FR_E_SYNTAX with a failure that says what libjpeg said: broken, of a kind that is not supported, or too large. */

/* Is this a photo that we can encode: grey or YCbCr, 8 bits, not arithmetic, not more pixels than MDC_PHOTO_PIXELS_MAX? */
int mdc_jpeg_probe(const uint8_t *bytes, size_t count, struct mdc_jpeg_info *ret_info, struct fr_failure *failure);

/* The same coefficients as a progressive JPEG whose scans each halve the error. Keeps the orientation and a small colour profile, no other
 * extras. */
int mdc_jpeg_make_progressive(const uint8_t *bytes, size_t count, struct mdc_jpeg_bytes *ret_made, struct fr_failure *failure);

/* The same coefficients as one sequential scan with the Huffman tables and restarts that `head`, the source up to its scan, says. */
int mdc_jpeg_make_sequential(const uint8_t *bytes, size_t count, const uint8_t *head, size_t head_count, struct mdc_jpeg_bytes *ret_made,
                             struct fr_failure *failure);

/* The Y samples, width * height of them, as far as a file that is cut off tells. Freed by fr_free. */
int mdc_jpeg_luma(const uint8_t *bytes, size_t count, uint8_t **ret_luma, struct fr_failure *failure);

/* Where the scans of a file end. Pure. */
enum { MDC_SCANS_MAX = 256 };
struct mdc_jpeg_scans {
    unsigned count;
    size_t first_data;          /* where the first scan's data begin: behind its header */
    size_t ends[MDC_SCANS_MAX]; /* behind the last byte of each, where the next marker begins */
    size_t end;                 /* behind the EOI */
};
/* false: this is no JPEG that ends as it should, or it has too many scans. */
bool mdc_jpeg_find_scans(const uint8_t *bytes, size_t count, struct mdc_jpeg_scans *ret_scans);

#endif
