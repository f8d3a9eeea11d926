/* SPDX-License-Identifier: Apache-2.0 */
/* The report as JSON, and what a push came to. docs/report.md describes every field that is written here. */
#include <fastreplica/observe.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/json.h"

enum fr_outcome fr_report_outcome(const struct fr_report *report) {
    if (report->failure && report->failure[0] != '\0')
        return FR_OUTCOME_FAILED;
    uint32_t have = 0, pending = 0;
    for (uint32_t i = 0; i < report->node_count; i++) {
        enum fr_verdict verdict = report->nodes[i].verdict;
        have += verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_SLOW;
        pending += verdict == FR_VERDICT_PENDING;
    }
    if (pending > 0)
        return FR_OUTCOME_RUNNING;
    if (have == report->node_count)
        return FR_OUTCOME_ALL;
    return have > 0 ? FR_OUTCOME_SOME : FR_OUTCOME_NONE;
}

const char *fr_outcome_name(enum fr_outcome outcome) {
    switch (outcome) {
    case FR_OUTCOME_RUNNING: return "running";
    case FR_OUTCOME_ALL: return "all";
    case FR_OUTCOME_SOME: return "some";
    case FR_OUTCOME_NONE: return "none";
    case FR_OUTCOME_FAILED: return "failed";
    }
    return "unknown";
}

/* NULL or "": null. Names of files may be anything; JSON is UTF-8, so what is not becomes '?'. */
static json_t *make_text(const char *text) {
    if (!text || text[0] == '\0')
        return json_null();
    json_t *value = json_string(text);
    char *copy = value ? NULL : strdup(text);
    for (char *c = copy; c && *c != '\0'; c++)
        if ((unsigned char) *c >= 0x80)
            *c = '?';
    if (copy)
        value = json_string(copy);
    free(copy);
    return value;
}

/* A reason is always a string: "" says that there is none, and nobody must check for null before printing it. */
static json_t *make_reason(const char *reason) { return reason && reason[0] != '\0' ? make_text(reason) : json_string(""); }

static json_t *make_object(const struct fr_report *report) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", make_text(report->object_name), "entries",
                     fr_json_count(report->entry_count), "bytes",
                     report->object_bytes == FR_BYTES_UNKNOWN ? json_null() : fr_json_count(report->object_bytes), "chunk_bytes",
                     fr_json_count(report->chunk_bytes), "chunks", fr_json_count(report->chunks), "root", make_text(report->root), "sha256",
                     make_text(report->sha256));
}

static json_t *make_rate(uint64_t rate) { return rate == FR_RATE_UNKNOWN ? json_null() : fr_json_count(rate); }

static json_t *make_node(const struct fr_node_report *node) {
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name",
                     make_text(node->name), "group", fr_json_count(node->group), "verdict", fr_verdict_name(node->verdict), "reason",
                     make_reason(node->reason), "seconds", fr_json_seconds(node->seconds), "bytes_have", fr_json_count(node->bytes_have),
                     "bytes_from_upstream", fr_json_count(node->bytes_from_upstream), "bytes_from_peers",
                     fr_json_count(node->bytes_from_peers), "bytes_relayed", fr_json_count(node->bytes_relayed), "chunks_owned",
                     fr_json_count(node->chunks_owned), "chunks_bad", fr_json_count(node->chunks_bad), "entries_have",
                     fr_json_count(node->entries_have), "first_relay_seconds", fr_json_seconds(node->first_relay_seconds),
                     "last_owned_seconds", fr_json_seconds(node->last_owned_seconds), "zone", make_text(node->zone), "up_rate",
                     make_rate(node->up_rate), "down_rate", make_rate(node->down_rate), "tier",
                     node->is_secondary ? "secondary" : "primary");
}

/* All nodes, or NULL. */
static json_t *make_nodes(const struct fr_report *report) {
    json_t *nodes = json_array();
    for (uint32_t i = 0; nodes && i < report->node_count; i++) {
        if (json_array_append_new(nodes, make_node(&report->nodes[i])) == 0)
            continue;
        json_decref(nodes);
        nodes = NULL;
    }
    return nodes;
}

static json_t *make_faults(const struct fr_report *report) {
    json_t *faults = json_array();
    for (uint32_t i = 0; faults && i < report->fault_count; i++) {
        if (json_array_append_new(faults, make_reason(report->faults[i])) == 0)
            continue;
        json_decref(faults);
        faults = NULL;
    }
    return faults;
}

static json_t *make_report(const struct fr_report *report) {
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o}", "object", make_object(report), "outcome",
                     fr_outcome_name(fr_report_outcome(report)), "failure", make_text(report->failure), "seconds",
                     fr_json_seconds(report->seconds), "bound_seconds", fr_json_seconds(report->bound_seconds), "predicted_seconds",
                     fr_json_seconds(report->predicted_seconds), "groups", fr_json_count(report->group_count), "origin", "bytes_read",
                     fr_json_count(report->origin_bytes_read), "bytes_sent", fr_json_count(report->origin_bytes_sent), "nodes",
                     make_nodes(report), "faults", make_faults(report));
}

char *fr_report_json(const struct fr_report *report) { return fr_json_write(make_report(report)); }
