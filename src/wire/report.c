/* SPDX-License-Identifier: Apache-2.0 */
/* PROGRESS, DONE, FAULT: what a member tells upstream about itself and about others. */
#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

static void pack_figures(struct fr_packer *packer, const struct fr_member_figures *figures) {
    fr_assert(figures->chunks_have <= FR_CHUNKS_MAX);
    fr_packer_u64(packer, figures->bytes_from_upstream);
    fr_packer_u64(packer, figures->bytes_from_peers);
    fr_packer_u64(packer, figures->bytes_relayed);
    fr_packer_u64(packer, figures->first_relay_ns);
    fr_packer_u64(packer, figures->last_owned_ns);
    fr_packer_u32(packer, figures->chunks_have);
    fr_packer_u32(packer, figures->chunks_owned);
    fr_packer_u32(packer, figures->chunks_bad);
}

static struct fr_member_figures unpack_figures(struct fr_unpacker *unpacker) {
    struct fr_member_figures figures;
    figures.bytes_from_upstream = fr_unpacker_u64(unpacker);
    figures.bytes_from_peers = fr_unpacker_u64(unpacker);
    figures.bytes_relayed = fr_unpacker_u64(unpacker);
    figures.first_relay_ns = fr_unpacker_u64(unpacker);
    figures.last_owned_ns = fr_unpacker_u64(unpacker);
    figures.chunks_have = fr_unpacker_u32(unpacker);
    figures.chunks_owned = fr_unpacker_u32(unpacker);
    figures.chunks_bad = fr_unpacker_u32(unpacker);
    fr_unpacker_require(unpacker, figures.chunks_have <= FR_CHUNKS_MAX);
    return figures;
}

size_t fr_progress_encode(const struct fr_member_figures *figures, uint8_t *out, size_t capacity) {
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_PROGRESS, out, capacity);
    pack_figures(&packer, figures);
    return fr_packer_finish(&packer);
}

int fr_progress_decode(const uint8_t *body, size_t bytes, struct fr_member_figures *ret_figures) {
    struct fr_unpacker unpacker;
    fr_unpacker_init(&unpacker, body, bytes);
    struct fr_member_figures figures = unpack_figures(&unpacker);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_figures = figures;
    return result;
}

static bool is_final(unsigned verdict) { return verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_FAILED; }

size_t fr_done_encode(const struct fr_msg_done *done, uint8_t *out, size_t capacity) {
    fr_assert(is_final(done->verdict));
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_DONE, out, capacity);
    fr_packer_u8(&packer, (uint8_t) done->verdict);
    fr_packer_u64(&packer, done->elapsed_ns);
    pack_figures(&packer, &done->figures);
    fr_packer_sentence(&packer, &done->text);
    return fr_packer_finish(&packer);
}

int fr_done_decode(const uint8_t *body, size_t bytes, struct fr_msg_done *ret_done) {
    struct fr_unpacker unpacker;
    struct fr_msg_done done;
    fr_unpacker_init(&unpacker, body, bytes);
    uint8_t verdict = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, is_final(verdict));
    done.verdict = (enum fr_verdict) verdict;
    done.elapsed_ns = fr_unpacker_u64(&unpacker);
    done.figures = unpack_figures(&unpacker);
    done.text = fr_unpacker_text16(&unpacker, FR_REASON_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_done = done;
    return result;
}

static bool is_fault_subject(uint16_t member, uint32_t chunk) {
    return (member < FR_GROUP_NODES_MAX || member == FR_MEMBER_UPSTREAM) && (chunk < FR_CHUNKS_MAX || chunk == FR_CHUNK_NONE);
}

size_t fr_fault_encode(const struct fr_msg_fault *fault, uint8_t *out, size_t capacity) {
    fr_assert(is_fault_subject(fault->member, fault->chunk));
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_FAULT, out, capacity);
    fr_packer_u16(&packer, fault->member);
    fr_packer_u32(&packer, fault->chunk);
    fr_packer_sentence(&packer, &fault->text);
    return fr_packer_finish(&packer);
}

int fr_fault_decode(const uint8_t *body, size_t bytes, struct fr_msg_fault *ret_fault) {
    struct fr_unpacker unpacker;
    struct fr_msg_fault fault;
    fr_unpacker_init(&unpacker, body, bytes);
    fault.member = fr_unpacker_u16(&unpacker);
    fault.chunk = fr_unpacker_u32(&unpacker);
    fr_unpacker_require(&unpacker, is_fault_subject(fault.member, fault.chunk));
    fault.text = fr_unpacker_text16(&unpacker, FR_REASON_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_fault = fault;
    return result;
}
