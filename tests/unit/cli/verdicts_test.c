/* SPDX-License-Identifier: Apache-2.0 */
/* How a push ended: the table, the line below it, the exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "verdicts.h"

static struct fr_node_report nodes[3];
static struct fr_report report;

static void begin_report(enum fr_verdict first, enum fr_verdict second, enum fr_verdict third) {
    const enum fr_verdict verdicts[] = {first, second, third};
    static const char *const names[] = {"edge01:7420", "edge02:7420", "[::1]:7"};
    for (int i = 0; i < 3; i++)
        nodes[i] = (struct fr_node_report){.name = names[i],
                                           .verdict = verdicts[i],
                                           .reason = "",
                                           .seconds = 2 + i,
                                           .bytes_from_upstream = 250000,
                                           .bytes_from_peers = 750000,
                                           .bytes_relayed = 500000};
    report = (struct fr_report){.object_name = "x.tar",
                                .object_bytes = 1000000,
                                .seconds = 9,
                                .bound_seconds = -1,
                                .origin_bytes_sent = 1010000,
                                .node_count = 3,
                                .nodes = nodes};
}

static void assert_written(const char *expected) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    cli_verdicts_write(&report, stream);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void all_have_it(void **state) {
    (void) state;
    begin_report(FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_VERDICT_SLOW);
    report.bound_seconds = 2;
    assert_written(
        "NODE         VERDICT     TIME   FROM ORIGIN    FROM PEERS  RELAYED\n"
        "edge01:7420  complete  2.00 s  250 kB (25%)  750 kB (75%)   500 kB\n"
        "edge02:7420  complete  3.00 s  250 kB (25%)  750 kB (75%)   500 kB\n"
        "[::1]:7      slow      4.00 s  250 kB (25%)  750 kB (75%)   500 kB\n"
        "x.tar: 1.0 MB to 3 of 3 nodes in 4.00 s, 250 kB/s; the origin sent 1.01 x the file; 2.00 x the least possible 2.00 s\n");
}

static void one_failed_and_one_lied(void **state) {
    (void) state;
    static const char *const faults[] = {"edge02:7420 sent a wrong chunk 7"};
    begin_report(FR_VERDICT_COMPLETE, FR_VERDICT_FAILED, FR_VERDICT_UNREACHABLE);
    nodes[1].reason = "no space";
    nodes[2].seconds = -1;
    nodes[2].bytes_from_upstream = nodes[2].bytes_from_peers = nodes[2].bytes_relayed = 0;
    report.fault_count = 1;
    report.faults = faults;
    assert_written("NODE         VERDICT        TIME   FROM ORIGIN    FROM PEERS  RELAYED  REASON\n"
                   "edge01:7420  complete     2.00 s  250 kB (25%)  750 kB (75%)   500 kB\n"
                   "edge02:7420  failed       3.00 s  250 kB (25%)  750 kB (75%)   500 kB  no space\n"
                   "[::1]:7      unreachable             0 B ( 0%)     0 B ( 0%)      0 B\n"
                   "fault: edge02:7420 sent a wrong chunk 7\n"
                   "x.tar: 1.0 MB to 1 of 3 nodes in 2.00 s, 500 kB/s; the origin sent 1.01 x the file\n");
}

static void a_pipe_that_never_ended(void **state) {
    (void) state;
    begin_report(FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_VERDICT_FAILED);
    report.object_bytes = FR_BYTES_UNKNOWN;
    report.node_count = 1;
    assert_written("NODE         VERDICT    TIME  FROM ORIGIN  FROM PEERS  RELAYED\n"
                   "edge01:7420  failed   2.00 s       250 kB      750 kB   500 kB\n"
                   "x.tar: to 0 of 1 node\n");
}

static void an_empty_object(void **state) {
    (void) state;
    begin_report(FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE);
    report.object_bytes = report.origin_bytes_sent = 0;
    report.node_count = 1;
    nodes[0].bytes_from_upstream = nodes[0].bytes_from_peers = nodes[0].bytes_relayed = 0;
    assert_written("NODE         VERDICT     TIME  FROM ORIGIN  FROM PEERS  RELAYED\n"
                   "edge01:7420  complete  2.00 s          0 B         0 B      0 B\n"
                   "x.tar: 0 B to 1 of 1 node in 2.00 s\n");
}

static void exit_codes(void **state) {
    (void) state;
    static const struct {
        enum fr_verdict first, second, third;
        int error;
        enum cli_exit code;
    } cases[] = {
        {FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, 0, CLI_EXIT_ALL},
        {FR_VERDICT_SLOW, FR_VERDICT_SLOW, FR_VERDICT_COMPLETE, 0, CLI_EXIT_ALL},
        {FR_VERDICT_SLOW, FR_VERDICT_FAILED, FR_VERDICT_FAILED, 0, CLI_EXIT_SOME},
        {FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_VERDICT_REFUSED, 0, CLI_EXIT_SOME},
        {FR_VERDICT_UNREACHABLE, FR_VERDICT_FAILED, FR_VERDICT_REFUSED, 0, CLI_EXIT_NONE},
        {FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_VERDICT_COMPLETE, FR_E_CHANGED, CLI_EXIT_LOCAL},
        {FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_E_CANCELLED, CLI_EXIT_LOCAL},
        {FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_E_IO, CLI_EXIT_LOCAL},
        {FR_VERDICT_COMPLETE, FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_E_TIMEOUT, CLI_EXIT_SOME},
        {FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_E_TIMEOUT, CLI_EXIT_NONE},
        {FR_VERDICT_USABLE, FR_VERDICT_FAILED, FR_VERDICT_FAILED, FR_E_TIMEOUT, CLI_EXIT_SOME},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_report(cases[i].first, cases[i].second, cases[i].third);
        assert_int_equal(cli_verdicts_exit(&report, cases[i].error), cases[i].code);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_have_it),
        cmocka_unit_test(one_failed_and_one_lied),
        cmocka_unit_test(a_pipe_that_never_ended),
        cmocka_unit_test(an_empty_object),
        cmocka_unit_test(exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
