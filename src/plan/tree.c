/* SPDX-License-Identifier: Apache-2.0 */
/* Growing the tree, one level after the other: a queue holds the groups that can still feed others, and each in turn is given the next
 * groups of its own zone and the first groups of zones that were not entered yet. First the primary groups, then the secondary ones below
 * them. */
#include "plan/tree.h"

#include <stdlib.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

/* Room below a group. */
struct slot {
    uint32_t group;
    uint32_t room;
    bool prefers_zones; /* a single place: a new zone comes before the own one */
};

/* The groups of one tier in a zone that are still to be placed, and the zones that are still to be entered. */
struct grower {
    const struct fr_groups *groups;
    const struct fr_tree_shape *shape;
    struct fr_tree *tree;
    enum fr_group_kind tier; /* FR_GROUP_PRIMARY or FR_GROUP_SECONDARY: the tier that is placed now; its slow kind is tier + 1 */
    uint32_t (*placed)[2];   /* [zone_count], of the tier's fast and slow groups */
    uint32_t next_zone;      /* zones before it are entered */
    uint32_t placed_count;   /* groups in tree->order */
    struct slot
        *queue; /* [group_count * (FR_FANOUT_MAX + 1)]: each group enters it once, and once more for each place it has for secondary ones */
    uint32_t queue_head, queue_end;
};

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t slow_kind(const struct grower *grower) { return (uint32_t) grower->tier + 1; }

/* Groups of the tier in this zone that wait. In a chain the slow ones are no part of it; they are hung beside it in the end. */
static uint32_t count_own(const struct grower *grower, uint32_t zone) {
    const struct fr_group_zone *z = &grower->groups->zones[zone];
    uint32_t slow = grower->shape->fanout > 1 ? z->count[slow_kind(grower)] - grower->placed[zone][1] : 0;
    return z->count[grower->tier] - grower->placed[zone][0] + slow;
}

/* A zone is entered by its primary groups. One that has none is entered when the secondary ones are placed. */
static bool is_entered_now(const struct grower *grower, uint32_t zone) {
    const struct fr_group_zone *z = &grower->groups->zones[zone];
    if (grower->tier == FR_GROUP_PRIMARY)
        return z->count[FR_GROUP_PRIMARY] > 0 && grower->placed[zone][0] == 0;
    return z->count[FR_GROUP_PRIMARY] == 0 && grower->placed[zone][0] == 0;
}

/* The next zone to enter, or zone_count. */
static uint32_t find_zone(struct grower *grower) {
    while (grower->next_zone < grower->groups->zone_count && !is_entered_now(grower, grower->next_zone))
        grower->next_zone++;
    return grower->next_zone;
}

static uint32_t room_below(const struct grower *grower, const struct fr_group *group) {
    uint32_t room = grower->shape->fanout;
    const struct fr_group_zone *zone = &grower->groups->zones[group->zone];
    /* m groups below one of k members cost it (m - 1) / k of its rate. */
    if (!grower->shape->is_fanout_fixed)
        room = smaller(room, group->member_count < 4 ? 1 : group->member_count / 2);
    /* One place is kept for what hangs below primary groups later. */
    if (grower->tier == FR_GROUP_PRIMARY && zone->count[FR_GROUP_SECONDARY] > 0)
        room = smaller(room, FR_FANOUT_MAX - 1);
    return room;
}

static void add_slot(struct grower *grower, struct slot slot) { grower->queue[grower->queue_end++] = slot; }

static void place(struct grower *grower, uint32_t upstream, uint32_t group) {
    struct fr_tree *tree = grower->tree;
    const struct fr_group *placed = &grower->groups->groups[group];
    bool is_slow = fr_group_is_slow(placed);
    tree->upstream[group] = upstream;
    tree->order[grower->placed_count++] = group;
    grower->placed[placed->zone][is_slow]++;
    if (upstream == FR_GROUP_ORIGIN) {
        tree->root_count++;
    } else {
        tree->level[group] = tree->level[upstream] + 1;
        tree->children[upstream]++;
        tree->secondary_children[upstream] += fr_tree_is_secondary_edge(tree, grower->groups, group);
        fr_assert(tree->children[upstream] <= FR_FANOUT_MAX);
    }
    if (tree->level_count <= tree->level[group])
        tree->level_count = tree->level[group] + 1;
    if (!is_slow)
        add_slot(grower, (struct slot){.group = group, .room = room_below(grower, placed)});
}

/* The zone's next group, the slow ones last. */
static void place_own(struct grower *grower, uint32_t upstream, uint32_t zone) {
    const struct fr_group_zone *z = &grower->groups->zones[zone];
    uint32_t fast = grower->placed[zone][0], slow = grower->placed[zone][1];
    place(grower, upstream, fast < z->count[grower->tier] ? z->first[grower->tier] + fast : z->first[slow_kind(grower)] + slow);
}

/* How many of the places are for zones that wait: half. A single one is for the own zone, else its rest would never get any; but not for a
 * slow group there, which would end the tree. */
static uint32_t share_for_zones(const struct grower *grower, const struct slot *slot, uint32_t own_zone) {
    if (slot->room > 1)
        return slot->room / 2;
    return slot->prefers_zones || grower->placed[own_zone][0] == grower->groups->zones[own_zone].count[grower->tier];
}

/* What one side does not need is for the other. */
static void fill_slot(struct grower *grower, const struct slot *slot) {
    uint32_t own_zone = grower->groups->groups[slot->group].zone, zone;
    uint32_t own = smaller(slot->room - share_for_zones(grower, slot, own_zone), count_own(grower, own_zone)), left = slot->room - own;
    for (; own > 0; own--)
        place_own(grower, slot->group, own_zone);
    for (; left > 0 && (zone = find_zone(grower)) < grower->groups->zone_count; left--)
        place_own(grower, slot->group, zone);
    for (own = smaller(left, count_own(grower, own_zone)); own > 0; own--)
        place_own(grower, slot->group, own_zone);
}

static void grow(struct grower *grower) {
    while (grower->queue_head < grower->queue_end) {
        struct slot slot = grower->queue[grower->queue_head++];
        fill_slot(grower, &slot);
    }
}

/* Fewest children first, and among equals those that were placed first. */
struct candidate {
    uint32_t group, children, place;
};

static int compare_candidates(const void *left, const void *right) {
    const struct candidate *a = left, *b = right;
    if (a->children != b->children)
        return a->children < b->children ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* Slow groups for which no place was left: one each below the groups of their zone that have fewest to feed. There are at least as many
 * fast groups as slow ones (groups.c sees to that). candidates: [group_count]. */
static void hang_slow(struct grower *grower, struct candidate *candidates) {
    for (uint32_t zone = 0; zone < grower->groups->zone_count; zone++) {
        const struct fr_group_zone *z = &grower->groups->zones[zone];
        uint32_t left = z->count[slow_kind(grower)] - grower->placed[zone][1], count = z->count[grower->tier];
        if (left == 0)
            continue;
        fr_assert(left <= count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t group = z->first[grower->tier] + i;
            candidates[i] = (struct candidate){.group = group, .children = grower->tree->children[group], .place = i};
        }
        qsort(candidates, count, sizeof *candidates, compare_candidates);
        for (uint32_t i = 0; i < left; i++)
            place(grower, candidates[i].group, z->first[slow_kind(grower)] + grower->placed[zone][1]);
    }
}

static void plant_primary(struct grower *grower) {
    uint32_t roots = grower->shape->roots, zone;
    grower->tier = FR_GROUP_PRIMARY;
    if (grower->groups->zone_count == 1) {
        for (roots = smaller(roots, grower->groups->zones[0].count[FR_GROUP_PRIMARY]); roots > 0; roots--)
            place_own(grower, FR_GROUP_ORIGIN, 0);
        return;
    }
    for (; roots > 0 && (zone = find_zone(grower)) < grower->groups->zone_count; roots--)
        place_own(grower, FR_GROUP_ORIGIN, zone);
}

/* Places below primary groups, one of each in turn and the ones with fewest children first: that spreads the secondary groups, and costs
 * nothing, because a group that has the whole object has nothing else to send. candidates: [group_count]. */
static void plant_secondary(struct grower *grower, struct candidate *candidates) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < grower->placed_count; i++) {
        uint32_t group = grower->tree->order[i];
        if (!fr_group_is_slow(&grower->groups->groups[group]))
            candidates[count++] = (struct candidate){.group = group, .children = grower->tree->children[group], .place = i};
    }
    qsort(candidates, count, sizeof *candidates, compare_candidates);
    grower->tier = FR_GROUP_SECONDARY;
    grower->next_zone = 0;
    grower->queue_head = grower->queue_end = 0;
    for (uint32_t zone = 0; zone < grower->groups->zone_count; zone++)
        grower->placed[zone][0] = grower->placed[zone][1] = 0;
    for (uint32_t turn = 0; turn < grower->shape->fanout; turn++)
        for (uint32_t i = 0; i < count; i++)
            if (turn < room_below(grower, &grower->groups->groups[candidates[i].group]) && candidates[i].children + turn < FR_FANOUT_MAX)
                add_slot(grower, (struct slot){.group = candidates[i].group, .room = 1, .prefers_zones = turn % 2 == 1});
}

static int grow_all(struct grower *grower) {
    uint32_t count = grower->groups->group_count;
    struct candidate *candidates = fr_alloc_zeroed(count, sizeof *candidates);
    grower->placed = fr_alloc_zeroed(grower->groups->zone_count, sizeof *grower->placed);
    grower->queue = fr_alloc_zeroed(count, (FR_FANOUT_MAX + 1) * sizeof *grower->queue);
    int error = candidates && grower->placed && grower->queue ? 0 : FR_E_MEMORY;
    if (!error) {
        plant_primary(grower);
        grow(grower);
        hang_slow(grower, candidates);
        plant_secondary(grower, candidates);
        grow(grower);
        hang_slow(grower, candidates);
        fr_assert(grower->placed_count == count);
    }
    fr_free(candidates);
    fr_free(grower->placed);
    fr_free(grower->queue);
    return error;
}

/* place: [group_count], where a group stands in the order. */
static void fill_adoption(struct fr_tree *tree, const struct fr_groups *groups, struct fr_adoption_group *adoption, uint32_t *place) {
    for (uint32_t i = 0; i < tree->group_count; i++) {
        uint32_t g = tree->order[i], upstream = tree->upstream[g];
        place[g] = i;
        adoption[i] = (struct fr_adoption_group){.upstream = upstream == FR_GROUP_ORIGIN ? FR_ADOPTS_NONE : place[upstream],
                                                 .member_count = groups->groups[g].member_count,
                                                 .zone = groups->groups[g].zone * FR_GROUP_KINDS + groups->groups[g].kind,
                                                 .is_secondary = fr_tree_is_secondary_edge(tree, groups, g)};
    }
}

static int assign_adoption(struct fr_tree *tree, const struct fr_groups *groups) {
    struct fr_adoption_group *adoption = fr_alloc_zeroed(tree->group_count, sizeof *adoption);
    uint32_t *place = fr_alloc_zeroed(tree->group_count, sizeof *place);
    int error = adoption && place ? 0 : FR_E_MEMORY;
    if (!error) {
        fill_adoption(tree, groups, adoption, place);
        error = fr_adoption_assign(adoption, tree->group_count);
    }
    for (uint32_t i = 0; !error && i < tree->group_count; i++) {
        uint32_t g = tree->order[i];
        tree->adopts[g] = adoption[i].adopts == FR_ADOPTS_NONE ? FR_ADOPTS_NONE : tree->order[adoption[i].adopts];
        tree->shift[g] = adoption[i].shift;
        tree->relieved[g] = adoption[i].relieved;
    }
    fr_free(adoption);
    fr_free(place);
    return error;
}

int fr_tree_init(struct fr_tree *tree, const struct fr_groups *groups, const struct fr_tree_shape *shape) {
    uint32_t count = groups->group_count;
    *tree = (struct fr_tree){.group_count = count};
    tree->upstream = fr_alloc_zeroed(count, sizeof *tree->upstream);
    tree->level = fr_alloc_zeroed(count, sizeof *tree->level);
    tree->children = fr_alloc_zeroed(count, sizeof *tree->children);
    tree->secondary_children = fr_alloc_zeroed(count, sizeof *tree->secondary_children);
    tree->order = fr_alloc_zeroed(count, sizeof *tree->order);
    tree->adopts = fr_alloc_zeroed(count, sizeof *tree->adopts);
    tree->shift = fr_alloc_zeroed(count, sizeof *tree->shift);
    tree->relieved = fr_alloc_zeroed(count, sizeof *tree->relieved);
    int error = FR_E_MEMORY;
    if (tree->upstream && tree->level && tree->children && tree->secondary_children && tree->order && tree->adopts && tree->shift &&
        tree->relieved)
        error = grow_all(&(struct grower){.groups = groups, .shape = shape, .tree = tree});
    if (!error)
        error = assign_adoption(tree, groups);
    if (error)
        fr_tree_done(tree);
    return error;
}

void fr_tree_done(struct fr_tree *tree) {
    if (!tree)
        return;
    fr_free(tree->upstream);
    fr_free(tree->level);
    fr_free(tree->children);
    fr_free(tree->secondary_children);
    fr_free(tree->order);
    fr_free(tree->adopts);
    fr_free(tree->shift);
    fr_free(tree->relieved);
    *tree = (struct fr_tree){0};
}
