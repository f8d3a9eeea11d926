/* SPDX-License-Identifier: Apache-2.0 */
/** A node: receives objects into a folder and relays them; and asking nodes what they are doing. */
#ifndef FASTREPLICA_NODE_H
#define FASTREPLICA_NODE_H

#include <fastreplica/error.h>
#include <fastreplica/keys.h>
#include <fastreplica/observe.h>
#include <fastreplica/plan.h>
#include <fastreplica/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fr_node_options {
    const char *store;          /**< folder of finished objects, created if missing */
    const struct fr_keys *keys; /**< loaded as FR_KEYS_NODE */
    const char *listen;         /**< "host:port", ":port", "[v6]:port"; NULL: every address, port 7420; port 0: any free one */
    fr_time_ns silence_timeout; /**< 0: 15 s */
    uint32_t transfers_max;     /**< transfers at once; 0: 16 */
    fr_time_ns
        keep_partial; /**< what a transfer that was cut short has received is kept so long for a later one; 0: not. From _init: 24 h */
    uint32_t connections_max; /**< that all transfers may need together; one that does not fit is refused; 0: 4096 */
    uint64_t memory_max;      /**< the same for the buffers of chunks, in bytes; 0: half of the machine's memory, at least 1 GiB */
    uint64_t up_rate_max;   /**< bytes of chunks a second that it sends in all; 0: no limit. Frames, encryption and TCP add a few percent */
    uint64_t down_rate_max; /**< the same for what it receives */
    struct fr_log log;
};

void fr_node_options_init(struct fr_node_options *options);

struct fr_node;

/** Open the store and listen. FR_E_IN_USE (address or store taken), FR_E_IO, FR_E_RESOLVE, FR_E_ARGUMENT, FR_E_MEMORY. */
int fr_node_new(const struct fr_node_options *options, struct fr_node **ret_node, struct fr_failure *failure);
/** The port that it listens on. */
uint16_t fr_node_port(const struct fr_node *node);
/** Serve until fr_node_stop. Blocks. Returns 0, or an error that ended it. */
int fr_node_run(struct fr_node *node, struct fr_failure *failure);
/** Finish soon: tells peers, keeps or removes what is unfinished (keep_partial), returns from fr_node_run within seconds. Any thread, and
 *  signal handlers. */
void fr_node_stop(struct fr_node *node);
void fr_node_free(struct fr_node *node); /**< NULL allowed; not while it runs */

/** What one node answered. */
struct fr_status_item {
    char *name;                        /**< of the object */
    char id[33];                       /**< transfer id, hex */
    const char *state;                 /**< "receiving", "complete", "failed" */
    uint64_t bytes_have, object_bytes; /**< object_bytes may be FR_BYTES_UNKNOWN */
    double seconds;
};
struct fr_node_status {
    const char *address; /**< as in the node list */
    bool is_up;
    struct fr_failure failure; /**< why not, when not */
    char *agent;               /**< "fastreplica 0.1.0"; NULL when down */
    double uptime_seconds;
    uint64_t store_free_bytes, completed_count, failed_count;
    uint32_t item_count;
    struct fr_status_item *items;
};

/** Ask all nodes at once; waits at most `timeout` (0: 5 s). ret_statuses [nodes->count], freed by fr_status_free.
 *  Returns 0 whether nodes are up or not; FR_E_MEMORY or FR_E_IO when nothing could be asked. keys: FR_KEYS_STATUS. */
int fr_status_ask(const struct fr_nodes *nodes, const struct fr_keys *keys, fr_time_ns timeout, struct fr_node_status **ret_statuses,
                  struct fr_failure *failure);
void fr_status_free(struct fr_node_status *statuses, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
