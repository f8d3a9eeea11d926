/* SPDX-License-Identifier: Apache-2.0 */
/* From the leaves up: each group takes the leaves that its subtree has to spare, and passes the rest on to the one above it. */
#include "plan/adoption.h"

#include <fastreplica/error.h>

#include "base/memory.h"

/* The spare leaves of one subtree, as a chain through `next`. */
struct spare {
    uint32_t first, last; /* FR_ADOPTS_NONE: there is none */
    uint32_t next;        /* of this leaf, in whatever chain it is */
    uint32_t child_count; /* primary ones */
};

static void append(struct spare *spares, uint32_t to, uint32_t from) {
    if (spares[from].first == FR_ADOPTS_NONE)
        return;
    if (spares[to].first == FR_ADOPTS_NONE)
        spares[to].first = spares[from].first;
    else
        spares[spares[to].last].next = spares[from].first;
    spares[to].last = spares[from].last;
}

static uint32_t take(struct spare *spares, uint32_t from) {
    uint32_t leaf = spares[from].first;

    spares[from].first = spares[leaf].next;
    return leaf;
}

static void relieve(struct fr_adoption_group *groups, struct spare *spares, uint32_t group) {
    for (uint32_t shift = 1; shift < spares[group].child_count && shift < groups[group].member_count; shift++) {
        uint32_t leaf;

        if (spares[group].first == FR_ADOPTS_NONE)
            return;
        leaf = take(spares, group);
        groups[leaf].adopts = group;
        groups[leaf].shift = shift;
        groups[group].relieved++;
    }
}

static bool is_alike(const struct fr_adoption_group *one, const struct fr_adoption_group *other) {
    return one->member_count == other->member_count && one->zone == other->zone;
}

int fr_adoption_assign(struct fr_adoption_group *groups, uint32_t count) {
    struct spare *spares = fr_alloc_zeroed(count, sizeof(*spares));

    if (!spares)
        return FR_E_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        spares[i].first = spares[i].next = FR_ADOPTS_NONE;
        groups[i].adopts = FR_ADOPTS_NONE;
        groups[i].shift = groups[i].relieved = 0;
    }
    for (uint32_t i = count; i-- > 0;) { /* whatever is below i comes after it, and is done */
        uint32_t above = groups[i].upstream;

        if (spares[i].child_count == 0)
            spares[i].first = spares[i].last = i;
        relieve(groups, spares, i);
        if (above >= i || groups[i].is_secondary)
            continue;
        spares[above].child_count++;
        if (is_alike(&groups[i], &groups[above]))
            append(spares, above, i);
    }
    fr_free(spares);
    return 0;
}
