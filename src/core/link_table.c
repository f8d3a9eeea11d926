/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer's links by number: finding, making, dropping, and what must follow when one is gone. */
#include "core/state.h"

#include <stdio.h>

#include "base/memory.h"
#include "core/planted.h"

enum {
    SLOT_BITS = 11,
    SLOT_MASK = (1 << SLOT_BITS) - 1,
};
static_assert((int) FR_LINKS_MAX <= (int) SLOT_MASK, "a link's slot fits the low bits of its id");

struct fr_link *fr_transfer_link(struct fr_transfer *transfer, fr_link_id id) {
    uint32_t slot = id & SLOT_MASK;
    struct fr_link *link = slot < transfer->links_used ? transfer->links[slot] : NULL;

    return link && link->id == id && link->state != FR_LINK_FREE ? link : NULL;
}

static int make_room(struct fr_transfer *transfer) {
    uint32_t capacity = transfer->links_capacity ? 2 * transfer->links_capacity : 8;
    struct fr_link **links;

    if (transfer->links_used < transfer->links_capacity)
        return 0;
    links = fr_realloc(transfer->links, capacity, sizeof(struct fr_link *));
    if (!links)
        return FR_E_MEMORY;
    transfer->links = links;
    transfer->links_capacity = capacity;
    return 0;
}

struct fr_link *fr_transfer_new_link(struct fr_transfer *transfer, enum fr_link_role role, uint32_t place, uint32_t member) {
    uint32_t slot = 0;
    struct fr_link *link;

    while (slot < transfer->links_used && transfer->links[slot]->state != FR_LINK_FREE)
        slot++;
    if (slot == FR_LINKS_MAX)
        return NULL;
    if (slot == transfer->links_used && make_room(transfer)) {
        transfer->actions.is_starved = true;
        return NULL;
    }
    if (slot == transfer->links_used) {
        transfer->links[slot] = fr_alloc_zeroed(1, sizeof(struct fr_link));
        if (!transfer->links[slot]) {
            transfer->actions.is_starved = true;
            return NULL;
        }
        transfer->links[slot]->id = slot;
        transfer->links_used++;
    }
    link = transfer->links[slot];
    link->id += 1 << SLOT_BITS; /* a new generation: late events of the last user miss it */
    fr_link_init(link, role, place, member, transfer->timing.silence, transfer->now);
    return link;
}

struct fr_link *fr_transfer_find_link(struct fr_transfer *transfer, enum fr_link_role role, uint32_t place, uint32_t member) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == role && link->place == place && link->member == member)
            return link;
    return NULL;
}

struct fr_link *fr_transfer_find_peer(struct fr_transfer *transfer, uint32_t member) {
    return fr_transfer_find_link(transfer, FR_LINK_PEER, 0, member);
}

/* Tell the role that the link is gone. */
static void tell_gone(struct fr_transfer *transfer, struct fr_link *link, const struct fr_failure *failure, bool was_live,
                      bool was_in_good_order) {
    if (link->role == FR_LINK_CHILD)
        fr_feed_on_gone(transfer, link, was_live, was_in_good_order, failure);
    else if (link->role == FR_LINK_ADOPTER || link->role == FR_LINK_ADOPTEE)
        fr_adopt_on_gone(transfer, link, was_live, was_in_good_order);
    else if (was_live)
        fr_member_on_gone(transfer, link, was_in_good_order, failure);
    else
        fr_member_on_peer_unreachable(transfer, link, failure);
}

void fr_transfer_link_gone(struct fr_transfer *transfer, struct fr_link *link, const struct fr_failure *failure, bool was_in_good_order) {
    bool was_live = fr_link_is_live(link);

    if (link->state == FR_LINK_FREE)
        return;
    link->state = FR_LINK_FREE; /* first, so that nobody sends on it while the roles react */
    if (!transfer->is_ended) {
        if (was_live)
            fr_transfer_trace_link(transfer, FR_TRACE_LINK_DOWN, link, FR_CHUNK_NONE, 0, was_in_good_order ? 0 : failure->error,
                                   failure->text);
        if (link->dial && link->dial->link == link->id)
            link->dial->link = FR_LINK_NONE;
        tell_gone(transfer, link, failure, was_live, was_in_good_order);
    }
    fr_link_done(link);
}

static void close_link(struct fr_transfer *transfer, struct fr_link *link, int error, enum fr_goodbye goodbye, const char *why) {
    struct fr_failure failure = {.error = error};

    if (link->state == FR_LINK_FREE)
        return;
    snprintf(failure.text, sizeof(failure.text), "%s", why);
    if (link->state != FR_LINK_DIALLING)
        fr_say_reason(transfer, link, FR_FRAME_BYE, (uint8_t) goodbye, why);
    fr_say_close(transfer, link);
    fr_transfer_link_gone(transfer, link, &failure, error == 0);
}

void fr_transfer_drop_link(struct fr_transfer *transfer, struct fr_link *link, int error, const char *why) {
    close_link(transfer, link, error, error == 0 ? FR_GOODBYE_OVER : FR_GOODBYE_REASON, why);
}

void fr_transfer_leave_link(struct fr_transfer *transfer, struct fr_link *link, const char *why) {
    bool is_alone = !transfer->is_origin && transfer->member.is_complete && !transfer->failure.error;

    close_link(transfer, link, 0, FR_PLANTED(DISMISSED_BY_LEAVER) ? FR_GOODBYE_OVER : is_alone ? FR_GOODBYE_ALONE : FR_GOODBYE_REASON, why);
}
