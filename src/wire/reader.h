/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a link's byte stream into frames, whatever sizes the bytes come in. Chunk bytes go straight into a chunk buffer that
 * the caller provides, so they are copied once. No I/O, no clock.
 *
 *   for (;;) {
 *       fr_reader_space(&reader, &at, &room);          // where the next bytes belong; room 0: a buffer is awaited, or bad
 *       n = read_some(at, room);
 *       switch (fr_reader_advance(&reader, n)) {
 *       case FR_READER_MORE:        break;
 *       case FR_READER_FRAME:       use(reader.type, reader.body, reader.body_bytes); break;  // until the next call
 *       case FR_READER_CHUNK_BEGIN: fr_reader_give(&reader, buffer_of(reader.chunk_size)); break;
 *       case FR_READER_CHUNK_END:   use_chunk(reader.chunk, fr_reader_take(&reader)); break;
 *       case FR_READER_BAD:         close(reader.bad_why); break;
 *       }
 *   }
 */
#ifndef FR_WIRE_READER_H
#define FR_WIRE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "wire/message.h"

enum fr_reader_event {
    FR_READER_MORE,        /* nothing complete yet */
    FR_READER_FRAME,       /* a whole frame other than CHUNK */
    FR_READER_CHUNK_BEGIN, /* a CHUNK frame's head is here: its bytes wait for fr_reader_give */
    FR_READER_CHUNK_END,   /* all bytes of the chunk are in the buffer that was given */
    FR_READER_BAD,         /* no valid frame: unknown type, length over the cap, a chunk without bytes; or no memory. Stays so */
};

struct fr_reader {
    enum fr_frame_type type;
    const uint8_t *body;
    uint32_t body_bytes;
    fr_chunk_index chunk;
    uint32_t chunk_size; /* 1 .. FR_CHUNK_BYTES_MAX */
    const char *bad_why; /* a static phrase, such as "a frame longer than any may be" */
    /* private */
    int state;
    uint32_t need, filled;
    uint8_t head[FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES];
    uint8_t *frame; /* grown on demand up to FR_FRAME_BODY_MAX, kept */
    uint32_t frame_capacity;
    struct fr_buffer *buffer;
};

void fr_reader_init(struct fr_reader *reader);
void fr_reader_done(struct fr_reader *reader); /* drops a buffer that was given and not taken */
void fr_reader_space(struct fr_reader *reader, uint8_t **ret_at, size_t *ret_room);
/* n bytes (0 .. room) were put there. */
enum fr_reader_event fr_reader_advance(struct fr_reader *reader, size_t n);
/* Hands over one reference to a buffer with capacity >= chunk_size; only after FR_READER_CHUNK_BEGIN. */
void fr_reader_give(struct fr_reader *reader, struct fr_buffer *buffer);
/* The filled buffer (bytes = chunk_size); the reference is the caller's. Only after FR_READER_CHUNK_END. */
struct fr_buffer *fr_reader_take(struct fr_reader *reader);
/* Waiting for fr_reader_give? */
bool fr_reader_is_waiting(const struct fr_reader *reader);
/* Do the next bytes belong into the chunk's buffer? */
bool fr_reader_is_in_chunk(const struct fr_reader *reader);

#endif
