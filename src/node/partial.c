/* SPDX-License-Identifier: Apache-2.0 */
/* A member's disk work in workers: see partial.h.
 *
 * One job struct serves every kind of work; a worker touches its job, and the intake, which is made for use by several threads. Everything
 * else belongs to the loop's thread. */
#include "node/partial.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "content/digest.h"
#include "store/intake.h"

enum job_kind { JOB_PREPARE, JOB_OPEN, JOB_STORE, JOB_LOOK, JOB_SEAL, JOB_COMMIT, JOB_CLOSE };

enum {
    STORES_RUNNING_MAX = 4,    /* as many as libuv has workers; what comes while they run is gathered */
    BATCH_CHUNKS_MAX = 16,     /* one job stores so many small chunks at most, */
    BATCH_BYTES_MAX = 1 << 20, /* or so many bytes: waking a worker and the loop for each small one costs more than the chunk; */
    BATCH_CHUNKS_MIN = 2,      /* but two of any size, for two are hashed in less time than one and one */
};

struct job {
    uv_work_t work;
    struct fr_partial *partial;
    struct job *next; /* stores and looks that have not started */
    enum job_kind kind;
    uint32_t chunk_count, chunk_bytes; /* STORE: in the batch */
    struct fr_partial_chunk chunks[BATCH_CHUNKS_MAX];
    enum fr_store_outcome outcomes[BATCH_CHUNKS_MAX];
    struct fr_partial_look look; /* LOOK, and outcomes[0] */
    uint32_t entry;              /* SEAL */
    struct fr_record record;     /* COMMIT: to be written */
    bool is_open;                /* PREPARE, OPEN: there is room for chunks */
    struct fr_failure failure;
};

struct fr_partial {
    struct fr_partial_options options;
    char id[2 * FR_TRANSFER_ID_BYTES + 1];
    uint32_t chunk_bytes;
    struct fr_intake *intake;
    bool is_open, is_opening;                 /* chunks can be stored; or will be able to soon, or never */
    struct job *waiting_first, *waiting_last; /* stores that have not started: not open yet, or enough are running */
    struct job *looks;                        /* looks that have not: not open yet */
    uint32_t jobs_running, stores_running;
    struct job *close_job; /* made at the start, so that closing cannot fail */
    bool is_closing;
};

static void run_job(uv_work_t *work);
static void finish_job(uv_work_t *work, int status);

static struct job *make_job(struct fr_partial *partial, enum job_kind kind) {
    struct job *job = fr_alloc_zeroed(1, sizeof *job);
    if (!job)
        return NULL;
    job->partial = partial;
    job->kind = kind;
    job->work.data = job;
    return job;
}

static void start_job(struct job *job) {
    int rc = uv_queue_work(job->partial->options.loop, &job->work, run_job, finish_job);
    fr_assert(rc == 0);
    job->partial->jobs_running++;
}

/* ------------------------------------------------------------------------------------------------------- in a worker */

static struct fr_intake *intake_of(const struct job *job) { return job->partial->intake; }

static void open_intake(struct job *job) { job->is_open = fr_intake_open(intake_of(job), &job->failure) == 0; }

/* Whether what is here is the same, the pages and the end of the manifest will tell; until a chunk has to be stored it needs no room. */
static void prepare(struct job *job) {
    fr_intake_find(intake_of(job));
    if (!fr_intake_is_same_size(intake_of(job)))
        open_intake(job);
}

static enum fr_store_outcome look(struct job *job) {
    const struct fr_partial_look *look = &job->look;
    const struct fr_intake_chunk chunk = {.chunk = look->chunk, .offset = look->offset, .bytes = look->count, .digest = look->digest};
    bool is_here;
    if (fr_intake_look(intake_of(job), &chunk, &is_here, &job->failure))
        return FR_STORE_FAILED;
    return is_here ? FR_STORE_OK : FR_STORE_BAD_DIGEST;
}

static struct fr_intake_chunk intake_chunk(const struct fr_partial_chunk *chunk) {
    return (struct fr_intake_chunk){.chunk = chunk->chunk, .offset = chunk->offset, .bytes = chunk->buffer->bytes, .digest = chunk->digest};
}

static enum fr_store_outcome store_chunk(struct job *job, const struct fr_partial_chunk *chunk, const struct fr_digest *digest) {
    const struct fr_intake_chunk place = intake_chunk(chunk);
    if (!fr_digest_equal(digest, &chunk->digest))
        return FR_STORE_BAD_DIGEST;
    if (fr_intake_write(intake_of(job), &place, chunk->buffer->data, &job->failure))
        return FR_STORE_FAILED; /* the sink fails all later writes with the same failure */
    return FR_STORE_OK;
}

/* Two at a time where they have one size, and that is all but the object's last chunk. */
static void store_batch(struct job *job) {
    for (uint32_t i = 0; i < job->chunk_count;) {
        const struct fr_buffer *one = job->chunks[i].buffer;
        const struct fr_buffer *two = i + 1 < job->chunk_count ? job->chunks[i + 1].buffer : NULL;
        struct fr_digest digests[2];
        fr_assert(one);
        if (!two || two->bytes != one->bytes) {
            fr_digest_of(one->data, one->bytes, &digests[0]);
            job->outcomes[i] = store_chunk(job, &job->chunks[i], &digests[0]);
            i++;
            continue;
        }
        fr_digest_of_two(one->data, two->data, one->bytes, &digests[0], &digests[1]);
        job->outcomes[i] = store_chunk(job, &job->chunks[i], &digests[0]);
        job->outcomes[i + 1] = store_chunk(job, &job->chunks[i + 1], &digests[1]);
        i += 2;
    }
}

static void run_job(uv_work_t *work) {
    struct job *job = work->data;
    switch (job->kind) {
    case JOB_PREPARE: prepare(job); return;
    case JOB_OPEN: open_intake(job); return;
    case JOB_STORE: store_batch(job); return;
    case JOB_LOOK: job->outcomes[0] = look(job); return;
    case JOB_SEAL: fr_intake_seal(intake_of(job), job->entry, &job->failure); return;
    case JOB_COMMIT: fr_intake_commit(intake_of(job), &job->record, &job->failure); return;
    case JOB_CLOSE: fr_intake_close(intake_of(job)); return;
    }
    fr_assert(false);
}

/* ------------------------------------------------------------------------------------------------------- on the loop */

/* The entry of a set that is whole with this chunk gets its name. Without memory for that now, it does at the end. */
static void count_stored(struct fr_partial *partial, const struct fr_intake_chunk *chunk) {
    uint32_t entry = fr_intake_count(partial->intake, chunk);
    struct job *job = entry < FR_ENTRIES_MAX ? make_job(partial, JOB_SEAL) : NULL;
    if (!job)
        return;
    job->entry = entry;
    start_job(job);
}

static void count_batch(struct fr_partial *partial, const struct job *job) {
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        const struct fr_intake_chunk chunk = intake_chunk(&job->chunks[i]);
        if (job->outcomes[i] == FR_STORE_OK)
            count_stored(partial, &chunk);
    }
}

static void report_stored(struct fr_partial *partial, const struct job *job) {
    for (uint32_t i = 0; i < job->chunk_count; i++) {
        if (partial->is_closing)
            fr_buffer_unref(job->chunks[i].buffer);
        else
            partial->options.events->on_stored(partial->options.user, &job->chunks[i], job->outcomes[i], &job->failure);
    }
    if (!partial->is_closing)
        partial->options.events->on_stored_all(partial->options.user);
}

static struct job *take_waiting(struct fr_partial *partial) {
    struct job *job = partial->waiting_first;
    if (job)
        partial->waiting_first = job->next;
    if (!partial->waiting_first)
        partial->waiting_last = NULL;
    return job;
}

static bool fits_batch(const struct job *job, uint32_t bytes) {
    return job->chunk_count < BATCH_CHUNKS_MIN || (job->chunk_count < BATCH_CHUNKS_MAX && job->chunk_bytes + bytes <= BATCH_BYTES_MAX);
}

/* A batch goes when it is full, or when nothing else is running: so nobody waits for company while a worker is idle. */
static bool may_start(const struct fr_partial *partial) {
    const struct job *job = partial->waiting_first;
    if (!partial->is_open || partial->is_closing || !job || partial->stores_running >= STORES_RUNNING_MAX)
        return false;
    return partial->stores_running == 0 || job->next || !fits_batch(job, partial->chunk_bytes);
}

static void start_waiting(struct fr_partial *partial) {
    while (may_start(partial)) {
        partial->stores_running++;
        start_job(take_waiting(partial));
    }
}

/* There is no room, or nobody wants it any more. */
static void fail_waiting(struct fr_partial *partial, const struct fr_failure *failure) {
    struct job *job;
    while ((job = take_waiting(partial))) {
        job->failure = *failure;
        for (uint32_t i = 0; i < job->chunk_count; i++)
            job->outcomes[i] = FR_STORE_FAILED;
        report_stored(partial, job);
        fr_free(job);
    }
}

static void start_looks(struct fr_partial *partial) {
    struct job *job;
    while (partial->is_open && !partial->is_closing && (job = partial->looks)) {
        partial->looks = job->next;
        start_job(job);
    }
}

static void count_looked(struct fr_partial *partial, const struct job *job) {
    const struct fr_intake_chunk chunk = {
        .chunk = job->look.chunk, .offset = job->look.offset, .bytes = job->look.count, .digest = job->look.digest};
    if (job->outcomes[0] == FR_STORE_OK)
        count_stored(partial, &chunk);
}

static void report_looked(struct fr_partial *partial, const struct job *job) {
    if (!partial->is_closing)
        partial->options.events->on_looked(partial->options.user, job->look.chunk, job->outcomes[0], &job->failure);
}

static void fail_looks(struct fr_partial *partial, const struct fr_failure *failure) {
    struct job *job;
    while ((job = partial->looks)) {
        partial->looks = job->next;
        job->failure = *failure;
        job->outcomes[0] = FR_STORE_FAILED;
        report_looked(partial, job);
        fr_free(job);
    }
}

/* Without its name an entry counts as one that is here, and the set cannot become complete: that is told now. */
static void report_sealed(struct fr_partial *partial, const struct job *job) {
    if (job->failure.error && !partial->is_closing)
        partial->options.events->on_failed(partial->options.user, &job->failure);
}

static void take_prepared(struct fr_partial *partial, const struct job *job) {
    partial->is_open = job->is_open;
    if (!partial->is_closing)
        partial->options.events->on_prepared(partial->options.user, &job->failure);
}

static void take_opened(struct fr_partial *partial, const struct job *job) {
    partial->is_open = job->is_open;
    partial->is_opening = false;
    if (partial->is_open) {
        start_looks(partial);
        start_waiting(partial);
    } else {
        fail_looks(partial, &job->failure);
        fail_waiting(partial, &job->failure);
    }
}

static void free_partial(struct fr_partial *partial) {
    fr_free(partial->close_job);
    fr_free(partial);
}

/* When nothing runs any more, the last job closes the files; after it the partial is gone. */
static void close_when_quiet(struct fr_partial *partial) {
    if (!partial->is_closing || partial->jobs_running > 0 || !partial->close_job)
        return;
    struct job *job = partial->close_job;
    partial->close_job = NULL;
    start_job(job);
}

static void finish_job(uv_work_t *work, int status) {
    struct job *job = work->data;
    struct fr_partial *partial = job->partial;
    fr_assert(status == 0); /* never cancelled */
    partial->jobs_running--;
    switch (job->kind) {
    case JOB_PREPARE: take_prepared(partial, job); break;
    case JOB_OPEN: take_opened(partial, job); break;
    case JOB_STORE:
        partial->stores_running--;
        start_waiting(partial); /* first: the worker need not wait for what is said about this one */
        count_batch(partial, job);
        report_stored(partial, job);
        break;
    case JOB_LOOK:
        count_looked(partial, job);
        report_looked(partial, job);
        break;
    case JOB_SEAL: report_sealed(partial, job); break;
    case JOB_COMMIT:
        fr_record_done(&job->record);
        if (!partial->is_closing)
            partial->options.events->on_committed(partial->options.user, &job->failure);
        break;
    case JOB_CLOSE:
        fr_free(job);
        partial->options.events->on_closed(partial->options.user);
        free_partial(partial);
        return;
    }
    fr_free(job);
    close_when_quiet(partial);
}

static int make_intake(struct fr_partial *partial) {
    const struct fr_opening *opening = partial->options.opening;
    const struct fr_intake_options options = {
        .store = partial->options.store,
        .id = partial->id,
        .name = opening->name,
        .mode = opening->mode,
        .chunk_bytes = opening->chunk_bytes,
        .object_bytes = opening->object_bytes,
        .entries = opening->entry_count > 0 ? opening->entries : NULL,
        .entry_count = opening->entry_count,
    };
    return fr_intake_new(&options, &partial->intake);
}

int fr_partial_new(const struct fr_partial_options *options, struct fr_partial **ret_partial) {
    struct fr_partial *partial = fr_alloc_zeroed(1, sizeof *partial);
    if (!partial)
        return FR_E_MEMORY;
    partial->options = *options;
    partial->chunk_bytes = options->opening->chunk_bytes;
    fr_text_hex(options->opening->transfer_id, FR_TRANSFER_ID_BYTES, partial->id);
    partial->close_job = make_job(partial, JOB_CLOSE);
    struct job *prepare = make_job(partial, JOB_PREPARE);
    if (!partial->close_job || !prepare || make_intake(partial)) {
        fr_free(prepare);
        free_partial(partial);
        return FR_E_MEMORY;
    }
    partial->options.opening = NULL; /* it may go */
    start_job(prepare);
    *ret_partial = partial;
    return 0;
}

struct fr_partial_held fr_partial_held(const struct fr_partial *partial) {
    bool has_kept = fr_intake_has_kept(partial->intake);
    return (struct fr_partial_held){
        .is_any = has_kept || fr_intake_has_finished(partial->intake), .record = fr_intake_record(partial->intake), .has_kept = has_kept};
}

static int ensure_open(struct fr_partial *partial) {
    if (partial->is_open || partial->is_opening)
        return 0;
    struct job *job = make_job(partial, JOB_OPEN);
    if (!job)
        return FR_E_MEMORY;
    partial->is_opening = true;
    start_job(job);
    return 0;
}

/* The batch that is being gathered, if this chunk still fits it; else a new one. */
static struct job *find_batch(struct fr_partial *partial, uint32_t bytes) {
    struct job *job = partial->waiting_last;
    if (job && fits_batch(job, bytes))
        return job;
    job = make_job(partial, JOB_STORE);
    if (!job)
        return NULL;
    if (partial->waiting_last)
        partial->waiting_last->next = job;
    else
        partial->waiting_first = job;
    partial->waiting_last = job;
    return job;
}

void fr_partial_store(struct fr_partial *partial, const struct fr_partial_chunk *chunk) {
    struct job *job = ensure_open(partial) == 0 ? find_batch(partial, chunk->buffer->bytes) : NULL;
    if (!job) {
        struct fr_failure failure = {0};
        fr_failure_set(&failure, FR_E_MEMORY, 0, "chunk %u cannot be stored: %s", chunk->chunk, fr_error_text(FR_E_MEMORY));
        partial->options.events->on_stored(partial->options.user, chunk, FR_STORE_FAILED, &failure);
        return;
    }
    job->chunks[job->chunk_count++] = *chunk;
    job->chunk_bytes += chunk->buffer->bytes;
    start_waiting(partial);
}

void fr_partial_reuse(struct fr_partial *partial, const struct fr_partial_look *look) {
    struct job *job = ensure_open(partial) == 0 ? make_job(partial, JOB_LOOK) : NULL;
    if (!job) { /* then it is sent */
        partial->options.events->on_looked(partial->options.user, look->chunk, FR_STORE_BAD_DIGEST, NULL);
        return;
    }
    job->look = *look;
    job->next = partial->looks;
    partial->looks = job;
    start_looks(partial);
}

/* The digests are copied: the worker must not look into the transfer. */
static int fill_record(struct fr_record *record, const struct fr_transfer_view *view) {
    record->object_bytes = view->object_bytes;
    record->chunk_bytes = view->opening->chunk_bytes;
    record->chunk_count = view->chunk_count;
    record->root = view->root;
    record->sha256 = view->sha256;
    if (view->chunk_count == 0)
        return 0;
    record->digests = fr_alloc((size_t) view->chunk_count * sizeof *record->digests);
    if (!record->digests)
        return FR_E_MEMORY;
    memcpy(record->digests, view->digests, (size_t) view->chunk_count * sizeof *record->digests);
    return 0;
}

void fr_partial_commit(struct fr_partial *partial, const struct fr_transfer_view *view) {
    struct job *job = make_job(partial, JOB_COMMIT);
    fr_assert(partial->is_open);
    if (!job || fill_record(&job->record, view)) {
        struct fr_failure failure = {0};
        fr_free(job);
        fr_failure_set(&failure, FR_E_MEMORY, 0, "%s cannot be finished: %s", view->opening->name, fr_error_text(FR_E_MEMORY));
        partial->options.events->on_committed(partial->options.user, &failure);
        return;
    }
    start_job(job);
}

static int read_chunk(void *handle, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    return fr_intake_read(handle, offset, out, bytes, failure);
}

struct fr_chunk_source fr_partial_chunk_source(struct fr_partial *partial) {
    return (struct fr_chunk_source){.read = read_chunk, .handle = partial->intake, .must_verify = fr_intake_must_verify(partial->intake)};
}

void fr_partial_close(struct fr_partial *partial) {
    const struct fr_failure failure = {.error = FR_E_CANCELLED};
    fr_assert(!partial->is_closing);
    partial->is_closing = true;
    fail_looks(partial, &failure);
    fail_waiting(partial, &failure);
    close_when_quiet(partial);
}
