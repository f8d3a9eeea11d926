/* SPDX-License-Identifier: Apache-2.0 */
/** Numbers with a unit, and the small values that several public headers share. */
#ifndef FASTREPLICA_TYPES_H
#define FASTREPLICA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t fr_time_ns;     /**< nanoseconds on a monotonic clock whose zero is arbitrary */
typedef uint32_t fr_chunk_index; /**< counts from 0 along the object */

#define FR_TIME_NEVER UINT64_MAX    /**< a deadline that is not armed */
#define FR_BYTES_UNKNOWN UINT64_MAX /**< the size of an object that is read from a pipe, until its end */
#define FR_RATE_UNKNOWN 0u          /**< a rate (bytes a second) that nobody told */

enum { FR_DIGEST_BYTES = 32 };

/** A SHA-256 digest. */
struct fr_digest {
    uint8_t bytes[FR_DIGEST_BYTES];
};

/** How a push ended for one node. */
enum fr_verdict {
    FR_VERDICT_PENDING = 0,     /**< not known yet; never in a final report */
    FR_VERDICT_COMPLETE = 1,    /**< has the whole verified object under its final name */
    FR_VERDICT_SLOW = 2,        /**< the same, but could not follow its group and ended well after it */
    FR_VERDICT_FAILED = 3,      /**< was taking part and failed; the reason says why */
    FR_VERDICT_UNREACHABLE = 4, /**< could not be connected to at all */
    FR_VERDICT_REFUSED = 5,     /**< answered, and would not take part; the reason says why */
    FR_VERDICT_USABLE = 6,      /**< of a set, when the time was up: some files under their final names; the reason says how many */
};

/** "complete", "slow", "failed", "unreachable", "refused", "usable" or "pending". */
const char *fr_verdict_name(enum fr_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
