/* SPDX-License-Identifier: Apache-2.0 */
/* Node files and inline lists: what is in them, and complaints that name the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fastreplica/plan.h>

#include "base/memory.h"

static struct fr_nodes *parse_file(const char *text) {
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    if (fr_nodes_parse_file(text, "nodes.txt", &nodes, &failure) != 0)
        fail_msg("%s", failure.text);
    assert_int_equal(failure.error, 0);
    return nodes;
}

static struct fr_nodes *parse_inline(const char *text) {
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    if (fr_nodes_parse_inline(text, &nodes, &failure) != 0)
        fail_msg("%s", failure.text);
    return nodes;
}

static void a_file_has_one_node_a_line(void **state) {
    (void) state;
    struct fr_nodes *nodes = parse_file("# ours\n"
                                        "edge01\n"
                                        "\n"
                                        "  edge02:99 zone=ams up=100M down=80MB/s tier=secondary # slow\r\n"
                                        "\t[::1]:5\tdown=1G tier=primary\n"
                                        "#edge03\n"
                                        "edge04#x");
    assert_int_equal(nodes->count, 4);
    const struct fr_node_spec *specs = nodes->specs;
    assert_string_equal(specs[0].address, "edge01:7420");
    assert_string_equal(specs[0].zone, "");
    assert_int_equal(specs[0].up_rate, FR_RATE_UNKNOWN);
    assert_int_equal(specs[0].down_rate, FR_RATE_UNKNOWN);
    assert_false(specs[0].is_secondary);
    assert_int_equal(specs[0].line, 2);
    assert_string_equal(specs[1].address, "edge02:99");
    assert_string_equal(specs[1].zone, "ams");
    assert_int_equal(specs[1].up_rate, 12500000);
    assert_int_equal(specs[1].down_rate, 80000000);
    assert_true(specs[1].is_secondary);
    assert_int_equal(specs[1].line, 4);
    assert_string_equal(specs[2].address, "[::1]:5");
    assert_int_equal(specs[2].down_rate, 125000000);
    assert_false(specs[2].is_secondary);
    assert_string_equal(specs[3].address, "edge04:7420");
    assert_int_equal(specs[3].line, 7);
    fr_nodes_free(nodes);
}

static void an_inline_list_takes_ranges(void **state) {
    (void) state;
    struct fr_nodes *nodes = parse_inline("edge[01-03].example.net:7421, 10.0.0.[1,4] ,[::1]");
    static const char *const expected[] = {"edge01.example.net:7421", "edge02.example.net:7421", "edge03.example.net:7421",
                                           "10.0.0.1:7420",           "10.0.0.4:7420",           "[::1]:7420"};
    static const uint32_t lines[] = {1, 1, 1, 2, 2, 3};
    assert_int_equal(nodes->count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_string_equal(nodes->specs[i].address, expected[i]);
        assert_string_equal(nodes->specs[i].zone, "");
        assert_int_equal(nodes->specs[i].line, lines[i]);
    }
    fr_nodes_free(nodes);
}

static void a_bad_file_is_named_with_its_line(void **state) {
    (void) state;
    static const struct {
        const char *text, *mention;
    } cases[] = {
        {"", "nodes.txt names no node"},
        {"# nothing\n\n", "nodes.txt names no node"},
        {"a\nb:x\n", "nodes.txt:2: 'b:x': the port"},
        {"a\n\n\nb b\n", "nodes.txt:4: 'b': after the address"},
        {"a zone=\n", "nodes.txt:1: 'zone=': a zone"},
        {"a zone=x zone=y\n", "'zone=y': this was told twice"},
        {"a up=fast\n", "'up=fast': this is no rate"},
        {"a up=0\n", "'up=0': this is no rate"},
        {"a up=\n", "'up=': this is no rate"},
        {"a up=1M up=1M\n", "told twice"},
        {"a down=1M up=2M down=1M\n", "told twice"},
        {"a tier=gold\n", "'tier=gold': a tier is primary or secondary"},
        {"a tier=primary tier=primary\n", "told twice"},
        {"a colour=red\n", "'colour=red': after the address"},
        {"a zone\n", "'zone': after the address"},
        {"edge[1-3]\n", "ranges are for lists on the command line"},
        {"[1-3].net\n", "not an IPv6 address"},
        {"a,b\n", "'a,b': a host holds only"},
        {"a\nb\nA:7420\n", "nodes.txt:3: A:7420 was named before, on line 1"},
        {"a\x01 b", "a host holds only"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure = {0};
        assert_int_equal(fr_nodes_parse_file(cases[i].text, "nodes.txt", &nodes, &failure), FR_E_SYNTAX);
        assert_null(nodes);
        assert_int_equal(failure.error, FR_E_SYNTAX);
        if (!strstr(failure.text, cases[i].mention))
            fail_msg("'%s' does not say '%s'", failure.text, cases[i].mention);
    }
}

static void a_bad_inline_list_is_named_with_its_item(void **state) {
    (void) state;
    static const struct {
        const char *text, *mention;
        int error;
    } cases[] = {
        {"", "names no node", FR_E_SYNTAX},
        {"  ", "names no node", FR_E_SYNTAX},
        {",", "item 1 '': there is nothing", FR_E_SYNTAX},
        {"a,,b", "item 2 '': there is nothing", FR_E_SYNTAX},
        {"a,", "item 2 '': there is nothing", FR_E_SYNTAX},
        {"a,b c", "item 2 'b c': a host holds only", FR_E_SYNTAX},
        {"a,e[3-1]", "item 2 'e[3-1]': a range ends below", FR_E_SYNTAX},
        {"e[1-2,x]", "item 1 'e[1-2,x]': a range is written", FR_E_SYNTAX},
        {"e[1-3],E2", "item 2: E2:7420 was named before, by item 1", FR_E_SYNTAX},
        {"10.0.0.[250-260]", "neither a host name nor an IPv4", FR_E_SYNTAX},
        {"e:[65530-65540]", "the port", FR_E_SYNTAX},
        {"2001:db8::1", "in brackets", FR_E_SYNTAX},
        {"e[1-100001]", "too many nodes", FR_E_LIMIT},
        {"e[1-99999],f[1-3]", "more than 100000 nodes", FR_E_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure = {0};
        assert_int_equal(fr_nodes_parse_inline(cases[i].text, &nodes, &failure), cases[i].error);
        assert_null(nodes);
        if (!strstr(failure.text, cases[i].mention))
            fail_msg("'%s' does not say '%s'", failure.text, cases[i].mention);
    }
}

static void what_is_quoted_is_short(void **state) {
    (void) state;
    char text[2000];
    struct fr_nodes *nodes = NULL;
    struct fr_failure failure = {0};
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(fr_nodes_parse_inline(text, &nodes, &failure), FR_E_SYNTAX);
    assert_true(strlen(failure.text) < 200);
    assert_non_null(strstr(failure.text, "aaa...'"));
    /* A range whose names are longer than any address: refused, never cut to fit. */
    memcpy(text, "[1-2]", 5);
    memset(&failure, 0, sizeof failure);
    assert_int_equal(fr_nodes_parse_inline(text, &nodes, &failure), FR_E_SYNTAX);
}

static void the_largest_list_is_taken(void **state) {
    (void) state;
    struct fr_nodes *nodes = parse_inline("e[1-100000]");
    assert_int_equal(nodes->count, FR_NODES_MAX);
    assert_string_equal(nodes->specs[FR_NODES_MAX - 1].address, "e100000:7420");
    fr_nodes_free(nodes);
}

/* Fails the 1st, 2nd, 3rd ... allocation until none fails: each time an error and nothing lost (the sanitizer watches). */
static void walk_allocations(int (*parse)(const char *, struct fr_nodes **, struct fr_failure *), const char *text) {
    for (uint64_t nth = 1;; nth++) {
        struct fr_nodes *nodes = NULL;
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        int error = parse(text, &nodes, &failure);
        bool is_done = fr_memory_count() < nth;
        fr_memory_fail_from(0);
        if (is_done) {
            assert_int_equal(error, 0);
            fr_nodes_free(nodes);
            return;
        }
        assert_int_equal(error, FR_E_MEMORY);
        assert_int_equal(failure.error, FR_E_MEMORY);
        assert_null(nodes);
    }
}

static int parse_as_file(const char *text, struct fr_nodes **ret_nodes, struct fr_failure *failure) {
    return fr_nodes_parse_file(text, "f", ret_nodes, failure);
}

static void without_memory_it_fails_cleanly(void **state) {
    (void) state;
    walk_allocations(parse_as_file, "a zone=x up=1M\nb tier=secondary\nc\n");
    walk_allocations(fr_nodes_parse_inline, "a[1-20],b");
}

static void nothing_can_be_freed(void **state) {
    (void) state;
    fr_nodes_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_one_node_a_line),        cmocka_unit_test(an_inline_list_takes_ranges),
        cmocka_unit_test(a_bad_file_is_named_with_its_line), cmocka_unit_test(a_bad_inline_list_is_named_with_its_item),
        cmocka_unit_test(what_is_quoted_is_short),           cmocka_unit_test(the_largest_list_is_taken),
        cmocka_unit_test(without_memory_it_fails_cleanly),   cmocka_unit_test(nothing_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
