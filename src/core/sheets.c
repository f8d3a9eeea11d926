/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed rosters on their way down. The origin makes one for each group; whoever feeds a group needs its roster to open it.
 *
 *   origin --ROSTER--> COPIES members of each first group --> ... --> members of the group above --ROSTER--> all their peers
 *
 * A roster goes down along the links of a few members only, chosen by its number, so that a large plan leaves the origin a few times and
 * not once a link; in the group that is to feed it, and in the one above that, everyone gets it from those. So whoever opens a group can
 * tell it at once whom to open next. What is not linked yet gets what it lacks when it is.
 */
#include <string.h>

#include "base/memory.h"
#include "core/state.h"

enum { COPIES = 3 };

static uint32_t past_of(const struct fr_roster *roster) { return roster->group_index + roster->below_count + 1; }

/* Does group lie below this one? */
static bool is_below(const struct fr_roster *roster, uint32_t group) { return group > roster->group_index && group < past_of(roster); }

struct fr_roster *fr_sheets_copy_roster(const struct fr_roster *roster, bool has_addresses) {
    size_t bytes = offsetof(struct fr_roster, addresses) + (has_addresses ? roster->member_count * sizeof(roster->addresses[0]) : 0);
    struct fr_roster *copy = fr_alloc(bytes);

    if (copy)
        memcpy(copy, roster, bytes);
    return copy;
}

struct fr_roster *fr_sheets_read_roster(const struct fr_sheet *sheet) {
    struct fr_roster *whole = fr_alloc(sizeof(*whole)), *roster = NULL;

    if (whole && fr_roster_decode(sheet->blob, sheet->blob_bytes, whole) == 0)
        roster = fr_sheets_copy_roster(whole, true);
    fr_free(whole);
    return roster;
}

static void free_sheet(struct fr_sheet *sheet) {
    if (!sheet)
        return;
    fr_free(sheet->roster);
    fr_free(sheet->blob);
    fr_free(sheet);
}

const struct fr_sheet *fr_sheets_find(const struct fr_transfer *transfer, uint32_t group) {
    for (uint32_t i = 0; i < transfer->sheet_count; i++)
        if (transfer->sheets[i]->roster->group_index == group)
            return transfer->sheets[i];
    return NULL;
}

void fr_sheets_done(struct fr_transfer *transfer) {
    for (uint32_t i = 0; i < transfer->sheet_count; i++)
        free_sheet(transfer->sheets[i]);
    fr_free(transfer->sheets);
}

static struct fr_sheet *make_sheet(const struct fr_roster *roster, const uint8_t *blob, uint32_t blob_bytes) {
    struct fr_sheet *sheet = fr_alloc_zeroed(1, sizeof(*sheet));

    if (!sheet)
        return NULL;
    sheet->roster = fr_sheets_copy_roster(roster, false);
    sheet->blob = fr_alloc(blob_bytes);
    if (!sheet->roster || !sheet->blob) {
        free_sheet(sheet);
        return NULL;
    }
    memcpy(sheet->blob, blob, blob_bytes);
    sheet->blob_bytes = blob_bytes;
    return sheet;
}

static int keep_sheet(struct fr_transfer *transfer, struct fr_sheet *sheet) {
    if (transfer->sheet_count == transfer->sheet_capacity) {
        uint32_t capacity = transfer->sheet_capacity ? 2 * transfer->sheet_capacity : 4;
        struct fr_sheet **sheets = fr_realloc(transfer->sheets, capacity, sizeof(struct fr_sheet *));

        if (!sheets)
            return FR_E_MEMORY;
        transfer->sheets = sheets;
        transfer->sheet_capacity = capacity;
    }
    transfer->sheets[transfer->sheet_count++] = sheet;
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- the origin */

static int sign_one(struct fr_transfer *transfer, const struct fr_sign_key *key, struct fr_roster *roster, uint8_t *blob) {
    uint32_t bytes = (uint32_t) fr_roster_encode(roster, blob, FR_ROSTER_BYTES_MAX);
    struct fr_sheet *sheet = make_sheet(roster, blob, bytes);
    int error;

    if (!sheet)
        return FR_E_MEMORY;
    error = fr_sign(key, FR_SIGN_ROSTER, blob, bytes, sheet->signature);
    if (!error)
        error = keep_sheet(transfer, sheet);
    if (error)
        free_sheet(sheet);
    return error;
}

/* Groups come after the one that feeds them, each with all below it in one run: counted from the last. FR_E_ARGUMENT when one feeds too
 * many. */
static int count_below(const struct fr_roster *const *rosters, uint32_t count, uint32_t *ret_below, uint32_t *fed) {
    for (uint32_t i = count; i-- > 0;) {
        uint32_t above = rosters[i]->upstream_group;

        if (rosters[i]->upstream_count == 0)
            continue;
        ret_below[above] += ret_below[i] + 1;
        if (++fed[above] > FR_FEEDS_MAX)
            return FR_E_ARGUMENT;
    }
    return 0;
}

int fr_sheets_sign(struct fr_transfer *transfer, const struct fr_sign_key *key, const struct fr_roster *const *rosters, uint32_t count) {
    uint32_t *below = fr_alloc_zeroed(count, sizeof(*below)), *fed = fr_alloc_zeroed(count, sizeof(*fed)), node_count = 0;
    struct fr_roster *roster = fr_alloc_zeroed(1, sizeof(*roster));
    uint8_t *blob = fr_alloc(FR_ROSTER_BYTES_MAX);
    int error = below && fed && roster && blob ? 0 : FR_E_MEMORY;

    if (!error)
        error = count_below(rosters, count, below, fed);
    for (uint32_t i = 0; i < count; i++)
        node_count += rosters[i]->member_count;
    for (uint32_t i = 0; !error && i < count; i++) {
        *roster = *rosters[i];
        memcpy(roster->transfer_id, transfer->opening.transfer_id, FR_TRANSFER_ID_BYTES);
        roster->group_index = i;
        roster->below_count = below[i];
        roster->node_count = node_count;
        error = sign_one(transfer, key, roster, blob);
    }
    fr_free(below);
    fr_free(fed);
    fr_free(roster);
    fr_free(blob);
    return error;
}

/* ---------------------------------------------------------------------------------------------------- passing on */

/* Is the member at the other end of this link one of those that carry the roster down? */
static bool is_carrier(const struct fr_transfer *transfer, const struct fr_feed *feed, uint32_t member, uint32_t group) {
    uint32_t count = feed->roster->member_count, carriers = 0;

    if (!transfer->is_origin)
        return true;
    for (uint32_t i = 0; i < count && carriers < COPIES; i++) {
        uint32_t candidate = (group + i) % count;
        enum fr_verdict verdict = feed->fed[candidate].verdict;

        if (verdict != FR_VERDICT_PENDING && verdict != FR_VERDICT_COMPLETE)
            continue;
        if (candidate == member)
            return true;
        carriers++;
    }
    return false;
}

/* Does our group feed it, or the group that does? */
static bool is_near(const struct fr_transfer *transfer, const struct fr_roster *roster) {
    if (roster->upstream_group == transfer->roster->group_index ||
        (roster->is_adopting && roster->adopted_group == transfer->roster->group_index))
        return true;
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        if (!transfer->feeds[i]->is_rescue && roster->upstream_group == transfer->feeds[i]->roster->group_index)
            return true;
    return false;
}

static bool belongs_on(struct fr_transfer *transfer, const struct fr_link *link, const struct fr_sheet *sheet) {
    const struct fr_roster *theirs, *roster = sheet->roster;

    if (link->role ==
        FR_LINK_PEER) /* peers feed the same groups as we do; what a peer told us it tells the others too, but for those who come late */
        return (sheet->is_from_above || link->rosters_seen < link->rosters_late) && is_near(transfer, roster);
    if (link->role != FR_LINK_CHILD)
        return false;
    theirs = transfer->feeds[link->place]->roster;
    return is_below(theirs, roster->group_index) &&
        (roster->upstream_group == theirs->group_index ||
         is_carrier(transfer, transfer->feeds[link->place], link->member, roster->group_index));
}

void fr_sheets_pass(struct fr_transfer *transfer, struct fr_link *link) {
    for (; link->rosters_seen < transfer->sheet_count; link->rosters_seen++) {
        const struct fr_sheet *sheet = transfer->sheets[link->rosters_seen];

        if (belongs_on(transfer, link, sheet))
            fr_say_roster(transfer, link, sheet);
    }
}

void fr_sheets_pass_all(struct fr_transfer *transfer, struct fr_link *link) {
    link->rosters_seen = 0;
    link->rosters_late = transfer->sheet_count;
    fr_sheets_pass(transfer, link);
}

/* What could not be known to be near before its own upstream group was known is offered to the peers again. */
static void offer_again(struct fr_transfer *transfer, uint32_t group) {
    struct fr_link *link;

    for (uint32_t i = 0; i < transfer->sheet_count; i++)
        if (transfer->sheets[i]->roster->upstream_group == group)
            FR_EACH_LIVE (transfer, link)
                if (link->role == FR_LINK_PEER)
                    link->rosters_seen = 0;
}

static void pass_to_all(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_sheets_pass(transfer, link);
}

/* ---------------------------------------------------------------------------------------------------- a member */

static bool is_known(const struct fr_transfer *transfer, uint32_t group) {
    for (uint32_t i = 0; i < transfer->sheet_count; i++)
        if (transfer->sheets[i]->roster->group_index == group)
            return true;
    return false;
}

/* Does it say what a group below ours may say? */
static bool fits(const struct fr_transfer *transfer, const struct fr_roster *roster) {
    const struct fr_roster *own = transfer->roster;

    if (memcmp(roster->transfer_id, own->transfer_id, FR_TRANSFER_ID_BYTES) != 0 || !is_below(own, roster->group_index) ||
        past_of(roster) > past_of(own) || roster->upstream_count == 0)
        return false;
    return roster->upstream_group == own->group_index ? roster->upstream_count == own->member_count : is_below(own, roster->upstream_group);
}

static int take(struct fr_transfer *transfer, const struct fr_msg_roster *message, const struct fr_roster *roster, bool is_from_above) {
    struct fr_sheet *sheet = make_sheet(roster, message->blob, message->blob_bytes);
    int error;

    if (!sheet)
        return FR_E_MEMORY;
    memcpy(sheet->signature, message->signature, FR_SIGNATURE_BYTES);
    sheet->is_from_above = is_from_above;
    if (keep_sheet(transfer, sheet)) {
        free_sheet(sheet);
        return FR_E_MEMORY;
    }
    if (fr_adopt_on_sheet(transfer, sheet))
        return FR_E_MEMORY;
    if (roster->upstream_group != transfer->roster->group_index && !fr_feed_is_gone(transfer, roster->upstream_group))
        return 0;
    offer_again(transfer, roster->group_index);
    error = fr_feed_add(transfer, sheet);
    return error == FR_E_LIMIT && roster->upstream_group != transfer->roster->group_index ? 0 : error; /* no fault of whoever tells of it */
}

int fr_sheets_on_frame(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_roster message;
    struct fr_roster *roster;
    int error = fr_roster_frame_decode(body, bytes, &message);

    if (error)
        return error;
    roster = fr_alloc(sizeof(*roster));
    if (!roster) {
        transfer->actions.is_starved = true;
        return 0;
    }
    error = fr_roster_decode(message.blob, message.blob_bytes, roster);
    if (!error &&
        (!fits(transfer, roster) ||
         (!is_known(transfer, roster->group_index) &&
          !fr_verify(transfer->member.key, FR_SIGN_ROSTER, message.blob, message.blob_bytes, message.signature))))
        error = FR_E_PROTOCOL;
    if (!error && !is_known(transfer, roster->group_index)) {
        error = take(transfer, &message, roster, link->role == FR_LINK_UPSTREAM);
        transfer->actions.is_starved |= error == FR_E_MEMORY;
        error = error == FR_E_LIMIT ? FR_E_PROTOCOL : 0;
        pass_to_all(transfer);
    }
    fr_free(roster);
    return error;
}
