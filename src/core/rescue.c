/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second try for those whom their own upstream gave up. A member above may be cut off from one below and nobody else; to it that looks
 * like a death. So the bad word about a node is not passed on by who first hears it, two groups up: it dials that node itself, once. If it
 * answers, it is fed and answered for from here; if not, the word goes on as it came.
 *
 *   ours --feeds--> theirs --gave up--> node        RESULT (failed, unreachable, refused) from theirs: we try
 *
 * Nobody else of the node's group is reached for, nor what lies below it: its own upstream sees to that.
 */
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

/* Have we, too, found nobody of it yet? */
static bool is_lost(const struct fr_feed *feed) {
    for (uint32_t i = 0; i < feed->roster->member_count; i++)
        if (feed->fed[i].is_linked || feed->fed[i].verdict == FR_VERDICT_COMPLETE)
            return false;
    return true;
}

/* Do they feed it, in place of groups that are lost or at first hand? What others passed on to them was tried nearer to it. */
static bool is_fed_by(const struct fr_transfer *transfer, uint32_t theirs, const struct fr_roster *roster) {
    while (roster->upstream_count > 0 && roster->upstream_group != theirs) {
        const struct fr_feed *between = fr_feed_find(transfer, roster->upstream_group);

        if (!between || !is_lost(between))
            return false;
        roster = between->roster;
    }
    return roster->upstream_count > 0;
}

/* Our feed of the group, made if need be. NULL: it is not ours to try, or there are too many. */
static struct fr_feed *reach_group(struct fr_transfer *transfer, uint32_t theirs, uint32_t group) {
    const struct fr_sheet *sheet = fr_sheets_find(transfer, group);
    struct fr_feed *feed = fr_feed_find(transfer, group);

    if (feed || !sheet || !is_fed_by(transfer, theirs, sheet->roster))
        return feed;
    transfer->actions.is_starved |= fr_feed_add_rescue(transfer, sheet, &feed) == FR_E_MEMORY;
    return feed;
}

static bool keep_word(struct fr_fed *fed, const struct fr_msg_result *result) {
    fed->word = fr_alloc(result->text.count + 1);
    if (!fed->word)
        return false;
    memcpy(fed->word, result->text.bytes, result->text.count);
    fed->word[result->text.count] = 0;
    fed->word_verdict = result->verdict;
    fed->figures = result->figures;
    return true;
}

bool fr_rescue_try(struct fr_transfer *transfer, uint32_t theirs, const struct fr_msg_result *result) {
    struct fr_feed *feed;
    struct fr_fed *fed;

    if (result->verdict == FR_VERDICT_COMPLETE || FR_PLANTED(NO_SECOND_TRY))
        return false;
    feed = reach_group(transfer, theirs, result->group);
    if (!feed || result->member >= feed->roster->member_count)
        return false;
    fed = &feed->fed[result->member];
    if (fed->verdict != FR_VERDICT_PENDING) /* tried, or settled otherwise */
        return fed->verdict == FR_VERDICT_COMPLETE;
    if (fed->is_charge)
        return true; /* our own word will follow */
    if (!fed->is_linked && !keep_word(fed, result)) {
        transfer->actions.is_starved = true;
        return true;
    }
    fr_feed_charge(transfer, feed, result->member);
    if (fed->dial.link == FR_LINK_NONE) /* no room for a link, or it would not have us before */
        fr_feed_settle(transfer, feed, result->member, result->verdict, fed->word);
    return true;
}
