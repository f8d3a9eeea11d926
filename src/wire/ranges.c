/* SPDX-License-Identifier: Apache-2.0 */
/* HAVE, REACHED, WANT, MISSING, COMING: sets of chunk numbers as ranges, each told by its distance from the one before. */
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "wire/cursor.h"

static bool is_ranges_type(enum fr_frame_type type) {
    return type == FR_FRAME_HAVE || type == FR_FRAME_REACHED || type == FR_FRAME_WANT || type == FR_FRAME_MISSING ||
        type == FR_FRAME_COMING;
}

size_t fr_ranges_encode(enum fr_frame_type type, const struct fr_msg_ranges *ranges, uint8_t *out, size_t capacity) {
    fr_assert(is_ranges_type(type));
    fr_assert(ranges->range_count <= FR_RANGES_MAX);
    fr_assert(ranges->pages_known <= (type == FR_FRAME_HAVE ? FR_PAGES_MAX : 0));
    struct fr_packer packer;
    fr_packer_begin(&packer, type, out, capacity);
    if (type == FR_FRAME_HAVE)
        fr_packer_varint(&packer, ranges->pages_known);
    fr_packer_varint(&packer, ranges->range_count);
    uint32_t end = 0;
    for (uint32_t i = 0; i < ranges->range_count; i++) {
        struct fr_range range = ranges->ranges[i];
        fr_assert(i == 0 || range.first > end); /* sorted, disjoint, not touching */
        fr_assert(range.first < FR_CHUNKS_MAX);
        fr_assert(range.count >= 1 && range.count <= FR_CHUNKS_MAX - range.first);
        fr_packer_varint(&packer, range.first - end);
        fr_packer_varint(&packer, range.count);
        end = range.first + range.count;
    }
    return fr_packer_finish(&packer);
}

/* One range that begins at or after `end`, the end of the one before. */
static struct fr_range read_range(struct fr_unpacker *unpacker, uint32_t end, bool is_first) {
    uint32_t gap = fr_unpacker_varint(unpacker);
    uint32_t run = fr_unpacker_varint(unpacker);
    fr_unpacker_require(unpacker, is_first || gap >= 1);
    fr_unpacker_require(unpacker, run >= 1 && gap < FR_CHUNKS_MAX - end && run <= FR_CHUNKS_MAX - end - gap);
    return (struct fr_range){end + gap, run};
}

int fr_ranges_decode(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct fr_msg_ranges *ret_ranges) {
    fr_assert(is_ranges_type(type));
    struct fr_unpacker unpacker;
    struct fr_range ranges[FR_RANGES_MAX];
    fr_unpacker_init(&unpacker, body, bytes);
    uint32_t pages_known = type == FR_FRAME_HAVE ? fr_unpacker_varint(&unpacker) : 0;
    uint32_t range_count = fr_unpacker_varint(&unpacker);
    fr_unpacker_require(&unpacker, pages_known <= FR_PAGES_MAX && range_count <= FR_RANGES_MAX);
    uint32_t end = 0;
    for (uint32_t i = 0; i < range_count && !unpacker.is_bad; i++) {
        ranges[i] = read_range(&unpacker, end, i == 0);
        end = ranges[i].first + ranges[i].count;
    }
    int result = fr_unpacker_finish(&unpacker);
    if (result != 0)
        return result;
    ret_ranges->pages_known = pages_known;
    ret_ranges->range_count = range_count;
    if (range_count > 0)
        memcpy(ret_ranges->ranges, ranges, range_count * sizeof *ranges);
    return 0;
}
