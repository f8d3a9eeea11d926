/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, and what breaks them: killed, vanished, paused; paths that are cut and heal. */
#include "sim/network.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/parcel.h"

void fr_sim_network_init(struct fr_sim_network *network, uint32_t port_count, struct fr_sim_clock *clock, struct fr_prng *prng) {
    memset(network, 0, sizeof *network);
    network->clock = clock;
    network->prng = prng;
    network->port_count = port_count;
    network->handshake_timeout = 5 * FR_SECOND;
    network->ports = fr_sim_alloc(port_count, sizeof *network->ports);
    for (uint32_t i = 0; i < port_count; i++) {
        struct fr_sim_port *port = &network->ports[i];

        port->network = network;
        port->index = i;
        port->control.kind = FR_SIM_LANE_CONTROL;
        port->urgent.kind = FR_SIM_LANE_URGENT;
        port->chunks.kind = port->waiting.kind = FR_SIM_LANE_CHUNK;
    }
    fr_sim_pool_init(&network->parcels, sizeof(struct fr_sim_parcel));
    fr_sim_pool_init(&network->links, sizeof(struct fr_sim_link));
    fr_sim_pool_init(&network->notices, sizeof(struct fr_sim_notice));
}

void fr_sim_network_done(struct fr_sim_network *network) {
    for (struct fr_sim_parcel *parcel = network->all_parcels; parcel != NULL; parcel = parcel->next)
        fr_free(parcel->data);
    for (struct fr_sim_link *link = network->all_links; link != NULL; link = link->next) {
        fr_free(link->ends[0].control);
        fr_free(link->ends[1].control);
    }
    fr_sim_pool_done(&network->parcels);
    fr_sim_pool_done(&network->links);
    fr_sim_pool_done(&network->notices);
    fr_free(network->ports);
    network->ports = NULL;
}

bool fr_sim_port_defers(struct fr_sim_port *port, struct fr_sim_event *event) {
    if (!port->is_paused)
        return false;
    fr_sim_queue_push(&port->held, event);
    return true;
}

/* Its ends go without a word to their host: the process is no more. */
static void drop_end(struct fr_sim_end *end, bool is_reset) {
    if (is_reset && !end->is_reset && end->other->is_attached)
        fr_sim_parcel_send_small(end, FR_SIM_PARCEL_RESET);
    end->is_open = end->is_connecting = end->is_closing = false;
    end->is_reset = true;
    end->user = NULL;
    fr_sim_end_drop_queues(end);
    fr_sim_end_detach(end);
}

void fr_sim_port_kill(struct fr_sim_port *port, bool is_reset) {
    port->is_dead = true;
    port->is_vanished = port->is_vanished || !is_reset;
    port->is_paused = false;
    if (port->in_service != NULL && port->in_service->kind == FR_SIM_PARCEL_CHUNK)
        port->in_service->is_cut_short = true;
    while (port->ends != NULL)
        drop_end(port->ends, is_reset);
    fr_sim_queue_release(&port->held, port->network->clock);
}

void fr_sim_port_pause(struct fr_sim_port *port) { port->is_paused = !port->is_dead; }

void fr_sim_port_resume(struct fr_sim_port *port) {
    port->is_paused = false;
    fr_sim_queue_release(&port->held, port->network->clock);
}

struct fr_sim_cut *fr_sim_network_find_cut(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    for (uint32_t i = 0; i < network->cut_count; i++) {
        if (network->cuts[i].from == from && network->cuts[i].to == to)
            return &network->cuts[i];
    }
    return NULL;
}

void fr_sim_network_cut(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    if (fr_sim_network_find_cut(network, from, to) != NULL)
        return;
    fr_assert(network->cut_count < FR_SIM_CUTS_MAX);
    network->cuts[network->cut_count++] = (struct fr_sim_cut){.from = from, .to = to};
}

void fr_sim_network_heal(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    struct fr_sim_cut *cut = fr_sim_network_find_cut(network, from, to);
    struct fr_sim_port *port = &network->ports[from];

    if (cut == NULL)
        return;
    fr_sim_queue_release(&cut->held, network->clock);
    *cut = network->cuts[--network->cut_count];
    for (struct fr_sim_end *end = port->ends; end != NULL; end = end->next_in_port) {
        if (end->other->port->index == to)
            fr_sim_uplink_line_up(end);
    }
    if (port->ends != NULL)
        fr_sim_uplink_wake(port->ends);
}
