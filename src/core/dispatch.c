/* SPDX-License-Identifier: Apache-2.0 */
/* Partition by credit over the members of one group. */
#include "core/dispatch.h"
#include "core/dispatch_inside.h"

#include <stdlib.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"

/* A gift is overdue for sharing when it is this much older than the taker needs for a chunk of its own. */
#define SHARE_SLACK (30 * FR_MS)
#define SHARE_UNMEASURED (500 * FR_MS)       /* a taker without a measure of its own; at least, and twice what the slowest other needs */
#define SHARE_ALL_UNMEASURED (2 * FR_SECOND) /* nobody has brought anything yet: in a large group with few chunks that takes a while */
#define STUCK_SLACK (500 * FR_MS)
#define SLOWER_FACTOR 2.0 /* clearly slower: this many times the middle member's time a chunk */

enum {
    STUCK_ROUND_TRIPS = 4, /* its own usual time from given to reported, so many times over */
    BACKLOG_WINDOWS = 2,   /* more than so many windows waiting: those that take do not keep up */
};

int fr_dispatch_init(struct fr_dispatch *dispatch, uint32_t child_count) {
    *dispatch = (struct fr_dispatch){.child_count = child_count, .spare = FR_CREDIT_SPARE, .homes_awaited_until = FR_TIME_NEVER};
    dispatch->children = fr_alloc_zeroed(child_count, sizeof(*dispatch->children));
    if (!dispatch->children || fr_bitset_init(&dispatch->waiting, 0) || fr_bitset_init(&dispatch->reached, 0) ||
        fr_bitset_init(&dispatch->shared, 0)) {
        fr_dispatch_done(dispatch);
        return FR_E_MEMORY;
    }
    return 0;
}

void fr_dispatch_done(struct fr_dispatch *dispatch) {
    if (!dispatch)
        return;
    fr_bitset_done(&dispatch->waiting);
    fr_bitset_done(&dispatch->reached);
    fr_bitset_done(&dispatch->shared);
    for (uint32_t i = 0; dispatch->children && i < dispatch->child_count; i++)
        fr_free(dispatch->children[i].gifts);
    fr_free(dispatch->children);
    *dispatch = (struct fr_dispatch){0};
}

int fr_dispatch_add(struct fr_dispatch *dispatch, fr_chunk_index first, uint32_t count) {
    if (fr_bitset_grow(&dispatch->waiting, first + count) || fr_bitset_grow(&dispatch->reached, first + count) ||
        fr_bitset_grow(&dispatch->shared, first + count))
        return FR_E_MEMORY;
    fr_bitset_add_range(&dispatch->waiting, first, count);
    if (first < dispatch->waiting_low)
        dispatch->waiting_low = first;
    return 0;
}

int fr_dispatch_join(struct fr_dispatch *dispatch, uint32_t child, fr_time_ns now) {
    struct fr_child *entry = &dispatch->children[child];

    fr_assert(child < dispatch->child_count && !entry->is_in);
    if (dispatch->weave && !dispatch->has_begun)
        dispatch->homes_awaited_until = now + FR_DISPATCH_AWAIT;
    dispatch->has_begun = true;
    if (!entry->gifts)
        entry->gifts = fr_alloc_zeroed(FR_CREDIT_WINDOW_MAX, sizeof(*entry->gifts));
    if (!entry->gifts)
        return FR_E_MEMORY;
    entry->is_in = true;
    entry->is_retired = false;
    entry->gifts_count = 0;
    fr_credit_init(&entry->credit, dispatch->spare, now);
    entry->window = entry->credit.window;
    dispatch->children_in++;
    dispatch->children_taking++;
    return 0;
}

static bool is_owned_by(const struct fr_child *child, fr_chunk_index chunk, uint32_t *ret_position) {
    for (uint32_t i = 0; i < child->gifts_count; i++)
        if (child->gifts[i].chunk == chunk) {
            *ret_position = i;
            return true;
        }
    return false;
}

static bool is_owned(const struct fr_dispatch *dispatch, fr_chunk_index chunk) {
    uint32_t position;

    for (uint32_t i = 0; i < dispatch->child_count; i++)
        if (dispatch->children[i].is_in && is_owned_by(&dispatch->children[i], chunk, &position))
            return true;
    return false;
}

static void wait_again(struct fr_dispatch *dispatch, fr_chunk_index chunk) {
    fr_bitset_remove(&dispatch->shared, chunk);
    if (is_owned(dispatch, chunk))
        return;
    fr_bitset_add(&dispatch->waiting, chunk);
    if (chunk < dispatch->waiting_low && !FR_PLANTED(LOW_STAYS))
        dispatch->waiting_low = chunk;
}

static void remove_gift(struct fr_child *child, uint32_t position) {
    memmove(&child->gifts[position], &child->gifts[position + 1], (child->gifts_count - position - 1) * sizeof(child->gifts[0]));
    child->gifts_count--;
}

bool fr_dispatch_is_taking(const struct fr_child *child) { return child->is_in && !child->is_retired; }

void fr_dispatch_retire(struct fr_dispatch *dispatch, uint32_t child) {
    struct fr_child *entry = &dispatch->children[child];

    if (!fr_dispatch_is_taking(entry))
        return;
    entry->is_retired = true;
    dispatch->children_taking--;
}

void fr_dispatch_leave(struct fr_dispatch *dispatch, uint32_t child) {
    struct fr_child *entry = &dispatch->children[child];

    if (!entry->is_in)
        return;
    if (!FR_PLANTED(LEFT_NOT_RETIRED))
        fr_dispatch_retire(dispatch, child);
    entry->is_in = false;
    dispatch->children_in--;
    while (entry->gifts_count > 0) {
        entry->gifts_count--;
        if (!FR_PLANTED(DEAD_KEEPS))
            wait_again(dispatch, entry->gifts[entry->gifts_count].chunk);
    }
    entry->credit.outstanding = 0;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

static double median(double *values, uint32_t count) {
    qsort(values, count, sizeof(*values), compare_doubles);
    return values[count / 2];
}

/* Members of like pace get the same window, the middle one of the group. Each one's own measure would feed on itself (a larger window
 * brings a larger rate brings a larger window) and equal members would drift apart. A member slower by more than the factor keeps its own
 * if that is smaller: what it holds is what the end waits for. With equal windows shares follow the pace all the same, since an owner that
 * needs longer for a chunk earns its credit later. */
static void share_windows(struct fr_dispatch *dispatch) {
    double windows[FR_GROUP_NODES_MAX], intervals[FR_GROUP_NODES_MAX], window, interval;
    uint32_t count = 0;

    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];

        if (!child->is_in || fr_credit_interval(&child->credit) <= 0)
            continue;
        windows[count] = child->credit.window;
        intervals[count++] = fr_credit_interval(&child->credit);
    }
    if (count == 0)
        return;
    window = median(windows, count);
    interval = median(intervals, count);
    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        struct fr_child *child = &dispatch->children[i];
        bool is_slow = fr_credit_interval(&child->credit) > SLOWER_FACTOR * interval;

        if (fr_credit_interval(&child->credit) <= 0) /* it has brought nothing yet, and may never: the first few are enough */
            continue;
        child->window = is_slow && child->credit.window < window ? child->credit.window : (uint32_t) window;
    }
}

/* How many more this child may be given. One that has brought nothing yet gets no more than its even share of what is known: where chunks
 * are few, those that came first must not take all of them and leave the others' uplinks idle. */
uint32_t fr_dispatch_room(const struct fr_dispatch *dispatch, const struct fr_child *child) {
    uint32_t even = (dispatch->reached.bit_count + dispatch->child_count - 1) / dispatch->child_count;
    uint32_t window = child->window;

    if (fr_credit_interval(&child->credit) <= 0 && even < window)
        window = even;
    return child->credit.outstanding < window ? window - child->credit.outstanding : 0;
}

/* It was quick once, and has not reported for long: whether it lives is for others to find out, but the rest must not wait for it. */
static bool is_stuck(const struct fr_child *child, fr_time_ns now) {
    return child->gifts_count > 0 && child->gifts[0].given_at + STUCK_ROUND_TRIPS * child->credit.round_trip + STUCK_SLACK <= now;
}

/* The time in which all children together bring one chunk to the group; 0 when not known. */
static double group_interval(const struct fr_dispatch *dispatch, fr_time_ns now) {
    double rate = 0;

    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];
        double interval = fr_dispatch_is_taking(child) && !is_stuck(child, now) ? fr_credit_interval(&child->credit) : 0;

        if (interval > 0)
            rate += 1 / interval;
    }
    return rate > 0 ? 1 / rate : 0;
}

/* What no child can be faster than: the shortest way from given to reported. 0 when not known. */
static double group_round_trip(const struct fr_dispatch *dispatch) {
    fr_time_ns least = FR_TIME_NEVER;

    for (uint32_t i = 0; i < dispatch->child_count; i++)
        if (fr_dispatch_is_taking(&dispatch->children[i]))
            least = fr_time_min(least, dispatch->children[i].credit.round_trip_min);
    return least == FR_TIME_NEVER ? 0 : (double) least;
}

/* What the children have in hand: with large windows the others are still at that when the rest is given out. With small ones it is next to
 * nothing, and to leave it out lets the end come a hundredth earlier. */
static uint32_t held_by_taking(const struct fr_dispatch *dispatch) {
    uint32_t held = 0;

    if (dispatch->spare <= FR_CREDIT_SPARE)
        return 0;
    for (uint32_t i = 0; i < dispatch->child_count; i++)
        if (fr_dispatch_is_taking(&dispatch->children[i]))
            held += dispatch->children[i].gifts_count;
    return held;
}

/* Would this child, given one more, still be at it when the others have finished all the rest? */
static bool would_finish_last(const struct fr_dispatch *dispatch, const struct fr_child *child, double interval_all) {
    double interval = fr_credit_interval(&child->credit);
    double all_done = (dispatch->waiting.set_count + held_by_taking(dispatch)) * interval_all;
    /* Twice the fair share of a chunk time is slack: equal members differ by chance. And what fills a long path is no queue. */
    double slack = 2.0 * dispatch->children_taking * interval_all;
    double round_trip = group_round_trip(dispatch);

    if (!dispatch->is_last_known || interval <= 0 || interval_all <= 0 || dispatch->children_taking < 2)
        return false;
    return (child->gifts_count + 1) * interval > all_done + (slack > round_trip ? slack : round_trip);
}

double fr_dispatch_interval_at_end(const struct fr_dispatch *dispatch, fr_time_ns now) {
    bool is_ending = dispatch->is_last_known && dispatch->waiting.set_count <= (uint64_t) FR_CREDIT_WINDOW_MAX * dispatch->children_in;

    return is_ending ? group_interval(dispatch, now) : 0;
}

bool fr_dispatch_may_take(const struct fr_dispatch *dispatch, const struct fr_child *child, double interval_at_end) {
    return fr_dispatch_is_taking(child) && fr_dispatch_room(dispatch, child) > 0 && !would_finish_last(dispatch, child, interval_at_end);
}

bool fr_dispatch_is_before(const struct fr_dispatch *dispatch, const struct fr_child *child, const struct fr_child *other) {
    uint32_t free = fr_dispatch_room(dispatch, child), others = fr_dispatch_room(dispatch, other);

    return free != others ? free > others : child->given_total < other->given_total;
}

static bool pick_child(const struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child) {
    double interval_at_end = fr_dispatch_interval_at_end(dispatch, now);
    const struct fr_child *best = NULL;

    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];

        if (!fr_dispatch_may_take(dispatch, child, interval_at_end) || (best && !fr_dispatch_is_before(dispatch, child, best)))
            continue;
        best = child;
        *ret_child = i;
    }
    return best != NULL;
}

/* The lowest waiting chunk to whoever has most credit left; of a set, each its own. */
static bool pick_fresh(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk) {
    if (dispatch->waiting.set_count == 0)
        return false;
    if (dispatch->weave) {
        dispatch->waiting_low = fr_bitset_next_set(&dispatch->waiting, dispatch->waiting_low);
        return fr_dispatch_pick_woven(dispatch, now, ret_child, ret_chunk);
    }
    if (!pick_child(dispatch, now, ret_child))
        return false;
    *ret_chunk = dispatch->waiting_low = fr_bitset_next_set(&dispatch->waiting, dispatch->waiting_low);
    return true;
}

static void record_gift(struct fr_dispatch *dispatch, uint32_t child, fr_chunk_index chunk, fr_time_ns now) {
    struct fr_child *entry = &dispatch->children[child];

    fr_credit_spend(&entry->credit, now);
    entry->gifts[entry->gifts_count++] = (struct fr_gift){.chunk = chunk, .given_at = now};
    entry->given_total++;
    fr_assert(entry->gifts_count == entry->credit.outstanding);
}

/* How long a child that has brought nothing yet would need, by what the others needed. */
static fr_time_ns guess_round_trip(const struct fr_dispatch *dispatch) {
    fr_time_ns longest = 0;

    for (uint32_t i = 0; i < dispatch->child_count; i++)
        if (dispatch->children[i].is_in)
            longest = fr_time_max(longest, dispatch->children[i].credit.round_trip);
    return longest;
}

/* When another member would have brought this gift twice over, it may be shared. */
static fr_time_ns overdue_at(const struct fr_dispatch *dispatch, const struct fr_gift *gift, const struct fr_child *taker) {
    fr_time_ns guess;

    if (taker->credit.round_trip != 0)
        return gift->given_at + 2 * taker->credit.round_trip + SHARE_SLACK;
    guess = guess_round_trip(dispatch);
    return gift->given_at + (guess != 0 ? fr_time_max(2 * guess, SHARE_UNMEASURED) : SHARE_ALL_UNMEASURED);
}

/* The oldest gift of another child that is not shared yet. */
static const struct fr_gift *oldest_unshared(const struct fr_dispatch *dispatch, uint32_t taker) {
    const struct fr_gift *oldest = NULL;
    uint32_t position;

    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];

        if (!child->is_in || i == taker)
            continue;
        for (uint32_t g = 0; g < child->gifts_count; g++) {
            const struct fr_gift *gift = &child->gifts[g];

            if (fr_bitset_has(&dispatch->shared, gift->chunk) || is_owned_by(&dispatch->children[taker], gift->chunk, &position))
                continue;
            if (!oldest || gift->given_at < oldest->given_at)
                oldest = gift;
            break; /* gifts are oldest first */
        }
    }
    return oldest;
}

static bool is_endgame(const struct fr_dispatch *dispatch) {
    return dispatch->is_last_known && dispatch->waiting.set_count == 0 && dispatch->children_in >= 2;
}

static bool pick_share(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk) {
    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *taker = &dispatch->children[i];
        const struct fr_gift *gift;

        if (!fr_dispatch_is_taking(taker) || fr_dispatch_room(dispatch, taker) == 0 || taker->gifts_count > 1)
            continue;
        gift = oldest_unshared(dispatch, i);
        if (!gift || overdue_at(dispatch, gift, taker) > now)
            continue;
        *ret_child = i;
        *ret_chunk = gift->chunk;
        return true;
    }
    return false;
}

enum fr_pick fr_dispatch_pick(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk) {
    if (pick_fresh(dispatch, now, ret_child, ret_chunk)) {
        fr_bitset_remove(&dispatch->waiting, *ret_chunk);
        record_gift(dispatch, *ret_child, *ret_chunk, now);
        return FR_PICK_FRESH;
    }
    if (is_endgame(dispatch) && pick_share(dispatch, now, ret_child, ret_chunk)) {
        fr_bitset_add(&dispatch->shared, *ret_chunk);
        record_gift(dispatch, *ret_child, *ret_chunk, now);
        return FR_PICK_SHARE;
    }
    return FR_PICK_NONE;
}

fr_time_ns fr_dispatch_due(const struct fr_dispatch *dispatch) {
    fr_time_ns due = dispatch->waiting.set_count > 0 ? dispatch->homes_awaited_until : FR_TIME_NEVER;

    if (!is_endgame(dispatch))
        return due;
    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *taker = &dispatch->children[i];
        const struct fr_gift *gift;

        if (!fr_dispatch_is_taking(taker) || fr_dispatch_room(dispatch, taker) == 0 || taker->gifts_count > 1)
            continue;
        gift = oldest_unshared(dispatch, i);
        if (gift)
            due = fr_time_min(due, overdue_at(dispatch, gift, taker));
    }
    return due;
}

bool fr_dispatch_reached(struct fr_dispatch *dispatch, uint32_t child, fr_chunk_index chunk, fr_time_ns now) {
    uint32_t position;

    if (chunk >= dispatch->reached.bit_count || !dispatch->children[child].is_in ||
        !is_owned_by(&dispatch->children[child], chunk, &position))
        return false;
    fr_credit_earn(&dispatch->children[child].credit, dispatch->children[child].gifts[position].given_at, now);
    share_windows(dispatch);
    remove_gift(&dispatch->children[child], position);
    for (uint32_t i = 0; fr_bitset_has(&dispatch->shared, chunk) && i < dispatch->child_count; i++)
        if (dispatch->children[i].is_in && is_owned_by(&dispatch->children[i], chunk, &position)) {
            remove_gift(&dispatch->children[i], position);
            if (!FR_PLANTED(CREDIT_LOST))
                fr_credit_return(&dispatch->children[i].credit);
        }
    fr_bitset_remove(&dispatch->shared, chunk);
    fr_bitset_remove(&dispatch->waiting, chunk);
    return fr_bitset_add(&dispatch->reached, chunk);
}

bool fr_dispatch_take_back(struct fr_dispatch *dispatch, uint32_t child, fr_chunk_index chunk) {
    uint32_t position;

    if (!dispatch->children[child].is_in || !is_owned_by(&dispatch->children[child], chunk, &position))
        return false;
    remove_gift(&dispatch->children[child], position);
    fr_credit_return(&dispatch->children[child].credit);
    wait_again(dispatch, chunk);
    return true;
}

void fr_dispatch_spare(struct fr_dispatch *dispatch, fr_chunk_index chunk) {
    if (fr_bitset_remove(&dispatch->waiting, chunk))
        fr_bitset_add(&dispatch->reached, chunk);
}

bool fr_dispatch_is_backed_up(const struct fr_dispatch *dispatch) {
    uint32_t window = 0;

    if (dispatch->waiting.set_count == 0)
        return false;
    for (uint32_t i = 0; i < dispatch->child_count; i++)
        if (fr_dispatch_is_taking(&dispatch->children[i]))
            window += dispatch->children[i].window;
    return dispatch->waiting.set_count > BACKLOG_WINDOWS * window;
}

uint32_t fr_dispatch_unreached(const struct fr_dispatch *dispatch) { return dispatch->reached.bit_count - dispatch->reached.set_count; }

void fr_dispatch_assert_valid(const struct fr_dispatch *dispatch) {
    uint32_t in = 0, taking = 0;

    for (uint32_t i = 0; i < dispatch->child_count; i++) {
        const struct fr_child *child = &dispatch->children[i];

        in += child->is_in;
        taking += fr_dispatch_is_taking(child);
        fr_assert(!child->is_in || child->gifts_count == child->credit.outstanding);
        for (uint32_t g = 0; child->is_in && g < child->gifts_count; g++) {
            fr_assert(!fr_bitset_has(&dispatch->waiting, child->gifts[g].chunk));
            fr_assert(!fr_bitset_has(&dispatch->reached, child->gifts[g].chunk));
        }
    }
    fr_assert(in == dispatch->children_in);
    fr_assert(taking == dispatch->children_taking);
}
