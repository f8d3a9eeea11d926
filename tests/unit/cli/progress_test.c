/* SPDX-License-Identifier: Apache-2.0 */
/* What is drawn while a push runs, line by line and as a terminal gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"

static struct fr_node_report nodes[80];
static struct fr_report report;

/* count nodes of which each has `have` of an object of a million bytes. */
static void begin_report(uint32_t count, uint64_t have) {
    static char names[80][16];
    report = (struct fr_report){.object_name = "x.tar", .object_bytes = 1000000, .node_count = count, .nodes = nodes, .seconds = 1};
    for (uint32_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "edge%02u:7420", i + 1);
        nodes[i] = (struct fr_node_report){.name = names[i],
                                           .reason = "",
                                           .seconds = -1,
                                           .bytes_have = have,
                                           .bytes_from_upstream = have / 4,
                                           .bytes_from_peers = have - have / 4,
                                           .first_relay_seconds = -1,
                                           .last_owned_seconds = -1};
    }
}

static void settle(uint32_t node, enum fr_verdict verdict, const char *reason) {
    nodes[node].verdict = verdict;
    nodes[node].reason = reason;
    nodes[node].seconds = 2.5;
    if (verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_SLOW)
        nodes[node].bytes_have = report.object_bytes;
}

static void assert_node_line(uint32_t node, double rate, unsigned columns, const char *expected) {
    struct cli_text text = {0};
    cli_progress_compose_node(&text, &report, &nodes[node], rate, 12, columns);
    assert_string_equal(text.bytes, expected);
    assert_true(cli_text_width(text.bytes) <= columns);
    cli_text_done(&text);
}

static void assert_whole_line(double rate, unsigned columns, const char *expected) {
    struct cli_text text = {0};
    cli_progress_compose_whole(&text, &report, rate, columns);
    assert_string_equal(text.bytes, expected);
    cli_text_done(&text);
}

static void a_line_for_a_node(void **state) {
    (void) state;
    begin_report(2, 500000);
    assert_node_line(0, 11.2e6, 90, "edge01:7420   [############.............]   50%  11.2 MB/s  origin  125 kB  peers  375 kB");
    assert_node_line(0, 0, 90, "edge01:7420   [############.............]   50%             origin  125 kB  peers  375 kB");
    settle(0, FR_VERDICT_COMPLETE, "");
    assert_node_line(0, 0, 90, "edge01:7420   [#########################]  100%  complete in 2.50 s");
    settle(1, FR_VERDICT_FAILED, "store /srv: no space\033[2J");
    assert_node_line(1, 0, 90, "edge02:7420   [############.............]   50%  failed: store /srv: no space?[2J");
    settle(1, FR_VERDICT_UNREACHABLE, "");
    assert_node_line(1, 0, 90, "edge02:7420   [############.............]   50%  unreachable");
}

static void narrow_screens_lose_the_bar_then_the_rest(void **state) {
    (void) state;
    begin_report(1, 500000);
    assert_node_line(0, 11.2e6, 66, "edge01:7420    50%  11.2 MB/s  origin  125 kB  peers  375 kB");
    assert_node_line(0, 11.2e6, 30, "edge01:7420    50%  11.2 MB/s ");
    assert_node_line(0, 11.2e6, 20, "edge01:7420    50%  ");
    for (unsigned columns = 20; columns < 200; columns++) {
        struct cli_text text = {0};
        cli_progress_compose_node(&text, &report, &nodes[0], 11.2e6, 10, columns);
        assert_true(cli_text_width(text.bytes) <= columns);
        cli_text_done(&text);
    }
}

static void a_pipe_has_no_percentage(void **state) {
    (void) state;
    begin_report(1, 500000);
    report.object_bytes = FR_BYTES_UNKNOWN;
    assert_node_line(0, 11.2e6, 90, "edge01:7420     500 kB  11.2 MB/s  origin  125 kB  peers  375 kB");
    assert_whole_line(5e6, 90, "x.tar  500 kB so far  5.0 MB/s  0 of 1 complete");
}

static void a_line_for_all(void **state) {
    (void) state;
    begin_report(4, 500000);
    nodes[2].bytes_have = 100000;
    assert_whole_line(0, 120, "x.tar   40% of 1.0 MB  0 of 4 complete  slowest edge03:7420 10%");
    assert_whole_line(300000, 120, "x.tar   40% of 1.0 MB  300 kB/s  0 of 4 complete  2.00 s left  slowest edge03:7420 10%");
    settle(0, FR_VERDICT_COMPLETE, "");
    settle(1, FR_VERDICT_REFUSED, "no");
    nodes[3].bytes_have = 0; /* not begun, perhaps never: left out */
    assert_whole_line(0, 120, "x.tar   55% of 1.0 MB  1 of 4 complete, 1 failed  slowest edge03:7420 10%");
    assert_whole_line(0, 30, "x.tar   55% of 1.0 MB  1 of 4 ");
    settle(2, FR_VERDICT_SLOW, "");
    assert_whole_line(0, 120, "x.tar  100% of 1.0 MB  2 of 4 complete, 1 failed");
    report.object_name = "a-name-that-would-fill-the-whole-line-by-itself";
    assert_whole_line(0, 60, "a-name-that-would-fi  100% of 1.0 MB  2 of 4 complete, 1 fai");
}

static void an_empty_object_is_complete(void **state) {
    (void) state;
    begin_report(1, 0);
    report.object_bytes = 0;
    assert_whole_line(0, 80, "x.tar    0% of 0 B  0 of 1 complete");
    settle(0, FR_VERDICT_COMPLETE, "");
    assert_whole_line(0, 80, "x.tar  100% of 0 B  1 of 1 complete");
}

static void the_meter_smooths(void **state) {
    (void) state;
    struct cli_meter meter = {0};
    cli_meter_read(&meter, 0.1, 1000000);
    assert_true(meter.rate == 0); /* too early */
    cli_meter_read(&meter, 1.0, 1000000);
    assert_true(meter.rate == 1e6);
    cli_meter_read(&meter, 2.0, 3000000);
    assert_true(meter.rate > 1e6 && meter.rate < 2e6);
    for (int i = 0; i < 40; i++)
        cli_meter_read(&meter, 3.0 + i, 3000000);
    assert_true(meter.rate < 100);
    cli_meter_read(&meter, 50, 2000000); /* counts never shrink; if one does, it is no rate below nothing */
    assert_true(meter.rate >= 0);
}

/* What `show` writes to its stream. */
static char *shown(struct cli_progress *progress, FILE **stream, char **text, const size_t *bytes, const struct cli_terminal *terminal) {
    rewind(*stream);
    cli_progress_show(progress, &report, terminal);
    fflush(*stream);
    (*text)[*bytes] = '\0';
    return *text;
}

static void a_terminal_is_redrawn_in_place(void **state) {
    (void) state;
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    struct cli_progress progress;
    struct cli_terminal terminal = {.is_terminal = true, .columns = 80, .rows = 4};
    cli_progress_init(&progress, stream);
    begin_report(2, 500000);
    assert_string_equal(shown(&progress, &stream, &text, &bytes, &terminal),
                        "x.tar   50% of 1.0 MB  500 kB/s  0 of 2 complete  1.00 s left  slowest edge01:7\n"
                        "edge01:7420  [#######........]   50%   500 kB/s  origin  125 kB  peers  375 kB\n"
                        "edge02:7420  [#######........]   50%   500 kB/s  origin  125 kB  peers  375 kB\n");
    assert_int_equal(progress.lines_shown, 3);
    const char *again = shown(&progress, &stream, &text, &bytes, &terminal);
    assert_int_equal(strncmp(again, "\033[3A\r\033[Jx.tar", 12), 0);
    terminal.rows = 3; /* no room for both: one line for all */
    again = shown(&progress, &stream, &text, &bytes, &terminal);
    assert_int_equal(strncmp(again, "\033[3A\r\033[Jx.tar", 12), 0);
    assert_null(strstr(again, "[#"));
    assert_int_equal(progress.lines_shown, 1);
    rewind(stream);
    cli_progress_hide(&progress);
    fflush(stream);
    assert_int_equal(strncmp(text, "\033[1A\r\033[J", 8), 0);
    assert_int_equal(progress.lines_shown, 0);
    cli_progress_done(&progress);
    fclose(stream);
    free(text);
}

static void a_log_gets_a_line_now_and_then(void **state) {
    (void) state;
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    struct cli_progress progress;
    const struct cli_terminal terminal = {.columns = 80, .rows = 24};
    cli_progress_init(&progress, stream);
    begin_report(2, 500000);
    for (int i = 0; i <= 70; i++) {
        report.seconds = i / 10.0;
        if (i == 15)
            settle(1, FR_VERDICT_FAILED, "gone");
        cli_progress_show(&progress, &report, &terminal);
    }
    fflush(stream);
    assert_null(strchr(text, '\033'));
    unsigned lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 3); /* the failure once, and two lines of progress */
    assert_int_equal(strncmp(text, "fastreplica: edge02:7420: failed after 2.5 s\nfastreplica: x.tar ", 60), 0);
    cli_progress_hide(&progress); /* nothing is shown that could be taken away */
    cli_progress_done(&progress);
    fclose(stream);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_a_node),
        cmocka_unit_test(narrow_screens_lose_the_bar_then_the_rest),
        cmocka_unit_test(a_pipe_has_no_percentage),
        cmocka_unit_test(a_line_for_all),
        cmocka_unit_test(an_empty_object_is_complete),
        cmocka_unit_test(the_meter_smooths),
        cmocka_unit_test(a_terminal_is_redrawn_in_place),
        cmocka_unit_test(a_log_gets_a_line_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
