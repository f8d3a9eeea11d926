/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/levels.h"

#include "support/test.h"

/* A stream of which every doubling brings 6 dB more. */
static struct mdc_cut cuts[40];

static struct mdc_level_task task_of(unsigned count, unsigned level_count, double redundancy) {
    for (unsigned i = 0; i < FR_COUNT_OF(cuts); i++)
        cuts[i] = (struct mdc_cut){.bytes = 20000 * (i + 1), .quality = 24 + 0.6 * i};
    return (struct mdc_level_task){.count = count,
                                   .level_count = level_count,
                                   .stream_bytes = 1000000,
                                   .budget_bytes = 1000000 * (1 + redundancy),
                                   .cuts = cuts,
                                   .cut_count = FR_COUNT_OF(cuts)};
}

static void levels_rise_and_stay_in_the_budget(void **state) {
    static const double budgets[] = {0.1, 0.25, 0.5, 1, 3};

    (void) state;
    for (unsigned count = 2; count <= 8; count++)
        for (unsigned b = 0; b < FR_COUNT_OF(budgets); b++) {
            struct mdc_level_task task = task_of(count, count, budgets[b]);
            uint64_t levels[MDC_COUNT_MAX];
            double least;
            if (!mdc_levels_choose(&task, levels, &least)) {
                assert_true(least > task.budget_bytes * 0.99);
                continue;
            }
            assert_true(mdc_levels_cost(count, count, levels) <= task.budget_bytes);
            assert_int_equal(levels[count - 1], task.stream_bytes);
            for (unsigned m = 1; m < count; m++)
                assert_true(levels[m] >= levels[m - 1]);
        }
}

static void more_budget_brings_more(void **state) {
    struct mdc_level_task poor = task_of(4, 4, 0.25), rich = task_of(4, 4, 0.5);
    uint64_t few[MDC_COUNT_MAX], many[MDC_COUNT_MAX];
    double least;

    (void) state;
    assert_true(mdc_levels_choose(&poor, few, &least));
    assert_true(mdc_levels_choose(&rich, many, &least));
    assert_true(many[0] + many[1] + many[2] > few[0] + few[1] + few[2]);
}

static void the_least_budget_works(void **state) {
    struct mdc_level_task task = task_of(8, 8, 0.01);
    uint64_t levels[MDC_COUNT_MAX];
    double least;

    (void) state;
    assert_false(mdc_levels_choose(&task, levels, &least));
    task.budget_bytes = least * 1.001;
    assert_true(mdc_levels_choose(&task, levels, &least));
}

static void descriptions_to_spare_cost_their_share(void **state) {
    struct mdc_level_task task = task_of(4, 3, 0.2);
    uint64_t levels[MDC_COUNT_MAX];
    double least;

    (void) state;
    assert_false(mdc_levels_choose(&task, levels, &least)); /* 4/3 of everything is a third more */
    task = task_of(4, 3, 0.5);
    assert_true(mdc_levels_choose(&task, levels, &least));
    assert_int_equal(levels[2], task.stream_bytes);
    task = task_of(2, 1, 1);
    assert_true(mdc_levels_choose(&task, levels, &least)); /* plain copies */
    assert_int_equal(levels[0], task.stream_bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_rise_and_stay_in_the_budget),
        cmocka_unit_test(more_budget_brings_more),
        cmocka_unit_test(the_least_budget_works),
        cmocka_unit_test(descriptions_to_spare_cost_their_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
