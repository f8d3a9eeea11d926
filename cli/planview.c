/* SPDX-License-Identifier: Apache-2.0 */
/* Showing a plan: see planview.h. */
#include "planview.h"

#include <stdio.h>
#include <stdlib.h>

#include "drawing.h"
#include "figures.h"
#include "planning.h"
#include "say.h"
#include "table.h"
#include "terminal.h"

enum { ROWS_MAX = 12, DRAWING_LINES_MAX = 20 };

static const struct cli_column columns[] = {
    {.title = "GROUP", .is_number = true},
    {.title = "NODES", .is_number = true},
    {.title = "ZONE", .is_optional = true},
    {.title = "FED BY", .is_number = true},
    {.title = "STARTS"},
    {.title = "RELIEVES", .is_number = true, .is_optional = true},
    {.title = "DONE", .is_number = true, .is_optional = true},
    {.title = "MEMBERS"},
};

static void add_group(struct cli_table *table, const struct fr_plan *plan, const struct fr_nodes *nodes, uint32_t g) {
    const struct fr_plan_group *group = &plan->groups[g];
    char figure[CLI_FIGURE_BYTES];
    cli_table_add(table, "%u", g);
    cli_table_add(table, "%u", group->member_count);
    cli_table_add(table, "%s", group->zone);
    if (group->upstream == FR_GROUP_ORIGIN)
        cli_table_add(table, "origin");
    else
        cli_table_add(table, "%u", group->upstream);
    cli_table_add(table, "%s", group->is_secondary ? "when that has it all" : "at once");
    if (group->adopts == FR_GROUP_ORIGIN)
        cli_table_add(table, "%s", "");
    else
        cli_table_add(table, "%u", group->adopts);
    cli_table_add(table, "%s", cli_figure_seconds(group->finish_seconds, figure));
    cli_table_add(table, "%s%s", nodes->specs[plan->members[group->first_member]].address, group->member_count > 1 ? " ..." : "");
}

static int write_table(const struct fr_plan *plan, const struct fr_nodes *nodes) {
    struct cli_table table;
    uint32_t rows = plan->group_count <= ROWS_MAX + 1 ? plan->group_count : ROWS_MAX;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    for (uint32_t g = 0; g < rows; g++)
        add_group(&table, plan, nodes, g);
    int result = cli_table_write(&table, stdout);
    if (rows < plan->group_count)
        printf("... %u more groups; --json has all, and every member\n", plan->group_count - rows);
    cli_table_done(&table);
    return result;
}

static int write_for_people(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options) {
    cli_plan_summary(plan, nodes, options, stdout);
    printf("\n");
    int result = write_table(plan, nodes);
    if (plan->group_count > 1) {
        printf("\n");
        result |= cli_drawing_write(plan, DRAWING_LINES_MAX, cli_terminal_has_utf8(), stdout);
    }
    return result;
}

/* Returns 0, or -1 without memory. */
static int write_text(char *text) {
    if (!text)
        return -1;
    fputs(text, stdout);
    free(text);
    return 0;
}

enum cli_exit cli_plan_show(const struct fr_plan *plan, const struct fr_nodes *nodes, const struct fr_plan_options *options,
                            enum cli_plan_form form) {
    int result = 0;
    switch (form) {
    case CLI_PLAN_PEOPLE: result = write_for_people(plan, nodes, options); break;
    case CLI_PLAN_JSON: result = write_text(fr_plan_json(plan, nodes)); break;
    case CLI_PLAN_DOT: result = write_text(fr_plan_dot(plan, nodes)); break;
    }
    if (result != 0)
        cli_say("no memory to show the plan");
    return cli_finish_output(result == 0 ? CLI_EXIT_ALL : CLI_EXIT_LOCAL);
}
