/* SPDX-License-Identifier: Apache-2.0 */
/* Predicted times: one walk down the tree that carries the rate and the fill of the pipeline so far. */
#include "plan/predict.h"

#include <math.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

enum { POSTAL_LAMBDA_MAX = 1024 }; /* a delay of more chunk times counts as so many: still a lower bound */

/* By Newton, so that the library needs no libm. */
static double square_root(double x) {
    double root = x > 1 ? x : 1;
    for (int i = 0; i < 40; i++)
        root = (root + x / root) / 2;
    return root;
}

double fr_predict_queueing(double members) { return 0.8 * square_root(members); }

double fr_predict_hop(const struct fr_job *job, double members) {
    return (1 + fr_predict_queueing(members)) * job->chunk_bytes / job->usual_rate + job->delay;
}

/* What flows into a group, or out of one into its children. */
struct flow {
    double start; /* when its first chunk leaves its source */
    double rate;
    double fill; /* of the pipeline up to here, without what the delays add */
    double hops; /* delays up to here */
};

static double least(double a, double b) { return a < b ? a : b; }

/* A group that has the whole object sends nothing but to its secondary children, with all its uplinks. */
static struct flow begin_secondary(const struct fr_group *upstream, uint32_t children, double finish) {
    return (struct flow){.start = finish, .rate = upstream->up_sum / children, .hops = 1};
}

/* How fast a group can send what it must: each byte to peers, but those who get it from groups that relieve it, and once to each child
 * group that is fed at once. */
static double sending_rate(const struct fr_group *group, uint32_t children, uint32_t relieved) {
    uint32_t copies = group->member_count - 1 + children - relieved;
    return copies > 0 ? group->up_sum / copies : (double) INFINITY;
}

static struct flow pass_on(const struct flow *in, const struct fr_group *group, uint32_t children, uint32_t relieved,
                           const struct fr_job *job) {
    double chunk_time = job->chunk_bytes / (group->up_sum / group->member_count);
    return (struct flow){.start = in->start,
                         .rate = least(least(in->rate, sending_rate(group, children, relieved)), group->down_usual),
                         .fill = in->fill + (children + fr_predict_queueing(group->member_count)) * chunk_time,
                         .hops = in->hops + 1};
}

/* The last chunk is relayed to the last peer. */
static double finish_of(const struct flow *in, const struct fr_group *group, uint32_t children, uint32_t relieved,
                        const struct fr_job *job) {
    double chunk_time = job->chunk_bytes / (group->up_sum / group->member_count);
    double rate = least(least(in->rate, sending_rate(group, children, relieved)), group->down_least);
    uint32_t copies = group->member_count - 1 + (children > 0 ? children : 1);
    return in->start + job->object_bytes / rate + in->fill + copies * chunk_time + (in->hops + 1) * job->delay;
}

int fr_predict_finish(const struct fr_groups *groups, const struct fr_tree *tree, const struct fr_job *job, double *ret_finish,
                      double *ret_last) {
    struct flow *flows = fr_alloc_zeroed(tree->group_count, sizeof *flows); /* into each group */
    if (!flows)
        return FR_E_MEMORY;
    double last = 0;
    for (uint32_t i = 0; i < tree->group_count; i++) {
        uint32_t g = tree->order[i], upstream = tree->upstream[g], at_once = tree->children[g] - tree->secondary_children[g];
        const struct fr_group *group = &groups->groups[g];
        if (upstream == FR_GROUP_ORIGIN)
            flows[g] = (struct flow){.rate = job->up_rate / tree->root_count, .hops = 1};
        else if (fr_tree_is_secondary_edge(tree, groups, g))
            flows[g] = begin_secondary(&groups->groups[upstream], tree->secondary_children[upstream], ret_finish[upstream]);
        else
            flows[g] = pass_on(&flows[upstream], &groups->groups[upstream], tree->children[upstream] - tree->secondary_children[upstream],
                               tree->relieved[upstream], job);
        ret_finish[g] = finish_of(&flows[g], group, at_once, tree->relieved[g], job);
        last = ret_finish[g] > last ? ret_finish[g] : last;
    }
    fr_free(flows);
    *ret_last = last;
    return 0;
}

/* Powers of two until `nodes` have it. */
static uint32_t doublings(uint32_t nodes) {
    uint32_t count = 0;
    for (uint64_t have = 1; have < nodes; have *= 2)
        count++;
    return count;
}

/* n(t) nodes have the chunk t chunk times after the start, n(t) = n(t - 1) + n(t - lambda): who has it sends it again every chunk time, and
 * whoever it is sent to has it lambda later. The first t with n(t) >= nodes. */
static uint64_t postal_time(uint32_t lambda, uint32_t nodes) {
    fr_assert(lambda >= 1 && lambda <= POSTAL_LAMBDA_MAX);
    double have[POSTAL_LAMBDA_MAX]; /* n(t - lambda) .. n(t - 1), round and round */
    for (uint32_t i = 0; i < lambda; i++)
        have[i] = 1;
    double now = 1;
    uint64_t t = lambda - 1;
    while (now < nodes) {
        t++;
        now += have[t % lambda];
        have[t % lambda] = now;
    }
    return t;
}

double fr_predict_postal_bound(const struct fr_job *job, uint32_t receivers) {
    double chunk_time = job->chunk_bytes / job->usual_rate;
    double chunks = job->object_bytes / job->chunk_bytes;
    double lambda = 1 + job->delay / chunk_time; /* rounded down below: it stays a lower bound */
    if (chunks < 1)
        return 0; /* smaller than a chunk: nothing is known of its times here */
    double rest = (chunks - 1) * chunk_time;
    if (lambda < 2)
        return rest + doublings(receivers + 1) * chunk_time + job->delay;
    double once = rest + chunk_time + job->delay; /* the last chunk must get to one node */
    double all = rest +
        (double) postal_time(lambda < POSTAL_LAMBDA_MAX ? (uint32_t) lambda : POSTAL_LAMBDA_MAX, receivers + 1) * chunk_time;
    return all > once ? all : once;
}
