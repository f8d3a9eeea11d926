/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN, ACCEPT, reasons and ROSTER: bytes as in docs/protocol.md, limits, and sentences that may be anything. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

#define X8(x) x x x x x x x x
#define X64(x) X8(x) X8(x) X8(x) X8(x) X8(x) X8(x) X8(x) X8(x)

static int decode_open(const uint8_t *body, size_t bytes, void *ret_message) { return fr_open_decode(body, bytes, ret_message); }

static int decode_accept(const uint8_t *body, size_t bytes, void *ret_message) { return fr_accept_decode(body, bytes, ret_message); }

static int decode_reason(const uint8_t *body, size_t bytes, void *ret_message) { return fr_reason_decode(body, bytes, ret_message); }

static int decode_roster_frame(const uint8_t *body, size_t bytes, void *ret_message) {
    return fr_roster_frame_decode(body, bytes, ret_message);
}

static uint8_t blob[FR_ROSTER_BYTES_MAX + 1];
static uint8_t opening_signature[FR_SIGNATURE_BYTES];
static uint8_t roster_signature[FR_SIGNATURE_BYTES];
static uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];

static int set_up(void **state) {
    (void) state;
    memset(blob, 0xb0, sizeof blob);
    memset(opening_signature, 0xa1, sizeof opening_signature);
    memset(roster_signature, 0xa2, sizeof roster_signature);
    return 0;
}

static struct fr_msg_open make_open(uint32_t opening_bytes, uint32_t roster_bytes) {
    return (struct fr_msg_open){
        .from = FR_MEMBER_UPSTREAM,
        .to = 5,
        .opening = blob,
        .opening_bytes = opening_bytes,
        .opening_signature = opening_signature,
        .roster = blob,
        .roster_bytes = roster_bytes,
        .roster_signature = roster_signature,
    };
}

static void check_open(const struct fr_msg_open *open, const uint8_t *body, size_t bytes) {
    struct fr_msg_open again;
    assert_int_equal(fr_open_decode(body, bytes, &again), 0);
    assert_int_equal(again.from, open->from);
    assert_int_equal(again.to, open->to);
    assert_int_equal(again.opening_bytes, open->opening_bytes);
    assert_int_equal(again.roster_bytes, open->roster_bytes);
    assert_memory_equal(again.opening, open->opening, open->opening_bytes);
    assert_memory_equal(again.roster, open->roster, open->roster_bytes);
    assert_memory_equal(again.opening_signature, opening_signature, FR_SIGNATURE_BYTES);
    assert_memory_equal(again.roster_signature, roster_signature, FR_SIGNATURE_BYTES);
}

static void open_reads_back(void **state) {
    (void) state;
    const struct fr_msg_open open = make_open(2, 3);
    size_t bytes = fr_open_encode(&open, frame, sizeof frame);
    const uint8_t *body = wire_check_frame(frame, bytes, FR_FRAME_OPEN, "ffff 0005 0002 b0b0" X64("a1") "0003 b0b0b0" X64("a2"));
    check_open(&open, body, bytes - FR_FRAME_HEAD_BYTES);
    wire_check_strict(decode_open, sizeof open, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void open_at_its_limits_reads_back(void **state) {
    (void) state;
    struct fr_msg_open open = make_open(0, 0);
    size_t bytes = fr_open_encode(&open, frame, sizeof frame);
    check_open(&open, frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES);
    open = make_open(FR_OPENING_BYTES_MAX, FR_ROSTER_BYTES_MAX);
    bytes = fr_open_encode(&open, frame, sizeof frame);
    check_open(&open, frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES);
}

/* Whether a place exists the roster tells, and so not the decoder. */
static void open_comes_from_any_place(void **state) {
    (void) state;
    static const struct {
        uint16_t from, to;
        const char *hex;
    } samples[] = {
        {0, 0, "0000 0000 0000"},
        {FR_GROUP_NODES_MAX - 1, FR_GROUP_NODES_MAX - 1, "003f 003f 0000"},
        {FR_MEMBER_ABOVE, 1, "4000 0001 0000"},
        {FR_MEMBER_ABOVE + FR_GROUP_NODES_MAX - 1, 1, "403f 0001 0000"},
        {FR_MEMBER_UPSTREAM, UINT16_MAX, "ffff ffff 0000"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct fr_msg_open open = make_open(0, 0);
        uint8_t expected[8];
        open.from = samples[i].from;
        open.to = samples[i].to;
        size_t bytes = fr_open_encode(&open, frame, sizeof frame);
        size_t expected_bytes = wire_from_hex(samples[i].hex, expected, sizeof expected);
        assert_memory_equal(frame + FR_FRAME_HEAD_BYTES, expected, expected_bytes);
        check_open(&open, frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES);
    }
}

/* An OPEN whose blobs have these sizes, made without the encoder. */
static size_t write_open(uint8_t *out, size_t opening_bytes, size_t roster_bytes) {
    size_t bytes = 4 + 2 + opening_bytes + 64 + 2 + roster_bytes + 64;
    memset(out, 1, bytes);
    out[4] = (uint8_t) (opening_bytes >> 8);
    out[5] = (uint8_t) opening_bytes;
    out[6 + opening_bytes + 64] = (uint8_t) (roster_bytes >> 8);
    out[6 + opening_bytes + 65] = (uint8_t) roster_bytes;
    return bytes;
}

static void blobs_beyond_their_limits_are_refused(void **state) {
    (void) state;
    struct fr_msg_open open;
    assert_int_equal(fr_open_decode(frame, write_open(frame, FR_OPENING_BYTES_MAX, FR_ROSTER_BYTES_MAX), &open), 0);
    size_t bytes = write_open(frame, FR_OPENING_BYTES_MAX + 1, FR_ROSTER_BYTES_MAX);
    wire_check_refused(decode_open, sizeof open, frame, bytes, FR_E_PROTOCOL);
    bytes = write_open(frame, FR_OPENING_BYTES_MAX, FR_ROSTER_BYTES_MAX + 1);
    wire_check_refused(decode_open, sizeof open, frame, bytes, FR_E_PROTOCOL);
}

static void accept_reads_back(void **state) {
    (void) state;
    static const struct {
        struct fr_msg_accept accept;
        const char *hex;
    } samples[] = {
        {{false, 0}, "00 00"},
        {{true, 300}, "01 ac02"},
        {{false, FR_PAGES_MAX}, "00 808020"},
    };
    for (size_t i = 0; i < 3; i++) {
        uint8_t out[16];
        struct fr_msg_accept again;
        size_t bytes = fr_accept_encode(&samples[i].accept, out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_ACCEPT, samples[i].hex);
        assert_int_equal(fr_accept_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        assert_int_equal(again.is_holding, samples[i].accept.is_holding);
        assert_int_equal(again.pages_known, samples[i].accept.pages_known);
        wire_check_strict(decode_accept, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static void a_wrong_accept_is_refused(void **state) {
    (void) state;
    static const char *const wrong[] = {"02 00", "80 00", "03 00", "00 818020", "00 8000", "00 ffffffff0f"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t body[16];
        size_t bytes = wire_from_hex(wrong[i], body, sizeof body);
        wire_check_refused(decode_accept, sizeof(struct fr_msg_accept), body, bytes, FR_E_PROTOCOL);
    }
}

static void reasons_read_back(void **state) {
    (void) state;
    static const struct {
        enum fr_frame_type type;
        uint8_t code;
        const char *text, *hex;
    } samples[] = {
        {FR_FRAME_REFUSE, FR_REFUSAL_SPACE, "full: 1 \xe2\x82\xac", "05 000b 66756c6c3a203120e282ac"},
        {FR_FRAME_REFUSE, 255, "", "ff 0000"},
        {FR_FRAME_ABORT, 0, "no", "00 0002 6e6f"},
        {FR_FRAME_BYE, 0, "", "00 0000"},
        {FR_FRAME_BYE, 1, "a", "01 0001 61"},
        {FR_FRAME_BYE, 2, "a", "02 0001 61"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct fr_msg_reason reason = {samples[i].code, wire_text(samples[i].text)};
        struct fr_msg_reason again;
        uint8_t out[64];
        size_t bytes = fr_reason_encode(samples[i].type, &reason, out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, samples[i].type, samples[i].hex);
        assert_int_equal(fr_reason_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        assert_int_equal(again.code, samples[i].code);
        wire_check_text(again.text, samples[i].text);
        wire_check_strict(decode_reason, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static void a_text_that_is_not_clean_is_refused(void **state) {
    (void) state;
    static const char *const wrong[] = {
        "01 0001 0a",   "01 0001 00",     "01 0001 ff",       "01 0001 7f",   "01 0002 c280",
        "01 0002 c080", "01 0003 eda080", "01 0004 f4908080", "01 0002 e282",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t body[16];
        size_t bytes = wire_from_hex(wrong[i], body, sizeof body);
        wire_check_refused(decode_reason, sizeof(struct fr_msg_reason), body, bytes, FR_E_PROTOCOL);
    }
    uint8_t body[3 + FR_REASON_BYTES_MAX + 1] = {1, (FR_REASON_BYTES_MAX + 1) >> 8, (FR_REASON_BYTES_MAX + 1) & 0xff};
    memset(body + 3, 'a', FR_REASON_BYTES_MAX + 1);
    wire_check_refused(decode_reason, sizeof(struct fr_msg_reason), body, sizeof body, FR_E_PROTOCOL);
    body[2]--;
    struct fr_msg_reason reason;
    assert_int_equal(fr_reason_decode(body, sizeof body - 1, &reason), 0);
    assert_int_equal(reason.text.count, FR_REASON_BYTES_MAX);
}

static void check_sentence(const char *bytes, size_t count, const char *expected) {
    const struct fr_msg_reason reason = {FR_REFUSAL_STORE, {bytes, (uint32_t) count}};
    struct fr_msg_reason again;
    uint8_t out[FR_FRAME_HEAD_BYTES + 3 + FR_REASON_BYTES_MAX];
    size_t frame_bytes = fr_reason_encode(FR_FRAME_REFUSE, &reason, out, sizeof out);
    assert_int_equal(fr_reason_decode(out + FR_FRAME_HEAD_BYTES, frame_bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    wire_check_text(again.text, expected);
}

static void our_own_sentences_may_be_anything(void **state) {
    (void) state;
    check_sentence("a\nb\xff"
                   "c\0d",
                   7, "a?b?c?d");
    check_sentence("caf\xc3\xa9 \xe2\x82", 8, "caf\xc3\xa9 ??"); /* ends inside a character */
    check_sentence("\xc2\x9b", 2, "??");                         /* a control character of two bytes */
    char text[2 * FR_REASON_BYTES_MAX], expected[FR_REASON_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    memset(expected, 'x', sizeof expected);
    expected[FR_REASON_BYTES_MAX] = '\0';
    check_sentence(text, FR_REASON_BYTES_MAX, expected);
    check_sentence(text, sizeof text, expected);
    text[FR_REASON_BYTES_MAX - 1] = '\xc3'; /* a character across the cut goes as a whole */
    text[FR_REASON_BYTES_MAX] = '\xa9';
    expected[FR_REASON_BYTES_MAX - 1] = '\0';
    check_sentence(text, sizeof text, expected);
}

static void check_roster_frame(uint32_t blob_bytes) {
    const struct fr_msg_roster roster = {blob, blob_bytes, roster_signature};
    struct fr_msg_roster again;
    size_t bytes = fr_roster_frame_encode(&roster, frame, sizeof frame);
    assert_int_equal(bytes, FR_FRAME_HEAD_BYTES + 2 + blob_bytes + FR_SIGNATURE_BYTES);
    assert_int_equal(fr_roster_frame_decode(frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.blob_bytes, blob_bytes);
    assert_ptr_equal(again.blob, frame + FR_FRAME_HEAD_BYTES + 2); /* borrowed: it is passed on as it came */
    assert_memory_equal(again.blob, blob, blob_bytes);
    assert_memory_equal(again.signature, roster_signature, FR_SIGNATURE_BYTES);
}

static void a_roster_frame_reads_back(void **state) {
    (void) state;
    const struct fr_msg_roster roster = {blob, 3, roster_signature};
    size_t bytes = fr_roster_frame_encode(&roster, frame, sizeof frame);
    const uint8_t *body = wire_check_frame(frame, bytes, FR_FRAME_ROSTER, "0003 b0b0b0" X64("a2"));
    wire_check_strict(decode_roster_frame, sizeof roster, body, bytes - FR_FRAME_HEAD_BYTES, false);
    check_roster_frame(0); /* no roster, but a frame: the blob's own decoder refuses it */
    check_roster_frame(3);
    check_roster_frame(FR_ROSTER_BYTES_MAX);
}

static void a_wrong_roster_frame_is_refused(void **state) {
    (void) state;
    uint8_t *body = frame;
    struct fr_msg_roster roster;
    memset(body, 1, 2 + FR_ROSTER_BYTES_MAX + 1 + 64);
    body[0] = (FR_ROSTER_BYTES_MAX >> 8) & 0xff;
    body[1] = 0;
    assert_int_equal(fr_roster_frame_decode(body, 2 + FR_ROSTER_BYTES_MAX + 64, &roster), 0);
    body[1] = 1;
    wire_check_refused(decode_roster_frame, sizeof roster, body, 2 + FR_ROSTER_BYTES_MAX + 1 + 64, FR_E_PROTOCOL);
    body[0] = body[1] = 0xff; /* a length far beyond what is there */
    wire_check_refused(decode_roster_frame, sizeof roster, body, 2 + 64, FR_E_PROTOCOL);
    body[0] = body[1] = 0; /* a signature cut by the blob's length: one byte more or less of either */
    wire_check_refused(decode_roster_frame, sizeof roster, body, 2 + 63, FR_E_PROTOCOL);
    wire_check_refused(decode_roster_frame, sizeof roster, body, 2 + 65, FR_E_PROTOCOL);
    wire_check_refused(decode_roster_frame, sizeof roster, NULL, 0, FR_E_PROTOCOL);
}

static void encode_large_roster_frame(void *unused) {
    (void) unused;
    fr_roster_frame_encode(&(const struct fr_msg_roster){blob, FR_ROSTER_BYTES_MAX + 1, roster_signature}, frame, sizeof frame);
}

static void encode_roster_frame_without_room(void *unused) {
    (void) unused;
    fr_roster_frame_encode(&(const struct fr_msg_roster){blob, 3, roster_signature}, frame, FR_FRAME_HEAD_BYTES + 2 + 3 + 63);
}

static void encode_large_opening(void *unused) {
    (void) unused;
    const struct fr_msg_open open = make_open(FR_OPENING_BYTES_MAX + 1, 0);
    fr_open_encode(&open, frame, sizeof frame);
}

static void encode_refusal_without_code(void *unused) {
    (void) unused;
    fr_reason_encode(FR_FRAME_REFUSE, &(const struct fr_msg_reason){0, {"x", 1}}, frame, sizeof frame);
}

static void encode_bye_with_refusal(void *unused) {
    (void) unused;
    fr_reason_encode(FR_FRAME_BYE, &(const struct fr_msg_reason){3, {"x", 1}}, frame, sizeof frame);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_large_opening, NULL));
    assert_true(fr_test_aborts(encode_large_roster_frame, NULL));
    assert_true(fr_test_aborts(encode_roster_frame_without_room, NULL));
    assert_true(fr_test_aborts(encode_refusal_without_code, NULL));
    assert_true(fr_test_aborts(encode_bye_with_refusal, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_reads_back),
        cmocka_unit_test(open_at_its_limits_reads_back),
        cmocka_unit_test(open_comes_from_any_place),
        cmocka_unit_test(blobs_beyond_their_limits_are_refused),
        cmocka_unit_test(accept_reads_back),
        cmocka_unit_test(a_wrong_accept_is_refused),
        cmocka_unit_test(reasons_read_back),
        cmocka_unit_test(a_text_that_is_not_clean_is_refused),
        cmocka_unit_test(our_own_sentences_may_be_anything),
        cmocka_unit_test(a_roster_frame_reads_back),
        cmocka_unit_test(a_wrong_roster_frame_is_refused),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
