/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent on one connection, in which order. */
#include "net/outbox.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "wire/message.h"

enum { FRAMES_CAPACITY_FIRST = 1024, CHUNKS_CAPACITY_FIRST = 4 };

void fr_outbox_init(struct fr_outbox *outbox) { *outbox = (struct fr_outbox){0}; }

static struct fr_outbox_chunk *chunk_at(const struct fr_outbox *outbox, uint32_t position) {
    return &outbox->chunks[(outbox->chunk_head + position) & (outbox->chunk_capacity - 1)];
}

static void drop_frames(struct fr_outbox *outbox) {
    fr_free(outbox->frames);
    outbox->frames = NULL;
    outbox->frames_head = outbox->frames_tail = outbox->frames_capacity = 0;
}

void fr_outbox_done(struct fr_outbox *outbox) {
    for (uint32_t i = 0; i < outbox->chunk_count; i++)
        fr_buffer_unref(chunk_at(outbox, i)->buffer);
    fr_free(outbox->chunks);
    drop_frames(outbox);
    fr_outbox_init(outbox);
}

/* Makes room for `bytes` behind the frames that wait: by moving them to the front when that gains a quarter, so that a byte is
 * moved a few times at most, else by growing. */
static int reserve_frames(struct fr_outbox *outbox, size_t bytes) {
    size_t waiting = outbox->frames_tail - outbox->frames_head;
    if (bytes <= outbox->frames_capacity - outbox->frames_tail)
        return 0;
    if (waiting + bytes > outbox->frames_capacity / 4 * 3) {
        size_t capacity = outbox->frames_capacity ? outbox->frames_capacity : FRAMES_CAPACITY_FIRST;
        while (capacity / 4 * 3 < waiting + bytes)
            capacity *= 2;
        uint8_t *grown = fr_realloc(outbox->frames, capacity, 1);
        if (!grown)
            return FR_E_MEMORY;
        outbox->frames = grown;
        outbox->frames_capacity = capacity;
    }
    memmove(outbox->frames, outbox->frames + outbox->frames_head, waiting);
    outbox->frames_head = 0;
    outbox->frames_tail = waiting;
    return 0;
}

int fr_outbox_push_frame(struct fr_outbox *outbox, const uint8_t *frame, size_t bytes) {
    fr_assert(bytes > 0);
    if (bytes > FR_OUTBOX_FRAMES_BYTES_MAX - (outbox->frames_tail - outbox->frames_head))
        return FR_E_LIMIT;
    if (reserve_frames(outbox, bytes) != 0)
        return FR_E_MEMORY;
    memcpy(outbox->frames + outbox->frames_tail, frame, bytes);
    outbox->frames_tail += bytes;
    return 0;
}

static int grow_chunks(struct fr_outbox *outbox) {
    uint32_t capacity = outbox->chunk_capacity ? 2 * outbox->chunk_capacity : CHUNKS_CAPACITY_FIRST;
    struct fr_outbox_chunk *grown = fr_alloc_zeroed(capacity, sizeof *grown);
    if (!grown)
        return FR_E_MEMORY;
    for (uint32_t i = 0; i < outbox->chunk_count; i++)
        grown[i] = *chunk_at(outbox, i);
    fr_free(outbox->chunks);
    outbox->chunks = grown;
    outbox->chunk_head = 0;
    outbox->chunk_capacity = capacity;
    return 0;
}

int fr_outbox_push_chunk(struct fr_outbox *outbox, fr_chunk_index chunk, struct fr_buffer *buffer) {
    fr_assert(buffer->bytes >= 1 && buffer->bytes <= FR_CHUNK_BYTES_MAX);
    if (outbox->chunk_count == outbox->chunk_capacity && grow_chunks(outbox) != 0)
        return FR_E_MEMORY;
    *chunk_at(outbox, outbox->chunk_count) = (struct fr_outbox_chunk){chunk, fr_buffer_ref(buffer)};
    outbox->chunk_count++;
    return 0;
}

static bool is_at_frames(const struct fr_outbox *outbox) { return outbox->begun_bytes == 0 && outbox->frames_tail > outbox->frames_head; }

bool fr_outbox_is_at_chunk(const struct fr_outbox *outbox) { return !is_at_frames(outbox) && outbox->chunk_count > 0; }

bool fr_outbox_peek(struct fr_outbox *outbox, const uint8_t **ret_at, size_t *ret_bytes) {
    if (is_at_frames(outbox)) {
        *ret_at = outbox->frames + outbox->frames_head;
        *ret_bytes = outbox->frames_tail - outbox->frames_head;
        return true;
    }
    if (outbox->chunk_count == 0)
        return false;
    const struct fr_outbox_chunk *first = chunk_at(outbox, 0);
    if (outbox->begun_bytes == 0)
        fr_chunk_head_encode(first->chunk, first->buffer->bytes, outbox->head);
    if (outbox->begun_bytes < sizeof outbox->head) {
        *ret_at = outbox->head + outbox->begun_bytes;
        *ret_bytes = sizeof outbox->head - outbox->begun_bytes;
    } else {
        uint32_t gone = outbox->begun_bytes - (uint32_t) sizeof outbox->head;
        *ret_at = first->buffer->data + gone;
        *ret_bytes = first->buffer->bytes - gone;
    }
    return true;
}

bool fr_outbox_consume(struct fr_outbox *outbox, size_t bytes, fr_chunk_index *ret_chunk) {
    if (is_at_frames(outbox)) {
        fr_assert(bytes <= outbox->frames_tail - outbox->frames_head);
        outbox->frames_head += bytes;
        if (outbox->frames_head == outbox->frames_tail)
            drop_frames(outbox);
        return false;
    }
    fr_assert(outbox->chunk_count > 0);
    struct fr_outbox_chunk first = *chunk_at(outbox, 0);
    uint32_t all = (uint32_t) sizeof outbox->head + first.buffer->bytes;
    fr_assert(bytes <= all - outbox->begun_bytes);
    outbox->begun_bytes += (uint32_t) bytes;
    if (outbox->begun_bytes < all)
        return false;
    outbox->begun_bytes = 0;
    outbox->chunk_head = (outbox->chunk_head + 1) & (outbox->chunk_capacity - 1);
    outbox->chunk_count--;
    *ret_chunk = first.chunk;
    fr_buffer_unref(first.buffer);
    return true;
}

void fr_outbox_drop_chunks(struct fr_outbox *outbox) {
    uint32_t kept = outbox->begun_bytes > 0;
    for (uint32_t i = kept; i < outbox->chunk_count; i++)
        fr_buffer_unref(chunk_at(outbox, i)->buffer);
    outbox->chunk_count = outbox->chunk_count > kept ? kept : outbox->chunk_count;
}

bool fr_outbox_is_empty(const struct fr_outbox *outbox) { return outbox->chunk_count == 0 && outbox->frames_head == outbox->frames_tail; }
