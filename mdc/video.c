/* SPDX-License-Identifier: Apache-2.0 */
/* The profile video. Every description is an MP4 with all groups of pictures: those that it owns in full quality, as the source's own
 * packets, the others in low quality.
 *
 *      ftyp moov | set header | { record | moof mdat } for every group | share of the source's other bytes | parity
 *
 * The last is there where descriptions are to spare (spare.h). */
#include <math.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/boxes.h"
#include "mdc/encode.h"
#include "mdc/film.h"
#include "mdc/gop.h"
#include "mdc/rest.h"
#include "mdc/sound.h"
#include "mdc/spare.h"

enum { RECORD_BYTES = 120, PICTURE_BYTES = 8, SOUND_BYTES = 4, MOOF_BYTES = 170, COPY_BYTES = 64 << 10 };

struct video {
    struct mdc_clip clip;
    struct mdc_shelf sounds;
    struct mdc_thin thin;
    struct mdc_movie movie;
    struct mdc_film_parts parts;
    struct mdc_rest rest;
    uint8_t *owners;
    struct mdc_own owns[MDC_COUNT_MAX]; /* what only each description holds; filled while it is written */
    size_t header_bytes;
};

static void video_done(struct video *video) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_own_done(&video->owns[i]);
    fr_free(video->owners);
    mdc_film_done(&video->parts);
    mdc_rest_done(&video->rest);
    mdc_movie_done(&video->movie);
    mdc_thin_done(&video->thin);
    mdc_shelf_done(&video->sounds);
    mdc_clip_done(&video->clip);
}

/* Budget */

/* What boxes and records take in all descriptions, about. */
static double count_boxes(const struct mdc_job *job, const struct mdc_clip *clip) {
    double each = 1500 + (double) clip->gop_count * (RECORD_BYTES + MOOF_BYTES) + (double) clip->picture_count * PICTURE_BYTES +
        (double) clip->sound_count * SOUND_BYTES;

    return each * job->header.count + 3.0 * clip->picture_count; /* runs, once */
}

/* What descriptions to spare cost, about: who owns what is not settled before the low quality is made, but will be much like this. */
static int estimate_spare(const struct mdc_job *job, const struct mdc_clip *clip, double *ret_bytes, struct fr_failure *failure) {
    uint64_t *sizes = fr_alloc_zeroed(clip->gop_count, sizeof *sizes), sums[MDC_COUNT_MAX] = {0}, packets = 0;
    uint8_t *owners = fr_alloc_zeroed(clip->gop_count, 1);
    double most = 0;

    for (uint32_t g = 0; sizes != NULL && g < clip->gop_count; g++)
        packets += sizes[g] = clip->gops[g].bytes;
    if (sizes != NULL && owners != NULL)
        mdc_gop_share_out(sizes, clip->gop_count, job->header.count, owners);
    for (uint32_t g = 0; sizes != NULL && owners != NULL && g < clip->gop_count; g++)
        sums[owners[g]] += sizes[g] + RECORD_BYTES + MOOF_BYTES + (uint64_t) clip->gops[g].count * PICTURE_BYTES +
            (uint64_t) clip->gops[g].sound_count * SOUND_BYTES;
    for (unsigned i = 0; i < job->header.count; i++)
        most = fmax(most, (double) sums[i] + (double) (job->source.bytes - packets) / job->header.count);
    bool is_done = sizes != NULL && owners != NULL;
    fr_free(sizes);
    fr_free(owners);
    *ret_bytes = mdc_spare_cost(job->header.count, job->header.film.parity, most);
    return is_done ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups of pictures");
}

static int complain_budget(struct mdc_job *job, struct video *video, double spare_bytes, struct fr_failure *failure) {
    double needed = count_boxes(job, &video->clip) + spare_bytes +
        (job->header.count - 1) * ((double) video->sounds.bytes + video->thin.least_bytes);
    char parity[60] = "";

    if (spare_bytes > 0)
        snprintf(parity, sizeof parity, ", what is to spare %.0f %%", 100.0 * spare_bytes / (double) job->source.bytes);
    return fr_failure_set(
        failure, FR_E_ARGUMENT, 0,
        "%u descriptions of this video need --redundancy %.0f%% at least (its sound in low quality alone takes %.0f %%%s); or "
        "take fewer, or --profile data",
        job->header.count, ceil(100 * needed * 1.02 / (double) job->source.bytes),
        100.0 * (job->header.count - 1) * (double) video->sounds.bytes / (double) job->source.bytes, parity);
}

/* Who asked for descriptions to spare and not for a redundancy gets what these cost on top of what is usual. */
static int plan_spare(struct mdc_job *job, const struct video *video, double *ret_bytes, struct fr_failure *failure) {
    const struct mdc_encode_options *options = job->options;
    double asked;
    int error;

    *ret_bytes = 0;
    job->header.film.parity = options->parity != MDC_UNSET ? (uint8_t) options->parity : 0;
    if (job->header.film.parity == 0)
        return 0;
    error = estimate_spare(job, &video->clip, ret_bytes, failure);
    asked = job->header.redundancy + ceil(10000 * *ret_bytes / (double) job->source.bytes);
    if (error == 0 && options->redundancy == MDC_UNSET)
        job->header.redundancy = (uint32_t) fmin(asked, MDC_REDUNDANCY_MAX);
    return error;
}

static int make_low_quality(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    int set_id = mdc_movie_free_set_id(video->clip.video->codecpar), error;
    struct fr_failure why = {0};
    double spare_bytes, budget;

    if (set_id < 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: it uses every id for parameter sets");
    error = plan_spare(job, video, &spare_bytes, failure);
    budget = job->header.redundancy / 10000.0 * (double) job->source.bytes - count_boxes(job, &video->clip) - spare_bytes;
    if (error == 0 && video->clip.sound != NULL)
        error = mdc_sound_encode(&video->clip, &job->source, job->options->folder, &video->sounds, failure);
    if (error != 0)
        return error;
    error = mdc_thin_make(&video->thin, &video->clip, &job->source, job->options->folder, set_id,
                          budget / (job->header.count - 1) - (double) video->sounds.bytes, job->watch, &why);
    if (error == FR_E_LIMIT)
        return complain_budget(job, video, spare_bytes, failure);
    return error == 0 ? 0 : fr_failure_set(failure, error, 0, "%s", why.text);
}

/* What goes where */

static int find_rest(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    const struct mdc_clip *clip = &video->clip;
    size_t count = (size_t) clip->picture_count + clip->sound_count;
    struct mdc_run *runs = fr_alloc_zeroed(count, sizeof *runs);
    int error;

    if (runs == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to list packets");
    for (uint32_t i = 0; i < clip->picture_count; i++)
        runs[i] = (struct mdc_run){.at = clip->pictures[i].at, .bytes = clip->pictures[i].bytes};
    for (uint32_t i = 0; i < clip->sound_count; i++)
        runs[clip->picture_count + i] = (struct mdc_run){.at = clip->sounds[i].at, .bytes = clip->sounds[i].bytes};
    error = mdc_rest_find(&video->rest, runs, count, job->source.bytes, failure);
    fr_free(runs);
    return error;
}

static int share_out(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    const struct mdc_clip *clip = &video->clip;
    uint64_t *more = fr_alloc_zeroed(clip->gop_count, sizeof *more);

    video->owners = fr_alloc_zeroed(clip->gop_count, 1);
    if (more == NULL || video->owners == NULL) {
        fr_free(more);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the groups of pictures");
    }
    for (uint32_t g = 0; g < clip->gop_count; g++) /* what an owner has more than the others */
        more[g] = clip->gops[g].bytes > video->parts.low_bytes[g] ? clip->gops[g].bytes - video->parts.low_bytes[g] : 0;
    mdc_gop_share_out(more, clip->gop_count, job->header.count, video->owners);
    fr_free(more);
    return 0;
}

static void describe(struct mdc_job *job, struct video *video) {
    const struct mdc_clip *clip = &video->clip;
    struct mdc_film *film = &job->header.film;
    struct fr_sha256_part movie = {.bytes = video->movie.bytes, .count = video->movie.count};
    double quality = video->thin.error > 0 ? 10 * log10(255.0 * 255.0 / video->thin.error) : 99;

    job->header.is_exact = !job->is_remade;
    *film = (struct mdc_film){
        .gop_count = clip->gop_count,
        .frame_count = clip->picture_count,
        .width = (uint32_t) clip->video->codecpar->width,
        .height = (uint32_t) clip->video->codecpar->height,
        .low_width = (uint32_t) video->thin.width,
        .low_height = (uint32_t) video->thin.height,
        .duration_ms = (uint32_t) av_rescale_q(clip->times[clip->picture_count - 1] - clip->times[0], clip->video->time_base,
                                               (AVRational){1, 1000}),
        .low_quality = (uint16_t) lround(100 * quality),
        .rest_bytes = video->rest.bytes,
        .movie_bytes = (uint32_t) video->movie.count,
        .parity = film->parity,
    };
    fr_sha256_of(&movie, 1, film->movie_sha256);
}

/* Writing */

static int put_all(struct mdc_job *job, const void *bytes, size_t count, struct fr_failure *failure) {
    int error = 0;

    for (unsigned i = 0; i < job->header.count && error == 0; i++)
        error = mdc_output_append(&job->outputs[i], bytes, count, failure);
    return error;
}

/* The header as far as it is known; it is written over when all is, the id included. */
static int put_header(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    uint8_t bytes[MDC_OWN_HEAD_BYTES + MDC_HEADER_BYTES_MAX];

    video->header_bytes = mdc_header_encode(&job->header, bytes + MDC_OWN_HEAD_BYTES);
    mdc_box_write_own(MDC_BOX_HEADER, video->header_bytes, bytes);
    return put_all(job, bytes, MDC_OWN_HEAD_BYTES + video->header_bytes, failure);
}

static int put_gop(struct mdc_job *job, struct video *video, uint32_t g, struct fr_sha256 *sha256, struct fr_failure *failure) {
    struct mdc_film_cut full = {0}, low = {0};
    /* Where low quality would save nothing everybody gets the full one. */
    bool is_shared = video->parts.low_bytes[g] >= video->clip.gops[g].bytes;
    int error = mdc_film_make(&video->parts, g, true, video->owners[g], &full, failure);

    if (error == 0 && !is_shared)
        error = mdc_film_make(&video->parts, g, false, video->owners[g], &low, failure);
    for (unsigned i = 0; i < job->header.count && error == 0; i++) {
        const struct mdc_film_cut *mine = is_shared || video->owners[g] == i ? &full : &low;
        if (video->owners[g] == i)
            error = mdc_own_add(&video->owns[i], job->outputs[i].bytes, full.count, failure);
        if (error == 0)
            error = mdc_output_append(&job->outputs[i], mine->bytes, mine->count, failure);
    }
    if (error == 0) {
        fr_sha256_add(sha256, full.sha256, sizeof full.sha256);
        fr_sha256_add(sha256, is_shared ? full.sha256 : low.sha256, sizeof low.sha256);
    }
    fr_free(full.bytes);
    fr_free(low.bytes);
    return error;
}

static int put_rest(struct mdc_job *job, struct video *video, unsigned index, struct fr_failure *failure) {
    struct mdc_output *output = &job->outputs[index];
    struct fr_sha256 *sha256 = fr_sha256_new();
    uint8_t buffer[COPY_BYTES], head[MDC_OWN_HEAD_BYTES], digest[MDC_SHA256_BYTES];
    uint64_t from, to;
    int error = sha256 != NULL ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a digest");

    mdc_rest_share(video->rest.bytes, job->header.count, index, &from, &to);
    if (error == 0 && to - from > INT32_MAX)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "its packets cannot be copied: too much of the file is in none");
    if (error == 0) {
        mdc_box_write_own(MDC_BOX_REST, (size_t) (to - from) + MDC_SHA256_BYTES, head);
        error = mdc_own_add(&video->owns[index], output->bytes, MDC_OWN_HEAD_BYTES + (to - from) + MDC_SHA256_BYTES, failure);
    }
    if (error == 0)
        error = mdc_output_append(output, head, sizeof head, failure);
    while (error == 0 && from < to) {
        struct mdc_run run = mdc_rest_locate(&video->rest, from, to - from < COPY_BYTES ? to - from : COPY_BYTES);
        error = mdc_source_read(&job->source, run.at, buffer, run.bytes, failure);
        if (error == 0)
            error = mdc_output_append(output, buffer, run.bytes, failure);
        fr_sha256_add(sha256, buffer, run.bytes);
        from += run.bytes;
    }
    if (error == 0) {
        fr_sha256_end(sha256, digest);
        error = mdc_output_append(output, digest, sizeof digest, failure);
    }
    fr_sha256_free(sha256);
    return error;
}

static int correct_headers(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    int error = 0;

    for (unsigned i = 0; i < job->header.count && error == 0; i++) {
        job->header.index = (uint8_t) i;
        mdc_header_encode(&job->header, bytes);
        error = mdc_output_write_at(&job->outputs[i], video->movie.count + MDC_OWN_HEAD_BYTES, bytes, video->header_bytes, failure);
    }
    return error;
}

static int write_set(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    struct fr_sha256 *sha256 = fr_sha256_new();
    int error = sha256 != NULL ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a digest");

    if (error == 0)
        error = mdc_job_open_outputs(job, "mp4", failure);
    if (error == 0)
        error = put_all(job, video->movie.bytes, video->movie.count, failure);
    if (error == 0)
        error = put_header(job, video, failure);
    for (uint32_t g = 0; g < video->clip.gop_count && error == 0; g++)
        error = put_gop(job, video, g, sha256, failure);
    for (unsigned i = 0; i < job->header.count && error == 0; i++)
        error = put_rest(job, video, i, failure);
    if (error == 0) {
        fr_sha256_end(sha256, job->header.film.gops_sha256);
        mdc_header_name_set(&job->header);
    }
    if (error == 0 && job->header.film.parity > 0)
        error = mdc_spare_write(&job->header, video->owns, job->outputs, failure);
    if (error == 0)
        error = correct_headers(job, video, failure);
    fr_sha256_free(sha256);
    return error;
}

/* The source was read packet by packet: is it still what was hashed at first? */
static int check_unchanged(struct mdc_job *job, struct fr_failure *failure) {
    uint8_t digest[MDC_SHA256_BYTES];
    int error = mdc_source_hash(&job->source, digest, failure);

    if (error == 0 && memcmp(digest, job->header.source_sha256, sizeof digest) != 0)
        error = fr_failure_set(failure, FR_E_CHANGED, 0, "%s was changed while it was read; encode it again", job->source.path);
    return error;
}

static int encode_video(struct mdc_job *job, struct video *video, struct fr_failure *failure) {
    int error = make_low_quality(job, video, failure);

    if (error == 0)
        error = mdc_movie_make(&video->movie, &video->clip, &video->thin, failure);
    video->parts = (struct mdc_film_parts){
        .clip = &video->clip, .source = &job->source, .thin = &video->thin, .sounds = &video->sounds, .movie = &video->movie};
    if (error == 0)
        error = mdc_film_measure(&video->parts, failure);
    if (error == 0)
        error = find_rest(job, video, failure);
    if (error == 0)
        error = share_out(job, video, failure);
    if (error != 0)
        return error;
    describe(job, video);
    error = write_set(job, video, failure);
    if (error == 0)
        error = check_unchanged(job, failure);
    if (video->clip.gop_count < job->header.count)
        snprintf(job->remark, sizeof job->remark,
                 "the video has fewer groups of pictures (%u) than descriptions: %u of these hold low quality alone%s",
                 video->clip.gop_count, job->header.count - video->clip.gop_count,
                 job->is_remade ? "" : "; --hq encode makes more groups of it");
    return error;
}

int mdc_video_copy(struct mdc_job *job, struct fr_failure *failure) {
    struct video *video = fr_alloc_zeroed(1, sizeof *video);
    int error;

    if (video == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a video");
    mdc_shelf_init(&video->sounds);
    mdc_shelf_init(&video->thin.shelf);
    error = mdc_clip_open(&video->clip, &job->source, failure);
    if (error == 0)
        error = mdc_job_make_folder(job, failure);
    if (error == 0)
        error = encode_video(job, video, failure);
    video_done(video);
    fr_free(video);
    return error;
}
