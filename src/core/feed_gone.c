/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One that we feed does not answer, turns us away, or its link breaks: is it tried again, and when is it given up?
 *
 *   dialled --fails--> dialled again, until the time is up --> unreachable
 *   live --breaks--> lost, dialled again in the same way --> live, or failed with why it broke
 */
#include <stdio.h>

#include "base/memory.h"
#include "base/time.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    MISSED_PATIENCES = 2, /* who left complete and in good order is missed after so many */
    IDLE_LOSSES_MAX = 3,  /* who comes back so often and gains nothing does not come back any more */
};

void fr_feed_on_refused(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_reason *reason) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    char text[FR_REASON_BYTES_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", (int) reason->text.count, reason->text.bytes);
    /* Complete: whoever was in charge of it before us is gone. */
    if (reason->code == FR_REFUSAL_COMPLETE || (FR_PLANTED(ENDED_IS_COMPLETE) && reason->code == FR_REFUSAL_ENDED))
        fr_feed_settle(transfer, feed, link->member, FR_VERDICT_COMPLETE, "");
    else if (feed->fed[link->member].is_charge)
        fr_feed_settle(transfer, feed, link->member, FR_VERDICT_REFUSED, text[0] ? text : fr_refusal_name(reason->code));
    fr_dial_settle(&feed->fed[link->member].dial);
}

/* Trying again cannot help where the other side answered and would not have us, or has no address. */
static bool is_final(int error) { return error == FR_E_SECRET || error == FR_E_RESOLVE || error == FR_E_VERSION || error == FR_E_SYNTAX; }

static fr_time_ns tried_since(const struct fr_feed *feed, const struct fr_fed *fed) {
    return fed->is_lost ? fed->lost_at : feed->opened_at;
}

/* A link that broke, not one that was closed for what its end did. */
static bool may_come_back(const struct fr_fed *fed, bool was_live, bool was_in_good_order, const struct fr_failure *failure) {
    return was_live && !was_in_good_order && fed->is_charge && fed->verdict == FR_VERDICT_PENDING && !fed->word &&
        (failure->error == FR_E_CLOSED || failure->error == FR_E_TIMEOUT || failure->error == FR_E_IO);
}

/* Whoever died may be started again, and has still what it had stored. Meanwhile others do its part. false: it was too often already. */
static bool look_for_again(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, const struct fr_failure *failure) {
    struct fr_fed *fed = &feed->fed[member];

    if (fed->figures.chunks_have > fed->most_have) {
        fed->most_have = fed->figures.chunks_have;
        fed->idle_losses = 0;
    }
    if (fed->idle_losses++ == IDLE_LOSSES_MAX)
        return false;
    fed->word = fr_strdup(failure->text);
    if (!fed->word) {
        transfer->actions.is_starved = true;
        return false;
    }
    fed->word_verdict = FR_VERDICT_FAILED;
    fed->is_lost = true;
    fed->lost_at = transfer->now;
    fr_transfer_trace_fed(transfer, FR_TRACE_LINK_RETRY, feed->roster, member, FR_CHUNK_NONE, 0, failure->error, failure->text);
    fr_dial_forgive(&fed->dial);
    fr_dial_retry(transfer, &fed->dial);
    return true;
}

static void on_dial_failed(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, const struct fr_failure *failure) {
    struct fr_fed *fed = &feed->fed[member];
    bool is_refused = failure->error == FR_E_SECRET || failure->error == FR_E_VERSION || failure->error == FR_E_REFUSED;

    if (!fed->is_charge) { /* a helper that cannot be reached is none */
        fr_dial_settle(&fed->dial);
        return;
    }
    if (is_final(failure->error) || (fed->word && !fed->is_lost) ||
        (transfer->now >= tried_since(feed, fed) + transfer->timing.connect && !FR_PLANTED(NEVER_GIVEN_UP))) {
        fr_dial_settle(&fed->dial);
        fr_feed_settle(transfer, feed, member, is_refused ? FR_VERDICT_REFUSED : FR_VERDICT_UNREACHABLE, failure->text);
        return;
    }
    fr_transfer_trace_fed(transfer, FR_TRACE_LINK_RETRY, feed->roster, member, FR_CHUNK_NONE, 0, failure->error, failure->text);
    fr_dial_retry(transfer, &fed->dial);
}

static bool has_peers(const struct fr_transfer *transfer) {
    const struct fr_link *link;

    FR_EACH_LIVE (transfer, link)
        if (link->role == FR_LINK_PEER)
            return true;
    return false;
}

void fr_feed_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_live, bool was_in_good_order,
                     const struct fr_failure *failure) {
    struct fr_feed *feed = fr_feed_of(transfer, link);
    struct fr_fed *fed = &feed->fed[link->member];

    fr_dispatch_leave(&feed->dispatch, link->member); /* whatever its verdict was: what it owned alone needs another owner */
    fed->is_linked = false;
    if (!transfer->is_origin)
        fr_urgent_on_sent(transfer, link->sends);
    if (!was_live && !was_in_good_order)
        on_dial_failed(transfer, feed, link->member, failure);
    else if (!may_come_back(fed, was_live, was_in_good_order, failure) || !look_for_again(transfer, feed, link->member, failure)) {
        fr_dial_settle(&fed->dial);
        if (was_in_good_order && fed->verdict == FR_VERDICT_COMPLETE) /* the push may be over there, and here in a moment */
            fed->missed_at = transfer->now + MISSED_PATIENCES * transfer->timing.patience;
        /* Who had the object already has nothing against what we send: it does not hear us, and nobody else comes for what is below it. */
        fed->has_complained = was_live && !transfer->is_origin && failure->error == FR_E_REFUSED && fed->verdict != FR_VERDICT_COMPLETE;
        /* Of a helper its peers tell how it ends; so they do of one that complained of us, for the fault may be ours, unless we are alone
         * above. */
        if (fed->is_charge && (!fed->has_complained || !has_peers(transfer)))
            fr_feed_settle(transfer, feed, link->member, FR_VERDICT_FAILED, failure->text);
    }
    fr_feed_release_kept(transfer);
}
