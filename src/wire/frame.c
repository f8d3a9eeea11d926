/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are hardly more than their head (empty ones, switches, the head of a CHUNK), and what frames and refusals are called. */
#include "base/check.h"
#include "wire/cursor.h"

size_t fr_empty_encode(enum fr_frame_type type, uint8_t *out, size_t capacity) {
    fr_assert(type == FR_FRAME_PING || type == FR_FRAME_PONG || type == FR_FRAME_STATUS_ASK);
    struct fr_packer packer;
    fr_packer_begin(&packer, type, out, capacity);
    return fr_packer_finish(&packer);
}

size_t fr_switch_encode(enum fr_frame_type type, bool on, uint8_t *out, size_t capacity) {
    fr_assert(type == FR_FRAME_LAG || type == FR_FRAME_INTEREST || type == FR_FRAME_PULL);
    struct fr_packer packer;
    fr_packer_begin(&packer, type, out, capacity);
    fr_packer_u8(&packer, on ? 1 : 0);
    return fr_packer_finish(&packer);
}

int fr_switch_decode(const uint8_t *body, size_t bytes, bool *ret_on) {
    struct fr_unpacker unpacker;
    fr_unpacker_init(&unpacker, body, bytes);
    uint8_t value = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, value <= 1);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_on = value == 1;
    return result;
}

size_t fr_chunk_head_encode(fr_chunk_index chunk, uint32_t chunk_size, uint8_t *out) {
    fr_assert(chunk < FR_CHUNKS_MAX);
    fr_assert(chunk_size >= 1 && chunk_size <= FR_CHUNK_BYTES_MAX);
    struct fr_packer packer;
    fr_packer_init(&packer, out, FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES);
    fr_packer_u32(&packer, (uint32_t) FR_FRAME_CHUNK << 24 | (FR_CHUNK_HEAD_BYTES + chunk_size));
    fr_packer_u32(&packer, chunk);
    return packer.filled;
}

const char *fr_frame_name(unsigned type) {
    static const char *const names[] = {
        [FR_FRAME_HELLO] = "HELLO",       [FR_FRAME_OPEN] = "OPEN",         [FR_FRAME_ACCEPT] = "ACCEPT",
        [FR_FRAME_REFUSE] = "REFUSE",     [FR_FRAME_PAGE] = "PAGE",         [FR_FRAME_CHUNK] = "CHUNK",
        [FR_FRAME_HAVE] = "HAVE",         [FR_FRAME_REACHED] = "REACHED",   [FR_FRAME_LAG] = "LAG",
        [FR_FRAME_INTEREST] = "INTEREST", [FR_FRAME_WANT] = "WANT",         [FR_FRAME_MISSING] = "MISSING",
        [FR_FRAME_END] = "END",           [FR_FRAME_PROGRESS] = "PROGRESS", [FR_FRAME_DONE] = "DONE",
        [FR_FRAME_FAULT] = "FAULT",       [FR_FRAME_PING] = "PING",         [FR_FRAME_PONG] = "PONG",
        [FR_FRAME_ABORT] = "ABORT",       [FR_FRAME_BYE] = "BYE",           [FR_FRAME_STATUS_ASK] = "STATUS_ASK",
        [FR_FRAME_STATUS] = "STATUS",     [FR_FRAME_PULL] = "PULL",         [FR_FRAME_COMING] = "COMING",
        [FR_FRAME_ROSTER] = "ROSTER",     [FR_FRAME_RESULT] = "RESULT",     [FR_FRAME_BELOW] = "BELOW",
    };
    static_assert(sizeof names / sizeof *names == FR_FRAME_TYPE_MAX + 1, "every frame type has a name");
    return type >= 1 && type <= FR_FRAME_TYPE_MAX ? names[type] : "?";
}

const char *fr_refusal_name(unsigned code) {
    static const char *const names[] = {
        [FR_REFUSAL_VERSION] = "version",   [FR_REFUSAL_UNTRUSTED] = "untrusted", [FR_REFUSAL_SIGNATURE] = "signature",
        [FR_REFUSAL_NAME] = "name",         [FR_REFUSAL_SPACE] = "space",         [FR_REFUSAL_LIMIT] = "limit",
        [FR_REFUSAL_BUSY] = "busy",         [FR_REFUSAL_STORE] = "store",         [FR_REFUSAL_STOPPING] = "stopping",
        [FR_REFUSAL_PROTOCOL] = "protocol", [FR_REFUSAL_ENDED] = "ended",         [FR_REFUSAL_COMPLETE] = "complete",
    };
    return code >= 1 && code < sizeof names / sizeof *names ? names[code] : "other";
}
