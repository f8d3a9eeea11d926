/* SPDX-License-Identifier: Apache-2.0 */
/* Names in node lists that stand for many nodes. */
#ifndef FR_NODE_RESOLVE_LIST_H
#define FR_NODE_RESOLVE_LIST_H

#include <fastreplica/plan.h>

/* Puts in the place of each "dns:NAME:PORT" one node for every address that NAME has now, with the attributes and the line of that entry;
 * addresses of one name in an order that does not depend on the answer's. Blocks while names are looked up. label: the file's name, NULL
 * for an inline list.
 * Returns 0; FR_E_RESOLVE: a name has no address; FR_E_SYNTAX: an address is there twice; FR_E_LIMIT: more than FR_NODES_MAX nodes;
 * FR_E_MEMORY.
 * A failure names the line. *nodes is whole in every case, and the caller's to free. */
int fr_nodes_resolve(struct fr_nodes *nodes, const char *label, struct fr_failure *failure);

#endif
