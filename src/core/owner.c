/* SPDX-License-Identifier: Apache-2.0 */
/* Owned chunks and who has still to acknowledge them. */
#include "core/owner.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "core/planted.h"

/* A peer is behind with this many more unacknowledged chunks than twice the others' mean. */
enum { BEHIND_SLACK = 2 };

static uint64_t bit_of(uint32_t member) {
    fr_assert(member < FR_GROUP_NODES_MAX);
    return 1ull << member;
}

int fr_owner_init(struct fr_owner *owner) {
    memset(owner, 0, sizeof(*owner));
    return fr_bitset_init(&owner->all, 0);
}

void fr_owner_done(struct fr_owner *owner) {
    if (owner)
        fr_bitset_done(&owner->all);
}

void fr_owner_add_peer(struct fr_owner *owner, uint32_t peer) {
    owner->peers |= bit_of(peer);
    owner->unacknowledged[peer] = 0;
}

void fr_owner_forget_peer(struct fr_owner *owner, uint32_t peer) {
    owner->peers &= ~bit_of(peer);
    owner->unacknowledged[peer] = 0;
    for (uint32_t i = 0; i < owner->open_count && !FR_PLANTED(DEAD_AWAITED); i++)
        owner->open[i].waiting &= ~bit_of(peer);
}

static struct fr_owned *find_open(struct fr_owner *owner, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < owner->open_count; i++)
        if (owner->open[i].chunk == chunk)
            return &owner->open[i];
    return NULL;
}

static void count_waiting(struct fr_owner *owner, uint64_t added) {
    for (; added; added &= added - 1)
        owner->unacknowledged[__builtin_ctzll(added)]++;
}

int fr_owner_take(struct fr_owner *owner, fr_chunk_index chunk, uint64_t waiting) {
    struct fr_owned *open = find_open(owner, chunk);

    fr_assert((waiting & ~owner->peers) == 0);
    if (!open) {
        if (owner->open_count == sizeof(owner->open) / sizeof(owner->open[0]))
            return FR_E_LIMIT;
        if (chunk >= owner->all.bit_count && fr_bitset_grow(&owner->all, chunk + 1))
            return FR_E_MEMORY;
        fr_bitset_add(&owner->all, chunk);
        open = &owner->open[owner->open_count++];
        *open = (struct fr_owned){.chunk = chunk};
    }
    count_waiting(owner, waiting & ~open->waiting);
    open->waiting |= waiting;
    return 0;
}

bool fr_owner_owns(const struct fr_owner *owner, fr_chunk_index chunk) { return fr_bitset_has(&owner->all, chunk); }

void fr_owner_extend(struct fr_owner *owner, fr_chunk_index chunk, uint32_t peer) {
    struct fr_owned *open = find_open(owner, chunk);

    fr_assert(owner->peers & bit_of(peer));
    owner->unacknowledged[peer]++;
    if (open)
        open->waiting |= bit_of(peer);
}

void fr_owner_acknowledged(struct fr_owner *owner, uint32_t peer, fr_chunk_index chunk) {
    struct fr_owned *open = find_open(owner, chunk);

    if (!(owner->peers & bit_of(peer)))
        return;
    if (owner->unacknowledged[peer] > 0)
        owner->unacknowledged[peer]--;
    if (open)
        open->waiting &= ~bit_of(peer);
}

static uint64_t sum_unacknowledged(const struct fr_owner *owner) {
    uint64_t sum = 0;

    for (uint64_t set = owner->peers; set; set &= set - 1)
        sum += owner->unacknowledged[__builtin_ctzll(set)];
    return sum;
}

/* sum: over all peers. */
static bool is_behind(const struct fr_owner *owner, uint32_t peer, uint64_t sum) {
    uint64_t others = (uint64_t) __builtin_popcountll(owner->peers) - 1, own = owner->unacknowledged[peer];

    if (others == 0)
        return own > 4 * FR_CREDIT_WINDOW_MAX; /* nobody to compare with */
    return own * others >= BEHIND_SLACK * others + 2 * (sum - own);
}

bool fr_owner_is_behind(const struct fr_owner *owner, uint32_t peer) { return is_behind(owner, peer, sum_unacknowledged(owner)); }

bool fr_owner_next_reached(struct fr_owner *owner, fr_chunk_index *ret_chunk) {
    uint64_t behind = 0, sum = owner->open_count > 0 ? sum_unacknowledged(owner) : 0;

    for (uint64_t set = owner->open_count > 0 ? owner->peers : 0; set; set &= set - 1) {
        uint32_t peer = (uint32_t) __builtin_ctzll(set);

        if (is_behind(owner, peer, sum))
            behind |= bit_of(peer);
    }
    for (uint32_t i = 0; i < owner->open_count; i++)
        if (((owner->open[i].waiting & ~behind) == 0 && (owner->open[i].is_copied || !owner->needs_copy)) || FR_PLANTED(REACHED_EARLY)) {
            *ret_chunk = owner->open[i].chunk;
            memmove(&owner->open[i], &owner->open[i + 1], (owner->open_count - i - 1) * sizeof(owner->open[0]));
            owner->open_count--;
            return true;
        }
    return false;
}
