/* SPDX-License-Identifier: Apache-2.0 */
/* The heap against a list that is searched from end to end. */
#include "base/heap.h"

#include "base/prng.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 200, STEPS = 600 };

static struct fr_prng prng;

/* Payloads are pointers into `names`, so each item can be told from all others. */
struct model {
    uint64_t keys[STEPS];
    char *payloads[STEPS];
    uint32_t count;
};

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

/* The first of the least keys: the list is in the order of arrival. */
static uint32_t find_least(const struct model *model) {
    uint32_t least = 0;

    for (uint32_t i = 1; i < model->count; i++)
        if (model->keys[i] < model->keys[least])
            least = i;
    return least;
}

static void expect_pop(struct fr_heap *heap, struct model *model) {
    uint64_t key = 0, peeked = 0;
    void *payload = NULL;
    uint32_t least;

    assert_int_equal(fr_heap_peek(heap, &peeked), model->count > 0);
    assert_int_equal(fr_heap_pop(heap, &key, &payload), model->count > 0);
    if (model->count == 0)
        return;
    least = find_least(model);
    assert_true(key == model->keys[least] && peeked == key);
    assert_ptr_equal(payload, model->payloads[least]);
    model->count--;
    for (uint32_t i = least; i < model->count; i++) {
        model->keys[i] = model->keys[i + 1];
        model->payloads[i] = model->payloads[i + 1];
    }
}

static uint64_t draw_key(uint32_t kind) {
    switch (kind) {
    case 0: return 7;
    case 1: return draw(4);
    case 2: return draw(1000);
    default: return fr_prng_next(&prng);
    }
}

static void it_behaves_like_a_searched_list(void **state) {
    static char names[STEPS];

    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t kind = draw(4), pop_percent = draw(60);
        struct model model = {.count = 0};
        struct fr_heap heap;
        fr_heap_init(&heap);
        for (uint32_t step = 0; step < STEPS; step++) {
            if (draw(100) < pop_percent) {
                expect_pop(&heap, &model);
                continue;
            }
            model.keys[model.count] = draw_key(kind);
            model.payloads[model.count] = &names[step];
            assert_int_equal(fr_heap_push(&heap, model.keys[model.count], &names[step]), 0);
            model.count++;
            assert_int_equal(heap.count, model.count);
        }
        while (model.count > 0)
            expect_pop(&heap, &model);
        expect_pop(&heap, &model);
        fr_heap_done(&heap);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_behaves_like_a_searched_list),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
