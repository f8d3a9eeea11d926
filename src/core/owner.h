/* SPDX-License-Identifier: Apache-2.0 */
/* What a member owns: chunks that upstream gave it, which it must bring to every other member of its group, and of which it reports
 * each one upstream when the group has it.
 *
 * A chunk counts as arrived in the group when every peer that keeps up has acknowledged it. A peer whose acknowledgements are far
 * behind those of the others does not hold a report up: it is late, and only it. */
#ifndef FR_CORE_OWNER_H
#define FR_CORE_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "base/bitset.h"
#include "content/limits.h"

struct fr_owned {
    fr_chunk_index chunk;
    uint64_t waiting; /* bit m: member m was sent it, or will be, and has not acknowledged */
    bool is_copied;   /* another member has it too */
};

struct fr_owner {
    struct fr_bitset all; /* every chunk ever owned */
    uint32_t open_count;  /* not reported yet */
    struct fr_owned
        open[FR_CREDIT_WINDOW_MAX *
             4]; /* who feeds us gives no more than its window; there may be several; more than four windows are no honest ones' */
    uint32_t unacknowledged[FR_GROUP_NODES_MAX]; /* by peer: chunks of ours that it has still to acknowledge, reported or not */
    uint64_t peers;                              /* bit m: pushed to by us */
    bool needs_copy; /* a chunk counts as arrived only when one other member has it, whoever keeps up: upstream lets go
                                                     of it then, and must not be left with us alone */
};

static_assert(FR_GROUP_NODES_MAX <= 64, "a member set is one word");

int fr_owner_init(struct fr_owner *owner);
void fr_owner_done(struct fr_owner *owner);

/* A peer takes part from now on; forgotten when its link closes, it falls behind for good, or it is done. */
void fr_owner_add_peer(struct fr_owner *owner, uint32_t peer);
void fr_owner_forget_peer(struct fr_owner *owner, uint32_t peer);

/* We own chunk from now on; `waiting`: the peers that it was queued for, a subset of those added. 0, FR_E_MEMORY, or FR_E_LIMIT when
 * upstream gives far more than any window. A chunk already open gets the peers added. */
int fr_owner_take(struct fr_owner *owner, fr_chunk_index chunk, uint64_t waiting);
bool fr_owner_owns(const struct fr_owner *owner, fr_chunk_index chunk);
/* Another peer was queued an owned chunk (it joined late). */
void fr_owner_extend(struct fr_owner *owner, fr_chunk_index chunk, uint32_t peer);
/* peer has chunk, which was queued for it and is not acknowledged yet. */
void fr_owner_acknowledged(struct fr_owner *owner, uint32_t peer, fr_chunk_index chunk);

/* The next chunk that has reached the group; it is open no longer. false: none. */
bool fr_owner_next_reached(struct fr_owner *owner, fr_chunk_index *ret_chunk);
/* Is this peer's acknowledging far behind that of the others? */
bool fr_owner_is_behind(const struct fr_owner *owner, uint32_t peer);

#endif
