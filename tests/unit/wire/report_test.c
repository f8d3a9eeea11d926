/* SPDX-License-Identifier: Apache-2.0 */
/* PROGRESS, DONE, FAULT, RESULT: bytes as in docs/protocol.md and limits. BELOW is in below_test.c. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

static int decode_progress(const uint8_t *body, size_t bytes, void *ret_message) { return fr_progress_decode(body, bytes, ret_message); }

static int decode_done(const uint8_t *body, size_t bytes, void *ret_message) { return fr_done_decode(body, bytes, ret_message); }

static int decode_fault(const uint8_t *body, size_t bytes, void *ret_message) { return fr_fault_decode(body, bytes, ret_message); }

static int decode_result(const uint8_t *body, size_t bytes, void *ret_message) { return fr_result_decode(body, bytes, ret_message); }

static const struct fr_member_figures figures = {
    .bytes_from_upstream = 1,
    .bytes_from_peers = 0x0200,
    .bytes_relayed = 0x030000,
    .first_relay_ns = 0x04000000,
    .last_owned_ns = 0x0500000000,
    .chunks_have = 6,
    .chunks_owned = 0x0700,
    .chunks_bad = 0x080000,
    .entries_whole = 9,
};
#define FIGURES                                                                            \
    "0000000000000001 0000000000000200 0000000000030000 0000000004000000 0000000500000000" \
    "00000006 00000700 00080000 00000009"

static void check_figures(const struct fr_member_figures *a, const struct fr_member_figures *b) {
    assert_true(a->bytes_from_upstream == b->bytes_from_upstream);
    assert_true(a->bytes_from_peers == b->bytes_from_peers);
    assert_true(a->bytes_relayed == b->bytes_relayed);
    assert_true(a->first_relay_ns == b->first_relay_ns);
    assert_true(a->last_owned_ns == b->last_owned_ns);
    assert_int_equal(a->chunks_have, b->chunks_have);
    assert_int_equal(a->chunks_owned, b->chunks_owned);
    assert_int_equal(a->chunks_bad, b->chunks_bad);
    assert_int_equal(a->entries_whole, b->entries_whole);
}

static void progress_reads_back(void **state) {
    (void) state;
    uint8_t out[128];
    struct fr_member_figures again;
    size_t bytes = fr_progress_encode(&figures, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_PROGRESS, FIGURES);
    assert_int_equal(fr_progress_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    check_figures(&again, &figures);
    wire_check_strict(decode_progress, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void progress_at_its_limits_reads_back(void **state) {
    (void) state;
    uint8_t out[128];
    struct fr_member_figures most, again;
    memset(&most, 0xff, sizeof most);
    most.chunks_have = FR_CHUNKS_MAX;
    most.entries_whole = FR_ENTRIES_MAX;
    size_t bytes = fr_progress_encode(&most, out, sizeof out);
    assert_int_equal(fr_progress_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    check_figures(&again, &most);
    out[FR_FRAME_HEAD_BYTES + 52 + 3] = FR_ENTRIES_MAX + 1;
    wire_check_refused(decode_progress, sizeof again, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, FR_E_PROTOCOL);
    out[FR_FRAME_HEAD_BYTES + 52 + 3] = FR_ENTRIES_MAX;
    out[FR_FRAME_HEAD_BYTES + 40 + 3] = 1; /* FR_CHUNKS_MAX + 1 chunks */
    wire_check_refused(decode_progress, sizeof again, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, FR_E_PROTOCOL);
}

static void done_reads_back(void **state) {
    (void) state;
    const struct fr_msg_done done = {FR_VERDICT_FAILED, 0x0908, figures, {"no space", 8}};
    uint8_t out[512];
    struct fr_msg_done again;
    size_t bytes = fr_done_encode(&done, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_DONE, "03 0000000000000908" FIGURES "0008 6e6f207370616365");
    assert_int_equal(fr_done_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.verdict, FR_VERDICT_FAILED);
    assert_int_equal(again.elapsed_ns, 0x0908);
    check_figures(&again.figures, &figures);
    wire_check_text(again.text, "no space");
    wire_check_strict(decode_done, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void done_tells_complete_or_failed_only(void **state) {
    (void) state;
    const struct fr_msg_done done = {FR_VERDICT_COMPLETE, UINT64_MAX, figures, {NULL, 0}};
    uint8_t out[512];
    struct fr_msg_done again;
    size_t bytes = fr_done_encode(&done, out, sizeof out);
    for (unsigned verdict = 0; verdict < 256; verdict++) {
        out[FR_FRAME_HEAD_BYTES] = (uint8_t) verdict;
        if (verdict != FR_VERDICT_COMPLETE && verdict != FR_VERDICT_FAILED) {
            wire_check_refused(decode_done, sizeof again, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, FR_E_PROTOCOL);
            continue;
        }
        assert_int_equal(fr_done_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        assert_int_equal(again.verdict, verdict);
        assert_int_equal(again.text.count, 0);
    }
}

static void fault_reads_back(void **state) {
    (void) state;
    const struct fr_msg_fault samples[] = {
        {0, 0, 0, {"", 0}},
        {FR_GROUPS_MAX - 1, FR_GROUP_NODES_MAX - 1, FR_CHUNKS_MAX - 1, {"wrong bytes", 11}},
        {3, FR_MEMBER_UPSTREAM, FR_CHUNK_NONE, {"sent a page twice", 17}},
    };
    static const char *const hex[] = {
        "00000000 0000 00000000 0000",
        "0001869f 003f 000fffff 000b 77726f6e67206279746573",
        "00000003 ffff ffffffff 0011 73656e74206120706167652074776963 65",
    };
    for (size_t i = 0; i < 3; i++) {
        uint8_t out[64];
        struct fr_msg_fault again;
        size_t bytes = fr_fault_encode(&samples[i], out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_FAULT, hex[i]);
        assert_int_equal(fr_fault_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
        assert_int_equal(again.group, samples[i].group);
        assert_int_equal(again.member, samples[i].member);
        assert_int_equal(again.chunk, samples[i].chunk);
        wire_check_text(again.text, samples[i].text.bytes);
        wire_check_strict(decode_fault, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static void a_fault_names_a_member_and_a_chunk(void **state) {
    (void) state;
    static const char *const wrong[] = {
        "000186a0 0000 00000000 0000",      /* FR_GROUPS_MAX */
        "00000000 0040 00000000 0000",      /* FR_GROUP_NODES_MAX */
        "00000000 fffe 00000000 0000",      /* below FR_MEMBER_UPSTREAM */
        "00000000 0000 00100000 0000",      /* FR_CHUNKS_MAX */
        "00000000 0000 fffffffe 0000",      /* below FR_CHUNK_NONE */
        "00000000 0000 00000000 0002 c328", /* no UTF-8 */
        "00000000 0000 00000000 0001 7f",   /* a control character */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t body[24];
        size_t bytes = wire_from_hex(wrong[i], body, sizeof body);
        wire_check_refused(decode_fault, sizeof(struct fr_msg_fault), body, bytes, FR_E_PROTOCOL);
    }
}

static void check_result(const struct fr_msg_result *result, const uint8_t *body, size_t bytes) {
    struct fr_msg_result again;
    assert_int_equal(fr_result_decode(body, bytes, &again), 0);
    assert_int_equal(again.group, result->group);
    assert_int_equal(again.member, result->member);
    assert_int_equal(again.verdict, result->verdict);
    assert_true(again.accepted_ago_ns == result->accepted_ago_ns);
    assert_true(again.done_ago_ns == result->done_ago_ns);
    check_figures(&again.figures, &result->figures);
    assert_int_equal(again.text.count, result->text.count);
    assert_memory_equal(again.text.bytes, result->text.bytes, result->text.count);
}

static void result_reads_back(void **state) {
    (void) state;
    const struct fr_msg_result samples[] = {
        {0x0405, 6, FR_VERDICT_FAILED, 0x0908, 0x07, figures, {"no space", 8}},
        {0, 0, FR_VERDICT_COMPLETE, 0, 0, figures, {"", 0}},
        {FR_GROUPS_MAX - 1, FR_GROUP_NODES_MAX - 1, FR_VERDICT_UNREACHABLE, FR_TIME_NEVER, FR_TIME_NEVER - 1, figures, {"gone", 4}},
        {1, 2, FR_VERDICT_REFUSED, FR_TIME_NEVER, FR_TIME_NEVER, figures, {"b\xc3\xa9", 3}},
    };
    static const char *const hex[] = {
        "00000405 0006 03 0000000000000908 0000000000000007" FIGURES "0008 6e6f207370616365",
        "00000000 0000 01 0000000000000000 0000000000000000" FIGURES "0000",
        "0001869f 003f 04 ffffffffffffffff fffffffffffffffe" FIGURES "0004 676f6e65",
        "00000001 0002 05 ffffffffffffffff ffffffffffffffff" FIGURES "0003 62c3a9",
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        uint8_t out[512];
        size_t bytes = fr_result_encode(&samples[i], out, sizeof out);
        const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_RESULT, hex[i]);
        check_result(&samples[i], body, bytes - FR_FRAME_HEAD_BYTES);
        wire_check_strict(decode_result, sizeof(struct fr_msg_result), body, bytes - FR_FRAME_HEAD_BYTES, false);
    }
}

static void result_at_its_limits_reads_back(void **state) {
    (void) state;
    uint8_t out[512];
    char text[FR_REASON_BYTES_MAX];
    struct fr_msg_result most = {FR_GROUPS_MAX - 1, FR_GROUP_NODES_MAX - 1, FR_VERDICT_REFUSED, UINT64_MAX, UINT64_MAX,
                                 figures,           {text, sizeof text}};
    memset(&most.figures, 0xff, sizeof most.figures);
    memset(text, 't', sizeof text);
    most.figures.chunks_have = FR_CHUNKS_MAX;
    most.figures.entries_whole = FR_ENTRIES_MAX;
    size_t bytes = fr_result_encode(&most, out, sizeof out) - FR_FRAME_HEAD_BYTES;
    assert_int_equal(bytes, 4 + 2 + 1 + 8 + 8 + 56 + 2 + FR_REASON_BYTES_MAX);
    check_result(&most, out + FR_FRAME_HEAD_BYTES, bytes);
    out[FR_FRAME_HEAD_BYTES + 23 + 40 + 3] = 1; /* FR_CHUNKS_MAX + 1 chunks */
    wire_check_refused(decode_result, sizeof most, out + FR_FRAME_HEAD_BYTES, bytes, FR_E_PROTOCOL);
}

/* Slow is what the origin finds, and pending is no end. */
static void result_tells_an_end(void **state) {
    (void) state;
    const struct fr_msg_result result = {1, 2, FR_VERDICT_COMPLETE, 3, 4, figures, {NULL, 0}};
    uint8_t out[512], *body = out + FR_FRAME_HEAD_BYTES;
    struct fr_msg_result again;
    size_t bytes = fr_result_encode(&result, out, sizeof out) - FR_FRAME_HEAD_BYTES;
    for (unsigned verdict = 0; verdict < 256; verdict++) {
        body[6] = (uint8_t) verdict;
        if (verdict != FR_VERDICT_COMPLETE && verdict != FR_VERDICT_FAILED && verdict != FR_VERDICT_UNREACHABLE &&
            verdict != FR_VERDICT_REFUSED) {
            wire_check_refused(decode_result, sizeof again, body, bytes, FR_E_PROTOCOL);
            continue;
        }
        assert_int_equal(fr_result_decode(body, bytes, &again), 0);
        assert_int_equal(again.verdict, verdict);
        assert_int_equal(again.text.count, 0);
    }
}

static void a_result_names_a_node(void **state) {
    (void) state;
    static const char *const wrong[] = {
        "000186a0 0000 01 0000000000000000 0000000000000000" FIGURES "0000", /* FR_GROUPS_MAX */
        "ffffffff 0000 01 0000000000000000 0000000000000000" FIGURES "0000",
        "00000000 0040 01 0000000000000000 0000000000000000" FIGURES "0000",      /* FR_GROUP_NODES_MAX */
        "00000000 4000 01 0000000000000000 0000000000000000" FIGURES "0000",      /* a member above */
        "00000000 ffff 01 0000000000000000 0000000000000000" FIGURES "0000",      /* the origin has no result */
        "00000000 0000 03 0000000000000000 0000000000000000" FIGURES "0002 c328", /* no UTF-8 */
        "00000000 0000 03 0000000000000000 0000000000000000" FIGURES "0001 0a",   /* a newline */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t body[128];
        size_t bytes = wire_from_hex(wrong[i], body, sizeof body);
        wire_check_refused(decode_result, sizeof(struct fr_msg_result), body, bytes, FR_E_PROTOCOL);
    }
    uint8_t body[81 + FR_REASON_BYTES_MAX + 1];
    struct fr_msg_result result;
    wire_from_hex("00000000 0000 03 0000000000000000 0000000000000000" FIGURES "012d", body, sizeof body);
    memset(body + 81, 'a', FR_REASON_BYTES_MAX + 1);
    wire_check_refused(decode_result, sizeof result, body, sizeof body, FR_E_PROTOCOL);
    body[80]--;
    assert_int_equal(fr_result_decode(body, sizeof body - 1, &result), 0);
}

/* A reason quotes what a node or the system said: it is cleaned and cut, never our mistake. */
static void a_results_reason_may_be_anything(void **state) {
    (void) state;
    char text[2 * FR_REASON_BYTES_MAX];
    uint8_t out[512];
    struct fr_msg_result again, result = {1, 2, FR_VERDICT_FAILED, 3, 4, figures, {"a\nb\xff", 4}};
    size_t bytes = fr_result_encode(&result, out, sizeof out);
    assert_int_equal(fr_result_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    wire_check_text(again.text, "a?b?");
    memset(text, 'x', sizeof text);
    result.text = (struct fr_text){text, sizeof text};
    bytes = fr_result_encode(&result, out, sizeof out);
    assert_int_equal(fr_result_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.text.count, FR_REASON_BYTES_MAX);
}

static void encode_done_pending(void *unused) {
    (void) unused;
    uint8_t out[512];
    fr_done_encode(&(const struct fr_msg_done){.verdict = FR_VERDICT_PENDING}, out, sizeof out);
}

static void encode_fault_outside(void *unused) {
    (void) unused;
    uint8_t out[512];
    fr_fault_encode(&(const struct fr_msg_fault){.member = FR_GROUP_NODES_MAX}, out, sizeof out);
}

static void encode_fault_of_no_group(void *unused) {
    (void) unused;
    uint8_t out[512];
    fr_fault_encode(&(const struct fr_msg_fault){.group = FR_GROUPS_MAX}, out, sizeof out);
}

static void encode_result(void *result) {
    uint8_t out[512];
    fr_result_encode(result, out, sizeof out);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_done_pending, NULL));
    assert_true(fr_test_aborts(encode_fault_outside, NULL));
    assert_true(fr_test_aborts(encode_fault_of_no_group, NULL));
}

static void our_own_results_name_a_node_and_an_end(void **state) {
    (void) state;
    static struct fr_msg_result right = {.verdict = FR_VERDICT_COMPLETE};
    static struct fr_msg_result wrong[] = {
        {.verdict = FR_VERDICT_PENDING},
        {.verdict = FR_VERDICT_SLOW},
        {.verdict = FR_VERDICT_COMPLETE, .group = FR_GROUPS_MAX},
        {.verdict = FR_VERDICT_COMPLETE, .member = FR_GROUP_NODES_MAX},
        {.verdict = FR_VERDICT_COMPLETE, .member = FR_MEMBER_UPSTREAM},
        {.verdict = FR_VERDICT_COMPLETE, .figures.chunks_have = FR_CHUNKS_MAX + 1},
    };
    assert_false(fr_test_aborts(encode_result, &right));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(fr_test_aborts(encode_result, &wrong[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_reads_back),
        cmocka_unit_test(progress_at_its_limits_reads_back),
        cmocka_unit_test(done_reads_back),
        cmocka_unit_test(done_tells_complete_or_failed_only),
        cmocka_unit_test(fault_reads_back),
        cmocka_unit_test(a_fault_names_a_member_and_a_chunk),
        cmocka_unit_test(result_reads_back),
        cmocka_unit_test(result_at_its_limits_reads_back),
        cmocka_unit_test(result_tells_an_end),
        cmocka_unit_test(a_result_names_a_node),
        cmocka_unit_test(a_results_reason_may_be_anything),
        cmocka_unit_test(our_own_mistakes_are_asserted),
        cmocka_unit_test(our_own_results_name_a_node_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
