/* SPDX-License-Identifier: Apache-2.0 */
/* A push while it runs. On a terminal: one line a node while they fit, else one line for all, redrawn in place. Elsewhere: a line every few
 * seconds. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <fastreplica/observe.h>

#include "terminal.h"
#include "text.h"

/* How fast a count grows, smoothed over about two seconds. */
struct cli_meter {
    double rate;         /* a second; 0: not known yet */
    double then_seconds; /* when it was last read, and what it said */
    uint64_t then_count;
};

struct cli_progress {
    FILE *stream;
    struct cli_meter whole;
    struct cli_meter *meters; /* [meter_count], one a node; fewer than nodes when there was no memory */
    uint32_t meter_count;
    uint32_t *settled;    /* [meter_count]: verdicts that were told already, where lines are told one by one */
    unsigned lines_shown; /* on the terminal, below which the cursor stands */
    double told_seconds;  /* when the last plain line was written */
    struct cli_text frame;
};

void cli_progress_init(struct cli_progress *progress, FILE *stream);
void cli_progress_done(struct cli_progress *progress); /* leaves what is shown */

/* Shows the report, if it is time to. */
void cli_progress_show(struct cli_progress *progress, const struct fr_report *report, const struct cli_terminal *terminal);

/* Takes away what is shown on a terminal, so that something else can be written; the next show brings it back. */
void cli_progress_hide(struct cli_progress *progress);

/* Parts that have no screen, for tests. */
void cli_meter_read(struct cli_meter *meter, double seconds, uint64_t count);
void cli_progress_compose_node(struct cli_text *out, const struct fr_report *report, const struct fr_node_report *node, double rate,
                               size_t name_columns, unsigned columns);
void cli_progress_compose_whole(struct cli_text *out, const struct fr_report *report, double rate, unsigned columns);

#endif
