/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of random node lists: what fr_plan_new promises holds for every one of them. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/plan.h>

#include "base/prng.h"
#include "support/seed.h"

enum { ROUNDS = 1500, NODES_MAX = 900, ZONES_MAX = 24 };

static uint64_t first_seed;

/* A random job. */
struct job {
    struct fr_nodes nodes;
    struct fr_node_spec specs[NODES_MAX];
    char zone_names[ZONES_MAX][8];
    struct fr_plan_options options;
    uint64_t seed;
};

static struct job job;

static uint32_t below(struct fr_prng *prng, uint32_t bound) { return (uint32_t) fr_prng_below(prng, bound); }

static uint64_t draw_rate(struct fr_prng *prng, uint32_t manner) {
    static const uint64_t rates[] = {3125000, 12500000, 125000000, 1250000000};
    if (manner == 0)
        return 125000000;
    if (manner == 1)
        return below(prng, 3) ? rates[below(prng, 4)] : FR_RATE_UNKNOWN;
    return 1 + fr_prng_below(prng, manner == 2 ? 1250000000 : UINT64_MAX);
}

static void draw_nodes(struct fr_prng *prng) {
    uint32_t zones = below(prng, ZONES_MAX + 1), manner = below(prng, 4), tiers = below(prng, 4), slow = below(prng, 4);
    job.nodes = (struct fr_nodes){.specs = job.specs, .count = 1 + below(prng, below(prng, 2) ? 40 : NODES_MAX)};
    for (uint32_t i = 0; i < job.nodes.count; i++) {
        struct fr_node_spec *spec = &job.specs[i];
        uint32_t zone = zones ? below(prng, zones) * below(prng, zones + 1) / zones : 0; /* some are larger than others */
        *spec = (struct fr_node_spec){.address = (char[]){"n"}, .zone = zones ? job.zone_names[zone] : job.zone_names[0]};
        spec->up_rate = draw_rate(prng, manner);
        spec->down_rate = draw_rate(prng, manner);
        if (slow && spec->down_rate > 100 && below(prng, 6) == 0)
            spec->down_rate /= 30;
        spec->is_secondary = tiers == 3 || (tiers == 2 && below(prng, 3) == 0);
    }
}

static void draw_options(struct fr_prng *prng) {
    fr_plan_options_init(&job.options);
    if (below(prng, 8))
        job.options.object_bytes = fr_prng_below(prng, UINT64_C(1) << (1 + below(prng, 38)));
    job.options.up_rate = draw_rate(prng, below(prng, 3));
    job.options.delay = below(prng, 3) ? below(prng, 100000000) : 0;
    job.options.group_size = below(prng, 3) ? 0 : 1 + below(prng, FR_GROUP_MEMBERS_MAX);
    job.options.shape = (enum fr_shape) below(prng, 3);
    if (below(prng, 3) == 0)
        job.options.fanout = job.options.shape == FR_SHAPE_CHAIN ? 1 : 2 + below(prng, FR_FANOUT_MAX - 1);
}

static void draw_job(uint64_t seed) {
    struct fr_prng prng;
    fr_prng_init(&prng, seed);
    job.seed = seed;
    for (uint32_t z = 0; z < ZONES_MAX; z++)
        snprintf(job.zone_names[z], sizeof *job.zone_names, z ? "z%u" : "%.0u", z);
    draw_nodes(&prng);
    draw_options(&prng);
}

static void hold(bool is_so, const char *fact, int line) {
    if (!is_so)
        fail_msg("seed %llu, line %d: not so: %s", (unsigned long long) job.seed, line, fact);
}
#define HOLDS(fact) hold(fact, #fact, __LINE__)

static const struct fr_node_spec *spec_of(const struct fr_plan *plan, const struct fr_plan_group *group, uint32_t i) {
    return &job.specs[plan->members[group->first_member + i]];
}

static bool has_primary(void) {
    for (uint32_t i = 0; i < job.nodes.count; i++)
        if (!job.specs[i].is_secondary)
            return true;
    return false;
}

static bool is_secondary(const struct fr_plan *plan, uint32_t g) {
    return has_primary() && spec_of(plan, &plan->groups[g], 0)->is_secondary;
}

static void every_node_is_in_one_group(const struct fr_plan *plan) {
    bool is_seen[NODES_MAX] = {false};
    uint32_t at = 0;
    HOLDS(plan->member_count == job.nodes.count);
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        HOLDS(group->first_member == at);
        HOLDS(group->member_count >= 1 && group->member_count <= FR_GROUP_MEMBERS_MAX);
        HOLDS(job.options.group_size == 0 || group->member_count <= job.options.group_size);
        at += group->member_count;
    }
    HOLDS(at == plan->member_count);
    for (uint32_t i = 0; i < plan->member_count; i++) {
        HOLDS(plan->members[i] < job.nodes.count && !is_seen[plan->members[i]]);
        is_seen[plan->members[i]] = true;
    }
}

static void groups_are_in_preorder(const struct fr_plan *plan) {
    uint32_t roots = 0, levels = 0, fanout = 0;
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        uint32_t below_it = 1, children = 0;
        HOLDS(g + group->subtree_count <= plan->group_count);
        for (uint32_t child = g + 1; child < g + group->subtree_count; child += plan->groups[child].subtree_count, children++) {
            HOLDS(plan->groups[child].upstream == g);
            HOLDS(plan->groups[child].level == group->level + 1);
            below_it += plan->groups[child].subtree_count;
        }
        HOLDS(below_it == group->subtree_count);
        HOLDS(group->upstream == FR_GROUP_ORIGIN ? group->level == 0 && !group->is_secondary : group->upstream < g);
        HOLDS(children <= FR_FANOUT_MAX);
        roots += group->upstream == FR_GROUP_ORIGIN;
        levels = group->level + 1 > levels ? group->level + 1 : levels;
        fanout = children > fanout ? children : fanout;
    }
    HOLDS(roots == plan->root_group_count && roots >= 1 && roots <= 4);
    HOLDS(levels == plan->level_count && fanout == plan->fanout);
}

/* How many nodes have this zone. */
static uint32_t zone_size(const char *zone) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < job.nodes.count; i++)
        count += strcmp(job.specs[i].zone, zone) == 0;
    return count;
}

static void groups_lie_inside_zones(const struct fr_plan *plan) {
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        bool is_pool = group->zone[0] == '\0' && spec_of(plan, group, 0)->zone[0] != '\0';
        for (uint32_t i = 0; i < group->member_count; i++) {
            const char *zone = spec_of(plan, group, i)->zone;
            HOLDS(is_pool ? zone_size(zone) == 1 : strcmp(zone, group->zone) == 0);
        }
    }
}

static void zones_are_entered_once(const struct fr_plan *plan) {
    bool has_one_zone = true;
    for (uint32_t g = 0; g < plan->group_count; g++)
        has_one_zone = has_one_zone && strcmp(plan->groups[g].zone, plan->groups[0].zone) == 0;
    for (uint32_t z = 1; z < ZONES_MAX; z++) {
        uint32_t entries = 0, here = 0;
        for (uint32_t g = 0; g < plan->group_count; g++) {
            const struct fr_plan_group *group = &plan->groups[g];
            if (strcmp(group->zone, job.zone_names[z]) != 0)
                continue;
            here++;
            entries += group->upstream == FR_GROUP_ORIGIN || strcmp(plan->groups[group->upstream].zone, group->zone) != 0;
        }
        HOLDS(here == 0 || entries == 1 || has_one_zone);
    }
}

static void secondary_groups_hang_below(const struct fr_plan *plan) {
    bool is_tiered = has_primary();
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        for (uint32_t i = 0; is_tiered && i < group->member_count; i++)
            HOLDS(spec_of(plan, group, i)->is_secondary == spec_of(plan, group, 0)->is_secondary);
        bool is_edge = group->upstream != FR_GROUP_ORIGIN && is_secondary(plan, g) && !is_secondary(plan, group->upstream);
        HOLDS(group->is_secondary == is_edge);
        HOLDS(group->upstream != FR_GROUP_ORIGIN || !is_secondary(plan, g));
        HOLDS(group->upstream == FR_GROUP_ORIGIN || is_secondary(plan, g) || !is_secondary(plan, group->upstream));
    }
}

static int compare_rates(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *) left, b = *(const uint64_t *) right;
    return (a > b) - (a < b);
}

/* Half the median downlink of the node's zone and tier, 0 when nobody told. */
static double slow_limit(const struct fr_node_spec *like) {
    static uint64_t rates[NODES_MAX];
    uint32_t count = 0;
    bool is_alone = zone_size(like->zone) == 1 && like->zone[0] != '\0', is_tiered = has_primary();
    for (uint32_t i = 0; i < job.nodes.count; i++) {
        const struct fr_node_spec *spec = &job.specs[i];
        bool is_of_zone = is_alone ? zone_size(spec->zone) == 1 && spec->zone[0] != '\0' : strcmp(spec->zone, like->zone) == 0;
        if (is_of_zone && spec->down_rate != FR_RATE_UNKNOWN && (!is_tiered || spec->is_secondary == like->is_secondary))
            rates[count++] = spec->down_rate < 1000000000000000 ? spec->down_rate : 1000000000000000;
    }
    qsort(rates, count, sizeof *rates, compare_rates);
    uint32_t middle = count ? (count - 1) / 2 : 0;
    return count ? (double) rates[middle] / 2 : 0;
}

static void slow_downlinks_are_in_leaves(const struct fr_plan *plan) {
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        for (uint32_t i = 0; i < group->member_count && group->subtree_count > 1; i++) {
            const struct fr_node_spec *spec = spec_of(plan, group, i);
            HOLDS(spec->down_rate == FR_RATE_UNKNOWN || (double) spec->down_rate >= slow_limit(spec));
        }
    }
}

/* Links counted one by one, by the rule of counterparts. */
static void connections_are_counted(const struct fr_plan *plan) {
    static uint32_t links[NODES_MAX];
    memset(links, 0, sizeof links);
    uint32_t most = 0, least_size = UINT32_MAX, largest_size = 0;
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        for (uint32_t i = 0; i < group->member_count; i++)
            links[group->first_member + i] += group->member_count - 1 + (group->upstream == FR_GROUP_ORIGIN);
        least_size = group->member_count < least_size ? group->member_count : least_size;
        largest_size = group->member_count > largest_size ? group->member_count : largest_size;
        if (group->upstream == FR_GROUP_ORIGIN)
            continue;
        const struct fr_plan_group *above = &plan->groups[group->upstream];
        for (uint32_t t = 0; t < above->member_count || t < group->member_count; t++) {
            links[above->first_member + t % above->member_count]++;
            links[group->first_member + t % group->member_count]++;
        }
        if (group->adopts == FR_GROUP_ORIGIN)
            continue;
        const struct fr_plan_group *adopted = &plan->groups[group->adopts];
        HOLDS(group->adopts < g && g < group->adopts + adopted->subtree_count);
        HOLDS(adopted->member_count == group->member_count && group->shift >= 1 && group->shift < group->member_count);
        for (uint32_t i = 0; i < group->member_count; i++) {
            links[group->first_member + i]++;
            links[adopted->first_member + (i + group->shift) % group->member_count]++;
        }
    }
    for (uint32_t i = 0; i < plan->member_count; i++)
        most = links[i] > most ? links[i] : most;
    HOLDS(plan->connections_max == most);
    if (least_size == largest_size && job.options.fanout == 0)
        HOLDS(plan->connections_max <= 2 * largest_size + 2);
}

static void members_are_ranked(const struct fr_plan *plan) {
    for (uint32_t g = 0; g < plan->group_count; g++)
        for (uint32_t i = 1; i < plan->groups[g].member_count; i++) {
            uint64_t before = spec_of(plan, &plan->groups[g], i - 1)->up_rate, here = spec_of(plan, &plan->groups[g], i)->up_rate;
            HOLDS(before == FR_RATE_UNKNOWN || here == FR_RATE_UNKNOWN || before >= here || here > 1000000000000000);
        }
}

/* Of one zone, tier and kind sizes differ by one at most. A slow group is known here by being a leaf with a slow member. */
static void sizes_are_alike(const struct fr_plan *plan) {
    for (uint32_t a = 0; a < plan->group_count; a++)
        for (uint32_t b = 0; b < a; b++) {
            const struct fr_plan_group *one = &plan->groups[a], *other = &plan->groups[b];
            const struct fr_node_spec *first = spec_of(plan, one, 0), *second = spec_of(plan, other, 0);
            if (strcmp(first->zone, second->zone) != 0 || is_secondary(plan, a) != is_secondary(plan, b))
                continue;
            uint32_t more = one->member_count > other->member_count ? one->member_count - other->member_count
                                                                    : other->member_count - one->member_count;
            if (more <= 1) /* what follows goes through all nodes */
                continue;
            bool is_slow = first->down_rate && (double) first->down_rate < slow_limit(first);
            bool is_other_slow = second->down_rate && (double) second->down_rate < slow_limit(second);
            HOLDS(is_slow != is_other_slow);
        }
}

static void times_are_told_when_known(const struct fr_plan *plan) {
    double last = -1, bound = fr_bound_seconds(&job.nodes, job.options.up_rate, job.options.object_bytes);
    for (uint32_t g = 0; g < plan->group_count; g++)
        last = plan->groups[g].finish_seconds > last ? plan->groups[g].finish_seconds : last;
    HOLDS(plan->predicted_seconds == last);
    HOLDS((plan->predicted_seconds >= 0) == (bound >= 0));
    HOLDS(plan->bound_seconds >= bound);
    HOLDS(bound < 0 || plan->predicted_seconds >= plan->bound_seconds * 0.999999);
}

static void is_like(const struct fr_plan *plan, const struct fr_plan *again) {
    HOLDS(plan->group_count == again->group_count && plan->member_count == again->member_count);
    HOLDS(memcmp(plan->members, again->members, plan->member_count * sizeof *plan->members) == 0);
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *a = &plan->groups[g], *b = &again->groups[g];
        HOLDS(a->upstream == b->upstream && a->member_count == b->member_count && a->finish_seconds == b->finish_seconds);
    }
}

static void every_promise_holds(void **state) {
    (void) state;
    for (uint64_t seed = first_seed; seed < first_seed + ROUNDS; seed++) {
        struct fr_plan *plan = NULL, *again = NULL;
        struct fr_failure failure = {0};
        draw_job(seed);
        int error = fr_plan_new(&job.nodes, &job.options, &plan, &failure);
        if (error == FR_E_LIMIT)
            continue;
        if (error)
            fail_msg("seed %llu: %s", (unsigned long long) seed, failure.text);
        every_node_is_in_one_group(plan);
        groups_are_in_preorder(plan);
        groups_lie_inside_zones(plan);
        zones_are_entered_once(plan);
        secondary_groups_hang_below(plan);
        slow_downlinks_are_in_leaves(plan);
        connections_are_counted(plan);
        members_are_ranked(plan);
        sizes_are_alike(plan);
        times_are_told_when_known(plan);
        assert_int_equal(fr_plan_new(&job.nodes, &job.options, &again, NULL), 0);
        is_like(plan, again);
        fr_plan_free(plan);
        fr_plan_free(again);
    }
}

int main(void) {
    first_seed = fr_test_seed();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_promise_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
