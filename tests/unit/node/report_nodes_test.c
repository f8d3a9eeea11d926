/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of an earlier report that missed the object, as a node list; and what is no report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fastreplica/observe.h>
#include <fastreplica/plan.h>

#include "support/scratch.h"

static struct fr_reported_object object; /* that the last report told of */

static int begin(void **state) {
    (void) state;
    scratch_init();
    return 0;
}

static int end(void **state) {
    (void) state;
    free(object.name);
    object = (struct fr_reported_object){0};
    scratch_done();
    return 0;
}

static int load(const char *text, struct fr_nodes **nodes, struct fr_failure *failure) {
    const char *path = scratch_path("report.json");
    scratch_put(path, text, strlen(text));
    *failure = (struct fr_failure){0};
    free(object.name);
    object = (struct fr_reported_object){0};
    return fr_nodes_load_missing(path, nodes, &object, failure);
}

/* What the library wrote is read by it: every attribute comes back. */
static void what_was_written_is_read(void **state) {
    (void) state;
    const struct fr_node_report written[] = {
        {.name = "a:7420", .verdict = FR_VERDICT_COMPLETE, .zone = "", .reason = ""},
        {.name = "[::1]:9", .verdict = FR_VERDICT_FAILED, .zone = "ams", .up_rate = 125000000, .down_rate = 1, .is_secondary = true},
        {.name = "b:7420", .verdict = FR_VERDICT_SLOW, .reason = "late"},
        {.name = "c:7420", .verdict = FR_VERDICT_UNREACHABLE, .reason = "no answer"},
        {.name = "d:7420", .verdict = FR_VERDICT_REFUSED, .reason = "full", .down_rate = UINT64_C(1) << 40},
    };
    const struct fr_report report = {.object_name = "x", .entry_count = 8, .node_count = 5, .nodes = written, .failure = "stopped"};
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure;
    char *text = fr_report_json(&report);
    assert_non_null(text);
    assert_int_equal(load(text, &nodes, &failure), 0);
    free(text);
    assert_string_equal(object.name, "x");
    assert_int_equal(object.entry_count, 8);
    assert_int_equal(nodes->count, 3);
    assert_string_equal(nodes->specs[0].address, "[::1]:9");
    assert_string_equal(nodes->specs[0].zone, "ams");
    assert_int_equal(nodes->specs[0].up_rate, 125000000);
    assert_int_equal(nodes->specs[0].down_rate, 1);
    assert_true(nodes->specs[0].is_secondary);
    assert_string_equal(nodes->specs[1].address, "c:7420");
    assert_string_equal(nodes->specs[1].zone, "");
    assert_int_equal(nodes->specs[1].up_rate, FR_RATE_UNKNOWN);
    assert_false(nodes->specs[1].is_secondary);
    assert_string_equal(nodes->specs[2].address, "d:7420");
    assert_int_equal(nodes->specs[2].down_rate, UINT64_C(1) << 40);
    fr_nodes_free(nodes);
}

static void nobody_is_missing(void **state) {
    (void) state;
    struct fr_nodes *nodes = (struct fr_nodes *) &nodes;
    struct fr_failure failure;
    assert_int_equal(load("{\"object\": {}, \"nodes\": [{\"name\": \"a:1\", \"verdict\": \"complete\"}]}", &nodes, &failure), 0);
    assert_null(nodes);
}

/* A report from before nodes had attributes. */
static void fields_may_lack(void **state) {
    (void) state;
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure;
    assert_int_equal(load("{\"object\": {}, \"nodes\": [{\"name\": \"a\", \"verdict\": \"pending\"}]}", &nodes, &failure), 0);
    assert_int_equal(nodes->count, 1);
    assert_string_equal(nodes->specs[0].address, "a:7420");
    fr_nodes_free(nodes);
}

static void what_is_no_report_is_refused(void **state) {
    (void) state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "no JSON"},
        {"a\nb\n", "no JSON, line 1"},
        {"[]", "no report"},
        {"{}", "no report"},
        {"{\"object\": {}, \"nodes\": []}", "no report"},
        {"{\"object\": {}, \"nodes\": {}}", "no report"},
        {"{\"groups\": [], \"nodes\": [{\"name\": \"a\", \"verdict\": \"failed\"}]}", "no report"},
        {"{\"object\": {}, \"nodes\": [7]}", "node 1 is no object"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\", \"verdict\": \"failed\"}, {\"verdict\": \"failed\"}]}", "node 2 has no name"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a b\", \"verdict\": \"failed\"}]}", "node 1 has no name"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\\nb\", \"verdict\": \"failed\"}]}", "node 1 has no name"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\"}]}", "node 1 has no verdict"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\", \"verdict\": \"failed\", \"up_rate\": -1}]}", "node 1 has a rate"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\", \"verdict\": \"failed\", \"zone\": 7}]}", "node 1 has a zone"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"a\", \"verdict\": \"failed\", \"tier\": \"third\"}]}", "report.json:1: 'tier=third'"},
        {"{\"object\": {}, \"nodes\": [{\"name\": \"z\", \"verdict\": \"complete\"}, {\"name\": \"a:b\", \"verdict\": \"failed\"}]}",
         "report.json:2: 'a:b'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure;
        assert_int_equal(load(cases[i].text, &nodes, &failure), FR_E_SYNTAX);
        assert_null(nodes);
        if (!strstr(failure.text, cases[i].words) || !strstr(failure.text, "report.json"))
            fail_msg("'%s' does not say '%s'", failure.text, cases[i].words);
    }
}

static void what_cannot_be_read_says_why(void **state) {
    (void) state;
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    assert_int_equal(fr_nodes_load_missing(scratch_path("nowhere"), &nodes, &object, &failure), FR_E_IO);
    assert_int_equal(failure.sys_errno, ENOENT);
    failure = (struct fr_failure){0};
    assert_int_equal(fr_nodes_load_missing(scratch_path("."), &nodes, &object, &failure), FR_E_IO);
    assert_int_equal(failure.sys_errno, EISDIR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(nobody_is_missing),
        cmocka_unit_test(fields_may_lack),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(what_cannot_be_read_says_why),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
