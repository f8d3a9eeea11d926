/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a push, as a struct fr_report: see tally.h. A member's own durations count from the moment it accepted, the report's from
 * the start of the push: the origin's clock at its ACCEPT joins the two. */
#include "node/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"

struct fr_tally {
    struct fr_tally_options options;
    fr_time_ns began_at;
    struct fr_report report;
    struct fr_node_report *nodes;             /* [nodes->count] */
    char (*reasons)[FR_REASON_BYTES_MAX + 1]; /* [nodes->count] */
    uint32_t fault_count, dropped_count;
    char failure[FR_FAILURE_TEXT_MAX];
    char *faults[FR_TALLY_FAULTS_MAX + 1];
    char dropped_sentence[80];
};

static double seconds_since(const struct fr_tally *tally, fr_time_ns at) {
    return at == FR_TIME_NEVER ? -1 : (double) fr_time_since(at, tally->began_at) / (double) FR_SECOND;
}

/* after: a duration from accepted_at. */
static double seconds_after(const struct fr_tally *tally, fr_time_ns accepted_at, fr_time_ns after) {
    if (accepted_at == FR_TIME_NEVER || after == FR_TIME_NEVER || after > FR_TIME_NEVER - 1 - accepted_at)
        return -1;
    return seconds_since(tally, accepted_at + after);
}

static void name_groups(struct fr_tally *tally) {
    const struct fr_plan *plan = tally->options.plan;
    for (uint32_t group = 0; group < plan->group_count; group++)
        for (uint32_t i = 0; i < plan->groups[group].member_count; i++)
            tally->nodes[plan->members[plan->groups[group].first_member + i]].group = group;
}

int fr_tally_new(const struct fr_tally_options *options, struct fr_tally **ret_tally) {
    uint32_t count = options->nodes->count;
    struct fr_tally *tally = fr_alloc_zeroed(1, sizeof *tally);
    if (!tally)
        return FR_E_MEMORY;
    tally->options = *options;
    tally->nodes = fr_alloc_zeroed(count, sizeof *tally->nodes);
    tally->reasons = fr_alloc_zeroed(count, sizeof *tally->reasons);
    if (!tally->nodes || !tally->reasons) {
        fr_tally_free(tally);
        return FR_E_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct fr_node_spec *spec = &options->nodes->specs[i];
        tally->nodes[i] = (struct fr_node_report){.name = spec->address,
                                                  .zone = spec->zone,
                                                  .up_rate = spec->up_rate,
                                                  .down_rate = spec->down_rate,
                                                  .is_secondary = spec->is_secondary,
                                                  .reason = tally->reasons[i],
                                                  .seconds = -1,
                                                  .first_relay_seconds = -1,
                                                  .last_owned_seconds = -1};
    }
    tally->report = (struct fr_report){.object_name = options->object_name,
                                       .object_bytes = options->object_bytes,
                                       .chunk_bytes = options->chunk_bytes,
                                       .entry_count = options->entry_count,
                                       .bound_seconds = options->plan->bound_seconds,
                                       .predicted_seconds = options->plan->predicted_seconds,
                                       .group_count = options->plan->group_count,
                                       .node_count = count,
                                       .nodes = tally->nodes,
                                       .faults = (const char *const *) tally->faults};
    name_groups(tally);
    *ret_tally = tally;
    return 0;
}

void fr_tally_free(struct fr_tally *tally) {
    if (!tally)
        return;
    for (uint32_t i = 0; i < tally->fault_count; i++)
        fr_free(tally->faults[i]);
    fr_free(tally->nodes);
    fr_free(tally->reasons);
    fr_free(tally);
}

void fr_tally_begin(struct fr_tally *tally, fr_time_ns now) { tally->began_at = now; }

void fr_tally_add_fault(struct fr_tally *tally, const char *sentence) {
    for (uint32_t i = 0; i < tally->fault_count; i++) {
        if (strcmp(tally->faults[i], sentence) == 0)
            return;
    }
    char *copy = tally->fault_count < FR_TALLY_FAULTS_MAX ? fr_strdup(sentence) : NULL;
    if (copy) {
        tally->faults[tally->fault_count++] = copy;
        tally->report.fault_count = tally->fault_count;
        return;
    }
    tally->dropped_count++;
    snprintf(tally->dropped_sentence, sizeof tally->dropped_sentence, "and %u more that are not listed", tally->dropped_count);
    tally->faults[tally->fault_count] = tally->dropped_sentence; /* the place behind the last, never freed */
    tally->report.fault_count = tally->fault_count + 1;
}

/* place: counts the members of all groups in order. */
static void update_node(struct fr_tally *tally, const struct fr_transfer *transfer, uint32_t place, uint64_t object_bytes) {
    uint32_t index = tally->options.plan->members[place];
    struct fr_node_report *node = &tally->nodes[index];
    struct fr_member_result result;
    fr_transfer_node_result(transfer, place, &result);
    const struct fr_member_figures *figures = &result.figures;
    bool has_all = result.verdict == FR_VERDICT_COMPLETE || result.verdict == FR_VERDICT_SLOW;
    uint64_t bytes = (uint64_t) figures->chunks_have * tally->report.chunk_bytes;
    node->verdict = result.verdict;
    snprintf(tally->reasons[index], sizeof tally->reasons[index], "%s", result.reason);
    node->seconds = result.verdict == FR_VERDICT_PENDING ? -1 : seconds_since(tally, result.done_at);
    node->bytes_have = has_all || bytes > object_bytes ? object_bytes : bytes; /* the last chunk is shorter */
    node->bytes_from_upstream = figures->bytes_from_upstream;
    node->bytes_from_peers = figures->bytes_from_peers;
    node->bytes_relayed = figures->bytes_relayed;
    node->chunks_owned = figures->chunks_owned;
    node->chunks_bad = figures->chunks_bad;
    node->entries_have = figures->entries_whole;
    node->first_relay_seconds = seconds_after(tally, result.accepted_at, figures->first_relay_ns);
    node->last_owned_seconds = seconds_after(tally, result.accepted_at, figures->last_owned_ns);
}

/* Until the last node was settled; so far, while one is not. */
static double whole_seconds(const struct fr_tally *tally, fr_time_ns now) {
    double seconds = 0;
    for (uint32_t i = 0; i < tally->report.node_count; i++) {
        if (tally->nodes[i].verdict == FR_VERDICT_PENDING)
            return seconds_since(tally, now);
        if (tally->nodes[i].seconds > seconds)
            seconds = tally->nodes[i].seconds;
    }
    return seconds;
}

static void update_object(struct fr_tally *tally, const struct fr_transfer_view *view) {
    struct fr_report *report = &tally->report;
    report->object_bytes = view->object_bytes;
    if (report->bound_seconds < 0 && view->object_bytes != FR_BYTES_UNKNOWN)
        report->bound_seconds = fr_bound_seconds(tally->options.nodes, tally->options.up_rate, view->object_bytes);
    report->chunks = view->chunk_count;
    if (view->is_end_known && !report->root[0]) {
        fr_text_hex(view->root.bytes, FR_DIGEST_BYTES, report->root);
        fr_text_hex(view->sha256.bytes, FR_DIGEST_BYTES, report->sha256);
    }
}

void fr_tally_update(struct fr_tally *tally, const struct fr_transfer *transfer, uint64_t origin_bytes_read, fr_time_ns now) {
    struct fr_transfer_view view;
    fr_transfer_view(transfer, &view);
    fr_assert(tally->options.plan->member_count == tally->report.node_count);
    update_object(tally, &view);
    for (uint32_t i = 0; i < tally->report.node_count; i++)
        update_node(tally, transfer, i, view.object_bytes);
    tally->report.origin_bytes_read = origin_bytes_read;
    tally->report.origin_bytes_sent = fr_transfer_origin_bytes_sent(transfer);
    tally->report.seconds = whole_seconds(tally, now);
}

void fr_tally_fail(struct fr_tally *tally, const struct fr_failure *failure) {
    snprintf(tally->failure, sizeof tally->failure, "%s", failure->text[0] ? failure->text : fr_error_text(failure->error));
    tally->report.failure = tally->failure;
}

void fr_tally_finish(struct fr_tally *tally, const char *why, fr_time_ns now) {
    for (uint32_t i = 0; i < tally->report.node_count; i++) {
        struct fr_node_report *node = &tally->nodes[i];
        if (node->verdict != FR_VERDICT_PENDING)
            continue;
        node->verdict = FR_VERDICT_FAILED;
        node->seconds = seconds_since(tally, now);
        snprintf(tally->reasons[i], sizeof tally->reasons[i], "%s", why);
    }
    tally->report.seconds = whole_seconds(tally, now);
}

const struct fr_report *fr_tally_report(const struct fr_tally *tally) { return &tally->report; }
