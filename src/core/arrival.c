/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk arrives at a member: may it come, is it new, is it right, whose doing was it if not, and what follows from having it. */
#include "core/planted.h"
#include "core/state.h"

bool fr_member_takes_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, uint32_t chunk_size) {
    const struct fr_manifest *manifest = &transfer->manifest;
    const char *why = NULL;

    if (chunk >= manifest->layout.chunk_count)
        why = "sent a chunk outside the object";
    else if (!fr_manifest_has_chunk(manifest, chunk))
        why = "sent a chunk before its page";
    else if (fr_layout_is_closed(&manifest->layout) ? chunk_size != fr_layout_chunk_size(&manifest->layout, chunk)
                                                    : chunk_size > manifest->layout.chunk_bytes)
        why = "sent a chunk of a wrong size";
    if (!why)
        return true;
    fr_member_report_fault(transfer, fr_member_sender_of(link), chunk, why);
    fr_transfer_drop_link(transfer, link, FR_E_PROTOCOL, why);
    return false;
}

static void drop_buffer(struct fr_transfer *transfer, struct fr_buffer *buffer) {
    struct fr_action action = {.type = FR_ACTION_DROP, .buffer = buffer};

    fr_actions_push(&transfer->actions, &action);
}

/* A chunk that is here already, or about to be. From upstream it still makes us its owner. */
static void on_duplicate(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, bool is_gift) {
    struct fr_member *member = &transfer->member;

    fr_transfer_trace(transfer, FR_TRACE_CHUNK_DUPLICATE, link->member, chunk, is_gift, 0, NULL);
    if (is_gift && fr_bitset_has(&member->have, chunk) && !FR_PLANTED(NEVER_OWNED))
        fr_relay_own(transfer, chunk, link);
    else if (is_gift)
        fr_bitset_add(&member->given, chunk);
    if (link->role != FR_LINK_PEER && link->role != FR_LINK_ADOPTER)
        return;
    if (fr_bitset_has(&member->have, chunk))
        fr_say_chunk_number(transfer, link, FR_FRAME_HAVE, chunk);
    else if (fr_link_mark(&link->late, chunk))
        transfer->actions.is_starved = true;
}

void fr_member_on_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, struct fr_buffer *buffer) {
    struct fr_member *member = &transfer->member;
    struct fr_action action = {.type = FR_ACTION_STORE, .link = link->id, .chunk = chunk, .buffer = buffer};
    bool is_answer = fr_bitset_remove(&link->owed, chunk) && !FR_PLANTED(ANSWER_IS_GIFT);
    bool is_gift = link->role == FR_LINK_UPSTREAM && !is_answer;
    bool may_be_here = member->mode == FR_MEMBER_HOLDING && !member->reuse.is_remaking; /* as may the whole object */

    fr_pull_on_arrived(transfer, link, chunk, is_answer);
    if (may_be_here || fr_bitset_has(&member->have, chunk) || (fr_bitset_has(&member->storing, chunk) && !FR_PLANTED(STORED_TWICE))) {
        on_duplicate(transfer, link, chunk, is_gift && !may_be_here);
        drop_buffer(transfer, buffer);
        return;
    }
    fr_bitset_add(&member->storing, chunk);
    member->senders[chunk] = (uint16_t) fr_member_sender_of(link);
    if (is_gift)
        fr_bitset_add(&member->given, chunk);
    action.chunk_offset = fr_layout_chunk_offset(&transfer->manifest.layout, chunk);
    action.count = buffer->bytes;
    action.digest = *fr_manifest_digest(&transfer->manifest, chunk);
    fr_actions_push(&transfer->actions, &action);
    if (FR_PLANTED(ACK_EARLY) && link->role == FR_LINK_PEER)
        fr_say_chunk_number(transfer, link, FR_FRAME_HAVE, chunk);
}

/* The link may be gone since it went to the store. */
static struct fr_link *link_with(struct fr_transfer *transfer, uint32_t sender) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role != FR_LINK_CHILD && link->role != FR_LINK_ADOPTEE && fr_member_sender_of(link) == sender)
            return link;
    return NULL;
}

/* For traces and figures: an adopter does what a peer would. */
static uint32_t member_of(const struct fr_transfer *transfer, uint32_t sender) {
    if (sender == FR_SENDER_SELF)
        return transfer->self;
    if (sender >= FR_SENDER_ADOPTER)
        return transfer->member.adopters[sender - FR_SENDER_ADOPTER]->peer;
    return sender < FR_GROUP_NODES_MAX ? sender : FR_MEMBER_UPSTREAM;
}

static void blame(struct fr_transfer *transfer, uint32_t sender, fr_chunk_index chunk) {
    struct fr_link *link = link_with(transfer, sender);
    bool is_enough;

    fr_transfer_trace(transfer, FR_TRACE_CHUNK_BAD, member_of(transfer, sender), chunk, 0, FR_E_DIGEST, NULL);
    is_enough = fr_member_report_fault(transfer, sender, chunk, "sent a chunk whose bytes do not match the signed digest");
    if (link) {
        fr_bitset_remove(&link->theirs, chunk); /* whatever it says, it has not got it */
        transfer->actions.is_starved |= fr_link_mark(&link->spoilt, chunk) != 0;
    }
    if (link && is_enough)
        fr_transfer_drop_link(transfer, link, FR_E_DIGEST, "sent wrong chunks again and again");
}

static void on_bad_chunk(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_member *member = &transfer->member;
    struct fr_link *link;

    if (fr_bitset_remove(&member->given, chunk)) /* we cannot own what did not arrive well: whoever gave it gives it to somebody again */
        FR_EACH_LIVE (transfer, link)
            if (link->role == FR_LINK_UPSTREAM)
                fr_say_chunk_number(transfer, link, FR_FRAME_MISSING, chunk);
    if (member->senders[chunk] != FR_SENDER_SELF) {
        member->figures.chunks_bad++;
        blame(transfer, member->senders[chunk], chunk);
        fr_pull_want_news(transfer);
    }
    FR_EACH_LIVE (transfer, link)
        if (fr_bitset_remove(&link->late, chunk)) /* its copy was dropped for the wrong one: once more, please */
            fr_say_chunk_number(transfer, link, FR_FRAME_WANT, chunk);
}

/* Also to a peer that was asked for it before, or means to push it, and was slower: it need not come twice. */
static void say_receipts(struct fr_transfer *transfer, uint32_t sender, fr_chunk_index chunk) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if ((link->role == FR_LINK_PEER || link->role == FR_LINK_ADOPTER) &&
            (fr_member_sender_of(link) == sender || fr_bitset_remove(&link->late, chunk) || fr_bitset_has(&link->owed, chunk) ||
             fr_bitset_remove(&link->promised, chunk)))
            fr_say_chunk_number(transfer, link, FR_FRAME_HAVE, chunk);
}

static void on_good_chunk(struct fr_transfer *transfer, fr_chunk_index chunk) {
    struct fr_member *member = &transfer->member;
    uint32_t size = fr_layout_chunk_size(&transfer->manifest.layout, chunk), sender = member_of(transfer, member->senders[chunk]);
    bool is_gift = fr_bitset_remove(&member->given, chunk);

    fr_bitset_add(&member->have, chunk);
    member->have_bytes += size;
    member->figures.chunks_have++;
    fr_strands_on_have(transfer, chunk);
    member->pull.stored_at = transfer->now;
    if (sender == FR_MEMBER_UPSTREAM)
        member->figures.bytes_from_upstream += size;
    else if (sender != transfer->self)
        member->figures.bytes_from_peers += size;
    fr_transfer_trace(transfer, FR_TRACE_CHUNK_STORED, sender, chunk, is_gift, 0, NULL);
    say_receipts(transfer, member->senders[chunk], chunk);
    if (is_gift || FR_PLANTED(OWNED_BY_ALL))
        fr_relay_own(transfer, chunk, link_with(transfer, member->senders[chunk]));
    else if (FR_PLANTED(UNOWNED_ADOPTED))
        fr_adopt_own(transfer, chunk);
}

void fr_member_on_stored(struct fr_transfer *transfer, fr_chunk_index chunk, enum fr_store_outcome outcome,
                         const struct fr_failure *failure) {
    if (!fr_bitset_remove(&transfer->member.storing, chunk))
        return;
    if (transfer->member.senders[chunk] == FR_SENDER_SELF)
        fr_reuse_on_looked(transfer, outcome == FR_STORE_OK);
    switch (FR_PLANTED(DIGEST_IGNORED) && outcome == FR_STORE_BAD_DIGEST ? FR_STORE_OK : outcome) {
    case FR_STORE_OK: on_good_chunk(transfer, chunk); break;
    case FR_STORE_BAD_DIGEST: on_bad_chunk(transfer, chunk); break;
    case FR_STORE_FAILED: fr_transfer_end(transfer, failure); break;
    }
}
