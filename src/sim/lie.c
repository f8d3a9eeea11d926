/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that a lying member says in the place of what its core would: it has more than it has, and pages with a wrong byte. Wrong chunks
 * are part.c's. */
#include <string.h>

#include "sim/world.h"

/* A HAVE of everything that there is. */
static uint32_t boast(struct fr_sim_socket *socket, const uint8_t *body, uint32_t bytes, uint8_t *out, uint32_t capacity) {
    struct fr_sim_world *world = socket->host->world;
    struct fr_msg_ranges ranges;
    uint32_t chunk_count = world->object.layout.chunk_count;

    if (chunk_count == 0 || fr_ranges_decode(FR_FRAME_HAVE, body, bytes, &ranges) != 0)
        return 0;
    if (ranges.range_count == 1 && ranges.ranges[0].count == chunk_count)
        return 0; /* it is true */
    ranges.range_count = 1;
    ranges.ranges[0] = (struct fr_range){0, chunk_count};
    fr_sim_world_meet(world, socket->host->index, FR_SIM_FAULT_BOAST);
    return (uint32_t) fr_ranges_encode(FR_FRAME_HAVE, &ranges, out, capacity);
}

/* One bit of one digest. */
static uint32_t alter(struct fr_sim_socket *socket, const uint8_t *frame, uint32_t bytes, uint8_t *out) {
    struct fr_sim_world *world = socket->host->world;
    struct fr_msg_page page;

    if (fr_page_decode(frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &page) != 0)
        return 0;
    memcpy(out, frame, bytes);
    out[(page.digests - frame) + (ptrdiff_t) fr_prng_below(&world->prng, (uint64_t) page.count * FR_DIGEST_BYTES)] ^=
        (uint8_t) (1u << fr_prng_below(&world->prng, 8));
    fr_sim_world_meet(world, socket->host->index, FR_SIM_FAULT_BAD_PAGE);
    return bytes;
}

void fr_sim_lie_send(struct fr_sim_socket *socket, const uint8_t *frame, uint32_t bytes) {
    struct fr_sim_host *host = socket->host;
    uint8_t out[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
    uint32_t lie_bytes = 0;

    fr_sim_ghost_note(socket, frame, bytes);
    if (host->is_boasting && frame[0] == FR_FRAME_HAVE)
        lie_bytes = boast(socket, frame + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, out, sizeof out);
    else if (frame[0] == FR_FRAME_PAGE && host->bad_page_chance > 0 && fr_prng_unit(&host->world->prng) < host->bad_page_chance)
        lie_bytes = alter(socket, frame, bytes, out);
    fr_sim_end_send(socket->end, lie_bytes > 0 ? out : frame, lie_bytes > 0 ? lie_bytes : bytes);
}

bool fr_sim_lie_is_bad_page(const struct fr_sim_world *world, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    const struct fr_layout *layout = &world->object.layout;
    struct fr_msg_page page;
    uint64_t first;

    if (type != FR_FRAME_PAGE || fr_page_decode(body, bytes, &page) != 0)
        return false;
    first = (uint64_t) page.page * layout->page_chunks;
    return first + page.count > layout->chunk_count ||
        memcmp(page.digests, &world->object.digests[first], (size_t) page.count * FR_DIGEST_BYTES) != 0;
}
