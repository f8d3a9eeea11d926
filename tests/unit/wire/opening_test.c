/* SPDX-License-Identifier: Apache-2.0 */
/* The signed blobs: what is pushed, and to whom. */
#include <stdio.h>

#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

#define X8(x) x x x x x x x x
#define X16(x) X8(x) X8(x)
#define X32(x) X16(x) X16(x)

static int decode_opening(const uint8_t *body, size_t bytes, void *ret_message) { return fr_opening_decode(body, bytes, ret_message); }

static int decode_roster(const uint8_t *body, size_t bytes, void *ret_message) { return fr_roster_decode(body, bytes, ret_message); }

static struct fr_opening make_opening(const char *name) {
    struct fr_opening opening = {
        .created_unix_ms = 0x0102,
        .object_bytes = 0x030405,
        .chunk_bytes = 65536,
        .mode = 0644,
    };
    memset(opening.transfer_id, 0x11, sizeof opening.transfer_id);
    memset(opening.origin_key, 0x22, sizeof opening.origin_key);
    snprintf(opening.name, sizeof opening.name, "%s", name);
    return opening;
}

static void check_opening(const struct fr_opening *a, const struct fr_opening *b) {
    assert_memory_equal(a->transfer_id, b->transfer_id, sizeof a->transfer_id);
    assert_memory_equal(a->origin_key, b->origin_key, sizeof a->origin_key);
    assert_true(a->created_unix_ms == b->created_unix_ms);
    assert_true(a->object_bytes == b->object_bytes);
    assert_int_equal(a->chunk_bytes, b->chunk_bytes);
    assert_int_equal(a->mode, b->mode);
    assert_string_equal(a->name, b->name);
}

static void check_opening_round_trip(const struct fr_opening *opening) {
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening again;
    size_t bytes = fr_opening_encode(opening, out, sizeof out);
    assert_int_equal(fr_opening_decode(out, bytes, &again), 0);
    check_opening(&again, opening);
}

static void an_opening_reads_back(void **state) {
    (void) state;
    const struct fr_opening opening = make_opening("a/b.bin");
    uint8_t out[FR_OPENING_BYTES_MAX], expected[FR_OPENING_BYTES_MAX];
    size_t expected_bytes = wire_from_hex(X16("11") X32("22") "0000000000000102 0000000000030405 00010000 01a4 07 612f622e62696e", expected,
                                          sizeof expected);
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), expected_bytes);
    assert_memory_equal(out, expected, expected_bytes);
    check_opening_round_trip(&opening);
    wire_check_strict(decode_opening, sizeof opening, out, expected_bytes, false);
}

static void an_opening_at_its_limits_reads_back(void **state) {
    (void) state;
    char name[FR_NAME_BYTES_MAX + 1];
    memset(name, 'n', FR_NAME_BYTES_MAX);
    name[FR_NAME_BYTES_MAX] = '\0';
    struct fr_opening opening = make_opening(name);
    opening.created_unix_ms = UINT64_MAX;
    opening.object_bytes = FR_BYTES_UNKNOWN;
    opening.chunk_bytes = FR_CHUNK_BYTES_MAX;
    opening.mode = 0777;
    check_opening_round_trip(&opening);
    uint8_t out[FR_OPENING_BYTES_MAX];
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), 326);
    opening = make_opening("x");
    opening.object_bytes = 0;
    opening.chunk_bytes = FR_CHUNK_BYTES_MIN;
    opening.mode = 0;
    check_opening_round_trip(&opening);
    opening.object_bytes = (uint64_t) FR_CHUNKS_MAX * FR_CHUNK_BYTES_MIN;
    check_opening_round_trip(&opening);
}

/* The opening above with some fields replaced, as bytes: sizes and modes that the encoder would not write. */
static void expect_opening_refused(const char *fields_from_object_bytes, int error) {
    uint8_t body[512];
    size_t bytes = wire_from_hex(X16("11") X32("22") "0000000000000102", body, sizeof body);
    bytes += wire_from_hex(fields_from_object_bytes, body + bytes, sizeof body - bytes);
    wire_check_refused(decode_opening, sizeof(struct fr_opening), body, bytes, error);
}

static void a_wrong_opening_is_refused(void **state) {
    (void) state;
    expect_opening_refused("0000000000030405 00010001 01a4 01 61", FR_E_PROTOCOL); /* chunk size: no power of two */
    expect_opening_refused("0000000000030405 00000000 01a4 01 61", FR_E_PROTOCOL); /* none */
    expect_opening_refused("0000000000030405 00002000 01a4 01 61", FR_E_PROTOCOL); /* too small */
    expect_opening_refused("0000000000030405 00800000 01a4 01 61", FR_E_PROTOCOL); /* too large */
    expect_opening_refused("0000000000030405 80000000 01a4 01 61", FR_E_PROTOCOL);
    expect_opening_refused("0000000000030405 00010000 0200 01 61", FR_E_PROTOCOL);                   /* a set-gid bit, or the like */
    expect_opening_refused("0000000000030405 00010000 81a4 01 61", FR_E_PROTOCOL);                   /* a file type */
    expect_opening_refused("0000000400000001 00004000 01a4 01 61", FR_E_LIMIT);                      /* one byte more than 2^20 chunks */
    expect_opening_refused("fffffffffffffffe 00400000 01a4 01 61", FR_E_LIMIT);                      /* all but unknown */
    expect_opening_refused("0000000000030405 00010000 01a4 00", FR_E_NAME);                          /* empty */
    expect_opening_refused("0000000000030405 00010000 01a4 02 2e2e", FR_E_NAME);                     /* .. */
    expect_opening_refused("0000000000030405 00010000 01a4 04 612f2e2e", FR_E_NAME);                 /* a/.. */
    expect_opening_refused("0000000000030405 00010000 01a4 04 2f746d70", FR_E_NAME);                 /* /tmp */
    expect_opening_refused("0000000000030405 00010000 01a4 03 610062", FR_E_NAME);                   /* a NUL inside */
    expect_opening_refused("0000000000030405 00010000 01a4 02 6100", FR_E_NAME);                     /* a NUL at its end */
    expect_opening_refused("0000000000030405 00010000 01a4 02 61ff", FR_E_NAME);                     /* no UTF-8 */
    expect_opening_refused("0000000000030405 00010000 01a4 02 610a", FR_E_NAME);                     /* a newline */
    expect_opening_refused("0000000000030405 00010000 01a4 0c 2e666173747265706c696361", FR_E_NAME); /* .fastreplica */
}

static struct fr_roster *make_roster(uint32_t member_count) {
    struct fr_roster *roster = calloc(1, sizeof *roster);
    assert_non_null(roster);
    memset(roster->transfer_id, 0x33, sizeof roster->transfer_id);
    roster->group_index = 0x0405;
    roster->member_count = member_count;
    return roster;
}

static void a_roster_reads_back(void **state) {
    (void) state;
    struct fr_roster *roster = make_roster(2);
    memcpy(roster->addresses[0], "a:1", 4);
    memcpy(roster->addresses[1], "[::1]:7420", 11);
    uint8_t out[128], expected[128];
    size_t expected_bytes = wire_from_hex(X16("33") "00000405 0002 0003 613a31 000a 5b3a3a315d3a37343230", expected, sizeof expected);
    assert_int_equal(fr_roster_encode(roster, out, sizeof out), expected_bytes);
    assert_memory_equal(out, expected, expected_bytes);
    struct fr_roster *again = make_roster(FR_GROUP_NODES_MAX);
    memset(again->addresses, 'z', sizeof again->addresses);
    assert_int_equal(fr_roster_decode(out, expected_bytes, again), 0);
    assert_memory_equal(again, roster, sizeof *roster); /* what is not used is zeroed, so no old address shines through */
    wire_check_strict(decode_roster, sizeof *roster, out, expected_bytes, false);
    free(again);
    free(roster);
}

static void a_roster_at_its_limits_reads_back(void **state) {
    (void) state;
    static uint8_t out[FR_ROSTER_BYTES_MAX];
    struct fr_roster *roster = make_roster(FR_GROUP_NODES_MAX);
    struct fr_roster *again = make_roster(0);
    roster->group_index = UINT32_MAX;
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++)
        memset(roster->addresses[i], 'a' + (int) (i % 26), FR_ADDRESS_BYTES_MAX);
    size_t bytes = fr_roster_encode(roster, out, sizeof out);
    assert_int_equal(bytes, 16 + 4 + 2 + FR_GROUP_NODES_MAX * (2 + FR_ADDRESS_BYTES_MAX));
    assert_int_equal(fr_roster_decode(out, bytes, again), 0);
    assert_memory_equal(again, roster, sizeof *roster);
    free(again);
    free(roster);
}

static void expect_roster_refused(const char *fields_from_group) {
    uint8_t body[512];
    size_t bytes = wire_from_hex(X16("33"), body, sizeof body);
    bytes += wire_from_hex(fields_from_group, body + bytes, sizeof body - bytes);
    wire_check_refused(decode_roster, sizeof(struct fr_roster), body, bytes, FR_E_PROTOCOL);
}

static void a_wrong_roster_is_refused(void **state) {
    (void) state;
    expect_roster_refused("00000000 0000");                         /* nobody */
    expect_roster_refused("00000000 0001 0000");                    /* an empty address */
    expect_roster_refused("00000000 0001 0003 613a0a");             /* a newline */
    expect_roster_refused("00000000 0001 0003 610031");             /* a NUL */
    expect_roster_refused("00000000 0001 0003 613aff");             /* no UTF-8 */
    expect_roster_refused("00000000 0002 0003 613a31");             /* fewer members than told */
    expect_roster_refused("00000000 0001 0003 613a31 0003 623a32"); /* more */
    expect_roster_refused("00000000 ffff 0003 613a31");
}

static void too_many_or_too_long_are_refused(void **state) {
    (void) state;
    uint8_t body[22 + (FR_GROUP_NODES_MAX + 1) * 3 + FR_ADDRESS_BYTES_MAX] = {0};
    struct fr_roster *roster = make_roster(0);
    body[21] = FR_GROUP_NODES_MAX;
    for (int i = 0; i < FR_GROUP_NODES_MAX + 1; i++)
        memcpy(body + 22 + 3 * i, (const uint8_t[]){0, 1, 'a'}, 3);
    assert_int_equal(fr_roster_decode(body, 22 + 3 * FR_GROUP_NODES_MAX, roster), 0);
    body[21]++;
    wire_check_refused(decode_roster, sizeof *roster, body, 22 + 3 * (FR_GROUP_NODES_MAX + 1), FR_E_PROTOCOL);
    body[21] = 1;
    memset(body + 24, 'a', FR_ADDRESS_BYTES_MAX + 1);
    body[22] = (FR_ADDRESS_BYTES_MAX) >> 8;
    body[23] = (FR_ADDRESS_BYTES_MAX) &0xff;
    assert_int_equal(fr_roster_decode(body, 24 + FR_ADDRESS_BYTES_MAX, roster), 0);
    body[23]++;
    wire_check_refused(decode_roster, sizeof *roster, body, 24 + FR_ADDRESS_BYTES_MAX + 1, FR_E_PROTOCOL);
    free(roster);
}

static void encode_name_outside(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    const struct fr_opening opening = make_opening("../x");
    fr_opening_encode(&opening, out, sizeof out);
}

static void encode_odd_chunk_size(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening opening = make_opening("x");
    opening.chunk_bytes--;
    fr_opening_encode(&opening, out, sizeof out);
}

static void encode_file_type(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening opening = make_opening("x");
    opening.mode = 0100644;
    fr_opening_encode(&opening, out, sizeof out);
}

static void encode_empty_roster(void *unused) {
    (void) unused;
    uint8_t out[64];
    struct fr_roster *roster = make_roster(0);
    fr_roster_encode(roster, out, sizeof out);
    free(roster);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_name_outside, NULL));
    assert_true(fr_test_aborts(encode_odd_chunk_size, NULL));
    assert_true(fr_test_aborts(encode_file_type, NULL));
    assert_true(fr_test_aborts(encode_empty_roster, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opening_reads_back),
        cmocka_unit_test(an_opening_at_its_limits_reads_back),
        cmocka_unit_test(a_wrong_opening_is_refused),
        cmocka_unit_test(a_roster_reads_back),
        cmocka_unit_test(a_roster_at_its_limits_reads_back),
        cmocka_unit_test(a_wrong_roster_is_refused),
        cmocka_unit_test(too_many_or_too_long_are_refused),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
