/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object of several files, a set, as one stream: each entry is cut into chunks by itself, and the stream takes chunks of all of them in
 * turn.
 *
 *   entry 0   a0 a1 a2 a3          its last chunk is filled up with zeros, so that in the stream every chunk has its full size
 *   entry 1   b0 b1
 *   stream    a0 b0 a1 a2 b1 a3    in proportion: all entries begin and end together
 *
 * The chunks of one entry are a strand. Chunk i of an entry of c chunks stands at (2 i + 1) / (2 c) of the stream; where two stand at the
 * same point, the lower entry comes first.
 */
#ifndef FR_CONTENT_WEAVE_H
#define FR_CONTENT_WEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "content/limits.h"

struct fr_entry {
    uint64_t bytes;                         /* 1 and more */
    char name[FR_ENTRY_NAME_BYTES_MAX + 1]; /* one component: it lies in a folder of the object's name */
};

struct fr_weave {
    uint32_t chunk_bytes;
    uint32_t entry_count;
    uint32_t chunk_count;                   /* of all */
    uint64_t entry_bytes[FR_ENTRIES_MAX];   /* as the file is, without what fills it up */
    uint32_t strand_chunks[FR_ENTRIES_MAX]; /* chunks of each entry */
    uint8_t *strands;                       /* [chunk_count]: whose it is */
    uint32_t *places;                       /* [chunk_count]: the how manieth of its entry, from 0 */
};

/* Are these entries of one object of that name: 1 .. FR_ENTRIES_MAX, none empty, names of one component that differ, short enough below the
 * object's? ret_why (NULL allowed): a static phrase, set only on failure, with the entry that it is about. 0 or FR_E_NAME, or
 * FR_E_ARGUMENT. */
int fr_entries_check(const char *object_name, const struct fr_entry *entries, uint32_t count, uint32_t *ret_entry, const char **ret_why);

/* Bytes of the stream, a multiple of chunk_bytes; UINT64_MAX where it would have more than FR_CHUNKS_MAX chunks. */
uint64_t fr_weave_stream_bytes(const struct fr_entry *entries, uint32_t count, uint32_t chunk_bytes);

/* entries as checked, few enough chunks for chunk_bytes. 0 or FR_E_MEMORY. O(chunks x entries). */
int fr_weave_init(struct fr_weave *weave, const struct fr_entry *entries, uint32_t count, uint32_t chunk_bytes);
void fr_weave_done(struct fr_weave *weave); /* zeroed allowed */

/* Where a chunk of the stream lies in its entry, and how many of its bytes are the file's. chunk < chunk_count. */
uint64_t fr_weave_offset(const struct fr_weave *weave, fr_chunk_index chunk);
uint32_t fr_weave_bytes(const struct fr_weave *weave, fr_chunk_index chunk);

#endif
