/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/thin.h"

#include <math.h>
#include <string.h>

#include "base/failure.h"
#include "mdc/low.h"
#include "mdc/pictures.h"
#include "mdc/trials.h"

enum { ATTEMPTS = 3 };

static const char preset[] = "veryfast";
static const double SAVES = 0.8;        /* bytes of this preset beside those of the trials' at equal CRF, about */
static const double AIM = 0.94;         /* of the budget: another attempt costs more than the rest would bring */
static const double GOOD_ENOUGH = 0.85; /* of the budget used: no further attempt */

struct making {
    struct mdc_thin *thin;
    struct mdc_looks *looks;
    struct mdc_low *low;
    const char *folder;
    const struct mdc_watch *watch;
    uint32_t picture_count;
};

static int put_picture(void *context, int64_t number, const uint8_t *bytes, uint32_t count, struct fr_failure *failure) {
    struct making *making = context;

    return mdc_shelf_put(&making->thin->shelf, making->folder, number, bytes, count, failure);
}

static int make_picture(void *context, const AVFrame *frame, uint32_t index, bool is_first_of_gop, struct fr_failure *failure) {
    struct making *making = context;

    mdc_looks_keep(making->looks, index, frame);
    if (making->watch != NULL)
        making->watch->on_progress(making->watch->context, index, making->picture_count);
    return mdc_low_push(making->low, frame, index, is_first_of_gop, failure);
}

static int keep_sets(struct making *making, struct fr_failure *failure) {
    struct mdc_thin *thin = making->thin;
    const uint8_t *sps, *pps;

    if (mdc_low_sets(making->low, &sps, &thin->sps_bytes, &pps, &thin->pps_bytes) != 0 || thin->sps_bytes > (int) sizeof thin->sps ||
        thin->pps_bytes > (int) sizeof thin->pps)
        return fr_failure_set(failure, FR_E_IO, 0, "the encoder for low quality has no usable parameter sets");
    memcpy(thin->sps, sps, (size_t) thin->sps_bytes);
    memcpy(thin->pps, pps, (size_t) thin->pps_bytes);
    return 0;
}

static int make_once(struct making *making, const struct mdc_clip *clip, const struct mdc_source *source,
                     const struct mdc_low_options *options, struct fr_failure *failure) {
    int error;

    mdc_shelf_done(&making->thin->shelf);
    error = mdc_low_new(&making->low, options, making->looks, put_picture, making, failure);
    if (error == 0)
        error = keep_sets(making, failure);
    if (error == 0)
        error = mdc_pictures_decode(clip, source, 0, 1, make_picture, making, failure);
    if (error == 0)
        error = mdc_low_flush(making->low, failure);
    if (error == 0) {
        making->thin->error = mdc_low_error(making->low);
        making->thin->width = mdc_low_width(making->low);
        making->thin->height = mdc_low_height(making->low);
        if (making->thin->shelf.count != clip->picture_count)
            error = fr_failure_set(failure, FR_E_IO, 0, "the encoder for low quality lost a picture");
    }
    mdc_low_free(making->low);
    making->low = NULL;
    return error;
}

/* Encodes until the bytes fit and the budget is used; the last attempt that fits stays. */
static int make_to_size(struct making *making, const struct mdc_clip *clip, const struct mdc_source *source,
                        struct mdc_low_options *options, double bytes_max, struct fr_failure *failure) {
    double fitting_crf = 0, bytes = 0;
    int error = 0;

    for (unsigned attempt = 0; attempt < ATTEMPTS && error == 0; attempt++) {
        error = make_once(making, clip, source, options, failure);
        bytes = (double) making->thin->shelf.bytes;
        if (error != 0 || (bytes <= bytes_max && bytes >= GOOD_ENOUGH * bytes_max))
            return error;
        if (bytes <= bytes_max)
            fitting_crf = options->crf;
        if (bytes <= bytes_max && attempt + 2 >= ATTEMPTS)
            return 0;
        options->crf = mdc_dial_turn(options->crf, bytes, AIM * bytes_max);
    }
    for (unsigned attempt = 0; attempt < ATTEMPTS && error == 0 && bytes > bytes_max; attempt++) {
        options->crf = fitting_crf > 0 ? fitting_crf : options->crf + 1;
        error = make_once(making, clip, source, options, failure);
        bytes = (double) making->thin->shelf.bytes;
    }
    if (error == 0 && bytes > bytes_max) {
        making->thin->least_bytes = bytes;
        error = fr_failure_set(failure, FR_E_LIMIT, 0, "the low quality does not fit the budget");
    }
    return error;
}

int mdc_thin_make(struct mdc_thin *thin, const struct mdc_clip *clip, const struct mdc_source *source, const char *folder, int set_id,
                  double bytes_max, const struct mdc_watch *watch, struct fr_failure *failure) {
    struct mdc_trials trials = {.share = 0};
    struct mdc_looks looks = {0};
    struct making making = {.thin = thin, .looks = &looks, .folder = folder, .watch = watch, .picture_count = clip->picture_count};
    struct mdc_low_options options = {.preset = preset,
                                      .thread_count = 2,
                                      .has_fixed_pattern = true,
                                      .set_id = set_id,
                                      .rate = mdc_clip_rate(clip),
                                      .like = clip->video->codecpar};
    struct mdc_dial dial = {0};
    int error = mdc_looks_init(&looks, options.like->width, options.like->height, failure);

    *thin = (struct mdc_thin){0};
    mdc_shelf_init(&thin->shelf);
    if (error == 0)
        error = mdc_trials_run(&trials, clip, source, set_id, &looks, AIM * bytes_max / SAVES, failure);
    if (error == 0 && (bytes_max <= 0 || !mdc_dial_choose(trials.table, AIM * bytes_max / SAVES * trials.share, &dial))) {
        thin->least_bytes = mdc_dial_least(trials.table) / trials.share;
        error = fr_failure_set(failure, FR_E_LIMIT, 0, "the low quality does not fit the budget");
    }
    if (error == 0) {
        options.divisor = dial.divisor;
        options.crf = dial.crf;
        error = make_to_size(&making, clip, source, &options, bytes_max, failure);
    }
    mdc_looks_done(&looks);
    return error;
}

void mdc_thin_done(struct mdc_thin *thin) { mdc_shelf_done(&thin->shelf); }
