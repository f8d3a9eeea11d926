/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures made smaller, and large again as a player does that shows them. */
#ifndef MDC_SCALE_H
#define MDC_SCALE_H

#include <libavutil/frame.h>

#include "mdc/files.h"

enum { MDC_SIDE_MIN = 16 };

struct mdc_scale;

/* divisor: of width and height, which become even. */
int mdc_scale_new(struct mdc_scale **ret_scale, int width, int height, int divisor, struct fr_failure *failure);
void mdc_scale_free(struct mdc_scale *scale);

/* The picture, smaller; borrowed until the next one. */
const AVFrame *mdc_scale_down(struct mdc_scale *scale, const AVFrame *frame);
/* The brightness of a small picture at the large size, row after row; borrowed likewise. */
const uint8_t *mdc_scale_up(struct mdc_scale *scale, const uint8_t *plane, int stride);

/* What a side becomes. */
int mdc_scale_side(int side, int divisor);

#endif
