/* SPDX-License-Identifier: Apache-2.0 */
/* The decoded pictures of a clip, group by group. */
#ifndef MDC_PICTURES_H
#define MDC_PICTURES_H

#include "mdc/clip.h"

/* index: which picture of the clip, in the order in which they are shown. */
typedef int mdc_picture_take(void *context, const AVFrame *frame, uint32_t index, bool is_first_of_gop, struct fr_failure *failure);

/* Decodes every stride-th group from `first` on. FR_E_SYNTAX: a group has not as many pictures as packets, or cannot be decoded. */
int mdc_pictures_decode(const struct mdc_clip *clip, const struct mdc_source *source, uint32_t first, uint32_t stride,
                        mdc_picture_take *take, void *context, struct fr_failure *failure);

#endif
