/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a plan, and its summary. */
#include "planning.h"

#include <stdlib.h>
#include <string.h>

#include "figures.h"

void cli_planning_describe(struct cli_planning *p, struct cli_option *options) {
    const struct cli_option all[CLI_PLANNING_OPTIONS] = {
        {"delay", 0, CLI_DURATION, false, "TIME", &p->delay, "one-way latency between nodes (0.5ms)", 0, 0},
        {"group-size", 0, CLI_NUMBER, false, "K", &p->group_size, "nodes in a group at most, 1 to 64; chosen if left out", 1,
         FR_GROUP_MEMBERS_MAX},
        {"shape", 0, CLI_TEXT, false, "SHAPE", &p->shape, "auto, chain or tree (auto)", 0, 0},
        {"fanout", 0, CLI_NUMBER, false, "M", &p->fanout, "groups that a group feeds, 1 to 8; chosen if left out", 1, FR_FANOUT_MAX},
        {0},
    };
    memcpy(options, all, sizeof all);
}

int cli_planning_fill(const struct cli_planning *planning, const char *command, struct fr_plan_options *options) {
    static const struct {
        const char *name;
        enum fr_shape shape;
    } shapes[] = {{"auto", FR_SHAPE_AUTO}, {"chain", FR_SHAPE_CHAIN}, {"tree", FR_SHAPE_TREE}};
    const char *asked = planning->shape ? planning->shape : "auto";
    options->group_size = planning->group_size;
    options->fanout = planning->fanout;
    options->delay = planning->delay;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(asked, shapes[i].name) != 0)
            continue;
        options->shape = shapes[i].shape;
        return 0;
    }
    return cli_args_complain(command, "--shape '%s' is not auto, chain or tree", asked);
}

/* The summary */

static int compare_texts(const void *left, const void *right) { return strcmp(*(const char *const *) left, *(const char *const *) right); }

/* Different zones that were told; 0 also without memory, as if nobody had told any. */
static uint32_t count_zones(const struct fr_nodes *nodes) {
    const char **zones = calloc(nodes->count, sizeof *zones);
    uint32_t told = 0, count = 0;
    for (uint32_t i = 0; zones && i < nodes->count; i++)
        if (nodes->specs[i].zone && nodes->specs[i].zone[0] != '\0')
            zones[told++] = nodes->specs[i].zone;
    if (told > 0)
        qsort(zones, told, sizeof *zones, compare_texts);
    for (uint32_t i = 0; i < told; i++)
        count += i == 0 || strcmp(zones[i - 1], zones[i]) != 0;
    free(zones);
    return count;
}

static const char *ending(uint32_t count) { return count == 1 ? "" : "s"; }

static void write_job(const struct fr_plan *plan, const struct fr_nodes *nodes, FILE *stream) {
    char figure[CLI_FIGURE_BYTES];
    uint32_t zones = count_zones(nodes);
    fprintf(stream, "%u node%s", plan->member_count, ending(plan->member_count));
    if (zones > 0)
        fprintf(stream, " in %u zone%s", zones, ending(zones));
    if (plan->object_bytes == FR_BYTES_UNKNOWN)
        fprintf(stream, ", a pipe");
    else
        fprintf(stream, ", %s", cli_figure_bytes(plan->object_bytes, figure));
    fprintf(stream, " in chunks of %u KiB\n", plan->chunk_bytes / 1024);
}

/* What so many hops add, in percent of the time of one copy; of a copy that takes no time nothing can be said. */
static void write_cost(const struct fr_plan *plan, uint32_t hops, const char *what, FILE *stream) {
    double cost = plan->copy_seconds > 0 ? hops * plan->hop_seconds / plan->copy_seconds : 0;
    if (cost > 10) /* a small object */
        fprintf(stream, ": %s %.0f times the time of one copy", what, cost);
    else if (cost > 0)
        fprintf(stream, ": %s %.1f%% to the time of one copy", what, 100 * cost);
}

static void write_shape(const struct fr_plan *plan, const struct fr_plan_options *options, FILE *stream) {
    bool is_told = options->shape != FR_SHAPE_AUTO || options->fanout > 0;
    if (plan->shape == FR_SHAPE_CHAIN)
        fprintf(stream, "a chain");
    else
        fprintf(stream, "a tree");
    fprintf(stream, " of %u level%s", plan->level_count, ending(plan->level_count));
    if (plan->root_group_count > 1)
        fprintf(stream, ", %u groups at the origin", plan->root_group_count);
    if (plan->fanout > 1)
        fprintf(stream, ", up to %u groups below one", plan->fanout);
    if (is_told)
        fprintf(stream, ", as told");
    else if (plan->shape == FR_SHAPE_CHAIN)
        write_cost(plan, plan->level_count - 1, "its hops add", stream);
    else
        write_cost(plan, plan->group_count - 1, "a chain would add", stream);
}

static void write_groups(const struct fr_plan *plan, const struct fr_plan_options *options, FILE *stream) {
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t g = 0; g < plan->group_count; g++) {
        uint32_t size = plan->groups[g].member_count;
        least = size < least ? size : least;
        most = size > most ? size : most;
    }
    fprintf(stream, "%u group%s of ", plan->group_count, ending(plan->group_count));
    if (least < most)
        fprintf(stream, "%u to ", least);
    fprintf(stream, "%u", most);
    if (plan->group_count > 1) {
        fprintf(stream, ", ");
        write_shape(plan, options, stream);
    }
    fprintf(stream, "; at most %u connection%s a node\n", plan->connections_max, ending(plan->connections_max));
}

static void write_waiting(const struct fr_plan *plan, FILE *stream) {
    uint32_t count = 0;
    for (uint32_t g = 0; g < plan->group_count; g++)
        if (plan->groups[g].is_secondary) {
            count += plan->groups[g].subtree_count;
            g += plan->groups[g].subtree_count - 1; /* whatever is below waits, too */
        }
    if (count > 0)
        fprintf(stream, "%u group%s of secondary nodes wait%s until a primary group has it all\n", count, ending(count),
                count == 1 ? "s" : "");
}

static void write_times(const struct fr_plan *plan, FILE *stream) {
    char figure[CLI_FIGURE_BYTES];
    if (plan->predicted_seconds < 0 && plan->object_bytes == FR_BYTES_UNKNOWN) {
        fprintf(stream, "no prediction: the size of a pipe is not known\n");
    } else if (plan->predicted_seconds < 0) {
        fprintf(stream, "no prediction: it needs --up, and up= and down= of every node\n");
    } else {
        fprintf(stream, "predicted %s", cli_figure_seconds(plan->predicted_seconds, figure));
        if (plan->bound_seconds > 0) {
            fprintf(stream, ", %.2f x", plan->predicted_seconds / plan->bound_seconds);
            fprintf(stream, " the least possible %s", cli_figure_seconds(plan->bound_seconds, figure));
        }
        fprintf(stream, "\n");
    }
}

void cli_plan_summary(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options, FILE *stream) {
    write_job(plan, nodes, stream);
    write_groups(plan, options, stream);
    write_waiting(plan, stream);
    write_times(plan, stream);
}
