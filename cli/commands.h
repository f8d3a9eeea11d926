/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands. Each has a file of its own. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

struct cli_command {
    const char *name;
    const char *summary;               /* one line of the program's --help */
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name; returns the exit code */
};

extern const struct cli_command cli_keygen_command;
extern const struct cli_command cli_node_command;
extern const struct cli_command cli_push_command;
extern const struct cli_command cli_plan_command;
extern const struct cli_command cli_sim_command;
extern const struct cli_command cli_status_command;
extern const struct cli_command cli_local_command;
extern const struct cli_command cli_mdc_command;

#endif
