/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/low.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <x264.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "mdc/scale.h"

enum { LOOKAHEAD = 16, NAL_LENGTH_BYTES = 4 };

/* Looks */

int mdc_looks_init(struct mdc_looks *looks, int width, int height, struct fr_failure *failure) {
    *looks = (struct mdc_looks){.width = width, .height = height};
    for (unsigned i = 0; i < MDC_LOOKS_MAX; i++) {
        looks->planes[i] = fr_alloc((size_t) width * (size_t) height);
        if (looks->planes[i] == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for pictures of %d x %d", width, height);
    }
    return 0;
}

void mdc_looks_keep(struct mdc_looks *looks, int64_t number, const AVFrame *frame) {
    uint8_t *plane = looks->planes[number % MDC_LOOKS_MAX];

    for (int row = 0; row < looks->height; row++)
        memcpy(plane + (size_t) row * (size_t) looks->width, frame->data[0] + (ptrdiff_t) row * frame->linesize[0], (size_t) looks->width);
}

enum { LANES = 16 }; /* a count that is known is what makes the compiler take vectors */

static uint64_t compare_row(const uint8_t *a, const uint8_t *b, int width) {
    uint32_t lanes[LANES] = {0};
    uint64_t sum = 0;
    int i = 0;

    for (; i + LANES <= width; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            int difference = a[i + lane] - b[i + lane];
            lanes[lane] += (uint32_t) (difference * difference);
        }
    for (int lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    for (; i < width; i++)
        sum += (uint64_t) ((a[i] - b[i]) * (a[i] - b[i]));
    return sum;
}

uint64_t mdc_looks_compare(const struct mdc_looks *looks, int64_t number, const uint8_t *plane, int stride) {
    const uint8_t *kept = looks->planes[number % MDC_LOOKS_MAX];
    uint64_t sum = 0;

    for (int row = 0; row < looks->height; row++, kept += looks->width, plane += stride)
        sum += compare_row(kept, plane, looks->width);
    return sum;
}

void mdc_looks_done(struct mdc_looks *looks) {
    for (unsigned i = 0; i < MDC_LOOKS_MAX; i++)
        fr_free(looks->planes[i]);
    *looks = (struct mdc_looks){0};
}

/* The encoder */

struct mdc_low {
    x264_t *encoder;
    const struct mdc_looks *looks;
    mdc_low_take *take;
    void *context;
    struct mdc_scale *scale; /* NULL at full size */
    x264_nal_t *sets;
    int set_count, width, height;
    uint64_t bytes, squares, pixels;
};

static const char *profile_like(const AVCodecParameters *like) {
    switch (like->profile & ~FF_PROFILE_H264_CONSTRAINED) {
    case FF_PROFILE_H264_BASELINE: return "baseline";
    case FF_PROFILE_H264_MAIN: return "main";
    default: return "high";
    }
}

static int open_encoder(struct mdc_low *low, const struct mdc_low_options *options) {
    const AVCodecParameters *like = options->like;
    x264_param_t param;

    if (x264_param_default_preset(&param, options->preset, NULL) != 0)
        return FR_E_ARGUMENT;
    param.i_log_level = X264_LOG_NONE;
    param.i_width = low->width;
    param.i_height = low->height;
    param.i_csp = X264_CSP_I420;
    param.i_fps_num = (uint32_t) options->rate.num;
    param.i_fps_den = (uint32_t) options->rate.den;
    param.b_vfr_input = 0;
    param.i_threads = options->thread_count;
    param.i_sync_lookahead = 0;
    param.rc.i_lookahead = LOOKAHEAD;
    if (options->has_fixed_pattern)
        param.i_bframe_adaptive = X264_B_ADAPT_NONE;
    param.i_keyint_max = X264_KEYINT_MAX_INFINITE; /* key frames are where the source has them */
    param.i_scenecut_threshold = 0;
    param.b_open_gop = 0;
    param.rc.i_rc_method = X264_RC_CRF;
    param.rc.f_rf_constant = (float) options->crf;
    param.i_sps_id = options->set_id;
    param.b_annexb = 0;
    param.b_repeat_headers = 0;
    param.b_full_recon = 1; /* so that what comes back is what a decoder shows, also for pictures that no other refers to */
    param.vui.b_fullrange = like->color_range == AVCOL_RANGE_JPEG;
    param.vui.i_colorprim = like->color_primaries;
    param.vui.i_transfer = like->color_trc;
    param.vui.i_colmatrix = like->color_space;
    if (like->sample_aspect_ratio.num > 0) {
        param.vui.i_sar_width = like->sample_aspect_ratio.num;
        param.vui.i_sar_height = like->sample_aspect_ratio.den;
    }
    if (x264_param_apply_profile(&param, profile_like(like)) != 0)
        return FR_E_ARGUMENT;
    low->encoder = x264_encoder_open(&param);
    return low->encoder != NULL && x264_encoder_headers(low->encoder, &low->sets, &low->set_count) >= 0 ? 0 : FR_E_MEMORY;
}

int mdc_low_new(struct mdc_low **ret_low, const struct mdc_low_options *options, const struct mdc_looks *looks, mdc_low_take *take,
                void *context, struct fr_failure *failure) {
    struct mdc_low *low = fr_alloc_zeroed(1, sizeof *low);
    int error = low != NULL ? 0 : FR_E_MEMORY;

    if (error == 0) {
        low->looks = looks;
        low->take = take;
        low->context = context;
        low->width = mdc_scale_side(looks->width, options->divisor);
        low->height = mdc_scale_side(looks->height, options->divisor);
        error = open_encoder(low, options);
    }
    if (error == 0 && options->divisor > 1)
        error = mdc_scale_new(&low->scale, looks->width, looks->height, options->divisor, failure);
    if (error != 0) {
        mdc_low_free(low);
        return fr_failure_set(failure, error, 0, "the encoder for low quality cannot be set up");
    }
    *ret_low = low;
    return 0;
}

void mdc_low_free(struct mdc_low *low) {
    if (low == NULL)
        return;
    if (low->encoder != NULL)
        x264_encoder_close(low->encoder);
    mdc_scale_free(low->scale);
    fr_free(low);
}

/* What a decoder would show, beside the source. */
static void measure(struct mdc_low *low, const x264_picture_t *shown) {
    const struct mdc_looks *looks = low->looks;
    const uint8_t *plane = shown->img.plane[0];
    int stride = shown->img.i_stride[0];

    if (low->scale != NULL) {
        plane = mdc_scale_up(low->scale, plane, stride);
        stride = looks->width;
    }
    low->squares += mdc_looks_compare(looks, shown->i_pts, plane, stride);
    low->pixels += (uint64_t) looks->width * (uint64_t) looks->height;
}

static int encode(struct mdc_low *low, x264_picture_t *in, struct fr_failure *failure) {
    x264_picture_t shown;
    x264_nal_t *nals;
    int count = 0, bytes = x264_encoder_encode(low->encoder, &nals, &count, in, &shown);

    if (bytes < 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "the encoder for low quality failed");
    if (bytes == 0)
        return 0;
    low->bytes += (uint64_t) bytes;
    measure(low, &shown);
    return low->take == NULL ? 0 : low->take(low->context, shown.i_pts, nals[0].p_payload, (uint32_t) bytes, failure);
}

int mdc_low_push(struct mdc_low *low, const AVFrame *frame, int64_t number, bool is_first_of_gop, struct fr_failure *failure) {
    x264_picture_t picture;

    x264_picture_init(&picture);
    if (low->scale != NULL)
        frame = mdc_scale_down(low->scale, frame);
    picture.img.i_csp = X264_CSP_I420;
    picture.img.i_plane = 3;
    for (unsigned i = 0; i < 3; i++) {
        picture.img.plane[i] = frame->data[i];
        picture.img.i_stride[i] = frame->linesize[i];
    }
    picture.i_pts = number;
    picture.i_type = is_first_of_gop ? X264_TYPE_IDR : X264_TYPE_AUTO;
    return encode(low, &picture, failure);
}

int mdc_low_flush(struct mdc_low *low, struct fr_failure *failure) {
    int error = 0;

    while (error == 0 && x264_encoder_delayed_frames(low->encoder) > 0)
        error = encode(low, NULL, failure);
    return error;
}

uint64_t mdc_low_bytes(const struct mdc_low *low) { return low->bytes; }
double mdc_low_error(const struct mdc_low *low) { return low->pixels > 0 ? (double) low->squares / (double) low->pixels : 0; }
int mdc_low_width(const struct mdc_low *low) { return low->width; }
int mdc_low_height(const struct mdc_low *low) { return low->height; }

int mdc_low_sets(struct mdc_low *low, const uint8_t **ret_sps, int *ret_sps_bytes, const uint8_t **ret_pps, int *ret_pps_bytes) {
    bool has_sps = false, has_pps = false;

    for (int i = 0; i < low->set_count; i++) {
        const uint8_t *bytes = low->sets[i].p_payload + NAL_LENGTH_BYTES;
        int count = low->sets[i].i_payload - NAL_LENGTH_BYTES;
        if (low->sets[i].i_type == NAL_SPS) {
            *ret_sps = bytes;
            *ret_sps_bytes = count;
            has_sps = true;
        } else if (low->sets[i].i_type == NAL_PPS) {
            *ret_pps = bytes;
            *ret_pps_bytes = count;
            has_pps = true;
        }
    }
    return has_sps && has_pps ? 0 : FR_E_IO;
}
