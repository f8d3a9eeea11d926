/* SPDX-License-Identifier: Apache-2.0 */
/* PAGE and END: bytes as in docs/protocol.md, limits, and what their signatures cover. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

#define X8(x) x x x x x x x x
#define X32(x) X8(x) X8(x) X8(x) X8(x)

static int decode_page(const uint8_t *body, size_t bytes, void *ret_message) { return fr_page_decode(body, bytes, ret_message); }

static int decode_end(const uint8_t *body, size_t bytes, void *ret_message) { return fr_end_decode(body, bytes, ret_message); }

static uint8_t digests[FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES];
static uint8_t signature[FR_SIGNATURE_BYTES];
static uint8_t transfer_id[FR_TRANSFER_ID_BYTES];

static int set_up(void **state) {
    (void) state;
    for (size_t i = 0; i < sizeof digests; i++)
        digests[i] = (uint8_t) (0x10 + i / FR_DIGEST_BYTES);
    memset(signature, 0xee, sizeof signature);
    memset(transfer_id, 0x77, sizeof transfer_id);
    return 0;
}

static void a_page_reads_back(void **state) {
    (void) state;
    const struct fr_msg_page page = {.page = 0x01020, .count = 2, .digests = digests, .signature = signature};
    uint8_t out[256];
    struct fr_msg_page again;
    size_t bytes = fr_page_encode(&page, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_PAGE, "00001020 02" X32("10") X32("11") X32("ee") X32("ee"));
    assert_int_equal(fr_page_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.page, page.page);
    assert_int_equal(again.count, page.count);
    assert_ptr_equal(again.digests, body + 5);
    assert_ptr_equal(again.signature, body + 5 + 64);
    wire_check_strict(decode_page, sizeof page, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void a_page_at_its_limits_reads_back(void **state) {
    (void) state;
    const struct fr_msg_page samples[] = {
        {.page = 0, .count = 1, .digests = digests, .signature = signature},
        {.page = FR_PAGES_MAX - 1, .count = FR_PAGE_CHUNKS_MAX, .digests = digests, .signature = signature},
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[2048];
        struct fr_msg_page again;
        size_t bytes = fr_page_encode(&samples[i], out, sizeof out);
        assert_int_equal(fr_page_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        assert_int_equal(again.page, samples[i].page);
        assert_int_equal(again.count, samples[i].count);
        assert_memory_equal(again.digests, digests, again.count * (size_t) FR_DIGEST_BYTES);
        assert_memory_equal(again.signature, signature, sizeof signature);
        wire_check_strict(decode_page, sizeof again, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static void a_wrong_page_is_refused(void **state) {
    (void) state;
    uint8_t body[5 + (FR_PAGE_CHUNKS_MAX + 1) * FR_DIGEST_BYTES + FR_SIGNATURE_BYTES] = {0};
    const size_t around = 5 + FR_SIGNATURE_BYTES;
    body[4] = 0; /* no digest */
    wire_check_refused(decode_page, sizeof(struct fr_msg_page), body, around, FR_E_PROTOCOL);
    body[4] = FR_PAGE_CHUNKS_MAX + 1;
    wire_check_refused(decode_page, sizeof(struct fr_msg_page), body, sizeof body, FR_E_PROTOCOL);
    body[4] = 255;
    wire_check_refused(decode_page, sizeof(struct fr_msg_page), body, sizeof body, FR_E_PROTOCOL);
    body[4] = 1;
    body[1] = FR_PAGES_MAX >> 16; /* the first page that no object has */
    wire_check_refused(decode_page, sizeof(struct fr_msg_page), body, around + FR_DIGEST_BYTES, FR_E_PROTOCOL);
    memset(body, 0xff, 4);
    wire_check_refused(decode_page, sizeof(struct fr_msg_page), body, around + FR_DIGEST_BYTES, FR_E_PROTOCOL);
}

static struct fr_msg_end make_end(void) {
    struct fr_msg_end end = {.chunk_count = 3, .object_bytes = 0x8001};
    memset(end.root.bytes, 0xaa, sizeof end.root.bytes);
    memset(end.sha256.bytes, 0xbb, sizeof end.sha256.bytes);
    memset(end.signature, 0xee, sizeof end.signature);
    return end;
}
#define END_FIELDS "00000003 0000000000008001" X32("aa") X32("bb")

static void an_end_reads_back(void **state) {
    (void) state;
    const struct fr_msg_end end = make_end();
    struct fr_msg_end again;
    uint8_t out[256];
    size_t bytes = fr_end_encode(&end, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_END, END_FIELDS X32("ee") X32("ee"));
    assert_int_equal(fr_end_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.chunk_count, end.chunk_count);
    assert_int_equal(again.object_bytes, end.object_bytes);
    assert_memory_equal(&again.root, &end.root, sizeof end.root);
    assert_memory_equal(&again.sha256, &end.sha256, sizeof end.sha256);
    assert_memory_equal(again.signature, end.signature, sizeof end.signature);
    wire_check_strict(decode_end, sizeof end, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void check_end(uint32_t chunk_count, uint64_t object_bytes, bool is_valid) {
    uint8_t body[4 + 8 + 32 + 32 + 64] = {0};
    for (int i = 0; i < 4; i++)
        body[i] = (uint8_t) (chunk_count >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        body[4 + i] = (uint8_t) (object_bytes >> (56 - 8 * i));
    if (!is_valid) {
        wire_check_refused(decode_end, sizeof(struct fr_msg_end), body, sizeof body, FR_E_PROTOCOL);
        return;
    }
    struct fr_msg_end end;
    uint8_t out[256];
    assert_int_equal(fr_end_decode(body, sizeof body, &end), 0);
    assert_int_equal(fr_end_encode(&end, out, sizeof out), FR_FRAME_HEAD_BYTES + sizeof body);
    assert_memory_equal(out + FR_FRAME_HEAD_BYTES, body, sizeof body);
}

static void an_end_says_what_an_object_can_be(void **state) {
    (void) state;
    const uint64_t most = (uint64_t) FR_CHUNKS_MAX * FR_CHUNK_BYTES_MAX;
    check_end(0, 0, true);
    check_end(1, 1, true);
    check_end(FR_CHUNKS_MAX, most, true);
    check_end(FR_CHUNKS_MAX + 1, most, false);
    check_end(UINT32_MAX, most, false);
    check_end(FR_CHUNKS_MAX, most + 1, false);
    check_end(1, FR_BYTES_UNKNOWN, false);
    check_end(0, 1, false);
    check_end(1, 0, false);
}

static void signatures_cover_transfer_and_fields(void **state) {
    (void) state;
    uint8_t out[256], expected[256];
    const struct fr_msg_page page = {.page = 7, .count = 1, .digests = digests, .signature = signature};
    size_t expected_bytes = wire_from_hex(X8("77") X8("77") "00000007 01" X32("10"), expected, sizeof expected);
    assert_int_equal(fr_page_signed_bytes(transfer_id, &page, out, sizeof out), expected_bytes);
    assert_int_equal(expected_bytes, 16 + 5 + 32);
    assert_memory_equal(out, expected, expected_bytes);
    const struct fr_msg_end end = make_end();
    expected_bytes = wire_from_hex(X8("77") X8("77") END_FIELDS, expected, sizeof expected);
    assert_int_equal(fr_end_signed_bytes(transfer_id, &end, out, sizeof out), expected_bytes);
    assert_int_equal(expected_bytes, 16 + 76);
    assert_memory_equal(out, expected, expected_bytes);
}

static void encode_page_without_digests(void *unused) {
    (void) unused;
    uint8_t out[256];
    fr_page_encode(&(const struct fr_msg_page){.page = 0, .count = 0, .digests = digests, .signature = signature}, out, sizeof out);
}

static void encode_page_too_far(void *unused) {
    (void) unused;
    uint8_t out[256];
    fr_page_encode(&(const struct fr_msg_page){FR_PAGES_MAX, 1, digests, signature}, out, sizeof out);
}

static void encode_end_unknown(void *unused) {
    (void) unused;
    uint8_t out[256];
    fr_end_encode(&(const struct fr_msg_end){.chunk_count = 1, .object_bytes = FR_BYTES_UNKNOWN}, out, sizeof out);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_page_without_digests, NULL));
    assert_true(fr_test_aborts(encode_page_too_far, NULL));
    assert_true(fr_test_aborts(encode_end_unknown, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_reads_back),
        cmocka_unit_test(a_page_at_its_limits_reads_back),
        cmocka_unit_test(a_wrong_page_is_refused),
        cmocka_unit_test(an_end_reads_back),
        cmocka_unit_test(an_end_says_what_an_object_can_be),
        cmocka_unit_test(signatures_cover_transfer_and_fields),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
