/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ways of handing out fresh chunks share: dispatch.c, of one file, and dispatch_woven.c, of a set. */
#ifndef FR_CORE_DISPATCH_INSIDE_H
#define FR_CORE_DISPATCH_INSIDE_H

#include "base/time.h"
#include "core/dispatch.h"

#define FR_DISPATCH_AWAIT (250 * FR_MS) /* links of one group come up within so long of one another, if they come up at all */

bool fr_dispatch_is_taking(const struct fr_child *child);
uint32_t fr_dispatch_room(const struct fr_dispatch *dispatch, const struct fr_child *child);

/* The time in which all children together bring one chunk to the group, when the end is near; else, and when it is not known, 0. */
double fr_dispatch_interval_at_end(const struct fr_dispatch *dispatch, fr_time_ns now);
/* Has it credit, and would it not be the last to finish? */
bool fr_dispatch_may_take(const struct fr_dispatch *dispatch, const struct fr_child *child, double interval_at_end);
/* Most credit left first, least served first among equals. */
bool fr_dispatch_is_before(const struct fr_dispatch *dispatch, const struct fr_child *child, const struct fr_child *other);

/* Of a set: a waiting chunk and who is to own it. false: nobody can take one that is his. */
bool fr_dispatch_pick_woven(struct fr_dispatch *dispatch, fr_time_ns now, uint32_t *ret_child, fr_chunk_index *ret_chunk);

#endif
