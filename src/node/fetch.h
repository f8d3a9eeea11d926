/* SPDX-License-Identifier: Apache-2.0 */
/* Reads chunks that are to be sent and are no longer in memory, in workers: each chunk once, however many links wait for it. */
#ifndef FR_NODE_FETCH_H
#define FR_NODE_FETCH_H

#include "node/driver.h"

/* Called on the loop's thread. buffer: NULL when it failed, else borrowed. Once for every link that waited. */
typedef void (*fr_fetched)(void *user, fr_link_id link, fr_chunk_index chunk, struct fr_buffer *buffer, const struct fr_failure *failure);

struct fr_fetcher {
    uv_loop_t *loop;
    struct fr_cache *cache;
    fr_fetched on_fetched;
    void (*on_idle)(void *user); /* the last running read has ended */
    void *user;
    struct fetch *fetches; /* in the order they were asked for */
    uint32_t running_count;
};

/* What to read, when it is not under way already. digest: what the bytes must match when source->must_verify. */
struct fr_fetch_request {
    fr_link_id link;
    fr_chunk_index chunk;
    uint64_t offset;
    uint32_t bytes;
    struct fr_digest digest;
    struct fr_chunk_source source;
};

/* 0, or FR_E_MEMORY: nothing follows then. */
int fr_fetcher_ask(struct fr_fetcher *fetcher, const struct fr_fetch_request *request);
/* Start what waits for a buffer. false: something still waits. */
bool fr_fetcher_start(struct fr_fetcher *fetcher);
/* Drop what has not started. What runs ends without on_fetched. */
void fr_fetcher_abandon(struct fr_fetcher *fetcher);

#endif
