/* SPDX-License-Identifier: Apache-2.0 */
/* The frame reader: the first byte says how the rest, a stream, is cut. However that is, the same events come out as from
 * single bytes, and memory stays within a frame and a chunk. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/prng.h"
#include "wire/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A sum over all events, in order. */
struct trace {
    uint64_t sum;
    size_t event_count;
};

static void add_number(struct trace *trace, uint32_t number) { trace->sum = (trace->sum ^ number) * 0x100000001b3u; }

static void add_bytes(struct trace *trace, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++)
        add_number(trace, at[i]);
}

static void add_event(struct trace *trace, enum fr_reader_event event, uint32_t a, uint32_t b) {
    add_number(trace, event);
    add_number(trace, a);
    add_number(trace, b);
    trace->event_count++;
}

/* Returns false when the reader is bad. */
static bool take_event(struct fr_reader *reader, enum fr_reader_event event, struct trace *trace) {
    struct fr_buffer *buffer;
    switch (event) {
    case FR_READER_MORE: return true;
    case FR_READER_FRAME:
        fr_assert(reader->type >= 1 && (int) reader->type <= (int) FR_FRAME_TYPE_MAX && reader->type != FR_FRAME_CHUNK);
        fr_assert(reader->body_bytes <= FR_FRAME_BODY_MAX && reader->frame_capacity <= FR_FRAME_BODY_MAX);
        add_event(trace, event, reader->type, reader->body_bytes);
        add_bytes(trace, reader->body, reader->body_bytes);
        return true;
    case FR_READER_CHUNK_BEGIN:
        fr_assert(reader->type == FR_FRAME_CHUNK && reader->chunk < FR_CHUNKS_MAX && fr_reader_is_waiting(reader));
        fr_assert(reader->chunk_size >= 1 && reader->chunk_size <= FR_CHUNK_BYTES_MAX);
        add_event(trace, event, reader->chunk, reader->chunk_size);
        buffer = fr_buffer_new(reader->chunk_size);
        fr_assert(buffer != NULL);
        fr_reader_give(reader, buffer);
        return true;
    case FR_READER_CHUNK_END:
        buffer = fr_reader_take(reader);
        fr_assert(buffer->bytes == reader->chunk_size);
        add_event(trace, event, reader->chunk, buffer->bytes);
        add_bytes(trace, buffer->data, buffer->bytes);
        fr_buffer_unref(buffer);
        return true;
    case FR_READER_BAD:
        fr_assert(reader->bad_why != NULL && fr_reader_advance(reader, 0) == FR_READER_BAD);
        add_event(trace, event, 0, 0);
        add_bytes(trace, reader->bad_why, strlen(reader->bad_why));
        return false;
    }
    fr_check_failed(__FILE__, __LINE__, "a known event");
}

static struct trace read_in_pieces(const uint8_t *bytes, size_t count, size_t piece_max, struct fr_prng *prng) {
    struct trace trace = {0};
    struct fr_reader reader;
    fr_reader_init(&reader);
    while (count > 0) {
        uint8_t *at;
        size_t room;
        fr_reader_space(&reader, &at, &room);
        fr_assert(room > 0);
        size_t n = 1 + (size_t) fr_prng_below(prng, piece_max);
        n = n < room ? n : room;
        n = n < count ? n : count;
        memcpy(at, bytes, n);
        bytes += n;
        count -= n;
        if (!take_event(&reader, fr_reader_advance(&reader, n), &trace))
            break;
    }
    fr_reader_done(&reader);
    return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const size_t piece_max[] = {2, 3, 5, 8, 16, 100, 4096, SIZE_MAX};
    if (count == 0)
        return 0;
    struct fr_prng prng;
    fr_prng_init(&prng, bytes[0]);
    struct trace single = read_in_pieces(bytes + 1, count - 1, 1, &prng);
    struct trace pieces = read_in_pieces(bytes + 1, count - 1, piece_max[bytes[0] % 8], &prng);
    fr_assert(single.sum == pieces.sum && single.event_count == pieces.event_count);
    return 0;
}
