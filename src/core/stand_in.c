/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of a group feeds whom of the groups below, and who does it when a member is gone.
 *
 * The counterparts of a member are given by the two groups' sizes alone (feed.c). When a peer has been away for ABSENT_PATIENCES, the next
 * member after it that is here takes its counterparts over, with the chunks that the peer had relayed to it: the peer may not have
 * handed them on. Everybody reckons this for himself from the links he has; two who differ cost a link too many and no more. In the same
 * way the next one tells upstream how a member ended, in case it has no link there any more.
 */
#include "base/check.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum { ABSENT_PATIENCES = 2 };

void fr_stand_in_init(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++) /* whoever is not here by then has missed the beginning */
        transfer->member.absent_since[i] = transfer->now + transfer->timing.connect;
    transfer->member.stand_in_due = transfer->now + transfer->timing.connect + ABSENT_PATIENCES * transfer->timing.patience;
}

void fr_stand_in_on_peer(struct fr_transfer *transfer, uint32_t peer, bool is_here) {
    struct fr_member *member = &transfer->member;

    member->absent_since[peer] = is_here ? FR_TIME_NEVER : transfer->now;
    if (is_here) {
        member->stood_in &= ~(1ull << peer);
        for (uint32_t i = 0; i < transfer->feed_count; i++)
            transfer->feeds[i]->inherited &= ~(1ull << peer);
    } else
        member->stand_in_due = fr_time_min(member->stand_in_due, transfer->now + ABSENT_PATIENCES * transfer->timing.patience);
}

static void charge_of(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member) {
    uint32_t above = transfer->roster->member_count, below = feed->roster->member_count;

    fr_assert(above > 0 && below > 0);
    for (uint32_t t = member; t < (above > below ? above : below); t += above)
        fr_feed_charge(transfer, feed, t % below);
}

void fr_stand_in_charge(struct fr_transfer *transfer, struct fr_feed *feed) {
    charge_of(transfer, feed, transfer->self);
    for (uint32_t i = 0; i < transfer->roster->member_count; i++)
        if (transfer->member.stood_in >> i & 1)
            charge_of(transfer, feed, i);
}

/* The first after peer, round the group, that is here. */
static uint32_t heir_of(struct fr_transfer *transfer, uint32_t peer) {
    uint32_t count = transfer->roster->member_count;

    for (uint32_t i = 1; i < count; i++) {
        uint32_t member = peer + i < count ? peer + i : peer + i - count;

        if (member == transfer->self || transfer->member.absent_since[member] == FR_TIME_NEVER)
            return member;
    }
    return transfer->self;
}

static void stand_in_for(struct fr_transfer *transfer, uint32_t peer) {
    transfer->member.stood_in |= 1ull << peer;
    for (uint32_t i = 0; i < transfer->feed_count && !FR_PLANTED(NOBODY_STANDS_IN); i++)
        if (transfer->feeds[i]->is_charged)
            charge_of(transfer, transfer->feeds[i], peer);
}

static void inherit(struct fr_transfer *transfer, const struct fr_link *link, uint32_t peer) {
    struct fr_member *member = &transfer->member;

    for (uint32_t chunk = fr_bitset_next_set(&member->have, 0); chunk < member->have.bit_count;
         chunk = fr_bitset_next_set(&member->have, chunk + 1))
        if (member->senders[chunk] == peer && !fr_link_has(link, chunk))
            fr_feed_offer_to(transfer, fr_feed_of(transfer, link), chunk);
}

/* A counterpart of the peer has told what it has: the rest of what the peer relayed to us is ours to hand on. */
void fr_stand_in_on_have(struct fr_transfer *transfer, const struct fr_link *link) {
    struct fr_member *member = &transfer->member;
    struct fr_feed *feed = fr_feed_of(transfer, link);
    uint32_t above, below, most;

    if (transfer->is_origin || member->stood_in == 0)
        return;
    above = transfer->roster->member_count;
    below = feed->roster->member_count;
    most = above > below ? above : below;
    for (uint32_t t = link->member; t < most; t += below) {
        uint64_t bit = 1ull << t % above;

        if ((member->stood_in & bit) != 0 && (feed->inherited & bit) == 0) {
            feed->inherited |= bit;
            inherit(transfer, link, t % above);
        }
    }
}

void fr_stand_in_vouch(struct fr_transfer *transfer, uint32_t peer, const struct fr_msg_done *done) {
    const struct fr_msg_result result = {
        .group = transfer->roster->group_index,
        .member = (uint16_t) peer,
        .verdict = done->verdict,
        .accepted_ago_ns = done->elapsed_ns,
        .figures = done->figures,
        .text = done->text,
    };

    if (heir_of(transfer, peer) == transfer->self)
        fr_fold_note_result(transfer, &result);
}

void fr_stand_in_turn(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    if (member->stand_in_due > transfer->now)
        return;
    member->stand_in_due = FR_TIME_NEVER;
    for (uint32_t peer = 0; peer < transfer->roster->member_count; peer++) {
        fr_time_ns due;

        if (peer == transfer->self || member->absent_since[peer] == FR_TIME_NEVER || (member->stood_in >> peer & 1) != 0)
            continue;
        due = member->absent_since[peer] + ABSENT_PATIENCES * transfer->timing.patience;
        if (due > transfer->now) {
            member->stand_in_due = fr_time_min(member->stand_in_due, due);
            continue;
        }
        if (heir_of(transfer, peer) == transfer->self)
            stand_in_for(transfer, peer);
    }
}
