/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN and its answers: ACCEPT, or a reason (REFUSE; ABORT and BYE have the same body); ROSTER, a signed blob that OPEN has as well. */
#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

enum { ACCEPT_HOLDING = 1 << 0 };

size_t fr_open_encode(const struct fr_msg_open *open, uint8_t *out, size_t capacity) {
    fr_assert(open->opening_bytes <= FR_OPENING_BYTES_MAX);
    fr_assert(open->roster_bytes <= FR_ROSTER_BYTES_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_OPEN, out, capacity);
    fr_packer_u16(&packer, open->from);
    fr_packer_u16(&packer, open->to);
    fr_packer_u16(&packer, (uint16_t) open->opening_bytes);
    fr_packer_bytes(&packer, open->opening, open->opening_bytes);
    fr_packer_bytes(&packer, open->opening_signature, FR_SIGNATURE_BYTES);
    fr_packer_u16(&packer, (uint16_t) open->roster_bytes);
    fr_packer_bytes(&packer, open->roster, open->roster_bytes);
    fr_packer_bytes(&packer, open->roster_signature, FR_SIGNATURE_BYTES);
    return fr_packer_finish(&packer);
}

int fr_open_decode(const uint8_t *body, size_t bytes, struct fr_msg_open *ret_open) {
    struct fr_unpacker unpacker;
    struct fr_msg_open open;
    fr_unpacker_init(&unpacker, body, bytes);
    open.from = fr_unpacker_u16(&unpacker);
    open.to = fr_unpacker_u16(&unpacker);
    open.opening_bytes = fr_unpacker_u16(&unpacker);
    open.opening = fr_unpacker_bytes(&unpacker, open.opening_bytes);
    open.opening_signature = fr_unpacker_bytes(&unpacker, FR_SIGNATURE_BYTES);
    open.roster_bytes = fr_unpacker_u16(&unpacker);
    open.roster = fr_unpacker_bytes(&unpacker, open.roster_bytes);
    open.roster_signature = fr_unpacker_bytes(&unpacker, FR_SIGNATURE_BYTES);
    fr_unpacker_require(&unpacker, open.opening_bytes <= FR_OPENING_BYTES_MAX && open.roster_bytes <= FR_ROSTER_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_open = open;
    return result;
}

size_t fr_accept_encode(const struct fr_msg_accept *accept, uint8_t *out, size_t capacity) {
    fr_assert(accept->pages_known <= FR_PAGES_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_ACCEPT, out, capacity);
    fr_packer_u8(&packer, accept->is_holding ? ACCEPT_HOLDING : 0);
    fr_packer_varint(&packer, accept->pages_known);
    return fr_packer_finish(&packer);
}

int fr_accept_decode(const uint8_t *body, size_t bytes, struct fr_msg_accept *ret_accept) {
    struct fr_unpacker unpacker;
    fr_unpacker_init(&unpacker, body, bytes);
    uint8_t flags = fr_unpacker_u8(&unpacker);
    uint32_t pages_known = fr_unpacker_varint(&unpacker);
    fr_unpacker_require(&unpacker, (flags & ~ACCEPT_HOLDING) == 0 && pages_known <= FR_PAGES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_accept = (struct fr_msg_accept){.is_holding = flags == ACCEPT_HOLDING, .pages_known = pages_known};
    return result;
}

size_t fr_reason_encode(enum fr_frame_type type, const struct fr_msg_reason *reason, uint8_t *out, size_t capacity) {
    fr_assert(type == FR_FRAME_REFUSE || type == FR_FRAME_ABORT || type == FR_FRAME_BYE);
    fr_assert(type == FR_FRAME_BYE ? reason->code <= FR_GOODBYE_ALONE : (reason->code != 0) == (type == FR_FRAME_REFUSE));
    struct fr_packer packer;
    fr_packer_begin(&packer, type, out, capacity);
    fr_packer_u8(&packer, reason->code);
    fr_packer_sentence(&packer, &reason->text);
    return fr_packer_finish(&packer);
}

int fr_reason_decode(const uint8_t *body, size_t bytes, struct fr_msg_reason *ret_reason) {
    struct fr_unpacker unpacker;
    struct fr_msg_reason reason;
    fr_unpacker_init(&unpacker, body, bytes);
    reason.code = fr_unpacker_u8(&unpacker);
    reason.text = fr_unpacker_text16(&unpacker, FR_REASON_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_reason = reason;
    return result;
}

size_t fr_roster_frame_encode(const struct fr_msg_roster *roster, uint8_t *out, size_t capacity) {
    fr_assert(roster->blob_bytes <= FR_ROSTER_BYTES_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_ROSTER, out, capacity);
    fr_packer_u16(&packer, (uint16_t) roster->blob_bytes);
    fr_packer_bytes(&packer, roster->blob, roster->blob_bytes);
    fr_packer_bytes(&packer, roster->signature, FR_SIGNATURE_BYTES);
    return fr_packer_finish(&packer);
}

int fr_roster_frame_decode(const uint8_t *body, size_t bytes, struct fr_msg_roster *ret_roster) {
    struct fr_unpacker unpacker;
    struct fr_msg_roster roster;
    fr_unpacker_init(&unpacker, body, bytes);
    roster.blob_bytes = fr_unpacker_u16(&unpacker);
    roster.blob = fr_unpacker_bytes(&unpacker, roster.blob_bytes);
    roster.signature = fr_unpacker_bytes(&unpacker, FR_SIGNATURE_BYTES);
    fr_unpacker_require(&unpacker, roster.blob_bytes <= FR_ROSTER_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_roster = roster;
    return result;
}
