/* SPDX-License-Identifier: Apache-2.0 */
/* The plain loop between one transfer and the world: see driver.h. */
#include "node/driver.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "node/fetch.h"
#include "node/refuse.h"

enum { DRIVER_LINKS_MAX = 3 * FR_GROUP_NODES_MAX + 16 }; /* more than a transfer has, and some that are closing */

struct link {
    struct fr_driver *driver;
    fr_link_id id;
    struct fr_conn *conn;
    bool is_upstream;  /* came in with an OPEN from upstream */
    bool wants_buffer; /* its chunk waits for one */
};

struct fr_driver {
    struct fr_driver_options options;
    struct fr_transfer *transfer;
    struct fr_cache *cache;
    struct fr_fetcher fetcher;
    uv_timer_t timer;
    uv_prepare_t refill;
    fr_time_ns armed_for;
    uint32_t handles_open;
    uint32_t link_count;
    uint32_t refill_from; /* the link that is served first in the next refill */
    bool role_wants_buffers;
    bool is_pumping, has_ended, is_closing;
    fr_chunk_index short_chunk; /* the last chunk of a pipe is shorter before the end is known */
    uint32_t short_bytes;
    struct link *links[DRIVER_LINKS_MAX];
};

struct fr_transfer *fr_driver_transfer(struct fr_driver *driver) {
    return driver->transfer;
}

struct fr_cache *fr_driver_cache(struct fr_driver *driver) {
    return driver->cache;
}

bool fr_driver_has_ended(const struct fr_driver *driver) { return driver->has_ended; }

uint32_t fr_driver_link_count(const struct fr_driver *driver) { return driver->link_count; }

/* ------------------------------------------------------------------------------------------------------------ links */

static struct link *find_link(const struct fr_driver *driver, fr_link_id id) {
    for (uint32_t i = 0; i < driver->link_count; i++) {
        if (driver->links[i]->id == id)
            return driver->links[i];
    }
    return NULL;
}

const char *fr_driver_peer(const struct fr_driver *driver, fr_link_id id) {
    const struct link *link = find_link(driver, id);
    return link && link->conn ? fr_conn_peer(link->conn) : "?";
}

static struct link *add_link(struct fr_driver *driver) {
    if (driver->link_count == DRIVER_LINKS_MAX)
        return NULL;
    struct link *link = fr_alloc_zeroed(1, sizeof *link);
    if (!link)
        return NULL;
    link->driver = driver;
    driver->links[driver->link_count++] = link;
    return link;
}

static void remove_link(struct link *link) {
    struct fr_driver *driver = link->driver;
    for (uint32_t i = 0; i < driver->link_count; i++) {
        if (driver->links[i] == link) {
            driver->links[i] = driver->links[--driver->link_count];
            fr_free(link);
            return;
        }
    }
    fr_assert(false);
}

static void close_link(struct link *link) {
    fr_conn_close(link->conn);
    remove_link(link);
}

/* --------------------------------------------------------------------------------------------- what connections tell */

static void tell_ready(struct fr_conn *conn, void *user) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    (void) conn;
    fr_transfer_on_connected(driver->transfer, link->id, uv_hrtime());
    fr_driver_pump(driver);
}

static void tell_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    (void) conn;
    fr_transfer_on_frame(driver->transfer, link->id, type, body, bytes, uv_hrtime());
    fr_driver_pump(driver);
}

static void start_refill(struct fr_driver *driver);

static struct fr_buffer *tell_chunk_begin(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    (void) conn;
    if (!fr_transfer_on_chunk_begin(driver->transfer, link->id, chunk, chunk_size, uv_hrtime())) {
        fr_driver_pump(driver); /* performs the CLOSE of this very connection */
        return NULL;
    }
    struct fr_buffer *buffer = fr_cache_take(driver->cache);
    if (!buffer) {
        link->wants_buffer = true;
        start_refill(driver);
    }
    return buffer;
}

static void tell_chunk(struct fr_conn *conn, void *user, fr_chunk_index chunk, struct fr_buffer *buffer) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    (void) conn;
    fr_transfer_on_chunk(driver->transfer, link->id, chunk, buffer, uv_hrtime());
    fr_driver_pump(driver);
}

static void tell_chunk_sent(struct fr_conn *conn, void *user, fr_chunk_index chunk) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    (void) conn;
    if (driver->options.role->on_chunk_sent)
        driver->options.role->on_chunk_sent(driver->options.user, chunk);
    fr_transfer_on_chunk_sent(driver->transfer, link->id, chunk, uv_hrtime());
    fr_driver_pump(driver);
}

static void tell_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    struct link *link = user;
    struct fr_driver *driver = link->driver;
    fr_link_id id = link->id;
    (void) conn;
    remove_link(link);
    fr_transfer_on_closed(driver->transfer, id, failure, uv_hrtime());
    fr_driver_pump(driver);
}

static const struct fr_conn_handlers link_handlers = {
    .on_ready = tell_ready,
    .on_frame = tell_frame,
    .on_chunk_begin = tell_chunk_begin,
    .on_chunk = tell_chunk,
    .on_chunk_sent = tell_chunk_sent,
    .on_closed = tell_closed,
};

/* What a node dials counts as what came to it does. */
static void inherit_limits(struct fr_driver *driver, const struct fr_conn *conn) {
    struct fr_conn_limits *limits = &driver->options.limits;
    if (!limits->in && !limits->out)
        *limits = fr_conn_limits(conn);
}

void fr_driver_adopt(struct fr_driver *driver, struct fr_conn *conn, const struct fr_msg_open *open) {
    struct link *link = driver->has_ended ? NULL : add_link(driver);
    if (!link) {
        fr_conn_close(conn);
        return;
    }
    inherit_limits(driver, conn);
    link->conn = conn;
    link->is_upstream = open->from >= FR_MEMBER_ABOVE;
    fr_conn_set_handlers(conn, &link_handlers, link);
    link->id = fr_transfer_on_accepted(driver->transfer, open, uv_hrtime());
    if (link->id == FR_LINK_NONE) {
        fr_refuse(conn, FR_REFUSAL_PROTOCOL, "this link does not fit the transfer");
        remove_link(link);
    }
    fr_driver_pump(driver);
}

/* ---------------------------------------------------------------------------------------------------------- actions */

static void dial(struct fr_driver *driver, const struct fr_action *action) {
    const struct fr_conn_options conn_options = {
        .loop = driver->options.loop,
        .tls = driver->options.tls,
        .handshake_timeout = driver->options.handshake_timeout,
        .silence_timeout = driver->options.silence_timeout,
        .limits = driver->options.limits,
    };
    struct fr_failure failure = {0};
    struct link *link = add_link(driver);
    int rc = FR_E_LIMIT;
    if (link) {
        link->id = action->link;
        rc = fr_conn_dial(&conn_options, action->address, &link_handlers, link, &link->conn);
        if (rc == 0)
            return;
        remove_link(link);
    }
    fr_failure_set(&failure, rc, 0, "%s: %s", action->address, fr_error_text(rc));
    fr_transfer_on_closed(driver->transfer, action->link, &failure, uv_hrtime());
}

/* For a story about a liar: whatever leaves of the first chunk that this process sends on is a copy with one byte flipped. What is kept
 * here stays right. Without memory for the copy it is honest. */
static void send_damaged(struct link *link, fr_chunk_index chunk, struct fr_buffer *buffer) {
    static fr_chunk_index damaged = FR_CHUNK_NONE;
    struct fr_buffer *copy = NULL;
    if (damaged == FR_CHUNK_NONE)
        damaged = chunk;
    if (chunk == damaged)
        copy = fr_buffer_new(buffer->bytes);
    if (copy) {
        memcpy(copy->data, buffer->data, buffer->bytes);
        copy->bytes = buffer->bytes;
        copy->data[copy->bytes / 2] ^= 1;
    }
    fr_conn_send_chunk(link->conn, chunk, copy ? copy : buffer);
    fr_buffer_unref(copy);
}

static void send_buffer(struct link *link, fr_chunk_index chunk, struct fr_buffer *buffer) {
    if (FR_PLANTED(FLIPS_BYTE))
        send_damaged(link, chunk, buffer);
    else
        fr_conn_send_chunk(link->conn, chunk, buffer);
}

static void serve_fetched(void *user, fr_link_id id, fr_chunk_index chunk, struct fr_buffer *buffer, const struct fr_failure *failure) {
    struct fr_driver *driver = user;
    struct link *link = find_link(driver, id);
    if (driver->has_ended)
        return;
    if (link && buffer)
        send_buffer(link, chunk, buffer);
    else if (!buffer)
        fr_transfer_on_chunk_unreadable(driver->transfer, id, chunk, failure, uv_hrtime());
    fr_driver_pump(driver);
}

static void fetch_and_send(struct fr_driver *driver, const struct fr_action *action) {
    struct fr_transfer_view view;
    fr_transfer_view(driver->transfer, &view);
    struct fr_fetch_request request = {
        .link = action->link,
        .chunk = action->chunk,
        .offset = action->chunk_offset,
        .bytes = action->chunk == driver->short_chunk ? driver->short_bytes : action->count,
        .digest = view.digests[action->chunk],
        .source = driver->options.role->chunk_source(driver->options.user),
    };
    struct fr_failure failure = {0};
    if (!request.source.read)
        fr_failure_set(&failure, FR_E_IO, 0, "chunk %u can no longer be read", action->chunk);
    else if (fr_fetcher_ask(&driver->fetcher, &request))
        fr_failure_set(&failure, FR_E_MEMORY, 0, "chunk %u cannot be read again: %s", action->chunk, fr_error_text(FR_E_MEMORY));
    if (failure.error)
        fr_transfer_on_chunk_unreadable(driver->transfer, action->link, action->chunk, &failure, uv_hrtime());
    else if (!fr_fetcher_start(&driver->fetcher))
        start_refill(driver);
}

static void send_chunk(struct fr_driver *driver, const struct fr_action *action) {
    struct link *link = find_link(driver, action->link);
    if (!link)
        return;
    struct fr_buffer *buffer = fr_cache_get(driver->cache, action->chunk);
    if (!buffer) {
        fetch_and_send(driver, action);
        return;
    }
    send_buffer(link, action->chunk, buffer);
    fr_buffer_unref(buffer);
}

static void store_chunk(struct fr_driver *driver, const struct fr_action *action) {
    const struct link *link = find_link(driver, action->link);
    struct fr_transfer_view view;
    fr_transfer_view(driver->transfer, &view);
    if (action->buffer->bytes < view.opening->chunk_bytes) {
        driver->short_chunk = action->chunk;
        driver->short_bytes = action->buffer->bytes;
    }
    driver->options.role->store(driver->options.user, action, link && link->is_upstream);
}

static void end(struct fr_driver *driver) {
    driver->has_ended = true;
    while (driver->link_count > 0)
        close_link(driver->links[driver->link_count - 1]);
    fr_fetcher_abandon(&driver->fetcher);
    uv_timer_stop(&driver->timer);
    uv_prepare_stop(&driver->refill);
}

static void perform(struct fr_driver *driver, const struct fr_action *action) {
    const struct fr_driver_role *role = driver->options.role;
    struct link *link;
    switch (action->type) {
    case FR_ACTION_CONNECT: dial(driver, action); return;
    case FR_ACTION_SEND:
        link = find_link(driver, action->link);
        if (link)
            fr_conn_send(link->conn, action->bytes, action->count);
        return;
    case FR_ACTION_SEND_CHUNK: send_chunk(driver, action); return;
    case FR_ACTION_CLOSE:
        link = find_link(driver, action->link);
        if (link)
            close_link(link);
        return;
    case FR_ACTION_STORE: store_chunk(driver, action); return;
    case FR_ACTION_REUSE: role->reuse(driver->options.user, action); return;
    case FR_ACTION_DROP: fr_buffer_unref(action->buffer); return;
    case FR_ACTION_READ_PAGE: role->read_page(driver->options.user, action->page); return;
    case FR_ACTION_RELEASE: role->release(driver->options.user, action->chunk); return;
    case FR_ACTION_FINISH: role->finish(driver->options.user); return;
    case FR_ACTION_ENDED: end(driver); return;
    }
    fr_assert(false);
}

/* ------------------------------------------------------------------------------------------------- pump, timer, refill */

/* A large chunk on a slow link makes no event for a long time, and yet the link is not silent. Nor is one that we do not read
 * ourselves, because all buffers are in use. */
static void tell_heard(struct fr_driver *driver, fr_time_ns now) {
    for (uint32_t i = 0; i < driver->link_count; i++) {
        const struct link *link = driver->links[i];
        fr_time_ns heard_at = link->wants_buffer ? now : fr_conn_heard_at(link->conn);
        if (heard_at > 0)
            fr_transfer_on_heard(driver->transfer, link->id, heard_at);
    }
}

static void fire_deadline(uv_timer_t *timer) {
    struct fr_driver *driver = timer->data;
    fr_time_ns now = uv_hrtime();
    driver->armed_for = 0;
    tell_heard(driver, now);
    fr_transfer_on_deadline(driver->transfer, now);
    fr_driver_pump(driver);
}

/* libuv counts milliseconds from a clock that it reads once a turn, so the timer may come early: then it is armed again. */
static void arm_timer(struct fr_driver *driver) {
    fr_time_ns due = fr_transfer_deadline(driver->transfer);
    if (due == driver->armed_for)
        return;
    driver->armed_for = due;
    if (due == FR_TIME_NEVER) {
        uv_timer_stop(&driver->timer);
        return;
    }
    fr_time_ns wait = fr_time_since(due, uv_hrtime());
    uv_timer_start(&driver->timer, fire_deadline, wait / FR_MS + (wait % FR_MS ? 1 : 0), 0);
}

void fr_driver_pump(struct fr_driver *driver) {
    struct fr_action action;
    if (driver->is_pumping || driver->has_ended)
        return;
    driver->is_pumping = true;
    while (!driver->has_ended && fr_transfer_next_action(driver->transfer, &action))
        perform(driver, &action);
    driver->is_pumping = false;
    if (driver->has_ended) {
        driver->options.role->on_ended(driver->options.user);
        return;
    }
    arm_timer(driver);
    if (driver->options.role->on_turn)
        driver->options.role->on_turn(driver->options.user);
}

/* Give buffers to links in turn, beginning after the one that was served last. true: none waits any more. */
static bool refill_links(struct fr_driver *driver) {
    for (uint32_t served = 0, i = 0; i < driver->link_count; i++) {
        struct link *link = driver->links[(driver->refill_from + i) % driver->link_count];
        if (!link->wants_buffer)
            continue;
        struct fr_buffer *buffer = fr_cache_take(driver->cache);
        if (!buffer)
            return false;
        link->wants_buffer = false;
        driver->refill_from = (driver->refill_from + i + 1) % driver->link_count;
        fr_conn_give_buffer(link->conn, buffer); /* may read on at once, so links may have gone: begin again */
        i = UINT32_MAX;
        if (driver->has_ended || ++served > DRIVER_LINKS_MAX)
            break;
    }
    for (uint32_t i = 0; i < driver->link_count; i++) {
        if (driver->links[i]->wants_buffer)
            return false;
    }
    return true;
}

static void refill(uv_prepare_t *prepare) {
    struct fr_driver *driver = prepare->data;
    bool is_served = fr_fetcher_start(&driver->fetcher);
    if (driver->role_wants_buffers) {
        driver->role_wants_buffers = false;
        driver->options.role->on_buffers(driver->options.user);
        is_served = is_served && !driver->role_wants_buffers;
    }
    is_served = refill_links(driver) && is_served;
    if (is_served && !driver->is_closing)
        uv_prepare_stop(prepare);
}

static void start_refill(struct fr_driver *driver) {
    if (!driver->has_ended)
        uv_prepare_start(&driver->refill, refill);
}

void fr_driver_await_buffers(struct fr_driver *driver) {
    driver->role_wants_buffers = true;
    start_refill(driver);
}

/* ----------------------------------------------------------------------------------------------------- making, closing */

static void free_driver(struct fr_driver *driver) {
    fr_transfer_free(driver->transfer);
    fr_cache_free(driver->cache);
    fr_free(driver);
}

static void leave_when_quiet(struct fr_driver *driver) {
    if (!driver->is_closing || driver->handles_open > 0 || driver->fetcher.running_count > 0)
        return;
    driver->options.role->on_gone(driver->options.user);
    free_driver(driver);
}

static void on_fetcher_idle(void *user) { leave_when_quiet(user); }

static void count_closed_handle(uv_handle_t *handle) {
    struct fr_driver *driver = handle->data;
    driver->handles_open--;
    leave_when_quiet(driver);
}

void fr_driver_close(struct fr_driver *driver) {
    fr_assert(!driver->is_closing);
    driver->is_closing = true;
    if (!driver->has_ended)
        end(driver);
    uv_close((uv_handle_t *) &driver->timer, count_closed_handle);
    uv_close((uv_handle_t *) &driver->refill, count_closed_handle);
}

int fr_driver_new(const struct fr_driver_options *options, struct fr_driver **ret_driver) {
    struct fr_driver *driver = fr_alloc_zeroed(1, sizeof *driver);
    if (!driver || fr_cache_new(&options->cache, &driver->cache)) {
        fr_free(driver);
        fr_transfer_free(options->transfer);
        return FR_E_MEMORY;
    }
    driver->options = *options;
    driver->transfer = options->transfer;
    driver->armed_for = FR_TIME_NEVER;
    driver->short_chunk = FR_CHUNK_NONE;
    driver->fetcher = (struct fr_fetcher){
        .loop = options->loop, .cache = driver->cache, .on_fetched = serve_fetched, .on_idle = on_fetcher_idle, .user = driver};
    uv_timer_init(options->loop, &driver->timer);
    uv_prepare_init(options->loop, &driver->refill);
    driver->timer.data = driver;
    driver->refill.data = driver;
    driver->handles_open = 2;
    *ret_driver = driver;
    return 0;
}
