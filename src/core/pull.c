/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulling: how a member gets what nobody pushes to it. Late, slow, restarted and orphaned members, a dead owner and a damaged
 * chunk are all this one case. This file knows when to ask; ask.c knows what, and whom.
 *
 * A member follows (neighbours push to it) or pulls (it asks for everything). While following it asks only for what is overdue:
 * announced by a neighbour more than a patience ago, promised by none, and still not here. Neighbours announce (HAVE) and promise
 * (COMING) only while asked to, so a healthy group says nothing until the end is near. Then, once, it is in haste: the last few chunks may
 * wait in the queues of one slow connection, while others that have them by now have nothing left to do. Half a patience is enough then,
 * and a promise counts for the next two chunks only (docs/decisions/0014).
 *
 *   FOLLOWING --LAG from an owner, joined late, or of a set left behind--> PULLING --nothing announced is missing--> FOLLOWING
 *   HOLDING --a page differs from what is held, or the end does--> PULLING
 */
#include "base/check.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    ADOPTED_FACTOR = 4,  /* what adopters send has been through groups below first */
    STUCK_PATIENCES = 4, /* the lowest missing chunk may stay away this many patiences while others come */
    GUESS_PATIENCES = 8, /* and so many while neighbours are asked for news: then a member above may have it, though it says nothing */
    FRUITLESS_MAX = 2,   /* the wait for news doubles so often at most */
    GUESS_CHUNKS = 64,   /* how many of the lowest missing are asked for at a time */
    HASTY_CHUNKS = 64,   /* so few missing are the last few, */
    HASTY_SHARE = 8,     /* if they are no more than this part of the object, */
    HASTY_PART = 2,      /* for which this part of a patience is enough, */
    HASTY_MEMBERS = 3,   /* and a third one to have them from */
};

int fr_pull_init(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;

    *pull = (struct fr_pull){
        .turn_at = FR_TIME_NEVER, .first_missing_since = transfer->now, .lacking_since = transfer->now, .stored_at = transfer->now};
    return 0;
}

void fr_pull_done(struct fr_transfer *transfer) {
    fr_bitset_done(&transfer->member.pull.asked);
    fr_bitset_done(&transfer->member.pull.heard_fresh);
    fr_bitset_done(&transfer->member.pull.heard);
}

static fr_time_ns patience(const struct fr_transfer *transfer) {
    return transfer->timing.patience / (transfer->member.pull.is_hasty ? HASTY_PART : 1);
}

static bool is_missing(const struct fr_transfer *transfer, fr_chunk_index chunk) {
    return !fr_bitset_has(&transfer->member.have, chunk) && !fr_bitset_has(&transfer->member.storing, chunk);
}

static void ask_for_news(struct fr_transfer *transfer, struct fr_link *link) {
    if (link->is_asked_for_news ||
        (link->role != FR_LINK_PEER && link->role != FR_LINK_UPSTREAM)) /* those below have what they have from us */
        return;
    link->is_asked_for_news = true;
    fr_say_switch(transfer, link, FR_FRAME_INTEREST, true);
}

void fr_pull_want_news(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;
    struct fr_link *link;

    if (transfer->member.is_finish_asked || transfer->member.mode == FR_MEMBER_HOLDING)
        return;
    if (!pull->wants_news) {
        pull->wants_news = true;
        pull->wanted_at = transfer->now;
        pull->turn_at = transfer->now + (patience(transfer) << pull->fruitless);
    }
    FR_EACH_LIVE (transfer, link)
        ask_for_news(transfer, link);
}

static void stop_news(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;
    struct fr_link *link;

    /* On a long way an answer may need more than a patience: next time it is waited for longer. */
    pull->fruitless = pull->stored_at >= pull->wanted_at ? 0 : pull->fruitless < FRUITLESS_MAX ? pull->fruitless + 1 : FRUITLESS_MAX;
    pull->wants_news = pull->is_hasty = false;
    pull->turn_at = FR_TIME_NEVER;
    fr_bitset_done(&pull->heard_fresh);
    fr_bitset_done(&pull->heard);
    pull->first_missing_since = transfer->now;
    FR_EACH_LIVE (transfer, link)
        if (link->is_asked_for_news) {
            link->is_asked_for_news = false;
            fr_say_switch(transfer, link, FR_FRAME_INTEREST, false);
        }
}

void fr_pull_set_mode(struct fr_transfer *transfer, enum fr_member_mode mode) {
    struct fr_link *link;

    if (transfer->member.mode == mode)
        return;
    fr_assert(mode != FR_MEMBER_HOLDING);
    transfer->member.mode = mode;
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER) {
            fr_bitset_done(&link->promised); /* who pulls is pushed nothing, whatever was promised */
            if (mode == FR_MEMBER_PULLING || !link->is_relieved)
                fr_say_switch(transfer, link, FR_FRAME_PULL, mode == FR_MEMBER_PULLING);
        }
    if (mode == FR_MEMBER_PULLING) {
        if (transfer->member.pull.is_hasty) /* whoever pulls heeds those above, too, and gives everybody his time */
            stop_news(transfer);
        fr_pull_want_news(transfer);
    }
}

void fr_pull_on_news(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    struct fr_pull *pull = &transfer->member.pull;

    if (!pull->wants_news || (pull->is_hasty && link->role != FR_LINK_PEER)) /* into a group each chunk comes once */
        return;
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count; i++) {
            fr_chunk_index chunk = ranges->ranges[r].first + i;

            if (chunk >= transfer->manifest.layout.chunk_count)
                return;
            if (!is_missing(transfer, chunk) || fr_bitset_has(&pull->heard, chunk))
                continue;
            if (pull->heard_fresh.set_count == 0) /* what was waited for */
                pull->turn_at = fr_time_min(pull->turn_at, transfer->now + patience(transfer));
            if (fr_link_mark(&pull->heard_fresh, chunk))
                transfer->actions.is_starved = true;
        }
}

void fr_pull_on_coming(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    if (link->promised.set_count == 0) /* else only keeping its promises renews them */
        link->chunk_at = transfer->now;
    if (transfer->member.mode == FR_MEMBER_PULLING || link->is_relieved) /* sent before it heard of that, or what we asked it for */
        return;
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count; i++) {
            fr_chunk_index chunk = ranges->ranges[r].first + i;

            if (chunk >= transfer->manifest.layout.chunk_count)
                return;
            if (is_missing(transfer, chunk) && !fr_bitset_has(&link->spoilt, chunk) && fr_link_mark(&link->promised, chunk))
                transfer->actions.is_starved = true;
        }
}

void fr_pull_on_missing(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count && ranges->ranges[r].first + i < transfer->manifest.layout.chunk_count; i++) {
            fr_bitset_remove(&link->theirs, ranges->ranges[r].first + i);
            fr_bitset_remove(&link->owed, ranges->ranges[r].first + i);
            fr_ask_forget(transfer, ranges->ranges[r].first + i);
        }
}

void fr_pull_on_arrived(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, bool is_answer) {
    bool is_promised = fr_bitset_remove(&link->promised, chunk);

    if (is_promised && !fr_bitset_has(&link->asked, chunk)) /* what had to be asked for says nothing of the other promises */
        link->chunk_at = transfer->now;
    if (is_answer || is_promised || is_missing(transfer, chunk)) { /* what else comes may be sent so that we wait */
        transfer->member.pull.arrived_at = transfer->now;
        transfer->member.pull.arrived_count++;
    }
    fr_ask_on_arrived(transfer, link, chunk);
}

void fr_pull_on_link_gone(struct fr_transfer *transfer, struct fr_link *link) {
    if (!FR_PLANTED(ASKED_FOR_EVER))
        fr_ask_forget_all(transfer, link);
}

/* ---------------------------------------------------------------------------------------------------- time */

static fr_time_ns stuck_patience(const struct fr_transfer *transfer) {
    return (fr_adopt_is_any(transfer) ? ADOPTED_FACTOR : 1) * STUCK_PATIENCES * patience(transfer);
}

/* Some chunk that we were told of is missing? Once the end is known that is all of them, whether their pages came or not. */
static bool lacks_announced(const struct fr_transfer *transfer) {
    const struct fr_manifest *manifest = &transfer->manifest;
    uint32_t count = manifest->is_end_known ? manifest->layout.chunk_count : manifest->chunks_announced;

    return transfer->member.have.set_count + transfer->member.storing.set_count < count;
}

static void watch_first_missing(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;
    fr_chunk_index first = fr_bitset_next_clear(&transfer->member.have, pull->first_missing);

    if (first != pull->first_missing) {
        pull->first_missing = first;
        pull->first_missing_since = pull->lacking_since = transfer->now;
    }
    if (!transfer->manifest.is_end_known &&
        !fr_manifest_has_chunk(&transfer->manifest, first)) /* not known of yet: nobody is late with it */
        pull->first_missing_since = pull->lacking_since = transfer->now;
}

/* When the lack of something becomes a reason to ask, if nothing changes. */
static fr_time_ns stuck_at(const struct fr_transfer *transfer) {
    const struct fr_pull *pull = &transfer->member.pull;
    fr_time_ns at;

    if (pull->wants_news || transfer->member.is_finish_asked || transfer->member.mode == FR_MEMBER_HOLDING || !lacks_announced(transfer))
        return FR_TIME_NEVER;
    at = pull->first_missing_since + stuck_patience(transfer);
    if (transfer->manifest.is_end_known)
        at = fr_time_min(at, fr_time_max(pull->stored_at, pull->first_missing_since) + patience(transfer));
    return at;
}

/* Only the last few are missing: what one slow connection still has to bring, others that have it can bring sooner. */
static bool is_time_to_hasten(const struct fr_transfer *transfer) {
    const struct fr_member *member = &transfer->member;
    uint32_t count = transfer->manifest.layout.chunk_count, few = count / HASTY_SHARE < HASTY_CHUNKS ? count / HASTY_SHARE : HASTY_CHUNKS;
    uint64_t here = member->have.set_count + member->storing.set_count;

    return !member->pull.was_hasty && !member->pull.wants_news && member->mode == FR_MEMBER_FOLLOWING && lacks_announced(transfer) &&
        fr_manifest_is_whole(&transfer->manifest) && here + few >= count && transfer->roster->member_count >= HASTY_MEMBERS;
}

static bool has_missing(const struct fr_transfer *transfer, const struct fr_bitset *set) {
    for (uint32_t chunk = fr_bitset_next_set(set, 0); chunk < set->bit_count; chunk = fr_bitset_next_set(set, chunk + 1))
        if (is_missing(transfer, chunk))
            return true;
    return false;
}

/* What was announced within the last patience and is not here becomes overdue. When there was nothing overdue before, the need is over:
 * back to following, and after one more such turn to silence. */
static void turn_generation(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;
    bool is_needy = has_missing(transfer, &pull->heard) || pull->asked.set_count > 0;
    bool was_following = transfer->member.mode == FR_MEMBER_FOLLOWING;

    for (uint32_t chunk = fr_bitset_next_set(&pull->heard_fresh, 0); chunk < pull->heard_fresh.bit_count;
         chunk = fr_bitset_next_set(&pull->heard_fresh, chunk + 1))
        if (is_missing(transfer, chunk) && fr_link_mark(&pull->heard, chunk))
            transfer->actions.is_starved = true;
    fr_bitset_done(&pull->heard_fresh);
    pull->turn_at = transfer->now + patience(transfer);
    if (is_needy || (was_following && pull->heard.set_count > 0 && has_missing(transfer, &pull->heard)))
        return;
    if (was_following)
        stop_news(transfer);
    else
        fr_pull_set_mode(transfer, FR_MEMBER_FOLLOWING);
}

static fr_time_ns guess_due(const struct fr_transfer *transfer) {
    const struct fr_pull *pull = &transfer->member.pull;

    if (transfer->roster->upstream_count == 0 || transfer->member.orphaned_at != FR_TIME_NEVER || !transfer->member.was_upstream_here ||
        !lacks_announced(transfer))
        return FR_TIME_NEVER;
    return fr_time_max(pull->lacking_since + GUESS_PATIENCES * patience(transfer), pull->guess_at);
}

/* An owner above may have died with chunks that its own group had and ours had not. Members above tell of what they gave, no more; so what
 * is missing for long is asked of them all the same, each member its share by number first, that it comes down once. */
static void guess(struct fr_transfer *transfer) {
    struct fr_pull *pull = &transfer->member.pull;
    fr_time_ns missing_for = fr_time_since(transfer->now, pull->lacking_since);
    uint32_t left = GUESS_CHUNKS, count = transfer->roster->member_count;
    struct fr_link *upstream = fr_member_upstream(transfer);

    if (guess_due(transfer) > transfer->now)
        return;
    pull->guess_at = transfer->now + GUESS_PATIENCES * patience(transfer);
    for (fr_chunk_index chunk = pull->first_missing; left > 0 && chunk < transfer->manifest.layout.chunk_count; chunk++) {
        if (!is_missing(transfer, chunk) || !fr_manifest_has_chunk(&transfer->manifest, chunk))
            continue;
        left--;
        if (chunk % count != transfer->self && missing_for < 2 * GUESS_PATIENCES * patience(transfer))
            continue;
        if (fr_link_mark(&upstream->theirs, chunk) || fr_link_mark(&pull->heard, chunk))
            transfer->actions.is_starved = true;
    }
}

void fr_pull_turn(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;
    struct fr_pull *pull = &member->pull;

    if (member->is_finish_asked || member->mode == FR_MEMBER_HOLDING)
        return;
    watch_first_missing(transfer);
    if (is_time_to_hasten(transfer)) {
        pull->is_hasty = pull->was_hasty = true;
        fr_pull_want_news(transfer);
    }
    if (stuck_at(transfer) <= transfer->now || guess_due(transfer) <= transfer->now)
        fr_pull_want_news(transfer);
    if (!pull->wants_news)
        return;
    guess(transfer);
    if (pull->turn_at <= transfer->now)
        turn_generation(transfer);
    if (!pull->wants_news)
        return;
    fr_ask_turn(transfer);
}

fr_time_ns fr_pull_deadline(const struct fr_transfer *transfer) {
    fr_time_ns due = stuck_at(transfer);

    if (transfer->member.is_finish_asked)
        return FR_TIME_NEVER;
    if (transfer->member.mode != FR_MEMBER_HOLDING)
        due = fr_time_min(due, guess_due(transfer));
    if (!transfer->member.pull.wants_news)
        return due;
    return fr_time_min(fr_time_min(due, transfer->member.pull.turn_at), fr_ask_deadline(transfer));
}
