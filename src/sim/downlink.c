/* SPDX-License-Identifier: Apache-2.0 */
/* A parcel's journey once it left: along the path, through the receiver's downlink, into its process. */
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/parcel.h"

struct fr_sim_parcel *fr_sim_parcel_new(struct fr_sim_end *from, enum fr_sim_parcel_kind kind) {
    struct fr_sim_network *network = from->port->network;
    struct fr_sim_parcel *parcel = fr_sim_pool_take(&network->parcels);

    parcel->from = from;
    parcel->to = from->other;
    parcel->kind = kind;
    parcel->number = parcel->to->coming_count++;
    parcel->next = network->all_parcels;
    if (parcel->next != NULL)
        parcel->next->previous = parcel;
    network->all_parcels = parcel;
    fr_sim_link_ref(from->link);
    return parcel;
}

static void leave_queue(struct fr_sim_parcel *parcel) {
    struct fr_sim_port *port = parcel->to->port;
    struct fr_sim_lane waiting = port->waiting;
    struct fr_sim_end *end;

    if (parcel->kind != FR_SIM_PARCEL_CHUNK || parcel->is_out_of_queue)
        return;
    parcel->is_out_of_queue = true;
    fr_assert(port->inbound_bytes >= parcel->chunk_size);
    port->inbound_bytes -= parcel->chunk_size;
    port->waiting.first = port->waiting.last = NULL;
    while ((end = fr_sim_lane_pop(&waiting)) != NULL) {
        fr_sim_uplink_wake(end);
        fr_sim_link_unref(port->network, end->link);
    }
}

void fr_sim_parcel_free(struct fr_sim_parcel *parcel) {
    struct fr_sim_network *network = parcel->to->port->network;

    leave_queue(parcel);
    if (parcel->is_begun)
        parcel->to->is_receiving = false;
    fr_assert(parcel->to->gone_count < parcel->to->coming_count);
    parcel->to->gone_count++;
    if (parcel->next != NULL)
        parcel->next->previous = parcel->previous;
    if (parcel->previous != NULL)
        parcel->previous->next = parcel->next;
    else
        network->all_parcels = parcel->next;
    fr_free(parcel->data);
    fr_sim_link_unref(network, parcel->to->link);
    fr_sim_pool_give(&network->parcels, parcel);
}

/* ---- into the process */

static void deliver_frame(struct fr_sim_end *end, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct fr_sim_network *network = end->port->network;

    network->frame_count++;
    network->handlers->on_frame(end->user, type, body, bytes);
}

/* Whole frames as their senders made them: our own encoders are trusted to write sane heads. Of a link that was reset the last may be cut
 * short. */
static void deliver_frames(struct fr_sim_end *end, const uint8_t *data, uint32_t bytes) {
    while (end->is_open && bytes >= FR_FRAME_HEAD_BYTES) {
        uint32_t body_bytes = (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];

        if (bytes - FR_FRAME_HEAD_BYTES < body_bytes)
            break;
        deliver_frame(end, (enum fr_frame_type) data[0], data + FR_FRAME_HEAD_BYTES, body_bytes);
        data += FR_FRAME_HEAD_BYTES + body_bytes;
        bytes -= FR_FRAME_HEAD_BYTES + body_bytes;
    }
    fr_assert(!end->is_open || bytes == 0 || end->is_reset);
}

/* The same bytes through the real reader, in pieces cut anywhere. */
static void deliver_pieces(struct fr_sim_end *end, const uint8_t *data, uint32_t bytes) {
    struct fr_sim_network *network = end->port->network;
    struct fr_reader *reader = &network->reader;

    fr_reader_init(reader);
    while (end->is_open && bytes > 0) {
        size_t piece = 1 + (size_t) fr_prng_below(network->prng, network->piece_bytes_max);
        uint8_t *at;
        size_t room;
        enum fr_reader_event event;

        fr_reader_space(reader, &at, &room);
        fr_assert(room > 0);
        piece = piece < room ? piece : room;
        piece = piece < bytes ? piece : bytes;
        memcpy(at, data, piece);
        data += piece;
        bytes -= (uint32_t) piece;
        event = fr_reader_advance(reader, piece);
        fr_assert(event == FR_READER_MORE || event == FR_READER_FRAME);
        if (event == FR_READER_FRAME)
            deliver_frame(end, reader->type, reader->body, reader->body_bytes);
    }
    fr_reader_done(reader);
}

static void begin_chunk(struct fr_sim_parcel *parcel) {
    struct fr_sim_end *end = parcel->to;

    parcel->is_begun = end->is_receiving = true;
    parcel->is_unwanted = !end->port->network->handlers->on_chunk_begin(end->user, parcel->chunk, parcel->chunk_size);
}

static void deliver_chunk(struct fr_sim_parcel *parcel) {
    struct fr_sim_end *end = parcel->to;

    if (!parcel->is_begun)
        begin_chunk(parcel);
    if (end->is_open && !parcel->is_unwanted && !parcel->is_cut_short)
        end->port->network->handlers->on_chunk(end->user, parcel->chunk, parcel->chunk_size, parcel->is_corrupt);
}

static void deliver_ready(struct fr_sim_end *end) {
    if (!end->is_connecting)
        return;
    end->is_connecting = false;
    end->port->network->handlers->on_ready(end->user);
}

static void deliver(struct fr_sim_event *event) {
    struct fr_sim_parcel *parcel = (struct fr_sim_parcel *) event;
    struct fr_sim_end *end = parcel->to;

    if (fr_sim_port_defers(end->port, event))
        return;
    leave_queue(parcel);
    if (end->is_open && !parcel->is_lost) {
        switch (parcel->kind) {
        case FR_SIM_PARCEL_CONTROL:
            if (end->port->network->piece_bytes_max > 0)
                deliver_pieces(end, parcel->data, parcel->bytes);
            else
                deliver_frames(end, parcel->data, parcel->bytes);
            break;
        case FR_SIM_PARCEL_CHUNK: deliver_chunk(parcel); break;
        case FR_SIM_PARCEL_READY: deliver_ready(end); break;
        case FR_SIM_PARCEL_REFUSED: fr_sim_end_tell_closed(end, FR_E_UNREACHABLE, "connection refused"); break;
        case FR_SIM_PARCEL_GOODBYE: fr_sim_end_tell_closed(end, FR_E_CLOSED, "closed by the other side"); break;
        case FR_SIM_PARCEL_RESET: fr_sim_end_tell_closed(end, FR_E_CLOSED, "connection reset by the other side"); break;
        }
    }
    fr_sim_parcel_free(parcel);
}

/* ---- along the path and through the downlink */

/* Its last byte is at the receiver's downlink. Bits were let through as they came where the downlink was free; so a parcel is
 * through at once unless others are before it or the downlink is slower than the sender's uplink. */
static void arrive(struct fr_sim_event *event) {
    struct fr_sim_parcel *parcel = (struct fr_sim_parcel *) event;
    struct fr_sim_port *port = parcel->to->port;
    struct fr_sim_network *network = port->network;
    struct fr_sim_path *path = fr_sim_network_find_path(network, parcel->from->port->index, port->index);
    fr_time_ns now = network->clock->now;
    fr_time_ns through_at;

    if (path != NULL && path->cut_count > 0) {
        leave_queue(parcel); /* it fills no downlink while it is lost */
        fr_sim_queue_push(&path->held, event);
        return;
    }
    if (port->is_vanished) {
        fr_sim_parcel_free(parcel);
        return;
    }
    through_at = fr_time_max(fr_time_since(now, parcel->airtime), port->downlink_free_at);
    through_at += fr_sim_airtime_until(parcel->bytes, port->down_rate, through_at, port->slow_until, port->usual_down_rate);
    through_at = fr_time_max(through_at, now);
    port->downlink_free_at = through_at;
    event->happen = deliver;
    if (through_at == now)
        deliver(event);
    else
        fr_sim_clock_set(network->clock, through_at, event);
}

/* Its first byte is there. Told to the process at once, unless earlier parcels of the link are still in the downlink or nobody can
 * hear it now: then just before the chunk itself. */
static void arrive_head(struct fr_sim_event *event) {
    struct fr_sim_parcel *parcel = (struct fr_sim_parcel *) event;
    struct fr_sim_end *end = parcel->to;
    struct fr_sim_port *port = end->port;
    struct fr_sim_network *network = port->network;
    bool is_first = parcel->number == end->gone_count;

    if (end->is_open && is_first && !parcel->is_lost && !port->is_paused && !port->is_vanished &&
        !fr_sim_network_is_cut(network, parcel->from->port->index, port->index))
        begin_chunk(parcel);
    event->happen = arrive;
    fr_sim_clock_set(network->clock, network->clock->now + parcel->airtime, event);
}

void fr_sim_parcel_depart(struct fr_sim_parcel *parcel) {
    struct fr_sim_end *from = parcel->from;
    struct fr_sim_network *network = from->port->network;
    fr_time_ns first_at = network->clock->now + network->delay + from->port->delay + parcel->to->port->delay;

    if (network->jitter > 0)
        first_at += fr_prng_below(network->prng, network->jitter + 1);
    first_at = fr_time_max(first_at, from->last_arrival_at);
    from->last_arrival_at = first_at + parcel->airtime;
    if (parcel->kind == FR_SIM_PARCEL_CHUNK) {
        parcel->event.happen = arrive_head;
        fr_sim_clock_set(network->clock, first_at, &parcel->event);
    } else {
        parcel->event.happen = arrive;
        fr_sim_clock_set(network->clock, first_at + parcel->airtime, &parcel->event);
    }
}

void fr_sim_parcel_send_small(struct fr_sim_end *from, enum fr_sim_parcel_kind kind) {
    fr_sim_parcel_depart(fr_sim_parcel_new(from, kind));
}
