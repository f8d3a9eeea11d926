/* SPDX-License-Identifier: Apache-2.0 */
/* Handing chunks to the members of one group below: which chunk next, and to whom. The origin does this for the first groups, every member
 * for the groups that its own feeds, with the chunks that it owns.
 *
 * A chunk is waiting (to be given), given (one or two members own it, neither has reported it), or reached. Given goes back to
 * waiting when its owners die. Children are numbered as in the roster; a child takes part between join and leave. */
#ifndef FR_CORE_DISPATCH_H
#define FR_CORE_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bitset.h"
#include "content/limits.h"
#include "content/weave.h"
#include "core/credit.h"

struct fr_gift {
    fr_chunk_index chunk;
    fr_time_ns given_at;
};

struct fr_child {
    bool is_in;
    bool is_retired; /* has all of the object: is given nothing more, and still brings what it owns to the others */
    struct fr_credit credit;
    uint32_t window;      /* in force: the group's, or its own where it is clearly slower (dispatch.c) */
    uint32_t gifts_count; /* equals credit.outstanding */
    uint32_t given_total;
    struct fr_gift *gifts; /* [FR_CREDIT_WINDOW_MAX] since its first join, oldest first */
};

struct fr_dispatch {
    struct fr_bitset waiting;
    fr_chunk_index waiting_low; /* no waiting chunk is lower */
    struct fr_bitset reached;
    struct fr_bitset shared; /* given to a second owner in the endgame */
    uint32_t child_count;
    uint32_t children_in;
    uint32_t children_taking;  /* in and not retired */
    struct fr_child *children; /* [child_count] */
    bool is_last_known;        /* no further chunk will be added */
    bool has_begun;            /* somebody joined */
    uint32_t spare;            /* of every child's credit; FR_CREDIT_SPARE after init */
    /* Of a set (dispatch_woven.c): */
    const struct fr_weave *weave;   /* borrowed: each child is given the chunks of its own entries; NULL: one file, as after init */
    fr_time_ns homes_awaited_until; /* an entry waits for a child that has not joined yet; FR_TIME_NEVER: it does not */
};

int fr_dispatch_init(struct fr_dispatch *dispatch, uint32_t child_count);
void fr_dispatch_done(struct fr_dispatch *dispatch);

/* Chunks first .. first + count - 1 may be given from now on. 0 or FR_E_MEMORY. */
int fr_dispatch_add(struct fr_dispatch *dispatch, fr_chunk_index first, uint32_t count);
int fr_dispatch_join(struct fr_dispatch *dispatch, uint32_t child, fr_time_ns now); /* 0 or FR_E_MEMORY */
/* The child is gone: what it owned alone waits again, lowest numbers first. */
void fr_dispatch_leave(struct fr_dispatch *dispatch, uint32_t child);
/* The child is complete: no further gifts for it. What it owns is still its own, until it leaves. */
void fr_dispatch_retire(struct fr_dispatch *dispatch, uint32_t child);

enum fr_pick {
    FR_PICK_NONE,  /* nothing to give, or nobody has credit */
    FR_PICK_FRESH, /* a waiting chunk */
    FR_PICK_SHARE, /* endgame: a chunk that a slower member owns and has not reported in time */
};
/* Choose, and record it as given. Fresh: the lowest waiting chunk to the child with most credit left, least served first among equals; near
 * the end not to a child that would finish it last; of a set, as dispatch_woven.c has it. Share: the oldest overdue gift of another child.
 * O(children), of a set O(children + waiting). */
enum fr_pick fr_dispatch_pick(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk);
/* When pick may return a chunk though it returned NONE now; FR_TIME_NEVER: not by time alone. */
fr_time_ns fr_dispatch_due(const struct fr_dispatch *dispatch);

/* child reports chunk. true: it counts as reached from now on; false: it was already, or never given to anyone. */
bool fr_dispatch_reached(struct fr_dispatch *dispatch, uint32_t child, fr_chunk_index chunk, fr_time_ns now);
/* child could not take chunk (it arrived damaged): it waits again unless somebody else owns it too. false: it was not its own. */
bool fr_dispatch_take_back(struct fr_dispatch *dispatch, uint32_t child, fr_chunk_index chunk);

/* chunk is in the group already, whoever brought it there: if it waits, it need not be given any more. */
void fr_dispatch_spare(struct fr_dispatch *dispatch, fr_chunk_index chunk);

/* Do more chunks wait than the members that take part will have credit for soon? O(children). */
bool fr_dispatch_is_backed_up(const struct fr_dispatch *dispatch);

/* Chunks added and not reached. */
uint32_t fr_dispatch_unreached(const struct fr_dispatch *dispatch);
void fr_dispatch_assert_valid(const struct fr_dispatch *dispatch);

#endif
