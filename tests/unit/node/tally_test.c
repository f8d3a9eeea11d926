/* SPDX-License-Identifier: Apache-2.0 */
/* The report before, while and after a push: what is not known yet, who is blamed, and that sentences cannot pile up. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/error.h>

#include "base/time.h"
#include "node/tally.h"

static char addresses[2][16] = {"a:1", "b:2"};
static struct fr_node_spec specs[] = {{.address = addresses[0], .zone = (char[]){0}, .up_rate = 100, .down_rate = 100},
                                      {.address = addresses[1], .zone = (char[]){0}, .up_rate = 100, .down_rate = 100}};
static struct fr_nodes nodes = {.specs = specs, .count = 2};
static struct fr_tally *tally;
static struct fr_transfer *transfer;
static struct fr_sign_key *key;

static int set_up(void **state) {
    (void) state;
    static const uint8_t seed[FR_KEY_BYTES] = {1};
    static const struct fr_roster roster = {.member_count = 2, .addresses = {"a:1", "b:2"}};
    static const struct fr_roster *const rosters[] = {&roster};
    const struct fr_opening opening = {.object_bytes = 1000, .chunk_bytes = FR_CHUNK_BYTES_MIN, .name = "x"};
    static uint32_t members[] = {0, 1};
    static struct fr_plan_group group = {.member_count = 2, .upstream = FR_GROUP_ORIGIN};
    static const struct fr_plan plan = {
        .group_count = 1, .groups = &group, .member_count = 2, .members = members, .bound_seconds = -1, .predicted_seconds = -1};
    const struct fr_tally_options options = {
        .object_name = "x", .object_bytes = 1000, .chunk_bytes = FR_CHUNK_BYTES_MIN, .nodes = &nodes, .plan = &plan, .up_rate = 100};
    key = fr_sign_key_new(seed);
    const struct fr_origin_options origin = {.key = key,
                                             .opening = &opening,
                                             .rosters = rosters,
                                             .group_count = 1,
                                             .can_reread = true,
                                             .page_ahead_max = 2,
                                             .timing = fr_timing_default};
    if (fr_tally_new(&options, &tally) || fr_transfer_new_origin(&origin, FR_SECOND, &transfer))
        return -1;
    fr_tally_begin(tally, FR_SECOND);
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    fr_tally_free(tally);
    fr_transfer_free(transfer);
    fr_sign_key_free(key);
    return 0;
}

static void test_nothing_is_known_at_first(void **state) {
    (void) state;
    fr_tally_update(tally, transfer, 0, 3 * FR_SECOND);
    const struct fr_report *report = fr_tally_report(tally);
    assert_true(report->seconds == 2);
    assert_true(report->bound_seconds > 0); /* all rates and the size are known */
    assert_string_equal(report->root, "");
    assert_string_equal(report->nodes[1].name, "b:2");
    for (uint32_t i = 0; i < report->node_count; i++) {
        const struct fr_node_report *node = &report->nodes[i];
        assert_int_equal(node->verdict, FR_VERDICT_PENDING);
        assert_true(node->seconds < 0 && node->first_relay_seconds < 0 && node->last_owned_seconds < 0);
        assert_string_equal(node->reason, "");
    }
    assert_int_equal(fr_report_outcome(report), FR_OUTCOME_RUNNING);
}

static void test_an_end_without_verdicts(void **state) {
    (void) state;
    const struct fr_failure failure = {.error = FR_E_IO, .text = "the disk is gone"};
    fr_tally_update(tally, transfer, 0, 2 * FR_SECOND);
    fr_tally_finish(tally, failure.text, 4 * FR_SECOND);
    fr_tally_fail(tally, &failure);
    const struct fr_report *report = fr_tally_report(tally);
    assert_true(report->seconds == 3);
    assert_int_equal(report->nodes[0].verdict, FR_VERDICT_FAILED);
    assert_string_equal(report->nodes[0].reason, "the disk is gone");
    assert_int_equal(fr_report_outcome(report), FR_OUTCOME_FAILED);
}

static void test_faults(void **state) {
    (void) state;
    char sentence[32];
    const struct fr_report *report = fr_tally_report(tally);
    fr_tally_add_fault(tally, "b:2: lied");
    fr_tally_add_fault(tally, "b:2: lied");
    assert_int_equal(report->fault_count, 1);
    for (int i = 0; i < 1000; i++) {
        snprintf(sentence, sizeof sentence, "fault %d", i);
        fr_tally_add_fault(tally, sentence);
    }
    assert_int_equal(report->fault_count, FR_TALLY_FAULTS_MAX + 1);
    assert_string_equal(report->faults[0], "b:2: lied");
    assert_string_equal(report->faults[FR_TALLY_FAULTS_MAX], "and 901 more that are not listed");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_known_at_first),
        TEST(test_an_end_without_verdicts),
        TEST(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
