/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing out the chunks of a set: each entry has one owner, child `entry modulo children`, so that a group as a whole has different
 * entries from above in the hands of different members. When that child is gone, or has it all, the next one after it owns the whole entry;
 * when it comes back it owns it again. Nothing is remembered for that: who owns what follows from who is there. At the beginning an entry
 * waits a moment for its child, since not all links come up at once.
 *
 * One slow owner must not hold up the others: where more of its entry waits than it has credit for, a child that has nothing of its own to
 * take takes of that. Among members of like pace this happens at the end at most.
 */
#include "core/dispatch_inside.h"
#include "core/planted.h"

enum { LOOK_MAX = 4096 }; /* waiting chunks that are looked at: more than are ever read ahead */

/* What waits, by entry. */
struct strands {
    uint32_t waiting[FR_ENTRIES_MAX];
    fr_chunk_index first[FR_ENTRIES_MAX];
};

static void look(const struct fr_dispatch *dispatch, struct strands *ret_strands) {
    fr_chunk_index chunk = fr_bitset_next_set(&dispatch->waiting, dispatch->waiting_low);

    *ret_strands = (struct strands){0};
    for (uint32_t seen = 0; seen < LOOK_MAX && chunk < dispatch->waiting.bit_count; seen++) {
        uint32_t strand = dispatch->weave->strands[chunk];

        if (ret_strands->waiting[strand]++ == 0)
            ret_strands->first[strand] = chunk;
        chunk = fr_bitset_next_set(&dispatch->waiting, chunk + 1);
    }
}

/* child_count: nobody yet. */
static uint32_t owner_of(const struct fr_dispatch *dispatch, uint32_t strand) {
    uint32_t child = strand % dispatch->child_count;

    if (!dispatch->children[child].gifts && dispatch->homes_awaited_until != FR_TIME_NEVER) /* it never joined */
        return dispatch->child_count;
    for (uint32_t i = 0; i < dispatch->child_count && !fr_dispatch_is_taking(&dispatch->children[child]); i++)
        child = child + 1 < dispatch->child_count ? child + 1 : 0;
    return child;
}

/* The lowest chunk of its own entries that waits. false: none. */
static bool find_own(const struct fr_dispatch *dispatch, const struct strands *strands, const uint32_t *owners, uint32_t child,
                     fr_chunk_index *ret_chunk) {
    bool found = false;

    for (uint32_t i = 0; i < dispatch->weave->entry_count; i++) {
        if (owners[i] != child || strands->waiting[i] == 0 || (found && strands->first[i] > *ret_chunk))
            continue;
        *ret_chunk = strands->first[i];
        found = true;
    }
    return found;
}

/* The entry that lies furthest behind, if it is more than its owner can take soon; once all is known, any that waits for its owner. */
static bool find_left_behind(const struct fr_dispatch *dispatch, const struct strands *strands, const uint32_t *owners,
                             fr_chunk_index *ret_chunk) {
    uint32_t most = 0;

    for (uint32_t i = 0; i < dispatch->weave->entry_count; i++) {
        if (owners[i] == dispatch->child_count || strands->waiting[i] <= most ||
            (!dispatch->is_last_known && strands->waiting[i] <= dispatch->children[owners[i]].window))
            continue;
        most = strands->waiting[i];
        *ret_chunk = strands->first[i];
    }
    return most > 0;
}

bool fr_dispatch_pick_woven(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk) {
    double interval_at_end = fr_dispatch_interval_at_end(dispatch, now);
    const struct fr_child *best = NULL, *idle = NULL;
    uint32_t owners[FR_ENTRIES_MAX], idle_child = 0;
    struct strands strands;
    fr_chunk_index chunk = 0;

    if (dispatch->homes_awaited_until <= now && !FR_PLANTED(HOME_AWAITED))
        dispatch->homes_awaited_until = FR_TIME_NEVER;
    if (dispatch->children_taking == 0)
        return false;
    look(dispatch, &strands);
    for (uint32_t i = 0; i < dispatch->weave->entry_count; i++)
        owners[i] = owner_of(dispatch, i);
    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];

        if (!fr_dispatch_may_take(dispatch, child, interval_at_end))
            continue;
        if (!find_own(dispatch, &strands, owners, i, &chunk)) {
            if (!idle || fr_dispatch_is_before(dispatch, child, idle)) {
                idle = child;
                idle_child = i;
            }
            continue;
        }
        if (best && !fr_dispatch_is_before(dispatch, child, best))
            continue;
        best = child;
        *ret_child = i;
        *ret_chunk = chunk;
    }
    if (best)
        return true;
    *ret_child = idle_child;
    return idle && find_left_behind(dispatch, &strands, owners, ret_chunk);
}
