/* SPDX-License-Identifier: Apache-2.0 */
/* How an object's byte stream is cut. Chunk c covers the bytes from c * chunk_bytes on, page p the chunks from p * page_chunks on;
 * only the last of each may be shorter, and only once the object's end is known. */
#include "content/layout.h"

#include <fastreplica/error.h>

#include "base/check.h"
#include "content/limits.h"

static uint64_t divide_up(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

uint32_t fr_layout_choose_chunk_bytes(uint64_t object_bytes) {
    uint32_t chunk_bytes = FR_CHUNK_BYTES_MIN;

    if (object_bytes == FR_BYTES_UNKNOWN)
        return FR_CHUNK_BYTES_STREAM;
    while (chunk_bytes < FR_CHUNK_BYTES_AUTO_MAX && divide_up(object_bytes, chunk_bytes) > FR_CHUNKS_AUTO)
        chunk_bytes *= 2;
    while (chunk_bytes < FR_CHUNK_BYTES_MAX && divide_up(object_bytes, chunk_bytes) > FR_CHUNKS_MAX / 8)
        chunk_bytes *= 2;
    return chunk_bytes;
}

static bool is_chunk_size(uint32_t bytes) {
    return bytes >= FR_CHUNK_BYTES_MIN && bytes <= FR_CHUNK_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

static void set_chunk_count(struct fr_layout *layout, uint32_t chunk_count) {
    layout->chunk_count = chunk_count;
    layout->page_count = (uint32_t) divide_up(chunk_count, layout->page_chunks);
}

int fr_layout_init(struct fr_layout *layout, uint64_t object_bytes, uint32_t chunk_bytes) {
    struct fr_layout made = {.object_bytes = FR_BYTES_UNKNOWN};
    int error;

    made.chunk_bytes = chunk_bytes != 0 ? chunk_bytes : fr_layout_choose_chunk_bytes(object_bytes);
    if (!is_chunk_size(made.chunk_bytes))
        return FR_E_ARGUMENT;
    made.page_chunks = FR_PAGE_SPAN_BYTES_MAX / made.chunk_bytes;
    if (made.page_chunks > FR_PAGE_CHUNKS_MAX)
        made.page_chunks = FR_PAGE_CHUNKS_MAX;
    if (object_bytes != FR_BYTES_UNKNOWN) {
        error = fr_layout_close(&made, object_bytes);
        if (error)
            return error;
    }
    *layout = made;
    return 0;
}

int fr_layout_extend(struct fr_layout *layout, uint32_t chunk_count) {
    if (chunk_count <= layout->chunk_count)
        return 0;
    if (fr_layout_is_closed(layout) || chunk_count > FR_CHUNKS_MAX)
        return FR_E_LIMIT;
    set_chunk_count(layout, chunk_count);
    return 0;
}

int fr_layout_close(struct fr_layout *layout, uint64_t object_bytes) {
    uint64_t chunk_count = divide_up(object_bytes, layout->chunk_bytes);

    if (object_bytes == FR_BYTES_UNKNOWN)
        return FR_E_ARGUMENT;
    if (fr_layout_is_closed(layout))
        return object_bytes == layout->object_bytes ? 0 : FR_E_ARGUMENT;
    if (chunk_count < layout->chunk_count)
        return FR_E_ARGUMENT;
    if (chunk_count > FR_CHUNKS_MAX)
        return FR_E_LIMIT;
    layout->object_bytes = object_bytes;
    set_chunk_count(layout, (uint32_t) chunk_count);
    return 0;
}

bool fr_layout_is_closed(const struct fr_layout *layout) { return layout->object_bytes != FR_BYTES_UNKNOWN; }

uint32_t fr_layout_chunk_size(const struct fr_layout *layout, fr_chunk_index chunk) {
    uint64_t left;

    fr_assert(chunk < layout->chunk_count);
    if (!fr_layout_is_closed(layout))
        return layout->chunk_bytes;
    left = layout->object_bytes - fr_layout_chunk_offset(layout, chunk);
    return left < layout->chunk_bytes ? (uint32_t) left : layout->chunk_bytes;
}

uint64_t fr_layout_chunk_offset(const struct fr_layout *layout, fr_chunk_index chunk) { return (uint64_t) chunk * layout->chunk_bytes; }

uint32_t fr_layout_page_of(const struct fr_layout *layout, fr_chunk_index chunk) { return chunk / layout->page_chunks; }

fr_chunk_index fr_layout_page_first(const struct fr_layout *layout, uint32_t page) {
    fr_assert(page <= FR_CHUNKS_MAX / layout->page_chunks);
    return page * layout->page_chunks;
}

uint32_t fr_layout_page_size(const struct fr_layout *layout, uint32_t page) {
    uint32_t left;

    if (!fr_layout_is_closed(layout))
        return layout->page_chunks;
    fr_assert(page < layout->page_count);
    left = layout->chunk_count - fr_layout_page_first(layout, page);
    return left < layout->page_chunks ? left : layout->page_chunks;
}
