/* SPDX-License-Identifier: Apache-2.0 */
/* HAVE, REACHED, WANT, MISSING, COMING: ranges sorted, disjoint, not touching, inside the largest object. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

static const enum fr_frame_type plain_types[] = {FR_FRAME_REACHED, FR_FRAME_WANT, FR_FRAME_MISSING, FR_FRAME_COMING};

static int decode_have(const uint8_t *body, size_t bytes, void *ret_message) {
    return fr_ranges_decode(FR_FRAME_HAVE, body, bytes, ret_message);
}

static int decode_want(const uint8_t *body, size_t bytes, void *ret_message) {
    return fr_ranges_decode(FR_FRAME_WANT, body, bytes, ret_message);
}

static void check_equal(const struct fr_msg_ranges *a, const struct fr_msg_ranges *b) {
    assert_int_equal(a->pages_known, b->pages_known);
    assert_int_equal(a->range_count, b->range_count);
    assert_memory_equal(a->ranges, b->ranges, a->range_count * sizeof *a->ranges);
}

static void reads_back(void **state) {
    (void) state;
    struct fr_msg_ranges ranges = {.range_count = 3, .ranges = {{0, 1}, {2, 300}, {1000, 1}}};
    uint8_t out[64];
    for (size_t i = 0; i < sizeof plain_types / sizeof *plain_types; i++) {
        struct fr_msg_ranges again;
        size_t bytes = fr_ranges_encode(plain_types[i], &ranges, out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, plain_types[i], "03 00 01 01 ac02 ba05 01");
        assert_int_equal(fr_ranges_decode(plain_types[i], body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        check_equal(&again, &ranges);
    }
    wire_check_strict(decode_want, sizeof ranges, out + FR_FRAME_HEAD_BYTES, 9, false);
}

static void have_tells_the_pages_known_too(void **state) {
    (void) state;
    struct fr_msg_ranges ranges = {.pages_known = 200, .range_count = 1, .ranges = {{5, 2}}};
    struct fr_msg_ranges again;
    uint8_t out[64];
    size_t bytes = fr_ranges_encode(FR_FRAME_HAVE, &ranges, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_HAVE, "c801 01 05 02");
    assert_int_equal(fr_ranges_decode(FR_FRAME_HAVE, body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    check_equal(&again, &ranges);
    wire_check_strict(decode_have, sizeof ranges, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void check_round_trip(enum fr_frame_type type, const struct fr_msg_ranges *ranges) {
    static uint8_t out[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
    struct fr_msg_ranges again;
    size_t bytes = fr_ranges_encode(type, ranges, out, sizeof out);
    assert_int_equal(fr_ranges_decode(type, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    check_equal(&again, ranges);
}

static void the_limits_read_back(void **state) {
    (void) state;
    struct fr_msg_ranges ranges = {.range_count = 0};
    check_round_trip(FR_FRAME_WANT, &ranges);
    check_round_trip(FR_FRAME_HAVE, &ranges);
    ranges = (struct fr_msg_ranges){.pages_known = FR_PAGES_MAX, .range_count = 1, .ranges = {{0, FR_CHUNKS_MAX}}};
    check_round_trip(FR_FRAME_HAVE, &ranges);
    ranges = (struct fr_msg_ranges){.range_count = 2, .ranges = {{0, 1}, {FR_CHUNKS_MAX - 1, 1}}};
    check_round_trip(FR_FRAME_MISSING, &ranges);
    ranges.range_count = FR_RANGES_MAX;
    for (uint32_t i = 0; i < FR_RANGES_MAX; i++)
        ranges.ranges[i] = (struct fr_range){i * (FR_CHUNKS_MAX / FR_RANGES_MAX), FR_CHUNKS_MAX / FR_RANGES_MAX - 1};
    check_round_trip(FR_FRAME_REACHED, &ranges);
}

static void expect_refused(wire_decode *decode, const char *hex) {
    uint8_t body[64];
    size_t bytes = wire_from_hex(hex, body, sizeof body);
    wire_check_refused(decode, sizeof(struct fr_msg_ranges), body, bytes, FR_E_PROTOCOL);
}

static void what_is_wrong_is_refused(void **state) {
    (void) state;
    expect_refused(decode_want, "");
    expect_refused(decode_want, "02 00 01 00 01");                 /* touching the one before */
    expect_refused(decode_want, "01 00 00");                       /* an empty range */
    expect_refused(decode_want, "02 00 01 01 00");                 /* a second one empty */
    expect_refused(decode_want, "01 808040 01");                   /* begins at FR_CHUNKS_MAX */
    expect_refused(decode_want, "01 ffff3f 02");                   /* ends beyond it */
    expect_refused(decode_want, "01 00 818040");                   /* longer than any object */
    expect_refused(decode_want, "02 00 808040 01 01");             /* nothing can follow the last chunk */
    expect_refused(decode_want, "01 ffffffff0f 01");               /* begins where 32 bits end */
    expect_refused(decode_want, "01 01 ffffffff0f");               /* would wrap around */
    expect_refused(decode_want, "02 00 01 ffffffff0f ffffffff0f"); /* the same behind another */
    expect_refused(decode_want, "02 00 01 feffffff0f 01");         /* would wrap to the front: unsorted */
    expect_refused(decode_want, "01 8000 01");                     /* a number written in more bytes than it needs */
    expect_refused(decode_want, "02 00 01");                       /* fewer ranges than told */
    expect_refused(decode_want, "00 00 01");                       /* more */
    expect_refused(decode_have, "818020 00");                      /* more pages than any object has */
    expect_refused(decode_have, "01");                             /* no ranges at all */
}

static void more_ranges_than_a_frame_may_hold_are_refused(void **state) {
    (void) state;
    uint8_t body[2 + 2 * (FR_RANGES_MAX + 1)];
    memset(body, 1, sizeof body);
    body[0] = 0x80 | ((FR_RANGES_MAX + 1) & 0x7f);
    body[1] = (FR_RANGES_MAX + 1) >> 7;
    wire_check_refused(decode_want, sizeof(struct fr_msg_ranges), body, sizeof body, FR_E_PROTOCOL);
    body[0] = 0x80 | (FR_RANGES_MAX & 0x7f);
    body[1] = FR_RANGES_MAX >> 7;
    struct fr_msg_ranges ranges;
    assert_int_equal(decode_want(body, sizeof body - 2, &ranges), 0);
    assert_int_equal(ranges.range_count, FR_RANGES_MAX);
}

static void encode(const struct fr_msg_ranges *ranges) {
    uint8_t out[64];
    fr_ranges_encode(FR_FRAME_WANT, ranges, out, sizeof out);
}

static void encode_touching(void *unused) {
    (void) unused;
    encode(&(const struct fr_msg_ranges){.range_count = 2, .ranges = {{0, 2}, {2, 1}}});
}

static void encode_unsorted(void *unused) {
    (void) unused;
    encode(&(const struct fr_msg_ranges){.range_count = 2, .ranges = {{5, 2}, {2, 1}}});
}

static void encode_empty_range(void *unused) {
    (void) unused;
    encode(&(const struct fr_msg_ranges){.range_count = 1, .ranges = {{5, 0}}});
}

static void encode_overflow(void *unused) {
    (void) unused;
    encode(&(const struct fr_msg_ranges){.range_count = 1, .ranges = {{5, UINT32_MAX - 2}}});
}

static void encode_pages_in_want(void *unused) {
    (void) unused;
    encode(&(const struct fr_msg_ranges){.pages_known = 1});
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_touching, NULL));
    assert_true(fr_test_aborts(encode_unsorted, NULL));
    assert_true(fr_test_aborts(encode_empty_range, NULL));
    assert_true(fr_test_aborts(encode_overflow, NULL));
    assert_true(fr_test_aborts(encode_pages_in_want, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(have_tells_the_pages_known_too),
        cmocka_unit_test(the_limits_read_back),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(more_ranges_than_a_frame_may_hold_are_refused),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
