/* SPDX-License-Identifier: Apache-2.0 */
/* Trace events and the node's own doings as log lines: see journal.h. */
#include "node/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

enum { LIMITED_BURST = 40, LIMITED_PER_SECOND = 4, LINE_MAX_BYTES = 2048 };

void fr_journal_init(struct fr_journal *journal, const struct fr_log *log, const uint8_t *transfer_id, fr_time_ns now) {
    *journal = (struct fr_journal){.log = log, .tokens = LIMITED_BURST, .refilled_at = now};
    if (transfer_id)
        fr_text_hex(transfer_id, 4, journal->tag);
}

static bool is_read(const struct fr_journal *journal, enum fr_log_level level) {
    return journal->log->on_line && level <= journal->log->level_max;
}

static void write_line(struct fr_journal *journal, enum fr_log_level level, const char *event, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void write_line(struct fr_journal *journal, enum fr_log_level level, const char *event, const char *format, va_list arguments) {
    char line[LINE_MAX_BYTES];
    int used = snprintf(line, sizeof line, "event=%s", event);
    if (journal->tag[0])
        used += snprintf(line + used, sizeof line - (size_t) used, " transfer=%s", journal->tag);
    if (journal->suppressed_count > 0)
        used += snprintf(line + used, sizeof line - (size_t) used, " suppressed=%u", journal->suppressed_count);
    journal->suppressed_count = 0;
    if (format[0]) {
        line[used++] = ' ';
        vsnprintf(line + used, sizeof line - (size_t) used, format, arguments);
    }
    journal->log->on_line(journal->log->user, level, line);
}

void fr_journal_say(struct fr_journal *journal, enum fr_log_level level, const char *event, const char *format, ...) {
    va_list arguments;
    if (!is_read(journal, level))
        return;
    va_start(arguments, format);
    write_line(journal, level, event, format, arguments);
    va_end(arguments);
}

static bool spend_token(struct fr_journal *journal, fr_time_ns now) {
    double fresh = (double) fr_time_since(now, journal->refilled_at) / (double) FR_SECOND * LIMITED_PER_SECOND;
    journal->refilled_at = now;
    journal->tokens = journal->tokens + fresh > LIMITED_BURST ? LIMITED_BURST : journal->tokens + fresh;
    if (journal->tokens < 1) {
        journal->suppressed_count++;
        return false;
    }
    journal->tokens -= 1;
    return true;
}

void fr_journal_say_limited(struct fr_journal *journal, fr_time_ns now, enum fr_log_level level, const char *event, const char *format,
                            ...) {
    va_list arguments;
    if (!is_read(journal, level) || !spend_token(journal, now))
        return;
    va_start(arguments, format);
    write_line(journal, level, event, format, arguments);
    va_end(arguments);
}

char *fr_quote(const char *text, char *out) {
    size_t at = 0;
    out[at++] = '"';
    for (; *text && at + 3 < FR_QUOTED_MAX; text++) {
        unsigned char byte = (unsigned char) *text;
        if (byte == '"' || byte == '\\')
            out[at++] = '\\';
        out[at++] = byte < 0x20 || byte == 0x7f ? '?' : (char) byte;
    }
    out[at++] = '"';
    out[at] = 0;
    return out;
}

static enum fr_log_level level_of(const struct fr_trace *trace) {
    switch (trace->type) {
    case FR_TRACE_FAILED: return FR_LOG_ERROR;
    case FR_TRACE_CHUNK_BAD:
    case FR_TRACE_FAULT:
    case FR_TRACE_CHUNK_OVERDUE:
    case FR_TRACE_CHUNK_TAKEN_BACK: return FR_LOG_WARNING;
    case FR_TRACE_LINK_DOWN: return trace->error ? FR_LOG_WARNING : FR_LOG_DEBUG;
    case FR_TRACE_MEMBER_VERDICT:
    case FR_TRACE_MEMBER_LAG:
    case FR_TRACE_MEMBER_CAUGHT_UP:
    case FR_TRACE_LINK_RETRY: return FR_LOG_INFO;
    case FR_TRACE_LINK_UP:
    case FR_TRACE_CHUNK_GIVEN:
    case FR_TRACE_CHUNK_REACHED:
    case FR_TRACE_CHUNK_STORED:
    case FR_TRACE_CHUNK_DUPLICATE:
    case FR_TRACE_CHUNK_SENT:
    case FR_TRACE_CHUNK_WANTED:
    case FR_TRACE_PROGRESS:
    case FR_TRACE_COMPLETE:
    case FR_TRACE_ENDED: return FR_LOG_DEBUG;
    }
    return FR_LOG_DEBUG;
}

static bool tells_chunk(enum fr_trace_type type, fr_chunk_index chunk) {
    switch (type) {
    case FR_TRACE_CHUNK_GIVEN:
    case FR_TRACE_CHUNK_TAKEN_BACK:
    case FR_TRACE_CHUNK_REACHED:
    case FR_TRACE_CHUNK_STORED:
    case FR_TRACE_CHUNK_BAD:
    case FR_TRACE_CHUNK_DUPLICATE:
    case FR_TRACE_CHUNK_SENT:
    case FR_TRACE_CHUNK_WANTED:
    case FR_TRACE_CHUNK_OVERDUE: return true;
    case FR_TRACE_FAULT: return chunk != FR_CHUNK_NONE;
    case FR_TRACE_LINK_UP:
    case FR_TRACE_LINK_DOWN:
    case FR_TRACE_LINK_RETRY:
    case FR_TRACE_MEMBER_VERDICT:
    case FR_TRACE_MEMBER_LAG:
    case FR_TRACE_MEMBER_CAUGHT_UP:
    case FR_TRACE_PROGRESS:
    case FR_TRACE_COMPLETE:
    case FR_TRACE_FAILED:
    case FR_TRACE_ENDED: return false;
    }
    return false;
}

void fr_journal_trace(struct fr_journal *journal, const struct fr_trace *trace) {
    char more[64] = "", why[FR_QUOTED_MAX];
    const char *text = trace->text ? trace->text : "";
    enum fr_log_level level = level_of(trace);
    if (trace->type == FR_TRACE_COMPLETE || trace->type == FR_TRACE_ENDED || trace->type == FR_TRACE_PROGRESS || !is_read(journal, level))
        return;
    if (tells_chunk(trace->type, trace->chunk))
        snprintf(more, sizeof more, " chunk=%u value=%llu", trace->chunk, (unsigned long long) trace->value);
    else if (trace->type == FR_TRACE_MEMBER_VERDICT)
        snprintf(more, sizeof more, " verdict=%s", fr_verdict_name((enum fr_verdict) trace->value));
    else if (trace->error)
        snprintf(more, sizeof more, " error=%s", fr_error_name(trace->error));
    if (level == FR_LOG_DEBUG)
        fr_journal_say(journal, level, fr_trace_name(trace->type), "peer=%s%s", trace->peer, more);
    else if (trace->type == FR_TRACE_FAILED)
        fr_journal_say(journal, level, fr_trace_name(trace->type), "error=%s why=%s", fr_error_name(trace->error), fr_quote(text, why));
    else
        fr_journal_say_limited(journal, trace->now, level, fr_trace_name(trace->type), "peer=%s%s%s%s", trace->peer, more,
                               text[0] ? " why=" : "", text[0] ? fr_quote(text, why) : "");
}
