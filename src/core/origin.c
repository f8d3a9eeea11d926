/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin: reads the object once, page by page, and offers its chunks to each first group as they can be given out. Handing them to
 * members is feed.c, the nodes' verdicts are verdict.c. When all are settled the members are told BYE, and the push is over.
 */
#include "core/state.h"

#include <stdio.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"

int fr_origin_init(struct fr_transfer *transfer, const struct fr_origin_options *options) {
    struct fr_origin *origin = &transfer->origin;
    int error = fr_verdict_init(transfer);

    origin->key = options->key;
    origin->can_reread = options->can_reread;
    origin->page_ahead_max = options->page_ahead_max ? options->page_ahead_max : 2;
    for (uint32_t i = 0; !error && i < transfer->sheet_count; i++)
        if (transfer->sheets[i]->roster->upstream_count == 0)
            error = fr_feed_add(transfer, transfer->sheets[i]);
    return error;
}

void fr_origin_done(struct fr_transfer *transfer) {
    fr_bitset_done(&transfer->origin.released);
    fr_verdict_done(transfer);
}

/* ---------------------------------------------------------------------------------------------------- reading */

static void fail(struct fr_transfer *transfer, int error, const char *text) {
    struct fr_failure failure = {.error = error};

    snprintf(failure.text, sizeof(failure.text), "%s: %s", transfer->opening.name, text);
    fr_transfer_end(transfer, &failure);
}

static void share_page(struct fr_transfer *transfer, uint32_t page) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_say_page(transfer, link, page);
}

static void share_end(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        fr_say_end(transfer, link);
}

static const char *why_no_page(int error) {
    if (error == FR_E_LIMIT)
        return "too long for its chunk size: push it with a larger --chunk-size";
    return error == FR_E_CHANGED ? "the source did not end where it should" : "no memory";
}

void fr_origin_on_page_read(struct fr_transfer *transfer, uint32_t page, const struct fr_digest *digests, uint32_t count, bool is_last,
                            uint64_t object_bytes, const struct fr_digest *sha256) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_manifest *manifest = &transfer->manifest;
    int error;

    fr_assert(origin->is_page_asked && page == manifest->pages_contiguous);
    origin->is_page_asked = false;
    if (count > 0) {
        fr_chunk_index first = fr_layout_page_first(&manifest->layout, page);

        error = fr_manifest_make_page(manifest, origin->key, digests, count);
        for (uint32_t i = 0; !error && i < transfer->feed_count; i++)
            error = fr_dispatch_add(&transfer->feeds[i]->dispatch, first, count);
        if (error) {
            fail(transfer, error, why_no_page(error));
            return;
        }
        share_page(transfer, page);
    }
    if (!is_last)
        return;
    error = fr_manifest_make_end(manifest, origin->key, object_bytes, sha256);
    if (error) {
        fail(transfer, error, "the source did not end where it should");
        return;
    }
    origin->is_read = true;
    origin->word_at = transfer->now;
    for (uint32_t i = 0; i < transfer->feed_count; i++)
        transfer->feeds[i]->dispatch.is_last_known = true;
    share_end(transfer);
}

static bool is_anybody_holding(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->is_holding)
            return true;
    return false;
}

/* Chunks in hand for the group that has fewest; UINT32_MAX: nobody takes any. */
static uint32_t least_waiting(const struct fr_transfer *transfer) {
    uint32_t least = UINT32_MAX;

    for (uint32_t i = 0; i < transfer->feed_count; i++) {
        const struct fr_dispatch *dispatch = &transfer->feeds[i]->dispatch;

        if (dispatch->children_in > 0 && dispatch->waiting.set_count < least)
            least = dispatch->waiting.set_count;
    }
    return least;
}

/* The next page is read when the chunks in hand run low; without pause for the sake of a member that may have it all already. Nothing is
 * read before somebody accepted, so a pipe loses nothing when all are down. */
static void read_ahead(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;
    struct fr_action action = {.type = FR_ACTION_READ_PAGE, .page = transfer->manifest.pages_contiguous};
    uint32_t waiting = least_waiting(transfer);
    bool is_holding = is_anybody_holding(transfer);

    if (origin->is_read || origin->is_page_asked || (waiting == UINT32_MAX && !is_holding))
        return;
    if (waiting >= origin->page_ahead_max * transfer->manifest.layout.page_chunks && !(is_holding && origin->can_reread))
        return;
    origin->is_page_asked = true;
    fr_actions_push(&transfer->actions, &action);
}

void fr_origin_turn(struct fr_transfer *transfer) {
    struct fr_origin *origin = &transfer->origin;

    fr_verdict_give_up_silent(transfer);
    read_ahead(transfer);
    fr_feed_turn(transfer);
    if (!transfer->is_ended && origin->pending_count == 0) {
        fr_verdict_find_slow(transfer);
        fr_transfer_end(transfer, NULL);
    }
}

fr_time_ns fr_origin_deadline(const struct fr_transfer *transfer) {
    return fr_time_min(fr_feed_deadline(transfer), fr_verdict_deadline(transfer));
}
