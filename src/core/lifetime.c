/* SPDX-License-Identifier: Apache-2.0 */
/* How a transfer begins and ends: what it opens with, what it is freed of, who is told that it failed. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static int keep_blob(const uint8_t *bytes, uint32_t count, uint8_t **ret_blob, uint32_t *ret_count) {
    uint8_t *blob = fr_alloc(count);

    if (!blob)
        return FR_E_MEMORY;
    memcpy(blob, bytes, count);
    *ret_blob = blob;
    *ret_count = count;
    return 0;
}

static struct fr_transfer *new_transfer(const struct fr_timing *timing, const struct fr_observer *observer,
                                        const struct fr_opening *opening, const struct fr_roster *roster, uint64_t seed, fr_time_ns now) {
    struct fr_transfer *transfer = fr_alloc_zeroed(1, sizeof(*transfer));

    if (!transfer)
        return NULL;
    transfer->now = transfer->began_at = now;
    transfer->timing = *timing;
    transfer->observer = *observer;
    transfer->opening = *opening;
    fr_prng_init(&transfer->prng, seed);
    fr_actions_init(&transfer->actions);
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++)
        fr_dial_init(&transfer->dials[i]);
    fr_urgent_init(transfer);
    transfer->dial_due = transfer->stall_due = transfer->liveness_due = FR_TIME_NEVER;
    transfer->roster = fr_sheets_copy_roster(roster, true);
    if (!transfer->roster) {
        fr_free(transfer);
        return NULL;
    }
    return transfer;
}

/* The origin encodes and signs what it opens with. */
static int sign_opening(struct fr_transfer *transfer, const struct fr_sign_key *key) {
    uint8_t blob[FR_OPENING_BYTES_MAX];
    uint32_t bytes;
    int error;

    fr_sign_key_public(key, transfer->opening.origin_key);
    memcpy(transfer->roster->transfer_id, transfer->opening.transfer_id, FR_TRANSFER_ID_BYTES);
    bytes = (uint32_t) fr_opening_encode(&transfer->opening, blob, sizeof(blob));
    error = keep_blob(blob, bytes, &transfer->opening_blob, &transfer->opening_bytes);
    return error ? error : fr_sign(key, FR_SIGN_OPENING, transfer->opening_blob, bytes, transfer->opening_signature);
}

static bool is_roster_valid(const struct fr_roster *roster) {
    return roster->member_count >= 1 && roster->member_count <= FR_GROUP_NODES_MAX;
}

/* Each group after the one that feeds it, with all below it in one run: so the group before it is the one that feeds it, or lies below
 * that. */
static bool is_in_order(const struct fr_roster *const *rosters, uint32_t group) {
    uint32_t above = rosters[group]->upstream_group, before = group - 1;

    if (rosters[group]->upstream_count == 0)
        return true;
    if (above >= group || rosters[above]->member_count != rosters[group]->upstream_count)
        return false;
    while (before != above && before > above && rosters[before]->upstream_count > 0)
        before = rosters[before]->upstream_group;
    return before == above;
}

static bool are_groups_valid(const struct fr_roster *const *rosters, uint32_t count) {
    uint32_t first_groups = 0;

    if (count == 0 || count > FR_GROUPS_MAX || rosters[0]->upstream_count != 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_roster_valid(rosters[i]) || (i > 0 && !is_in_order(rosters, i)))
            return false;
        first_groups += rosters[i]->upstream_count == 0;
    }
    return first_groups <= FR_FEEDS_MAX;
}

int fr_transfer_new_origin(const struct fr_origin_options *options, fr_time_ns now, struct fr_transfer **ret_transfer) {
    struct fr_transfer *transfer;
    int error;

    if (!are_groups_valid(options->rosters, options->group_count))
        return FR_E_ARGUMENT;
    transfer = new_transfer(&options->timing, &options->observer, options->opening, options->rosters[0], options->seed, now);
    if (!transfer)
        return FR_E_MEMORY;
    transfer->is_origin = true;
    transfer->self = FR_MEMBER_UPSTREAM;
    error = sign_opening(transfer, options->key);
    if (!error)
        error = fr_sheets_sign(transfer, options->key, options->rosters, options->group_count);
    if (!error)
        error = fr_manifest_init(&transfer->manifest, options->opening->transfer_id, options->opening->object_bytes,
                                 options->opening->chunk_bytes);
    if (!error)
        error = fr_strands_init(transfer);
    if (!error)
        error = fr_origin_init(transfer, options);
    if (!error && transfer->actions.is_starved) /* a link or an action is missing already */
        error = FR_E_MEMORY;
    if (error) {
        fr_transfer_free(transfer);
        return error;
    }
    *ret_transfer = transfer;
    return 0;
}

int fr_transfer_new_member(const struct fr_member_options *options, fr_time_ns now, struct fr_transfer **ret_transfer) {
    struct fr_transfer *transfer;
    int error;

    if (!is_roster_valid(options->roster) || options->open->to >= options->roster->member_count)
        return FR_E_ARGUMENT;
    transfer = new_transfer(&options->timing, &options->observer, options->opening, options->roster, options->seed, now);
    if (!transfer)
        return FR_E_MEMORY;
    transfer->self = options->open->to;
    memcpy(transfer->opening_signature, options->open->opening_signature, FR_SIGNATURE_BYTES);
    memcpy(transfer->roster_signature, options->open->roster_signature, FR_SIGNATURE_BYTES);
    error = keep_blob(options->open->opening, options->open->opening_bytes, &transfer->opening_blob, &transfer->opening_bytes);
    if (!error)
        error = keep_blob(options->open->roster, options->open->roster_bytes, &transfer->roster_blob, &transfer->roster_bytes);
    if (!error)
        error = fr_manifest_init(&transfer->manifest, options->opening->transfer_id, options->opening->object_bytes,
                                 options->opening->chunk_bytes);
    if (!error)
        error = fr_strands_init(transfer);
    if (!error)
        error = fr_member_init(transfer, options);
    for (uint32_t i = 0; !error && i < transfer->self; i++) /* the higher index dials, so each pair has one link */
        fr_dial_peer(transfer, i);
    if (!error && transfer->actions.is_starved)
        error = FR_E_MEMORY;
    if (error) {
        fr_transfer_free(transfer);
        return error;
    }
    *ret_transfer = transfer;
    return 0;
}

void fr_transfer_free(struct fr_transfer *transfer) {
    if (!transfer)
        return;
    for (uint32_t slot = 0; slot < transfer->links_used; slot++) {
        fr_link_done(transfer->links[slot]);
        fr_free(transfer->links[slot]);
    }
    fr_free(transfer->links);
    if (transfer->is_origin)
        fr_origin_done(transfer);
    else
        fr_member_done(transfer);
    fr_feed_done(transfer);
    fr_sheets_done(transfer);
    fr_manifest_done(&transfer->manifest);
    fr_strands_done(transfer);
    fr_actions_done(&transfer->actions);
    fr_free(transfer->roster);
    fr_free(transfer->opening_blob);
    fr_free(transfer->roster_blob);
    fr_free(transfer);
}

/* Everybody below hears from a failing origin why it gives up, by way of those above; and whoever is above hears from a failing member. */
static void tell_failure(struct fr_transfer *transfer, const struct fr_failure *failure) {
    bool is_push_over = transfer->is_origin || failure->error == FR_E_ABORTED;
    struct fr_link *link;

    if (!transfer->is_origin)
        fr_member_tell_failure(transfer, failure);
    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_CHILD && is_push_over)
            fr_say_reason(transfer, link, FR_FRAME_ABORT, 0, failure->text);
}

/* Those below go on without us, unless the push is over. */
static void close_all(struct fr_transfer *transfer, const char *why) {
    bool is_push_over = transfer->is_origin || transfer->failure.error == FR_E_ABORTED || transfer->member.is_dismissed;

    for (uint32_t slot = 0; slot < transfer->links_used; slot++)
        if (transfer->links[slot]->role == FR_LINK_CHILD && !is_push_over)
            fr_transfer_leave_link(transfer, transfer->links[slot], why);
        else
            fr_transfer_drop_link(transfer, transfer->links[slot], 0, why);
}

void fr_transfer_end(struct fr_transfer *transfer, const struct fr_failure *failure) {
    if (transfer->is_ended)
        return;
    if (failure && failure->error) {
        transfer->failure = *failure;
        fr_transfer_trace(transfer, FR_TRACE_FAILED, transfer->self, FR_CHUNK_NONE, 0, failure->error, failure->text);
        tell_failure(transfer, failure);
    }
    transfer->is_ended = true;
    close_all(transfer, failure && failure->error ? "this node gives up" : "the transfer is over");
    fr_transfer_trace(transfer, FR_TRACE_ENDED, transfer->self, FR_CHUNK_NONE, 0, 0, NULL);
}

void fr_transfer_starve(struct fr_transfer *transfer) {
    struct fr_failure failure = {.error = FR_E_MEMORY};

    snprintf(failure.text, sizeof(failure.text), "%s: no memory", transfer->opening.name);
    fr_transfer_end(transfer, &failure);
}
