/* SPDX-License-Identifier: Apache-2.0 */
/* Units of time. Reading a clock is the driver's business, never the core's. */
#ifndef FR_BASE_TIME_H
#define FR_BASE_TIME_H

#include <fastreplica/types.h>

#define FR_US ((fr_time_ns) 1000)
#define FR_MS ((fr_time_ns) 1000000)
#define FR_SECOND ((fr_time_ns) 1000000000)

static inline fr_time_ns fr_time_min(fr_time_ns a, fr_time_ns b) { return a < b ? a : b; }
static inline fr_time_ns fr_time_max(fr_time_ns a, fr_time_ns b) { return a > b ? a : b; }
/* a - b, or 0 when b is later. */
static inline fr_time_ns fr_time_since(fr_time_ns a, fr_time_ns b) { return a > b ? a - b : 0; }

#endif
