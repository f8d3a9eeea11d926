/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing a tree: level by level it is decided which groups are seen, then they are drawn in preorder. A group that is the only one below
 * another stands right under it, behind an arrow, so a chain does not run off the screen; several are indented behind branches. */
#include "drawing.h"

#include <stdlib.h>

#include "figures.h"
#include "text.h"

/* What the lines are made of. Each is three columns wide, but for arrow and last_arrow, which are two. */
struct strokes {
    const char *arrow, *branch, *last; /* before a group */
    const char *secondary_arrow, *secondary_branch, *secondary_last;
    const char *past; /* beside what hangs below a branch */
};

static const struct strokes utf8_strokes = {
    .arrow = "\u2193 ",
    .branch = "\u251c\u2500 ",
    .last = "\u2514\u2500 ",
    .secondary_arrow = "\u21e3 ",
    .secondary_branch = "\u251c\u2504 ",
    .secondary_last = "\u2514\u2504 ",
    .past = "\u2502  ",
};
static const struct strokes ascii_strokes = {
    .arrow = "v ",
    .branch = "+- ",
    .last = "`- ",
    .secondary_arrow = ": ",
    .secondary_branch = "+. ",
    .secondary_last = "`. ",
    .past = "|  ",
};

struct drawing {
    const struct fr_plan *plan;
    const struct strokes *strokes;
    FILE *stream;
    bool *is_seen;          /* [group_count] */
    struct cli_text beside; /* what stands at the left of the next line */
};

/* Where the children of a group begin and end, among all groups; those of the origin are all at level 0. */
static uint32_t first_child(uint32_t group) { return group == FR_GROUP_ORIGIN ? 0 : group + 1; }

static uint32_t end_of_children(const struct fr_plan *plan, uint32_t group) {
    return group == FR_GROUP_ORIGIN ? plan->group_count : group + plan->groups[group].subtree_count;
}

/* Sees the first `seen_max` groups level by level. queue: [group_count]. */
static void choose_seen(const struct fr_plan *plan, uint32_t seen_max, uint32_t *queue, bool *is_seen) {
    uint32_t end = 0, parent = FR_GROUP_ORIGIN;
    for (uint32_t next = 0;; parent = queue[next++]) {
        for (uint32_t child = first_child(parent); child < end_of_children(plan, parent); child += plan->groups[child].subtree_count) {
            if (end == seen_max)
                return;
            is_seen[child] = true;
            queue[end++] = child;
        }
        if (next == end)
            return;
    }
}

static void write_group(const struct drawing *drawing, uint32_t g) {
    const struct fr_plan_group *group = &drawing->plan->groups[g];
    char figure[CLI_FIGURE_BYTES], zone[80];
    snprintf(zone, sizeof zone, "%s", group->zone);
    cli_text_clean(zone);
    fprintf(drawing->stream, "group %u%s%s: %u node%s", g, zone[0] ? ", " : "", zone, group->member_count,
            group->member_count == 1 ? "" : "s");
    if (group->is_secondary)
        fprintf(drawing->stream, ", once group %u has it all", group->upstream);
    if (group->finish_seconds >= 0)
        fprintf(drawing->stream, ", done at %s", cli_figure_seconds(group->finish_seconds, figure));
    fprintf(drawing->stream, "\n");
}

static const char *stroke_for(const struct strokes *strokes, bool is_secondary, bool is_only, bool is_last) {
    if (is_only)
        return is_secondary ? strokes->secondary_arrow : strokes->arrow;
    if (is_last)
        return is_secondary ? strokes->secondary_last : strokes->last;
    return is_secondary ? strokes->secondary_branch : strokes->branch;
}

static void write_beside(const struct drawing *drawing, const char *stroke) {
    fprintf(drawing->stream, "%s%s", drawing->beside.bytes ? drawing->beside.bytes : "", stroke);
}

static void cut_beside(struct drawing *drawing, size_t bytes) {
    drawing->beside.count = bytes;
    if (drawing->beside.bytes)
        drawing->beside.bytes[bytes] = '\0';
}

/* Everything below a group that is seen. As deep as groups are seen, so not very. */
static void draw_children(struct drawing *drawing, uint32_t parent) {
    const struct fr_plan *plan = drawing->plan;
    uint32_t lines = 0, hidden = 0, end = end_of_children(plan, parent), drawn = 0;
    for (uint32_t child = first_child(parent); child < end; child += plan->groups[child].subtree_count) {
        lines += drawing->is_seen[child];
        hidden += drawing->is_seen[child] ? 0 : plan->groups[child].subtree_count;
    }
    lines += hidden > 0;
    for (uint32_t child = first_child(parent); child < end; child += plan->groups[child].subtree_count) {
        if (!drawing->is_seen[child])
            continue;
        bool is_last = ++drawn == lines;
        size_t before = drawing->beside.count;
        write_beside(drawing, stroke_for(drawing->strokes, plan->groups[child].is_secondary, lines == 1, is_last));
        write_group(drawing, child);
        if (lines > 1)
            cli_text_add(&drawing->beside, "%s", is_last ? "   " : drawing->strokes->past);
        draw_children(drawing, child);
        cut_beside(drawing, before);
    }
    if (hidden > 0) {
        write_beside(drawing, stroke_for(drawing->strokes, false, lines == 1, true));
        fprintf(drawing->stream, "... %u more group%s like these\n", hidden, hidden == 1 ? "" : "s");
    }
}

int cli_drawing_write(const struct fr_plan *plan, unsigned lines_max, bool has_utf8, FILE *stream) {
    struct drawing drawing = {.plan = plan, .strokes = has_utf8 ? &utf8_strokes : &ascii_strokes, .stream = stream};
    uint32_t *queue = calloc(plan->group_count, sizeof *queue);
    drawing.is_seen = calloc(plan->group_count, sizeof *drawing.is_seen);
    int result = queue && drawing.is_seen ? 0 : -1;
    if (result == 0) {
        /* Each group that is seen may need a line for what is not seen below it. */
        choose_seen(plan, plan->group_count <= lines_max ? plan->group_count : lines_max / 2, queue, drawing.is_seen);
        fprintf(stream, "origin\n");
        draw_children(&drawing, FR_GROUP_ORIGIN);
        result = drawing.beside.has_failed ? -1 : 0;
    }
    free(queue);
    free(drawing.is_seen);
    cli_text_done(&drawing.beside);
    return result;
}
