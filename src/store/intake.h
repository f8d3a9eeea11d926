/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object on its way into the store: one file, or the files of a set, each in a sink of its own under NAME/ENTRY. Chunks come and go by
 * their place in the object's stream (content/weave.h); what fills up the last chunk of an entry is not stored.
 *
 *   new -> find (what is here already?) -> open (make room for what is not) -> look, write, read ... -> seal each entry -> commit -> close
 *
 * An entry that was received before, whole and untouched, stays where it is: its chunks count as stored as they are, until one of them
 * turns out to be another; then it is made anew, with those that were right.
 *
 * All calls but new, count and the questions may block. look, write, read and seal may be called by several threads at once.
 */
#ifndef FR_STORE_INTAKE_H
#define FR_STORE_INTAKE_H

#include "content/weave.h"
#include "store/store.h"

struct fr_intake;

struct fr_intake_options {
    struct fr_store *store; /* borrowed */
    const char *id;         /* as fr_sink_open takes it, like name and mode; copied, like all that follows */
    const char *name;
    uint32_t mode;
    uint32_t chunk_bytes;
    uint64_t object_bytes;          /* FR_BYTES_UNKNOWN for a pipe; of a set those of its stream */
    const struct fr_entry *entries; /* checked; NULL: one file */
    uint32_t entry_count;
};

int fr_intake_new(const struct fr_intake_options *options, struct fr_intake **ret_intake); /* 0 or FR_E_MEMORY */
/* Keeps what was not sealed or committed for later, or removes it. NULL allowed. */
void fr_intake_close(struct fr_intake *intake);

/* Looks what is here. Once, before anything else. */
void fr_intake_find(struct fr_intake *intake);
/* The finished object of this name, all of it, cut as this one is: its digests. NULL: there is none. Valid until close. */
const struct fr_record *fr_intake_record(const struct fr_intake *intake);
bool fr_intake_is_same_size(const struct fr_intake *intake); /* that object has as many bytes as this one */
bool fr_intake_has_kept(const struct fr_intake *intake);     /* parts of an earlier transfer, or some entries of the set, are here */
bool fr_intake_has_finished(const struct fr_intake *intake); /* something is under the name */

/* Makes room, as fr_sink_open, and fails as that does. Once, before the first look or write. */
int fr_intake_open(struct fr_intake *intake, struct fr_failure *failure);

struct fr_intake_chunk {
    fr_chunk_index chunk;
    uint64_t offset; /* in the stream */
    uint32_t bytes;
    struct fr_digest digest;
};
/* Is the chunk here, of earlier? Then it is stored now. *ret_is_here tells. 0, or what fr_sink_write returns. */
int fr_intake_look(struct fr_intake *intake, const struct fr_intake_chunk *chunk, bool *ret_is_here, struct fr_failure *failure);
/* bytes: as the digest has them, which the caller has compared. */
int fr_intake_write(struct fr_intake *intake, const struct fr_intake_chunk *chunk, const uint8_t *bytes, struct fr_failure *failure);
/* A whole chunk that is stored, or (fr_intake_must_verify) one of the finished object, which may have been changed by hand. */
int fr_intake_read(struct fr_intake *intake, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure);
bool fr_intake_must_verify(const struct fr_intake *intake);

/* This chunk is stored. Returns the entry of a set that is whole with it, to be sealed; else FR_ENTRIES_MAX. One thread. */
uint32_t fr_intake_count(struct fr_intake *intake, const struct fr_intake_chunk *chunk);
/* Gives a whole entry its final name. As fr_sink_commit. Nothing happens the second time. */
int fr_intake_seal(struct fr_intake *intake, uint32_t entry, struct fr_failure *failure);
/* Every chunk is stored: the rest gets its final name. record: of the whole object, borrowed. As fr_sink_commit. */
int fr_intake_commit(struct fr_intake *intake, const struct fr_record *record, struct fr_failure *failure);

#endif
