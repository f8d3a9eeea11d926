/* SPDX-License-Identifier: Apache-2.0 */
/* How a push ended, for people: the table of verdicts, the line below it, and the exit code. */
#ifndef CLI_VERDICTS_H
#define CLI_VERDICTS_H

#include <stdio.h>

#include <fastreplica/observe.h>

#include "exits.h"

/* One row a node, then what went wrong on the way and was got over, then one line on the whole. */
void cli_verdicts_write(const struct fr_report *report, FILE *stream);

/* Each node that does not have the object, with its reason, through cli_say. */
void cli_verdicts_say_failures(const struct fr_report *report);

/* error: what fr_push_run returned. A deadline that passed is told by what the nodes have, every other failure of the origin is
 * CLI_EXIT_LOCAL. */
enum cli_exit cli_verdicts_exit(const struct fr_report *report, int error);

#endif
