/* SPDX-License-Identifier: Apache-2.0 */
/* ISO/IEC 14496-12, 8.8. Of the many ways to write a moof the shortest that players take: what all samples of a track have in common stands
 * in its tfhd. */
#include "mdc/fragment.h"

#include "base/check.h"
#include "mdc/bytes.h"

enum {
    HEAD_BYTES = 256, /* all boxes without their tables */
    SAMPLE_BYTES = 12,
    BASE_IS_MOOF = 0x020000, /* tfhd */
    DEFAULT_DURATION = 0x8,
    DEFAULT_FLAGS = 0x20,
    DATA_OFFSET = 0x1, /* trun */
    FIRST_FLAGS = 0x4,
    WITH_DURATION = 0x100,
    WITH_BYTES = 0x200,
    WITH_SHIFT = 0x800,
};

static const uint32_t KEY_FLAGS = 0x02000000, OTHER_FLAGS = 0x01010000; /* depends on no other sample; depends on others and is no key */

size_t mdc_fragment_head_bytes_max(uint32_t sample_count) { return HEAD_BYTES + (size_t) SAMPLE_BYTES * sample_count; }

static uint8_t *begin_box(struct mdc_writer *out, const char *type) {
    uint8_t *at = out->at;

    mdc_write_number(out, 0, 4);
    mdc_write_bytes(out, type, 4);
    return at;
}

static void patch(uint8_t *at, uint64_t number) {
    struct mdc_writer out = mdc_writer_over(at, 4);

    mdc_write_number(&out, number, 4);
}

static void end_box(const struct mdc_writer *out, uint8_t *box) { patch(box, (uint64_t) (out->at - box)); }

static bool has_one_duration(const struct mdc_fragment_track *track) {
    for (uint32_t i = 1; i < track->sample_count; i++)
        if (track->samples[i].duration != track->samples[0].duration)
            return false;
    return true;
}

/* Returns where the offset of its data belongs. */
static uint8_t *write_track(struct mdc_writer *out, const struct mdc_fragment_track *track) {
    bool is_even = has_one_duration(track);
    uint32_t flags = DATA_OFFSET | WITH_BYTES | (is_even ? 0 : WITH_DURATION) | (track->is_video ? FIRST_FLAGS | WITH_SHIFT : 0);
    uint8_t *traf = begin_box(out, "traf"), *tfhd = begin_box(out, "tfhd"), *tfdt, *trun, *offset;

    mdc_write_number(out, BASE_IS_MOOF | DEFAULT_FLAGS | (is_even ? DEFAULT_DURATION : 0), 4);
    mdc_write_number(out, track->id, 4);
    if (is_even)
        mdc_write_number(out, track->samples[0].duration, 4);
    mdc_write_number(out, track->is_video ? OTHER_FLAGS : KEY_FLAGS, 4);
    end_box(out, tfhd);
    tfdt = begin_box(out, "tfdt");
    mdc_write_number(out, 1U << 24, 4);
    mdc_write_number(out, track->start, 8);
    end_box(out, tfdt);
    trun = begin_box(out, "trun");
    mdc_write_number(out, 1U << 24 | flags, 4);
    mdc_write_number(out, track->sample_count, 4);
    offset = out->at;
    mdc_write_number(out, 0, 4);
    if (track->is_video)
        mdc_write_number(out, track->samples[0].is_key ? KEY_FLAGS : OTHER_FLAGS, 4);
    for (uint32_t i = 0; i < track->sample_count; i++) {
        if (!is_even)
            mdc_write_number(out, track->samples[i].duration, 4);
        mdc_write_number(out, track->samples[i].bytes, 4);
        if (track->is_video)
            mdc_write_number(out, (uint32_t) track->samples[i].shift, 4);
    }
    end_box(out, trun);
    end_box(out, traf);
    return offset;
}

size_t mdc_fragment_encode(uint32_t sequence, const struct mdc_fragment_track *tracks, unsigned track_count, uint8_t *out) {
    uint32_t sample_count = 0;
    uint8_t *offsets[2] = {0}, *moof, *mfhd;
    uint64_t bytes[2] = {0}, data_bytes = 0;
    struct mdc_writer writer;

    fr_assert(track_count >= 1 && track_count <= 2);
    for (unsigned t = 0; t < track_count; t++)
        sample_count += tracks[t].sample_count;
    writer = mdc_writer_over(out, mdc_fragment_head_bytes_max(sample_count));
    moof = begin_box(&writer, "moof");
    mfhd = begin_box(&writer, "mfhd");
    mdc_write_number(&writer, 0, 4);
    mdc_write_number(&writer, sequence, 4);
    end_box(&writer, mfhd);
    for (unsigned t = 0; t < track_count; t++)
        if (tracks[t].sample_count > 0) {
            offsets[t] = write_track(&writer, &tracks[t]);
            for (uint32_t i = 0; i < tracks[t].sample_count; i++)
                bytes[t] += tracks[t].samples[i].bytes;
        }
    end_box(&writer, moof);
    for (unsigned t = 0; t < track_count; t++) {
        if (offsets[t] != NULL)
            patch(offsets[t], (uint64_t) (writer.at - moof) + 8 + data_bytes);
        data_bytes += bytes[t];
    }
    mdc_write_number(&writer, data_bytes + 8, 4);
    mdc_write_bytes(&writer, "mdat", 4);
    fr_assert(!writer.is_full && data_bytes < UINT32_MAX - (1 << 24));
    return (size_t) (writer.at - out);
}
