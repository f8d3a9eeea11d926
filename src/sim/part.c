/* SPDX-License-Identifier: Apache-2.0 */
/* A host's part in one transfer: its sockets, its chores, and the loop that does what the core asks for. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/world.h"

enum { ACTIONS_PER_EVENT_MAX = 1 << 20 };

uint32_t fr_sim_node_of(const struct fr_sim_part *part) {
    return part->member == FR_MEMBER_UPSTREAM ? FR_SIM_ORIGIN : part->host->index - 1;
}

/* ---- sockets */

struct fr_sim_socket **fr_sim_socket_find(struct fr_sim_part *part, fr_link_id link) {
    struct fr_sim_socket **at = &part->slots[link % FR_SIM_SLOTS];

    while (*at != NULL && (*at)->link != link)
        at = &(*at)->next;
    return at;
}

struct fr_sim_socket *fr_sim_socket_new(struct fr_sim_host *host, struct fr_sim_end *end) {
    struct fr_sim_socket *socket = fr_sim_alloc(1, sizeof *socket);

    socket->host = host;
    socket->end = end;
    if (end != NULL)
        end->user = socket;
    return socket;
}

void fr_sim_socket_join(struct fr_sim_part *part, struct fr_sim_socket *socket, fr_link_id link) {
    struct fr_sim_socket **at = fr_sim_socket_find(part, link);

    if (*at != NULL)
        fr_sim_oracle_fail(&part->host->world->oracle, "member %u uses link %u twice", part->member, link);
    socket->part = part;
    socket->link = link;
    socket->next = part->slots[link % FR_SIM_SLOTS];
    part->slots[link % FR_SIM_SLOTS] = socket;
    part->socket_count++;
    if (part->socket_count > part->socket_count_max)
        part->socket_count_max = part->socket_count;
}

/* Out of its slot or the lobby, and freed. The end is the caller's business. */
void fr_sim_socket_free(struct fr_sim_socket *socket) {
    struct fr_sim_part *part = socket->part;
    struct fr_sim_socket **at = part != NULL ? &part->slots[socket->link % FR_SIM_SLOTS] : &socket->host->lobby;

    while (*at != NULL && *at != socket)
        at = &(*at)->next;
    fr_assert(*at == socket);
    *at = socket->next;
    if (part != NULL)
        part->socket_count--;
    fr_bitset_done(&socket->asked);
    fr_free(socket->greeting);
    fr_free(socket->door);
    fr_free(socket);
}

void fr_sim_socket_close(struct fr_sim_socket *socket) {
    fr_sim_end_close(socket->end);
    fr_sim_socket_free(socket);
}

/* ---- parts */

void fr_sim_part_observe(void *user, const struct fr_trace *trace) {
    struct fr_sim_part *part = user;

    fr_sim_world_note(part->host->world, part->host->index, trace);
}

struct fr_sim_part *fr_sim_part_new(struct fr_sim_host *host, const uint8_t *transfer_id, uint32_t member) {
    struct fr_sim_part *part = fr_sim_alloc(1, sizeof *part);

    part->host = host;
    part->member = member;
    part->timer_at = part->finished_at = part->ended_at = FR_TIME_NEVER;
    memcpy(part->transfer_id, transfer_id, FR_TRANSFER_ID_BYTES);
    part->next = host->parts;
    host->parts = part;
    return part;
}

/* The transfer is no more, whether it ended or its process died. */
static void drop_transfer(struct fr_sim_part *part) {
    struct fr_sim_world *world = part->host->world;
    struct fr_transfer_view view;

    fr_transfer_view(part->transfer, &view);
    part->was_whole = view.is_complete;
    fr_transfer_free(part->transfer);
    part->transfer = NULL;
    part->ended_at = world->clock.now;
    world->last_ended_at = world->clock.now;
    fr_assert(world->transfer_count > 0);
    world->transfer_count--;
}

static void forget_sockets(struct fr_sim_part *part, bool is_closing) {
    for (uint32_t slot = 0; part->socket_count > 0 && slot < FR_SIM_SLOTS; slot++) {
        while (part->slots[slot] != NULL) {
            if (is_closing)
                fr_sim_socket_close(part->slots[slot]);
            else
                fr_sim_socket_free(part->slots[slot]);
        }
    }
}

static void end_part(struct fr_sim_part *part) {
    struct fr_sim_world *world = part->host->world;
    struct fr_transfer_view view;

    fr_transfer_view(part->transfer, &view);
    part->failure = view.failure;
    if (!view.is_ended)
        fr_sim_oracle_fail(&world->oracle, "host %u: ENDED was said, and the view does not know", part->host->index);
    for (uint32_t member = 0; part->member == FR_MEMBER_UPSTREAM && member < world->scenario->member_count; member++)
        fr_transfer_node_result(part->transfer, member, &world->results[member]);
    world->has_results = world->has_results || part->member == FR_MEMBER_UPSTREAM;
    forget_sockets(part, true);
    drop_transfer(part);
}

/* ---- chores */

struct fr_sim_chore *fr_sim_chore_new(struct fr_sim_part *part, void (*happen)(struct fr_sim_event *event)) {
    struct fr_sim_chore *chore = fr_sim_pool_take(&part->host->world->chores);

    chore->event.happen = happen;
    chore->part = part;
    return chore;
}

void fr_sim_chore_free(struct fr_sim_chore *chore) { fr_sim_pool_give(&chore->part->host->world->chores, chore); }

bool fr_sim_chore_is_off(struct fr_sim_chore *chore) {
    if (chore->part->transfer == NULL) {
        fr_sim_chore_free(chore);
        return true;
    }
    return fr_sim_port_defers(chore->part->host->port, &chore->event);
}

/* A large chunk on a slow link is no silence. */
static void tell_heard(struct fr_sim_part *part, fr_time_ns now) {
    for (uint32_t slot = 0; slot < FR_SIM_SLOTS; slot++)
        for (struct fr_sim_socket *socket = part->slots[slot]; socket != NULL; socket = socket->next)
            if (fr_sim_end_is_hearing(socket->end))
                fr_transfer_on_heard(part->transfer, socket->link, now);
}

static void on_timer(struct fr_sim_event *event) {
    struct fr_sim_chore *chore = (struct fr_sim_chore *) event;
    struct fr_sim_part *part = chore->part;
    fr_time_ns now = fr_sim_host_now(part->host);

    if (fr_sim_chore_is_off(chore))
        return;
    if (chore->at == part->timer_at) {
        part->timer_at = FR_TIME_NEVER;
        tell_heard(part, now);
        if (fr_transfer_deadline(part->transfer) <= now)
            fr_transfer_on_deadline(part->transfer, now);
        fr_sim_part_pump(part);
    }
    fr_sim_chore_free(chore);
}

/* One timer that goes off early is cheaper than moving it with every event. */
static void arm_timer(struct fr_sim_part *part) {
    struct fr_sim_clock *clock = &part->host->world->clock;
    fr_time_ns deadline = fr_transfer_deadline(part->transfer);
    struct fr_sim_chore *chore;

    if (deadline == FR_TIME_NEVER || deadline >= part->timer_at)
        return;
    chore = fr_sim_chore_new(part, on_timer);
    chore->at = part->timer_at = fr_time_max(deadline, fr_sim_host_now(part->host));
    fr_sim_clock_set(clock, chore->at - part->host->ahead, &chore->event);
}

/* ---- actions */

static void dial(struct fr_sim_part *part, const struct fr_action *action) {
    struct fr_sim_world *world = part->host->world;
    char *rest = NULL;
    unsigned long to = action->address[0] == 'n' ? strtoul(action->address + 1, &rest, 10) : 0;
    struct fr_sim_socket *socket;

    if (rest == NULL || strcmp(rest, ":7420") != 0 || to == 0 || to >= world->host_count || to == part->host->index) {
        fr_sim_oracle_fail(&world->oracle, "host %u dials %s", part->host->index, action->address);
        return;
    }
    socket = fr_sim_socket_new(part->host, NULL);
    fr_sim_socket_join(part, socket, action->link);
    socket->end = fr_sim_end_dial(part->host->port, (uint32_t) to, socket);
}

static bool is_hit(struct fr_sim_part *part, double chance, enum fr_sim_fault_type type) {
    struct fr_sim_world *world = part->host->world;
    bool is_so = chance > 0 && fr_prng_unit(&world->prng) < chance;

    if (is_so)
        fr_sim_world_meet(world, part->host->index, type);
    return is_so;
}

/* What was stored a moment ago is sent from memory; what is asked for is read, and so is all that the origin sends. */
static bool is_read_from_disk(const struct fr_sim_part *part, const struct fr_sim_socket *socket, fr_chunk_index chunk) {
    return part->member == FR_MEMBER_UPSTREAM || fr_bitset_has(&socket->asked, chunk);
}

static void send_chunk(struct fr_sim_part *part, struct fr_sim_socket *socket, fr_chunk_index chunk, bool is_urgent) {
    struct fr_sim_world *world = part->host->world;
    const struct fr_layout *layout = &world->object.layout;
    bool is_corrupt = is_hit(part, part->host->lie_chance, FR_SIM_FAULT_LIE);

    if (is_read_from_disk(part, socket, chunk))
        is_corrupt = is_hit(part, part->host->rot_chance, FR_SIM_FAULT_ROT) || is_corrupt;

    socket->sends++;
    socket->end->is_urgent = is_urgent;
    fr_sim_oracle_on_send_chunk(&world->oracle, fr_sim_node_of(part), socket->end->other->port->index - 1, chunk, socket->sends,
                                fr_bitset_has(&socket->asked, chunk));
    if (part->member == FR_MEMBER_UPSTREAM && !fr_sim_source_has(part, chunk))
        fr_sim_oracle_fail(&world->oracle, "the origin sends chunk %u, which it cannot read now", chunk);
    if (chunk >= layout->chunk_count)
        fr_sim_oracle_fail(&world->oracle, "host %u sends chunk %u of %u", part->host->index, chunk, layout->chunk_count);
    if (!world->oracle.is_broken)
        fr_sim_end_send_chunk(socket->end, chunk, fr_layout_chunk_size(layout, chunk), is_corrupt);
}

static void perform_on_socket(struct fr_sim_part *part, const struct fr_action *action) {
    struct fr_sim_socket *socket = *fr_sim_socket_find(part, action->link);

    if (socket == NULL)
        fr_sim_oracle_fail(&part->host->world->oracle, "host %u acts (%d) on link %u, which is gone", part->host->index, (int) action->type,
                           action->link);
    else if (action->type == FR_ACTION_SEND)
        fr_sim_lie_send(socket, action->bytes, action->count);
    else if (action->type == FR_ACTION_SEND_CHUNK)
        send_chunk(part, socket, action->chunk, action->is_urgent);
    else
        fr_sim_socket_close(socket);
}

static void perform(struct fr_sim_part *part, const struct fr_action *action, bool *ret_is_over) {
    switch (action->type) {
    case FR_ACTION_CONNECT: dial(part, action); break;
    case FR_ACTION_SEND:
    case FR_ACTION_SEND_CHUNK:
    case FR_ACTION_CLOSE: perform_on_socket(part, action); break;
    case FR_ACTION_STORE: fr_sim_disk_store(part, action); break;
    case FR_ACTION_REUSE: fr_sim_disk_reuse(part, action); break;
    case FR_ACTION_DROP: fr_buffer_unref(action->buffer); break;
    case FR_ACTION_READ_PAGE: fr_sim_source_read_page(part, action->page); break;
    case FR_ACTION_RELEASE: fr_sim_source_release(part, action->chunk); break;
    case FR_ACTION_FINISH: fr_sim_disk_finish(part); break;
    case FR_ACTION_ENDED: *ret_is_over = true; break;
    }
}

void fr_sim_part_pump(struct fr_sim_part *part) {
    struct fr_sim_world *world = part->host->world;
    uint32_t every = world->scenario->check_every;
    struct fr_action action;
    uint32_t count = 0;
    bool is_over = false;

    while (!world->oracle.is_broken && fr_transfer_next_action(part->transfer, &action)) {
        if (is_over || ++count > ACTIONS_PER_EVENT_MAX)
            fr_sim_oracle_fail(&world->oracle, "host %u acts %s", part->host->index, is_over ? "after it ended" : "without end");
        perform(part, &action, &is_over);
    }
    if (world->oracle.is_broken)
        return;
    if (every > 0 && fr_prng_below(&world->prng, every) == 0)
        fr_transfer_assert_valid(part->transfer);
    if (is_over)
        end_part(part);
    else
        arm_timer(part);
}

/* ---- death */

void fr_sim_part_die(struct fr_sim_part *part) {
    forget_sockets(part, false);
    if (part->transfer != NULL)
        drop_transfer(part);
}
