/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a push. */
#include "verdicts.h"

#include <stdbool.h>
#include <string.h>

#include "figures.h"
#include "say.h"
#include "table.h"

static const struct cli_column columns[] = {
    {.title = "NODE"},
    {.title = "VERDICT"},
    {.title = "GROUP", .is_number = true, .is_optional = true},
    {.title = "TIME", .is_number = true},
    {.title = "FROM ORIGIN", .is_number = true},
    {.title = "FROM PEERS", .is_number = true},
    {.title = "RELAYED", .is_number = true},
    {.title = "REASON", .is_optional = true},
};

enum { FROM_COLUMN = 4 };

static bool has_object(const struct fr_node_report *node) {
    return node->verdict == FR_VERDICT_COMPLETE || node->verdict == FR_VERDICT_SLOW;
}

static const char *reason_of(const struct fr_node_report *node) { return node->reason ? node->reason : ""; }

static void add_node(struct cli_table *table, const struct fr_report *report, const struct fr_node_report *node) {
    char figure[CLI_FIGURE_BYTES];
    cli_table_add(table, "%s", node->name);
    cli_table_add(table, "%s", fr_verdict_name(node->verdict));
    if (report->group_count > 1)
        cli_table_add(table, "%u", node->group);
    else
        cli_table_add(table, "%s", "");
    cli_table_add(table, "%s", cli_figure_seconds(node->seconds, figure));
    cli_table_add(table, "%s", cli_figure_share(node->bytes_from_upstream, report->object_bytes, figure));
    cli_table_add(table, "%s", cli_figure_share(node->bytes_from_peers, report->object_bytes, figure));
    cli_table_add(table, "%s", cli_figure_bytes(node->bytes_relayed, figure));
    cli_table_add(table, "%s", reason_of(node));
}

static uint32_t count_having(const struct fr_report *report) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < report->node_count; i++)
        count += has_object(&report->nodes[i]);
    return count;
}

/* When the last node that has the object had it; the whole push may have gone on for a node that failed in the end. */
static double last_seconds(const struct fr_report *report) {
    double last = -1;
    for (uint32_t i = 0; i < report->node_count; i++)
        if (has_object(&report->nodes[i]) && report->nodes[i].seconds > last)
            last = report->nodes[i].seconds;
    return last;
}

static void write_summary(const struct fr_report *report, FILE *stream) {
    char figure[CLI_FIGURE_BYTES];
    uint32_t having = count_having(report);
    double last = last_seconds(report);
    bool is_size_known = report->object_bytes != FR_BYTES_UNKNOWN;
    fprintf(stream, "%s: ", report->object_name);
    if (is_size_known)
        fprintf(stream, "%s ", cli_figure_bytes(report->object_bytes, figure));
    fprintf(stream, "to %u of %u %s", having, report->node_count, report->node_count == 1 ? "node" : "nodes");
    if (last >= 0)
        fprintf(stream, " in %s", cli_figure_seconds(last, figure));
    if (last > 0 && is_size_known && report->object_bytes > 0)
        fprintf(stream, ", %s", cli_figure_rate((double) report->object_bytes / last, figure));
    if (is_size_known && report->object_bytes > 0)
        fprintf(stream, "; the origin sent %.2f x the file", (double) report->origin_bytes_sent / (double) report->object_bytes);
    if (report->predicted_seconds > 0 && last >= 0)
        fprintf(stream, "; %.2f x the predicted %s", last / report->predicted_seconds,
                cli_figure_seconds(report->predicted_seconds, figure));
    if (report->bound_seconds > 0 && last >= 0)
        fprintf(stream, "; %.2f x the least possible %s", last / report->bound_seconds, cli_figure_seconds(report->bound_seconds, figure));
    fprintf(stream, "\n");
}

void cli_verdicts_write(const struct fr_report *report, FILE *stream) {
    struct cli_table table;
    struct cli_column shown[sizeof columns / sizeof *columns];
    memcpy(shown, columns, sizeof columns);
    if (report->group_count > 1) /* most are fed by another group */
        shown[FROM_COLUMN].title = "FROM ABOVE";
    cli_table_init(&table, shown, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < report->node_count; i++)
        add_node(&table, report, &report->nodes[i]);
    if (cli_table_write(&table, stream) != 0)
        cli_say("no memory for the table of verdicts");
    cli_table_done(&table);
    for (uint32_t i = 0; i < report->fault_count; i++)
        fprintf(stream, "fault: %s\n", report->faults[i]);
    write_summary(report, stream);
}

void cli_verdicts_say_failures(const struct fr_report *report) {
    for (uint32_t i = 0; i < report->node_count; i++) {
        const struct fr_node_report *node = &report->nodes[i];
        if (!has_object(node))
            cli_say("%s: %s%s%s", node->name, fr_verdict_name(node->verdict), reason_of(node)[0] ? ": " : "", reason_of(node));
    }
}

static enum cli_exit exit_by_nodes(const struct fr_report *report) {
    uint32_t having = count_having(report);
    if (having == report->node_count)
        return CLI_EXIT_ALL;
    for (uint32_t i = 0; i < report->node_count; i++)
        having += report->nodes[i].verdict == FR_VERDICT_USABLE;
    return having > 0 ? CLI_EXIT_SOME : CLI_EXIT_NONE;
}

enum cli_exit cli_verdicts_exit(const struct fr_report *report, int error) {
    if (error != 0 && error != FR_E_TIMEOUT)
        return CLI_EXIT_LOCAL;
    return exit_by_nodes(report);
}
