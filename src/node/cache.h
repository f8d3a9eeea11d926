/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunk buffers of one transfer: how many there may be, which are in use, and which still hold a recent chunk that a link
 * may ask for. Buffers are made on demand up to a cap and then used again and again, because fresh memory for every chunk costs
 * more (page faults) than reading the chunk does.
 *
 * The cache holds one reference to each of its buffers; a buffer with no other reference is idle. An idle buffer that holds no
 * kept chunk is free. All calls on one thread; references may be dropped on any.
 */
#ifndef FR_NODE_CACHE_H
#define FR_NODE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "base/buffer.h"

struct fr_cache;

struct fr_cache_options {
    uint32_t chunk_bytes; /* capacity of each buffer */
    uint32_t buffer_max;  /* buffers in all, in use or not; at least 1 */
    uint32_t kept_max;    /* chunks kept without a pin; the least recently used goes first; at most buffer_max */
};

int fr_cache_new(const struct fr_cache_options *options, struct fr_cache **ret_cache); /* 0 or FR_E_MEMORY */
void fr_cache_free(struct fr_cache *cache); /* NULL allowed; buffers in use live on until their last reference goes */

/* A buffer that nobody uses, with a reference for the caller: a free one, else a new one, else that of the kept chunk that was used
 * least recently. NULL: all are in use (or there is no memory): try again when one was dropped. O(buffer_max). */
struct fr_buffer *fr_cache_take(struct fr_cache *cache);

/* Remember that `buffer`, which came from fr_cache_take, holds `chunk`. The caller's reference stays the caller's. A pinned chunk stays
 * until fr_cache_forget. A chunk that is kept already is left as it is. */
void fr_cache_keep(struct fr_cache *cache, fr_chunk_index chunk, struct fr_buffer *buffer, bool is_pinned);

/* The kept chunk's buffer with a reference for the caller, or NULL. */
struct fr_buffer *fr_cache_get(struct fr_cache *cache, fr_chunk_index chunk);

void fr_cache_forget(struct fr_cache *cache, fr_chunk_index chunk); /* no longer kept; unknown chunks are ignored */

uint32_t fr_cache_kept_count(const struct fr_cache *cache);
uint32_t fr_cache_buffer_count(const struct fr_cache *cache); /* buffers that exist */

#endif
