/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as JSON. docs/plan.md describes every field that is written here. */
#include <fastreplica/plan.h>

#include <jansson.h>

#include "node/json.h"

static const char *shape_name(enum fr_shape shape) {
    switch (shape) {
    case FR_SHAPE_AUTO: return "auto";
    case FR_SHAPE_CHAIN: return "chain";
    case FR_SHAPE_TREE: return "tree";
    }
    return "unknown";
}

/* An array of `count` values, or NULL; make(plan, nodes, first + i) gives each. */
static json_t *make_array(const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t first, uint32_t count,
                          json_t *(*make)(const struct fr_plan *, const struct fr_nodes *, uint32_t)) {
    json_t *array = json_array();
    for (uint32_t i = first; array && i < first + count; i++) {
        if (json_array_append_new(array, make(plan, nodes, i)) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *make_member(const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t i) {
    return json_string(nodes->specs[plan->members[i]].address);
}

static json_t *make_group(const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t g) {
    const struct fr_plan_group *group = &plan->groups[g];
    bool is_root = group->upstream == FR_GROUP_ORIGIN;
    return json_pack("{s:I, s:o, s:s, s:I, s:I, s:s, s:o, s:I, s:o, s:o}", "group", (json_int_t) g, "upstream",
                     is_root ? json_null() : json_integer(group->upstream), "edge", group->is_secondary ? "secondary" : "primary", "level",
                     (json_int_t) group->level, "subtree_groups", (json_int_t) group->subtree_count, "zone", group->zone, "adopts",
                     group->adopts == FR_GROUP_ORIGIN ? json_null() : json_integer(group->adopts), "shift", (json_int_t) group->shift,
                     "predicted_seconds", fr_json_seconds(group->finish_seconds), "members",
                     make_array(plan, nodes, group->first_member, group->member_count, make_member));
}

static json_t *make_plan(const struct fr_plan *plan, const struct fr_nodes *nodes) {
    bool is_pipe = plan->object_bytes == FR_BYTES_UNKNOWN;
    return json_pack("{s:{s:o, s:I}, s:I, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "object", "bytes",
                     is_pipe ? json_null() : fr_json_count(plan->object_bytes), "chunk_bytes", (json_int_t) plan->chunk_bytes, "nodes",
                     (json_int_t) plan->member_count, "shape", shape_name(plan->shape), "fanout", (json_int_t) plan->fanout, "levels",
                     (json_int_t) plan->level_count, "root_groups", (json_int_t) plan->root_group_count, "connections_max",
                     (json_int_t) plan->connections_max, "predicted_seconds", fr_json_seconds(plan->predicted_seconds), "bound_seconds",
                     fr_json_seconds(plan->bound_seconds), "groups", make_array(plan, nodes, 0, plan->group_count, make_group));
}

char *fr_plan_json(const struct fr_plan *plan, const struct fr_nodes *nodes) { return fr_json_write(make_plan(plan, nodes)); }
