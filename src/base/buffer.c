/* SPDX-License-Identifier: Apache-2.0 */
/* Counted buffers. The count alone is atomic: whoever fills the bytes hands them over before a second thread sees them. */
#include "base/buffer.h"

#include <stddef.h>

#include "base/check.h"
#include "base/memory.h"

struct fr_buffer *fr_buffer_new(uint32_t capacity) {
    struct fr_buffer *buffer = fr_alloc(offsetof(struct fr_buffer, data) + (size_t) capacity);

    if (buffer == NULL)
        return NULL;
    atomic_init(&buffer->refs, 1);
    buffer->bytes = 0;
    buffer->capacity = capacity;
    return buffer;
}

struct fr_buffer *fr_buffer_ref(struct fr_buffer *buffer) {
    uint32_t before = atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);

    fr_assert(before >= 1 && before < UINT32_MAX);
    return buffer;
}

void fr_buffer_unref(struct fr_buffer *buffer) {
    uint32_t before;

    if (buffer == NULL)
        return;
    /* Release: our reads and writes happen before the free. Acquire: whoever frees sees those of all others. */
    before = atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel);
    fr_assert(before >= 1);
    if (before == 1)
        fr_free(buffer);
}
