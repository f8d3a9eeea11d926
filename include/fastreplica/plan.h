/* SPDX-License-Identifier: Apache-2.0 */
/** Who receives, and what the least possible time is. Pure functions but for reading a node file.
 *
 *  A node file has one node a line: `host[:port] [zone=Z] [up=RATE] [down=RATE] [tier=primary|secondary]`, `#` begins a comment.
 *  An inline list is comma-separated and takes ranges: `edge[01-32].example.net:7420,10.0.0.[1-4]`. The default port is 7420.
 *  IPv6 addresses are written in brackets. RATE: "100M", "1G" (bits a second), "300MB/s".
 */
#ifndef FASTREPLICA_PLAN_H
#define FASTREPLICA_PLAN_H

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FR_DEFAULT_PORT = 7420 };
enum { FR_NODES_MAX = 100000 }; /**< nodes in one list */

/** One recipient. */
struct fr_node_spec {
    char *address;    /**< "host:port", "[v6]:port": as written, the port added */
    char *zone;       /**< "" when not told */
    uint64_t up_rate; /**< bytes a second, FR_RATE_UNKNOWN when not told */
    uint64_t down_rate;
    bool is_secondary; /**< tier=secondary */
    uint32_t line;     /**< line of the file, or position in the inline list, from 1 */
};

struct fr_nodes {
    struct fr_node_spec *specs;
    uint32_t count;
};

/** Read `text` as the contents of a node file. Empty, malformed or duplicate: FR_E_SYNTAX, naming `label` and the line. More than FR_NODES_MAX:
 *  FR_E_LIMIT. Or FR_E_MEMORY. */
int fr_nodes_parse_file(const char *text, const char *label, struct fr_nodes **ret_nodes, struct fr_failure *failure);
/** Read `list` as an inline list. Errors as above. */
int fr_nodes_parse_inline(const char *list, struct fr_nodes **ret_nodes, struct fr_failure *failure);
/** What --to takes: "-" is a node file on standard input; a path of an existing file is a node file; anything else an inline list (text with a
 *  '/' that is no file: FR_E_IO). */
int fr_nodes_load(const char *argument, struct fr_nodes **ret_nodes, struct fr_failure *failure);
void fr_nodes_free(struct fr_nodes *nodes); /**< NULL allowed */

/** The least time in which `bytes` can reach all nodes when only uplinks and downlinks limit: max{ F/u_s, F/min D, N F/(u_s + sum u) }.
 *  up_rate: the origin's uplink, bytes a second. Returns seconds, or a negative number when a rate that is needed is unknown (the origin's
 *  uplink, any node's up or down rate).
 *  Source: Kumar and Ross, "Peer-assisted file distribution: the minimum distribution time", 2006; no latency term. */
double fr_bound_seconds(const struct fr_nodes *nodes, uint64_t up_rate, uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
