/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/levels.h"

#include <math.h>

#include "base/check.h"
#include "base/memory.h"

enum { STEPS = 1500 }; /* into which the budget is divided */

static const double GROWTH = 1.15;          /* a further description should bring at least so much more ... */
static const double SLOW_PENALTY = 1;       /* ... or it counts as so many dB less */
static const double VALUE_OF_PERCENT = 0.2; /* dB that a percent of the stream must bring */
static const double STILL_PENALTY = 3;      /* the same for one that brings nothing */

double mdc_levels_cost(unsigned count, unsigned level_count, const uint64_t *levels) {
    double cost = 0;

    for (unsigned m = 1; m <= level_count; m++)
        cost += (double) count / m * (double) (levels[m - 1] - (m > 1 ? levels[m - 2] : 0));
    return cost;
}

/* What R_m costs by itself, with all others held: n/m - n/(m+1) for each byte. */
static double price(const struct mdc_level_task *task, unsigned m) { return (double) task->count / m - (double) task->count / (m + 1); }

/* How much a quality is worth: a dB counts double while the picture is poor, and hardly where nobody would see it. */
static double value(double quality) {
    static const double knees[] = {0, 33, 37, 42, INFINITY}, slopes[] = {2, 1, 0.3, 0};
    double sum = 0;

    for (unsigned i = 0; i < sizeof slopes / sizeof *slopes && quality > knees[i]; i++)
        sum += slopes[i] * ((quality < knees[i + 1] ? quality : knees[i + 1]) - knees[i]);
    return sum;
}

/* A cut's value less its price at a level: what is allowed need not be spent where it brings next to nothing. */
static double gain(const struct mdc_level_task *task, unsigned m, unsigned cut) {
    double percent = 100 * price(task, m) * (double) task->cuts[cut].bytes / (double) task->stream_bytes;

    return value(task->cuts[cut].quality) - VALUE_OF_PERCENT * percent;
}

static double worth(const struct mdc_level_task *task, unsigned m, unsigned before, unsigned now) {
    double worth_now = gain(task, m, now);

    if (now == before)
        return worth_now - STILL_PENALTY;
    if ((double) task->cuts[now].bytes < GROWTH * (double) task->cuts[before].bytes)
        return worth_now - SLOW_PENALTY;
    return worth_now;
}

/* Dynamic programming over (level, cut, steps of the budget spent). */
struct table {
    double *best;  /* [cut][steps]: for the level reached, the most that can be had */
    double *next;  /* the same for the level after it */
    uint8_t *from; /* [level][cut][steps]: the cut of the level before */
};

static void advance(const struct mdc_level_task *task, struct table *table, unsigned m, double step_bytes) {
    unsigned width = STEPS + 1;

    for (unsigned now = 0; now < task->cut_count; now++) {
        unsigned spent = (unsigned) ceil(price(task, m) * (double) task->cuts[now].bytes / step_bytes);
        for (unsigned step = 0; step <= STEPS; step++) {
            double *cell = &table->next[now * width + step];
            *cell = -INFINITY;
            if (step < spent)
                continue;
            for (unsigned before = 0; before <= now; before++) {
                double sum = table->best[before * width + step - spent];
                if (m == 1)
                    sum = before == now && step == spent ? gain(task, m, now) : -INFINITY;
                else
                    sum += worth(task, m, before, now);
                if (sum > *cell) {
                    *cell = sum;
                    table->from[((m - 1) * MDC_CUTS_MAX + now) * width + step] = (uint8_t) before;
                }
            }
        }
    }
    double *old = table->best;
    table->best = table->next;
    table->next = old;
}

static bool trace_back(const struct mdc_level_task *task, const struct table *table, double step_bytes, uint64_t *ret_levels) {
    unsigned width = STEPS + 1, cut = 0, step = 0;
    double most = -INFINITY;

    for (unsigned i = 0; i < task->cut_count * width; i++)
        if (table->best[i] > most) {
            most = table->best[i];
            cut = i / width;
            step = i % width;
        }
    if (!isfinite(most))
        return false;
    for (unsigned m = task->level_count - 1; m >= 1; m--) {
        ret_levels[m - 1] = task->cuts[cut].bytes;
        unsigned spent = (unsigned) ceil(price(task, m) * (double) task->cuts[cut].bytes / step_bytes);
        cut = table->from[((m - 1) * MDC_CUTS_MAX + cut) * width + step];
        step -= spent;
    }
    return true;
}

bool mdc_levels_choose(const struct mdc_level_task *task, uint64_t *ret_levels, double *ret_least_bytes) {
    size_t cells = (size_t) MDC_CUTS_MAX * (STEPS + 1);
    double whole = (double) task->count / task->level_count * (double) task->stream_bytes; /* the price of the last level */
    double step_bytes = (task->budget_bytes - whole) / STEPS;
    struct table table = {0};
    bool is_found = false;

    fr_assert(task->cut_count >= 1 && task->cut_count <= MDC_CUTS_MAX && task->level_count >= 1 && task->level_count <= MDC_COUNT_MAX);
    ret_levels[task->level_count - 1] = task->stream_bytes;
    *ret_least_bytes = whole;
    for (unsigned m = 1; m < task->level_count; m++)
        *ret_least_bytes += (price(task, m) + 1.0 / STEPS) * (double) task->cuts[0].bytes;
    if (task->level_count == 1)
        return task->budget_bytes >= whole;
    if (step_bytes <= 0)
        return false;
    table.best = fr_alloc_zeroed(cells, sizeof *table.best);
    table.next = fr_alloc_zeroed(cells, sizeof *table.next);
    table.from = fr_alloc_zeroed(cells * MDC_COUNT_MAX, sizeof *table.from);
    if (table.best != NULL && table.next != NULL && table.from != NULL) {
        for (unsigned m = 1; m < task->level_count; m++)
            advance(task, &table, m, step_bytes);
        is_found = trace_back(task, &table, step_bytes, ret_levels);
    }
    fr_free(table.best);
    fr_free(table.next);
    fr_free(table.from);
    return is_found;
}
