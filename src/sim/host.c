/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's process: who comes in, what the network tells, how it begins and dies. */
#include "sim/host.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/world.h"

void fr_sim_host_init(struct fr_sim_host *host, struct fr_sim_world *world, uint32_t index) {
    host->world = world;
    host->index = index;
    host->port = &world->network.ports[index];
    host->source_fails_from = UINT32_MAX;
    snprintf(host->address, sizeof host->address, "n%u:7420", index);
}

/* ---- at the door */

static void refuse(struct fr_sim_socket *socket, enum fr_refusal code, const char *why) {
    struct fr_msg_reason reason = {.code = (uint8_t) code, .text = {why, (uint32_t) strlen(why)}};
    uint8_t frame[FR_FRAME_HEAD_BYTES + 8 + FR_REASON_BYTES_MAX];

    fr_sim_end_send(socket->end, frame, (uint32_t) fr_reason_encode(FR_FRAME_REFUSE, &reason, frame, sizeof frame));
    fr_sim_socket_close(socket);
}

static struct fr_sim_part *find_part(struct fr_sim_host *host, const uint8_t *transfer_id) {
    struct fr_sim_part *part = host->parts;

    while (part != NULL && (part->is_forgotten || memcmp(part->transfer_id, transfer_id, FR_TRANSFER_ID_BYTES) != 0))
        part = part->next;
    return part;
}

/* An older version, in which one chunk was another. */
static void keep_all_but(struct fr_sim_host *host, fr_chunk_index chunk, struct fr_digest *digests) {
    uint32_t count = host->world->object.layout.chunk_count;
    int error = host->kept.bit_count == 0 ? fr_bitset_init(&host->kept, count) : 0;

    fr_assert(error == 0);
    fr_bitset_add_range(&host->kept, 0, count);
    fr_bitset_remove(&host->kept, chunk);
    digests[chunk].bytes[0] ^= 1;
}

static void hold_what_is_left(const struct fr_sim_host *host, struct fr_member_options *options) {
    const struct fr_sim_object *object = &host->world->object;
    bool is_final = host->world->oracle.records[host->index - 1].is_final;

    options->is_holding = is_final || host->kept.set_count > 0;
    if (!is_final)
        return;
    options->held_digests = object->digests;
    options->held_count = object->layout.chunk_count;
    options->held_root = object->root;
}

static void hold_object(struct fr_sim_host *host, struct fr_member_options *options, struct fr_digest *other) {
    const struct fr_sim_object *object = &host->world->object;
    enum fr_sim_held held = host->world->scenario->hosts[host->index].held;

    if (host->world->scenario->is_pipe)
        return;
    if (host->was_restarted) {
        hold_what_is_left(host, options);
        return;
    }
    if (held == FR_SIM_HELD_NOTHING)
        return;
    options->is_holding = true;
    options->held_digests = object->digests;
    options->held_count = object->layout.chunk_count;
    options->held_root = object->root;
    if (held == FR_SIM_HELD_SAME)
        return;
    memcpy(other, object->digests, object->layout.chunk_count * sizeof *other);
    keep_all_but(host, (uint32_t) fr_prng_below(&host->world->prng, object->layout.chunk_count), other);
    options->held_digests = other;
    options->held_root.bytes[0] ^= 1;
}

static struct fr_sim_part *join(struct fr_sim_socket *socket) {
    struct fr_sim_host *host = socket->host;
    struct fr_sim_world *world = host->world;
    const struct fr_door *door = socket->door;
    struct fr_digest *other = fr_sim_alloc(world->object.layout.chunk_count, sizeof *other);
    struct fr_member_options options = {
        .key = world->verify_key,
        .open = &door->open,
        .opening = &door->opening,
        .roster = &door->roster,
        .timing = world->scenario->timing,
        .seed = fr_prng_next(&world->prng),
    };
    struct fr_sim_part *part = fr_sim_part_new(host, door->opening.transfer_id, door->open.to);
    int error;

    hold_object(host, &options, other);
    options.observer.on_trace = fr_sim_part_observe;
    options.observer.user = part;
    error = fr_transfer_new_member(&options, fr_sim_host_now(host), &part->transfer);
    fr_free(other);
    fr_assert(error == 0);
    world->transfer_count++;
    if (door->roster.group_index >= world->scenario->group_count ||
        world->scenario->groups[door->roster.group_index].first_host + door->open.to != host->index)
        fr_sim_oracle_fail(&world->oracle, "host %u is opened as member %u of group %u", host->index, door->open.to,
                           door->roster.group_index);
    return part;
}

/* The transfer has no place for this link. */
static void drop_stranger(struct fr_sim_socket *socket) {
    socket->next = socket->host->lobby;
    socket->host->lobby = socket;
    fr_sim_socket_close(socket);
}

/* Through the door: to its transfer, which is made when it is the first to ask for it. */
static void let_in(struct fr_sim_socket *socket) {
    struct fr_sim_host *host = socket->host;
    struct fr_sim_part *part = find_part(host, socket->door->opening.transfer_id);
    struct fr_sim_socket **at = &host->lobby;
    fr_link_id link;

    if (host->is_refusing) {
        fr_sim_world_meet(host->world, host->index, FR_SIM_FAULT_REFUSE);
        refuse(socket, FR_REFUSAL_SPACE, "no space left in the store");
        return;
    }
    if (part != NULL && part->transfer == NULL) {
        refuse(socket, part->was_whole ? FR_REFUSAL_COMPLETE : FR_REFUSAL_ENDED, "this transfer ended here");
        return;
    }
    if (part == NULL)
        part = join(socket);
    while (*at != socket)
        at = &(*at)->next;
    *at = socket->next;
    link = fr_transfer_on_accepted(part->transfer, &socket->door->open, fr_sim_host_now(host));
    fr_free(socket->door);
    socket->door = NULL;
    if (link != FR_LINK_NONE)
        fr_sim_socket_join(part, socket, link);
    else
        drop_stranger(socket);
    fr_sim_part_pump(part);
}

static void on_frame_at_door(struct fr_sim_socket *socket, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct fr_door *door = socket->door;

    if (type == FR_FRAME_OPEN) {
        door = socket->door = fr_realloc(door, 1, sizeof *door);
        fr_assert(door != NULL);
    }
    switch (fr_door_on_frame(door, type, body, bytes)) {
    case FR_DOOR_WAIT: break;
    case FR_DOOR_OPEN: let_in(socket); break;
    case FR_DOOR_STATUS:
    case FR_DOOR_CLOSE: fr_sim_socket_close(socket); break;
    case FR_DOOR_REFUSE:
        fr_sim_oracle_fail(&socket->host->world->oracle, "host %u turns a link away: %s", socket->host->index, door->why);
        refuse(socket, door->refusal, door->why);
        break;
    }
}

/* ---- what the network tells */

static bool is_verified(void *user, const struct fr_msg_open *open, const struct fr_opening *opening) {
    const struct fr_sim_part *part = find_part(user, opening->transfer_id);

    return part != NULL && part->transfer != NULL && fr_transfer_knows_open(part->transfer, open);
}

static void on_incoming(void *port_user, struct fr_sim_end *end) {
    struct fr_sim_host *host = port_user;
    struct fr_sim_socket *socket = fr_sim_socket_new(host, end);
    uint8_t hello[128];

    socket->door = fr_sim_alloc(1,
                                offsetof(struct fr_door, roster)); /* the rest when OPEN comes: with many hosts there are very many doors */
    socket->next = host->lobby;
    host->lobby = socket;
    fr_door_init(socket->door, host->world->verify_key, host->world->key_bytes);
    socket->door->is_verified = is_verified;
    socket->door->user = host;
    fr_sim_end_send(end, hello, (uint32_t) fr_door_hello(hello, sizeof hello));
}

static void on_ready(void *user) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;

    if (socket->is_ghost) {
        fr_sim_end_send(socket->end, socket->greeting, socket->greeting_bytes);
        return;
    }
    fr_transfer_on_connected(part->transfer, socket->link, fr_sim_host_now(socket->host));
    fr_sim_part_pump(part);
}

/* For the oracle: what was asked for may be sent by those who do not own it. */
static void note_want(struct fr_sim_socket *socket, const uint8_t *body, uint32_t bytes) {
    uint32_t chunk_count = socket->host->world->object.layout.chunk_count;
    struct fr_msg_ranges ranges;
    int error = 0;

    if (fr_ranges_decode(FR_FRAME_WANT, body, bytes, &ranges) != 0)
        return;
    if (socket->asked.bit_count == 0)
        error = fr_bitset_init(&socket->asked, chunk_count);
    fr_assert(error == 0);
    for (uint32_t i = 0; i < ranges.range_count; i++)
        if (ranges.ranges[i].first + ranges.ranges[i].count <= chunk_count)
            fr_bitset_add_range(&socket->asked, ranges.ranges[i].first, ranges.ranges[i].count);
}

static void on_frame(void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;
    struct fr_sim_world *world = socket->host->world;
    fr_link_id link = socket->link;
    bool is_bad_page;

    fr_sim_fingerprint_add(&world->fingerprint, world->clock.now);
    fr_sim_fingerprint_add(&world->fingerprint,
                           (uint64_t) socket->host->index << 40 | (uint64_t) socket->end->other->port->index << 8 | type);
    fr_sim_fingerprint_add_bytes(&world->fingerprint, body, bytes);
    fr_sim_world_tell(world, "host %u <- %u %s %u", socket->host->index, socket->end->other->port->index, fr_frame_name(type), bytes);
    if (world->oracle.is_broken || socket->is_ghost)
        return;
    if (type == FR_FRAME_WANT)
        note_want(socket, body, bytes);
    if (part == NULL) {
        on_frame_at_door(socket, type, body, bytes);
        return;
    }
    is_bad_page = fr_sim_lie_is_bad_page(world, type, body, bytes);
    fr_transfer_on_frame(part->transfer, link, type, body, bytes, fr_sim_host_now(socket->host));
    fr_sim_part_pump(part);
    if (is_bad_page && part->transfer != NULL && *fr_sim_socket_find(part, link) != NULL)
        fr_sim_oracle_fail(&world->oracle, "host %u goes on with one that sent a page which the origin did not sign", part->host->index);
}

static bool on_chunk_begin(void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;
    struct fr_sim_world *world = socket->host->world;
    bool is_wanted;

    if (socket->is_ghost)
        return false;
    if (part == NULL) {
        fr_sim_oracle_fail(&world->oracle, "host %u gets a chunk at the door", socket->host->index);
        return false;
    }
    is_wanted = fr_transfer_on_chunk_begin(part->transfer, socket->link, chunk, chunk_size, fr_sim_host_now(socket->host));
    fr_sim_part_pump(part);
    return is_wanted;
}

static void on_chunk(void *user, fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;
    struct fr_sim_world *world = socket->host->world;
    struct fr_buffer *buffer;

    fr_sim_fingerprint_add(&world->fingerprint, world->clock.now);
    fr_sim_fingerprint_add(&world->fingerprint,
                           (uint64_t) socket->host->index << 40 | (uint64_t) socket->end->other->port->index << 8 | FR_FRAME_CHUNK);
    fr_sim_fingerprint_add(&world->fingerprint, (uint64_t) chunk << 1 | is_corrupt);
    if (is_corrupt && chunk % 2 == 1) /* every other wrong chunk is the right bytes of its neighbour: read from a wrong place */
        buffer = fr_sim_token_buffer(chunk - 1, chunk_size, false);
    else
        buffer = fr_sim_token_buffer(chunk, chunk_size, is_corrupt);
    fr_transfer_on_chunk(part->transfer, socket->link, chunk, buffer, fr_sim_host_now(socket->host));
    fr_sim_part_pump(part);
}

static void on_chunk_sent(void *user, fr_chunk_index chunk) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;

    fr_assert(socket->sends > 0);
    socket->sends--;
    fr_transfer_on_chunk_sent(part->transfer, socket->link, chunk, fr_sim_host_now(socket->host));
    fr_sim_part_pump(part);
}

static void on_closed(void *user, const struct fr_failure *failure) {
    struct fr_sim_socket *socket = user;
    struct fr_sim_part *part = socket->part;
    fr_link_id link = socket->link;

    fr_sim_world_tell(socket->host->world, "host %u: %s", socket->host->index, failure->text);
    fr_sim_socket_free(socket);
    if (part == NULL)
        return;
    fr_transfer_on_closed(part->transfer, link, failure, fr_sim_host_now(part->host));
    fr_sim_part_pump(part);
}

const struct fr_sim_handlers fr_sim_host_handlers = {
    .on_incoming = on_incoming,
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_chunk_begin = on_chunk_begin,
    .on_chunk = on_chunk,
    .on_chunk_sent = on_chunk_sent,
    .on_closed = on_closed,
};

/* ---- life and death */

static struct fr_roster *list_members(const struct fr_sim_world *world, uint32_t index) {
    const struct fr_sim_scenario *scenario = world->scenario;
    const struct fr_sim_group *group = &scenario->groups[index];
    struct fr_roster *roster = fr_sim_alloc(1, sizeof *roster);

    roster->member_count = group->member_count;
    roster->is_secondary = group->is_secondary;
    roster->is_adopting = group->adopts != FR_SIM_ORIGIN;
    if (roster->is_adopting) {
        roster->adopted_group = group->adopts;
        roster->adopted_shift = group->shift;
    }
    if (group->upstream != FR_SIM_ORIGIN) {
        roster->upstream_group = group->upstream;
        roster->upstream_count = scenario->groups[group->upstream].member_count;
    }
    for (uint32_t member = 0; member < group->member_count; member++)
        snprintf(roster->addresses[member], sizeof roster->addresses[member], "%s", world->hosts[group->first_host + member].address);
    return roster;
}

void fr_sim_host_push(struct fr_sim_host *host) {
    struct fr_sim_world *world = host->world;
    const struct fr_layout *layout = &world->object.layout;
    struct fr_opening opening = {.object_bytes = world->scenario->is_pipe ? FR_BYTES_UNKNOWN : layout->object_bytes,
                                 .chunk_bytes = layout->chunk_bytes,
                                 .mode = 0644,
                                 .name = "object.bin"};
    uint32_t group_count = world->scenario->group_count;
    struct fr_roster **rosters = fr_sim_alloc(group_count, sizeof *rosters);
    struct fr_origin_options options = {
        .key = world->sign_key,
        .opening = &opening,
        .rosters = (const struct fr_roster *const *) rosters,
        .group_count = group_count,
        .can_reread = !world->scenario->is_pipe,
        .page_ahead_max = world->scenario->page_ahead_max,
        .timing = world->scenario->timing,
        .seed = fr_prng_next(&world->prng),
    };
    struct fr_sim_part *part;
    int error;

    for (int i = 0; i < FR_TRANSFER_ID_BYTES; i++)
        opening.transfer_id[i] = (uint8_t) fr_prng_next(&world->prng);
    opening.entry_count = world->scenario->entry_count;
    fr_sim_scenario_entries(world->scenario, opening.entries);
    for (uint32_t group = 0; group < group_count; group++)
        rosters[group] = list_members(world, group);
    part = fr_sim_part_new(host, opening.transfer_id, FR_MEMBER_UPSTREAM);
    options.observer.on_trace = fr_sim_part_observe;
    options.observer.user = part;
    error = fr_transfer_new_origin(&options, fr_sim_host_now(host), &part->transfer);
    for (uint32_t group = 0; group < group_count; group++)
        fr_free(rosters[group]);
    fr_free(rosters);
    fr_assert(error == 0);
    world->transfer_count++;
    fr_sim_part_pump(part);
}

void fr_sim_host_stop(struct fr_sim_host *host) {
    for (struct fr_sim_part *part = host->parts; part != NULL; part = part->next) {
        if (part->transfer == NULL)
            continue;
        fr_transfer_on_stop(part->transfer, "the operator stopped it", fr_sim_host_now(host));
        fr_sim_part_pump(part);
    }
}

fr_time_ns fr_sim_host_now(const struct fr_sim_host *host) { return host->world->clock.now + host->ahead; }

bool fr_sim_host_jump(struct fr_sim_host *host, fr_time_ns by) {
    host->ahead += by;
    for (struct fr_sim_part *part = host->parts; part != NULL && !host->port->is_paused; part = part->next) {
        if (part->transfer == NULL)
            continue;
        part->timer_at = FR_TIME_NEVER; /* what was set goes off too late */
        fr_sim_part_pump(part);
    }
    return true;
}

void fr_sim_host_die(struct fr_sim_host *host) {
    for (struct fr_sim_part *part = host->parts; part != NULL; part = part->next) {
        fr_sim_part_die(part);
    }
    while (host->lobby != NULL)
        fr_sim_socket_free(host->lobby);
}

void fr_sim_host_keep(struct fr_sim_host *host, double share) {
    struct fr_sim_world *world = host->world;
    const struct fr_bitset *stored = &world->oracle.records[host->index - 1].stored;
    uint32_t count = world->object.layout.chunk_count;
    int error = host->kept.bit_count == 0 ? fr_bitset_init(&host->kept, count) : 0;

    fr_assert(error == 0);
    for (uint32_t chunk = 0; chunk < count; chunk++)
        if (fr_bitset_has(stored, chunk))
            fr_bitset_add(&host->kept, chunk);
    for (uint32_t chunk = 0; chunk < count; chunk++)
        if (fr_prng_unit(&world->prng) >= share)
            fr_bitset_remove(&host->kept, chunk);
    for (struct fr_sim_part *part = host->parts; part != NULL; part = part->next)
        part->is_forgotten = true;
    host->was_restarted = true;
    fr_sim_oracle_on_restart(&world->oracle, host->index - 1);
}

void fr_sim_host_done(struct fr_sim_host *host) {
    fr_sim_host_die(host);
    fr_bitset_done(&host->kept);
    while (host->parts != NULL) {
        struct fr_sim_part *part = host->parts;

        host->parts = part->next;
        fr_bitset_done(&part->released);
        fr_free(part);
    }
}
