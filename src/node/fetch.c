/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks read again for sending: see fetch.h. A fetch waits for a buffer, runs in a worker, then serves everyone who asked. */
#include "node/fetch.h"

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "content/digest.h"

enum { FETCH_LINKS_MAX = 2 * FR_GROUP_NODES_MAX + 8 };

struct fetch {
    uv_work_t work;
    struct fr_fetcher *fetcher;
    struct fetch *next;
    struct fr_fetch_request request;
    struct fr_buffer *buffer; /* NULL: waits for one */
    bool is_abandoned;
    int error;
    struct fr_failure failure;
    uint32_t link_count;
    fr_link_id links[FETCH_LINKS_MAX];
};

static void read_chunk(uv_work_t *work) {
    struct fetch *fetch = work->data;
    struct fr_fetch_request *request = &fetch->request;
    fetch->error = request->source.read(request->source.handle, request->offset, fetch->buffer->data, request->bytes, &fetch->failure);
    if (fetch->error || !request->source.must_verify)
        return;
    struct fr_digest digest;
    fr_digest_of(fetch->buffer->data, request->bytes, &digest);
    if (!fr_digest_equal(&digest, &request->digest))
        fetch->error = fr_failure_set(&fetch->failure, FR_E_CHANGED, 0,
                                      "chunk %u was read again and is not what it was: the file has changed", request->chunk);
}

static void unlink_fetch(struct fr_fetcher *fetcher, struct fetch *fetch) {
    struct fetch **at = &fetcher->fetches;
    while (*at != fetch)
        at = &(*at)->next;
    *at = fetch->next;
}

static void finish_fetch(uv_work_t *work, int status) {
    struct fetch *fetch = work->data;
    struct fr_fetcher *fetcher = fetch->fetcher;
    fr_assert(status == 0); /* never cancelled */
    unlink_fetch(fetcher, fetch);
    fetcher->running_count--;
    if (!fetch->is_abandoned) {
        fetch->buffer->bytes = fetch->request.bytes;
        if (!fetch->error)
            fr_cache_keep(fetcher->cache, fetch->request.chunk, fetch->buffer, false);
        for (uint32_t i = 0; i < fetch->link_count; i++)
            fetcher->on_fetched(fetcher->user, fetch->links[i], fetch->request.chunk, fetch->error ? NULL : fetch->buffer, &fetch->failure);
    }
    fr_buffer_unref(fetch->buffer);
    fr_free(fetch);
    if (fetcher->running_count == 0)
        fetcher->on_idle(fetcher->user);
}

static bool start_fetch(struct fr_fetcher *fetcher, struct fetch *fetch) {
    fetch->buffer = fr_cache_take(fetcher->cache);
    if (!fetch->buffer)
        return false;
    fetch->work.data = fetch;
    int rc = uv_queue_work(fetcher->loop, &fetch->work, read_chunk, finish_fetch);
    fr_assert(rc == 0);
    fetcher->running_count++;
    return true;
}

/* The same chunk may be on its way already: for another link. */
static struct fetch *find_fetch(struct fr_fetcher *fetcher, fr_chunk_index chunk) {
    for (struct fetch *fetch = fetcher->fetches; fetch; fetch = fetch->next) {
        if (fetch->request.chunk == chunk && !fetch->is_abandoned && fetch->link_count < FETCH_LINKS_MAX)
            return fetch;
    }
    return NULL;
}

int fr_fetcher_ask(struct fr_fetcher *fetcher, const struct fr_fetch_request *request) {
    struct fetch *fetch = find_fetch(fetcher, request->chunk);
    if (fetch) {
        fetch->links[fetch->link_count++] = request->link;
        return 0;
    }
    fetch = fr_alloc_zeroed(1, sizeof *fetch);
    if (!fetch)
        return FR_E_MEMORY;
    fetch->fetcher = fetcher;
    fetch->request = *request;
    fetch->links[fetch->link_count++] = request->link;
    struct fetch **at = &fetcher->fetches;
    while (*at)
        at = &(*at)->next;
    *at = fetch;
    return 0;
}

bool fr_fetcher_start(struct fr_fetcher *fetcher) {
    for (struct fetch *fetch = fetcher->fetches; fetch; fetch = fetch->next) {
        if (!fetch->buffer && !start_fetch(fetcher, fetch))
            return false;
    }
    return true;
}

void fr_fetcher_abandon(struct fr_fetcher *fetcher) {
    struct fetch *next;
    for (struct fetch *fetch = fetcher->fetches; fetch; fetch = next) {
        next = fetch->next;
        fetch->is_abandoned = true;
        if (fetch->buffer)
            continue; /* a worker has it */
        unlink_fetch(fetcher, fetch);
        fr_free(fetch);
    }
}
