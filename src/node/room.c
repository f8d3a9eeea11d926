/* SPDX-License-Identifier: Apache-2.0 */
/* Reckoning before a transfer begins what it may need: see room.h. */
#include "node/room.h"

#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/text.h"

enum {
    CONNECTIONS_DEFAULT = 4096,
    LINKS_BEYOND_MAX = 16, /* to groups below and above, as in receive.c */
    BUFFERS_A_LINK = 3,    /* one being received, two being sent */
    STORES_AT_ONCE = 16,
    KEPT_BYTES = 16 << 20,
    KEPT_CHUNKS_MIN = 4,
};

/* The buffers are those that receive.c lets its cache have. */
struct fr_room fr_room_needed(uint32_t chunk_bytes, uint32_t member_count) {
    uint32_t links = member_count + LINKS_BEYOND_MAX;
    uint32_t kept = KEPT_BYTES / chunk_bytes;
    uint32_t buffers = BUFFERS_A_LINK * links + STORES_AT_ONCE + (kept < KEPT_CHUNKS_MIN ? KEPT_CHUNKS_MIN : kept);
    return (struct fr_room){.connections = links, .bytes = (uint64_t) buffers * chunk_bytes};
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
