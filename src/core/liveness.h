/* SPDX-License-Identifier: Apache-2.0 */
/* Is the other end of a link still there? When to ask, and when to give up. */
#ifndef FR_CORE_LIVENESS_H
#define FR_CORE_LIVENESS_H

#include <fastreplica/types.h>

struct fr_liveness {
    fr_time_ns heard_at; /* the last byte that came */
    fr_time_ns sent_at;  /* the last frame that we sent */
    fr_time_ns silence;  /* deadline for the next byte, counted from heard_at */
};

enum fr_liveness_state { FR_LIVENESS_FINE, FR_LIVENESS_PING, FR_LIVENESS_DEAD };

void fr_liveness_init(struct fr_liveness *liveness, fr_time_ns silence, fr_time_ns now);
void fr_liveness_heard(struct fr_liveness *liveness, fr_time_ns now); /* an earlier time than known is ignored */
void fr_liveness_sent(struct fr_liveness *liveness, fr_time_ns now);
/* PING: a third of the silence has passed since we sent anything; the caller sends one and tells _sent. DEAD: silent too long. */
enum fr_liveness_state fr_liveness_check(const struct fr_liveness *liveness, fr_time_ns now);
/* When check will next return something else than FINE, if nothing is heard or sent. */
fr_time_ns fr_liveness_due(const struct fr_liveness *liveness);

#endif
