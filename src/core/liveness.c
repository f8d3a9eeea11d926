/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of one link. */
#include "core/liveness.h"

#include "base/time.h"
#include "core/planted.h"

void fr_liveness_init(struct fr_liveness *liveness, fr_time_ns silence, fr_time_ns now) {
    *liveness = (struct fr_liveness){.heard_at = now, .sent_at = now, .silence = silence};
}

void fr_liveness_heard(struct fr_liveness *liveness, fr_time_ns now) { liveness->heard_at = fr_time_max(liveness->heard_at, now); }

void fr_liveness_sent(struct fr_liveness *liveness, fr_time_ns now) { liveness->sent_at = fr_time_max(liveness->sent_at, now); }

static fr_time_ns ping_at(const struct fr_liveness *liveness) { return liveness->sent_at + liveness->silence / 3; }

static fr_time_ns dead_at(const struct fr_liveness *liveness) { return liveness->heard_at + liveness->silence; }

enum fr_liveness_state fr_liveness_check(const struct fr_liveness *liveness, fr_time_ns now) {
    if (now >= dead_at(liveness))
        return FR_LIVENESS_DEAD;
    return now >= ping_at(liveness) && !FR_PLANTED(PING_FORGOTTEN) ? FR_LIVENESS_PING : FR_LIVENESS_FINE;
}

fr_time_ns fr_liveness_due(const struct fr_liveness *liveness) { return fr_time_min(ping_at(liveness), dead_at(liveness)); }
