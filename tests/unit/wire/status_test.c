/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS: bytes as in docs/protocol.md, limits. */
#include <fastreplica/error.h>

#include "support/test.h"
#include "support/wire_check.h"

#define X16(x) x x x x x x x x x x x x x x x x

static int decode_status(const uint8_t *body, size_t bytes, void *ret_message) { return fr_status_decode(body, bytes, ret_message); }

static uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];

#define AROUND "04 66722031 0000000000000001 0000000000000200 0000000000030000 0000000004000000"
#define ONE "01" X16("44") "03 612f62 0000000000000005 ffffffffffffffff 0000000000000700 01"

static void reads_back(void **state) {
    (void) state;
    struct fr_msg_status status = {
        .agent = {"fr 1", 4},
        .uptime_ns = 1,
        .store_free_bytes = 0x200,
        .completed_count = 0x30000,
        .failed_count = 0x4000000,
        .transfer_count = 1,
    };
    memset(status.transfers[0].transfer_id, 0x44, FR_TRANSFER_ID_BYTES);
    status.transfers[0].name = wire_text("a/b");
    status.transfers[0].bytes_have = 5;
    status.transfers[0].object_bytes = FR_BYTES_UNKNOWN;
    status.transfers[0].elapsed_ns = 0x700;
    status.transfers[0].state = 1;
    struct fr_msg_status again;
    size_t bytes = fr_status_encode(&status, frame, sizeof frame);
    const uint8_t *body = wire_check_frame(frame, bytes, FR_FRAME_STATUS, AROUND ONE);
    assert_int_equal(fr_status_decode(body, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    wire_check_text(again.agent, "fr 1");
    assert_int_equal(again.uptime_ns, 1);
    assert_int_equal(again.store_free_bytes, 0x200);
    assert_int_equal(again.completed_count, 0x30000);
    assert_int_equal(again.failed_count, 0x4000000);
    assert_int_equal(again.transfer_count, 1);
    assert_memory_equal(again.transfers[0].transfer_id, status.transfers[0].transfer_id, FR_TRANSFER_ID_BYTES);
    wire_check_text(again.transfers[0].name, "a/b");
    assert_int_equal(again.transfers[0].bytes_have, 5);
    assert_true(again.transfers[0].object_bytes == FR_BYTES_UNKNOWN);
    assert_int_equal(again.transfers[0].elapsed_ns, 0x700);
    assert_int_equal(again.transfers[0].state, 1);
    wire_check_strict(decode_status, sizeof again, body, bytes - FR_FRAME_HEAD_BYTES, false);
}

static void the_limits_read_back(void **state) {
    (void) state;
    static struct fr_msg_status status, again;
    char text[FR_NAME_BYTES_MAX];
    memset(text, 't', sizeof text);
    status.agent = (struct fr_text){text, FR_AGENT_BYTES_MAX};
    status.uptime_ns = status.store_free_bytes = status.completed_count = status.failed_count = UINT64_MAX;
    status.transfer_count = FR_STATUS_TRANSFERS_MAX;
    for (uint32_t i = 0; i < FR_STATUS_TRANSFERS_MAX; i++)
        status.transfers[i] = (struct fr_status_transfer){
            .name = {text, sizeof text}, .bytes_have = UINT64_MAX, .state = (uint8_t) (i % 3)};
    size_t bytes = fr_status_encode(&status, frame, sizeof frame);
    assert_int_equal(fr_status_decode(frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.transfer_count, FR_STATUS_TRANSFERS_MAX);
    for (uint32_t i = 0; i < FR_STATUS_TRANSFERS_MAX; i++) {
        assert_int_equal(again.transfers[i].name.count, sizeof text);
        assert_int_equal(again.transfers[i].state, i % 3);
    }
    status = (struct fr_msg_status){.transfer_count = 0};
    bytes = fr_status_encode(&status, frame, sizeof frame);
    assert_int_equal(fr_status_decode(frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &again), 0);
    assert_int_equal(again.transfer_count, 0);
    assert_int_equal(again.agent.count, 0);
}

static void expect_refused(const char *hex) {
    uint8_t body[512];
    size_t bytes = wire_from_hex(hex, body, sizeof body);
    wire_check_refused(decode_status, sizeof(struct fr_msg_status), body, bytes, FR_E_PROTOCOL);
}

static void what_is_wrong_is_refused(void **state) {
    (void) state;
    expect_refused(AROUND "01" X16("44") "03 612f62 0000000000000005 0000000000000006 0000000000000700 03"); /* a state that is none */
    expect_refused(AROUND "01" X16("44") "03 610a62 0000000000000005 0000000000000006 0000000000000700 00"); /* a newline */
    expect_refused(AROUND "02" X16("44") "03 612f62 0000000000000005 0000000000000006 0000000000000700 00"); /* a second is missing */
    expect_refused(AROUND "00" X16("44") "03 612f62 0000000000000005 0000000000000006 0000000000000700 00"); /* none was told */
    expect_refused("04 667203a1 0000000000000001 0000000000000200 0000000000030000 0000000004000000 00");    /* agent: no UTF-8 */
}

static void more_transfers_than_a_frame_may_hold_are_refused(void **state) {
    (void) state;
    const size_t around = 1 + 8 * 4 + 1, each = 16 + 1 + 24 + 1;
    memset(frame, 0, sizeof frame);
    frame[around - 1] = FR_STATUS_TRANSFERS_MAX;
    static struct fr_msg_status status;
    assert_int_equal(fr_status_decode(frame, around + each * FR_STATUS_TRANSFERS_MAX, &status), 0);
    frame[around - 1]++;
    wire_check_refused(decode_status, sizeof status, frame, around + each * (FR_STATUS_TRANSFERS_MAX + 1), FR_E_PROTOCOL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(the_limits_read_back),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(more_transfers_than_a_frame_may_hold_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
