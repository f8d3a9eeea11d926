/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of fastreplica-mdc and the exit codes that they share; docs/mdc.md explains them. */
#ifndef MDC_COMMANDS_H
#define MDC_COMMANDS_H

enum mdc_exit {
    MDC_EXIT_WHOLE = 0,   /* done: the original, or the whole set */
    MDC_EXIT_LOCAL = 1,   /* something failed on this machine */
    MDC_EXIT_USAGE = 2,   /* what was typed, or what it names, cannot be used */
    MDC_EXIT_USABLE = 3,  /* something of use, and not all of it */
    MDC_EXIT_NOTHING = 4, /* too few descriptions: nothing was written */
};

int mdc_encode_command(int argc, char **argv);
int mdc_decode_command(int argc, char **argv);
int mdc_inspect_command(int argc, char **argv);

int mdc_exit_for(int error);

/* Says what is wrong with a file that was left out; a mdc_note. */
void mdc_say_note(void *context, const char *line);

#endif
