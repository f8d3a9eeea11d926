/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pushed object's bytes come from: a regular file, read at any offset, a pipe, read once in order, or the files of a set. Blocking
 * calls, meant for worker threads. */
#ifndef FR_STORE_SOURCE_H
#define FR_STORE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#include "content/weave.h"

struct fr_source;

/* path: a regular file or a FIFO; "-" is standard input (treated as a regular file when it is one at offset 0, else as a pipe, also
 * when it is a stream socket). A directory, socket or device is refused (FR_E_ARGUMENT) with a message that says what it is and
 * what to do (for a directory: push an archive of it, `tar c DIR | ...`), and so is a file that says it is empty but holds bytes
 * (/proc). FR_E_IO with errno when it cannot be opened or read; FR_E_MEMORY. Does not wait for a FIFO's writer. */
int fr_source_open(const char *path, struct fr_source **ret_source, struct fr_failure *failure);
/* The files of a set, 1 .. FR_ENTRIES_MAX; label: what sentences call them. Each a regular file, the names of their last components those
 * of the entries, which the caller checks. Errors as above, FR_E_NAME for a name that is too long. Before it is read it must be woven. */
int fr_source_open_set(const char *label, const char *const *paths, uint32_t count, struct fr_source **ret_source,
                       struct fr_failure *failure);
void fr_source_close(struct fr_source *source); /* NULL allowed */

/* Of a set: from now on it is the stream of content/weave.h, of which whole chunks are read. Once. FR_E_LIMIT for too many chunks,
 * FR_E_MEMORY. */
int fr_source_weave(struct fr_source *source, uint32_t chunk_bytes, struct fr_failure *failure);
const struct fr_entry *fr_source_entries(const struct fr_source *source, uint32_t *ret_count); /* NULL: it is no set */

/* Is the last chunk of an entry among these? Of what is no set, no. */
bool fr_source_ends_entry(const struct fr_source *source, fr_chunk_index first, uint32_t count);

bool fr_source_is_file(const struct fr_source *source); /* can be read at any offset, size known */
/* The size when opened; FR_BYTES_UNKNOWN for a pipe; of all files of a set, when woven with what fills them up. */
uint64_t fr_source_bytes(const struct fr_source *source);
uint32_t fr_source_mode(const struct fr_source *source);     /* permission bits, 0644 for a pipe */
const char *fr_source_label(const struct fr_source *source); /* for messages: the path, or "standard input" */

/* Files: exactly `bytes` at `offset`, within the size when opened. FR_E_CHANGED when the file is shorter than it was; FR_E_IO. Any
 * thread, concurrently. */
int fr_source_read_at(struct fr_source *source, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure);

/* Pipes (files too, from their start): the next bytes, as many as `bytes` unless the end comes first. *ret_bytes < bytes: it
 * has ended. Blocks until then, so fr_source_cancel from another thread ends it. One thread at a time. FR_E_IO, FR_E_CANCELLED. */
int fr_source_read_next(struct fr_source *source, uint8_t *out, uint32_t bytes, uint32_t *ret_bytes, struct fr_failure *failure);

/* Makes a blocked and every later fr_source_read_next return FR_E_CANCELLED, at once. Any thread, and signal handlers. */
void fr_source_cancel(struct fr_source *source);

/* Files: size, modification and change time as they were at the opening, and its path still leads to it? 0, or FR_E_CHANGED saying what
 * changed, or FR_E_IO. Pipes: 0. */
int fr_source_check_unchanged(struct fr_source *source, struct fr_failure *failure);

#endif
