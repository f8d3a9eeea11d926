/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that plan have in common: the options that shape a plan, and a plan told in a few lines. */
#ifndef CLI_PLANNING_H
#define CLI_PLANNING_H

#include <stdio.h>

#include <fastreplica/fastreplica.h>

#include "args.h"

/* What the options say. Zeroed: everything is chosen. */
struct cli_planning {
    uint32_t group_size, fanout;
    fr_time_ns delay;
    const char *shape;
};

enum { CLI_PLANNING_OPTIONS = 5 }; /* the one that ends the table included */

/* options [CLI_PLANNING_OPTIONS]: a table that fills *planning. */
void cli_planning_describe(struct cli_planning *planning, struct cli_option *options);

/* Into *options, whose other fields stay. Returns 0, or the exit code after complaining in the name of `command`. */
int cli_planning_fill(const struct cli_planning *planning, const char *command, struct fr_plan_options *options);

/* A few lines: how many nodes and groups, which shape and why, what is predicted and what is least possible. options: those the plan was
 * made with. */
void cli_plan_summary(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options, FILE *stream);

#endif
