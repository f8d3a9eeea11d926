/* SPDX-License-Identifier: Apache-2.0 */
/** Pushing one object to many nodes. */
#ifndef FASTREPLICA_PUSH_H
#define FASTREPLICA_PUSH_H

#include <fastreplica/error.h>
#include <fastreplica/keys.h>
#include <fastreplica/observe.h>
#include <fastreplica/plan.h>
#include <fastreplica/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fr_push_options {
    const char *path;           /**< a file, a FIFO, or "-" for standard input; of a set its folder, or another name for it */
    const char *const *entries; /**< [entry_count] the files of a set, 1 .. 32, which are pushed as one object; NULL: path is the file */
    uint32_t entry_count;
    const char *name;             /**< name at the nodes; NULL: the last component of path; needed with "-" */
    const struct fr_nodes *nodes; /**< 1 .. FR_NODES_MAX recipients */
    const struct fr_keys *keys;   /**< loaded as FR_KEYS_ORIGIN */
    uint32_t chunk_bytes;         /**< 0: chosen from the size; else a power of two, 16 KiB .. 4 MiB */
    uint64_t up_rate;             /**< our uplink in bytes a second, for plan and bound_seconds; FR_RATE_UNKNOWN */
    uint64_t rate_max;            /**< bytes of chunks a second that we send in all; 0: no limit. The plan takes up_rate for no more */
    fr_time_ns delay;             /**< how groups are formed: as in struct fr_plan_options, like the next three */
    uint32_t group_size;
    enum fr_shape shape;
    uint32_t fanout;
    /** A node that cannot be reached for so long is `unreachable`; of the groups that the origin feeds, those below have 5 s; 0: 5 s. */
    fr_time_ns connect_timeout;
    /** A node that says nothing for so long has failed; likewise, further down the nodes' own option holds; 0: 15 s. */
    fr_time_ns silence_timeout;
    fr_time_ns deadline; /**< the whole push ends by then; 0: no limit */
    struct fr_log log;
    struct fr_progress progress;
};

/** Defaults everywhere. */
void fr_push_options_init(struct fr_push_options *options);

struct fr_push;

/** Open the source, check name, nodes and keys, and plan the groups. Nothing is sent yet. Errors: FR_E_ARGUMENT, FR_E_NAME, FR_E_IO,
 *  FR_E_LIMIT, FR_E_MEMORY; nothing is left behind then. */
int fr_push_new(const struct fr_push_options *options, struct fr_push **ret_push, struct fr_failure *failure);

/** Run it to its end: every node has a verdict, or something failed here. Blocks this thread; needs a worker pool of libuv.
 *  Returns 0 when the push itself worked: then read the verdicts in the report. FR_E_CHANGED, FR_E_IO: the source let us down;
 *  FR_E_CANCELLED: stopped; FR_E_TIMEOUT: options.deadline passed. The report is valid in every case. */
int fr_push_run(struct fr_push *push, struct fr_failure *failure);

/** End a running push soon, in good order. Any thread, and signal handlers. */
void fr_push_stop(struct fr_push *push);

/** The groups and the times that are predicted for them. Valid until fr_push_free. */
const struct fr_plan *fr_push_plan(const struct fr_push *push);

/** Valid until fr_push_free. */
const struct fr_report *fr_push_report(const struct fr_push *push);

void fr_push_free(struct fr_push *push); /**< NULL allowed; not while it runs */

#ifdef __cplusplus
}
#endif
#endif
