/* SPDX-License-Identifier: Apache-2.0 */
/* How an object's byte stream is cut: stream -> chunks -> pages of the manifest. Numbers only. */
#ifndef FR_CONTENT_LAYOUT_H
#define FR_CONTENT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/types.h>

struct fr_layout {
    uint64_t object_bytes; /* FR_BYTES_UNKNOWN while a pipe has not ended */
    uint32_t chunk_bytes;  /* a power of two, FR_CHUNK_BYTES_MIN .. FR_CHUNK_BYTES_MAX */
    uint32_t page_chunks;  /* chunks a page covers: min(FR_PAGE_CHUNKS_MAX, FR_PAGE_SPAN_BYTES_MAX / chunk_bytes) */
    uint32_t chunk_count;  /* 0 for an empty object; what is known so far while object_bytes is unknown */
    uint32_t page_count;   /* ceil(chunk_count / page_chunks) */
};

/* The chunk size for an object of this size: the power of two nearest above object_bytes / FR_CHUNKS_AUTO within
 * FR_CHUNK_BYTES_MIN .. FR_CHUNK_BYTES_AUTO_MAX, larger (up to FR_CHUNK_BYTES_MAX) only where the object would else have more
 * than FR_CHUNKS_MAX / 8 chunks; FR_CHUNK_BYTES_STREAM for FR_BYTES_UNKNOWN. */
uint32_t fr_layout_choose_chunk_bytes(uint64_t object_bytes);

/* chunk_bytes: as above, or 0 to choose. Returns 0; FR_E_ARGUMENT for a chunk size that is no power of two in range; FR_E_LIMIT
 * when the object would have more than FR_CHUNKS_MAX chunks. On failure *layout is untouched. */
int fr_layout_init(struct fr_layout *layout, uint64_t object_bytes, uint32_t chunk_bytes);

/* A pipe has grown: now at least chunk_count chunks are known; fewer than before change nothing.
 * Returns 0, or FR_E_LIMIT when that is more than FR_CHUNKS_MAX, or more than an object of known size has. */
int fr_layout_extend(struct fr_layout *layout, uint32_t chunk_count);

/* A pipe has ended. Returns 0; FR_E_ARGUMENT when the size is known already and differs, or is smaller than the chunks
 * known so far allow, or is FR_BYTES_UNKNOWN; FR_E_LIMIT above FR_CHUNKS_MAX chunks. On failure nothing changes. */
int fr_layout_close(struct fr_layout *layout, uint64_t object_bytes);

bool fr_layout_is_closed(const struct fr_layout *layout); /* is object_bytes known? */

/* Bytes of one chunk: chunk_bytes but for the last; chunk_bytes for any chunk of an open layout. chunk < chunk_count. */
uint32_t fr_layout_chunk_size(const struct fr_layout *layout, fr_chunk_index chunk);
uint64_t fr_layout_chunk_offset(const struct fr_layout *layout, fr_chunk_index chunk);
uint32_t fr_layout_page_of(const struct fr_layout *layout, fr_chunk_index chunk);
/* page <= FR_CHUNKS_MAX / page_chunks: a number from outside is compared with page_count first. */
fr_chunk_index fr_layout_page_first(const struct fr_layout *layout, uint32_t page);
/* Chunks of a page: page_chunks but for the last page of a closed layout, where page < page_count. */
uint32_t fr_layout_page_size(const struct fr_layout *layout, uint32_t page);

#endif
