/* SPDX-License-Identifier: Apache-2.0 */
/* The ring against an array whose items are moved one by one. */
#include "base/ring.h"

#include <fastreplica/error.h>

#include "base/prng.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 400, STEPS = 500, COUNT_MAX = 100 };

static struct fr_prng prng;

struct model {
    uint32_t items[COUNT_MAX + 1];
    uint32_t count, count_max;
};

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

static void insert(struct model *model, uint32_t at, uint32_t item) {
    for (uint32_t i = model->count; i > at; i--)
        model->items[i] = model->items[i - 1];
    model->items[at] = item;
    model->count++;
}

static void take(struct model *model, uint32_t at) {
    model->count--;
    for (uint32_t i = at; i < model->count; i++)
        model->items[i] = model->items[i + 1];
}

static void push(struct fr_ring *ring, struct model *model, bool is_at_front) {
    uint32_t item = draw(50); /* few, so that equals occur */
    int expected = model->count == model->count_max ? FR_E_LIMIT : 0;

    assert_int_equal(is_at_front ? fr_ring_push_front(ring, item) : fr_ring_push(ring, item), expected);
    if (!expected)
        insert(model, is_at_front ? 0 : model->count, item);
}

static void pop(struct fr_ring *ring, struct model *model) {
    uint32_t item = 12345, peeked = 12345;

    assert_int_equal(fr_ring_peek(ring, &peeked), model->count > 0);
    assert_int_equal(fr_ring_pop(ring, &item), model->count > 0);
    assert_int_equal(item, peeked);
    assert_int_equal(item, model->count > 0 ? model->items[0] : 12345);
    if (model->count > 0)
        take(model, 0);
}

static void remove_one(struct fr_ring *ring, struct model *model) {
    uint32_t item = draw(50), at = 0;

    while (at < model->count && model->items[at] != item)
        at++;
    assert_int_equal(fr_ring_remove(ring, item), at < model->count);
    if (at < model->count)
        take(model, at);
}

static void do_something(struct fr_ring *ring, struct model *model, uint32_t push_percent) {
    uint32_t chance = draw(100);

    if (chance < push_percent)
        push(ring, model, draw(4) == 0);
    else if (chance < 90)
        pop(ring, model);
    else if (chance < 99)
        remove_one(ring, model);
    else {
        fr_ring_clear(ring);
        model->count = 0;
    }
    assert_int_equal(ring->count, model->count);
}

static void it_behaves_like_an_array(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        struct model model = {.count_max = 1 + draw(COUNT_MAX)};
        uint32_t push_percent = 20 + draw(65);
        struct fr_ring ring;
        fr_ring_init(&ring, model.count_max);
        for (uint32_t step = draw(STEPS); step > 0; step--)
            do_something(&ring, &model, push_percent);
        while (model.count > 0)
            pop(&ring, &model);
        pop(&ring, &model);
        fr_ring_done(&ring);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_behaves_like_an_array),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
