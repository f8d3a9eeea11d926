/* SPDX-License-Identifier: Apache-2.0 */
/* A port's way out: whose turn it is, and how long it takes. Control bytes go first, all that an end has in one parcel; chunks
 * one at a time, ends in turn. */
#include "sim/parcel.h"

#include "base/check.h"
#include "base/memory.h"

enum { DOWNLINK_BUSY_SECONDS = 2 };

/* Of an end that has chunks: its next one decides, for they leave in order. */
static struct fr_sim_lane *chunk_lane(const struct fr_sim_end *end) {
    return end->chunks[0].is_urgent ? &end->port->urgent : &end->port->chunks;
}

void fr_sim_lane_push(struct fr_sim_lane *lane, struct fr_sim_end *end) {
    enum fr_sim_lane_kind kind = lane->kind;

    if (end->is_in_lane[kind])
        return;
    fr_sim_link_ref(end->link);
    end->is_in_lane[kind] = true;
    end->next_in_lane[kind] = NULL;
    if (lane->last != NULL)
        lane->last->next_in_lane[kind] = end;
    else
        lane->first = end;
    lane->last = end;
}

struct fr_sim_end *fr_sim_lane_pop(struct fr_sim_lane *lane) {
    struct fr_sim_end *end = lane->first;

    if (end == NULL)
        return NULL;
    lane->first = end->next_in_lane[lane->kind];
    if (lane->first == NULL)
        lane->last = NULL;
    end->is_in_lane[lane->kind] = false;
    return end;
}

/* The path takes nothing: what is queued stays queued until fr_sim_network_heal wakes it, or for good. */
static bool is_stalled(const struct fr_sim_end *end) {
    const struct fr_sim_port *to = end->other->port;

    return to->is_vanished || fr_sim_network_is_cut(end->port->network, end->port->index, to->index);
}

/* What may be under way to a downlink: what its queue holds, and never so much that it is busy for long with it. Real senders share a link
 * by packets and back off long before. */
static bool admits(const struct fr_sim_port *to, uint32_t bytes) {
    uint64_t busy_bytes = to->down_rate * DOWNLINK_BUSY_SECONDS;
    uint64_t limit = to->downlink_queue_bytes != 0 ? to->downlink_queue_bytes : UINT64_MAX;

    if (to->down_rate != 0 && busy_bytes < limit)
        limit = busy_bytes;
    return to->inbound_bytes == 0 || to->inbound_bytes + bytes <= limit;
}

static struct fr_sim_parcel *take_control(struct fr_sim_end *end) {
    struct fr_sim_parcel *parcel;

    if (end->is_reset || is_stalled(end))
        return NULL;
    if (end->control_bytes > 0) {
        parcel = fr_sim_parcel_new(end, FR_SIM_PARCEL_CONTROL);
        parcel->data = end->control;
        parcel->bytes = end->control_bytes;
        end->control = NULL;
        end->control_bytes = end->control_capacity = 0;
        if (end->is_closing)
            fr_sim_lane_push(&end->port->control, end); /* the goodbye follows */
        return parcel;
    }
    if (!end->is_closing)
        return NULL;
    end->is_reset = true;
    parcel = fr_sim_parcel_new(end, FR_SIM_PARCEL_GOODBYE);
    fr_sim_end_detach(end);
    return parcel;
}

static struct fr_sim_parcel *take_chunk(struct fr_sim_end *end) {
    struct fr_sim_port *to = end->other->port;
    struct fr_sim_chunk *next = &end->chunks[0];
    struct fr_sim_parcel *parcel;

    if (end->is_reset || end->chunk_count == 0 || is_stalled(end) || fr_sim_path_is_full(end))
        return NULL;
    if (!admits(to, next->chunk_size)) {
        fr_sim_lane_push(&to->waiting, end);
        return NULL;
    }
    parcel = fr_sim_parcel_new(end, FR_SIM_PARCEL_CHUNK);
    parcel->chunk = next->chunk;
    parcel->chunk_size = next->chunk_size;
    parcel->is_corrupt = next->is_corrupt;
    parcel->bytes = FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES + next->chunk_size;
    to->inbound_bytes += next->chunk_size;
    end->chunk_count--;
    for (uint32_t i = 0; i < end->chunk_count; i++)
        end->chunks[i] = end->chunks[i + 1];
    if (end->chunk_count > 0)
        fr_sim_lane_push(chunk_lane(end), end);
    return parcel;
}

static struct fr_sim_parcel *take_next(struct fr_sim_port *port) {
    struct fr_sim_network *network = port->network;
    struct fr_sim_parcel *parcel = NULL;
    struct fr_sim_end *end;

    while (parcel == NULL && (end = fr_sim_lane_pop(&port->control)) != NULL) {
        parcel = take_control(end);
        fr_sim_link_unref(network, end->link);
    }
    while (parcel == NULL && (end = fr_sim_lane_pop(&port->urgent)) != NULL) {
        parcel = take_chunk(end);
        fr_sim_link_unref(network, end->link);
    }
    while (parcel == NULL && (end = fr_sim_lane_pop(&port->chunks)) != NULL) {
        parcel = take_chunk(end);
        fr_sim_link_unref(network, end->link);
    }
    return parcel;
}

static void serve(struct fr_sim_port *port);

static void tell_sent(struct fr_sim_end *end, fr_chunk_index chunk) {
    if (end->is_open)
        end->port->network->handlers->on_chunk_sent(end->user, chunk);
}

/* A paused process hears of it when it goes on. */
static void tell_sent_late(struct fr_sim_event *event) {
    struct fr_sim_notice *notice = (struct fr_sim_notice *) event;

    if (fr_sim_port_defers(notice->end->port, event))
        return;
    tell_sent(notice->end, notice->chunk);
    fr_sim_notice_free(notice);
}

static void finish_chunk(struct fr_sim_end *end, fr_chunk_index chunk) {
    if (end->port->is_paused) {
        struct fr_sim_notice *notice = fr_sim_notice_new(end, tell_sent_late);

        notice->chunk = chunk;
        fr_sim_queue_push(&end->port->held, &notice->event);
    } else {
        tell_sent(end, chunk);
    }
}

static void on_uplink_free(struct fr_sim_event *event) {
    struct fr_sim_port *port = (struct fr_sim_port *) event;
    struct fr_sim_end *end = port->served_end;
    fr_chunk_index chunk = port->served_chunk;

    port->served_end = NULL;
    port->in_service = NULL;
    port->is_busy = false;
    if (end != NULL) {
        finish_chunk(end, chunk);
        fr_sim_link_unref(port->network, end->link);
    }
    serve(port);
}

static void serve(struct fr_sim_port *port) {
    struct fr_sim_parcel *parcel;

    if (port->is_busy || port->is_vanished)
        return;
    parcel = take_next(port);
    if (parcel == NULL)
        return;
    port->is_busy = true;
    port->in_service = parcel;
    parcel->airtime = fr_sim_airtime_until(parcel->bytes, port->up_rate, port->network->clock->now, port->slow_until, port->usual_up_rate);
    if (parcel->kind == FR_SIM_PARCEL_CHUNK) {
        port->served_end = parcel->from;
        port->served_chunk = parcel->chunk;
        fr_sim_link_ref(parcel->from->link);
        port->chunk_bytes_out += parcel->chunk_size;
    } else {
        port->control_bytes_out += parcel->bytes;
    }
    port->uplink_event.happen = on_uplink_free;
    fr_sim_clock_set(port->network->clock, port->network->clock->now + parcel->airtime, &port->uplink_event);
    parcel->airtime = fr_sim_path_take(parcel->from, parcel->bytes, parcel->airtime);
    fr_sim_parcel_depart(parcel);
}

void fr_sim_uplink_line_up(struct fr_sim_end *end) {
    struct fr_sim_port *port = end->port;

    if (end->is_reset || end->is_connecting)
        return;
    if (end->control_bytes > 0 || end->is_closing)
        fr_sim_lane_push(&port->control, end);
    /* An end that waits for its receiver's downlink is in that lane, and in no other of its kind. */
    if (end->chunk_count > 0)
        fr_sim_lane_push(chunk_lane(end), end);
}

void fr_sim_uplink_wake(struct fr_sim_end *end) {
    fr_sim_uplink_line_up(end);
    serve(end->port);
}
