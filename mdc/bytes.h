/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in memory, big-endian, read and written within bounds. The first overrun is remembered and everything after it is zero or
 * dropped, so that a parser checks once at its end. */
#ifndef MDC_BYTES_H
#define MDC_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mdc_reader {
    const uint8_t *at, *end;
    bool is_short; /* more was asked for than there was */
};

struct mdc_writer {
    uint8_t *at, *end;
    bool is_full; /* more was written than there was room for */
};

struct mdc_reader mdc_reader_over(const void *bytes, size_t count);
size_t mdc_reader_left(const struct mdc_reader *reader);
const uint8_t *mdc_read_bytes(struct mdc_reader *reader, size_t count); /* NULL when there are not so many */
uint64_t mdc_read_number(struct mdc_reader *reader, unsigned bytes);    /* bytes 1 .. 8 */
uint64_t mdc_read_varint(struct mdc_reader *reader);                    /* seven bits a byte, the low ones first */

struct mdc_writer mdc_writer_over(void *bytes, size_t count);
void mdc_write_bytes(struct mdc_writer *writer, const void *bytes, size_t count);
void mdc_write_number(struct mdc_writer *writer, uint64_t number, unsigned bytes);
void mdc_write_varint(struct mdc_writer *writer, uint64_t number);

#endif
