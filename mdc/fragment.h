/* SPDX-License-Identifier: Apache-2.0 */
/* One fragment of an MP4: a moof that describes its samples and the mdat that holds them. Every offset in it counts from its own
 * beginning, so it can stand in any file whose moov fits. Pure. */
#ifndef MDC_FRAGMENT_H
#define MDC_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mdc_sample {
    uint32_t bytes, duration;
    int32_t shift; /* from its decoding time to when it is shown, may be negative */
    bool is_key;
};

struct mdc_fragment_track {
    uint32_t id;
    uint64_t start; /* decoding time of the first sample */
    const struct mdc_sample *samples;
    uint32_t sample_count; /* 0: the track has nothing in this fragment */
    bool is_video;
};

/* The moof and the head of the mdat; the samples follow, those of the first track before those of the second. `out` has room for
 * mdc_fragment_head_bytes_max of all samples. Returns how many bytes. */
size_t mdc_fragment_head_bytes_max(uint32_t sample_count);
size_t mdc_fragment_encode(uint32_t sequence, const struct mdc_fragment_track *tracks, unsigned track_count, uint8_t *out);

#endif
