/* SPDX-License-Identifier: Apache-2.0 */
/* Forming groups: seats (one a node) are sorted by zone, split by tier and downlink, and dealt into groups whose uplinks are balanced. */
#include "plan/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/heap.h"
#include "base/memory.h"

static const double RATE_ASSUMED = 125e6; /* 1 Gbit/s */
static const double RATE_MOST = 1e15;     /* what is above counts as this: so sums of a group fit 64 bits */
static const double SLOW_SHARE = 0.5;     /* a downlink below this share of its zone's median is slow */

/* A node while it is sorted. */
struct seat {
    uint32_t node;
    uint32_t zone; /* index of draft.zones */
    const char *zone_name;
    double up, down; /* down: infinite when not told */
    bool is_secondary;
    enum fr_group_kind kind;
};

/* A zone while zones are put into order. */
struct zone_draft {
    struct fr_group_zone zone;
    uint32_t first_node; /* the least index of a node in it: makes the order total */
    double up_sum;
    int class; /* 0: its mean uplink is at least the usual one; -1: at least half of that; -2: a quarter; ... */
};

struct draft {
    struct seat *seats;
    uint32_t seat_count;
    struct zone_draft *zones; /* [seat_count] is room enough */
    uint32_t zone_count;
    double *rates; /* [seat_count], for medians */
    uint32_t size_max;
    double usual_rate;
};

static int compare_numbers(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

/* Of count values, which are sorted by it; of two in the middle the lower. count >= 1. */
static double median_of(double *values, uint32_t count) {
    qsort(values, count, sizeof *values, compare_numbers);
    return values[(count - 1) / 2];
}

static double number_of(uint64_t rate) { return (double) rate < RATE_MOST ? (double) rate : RATE_MOST; }

int fr_groups_usual_rate(const struct fr_nodes *nodes, double *ret_rate) {
    double *rates = fr_alloc_zeroed(nodes->count, sizeof *rates);
    if (!rates)
        return FR_E_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < nodes->count; i++)
        if (nodes->specs[i].up_rate != FR_RATE_UNKNOWN)
            rates[count++] = number_of(nodes->specs[i].up_rate);
    *ret_rate = count > 0 ? median_of(rates, count) : RATE_ASSUMED;
    fr_free(rates);
    return 0;
}

/* Seats and zones */

static void take_seats(struct draft *draft, const struct fr_nodes *nodes) {
    bool has_primary = false;
    for (uint32_t i = 0; i < nodes->count; i++)
        has_primary = has_primary || !nodes->specs[i].is_secondary;
    for (uint32_t i = 0; i < nodes->count; i++) {
        const struct fr_node_spec *spec = &nodes->specs[i];
        draft->seats[i] = (struct seat){
            .node = i,
            .zone_name = spec->zone ? spec->zone : "",
            .up = spec->up_rate == FR_RATE_UNKNOWN ? draft->usual_rate : number_of(spec->up_rate),
            .down = spec->down_rate == FR_RATE_UNKNOWN ? (double) INFINITY : number_of(spec->down_rate),
            .is_secondary = spec->is_secondary && has_primary, /* nobody to wait for: then nobody waits */
        };
    }
}

static int compare_zone_names(const void *left, const void *right) {
    const struct seat *a = left, *b = right;
    int order = strcmp(a->zone_name, b->zone_name);
    return order ? order : (a->node > b->node) - (a->node < b->node);
}

static uint32_t add_zone(struct draft *draft, const char *name, uint32_t first_node) {
    draft->zones[draft->zone_count] = (struct zone_draft){.zone.name = name, .first_node = first_node};
    return draft->zone_count++;
}

static void join_zone(struct draft *draft, uint32_t zone, uint32_t first, uint32_t count) {
    struct zone_draft *to = &draft->zones[zone];
    for (uint32_t i = first; i < first + count; i++) {
        draft->seats[i].zone = zone;
        to->up_sum += draft->seats[i].up;
        to->first_node = draft->seats[i].node < to->first_node ? draft->seats[i].node : to->first_node;
    }
    to->zone.member_count += count;
}

/* Where the seats of the zone that begins at `first` end. Seats are sorted by zone_name. */
static uint32_t end_of_zone(const struct draft *draft, uint32_t first) {
    uint32_t next = first + 1;
    while (next < draft->seat_count && strcmp(draft->seats[next].zone_name, draft->seats[first].zone_name) == 0)
        next++;
    return next;
}

/* Is the seat alone in a zone that has a name? */
static bool is_alone(const struct draft *draft, uint32_t first, uint32_t next) {
    return next == first + 1 && draft->seats[first].zone_name[0] != '\0';
}

/* Nodes that are alone in their zones form one pool: each of those zones is still entered once for each byte, and groups of one, which
 * could share nothing, are avoided. A single such node keeps its zone. */
static void find_zones(struct draft *draft) {
    uint32_t alone_count = 0, pool = UINT32_MAX;
    qsort(draft->seats, draft->seat_count, sizeof *draft->seats, compare_zone_names);
    for (uint32_t first = 0, next; first < draft->seat_count; first = next) {
        next = end_of_zone(draft, first);
        alone_count += is_alone(draft, first, next);
    }
    for (uint32_t first = 0, next; first < draft->seat_count; first = next) {
        const struct seat *seat = &draft->seats[first];
        next = end_of_zone(draft, first);
        bool is_pooled = alone_count > 1 && is_alone(draft, first, next);
        if (is_pooled && pool == UINT32_MAX)
            pool = add_zone(draft, "", seat->node);
        join_zone(draft, is_pooled ? pool : add_zone(draft, seat->zone_name, seat->node), first, next - first);
    }
}

static int compare_zones(const void *left, const void *right) {
    const struct zone_draft *a = left, *b = right;
    if (a->class != b->class)
        return a->class < b->class ? 1 : -1;
    if (a->zone.member_count != b->zone.member_count)
        return a->zone.member_count < b->zone.member_count ? 1 : -1;
    return (a->first_node > b->first_node) - (a->first_node < b->first_node);
}

/* How often a rate must be doubled until it is a usual one, as a negative number. A hair below usual is usual. */
static int class_of(double rate, double usual_rate) {
    int class = 0;
    while (rate<0.99 * usual_rate &&class> - 60) {
        rate *= 2;
        class --;
    }
    return class;
}

/* Rich zones are entered first, because whatever is below a poor one is no faster than it; among equals large ones, which are deep
 * themselves. */
static int sort_zones(struct draft *draft) {
    for (uint32_t z = 0; z < draft->zone_count; z++) {
        struct zone_draft *zone = &draft->zones[z];
        zone->class = class_of(zone->up_sum / zone->zone.member_count, draft->usual_rate);
        zone->zone.first[0] = z; /* where it was, for the seats that know it by that */
    }
    qsort(draft->zones, draft->zone_count, sizeof *draft->zones, compare_zones);
    uint32_t *place_of = fr_alloc_zeroed(draft->zone_count, sizeof *place_of);
    if (!place_of)
        return FR_E_MEMORY;
    for (uint32_t z = 0; z < draft->zone_count; z++)
        place_of[draft->zones[z].zone.first[0]] = z;
    for (uint32_t i = 0; i < draft->seat_count; i++)
        draft->seats[i].zone = place_of[draft->seats[i].zone];
    fr_free(place_of);
    return 0;
}

/* Kinds */

static int compare_tiers(const void *left, const void *right) {
    const struct seat *a = left, *b = right;
    if (a->zone != b->zone)
        return a->zone < b->zone ? -1 : 1;
    if (a->is_secondary != b->is_secondary)
        return a->is_secondary ? 1 : -1;
    return (a->node > b->node) - (a->node < b->node);
}

/* Seats first .. next - 1 are the nodes of one tier of one zone. Fewer than half of them come out slow, so a zone has as many fast groups
 * as slow ones. */
static void tell_slow(struct draft *draft, uint32_t first, uint32_t next) {
    uint32_t told = 0;
    for (uint32_t i = first; i < next; i++)
        if (draft->seats[i].down < (double) INFINITY)
            draft->rates[told++] = draft->seats[i].down;
    double limit = told > 0 ? SLOW_SHARE * median_of(draft->rates, told) : 0;
    for (uint32_t i = first; i < next; i++)
        if (draft->seats[i].down < limit)
            draft->seats[i].kind = draft->seats[i].is_secondary ? FR_GROUP_SECONDARY_SLOW : FR_GROUP_PRIMARY_SLOW;
}

static void tell_kinds(struct draft *draft) {
    struct seat *seats = draft->seats;
    bool has_one_group = draft->zone_count == 1 && draft->seat_count <= draft->size_max;
    qsort(seats, draft->seat_count, sizeof *seats, compare_tiers);
    for (uint32_t i = 0; i < draft->seat_count; i++) {
        seats[i].kind = seats[i].is_secondary ? FR_GROUP_SECONDARY : FR_GROUP_PRIMARY;
        has_one_group = has_one_group && seats[i].is_secondary == seats[0].is_secondary;
    }
    if (has_one_group)
        return; /* it feeds no others anyway */
    for (uint32_t first = 0, next; first < draft->seat_count; first = next) {
        for (next = first + 1;
             next < draft->seat_count && seats[next].zone == seats[first].zone && seats[next].is_secondary == seats[first].is_secondary;)
            next++;
        tell_slow(draft, first, next);
    }
}

/* Dealing */

static int compare_riches(const void *left, const void *right) {
    const struct seat *a = left, *b = right;
    if (a->zone != b->zone)
        return a->zone < b->zone ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->up != b->up)
        return a->up > b->up ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* By mean uplink, the richest first. Equal ones stay as they are: they lie in the order of first_member. */
static int compare_groups(const void *left, const void *right) {
    const struct fr_group *a = left, *b = right;
    double a_mean = a->up_sum / a->member_count, b_mean = b->up_sum / b->member_count;
    if (a_mean != b_mean)
        return a_mean > b_mean ? -1 : 1;
    return (a->first_member > b->first_member) - (a->first_member < b->first_member);
}

/* seats [count], richest first, into `groups`, whose members' places are known: each to the poorest group that still has room.
 * filled [group_count]: zero. */
static int deal(const struct seat *seats, uint32_t count, struct fr_group *groups, uint32_t group_count, uint32_t *members,
                uint32_t *filled) {
    struct fr_heap poorest;
    int error = 0;
    fr_heap_init(&poorest);
    for (uint32_t g = 0; g < group_count && !error; g++)
        error = fr_heap_push(&poorest, 0, &groups[g]);
    for (uint32_t i = 0; i < count && !error; i++) {
        void *payload;
        bool has_room = fr_heap_pop(&poorest, NULL, &payload);
        fr_assert(has_room);
        struct fr_group *group = payload;
        uint32_t *here = &filled[group - groups];
        members[group->first_member + (*here)++] = seats[i].node;
        group->up_sum += seats[i].up;
        if (*here < group->member_count)
            error = fr_heap_push(&poorest, (uint64_t) group->up_sum, group);
    }
    fr_heap_done(&poorest);
    return error;
}

/* Seats first .. next - 1 are of one zone and kind: they become the next groups. */
static int form_groups(struct draft *draft, struct fr_groups *groups, uint32_t first, uint32_t next) {
    const struct seat *seat = &draft->seats[first];
    uint32_t count = next - first, group_count = (count + draft->size_max - 1) / draft->size_max;
    struct fr_group_zone *zone = &groups->zones[seat->zone];
    struct fr_group *made = &groups->groups[groups->group_count];
    uint32_t *filled = fr_alloc_zeroed(group_count, sizeof *filled);
    if (!filled)
        return FR_E_MEMORY;
    zone->first[seat->kind] = groups->group_count;
    zone->count[seat->kind] = group_count;
    /* The smaller ones first, so nearer to the origin: a member may feed two of a larger group, but nobody is fed twice as much in a
     * smaller one. */
    for (uint32_t g = 0, at = first; g < group_count; at += made[g++].member_count)
        made[g] = (struct fr_group){.first_member = at,
                                    .member_count = count / group_count + (g >= group_count - count % group_count),
                                    .zone = seat->zone,
                                    .kind = seat->kind};
    int error = deal(seat, count, made, group_count, groups->members, filled);
    fr_free(filled);
    qsort(made, group_count, sizeof *made, compare_groups);
    groups->group_count += group_count;
    return error;
}

static int form_all(struct draft *draft, struct fr_groups *groups) {
    int error = 0;
    qsort(draft->seats, draft->seat_count, sizeof *draft->seats, compare_riches);
    for (uint32_t first = 0, next; first < draft->seat_count && !error; first = next) {
        for (next = first + 1; next < draft->seat_count && draft->seats[next].zone == draft->seats[first].zone &&
             draft->seats[next].kind == draft->seats[first].kind;)
            next++;
        error = form_groups(draft, groups, first, next);
    }
    return error;
}

static void note_downlinks(struct fr_groups *groups, const struct fr_nodes *nodes) {
    double downs[FR_GROUP_MEMBERS_MAX];
    for (uint32_t g = 0; g < groups->group_count; g++) {
        struct fr_group *group = &groups->groups[g];
        for (uint32_t i = 0; i < group->member_count; i++) {
            uint64_t rate = nodes->specs[groups->members[group->first_member + i]].down_rate;
            downs[i] = rate == FR_RATE_UNKNOWN ? (double) INFINITY : number_of(rate);
        }
        group->down_usual = median_of(downs, group->member_count);
        group->down_least = downs[0];
    }
}

/* All of both */

static void free_draft(struct draft *draft) {
    fr_free(draft->seats);
    fr_free(draft->zones);
    fr_free(draft->rates);
}

static int form(struct draft *draft, struct fr_groups *groups, const struct fr_nodes *nodes) {
    uint32_t count = draft->seat_count;
    draft->seats = fr_alloc_zeroed(count, sizeof *draft->seats);
    draft->zones = fr_alloc_zeroed(count, sizeof *draft->zones);
    draft->rates = fr_alloc_zeroed(count, sizeof *draft->rates);
    groups->groups = fr_alloc_zeroed(count, sizeof *groups->groups);
    groups->members = fr_alloc_zeroed(count, sizeof *groups->members);
    if (!draft->seats || !draft->zones || !draft->rates || !groups->groups || !groups->members)
        return FR_E_MEMORY;
    take_seats(draft, nodes);
    find_zones(draft);
    int error = sort_zones(draft);
    if (error)
        return error;
    groups->zones = fr_alloc_zeroed(draft->zone_count, sizeof *groups->zones);
    if (!groups->zones)
        return FR_E_MEMORY;
    groups->zone_count = draft->zone_count;
    groups->member_count = count;
    for (uint32_t z = 0; z < draft->zone_count; z++) {
        groups->zones[z] = draft->zones[z].zone;
        groups->zones[z].first[0] = 0;
    }
    tell_kinds(draft);
    error = form_all(draft, groups);
    if (!error)
        note_downlinks(groups, nodes);
    return error;
}

int fr_groups_init(struct fr_groups *groups, const struct fr_nodes *nodes, uint32_t size_max, double usual_rate) {
    struct draft draft = {.seat_count = nodes->count, .size_max = size_max, .usual_rate = usual_rate};
    *groups = (struct fr_groups){0};
    int error = form(&draft, groups, nodes);
    free_draft(&draft);
    if (error)
        fr_groups_done(groups);
    return error;
}

void fr_groups_done(struct fr_groups *groups) {
    if (!groups)
        return;
    fr_free(groups->zones);
    fr_free(groups->groups);
    fr_free(groups->members);
    *groups = (struct fr_groups){0};
}
