/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/bytes.h"

#include <string.h>

struct mdc_reader mdc_reader_over(const void *bytes, size_t count) {
    /* Nothing may be nowhere. */
    return (struct mdc_reader){.at = bytes, .end = count > 0 ? (const uint8_t *) bytes + count : bytes};
}

size_t mdc_reader_left(const struct mdc_reader *reader) { return (size_t) (reader->end - reader->at); }

const uint8_t *mdc_read_bytes(struct mdc_reader *reader, size_t count) {
    const uint8_t *bytes = reader->at;

    if (reader->is_short || count > mdc_reader_left(reader)) {
        reader->is_short = true;
        return NULL;
    }
    reader->at += count;
    return bytes;
}

uint64_t mdc_read_number(struct mdc_reader *reader, unsigned bytes) {
    const uint8_t *from = mdc_read_bytes(reader, bytes);
    uint64_t number = 0;

    for (unsigned i = 0; from != NULL && i < bytes; i++)
        number = number << 8 | from[i];
    return number;
}

uint64_t mdc_read_varint(struct mdc_reader *reader) {
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint64_t byte = mdc_read_number(reader, 1);
        number |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    reader->is_short = true; /* longer than any number that we write */
    return 0;
}

struct mdc_writer mdc_writer_over(void *bytes, size_t count) {
    return (struct mdc_writer){.at = bytes, .end = (uint8_t *) bytes + count};
}

void mdc_write_bytes(struct mdc_writer *writer, const void *bytes, size_t count) {
    if (writer->is_full || count > (size_t) (writer->end - writer->at)) {
        writer->is_full = true;
        return;
    }
    if (count > 0)
        memcpy(writer->at, bytes, count);
    writer->at += count;
}

void mdc_write_number(struct mdc_writer *writer, uint64_t number, unsigned bytes) {
    uint8_t text[8];

    for (unsigned i = 0; i < bytes; i++)
        text[i] = (uint8_t) (number >> 8 * (bytes - 1 - i));
    mdc_write_bytes(writer, text, bytes);
}

void mdc_write_varint(struct mdc_writer *writer, uint64_t number) {
    for (; number > 0x7f; number >>= 7)
        mdc_write_number(writer, number | 0x80, 1);
    mdc_write_number(writer, number, 1);
}
