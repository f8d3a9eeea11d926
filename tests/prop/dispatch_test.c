/* SPDX-License-Identifier: Apache-2.0 */
/* Handing out chunks against a slow, obvious model: members join, leave and retire, report and hand back, at random. No chunk is lost,
 * none is given twice but as a SHARE or after its owners are gone, and credit is what is owned. */
#include "core/dispatch.h"

#include <fastreplica/error.h>

#include "base/prng.h"
#include "base/time.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 200, STEPS = 1500, CHILDREN_MAX = 9, CHUNKS_MAX = 600 };

static struct fr_prng prng;

struct model {
    struct fr_dispatch dispatch;
    uint32_t child_count;
    bool is_in[CHILDREN_MAX], is_retired[CHILDREN_MAX];
    uint32_t chunk_count;
    uint32_t owners[CHUNKS_MAX]; /* bit c: child c */
    bool is_reached[CHUNKS_MAX];
    bool is_waiting[CHUNKS_MAX];
    bool is_shared[CHUNKS_MAX]; /* given to a second while the first had it */
    bool is_last_known;
    fr_time_ns now;
};

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

static uint32_t count_owned(const struct model *model, uint32_t child) {
    uint32_t count = 0;
    for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++)
        count += model->owners[chunk] >> child & 1;
    return count;
}

static uint32_t count_waiting(const struct model *model) {
    uint32_t count = 0;
    for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++)
        count += model->is_waiting[chunk];
    return count;
}

static uint32_t lowest_waiting(const struct model *model) {
    uint32_t chunk = 0;
    while (chunk < model->chunk_count && !model->is_waiting[chunk])
        chunk++;
    return chunk;
}

static void expect_equal(const struct model *model) {
    const struct fr_dispatch *dispatch = &model->dispatch;
    uint32_t unreached = 0;
    fr_dispatch_assert_valid(dispatch);
    for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++) {
        /* Each chunk is in one place. */
        assert_int_equal(model->is_waiting[chunk] + model->is_reached[chunk] + (model->owners[chunk] != 0), 1);
        assert_int_equal(fr_bitset_has(&dispatch->waiting, chunk), model->is_waiting[chunk]);
        assert_int_equal(fr_bitset_has(&dispatch->reached, chunk), model->is_reached[chunk]);
        unreached += !model->is_reached[chunk];
    }
    assert_int_equal(fr_dispatch_unreached(dispatch), unreached);
    for (uint32_t child = 0; child < model->child_count; child++) {
        if (!model->is_in[child])
            continue;
        assert_int_equal(dispatch->children[child].credit.outstanding, count_owned(model, child));
        assert_int_equal(dispatch->children[child].gifts_count, count_owned(model, child));
        assert_in_range(count_owned(model, child), 0, FR_CREDIT_WINDOW_MAX);
    }
}

/* ---------------------------------------------------------------------------------------------------- steps */

static void add(struct model *model) {
    uint32_t count = 1 + draw(32);
    if (model->is_last_known || model->chunk_count + count > CHUNKS_MAX)
        return;
    assert_int_equal(fr_dispatch_add(&model->dispatch, model->chunk_count, count), 0);
    for (; count > 0; count--)
        model->is_waiting[model->chunk_count++] = true;
}

static void join(struct model *model) {
    uint32_t child = draw(model->child_count);
    if (model->is_in[child])
        return;
    fr_dispatch_join(&model->dispatch, child, model->now);
    model->is_in[child] = true;
    model->is_retired[child] = false;
}

static void lose(struct model *model, uint32_t chunk, uint32_t child) {
    model->owners[chunk] &= ~(1u << child);
    model->is_shared[chunk] = false;
    if (model->owners[chunk] == 0)
        model->is_waiting[chunk] = true;
}

static void leave(struct model *model, uint32_t child) {
    fr_dispatch_leave(&model->dispatch, child); /* who is not in may leave, too */
    for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++)
        if (model->owners[chunk] >> child & 1)
            lose(model, chunk, child);
    model->is_in[child] = false;
}

static void retire(struct model *model) {
    uint32_t child = draw(model->child_count);
    fr_dispatch_retire(&model->dispatch, child);
    model->is_retired[child] = true;
}

static bool pick(struct model *model) {
    uint32_t child = 99;
    fr_chunk_index chunk = 0;
    enum fr_pick pick = fr_dispatch_pick(&model->dispatch, model->now, &child, &chunk);
    if (pick == FR_PICK_NONE)
        return false;
    assert_true(model->is_in[child] && !model->is_retired[child]);
    assert_false(model->is_reached[chunk] || (model->owners[chunk] >> child & 1));
    if (pick == FR_PICK_FRESH) {
        assert_int_equal(chunk, lowest_waiting(model));
        assert_int_equal(model->owners[chunk], 0);
    } else {
        assert_true(model->is_last_known);
        assert_int_equal(lowest_waiting(model), model->chunk_count);
        assert_int_equal(__builtin_popcount(model->owners[chunk]), 1);
        assert_false(model->is_shared[chunk]);
        model->is_shared[chunk] = true;
    }
    model->is_waiting[chunk] = false;
    model->owners[chunk] |= 1u << child;
    return true;
}

static void report(struct model *model, uint32_t child, uint32_t chunk) {
    bool is_owner = chunk < model->chunk_count && (model->owners[chunk] >> child & 1);
    assert_int_equal(fr_dispatch_reached(&model->dispatch, child, chunk, model->now), is_owner);
    if (is_owner) {
        model->owners[chunk] = 0;
        model->is_reached[chunk] = true;
    }
}

static void hand_back(struct model *model, uint32_t child, uint32_t chunk) {
    bool is_owner = chunk < model->chunk_count && (model->owners[chunk] >> child & 1);
    assert_int_equal(fr_dispatch_take_back(&model->dispatch, child, chunk), is_owner);
    if (is_owner)
        lose(model, chunk, child);
}

/* A chunk that this child owns, or any number, a little beyond the end included. */
static uint32_t draw_chunk(const struct model *model, uint32_t child) {
    uint32_t owned = count_owned(model, child), nth;
    if (owned == 0 || draw(10) == 0)
        return draw(model->chunk_count + 3);
    nth = draw(owned);
    for (uint32_t chunk = 0;; chunk++)
        if ((model->owners[chunk] >> child & 1) && nth-- == 0)
            return chunk;
}

static void do_something(struct model *model) {
    uint32_t child = draw(model->child_count);
    model->now += draw(4) == 0 ? draw(200) * FR_MS : draw(2000) * FR_US;
    switch (draw(40)) {
    case 0:
    case 1: add(model); break;
    case 2:
    case 3: join(model); break;
    case 4: leave(model, child); break;
    case 5:
        if (draw(5) == 0)
            retire(model);
        break;
    case 6: hand_back(model, child, draw_chunk(model, child)); break;
    case 7:
        if (draw(10) == 0)
            model->is_last_known = model->dispatch.is_last_known = true;
        break;
    default:
        if (draw(2))
            pick(model);
        else
            report(model, child, draw_chunk(model, child));
    }
}

/* What was begun can be ended: with one member that reports all it is given, everything reaches the group. What others own and never report
 * is shared with it, but for what two of them own: that waits for one to be given up. */
static void finish(struct model *model) {
    uint32_t child = draw(model->child_count);
    if (model->is_retired[child])
        leave(model, child);
    if (!model->is_in[child])
        fr_dispatch_join(&model->dispatch, child, model->now);
    model->is_in[child] = true;
    model->is_retired[child] = false;
    model->is_last_known = model->dispatch.is_last_known = true;
    for (int turn = 0; turn < 4000 && fr_dispatch_unreached(&model->dispatch) > 0; turn++) {
        model->now += 50 * FR_MS;
        while (pick(model))
            ;
        for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++)
            if (model->owners[chunk] >> child & 1)
                report(model, child, chunk);
    }
    expect_equal(model);
    for (uint32_t chunk = 0; chunk < model->chunk_count; chunk++)
        assert_true(model->is_reached[chunk] || __builtin_popcount(model->owners[chunk]) == 2);
}

static void nothing_is_lost_and_nothing_is_given_twice(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        struct model model = {.child_count = 1 + draw(CHILDREN_MAX), .now = FR_SECOND};
        assert_int_equal(fr_dispatch_init(&model.dispatch, model.child_count), 0);
        for (uint32_t step = draw(STEPS); step > 0; step--) {
            do_something(&model);
            if (step % 16 == 0)
                expect_equal(&model);
        }
        expect_equal(&model);
        finish(&model);
        fr_dispatch_done(&model.dispatch);
    }
}

/* Of members that differ in pace only, each gets chunks in the ratio of their paces, nearly; and the end does not wait for the slow. */
static void shares_follow_the_pace(void **state) {
    (void) state;
    for (int round = 0; round < 30; round++) {
        struct model model = {.child_count = 2 + draw(5), .now = FR_SECOND, .is_last_known = false};
        fr_time_ns pace[CHILDREN_MAX] = {0}, free_at[CHILDREN_MAX] = {0}, ready_at[CHUNKS_MAX] = {0};
        double rate_all = 0;
        uint32_t given[CHILDREN_MAX] = {0};
        assert_int_equal(fr_dispatch_init(&model.dispatch, model.child_count), 0);
        for (uint32_t child = 0; child < model.child_count; child++) {
            pace[child] = child == 0 ? 10 * FR_MS : (10 + draw(90)) * FR_MS;
            rate_all += 1.0 / (double) pace[child];
            fr_dispatch_join(&model.dispatch, child, model.now);
            model.is_in[child] = true;
        }
        while (model.chunk_count + 32 <= CHUNKS_MAX)
            add(&model);
        for (; fr_dispatch_unreached(&model.dispatch) > 0; model.now += FR_MS) {
            uint32_t child;
            fr_chunk_index chunk;
            if (count_waiting(&model) < CHUNKS_MAX / 2)
                model.is_last_known = model.dispatch.is_last_known = true;
            while (fr_dispatch_pick(&model.dispatch, model.now, &child, &chunk) != FR_PICK_NONE) {
                model.is_waiting[chunk] = false;
                model.owners[chunk] |= 1u << child;
                free_at[child] = fr_time_max(free_at[child], model.now) + pace[child];
                ready_at[chunk] = free_at[child];
                given[child]++;
            }
            for (chunk = 0; chunk < model.chunk_count; chunk++)
                for (child = 0; child < model.child_count; child++)
                    if ((model.owners[chunk] >> child & 1) && ready_at[chunk] <= model.now) {
                        fr_dispatch_reached(&model.dispatch, child, chunk, model.now);
                        model.owners[chunk] = 0;
                    }
        }
        {
            double ideal = model.chunk_count / rate_all, took = (double) (model.now - FR_SECOND);
            if (took > 1.1 * ideal + 100e6)
                fail_msg("took %.0f ms, ideal is %.0f ms", took / 1e6, ideal / 1e6);
        }
        for (uint32_t child = 0; child < model.child_count; child++) {
            double share = model.chunk_count / (double) pace[child] / rate_all;
            if (given[child] > 1.25 * share + 8 || given[child] < 0.75 * share - 8)
                fail_msg("child %u of pace %.0f ms: given %u, its share is %.0f", child, (double) pace[child] / 1e6, given[child], share);
        }
        fr_dispatch_done(&model.dispatch);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nothing_is_given_twice),
        cmocka_unit_test(shares_follow_the_pace),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
