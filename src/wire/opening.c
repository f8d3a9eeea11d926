/* SPDX-License-Identifier: Apache-2.0 */
/* The two signed blobs inside OPEN: what is pushed (opening), and to whom in this group (roster). */
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/text.h"
#include "content/name.h"
#include "wire/cursor.h"

enum { MODE_MAX = 0777, MODE_SET = 1 << 15, ROSTER_SECONDARY = 1 << 0, ROSTER_ADOPTING = 1 << 1 };

static bool is_chunk_size(uint32_t chunk_bytes) {
    return chunk_bytes >= FR_CHUNK_BYTES_MIN && chunk_bytes <= FR_CHUNK_BYTES_MAX && (chunk_bytes & (chunk_bytes - 1)) == 0;
}

/* May the object have this many bytes, cut this way? */
static bool has_few_chunks(uint64_t object_bytes, uint32_t chunk_bytes) {
    return object_bytes == FR_BYTES_UNKNOWN || object_bytes <= (uint64_t) FR_CHUNKS_MAX * chunk_bytes;
}

/* The entries of a set are names that it can have, and make up the object's bytes. */
static int check_entries(const struct fr_opening *opening) {
    if (opening->entry_count == 0)
        return 0;
    int error = fr_entries_check(opening->name, opening->entries, opening->entry_count, NULL, NULL);
    if (error)
        return error == FR_E_NAME ? FR_E_NAME : FR_E_PROTOCOL;
    uint64_t bytes = fr_weave_stream_bytes(opening->entries, opening->entry_count, opening->chunk_bytes);
    return bytes != UINT64_MAX && bytes == opening->object_bytes ? 0 : FR_E_PROTOCOL;
}

static void pack_entries(struct fr_packer *packer, const struct fr_opening *opening) {
    fr_assert(check_entries(opening) == 0);
    fr_packer_u8(packer, (uint8_t) opening->entry_count);
    for (uint32_t i = 0; i < opening->entry_count; i++) {
        struct fr_text name = {opening->entries[i].name, (uint32_t) strlen(opening->entries[i].name)};
        fr_packer_u64(packer, opening->entries[i].bytes);
        fr_packer_text8(packer, &name, FR_ENTRY_NAME_BYTES_MAX);
    }
}

static void unpack_entries(struct fr_unpacker *unpacker, struct fr_opening *opening) {
    uint32_t count = fr_unpacker_u8(unpacker);
    fr_unpacker_require(unpacker, count >= 1 && count <= FR_ENTRIES_MAX);
    for (uint32_t i = 0; i < count && !unpacker->is_bad; i++) {
        struct fr_entry *entry = &opening->entries[i];
        entry->bytes = fr_unpacker_u64(unpacker);
        struct fr_text name = fr_unpacker_text8(unpacker, FR_ENTRY_NAME_BYTES_MAX);
        if (!unpacker->is_bad)
            memcpy(entry->name, name.bytes, name.count);
    }
    opening->entry_count = count;
}

size_t fr_opening_encode(const struct fr_opening *opening, uint8_t *out, size_t capacity) {
    struct fr_text name = {opening->name, (uint32_t) strnlen(opening->name, sizeof opening->name)};
    fr_assert(is_chunk_size(opening->chunk_bytes));
    fr_assert(has_few_chunks(opening->object_bytes, opening->chunk_bytes));
    fr_assert(opening->mode <= MODE_MAX);
    fr_assert(fr_name_check(name.bytes, name.count, NULL) == 0);
    struct fr_packer packer;
    fr_packer_init(&packer, out, capacity);
    fr_packer_bytes(&packer, opening->transfer_id, sizeof opening->transfer_id);
    fr_packer_bytes(&packer, opening->origin_key, sizeof opening->origin_key);
    fr_packer_u64(&packer, opening->created_unix_ms);
    fr_packer_u64(&packer, opening->object_bytes);
    fr_packer_u32(&packer, opening->chunk_bytes);
    fr_packer_u16(&packer, (uint16_t) (opening->mode | (opening->entry_count > 0 ? MODE_SET : 0)));
    fr_packer_text8(&packer, &name, FR_NAME_BYTES_MAX);
    if (opening->entry_count > 0)
        pack_entries(&packer, opening);
    fr_assert(packer.filled <= FR_OPENING_BYTES_MAX);
    return packer.filled;
}

int fr_opening_decode(const uint8_t *blob, size_t bytes, struct fr_opening *ret_opening) {
    struct fr_unpacker unpacker;
    struct fr_opening opening = {0};
    fr_unpacker_init(&unpacker, blob, bytes);
    fr_unpacker_copy(&unpacker, opening.transfer_id, sizeof opening.transfer_id);
    fr_unpacker_copy(&unpacker, opening.origin_key, sizeof opening.origin_key);
    opening.created_unix_ms = fr_unpacker_u64(&unpacker);
    opening.object_bytes = fr_unpacker_u64(&unpacker);
    opening.chunk_bytes = fr_unpacker_u32(&unpacker);
    uint32_t mode = fr_unpacker_u16(&unpacker);
    opening.mode = mode & ~(uint32_t) MODE_SET;
    /* Not read as a text: what is wrong with a name is told apart from other mistakes. */
    uint8_t name_bytes = fr_unpacker_u8(&unpacker);
    fr_unpacker_copy(&unpacker, (uint8_t *) opening.name, name_bytes);
    if (mode & MODE_SET)
        unpack_entries(&unpacker, &opening);
    fr_unpacker_require(&unpacker, is_chunk_size(opening.chunk_bytes) && opening.mode <= MODE_MAX);
    int result = fr_unpacker_finish(&unpacker);
    if (result != 0)
        return result;
    if (fr_name_check(opening.name, name_bytes, NULL) != 0)
        return FR_E_NAME;
    if (!has_few_chunks(opening.object_bytes, opening.chunk_bytes))
        return FR_E_LIMIT;
    result = check_entries(&opening);
    if (result == 0)
        *ret_opening = opening;
    return result;
}

/* Does it stand somewhere in a tree of groups? A group's number is higher than that of the one above it. */
static bool is_placed(const struct fr_roster *roster) {
    return roster->member_count >= 1 && roster->member_count <= FR_GROUP_NODES_MAX && roster->group_index < FR_GROUPS_MAX &&
        roster->below_count < FR_GROUPS_MAX - roster->group_index && roster->upstream_count <= FR_GROUP_NODES_MAX &&
        roster->node_count <= FR_NODES_PUSHED_MAX && (roster->upstream_count == 0 || roster->upstream_group < roster->group_index);
}

static bool is_adoption(const struct fr_roster *roster) {
    return roster->upstream_count > 0 && roster->adopted_group < roster->group_index && roster->adopted_shift >= 1 &&
        roster->adopted_shift < FR_GROUP_NODES_MAX;
}

size_t fr_roster_encode(const struct fr_roster *roster, uint8_t *out, size_t capacity) {
    fr_assert(is_placed(roster));
    struct fr_packer packer;
    fr_packer_init(&packer, out, capacity);
    fr_packer_bytes(&packer, roster->transfer_id, sizeof roster->transfer_id);
    fr_packer_u32(&packer, roster->group_index);
    fr_packer_u32(&packer, roster->below_count);
    fr_packer_u32(&packer, roster->upstream_group);
    fr_packer_u16(&packer, (uint16_t) roster->upstream_count);
    fr_packer_u8(&packer, (uint8_t) ((roster->is_secondary ? ROSTER_SECONDARY : 0) | (roster->is_adopting ? ROSTER_ADOPTING : 0)));
    fr_packer_u32(&packer, roster->node_count);
    fr_packer_u16(&packer, (uint16_t) roster->member_count);
    for (uint32_t i = 0; i < roster->member_count; i++) {
        struct fr_text address = {roster->addresses[i], (uint32_t) strnlen(roster->addresses[i], sizeof roster->addresses[i])};
        fr_assert(address.count >= 1);
        fr_packer_text16(&packer, &address, FR_ADDRESS_BYTES_MAX);
    }
    if (roster->is_adopting) {
        fr_assert(is_adoption(roster));
        fr_packer_u32(&packer, roster->adopted_group);
        fr_packer_u8(&packer, (uint8_t) roster->adopted_shift);
    }
    fr_assert(packer.filled <= FR_ROSTER_BYTES_MAX);
    return packer.filled;
}

static void read_place(struct fr_unpacker *unpacker, struct fr_roster *roster) {
    fr_unpacker_copy(unpacker, roster->transfer_id, sizeof roster->transfer_id);
    roster->group_index = fr_unpacker_u32(unpacker);
    roster->below_count = fr_unpacker_u32(unpacker);
    roster->upstream_group = fr_unpacker_u32(unpacker);
    roster->upstream_count = fr_unpacker_u16(unpacker);
    uint8_t flags = fr_unpacker_u8(unpacker);
    roster->is_secondary = (flags & ROSTER_SECONDARY) != 0;
    roster->is_adopting = (flags & ROSTER_ADOPTING) != 0;
    roster->node_count = fr_unpacker_u32(unpacker);
    roster->member_count = fr_unpacker_u16(unpacker);
    fr_unpacker_require(unpacker, (flags & ~(ROSTER_SECONDARY | ROSTER_ADOPTING)) == 0 && is_placed(roster));
}

int fr_roster_decode(const uint8_t *blob, size_t bytes, struct fr_roster *ret_roster) {
    struct fr_unpacker unpacker;
    struct fr_roster roster = {0}; /* 17 KiB: the result must stay untouched when the bytes are bad */
    fr_unpacker_init(&unpacker, blob, bytes);
    read_place(&unpacker, &roster);
    for (uint32_t i = 0; i < roster.member_count && !unpacker.is_bad; i++) {
        struct fr_text address = fr_unpacker_text16(&unpacker, FR_ADDRESS_BYTES_MAX);
        fr_unpacker_require(&unpacker, address.count >= 1);
        if (!unpacker.is_bad)
            memcpy(roster.addresses[i], address.bytes, address.count);
    }
    if (roster.is_adopting) {
        roster.adopted_group = fr_unpacker_u32(&unpacker);
        roster.adopted_shift = fr_unpacker_u8(&unpacker);
        fr_unpacker_require(&unpacker, is_adoption(&roster));
    }
    int result = fr_unpacker_finish(&unpacker);
    if (result == 0)
        *ret_roster = roster;
    return result;
}
