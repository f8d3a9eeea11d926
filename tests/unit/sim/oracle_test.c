/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of the simulator's judge can fail: each wrong thing by itself is found, and the right things are not. */
#include "sim/oracle.h"

#include "base/time.h"
#include "support/test.h"

enum { MEMBERS = 3, CHUNKS = 4 };

static struct fr_sim_scenario scenario;
static struct fr_sim_object object;
static struct fr_sim_oracle oracle;

static int begin(void **state) {
    (void) state;
    fr_sim_scenario_init(&scenario, 1, MEMBERS, CHUNKS, FR_CHUNK_BYTES_MIN, 0);
    fr_sim_object_init(&object, 1, scenario.object_bytes, scenario.chunk_bytes);
    fr_sim_oracle_init(&oracle, &scenario, &object);
    return 0;
}

static int end(void **state) {
    (void) state;
    fr_sim_oracle_done(&oracle);
    fr_sim_object_done(&object);
    fr_sim_scenario_done(&scenario);
    return 0;
}

static void expect_found(const char *words) {
    assert_true(oracle.is_broken);
    if (strstr(oracle.violation, words) == NULL)
        fail_msg("%s: not about '%s'", oracle.violation, words);
    oracle.is_broken = false;
    oracle.violation[0] = '\0';
}

static void expect_fine(void) {
    if (oracle.is_broken)
        fail_msg("%s", oracle.violation);
}

static void trace(uint32_t by, enum fr_trace_type type, uint32_t member, fr_chunk_index chunk, uint64_t value) {
    struct fr_trace event = {.type = type, .member = member, .chunk = chunk, .value = value};
    fr_sim_oracle_on_trace(&oracle, by, &event);
}

static void store(uint32_t member, fr_chunk_index chunk, bool is_corrupt) {
    struct fr_sim_token token = {chunk, is_corrupt};
    fr_sim_oracle_on_store(&oracle, member, chunk, token, &object.digests[chunk], FR_STORE_OK);
}

static void finish(uint32_t member) {
    struct fr_transfer_view view = {.object_bytes = object.layout.object_bytes, .root = object.root};
    fr_sim_oracle_on_finish(&oracle, member, &view);
}

static void store_all(uint32_t member) {
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        store(member, chunk, false);
}

static void stores_are_judged(void **state) {
    struct fr_sim_token other = {2, 0};
    (void) state;
    store(0, 0, false);
    expect_fine();
    store(0, 0, false);
    expect_found("twice");
    store(0, 1, true);
    expect_found("wrong bytes");
    fr_sim_oracle_on_store(&oracle, 0, 3, other, &object.digests[3], FR_STORE_OK);
    expect_found("wrong bytes");
    fr_sim_oracle_on_store(&oracle, 1, 2, other, &object.digests[3], FR_STORE_BAD_DIGEST);
    expect_found("did not sign");
    fr_sim_oracle_on_store(&oracle, 1, CHUNKS, other, &object.digests[3], FR_STORE_OK);
    expect_found("stores chunk 4 of 4");
    fr_sim_oracle_on_store(&oracle, FR_SIM_ORIGIN, 2, other, &object.digests[2], FR_STORE_OK);
    expect_found("stores chunk");
}

static void counting_is_judged(void **state) {
    (void) state;
    trace(0, FR_TRACE_CHUNK_STORED, 1, 2, 0);
    expect_found("did not");
    store(0, 2, false);
    trace(0, FR_TRACE_CHUNK_STORED, 1, 2, 0);
    expect_fine();
    trace(0, FR_TRACE_CHUNK_STORED, 1, 2, 0);
    expect_found("counts chunk 2 twice");
}

static void only_owners_push(void **state) {
    (void) state;
    store(0, 2, false);
    trace(0, FR_TRACE_CHUNK_SENT, 1, 2, 0);
    expect_found("not its owner");
    fr_sim_oracle_on_send_chunk(&oracle, 0, 1, 2, 1, false);
    expect_found("nobody asked");
    fr_sim_oracle_on_send_chunk(&oracle, 0, 1, 2, 1, true);
    expect_fine();
    trace(FR_SIM_ORIGIN, FR_TRACE_CHUNK_GIVEN, 0, 2, 0);
    trace(0, FR_TRACE_CHUNK_SENT, 1, 2, 0);
    fr_sim_oracle_on_send_chunk(&oracle, 0, 1, 2, 2, false);
    expect_fine();
    trace(0, FR_TRACE_CHUNK_SENT, 1, 2, 2);
    expect_found("as if it were upstream");
    trace(FR_SIM_ORIGIN, FR_TRACE_CHUNK_GIVEN, MEMBERS, 2, 0);
    expect_found("which is none");
}

static void sending_is_judged(void **state) {
    (void) state;
    trace(FR_SIM_ORIGIN, FR_TRACE_CHUNK_GIVEN, 0, 1, 0);
    fr_sim_oracle_on_send_chunk(&oracle, 0, 1, 1, 1, false);
    expect_found("before it has a verified copy");
    store(0, 1, false);
    fr_sim_oracle_on_send_chunk(&oracle, 0, 1, 1, 3, false);
    expect_found("under way on one link");
}

static void being_complete_is_judged(void **state) {
    struct fr_transfer_view other = {.object_bytes = object.layout.object_bytes};
    (void) state;
    store(0, 0, false);
    finish(0);
    expect_found("1 of 4 chunks");
    trace(0, FR_TRACE_COMPLETE, 0, FR_CHUNK_NONE, 0);
    expect_found("says that it is complete");
    trace(FR_SIM_ORIGIN, FR_TRACE_MEMBER_VERDICT, 0, FR_CHUNK_NONE, FR_VERDICT_COMPLETE);
    expect_found("has not got the object");
    store_all(1);
    fr_sim_oracle_on_finish(&oracle, 1, &other);
    expect_found("another object");
    finish(1);
    trace(1, FR_TRACE_COMPLETE, 1, FR_CHUNK_NONE, 0);
    trace(FR_SIM_ORIGIN, FR_TRACE_MEMBER_VERDICT, 1, FR_CHUNK_NONE, FR_VERDICT_COMPLETE);
    expect_fine();
}

static void the_end_is_judged(void **state) {
    struct fr_member_result results[MEMBERS] = {
        {.verdict = FR_VERDICT_COMPLETE}, {.verdict = FR_VERDICT_COMPLETE}, {.verdict = FR_VERDICT_COMPLETE}};
    struct fr_sim_fault kill = {.type = FR_SIM_FAULT_KILL, .host = 3, .until = FR_TIME_NEVER};
    (void) state;
    for (uint32_t member = 0; member < 2; member++) {
        store_all(member);
        finish(member);
    }
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_found("member 2 ended without the object");
    fr_sim_scenario_add_fault(&scenario, &kill); /* now something excuses it */
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_found("member 2 is reported complete");
    results[2].verdict = FR_VERDICT_FAILED;
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_found("without a reason");
    strcpy(results[2].reason, "gone");
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_fine();
    results[1].verdict = FR_VERDICT_FAILED;
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_found("member 1 has the object, and is reported failed");
    results[1].verdict = FR_VERDICT_PENDING;
    fr_sim_oracle_on_end(&oracle, results, false);
    expect_found("no verdict");
    fr_sim_oracle_on_end(&oracle, results, true);
    expect_fine();
    fr_sim_oracle_on_end(&oracle, NULL, false);
    expect_fine();
}

static void being_late_is_judged_once_all_has_healed(void **state) {
    (void) state;
    for (uint32_t member = 0; member < MEMBERS; member++)
        store_all(member);
    oracle.now = 1000 * FR_SECOND;
    finish(0);
    expect_fine(); /* nothing was demanded */
    scenario.heal_at = FR_SECOND;
    finish(1);
    expect_found("has the object only now");
    oracle.now = fr_sim_scenario_finish_max(&scenario);
    finish(2);
    expect_fine();
}

/* Many absences, each too short to be noticed, are an excuse when they follow one another closely. */
static void short_absences_add_up(void **state) {
    struct fr_sim_fault cut = {.type = FR_SIM_FAULT_ISOLATE, .host = 1};
    (void) state;
    for (uint32_t i = 0; i < 8; i++) {
        assert_false(fr_sim_scenario_excuses(&scenario, 1));
        cut.at = i / 4 * 20 * FR_SECOND + i % 4 * FR_SECOND / (i < 4 ? 20 : 1);
        cut.until = cut.at + 900 * FR_MS;
        fr_sim_scenario_add_fault(&scenario, &cut);
    }
    assert_false(fr_sim_scenario_excuses(&scenario, 1)); /* later it takes a silence to be missed */
    for (uint32_t i = 0; i < 4; i++) {
        cut.at = 24 * FR_SECOND + i * FR_SECOND;
        cut.until = cut.at + 900 * FR_MS;
        fr_sim_scenario_add_fault(&scenario, &cut);
    }
    assert_true(fr_sim_scenario_excuses(&scenario, 1));
    assert_false(fr_sim_scenario_excuses(&scenario, 2));
}

static void the_first_finding_stays(void **state) {
    (void) state;
    fr_sim_oracle_fail(&oracle, "first %d", 1);
    fr_sim_oracle_fail(&oracle, "second");
    expect_found("first 1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stores_are_judged, begin, end),
        cmocka_unit_test_setup_teardown(counting_is_judged, begin, end),
        cmocka_unit_test_setup_teardown(only_owners_push, begin, end),
        cmocka_unit_test_setup_teardown(sending_is_judged, begin, end),
        cmocka_unit_test_setup_teardown(being_complete_is_judged, begin, end),
        cmocka_unit_test_setup_teardown(the_end_is_judged, begin, end),
        cmocka_unit_test_setup_teardown(being_late_is_judged_once_all_has_healed, begin, end),
        cmocka_unit_test_setup_teardown(short_absences_add_up, begin, end),
        cmocka_unit_test_setup_teardown(the_first_finding_stays, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
