/* SPDX-License-Identifier: Apache-2.0 */
/* A push: the origin's transfer with its driver and its supply on a loop of its own, from options to report. */
#include <fastreplica/push.h>

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"
#include "content/name.h"
#include "node/driver.h"
#include "node/grouping.h"
#include "node/journal.h"
#include "node/keys.h"
#include "node/supply.h"
#include "node/tally.h"

enum { PROGRESS_MS = 250, PAGE_AHEAD_MAX = 2, SET_GROUP_MIN = 4 };

struct fr_push {
    struct fr_push_options options;
    char name[FR_NAME_BYTES_MAX + 1];
    struct fr_source *source;
    struct fr_layout layout;
    struct fr_plan *plan;
    struct fr_grouping grouping;
    struct fr_timing timing;
    struct fr_tls_config *tls;
    struct fr_conn_limits limits;
    struct fr_tally *tally;
    struct fr_journal journal;
    uv_loop_t loop;
    uv_async_t stop;
    uv_timer_t progress;
    bool has_loop;
    bool is_stopped; /* told to stop before it ran */
    bool has_run;
    struct fr_driver *driver;  /* while it runs */
    struct fr_supply *supply;  /* the same */
    struct fr_failure failure; /* why the push itself failed */
};

void fr_push_options_init(struct fr_push_options *options) { *options = (struct fr_push_options){.log.level_max = FR_LOG_INFO}; }

void fr_push_stop(struct fr_push *push) { uv_async_send(&push->stop); }

const struct fr_plan *fr_push_plan(const struct fr_push *push) { return push->plan; }

const struct fr_report *fr_push_report(const struct fr_push *push) { return fr_tally_report(push->tally); }

/* ------------------------------------------------------------------------------------------------- what it looks like */

static void update_tally(struct fr_push *push) {
    fr_tally_update(push->tally, fr_driver_transfer(push->driver), fr_supply_bytes_read(push->supply), uv_hrtime());
}

static void show_progress(struct fr_push *push) {
    if (push->options.progress.on_progress)
        push->options.progress.on_progress(push->options.progress.user, fr_tally_report(push->tally));
}

static void tick_progress(uv_timer_t *timer) {
    struct fr_push *push = timer->data;
    if (fr_driver_has_ended(push->driver))
        return;
    update_tally(push);
    show_progress(push);
}

static void add_fault(struct fr_push *push, const struct fr_trace *trace) {
    char sentence[FR_REASON_BYTES_MAX + FR_ADDRESS_BYTES_MAX + 64];
    if (trace->chunk == FR_CHUNK_NONE)
        snprintf(sentence, sizeof sentence, "%s: %s", trace->peer, trace->text ? trace->text : "did something wrong");
    else
        snprintf(sentence, sizeof sentence, "%s: chunk %u: %s", trace->peer, trace->chunk, trace->text ? trace->text : "wrong bytes");
    fr_tally_add_fault(push->tally, sentence);
}

static void take_trace(void *user, const struct fr_trace *trace) {
    struct fr_push *push = user;
    if (trace->type == FR_TRACE_FAULT)
        add_fault(push, trace);
    fr_journal_trace(&push->journal, trace);
}

/* ----------------------------------------------------------------------------------------------- supply -> transfer */

static void on_page(void *user, const struct fr_supply_page *page) {
    struct fr_push *push = user;
    if (fr_driver_has_ended(push->driver))
        return;
    fr_transfer_on_page_read(fr_driver_transfer(push->driver), page->page, page->digests, page->count, page->is_last, page->object_bytes,
                             &page->sha256, uv_hrtime());
    fr_driver_pump(push->driver);
}

static void on_supply_failed(void *user, const struct fr_failure *failure) {
    struct fr_push *push = user;
    if (fr_driver_has_ended(push->driver))
        return;
    fr_transfer_on_failed(fr_driver_transfer(push->driver), failure, uv_hrtime());
    fr_driver_pump(push->driver);
}

static void await_buffers(void *user) {
    struct fr_push *push = user;
    fr_driver_await_buffers(push->driver);
}

static void on_supply_closed(void *user) {
    struct fr_push *push = user;
    push->supply = NULL;
    uv_close((uv_handle_t *) &push->progress, NULL); /* the loop has nothing more to do after it */
}

static const struct fr_supply_events supply_events = {
    .on_page = on_page,
    .on_failed = on_supply_failed,
    .await_buffers = await_buffers,
    .on_closed = on_supply_closed,
};

/* ----------------------------------------------------------------------------------------------- transfer -> supply */

static struct fr_chunk_source chunk_source(void *user) {
    struct fr_push *push = user;
    return fr_supply_chunk_source(push->supply);
}

static void read_page(void *user, uint32_t page) {
    struct fr_push *push = user;
    fr_supply_read_page(push->supply, page);
}

static void release_chunk(void *user, fr_chunk_index chunk) {
    struct fr_push *push = user;
    fr_supply_release(push->supply, chunk);
}

static void on_chunk_sent(void *user, fr_chunk_index chunk) {
    struct fr_push *push = user;
    fr_supply_on_chunk_sent(push->supply, chunk);
}

static void on_buffers(void *user) {
    struct fr_push *push = user;
    fr_supply_on_buffers(push->supply);
}

static void on_ended(void *user) {
    struct fr_push *push = user;
    struct fr_transfer_view view;
    fr_transfer_view(fr_driver_transfer(push->driver), &view);
    push->failure = view.failure;
    update_tally(push);
    fr_tally_finish(push->tally, view.failure.error ? view.failure.text : "the push ended before it", uv_hrtime());
    uv_timer_stop(&push->progress);
    fr_driver_close(push->driver);
}

static void on_gone(void *user) {
    struct fr_push *push = user;
    push->driver = NULL;
    fr_supply_close(push->supply);
}

static const struct fr_driver_role origin_role = {
    .chunk_source = chunk_source,
    .read_page = read_page,
    .release = release_chunk,
    .on_chunk_sent = on_chunk_sent,
    .on_buffers = on_buffers,
    .on_ended = on_ended,
    .on_gone = on_gone,
};

/* ------------------------------------------------------------------------------------------------------------ making */

static int check_options(const struct fr_push_options *options, struct fr_failure *failure) {
    if (!options->path || !options->path[0])
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "no file was given to push");
    if (!options->nodes || options->nodes->count == 0)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "no nodes were given to push to");
    if (!options->keys || !fr_keys_sign_key(options->keys))
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the keys were not loaded for an origin: origin.key is needed");
    return 0;
}

/* The last component; of a folder's path, which may end in a '/'. */
static void take_last(const char *path, char out[FR_NAME_BYTES_MAX + 2]) {
    size_t end = strlen(path), begin;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/'; begin--)
        ;
    size_t bytes = end - begin < FR_NAME_BYTES_MAX + 1 ? end - begin : FR_NAME_BYTES_MAX + 1; /* one too many is refused as such */
    memcpy(out, path + begin, bytes);
    out[bytes] = '\0';
}

static int choose_name(struct fr_push *push, struct fr_failure *failure) {
    const char *name = push->options.name, *why = NULL;
    char last[FR_NAME_BYTES_MAX + 2];
    if (!name && strcmp(push->options.path, "-") == 0)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "standard input has no name: choose one with --name");
    if (!name) {
        take_last(push->options.path, last);
        name = last;
    }
    if (fr_name_check(name, strlen(name), &why))
        return fr_failure_set(failure, FR_E_NAME, 0, "the name \"%.200s\" cannot be used: it %s", name, why);
    memcpy(push->name, name, strlen(name) + 1);
    return 0;
}

static int open_source(struct fr_push *push, struct fr_failure *failure) {
    const struct fr_push_options *options = &push->options;
    if (!options->entries)
        return fr_source_open(options->path, &push->source, failure);
    return fr_source_open_set(options->path, options->entries, options->entry_count, &push->source, failure);
}

/* Of a set the entries are woven into one stream, and that is what is cut. */
static int weave_entries(struct fr_push *push, struct fr_failure *failure) {
    uint32_t count, entry = 0;
    const struct fr_entry *entries = fr_source_entries(push->source, &count);
    const char *why;
    if (!entries)
        return 0;
    int rc = fr_entries_check(push->name, entries, count, &entry, &why);
    if (rc)
        return fr_failure_set(failure, rc, 0, "%s: %s %s", push->options.path, entries[entry].name, why);
    rc = fr_source_weave(push->source, push->layout.chunk_bytes, failure);
    return rc ? rc : fr_layout_init(&push->layout, fr_source_bytes(push->source), push->layout.chunk_bytes);
}

static int choose_layout(struct fr_push *push, struct fr_failure *failure) {
    uint64_t bytes = fr_source_bytes(push->source);
    int rc = fr_layout_init(&push->layout, bytes, push->options.chunk_bytes);
    if (rc == FR_E_ARGUMENT)
        return fr_failure_set(failure, rc, 0, "chunks of %u bytes: the size must be a power of two from %d to %d",
                              push->options.chunk_bytes, FR_CHUNK_BYTES_MIN, FR_CHUNK_BYTES_MAX);
    if (rc)
        return fr_failure_set(failure, rc, 0, "%s: %llu bytes make more than %d chunks: choose larger chunks",
                              fr_source_label(push->source), (unsigned long long) bytes, FR_CHUNKS_MAX);
    return weave_entries(push, failure);
}

/* Of a set a group is best as large as the set: then each member owns one entry, and no uplink is idle. Of very small sets some multiple of
 * it, for groups of two or three make long chains. */
static uint32_t choose_group_size(const struct fr_push *push) {
    uint32_t entry_count, size;
    fr_source_entries(push->source, &entry_count);
    if (push->options.group_size > 0 || entry_count < 2)
        return push->options.group_size;
    for (size = entry_count; size < SET_GROUP_MIN; size += entry_count)
        ;
    return push->options.nodes->count > size ? size : 0;
}

static int form_groups(struct fr_push *push, struct fr_failure *failure) {
    const struct fr_plan_options options = {
        .object_bytes = push->layout.object_bytes,
        .chunk_bytes = push->layout.chunk_bytes,
        .up_rate = push->options.up_rate,
        .delay = push->options.delay,
        .group_size = choose_group_size(push),
        .shape = push->options.shape,
        .fanout = push->options.fanout,
    };
    int rc = fr_plan_new(push->options.nodes, &options, &push->plan, failure);
    return rc ? rc : fr_grouping_init(&push->grouping, push->plan, push->options.nodes, failure);
}

static void stop_push(uv_async_t *async) {
    struct fr_push *push = async->data;
    if (!push->driver) {
        push->is_stopped = true;
        return;
    }
    if (fr_driver_has_ended(push->driver))
        return;
    fr_transfer_on_stop(fr_driver_transfer(push->driver), "the push was stopped", uv_hrtime());
    fr_driver_pump(push->driver);
}

static int open_loop(struct fr_push *push, struct fr_failure *failure) {
    int rc = uv_loop_init(&push->loop);
    if (rc)
        return fr_failure_set(failure, FR_E_IO, -rc, "event loop");
    rc = uv_async_init(&push->loop, &push->stop, stop_push);
    if (rc) {
        uv_loop_close(&push->loop);
        return fr_failure_set(failure, FR_E_IO, -rc, "event loop");
    }
    push->has_loop = true;
    push->stop.data = push;
    uv_unref((uv_handle_t *) &push->stop); /* stop may be called until the push is freed; it keeps no loop running */
    return 0;
}

static int open_limits(struct fr_push *push, struct fr_failure *failure) {
    int rc = fr_limiter_new(&push->loop, push->options.rate_max, &push->limits.out);
    return rc ? fr_failure_set(failure, rc, 0, "push: %s", fr_error_text(rc)) : 0;
}

/* A limit below the link's rate is what this machine can send. */
static void choose_rate(struct fr_push *push) {
    struct fr_push_options *options = &push->options;
    if (options->rate_max && (options->up_rate == FR_RATE_UNKNOWN || options->up_rate > options->rate_max))
        options->up_rate = options->rate_max;
}

static void choose_timing(struct fr_push *push) {
    push->timing = fr_timing_default;
    if (push->options.connect_timeout)
        push->timing.connect = push->options.connect_timeout;
    if (push->options.silence_timeout)
        push->timing.silence = push->options.silence_timeout;
    push->timing.total = push->options.deadline ? push->options.deadline : FR_TIME_NEVER;
}

static int make_tally(struct fr_push *push, struct fr_failure *failure) {
    struct fr_tally_options options = {
        .object_name = push->name,
        .object_bytes = push->layout.object_bytes,
        .chunk_bytes = push->layout.chunk_bytes,
        .nodes = push->options.nodes,
        .up_rate = push->options.up_rate,
        .plan = push->plan,
    };
    fr_source_entries(push->source, &options.entry_count);
    int rc = fr_tally_new(&options, &push->tally);
    return rc ? fr_failure_set(failure, rc, 0, "push: %s", fr_error_text(rc)) : 0;
}

static int open_parts(struct fr_push *push, struct fr_failure *failure) {
    int rc = choose_name(push, failure);
    if (rc == 0)
        rc = open_source(push, failure);
    if (rc == 0)
        rc = choose_layout(push, failure);
    if (rc == 0)
        rc = form_groups(push, failure);
    if (rc == 0)
        rc = make_tally(push, failure);
    if (rc)
        return rc;
    push->tls = fr_tls_config_new(fr_keys_secret(push->options.keys), failure);
    if (!push->tls)
        return failure && failure->error ? failure->error : FR_E_MEMORY;
    rc = open_loop(push, failure);
    return rc ? rc : open_limits(push, failure);
}

int fr_push_new(const struct fr_push_options *options, struct fr_push **ret_push, struct fr_failure *failure) {
    int rc = check_options(options, failure);
    if (rc)
        return rc;
    struct fr_push *push = fr_alloc_zeroed(1, sizeof *push);
    if (!push)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "push: %s", fr_error_text(FR_E_MEMORY));
    push->options = *options;
    choose_timing(push);
    choose_rate(push);
    rc = open_parts(push, failure);
    if (rc) {
        fr_push_free(push);
        return rc;
    }
    *ret_push = push;
    return 0;
}

void fr_push_free(struct fr_push *push) {
    if (!push)
        return;
    if (push->has_loop) {
        fr_limiter_close(push->limits.out);
        uv_close((uv_handle_t *) &push->stop, NULL);
        uv_run(&push->loop, UV_RUN_DEFAULT);
        int rc = uv_loop_close(&push->loop);
        fr_assert(rc == 0);
    }
    fr_tls_config_free(push->tls);
    fr_tally_free(push->tally);
    fr_grouping_done(&push->grouping);
    fr_plan_free(push->plan);
    fr_source_close(push->source);
    fr_free(push);
}

/* ----------------------------------------------------------------------------------------------------------- running */

static int fill_opening(const struct fr_push *push, struct fr_opening *ret_opening, uint64_t *ret_seed) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (RAND_bytes(ret_opening->transfer_id, sizeof ret_opening->transfer_id) != 1 ||
        RAND_bytes((unsigned char *) ret_seed, sizeof *ret_seed) != 1)
        return FR_E_IO;
    ret_opening->created_unix_ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    ret_opening->object_bytes = push->layout.object_bytes;
    ret_opening->chunk_bytes = push->layout.chunk_bytes;
    ret_opening->mode = fr_source_mode(push->source);
    snprintf(ret_opening->name, sizeof ret_opening->name, "%s", push->name);
    const struct fr_entry *entries = fr_source_entries(push->source, &ret_opening->entry_count);
    if (entries)
        memcpy(ret_opening->entries, entries, ret_opening->entry_count * sizeof *entries);
    return 0;
}

static int make_transfer(struct fr_push *push, fr_time_ns now, struct fr_transfer **ret_transfer) {
    struct fr_opening opening = {0};
    uint64_t seed = 0;
    if (fill_opening(push, &opening, &seed))
        return fr_failure_set(&push->failure, FR_E_IO, 0, "the system gives no random numbers");
    fr_journal_init(&push->journal, &push->options.log, opening.transfer_id, now);
    const struct fr_origin_options options = {
        .key = fr_keys_sign_key(push->options.keys),
        .opening = &opening,
        .rosters = (const struct fr_roster *const *) push->grouping.rosters,
        .group_count = push->grouping.group_count,
        .can_reread = fr_source_is_file(push->source),
        .page_ahead_max = PAGE_AHEAD_MAX,
        .timing = push->timing,
        .observer = {.on_trace = take_trace, .user = push},
        .seed = seed,
    };
    int rc = fr_transfer_new_origin(&options, now, ret_transfer);
    return rc ? fr_failure_set(&push->failure, rc, 0, "push: %s", fr_error_text(rc)) : 0;
}

static int make_driver(struct fr_push *push, struct fr_transfer *transfer) {
    const struct fr_driver_options options = {
        .loop = &push->loop,
        .tls = push->tls,
        .transfer = transfer,
        .role = &origin_role,
        .user = push,
        .cache = fr_supply_cache_options(&push->layout, fr_grouping_links(&push->grouping)),
        .handshake_timeout = push->timing.connect,
        .silence_timeout = push->timing.silence,
        .limits = push->limits,
    };
    return fr_driver_new(&options, &push->driver);
}

static int make_parts(struct fr_push *push, fr_time_ns now) {
    struct fr_transfer *transfer = NULL;
    const struct fr_supply_options options = {
        .loop = &push->loop,
        .source = push->source,
        .layout = push->layout,
        .member_count = fr_grouping_links(&push->grouping),
        .events = &supply_events,
        .user = push,
    };
    int rc = make_transfer(push, now, &transfer);
    if (rc)
        return rc;
    rc = fr_supply_new(&options, &push->supply);
    if (rc) {
        fr_transfer_free(transfer);
        return fr_failure_set(&push->failure, rc, 0, "push: %s", fr_error_text(rc));
    }
    uv_timer_init(&push->loop, &push->progress);
    push->progress.data = push;
    rc = make_driver(push, transfer);
    if (rc) {
        fr_supply_close(push->supply); /* nothing runs: it is gone at once, and the timer with it */
        uv_run(&push->loop, UV_RUN_DEFAULT);
        return fr_failure_set(&push->failure, rc, 0, "push: %s", fr_error_text(rc));
    }
    fr_supply_use_cache(push->supply, fr_driver_cache(push->driver));
    return 0;
}

static void run_loop(struct fr_push *push) {
    uv_timer_start(&push->progress, tick_progress, PROGRESS_MS, PROGRESS_MS);
    fr_driver_pump(push->driver);
    uv_run(&push->loop, UV_RUN_DEFAULT);
    fr_assert(!push->driver && !push->supply);
}

/* The nodes have what was read, and that is whole; but who looks at the file now sees something else. */
static void note_changed_source(struct fr_push *push) {
    struct fr_failure changed = {0};
    char sentence[FR_FAILURE_TEXT_MAX + 64];
    if (push->failure.error || !fr_source_check_unchanged(push->source, &changed))
        return;
    snprintf(sentence, sizeof sentence, "the source changed after it was read to its end: %s", changed.text);
    fr_tally_add_fault(push->tally, sentence);
}

int fr_push_run(struct fr_push *push, struct fr_failure *failure) {
    fr_time_ns now = uv_hrtime();
    fr_assert(!push->has_run);
    push->has_run = true;
    fr_tally_begin(push->tally, now);
    uv_run(&push->loop, UV_RUN_NOWAIT); /* a stop that came before the start */
    if (push->is_stopped)
        fr_failure_set(&push->failure, FR_E_CANCELLED, 0, "the push was stopped before it began");
    else if (make_parts(push, now) == 0)
        run_loop(push);
    if (push->failure.error) {
        fr_tally_finish(push->tally, push->failure.text, uv_hrtime());
        fr_tally_fail(push->tally, &push->failure);
    }
    note_changed_source(push);
    show_progress(push);
    if (push->failure.error && failure && !failure->error)
        *failure = push->failure;
    return push->failure.error;
}
