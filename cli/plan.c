/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica plan: shows which nodes would form groups, which group would feed which, and how long that would take. Nobody is asked or told anything. */
#include <stdlib.h>
#include <unistd.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "drawing.h"
#include "exits.h"
#include "figures.h"
#include "planning.h"
#include "say.h"
#include "table.h"
#include "terminal.h"

enum { ROWS_MAX = 12, DRAWING_LINES_MAX = 20 };

static const char about[] =
    "Show how a file of SIZE would reach all nodes: who forms a group with whom, which group feeds which, how long that should take, and\n"
    "the least possible time. No node is asked: everything comes from the list.";

static const char notes[] =
    "NODES is a file with one node a line, - for such a file on standard input, or a list: edge[01-32].example.net:7420,10.0.0.1\n"
    "Times need --up, and up= and down= of every node. Exit codes: 0 planned, 1 failed here, 2 wrong usage or input.";

struct settings {
    const char *to;
    uint64_t size, chunk_bytes, up_rate;
    bool is_json, is_dot;
    struct cli_planning planning;
};

static const struct cli_column columns[] = {
    {.title = "GROUP", .is_number = true},
    {.title = "NODES", .is_number = true},
    {.title = "ZONE", .is_optional = true},
    {.title = "FED BY", .is_number = true},
    {.title = "STARTS"},
    {.title = "DONE", .is_number = true, .is_optional = true},
    {.title = "MEMBERS"},
};

static void add_group(struct cli_table *table, const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t g) {
    const struct fr_plan_group *group = &plan->groups[g];
    char figure[CLI_FIGURE_BYTES];
    cli_table_add(table, "%u", g);
    cli_table_add(table, "%u", group->member_count);
    cli_table_add(table, "%s", group->zone);
    if (group->upstream == FR_GROUP_ORIGIN)
        cli_table_add(table, "origin");
    else
        cli_table_add(table, "%u", group->upstream);
    cli_table_add(table, "%s", group->is_secondary ? "when that has it all" : "at once");
    cli_table_add(table, "%s", cli_figure_seconds(group->finish_seconds, figure));
    cli_table_add(table, "%s%s", nodes->specs[plan->members[group->first_member]].address, group->member_count > 1 ? " ..." : "");
}

static int write_table(const struct fr_plan *plan, const struct fr_nodes *nodes) {
    struct cli_table table;
    uint32_t rows = plan->group_count <= ROWS_MAX + 1 ? plan->group_count : ROWS_MAX;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    for (uint32_t g = 0; g < rows; g++)
        add_group(&table, plan, nodes, g);
    int result = cli_table_write(&table, stdout);
    if (rows < plan->group_count)
        printf("... %u more groups; --json has all, and every member\n", plan->group_count - rows);
    cli_table_done(&table);
    return result;
}

static int write_for_people(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options) {
    cli_plan_summary(plan, nodes, options, stdout);
    printf("\n");
    int result = write_table(plan, nodes);
    if (plan->group_count > 1) {
        printf("\n");
        result |= cli_drawing_write(plan, DRAWING_LINES_MAX, cli_terminal_has_utf8(), stdout);
    }
    return result;
}

/* Returns 0, or -1 without memory. */
static int write_text(char *text) {
    if (!text)
        return -1;
    fputs(text, stdout);
    free(text);
    return 0;
}

static enum cli_exit write_plan(const struct settings *settings, const struct fr_plan *plan, const struct fr_nodes *nodes,
                                const struct fr_plan_options *options) {
    int result;
    if (settings->is_json)
        result = write_text(fr_plan_json(plan, nodes));
    else if (settings->is_dot)
        result = write_text(fr_plan_dot(plan, nodes));
    else
        result = write_for_people(plan, nodes, options);
    if (result != 0)
        cli_say("no memory to show the plan");
    return cli_finish_output(result == 0 ? CLI_EXIT_ALL : CLI_EXIT_LOCAL);
}

static enum cli_exit load_and_plan(const struct settings *settings, const struct fr_plan_options *options) {
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    struct fr_plan *plan = NULL;
    enum cli_exit code;
    int error = fr_nodes_load(settings->to, &nodes, &failure);
    if (!error)
        error = fr_plan_new(nodes, options, &plan, &failure);
    if (error) {
        cli_say("%s", failure.text);
        code = cli_exit_for_input(error);
    } else {
        code = write_plan(settings, plan, nodes, options);
    }
    fr_plan_free(plan);
    fr_nodes_free(nodes);
    return code;
}

static int run(int argc, char **argv) {
    struct settings settings = {0};
    const struct cli_option own[] = {
        {"to", 't', CLI_TEXT, true, "NODES", &settings.to, "who would receive", 0, 0},
        {"size", 's', CLI_BYTES, true, "SIZE", &settings.size, "of the file", 0, 0},
        {"chunk-size", 0, CLI_BYTES, false, "SIZE", &settings.chunk_bytes, "a power of two, 16K to 4M; chosen from the size if left out", 0,
         0},
        {"up", 0, CLI_RATE, false, "RATE", &settings.up_rate, "the uplink of the machine that would push", 0, 0},
        {"json", 0, CLI_FLAG, false, NULL, &settings.is_json, "print the whole plan as one JSON object", 0, 0},
        {"dot", 0, CLI_FLAG, false, NULL, &settings.is_dot, "print a drawing for Graphviz", 0, 0},
        {0},
    };
    struct cli_option common[CLI_PLANNING_OPTIONS];
    cli_planning_describe(&settings.planning, common);
    const struct cli_usage usage = {
        .command = "plan", .synopsis = "--to NODES --size SIZE [options]", .about = about, .notes = notes, .tables = {own, common}};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    if (settings.is_json && settings.is_dot)
        return cli_args_complain("plan", "--json and --dot cannot both be printed");
    struct fr_plan_options options;
    fr_plan_options_init(&options);
    options.object_bytes = settings.size;
    /* What is above 32 bits is no chunk size; what stands in its place is none either, so the library says what is. */
    options.chunk_bytes = settings.chunk_bytes < UINT32_MAX ? (uint32_t) settings.chunk_bytes : UINT32_MAX;
    options.up_rate = settings.up_rate;
    int code = cli_planning_fill(&settings.planning, "plan", &options);
    return code ? code : (int) load_and_plan(&settings, &options);
}

const struct cli_command cli_plan_command = {
    .name = "plan", .summary = "show which nodes would form groups, and how long a push would take", .run = run};
