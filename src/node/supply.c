/* SPDX-License-Identifier: Apache-2.0 */
/* The source, read once into pages: see supply.h.
 *
 *   a page of a file:  [ read + hash ] by two chunks in workers, any order       -> all hashed -> on_page
 *   a page of a pipe:  read -> read -> read ... one at a time, each then hashed -> all hashed -> on_page
 *   the stream:        chunk after chunk as they are read, several in one job; is the file unchanged? -> at the end: finish -> on_page
 *                      a page that ends an entry of a set waits for it as well
 */
#include "node/supply.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "content/digest.h"

enum {
    PAGES_KEPT = 4,      /* of a file: given out, being sent, read ahead */
    CHAIN_PAGES_MAX = 2, /* the stream's hash may be so far behind the pages */
    CHAIN_CHUNKS_MAX = (CHAIN_PAGES_MAX + 1) * FR_PAGE_CHUNKS_MAX,
    CHAIN_BATCH = 16,          /* chunks in one job of the chain */
    PIPE_BYTES_MAX = 64 << 20, /* of a pipe: read and not yet released */
    PIPE_CHUNKS_MIN = 8,
    PIPE_CHUNKS_MAX = 512,
};

enum step { STEP_READ, STEP_HASH, STEP_READ_AND_HASH };

/* One chunk of a pipe; of a file two, if they have one size, because two are hashed in less time than one and one. */
struct chunk_job {
    uv_work_t work;
    struct fr_supply *supply;
    struct fr_source *source;
    enum step step;
    uint32_t at, count; /* positions in the page */
    uint64_t offset;
    uint32_t bytes; /* to read, of each; then what was read */
    struct fr_buffer *buffers[2];
    struct fr_digest digests[2];
    int error;
    struct fr_failure failure;
};

struct chain_job {
    uv_work_t work;
    struct fr_supply *supply;
    struct fr_source *source;
    struct fr_hasher *hasher;
    uint32_t count;
    struct fr_buffer *buffers[CHAIN_BATCH];
    bool is_last; /* finish the hash */
    struct fr_digest sha256;
    int error;
    struct fr_failure failure;
};

struct fr_supply {
    struct fr_supply_options options;
    struct fr_cache *cache;
    struct fr_layout layout;
    bool is_file, is_failed, is_closing;
    uint32_t jobs_running;
    uint64_t bytes_read;
    uint32_t unreleased_count; /* chunks of a pipe */

    /* the page being read */
    bool is_wanted; /* asked for and not begun: something must become smaller first */
    bool is_reading;
    uint32_t page;
    fr_chunk_index page_first;
    uint32_t page_count; /* chunks it will have; a pipe: at most */
    uint32_t begun_count, hashed_count;
    bool is_reading_pipe; /* a read of a pipe is under way */
    bool has_ended;       /* the last byte was read */
    struct fr_digest digests[FR_PAGE_CHUNKS_MAX];

    /* the chain */
    struct chain_job chain;
    bool is_chain_running, is_chain_finished;
    fr_chunk_index chain_next;                         /* the first chunk that the stream's hash lacks */
    struct fr_buffer *chain_waiting[CHAIN_CHUNKS_MAX]; /* by chunk number modulo the count */
};

static void advance(struct fr_supply *supply);

/* ------------------------------------------------------------------------------------------------------------- sizes */

static uint32_t pipe_chunks_max(const struct fr_layout *layout, uint32_t member_count) {
    uint32_t count = PIPE_BYTES_MAX / layout->chunk_bytes;
    uint32_t least = 2 * member_count > PIPE_CHUNKS_MIN ? 2 * member_count : PIPE_CHUNKS_MIN;
    count = count > PIPE_CHUNKS_MAX ? PIPE_CHUNKS_MAX : count;
    return count < least ? least : count;
}

struct fr_cache_options fr_supply_cache_options(const struct fr_layout *layout, uint32_t member_count) {
    uint32_t kept = PAGES_KEPT * layout->page_chunks;
    uint32_t pinned = fr_layout_is_closed(layout) ? 0 : pipe_chunks_max(layout, member_count) + layout->page_chunks;
    uint32_t in_use = 2 * member_count + (CHAIN_PAGES_MAX + 1) * layout->page_chunks + 4;
    return (struct fr_cache_options){.chunk_bytes = layout->chunk_bytes, .buffer_max = kept + pinned + in_use, .kept_max = kept};
}

/* ------------------------------------------------------------------------------------------------------------ failing */

static void fail(struct fr_supply *supply, const struct fr_failure *failure) {
    if (supply->is_failed || supply->is_closing)
        return;
    supply->is_failed = true;
    supply->options.events->on_failed(supply->options.user, failure);
}

static void fail_with(struct fr_supply *supply, int error, const char *what) {
    struct fr_failure failure = {0};
    fr_failure_set(&failure, error, 0, "%s: %s", fr_source_label(supply->options.source), what);
    fail(supply, &failure);
}

static void leave_when_quiet(struct fr_supply *supply) {
    if (!supply->is_closing || supply->jobs_running > 0)
        return;
    for (uint32_t i = 0; i < CHAIN_CHUNKS_MAX; i++)
        fr_buffer_unref(supply->chain_waiting[i]);
    fr_hasher_free(supply->chain.hasher);
    supply->options.events->on_closed(supply->options.user);
    fr_free(supply);
}

static bool is_idle(const struct fr_supply *supply) { return supply->is_failed || supply->is_closing; }

/* ----------------------------------------------------------------------------------------------------------- the chain */

static void run_chain(uv_work_t *work) {
    struct chain_job *job = work->data;
    for (uint32_t i = 0; i < job->count; i++)
        fr_hasher_update(job->hasher, job->buffers[i]->data, job->buffers[i]->bytes);
    if (job->is_last)
        fr_hasher_finish(job->hasher, &job->sha256);
    job->error = fr_source_check_unchanged(job->source, &job->failure); /* the last look is the one that counts, an early one saves time */
}

static void finish_chain(uv_work_t *work, int status) {
    struct chain_job *job = work->data;
    struct fr_supply *supply = job->supply;
    fr_assert(status == 0); /* never cancelled */
    supply->jobs_running--;
    supply->is_chain_running = false;
    supply->chain_next += job->count;
    for (uint32_t i = 0; i < job->count; i++)
        fr_buffer_unref(job->buffers[i]);
    supply->is_chain_finished = job->is_last;
    if (job->error)
        fail(supply, &job->failure);
    advance(supply);
    leave_when_quiet(supply);
}

static bool has_all_hashed(const struct fr_supply *supply) {
    return supply->is_reading && supply->has_ended && supply->hashed_count == supply->page_count;
}

/* Hash what has come in order; behind the very last chunk, finish. */
static void run_chain_on(struct fr_supply *supply) {
    struct chain_job *job = &supply->chain;
    if (supply->is_chain_running || supply->is_chain_finished)
        return;
    job->count = 0;
    while (job->count < CHAIN_BATCH) {
        struct fr_buffer **at = &supply->chain_waiting[(supply->chain_next + job->count) % CHAIN_CHUNKS_MAX];
        if (!*at)
            break;
        job->buffers[job->count++] = *at;
        *at = NULL;
    }
    job->is_last = has_all_hashed(supply) && supply->chain_next + job->count == supply->page_first + supply->page_count;
    if (job->count == 0 && !job->is_last)
        return;
    job->work.data = job;
    int rc = uv_queue_work(supply->options.loop, &job->work, run_chain, finish_chain);
    fr_assert(rc == 0);
    supply->is_chain_running = true;
    supply->jobs_running++;
}

/* -------------------------------------------------------------------------------------------------- chunks of the page */

static void read_chunks(struct chunk_job *job) {
    for (uint32_t i = 0; i < job->count && !job->error; i++) {
        uint64_t offset = job->offset + (uint64_t) i * job->bytes;
        job->error = fr_source_read_at(job->source, offset, job->buffers[i]->data, job->bytes, &job->failure);
    }
}

static void hash_chunks(struct chunk_job *job) {
    if (job->count == 2)
        fr_digest_of_two(job->buffers[0]->data, job->buffers[1]->data, job->bytes, &job->digests[0], &job->digests[1]);
    else
        fr_digest_of(job->buffers[0]->data, job->bytes, &job->digests[0]);
}

static void run_chunk(uv_work_t *work) {
    struct chunk_job *job = work->data;
    uint32_t got = job->bytes;
    if (job->step == STEP_READ)
        job->error = fr_source_read_next(job->source, job->buffers[0]->data, job->bytes, &got, &job->failure);
    else if (job->step == STEP_READ_AND_HASH)
        read_chunks(job);
    job->bytes = got;
    if (job->step != STEP_READ && !job->error)
        hash_chunks(job);
}

static void finish_chunk(uv_work_t *work, int status);

static void start_job(struct chunk_job *job, enum step step) {
    job->step = step;
    job->work.data = job;
    int rc = uv_queue_work(job->supply->options.loop, &job->work, run_chunk, finish_chunk);
    fr_assert(rc == 0);
    job->supply->jobs_running++;
}

static void end_job(struct chunk_job *job) {
    for (uint32_t i = 0; i < job->count; i++)
        fr_buffer_unref(job->buffers[i]);
    fr_free(job);
}

/* The bytes are here: the chain and the cache get them. */
static void take_read(struct fr_supply *supply, struct chunk_job *job) {
    for (uint32_t i = 0; i < job->count; i++) {
        fr_chunk_index chunk = supply->page_first + job->at + i;
        struct fr_buffer **at = &supply->chain_waiting[chunk % CHAIN_CHUNKS_MAX];
        job->buffers[i]->bytes = job->bytes;
        supply->bytes_read += job->bytes;
        fr_assert(!*at);
        *at = fr_buffer_ref(job->buffers[i]);
        fr_cache_keep(supply->cache, chunk, job->buffers[i], !supply->is_file);
        if (!supply->is_file)
            supply->unreleased_count++;
    }
}

static void take_digests(struct fr_supply *supply, const struct chunk_job *job) {
    for (uint32_t i = 0; i < job->count; i++)
        supply->digests[job->at + i] = job->digests[i];
    supply->hashed_count += job->count;
}

/* A pipe's read came back: short means that it has ended. */
static void take_pipe_read(struct fr_supply *supply, struct chunk_job *job) {
    supply->is_reading_pipe = false;
    if (job->bytes < supply->layout.chunk_bytes) {
        supply->has_ended = true;
        supply->page_count = job->at + (job->bytes > 0);
    }
    if (job->bytes == 0) {
        end_job(job);
        return;
    }
    take_read(supply, job);
    start_job(job, STEP_HASH);
}

static void finish_chunk(uv_work_t *work, int status) {
    struct chunk_job *job = work->data;
    struct fr_supply *supply = job->supply;
    fr_assert(status == 0); /* never cancelled */
    supply->jobs_running--;
    if (job->error || is_idle(supply)) {
        if (job->error)
            fail(supply, &job->failure);
        end_job(job);
        leave_when_quiet(supply);
        return;
    }
    if (job->step == STEP_READ) {
        take_pipe_read(supply, job);
    } else {
        if (job->step == STEP_READ_AND_HASH)
            take_read(supply, job);
        take_digests(supply, job);
        end_job(job);
    }
    advance(supply);
    leave_when_quiet(supply);
}

static uint32_t size_of(const struct fr_supply *supply, uint32_t at) {
    return supply->is_file ? fr_layout_chunk_size(&supply->layout, supply->page_first + at) : supply->layout.chunk_bytes;
}

/* Buffers for the next chunk and, of a file, for the one after it if that is as large and there is one to be had. */
static bool take_buffers(struct fr_supply *supply, struct chunk_job *job) {
    job->buffers[0] = fr_cache_take(supply->cache);
    if (!job->buffers[0])
        return false;
    job->count = 1;
    if (!supply->is_file || job->at + 1 >= supply->page_count || size_of(supply, job->at + 1) != job->bytes)
        return true;
    job->buffers[1] = fr_cache_take(supply->cache);
    job->count += job->buffers[1] != NULL;
    return true;
}

/* false: nothing can be begun now. */
static bool begin_chunks(struct fr_supply *supply) {
    struct chunk_job *job = fr_alloc_zeroed(1, sizeof *job);
    if (!job) {
        fail_with(supply, FR_E_MEMORY, fr_error_text(FR_E_MEMORY));
        return false;
    }
    job->supply = supply;
    job->source = supply->options.source;
    job->at = supply->begun_count;
    job->offset = fr_layout_chunk_offset(&supply->layout, supply->page_first + job->at);
    job->bytes = size_of(supply, job->at);
    if (!take_buffers(supply, job)) {
        fr_free(job);
        supply->options.events->await_buffers(supply->options.user);
        return false;
    }
    supply->begun_count += job->count;
    supply->is_reading_pipe = !supply->is_file;
    start_job(job, supply->is_file ? STEP_READ_AND_HASH : STEP_READ);
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- the pages */

static bool can_begin_page(const struct fr_supply *supply) {
    uint32_t page_chunks = supply->layout.page_chunks;
    return supply->page_first <= supply->chain_next + CHAIN_PAGES_MAX * page_chunks &&
        (supply->is_file || supply->unreleased_count < pipe_chunks_max(&supply->layout, supply->options.member_count));
}

static void begin_page(struct fr_supply *supply) {
    supply->is_wanted = false;
    supply->begun_count = supply->hashed_count = 0;
    if (supply->is_file) {
        supply->page_count = supply->layout.chunk_count ? fr_layout_page_size(&supply->layout, supply->page) : 0;
        supply->has_ended = supply->page_first + supply->page_count == supply->layout.chunk_count;
    } else {
        supply->page_count = supply->layout.page_chunks;
        if (fr_layout_extend(&supply->layout, supply->page_first + supply->page_count) != 0) {
            fail_with(supply, FR_E_LIMIT, "more chunks than one object may have: choose larger chunks");
            return;
        }
    }
    supply->is_reading = true;
}

static uint64_t bytes_of_page(const struct fr_supply *supply) { return supply->is_file ? supply->layout.object_bytes : supply->bytes_read; }

static void hand_out_page(struct fr_supply *supply) {
    const struct fr_supply_page page = {
        .page = supply->page,
        .count = supply->page_count,
        .digests = supply->digests,
        .is_last = supply->has_ended,
        .object_bytes = bytes_of_page(supply),
        .sha256 = supply->chain.sha256,
    };
    supply->is_reading = false;
    supply->options.events->on_page(supply->options.user, &page);
}

/* May the nodes have the page? With its last chunk they give the object its name, or an entry of a set: not before a look, after all of it
 * was read, has shown that the source is what it was. */
static bool is_page_good(const struct fr_supply *supply) {
    if (supply->hashed_count < supply->page_count)
        return false;
    if (supply->has_ended)
        return supply->is_chain_finished;
    return supply->chain_next >= supply->page_first + supply->page_count ||
        !fr_source_ends_entry(supply->options.source, supply->page_first, supply->page_count);
}

/* Whatever can go on now does. Called after every change. */
static void advance(struct fr_supply *supply) {
    if (is_idle(supply))
        return;
    if (supply->is_wanted && can_begin_page(supply))
        begin_page(supply);
    while (supply->is_reading && supply->begun_count < supply->page_count && !supply->is_reading_pipe) {
        if (!begin_chunks(supply))
            break;
    }
    if (is_idle(supply))
        return;
    run_chain_on(supply);
    if (supply->is_reading && is_page_good(supply))
        hand_out_page(supply);
}

void fr_supply_read_page(struct fr_supply *supply, uint32_t page) {
    fr_assert(!supply->is_wanted && !supply->is_reading && !supply->has_ended);
    supply->page = page;
    supply->page_first = page * supply->layout.page_chunks; /* of a pipe: not in the layout yet */
    supply->is_wanted = true;
    advance(supply);
}

void fr_supply_release(struct fr_supply *supply, fr_chunk_index chunk) {
    if (supply->is_file || supply->is_closing)
        return;
    fr_assert(supply->unreleased_count > 0);
    supply->unreleased_count--;
    fr_cache_forget(supply->cache, chunk);
    advance(supply);
}

/* A chunk that has left is seldom needed again: its buffer is worth more for the next one. A file can be read again. */
void fr_supply_on_chunk_sent(struct fr_supply *supply, fr_chunk_index chunk) {
    if (supply->is_file && !supply->is_closing)
        fr_cache_forget(supply->cache, chunk);
}

void fr_supply_on_buffers(struct fr_supply *supply) { advance(supply); }

static int read_again(void *handle, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    return fr_source_read_at(handle, offset, out, bytes, failure);
}

struct fr_chunk_source fr_supply_chunk_source(struct fr_supply *supply) {
    if (!supply->is_file)
        return (struct fr_chunk_source){0};
    return (struct fr_chunk_source){.read = read_again, .handle = supply->options.source, .must_verify = true};
}

uint64_t fr_supply_bytes_read(const struct fr_supply *supply) { return supply->bytes_read; }

void fr_supply_use_cache(struct fr_supply *supply, struct fr_cache *cache) { supply->cache = cache; }

int fr_supply_new(const struct fr_supply_options *options, struct fr_supply **ret_supply) {
    struct fr_supply *supply = fr_alloc_zeroed(1, sizeof *supply);
    struct fr_hasher *hasher = fr_hasher_new();
    if (!supply || !hasher) {
        fr_free(supply);
        fr_hasher_free(hasher);
        return FR_E_MEMORY;
    }
    supply->options = *options;
    supply->layout = options->layout;
    supply->is_file = fr_source_is_file(options->source);
    supply->chain.supply = supply;
    supply->chain.source = options->source;
    supply->chain.hasher = hasher;
    *ret_supply = supply;
    return 0;
}

void fr_supply_close(struct fr_supply *supply) {
    fr_assert(!supply->is_closing);
    supply->is_closing = true;
    fr_source_cancel(supply->options.source);
    leave_when_quiet(supply);
}
