/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a member passes up of the nodes below it, so that the origin knows of all and is linked with few.
 *
 *   RESULT   once for each node that ended, by whoever is in charge of it; kept here and told again to every new upstream, since one that
 *            is gone may have taken it along. The origin heeds the first, and that a node completed after all.
 *   BELOW    how far nodes are; lossy, and the rarer the more nodes the push has
 *   FAULT    at once
 */
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    NEWS_EVERY_MS = 250,   /* and */
    NEWS_NODE_NS = 500000, /* this much more for each node of the push: a few kilobytes a second at the origin, whatever its size */
    RESULTS_MAX = FR_NODES_PUSHED_MAX,
};

struct fr_fold_result {
    uint32_t group;
    uint16_t member;
    enum fr_verdict verdict;
    fr_time_ns accepted_at, done_at;
    struct fr_member_figures figures;
    char *text;
};

void fr_fold_done(struct fr_transfer *transfer) {
    struct fr_fold *fold = &transfer->member.fold;

    for (uint32_t i = 0; i < fold->result_count; i++)
        fr_free(fold->results[i].text);
    fr_free(fold->results);
}

static fr_time_ns ago(const struct fr_transfer *transfer, fr_time_ns at) {
    return at == FR_TIME_NEVER ? FR_TIME_NEVER : fr_time_since(transfer->now, at);
}

static fr_time_ns moment(const struct fr_transfer *transfer, uint64_t ago_ns) {
    return ago_ns == FR_TIME_NEVER ? FR_TIME_NEVER : fr_time_since(transfer->now, ago_ns);
}

static void tell_results(struct fr_transfer *transfer) {
    struct fr_fold *fold = &transfer->member.fold;
    struct fr_link *upstream = fr_member_upstream(transfer);

    while (upstream && fold->told_count < fold->result_count) {
        const struct fr_fold_result *kept = &fold->results[fold->told_count++];
        const struct fr_msg_result result = {
            .group = kept->group,
            .member = kept->member,
            .verdict = kept->verdict,
            .accepted_ago_ns = ago(transfer, kept->accepted_at),
            .done_ago_ns = ago(transfer, kept->done_at),
            .figures = kept->figures,
            .text = {kept->text, (uint32_t) strlen(kept->text)},
        };

        fr_say_result(transfer, upstream, &result);
    }
}

static bool is_known(const struct fr_fold *fold, const struct fr_msg_result *result) {
    for (uint32_t i = 0; i < fold->result_count; i++)
        if (fold->results[i].group == result->group && fold->results[i].member == result->member)
            if (fold->results[i].verdict == result->verdict || fold->results[i].verdict == FR_VERDICT_COMPLETE)
                return true;
    return false;
}

static int make_room(struct fr_fold *fold) {
    uint32_t capacity = fold->result_capacity ? 2 * fold->result_capacity : 8;
    struct fr_fold_result *results;

    if (fold->result_count < fold->result_capacity)
        return 0;
    results = fr_realloc(fold->results, capacity, sizeof(*results));
    if (!results)
        return FR_E_MEMORY;
    fold->results = results;
    fold->result_capacity = capacity;
    return 0;
}

void fr_fold_note_result(struct fr_transfer *transfer, const struct fr_msg_result *result) {
    struct fr_fold *fold = &transfer->member.fold;
    char *text;

    if (is_known(fold, result) || fold->result_count == RESULTS_MAX)
        return;
    text = fr_alloc(result->text.count + 1);
    if (!text || make_room(fold)) {
        fr_free(text);
        transfer->actions.is_starved = true;
        return;
    }
    memcpy(text, result->text.bytes, result->text.count);
    text[result->text.count] = 0;
    fold->results[fold->result_count++] = (struct fr_fold_result){
        .group = result->group,
        .member = result->member,
        .verdict = result->verdict,
        .accepted_at = moment(transfer, result->accepted_ago_ns),
        .done_at = moment(transfer, result->done_ago_ns),
        .figures = result->figures,
        .text = text,
    };
}

void fr_fold_tell_again(struct fr_transfer *transfer) {
    if (!FR_PLANTED(TOLD_ONCE))
        transfer->member.fold.told_count = 0;
}

/* ---------------------------------------------------------------------------------------------------- how far they are */

static fr_time_ns news_interval(const struct fr_transfer *transfer) {
    return NEWS_EVERY_MS * FR_MS + (fr_time_ns) transfer->roster->node_count * NEWS_NODE_NS;
}

void fr_fold_note_progress(struct fr_transfer *transfer, uint32_t group, uint32_t member, const struct fr_member_figures *figures) {
    struct fr_fold *fold = &transfer->member.fold;
    uint32_t i = 0;

    while (i < fold->news.count && (fold->news.nodes[i].group != group || fold->news.nodes[i].member != member))
        i++;
    if (i == FR_BELOW_MAX)
        return;
    fold->news.nodes[i] = (struct fr_below){group, member, figures->chunks_have, figures->entries_whole};
    if (i == fold->news.count)
        fold->news.count++;
    if (fold->news_due == FR_TIME_NEVER)
        fold->news_due = transfer->now + news_interval(transfer);
}

void fr_fold_pass_below(struct fr_transfer *transfer, const struct fr_msg_below *below) {
    struct fr_link *upstream = fr_member_upstream(transfer);

    if (upstream)
        fr_say_below(transfer, upstream, below);
}

void fr_fold_pass_fault(struct fr_transfer *transfer, const struct fr_msg_fault *fault) {
    struct fr_link *upstream = fr_member_upstream(transfer);

    if (upstream)
        fr_say_fault_below(transfer, upstream, fault);
}

void fr_fold_turn(struct fr_transfer *transfer) {
    struct fr_fold *fold = &transfer->member.fold;

    tell_results(transfer);
    if (fold->news_due > transfer->now)
        return;
    fold->news_due = FR_TIME_NEVER;
    fr_fold_pass_below(transfer, &fold->news);
    fold->news.count = 0;
}

fr_time_ns fr_fold_deadline(const struct fr_transfer *transfer) { return transfer->member.fold.news_due; }
