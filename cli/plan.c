/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica plan: shows which nodes would form groups, which group would feed which, and how long that would take. Nobody is asked or
 * told anything. */
#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "planning.h"
#include "planview.h"
#include "say.h"

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
        code = cli_plan_show(plan, nodes, options, settings->is_json ? CLI_PLAN_JSON : settings->is_dot ? CLI_PLAN_DOT : CLI_PLAN_PEOPLE);
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
