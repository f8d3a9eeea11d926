/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS: what a node is doing, for whoever asks. */
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

enum { STATE_MAX = 2 };

static void pack_transfer(struct fr_packer *packer, const struct fr_status_transfer *transfer) {
    fr_assert(transfer->state <= STATE_MAX);
    fr_packer_bytes(packer, transfer->transfer_id, FR_TRANSFER_ID_BYTES);
    fr_packer_text8(packer, &transfer->name, FR_NAME_BYTES_MAX);
    fr_packer_u64(packer, transfer->bytes_have);
    fr_packer_u64(packer, transfer->object_bytes);
    fr_packer_u64(packer, transfer->elapsed_ns);
    fr_packer_u8(packer, transfer->state);
}

static void unpack_transfer(struct fr_unpacker *unpacker, struct fr_status_transfer *transfer) {
    fr_unpacker_copy(unpacker, transfer->transfer_id, FR_TRANSFER_ID_BYTES);
    transfer->name = fr_unpacker_text8(unpacker, FR_NAME_BYTES_MAX);
    transfer->bytes_have = fr_unpacker_u64(unpacker);
    transfer->object_bytes = fr_unpacker_u64(unpacker);
    transfer->elapsed_ns = fr_unpacker_u64(unpacker);
    transfer->state = fr_unpacker_u8(unpacker);
    fr_unpacker_require(unpacker, transfer->state <= STATE_MAX);
}

size_t fr_status_encode(const struct fr_msg_status *status, uint8_t *out, size_t capacity) {
    fr_assert(status->transfer_count <= FR_STATUS_TRANSFERS_MAX);
    struct fr_packer packer;
    fr_packer_begin(&packer, FR_FRAME_STATUS, out, capacity);
    fr_packer_text8(&packer, &status->agent, FR_AGENT_BYTES_MAX);
    fr_packer_u64(&packer, status->uptime_ns);
    fr_packer_u64(&packer, status->store_free_bytes);
    fr_packer_u64(&packer, status->completed_count);
    fr_packer_u64(&packer, status->failed_count);
    fr_packer_u8(&packer, (uint8_t) status->transfer_count);
    for (uint32_t i = 0; i < status->transfer_count; i++)
        pack_transfer(&packer, &status->transfers[i]);
    return fr_packer_finish(&packer);
}

int fr_status_decode(const uint8_t *body, size_t bytes, struct fr_msg_status *ret_status) {
    struct fr_unpacker unpacker;
    struct fr_msg_status status = {0};
    fr_unpacker_init(&unpacker, body, bytes);
    status.agent = fr_unpacker_text8(&unpacker, FR_AGENT_BYTES_MAX);
    status.uptime_ns = fr_unpacker_u64(&unpacker);
    status.store_free_bytes = fr_unpacker_u64(&unpacker);
    status.completed_count = fr_unpacker_u64(&unpacker);
    status.failed_count = fr_unpacker_u64(&unpacker);
    status.transfer_count = fr_unpacker_u8(&unpacker);
    fr_unpacker_require(&unpacker, status.transfer_count <= FR_STATUS_TRANSFERS_MAX);
    for (uint32_t i = 0; i < status.transfer_count && !unpacker.is_bad; i++)
        unpack_transfer(&unpacker, &status.transfers[i]);
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_status = status;
    return result;
}
