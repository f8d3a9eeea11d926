/* SPDX-License-Identifier: Apache-2.0 */
/* The frames that every role has: HELLO, ACCEPT, REFUSE, BYE, PING, PONG. From the first of them to the last a link is live. */
#include "core/state.h"

#include <stdio.h>

#include "core/door.h"

void fr_greeting_go_live(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_accept *accept) {
    link->state = FR_LINK_LIVE;
    fr_transfer_watch_link(transfer, link);
    if (link->dial)
        fr_dial_forgive(link->dial);
    fr_transfer_trace_link(transfer, FR_TRACE_LINK_UP, link, FR_CHUNK_NONE, 0, 0, NULL);
    if (link->role == FR_LINK_CHILD)
        fr_feed_on_live(transfer, link, accept);
    else if (link->role == FR_LINK_ADOPTER || link->role == FR_LINK_ADOPTEE)
        fr_adopt_on_live(transfer, link);
    else
        fr_member_on_live(transfer, link);
}

void fr_greeting_bad_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type) {
    char why[80];

    snprintf(why, sizeof(why), "sent a %s frame that makes no sense", fr_frame_name(type));
    if (link->role == FR_LINK_CHILD)
        fr_transfer_trace_link(transfer, FR_TRACE_FAULT, link, FR_CHUNK_NONE, 0, FR_E_PROTOCOL, why);
    else
        fr_member_report_link(transfer, link, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
}

static void on_hello(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_hello hello;
    char why[FR_REASON_BYTES_MAX + 1];

    if (link->has_hello || fr_hello_decode(body, bytes, &hello)) {
        fr_greeting_bad_frame(transfer, link, FR_FRAME_HELLO);
        return;
    }
    link->has_hello = true;
    if (fr_door_check_hello(&hello, why, sizeof(why)))
        fr_transfer_drop_link(transfer, link, FR_E_VERSION, why);
}

static void on_accept(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_accept accept;

    if (link->state != FR_LINK_OPENING || !link->has_hello || fr_accept_decode(body, bytes, &accept)) {
        fr_greeting_bad_frame(transfer, link, FR_FRAME_ACCEPT);
        return;
    }
    link->is_holding = accept.is_holding;
    link->pages_known = accept.pages_known;
    fr_greeting_go_live(transfer, link, &accept);
}

/* A refused peer link is tried again only where time may help. */
static void on_refuse(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_reason reason;
    struct fr_failure failure = {.error = FR_E_REFUSED};
    struct fr_dial *dial = link->dial;
    bool is_child = link->role == FR_LINK_CHILD, is_busy;

    if (link->state != FR_LINK_OPENING || fr_reason_decode(body, bytes, &reason)) {
        fr_greeting_bad_frame(transfer, link, FR_FRAME_REFUSE);
        return;
    }
    snprintf(failure.text, sizeof(failure.text), "refused (%s): %.*s", fr_refusal_name(reason.code), (int) reason.text.count,
             reason.text.bytes);
    is_busy = reason.code == FR_REFUSAL_BUSY; /* with an earlier push of this name: it is tried again, as one that does not answer */
    if (is_child && !is_busy)
        fr_feed_on_refused(transfer, link, &reason);
    fr_say_close(transfer, link);
    fr_transfer_link_gone(transfer, link, &failure, is_child && !is_busy);
    if (!is_child && dial && !is_busy)
        fr_dial_settle(dial);
}

static void on_bye(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_reason reason;
    struct fr_failure failure = {.error = FR_E_CLOSED};
    bool is_from_above = link->role == FR_LINK_UPSTREAM;

    if (fr_reason_decode(body, bytes, &reason)) {
        fr_greeting_bad_frame(transfer, link, FR_FRAME_BYE);
        return;
    }
    snprintf(failure.text, sizeof(failure.text), "%.*s", (int) reason.text.count, reason.text.bytes);
    if (reason.code != FR_GOODBYE_OVER) /* it goes on, and will have no more of us */
        failure.error = FR_E_REFUSED;
    fr_say_close(transfer, link);
    fr_transfer_link_gone(transfer, link, &failure, reason.code == FR_GOODBYE_OVER);
    if (reason.code == FR_GOODBYE_ALONE && is_from_above)
        fr_finish_on_abandoned(transfer);
}

/* true: the frame was of a kind that needs no role. */
bool fr_greeting_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body,
                          uint32_t bytes) {
    if (type == FR_FRAME_HELLO)
        on_hello(transfer, link, body, bytes);
    else if (type == FR_FRAME_ACCEPT)
        on_accept(transfer, link, body, bytes);
    else if (type == FR_FRAME_REFUSE)
        on_refuse(transfer, link, body, bytes);
    else if (type == FR_FRAME_BYE)
        on_bye(transfer, link, body, bytes);
    else if (type == FR_FRAME_PING && bytes == 0)
        fr_say_empty(transfer, link, FR_FRAME_PONG);
    else if (type == FR_FRAME_PONG && bytes == 0)
        return true;
    else if (!fr_link_is_live(link))
        fr_greeting_bad_frame(transfer, link, type);
    else
        return false;
    return true;
}
