/* SPDX-License-Identifier: Apache-2.0 */
/* A link that is reset between two processes that live, as by a middle box or a cable: at any byte of what is under way. */
#include "sim/parcel.h"

/* What is under way to this end comes to a point, and no further. */
static void lose_rest(struct fr_sim_network *network, const struct fr_sim_end *end) {
    uint32_t under_way = end->coming_count - end->gone_count;
    uint32_t last = end->gone_count + (uint32_t) fr_prng_below(network->prng, (uint64_t) under_way + 1);

    for (struct fr_sim_parcel *parcel = network->all_parcels; parcel != NULL; parcel = parcel->next) {
        if (parcel->to != end || parcel->number < last)
            continue;
        parcel->is_lost = parcel->number > last || parcel->kind != FR_SIM_PARCEL_CONTROL;
        if (!parcel->is_lost)
            parcel->bytes = (uint32_t) fr_prng_below(network->prng, parcel->bytes);
    }
}

static void break_end(struct fr_sim_end *end) {
    lose_rest(end->port->network, end->other);
    fr_sim_parcel_send_small(end, FR_SIM_PARCEL_RESET);
    end->is_reset = true;
    fr_sim_end_drop_queues(end);
}

bool fr_sim_port_reset(struct fr_sim_port *port, uint32_t to) {
    struct fr_sim_end *end = port->ends;

    while (end != NULL &&
           (end->other->port->index != to || end->is_reset || end->is_connecting || !end->other->is_attached || end->other->is_connecting ||
            end->other->is_reset))
        end = end->next_in_port;
    if (end == NULL)
        return false;
    break_end(end);
    break_end(end->other);
    return true;
}
