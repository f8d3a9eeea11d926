/* SPDX-License-Identifier: Apache-2.0 */
/* How a transfer begins and ends: what it opens with, what it is freed of, who is told that it failed. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static int keep_blobs(struct fr_transfer *transfer, const uint8_t *opening, uint32_t opening_bytes, const uint8_t *roster,
                      uint32_t roster_bytes) {
    transfer->opening_blob = fr_alloc(opening_bytes);
    transfer->roster_blob = fr_alloc(roster_bytes);
    if (!transfer->opening_blob || !transfer->roster_blob)
        return FR_E_MEMORY;
    memcpy(transfer->opening_blob, opening, opening_bytes);
    memcpy(transfer->roster_blob, roster, roster_bytes);
    transfer->opening_bytes = opening_bytes;
    transfer->roster_bytes = roster_bytes;
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
    fr_dial_init(transfer);
    transfer->roster = fr_alloc_zeroed(1, sizeof(*transfer->roster));
    if (!transfer->roster) {
        fr_free(transfer);
        return NULL;
    }
    *transfer->roster = *roster;
    return transfer;
}

/* The origin encodes and signs what it opens with. */
static int sign_opening(struct fr_transfer *transfer, const struct fr_sign_key *key) {
    uint8_t *blob = fr_alloc(FR_FRAME_BODY_MAX);
    uint32_t opening_bytes, roster_bytes;
    int error = FR_E_MEMORY;

    if (!blob)
        return FR_E_MEMORY;
    fr_sign_key_public(key, transfer->opening.origin_key);
    memcpy(transfer->roster->transfer_id, transfer->opening.transfer_id, FR_TRANSFER_ID_BYTES);
    opening_bytes = (uint32_t) fr_opening_encode(&transfer->opening, blob, FR_FRAME_BODY_MAX / 2);
    roster_bytes = (uint32_t) fr_roster_encode(transfer->roster, blob + opening_bytes, FR_FRAME_BODY_MAX / 2);
    error = keep_blobs(transfer, blob, opening_bytes, blob + opening_bytes, roster_bytes);
    if (!error)
        error = fr_sign(key, FR_SIGN_OPENING, transfer->opening_blob, opening_bytes, transfer->opening_signature);
    if (!error)
        error = fr_sign(key, FR_SIGN_ROSTER, transfer->roster_blob, roster_bytes, transfer->roster_signature);
    fr_free(blob);
    return error;
}

static bool is_roster_valid(const struct fr_roster *roster) {
    return roster->member_count >= 1 && roster->member_count <= FR_GROUP_NODES_MAX;
}

int fr_transfer_new_origin(const struct fr_origin_options *options, fr_time_ns now, struct fr_transfer **ret_transfer) {
    struct fr_transfer *transfer;
    int error;

    if (!is_roster_valid(options->roster))
        return FR_E_ARGUMENT;
    transfer = new_transfer(&options->timing, &options->observer, options->opening, options->roster, options->seed, now);
    if (!transfer)
        return FR_E_MEMORY;
    transfer->is_origin = true;
    transfer->self = FR_MEMBER_UPSTREAM;
    error = sign_opening(transfer, options->key);
    if (!error)
        error = fr_manifest_init(&transfer->manifest, options->opening->transfer_id, options->opening->object_bytes,
                                 options->opening->chunk_bytes);
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
    error = keep_blobs(transfer, options->open->opening, options->open->opening_bytes, options->open->roster, options->open->roster_bytes);
    if (!error)
        error = fr_manifest_init(&transfer->manifest, options->opening->transfer_id, options->opening->object_bytes,
                                 options->opening->chunk_bytes);
    if (!error)
        error = fr_member_init(transfer, options);
    for (uint32_t i = 0; !error && i < transfer->self; i++) /* the higher index dials, so each pair has one link */
        fr_dial_start(transfer, i);
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
    if (transfer->is_origin)
        fr_origin_done(transfer);
    else
        fr_member_done(transfer);
    fr_manifest_done(&transfer->manifest);
    fr_actions_done(&transfer->actions);
    fr_free(transfer->roster);
    fr_free(transfer->opening_blob);
    fr_free(transfer->roster_blob);
    fr_free(transfer);
}

/* Members hear from a failing origin why it gives up, and an origin hears from a failing member. */
static void tell_failure(struct fr_transfer *transfer, const struct fr_failure *failure) {
    struct fr_link *link;

    if (!transfer->is_origin) {
        fr_member_tell_failure(transfer, failure);
        return;
    }
    FR_EACH_LIVE (transfer, link)
        fr_say_reason(transfer, link, FR_FRAME_ABORT, 0, failure->text);
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
    for (uint32_t slot = 0; slot < transfer->links_used; slot++)
        fr_transfer_drop_link(transfer, transfer->links[slot], 0,
                              failure && failure->error ? "this node gives up" : "the transfer is over");
    fr_transfer_trace(transfer, FR_TRACE_ENDED, transfer->self, FR_CHUNK_NONE, 0, 0, NULL);
}

void fr_transfer_starve(struct fr_transfer *transfer) {
    struct fr_failure failure = {.error = FR_E_MEMORY};

    snprintf(failure.text, sizeof(failure.text), "%s: no memory", transfer->opening.name);
    fr_transfer_end(transfer, &failure);
}
