/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers in few bytes: one way to write each, and no other is read. */
#include <fastreplica/error.h>

#include "support/test.h"
#include "wire/varint.h"

static const struct {
    uint32_t value;
    size_t count;
    uint8_t bytes[FR_VARINT_BYTES_MAX];
} samples[] = {
    {0, 1, {0x00}},
    {1, 1, {0x01}},
    {127, 1, {0x7f}},
    {128, 2, {0x80, 0x01}},
    {300, 2, {0xac, 0x02}},
    {16383, 2, {0xff, 0x7f}},
    {16384, 3, {0x80, 0x80, 0x01}},
    {(1 << 21) - 1, 3, {0xff, 0xff, 0x7f}},
    {1 << 21, 4, {0x80, 0x80, 0x80, 0x01}},
    {(1 << 28) - 1, 4, {0xff, 0xff, 0xff, 0x7f}},
    {1 << 28, 5, {0x80, 0x80, 0x80, 0x80, 0x01}},
    {UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
};

static void every_length_reads_back(void **state) {
    (void) state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        uint8_t out[FR_VARINT_BYTES_MAX];
        uint32_t value = 12345;
        assert_int_equal(fr_varint_encode(samples[i].value, out), samples[i].count);
        assert_memory_equal(out, samples[i].bytes, samples[i].count);
        assert_int_equal(fr_varint_decode(out, samples[i].count, &value), samples[i].count);
        assert_int_equal(value, samples[i].value);
    }
}

static void bytes_behind_it_are_left_alone(void **state) {
    (void) state;
    uint32_t value;
    assert_int_equal(fr_varint_decode((const uint8_t[]){0x81, 0x01, 0xff}, 3, &value), 2);
    assert_int_equal(value, 129);
}

static void expect_refused(const uint8_t *bytes, size_t count) {
    uint32_t value = 12345;
    assert_int_equal(fr_varint_decode(bytes, count, &value), FR_E_PROTOCOL);
    assert_int_equal(value, 12345);
}

static void an_early_end_is_refused(void **state) {
    (void) state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t count = 0; count < samples[i].count; count++)
            expect_refused(samples[i].bytes, count);
}

static void a_longer_way_to_write_it_is_refused(void **state) {
    (void) state;
    expect_refused((const uint8_t[]){0x80, 0x00}, 2);
    expect_refused((const uint8_t[]){0xff, 0x00}, 2);
    expect_refused((const uint8_t[]){0x81, 0x80, 0x80, 0x80, 0x00}, 5);
}

static void what_exceeds_32_bits_is_refused(void **state) {
    (void) state;
    expect_refused((const uint8_t[]){0xff, 0xff, 0xff, 0xff, 0x10}, 5);
    expect_refused((const uint8_t[]){0xff, 0xff, 0xff, 0xff, 0x7f}, 5);
    expect_refused((const uint8_t[]){0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 6);
    expect_refused((const uint8_t[]){0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_reads_back),         cmocka_unit_test(bytes_behind_it_are_left_alone),
        cmocka_unit_test(an_early_end_is_refused),         cmocka_unit_test(a_longer_way_to_write_it_is_refused),
        cmocka_unit_test(what_exceeds_32_bits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
