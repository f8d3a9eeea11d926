/* SPDX-License-Identifier: Apache-2.0 */
/* The frame reader: the same stream gives the same events however it is cut, and what is no frame is bad for good. */
#include <stdio.h>

#include "base/memory.h"
#include "base/prng.h"
#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"
#include "wire/reader.h"

enum { STREAM_MAX = 9 << 20 };

static uint8_t *stream;
static size_t stream_bytes;

/* What came out, in words and with a sum over the bytes, so that two runs can be compared. */
struct record {
    char *text;
    size_t count;
};

static int set_up(void **state) {
    (void) state;
    stream = malloc(STREAM_MAX);
    assert_non_null(stream);
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    free(stream);
    return 0;
}

static void append(const void *bytes, size_t count) {
    assert_true(count <= STREAM_MAX - stream_bytes);
    memcpy(stream + stream_bytes, bytes, count);
    stream_bytes += count;
}

static void append_frame(unsigned type, uint32_t body_bytes) {
    const uint8_t head[4] = {(uint8_t) type, (uint8_t) (body_bytes >> 16), (uint8_t) (body_bytes >> 8), (uint8_t) body_bytes};
    append(head, sizeof head);
    for (uint32_t i = 0; i < body_bytes; i++)
        stream[stream_bytes++] = (uint8_t) (i * 7 + type);
}

static void append_chunk(fr_chunk_index chunk, uint32_t chunk_size) {
    uint8_t head[FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES];
    append(head, fr_chunk_head_encode(chunk, chunk_size, head));
    for (uint32_t i = 0; i < chunk_size; i++)
        stream[stream_bytes++] = (uint8_t) (i * 5 + chunk);
}

static uint32_t sum_of(const uint8_t *bytes, size_t count) {
    uint32_t sum = 17;
    for (size_t i = 0; i < count; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static void note(struct record *record, const char *word, unsigned a, unsigned b, uint32_t sum) {
    char line[96];
    size_t count = (size_t) snprintf(line, sizeof line, "%s %u %u %08x\n", word, a, b, sum);
    record->text = realloc(record->text, record->count + count + 1);
    assert_non_null(record->text);
    memcpy(record->text + record->count, line, count + 1);
    record->count += count;
}

static void take_event(struct fr_reader *reader, enum fr_reader_event event, struct record *record) {
    struct fr_buffer *buffer;
    switch (event) {
    case FR_READER_MORE: return;
    case FR_READER_FRAME:
        note(record, fr_frame_name(reader->type), reader->body_bytes, 0, sum_of(reader->body, reader->body_bytes));
        return;
    case FR_READER_CHUNK_BEGIN:
        assert_int_equal(reader->type, FR_FRAME_CHUNK);
        note(record, "begin", reader->chunk, reader->chunk_size, 0);
        assert_true(fr_reader_is_waiting(reader));
        uint8_t *at;
        size_t room;
        fr_reader_space(reader, &at, &room);
        assert_int_equal(room, 0);
        assert_int_equal(fr_reader_advance(reader, 0), FR_READER_MORE);
        buffer = fr_buffer_new(reader->chunk_size + 3); /* larger than needed: its size must not matter */
        assert_non_null(buffer);
        fr_reader_give(reader, buffer);
        assert_false(fr_reader_is_waiting(reader));
        return;
    case FR_READER_CHUNK_END:
        buffer = fr_reader_take(reader);
        assert_int_equal(buffer->bytes, reader->chunk_size);
        note(record, "end", reader->chunk, buffer->bytes, sum_of(buffer->data, buffer->bytes));
        fr_buffer_unref(buffer);
        return;
    case FR_READER_BAD: note(record, reader->bad_why, 0, 0, 0); return;
    }
}

/* Feeds the stream in pieces of at most piece_max bytes (random: 1 .. piece_max), and tells what came out. */
static struct record read_stream(size_t piece_max, struct fr_prng *prng) {
    struct record record = {0};
    struct fr_reader reader;
    fr_reader_init(&reader);
    size_t at = 0;
    while (at < stream_bytes) {
        size_t piece = prng != NULL ? 1 + (size_t) fr_prng_below(prng, piece_max) : piece_max;
        piece = piece < stream_bytes - at ? piece : stream_bytes - at;
        while (piece > 0) {
            uint8_t *place;
            size_t room;
            fr_reader_space(&reader, &place, &room);
            assert_true(room > 0);
            size_t n = piece < room ? piece : room;
            memcpy(place, stream + at, n);
            at += n;
            piece -= n;
            enum fr_reader_event event = fr_reader_advance(&reader, n);
            take_event(&reader, event, &record);
            if (event == FR_READER_BAD)
                goto out;
        }
    }
out:
    fr_reader_done(&reader);
    return record;
}

static void check_all_cuts(void) {
    struct record whole = read_stream(STREAM_MAX, NULL);
    struct record single = read_stream(1, NULL);
    assert_string_equal(whole.text, single.text);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static const size_t piece_max[] = {2, 3, 5, 9, 64, 1000, 20000};
        struct fr_prng prng;
        fr_prng_init(&prng, seed);
        struct record pieces = read_stream(piece_max[seed % 7], &prng);
        assert_string_equal(whole.text, pieces.text);
        free(pieces.text);
    }
    free(single.text);
    free(whole.text);
}

static void a_talk_reads_the_same_however_it_is_cut(void **state) {
    (void) state;
    stream_bytes = 0;
    append_frame(FR_FRAME_HELLO, 20);
    append_frame(FR_FRAME_OPEN, 700);
    append_frame(FR_FRAME_PING, 0);
    append_frame(FR_FRAME_PONG, 0);
    append_frame(FR_FRAME_PAGE, 1100);
    append_chunk(0, 16384);
    append_chunk(FR_CHUNKS_MAX - 1, 1);
    append_frame(FR_FRAME_HAVE, 3);
    append_chunk(7, 3000);
    append_chunk(8, 2);
    append_frame(FR_FRAME_HAVE, 255);
    append_frame(FR_FRAME_HAVE, 256);
    append_frame(FR_FRAME_HAVE, 257);
    append_frame(FR_FRAME_BYE, 3);
    check_all_cuts();
    struct record record = read_stream(STREAM_MAX, NULL);
    assert_memory_equal(record.text, "HELLO 20 0 ", 11);
    assert_non_null(strstr(record.text, "\nPING 0 0 "));
    assert_non_null(strstr(record.text, "\nbegin 1048575 1 "));
    assert_non_null(strstr(record.text, "\nend 7 3000 "));
    assert_non_null(strstr(record.text, "\nBYE 3 0 "));
    free(record.text);
}

static void the_largest_frames_are_read(void **state) {
    (void) state;
    stream_bytes = 0;
    append_frame(FR_FRAME_OPEN, FR_FRAME_BODY_MAX);
    append_chunk(3, FR_CHUNK_BYTES_MAX);
    append_chunk(4, FR_CHUNK_BYTES_MAX);
    append_frame(FR_FRAME_PING, 0);
    struct record record = read_stream(70001, NULL);
    assert_non_null(strstr(record.text, "OPEN 65536 0 "));
    assert_non_null(strstr(record.text, "\nend 4 4194304 "));
    assert_non_null(strstr(record.text, "\nPING 0 0 "));
    free(record.text);
}

/* A good frame, then this head: bad at the last of its bytes, and for good. */
static void check_bad(const uint8_t *head, size_t count, const char *why) {
    stream_bytes = 0;
    append_frame(FR_FRAME_HAVE, 5);
    append(head, count);
    append_frame(FR_FRAME_PING, 0);
    check_all_cuts();
    struct fr_reader reader;
    fr_reader_init(&reader);
    enum fr_reader_event event = FR_READER_MORE;
    for (size_t i = 0; i < count; i++) {
        uint8_t *place;
        size_t room;
        assert_int_equal(event, FR_READER_MORE);
        fr_reader_space(&reader, &place, &room);
        assert_true(room > 0);
        *place = head[i];
        event = fr_reader_advance(&reader, 1);
    }
    assert_int_equal(event, FR_READER_BAD);
    assert_string_equal(reader.bad_why, why);
    for (int again = 0; again < 3; again++) {
        uint8_t *place;
        size_t room;
        fr_reader_space(&reader, &place, &room);
        assert_int_equal(room, 0);
        assert_int_equal(fr_reader_advance(&reader, 0), FR_READER_BAD);
        assert_string_equal(reader.bad_why, why);
    }
    fr_reader_done(&reader);
}

static void unknown_types_are_bad(void **state) {
    (void) state;
    const char *why = "a frame of a type that version 1 does not know";
    check_bad((const uint8_t[]){0, 0, 0, 0}, 4, why);
    check_bad((const uint8_t[]){FR_FRAME_TYPE_MAX + 1, 0, 0, 1}, 4, why);
    check_bad((const uint8_t[]){0xff, 0xff, 0xff, 0xff}, 4, why);
    check_bad((const uint8_t[]){'G', 'E', 'T', ' '}, 4, why);
}

static void absurd_lengths_are_bad(void **state) {
    (void) state;
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++) {
        if (type == FR_FRAME_CHUNK)
            continue;
        check_bad((const uint8_t[]){(uint8_t) type, 1, 0, 1}, 4, "a frame longer than any may be");
        check_bad((const uint8_t[]){(uint8_t) type, 0xff, 0xff, 0xff}, 4, "a frame longer than any may be");
    }
    check_bad((const uint8_t[]){FR_FRAME_CHUNK, 0x40, 0, 5}, 4, "a CHUNK frame longer than the largest chunk");
    check_bad((const uint8_t[]){FR_FRAME_CHUNK, 0xff, 0xff, 0xff}, 4, "a CHUNK frame longer than the largest chunk");
}

static void a_chunk_without_bytes_is_bad(void **state) {
    (void) state;
    for (uint32_t length = 0; length <= FR_CHUNK_HEAD_BYTES; length++)
        check_bad((const uint8_t[]){FR_FRAME_CHUNK, 0, 0, (uint8_t) length}, 4, "a CHUNK frame without a byte of a chunk");
}

static void a_chunk_that_no_object_has_is_bad(void **state) {
    (void) state;
    const char *why = "a CHUNK frame with a chunk number that no object has";
    check_bad((const uint8_t[]){FR_FRAME_CHUNK, 0, 0, 5, 0, 0x10, 0, 0}, 8, why);
    check_bad((const uint8_t[]){FR_FRAME_CHUNK, 0, 0, 5, 0xff, 0xff, 0xff, 0xff}, 8, why);
}

static void put(struct fr_reader *reader, const uint8_t *bytes, size_t count, enum fr_reader_event expected) {
    uint8_t *place;
    size_t room;
    fr_reader_space(reader, &place, &room);
    assert_true(room >= count);
    memcpy(place, bytes, count);
    assert_int_equal(fr_reader_advance(reader, count), expected);
}

/* Links close at any moment; what the reader holds then goes with it. Leaks are the sanitizer's to find. */
static void done_frees_what_is_half_read(void **state) {
    (void) state;
    struct fr_reader reader = {0};
    fr_reader_done(NULL);
    fr_reader_done(&reader);
    fr_reader_init(&reader);
    put(&reader, (const uint8_t[]){FR_FRAME_OPEN, 0, 2, 0}, 4, FR_READER_MORE);
    put(&reader, (const uint8_t[]){1, 2, 3}, 3, FR_READER_MORE);
    fr_reader_done(&reader);
    for (uint8_t filled = 0; filled <= 2; filled++) {
        struct fr_buffer *buffer = fr_buffer_new(2);
        fr_buffer_ref(buffer);
        fr_reader_init(&reader);
        put(&reader, (const uint8_t[]){FR_FRAME_CHUNK, 0, 0, 6}, 4, FR_READER_MORE);
        put(&reader, (const uint8_t[]){0, 0, 0, 9}, 4, FR_READER_CHUNK_BEGIN);
        fr_reader_give(&reader, buffer);
        if (filled > 0)
            put(&reader, (const uint8_t[]){1, 2}, filled, filled == 2 ? FR_READER_CHUNK_END : FR_READER_MORE);
        fr_reader_done(&reader);
        assert_int_equal(buffer->refs, 1);
        fr_buffer_unref(buffer);
    }
    fr_reader_done(&reader);
}

static void no_memory_for_a_frame_is_bad(void **state) {
    (void) state;
    struct fr_reader reader;
    fr_reader_init(&reader);
    fr_memory_fail_from(1);
    put(&reader, (const uint8_t[]){FR_FRAME_OPEN, 0, 2, 0}, 4, FR_READER_BAD);
    fr_memory_fail_from(0);
    assert_string_equal(reader.bad_why, "no memory for a frame");
    fr_reader_done(&reader);
    /* Nor when the frame that is there is too small. */
    fr_reader_init(&reader);
    put(&reader, (const uint8_t[]){FR_FRAME_OPEN, 0, 0, 1}, 4, FR_READER_MORE);
    put(&reader, (const uint8_t[]){1}, 1, FR_READER_FRAME);
    fr_memory_fail_from(1);
    put(&reader, (const uint8_t[]){FR_FRAME_OPEN, 0, 1, 1}, 4, FR_READER_BAD);
    fr_memory_fail_from(0);
    fr_reader_done(&reader);
}

static void memory_grows_with_frames_only(void **state) {
    (void) state;
    struct fr_reader reader;
    fr_reader_init(&reader);
    fr_memory_fail_from(0);
    for (int i = 0; i < 1000; i++)
        put(&reader, (const uint8_t[]){FR_FRAME_PING, 0, 0, 0}, 4, FR_READER_FRAME);
    assert_int_equal(fr_memory_count(), 0);
    put(&reader, (const uint8_t[]){FR_FRAME_OPEN, 1, 0, 0}, 4, FR_READER_MORE);
    assert_int_equal(fr_memory_count(), 1);
    assert_true(reader.frame_capacity == FR_FRAME_BODY_MAX);
    fr_reader_done(&reader);
}

static void give_too_small_a_buffer(void *unused) {
    (void) unused;
    struct fr_reader reader;
    fr_reader_init(&reader);
    put(&reader, (const uint8_t[]){FR_FRAME_CHUNK, 0, 0, 6}, 4, FR_READER_MORE);
    put(&reader, (const uint8_t[]){0, 0, 0, 9}, 4, FR_READER_CHUNK_BEGIN);
    fr_reader_give(&reader, fr_buffer_new(1));
}

static void take_before_its_time(void *unused) {
    (void) unused;
    struct fr_reader reader;
    fr_reader_init(&reader);
    fr_reader_take(&reader);
}

static void advance_beyond_the_room(void *unused) {
    (void) unused;
    struct fr_reader reader;
    fr_reader_init(&reader);
    fr_reader_advance(&reader, FR_FRAME_HEAD_BYTES + 1);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(give_too_small_a_buffer, NULL));
    assert_true(fr_test_aborts(take_before_its_time, NULL));
    assert_true(fr_test_aborts(advance_beyond_the_room, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_talk_reads_the_same_however_it_is_cut),
        cmocka_unit_test(the_largest_frames_are_read),
        cmocka_unit_test(unknown_types_are_bad),
        cmocka_unit_test(absurd_lengths_are_bad),
        cmocka_unit_test(a_chunk_without_bytes_is_bad),
        cmocka_unit_test(a_chunk_that_no_object_has_is_bad),
        cmocka_unit_test(done_frees_what_is_half_read),
        cmocka_unit_test(no_memory_for_a_frame_is_bad),
        cmocka_unit_test(memory_grows_with_frames_only),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
