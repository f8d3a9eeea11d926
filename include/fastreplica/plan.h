/* SPDX-License-Identifier: Apache-2.0 */
/** Who receives, who passes it on to whom, and what the least possible time is. Pure functions but for fr_nodes_load...
 *
 *  A node file has one node a line: `host[:port] [zone=Z] [up=RATE] [down=RATE] [tier=primary|secondary]`, `#` begins a comment.
 *  An inline list is comma-separated and takes ranges: `edge[01-32].example.net:7420,10.0.0.[1-4]`. The default port is 7420.
 *  IPv6 addresses are written in brackets. `dns:NAME[:PORT]` stands for every address of NAME (fr_nodes_load looks them up). RATE: "100M",
 *  "1G" (bits a second), "300MB/s".
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
    char *address;    /**< "host:port", "[v6]:port": as written, the port added; after fr_nodes_parse_... also "dns:name:port" */
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

/** Read `text` as the contents of a node file. Empty, malformed or duplicate: FR_E_SYNTAX, naming `label` and the line. More than
 *  FR_NODES_MAX: FR_E_LIMIT. Or FR_E_MEMORY. */
int fr_nodes_parse_file(const char *text, const char *label, struct fr_nodes **ret_nodes, struct fr_failure *failure);
/** Read `list` as an inline list. Errors as above. */
int fr_nodes_parse_inline(const char *list, struct fr_nodes **ret_nodes, struct fr_failure *failure);
/** What --to takes: "-" is a node file on standard input; a path of an existing file is a node file; anything else an inline list (text
 *  with a '/' that is no file: FR_E_IO). Then names behind `dns:` are looked up, which blocks: each becomes one node for every address,
 *  with the attributes of its line. FR_E_RESOLVE: a name has no address. FR_E_SYNTAX: an address is there twice. Both name the line. */
int fr_nodes_load(const char *argument, struct fr_nodes **ret_nodes, struct fr_failure *failure);
/** What the report of an earlier push says of its object. */
struct fr_reported_object {
    char *name;           /**< that it has at the nodes, for free(); NULL where the report does not tell */
    uint32_t entry_count; /**< of a set; 0: it is one file */
};
/** Whom an earlier push did not serve: the nodes of the report in file `path` (fr_report_json wrote it) that are neither complete nor slow,
 *  with their zones, rates and tiers, in the report's order. *ret_nodes NULL: none is missing. FR_E_IO: the file cannot be read.
 *  FR_E_SYNTAX: it is no report; a number after the file's name counts its nodes, from 1. Otherwise as fr_nodes_load. */
int fr_nodes_load_missing(const char *path, struct fr_nodes **ret_nodes, struct fr_reported_object *ret_object, struct fr_failure *failure);
void fr_nodes_free(struct fr_nodes *nodes); /**< NULL allowed */

/** The least time in which `bytes` can reach all nodes when only uplinks and downlinks limit: max{ F/u_s, F/min D, N F/(u_s + sum u) }.
 *  up_rate: the origin's uplink, bytes a second. Returns seconds, or a negative number when a rate that is needed is unknown (the origin's
 *  uplink, any node's up or down rate).
 *  Source: Kumar and Ross, "Peer-assisted file distribution: the minimum distribution time", 2006; no latency term. */
double fr_bound_seconds(const struct fr_nodes *nodes, uint64_t up_rate, uint64_t bytes);

/* Plans: which nodes form groups, and which group feeds which.
 *
 *      struct fr_plan_options options;
 *      struct fr_plan *plan;
 *      fr_plan_options_init(&options);
 *      options.object_bytes = UINT64_C(10) << 30;
 *      if (fr_plan_new(nodes, &options, &plan, &failure) == 0) {
 *              for (uint32_t g = 0; g < plan->group_count; g++)
 *                      ...
 *              fr_plan_free(plan);
 *      }
 */

/** The form of the tree of groups. */
enum fr_shape {
    FR_SHAPE_AUTO,  /**< whichever is predicted to be quicker */
    FR_SHAPE_CHAIN, /**< every group feeds one other */
    FR_SHAPE_TREE,  /**< every group feeds several others */
};

enum {
    FR_GROUP_MEMBERS_MAX = 64, /**< members of one group */
    FR_FANOUT_MAX = 8,         /**< groups that one group feeds */
};

#define FR_GROUP_ORIGIN UINT32_MAX /**< as an upstream: the origin, which is no group */

struct fr_plan_options {
    uint64_t object_bytes; /**< FR_BYTES_UNKNOWN: a pipe; planned as a large object, with no prediction */
    uint32_t chunk_bytes;  /**< 0: as a push chooses; else a power of two, 16 KiB .. 4 MiB */
    uint64_t up_rate;      /**< the origin's uplink, bytes a second; FR_RATE_UNKNOWN */
    fr_time_ns delay;      /**< one-way latency between nodes; 0: unknown, 0.5 ms is assumed */
    uint32_t group_size;   /**< the largest group, 1 .. FR_GROUP_MEMBERS_MAX; 0: chosen */
    enum fr_shape shape;
    uint32_t fanout; /**< child groups of a group, 1 .. FR_FANOUT_MAX; 1 is a chain; 0: chosen */
};

/** One group and the edge that feeds it. */
struct fr_plan_group {
    uint32_t first_member, member_count; /**< plan->members[first_member ..], richest uplink first: the order of ranks */
    uint32_t upstream;                   /**< index of the group that feeds it, below its own; or FR_GROUP_ORIGIN */
    uint32_t subtree_count;              /**< it and all groups below it are groups[g .. g + subtree_count) */
    uint32_t level;                      /**< 0: fed by the origin */
    bool is_secondary;                   /**< its edge is: it is fed from when the upstream group has the whole object */
    const char *zone;      /**< of all its members; "" when they are of several zones, or of none. Lives as long as the plan */
    uint32_t adopts;       /**< the group above it whose owners this one relieves (see below), or FR_GROUP_ORIGIN: none */
    uint32_t shift;        /**< with adopts: what owner i there would send its peer i + shift, owner i here sends it; else 0 */
    double finish_seconds; /**< predicted; negative: unknown */
};

/** Groups are in preorder: a group stands before those that it feeds, and a subtree in one stretch. Members are in the order of their
 *  groups. */
struct fr_plan {
    uint32_t group_count;
    struct fr_plan_group *groups; /**< [group_count] */
    uint32_t member_count;
    uint32_t *members; /**< [member_count], indexes into the node list, each once */
    uint64_t object_bytes;
    uint32_t chunk_bytes;
    uint32_t root_group_count; /**< groups that the origin feeds */
    uint32_t level_count;
    uint32_t fanout;          /**< the most groups that any group feeds; 0 for a single group */
    uint32_t connections_max; /**< the most that any recipient has: peers, links up, down and to adopters (see below) */
    double predicted_seconds; /**< until the last group has it; negative: unknown */
    double bound_seconds;     /**< the least possible for this very job; negative: unknown */
    enum fr_shape shape;      /**< FR_SHAPE_CHAIN or FR_SHAPE_TREE: how it was built; never FR_SHAPE_AUTO */
    double copy_seconds;      /**< sending the object once over a usual node's uplink; with what was assumed where nothing was told */
    double hop_seconds;       /**< what one more group on the way costs; likewise. 0 or above, both */
};

/** Defaults everywhere, a pipe's size. */
void fr_plan_options_init(struct fr_plan_options *options);

/** Form groups of all nodes and hang them below the origin.
 *  A group lies inside one zone; the sizes of a zone's groups of one kind differ by one at most, and their uplinks are balanced. Nodes that
 *  are alone in their zones share groups. A zone is entered over one edge, so the links between zones carry the object once; only when all
 *  nodes are of one zone may the origin, if it is fast, feed several groups of it. Nodes whose downlink is below half of what is usual in
 *  their zone are put into groups that feed no others. Secondary nodes form groups of their own, fed by secondary edges from primary groups
 *  and by primary edges from one another; if all are secondary, all are taken as primary. The same input gives the same plan.
 *  Counterparts: between a group of ku members and one of kc below it, for t in 0 .. max(ku, kc) - 1 member t % ku is linked with member
 *  t % kc.
 *  Adoption: an owner in a group that feeds m others has m - 1 sends more than its uplink can do at the full rate, one in a group that
 *  feeds none has one fewer; so m - 1 leaf groups of its subtree relieve it, where all groups between have one size and lie in one zone.
 *  There member i of the leaf group is linked with member i + shift, modulo the size, of the group that it adopts.
 *  nodes: 1 .. FR_NODES_MAX, borrowed until the call returns.  failure: may be NULL.
 *  Returns 0; FR_E_ARGUMENT: an option is out of its range, or two contradict each other; FR_E_LIMIT: the object has too many chunks;
 *  FR_E_MEMORY. O(n log n) in the number of nodes. The plan is the caller's: fr_plan_free.
 *  Source: HPL-2005-64 and the FastReplica papers for groups and trees; choice of size and shape, zones and balance are ours
 *  (docs/plan.md). */
int fr_plan_new(const struct fr_nodes *nodes, const struct fr_plan_options *options, struct fr_plan **ret_plan, struct fr_failure *failure);
void fr_plan_free(struct fr_plan *plan); /**< NULL allowed */

/** The plan as one JSON object, a newline at its end; docs/plan.md describes it. nodes: the list that it was made from. Freed by free().
 *  NULL without memory. */
char *fr_plan_json(const struct fr_plan *plan, const struct fr_nodes *nodes);

/** The plan in the language of Graphviz: a node for each group, edges labelled primary or secondary. As above. */
char *fr_plan_dot(const struct fr_plan *plan, const struct fr_nodes *nodes);

#ifdef __cplusplus
}
#endif
#endif
