/* SPDX-License-Identifier: Apache-2.0 */
/* PAGE and END: the manifest in signed pieces, and the bytes that those signatures cover. */
#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

static void pack_page_fields(struct fr_packer *packer, const struct fr_msg_page *page) {
    fr_assert(page->page < FR_PAGES_MAX);
    fr_assert(page->count >= 1 && page->count <= FR_PAGE_CHUNKS_MAX);
    fr_packer_u32(packer, page->page);
    fr_packer_u8(packer, (uint8_t) page->count);
    fr_packer_bytes(packer, page->digests, (size_t) page->count * FR_DIGEST_BYTES);
}

size_t fr_page_encode(const struct fr_msg_page *page, uint8_t *out, size_t capacity) {
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_PAGE, out, capacity);
    pack_page_fields(&packer, page);
    fr_packer_bytes(&packer, page->signature, FR_SIGNATURE_BYTES);
    return fr_packer_finish(&packer);
}

size_t fr_page_signed_bytes(const uint8_t *transfer_id, const struct fr_msg_page *page, uint8_t *out, size_t capacity) {
    struct fr_packer packer;
    fr_packer_init(&packer, out, capacity);
    fr_packer_bytes(&packer, transfer_id, FR_TRANSFER_ID_BYTES);
    pack_page_fields(&packer, page);
    return packer.filled;
}

int fr_page_decode(const uint8_t *body, size_t bytes, struct fr_msg_page *ret_page) {
    struct fr_unpacker unpacker;
    struct fr_msg_page page;
    fr_unpacker_init(&unpacker, body, bytes);
    page.page = fr_unpacker_u32(&unpacker);
    page.count = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, page.page < FR_PAGES_MAX && page.count >= 1 && page.count <= FR_PAGE_CHUNKS_MAX);
    page.digests = fr_unpacker_bytes(&unpacker, (size_t) page.count * FR_DIGEST_BYTES);
    page.signature = fr_unpacker_bytes(&unpacker, FR_SIGNATURE_BYTES);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_page = page;
    return result;
}

/* What any object's end must hold, however it is cut; whether it fits the cut of this one, the receiver's layout tells. */
static bool is_possible_end(uint32_t chunk_count, uint64_t object_bytes) {
    return chunk_count <= FR_CHUNKS_MAX && object_bytes <= (uint64_t) FR_CHUNKS_MAX * FR_CHUNK_BYTES_MAX &&
        (chunk_count == 0) == (object_bytes == 0);
}

static void pack_end_fields(struct fr_packer *packer, const struct fr_msg_end *end) {
    fr_assert(is_possible_end(end->chunk_count, end->object_bytes));
    fr_packer_u32(packer, end->chunk_count);
    fr_packer_u64(packer, end->object_bytes);
    fr_packer_bytes(packer, end->root.bytes, FR_DIGEST_BYTES);
    fr_packer_bytes(packer, end->sha256.bytes, FR_DIGEST_BYTES);
}

size_t fr_end_encode(const struct fr_msg_end *end, uint8_t *out, size_t capacity) {
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_END, out, capacity);
    pack_end_fields(&packer, end);
    fr_packer_bytes(&packer, end->signature, FR_SIGNATURE_BYTES);
    return fr_packer_finish(&packer);
}

size_t fr_end_signed_bytes(const uint8_t *transfer_id, const struct fr_msg_end *end, uint8_t *out, size_t capacity) {
    struct fr_packer packer;
    fr_packer_init(&packer, out, capacity);
    fr_packer_bytes(&packer, transfer_id, FR_TRANSFER_ID_BYTES);
    pack_end_fields(&packer, end);
    return packer.filled;
}

int fr_end_decode(const uint8_t *body, size_t bytes, struct fr_msg_end *ret_end) {
    struct fr_unpacker unpacker;
    struct fr_msg_end end = {0};
    fr_unpacker_init(&unpacker, body, bytes);
    end.chunk_count = fr_unpacker_u32(&unpacker);
    end.object_bytes = fr_unpacker_u64(&unpacker);
    fr_unpacker_require(&unpacker, is_possible_end(end.chunk_count, end.object_bytes));
    fr_unpacker_copy(&unpacker, end.root.bytes, FR_DIGEST_BYTES);
    fr_unpacker_copy(&unpacker, end.sha256.bytes, FR_DIGEST_BYTES);
    fr_unpacker_copy(&unpacker, end.signature, FR_SIGNATURE_BYTES);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_end = end;
    return result;
}
