/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica push: one file to all nodes of a list. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "pushing.h"
#include "say.h"
#include "signals.h"

static const char about[] =
    "Send FILE to all nodes at once; each relays its share to the others while it still receives it. FILE may be a pipe, and\n"
    "- is standard input. A node has the file under its final name only when it is whole and verified.";

static const char notes[] =
    "NODES is a file with one node a line, - for such a file on standard input, or a list: edge[01-32].example.net:7420,10.0.0.1\n"
    "Exit codes: 0 every node has it, 1 failed here, 2 wrong usage or input, 3 some nodes failed, 4 all failed.";

/* Who receives: one of the two is given. */
struct recipients {
    const char *node_list, *report;
};

static int load_nodes(const struct recipients *recipients, struct fr_nodes **ret_nodes, struct fr_reported_object *ret_object,
                      struct fr_failure *failure) {
    if (recipients->report)
        return fr_nodes_load_missing(recipients->report, ret_nodes, ret_object, failure);
    return fr_nodes_load(recipients->node_list, ret_nodes, failure);
}

/* Is what the report tells of the kind that is to be pushed? If not, complains. */
static bool is_kind_of_report(const struct recipients *recipients, const struct fr_reported_object *object, bool is_set) {
    if (!recipients->report || (object->entry_count > 0) == is_set)
        return true;
    cli_say("%s is the report of %s", recipients->report,
            is_set ? "one file: push that file, without --mdc" : "a set of descriptions: push their folder with --mdc");
    return false;
}

static enum cli_exit push_file(struct cli_pushing *pushing, const char *path, const struct recipients *recipients, const char *key_folder) {
    struct fr_failure failure = {0};
    struct fr_nodes *nodes = NULL;
    struct fr_keys *keys = NULL;
    struct fr_reported_object object = {0};
    enum cli_exit code;
    int error = fr_keys_load(key_folder, FR_KEYS_ORIGIN, &keys, &failure);
    if (!error)
        error = load_nodes(recipients, &nodes, &object, &failure);
    if (!pushing->name)
        pushing->name = object.name;
    if (error) {
        cli_say("%s", failure.text);
        code = cli_exit_for_input(error);
    } else if (!is_kind_of_report(recipients, &object, pushing->is_set)) {
        code = CLI_EXIT_USAGE;
    } else if (!nodes) {
        if (!pushing->is_quiet)
            cli_say("every node of %s has it: nothing to push", recipients->report);
        code = CLI_EXIT_ALL;
    } else {
        code = cli_pushing_run(pushing, path, nodes, keys);
    }
    fr_nodes_free(nodes);
    fr_keys_free(keys);
    free(object.name);
    return code;
}

/* Returns 0, or the exit code after a complaint. */
static int check_given(struct cli_pushing *pushing, const char *path, const struct recipients *recipients) {
    bool is_piped = strcmp(path, "-") == 0;
    if (recipients->node_list && recipients->report)
        return cli_args_complain("push", "--to and --retry both say who receives: give one of them");
    if (!recipients->node_list && !recipients->report)
        return cli_args_complain("push", "--to NODES is missing, or --retry REPORT");
    if (is_piped && recipients->node_list && strcmp(recipients->node_list, "-") == 0)
        return cli_args_complain("push", "FILE and NODES cannot both be standard input");
    if (is_piped && !pushing->name && !recipients->report)
        return cli_args_complain("push", "standard input has no name: --name NAME is missing");
    return cli_pushing_check(pushing, "push");
}

static int run(int argc, char **argv) {
    struct cli_pushing pushing = {0};
    struct recipients recipients = {0};
    const char *key_folder = NULL;
    struct cli_option own[] = {
        {"to", 't', CLI_TEXT, false, "NODES", &recipients.node_list, "who receives", 0, 0},
        {"retry", 0, CLI_TEXT, false, "REPORT", &recipients.report,
         "instead of --to: the nodes that have not got it by this report,\nwhich an earlier push wrote; the name is that of the report", 0,
         0},
        {"keys", 'k', CLI_TEXT, true, "DIR", &key_folder, "folder with cluster.secret and origin.key", 0, 0},
        {0},
    };
    struct cli_option common[CLI_PUSHING_OPTIONS], shaping[CLI_PLANNING_OPTIONS];
    cli_pushing_describe(&pushing, common);
    cli_planning_describe(&pushing.planning, shaping);
    const struct cli_usage usage = {.command = "push",
                                    .synopsis = "FILE --to NODES | --retry REPORT --keys DIR [options]",
                                    .about = about,
                                    .notes = notes,
                                    .tables = {own, common, shaping},
                                    .operands_min = 1,
                                    .operands_max = 1,
                                    .operands = "FILE"};
    char **operands;
    int operand_count;
    enum cli_args_result parsed = cli_args_parse(&usage, argc, argv, &operands, &operand_count);
    if (parsed != CLI_ARGS_GO)
        return cli_args_exit(parsed);
    int wrong = check_given(&pushing, operands[0], &recipients);
    if (wrong != 0)
        return wrong;
    if (cli_signals_watch() != 0)
        return CLI_EXIT_LOCAL;
    return push_file(&pushing, operands[0], &recipients, key_folder);
}

const struct cli_command cli_push_command = {.name = "push", .summary = "send a file to many nodes", .run = run};
