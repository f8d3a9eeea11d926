/* SPDX-License-Identifier: Apache-2.0 */
/* The node: a listener, a lobby, and the objects it is receiving. Decides what a new OPEN becomes, answers STATUS, and stops in
 * good order. What happens inside one transfer is receive's business. */
#include <fastreplica/node.h>

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <fastreplica/fastreplica.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"
#include "node/keys.h"
#include "node/lobby.h"
#include "node/receive.h"
#include "node/refuse.h"
#include "node/room.h"
#include "store/store.h"

enum {
    TRANSFERS_DEFAULT = 16,
    KEEP_PARTIAL_HOURS = 24,
    TRANSFERS_CAP = 1024,
    ROOM_FACTOR = 4, /* places for complete ones that still serve their peers, beside those that receive */
    ENDED_KEPT = 64, /* transfers that ended here and are remembered */
};

struct ended {
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    bool is_complete;
};

/* A transfer that is here, and what was reckoned for it. */
struct guest {
    struct fr_receive *receive;
    struct fr_room room;
};

struct fr_node {
    struct fr_node_options options;
    struct fr_journal journal;
    struct fr_timing timing;
    struct fr_store *store;
    struct fr_tls_config *tls;
    struct fr_conn_limits limits;
    uv_loop_t loop;
    uv_async_t stop;
    bool has_loop, is_stopping;
    struct fr_listener *listener;
    struct fr_lobby *lobby;
    fr_time_ns began_at;
    uint64_t completed_count, failed_count;
    uint32_t ended_count; /* ever; the ring holds the last of them */
    struct ended ended[ENDED_KEPT];
    struct fr_room_book rooms;
    uint32_t guest_count, guest_capacity;
    struct guest *guests;
};

void fr_node_options_init(struct fr_node_options *options) {
    *options = (struct fr_node_options){.log.level_max = FR_LOG_INFO, .keep_partial = KEEP_PARTIAL_HOURS * 3600 * FR_SECOND};
}

uint16_t fr_node_port(const struct fr_node *node) { return fr_listener_port(node->listener); }

void fr_node_stop(struct fr_node *node) { uv_async_send(&node->stop); }

/* -------------------------------------------------------------------------------------------------- what was received */

static void remember_ended(void *user, struct fr_receive *receive, bool is_complete) {
    struct fr_node *node = user;
    struct ended *ended = &node->ended[node->ended_count++ % ENDED_KEPT];
    memcpy(ended->transfer_id, fr_receive_opening(receive)->transfer_id, FR_TRANSFER_ID_BYTES);
    ended->is_complete = is_complete;
    if (is_complete)
        node->completed_count++;
    else
        node->failed_count++;
}

static const struct ended *find_ended(const struct fr_node *node, const uint8_t *transfer_id) {
    uint32_t count = node->ended_count < ENDED_KEPT ? node->ended_count : ENDED_KEPT;
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(node->ended[i].transfer_id, transfer_id, FR_TRANSFER_ID_BYTES) == 0)
            return &node->ended[i];
    }
    return NULL;
}

static void forget_receive(void *user, struct fr_receive *receive) {
    struct fr_node *node = user;
    for (uint32_t i = 0; i < node->guest_count; i++) {
        if (node->guests[i].receive == receive) {
            fr_room_give_back(&node->rooms, &node->guests[i].room);
            node->guests[i] = node->guests[--node->guest_count];
            return;
        }
    }
    fr_assert(false);
}

/* --------------------------------------------------------------------------------------------------------- a new OPEN */

static void refuse_open(struct fr_node *node, struct fr_conn *conn, const struct fr_door *door, enum fr_refusal refusal, const char *text) {
    char name[FR_QUOTED_MAX], why[FR_QUOTED_MAX];
    fr_journal_say_limited(&node->journal, uv_hrtime(), FR_LOG_WARNING, "refused", "peer=%s name=%s reason=%s why=%s", fr_conn_peer(conn),
                           fr_quote(door->opening.name, name), fr_refusal_name(refusal), fr_quote(text, why));
    fr_refuse(conn, refusal, text);
}

/* The object that this OPEN is about, if it is here. */
static struct fr_receive *find_receive(const struct fr_node *node, const uint8_t *transfer_id) {
    for (uint32_t i = 0; i < node->guest_count; i++) {
        const struct fr_opening *opening = fr_receive_opening(node->guests[i].receive);
        if (memcmp(opening->transfer_id, transfer_id, FR_TRANSFER_ID_BYTES) == 0)
            return node->guests[i].receive;
    }
    return NULL;
}

enum admission { ADMIT_NEW, ADMIT_BUSY, ADMIT_FULL, ADMIT_ENDED, ADMIT_COMPLETE };

static enum admission admit(const struct fr_node *node, const struct fr_opening *opening) {
    uint32_t busy_count = 0;
    const struct ended *ended = find_ended(node, opening->transfer_id);
    if (ended)
        return ended->is_complete ? ADMIT_COMPLETE : ADMIT_ENDED;
    for (uint32_t i = 0; i < node->guest_count; i++) {
        const struct fr_receive *receive = node->guests[i].receive;
        if (fr_receive_is_complete(receive))
            continue;
        if (strcmp(fr_receive_opening(receive)->name, opening->name) == 0) /* one that is closing is about to leave what it has received */
            return ADMIT_BUSY;
        busy_count += fr_receive_state(receive) != FR_RECEIVE_CLOSING;
    }
    return busy_count >= node->options.transfers_max || node->guest_count == node->guest_capacity ? ADMIT_FULL : ADMIT_NEW;
}

/* It is closing. */
static enum admission left_as(const struct fr_receive *receive) { return fr_receive_is_complete(receive) ? ADMIT_COMPLETE : ADMIT_ENDED; }

static void begin_receive(struct fr_node *node, struct fr_conn *conn, const struct fr_door *door) {
    struct fr_receive *receive;
    struct fr_failure lack = {0};
    const struct fr_room room = fr_room_needed(door->opening.chunk_bytes, door->roster.member_count);
    if (!fr_room_take(&node->rooms, &room, &lack)) {
        refuse_open(node, conn, door, FR_REFUSAL_LIMIT, lack.text);
        return;
    }
    const struct fr_receive_options options = {
        .loop = &node->loop,
        .store = node->store,
        .tls = node->tls,
        .key = fr_keys_verify_key(node->options.keys),
        .log = &node->options.log,
        .timing = node->timing,
        .opening = &door->opening,
        .roster = &door->roster,
        .on_settled = remember_ended,
        .on_gone = forget_receive,
        .user = node,
    };
    if (fr_receive_new(&options, &receive)) {
        fr_room_give_back(&node->rooms, &room);
        refuse_open(node, conn, door, FR_REFUSAL_LIMIT, "no memory");
        return;
    }
    node->guests[node->guest_count++] = (struct guest){receive, room};
    fr_receive_add_link(receive, conn, &door->open);
}

static bool is_verified(void *user, const struct fr_msg_open *open, const struct fr_opening *opening) {
    const struct fr_receive *receive = find_receive(user, opening->transfer_id);
    return receive && fr_receive_knows_open(receive, open);
}

/* Whoever runs a push again need not wait until the nodes of the first one have lost hope: of two pushes of one name the later counts, once
 * nobody feeds the earlier. It is told that this node is busy, and comes again in a moment. */
static void make_way(struct fr_node *node, const struct fr_opening *opening) {
    for (uint32_t i = 0; i < node->guest_count; i++) {
        struct fr_receive *receive = node->guests[i].receive;
        const struct fr_opening *other = fr_receive_opening(receive);
        if (strcmp(other->name, opening->name) == 0 && other->created_unix_ms < opening->created_unix_ms && fr_receive_is_orphaned(receive))
            fr_receive_stop(receive, "a later push of the same name is here");
    }
}

static void take_open(void *user, struct fr_conn *conn, const struct fr_door *door) {
    struct fr_node *node = user;
    char text[FR_REASON_BYTES_MAX + 1];
    struct fr_receive *receive = find_receive(node, door->opening.transfer_id);
    if (receive && fr_receive_state(receive) != FR_RECEIVE_CLOSING) {
        fr_receive_add_link(receive, conn, &door->open);
        return;
    }
    switch (receive ? left_as(receive) : admit(node, &door->opening)) {
    case ADMIT_NEW: begin_receive(node, conn, door); return;
    case ADMIT_BUSY:
        make_way(node, &door->opening);
        refuse_open(node, conn, door, FR_REFUSAL_BUSY, "another push of the same name is under way here: wait for its end");
        return;
    case ADMIT_FULL:
        snprintf(text, sizeof text, "%u transfers are under way here, as many as this node takes", node->guest_count);
        refuse_open(node, conn, door, FR_REFUSAL_LIMIT, text);
        return;
    case ADMIT_ENDED: fr_refuse(conn, FR_REFUSAL_ENDED, "this transfer has ended here"); return;
    case ADMIT_COMPLETE: fr_refuse(conn, FR_REFUSAL_COMPLETE, "this transfer has ended here, and the object is whole"); return;
    }
}

/* ------------------------------------------------------------------------------------------------------------- STATUS */

static void answer_status(void *user, struct fr_conn *conn) {
    struct fr_node *node = user;
    fr_time_ns now = uv_hrtime();
    struct fr_msg_status *status = fr_alloc_zeroed(1, sizeof *status);
    uint8_t *frame = fr_alloc(FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX);
    if (status && frame) {
        char agent[64];
        int length = snprintf(agent, sizeof agent, "fastreplica %s", fr_version());
        status->agent = (struct fr_text){.bytes = agent, .count = (uint32_t) length};
        status->uptime_ns = fr_time_since(now, node->began_at);
        status->store_free_bytes = fr_store_free_bytes(node->store);
        status->completed_count = node->completed_count;
        status->failed_count = node->failed_count;
        for (uint32_t i = 0; i < node->guest_count && status->transfer_count < FR_STATUS_TRANSFERS_MAX; i++)
            fr_receive_describe(node->guests[i].receive, now, &status->transfers[status->transfer_count++]);
        fr_conn_send(conn, frame, fr_status_encode(status, frame, FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX));
    }
    fr_free(status);
    fr_free(frame);
    fr_conn_close(conn);
}

/* ------------------------------------------------------------------------------------------------------------ life */

static void take_socket(void *user, int socket) {
    struct fr_node *node = user;
    fr_lobby_take(node->lobby, socket);
}

/* Everything that keeps the loop running is told to end; the loop does when it has. */
static void begin_stop(struct fr_node *node) {
    if (node->is_stopping)
        return;
    node->is_stopping = true;
    fr_listener_close(node->listener);
    fr_lobby_close(node->lobby);
    node->listener = NULL;
    node->lobby = NULL;
    fr_assert(node->guests || node->guest_count == 0);
    for (uint32_t i = 0; i < node->guest_count; i++)
        fr_receive_stop(node->guests[i].receive, "the node was told to stop");
}

static void take_stop(uv_async_t *async) {
    struct fr_node *node = async->data;
    if (!node->is_stopping)
        fr_journal_say(&node->journal, FR_LOG_INFO, "stopping", "transfers=%u", node->guest_count);
    begin_stop(node);
}

static int open_loop(struct fr_node *node, struct fr_failure *failure) {
    int rc = uv_loop_init(&node->loop);
    if (rc)
        return fr_failure_set(failure, FR_E_IO, -rc, "event loop");
    node->has_loop = true;
    rc = uv_async_init(&node->loop, &node->stop, take_stop);
    if (rc) {
        uv_loop_close(&node->loop);
        node->has_loop = false;
        return fr_failure_set(failure, FR_E_IO, -rc, "event loop");
    }
    node->stop.data = node;
    uv_unref((uv_handle_t *) &node->stop); /* the loop may end while it is there: stop may be called until the node is freed */
    return 0;
}

static int open_limits(struct fr_node *node, struct fr_failure *failure) {
    int rc = fr_limiter_new(&node->loop, node->options.up_rate_max, &node->limits.out);
    if (rc == 0 && node->options.down_rate_max)
        rc = fr_limiter_new(&node->loop, node->options.down_rate_max, &node->limits.in);
    return rc ? fr_failure_set(failure, rc, 0, "node: %s", fr_error_text(rc)) : 0;
}

static int open_lobby(struct fr_node *node, struct fr_failure *failure) {
    const struct fr_lobby_options options = {
        .loop = &node->loop,
        .tls = node->tls,
        .key = fr_keys_verify_key(node->options.keys),
        .key_bytes = fr_keys_origin_public(node->options.keys),
        .journal = &node->journal,
        .silence_timeout = node->timing.silence,
        .limits = node->limits,
        .on_open = take_open,
        .is_verified = is_verified,
        .on_status = answer_status,
        .user = node,
    };
    int rc = fr_lobby_new(&options, &node->lobby);
    return rc ? fr_failure_set(failure, rc, 0, "node: %s", fr_error_text(rc)) : 0;
}

static int check_options(const struct fr_node_options *options, struct fr_failure *failure) {
    if (!options->store || !options->store[0])
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "no store folder was given");
    if (!options->keys || !fr_keys_verify_key(options->keys))
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the keys were not loaded for a node: origin.pub is needed");
    if (options->transfers_max > TRANSFERS_CAP)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "at most %d transfers at once", TRANSFERS_CAP);
    return 0;
}

static int open_parts(struct fr_node *node, struct fr_failure *failure) {
    const struct fr_node_options *options = &node->options;
    int rc = fr_store_open(options->store, &node->store, failure);
    if (rc)
        return rc;
    node->tls = fr_tls_config_new(fr_keys_secret(options->keys), failure);
    if (!node->tls)
        return failure && failure->error ? failure->error : FR_E_MEMORY;
    fr_store_keep(node->store, (options->keep_partial + FR_SECOND - 1) / FR_SECOND); /* a little is not nothing */
    rc = open_loop(node, failure);
    if (rc == 0)
        rc = open_limits(node, failure);
    if (rc == 0)
        rc = open_lobby(node, failure);
    if (rc == 0)
        rc = fr_listener_open(&node->loop, options->listen ? options->listen : ":7420", take_socket, node, &node->listener, failure);
    return rc;
}

int fr_node_new(const struct fr_node_options *options, struct fr_node **ret_node, struct fr_failure *failure) {
    int rc = check_options(options, failure);
    if (rc)
        return rc;
    struct fr_node *node = fr_alloc_zeroed(1, sizeof *node);
    if (!node)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "node: %s", fr_error_text(FR_E_MEMORY));
    node->options = *options;
    if (node->options.transfers_max == 0)
        node->options.transfers_max = TRANSFERS_DEFAULT;
    node->timing = fr_timing_default;
    if (options->silence_timeout)
        node->timing.silence = options->silence_timeout;
    node->began_at = uv_hrtime();
    fr_room_open(&node->rooms, options->connections_max, options->memory_max);
    node->guest_capacity = ROOM_FACTOR * node->options.transfers_max;
    node->guests = fr_alloc_zeroed(node->guest_capacity, sizeof *node->guests);
    fr_journal_init(&node->journal, &node->options.log, NULL, node->began_at);
    if (node->guests)
        rc = open_parts(node, failure);
    else
        rc = FR_E_MEMORY;
    if (rc) {
        fr_failure_set(failure, rc, 0, "node: %s", fr_error_text(rc)); /* unless it is filled already */
        fr_node_free(node);
        return rc;
    }
    *ret_node = node;
    return 0;
}

int fr_node_run(struct fr_node *node, struct fr_failure *failure) {
    char store[FR_QUOTED_MAX];
    (void) failure; /* nothing that happens to a running node ends it but fr_node_stop */
    fr_journal_say(&node->journal, FR_LOG_INFO, "listening", "port=%u store=%s version=%s", fr_node_port(node),
                   fr_quote(fr_store_path(node->store), store), fr_version());
    uv_run(&node->loop, UV_RUN_DEFAULT);
    fr_journal_say(&node->journal, FR_LOG_INFO, "stopped", "complete=%llu failed=%llu", (unsigned long long) node->completed_count,
                   (unsigned long long) node->failed_count);
    return 0;
}

void fr_node_free(struct fr_node *node) {
    if (!node)
        return;
    if (node->has_loop) {
        begin_stop(node);
        uv_run(&node->loop, UV_RUN_DEFAULT);
        fr_limiter_close(node->limits.in);
        fr_limiter_close(node->limits.out);
        uv_close((uv_handle_t *) &node->stop, NULL);
        uv_run(&node->loop, UV_RUN_DEFAULT);
        int rc = uv_loop_close(&node->loop);
        fr_assert(rc == 0);
    }
    fr_assert(node->guest_count == 0);
    fr_tls_config_free(node->tls);
    fr_store_close(node->store);
    fr_free(node->guests);
    fr_free(node);
}
