/* SPDX-License-Identifier: Apache-2.0 */
/* BELOW: bytes as in docs/protocol.md and limits. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

enum {
    LONGEST = 1 + FR_BELOW_MAX * (3 + 1 + 3 + 1)
}; /* the body: groups and chunk counts take three bytes at most, members and entries one */

static int decode_below(const uint8_t *body, size_t bytes, void *ret_message) { return fr_below_decode(body, bytes, ret_message); }

static void check_below(const struct fr_msg_below *below, const uint8_t *body, size_t bytes) {
    struct fr_msg_below again;
    assert_int_equal(fr_below_decode(body, bytes, &again), 0);
    assert_int_equal(again.count, below->count);
    for (uint32_t i = 0; i < below->count; i++) {
        assert_int_equal(again.nodes[i].group, below->nodes[i].group);
        assert_int_equal(again.nodes[i].member, below->nodes[i].member);
        assert_int_equal(again.nodes[i].chunks_have, below->nodes[i].chunks_have);
        assert_int_equal(again.nodes[i].entries_whole, below->nodes[i].entries_whole);
    }
}

static void below_reads_back(void **state) {
    (void) state;
    static const struct {
        struct fr_msg_below below;
        const char *hex;
    } samples[] = {
        {{1, {{0, 0, 0, 0}}}, "01 00 00 00 00"},
        {{1, {{FR_GROUPS_MAX - 1, FR_GROUP_NODES_MAX - 1, FR_CHUNKS_MAX, FR_ENTRIES_MAX}}}, "01 9f8d06 3f 808040 20"},
        {{3, {{127, 1, 127, 0}, {128, 2, 128, 3}, {300, 63, 16384, 0}}}, "03 7f 01 7f 00 8001 02 8001 03 ac02 3f 808001 00"},
        {{2, {{7, 5, 9, 1}, {7, 5, 8, 0}}}, "02 07 05 09 01 07 05 08 00"}, /* one node twice: whoever hears it takes the higher number */
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        uint8_t out[64];
        size_t bytes = fr_below_encode(&samples[i].below, out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_BELOW, samples[i].hex);
        check_below(&samples[i].below, body, bytes - FR_FRAME_HEAD_BYTES);
        wire_check_strict(decode_below, sizeof(struct fr_msg_below), body, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static struct fr_msg_below make_full(void) {
    struct fr_msg_below below = {.count = FR_BELOW_MAX};
    for (uint32_t i = 0; i < FR_BELOW_MAX; i++)
        below.nodes[i] = (struct fr_below){FR_GROUPS_MAX - 1 - i, i % FR_GROUP_NODES_MAX, FR_CHUNKS_MAX - i, i % (FR_ENTRIES_MAX + 1)};
    return below;
}

static void a_full_below_reads_back(void **state) {
    (void) state;
    const struct fr_msg_below below = make_full();
    uint8_t out[FR_FRAME_HEAD_BYTES + LONGEST];
    size_t bytes = fr_below_encode(&below, out, sizeof out);
    assert_int_equal(bytes, sizeof out);
    check_below(&below, out + FR_FRAME_HEAD_BYTES, LONGEST);
    wire_check_strict(decode_below, sizeof below, out + FR_FRAME_HEAD_BYTES, LONGEST, false);
}

/* The count is one byte, and not all of its values are allowed: 201 entries are refused though they are there. */
static void another_count_is_refused(void **state) {
    (void) state;
    uint8_t body[1 + (UINT8_MAX + 1) * 4] = {0};
    struct fr_msg_below below;
    for (unsigned count = 0; count <= UINT8_MAX; count++) {
        body[0] = (uint8_t) count;
        if (count >= 1 && count <= FR_BELOW_MAX) {
            assert_int_equal(fr_below_decode(body, 1 + 4 * (size_t) count, &below), 0);
            assert_int_equal(below.count, count);
            wire_check_refused(decode_below, sizeof below, body, 1 + 4 * ((size_t) count + 1), FR_E_PROTOCOL);
        } else
            wire_check_refused(decode_below, sizeof below, body, 1 + 4 * (size_t) count, FR_E_PROTOCOL);
    }
}

static void a_wrong_below_is_refused(void **state) {
    (void) state;
    static const char *const wrong[] = {
        "",                           /* nothing */
        "01 a08d06 00 00 00",         /* FR_GROUPS_MAX */
        "01 ffffffff0f 00 00 00",     /* the largest number */
        "01 00 40 00 00",             /* FR_GROUP_NODES_MAX */
        "01 00 ffff03 00 00",         /* upstream is not below */
        "01 00 00 818040 00",         /* FR_CHUNKS_MAX + 1 */
        "01 00 00 00 21",             /* FR_ENTRIES_MAX + 1 */
        "02 00 00 00 00 00 40 00 00", /* the second one */
        "01 8000 00 00 00",           /* a varint that is longer than it need be */
        "01 00 8100 00 00",           /* and one that ends in a zero */
        "01 8080808010 00 00 00",     /* and one of 2^32 */
        "01 808080808000 00 00 00",   /* and one of six bytes */
        "02 00 00 00 00",             /* fewer than told */
        "01 00 00 00 00 00 00 00 00", /* more */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t body[16];
        size_t bytes = wire_from_hex(wrong[i], body, sizeof body);
        wire_check_refused(decode_below, sizeof(struct fr_msg_below), body, bytes, FR_E_PROTOCOL);
    }
}

static void encode(void *below) {
    uint8_t out[FR_FRAME_HEAD_BYTES + LONGEST];
    fr_below_encode(below, out, sizeof out);
}

static void encode_without_room(void *below) {
    uint8_t out[FR_FRAME_HEAD_BYTES + LONGEST];
    fr_below_encode(below, out, sizeof out - 1);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    static struct fr_msg_below wrong[] = {
        {.count = 0},
        {.count = FR_BELOW_MAX + 1},
        {.count = 1, .nodes = {{.group = FR_GROUPS_MAX}}},
        {.count = 1, .nodes = {{.member = FR_GROUP_NODES_MAX}}},
        {.count = 1, .nodes = {{.chunks_have = FR_CHUNKS_MAX + 1}}},
        {.count = 1, .nodes = {{.entries_whole = FR_ENTRIES_MAX + 1}}},
        {.count = 2, .nodes = {{.chunks_have = 1}, {.group = UINT32_MAX}}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(fr_test_aborts(encode, &wrong[i]));
    struct fr_msg_below full = make_full();
    assert_false(fr_test_aborts(encode, &full));
    assert_true(fr_test_aborts(encode_without_room, &full));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_reads_back),
        cmocka_unit_test(a_full_below_reads_back),
        cmocka_unit_test(another_count_is_refused),
        cmocka_unit_test(a_wrong_below_is_refused),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
