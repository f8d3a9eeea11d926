/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as JSON and as a Graphviz drawing: every field that was promised, null for what is not known. */
#include "support/test.h"

#include <stdio.h>

#include <jansson.h>

#include <fastreplica/plan.h>

static const struct fr_nodes *make_nodes(void) {
    static char names[3][16] = {"a:7420", "b:7420", "[::1]:7421"}, zones[2][16] = {"ams", "say \"hi\\\""};
    static struct fr_node_spec specs[] = {
        {.address = names[0], .zone = zones[0]},
        {.address = names[1], .zone = zones[0]},
        {.address = names[2], .zone = zones[1]},
    };
    static const struct fr_nodes nodes = {.specs = specs, .count = 3};
    return &nodes;
}

static struct fr_plan_group groups[2];
static uint32_t members[] = {1, 0, 2};

static struct fr_plan make_plan(void) {
    groups[0] = (struct fr_plan_group){
        .first_member = 0, .member_count = 2, .upstream = FR_GROUP_ORIGIN, .subtree_count = 2, .zone = "ams", .finish_seconds = 1.25};
    groups[1] = (struct fr_plan_group){.first_member = 2,
                                       .member_count = 1,
                                       .upstream = 0,
                                       .subtree_count = 1,
                                       .level = 1,
                                       .is_secondary = true,
                                       .zone = "say \"hi\\\"",
                                       .finish_seconds = 2.0000004};
    return (struct fr_plan){.group_count = 2,
                            .groups = groups,
                            .member_count = 3,
                            .members = members,
                            .object_bytes = UINT64_C(1) << 40,
                            .chunk_bytes = 1 << 20,
                            .root_group_count = 1,
                            .level_count = 2,
                            .fanout = 1,
                            .connections_max = 3,
                            .predicted_seconds = 2.0000004,
                            .bound_seconds = 1.5,
                            .shape = FR_SHAPE_CHAIN};
}

static json_t *parse_plan(const struct fr_plan *plan) {
    char *text = fr_plan_json(plan, make_nodes());
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

static long long count_at(const json_t *json, const char *key) { return json_integer_value(at(json, key)); }

static void every_field_is_there(void **state) {
    (void) state;
    struct fr_plan plan = make_plan();
    json_t *json = parse_plan(&plan);
    assert_int_equal(count_at(at(json, "object"), "bytes"), INT64_C(1) << 40);
    assert_int_equal(count_at(at(json, "object"), "chunk_bytes"), 1 << 20);
    assert_int_equal(count_at(json, "nodes"), 3);
    assert_string_equal(json_string_value(at(json, "shape")), "chain");
    assert_int_equal(count_at(json, "fanout"), 1);
    assert_int_equal(count_at(json, "levels"), 2);
    assert_int_equal(count_at(json, "root_groups"), 1);
    assert_int_equal(count_at(json, "connections_max"), 3);
    assert_true(json_real_value(at(json, "predicted_seconds")) == 2.0); /* to the microsecond */
    assert_true(json_real_value(at(json, "bound_seconds")) == 1.5);
    assert_int_equal(json_array_size(at(json, "groups")), 2);
    const json_t *first = json_array_get(at(json, "groups"), 0), *second = json_array_get(at(json, "groups"), 1);
    assert_true(json_is_null(at(first, "upstream")));
    assert_string_equal(json_string_value(at(first, "edge")), "primary");
    assert_string_equal(json_string_value(json_array_get(at(first, "members"), 0)), "b:7420");
    assert_string_equal(json_string_value(json_array_get(at(first, "members"), 1)), "a:7420");
    assert_int_equal(count_at(second, "group"), 1);
    assert_int_equal(count_at(second, "upstream"), 0);
    assert_int_equal(count_at(second, "level"), 1);
    assert_int_equal(count_at(first, "subtree_groups"), 2);
    assert_string_equal(json_string_value(at(second, "edge")), "secondary");
    assert_string_equal(json_string_value(at(second, "zone")), "say \"hi\\\"");
    assert_true(json_real_value(at(first, "predicted_seconds")) == 1.25);
    assert_string_equal(json_string_value(json_array_get(at(second, "members"), 0)), "[::1]:7421");
    json_decref(json);
}

static void what_is_unknown_is_null(void **state) {
    (void) state;
    struct fr_plan plan = make_plan();
    plan.object_bytes = FR_BYTES_UNKNOWN;
    plan.predicted_seconds = plan.bound_seconds = groups[0].finish_seconds = -1;
    json_t *json = parse_plan(&plan);
    assert_true(json_is_null(at(at(json, "object"), "bytes")));
    assert_true(json_is_null(at(json, "predicted_seconds")));
    assert_true(json_is_null(at(json, "bound_seconds")));
    assert_true(json_is_null(at(json_array_get(at(json, "groups"), 0), "predicted_seconds")));
    json_decref(json);
}

static void a_drawing_quotes_what_it_must(void **state) {
    (void) state;
    struct fr_plan plan = make_plan();
    char *text = fr_plan_dot(&plan, make_nodes());
    assert_string_equal(text,
                        "digraph plan {\n"
                        "    node [shape=box];\n"
                        "    origin;\n"
                        "    g0 [label=\"group 0, ams\\nb:7420 and 1 more\\n1.250 s\"];\n"
                        "    origin -> g0 [label=\"primary\"];\n"
                        "    g1 [label=\"group 1, say \\\"hi\\\\\\\"\\n[::1]:7421\\n2.000 s\"];\n"
                        "    g0 -> g1 [label=\"secondary\", style=dashed];\n"
                        "}\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_there),
        cmocka_unit_test(what_is_unknown_is_null),
        cmocka_unit_test(a_drawing_quotes_what_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
