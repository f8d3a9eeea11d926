/* SPDX-License-Identifier: Apache-2.0 */
/* What the transfers of a node may need at most, all together: connections, and memory for chunks under way. It is reckoned when a transfer
 * begins, from the sizes of its chunks and of its group; so what was let in never waits for others' buffers, and what does not fit is
 * refused before a byte flows. */
#ifndef FR_NODE_ROOM_H
#define FR_NODE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>

/* What one transfer may need, or all of them. */
struct fr_room {
    uint64_t connections;
    uint64_t bytes;
};

struct fr_room_book {
    struct fr_room max, taken;
};

/* Chunks of its own that a transfer keeps for sending, and buffers that it may hold in all. Each link may be receiving one and sending two,
 * all different; so no link waits for ever on another that is stuck. */
uint32_t fr_room_kept(uint32_t chunk_bytes);
uint32_t fr_room_buffers(uint32_t chunk_bytes, uint32_t member_count);

/* A transfer with so many members in our group. */
struct fr_room fr_room_needed(uint32_t chunk_bytes, uint32_t member_count);

/* connections_max, memory_max: 0: the default: 4096; half of the machine's memory, at least 1 GiB. */
void fr_room_open(struct fr_room_book *book, uint32_t connections_max, uint64_t memory_max);
/* Is there so much left? Then it is taken; else *why is filled with what is lacking. */
bool fr_room_take(struct fr_room_book *book, const struct fr_room *room, struct fr_failure *why);
void fr_room_give_back(struct fr_room_book *book, const struct fr_room *room);

#endif
