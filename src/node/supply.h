/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin's side of the disk: reads the source once, front to back, a page of chunks at a time; makes the chunks' digests and, beside
 * them, the running SHA-256 of the whole stream; keeps the chunks in the cache until they have been sent (a file) or have reached
 * the group (a pipe, which cannot be read again).
 *
 * A file's chunks are read and hashed by several workers at once. A pipe is read by one worker at a time, while others hash what came
 * before. The stream's own hash is a chain of jobs, one at a time, in order. Memory is bounded: a page is not begun while the chain is
 * more than two pages behind, or while too much of a pipe has not yet reached the group.
 */
#ifndef FR_NODE_SUPPLY_H
#define FR_NODE_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "content/layout.h"
#include "node/driver.h"
#include "store/source.h"

struct fr_supply;

/* The last page carries object_bytes and the stream's SHA-256. */
struct fr_supply_page {
    uint32_t page;
    uint32_t count; /* digests; may be short, even 0, on the last page */
    const struct fr_digest *digests;
    bool is_last;
    uint64_t object_bytes;
    struct fr_digest sha256;
};

struct fr_supply_events {
    void (*on_page)(void *user, const struct fr_supply_page *page);
    void (*on_failed)(void *user, const struct fr_failure *failure); /* once; no page follows */
    void (*await_buffers)(void *user);                               /* call fr_supply_on_buffers when the cache may have one */
    void (*on_closed)(void *user);
};

struct fr_supply_options {
    uv_loop_t *loop; /* borrowed, like source */
    struct fr_source *source;
    struct fr_layout layout; /* open for a pipe, closed for a file */
    uint32_t member_count;
    const struct fr_supply_events *events;
    void *user;
};

/* Buffers that the supply of such an object needs at once, links included: for the cache of its driver. */
struct fr_cache_options fr_supply_cache_options(const struct fr_layout *layout, uint32_t member_count);

int fr_supply_new(const struct fr_supply_options *options, struct fr_supply **ret_supply); /* 0 or FR_E_MEMORY */
void fr_supply_use_cache(struct fr_supply *supply, struct fr_cache *cache);                /* borrowed until close; before the first page */

void fr_supply_read_page(struct fr_supply *supply, uint32_t page); /* one at a time, in order */
void fr_supply_release(struct fr_supply *supply, fr_chunk_index chunk);
void fr_supply_on_chunk_sent(struct fr_supply *supply, fr_chunk_index chunk);
void fr_supply_on_buffers(struct fr_supply *supply);
struct fr_chunk_source fr_supply_chunk_source(struct fr_supply *supply);
uint64_t fr_supply_bytes_read(const struct fr_supply *supply); /* for the pages; chunks read again are not counted */

/* Ends when running jobs have, and frees itself after on_closed. Once. */
void fr_supply_close(struct fr_supply *supply);

#endif
