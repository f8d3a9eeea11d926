/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object on its way to this node's store, seen from the network thread: every call returns at once, the work (looking for
 * an object that is here already, making the partial file, hashing, writing, syncing, removing) is done by workers.
 *
 *   new -> on_prepared -> store ... -> on_stored ... -> commit -> on_committed -> close -> on_closed (freed)
 *
 * Of a set, each file gets its final name as soon as its last chunk is stored; commit waits for all.
 *
 * What is here of earlier may be taken over chunk by chunk (reuse): a part of a transfer of this name and size that was cut short, then the
 * partial file is that one, and the finished object of this name. If that has the same size and chunk size, as its record tells, no partial
 * file is made until a chunk has to be stored, because pushing the same thing again should need no room.
 */
#ifndef FR_NODE_PARTIAL_H
#define FR_NODE_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/transfer.h"
#include "node/driver.h"
#include "store/store.h"

struct fr_partial;

/* A chunk that is stored, and whose it is. */
struct fr_partial_chunk {
    fr_link_id link;
    fr_chunk_index chunk;
    uint64_t offset;
    struct fr_buffer *buffer;
    struct fr_digest digest;
    bool is_upstream;
};

/* A chunk that may be here already. */
struct fr_partial_look {
    fr_chunk_index chunk;
    uint64_t offset;
    uint32_t count;
    struct fr_digest digest;
};

struct fr_partial_events {
    /* failure->error 0: ready. Then fr_partial_held tells whether something is here already. */
    void (*on_prepared)(void *user, const struct fr_failure *failure);
    /* chunk->buffer is handed over. Small chunks come several in a row; on_stored_all follows the last of them. */
    void (*on_stored)(void *user, const struct fr_partial_chunk *chunk, enum fr_store_outcome outcome, const struct fr_failure *failure);
    void (*on_stored_all)(void *user);
    void (*on_looked)(void *user, fr_chunk_index chunk, enum fr_store_outcome outcome, const struct fr_failure *failure);
    /* Of a set: a file that is whole did not get its name. */
    void (*on_failed)(void *user, const struct fr_failure *failure);
    void (*on_committed)(void *user, const struct fr_failure *failure);
    void (*on_closed)(void *user);
};

struct fr_partial_options {
    uv_loop_t *loop;
    struct fr_store *store;           /* borrowed, like loop */
    const struct fr_opening *opening; /* copied */
    const struct fr_partial_events *events;
    void *user;
};

int fr_partial_new(const struct fr_partial_options *options, struct fr_partial **ret_partial); /* 0 or FR_E_MEMORY: nothing follows */

/* After on_prepared. Valid until close. */
struct fr_partial_held {
    bool is_any;                    /* there is something to be looked at */
    const struct fr_record *record; /* of the finished object, when it is cut into chunks of this size; else NULL */
    bool has_kept;                  /* there is a part of an earlier transfer */
};
struct fr_partial_held fr_partial_held(const struct fr_partial *partial);
/* on_looked tells whether the chunk was here and is stored now. */
void fr_partial_reuse(struct fr_partial *partial, const struct fr_partial_look *look);

/* The buffer is handed over. Without memory for the job the outcome comes at once. */
void fr_partial_store(struct fr_partial *partial, const struct fr_partial_chunk *chunk);
void fr_partial_commit(struct fr_partial *partial, const struct fr_transfer_view *view);

/* Where chunks that were stored can be read again; of a held object, which serves those who lack it, with the duty to compare. */
struct fr_chunk_source fr_partial_chunk_source(struct fr_partial *partial);

/* Ends when running jobs have; keeps or removes what was not committed; frees itself after on_closed. Chunks that wait are dropped.
 * Once. */
void fr_partial_close(struct fr_partial *partial);

#endif
