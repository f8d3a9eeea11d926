/* SPDX-License-Identifier: Apache-2.0 */
/* What node lists check of themselves, for who makes a list longer after it was read. */
#ifndef FR_PLAN_NODES_H
#define FR_PLAN_NODES_H

#include <fastreplica/plan.h>

/* Is every address in the list once? label: the file's name, NULL for an inline list. nodes->count at least 1.
 * Returns 0; FR_E_SYNTAX, and the failure names the label and both lines; or FR_E_MEMORY. O(n log n). */
int fr_nodes_check_distinct(const struct fr_nodes *nodes, const char *label, struct fr_failure *failure);

#endif
