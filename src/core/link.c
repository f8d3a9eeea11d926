/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one link. It decides nothing: the roles do. */
#include "core/link.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"

enum { ASK_WINDOW_FIRST = 2 };

void fr_link_init(struct fr_link *link, enum fr_link_role role, uint32_t place, uint32_t member, fr_time_ns silence, fr_time_ns now) {
    fr_link_id id = link->id;

    fr_assert(link->state == FR_LINK_FREE);
    *link = (struct fr_link){.id = id, .role = role, .place = place, .member = member, .ask_window = ASK_WINDOW_FIRST};
    fr_ring_init(&link->queue, FR_LINK_QUEUE_MAX);
    fr_liveness_init(&link->liveness, silence, now);
}

void fr_link_done(struct fr_link *link) {
    fr_ring_done(&link->queue);
    fr_bitset_done(&link->pending);
    fr_bitset_done(&link->gifts);
    fr_bitset_done(&link->pages_sent);
    fr_bitset_done(&link->theirs);
    fr_bitset_done(&link->told);
    fr_bitset_done(&link->told_coming);
    fr_bitset_done(&link->promised);
    fr_bitset_done(&link->spoilt);
    fr_bitset_done(&link->asked);
    fr_bitset_done(&link->owed);
    fr_bitset_done(&link->late);
    *link = (struct fr_link){.id = link->id, .state = FR_LINK_FREE};
}

bool fr_link_has(const struct fr_link *link, fr_chunk_index chunk) { return link->is_done || fr_bitset_has(&link->theirs, chunk); }

bool fr_link_is_pending(const struct fr_link *link, fr_chunk_index chunk) { return fr_bitset_has(&link->pending, chunk); }

bool fr_link_is_pushed(const struct fr_link *link) {
    return link->state == FR_LINK_LIVE && !link->is_done && !link->is_holding && !link->pulls_from_us;
}

int fr_link_mark(struct fr_bitset *set, uint32_t bit) {
    int error = bit < set->bit_count ? 0 : fr_bitset_grow(set, bit + 1);

    if (!error)
        fr_bitset_add(set, bit);
    return error;
}

int fr_link_queue(struct fr_link *link, fr_chunk_index chunk) {
    int error;

    if (fr_link_is_pending(link, chunk))
        return 0;
    error = fr_link_mark(&link->pending, chunk);
    if (!error)
        error = fr_ring_push(&link->queue, chunk);
    if (error)
        fr_bitset_remove(&link->pending, chunk);
    return error;
}

bool fr_link_acknowledge(struct fr_link *link, fr_chunk_index chunk) {
    if (!fr_bitset_remove(&link->pending, chunk))
        return false;
    fr_bitset_remove(&link->gifts, chunk);
    fr_ring_remove(&link->queue, chunk); /* somebody else was faster: not sent by us any more */
    return true;
}

void fr_link_clear_queue(struct fr_link *link) {
    fr_chunk_index chunk;

    while (fr_ring_pop(&link->queue, &chunk)) {
        fr_bitset_remove(&link->pending, chunk);
        fr_bitset_remove(&link->gifts, chunk);
    }
}
