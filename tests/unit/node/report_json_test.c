/* SPDX-License-Identifier: Apache-2.0 */
/* The report as JSON: every field that was promised, null for what is not known, and one word for what the push came to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <fastreplica/observe.h>

static json_t *parse_report(const struct fr_report *report) {
    char *text = fr_report_json(report);
    assert_non_null(text);
    size_t bytes = strlen(text);
    assert_true(bytes > 0 && text[bytes - 1] == '\n');
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    free(text);
    return json;
}

static const json_t *at(const json_t *json, const char *key) {
    const json_t *value = json_object_get(json, key);
    if (!value)
        fail_msg("the field %s is missing", key);
    return value;
}

static struct fr_node_report make_node(const char *name, enum fr_verdict verdict) {
    return (struct fr_node_report){.name = name,
                                   .verdict = verdict,
                                   .reason = "",
                                   .seconds = 1.25,
                                   .bytes_have = 100,
                                   .bytes_from_upstream = 40,
                                   .bytes_from_peers = 60,
                                   .bytes_relayed = 280,
                                   .chunks_owned = 4,
                                   .chunks_bad = 1,
                                   .first_relay_seconds = 0.1,
                                   .last_owned_seconds = 1.0000004};
}

static void every_field_is_there(void **state) {
    (void) state;
    struct fr_node_report nodes[] = {make_node("a:7420", FR_VERDICT_COMPLETE), make_node("[::1]:7421", FR_VERDICT_FAILED)};
    nodes[1].reason = "store /srv: no \"space\"";
    nodes[1].group = 2;
    nodes[1].zone = "ams";
    nodes[1].up_rate = 125000000;
    nodes[1].is_secondary = true;
    const char *faults[] = {"b sent a wrong chunk"};
    struct fr_report report = {.object_name = "d/x.tar",
                               .object_bytes = UINT64_C(1) << 40,
                               .chunk_bytes = 1 << 20,
                               .chunks = 1 << 20,
                               .root = "ab",
                               .sha256 = "cd",
                               .seconds = 12.5,
                               .bound_seconds = 12,
                               .origin_bytes_read = 7,
                               .origin_bytes_sent = 8,
                               .node_count = 2,
                               .nodes = nodes,
                               .fault_count = 1,
                               .faults = faults};
    json_t *json = parse_report(&report);
    const json_t *object = at(json, "object");
    assert_string_equal(json_string_value(at(object, "name")), "d/x.tar");
    assert_int_equal(json_integer_value(at(object, "bytes")), INT64_C(1) << 40);
    assert_int_equal(json_integer_value(at(object, "chunk_bytes")), 1 << 20);
    assert_int_equal(json_integer_value(at(object, "chunks")), 1 << 20);
    assert_string_equal(json_string_value(at(object, "root")), "ab");
    assert_string_equal(json_string_value(at(object, "sha256")), "cd");
    assert_true(json_real_value(at(json, "seconds")) == 12.5);
    assert_true(json_real_value(at(json, "bound_seconds")) == 12.0);
    assert_int_equal(json_integer_value(at(at(json, "origin"), "bytes_read")), 7);
    assert_int_equal(json_integer_value(at(at(json, "origin"), "bytes_sent")), 8);
    assert_string_equal(json_string_value(at(json, "outcome")), "some");
    assert_true(json_is_null(at(json, "failure")));
    assert_string_equal(json_string_value(json_array_get(at(json, "faults"), 0)), "b sent a wrong chunk");
    assert_int_equal(json_array_size(at(json, "nodes")), 2);
    const json_t *node = json_array_get(at(json, "nodes"), 1);
    assert_string_equal(json_string_value(at(node, "name")), "[::1]:7421");
    assert_int_equal(json_integer_value(at(node, "group")), 2);
    assert_string_equal(json_string_value(at(node, "verdict")), "failed");
    assert_string_equal(json_string_value(at(node, "reason")), "store /srv: no \"space\"");
    assert_true(json_real_value(at(node, "seconds")) == 1.25);
    assert_int_equal(json_integer_value(at(node, "bytes_have")), 100);
    assert_int_equal(json_integer_value(at(node, "bytes_from_upstream")), 40);
    assert_int_equal(json_integer_value(at(node, "bytes_from_peers")), 60);
    assert_int_equal(json_integer_value(at(node, "bytes_relayed")), 280);
    assert_int_equal(json_integer_value(at(node, "chunks_owned")), 4);
    assert_int_equal(json_integer_value(at(node, "chunks_bad")), 1);
    assert_true(json_real_value(at(node, "first_relay_seconds")) == 0.1);
    assert_true(json_real_value(at(node, "last_owned_seconds")) == 1.0); /* to the microsecond */
    assert_string_equal(json_string_value(at(node, "zone")), "ams");
    assert_int_equal(json_integer_value(at(node, "up_rate")), 125000000);
    assert_true(json_is_null(at(node, "down_rate")));
    assert_string_equal(json_string_value(at(node, "tier")), "secondary");
    assert_string_equal(json_string_value(at(json_array_get(at(json, "nodes"), 0), "reason")), "");
    assert_string_equal(json_string_value(at(json_array_get(at(json, "nodes"), 0), "tier")), "primary");
    json_decref(json);
}

static void what_is_unknown_is_null(void **state) {
    (void) state;
    struct fr_node_report node = make_node("a:7420", FR_VERDICT_UNREACHABLE);
    node.seconds = node.first_relay_seconds = node.last_owned_seconds = -1;
    node.reason = NULL;
    struct fr_report report = {
        .object_name = "x", .object_bytes = FR_BYTES_UNKNOWN, .seconds = -1, .bound_seconds = -1, .node_count = 1, .nodes = &node};
    json_t *json = parse_report(&report);
    static const char *const object_fields[] = {"bytes", "root", "sha256"};
    for (size_t i = 0; i < 3; i++)
        assert_true(json_is_null(at(at(json, "object"), object_fields[i])));
    assert_true(json_is_null(at(json, "seconds")));
    assert_true(json_is_null(at(json, "bound_seconds")));
    const json_t *first = json_array_get(at(json, "nodes"), 0);
    static const char *const node_fields[] = {"seconds", "first_relay_seconds", "last_owned_seconds", "zone", "up_rate", "down_rate"};
    for (size_t i = 0; i < sizeof node_fields / sizeof *node_fields; i++)
        assert_true(json_is_null(at(first, node_fields[i])));
    assert_string_equal(json_string_value(at(first, "reason")), "");
    assert_string_equal(json_string_value(at(json, "outcome")), "none");
    assert_int_equal(json_array_size(at(json, "faults")), 0);
    json_decref(json);
}

static void bytes_that_are_not_utf8_do_not_break_it(void **state) {
    (void) state;
    struct fr_node_report node = make_node("a:7420", FR_VERDICT_COMPLETE);
    struct fr_report report = {.object_name = "caf\xe9 \"1\"", .node_count = 1, .nodes = &node, .failure = "sch\xc3\xb6n"};
    json_t *json = parse_report(&report);
    assert_string_equal(json_string_value(at(at(json, "object"), "name")), "caf? \"1\"");
    assert_string_equal(json_string_value(at(json, "failure")), "sch\xc3\xb6n");
    assert_string_equal(json_string_value(at(json, "outcome")), "failed");
    json_decref(json);
}

static void the_outcome_follows_the_verdicts(void **state) {
    (void) state;
    static const struct {
        enum fr_verdict first, second;
        const char *failure;
        enum fr_outcome outcome;
    } cases[] = {
        {FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, NULL, FR_OUTCOME_ALL},
        {FR_VERDICT_SLOW, FR_VERDICT_COMPLETE, "", FR_OUTCOME_ALL},
        {FR_VERDICT_COMPLETE, FR_VERDICT_REFUSED, NULL, FR_OUTCOME_SOME},
        {FR_VERDICT_FAILED, FR_VERDICT_SLOW, NULL, FR_OUTCOME_SOME},
        {FR_VERDICT_FAILED, FR_VERDICT_UNREACHABLE, NULL, FR_OUTCOME_NONE},
        {FR_VERDICT_FAILED, FR_VERDICT_PENDING, NULL, FR_OUTCOME_RUNNING},
        {FR_VERDICT_COMPLETE, FR_VERDICT_PENDING, NULL, FR_OUTCOME_RUNNING},
        {FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, "the file changed", FR_OUTCOME_FAILED},
        {FR_VERDICT_PENDING, FR_VERDICT_COMPLETE, "stopped", FR_OUTCOME_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_node_report nodes[] = {make_node("a:1", cases[i].first), make_node("b:1", cases[i].second)};
        struct fr_report report = {.node_count = 2, .nodes = nodes, .failure = cases[i].failure};
        assert_int_equal(fr_report_outcome(&report), cases[i].outcome);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_there),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(bytes_that_are_not_utf8_do_not_break_it),
        cmocka_unit_test(the_outcome_follows_the_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
