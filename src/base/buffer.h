/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk's bytes in memory, shared by count: one writer until verified, then many readers. Safe to unref on any thread. */
#ifndef FR_BASE_BUFFER_H
#define FR_BASE_BUFFER_H

#include <stdatomic.h>
#include <stdint.h>

struct fr_buffer {
    _Atomic uint32_t refs;
    uint32_t bytes;    /* filled */
    uint32_t capacity; /* allocated */
    uint8_t data[];
};

struct fr_buffer *fr_buffer_new(uint32_t capacity); /* one reference, bytes = 0; NULL when there is no memory */
struct fr_buffer *fr_buffer_ref(struct fr_buffer *buffer);
void fr_buffer_unref(struct fr_buffer *buffer); /* NULL allowed */

#endif
