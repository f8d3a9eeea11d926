/* SPDX-License-Identifier: Apache-2.0 */
/* A whole plan on standard output: what `plan` and a dry run of `push` have in common. */
#ifndef CLI_PLANVIEW_H
#define CLI_PLANVIEW_H

#include <fastreplica/plan.h>

#include "exits.h"

enum cli_plan_form {
    CLI_PLAN_PEOPLE, /* summary, table of groups, drawing */
    CLI_PLAN_JSON,
    CLI_PLAN_DOT, /* for Graphviz */
};

/* options: those the plan was made with. Returns the exit code, after saying what went wrong. */
enum cli_exit cli_plan_show(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options,
                            enum cli_plan_form form);

#endif
