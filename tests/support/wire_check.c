/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of a message asks of its decoder. */
#include "support/wire_check.h"

#include <fastreplica/error.h>

#include "support/test.h"

size_t wire_from_hex(const char *hex, uint8_t *out, size_t capacity) {
    size_t count = 0;
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        char pair[3] = {hex[0], hex[1], '\0'};
        assert_true(count < capacity);
        out[count++] = (uint8_t) strtoul(pair, NULL, 16);
        hex += 2;
    }
    return count;
}

const uint8_t *wire_check_frame(const uint8_t *frame, size_t bytes, enum fr_frame_type type, const char *body_hex) {
    static uint8_t expected[FR_FRAME_BODY_MAX];
    size_t expected_bytes = wire_from_hex(body_hex, expected, sizeof expected);
    assert_true(bytes >= FR_FRAME_HEAD_BYTES);
    assert_int_equal(frame[0], type);
    assert_int_equal(frame[1] << 16 | frame[2] << 8 | frame[3], bytes - FR_FRAME_HEAD_BYTES);
    assert_int_equal(bytes - FR_FRAME_HEAD_BYTES, expected_bytes);
    assert_memory_equal(frame + FR_FRAME_HEAD_BYTES, expected, expected_bytes);
    return frame + FR_FRAME_HEAD_BYTES;
}

static void *copy_exactly(const uint8_t *body, size_t bytes) {
    void *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    if (bytes > 0)
        memcpy(copy, body, bytes);
    return copy;
}

void wire_check_refused(wire_decode *decode, size_t ret_bytes, const uint8_t *body, size_t bytes, int error) {
    uint8_t *copy = copy_exactly(body, bytes);
    uint8_t *message = malloc(ret_bytes);
    uint8_t *before = malloc(ret_bytes);
    assert_non_null(message);
    assert_non_null(before);
    memset(message, 0xa5, ret_bytes);
    memset(before, 0xa5, ret_bytes);
    assert_int_equal(decode(copy, bytes, message), error);
    assert_memory_equal(message, before, ret_bytes);
    free(before);
    free(message);
    free(copy);
}

void wire_check_strict(wire_decode *decode, size_t ret_bytes, const uint8_t *body, size_t bytes, bool is_open) {
    void *message = calloc(1, ret_bytes);
    uint8_t *exact = copy_exactly(body, bytes);
    assert_non_null(message);
    assert_int_equal(decode(exact, bytes, message), 0);
    free(exact);
    for (size_t shorter = 0; shorter < bytes; shorter++)
        wire_check_refused(decode, ret_bytes, body, shorter, FR_E_PROTOCOL);
    uint8_t *longer = malloc(bytes + 1);
    assert_non_null(longer);
    if (bytes > 0)
        memcpy(longer, body, bytes);
    longer[bytes] = 0;
    if (is_open)
        assert_int_equal(decode(longer, bytes + 1, message), 0);
    else
        wire_check_refused(decode, ret_bytes, longer, bytes + 1, FR_E_PROTOCOL);
    free(longer);
    free(message);
}

void wire_check_text(struct fr_text text, const char *expected) {
    assert_int_equal(text.count, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.count);
}

struct fr_text wire_text(const char *text) {
    return (struct fr_text){text, (uint32_t) strlen(text)};
}
