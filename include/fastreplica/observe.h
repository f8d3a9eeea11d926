/* SPDX-License-Identifier: Apache-2.0 */
/** Looking on: log lines, progress of a push, and its report. */
#ifndef FASTREPLICA_OBSERVE_H
#define FASTREPLICA_OBSERVE_H

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fr_log_level { FR_LOG_ERROR, FR_LOG_WARNING, FR_LOG_INFO, FR_LOG_DEBUG };

/** Where log lines go. `line` is `key=value` pairs without level, time or newline, such as `event=link-down peer=10.0.0.7:7420 why="..."`.
 *  Called on the thread that runs the node or push. on_line NULL: nobody reads. */
struct fr_log {
    void (*on_line)(void *user, enum fr_log_level level, const char *line);
    void *user;
    enum fr_log_level level_max; /**< lines above it are not made */
};

/** One node of a push, while it runs and at its end. Byte counts are chunk bytes; seconds count from the start of the push, negative: not
 *  known (yet). */
struct fr_node_report {
    const char *name; /**< "host:port" as in the node list */
    uint32_t group;   /**< from 0 */
    enum fr_verdict verdict;
    const char *reason; /**< why not complete; "" otherwise. Never NULL */
    double seconds;     /**< until it was complete, or failed */
    uint64_t bytes_have;
    uint64_t bytes_from_upstream;
    uint64_t bytes_from_peers;
    uint64_t bytes_relayed;
    uint32_t chunks_owned;
    uint32_t chunks_bad;   /**< wrong chunks that it received and dropped */
    uint32_t entries_have; /**< of a set: files that are whole */
    double first_relay_seconds;
    double last_owned_seconds;
    const char *zone; /**< as in the node list, like the rest, so that a report can be pushed to again; NULL or "": not told */
    uint64_t up_rate; /**< bytes a second, FR_RATE_UNKNOWN when not told */
    uint64_t down_rate;
    bool is_secondary;
};

/** A whole push. */
struct fr_report {
    const char *object_name;
    uint64_t object_bytes; /**< FR_BYTES_UNKNOWN while a pipe has not ended */
    uint32_t chunk_bytes;
    uint32_t chunks;
    uint32_t entry_count;                 /**< files of a set; 0: it is one file */
    char root[2 * FR_DIGEST_BYTES + 1];   /**< hex; "" until the source has been read to its end */
    char sha256[2 * FR_DIGEST_BYTES + 1]; /**< the same */
    double seconds;                       /**< so far; at the end: until the last node was settled */
    double bound_seconds;                 /**< negative: unknown */
    double predicted_seconds;             /**< what the plan promised; negative: unknown */
    uint32_t group_count;
    uint64_t origin_bytes_read;
    uint64_t origin_bytes_sent;
    uint32_t node_count;
    const struct fr_node_report *nodes; /**< [node_count], in the order of the node list */
    uint32_t fault_count;
    const char *const *faults; /**< [fault_count] sentences: which node sent wrong bytes, and the like */
    const char *failure;       /**< why the push as a whole failed at the origin; NULL or "": it did not (yet) */
};

/** What a push came to, as a whole. The program's exit codes are these. */
enum fr_outcome {
    FR_OUTCOME_RUNNING, /**< a node is still pending, and the origin has not failed */
    FR_OUTCOME_ALL,     /**< every node has the whole object (complete or slow) */
    FR_OUTCOME_SOME,    /**< some nodes have it */
    FR_OUTCOME_NONE,    /**< no node has it */
    FR_OUTCOME_FAILED,  /**< the origin could not go on: report->failure says why, whatever the nodes had by then */
};

/** O(node_count). */
enum fr_outcome fr_report_outcome(const struct fr_report *report);

/** "running", "all", "some", "none" or "failed". */
const char *fr_outcome_name(enum fr_outcome outcome);

/** Progress of a push: called a few times a second on the running thread, and once at the end. The report is valid during the call. */
struct fr_progress {
    void (*on_progress)(void *user, const struct fr_report *report);
    void *user;
};

/** The report as one JSON object, pretty-printed, ending in a newline; numbers that are not known are null. Caller frees with free(). NULL:
 *  no memory. docs/report.md describes every field. */
char *fr_report_json(const struct fr_report *report);

#ifdef __cplusplus
}
#endif
#endif
