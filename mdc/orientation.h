/* SPDX-License-Identifier: Apache-2.0 */
/* The one thing in a photo's EXIF segment that every viewer needs: which way is up. Pure functions. */
#ifndef MDC_ORIENTATION_H
#define MDC_ORIENTATION_H

#include <stddef.h>
#include <stdint.h>

enum { MDC_ORIENTATION_BYTES = 32 };

/* 1 .. 8 as EXIF numbers them; 1 (upright) when the segment does not say or makes no sense. */
unsigned mdc_orientation_read(const uint8_t *segment, size_t count);

/* A segment that says nothing else; returns its length. */
size_t mdc_orientation_write(unsigned orientation, uint8_t out[MDC_ORIENTATION_BYTES]);

#endif
