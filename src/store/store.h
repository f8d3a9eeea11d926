/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of finished objects, and what is being received beside them.
 *
 *   <store>/NAME                              finished objects, plain files in plain folders
 *   <store>/.fastreplica/lock                 held (flock) by the one process that serves this store
 *   <store>/.fastreplica/partial/HASH.ID      an object being received; ID: the transfer id in hex, HASH: SHA-256 of its name in hex
 *   <store>/.fastreplica/kept/HASH            what was received of it when a transfer was cut short
 *   <store>/.fastreplica/records/HASH         what is known of a finished object
 *
 * An object is written to its partial file, synced, renamed to its final name, and the folders synced: under the final name there
 * is either nothing, the old object, or the whole new one. Everything is opened beneath the store (openat2 RESOLVE_BENEATH with
 * no symbolic links, or component by component with O_NOFOLLOW where the kernel lacks it), so no name and no planted link
 * leads outside. All calls may block; a sink's write and read may be used by several threads at once.
 */
#ifndef FR_STORE_STORE_H
#define FR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#include "content/limits.h"

struct fr_store;

/* Opens (and creates, one level, if missing) the folder, makes the hidden ones, takes the lock, keeps the parts that a dead process
 * left in the middle of a transfer. FR_E_IN_USE when another process serves it; FR_E_IO, FR_E_NO_SPACE, FR_E_ARGUMENT (not a folder). */
int fr_store_open(const char *path, struct fr_store **ret_store, struct fr_failure *failure);
void fr_store_close(struct fr_store *store); /* NULL allowed; sinks must be gone */
/* Parts of objects whose transfers were cut short are kept for so long after the last write, for later transfers of the same name and size.
 * 0: they are not, and those that are there go; before the first call they are not. Too old ones go now, and whenever a sink is opened. */
void fr_store_keep(struct fr_store *store, uint64_t seconds);
/* Is a part of an object of this name and size kept? */
bool fr_store_has_kept(struct fr_store *store, const char *name, uint64_t object_bytes);
const char *fr_store_path(const struct fr_store *store);
/* Bytes an unprivileged writer may still use; 0 on error. */
uint64_t fr_store_free_bytes(const struct fr_store *store);

/* What is known of a finished object. The file may have been changed by hand since: fr_store_find checks size, inode and times. */
struct fr_record {
    uint64_t object_bytes;
    uint32_t chunk_bytes;
    uint32_t chunk_count;
    struct fr_digest root;
    struct fr_digest sha256;   /* zeros for an entry of a set: what the origin signs is the whole set's */
    struct fr_digest *digests; /* [chunk_count]; NULL when chunk_count is 0; freed by fr_record_done */
};
void fr_record_done(struct fr_record *record); /* NULL and zeroed allowed */

/* true and a filled record when an untouched finished object of this name is here. A record that is missing, damaged (it carries
 * its own SHA-256) or does not match the file means false. */
bool fr_store_find(struct fr_store *store, const char *name, struct fr_record *ret_record);

/* A finished object that is read for others. It may have been changed by hand since it was found: compare what is read. Any thread. */
struct fr_finished;
int fr_finished_open(struct fr_store *store, const char *name, struct fr_finished **ret_finished,
                     struct fr_failure *failure); /* FR_E_IO, FR_E_MEMORY */
int fr_finished_read(struct fr_finished *finished, uint64_t offset, uint8_t *out, uint32_t count, struct fr_failure *failure); /* FR_E_IO */
void fr_finished_close(struct fr_finished *finished); /* NULL allowed */

/* One object being received. */
struct fr_sink;

/* Takes over what is kept of this name and size, if anything is: fr_sink_is_resumed. Where room is short, what is kept of others goes,
 * oldest first. Checks the name (fr_name_check), what is under it (a plain file or nothing, in plain folders of the store's own file
 * system: no links), and the free space; creates the partial file and, when object_bytes is known, reserves the space (fallocate; where the
 * file system cannot, ftruncate; where it lives in memory, by keeping count). mode: permission bits; others are dropped. id: lower-case
 * hex, 1 to 32 digits.
 * FR_E_NAME, FR_E_NO_SPACE (message with need and free), FR_E_IO, FR_E_LIMIT (larger than the file system or RLIMIT_FSIZE allows),
 * FR_E_IN_USE (a sink of this id and name is open), FR_E_ARGUMENT (no id), FR_E_MEMORY. */
int fr_sink_open(struct fr_store *store, const char *id, const char *name, uint64_t object_bytes, uint32_t mode, struct fr_sink **ret_sink,
                 struct fr_failure *failure);

/* All bytes or an error: FR_E_NO_SPACE, FR_E_IO, FR_E_LIMIT. offset + count <= object_bytes. Any thread. The first failure stays: later
 * writes and the commit return it again. Also starts writing back early, so that commit's sync is short. */
int fr_sink_write(struct fr_sink *sink, uint64_t offset, const uint8_t *bytes, uint32_t count, struct fr_failure *failure);
/* Exactly count bytes that were written before; still works after commit. FR_E_IO. Any thread. */
int fr_sink_read(struct fr_sink *sink, uint64_t offset, uint8_t *out, uint32_t count, struct fr_failure *failure);

/* Cut or check the size, set the mode, sync, make missing folders, rename, sync the folder, write the record. After it the object is
 * there under its name for good. Once, when no write is under way; commits of one store take turns. The record's object_bytes is the
 * sink's where that was known, and its other sizes fit it. FR_E_NO_SPACE, FR_E_IO. On failure an old object of that name is untouched,
 * folders made for the name are gone again, and fr_sink_close keeps or removes what was received. (The one exception: the folder's sync
 * fails and the rename cannot be taken back, because the file system knows no hard links. The sentence says so then.)
 * A record that cannot be written is no failure. record->digests is borrowed. */
int fr_sink_commit(struct fr_sink *sink, const struct fr_record *record, struct fr_failure *failure);

/* Was what an earlier transfer left taken over? Then may these bytes have been written by it (false: there is a hole)? Any thread. */
bool fr_sink_is_resumed(const struct fr_sink *sink);
bool fr_sink_may_have(struct fr_sink *sink, uint64_t offset, uint32_t count);
/* Keeps the partial file for later, or removes it; unless it was committed. NULL allowed. */
void fr_sink_close(struct fr_sink *sink);

#endif
