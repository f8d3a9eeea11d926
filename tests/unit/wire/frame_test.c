/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are hardly more than their head, and names. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

static int decode_switch(const uint8_t *body, size_t bytes, void *ret_message) { return fr_switch_decode(body, bytes, ret_message); }

static void empty_frames_are_a_head(void **state) {
    (void) state;
    uint8_t out[FR_FRAME_HEAD_BYTES];
    wire_check_frame(out, fr_empty_encode(FR_FRAME_PING, out, sizeof out), FR_FRAME_PING, "");
    wire_check_frame(out, fr_empty_encode(FR_FRAME_PONG, out, sizeof out), FR_FRAME_PONG, "");
    wire_check_frame(out, fr_empty_encode(FR_FRAME_STATUS_ASK, out, sizeof out), FR_FRAME_STATUS_ASK, "");
}

static void switches_read_back(void **state) {
    (void) state;
    static const enum fr_frame_type types[] = {FR_FRAME_LAG, FR_FRAME_INTEREST, FR_FRAME_PULL};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint8_t out[FR_FRAME_HEAD_BYTES + 1];
        bool is_on = false;
        const uint8_t *body = wire_check_frame(out, fr_switch_encode(types[i], true, out, sizeof out), types[i], "01");
        wire_check_strict(decode_switch, sizeof is_on, body, 1, false);
        assert_int_equal(fr_switch_decode(body, 1, &is_on), 0);
        assert_true(is_on);
        body = wire_check_frame(out, fr_switch_encode(types[i], false, out, sizeof out), types[i], "00");
        assert_int_equal(fr_switch_decode(body, 1, &is_on), 0);
        assert_false(is_on);
    }
}

static void a_switch_is_on_or_off(void **state) {
    (void) state;
    wire_check_refused(decode_switch, sizeof(bool), (const uint8_t[]){2}, 1, FR_E_PROTOCOL);
    wire_check_refused(decode_switch, sizeof(bool), (const uint8_t[]){255}, 1, FR_E_PROTOCOL);
}

static void a_chunk_head_tells_number_and_length(void **state) {
    (void) state;
    uint8_t out[FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES];
    assert_int_equal(fr_chunk_head_encode(0, 1, out), sizeof out);
    assert_memory_equal(out, ((const uint8_t[]){6, 0, 0, 5, 0, 0, 0, 0}), sizeof out);
    assert_int_equal(fr_chunk_head_encode(FR_CHUNKS_MAX - 1, FR_CHUNK_BYTES_MAX, out), sizeof out);
    assert_memory_equal(out, ((const uint8_t[]){6, 0x40, 0, 4, 0, 0x0f, 0xff, 0xff}), sizeof out);
}

static void head_chunk_too_far(void *unused) {
    (void) unused;
    uint8_t out[8];
    fr_chunk_head_encode(FR_CHUNKS_MAX, 1, out);
}

static void head_chunk_empty(void *unused) {
    (void) unused;
    uint8_t out[8];
    fr_chunk_head_encode(0, 0, out);
}

static void head_chunk_too_large(void *unused) {
    (void) unused;
    uint8_t out[8];
    fr_chunk_head_encode(0, FR_CHUNK_BYTES_MAX + 1, out);
}

static void encode_without_room(void *unused) {
    (void) unused;
    uint8_t out[FR_FRAME_HEAD_BYTES - 1];
    fr_empty_encode(FR_FRAME_PING, out, sizeof out);
}

static void encode_the_wrong_type(void *unused) {
    (void) unused;
    uint8_t out[FR_FRAME_HEAD_BYTES + 1];
    fr_switch_encode(FR_FRAME_PING, true, out, sizeof out);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(head_chunk_too_far, NULL));
    assert_true(fr_test_aborts(head_chunk_empty, NULL));
    assert_true(fr_test_aborts(head_chunk_too_large, NULL));
    assert_true(fr_test_aborts(encode_without_room, NULL));
    assert_true(fr_test_aborts(encode_the_wrong_type, NULL));
}

static void frames_have_names(void **state) {
    (void) state;
    assert_string_equal(fr_frame_name(0), "?");
    assert_string_equal(fr_frame_name(FR_FRAME_HELLO), "HELLO");
    assert_string_equal(fr_frame_name(FR_FRAME_CHUNK), "CHUNK");
    assert_string_equal(fr_frame_name(FR_FRAME_STATUS), "STATUS");
    assert_string_equal(fr_frame_name(FR_FRAME_TYPE_MAX + 1), "?");
    assert_string_equal(fr_frame_name(UINT32_MAX), "?");
    for (unsigned a = 1; a <= FR_FRAME_TYPE_MAX; a++)
        for (unsigned b = 1; b < a; b++)
            assert_string_not_equal(fr_frame_name(a), fr_frame_name(b));
}

static void refusals_have_names(void **state) {
    (void) state;
    assert_string_equal(fr_refusal_name(0), "other");
    assert_string_equal(fr_refusal_name(FR_REFUSAL_VERSION), "version");
    assert_string_equal(fr_refusal_name(FR_REFUSAL_UNTRUSTED), "untrusted");
    assert_string_equal(fr_refusal_name(FR_REFUSAL_ENDED), "ended");
    assert_string_equal(fr_refusal_name(FR_REFUSAL_COMPLETE), "complete");
    assert_string_equal(fr_refusal_name(FR_REFUSAL_COMPLETE + 1), "other");
    assert_string_equal(fr_refusal_name(UINT32_MAX), "other");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_frames_are_a_head),       cmocka_unit_test(switches_read_back),
        cmocka_unit_test(a_switch_is_on_or_off),         cmocka_unit_test(a_chunk_head_tells_number_and_length),
        cmocka_unit_test(our_own_mistakes_are_asserted), cmocka_unit_test(frames_have_names),
        cmocka_unit_test(refusals_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
