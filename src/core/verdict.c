/* SPDX-License-Identifier: Apache-2.0 */
/* The origin's table of nodes: how it ended for each, who was slow, who is not heard of any more. It is told by whoever is in charge of a
 * node: ourselves for the first groups, members above for the others. The first word counts, but that a node completed after all. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

#define SLOW_SLACK (1 * FR_SECOND) /* later than one and a half times the median by more than this is `slow` */
enum { UNHEARD_SILENCES = 8 };     /* nothing was heard of any node for so long: those that are left will not end by themselves */

int fr_verdict_init(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;

    origin->first_nodes = fr_alloc_zeroed(transfer->sheet_count, sizeof(*origin->first_nodes));
    if (!origin->first_nodes)
        return FR_E_MEMORY;
    for (uint32_t i = 0; i < transfer->sheet_count; i++) {
        origin->first_nodes[i] = origin->node_count;
        origin->node_count += transfer->sheets[i]->roster->member_count;
    }
    origin->results = fr_alloc_zeroed(origin->node_count, sizeof(*origin->results));
    if (!origin->results)
        return FR_E_MEMORY;
    origin->pending_count = origin->node_count;
    origin->word_at = transfer->now;
    for (uint32_t i = 0; i < origin->node_count; i++) {
        struct fr_member_result *result = &origin->results[i];

        result->done_at = result->accepted_at = FR_TIME_NEVER;
        result->figures.first_relay_ns = result->figures.last_owned_ns = FR_TIME_NEVER;
    }
    return 0;
}

void fr_verdict_done(struct fr_transfer *transfer) {
    fr_free(transfer->origin.first_nodes);
    fr_free(transfer->origin.results);
}

/* NULL: there is no such node. */
static struct fr_member_result *find(struct fr_transfer *transfer, uint32_t group, uint32_t member) {
    if (group >= transfer->sheet_count || member >= transfer->sheets[group]->roster->member_count)
        return NULL;
    return &transfer->origin.results[transfer->origin.first_nodes[group] + member];
}

static bool has_object(enum fr_verdict verdict) { return verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_SLOW; }

static void give_up(struct fr_transfer *transfer, struct fr_member_result *result, const char *why) {
    result->verdict = result->accepted_at == FR_TIME_NEVER && result->figures.chunks_have == 0 ? FR_VERDICT_UNREACHABLE : FR_VERDICT_FAILED;
    result->done_at = transfer->now;
    snprintf(result->reason, sizeof(result->reason), "%s", why);
    transfer->origin.pending_count--;
}

void fr_verdict_note(struct fr_transfer *transfer, const struct fr_msg_result *message) {
    struct fr_member_result *result = find(transfer, message->group, message->member);

    transfer->origin.word_at = transfer->now;
    if (!result || has_object(result->verdict) || (result->verdict != FR_VERDICT_PENDING && message->verdict != FR_VERDICT_COMPLETE))
        return;
    if (result->verdict == FR_VERDICT_PENDING || FR_PLANTED(COUNTED_TWICE))
        transfer->origin.pending_count--;
    result->verdict = message->verdict;
    result->figures = message->figures;
    result->done_at = fr_time_since(transfer->now, message->done_ago_ns == FR_TIME_NEVER ? 0 : message->done_ago_ns);
    if (message->accepted_ago_ns != FR_TIME_NEVER)
        result->accepted_at = fr_time_since(transfer->now, message->accepted_ago_ns);
    snprintf(result->reason, sizeof(result->reason), "%.*s", (int) message->text.count, message->text.bytes);
}

void fr_verdict_note_figures(struct fr_transfer *transfer, uint32_t group, uint32_t member, const struct fr_member_figures *figures) {
    struct fr_member_result *result = find(transfer, group, member);

    if (figures->chunks_have > result->figures.chunks_have)
        transfer->origin.word_at = transfer->now;
    result->figures = *figures;
}

void fr_verdict_note_accepted(struct fr_transfer *transfer, uint32_t group, uint32_t member) {
    find(transfer, group, member)->accepted_at = transfer->now;
    transfer->origin.word_at = transfer->now;
}

void fr_verdict_note_below(struct fr_transfer *transfer, const struct fr_msg_below *below) {
    for (uint32_t i = 0; i < below->count; i++) {
        struct fr_member_result *result = find(transfer, below->nodes[i].group, below->nodes[i].member);

        if (!result || result->verdict != FR_VERDICT_PENDING || below->nodes[i].chunks_have <= result->figures.chunks_have)
            continue;
        result->figures.chunks_have = below->nodes[i].chunks_have;
        result->figures.entries_whole = below->nodes[i].entries_whole;
        transfer->origin.word_at = transfer->now;
    }
}

/* ---------------------------------------------------------------------------------------------------- slow ones */

static int compare_times(const void *a, const void *b) {
    fr_time_ns x = *(const fr_time_ns *) a, y = *(const fr_time_ns *) b;

    return x < y ? -1 : x > y;
}

/* Who came in well after the middle of its group, though whole, was slow. */
static void find_slow_in(struct fr_transfer *transfer, uint32_t group) {
    uint32_t member_count = transfer->sheets[group]->roster->member_count, count = 0;
    fr_time_ns times[FR_GROUP_NODES_MAX], median;

    for (uint32_t i = 0; i < member_count; i++)
        if (find(transfer, group, i)->verdict == FR_VERDICT_COMPLETE)
            times[count++] = fr_time_since(find(transfer, group, i)->done_at, transfer->began_at);
    if (count < 2)
        return;
    qsort(times, count, sizeof(times[0]), compare_times);
    median = times[(count - 1) / 2];
    for (uint32_t i = 0; i < member_count; i++) {
        struct fr_member_result *result = find(transfer, group, i);

        if (result->verdict == FR_VERDICT_COMPLETE &&
            fr_time_since(result->done_at, transfer->began_at) > median + median / 2 + SLOW_SLACK) {
            result->verdict = FR_VERDICT_SLOW;
            snprintf(result->reason, sizeof(result->reason), "complete, but could not follow its group");
        }
    }
}

void fr_verdict_find_slow(struct fr_transfer *transfer) {
    for (uint32_t group = 0; group < transfer->sheet_count; group++)
        find_slow_in(transfer, group);
}

/* ---------------------------------------------------------------------------------------------------- late ones */

/* Of a set each entry is of use by itself. */
void fr_verdict_time_is_up(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->origin.node_count; i++) {
        struct fr_member_result *result = &transfer->origin.results[i];

        if (result->verdict != FR_VERDICT_PENDING || result->figures.entries_whole == 0)
            continue;
        result->verdict = FR_VERDICT_USABLE;
        result->done_at = transfer->now;
        snprintf(result->reason, sizeof(result->reason), "%u of %u, when the time was up", result->figures.entries_whole,
                 transfer->opening.entry_count);
        transfer->origin.pending_count--;
    }
}

/* ---------------------------------------------------------------------------------------------------- silent ones */

static bool is_anybody_fed(const struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        if (transfer->feeds[i]->dispatch.children_in > 0)
            return true;
    return false;
}

/* Members of the first groups are watched link by link; what is below them is told by others, who may be gone. While the source itself is
 * slow, silence says nothing. */
static fr_time_ns unheard_at(const struct fr_transfer *transfer) {
    const struct fr_origin *origin = &transfer->origin;

    if (transfer->sheet_count == fr_feed_count(transfer, false) || origin->pending_count == 0 ||
        (!origin->is_read && is_anybody_fed(transfer)))
        return FR_TIME_NEVER;
    return origin->word_at + UNHEARD_SILENCES * transfer->timing.silence;
}

void fr_verdict_give_up_silent(struct fr_transfer *transfer) {
    if (unheard_at(transfer) > transfer->now)
        return;
    for (uint32_t i = 0; i < transfer->origin.node_count; i++)
        if (transfer->origin.results[i].verdict == FR_VERDICT_PENDING)
            give_up(transfer, &transfer->origin.results[i], "nothing was heard of it any more");
}

fr_time_ns fr_verdict_deadline(const struct fr_transfer *transfer) { return unheard_at(transfer); }
