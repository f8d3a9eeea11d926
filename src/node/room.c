/* SPDX-License-Identifier: Apache-2.0 */
/* Reckoning before a transfer begins what it may need: see room.h. */
#include "node/room.h"

#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/text.h"

enum {
    CONNECTIONS_DEFAULT = 4096,
    LINKS_BEYOND_MAX = 16, /* to members of groups below and above, beyond the peers; more share their buffers */
    BUFFERS_A_LINK = 3,    /* one being received, two being sent */
    STORES_AT_ONCE = 16,   /* chunks on their way to the disk */
    KEPT_BYTES = 16 << 20, /* chunks of our own kept for sending */
    KEPT_CHUNKS_MIN = 4,
    KEPT_CHUNKS_MAX = 256,
};

uint32_t fr_room_kept(uint32_t chunk_bytes) {
    uint32_t kept = KEPT_BYTES / chunk_bytes;
    return kept < KEPT_CHUNKS_MIN ? KEPT_CHUNKS_MIN : kept > KEPT_CHUNKS_MAX ? KEPT_CHUNKS_MAX : kept;
}

uint32_t fr_room_buffers(uint32_t chunk_bytes, uint32_t member_count) {
    return BUFFERS_A_LINK * (member_count + LINKS_BEYOND_MAX) + STORES_AT_ONCE + fr_room_kept(chunk_bytes);
}

struct fr_room fr_room_needed(uint32_t chunk_bytes, uint32_t member_count) {
    return (struct fr_room){.connections = member_count + LINKS_BEYOND_MAX,
                            .bytes = (uint64_t) fr_room_buffers(chunk_bytes, member_count) * chunk_bytes};
}

static uint64_t default_memory(void) {
    const uint64_t least = UINT64_C(1) << 30;
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    uint64_t half = pages > 0 && page_bytes > 0 ? (uint64_t) pages / 2 * (uint64_t) page_bytes : 0;
    return half > least ? half : least;
}

void fr_room_open(struct fr_room_book *book, uint32_t connections_max, uint64_t memory_max) {
    *book = (struct fr_room_book){.max = {.connections = connections_max ? connections_max : CONNECTIONS_DEFAULT,
                                          .bytes = memory_max ? memory_max : default_memory()}};
}

bool fr_room_take(struct fr_room_book *book, const struct fr_room *room, struct fr_failure *why) {
    struct fr_room left = {book->max.connections - book->taken.connections, book->max.bytes - book->taken.bytes};
    if (room->connections > left.connections) {
        fr_failure_set(why, FR_E_LIMIT, 0, "%llu connections may be needed, and %llu of %llu are left here (--max-connections)",
                       (unsigned long long) room->connections, (unsigned long long) left.connections,
                       (unsigned long long) book->max.connections);
        return false;
    }
    if (room->bytes > left.bytes) {
        char needed[16], free_text[16], all[16];
        fr_failure_set(why, FR_E_LIMIT, 0, "%s of buffers may be needed, and %s of %s are left here (--max-memory)",
                       fr_text_format_bytes(room->bytes, needed, sizeof needed),
                       fr_text_format_bytes(left.bytes, free_text, sizeof free_text),
                       fr_text_format_bytes(book->max.bytes, all, sizeof all));
        return false;
    }
    book->taken.connections += room->connections;
    book->taken.bytes += room->bytes;
    return true;
}

void fr_room_give_back(struct fr_room_book *book, const struct fr_room *room) {
    fr_assert(book->taken.connections >= room->connections && book->taken.bytes >= room->bytes);
    book->taken.connections -= room->connections;
    book->taken.bytes -= room->bytes;
}
