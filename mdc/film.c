/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/film.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/boxes.h"
#include "mdc/fragment.h"
#include "mdc/gop.h"

/* Times. Packets are decoded when pictures are shown, but `reorder` pictures earlier, which is enough for both qualities; so these times
 * are the same in both. At the very beginning there is no earlier: there they follow one another by single ticks. */

static int64_t picture_time(const struct mdc_film_parts *parts, uint32_t index) {
    return av_rescale_q(parts->clip->times[index], parts->clip->video->time_base, parts->movie->picture_base);
}

static int64_t sound_time(const struct mdc_film_parts *parts, uint32_t index) {
    return av_rescale_q(parts->clip->sounds[index].pts, parts->clip->sound->time_base, parts->movie->sound_base);
}

static uint32_t sound_duration(const struct mdc_film_parts *parts, uint32_t index) {
    uint32_t last = parts->clip->sound_count - 1;

    if (last == 0)
        return 1024;
    if (index == last)
        index--;
    return (uint32_t) (sound_time(parts, index + 1) - sound_time(parts, index));
}

unsigned mdc_film_reorder(const int64_t *sorted, const int64_t *times, uint32_t count) {
    unsigned depth = 0;

    for (uint32_t i = 0; i < count; i++)
        while (i >= depth && sorted[i - depth] > times[i])
            depth++;
    return depth;
}

/* What both qualities need. */
static int find_reorder(const struct mdc_film_parts *parts, unsigned *ret_reorder) {
    const struct mdc_clip *clip = parts->clip;
    int64_t *full = fr_alloc_zeroed(clip->picture_count, sizeof *full), *low = fr_alloc_zeroed(clip->picture_count, sizeof *low);
    unsigned reorder = 0;

    for (uint32_t i = 0; full != NULL && low != NULL && i < clip->picture_count; i++) {
        full[i] = clip->pictures[i].pts;
        low[i] = clip->times[parts->thin->shelf.things[i].label];
    }
    for (uint32_t g = 0; full != NULL && low != NULL && g < clip->gop_count; g++) {
        const struct mdc_gop *gop = &clip->gops[g];
        unsigned a = mdc_film_reorder(clip->times + gop->first, full + gop->first, gop->count);
        unsigned b = mdc_film_reorder(clip->times + gop->first, low + gop->first, gop->count);
        reorder = FFMAX(reorder, FFMAX(a, b));
    }
    *ret_reorder = reorder;
    bool is_done = full != NULL && low != NULL;
    fr_free(full);
    fr_free(low);
    return is_done ? 0 : FR_E_MEMORY;
}

static void set_decode_times(struct mdc_film_parts *parts, unsigned reorder) {
    uint32_t count = parts->clip->picture_count;
    int64_t last = picture_time(parts, count - 1);

    for (uint32_t i = 0; i < count; i++) {
        int64_t time = i >= reorder ? picture_time(parts, i - reorder) : picture_time(parts, 0);
        parts->decode_times[i] = i > 0 && time <= parts->decode_times[i - 1] ? parts->decode_times[i - 1] + 1 : time;
    }
    parts->decode_times[count] = count > 1 ? last + (last - picture_time(parts, count - 2))
                                           : last + av_rescale_q(1, (AVRational){1, 25}, parts->movie->picture_base);
}

int mdc_film_measure(struct mdc_film_parts *parts, struct fr_failure *failure) {
    const struct mdc_clip *clip = parts->clip;
    unsigned reorder;

    parts->low_bytes = fr_alloc_zeroed(clip->gop_count, sizeof *parts->low_bytes);
    parts->decode_times = fr_alloc_zeroed((size_t) clip->picture_count + 1, sizeof *parts->decode_times);
    if (parts->low_bytes == NULL || parts->decode_times == NULL || find_reorder(parts, &reorder) != 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups of pictures");
    set_decode_times(parts, reorder);
    for (uint32_t g = 0; g < clip->gop_count; g++) {
        const struct mdc_gop *gop = &clip->gops[g];
        for (uint32_t i = 0; i < gop->count; i++)
            parts->low_bytes[g] += parts->thin->shelf.things[gop->first + i].bytes;
        for (uint32_t i = 0; i < gop->sound_count; i++)
            parts->low_bytes[g] += parts->sounds->things[gop->sound_first + i].bytes;
    }
    return 0;
}

void mdc_film_done(struct mdc_film_parts *parts) {
    fr_free(parts->low_bytes);
    fr_free(parts->decode_times);
}

/* What a fragment is made of. */
struct cutting {
    const struct mdc_film_parts *parts;
    const struct mdc_gop *gop;
    bool is_full;
    struct mdc_sample *samples; /* pictures, then sounds */
    struct mdc_run *runs;
    uint32_t run_count;
    uint64_t data_bytes;
};

static int64_t shown_at(const struct cutting *cutting, uint32_t i) {
    const struct mdc_film_parts *parts = cutting->parts;

    if (!cutting->is_full)
        return picture_time(parts, (uint32_t) parts->thin->shelf.things[i].label);
    return av_rescale_q(parts->clip->pictures[i].pts, parts->clip->video->time_base, parts->movie->picture_base);
}

static void list_samples(struct cutting *cutting) {
    const struct mdc_film_parts *parts = cutting->parts;
    const struct mdc_gop *gop = cutting->gop;

    for (uint32_t i = 0; i < gop->count; i++) {
        uint32_t at = gop->first + i;
        cutting->samples[i] = (struct mdc_sample){
            .bytes = cutting->is_full ? parts->clip->pictures[at].bytes : parts->thin->shelf.things[at].bytes,
            .duration = (uint32_t) (parts->decode_times[at + 1] - parts->decode_times[at]),
            .shift = (int32_t) (shown_at(cutting, at) - parts->decode_times[at]),
            .is_key = i == 0,
        };
        cutting->data_bytes += cutting->samples[i].bytes;
    }
    for (uint32_t i = 0; i < gop->sound_count; i++) {
        uint32_t at = gop->sound_first + i;
        cutting->samples[gop->count + i] = (struct mdc_sample){
            .bytes = cutting->is_full ? parts->clip->sounds[at].bytes : parts->sounds->things[at].bytes,
            .duration = sound_duration(parts, at),
            .is_key = true,
        };
        cutting->data_bytes += cutting->samples[gop->count + i].bytes;
    }
}

static void add_run(struct cutting *cutting, const struct mdc_packet *packet) {
    struct mdc_run *next = &cutting->runs[cutting->run_count];

    if (cutting->run_count > 0 && next[-1].at + next[-1].bytes == packet->at) {
        next[-1].bytes += packet->bytes;
        return;
    }
    *next = (struct mdc_run){.at = packet->at, .bytes = packet->bytes};
    cutting->run_count++;
}

/* The samples' bytes, in order, to `out`. */
static int copy_data(struct cutting *cutting, uint8_t *out, struct fr_failure *failure) {
    const struct mdc_film_parts *parts = cutting->parts;
    const struct mdc_gop *gop = cutting->gop;
    int error = 0;

    for (uint32_t i = 0; i < gop->count + gop->sound_count && error == 0; i++) {
        bool is_picture = i < gop->count;
        uint32_t at = is_picture ? gop->first + i : gop->sound_first + i - gop->count;
        if (cutting->is_full) {
            const struct mdc_packet *packet = is_picture ? &parts->clip->pictures[at] : &parts->clip->sounds[at];
            error = mdc_source_read(parts->source, packet->at, out, packet->bytes, failure);
            add_run(cutting, packet);
        } else {
            error = mdc_shelf_get(is_picture ? &parts->thin->shelf : parts->sounds, at, out, failure);
        }
        out += cutting->samples[i].bytes;
    }
    return error;
}

static size_t encode_head(const struct cutting *cutting, uint32_t gop_index, uint8_t *out) {
    const struct mdc_film_parts *parts = cutting->parts;
    const struct mdc_gop *gop = cutting->gop;
    struct mdc_fragment_track tracks[2] = {
        {.id = MDC_PICTURE_TRACK,
         .start = (uint64_t) parts->decode_times[gop->first],
         .samples = cutting->samples,
         .sample_count = gop->count,
         .is_video = true},
        {.id = MDC_SOUND_TRACK, .samples = cutting->samples + gop->count, .sample_count = gop->sound_count},
    };

    if (gop->sound_count > 0)
        tracks[1].start = (uint64_t) sound_time(parts, gop->sound_first);
    return mdc_fragment_encode(gop_index + 1, tracks, gop->sound_count > 0 ? 2 : 1, out);
}

/* Record and fragment together: the fragment is made where the longest record would end, and moved up to the real one. */
static int put_together(struct cutting *cutting, uint32_t gop_index, uint8_t owner, struct mdc_film_cut *cut, struct fr_failure *failure) {
    const struct mdc_gop *gop = cutting->gop;
    uint32_t sample_count = gop->count + gop->sound_count;
    size_t before = MDC_OWN_HEAD_BYTES + 64 + MDC_SHA256_BYTES + 20 * (size_t) sample_count, head_bytes, record_bytes;
    struct mdc_gop_record record = {
        .gop_index = gop_index, .is_full = cutting->is_full, .owner = owner, .frame_count = gop->count, .sound_count = gop->sound_count};
    struct fr_sha256_part part;
    uint8_t *fragment;
    int error;

    cut->bytes = fr_alloc(before + mdc_fragment_head_bytes_max(sample_count) + cutting->data_bytes);
    if (cut->bytes == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a group of pictures");
    fragment = cut->bytes + before;
    head_bytes = encode_head(cutting, gop_index, fragment);
    error = copy_data(cutting, fragment + head_bytes, failure);
    if (error != 0)
        return error;
    record.start_ms = (uint32_t) av_rescale_q(cutting->parts->clip->times[gop->first], cutting->parts->clip->video->time_base,
                                              (AVRational){1, 1000});
    record.fragment_bytes = (uint32_t) (head_bytes + cutting->data_bytes);
    record.run_count = cutting->run_count;
    part = (struct fr_sha256_part){.bytes = fragment, .count = record.fragment_bytes};
    fr_sha256_of(&part, 1, record.sha256);
    memcpy(cut->sha256, record.sha256, sizeof cut->sha256);
    record_bytes = mdc_gop_encode(&record, cutting->runs, cut->bytes + MDC_OWN_HEAD_BYTES);
    mdc_box_write_own(MDC_BOX_GOP, record_bytes, cut->bytes);
    memmove(cut->bytes + MDC_OWN_HEAD_BYTES + record_bytes, fragment, record.fragment_bytes);
    cut->count = MDC_OWN_HEAD_BYTES + record_bytes + record.fragment_bytes;
    return 0;
}

int mdc_film_make(const struct mdc_film_parts *parts, uint32_t gop_index, bool is_full, uint8_t owner, struct mdc_film_cut *ret_cut,
                  struct fr_failure *failure) {
    const struct mdc_gop *gop = &parts->clip->gops[gop_index];
    uint32_t sample_count = gop->count + gop->sound_count;
    struct cutting cutting = {.parts = parts, .gop = gop, .is_full = is_full};
    struct mdc_film_cut cut = {0};
    int error = 0;

    cutting.samples = fr_alloc_zeroed(sample_count, sizeof *cutting.samples);
    cutting.runs = fr_alloc_zeroed(sample_count, sizeof *cutting.runs);
    if (cutting.samples == NULL || cutting.runs == NULL) {
        fr_free(cutting.samples);
        fr_free(cutting.runs);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a group of pictures");
    }
    list_samples(&cutting);
    if (sample_count > MDC_RUNS_MAX || cutting.data_bytes > INT32_MAX)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: a group of pictures is too large");
    if (error == 0)
        error = put_together(&cutting, gop_index, owner, &cut, failure);
    fr_free(cutting.samples);
    fr_free(cutting.runs);
    if (error != 0) {
        fr_free(cut.bytes);
        return error;
    }
    *ret_cut = cut;
    return 0;
}
