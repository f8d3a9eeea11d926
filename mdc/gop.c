/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/gop.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "mdc/bytes.h"
#include "mdc/code.h"

enum { CRC_BYTES = 4, FLAG_FULL = 1 };

/* Small numbers of either sign as small numbers. */
static uint64_t fold_sign(int64_t number) { return (uint64_t) number << 1 ^ (number < 0 ? UINT64_MAX : 0); }
static int64_t unfold_sign(uint64_t number) { return (int64_t) (number >> 1 ^ (number & 1 ? UINT64_MAX : 0)); }

size_t mdc_gop_encode(const struct mdc_gop_record *record, const struct mdc_run *runs, uint8_t *out) {
    struct mdc_writer writer = mdc_writer_over(out, MDC_RECORD_BYTES_MAX);
    uint64_t end = 0;

    mdc_write_number(&writer, record->gop_index, 4);
    mdc_write_number(&writer, record->is_full ? FLAG_FULL : 0, 1);
    mdc_write_number(&writer, record->owner, 1);
    mdc_write_number(&writer, record->start_ms, 4);
    mdc_write_number(&writer, record->frame_count, 4);
    mdc_write_number(&writer, record->sound_count, 4);
    mdc_write_number(&writer, record->fragment_bytes, 4);
    mdc_write_bytes(&writer, record->sha256, MDC_SHA256_BYTES);
    mdc_write_number(&writer, record->run_count, 4);
    for (uint32_t i = 0; i < record->run_count; i++) {
        mdc_write_varint(&writer, fold_sign((int64_t) (runs[i].at - end)));
        mdc_write_varint(&writer, runs[i].bytes);
        end = runs[i].at + runs[i].bytes;
    }
    mdc_write_number(&writer, mdc_crc32c(0, out, (size_t) (writer.at - out)), CRC_BYTES);
    fr_assert(!writer.is_full);
    return (size_t) (writer.at - out);
}

bool mdc_gop_next_run(const struct mdc_gop_record *record, size_t *position, struct mdc_run *last) {
    struct mdc_reader in = mdc_reader_over(record->runs + *position, record->runs_bytes - *position);
    uint64_t end = last->at + last->bytes;

    if (mdc_reader_left(&in) == 0)
        return false;
    last->at = end + (uint64_t) unfold_sign(mdc_read_varint(&in));
    last->bytes = mdc_read_varint(&in);
    *position = (size_t) (in.at - record->runs);
    return !in.is_short;
}

/* Are the runs what they should be: inside the source and inside the fragment? */
static bool are_runs_good(const struct mdc_gop_record *record, const struct mdc_gop_limits *limits) {
    struct mdc_run run = {0};
    size_t position = 0;
    uint64_t sum = 0;
    uint32_t count = 0;

    while (mdc_gop_next_run(record, &position, &run)) {
        if (run.at > limits->source_bytes || run.bytes > limits->source_bytes - run.at || run.bytes > record->fragment_bytes)
            return false;
        sum += run.bytes;
        count++;
    }
    return position == record->runs_bytes && count == record->run_count && sum <= record->fragment_bytes;
}

int mdc_gop_decode(const uint8_t *bytes, size_t count, const struct mdc_gop_limits *limits, struct mdc_gop_record *ret_record) {
    struct mdc_gop_record record = {0};
    struct mdc_reader in, crc;
    const uint8_t *digest;
    unsigned flags;

    if (count < CRC_BYTES || count > MDC_RECORD_BYTES_MAX)
        return FR_E_SYNTAX;
    crc = mdc_reader_over(bytes + count - CRC_BYTES, CRC_BYTES);
    if (mdc_read_number(&crc, CRC_BYTES) != mdc_crc32c(0, bytes, count - CRC_BYTES))
        return FR_E_SYNTAX;
    in = mdc_reader_over(bytes, count - CRC_BYTES);
    record.gop_index = (uint32_t) mdc_read_number(&in, 4);
    flags = (unsigned) mdc_read_number(&in, 1);
    record.is_full = flags & FLAG_FULL;
    record.owner = (uint8_t) mdc_read_number(&in, 1);
    record.start_ms = (uint32_t) mdc_read_number(&in, 4);
    record.frame_count = (uint32_t) mdc_read_number(&in, 4);
    record.sound_count = (uint32_t) mdc_read_number(&in, 4);
    record.fragment_bytes = (uint32_t) mdc_read_number(&in, 4);
    digest = mdc_read_bytes(&in, MDC_SHA256_BYTES);
    record.run_count = (uint32_t) mdc_read_number(&in, 4);
    if (in.is_short || flags & ~FLAG_FULL || record.gop_index >= limits->gop_count || record.owner >= limits->count ||
        record.run_count > MDC_RUNS_MAX)
        return FR_E_SYNTAX;
    memcpy(record.sha256, digest, MDC_SHA256_BYTES);
    record.runs = in.at;
    record.runs_bytes = mdc_reader_left(&in);
    if (!are_runs_good(&record, limits))
        return FR_E_SYNTAX;
    *ret_record = record;
    return 0;
}

void mdc_gop_share_out(const uint64_t *gop_bytes, uint32_t gop_count, unsigned count, uint8_t *ret_owners) {
    uint64_t weights[MDC_COUNT_MAX] = {0};

    for (uint32_t row = 0; row < gop_count; row += count) {
        uint32_t end = gop_count - row < count ? gop_count : row + count;
        bool is_given[MDC_COUNT_MAX] = {false}, has_one[MDC_COUNT_MAX] = {false};
        for (uint32_t turn = row; turn < end; turn++) {
            uint32_t largest = UINT32_MAX;
            unsigned lightest = UINT32_MAX;
            for (uint32_t g = row; g < end; g++)
                if (!is_given[g - row] && (largest == UINT32_MAX || gop_bytes[g] > gop_bytes[largest]))
                    largest = g;
            for (unsigned i = 0; i < count; i++)
                if (!has_one[i] && (lightest == UINT32_MAX || weights[i] < weights[lightest]))
                    lightest = i;
            is_given[largest - row] = has_one[lightest] = true;
            ret_owners[largest] = (uint8_t) lightest;
            weights[lightest] += gop_bytes[largest];
        }
    }
}
