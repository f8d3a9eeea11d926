/* SPDX-License-Identifier: Apache-2.0 */
/* The roster, as it would come from whoever holds the origin's key: what is decoded stands in a tree of groups, names each member in clean
 * text, and encodes again. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "support/wire_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A group and all below it are one run of numbers, after that of the group above. */
static void check_place(const struct fr_roster *roster) {
    fr_assert(roster->group_index < FR_GROUPS_MAX && roster->below_count < FR_GROUPS_MAX);
    fr_assert((uint64_t) roster->group_index + roster->below_count < FR_GROUPS_MAX);
    fr_assert(roster->upstream_count <= FR_GROUP_NODES_MAX);
    fr_assert(roster->upstream_count == 0 || roster->upstream_group < roster->group_index);
    fr_assert(roster->node_count <= FR_NODES_PUSHED_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct fr_roster roster;
    if (fr_roster_decode(bytes, count, &roster) != 0)
        return 0;
    fr_assert(wire_again_check(WIRE_ROSTER, bytes, count) == 0);
    check_place(&roster);
    fr_assert(roster.member_count >= 1 && roster.member_count <= FR_GROUP_NODES_MAX);
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++) {
        size_t length = strnlen(roster.addresses[i], sizeof roster.addresses[i]);
        fr_assert(length <= FR_ADDRESS_BYTES_MAX);
        fr_assert((length > 0) == (i < roster.member_count));
        fr_assert(fr_text_is_clean(roster.addresses[i], length));
    }
    return 0;
}
