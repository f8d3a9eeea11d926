/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of groups, drawn. */
#include "support/test.h"

#include <stdio.h>

#include <fastreplica/fastreplica.h>

#include "drawing.h"

/* upstream [count]: for each group. */
static struct fr_plan make_plan(struct fr_plan_group *groups, const uint32_t *upstream, uint32_t count) {
    for (uint32_t g = 0; g < count; g++)
        groups[g] = (struct fr_plan_group){
            .member_count = 8, .upstream = upstream[g], .zone = "", .subtree_count = 1, .finish_seconds = -1};
    for (uint32_t g = count; g-- > 0;)
        if (upstream[g] != FR_GROUP_ORIGIN)
            groups[upstream[g]].subtree_count += groups[g].subtree_count;
    return (struct fr_plan){.group_count = count, .groups = groups};
}

static void assert_drawn(const struct fr_plan *plan, unsigned lines_max, bool has_utf8, const char *expected) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_int_equal(cli_drawing_write(plan, lines_max, has_utf8, stream), 0);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void a_chain_stays_at_the_left(void **state) {
    (void) state;
    struct fr_plan_group groups[3];
    struct fr_plan plan = make_plan(groups, (uint32_t[]){FR_GROUP_ORIGIN, 0, 1}, 3);
    groups[0].zone = "ams";
    groups[1].finish_seconds = 2.5;
    groups[2].member_count = 1;
    groups[2].is_secondary = true;
    assert_drawn(&plan, 10, false,
                 "origin\n"
                 "v group 0, ams: 8 nodes\n"
                 "v group 1: 8 nodes, done at 2.50 s\n"
                 ": group 2: 1 node, once group 1 has it all\n");
}

static const uint32_t bushy[] = {FR_GROUP_ORIGIN, 0, 1, 2, 1, 0, 5, FR_GROUP_ORIGIN};

static void branches_are_indented(void **state) {
    (void) state;
    struct fr_plan_group groups[8];
    struct fr_plan plan = make_plan(groups, bushy, 8);
    groups[6].is_secondary = groups[4].is_secondary = true;
    assert_drawn(&plan, 8, false,
                 "origin\n"
                 "+- group 0: 8 nodes\n"
                 "|  +- group 1: 8 nodes\n"
                 "|  |  +- group 2: 8 nodes\n"
                 "|  |  |  v group 3: 8 nodes\n"
                 "|  |  `. group 4: 8 nodes, once group 1 has it all\n"
                 "|  `- group 5: 8 nodes\n"
                 "|     : group 6: 8 nodes, once group 5 has it all\n"
                 "`- group 7: 8 nodes\n");
    assert_drawn(&plan, 8, true,
                 "origin\n"
                 "├─ group 0: 8 nodes\n"
                 "│  ├─ group 1: 8 nodes\n"
                 "│  │  ├─ group 2: 8 nodes\n"
                 "│  │  │  ↓ group 3: 8 nodes\n"
                 "│  │  └┄ group 4: 8 nodes, once group 1 has it all\n"
                 "│  └─ group 5: 8 nodes\n"
                 "│     ⇣ group 6: 8 nodes, once group 5 has it all\n"
                 "└─ group 7: 8 nodes\n");
}

static void what_does_not_fit_is_counted(void **state) {
    (void) state;
    struct fr_plan_group groups[8];
    struct fr_plan plan = make_plan(groups, bushy, 8);
    assert_drawn(&plan, 7, false,
                 "origin\n"
                 "+- group 0: 8 nodes\n"
                 "|  +- group 1: 8 nodes\n"
                 "|  |  v ... 3 more groups like these\n"
                 "|  `- ... 2 more groups like these\n"
                 "`- group 7: 8 nodes\n");
    assert_drawn(&plan, 2, false,
                 "origin\n"
                 "+- group 0: 8 nodes\n"
                 "|  v ... 6 more groups like these\n"
                 "`- ... 1 more group like these\n");
}

static void a_zone_cannot_write_to_the_terminal(void **state) {
    (void) state;
    struct fr_plan_group groups[1];
    struct fr_plan plan = make_plan(groups, (uint32_t[]){FR_GROUP_ORIGIN}, 1);
    groups[0].zone = "a\033[2J";
    assert_drawn(&plan, 5, false, "origin\nv group 0, a?[2J: 8 nodes\n");
}

/* However many groups there are, and however they hang. */
static void a_large_plan_stays_short(void **state) {
    (void) state;
    enum { COUNT = 5000 };
    static struct fr_plan_group groups[COUNT];
    static uint32_t upstream[COUNT];
    for (int is_chain = 0; is_chain < 2; is_chain++) {
        for (uint32_t g = 0; g < COUNT; g++)
            upstream[g] = g == 0 ? FR_GROUP_ORIGIN : is_chain ? g - 1 : 0;
        struct fr_plan plan = make_plan(groups, upstream, COUNT);
        char *text;
        size_t bytes, lines = 0;
        FILE *stream = open_memstream(&text, &bytes);
        assert_int_equal(cli_drawing_write(&plan, 20, true, stream), 0);
        fclose(stream);
        for (const char *c = text; *c != '\0'; c++)
            lines += *c == '\n';
        assert_true(lines <= 21);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_stays_at_the_left),    cmocka_unit_test(branches_are_indented),
        cmocka_unit_test(what_does_not_fit_is_counted), cmocka_unit_test(a_zone_cannot_write_to_the_terminal),
        cmocka_unit_test(a_large_plan_stays_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
