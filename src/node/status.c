/* SPDX-License-Identifier: Apache-2.0 */
/* Asking nodes what they are doing: HELLO and STATUS_ASK to each, some at a time, on one loop with one deadline. */
#include <fastreplica/node.h>

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"
#include "core/door.h"
#include "net/conn.h"
#include "node/keys.h"

enum { ASKED_AT_ONCE = 64, TIMEOUT_DEFAULT_SECONDS = 5 };

struct inquiry;

/* One node being asked. */
struct question {
    struct inquiry *inquiry;
    struct fr_conn *conn; /* NULL: not asked yet, or settled */
    struct fr_node_status *status;
    bool has_hello;
};

struct inquiry {
    uv_loop_t loop;
    uv_timer_t deadline;
    struct fr_conn_options conn_options;
    fr_time_ns ends_at;
    uint32_t count, next, open_count; /* questions in all; the first not asked; under way */
    struct question *questions;
};

static void ask_more(struct inquiry *inquiry);

/* Its answer, or why there is none, is known. */
static void settle(struct question *question) {
    struct inquiry *inquiry = question->inquiry;
    question->conn = NULL;
    inquiry->open_count--;
    ask_more(inquiry);
}

static void give_up(struct question *question, int error, const char *why) {
    fr_failure_set(&question->status->failure, error, 0, "%s: %s", question->status->address, why);
    fr_conn_close(question->conn);
    settle(question);
}

static char *copy_text(struct fr_text text) {
    char *copy = fr_alloc((size_t) text.count + 1);
    if (copy) {
        memcpy(copy, text.bytes, text.count);
        copy[text.count] = 0;
    }
    return copy;
}

static const char *name_state(uint8_t state) { return state == 0 ? "receiving" : state == 1 ? "complete" : "failed"; }

static int copy_items(struct fr_node_status *status, const struct fr_msg_status *message) {
    if (message->transfer_count == 0)
        return 0;
    status->items = fr_alloc_zeroed(message->transfer_count, sizeof *status->items);
    if (!status->items)
        return FR_E_MEMORY;
    for (uint32_t i = 0; i < message->transfer_count; i++) {
        const struct fr_status_transfer *transfer = &message->transfers[i];
        struct fr_status_item *item = &status->items[i];
        item->name = copy_text(transfer->name);
        if (!item->name)
            return FR_E_MEMORY;
        status->item_count++;
        fr_text_hex(transfer->transfer_id, FR_TRANSFER_ID_BYTES, item->id);
        item->state = name_state(transfer->state);
        item->bytes_have = transfer->bytes_have;
        item->object_bytes = transfer->object_bytes;
        item->seconds = (double) transfer->elapsed_ns / (double) FR_SECOND;
    }
    return 0;
}

static int copy_answer(struct fr_node_status *status, const struct fr_msg_status *message) {
    status->agent = copy_text(message->agent);
    if (!status->agent || copy_items(status, message))
        return FR_E_MEMORY;
    status->uptime_seconds = (double) message->uptime_ns / (double) FR_SECOND;
    status->store_free_bytes = message->store_free_bytes;
    status->completed_count = message->completed_count;
    status->failed_count = message->failed_count;
    status->is_up = true;
    return 0;
}

static void take_hello(struct question *question, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_hello hello;
    char why[FR_REASON_BYTES_MAX + 1];
    if (question->has_hello || fr_hello_decode(body, bytes, &hello))
        give_up(question, FR_E_PROTOCOL, "it does not speak this protocol");
    else if (fr_door_check_hello(&hello, why, sizeof why))
        give_up(question, FR_E_VERSION, why);
    else
        question->has_hello = true;
}

static void take_status(struct question *question, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_status *message = fr_alloc_zeroed(1, sizeof *message);
    int rc = FR_E_MEMORY;
    if (message)
        rc = fr_status_decode(body, bytes, message);
    if (rc == 0)
        rc = copy_answer(question->status, message);
    fr_free(message);
    if (rc) {
        give_up(question, rc, fr_error_text(rc));
        return;
    }
    fr_conn_close(question->conn);
    settle(question);
}

static void take_refusal(struct question *question, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_reason reason;
    char why[FR_REASON_BYTES_MAX + 1] = "it refused to answer";
    if (fr_reason_decode(body, bytes, &reason) == 0 && reason.text.count > 0 && reason.text.count < sizeof why) {
        memcpy(why, reason.text.bytes, reason.text.count);
        why[reason.text.count] = 0;
    }
    give_up(question, FR_E_REFUSED, why);
}

static void on_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct question *question = user;
    (void) conn;
    if (type == FR_FRAME_HELLO)
        take_hello(question, body, bytes);
    else if (type == FR_FRAME_REFUSE)
        take_refusal(question, body, bytes);
    else if (type == FR_FRAME_STATUS && question->has_hello)
        take_status(question, body, bytes);
    else
        give_up(question, FR_E_PROTOCOL, "it answered something else than was asked");
}

static void on_ready(struct fr_conn *conn, void *user) {
    uint8_t frame[128];
    (void) user;
    fr_conn_send(conn, frame, fr_door_hello(frame, sizeof frame));
    fr_conn_send(conn, frame, fr_empty_encode(FR_FRAME_STATUS_ASK, frame, sizeof frame));
}

static struct fr_buffer *on_chunk_begin(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    (void) conn;
    (void) chunk;
    (void) chunk_size;
    give_up(user, FR_E_PROTOCOL, "it answered something else than was asked");
    return NULL;
}

static void on_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    struct question *question = user;
    (void) conn;
    question->status->failure = *failure;
    settle(question);
}

static const struct fr_conn_handlers question_handlers = {
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_chunk_begin = on_chunk_begin,
    .on_closed = on_closed,
};

static void ask(struct question *question) {
    struct inquiry *inquiry = question->inquiry;
    fr_time_ns left = fr_time_since(inquiry->ends_at, uv_hrtime());
    struct fr_conn_options options = inquiry->conn_options;
    options.handshake_timeout = left > FR_MS ? left : FR_MS;
    int rc = fr_conn_dial(&options, question->status->address, &question_handlers, question, &question->conn);
    if (rc) {
        question->conn = NULL;
        fr_failure_set(&question->status->failure, rc, 0, "%s: %s", question->status->address, fr_error_text(rc));
        return;
    }
    inquiry->open_count++;
}

static void ask_more(struct inquiry *inquiry) {
    while (inquiry->open_count < ASKED_AT_ONCE && inquiry->next < inquiry->count)
        ask(&inquiry->questions[inquiry->next++]);
    if (inquiry->open_count == 0)
        uv_timer_stop(&inquiry->deadline); /* all are settled: the loop ends */
}

static void give_all_up(uv_timer_t *timer) {
    struct inquiry *inquiry = timer->data;
    inquiry->next = inquiry->count;
    for (uint32_t i = 0; i < inquiry->count; i++) {
        struct question *question = &inquiry->questions[i];
        if (question->conn)
            give_up(question, FR_E_TIMEOUT, "no answer in time");
        else if (!question->status->is_up && !question->status->failure.error)
            fr_failure_set(&question->status->failure, FR_E_TIMEOUT, 0, "%s: it was not its turn in time", question->status->address);
    }
}

static int run_inquiry(struct inquiry *inquiry, const struct fr_nodes *nodes, struct fr_node_status *statuses, fr_time_ns timeout,
                       struct fr_failure *failure) {
    int rc = uv_loop_init(&inquiry->loop);
    if (rc)
        return fr_failure_set(failure, FR_E_IO, -rc, "event loop");
    inquiry->conn_options.loop = &inquiry->loop;
    inquiry->count = nodes->count;
    inquiry->ends_at = uv_hrtime() + timeout;
    for (uint32_t i = 0; i < nodes->count; i++)
        inquiry->questions[i] = (struct question){.inquiry = inquiry, .status = &statuses[i]};
    uv_timer_init(&inquiry->loop, &inquiry->deadline);
    inquiry->deadline.data = inquiry;
    uv_timer_start(&inquiry->deadline, give_all_up, timeout / FR_MS + 1, 0);
    ask_more(inquiry);
    uv_run(&inquiry->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *) &inquiry->deadline, NULL);
    uv_run(&inquiry->loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&inquiry->loop);
    fr_assert(rc == 0);
    return 0;
}

int fr_status_ask(const struct fr_nodes *nodes, const struct fr_keys *keys, fr_time_ns timeout, struct fr_node_status **ret_statuses,
                  struct fr_failure *failure) {
    struct inquiry inquiry = {0};
    struct fr_node_status *statuses = fr_alloc_zeroed(nodes->count, sizeof *statuses);
    int rc;
    inquiry.questions = fr_alloc_zeroed(nodes->count, sizeof *inquiry.questions);
    if (!statuses || !inquiry.questions) {
        rc = fr_failure_set(failure, FR_E_MEMORY, 0, "status: %s", fr_error_text(FR_E_MEMORY));
        goto out;
    }
    for (uint32_t i = 0; i < nodes->count; i++)
        statuses[i].address = nodes->specs[i].address;
    inquiry.conn_options.tls = fr_tls_config_new(fr_keys_secret(keys), failure);
    rc = FR_E_MEMORY;
    if (inquiry.conn_options.tls)
        rc = run_inquiry(&inquiry, nodes, statuses, timeout ? timeout : TIMEOUT_DEFAULT_SECONDS * FR_SECOND, failure);
    else if (failure && failure->error)
        rc = failure->error;
out:
    fr_tls_config_free(inquiry.conn_options.tls);
    fr_free(inquiry.questions);
    if (rc) {
        fr_status_free(statuses, nodes->count);
        return rc;
    }
    *ret_statuses = statuses;
    return 0;
}

void fr_status_free(struct fr_node_status *statuses, uint32_t count) {
    for (uint32_t i = 0; statuses && i < count; i++) {
        for (uint32_t k = 0; k < statuses[i].item_count; k++)
            fr_free(statuses[i].items[k].name);
        fr_free(statuses[i].items);
        fr_free(statuses[i].agent);
    }
    fr_free(statuses);
}
