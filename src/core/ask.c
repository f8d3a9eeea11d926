/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking neighbours for chunks: which, whom, how many at a time, and when to ask somebody else.
 *
 * Each link has a window of chunks asked of it and not here yet. It grows by one with each that comes quickly and starts again at one
 * when nothing comes for long; what was asked then may be asked of others. A chunk is asked of one neighbour at a time.
 */
#include <stdio.h>

#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    ASKS_TOTAL_MAX = 64,    /* chunks asked of all neighbours together */
    ASK_PATIENCES = 8,      /* a neighbour that sends nothing asked for so long is asked for little from then on */
    PROMISE_PATIENCES = 16, /* a promise holds while its giver sent or promised something within so long */
    HASTY_PROMISES = 2,     /* and in haste only for so many chunks */
    QUICK_MS = 100,         /* an answer within this shows that the window, not the way, is what limits */
};

void fr_ask_forget(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_link *link;

    if (!fr_bitset_remove(&transfer->member.pull.asked, chunk))
        return;
    FR_EACH_LIVE (transfer, link)
        if (fr_bitset_remove(&link->asked, chunk))
            return;
}

void fr_ask_forget_all(struct fr_transfer *transfer, struct fr_link *link) {
    for (uint32_t chunk = fr_bitset_next_set(&link->asked, 0); chunk < link->asked.bit_count;
         chunk = fr_bitset_next_set(&link->asked, chunk + 1))
        fr_bitset_remove(&transfer->member.pull.asked, chunk);
    fr_bitset_done(&link->asked);
}

static void note_progress(struct fr_transfer *transfer, struct fr_link *link) {
    link->ask_progress_at = transfer->now;
    link->ask_progress_arrived = transfer->member.pull.arrived_count;
}

void fr_ask_on_arrived(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    if (!fr_bitset_has(&link->asked, chunk)) { /* pushed, or it came late: whoever else was asked may still send it */
        fr_ask_forget(transfer, chunk);
        return;
    }
    fr_ask_forget(transfer, chunk);
    if (fr_time_since(transfer->now, link->ask_progress_at) <= QUICK_MS * FR_MS &&
        link->ask_window < FR_PULL_OUTSTANDING_MAX + FR_PLANTED(ASK_OFF_BY_ONE))
        link->ask_window++;
    note_progress(transfer, link);
}

/* ---------------------------------------------------------------------------------------------------- what */

static uint64_t word_of(const struct fr_bitset *set, uint32_t word) { return word < (set->bit_count + 63) / 64 ? set->words[word] : 0; }

/* Of 64 chunks those that may be asked of somebody now: we have them not, nobody was asked or promised them. While following, only what is
 * overdue. By words, for this is looked up after every event. */
static uint64_t open_word(struct fr_transfer *transfer, uint32_t word) {
    const struct fr_member *member = &transfer->member;
    fr_time_ns since = fr_time_since(transfer->now, PROMISE_PATIENCES * transfer->timing.patience);
    uint64_t open = ~word_of(&member->have, word) & ~word_of(&member->storing, word) & ~word_of(&member->pull.asked, word);
    const struct fr_link *link;

    if (member->mode != FR_MEMBER_PULLING)
        open &= word_of(&member->pull.heard, word);
    if (open == 0)
        return 0;
    FR_EACH_LIVE (transfer, link)
        if (link->chunk_at >= since && !member->pull.is_hasty)
            open &= ~word_of(&link->promised, word);
    return open;
}

/* In haste a promise holds for the next few chunks, which may be on their way. */
static void leave_next_promised(struct fr_transfer *transfer, struct fr_bitset *open) {
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link) {
        const struct fr_bitset *promised = &link->promised;
        uint32_t left = HASTY_PROMISES, chunk = fr_bitset_next_set(promised, transfer->member.pull.first_missing);

        for (; left > 0 && chunk < promised->bit_count && chunk < open->bit_count; chunk = fr_bitset_next_set(promised, chunk + 1)) {
            if (fr_bitset_has(&transfer->member.have, chunk) || fr_bitset_has(&transfer->member.storing, chunk))
                continue;
            open->words[chunk / 64] &= ~(1ull << (chunk % 64));
            left--;
        }
    }
}

/* All of them, once for all links: false when there are none. The caller frees the set. */
static bool find_open(struct fr_transfer *transfer, struct fr_bitset *open) {
    uint32_t count = transfer->manifest.layout.chunk_count;
    bool found = false;

    if (fr_bitset_init(open, count)) {
        transfer->actions.is_starved = true;
        return false;
    }
    for (uint32_t word = transfer->member.pull.first_missing / 64; word < (count + 63) / 64; word++) {
        open->words[word] = open_word(transfer, word);
        found |= open->words[word] != 0;
    }
    if (found && transfer->member.pull.is_hasty)
        leave_next_promised(transfer, open);
    return found;
}

/* Those of an open word that this link has. Upstream is asked only for what no peer has. */
static uint64_t due_word(struct fr_transfer *transfer, const struct fr_link *link, const struct fr_bitset *open, uint32_t word) {
    uint64_t due = word_of(open, word) & word_of(&link->theirs, word);
    const struct fr_link *other;

    if (due == 0 || link->role == FR_LINK_PEER)
        return due;
    due &= ~word_of(&link->owed, word); /* its answer is on the way, though we gave it up once */
    FR_EACH_LIVE (transfer, other)
        if (other->role == FR_LINK_PEER)
            due &= ~word_of(&other->theirs, word);
    return due;
}

/* The next chunk >= from that may be asked of this link, of one entry of a set or (FR_ENTRIES_MAX) of any; its chunk count when there is
 * none. */
static fr_chunk_index next_due(struct fr_transfer *transfer, const struct fr_link *link, const struct fr_bitset *open, uint32_t strand,
                               fr_chunk_index from) {
    uint64_t mask = ~0ull << (from % 64);

    for (uint32_t word = from / 64; word < (link->theirs.bit_count + 63) / 64; word++, mask = ~0ull)
        for (uint64_t due = due_word(transfer, link, open, word) & mask; due; due &= due - 1) {
            fr_chunk_index chunk = word * 64 + (uint32_t) __builtin_ctzll(due);

            if (fr_manifest_has_chunk(&transfer->manifest, chunk) && (strand == FR_ENTRIES_MAX || transfer->weave.strands[chunk] == strand))
                return chunk;
        }
    return link->theirs.bit_count;
}

/* ---------------------------------------------------------------------------------------------------- whom */

static int note_ask(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, struct fr_bitset *wanted) {
    if (fr_link_mark(&transfer->member.pull.asked, chunk) || fr_link_mark(&link->asked, chunk) || fr_link_mark(wanted, chunk))
        return FR_E_MEMORY;
    if (fr_link_mark(&link->owed, chunk))
        return FR_E_MEMORY;
    if (link->asked.set_count == 1)
        note_progress(transfer, link);
    fr_transfer_trace(transfer, FR_TRACE_CHUNK_WANTED, link->member, chunk, 0, 0, NULL);
    return 0;
}

/* As much of this as the link's window and the budget allow. */
static void choose(struct fr_transfer *transfer, struct fr_link *link, struct fr_bitset *open, uint32_t strand, uint32_t budget,
                   struct fr_bitset *wanted) {
    for (fr_chunk_index chunk = next_due(transfer, link, open, strand, transfer->member.pull.first_missing);
         chunk < link->theirs.bit_count && link->asked.set_count < link->ask_window && wanted->set_count < budget;
         chunk = next_due(transfer, link, open, strand, chunk + 1)) {
        if (note_ask(transfer, link, chunk, wanted)) {
            transfer->actions.is_starved = true;
            return;
        }
        open->words[chunk / 64] &= ~(1ull << (chunk % 64));
    }
}

/* Ask one neighbour. Returns for how many. */
static uint32_t ask_link(struct fr_transfer *transfer, struct fr_link *link, struct fr_bitset *open, uint32_t budget) {
    uint32_t first = transfer->member.mode == FR_MEMBER_PULLING ? fr_strands_wanted_first(transfer) : FR_ENTRIES_MAX, asked;
    struct fr_bitset wanted = {0};

    if (first < FR_ENTRIES_MAX)
        choose(transfer, link, open, first, budget, &wanted);
    choose(transfer, link, open, FR_ENTRIES_MAX, budget, &wanted);
    asked = wanted.set_count;
    if (asked > 0)
        fr_say_ranges(transfer, link, FR_FRAME_WANT, &wanted);
    fr_bitset_done(&wanted);
    return asked;
}

/* While chunks come from others it may be our own way in that is slow: were they asked again, what is on its way would come twice, and the
 * rest later. But not longer than as many as can have been asked for before it need to come. */
static fr_time_ns expires_at(const struct fr_transfer *transfer, const struct fr_link *link) {
    const struct fr_pull *pull = &transfer->member.pull;
    bool is_overtaken = pull->arrived_count - link->ask_progress_arrived >= ASKS_TOTAL_MAX;
    fr_time_ns since = is_overtaken ? link->ask_progress_at : fr_time_max(link->ask_progress_at, pull->arrived_at);

    return link->asked.set_count > 0 ? since + ASK_PATIENCES * transfer->timing.patience : FR_TIME_NEVER;
}

static void tell_overdue(struct fr_transfer *transfer, struct fr_link *link) {
    char text[120];

    snprintf(text, sizeof(text), "%u chunks were asked for, and none came for %.1f s: others are asked", link->asked.set_count,
             (double) fr_time_since(transfer->now, link->ask_progress_at) / (double) FR_SECOND);
    fr_transfer_trace_link(transfer, FR_TRACE_CHUNK_OVERDUE, link, fr_bitset_next_set(&link->asked, 0), link->asked.set_count, 0, text);
}

static void expire(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (expires_at(transfer, link) <= transfer->now) {
            tell_overdue(transfer, link);
            fr_ask_forget_all(transfer, link);
            link->ask_window = 1;
            link->ask_after = transfer->now + ASK_PATIENCES * transfer->timing.patience; /* others first */
        }
}

static bool may_ask(const struct fr_transfer *transfer, const struct fr_link *link) {
    return fr_link_is_live(link) && link->is_asked_for_news && link->asked.set_count < link->ask_window && link->ask_after <= transfer->now;
}

void fr_ask_turn(struct fr_transfer *transfer) {
    struct fr_bitset open = {0};
    uint32_t total, start;

    expire(transfer);
    total = transfer->member.pull.asked.set_count;
    if (transfer->links_used == 0 || total >= ASKS_TOTAL_MAX)
        return;
    start = (uint32_t) fr_prng_below(&transfer->prng, transfer->links_used); /* so that not all begin with the same neighbour */
    for (uint32_t i = 0, count = find_open(transfer, &open) ? transfer->links_used : 0; i < count && total < ASKS_TOTAL_MAX; i++) {
        struct fr_link *link = transfer->links[(start + i) % transfer->links_used];

        if (may_ask(transfer, link))
            total += ask_link(transfer, link, &open, ASKS_TOTAL_MAX - total);
    }
    fr_bitset_done(&open);
}

fr_time_ns fr_ask_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = FR_TIME_NEVER;
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link) {
        due = fr_time_min(due, expires_at(transfer, link));
        if (link->ask_after > transfer->now)
            due = fr_time_min(due, link->ask_after);
    }
    return due;
}
