/* SPDX-License-Identifier: Apache-2.0 */
/* Looking names up in a list: without memory it fails cleanly. What becomes of names is told in node_list_test.c. */
#include "support/test.h"

#include <fastreplica/plan.h>

#include "base/memory.h"
#include "node/resolve_list.h"

static struct fr_nodes *parse(const char *text) {
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    if (fr_nodes_parse_file(text, "f", &nodes, &failure) != 0)
        fail_msg("%s", failure.text);
    return nodes;
}

static void a_list_without_names_is_left_alone(void **state) {
    (void) state;
    struct fr_nodes *nodes = parse("a\nb\n");
    const struct fr_node_spec *before = nodes->specs;
    assert_int_equal(fr_nodes_resolve(nodes, "f", NULL), 0);
    assert_ptr_equal(nodes->specs, before);
    fr_nodes_free(nodes);
}

/* Fails the 1st, 2nd, 3rd ... allocation until none fails: each time an error and the list as it was (the sanitizer watches). */
static void without_memory_it_fails_cleanly(void **state) {
    (void) state;
    struct fr_nodes *nodes = parse("a zone=x\ndns:localhost zone=y\nb\n");
    for (uint64_t nth = 1;; nth++) {
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        int error = fr_nodes_resolve(nodes, "f", &failure);
        bool is_done = fr_memory_count() < nth;
        fr_memory_fail_from(0);
        if (is_done) {
            assert_int_equal(error, 0);
            break;
        }
        assert_int_equal(error, FR_E_MEMORY);
        assert_int_equal(failure.error, FR_E_MEMORY);
        assert_int_equal(nodes->count, 3);
        assert_string_equal(nodes->specs[1].address, "dns:localhost:7420");
    }
    assert_true(nodes->count >= 3);
    assert_string_equal(nodes->specs[1].zone, "y");
    fr_nodes_free(nodes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_without_names_is_left_alone),
        cmocka_unit_test(without_memory_it_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
