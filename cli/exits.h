/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes, the same for every subcommand; fastreplica(7) explains them. */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

enum cli_exit {
    CLI_EXIT_ALL = 0,   /* every node has it, or is up; or simply: done */
    CLI_EXIT_LOCAL = 1, /* something failed on this machine */
    CLI_EXIT_USAGE = 2, /* what was typed, or what it names, cannot be used */
    CLI_EXIT_SOME = 3,  /* some nodes failed, or are down */
    CLI_EXIT_NONE = 4,  /* all did */
};

/* For an error in what the caller named: a file, a key folder, a node list. All but a lack of memory or of room are the
 * caller's to mend. */
enum cli_exit cli_exit_for_input(int error);

/* For an error of a library call that both checks its arguments and touches the world. */
enum cli_exit cli_exit_for(int error);

#endif
