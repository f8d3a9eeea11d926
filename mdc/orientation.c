/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/orientation.h"

#include <stdbool.h>
#include <string.h>

enum { TIFF_AT = 6, ENTRY_BYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

static uint32_t number(const uint8_t *at, unsigned bytes, bool is_little) {
    uint32_t sum = 0;

    for (unsigned i = 0; i < bytes; i++)
        sum |= (uint32_t) at[i] << 8 * (is_little ? i : bytes - 1 - i);
    return sum;
}

unsigned mdc_orientation_read(const uint8_t *segment, size_t count) {
    const uint8_t *tiff = segment + TIFF_AT;
    bool is_little;
    uint32_t at, entries;

    if (count < TIFF_AT + 8 || memcmp(segment, "Exif\0\0", TIFF_AT) != 0)
        return 1;
    count -= TIFF_AT;
    is_little = tiff[0] == 'I';
    at = number(tiff + 4, 4, is_little);
    if (at < 8 || at > count - 2)
        return 1;
    entries = number(tiff + at, 2, is_little);
    for (at += 2; entries > 0 && count - at >= ENTRY_BYTES; entries--, at += ENTRY_BYTES)
        if (number(tiff + at, 2, is_little) == TAG_ORIENTATION && number(tiff + at + 2, 2, is_little) == TYPE_SHORT) {
            uint32_t orientation = number(tiff + at + 8, 2, is_little);
            return orientation >= 1 && orientation <= 8 ? orientation : 1;
        }
    return 1;
}

size_t mdc_orientation_write(unsigned orientation, uint8_t out[MDC_ORIENTATION_BYTES]) {
    /* Big-endian TIFF with one directory of one entry. */
    static const uint8_t segment[MDC_ORIENTATION_BYTES] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                                           1,   18,  0,   3,   0, 0, 0,   1,   0, 1,  0, 0, 0, 0, 0, 0};

    memcpy(out, segment, sizeof segment);
    out[25] = (uint8_t) orientation;
    return sizeof segment;
}
