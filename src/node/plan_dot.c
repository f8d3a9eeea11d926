/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in the language of Graphviz: `fastreplica plan ... --dot | dot -Tsvg`. */
#include <fastreplica/plan.h>

#include <stdio.h>
#include <stdlib.h>

/* Inside double quotes a backslash and a quote are escaped; everything else stands for itself. */
static void write_text(FILE *stream, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', stream);
        fputc(*text, stream);
    }
}

static void write_group(FILE *stream, const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t g) {
    const struct fr_plan_group *group = &plan->groups[g];
    fprintf(stream, "    g%u [label=\"group %u", g, g);
    if (group->zone[0] != '\0') {
        fputs(", ", stream);
        write_text(stream, group->zone);
    }
    fputs("\\n", stream);
    write_text(stream, nodes->specs[plan->members[group->first_member]].address);
    if (group->member_count > 1)
        fprintf(stream, " and %u more", group->member_count - 1);
    if (group->finish_seconds >= 0)
        fprintf(stream, "\\n%.3f s", group->finish_seconds);
    fputs("\"];\n    ", stream);
    if (group->upstream == FR_GROUP_ORIGIN)
        fputs("origin", stream);
    else
        fprintf(stream, "g%u", group->upstream);
    fprintf(stream, " -> g%u [label=\"%s\"%s];\n", g, group->is_secondary ? "secondary" : "primary",
            group->is_secondary ? ", style=dashed" : "");
}

char *fr_plan_dot(const struct fr_plan *plan, const struct fr_nodes *nodes) {
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    fputs("digraph plan {\n    node [shape=box];\n    origin;\n", stream);
    for (uint32_t g = 0; g < plan->group_count; g++)
        write_group(stream, plan, nodes, g);
    fputs("}\n", stream);
    int failed = ferror(stream);
    failed |= fclose(stream) != 0;
    if (!failed)
        return text;
    free(text);
    return NULL;
}
