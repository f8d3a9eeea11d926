/* SPDX-License-Identifier: Apache-2.0 */
/* The low quality of a clip's sound: AAC-LC of few bits, packet for packet in the place of the source's. */
#ifndef MDC_SOUND_H
#define MDC_SOUND_H

#include "mdc/clip.h"
#include "mdc/shelf.h"

/* Fills the shelf with sound_count packets, in order. FR_E_SYNTAX: the sound has gaps or cannot be decoded. */
int mdc_sound_encode(const struct mdc_clip *clip, const struct mdc_source *source, const char *folder, struct mdc_shelf *shelf,
                     struct fr_failure *failure);

#endif
