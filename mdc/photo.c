/* SPDX-License-Identifier: Apache-2.0 */
/* The profile photo: a JPEG's coefficients as a progressive JPEG, of which every beginning is a picture. The beginning is coded so that few
 * descriptions restore it, the end so that many are needed. Behind the picture the stream holds what leads back to the source's bytes. */
#include <math.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/encode.h"
#include "mdc/jpeg.h"
#include "mdc/levels.h"
#include "mdc/recipe.h"

enum {
    PLACES_IN_SCAN = 4, /* a stream is cut at the end of a scan or at a quarter of one */
    CUT_BYTES_MIN = 512,
    RECIPE_SHARE = 8, /* a way back that is longer than that part of the source is too dear */
    RECIPE_FREE = 1024,
    BLOCK_BYTES = 8 << 10,
};

static const double WITHIN_PENALTY = 0.3; /* dB: a cut inside a scan leaves the lower part of the picture worse than the upper */
static const double PEAK = 255.0 * 255.0;

struct photo {
    uint8_t *source;
    struct mdc_jpeg_info info;
    struct mdc_jpeg_bytes made; /* the progressive form; empty when the source is one */
    const uint8_t *picture;
    size_t picture_bytes, stream_bytes;
    struct mdc_recipe recipe; /* what follows the picture in the stream */
    struct mdc_jpeg_scans scans;
    struct mdc_cut cuts[MDC_CUTS_MAX];
    double errors[MDC_CUTS_MAX]; /* mean squared error of Y at each */
    unsigned cut_count;
};

static void photo_done(struct photo *photo) {
    fr_free(photo->source);
    fr_free(photo->recipe.bytes);
    mdc_jpeg_bytes_done(&photo->made);
}

static int load(struct mdc_job *job, struct photo *photo, struct fr_failure *failure) {
    uint8_t digest[MDC_SHA256_BYTES];
    struct fr_sha256_part part;
    int error;

    if (job->source.bytes > MDC_PHOTO_BYTES_MAX)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is too large for a photo", job->source.path);
    photo->source = fr_alloc(job->source.bytes + 1);
    if (photo->source == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a photo");
    error = mdc_source_read(&job->source, 0, photo->source, job->source.bytes, failure);
    if (error != 0)
        return error;
    part = (struct fr_sha256_part){.bytes = photo->source, .count = job->source.bytes};
    fr_sha256_of(&part, 1, digest);
    if (memcmp(digest, job->header.source_sha256, sizeof digest) != 0)
        return fr_failure_set(failure, FR_E_CHANGED, 0, "%s was changed while it was read; encode it again", job->source.path);
    return 0;
}

/* Does following the recipe give the source? */
static bool leads_back(const struct mdc_job *job, const struct photo *photo) {
    uint8_t *again = NULL;
    bool is_same = mdc_recipe_follow(photo->recipe.bytes, photo->recipe.count, photo->picture, photo->picture_bytes, job->source.bytes,
                                     &again, NULL) == 0 &&
        memcmp(again, photo->source, job->source.bytes) == 0;

    fr_free(again);
    return is_same;
}

/* Makes the stream: picture and recipe. */
static int compose(struct mdc_job *job, struct photo *photo, struct fr_failure *failure) {
    struct mdc_jpeg_scans scans;
    int error;

    if (!mdc_jpeg_find_scans(photo->source, job->source.bytes, &scans))
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s does not end as a photo should", job->source.path);
    if (photo->info.is_progressive) { /* as it is, with all that follows it */
        photo->picture = photo->source;
        photo->picture_bytes = scans.end;
        photo->stream_bytes = job->source.bytes;
        job->header.is_exact = true;
        photo->scans = scans;
        return 0;
    }
    error = mdc_jpeg_make_progressive(photo->source, job->source.bytes, &photo->made, failure);
    if (error != 0)
        return error;
    photo->picture = photo->made.bytes;
    photo->picture_bytes = photo->made.count;
    if (!mdc_jpeg_find_scans(photo->picture, photo->picture_bytes, &photo->scans))
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s has no progressive form", job->source.path);
    if (mdc_recipe_write(photo->source, job->source.bytes, photo->picture, photo->picture_bytes, &photo->recipe, NULL) == 0 &&
        photo->recipe.count <= job->source.bytes / RECIPE_SHARE + RECIPE_FREE && leads_back(job, photo)) {
        job->header.is_exact = true;
    } else {
        photo->recipe.count = 0;
        snprintf(job->remark, sizeof job->remark,
                 "the original's bytes cannot be made again from its picture: all descriptions restore every pixel, but another file");
    }
    photo->stream_bytes = photo->picture_bytes + photo->recipe.count;
    return 0;
}

/* Quality */

static double quality_of(double error) { return error > 0 ? 10 * log10(PEAK / error) : 99; }

static double mean_squared_error(const uint8_t *a, const uint8_t *b, size_t count) {
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (uint64_t) ((a[i] - b[i]) * (a[i] - b[i]));
    return (double) sum / (double) count;
}

/* Cuts in one scan of which the error before it and behind it is known. While a scan arrives, the error shrinks evenly from top to
 * bottom. */
static void add_cuts(struct photo *photo, unsigned scan, double error_before, double error_behind) {
    size_t begin = scan > 0 ? photo->scans.ends[scan - 1] : photo->scans.first_data, end = photo->scans.ends[scan];

    for (unsigned place = 1; place <= PLACES_IN_SCAN; place++) {
        size_t bytes = begin + (end - begin) * place / PLACES_IN_SCAN;
        double error = error_before + (error_behind - error_before) * place / PLACES_IN_SCAN;
        bool is_first_scan = scan == 0 && place < PLACES_IN_SCAN; /* nothing below is there yet: no picture to show */
        size_t last = photo->cut_count > 0 ? photo->cuts[photo->cut_count - 1].bytes : 0;
        if (is_first_scan || photo->cut_count == MDC_CUTS_MAX || bytes < last + CUT_BYTES_MIN || bytes >= photo->picture_bytes - 2)
            continue;
        photo->errors[photo->cut_count] = error;
        photo->cuts[photo->cut_count++] = (struct mdc_cut){.bytes = bytes,
                                                           .quality = quality_of(error) - (place < PLACES_IN_SCAN ? WITHIN_PENALTY : 0)};
    }
}

static int measure_cuts(struct mdc_job *job, struct photo *photo, struct fr_failure *failure) {
    uint8_t *whole = NULL, *part = NULL;
    double before = PEAK;
    size_t pixels = (size_t) photo->info.width * photo->info.height;
    int error = mdc_jpeg_luma(photo->picture, photo->picture_bytes, &whole, failure);

    for (unsigned scan = 0; scan + 1 < photo->scans.count && error == 0; scan++) {
        error = mdc_jpeg_luma(photo->picture, photo->scans.ends[scan], &part, failure);
        if (error != 0)
            break;
        double behind = mean_squared_error(whole, part, pixels);
        add_cuts(photo, scan, before, behind);
        before = behind;
        fr_free(part);
        if (job->watch != NULL)
            job->watch->on_progress(job->watch->context, scan + 1, photo->scans.count);
    }
    fr_free(whole);
    if (error == 0 && photo->cut_count == 0)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is too small to be cut into layers", job->source.path);
    return error;
}

/* Layers */

static uint16_t quality_at(const struct photo *photo, uint64_t bytes) {
    for (unsigned i = 0; i < photo->cut_count; i++)
        if (photo->cuts[i].bytes == bytes)
            return (uint16_t) lround(100 * quality_of(photo->errors[i]));
    return MDC_QUALITY_EXACT;
}

static int choose_layers(struct mdc_job *job, struct photo *photo, struct fr_failure *failure) {
    struct mdc_header *header = &job->header;
    unsigned parity = job->options->parity == MDC_UNSET ? 0 : job->options->parity;
    struct mdc_level_task task = {.count = header->count,
                                  .level_count = header->count - parity,
                                  .stream_bytes = photo->stream_bytes,
                                  .budget_bytes = (1 + header->redundancy / 10000.0) * (double) photo->stream_bytes,
                                  .cuts = photo->cuts,
                                  .cut_count = photo->cut_count};
    uint64_t levels[MDC_COUNT_MAX], before = 0;
    double least;

    if (!mdc_levels_choose(&task, levels, &least))
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "with %u descriptions a photo needs --redundancy %.0f%% at least%s", header->count,
                              ceil(100 * (least / (double) photo->stream_bytes - 1)) + 1, parity > 0 ? ", with so many to spare" : "");
    header->layer_count = 0;
    for (unsigned m = 1; m <= task.level_count; m++) {
        if (levels[m - 1] == before)
            continue;
        header->layers[header->layer_count++] = (struct mdc_layer){
            .bytes = levels[m - 1] - before, .quality = quality_at(photo, levels[m - 1]), .needed = (uint8_t) m};
        before = levels[m - 1];
    }
    return 0;
}

static int read_stream(void *context, uint64_t offset, uint8_t *bytes, size_t count, struct fr_failure *failure) {
    const struct photo *photo = context;
    size_t done = 0;

    (void) failure;
    if (offset < photo->picture_bytes) {
        done = count < photo->picture_bytes - offset ? count : photo->picture_bytes - (size_t) offset;
        memcpy(bytes, photo->picture + offset, done);
    }
    if (done < count) { /* behind the picture: the recipe, or what followed a progressive source */
        const uint8_t *behind = photo->info.is_progressive ? photo->source + photo->picture_bytes : photo->recipe.bytes;
        memcpy(bytes + done, behind + (offset + done - photo->picture_bytes), count - done);
    }
    return 0;
}

static int encode_photo(struct mdc_job *job, struct photo *photo, struct fr_failure *failure) {
    int error = compose(job, photo, failure);

    if (error == 0)
        error = measure_cuts(job, photo, failure);
    if (error == 0)
        error = choose_layers(job, photo, failure);
    if (error != 0)
        return error;
    job->header.block_bytes = BLOCK_BYTES;
    job->header.picture_bytes = photo->picture_bytes;
    mdc_header_name_set(&job->header);
    error = mdc_job_open_outputs(job, "mdc", failure);
    if (error == 0)
        error = mdc_striped_write(&job->header, read_stream, photo, job->outputs, NULL, failure);
    return error;
}

int mdc_photo_encode(struct mdc_job *job, struct fr_failure *failure) {
    struct photo *photo = fr_alloc_zeroed(1, sizeof *photo);
    int error;

    if (photo == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a photo");
    error = load(job, photo, failure);
    if (error == 0)
        error = mdc_jpeg_probe(photo->source, job->source.bytes, &photo->info, failure);
    if (error == 0)
        error = encode_photo(job, photo, failure);
    photo_done(photo);
    fr_free(photo);
    return error;
}
