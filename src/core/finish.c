/* SPDX-License-Identifier: Apache-2.0 */
/* How a member ends: whole and final, dismissed by upstream, orphaned, or failed; and telling everybody. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "core/planted.h"

enum {
    CALL_SILENCES = 8,  /* who is linked with peers may wait so long for upstream to call */
    ADOPT_SILENCES = 2, /* and who lost all who fed it, for those further up: they need one to notice, and some time to find us, after they
                           have dialled each of those between, in turn */
};

void fr_finish_tell_done(struct fr_transfer *transfer, const struct fr_failure *failure) {
    struct fr_member *member = &transfer->member;
    struct fr_msg_done done = {.verdict = failure ? FR_VERDICT_FAILED : FR_VERDICT_COMPLETE, .figures = member->figures};
    struct fr_link *link;

    done.elapsed_ns = fr_time_since(failure ? transfer->now : member->complete_at, transfer->began_at);
    if (failure) {
        done.text.bytes = failure->text;
        done.text.count = (uint32_t) strnlen(failure->text, FR_REASON_BYTES_MAX);
    }
    FR_EACH_LIVE (transfer, link)
        if ((link->role == FR_LINK_PEER || link->role == FR_LINK_UPSTREAM) && !link->is_told_done) {
            link->is_told_done = true;
            fr_say_done(transfer, link, &done);
        }
    member->is_told_done = true;
}

void fr_member_tell_failure(struct fr_transfer *transfer, const struct fr_failure *failure) { fr_finish_tell_done(transfer, failure); }

void fr_member_on_finished(struct fr_transfer *transfer, const struct fr_failure *failure) {
    struct fr_member *member = &transfer->member;

    fr_assert(member->is_finish_asked);
    if (failure->error) {
        fr_transfer_end(transfer, failure);
        return;
    }
    member->is_complete = true;
    member->complete_at = transfer->now;
    for (uint32_t i = 0; i < transfer->feed_count; i++) /* those that were to wait for the whole object */
        fr_feed_open(transfer, transfer->feeds[i]);
    fr_transfer_trace(transfer, FR_TRACE_COMPLETE, transfer->self, FR_CHUNK_NONE, fr_member_elapsed(transfer), 0, NULL);
    fr_finish_tell_done(transfer, NULL);
}

void fr_finish_when_whole(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;
    struct fr_action action = {.type = FR_ACTION_FINISH};

    if (member->is_finish_asked || member->mode == FR_MEMBER_HOLDING || !fr_manifest_is_whole(&transfer->manifest) ||
        member->have.set_count + (FR_PLANTED(FINISHED_EARLY) ? member->storing.set_count : 0) != transfer->manifest.layout.chunk_count)
        return;
    if (!fr_manifest_root_matches(&transfer->manifest)) {
        struct fr_failure failure = {.error = FR_E_DIGEST};

        snprintf(failure.text, sizeof(failure.text), "%s: the origin signed pages and an end that do not belong together",
                 transfer->opening.name);
        fr_transfer_end(transfer, &failure);
        return;
    }
    member->is_finish_asked = true;
    fr_actions_push(&transfer->actions, &action);
}

static bool all_others_done(struct fr_transfer *transfer) {
    struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if ((link->role == FR_LINK_PEER || link->role == FR_LINK_CHILD) && !link->is_done)
            return false;
    return true;
}

static fr_time_ns orphaned_since(const struct fr_member *member) { return member->orphaned_at == FR_TIME_NEVER ? 0 : member->orphaned_at; }

static bool has_peers(const struct fr_transfer *transfer) {
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            return true;
    return false;
}

/* The origin is gone for good, and nobody else needs us. A group above may send a stand-in, who wants to hear that we are complete. */
static bool is_left_alone(struct fr_transfer *transfer) {
    return transfer->member.orphaned_at != FR_TIME_NEVER && transfer->roster->upstream_count == 0 && all_others_done(transfer);
}

/* How long those further up need to take us on; never longer than the origin has patience with those it hears nothing of. */
static fr_time_ns adoption_time(const struct fr_transfer *transfer) {
    const struct fr_timing *timing = &transfer->timing;

    if (transfer->roster->upstream_count == 0)
        return timing->silence;
    return fr_time_min(ADOPT_SILENCES * timing->silence + transfer->roster->upstream_count * timing->connect,
                       CALL_SILENCES * timing->silence);
}

/* When an orphan stops: complete, once nobody needs it; incomplete, once nothing has come for a silence, or longer where a group further up
 * may take us on. */
fr_time_ns fr_finish_orphan_ends_at(const struct fr_transfer *transfer) {
    const struct fr_member *member = &transfer->member;

    if (FR_PLANTED(ORPHAN_WAITS) || (member->orphaned_at == FR_TIME_NEVER && member->was_upstream_here))
        return FR_TIME_NEVER;
    if (member->is_complete)
        return fr_time_max(fr_time_max(member->served_at, member->complete_at), orphaned_since(member)) + transfer->timing.linger;
    if (member->is_finish_asked)
        return FR_TIME_NEVER;
    /* A member that upstream has not called yet waits from its beginning; longer among peers, for those above may call them one by one,
     * when each has the whole object. */
    if (!member->was_upstream_here && has_peers(transfer))
        return fr_time_max(transfer->began_at, member->pull.stored_at) + CALL_SILENCES * transfer->timing.silence;
    return fr_time_max(member->was_upstream_here ? member->orphaned_at : transfer->began_at, member->pull.stored_at) +
        adoption_time(transfer);
}

static void fail_as_orphan(struct fr_transfer *transfer) {
    struct fr_failure failure = {.error = FR_E_CLOSED};
    const struct fr_member *member = &transfer->member;

    snprintf(failure.text, sizeof(failure.text),
             "the origin is gone and no neighbour has the rest: %u of %u chunks are here, the first missing is %u%s",
             member->have.set_count, transfer->manifest.layout.chunk_count, fr_bitset_next_clear(&member->have, 0),
             transfer->manifest.is_end_known ? "" : ", the end is not known");
    fr_transfer_end(transfer, &failure);
}

/* Nobody came to it from above, so nobody will come to us: we have been alone as long as it was, or a long branch would end member after
 * member. */
void fr_finish_on_abandoned(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    if (member->is_complete && member->orphaned_at == transfer->now)
        member->orphaned_at = fr_time_since(transfer->now, transfer->timing.linger);
}

void fr_finish_leave(struct fr_transfer *transfer) {
    struct fr_member *member = &transfer->member;

    if (member->is_complete && (member->is_dismissed || is_left_alone(transfer) || FR_PLANTED(LEFT_EARLY)))
        fr_transfer_end(transfer, NULL);
    else if (member->is_dismissed && !member->is_finish_asked) {
        struct fr_failure failure = {.error = FR_E_ABORTED};

        snprintf(failure.text, sizeof(failure.text), "the origin ended the push before this node was complete");
        fr_transfer_end(transfer, &failure);
    } else if (fr_finish_orphan_ends_at(transfer) <= transfer->now) {
        if (member->is_complete)
            fr_transfer_end(transfer, NULL);
        else
            fail_as_orphan(transfer);
    }
}
