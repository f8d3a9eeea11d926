/* SPDX-License-Identifier: Apache-2.0 */
/* One push from start to exit code: what `push` and `local` have in common. */
#ifndef CLI_PUSHING_H
#define CLI_PUSHING_H

#include <stdbool.h>

#include <fastreplica/fastreplica.h>

#include "args.h"
#include "exits.h"
#include "planning.h"

/* What the options say. Zeroed: the defaults. */
struct cli_pushing {
    const char *name, *report;
    uint64_t chunk_bytes, up_rate, rate_max;
    fr_time_ns connect_timeout, silence_timeout, deadline;
    bool is_quiet, is_json, is_dry;
    bool is_set; /* what is pushed is a folder of descriptions */
    unsigned verbosity;
    struct cli_planning planning;
    struct fr_plan_options plan; /* what planning says, filled in by cli_pushing_check */
};

enum { CLI_PUSHING_OPTIONS = 14 }; /* the one that ends the table included */

/* options [CLI_PUSHING_OPTIONS]: a table that fills *pushing. */
void cli_pushing_describe(struct cli_pushing *pushing, struct cli_option *options);

/* After parsing. Returns 0, or the exit code after complaining in the name of `command`. */
int cli_pushing_check(struct cli_pushing *pushing, const char *command);

/* Pushes with progress, then writes the table (or JSON) and the report. Signals must be watched. Returns the exit code. */
enum cli_exit cli_pushing_run(const struct cli_pushing *pushing, const char *path, const struct fr_nodes *nodes,
                              const struct fr_keys *keys);

#endif
