/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing the progress of a push. Everything it knows comes from the report, time too. */
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "say.h"

enum {
    BAR_LEAST = 8,
    BAR_MOST = 40,
    NAME_MOST = 40,      /* columns of a node's name; longer ones are cut */
    PERCENT_COLUMNS = 6, /* "  100%" */
    LINE_BYTES = 1024,
};

#define PLAIN_SECONDS 3.0  /* between two lines where nothing is redrawn */
#define METER_SECONDS 0.25 /* a meter is not read more often: what is counted comes in lumps */
#define METER_SHARE 0.25   /* of the newest reading in the rate */

void cli_meter_read(struct cli_meter *meter, double seconds, uint64_t count) {
    double passed = seconds - meter->then_seconds;
    if (passed < METER_SECONDS)
        return;
    double now = count > meter->then_count ? (double) (count - meter->then_count) / passed : 0;
    meter->rate = meter->rate > 0 ? meter->rate + METER_SHARE * (now - meter->rate) : now;
    meter->then_seconds = seconds;
    meter->then_count = count;
}

static bool has_object(const struct fr_node_report *node) {
    return node->verdict == FR_VERDICT_COMPLETE || node->verdict == FR_VERDICT_SLOW;
}

static bool has_failed(const struct fr_node_report *node) { return !has_object(node) && node->verdict != FR_VERDICT_PENDING; }

/* What is under way. A node that has nothing yet may be one that never answers: it is left out, or it would hold the others' percentage
 * down. */
struct sums {
    uint32_t moving; /* have some of it or all */
    uint32_t having, failed;
    uint64_t bytes_have;
    const struct fr_node_report *slowest; /* among those that are still receiving; NULL: none is */
};

static struct sums sum_up(const struct fr_report *report) {
    struct sums sums = {0};
    for (uint32_t i = 0; i < report->node_count; i++) {
        const struct fr_node_report *node = &report->nodes[i];
        if (has_failed(node)) {
            sums.failed++;
            continue;
        }
        sums.moving += has_object(node) || node->bytes_have > 0;
        sums.bytes_have += node->bytes_have;
        sums.having += has_object(node);
        if (!has_object(node) && node->bytes_have > 0 && (!sums.slowest || node->bytes_have < sums.slowest->bytes_have))
            sums.slowest = node;
    }
    return sums;
}

/* What one node has of the object on average. */
static uint64_t average_have(const struct sums *sums) { return sums->moving ? sums->bytes_have / sums->moving : 0; }

/* Composing lines */

static void add_bar(struct cli_text *out, unsigned percent, unsigned width) {
    unsigned filled = (unsigned) ((uint64_t) percent * width / 100);
    cli_text_add(out, "[");
    cli_text_add_repeated(out, '#', filled);
    cli_text_add_repeated(out, '.', width - filled);
    cli_text_add(out, "]");
}

/* What stands behind the bar and the percentage. */
static void describe(const struct fr_node_report *node, double rate, char *out, size_t size) {
    char speed[CLI_FIGURE_BYTES], origin[CLI_FIGURE_BYTES], peers[CLI_FIGURE_BYTES];
    const char *reason = node->reason && node->reason[0] ? node->reason : NULL;
    if (has_failed(node))
        snprintf(out, size, "%s%s%s", fr_verdict_name(node->verdict), reason ? ": " : "", reason ? reason : "");
    else if (has_object(node))
        snprintf(out, size, "%s in %s", fr_verdict_name(node->verdict), cli_figure_seconds(node->seconds, speed));
    else
        snprintf(out, size, "%9s  origin %7s  peers %7s", cli_figure_rate(rate, speed), cli_figure_bytes(node->bytes_from_upstream, origin),
                 cli_figure_bytes(node->bytes_from_peers, peers));
}

/* Longest text that `describe` gives for a node that is receiving. */
enum { DESCRIPTION_COLUMNS = sizeof "999 MB/s   origin 9.99 MB  peers 9.99 MB" };

void cli_progress_compose_node(struct cli_text *out, const struct fr_report *report, const struct fr_node_report *node, double rate,
                               size_t name_columns, unsigned columns) {
    char name[LINE_BYTES], words[LINE_BYTES];
    snprintf(name, sizeof name, "%s", node->name);
    cli_text_cut(name, name_columns);
    cli_text_add(out, "%s", name);
    cli_text_add_repeated(out, ' ', name_columns - cli_text_width(name));
    size_t used = name_columns;
    bool is_size_known = report->object_bytes != FR_BYTES_UNKNOWN;
    unsigned percent = has_object(node) ? 100 : cli_figure_percent(node->bytes_have, report->object_bytes);
    if (is_size_known && columns > used + 2 + 2 + BAR_LEAST + PERCENT_COLUMNS + 2 + DESCRIPTION_COLUMNS) {
        size_t width = columns - used - 2 - 2 - PERCENT_COLUMNS - 2 - DESCRIPTION_COLUMNS;
        width = width > BAR_MOST ? BAR_MOST : width;
        cli_text_add(out, "  ");
        add_bar(out, percent, (unsigned) width);
        used += 2 + 2 + width;
    }
    if (is_size_known) {
        cli_text_add(out, "  %3u%%", percent);
        used += PERCENT_COLUMNS;
    } else {
        char figure[CLI_FIGURE_BYTES];
        cli_text_add(out, "  %8s", cli_figure_bytes(node->bytes_have, figure));
        used += 2 + 8;
    }
    describe(node, rate, words, sizeof words);
    cli_text_clean(words);
    cli_text_cut(words, columns > used + 2 ? columns - used - 2 : 0);
    cli_text_add(out, "  %s", words);
}

void cli_progress_compose_whole(struct cli_text *out, const struct fr_report *report, double rate, unsigned columns) {
    char line[LINE_BYTES], have[CLI_FIGURE_BYTES], whole[CLI_FIGURE_BYTES], speed[CLI_FIGURE_BYTES], left[CLI_FIGURE_BYTES];
    struct sums sums = sum_up(report);
    uint64_t average = average_have(&sums);
    bool is_size_known = report->object_bytes != FR_BYTES_UNKNOWN;
    int at;
    char name[LINE_BYTES];
    snprintf(name, sizeof name, "%s", report->object_name);
    cli_text_cut(name, columns / 3); /* the numbers behind it matter more */
    cli_figure_bytes(report->object_bytes, whole);
    if (is_size_known)
        at = snprintf(line, sizeof line, "%.400s  %3u%% of %s", name,
                      sums.moving > 0 && sums.having == sums.moving ? 100 : cli_figure_percent(average, report->object_bytes), whole);
    else
        at = snprintf(line, sizeof line, "%.400s  %s so far", name, cli_figure_bytes(average, have));
    if (cli_figure_rate(rate, speed)[0])
        at += snprintf(line + at, sizeof line - (size_t) at, "  %s", speed);
    at += snprintf(line + at, sizeof line - (size_t) at, "  %u of %u complete", sums.having, report->node_count);
    if (sums.failed)
        at += snprintf(line + at, sizeof line - (size_t) at, ", %u failed", sums.failed);
    if (rate > 0 && is_size_known && average < report->object_bytes)
        at += snprintf(line + at, sizeof line - (size_t) at, "  %s left",
                       cli_figure_seconds((double) (report->object_bytes - average) / rate, left));
    if (sums.slowest && sums.moving > 1 && is_size_known)
        snprintf(line + at, sizeof line - (size_t) at, "  slowest %.260s %u%%", sums.slowest->name,
                 cli_figure_percent(sums.slowest->bytes_have, report->object_bytes));
    cli_text_clean(line);
    cli_text_cut(line, columns);
    cli_text_add(out, "%s", line);
}

/* Showing them */

void cli_progress_init(struct cli_progress *progress, FILE *stream) {
    *progress = (struct cli_progress){.stream = stream, .told_seconds = 0};
}

void cli_progress_done(struct cli_progress *progress) {
    free(progress->meters);
    free(progress->settled);
    cli_text_done(&progress->frame);
    *progress = (struct cli_progress){0};
}

static void read_meters(struct cli_progress *progress, const struct fr_report *report) {
    if (!progress->meters && report->node_count > 0) {
        progress->meters = calloc(report->node_count, sizeof *progress->meters);
        progress->settled = calloc(report->node_count, sizeof *progress->settled);
        progress->meter_count = progress->meters && progress->settled ? report->node_count : 0;
    }
    struct sums sums = sum_up(report);
    cli_meter_read(&progress->whole, report->seconds, average_have(&sums));
    for (uint32_t i = 0; i < progress->meter_count && i < report->node_count; i++)
        cli_meter_read(&progress->meters[i], report->seconds, report->nodes[i].bytes_have);
}

static void add_hide(struct cli_progress *progress) {
    if (progress->lines_shown > 0)
        cli_text_add(&progress->frame, "\033[%uA\r\033[J", progress->lines_shown);
    progress->lines_shown = 0;
}

static void write_frame(struct cli_progress *progress) {
    if (progress->frame.bytes && !progress->frame.has_failed)
        fputs(progress->frame.bytes, progress->stream);
    fflush(progress->stream);
    progress->frame.has_failed = false;
    cli_text_clear(&progress->frame);
}

void cli_progress_hide(struct cli_progress *progress) {
    if (progress->lines_shown == 0)
        return;
    add_hide(progress);
    write_frame(progress);
}

/* Does each node have a line, with the whole above them and the cursor below? */
static bool fits(const struct fr_report *report, const struct cli_terminal *terminal) { return report->node_count + 2 <= terminal->rows; }

static size_t name_columns_for(const struct fr_report *report, unsigned columns) {
    size_t widest = 0, most = columns / 2 < NAME_MOST ? columns / 2 : NAME_MOST;
    for (uint32_t i = 0; i < report->node_count; i++) {
        size_t width = cli_text_width(report->nodes[i].name);
        widest = width > widest ? width : widest;
    }
    return widest < most ? widest : most;
}

static void draw(struct cli_progress *progress, const struct fr_report *report, const struct cli_terminal *terminal) {
    unsigned columns = terminal->columns - 1; /* a character in the last column makes some terminals wrap */
    struct cli_text *frame = &progress->frame;
    unsigned lines = 1;
    add_hide(progress);
    cli_progress_compose_whole(frame, report, progress->whole.rate, columns);
    cli_text_add(frame, "\n");
    if (fits(report, terminal)) {
        size_t name_columns = name_columns_for(report, columns);
        for (uint32_t i = 0; i < report->node_count; i++, lines++) {
            double rate = i < progress->meter_count ? progress->meters[i].rate : 0;
            cli_progress_compose_node(frame, report, &report->nodes[i], rate, name_columns, columns);
            cli_text_add(frame, "\n");
        }
    }
    if (!frame->has_failed)
        progress->lines_shown = lines;
    write_frame(progress);
}

/* Each node at the moment it fails; but not all of them because the push as a whole did. */
static void tell_failures(struct cli_progress *progress, const struct fr_report *report) {
    if (report->failure && report->failure[0] != '\0')
        return;
    for (uint32_t i = 0; i < progress->meter_count && i < report->node_count; i++) {
        const struct fr_node_report *node = &report->nodes[i];
        if (progress->settled[i] != node->verdict && has_failed(node))
            fprintf(progress->stream, "fastreplica: %s: %s after %.1f s\n", node->name, fr_verdict_name(node->verdict),
                    node->seconds >= 0 ? node->seconds : report->seconds);
        progress->settled[i] = node->verdict;
    }
}

/* A log that is read later: a line now and then. */
static void tell(struct cli_progress *progress, const struct fr_report *report) {
    tell_failures(progress, report);
    if (report->seconds - progress->told_seconds < PLAIN_SECONDS)
        return;
    progress->told_seconds = report->seconds;
    cli_progress_compose_whole(&progress->frame, report, progress->whole.rate, LINE_BYTES);
    if (progress->frame.bytes && !progress->frame.has_failed)
        fprintf(progress->stream, "fastreplica: %s\n", progress->frame.bytes);
    cli_text_clear(&progress->frame);
    fflush(progress->stream);
}

void cli_progress_show(struct cli_progress *progress, const struct fr_report *report, const struct cli_terminal *terminal) {
    read_meters(progress, report);
    if (terminal->is_terminal)
        draw(progress, report, terminal);
    else
        tell(progress, report);
}
