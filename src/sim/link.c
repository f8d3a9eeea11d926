/* SPDX-License-Identifier: Apache-2.0 */
/* Links and their two ends: dialled, answered or not, filled, closed. */
#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "sim/parcel.h"

/* ---- lifetime */

void fr_sim_link_ref(struct fr_sim_link *link) { link->refs++; }

void fr_sim_link_unref(struct fr_sim_network *network, struct fr_sim_link *link) {
    fr_assert(link->refs > 0);
    if (--link->refs > 0)
        return;
    if (link->next != NULL)
        link->next->previous = link->previous;
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        network->all_links = link->next;
    for (int i = 0; i < 2; i++)
        fr_free(link->ends[i].control);
    fr_sim_pool_give(&network->links, link);
}

static struct fr_sim_link *make_link(struct fr_sim_port *dialler, struct fr_sim_port *accepter) {
    struct fr_sim_network *network = dialler->network;
    struct fr_sim_link *link = fr_sim_pool_take(&network->links);

    for (int i = 0; i < 2; i++) {
        link->ends[i].link = link;
        link->ends[i].other = &link->ends[1 - i];
        link->ends[i].port = i == 0 ? dialler : accepter;
    }
    link->next = network->all_links;
    if (link->next != NULL)
        link->next->previous = link;
    network->all_links = link;
    return link;
}

void fr_sim_end_attach(struct fr_sim_end *end) {
    struct fr_sim_port *port = end->port;

    fr_assert(!end->is_attached);
    end->is_attached = true;
    end->next_in_port = port->ends;
    if (port->ends != NULL)
        port->ends->previous_in_port = end;
    port->ends = end;
    fr_sim_link_ref(end->link);
}

void fr_sim_end_detach(struct fr_sim_end *end) {
    struct fr_sim_port *port = end->port;

    if (!end->is_attached)
        return;
    end->is_attached = false;
    if (end->next_in_port != NULL)
        end->next_in_port->previous_in_port = end->previous_in_port;
    if (end->previous_in_port != NULL)
        end->previous_in_port->next_in_port = end->next_in_port;
    else
        port->ends = end->next_in_port;
    end->next_in_port = end->previous_in_port = NULL;
    fr_sim_link_unref(port->network, end->link);
}

struct fr_sim_notice *fr_sim_notice_new(struct fr_sim_end *end, void (*happen)(struct fr_sim_event *event)) {
    struct fr_sim_notice *notice = fr_sim_pool_take(&end->port->network->notices);

    notice->event.happen = happen;
    notice->end = end;
    fr_sim_link_ref(end->link);
    return notice;
}

void fr_sim_notice_free(struct fr_sim_notice *notice) {
    struct fr_sim_network *network = notice->end->port->network;

    fr_sim_link_unref(network, notice->end->link);
    fr_sim_pool_give(&network->notices, notice);
}

/* ---- closing */

void fr_sim_end_drop_queues(struct fr_sim_end *end) {
    end->chunk_count = 0;
    end->control_bytes = 0;
}

void fr_sim_end_tell_closed(struct fr_sim_end *end, int error, const char *text) {
    struct fr_sim_network *network = end->port->network;
    struct fr_failure failure = {0};
    void *user = end->user;

    fr_assert(end->is_open);
    end->is_open = end->is_connecting = false;
    end->is_reset = true;
    end->user = NULL;
    fr_sim_end_drop_queues(end);
    fr_failure_set(&failure, error, 0, "%s", text);
    fr_sim_link_ref(end->link);
    fr_sim_end_detach(end);
    network->handlers->on_closed(user, &failure);
    fr_sim_link_unref(network, end->link);
}

void fr_sim_end_close(struct fr_sim_end *end) {
    fr_assert(end->is_open);
    end->is_open = false;
    end->user = NULL;
    end->chunk_count = 0;
    if (end->is_connecting) {
        if (end->other->is_attached)
            fr_sim_parcel_send_small(end, FR_SIM_PARCEL_RESET);
        end->is_connecting = false;
        end->is_reset = true;
        fr_sim_end_drop_queues(end);
        fr_sim_end_detach(end);
        return;
    }
    if (end->is_reset) { /* it has not heard of that yet */
        fr_sim_end_drop_queues(end);
        fr_sim_end_detach(end);
        return;
    }
    end->is_closing = true;
    fr_sim_uplink_wake(end);
}

bool fr_sim_end_is_hearing(const struct fr_sim_end *end) {
    const struct fr_sim_port *from = end->other->port;

    return end->is_receiving && !from->is_vanished && !fr_sim_network_is_cut(end->port->network, from->index, end->port->index);
}

/* ---- dialling */

/* The dialler's last handshake message is here. */
static void answer(struct fr_sim_event *event) {
    struct fr_sim_notice *notice = (struct fr_sim_notice *) event;
    struct fr_sim_end *dialler = notice->end, *end = dialler->other;
    struct fr_sim_port *port = end->port;
    struct fr_sim_network *network = port->network;
    bool is_cut = fr_sim_network_is_cut(network, dialler->port->index, port->index);

    if (fr_sim_port_defers(port, event))
        return;
    if (is_cut && dialler->is_open && dialler->is_connecting) {
        notice->tries++;
        fr_sim_clock_set(network->clock, network->clock->now + (FR_SECOND << notice->tries) / 2,
                         event); /* as TCP repeats its first segment */
        return;
    }
    if (dialler->is_open && dialler->is_connecting && !port->is_vanished) {
        if (port->is_dead) {
            fr_sim_parcel_send_small(end, FR_SIM_PARCEL_REFUSED);
        } else {
            end->is_open = true;
            fr_sim_end_attach(end);
            fr_sim_parcel_send_small(end, FR_SIM_PARCEL_READY);
            network->handlers->on_incoming(port->user, end);
        }
    }
    fr_sim_notice_free(notice);
}

static void give_up(struct fr_sim_event *event) {
    struct fr_sim_notice *notice = (struct fr_sim_notice *) event;
    struct fr_sim_end *end = notice->end;

    if (fr_sim_port_defers(end->port, event))
        return;
    if (end->is_open && end->is_connecting) {
        if (end->other->is_attached)
            fr_sim_parcel_send_small(end, FR_SIM_PARCEL_RESET);
        fr_sim_end_tell_closed(end, FR_E_TIMEOUT, "no answer");
    }
    fr_sim_notice_free(notice);
}

struct fr_sim_end *fr_sim_end_dial(struct fr_sim_port *port, uint32_t to, void *user) {
    struct fr_sim_network *network = port->network;
    struct fr_sim_end *end;
    fr_time_ns path;

    fr_assert(to < network->port_count);
    end = &make_link(port, &network->ports[to])->ends[0];
    end->user = user;
    end->is_open = end->is_connecting = true;
    fr_sim_end_attach(end);
    path = network->delay + port->delay + end->other->port->delay;
    /* TCP takes a round trip and TLS 1.3 another; the accepter is done half a round trip before the dialler hears of it. */
    fr_sim_clock_set(network->clock, network->clock->now + 3 * path, &fr_sim_notice_new(end, answer)->event);
    fr_sim_clock_set(network->clock, network->clock->now + network->handshake_timeout, &fr_sim_notice_new(end, give_up)->event);
    return end;
}

/* ---- sending */

static void grow_control(struct fr_sim_end *end, uint32_t bytes) {
    uint32_t capacity = end->control_capacity != 0 ? end->control_capacity : 128;
    uint8_t *grown;

    while (capacity < bytes)
        capacity *= 2;
    if (capacity == end->control_capacity)
        return;
    grown = fr_realloc(end->control, capacity, 1);
    fr_assert(grown != NULL);
    end->control = grown;
    end->control_capacity = capacity;
}

void fr_sim_end_send(struct fr_sim_end *end, const uint8_t *frame, uint32_t bytes) {
    fr_assert(end->is_open && bytes >= FR_FRAME_HEAD_BYTES);
    if (end->is_reset)
        return;
    grow_control(end, end->control_bytes + bytes);
    memcpy(end->control + end->control_bytes, frame, bytes);
    end->control_bytes += bytes;
    fr_sim_uplink_wake(end);
}

void fr_sim_end_send_chunk(struct fr_sim_end *end, fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt) {
    fr_assert(end->is_open && !end->is_connecting);
    fr_assert(end->chunk_count < FR_SIM_END_CHUNKS_MAX);
    if (end->is_reset)
        return;
    end->chunks[end->chunk_count++] = (struct fr_sim_chunk){chunk, chunk_size, is_corrupt, end->is_urgent};
    fr_sim_uplink_wake(end);
}
