/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO: bytes as in docs/protocol.md, limits, and room for later versions. */
#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

static int decode_hello(const uint8_t *body, size_t bytes, void *ret_message) { return fr_hello_decode(body, bytes, ret_message); }

static const struct fr_msg_hello plain = {1, 2, 0x0102030405060708, {"fr 1", 4}};
#define PLAIN "46524550 0001 0002 0102030405060708 04 66722031"

static void reads_back(void **state) {
    (void) state;
    uint8_t out[128];
    size_t bytes = fr_hello_encode(&plain, out, sizeof out);
    const uint8_t *body = wire_check_frame(out, bytes, FR_FRAME_HELLO, PLAIN);
    struct fr_msg_hello hello;
    assert_int_equal(fr_hello_decode(body, bytes - FR_FRAME_HEAD_BYTES, &hello), 0);
    assert_int_equal(hello.version_min, 1);
    assert_int_equal(hello.version_max, 2);
    assert_int_equal(hello.features, 0x0102030405060708);
    wire_check_text(hello.agent, "fr 1");
    wire_check_strict(decode_hello, sizeof hello, body, bytes - FR_FRAME_HEAD_BYTES, true);
}

static void the_limits_read_back(void **state) {
    (void) state;
    char agent[FR_AGENT_BYTES_MAX];
    memset(agent, 'a', sizeof agent);
    const struct fr_msg_hello samples[] = {
        {1, 1, 0, {NULL, 0}},
        {UINT16_MAX, UINT16_MAX, UINT64_MAX, {agent, sizeof agent}},
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[128];
        struct fr_msg_hello hello;
        size_t bytes = fr_hello_encode(&samples[i], out, sizeof out);
        assert_int_equal(fr_hello_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &hello), 0);
        assert_int_equal(hello.version_min, samples[i].version_min);
        assert_int_equal(hello.version_max, samples[i].version_max);
        assert_true(hello.features == samples[i].features);
        assert_int_equal(hello.agent.count, samples[i].agent.count);
        wire_check_strict(decode_hello, sizeof hello, out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, true);
    }
}

static void expect_refused(const char *hex) {
    uint8_t body[256];
    size_t bytes = wire_from_hex(hex, body, sizeof body);
    wire_check_refused(decode_hello, sizeof(struct fr_msg_hello), body, bytes, FR_E_PROTOCOL);
}

static void a_body_may_be_longer(void **state) {
    (void) state;
    uint8_t body[64];
    struct fr_msg_hello hello;
    size_t bytes = wire_from_hex(PLAIN "ffffffffff", body, sizeof body);
    assert_int_equal(fr_hello_decode(body, bytes, &hello), 0);
    wire_check_text(hello.agent, "fr 1");
}

static void what_is_wrong_is_refused(void **state) {
    (void) state;
    expect_refused("");
    expect_refused("46524551 0001 0002 0102030405060708 04 66722031"); /* another magic */
    expect_refused("46524550 0000 0002 0102030405060708 04 66722031"); /* version 0 */
    expect_refused("46524550 0003 0002 0102030405060708 04 66722031"); /* lowest above highest */
    expect_refused("46524550 0001 0002 0102030405060708 04 66720a31"); /* a newline in the agent */
    expect_refused("46524550 0001 0002 0102030405060708 04 66720031"); /* a NUL in it */
    expect_refused("46524550 0001 0002 0102030405060708 04 6672c331"); /* no UTF-8 */
    expect_refused("46524550 0001 0002 0102030405060708 04 6672edc3"); /* an early end of a character */
}

static void an_agent_may_not_be_longer(void **state) {
    (void) state;
    uint8_t body[128];
    size_t bytes = wire_from_hex("46524550 0001 0002 0102030405060708 41", body, sizeof body);
    memset(body + bytes, 'a', FR_AGENT_BYTES_MAX + 1);
    wire_check_refused(decode_hello, sizeof(struct fr_msg_hello), body, bytes + FR_AGENT_BYTES_MAX + 1, FR_E_PROTOCOL);
}

static void encode_versions_reversed(void *unused) {
    (void) unused;
    uint8_t out[128];
    fr_hello_encode(&(const struct fr_msg_hello){2, 1, 0, {"x", 1}}, out, sizeof out);
}

static void encode_unclean_agent(void *unused) {
    (void) unused;
    uint8_t out[128];
    fr_hello_encode(&(const struct fr_msg_hello){1, 1, 0, {"\x1b", 1}}, out, sizeof out);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_versions_reversed, NULL));
    assert_true(fr_test_aborts(encode_unclean_agent, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(the_limits_read_back),
        cmocka_unit_test(a_body_may_be_longer),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(an_agent_may_not_be_longer),
        cmocka_unit_test(our_own_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
