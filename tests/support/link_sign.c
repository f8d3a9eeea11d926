/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the link fuzz target that nobody could guess: signed ones, and whole chunks. */
#include "support/link_sign.h"

#include <string.h>

#include "base/check.h"

/* Puts the object's own digests into a page, as far as it has so many, and signs it. Returns the whole frame's size; 0: it is no page. */
static size_t sign_page(const struct core_rig *rig, bool is_ours, const uint8_t *body, size_t count, uint8_t *out, size_t capacity) {
    static uint8_t text[FR_TRANSFER_ID_BYTES + FR_FRAME_BODY_MAX], digests[FR_PAGE_CHUNKS_MAX][FR_DIGEST_BYTES];
    uint8_t signature[FR_SIGNATURE_BYTES];
    struct fr_msg_page page;
    if (fr_page_decode(body, count, &page) != 0)
        return 0;
    memcpy(digests, page.digests, page.count * FR_DIGEST_BYTES);
    for (uint32_t i = 0; i < page.count && is_ours; i++) {
        uint64_t chunk = (uint64_t) page.page * rig->manifest.layout.page_chunks + i;
        if (chunk < rig->chunk_count)
            memcpy(digests[i], rig->manifest.digests[chunk].bytes, FR_DIGEST_BYTES);
    }
    page.digests = digests[0];
    page.signature = signature;
    size_t bytes = fr_page_signed_bytes(rig->opening.transfer_id, &page, text, sizeof text);
    fr_assert(fr_sign(rig->key, FR_SIGN_PAGE, text, bytes, signature) == 0);
    return fr_page_encode(&page, out, capacity);
}

static size_t sign_end(const struct core_rig *rig, bool is_ours, const uint8_t *body, size_t count, uint8_t *out, size_t capacity) {
    uint8_t text[FR_TRANSFER_ID_BYTES + 256];
    struct fr_msg_end end;
    if (fr_end_decode(body, count, &end) != 0)
        return 0;
    if (is_ours)
        end = rig->manifest.end;
    size_t bytes = fr_end_signed_bytes(rig->opening.transfer_id, &end, text, sizeof text);
    fr_assert(fr_sign(rig->key, FR_SIGN_END, text, bytes, end.signature) == 0);
    return fr_end_encode(&end, out, capacity);
}

static size_t sign_roster(const struct core_rig *rig, bool is_ours, const uint8_t *body, size_t count, uint8_t *out, size_t capacity) {
    static uint8_t blob[FR_ROSTER_BYTES_MAX];
    uint8_t signature[FR_SIGNATURE_BYTES];
    struct fr_msg_roster roster;
    if (fr_roster_frame_decode(body, count, &roster) != 0)
        return 0;
    memcpy(blob, roster.blob, roster.blob_bytes);
    if (is_ours && roster.blob_bytes >= FR_TRANSFER_ID_BYTES)
        memcpy(blob, rig->opening.transfer_id, FR_TRANSFER_ID_BYTES);
    fr_assert(fr_sign(rig->key, FR_SIGN_ROSTER, blob, roster.blob_bytes, signature) == 0);
    roster.blob = blob;
    roster.signature = signature;
    return fr_roster_frame_encode(&roster, out, capacity);
}

static size_t fill_chunk(const struct core_rig *rig, bool is_spoilt, const uint8_t *body, size_t count, uint8_t *out) {
    enum { HEAD = FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES };
    uint32_t chunk, size;
    if (count < 4)
        return 0;
    chunk = (uint32_t) body[0] << 24 | (uint32_t) body[1] << 16 | (uint32_t) body[2] << 8 | body[3];
    if (chunk >= rig->chunk_count)
        return 0;
    size = core_rig_chunk_bytes(rig, chunk, out + HEAD);
    if (is_spoilt)
        out[HEAD + size / 2] ^= 1;
    return fr_chunk_head_encode(chunk, size, out) + size;
}

size_t link_sign(const struct core_rig *rig, unsigned type, bool is_ours, const uint8_t *body, size_t count, uint8_t *out,
                 size_t capacity) {
    switch (type) {
    case FR_FRAME_PAGE: return sign_page(rig, is_ours, body, count, out, capacity);
    case FR_FRAME_END: return sign_end(rig, is_ours, body, count, out, capacity);
    case FR_FRAME_ROSTER: return sign_roster(rig, is_ours, body, count, out, capacity);
    case FR_FRAME_CHUNK: return fill_chunk(rig, is_ours, body, count, out);
    default: return 0;
    }
}
