/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a set header: what is believed can be written again as the same bytes, and its stripes stay inside the body it promises. The
 * checksum and the id would keep a fuzzer out, so inputs are also tried with both put right. */
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "mdc/code.h"
#include "mdc/striped.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { ID_AT = 18, STRIPES_WALKED = 1000 };

static void use(const struct mdc_header *header) {
    struct mdc_stripe stripe;
    unsigned walked = 0;
    uint64_t body = mdc_striped_body_bytes(header), total = mdc_header_stream_bytes(header);

    if (header->profile == MDC_VIDEO)
        return;
    for (bool is_more = mdc_stripe_first(header, &stripe); is_more && walked < STRIPES_WALKED; is_more = mdc_stripe_next(header, &stripe)) {
        fr_assert(stripe.bytes > 0 && stripe.block_bytes <= header->block_bytes);
        fr_assert(stripe.stream_at + stripe.bytes <= total);
        fr_assert(stripe.file_at + stripe.block_bytes + 4 + MDC_SHA256_BYTES <= body);
        fr_assert((uint64_t) stripe.block_bytes * header->layers[stripe.layer].needed >= stripe.bytes);
        walked++;
    }
}

static void try(const uint8_t *bytes, size_t count) {
    static uint8_t again[MDC_HEADER_BYTES_MAX];
    struct mdc_header header;
    const char *why = NULL;
    int result = mdc_header_decode(bytes, count, &header, &why);

    if (result != 0) {
        fr_assert(result == FR_E_SYNTAX && why != NULL);
        return;
    }
    size_t length = mdc_header_encode(&header, again);
    fr_assert(length == mdc_header_measure(bytes) && memcmp(again, bytes, length) == 0);
    use(&header);
}

static void seal(uint8_t *bytes, size_t length) {
    uint32_t crc = mdc_crc32c(0, bytes, length - 4);

    for (unsigned i = 0; i < 4; i++)
        bytes[length - 4 + i] = (uint8_t) (crc >> 8 * (3 - i));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t mended[MDC_HEADER_BYTES_MAX];
    size_t length;

    try(bytes, count);
    if (count < ID_AT + MDC_SET_ID_BYTES + 4 || count > sizeof mended)
        return 0;
    memcpy(mended, bytes, count);
    length = mdc_header_measure(mended);
    if (length < ID_AT + MDC_SET_ID_BYTES + 4 || length > count)
        return 0;
    mdc_header_mend_set_id(mended, length);
    seal(mended, length);
    try(mended, length);
    return 0;
}
