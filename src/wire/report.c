/* SPDX-License-Identifier: Apache-2.0 */
/* PROGRESS, DONE, FAULT, RESULT, BELOW: what a member tells upstream about itself and about others. */
#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

static void pack_figures(struct fr_packer *packer, const struct fr_member_figures *figures) {
    fr_assert(figures->chunks_have <= FR_CHUNKS_MAX && figures->entries_whole <= FR_ENTRIES_MAX);
    fr_packer_u64(packer, figures->bytes_from_upstream);
    fr_packer_u64(packer, figures->bytes_from_peers);
    fr_packer_u64(packer, figures->bytes_relayed);
    fr_packer_u64(packer, figures->first_relay_ns);
    fr_packer_u64(packer, figures->last_owned_ns);
    fr_packer_u32(packer, figures->chunks_have);
    fr_packer_u32(packer, figures->chunks_owned);
    fr_packer_u32(packer, figures->chunks_bad);
    fr_packer_u32(packer, figures->entries_whole);
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
    figures.entries_whole = fr_unpacker_u32(unpacker);
    fr_unpacker_require(unpacker, figures.chunks_have <= FR_CHUNKS_MAX && figures.entries_whole <= FR_ENTRIES_MAX);
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

static bool is_fault_subject(uint32_t group, uint16_t member, uint32_t chunk) {
    bool is_above = (member >= FR_MEMBER_ABOVE && member < FR_MEMBER_ABOVE + FR_GROUP_NODES_MAX) ||
        (member >= FR_MEMBER_FAR_ABOVE && member < FR_MEMBER_FAR_ABOVE_END);
    return group < FR_GROUPS_MAX && (member < FR_GROUP_NODES_MAX || is_above || member == FR_MEMBER_UPSTREAM) &&
        (chunk < FR_CHUNKS_MAX || chunk == FR_CHUNK_NONE);
}

size_t fr_fault_encode(const struct fr_msg_fault *fault, uint8_t *out, size_t capacity) {
    fr_assert(is_fault_subject(fault->group, fault->member, fault->chunk));
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_FAULT, out, capacity);
    fr_packer_u32(&packer, fault->group);
    fr_packer_u16(&packer, fault->member);
    fr_packer_u32(&packer, fault->chunk);
    fr_packer_sentence(&packer, &fault->text);
    return fr_packer_finish(&packer);
}

int fr_fault_decode(const uint8_t *body, size_t bytes, struct fr_msg_fault *ret_fault) {
    struct fr_unpacker unpacker;
    struct fr_msg_fault fault;
    fr_unpacker_init(&unpacker, body, bytes);
    fault.group = fr_unpacker_u32(&unpacker);
    fault.member = fr_unpacker_u16(&unpacker);
    fault.chunk = fr_unpacker_u32(&unpacker);
    fr_unpacker_require(&unpacker, is_fault_subject(fault.group, fault.member, fault.chunk));
    fault.text = fr_unpacker_text16(&unpacker, FR_REASON_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_fault = fault;
    return result;
}

static bool is_result(unsigned verdict) { return is_final(verdict) || verdict == FR_VERDICT_UNREACHABLE || verdict == FR_VERDICT_REFUSED; }

size_t fr_result_encode(const struct fr_msg_result *result, uint8_t *out, size_t capacity) {
    fr_assert(is_result(result->verdict) && result->group < FR_GROUPS_MAX && result->member < FR_GROUP_NODES_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_RESULT, out, capacity);
    fr_packer_u32(&packer, result->group);
    fr_packer_u16(&packer, result->member);
    fr_packer_u8(&packer, (uint8_t) result->verdict);
    fr_packer_u64(&packer, result->accepted_ago_ns);
    fr_packer_u64(&packer, result->done_ago_ns);
    pack_figures(&packer, &result->figures);
    fr_packer_sentence(&packer, &result->text);
    return fr_packer_finish(&packer);
}

int fr_result_decode(const uint8_t *body, size_t bytes, struct fr_msg_result *ret_result) {
    struct fr_unpacker unpacker;
    struct fr_msg_result message;
    fr_unpacker_init(&unpacker, body, bytes);
    message.group = fr_unpacker_u32(&unpacker);
    message.member = fr_unpacker_u16(&unpacker);
    uint8_t verdict = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, is_result(verdict) && message.group < FR_GROUPS_MAX && message.member < FR_GROUP_NODES_MAX);
    message.verdict = (enum fr_verdict) verdict;
    message.accepted_ago_ns = fr_unpacker_u64(&unpacker);
    message.done_ago_ns = fr_unpacker_u64(&unpacker);
    message.figures = unpack_figures(&unpacker);
    message.text = fr_unpacker_text16(&unpacker, FR_REASON_BYTES_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_result = message;
    return result;
}

static bool is_below(const struct fr_below *below) {
    return below->group < FR_GROUPS_MAX && below->member < FR_GROUP_NODES_MAX && below->chunks_have <= FR_CHUNKS_MAX &&
        below->entries_whole <= FR_ENTRIES_MAX;
}

size_t fr_below_encode(const struct fr_msg_below *below, uint8_t *out, size_t capacity) {
    fr_assert(below->count >= 1 && below->count <= FR_BELOW_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_BELOW, out, capacity);
    fr_packer_u8(&packer, (uint8_t) below->count);
    for (uint32_t i = 0; i < below->count; i++) {
        fr_assert(is_below(&below->nodes[i]));
        fr_packer_varint(&packer, below->nodes[i].group);
        fr_packer_varint(&packer, below->nodes[i].member);
        fr_packer_varint(&packer, below->nodes[i].chunks_have);
        fr_packer_varint(&packer, below->nodes[i].entries_whole);
    }
    return fr_packer_finish(&packer);
}

int fr_below_decode(const uint8_t *body, size_t bytes, struct fr_msg_below *ret_below) {
    struct fr_unpacker unpacker;
    struct fr_msg_below below;
    fr_unpacker_init(&unpacker, body, bytes);
    below.count = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, below.count >= 1 && below.count <= FR_BELOW_MAX);
    for (uint32_t i = 0; i < below.count && !unpacker.is_bad; i++) {
        below.nodes[i].group = fr_unpacker_varint(&unpacker);
        below.nodes[i].member = fr_unpacker_varint(&unpacker);
        below.nodes[i].chunks_have = fr_unpacker_varint(&unpacker);
        below.nodes[i].entries_whole = fr_unpacker_varint(&unpacker);
        fr_unpacker_require(&unpacker, is_below(&below.nodes[i]));
    }
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_below = below;
    return result;
}
