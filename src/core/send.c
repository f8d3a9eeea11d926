/* SPDX-License-Identifier: Apache-2.0 */
/* Sending what neighbours are to have: chunks from a link's queue, and news of what is here. */
#include "core/planted.h"
#include "core/state.h"

enum { FEW_PEERS = 3 };

/* What is to be given to an owner below is not served to whoever asks. */
bool fr_send_can_serve(struct fr_transfer *transfer, const struct fr_link *link, fr_chunk_index chunk) {
    if (transfer->is_origin)
        return transfer->origin.can_reread && fr_bitset_has(&fr_feed_of(transfer, link)->dispatch.reached, chunk);
    return (fr_bitset_has(&transfer->member.have, chunk) ||
            (FR_PLANTED(SERVED_UNVERIFIED) && fr_bitset_has(&transfer->member.storing, chunk))) &&
        fr_manifest_has_chunk(&transfer->manifest, chunk) &&
        (link->role != FR_LINK_CHILD || !fr_bitset_has(&fr_feed_of(transfer, link)->dispatch.waiting, chunk));
}

static void hand_out(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk) {
    const struct fr_layout *layout = &transfer->manifest.layout;
    struct fr_action action = {.type = FR_ACTION_SEND_CHUNK, .link = link->id, .chunk = chunk};
    bool is_below = link->role == FR_LINK_CHILD && !transfer->is_origin;

    fr_say_page(transfer, link, fr_layout_page_of(layout, chunk));
    action.chunk_offset = fr_layout_chunk_offset(layout, chunk);
    action.count = fr_layout_chunk_size(layout, chunk);
    /* A whole group waits for a gift. For an answer one node does, as a peer may: were it to go first, those below could ask for so much
     * that nothing is left for our own group. */
    action.is_urgent = is_below && fr_bitset_has(&link->gifts, chunk);
    fr_liveness_sent(&link->liveness, transfer->now);
    link->sends++;
    if (is_below) /* peers lose a bounded part of the uplink by it, whatever it is */
        fr_urgent_on_handed(transfer);
    if (transfer->is_origin)
        transfer->origin.bytes_sent += action.count;
    fr_actions_push(&transfer->actions, &action);
}

/* One being sent and one being read keep a link busy. Among many links the next ones do, and what is handed over early cannot be
 * overtaken. */
static uint32_t sends_max(const struct fr_transfer *transfer, const struct fr_link *link) {
    if (link->role == FR_LINK_PEER && __builtin_popcountll(transfer->member.owner.peers) > FEW_PEERS)
        return 1;
    return FR_LINK_SENDS_MAX + FR_PLANTED(SENDS_OFF_BY_ONE);
}

void fr_send_pump(struct fr_transfer *transfer, struct fr_link *link) {
    fr_chunk_index chunk;

    if (link->role == FR_LINK_PEER && fr_urgent_holds(transfer))
        return;
    while (fr_link_is_live(link) && link->sends < sends_max(transfer, link) && fr_ring_pop(&link->queue, &chunk)) {
        if (fr_link_has(link, chunk))
            fr_link_acknowledge(link, chunk);
        else
            hand_out(transfer, link, chunk);
    }
}

void fr_send_on_want(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges) {
    struct fr_bitset refused = {0};

    for (uint32_t r = 0; r < ranges->range_count; r++)
        for (uint32_t i = 0; i < ranges->ranges[r].count; i++) {
            fr_chunk_index chunk = ranges->ranges[r].first + i;

            if (chunk >= transfer->manifest.layout.chunk_count)
                break;
            if (fr_bitset_has(&link->gifts, chunk) &&
                fr_ring_has(&link->queue, chunk)) { /* comes as a gift: it must not pass for the answer */
                transfer->actions.is_starved |= fr_link_mark(&refused, chunk) != 0;
                continue;
            }
            /* Asked again for what we believe is on its way: it did not arrive well, so it goes out once more. */
            fr_link_acknowledge(link, chunk);
            fr_bitset_remove(&link->theirs, chunk);
            if (!fr_send_can_serve(transfer, link, chunk) || fr_link_queue(link, chunk))
                transfer->actions.is_starved |= fr_link_mark(&refused, chunk) != 0;
        }
    if (refused.set_count > 0)
        fr_say_ranges(transfer, link, FR_FRAME_MISSING, &refused);
    fr_bitset_done(&refused);
    fr_send_pump(transfer, link);
}

/* Chunks of `from` that are not in `told` yet, nor there, nor on their way when `except` says so: marked as told, returned in ret_news. */
static int collect_news(struct fr_transfer *transfer, struct fr_link *link, const struct fr_bitset *from, struct fr_bitset *told,
                        const struct fr_bitset *except, struct fr_bitset *ret_news) {
    if (fr_bitset_grow(told, from->bit_count) || fr_bitset_init(ret_news, from->bit_count))
        return FR_E_MEMORY;
    for (uint32_t word = 0; word < (from->bit_count + 63) / 64; word++)
        for (uint64_t fresh = from->words[word] & ~told->words[word]; fresh; fresh &= fresh - 1) {
            fr_chunk_index chunk = word * 64 + (uint32_t) __builtin_ctzll(fresh);

            if (fr_link_has(link, chunk) || (except && fr_bitset_has(except, chunk)) || !fr_manifest_has_chunk(&transfer->manifest, chunk))
                continue; /* who held the object may lack pages of it */
            fr_bitset_add(told, chunk);
            fr_say_page(transfer, link, fr_layout_page_of(&transfer->manifest.layout, chunk));
            fr_bitset_add(ret_news, chunk);
        }
    return 0;
}

static void send_news_of(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const struct fr_bitset *from,
                         struct fr_bitset *told, const struct fr_bitset *except) {
    struct fr_bitset news = {0};

    if (collect_news(transfer, link, from, told, except, &news))
        transfer->actions.is_starved = true;
    else
        fr_say_ranges(transfer, link, type, &news);
    fr_bitset_done(&news);
}

/* Those below hear of what has reached their group, and is not missing for want of an owner. Who has all, and nothing left to give, tells
 * of all: what they still lack, nobody else may be bringing. */
static void send_news_below(struct fr_transfer *transfer, struct fr_link *link) {
    const struct fr_dispatch *dispatch = &fr_feed_of(transfer, link)->dispatch;
    bool is_all_given = !transfer->is_origin && transfer->member.is_complete && dispatch->waiting.set_count == 0;

    if (!transfer->is_origin || transfer->origin.can_reread)
        send_news_of(transfer, link, FR_FRAME_HAVE, is_all_given ? &transfer->member.have : &dispatch->reached, &link->told, NULL);
}

void fr_send_news(struct fr_transfer *transfer, struct fr_link *link) {
    if (!link->wants_news || link->is_done)
        return;
    if (link->role == FR_LINK_CHILD) {
        send_news_below(transfer, link);
        return;
    }
    /* What will be pushed is promised first, so that it is not asked of others when they tell of it. */
    send_news_of(transfer, link, FR_FRAME_COMING, &link->pending, &link->told_coming, NULL);
    send_news_of(transfer, link, FR_FRAME_HAVE, &transfer->member.have, &link->told, &link->pending);
}

void fr_send_on_interest(struct fr_transfer *transfer, struct fr_link *link, bool on) {
    link->wants_news = on;
    fr_bitset_done(&link->told);
    fr_bitset_done(&link->told_coming);
    if (on)
        fr_send_news(transfer, link);
}
