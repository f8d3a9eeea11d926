/* SPDX-License-Identifier: Apache-2.0 */
/* What trace events are called in logs. */
#include "core/trace.h"

const char *fr_trace_name(enum fr_trace_type type) {
    switch (type) {
    case FR_TRACE_LINK_UP: return "link-up";
    case FR_TRACE_LINK_DOWN: return "link-down";
    case FR_TRACE_LINK_RETRY: return "link-retry";
    case FR_TRACE_MEMBER_VERDICT: return "verdict";
    case FR_TRACE_MEMBER_LAG: return "lag";
    case FR_TRACE_MEMBER_CAUGHT_UP: return "caught-up";
    case FR_TRACE_CHUNK_GIVEN: return "chunk-given";
    case FR_TRACE_CHUNK_TAKEN_BACK: return "chunk-taken-back";
    case FR_TRACE_CHUNK_REACHED: return "chunk-reached";
    case FR_TRACE_CHUNK_STORED: return "chunk-stored";
    case FR_TRACE_CHUNK_BAD: return "chunk-bad";
    case FR_TRACE_CHUNK_DUPLICATE: return "chunk-duplicate";
    case FR_TRACE_CHUNK_SENT: return "chunk-sent";
    case FR_TRACE_CHUNK_WANTED: return "chunk-wanted";
    case FR_TRACE_CHUNK_OVERDUE: return "chunk-overdue";
    case FR_TRACE_PROGRESS: return "progress";
    case FR_TRACE_FAULT: return "fault";
    case FR_TRACE_COMPLETE: return "complete";
    case FR_TRACE_FAILED: return "failed";
    case FR_TRACE_ENDED: return "ended";
    }
    return "?";
}
