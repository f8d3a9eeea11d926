/* SPDX-License-Identifier: Apache-2.0 */
/* A second connection to where the first one went, with the same OPEN, as of a dialler that took the first for dead: it says no more than
 * that, so whoever prefers it has nothing from it. */
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/world.h"

static bool has_ghosts(const struct fr_sim_scenario *scenario) {
    for (uint32_t i = 0; i < scenario->fault_count; i++)
        if (scenario->faults[i].type == FR_SIM_FAULT_TWICE)
            return true;
    return false;
}

void fr_sim_ghost_note(struct fr_sim_socket *socket, const uint8_t *frame, uint32_t bytes) {
    uint8_t *grown;

    if ((frame[0] != FR_FRAME_HELLO && frame[0] != FR_FRAME_OPEN) || !has_ghosts(socket->host->world->scenario))
        return;
    grown = fr_realloc(socket->greeting, socket->greeting_bytes + bytes, 1);
    fr_assert(grown != NULL);
    memcpy(grown + socket->greeting_bytes, frame, bytes);
    socket->greeting = grown;
    socket->greeting_bytes += bytes;
}

/* A link that this part dialled and that has said OPEN. */
static const struct fr_sim_socket *find_dialled(const struct fr_sim_part *part, uint32_t other) {
    for (uint32_t slot = 0; part->transfer != NULL && slot < FR_SIM_SLOTS; slot++)
        for (const struct fr_sim_socket *socket = part->slots[slot]; socket != NULL; socket = socket->next)
            if (socket->end->other->port->index == other && socket->greeting_bytes > 0)
                return socket;
    return NULL;
}

bool fr_sim_host_dial_again(struct fr_sim_host *host, uint32_t other) {
    const struct fr_sim_socket *first = NULL;
    struct fr_sim_socket *ghost;

    for (const struct fr_sim_part *part = host->parts; part != NULL && first == NULL; part = part->next)
        first = find_dialled(part, other);
    if (first == NULL)
        return false;
    ghost = fr_sim_socket_new(host, NULL);
    ghost->is_ghost = true;
    ghost->greeting = fr_sim_alloc(first->greeting_bytes, 1);
    ghost->greeting_bytes = first->greeting_bytes;
    memcpy(ghost->greeting, first->greeting, first->greeting_bytes);
    ghost->next = host->lobby;
    host->lobby = ghost;
    ghost->end = fr_sim_end_dial(host->port, other, ghost);
    return true;
}

void fr_sim_host_hang_up(struct fr_sim_host *host) {
    struct fr_sim_socket *next;

    for (struct fr_sim_socket *socket = host->lobby; socket != NULL; socket = next) {
        next = socket->next;
        if (socket->is_ghost)
            fr_sim_socket_close(socket);
    }
}
