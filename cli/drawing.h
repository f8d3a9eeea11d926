/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a plan's groups, drawn with characters. */
#ifndef CLI_DRAWING_H
#define CLI_DRAWING_H

#include <stdbool.h>
#include <stdio.h>

#include <fastreplica/plan.h>

/* The origin and below it one line a group, in at most lines_max + 1 lines: what is deepest and last is left out, and where it would hang a
 * line says how much that is. lines_max: at least 2. has_utf8: else it is drawn in ASCII.
 * Returns 0, or -1 without memory. */
int cli_drawing_write(const struct fr_plan *plan, unsigned lines_max, bool has_utf8, FILE *stream);

#endif
