/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: their form, what is quoted, which levels are made, and that a peer cannot fill the log. */
#include "support/test.h"

#include "base/time.h"
#include "node/journal.h"

struct heard {
    unsigned count;
    enum fr_log_level level;
    char line[4096];
};

static struct heard heard;

static void hear(void *user, enum fr_log_level level, const char *line) {
    struct heard *into = user;
    into->count++;
    into->level = level;
    strncpy(into->line, line, sizeof into->line - 1);
}

static struct fr_log log_at(enum fr_log_level level_max) {
    heard = (struct heard){0};
    return (struct fr_log){.on_line = hear, .user = &heard, .level_max = level_max};
}

static const uint8_t id[FR_TRANSFER_ID_BYTES] = {0xab, 0xcd, 0x01, 0x02, 0x03};

static void test_form(void **state) {
    (void) state;
    struct fr_log log = log_at(FR_LOG_INFO);
    struct fr_journal journal;
    fr_journal_init(&journal, &log, id, 0);
    fr_journal_say(&journal, FR_LOG_INFO, "complete", "bytes=%d", 5);
    assert_string_equal(heard.line, "event=complete transfer=abcd0102 bytes=5");
    fr_journal_init(&journal, &log, NULL, 0);
    fr_journal_say(&journal, FR_LOG_INFO, "stopping", "%s", "");
    assert_string_equal(heard.line, "event=stopping ");
}

static void test_levels(void **state) {
    (void) state;
    struct fr_log log = log_at(FR_LOG_WARNING);
    struct fr_journal journal;
    fr_journal_init(&journal, &log, id, 0);
    fr_journal_say(&journal, FR_LOG_INFO, "a", "b=%d", 1);
    fr_journal_say_limited(&journal, 0, FR_LOG_DEBUG, "a", "b=%d", 1);
    assert_int_equal(heard.count, 0);
    fr_journal_say(&journal, FR_LOG_WARNING, "a", "b=%d", 1);
    assert_int_equal(heard.count, 1);
    log.on_line = NULL; /* nobody reads: nothing happens */
    fr_journal_say(&journal, FR_LOG_ERROR, "a", "b=%d", 1);
    assert_int_equal(heard.count, 1);
}

static void test_quotes(void **state) {
    (void) state;
    char out[FR_QUOTED_MAX], text[4 * FR_QUOTED_MAX];
    assert_string_equal(fr_quote("plain", out), "\"plain\"");
    assert_string_equal(fr_quote("a\"b\\c\nd\x7f", out), "\"a\\\"b\\\\c?d?\"");
    assert_string_equal(fr_quote("", out), "\"\"");
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = 0;
    fr_quote(text, out); /* twice as long as it may be: cut, still quoted */
    assert_true(strlen(out) < FR_QUOTED_MAX);
    assert_int_equal(out[strlen(out) - 1], '"');
    assert_int_equal(strlen(out) % 2, 0); /* no escape is cut in two */
}

static void test_a_peer_cannot_fill_the_log(void **state) {
    (void) state;
    struct fr_log log = log_at(FR_LOG_DEBUG);
    struct fr_journal journal;
    fr_journal_init(&journal, &log, id, 0);
    for (int i = 0; i < 10000; i++)
        fr_journal_say_limited(&journal, FR_MS * (fr_time_ns) i, FR_LOG_WARNING, "bad", "n=%d", i);
    assert_in_range(heard.count, 40, 90); /* a burst, then a few in each of ten seconds */
    unsigned before = heard.count;
    fr_journal_say_limited(&journal, 60 * FR_SECOND, FR_LOG_WARNING, "bad", "n=%d", 1);
    assert_int_equal(heard.count, before + 1);
    assert_non_null(strstr(heard.line, " suppressed="));
    fr_journal_say_limited(&journal, 60 * FR_SECOND, FR_LOG_WARNING, "bad", "n=%d", 1);
    assert_null(strstr(heard.line, " suppressed="));
}

static void test_traces(void **state) {
    (void) state;
    struct fr_log log = log_at(FR_LOG_INFO);
    struct fr_journal journal;
    fr_journal_init(&journal, &log, id, 0);
    struct fr_trace trace = {.type = FR_TRACE_CHUNK_BAD, .member = 1, .peer = "b:2", .chunk = 7, .text = "no match"};
    fr_journal_trace(&journal, &trace);
    assert_int_equal(heard.level, FR_LOG_WARNING);
    assert_non_null(strstr(heard.line, "peer=b:2 chunk=7"));
    assert_non_null(strstr(heard.line, "why=\"no match\""));
    trace = (struct fr_trace){.type = FR_TRACE_MEMBER_VERDICT, .member = 0, .peer = "a:1", .value = FR_VERDICT_FAILED, .text = "x"};
    fr_journal_trace(&journal, &trace);
    assert_non_null(strstr(heard.line, "peer=a:1 verdict=failed why=\"x\""));
    trace = (struct fr_trace){.type = FR_TRACE_LINK_DOWN, .member = FR_MEMBER_UPSTREAM, .peer = "upstream", .error = FR_E_CLOSED};
    fr_journal_trace(&journal, &trace);
    assert_non_null(strstr(heard.line, "peer=upstream error=FR_E_CLOSED"));
    unsigned before = heard.count;
    trace = (struct fr_trace){.type = FR_TRACE_CHUNK_SENT, .member = 0, .peer = "a:1", .chunk = 1};
    fr_journal_trace(&journal, &trace); /* debug: not made */
    trace.type = FR_TRACE_ENDED;
    fr_journal_trace(&journal, &trace);
    assert_int_equal(heard.count, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),   cmocka_unit_test(test_levels),
        cmocka_unit_test(test_quotes), cmocka_unit_test(test_a_peer_cannot_fill_the_log),
        cmocka_unit_test(test_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
