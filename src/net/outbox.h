/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent on one connection, in which order: a chunk that has begun, then control frames, then further chunks.
 * No I/O. Chunk bytes are not copied: the outbox points into their buffers. */
#ifndef FR_NET_OUTBOX_H
#define FR_NET_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "base/buffer.h"
#include "content/limits.h"

enum { FR_OUTBOX_FRAMES_BYTES_MAX = 4 << 20 }; /* control frames that wait; a peer that leaves more unread is lost */

struct fr_outbox_chunk {
    fr_chunk_index chunk;
    struct fr_buffer *buffer;
};

struct fr_outbox {
    uint8_t *frames; /* frames [frames_head, frames_tail) wait; NULL when there are none */
    size_t frames_head, frames_tail, frames_capacity;
    struct fr_outbox_chunk *chunks; /* a ring */
    uint32_t chunk_head, chunk_count, chunk_capacity;
    uint8_t head[FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES]; /* of the first chunk, once it is its turn */
    uint32_t begun_bytes;                                    /* of the first chunk, head included, that are gone */
};

void fr_outbox_init(struct fr_outbox *outbox);
void fr_outbox_done(struct fr_outbox *outbox); /* drops everything; may be used again after fr_outbox_init */

int fr_outbox_push_frame(struct fr_outbox *outbox, const uint8_t *frame, size_t bytes);             /* 0, FR_E_LIMIT, FR_E_MEMORY */
int fr_outbox_push_chunk(struct fr_outbox *outbox, fr_chunk_index chunk, struct fr_buffer *buffer); /* 0, FR_E_MEMORY; keeps a reference */

/* The bytes that go next; false when nothing waits. *ret_at is valid until the outbox is changed. */
bool fr_outbox_peek(struct fr_outbox *outbox, const uint8_t **ret_at, size_t *ret_bytes);
/* Are the bytes that go next a chunk's, its head among them? */
bool fr_outbox_is_at_chunk(const struct fr_outbox *outbox);
/* `bytes` of what peek gave are gone. True: a chunk's last byte was among them; its reference is dropped. */
bool fr_outbox_consume(struct fr_outbox *outbox, size_t bytes, fr_chunk_index *ret_chunk);

/* Drops chunks of which no byte is gone. */
void fr_outbox_drop_chunks(struct fr_outbox *outbox);
bool fr_outbox_is_empty(const struct fr_outbox *outbox);

#endif
