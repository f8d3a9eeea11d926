/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, `event=NAME key=value ...`, for whoever reads a struct fr_log: what a transfer traces, and what the node itself does. Lines
 * that a peer can cause are limited: a burst, then a few a second; what was held back is told as suppressed=N on the next line. */
#ifndef FR_NODE_JOURNAL_H
#define FR_NODE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/observe.h>

#include "core/trace.h"
#include "wire/message.h"

enum { FR_JOURNAL_TAG_MAX = 16, FR_QUOTED_MAX = 2 * FR_FAILURE_TEXT_MAX + 3 };

struct fr_journal {
    const struct fr_log *log;     /* borrowed */
    char tag[FR_JOURNAL_TAG_MAX]; /* the beginning of the transfer id in hex; "" when the lines are the node's own */
    double tokens;                /* limited lines that may still be written now */
    fr_time_ns refilled_at;
    uint32_t suppressed_count;
};

/* transfer_id NULL: the node's own lines. */
void fr_journal_init(struct fr_journal *journal, const struct fr_log *log, const uint8_t *transfer_id, fr_time_ns now);

/* One line; format is what follows `event=... transfer=...`, "" allowed. */
void fr_journal_say(struct fr_journal *journal, enum fr_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, for what a peer can cause. */
void fr_journal_say_limited(struct fr_journal *journal, fr_time_ns now, enum fr_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A line for one trace event. COMPLETE and ENDED make none: their owner knows the figures. */
void fr_journal_trace(struct fr_journal *journal, const struct fr_trace *trace);

/* text in double quotes, with quotes and backslashes escaped and control characters replaced; cut to fit. Returns out [FR_QUOTED_MAX]. */
char *fr_quote(const char *text, char *out);

#endif
