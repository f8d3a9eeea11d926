/* SPDX-License-Identifier: Apache-2.0 */
/* Decode any bytes as any message and, where that succeeds, encode them again: the same bytes must come out. A header alone, so
 * that fuzz targets, which link no test support, can use it too. */
#ifndef FR_TESTS_SUPPORT_WIRE_AGAIN_H
#define FR_TESTS_SUPPORT_WIRE_AGAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "wire/message.h"

/* Beyond any frame type, the blobs. Fixed numbers: the fuzz corpus holds them. */
enum { WIRE_OPENING = 64, WIRE_ROSTER = 65, WIRE_KIND_END = 66 };
static_assert((int) FR_FRAME_TYPE_MAX < (int) WIRE_OPENING, "blobs are told from frames");

/* A frame's body, or a blob, out of the message that was just decoded. */
struct wire_again {
    uint8_t bytes[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
    size_t count; /* with the head */
};

static inline int wire_again_request(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct wire_again *again) {
    struct fr_msg_hello hello;
    struct fr_msg_open open;
    struct fr_msg_accept accept;
    struct fr_msg_reason reason;
    struct fr_msg_roster roster;
    int result;
    switch ((int) type) {
    case FR_FRAME_HELLO:
        if ((result = fr_hello_decode(body, bytes, &hello)) == 0)
            again->count = fr_hello_encode(&hello, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_OPEN:
        if ((result = fr_open_decode(body, bytes, &open)) == 0)
            again->count = fr_open_encode(&open, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_ACCEPT:
        if ((result = fr_accept_decode(body, bytes, &accept)) == 0)
            again->count = fr_accept_encode(&accept, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_ROSTER:
        if ((result = fr_roster_frame_decode(body, bytes, &roster)) == 0)
            again->count = fr_roster_frame_encode(&roster, again->bytes, sizeof again->bytes);
        return result;
    default: /* REFUSE, ABORT and BYE share one body; the code tells which of them an encoder takes */
        if ((result = fr_reason_decode(body, bytes, &reason)) == 0)
            again->count = fr_reason_encode(reason.code != 0 ? FR_FRAME_REFUSE : FR_FRAME_BYE, &reason, again->bytes, sizeof again->bytes);
        return result;
    }
}

static inline int wire_again_content(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct wire_again *again) {
    struct fr_msg_page page;
    struct fr_msg_end end;
    struct fr_msg_ranges ranges;
    bool is_on;
    int result;
    switch ((int) type) {
    case FR_FRAME_PAGE:
        if ((result = fr_page_decode(body, bytes, &page)) == 0)
            again->count = fr_page_encode(&page, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_END:
        if ((result = fr_end_decode(body, bytes, &end)) == 0)
            again->count = fr_end_encode(&end, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_LAG:
    case FR_FRAME_INTEREST:
    case FR_FRAME_PULL:
        if ((result = fr_switch_decode(body, bytes, &is_on)) == 0)
            again->count = fr_switch_encode(type, is_on, again->bytes, sizeof again->bytes);
        return result;
    default: /* HAVE, REACHED, WANT, MISSING, COMING */
        if ((result = fr_ranges_decode(type, body, bytes, &ranges)) == 0)
            again->count = fr_ranges_encode(type, &ranges, again->bytes, sizeof again->bytes);
        return result;
    }
}

static inline int wire_again_report(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct wire_again *again) {
    struct fr_member_figures figures;
    struct fr_msg_done done;
    struct fr_msg_fault fault;
    struct fr_msg_status status;
    int result;
    switch ((int) type) {
    case FR_FRAME_PROGRESS:
        if ((result = fr_progress_decode(body, bytes, &figures)) == 0)
            again->count = fr_progress_encode(&figures, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_DONE:
        if ((result = fr_done_decode(body, bytes, &done)) == 0)
            again->count = fr_done_encode(&done, again->bytes, sizeof again->bytes);
        return result;
    case FR_FRAME_FAULT:
        if ((result = fr_fault_decode(body, bytes, &fault)) == 0)
            again->count = fr_fault_encode(&fault, again->bytes, sizeof again->bytes);
        return result;
    default: /* STATUS */
        if ((result = fr_status_decode(body, bytes, &status)) == 0)
            again->count = fr_status_encode(&status, again->bytes, sizeof again->bytes);
        return result;
    }
}

static inline int wire_again_below(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct wire_again *again) {
    struct fr_msg_result node;
    struct fr_msg_below below;
    int result;
    if (type == FR_FRAME_RESULT) {
        if ((result = fr_result_decode(body, bytes, &node)) == 0)
            again->count = fr_result_encode(&node, again->bytes, sizeof again->bytes);
    } else {
        if ((result = fr_below_decode(body, bytes, &below)) == 0)
            again->count = fr_below_encode(&below, again->bytes, sizeof again->bytes);
    }
    return result;
}

static inline int wire_again_blob(int kind, const uint8_t *blob, size_t bytes, struct wire_again *again) {
    struct fr_opening opening;
    struct fr_roster roster;
    int result;
    if (kind == WIRE_OPENING) {
        if ((result = fr_opening_decode(blob, bytes, &opening)) == 0)
            again->count = FR_FRAME_HEAD_BYTES + fr_opening_encode(&opening, again->bytes + FR_FRAME_HEAD_BYTES, FR_OPENING_BYTES_MAX);
    } else {
        if ((result = fr_roster_decode(blob, bytes, &roster)) == 0)
            again->count = FR_FRAME_HEAD_BYTES + fr_roster_encode(&roster, again->bytes + FR_FRAME_HEAD_BYTES, FR_ROSTER_BYTES_MAX);
    }
    return result;
}

/* Returns what the decoder says; 1 for a kind without a decoder. */
static inline int wire_again(int kind, const uint8_t *body, size_t bytes, struct wire_again *again) {
    switch (kind) {
    case FR_FRAME_HELLO:
    case FR_FRAME_OPEN:
    case FR_FRAME_ACCEPT:
    case FR_FRAME_REFUSE:
    case FR_FRAME_ABORT:
    case FR_FRAME_ROSTER:
    case FR_FRAME_BYE: return wire_again_request((enum fr_frame_type) kind, body, bytes, again);
    case FR_FRAME_PAGE:
    case FR_FRAME_END:
    case FR_FRAME_LAG:
    case FR_FRAME_INTEREST:
    case FR_FRAME_PULL:
    case FR_FRAME_HAVE:
    case FR_FRAME_REACHED:
    case FR_FRAME_WANT:
    case FR_FRAME_COMING:
    case FR_FRAME_MISSING: return wire_again_content((enum fr_frame_type) kind, body, bytes, again);
    case FR_FRAME_PROGRESS:
    case FR_FRAME_DONE:
    case FR_FRAME_FAULT:
    case FR_FRAME_STATUS: return wire_again_report((enum fr_frame_type) kind, body, bytes, again);
    case FR_FRAME_RESULT:
    case FR_FRAME_BELOW: return wire_again_below((enum fr_frame_type) kind, body, bytes, again);
    case WIRE_OPENING:
    case WIRE_ROSTER: return wire_again_blob(kind, body, bytes, again);
    default: return 1;
    }
}

/* Asserts that what decodes encodes to the same bytes; a HELLO may be longer than what is understood of it. Returns as above. */
static inline int wire_again_check(int kind, const uint8_t *body, size_t bytes) {
    static struct wire_again again;
    int result = wire_again(kind, body, bytes, &again);
    if (result != 0)
        return result;
    size_t body_bytes = again.count - FR_FRAME_HEAD_BYTES;
    fr_assert(body_bytes == bytes || (kind == FR_FRAME_HELLO && body_bytes < bytes));
    fr_assert(body_bytes == 0 || memcmp(again.bytes + FR_FRAME_HEAD_BYTES, body, body_bytes) == 0);
    return 0;
}

#endif
