/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over what is here already: an earlier transfer of this name was cut short, or an older version of the object is under it. What of
 * that is equal need not come again.
 *
 *   HOLDING: upstream gives us nothing and peers push nothing, but pages come. Each chunk of a page is looked at where it would be (REUSE);
 *   what hashes as it should is stored from there. Then everybody is told what we have, and we take part like one who joined late.
 *
 * When an object of this very size and cut is here with its digests, nothing is looked at as long as the pages agree with them: if they do
 * to the end, it is complete as it is. Nobody waits for one who finds nothing: with few of the last chunks equal the looking is over.
 */
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "content/digest.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    LOOKS_MAX = 16,       /* chunks being looked at */
    RECENT_LOOKS = 64,    /* of the last so many, */
    PAGE_PATIENCES = 2,   /* pages stay away so long, and the looking is over */
    RECENT_EQUAL_MIN = 8, /* so many must have been equal to go on */
};

int fr_reuse_init(struct fr_transfer *transfer, const struct fr_member_options *options) {
    struct fr_reuse *reuse = &transfer->member.reuse;

    *reuse = (struct fr_reuse){.is_remaking = true, .moved_at = transfer->now};
    if (!options->is_holding)
        return 0;
    transfer->member.mode = FR_MEMBER_HOLDING;
    reuse->looks_at_all = options->looks_at_all;
    if (!options->held_digests)
        return 0;
    reuse->is_remaking = false;
    reuse->root = options->held_root;
    reuse->count = options->held_count;
    reuse->digests = fr_alloc_zeroed(options->held_count + 1, sizeof(*reuse->digests));
    if (!reuse->digests)
        return FR_E_MEMORY;
    memcpy(reuse->digests, options->held_digests, options->held_count * sizeof(*reuse->digests));
    return 0;
}

void fr_reuse_done(struct fr_transfer *transfer) { fr_free(transfer->member.reuse.digests); }

static bool is_unlike(const struct fr_transfer *transfer, fr_chunk_index chunk) {
    const struct fr_reuse *reuse = &transfer->member.reuse;

    return reuse->digests && !FR_PLANTED(HELD_BELIEVED) &&
        (chunk >= reuse->count || !fr_digest_equal(&reuse->digests[chunk], fr_manifest_digest(&transfer->manifest, chunk)));
}

/* The object itself is here, under its name: nothing is to be done but to say so. */
static void settle_same(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    member->is_finish_asked = true;
    if (fr_bitset_grow(&member->have, transfer->manifest.layout.chunk_count))
        transfer->actions.is_starved = true;
    else
        fr_bitset_add_range(&member->have, 0, transfer->manifest.layout.chunk_count);
    member->figures.chunks_have = member->have.set_count;
    fr_strands_on_have_all(transfer);
    member->have_bytes = transfer->manifest.layout.object_bytes;
    fr_member_on_finished(transfer, &(struct fr_failure){0});
}

/* Goes on over chunks that agree. true: it cannot be told yet, or it is told and all is done. */
static bool is_same_so_far(struct fr_transfer *transfer) {
    struct fr_reuse *reuse = &transfer->member.reuse;
    const struct fr_manifest *manifest = &transfer->manifest;

    while (fr_manifest_has_chunk(manifest, reuse->next) && !is_unlike(transfer, reuse->next))
        reuse->next++;
    if (!fr_manifest_has_chunk(manifest, reuse->next)) {
        if (!manifest->is_end_known)
            return true;
        if (fr_digest_equal(&reuse->root, &manifest->end.root) || FR_PLANTED(HELD_BELIEVED)) {
            settle_same(transfer);
            return true;
        }
    }
    return false;
}

static void note(struct fr_reuse *reuse, bool is_equal) {
    reuse->recent = reuse->recent << 1 | is_equal;
    reuse->looked++;
}

static void look(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_member *member = &transfer->member;
    struct fr_action action = {.type = FR_ACTION_REUSE, .link = FR_LINK_NONE, .chunk = chunk};

    if (fr_bitset_has(&member->have, chunk) || fr_bitset_has(&member->storing, chunk))
        return;
    if (is_unlike(transfer, chunk) && !member->reuse.looks_at_all) {
        note(&member->reuse, false);
        return;
    }
    fr_bitset_add(&member->storing, chunk);
    member->senders[chunk] = FR_SENDER_SELF;
    member->reuse.asked++;
    action.chunk_offset = fr_layout_chunk_offset(&transfer->manifest.layout, chunk);
    action.count = fr_layout_chunk_size(&transfer->manifest.layout, chunk);
    action.digest = *fr_manifest_digest(&transfer->manifest, chunk);
    fr_actions_push(&transfer->actions, &action);
}

/* The end has come, and not all pages: whoever feeds us may lack them, and those who have them are asked only by who takes part. */
fr_time_ns fr_reuse_deadline(const struct fr_transfer *transfer) {
    const struct fr_reuse *reuse = &transfer->member.reuse;

    if (transfer->member.mode != FR_MEMBER_HOLDING || !reuse->is_remaking || reuse->asked > 0 || !transfer->manifest.is_end_known ||
        transfer->member.is_finish_asked)
        return FR_TIME_NEVER;
    return reuse->moved_at + PAGE_PATIENCES * transfer->timing.patience;
}

/* All was looked at, or it is no use; or those who feed us are gone, and only peers can help. */
static bool is_over(const struct fr_transfer *transfer) {
    const struct fr_reuse *reuse = &transfer->member.reuse;

    if (transfer->manifest.is_end_known && reuse->next == transfer->manifest.layout.chunk_count && reuse->asked == 0)
        return true;
    return (reuse->looked >= RECENT_LOOKS && __builtin_popcountll(reuse->recent) < RECENT_EQUAL_MIN) ||
        transfer->member.orphaned_at != FR_TIME_NEVER || fr_reuse_deadline(transfer) <= transfer->now;
}

/* What peers pushed before they heard that it might be here was dropped, and they believe it arrived. */
static void ask_again(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_bitset dropped = {0};

    for (uint32_t chunk = fr_bitset_next_set(&link->late, 0); chunk < link->late.bit_count;
         chunk = fr_bitset_next_set(&link->late, chunk + 1))
        if (!fr_bitset_has(&transfer->member.have, chunk) && !fr_bitset_has(&transfer->member.storing, chunk) &&
            fr_link_mark(&dropped, chunk))
            transfer->actions.is_starved = true;
    for (uint32_t chunk = fr_bitset_next_set(&dropped, 0); chunk < dropped.bit_count; chunk = fr_bitset_next_set(&dropped, chunk + 1))
        fr_bitset_remove(&link->late, chunk);
    if (dropped.set_count > 0)
        fr_say_ranges(transfer, link, FR_FRAME_WANT, &dropped);
    fr_bitset_done(&dropped);
}

static void take_part(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;
    struct fr_link *link;

    fr_free(member->reuse.digests);
    member->reuse.digests = NULL;
    FR_EACH_LIVE (transfer, link)
        if (member->have.set_count > 0 && (link->role == FR_LINK_PEER || link->role == FR_LINK_UPSTREAM || link->role == FR_LINK_ADOPTER))
            fr_say_ranges(transfer, link, FR_FRAME_HAVE, &member->have);
    fr_pull_set_mode(transfer, FR_MEMBER_FOLLOWING);
    FR_EACH_LIVE (transfer, link)
        ask_again(transfer, link);
    fr_pull_want_news(transfer);
}

void fr_reuse_turn(struct fr_transfer *transfer) {
    struct fr_reuse *reuse = &transfer->member.reuse;

    if (transfer->member.mode != FR_MEMBER_HOLDING || transfer->member.is_finish_asked)
        return;
    if (!reuse->is_remaking) {
        if (is_same_so_far(transfer))
            return;
        reuse->is_remaking = true;
        reuse->next = 0;
        reuse->moved_at = transfer->now;
    }
    if (fr_manifest_has_chunk(&transfer->manifest, reuse->next))
        reuse->moved_at = transfer->now;
    while (!is_over(transfer) && reuse->asked < LOOKS_MAX && fr_manifest_has_chunk(&transfer->manifest, reuse->next))
        look(transfer, reuse->next++);
    if (is_over(transfer))
        take_part(transfer);
}

void fr_reuse_on_looked(struct fr_transfer *transfer, bool is_equal) {
    fr_assert(transfer->member.reuse.asked > 0);
    transfer->member.reuse.asked--;
    transfer->member.reuse.moved_at = transfer->now;
    note(&transfer->member.reuse, is_equal);
}
