/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a link's byte stream into frames.
 *
 *   HEAD --4 bytes--> BODY --length bytes--> (FRAME) --> HEAD            any frame but CHUNK; an empty body skips BODY
 *   HEAD --4 bytes--> CHUNK_HEAD --4 bytes--> (CHUNK_BEGIN) --> WAITING --give--> CHUNK_BODY --chunk_size bytes--> (CHUNK_END)
 *        --> FULL --take--> HEAD
 *   HEAD, CHUNK_HEAD --anything invalid--> BAD, for good
 *
 * `need` is how many bytes the state takes in all, `filled` how many of them are here. WAITING, FULL and BAD take none.
 */
#include "wire/reader.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"

enum state { HEAD, BODY, CHUNK_HEAD, WAITING, CHUNK_BODY, FULL, BAD };

static void enter_state(struct fr_reader *reader, enum state state, uint32_t need) {
    reader->state = state;
    reader->need = need;
    reader->filled = 0;
}

static enum fr_reader_event go_bad(struct fr_reader *reader, const char *why) {
    enter_state(reader, BAD, 0);
    reader->bad_why = why;
    return FR_READER_BAD;
}

void fr_reader_init(struct fr_reader *reader) {
    memset(reader, 0, sizeof *reader);
    enter_state(reader, HEAD, FR_FRAME_HEAD_BYTES);
}

void fr_reader_done(struct fr_reader *reader) {
    if (reader == NULL)
        return;
    fr_buffer_unref(reader->buffer);
    fr_free(reader->frame);
    memset(reader, 0, sizeof *reader);
    enter_state(reader, BAD, 0);
    reader->bad_why = "the link is closed";
}

static uint8_t *place_of(struct fr_reader *reader) {
    switch ((enum state) reader->state) {
    case HEAD: return reader->head;
    case CHUNK_HEAD: return reader->head + FR_FRAME_HEAD_BYTES;
    case BODY: return reader->frame;
    case CHUNK_BODY: return reader->buffer->data;
    case WAITING:
    case FULL:
    case BAD: break;
    }
    return reader->head; /* a place for nothing */
}

void fr_reader_space(struct fr_reader *reader, uint8_t **ret_at, size_t *ret_room) {
    fr_assert(reader->state != FULL);
    *ret_at = place_of(reader) + reader->filled;
    *ret_room = reader->need - reader->filled;
}

static int reserve_frame(struct fr_reader *reader, uint32_t bytes) {
    if (bytes <= reader->frame_capacity)
        return 0;
    uint32_t capacity = 256; /* most frames are small; powers of two keep the number of moves small */
    while (capacity < bytes)
        capacity *= 2;
    uint8_t *frame = fr_realloc(reader->frame, capacity, 1);
    if (frame == NULL)
        return -1;
    reader->frame = frame;
    reader->frame_capacity = capacity;
    return 0;
}

static enum fr_reader_event end_frame(struct fr_reader *reader, const uint8_t *body, uint32_t body_bytes) {
    reader->body = body;
    reader->body_bytes = body_bytes;
    enter_state(reader, HEAD, FR_FRAME_HEAD_BYTES);
    return FR_READER_FRAME;
}

static enum fr_reader_event on_head(struct fr_reader *reader) {
    const uint8_t *head = reader->head;
    uint32_t length = (uint32_t) head[1] << 16 | (uint32_t) head[2] << 8 | head[3];
    if (head[0] == 0 || head[0] > FR_FRAME_TYPE_MAX)
        return go_bad(reader, "a frame of a type that version 1 does not know");
    reader->type = (enum fr_frame_type) head[0];
    reader->body = NULL;
    reader->body_bytes = 0;
    if (reader->type == FR_FRAME_CHUNK) {
        if (length <= FR_CHUNK_HEAD_BYTES)
            return go_bad(reader, "a CHUNK frame without a byte of a chunk");
        if (length > FR_CHUNK_HEAD_BYTES + FR_CHUNK_BYTES_MAX)
            return go_bad(reader, "a CHUNK frame longer than the largest chunk");
        reader->chunk_size = length - FR_CHUNK_HEAD_BYTES;
        enter_state(reader, CHUNK_HEAD, FR_CHUNK_HEAD_BYTES);
        return FR_READER_MORE;
    }
    if (length > FR_FRAME_BODY_MAX)
        return go_bad(reader, "a frame longer than any may be");
    if (length == 0)
        return end_frame(reader, reader->head, 0);
    if (reserve_frame(reader, length) != 0)
        return go_bad(reader, "no memory for a frame");
    enter_state(reader, BODY, length);
    return FR_READER_MORE;
}

static enum fr_reader_event on_chunk_head(struct fr_reader *reader) {
    const uint8_t *at = reader->head + FR_FRAME_HEAD_BYTES;
    reader->chunk = (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
    if (reader->chunk >= FR_CHUNKS_MAX)
        return go_bad(reader, "a CHUNK frame with a chunk number that no object has");
    enter_state(reader, WAITING, 0);
    return FR_READER_CHUNK_BEGIN;
}

static enum fr_reader_event on_chunk_full(struct fr_reader *reader) {
    reader->buffer->bytes = reader->chunk_size;
    enter_state(reader, FULL, 0);
    return FR_READER_CHUNK_END;
}

enum fr_reader_event fr_reader_advance(struct fr_reader *reader, size_t n) {
    fr_assert(n <= reader->need - reader->filled);
    reader->filled += (uint32_t) n;
    if (reader->filled < reader->need)
        return FR_READER_MORE;
    switch ((enum state) reader->state) {
    case HEAD: return on_head(reader);
    case BODY: return end_frame(reader, reader->frame, reader->need);
    case CHUNK_HEAD: return on_chunk_head(reader);
    case CHUNK_BODY: return on_chunk_full(reader);
    case BAD: return FR_READER_BAD;
    case WAITING:
    case FULL: break;
    }
    return FR_READER_MORE;
}

void fr_reader_give(struct fr_reader *reader, struct fr_buffer *buffer) {
    fr_assert(reader->state == WAITING);
    fr_assert(buffer != NULL && buffer->capacity >= reader->chunk_size);
    reader->buffer = buffer;
    enter_state(reader, CHUNK_BODY, reader->chunk_size);
}

struct fr_buffer *fr_reader_take(struct fr_reader *reader) {
    fr_assert(reader->state == FULL);
    struct fr_buffer *buffer = reader->buffer;
    reader->buffer = NULL;
    enter_state(reader, HEAD, FR_FRAME_HEAD_BYTES);
    return buffer;
}

bool fr_reader_is_waiting(const struct fr_reader *reader) { return reader->state == WAITING; }

bool fr_reader_is_in_chunk(const struct fr_reader *reader) { return reader->state == CHUNK_BODY; }
