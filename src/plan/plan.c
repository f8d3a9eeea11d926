/* SPDX-License-Identifier: Apache-2.0 */
/* Making a plan: checks what was asked for, chooses group size and shape by predicted time, and lays the best tree out in preorder. The
 * parts are for others: groups.c, tree.c, predict.c. */
#include <fastreplica/plan.h>

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "content/layout.h"
#include "content/limits.h"
#include "plan/groups.h"
#include "plan/predict.h"
#include "plan/tree.h"

enum {
    GROUP_SIZE_LEAST = 8, /* chosen sizes: the range in which the papers found connections to be used well */
    GROUP_SIZE_MOST = 32,
    CHUNKS_A_MEMBER = 100, /* a group of k members adds k chunk times: at most 1 % of the whole */
    ROOT_GROUPS_MAX = 4,
};
static_assert((int) FR_GROUP_MEMBERS_MAX == (int) FR_GROUP_NODES_MAX, "a planned group fits a roster");

static const uint64_t OBJECT_BYTES_ASSUMED = UINT64_C(4) << 30; /* a pipe */
static const double DELAY_ASSUMED = 0.0005;
static const double CHAIN_COST_MOST = 0.02; /* of the time that one copy takes: what the hops of a chain may add */
static const double FAST_ORIGIN = 2;        /* times the usual rate: from there on it can feed several groups */

/* m groups below each make the way short and each hop long: m (ln m - 1) = delay / chunk time is the best m where branching costs no rate,
 * so the most that is worth trying. For m = 2 .. 8. */
static const double fanout_delays[] = {-0.61, 0.30, 1.55, 3.05, 4.75, 6.62, 8.64};

/* What is being planned, and the best so far. */
struct planner {
    const struct fr_nodes *nodes;
    struct fr_plan_options options; /* chunk_bytes chosen */
    struct fr_job job;
    bool is_predictable; /* every rate and the size are known */
    struct fr_groups groups;
    struct fr_tree tree; /* the quickest */
    uint32_t fanout;     /* with which it was grown */
    double *finish;      /* [group_count], of it */
    double last;
};

/* A plan owns its zones' names. */
struct owned_plan {
    struct fr_plan plan; /* first: a pointer to it is one to all */
    char *zone_names;
};

void fr_plan_options_init(struct fr_plan_options *options) {
    *options = (struct fr_plan_options){.object_bytes = FR_BYTES_UNKNOWN, .up_rate = FR_RATE_UNKNOWN};
}

/* What was asked for */

static int check_shape(const struct fr_plan_options *options, struct fr_failure *failure) {
    switch (options->shape) {
    case FR_SHAPE_AUTO: return 0;
    case FR_SHAPE_CHAIN:
        if (options->fanout > 1)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: a chain has a fanout of 1, not %u; ask for a tree", options->fanout);
        return 0;
    case FR_SHAPE_TREE:
        if (options->fanout == 1)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: a tree has a fanout of 2 or more; one of 1 is a chain");
        return 0;
    }
    return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: %d is no shape", (int) options->shape);
}

static int check_options(const struct fr_nodes *nodes, const struct fr_plan_options *options, struct fr_failure *failure) {
    if (nodes->count == 0 || nodes->count > FR_NODES_MAX)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: %u nodes; there must be 1 to %d", nodes->count, FR_NODES_MAX);
    if (options->group_size > FR_GROUP_MEMBERS_MAX)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: a group of %u nodes; the largest has %d", options->group_size,
                              FR_GROUP_MEMBERS_MAX);
    if (options->fanout > FR_FANOUT_MAX)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "plan: a fanout of %u; the largest is %d", options->fanout, FR_FANOUT_MAX);
    return check_shape(options, failure);
}

static int choose_chunk(struct planner *planner, struct fr_failure *failure) {
    struct fr_layout layout;
    int error = fr_layout_init(&layout, planner->options.object_bytes, planner->options.chunk_bytes);
    if (error == FR_E_ARGUMENT)
        return fr_failure_set(failure, error, 0, "plan: a chunk of %u bytes; it must be a power of two, 16 KiB to 4 MiB",
                              planner->options.chunk_bytes);
    if (error)
        return fr_failure_set(failure, error, 0, "plan: the object has more than %d chunks; larger chunks are needed", FR_CHUNKS_MAX);
    planner->options.chunk_bytes = layout.chunk_bytes;
    return 0;
}

static bool is_origin_known(const struct planner *planner) { return planner->options.up_rate != FR_RATE_UNKNOWN; }

/* Fills in what nobody told. */
static int describe_job(struct planner *planner, struct fr_failure *failure) {
    const struct fr_plan_options *options = &planner->options;
    bool is_pipe = options->object_bytes == FR_BYTES_UNKNOWN;
    double usual_rate;
    if (fr_groups_usual_rate(planner->nodes, &usual_rate) != 0)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "plan: no memory");
    planner->job = (struct fr_job){
        .object_bytes = (double) (is_pipe ? OBJECT_BYTES_ASSUMED : options->object_bytes),
        .chunk_bytes = options->chunk_bytes,
        .up_rate = is_origin_known(planner) ? (double) options->up_rate : usual_rate,
        .usual_rate = usual_rate,
        .delay = options->delay ? (double) options->delay / 1e9 : DELAY_ASSUMED,
    };
    planner->is_predictable = fr_bound_seconds(planner->nodes, options->up_rate, options->object_bytes) >= 0;
    return 0;
}

/* Choices */

static uint32_t choose_group_size(const struct planner *planner) {
    double chunks = planner->job.object_bytes / planner->job.chunk_bytes;
    if (planner->options.group_size)
        return planner->options.group_size;
    if (chunks < GROUP_SIZE_LEAST * CHUNKS_A_MEMBER)
        return GROUP_SIZE_LEAST;
    return chunks < GROUP_SIZE_MOST * CHUNKS_A_MEMBER ? (uint32_t) (chunks / CHUNKS_A_MEMBER) : GROUP_SIZE_MOST;
}

static uint32_t choose_roots(const struct planner *planner) {
    double times = planner->job.up_rate / planner->job.usual_rate;
    if (!is_origin_known(planner) || times < FAST_ORIGIN)
        return 1;
    return times < ROOT_GROUPS_MAX ? (uint32_t) times : ROOT_GROUPS_MAX;
}

static uint32_t largest_worthwhile_fanout(const struct fr_job *job) {
    double delay = job->delay * job->usual_rate / job->chunk_bytes; /* in chunk times */
    uint32_t fanout = 2;
    while (fanout < FR_FANOUT_MAX && fanout_delays[fanout + 1 - 2] <= delay)
        fanout++;
    return fanout;
}

/* Grows a tree and keeps it when it is the first, or is quicker than the one so far. */
static int try_fanout(struct planner *planner, uint32_t fanout) {
    struct fr_tree_shape shape = {.fanout = fanout, .is_fanout_fixed = planner->options.fanout > 0, .roots = choose_roots(planner)};
    struct fr_tree tree;
    double last = 0, *finish = fr_alloc_zeroed(planner->groups.group_count, sizeof *finish);
    int error = finish ? fr_tree_init(&tree, &planner->groups, &shape) : FR_E_MEMORY;
    if (error) {
        fr_free(finish);
        return error;
    }
    error = fr_predict_finish(&planner->groups, &tree, &planner->job, finish, &last);
    if (error || (planner->finish && planner->last <= last)) {
        fr_tree_done(&tree);
        fr_free(finish);
        return error;
    }
    fr_tree_done(&planner->tree);
    fr_free(planner->finish);
    planner->tree = tree;
    planner->fanout = fanout;
    planner->finish = finish;
    planner->last = last;
    return 0;
}

static double largest_group(const struct fr_groups *groups) {
    uint32_t most = 0;
    for (uint32_t g = 0; g < groups->group_count; g++)
        most = groups->groups[g].member_count > most ? groups->groups[g].member_count : most;
    return most;
}

static double hop_seconds(const struct planner *planner) { return fr_predict_hop(&planner->job, largest_group(&planner->groups)); }

static double copy_seconds(const struct planner *planner) { return planner->job.object_bytes / planner->job.usual_rate; }

/* A chain while its hops cost next to nothing, for it branches nowhere; else whichever tree is the quickest. */
static int choose_shape(struct planner *planner) {
    const struct fr_plan_options *options = &planner->options;
    if (options->fanout > 0)
        return try_fanout(planner, options->fanout);
    int error = options->shape == FR_SHAPE_TREE ? 0 : try_fanout(planner, 1);
    if (error || options->shape == FR_SHAPE_CHAIN)
        return error;
    if (planner->finish && (planner->tree.level_count - 1) * hop_seconds(planner) <= CHAIN_COST_MOST * copy_seconds(planner))
        return 0;
    fr_tree_done(&planner->tree); /* the chain is out of the race */
    fr_free(planner->finish);
    planner->finish = NULL;
    uint32_t most = largest_worthwhile_fanout(&planner->job);
    for (uint32_t fanout = 2; fanout <= most && !error; fanout++)
        error = try_fanout(planner, fanout);
    return error;
}

/* The plan */

/* One copy of each zone's name, all in one block; ret_name_of [zone_count]. */
static char *copy_zone_names(const struct fr_groups *groups, const char **ret_name_of) {
    size_t bytes = 0, at = 0;
    for (uint32_t z = 0; z < groups->zone_count; z++)
        bytes += strlen(groups->zones[z].name) + 1;
    char *names = fr_alloc_zeroed(bytes, 1);
    for (uint32_t z = 0; names && z < groups->zone_count; z++) {
        size_t name_bytes = strlen(groups->zones[z].name) + 1;
        ret_name_of[z] = memcpy(names + at, groups->zones[z].name, name_bytes);
        at += name_bytes;
    }
    return names;
}

/* Preorder without recursion, as a chain is as deep as it is long. Sizes of subtrees come from a walk backwards; then each group, in the
 * order of placing, stands where its elder siblings' subtrees end. ret_place_of, ret_subtree [group_count]. */
static void lay_out(const struct fr_tree *tree, uint32_t *ret_place_of, uint32_t *ret_subtree, uint32_t *next_below) {
    uint32_t next_root = 0;
    for (uint32_t i = tree->group_count; i-- > 0;) {
        uint32_t g = tree->order[i];
        ret_subtree[g]++;
        if (tree->upstream[g] != FR_GROUP_ORIGIN)
            ret_subtree[tree->upstream[g]] += ret_subtree[g];
    }
    for (uint32_t i = 0; i < tree->group_count; i++) {
        uint32_t g = tree->order[i], *next = tree->upstream[g] == FR_GROUP_ORIGIN ? &next_root : &next_below[tree->upstream[g]];
        ret_place_of[g] = *next;
        *next += ret_subtree[g];
        next_below[g] = ret_place_of[g] + 1;
    }
}

static void copy_groups(const struct planner *planner, struct fr_plan *plan, const uint32_t *place_of, const uint32_t *subtree,
                        const char *const *name_of) {
    const struct fr_tree *tree = &planner->tree;
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_group *group = &planner->groups.groups[g];
        plan->groups[place_of[g]] = (struct fr_plan_group){
            .first_member = group->first_member,
            .member_count = group->member_count,
            .upstream = tree->upstream[g] == FR_GROUP_ORIGIN ? FR_GROUP_ORIGIN : place_of[tree->upstream[g]],
            .subtree_count = subtree[g],
            .level = tree->level[g],
            .is_secondary = fr_tree_is_secondary_edge(tree, &planner->groups, g),
            .adopts = tree->adopts[g] == FR_ADOPTS_NONE ? FR_GROUP_ORIGIN : place_of[tree->adopts[g]],
            .shift = tree->shift[g],
            .zone = name_of[group->zone],
            .finish_seconds = planner->is_predictable ? planner->finish[g] : -1,
        };
        plan->fanout = tree->children[g] > plan->fanout ? tree->children[g] : plan->fanout;
    }
    for (uint32_t g = 0, at = 0; g < plan->group_count; g++) {
        struct fr_plan_group *group = &plan->groups[g];
        memcpy(plan->members + at, planner->groups.members + group->first_member, group->member_count * sizeof *plan->members);
        group->first_member = at;
        at += group->member_count;
    }
}

/* Links between two groups that the first member of the one of `own` members has: it is never one of those that have fewer. */
static uint32_t links_of_first(uint32_t own, uint32_t other) { return own >= other ? 1 : (other + own - 1) / own; }

/* links [group_count]: zero. */
static void count_connections(struct fr_plan *plan, uint32_t *links) {
    for (uint32_t g = 0; g < plan->group_count; g++) {
        const struct fr_plan_group *group = &plan->groups[g];
        uint32_t size = group->member_count;
        if (group->upstream == FR_GROUP_ORIGIN) {
            links[g] += size; /* peers, and the origin */
        } else {
            uint32_t above = plan->groups[group->upstream].member_count;
            links[g] += size - 1 + links_of_first(size, above);
            links[group->upstream] += links_of_first(above, size);
        }
        if (group->adopts != FR_GROUP_ORIGIN) {
            links[g]++;
            links[group->adopts]++;
        }
    }
    for (uint32_t g = 0; g < plan->group_count; g++)
        plan->connections_max = links[g] > plan->connections_max ? links[g] : plan->connections_max;
}

/* The larger of both bounds. The postal one knows only equal uplinks. */
static double bound_of(const struct planner *planner) {
    double bound = fr_bound_seconds(planner->nodes, planner->options.up_rate, planner->options.object_bytes);
    if (bound < 0 || planner->options.delay == 0)
        return bound;
    for (uint32_t i = 0; i < planner->nodes->count; i++)
        if (planner->nodes->specs[i].up_rate != planner->options.up_rate)
            return bound;
    double postal = fr_predict_postal_bound(&planner->job, planner->nodes->count);
    return postal > bound ? postal : bound;
}

static int fill_plan(const struct planner *planner, struct owned_plan *owned) {
    struct fr_plan *plan = &owned->plan;
    uint32_t count = planner->groups.group_count;
    *plan = (struct fr_plan){
        .group_count = count,
        .member_count = planner->groups.member_count,
        .object_bytes = planner->options.object_bytes,
        .chunk_bytes = planner->options.chunk_bytes,
        .root_group_count = planner->tree.root_count,
        .level_count = planner->tree.level_count,
        .predicted_seconds = planner->is_predictable ? planner->last : -1,
        .bound_seconds = bound_of(planner),
        .copy_seconds = copy_seconds(planner),
        .hop_seconds = hop_seconds(planner),
    };
    const char **name_of = fr_alloc_zeroed(planner->groups.zone_count, sizeof *name_of);
    uint32_t *places = fr_alloc_zeroed(count, 4 * sizeof *places);
    plan->groups = fr_alloc_zeroed(count, sizeof *plan->groups);
    plan->members = fr_alloc_zeroed(plan->member_count, sizeof *plan->members);
    owned->zone_names = name_of ? copy_zone_names(&planner->groups, name_of) : NULL;
    int error = places && plan->groups && plan->members && owned->zone_names ? 0 : FR_E_MEMORY;
    if (!error) {
        lay_out(&planner->tree, places, places + count, places + 2 * count);
        copy_groups(planner, plan, places, places + count, name_of);
        count_connections(plan, places + 3 * count);
        plan->shape = planner->fanout > 1 && plan->fanout > 1 ? FR_SHAPE_TREE : FR_SHAPE_CHAIN;
    }
    fr_free(places);
    fr_free(name_of);
    return error;
}

static int make_plan(struct planner *planner, struct owned_plan **ret_plan) {
    int error = fr_groups_init(&planner->groups, planner->nodes, choose_group_size(planner), planner->job.usual_rate);
    if (!error)
        error = choose_shape(planner);
    struct owned_plan *owned = error ? NULL : fr_alloc_zeroed(1, sizeof *owned);
    if (!error)
        error = owned ? fill_plan(planner, owned) : FR_E_MEMORY;
    if (error)
        fr_plan_free(owned ? &owned->plan : NULL);
    else
        *ret_plan = owned;
    fr_groups_done(&planner->groups);
    fr_tree_done(&planner->tree);
    fr_free(planner->finish);
    return error;
}

int fr_plan_new(const struct fr_nodes *nodes, const struct fr_plan_options *options, struct fr_plan **ret_plan,
                struct fr_failure *failure) {
    struct planner planner = {.nodes = nodes, .options = *options};
    struct owned_plan *owned = NULL;
    int error = check_options(nodes, options, failure);
    if (!error)
        error = choose_chunk(&planner, failure);
    if (!error)
        error = describe_job(&planner, failure);
    if (error)
        return error;
    error = make_plan(&planner, &owned);
    if (error)
        return fr_failure_set(failure, error, 0, "plan: no memory");
    *ret_plan = &owned->plan;
    return 0;
}

void fr_plan_free(struct fr_plan *plan) {
    if (!plan)
        return;
    struct owned_plan *owned = (struct owned_plan *) plan;
    fr_free(plan->groups);
    fr_free(plan->members);
    fr_free(owned->zone_names);
    fr_free(owned);
}
