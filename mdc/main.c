/* SPDX-License-Identifier: Apache-2.0 */
/* fastreplica-mdc: the program. Finds the subcommand. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>
#include <fastreplica/fastreplica.h>

#include "cli/args.h"
#include "cli/say.h"
#include "mdc/commands.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"encode", "a file to a folder of descriptions", mdc_encode_command},
    {"decode", "the best that some descriptions allow", mdc_decode_command},
    {"inspect", "what some descriptions are, and what they allow", mdc_inspect_command},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

int mdc_exit_for(int error) {
    switch (error) {
    case FR_E_ARGUMENT:
    case FR_E_SYNTAX:
    case FR_E_LIMIT: return MDC_EXIT_USAGE;
    default: return MDC_EXIT_LOCAL;
    }
}

void mdc_say_note(void *context, const char *line) {
    (void) context;
    cli_say("mdc: %s", line);
}

static int print_help(void) {
    printf("usage: fastreplica mdc COMMAND [options]\n\n"
           "Multiple description coding: a file becomes N descriptions. Any of them are of use, and each further one makes it better.\n\n"
           "commands:\n");
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    printf("\n"
           "  fastreplica mdc COMMAND --help   what a command takes\n\n"
           "exit codes: 0 all of it; 3 something of use; 4 too few descriptions, nothing was written;\n"
           "            1 something failed here; 2 wrong usage or input\n");
    return cli_finish_output(MDC_EXIT_WHOLE);
}

int main(int argc, char **argv) {
    const char *names[COMMAND_COUNT + 1] = {0};

    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        cli_say("mdc: a command is missing; see 'fastreplica mdc --help'");
        return MDC_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0) {
        printf("fastreplica-mdc %s\n", fr_version());
        return cli_finish_output(MDC_EXIT_WHOLE);
    }
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    const char *nearest = cli_args_nearest(argv[1], names);
    if (nearest != NULL)
        cli_say("mdc: there is no command '%s'; did you mean '%s'?", argv[1], nearest);
    else
        cli_say("mdc: there is no command '%s'; see 'fastreplica mdc --help'", argv[1]);
    return MDC_EXIT_USAGE;
}
