/* SPDX-License-Identifier: Apache-2.0 */
/* REFUSE and close: see refuse.h. */
#include "node/refuse.h"

#include <string.h>

void fr_refuse(struct fr_conn *conn, enum fr_refusal refusal, const char *text) {
    uint8_t frame[FR_FRAME_HEAD_BYTES + 8 + FR_REASON_BYTES_MAX];
    size_t count = strlen(text);
    if (count > FR_REASON_BYTES_MAX) {
        count = FR_REASON_BYTES_MAX;
        while (count > 0 && ((unsigned char) text[count] & 0xc0) == 0x80)
            count--; /* never inside a UTF-8 character */
    }
    const struct fr_msg_reason reason = {.code = (uint8_t) refusal, .text = {.bytes = text, .count = (uint32_t) count}};
    fr_conn_send(conn, frame, fr_reason_encode(FR_FRAME_REFUSE, &reason, frame, sizeof frame));
    fr_conn_close(conn);
}

enum fr_refusal fr_refusal_of(int error) {
    switch (error) {
    case FR_E_NO_SPACE: return FR_REFUSAL_SPACE;
    case FR_E_NAME: return FR_REFUSAL_NAME;
    case FR_E_LIMIT:
    case FR_E_MEMORY: return FR_REFUSAL_LIMIT;
    default: return FR_REFUSAL_STORE;
    }
}
