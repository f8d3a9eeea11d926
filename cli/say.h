/* SPDX-License-Identifier: Apache-2.0 */
/* What the program tells its user on standard error, one line at a time. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include <fastreplica/observe.h>

/* "fastreplica: " and the formatted text; control characters in it become '?', so that no name or peer can write to the terminal. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A log line as scripts read it: time=2031-01-30T12:00:00.123Z level=info and then `line`. */
void cli_log_write(FILE *stream, enum fr_log_level level, const char *line);

/* Everything that was printed on standard output has got there? Says so when not, and returns the exit code to end with: the one given, or
 * 1. */
int cli_finish_output(int code);

#endif
