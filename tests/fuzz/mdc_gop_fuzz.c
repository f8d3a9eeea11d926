/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the record of a group of pictures: what is believed has its runs inside the source and inside its fragment. Also with the
 * checksum put right, which would keep a fuzzer out. And as a box. */
#include <string.h>

#include "base/check.h"
#include "mdc/boxes.h"
#include "mdc/code.h"
#include "mdc/gop.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { INPUT_MAX = 4096 };

static const struct mdc_gop_limits limits = {.gop_count = 1000, .count = 8, .source_bytes = 1 << 30};

static void try(const uint8_t *bytes, size_t count) {
    struct mdc_gop_record record;
    struct mdc_run run = {0};
    size_t position = 0;
    uint64_t sum = 0;
    uint32_t runs = 0;

    if (mdc_gop_decode(bytes, count, &limits, &record) != 0)
        return;
    fr_assert(record.gop_index < limits.gop_count && record.owner < limits.count);
    while (mdc_gop_next_run(&record, &position, &run)) {
        fr_assert(run.at <= limits.source_bytes && run.bytes <= limits.source_bytes - run.at);
        sum += run.bytes;
        runs++;
    }
    fr_assert(runs == record.run_count && sum <= record.fragment_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    uint8_t mended[INPUT_MAX];
    struct mdc_box box;

    if (mdc_box_parse(bytes, count < MDC_OWN_HEAD_BYTES ? count : MDC_OWN_HEAD_BYTES, 0, count, &box))
        fr_assert(box.bytes >= box.head_bytes && box.bytes <= count);
    try(bytes, count);
    if (count < 4 || count > INPUT_MAX)
        return 0;
    memcpy(mended, bytes, count);
    uint32_t crc = mdc_crc32c(0, mended, count - 4);
    for (unsigned i = 0; i < 4; i++)
        mended[count - 4 + i] = (uint8_t) (crc >> 8 * (3 - i));
    try(mended, count);
    return 0;
}
