/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/scale.h"

#include <libswscale/swscale.h>

#include "base/failure.h"
#include "base/memory.h"

enum { VECTOR_BYTES = 64 }; /* the scaler writes whole vectors */

struct mdc_scale {
    struct SwsContext *shrink, *enlarge;
    AVFrame *small;
    uint8_t *large;
    int width, height;
};

int mdc_scale_side(int side, int divisor) { return FFMAX(side / divisor & ~1, MDC_SIDE_MIN); }

static int set_up(struct mdc_scale *scale, int divisor) {
    int width = scale->width, height = scale->height;
    int small_width = mdc_scale_side(width, divisor), small_height = mdc_scale_side(height, divisor);

    scale->shrink = sws_getContext(width, height, AV_PIX_FMT_YUV420P, small_width, small_height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL,
                                   NULL, NULL);
    scale->enlarge = sws_getContext(small_width, small_height, AV_PIX_FMT_GRAY8, width, height, AV_PIX_FMT_GRAY8, SWS_BICUBIC, NULL, NULL,
                                    NULL);
    scale->small = av_frame_alloc();
    scale->large = fr_alloc((size_t) width * (size_t) height + VECTOR_BYTES);
    if (scale->shrink == NULL || scale->enlarge == NULL || scale->small == NULL || scale->large == NULL)
        return FR_E_MEMORY;
    scale->small->format = AV_PIX_FMT_YUV420P;
    scale->small->width = small_width;
    scale->small->height = small_height;
    return av_frame_get_buffer(scale->small, 0) < 0 ? FR_E_MEMORY : 0;
}

int mdc_scale_new(struct mdc_scale **ret_scale, int width, int height, int divisor, struct fr_failure *failure) {
    struct mdc_scale *scale = fr_alloc_zeroed(1, sizeof *scale);

    if (scale != NULL) {
        scale->width = width;
        scale->height = height;
    }
    if (scale == NULL || set_up(scale, divisor) != 0) {
        mdc_scale_free(scale);
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to scale pictures of %d x %d", width, height);
    }
    *ret_scale = scale;
    return 0;
}

void mdc_scale_free(struct mdc_scale *scale) {
    if (scale == NULL)
        return;
    sws_freeContext(scale->shrink);
    sws_freeContext(scale->enlarge);
    av_frame_free(&scale->small);
    fr_free(scale->large);
    fr_free(scale);
}

const AVFrame *mdc_scale_down(struct mdc_scale *scale, const AVFrame *frame) {
    sws_scale(scale->shrink, (const uint8_t *const *) frame->data, frame->linesize, 0, scale->height, scale->small->data,
              scale->small->linesize);
    return scale->small;
}

const uint8_t *mdc_scale_up(struct mdc_scale *scale, const uint8_t *plane, int stride) {
    sws_scale(scale->enlarge, (const uint8_t *const[]){plane}, &stride, 0, scale->small->height, &scale->large, &scale->width);
    return scale->large;
}
