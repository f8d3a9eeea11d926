/* SPDX-License-Identifier: Apache-2.0 */
/* The full size is tried first. What a smaller size loses by being smaller alone is measured meanwhile, on a few pictures: where that is
 * more than the full size loses within the budget, as it is where there is text, no encoder needs to be asked about it. */
#include "mdc/trials.h"

#include "mdc/pictures.h"
#include "mdc/scale.h"

enum { SAMPLED_GOPS = 4, LOSS_STRIDE = 7 };

static const char preset[] = "superfast";
static const double crfs[MDC_TRIALS] = {26, 40};

struct trying {
    struct mdc_looks *looks;
    unsigned first, last; /* divisors */
    struct mdc_low *lows[MDC_DIVISORS][MDC_TRIALS];
    struct mdc_scale *scales[MDC_DIVISORS]; /* to measure what is lost; NULL: it is not measured */
    uint64_t squares[MDC_DIVISORS], pixels;
    int64_t count;
};

static void measure_losses(struct trying *trying, const AVFrame *frame) {
    if (trying->count % LOSS_STRIDE != 0 || trying->first > 1)
        return;
    for (unsigned d = 1; d < MDC_DIVISORS; d++) {
        const AVFrame *small = mdc_scale_down(trying->scales[d], frame);
        const uint8_t *large = mdc_scale_up(trying->scales[d], small->data[0], small->linesize[0]);
        trying->squares[d] += mdc_looks_compare(trying->looks, trying->count, large, trying->looks->width);
    }
    trying->pixels += (uint64_t) trying->looks->width * (uint64_t) trying->looks->height;
}

static int try_picture(void *context, const AVFrame *frame, uint32_t index, bool is_first_of_gop, struct fr_failure *failure) {
    struct trying *trying = context;
    int error = 0;

    (void) index;
    mdc_looks_keep(trying->looks, trying->count, frame);
    measure_losses(trying, frame);
    for (unsigned d = trying->first; d <= trying->last; d++)
        for (unsigned t = 0; t < MDC_TRIALS && error == 0; t++)
            error = mdc_low_push(trying->lows[d - 1][t], frame, trying->count, is_first_of_gop, failure);
    trying->count++;
    return error;
}

static int start(struct trying *trying, const struct mdc_clip *clip, int set_id, struct fr_failure *failure) {
    struct mdc_low_options options = {
        .preset = preset, .thread_count = 1, .set_id = set_id, .rate = mdc_clip_rate(clip), .like = clip->video->codecpar};
    int error = 0;

    for (unsigned d = trying->first; d <= trying->last; d++)
        for (unsigned t = 0; t < MDC_TRIALS && error == 0; t++) {
            options.divisor = (int) d;
            options.crf = crfs[t];
            error = mdc_low_new(&trying->lows[d - 1][t], &options, trying->looks, NULL, NULL, failure);
        }
    for (unsigned d = 1; d < MDC_DIVISORS && trying->first == 1 && error == 0; d++)
        error = mdc_scale_new(&trying->scales[d], options.like->width, options.like->height, (int) d + 1, failure);
    return error;
}

static void trying_done(struct trying *trying) {
    for (unsigned d = 0; d < MDC_DIVISORS; d++) {
        for (unsigned t = 0; t < MDC_TRIALS; t++)
            mdc_low_free(trying->lows[d][t]);
        mdc_scale_free(trying->scales[d]);
    }
}

/* Tries those divisors; with the first of them all losses are measured. */
static int run(struct mdc_trials *trials, struct trying *trying, const struct mdc_clip *clip, const struct mdc_source *source, int set_id,
               struct fr_failure *failure) {
    uint32_t stride = (clip->gop_count + SAMPLED_GOPS - 1) / SAMPLED_GOPS;
    int error = start(trying, clip, set_id, failure);

    if (error == 0)
        error = mdc_pictures_decode(clip, source, stride / 2, stride, try_picture, trying, failure);
    for (unsigned d = trying->first; d <= trying->last; d++)
        for (unsigned t = 0; t < MDC_TRIALS && error == 0; t++) {
            struct mdc_low *low = trying->lows[d - 1][t];
            error = mdc_low_flush(low, failure);
            trials->table[d - 1][t] = (struct mdc_trial){.crf = crfs[t], .bytes = (double) mdc_low_bytes(low), .error = mdc_low_error(low)};
        }
    trials->share = (double) trying->count / clip->picture_count;
    trying_done(trying);
    return error;
}

int mdc_trials_run(struct mdc_trials *trials, const struct mdc_clip *clip, const struct mdc_source *source, int set_id,
                   struct mdc_looks *looks, double bytes_max, struct fr_failure *failure) {
    struct trying full = {.looks = looks, .first = 1, .last = 1}, smaller = {.looks = looks, .first = 2, .last = MDC_DIVISORS};
    struct mdc_dial dial;
    int error;

    *trials = (struct mdc_trials){0};
    error = run(trials, &full, clip, source, set_id, failure);
    if (error != 0)
        return error;
    /* The smaller, the more is lost. */
    if (mdc_dial_choose(trials->table, bytes_max * trials->share, &dial))
        while (smaller.last > 1 && dial.error * (double) full.pixels <= (double) full.squares[smaller.last - 1])
            smaller.last--;
    return smaller.last > 1 ? run(trials, &smaller, clip, source, set_id, failure) : 0;
}
