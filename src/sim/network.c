/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, and what breaks them: killed, vanished, paused. Paths are in path.c, links that are reset in reset.c. */
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
    fr_sim_pool_init(&network->paths, sizeof(struct fr_sim_path));
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
    fr_sim_pool_done(&network->paths);
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

void fr_sim_port_revive(struct fr_sim_port *port) { port->is_dead = false; }

void fr_sim_port_pause(struct fr_sim_port *port) { port->is_paused = !port->is_dead; }

void fr_sim_port_resume(struct fr_sim_port *port) {
    port->is_paused = false;
    fr_sim_queue_release(&port->held, port->network->clock);
}
