/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica: the program. Finds the subcommand; everything else is theirs. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "commands.h"
#include "exits.h"
#include "say.h"

static const struct cli_command *const commands[] = {
    &cli_keygen_command, &cli_node_command,   &cli_push_command,  &cli_plan_command,
    &cli_sim_command,    &cli_status_command, &cli_local_command, &cli_mdc_command,
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int print_help(void) {
    printf("usage: fastreplica COMMAND [options]\n\n"
           "Push a large file from one machine to many. Each relays its share to the others while it still receives it.\n\n"
           "commands:\n");
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n"
           "  fastreplica COMMAND --help   what a command takes\n"
           "  fastreplica --version        which version this is\n\n"
           "A first look, on this machine alone: fastreplica local --nodes 8 FILE\n");
    return cli_finish_output(CLI_EXIT_ALL);
}

static int print_version(void) {
    printf("fastreplica %s\n", fr_version());
    return cli_finish_output(CLI_EXIT_ALL);
}

static int complain_unknown(const char *word) {
    const char *names[COMMAND_COUNT + 1] = {0};
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    const char *nearest = cli_args_nearest(word, names);
    if (nearest)
        cli_say("there is no command '%s'; did you mean '%s'? See 'fastreplica --help'", word, nearest);
    else
        cli_say("there is no command '%s'; see 'fastreplica --help'", word);
    return CLI_EXIT_USAGE;
}

/* Many transfers with many links each need more descriptors than the usual soft limit; what is allowed is taken. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* else the old limit holds, and new connections are refused earlier */
}

int main(int argc, char **argv) {
    /* A connection or a pipe that breaks is an error of one call, not the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (argc < 2) {
        cli_say("a command is missing; see 'fastreplica --help'");
        return CLI_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return print_help();
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 || strcmp(word, "version") == 0)
        return print_version();
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(word, commands[i]->name) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    return complain_unknown(word);
}
