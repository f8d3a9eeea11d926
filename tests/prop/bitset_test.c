/* SPDX-License-Identifier: Apache-2.0 */
/* The bitset against an array of bools. */
#include "base/bitset.h"

#include "base/prng.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 300, STEPS = 200, BITS_MAX = 700 };

static struct fr_prng prng;

struct model {
    bool has[BITS_MAX];
    uint32_t bit_count;
};

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

/* Any number up to a little past the end. */
static uint32_t draw_bit(const struct model *model) { return draw(model->bit_count + 70); }

static uint32_t find_next(const struct model *model, uint32_t from, bool wanted) {
    while (from < model->bit_count && model->has[from] != wanted)
        from++;
    return from < model->bit_count ? from : model->bit_count;
}

static void expect_equal(const struct fr_bitset *set, const struct model *model) {
    uint32_t set_count = 0, from = draw_bit(model);

    assert_int_equal(set->bit_count, model->bit_count);
    for (uint32_t bit = 0; bit < model->bit_count; bit++) {
        assert_int_equal(fr_bitset_has(set, bit), model->has[bit]);
        set_count += model->has[bit];
    }
    assert_int_equal(set->set_count, set_count);
    assert_int_equal(fr_bitset_next_set(set, from), find_next(model, from, true));
    assert_int_equal(fr_bitset_next_clear(set, from), find_next(model, from, false));
}

static void add_range(struct fr_bitset *set, struct model *model) {
    uint32_t first = draw(model->bit_count + 1);
    uint32_t count = draw(model->bit_count - first + 1);

    fr_bitset_add_range(set, first, count);
    for (uint32_t bit = first; bit < first + count; bit++)
        model->has[bit] = true;
}

static void remove_many(struct fr_bitset *set, struct model *model) {
    for (uint32_t turn = draw(200); turn > 0; turn--) {
        uint32_t bit = draw_bit(model);
        bool was_in = bit < model->bit_count && model->has[bit];
        assert_int_equal(fr_bitset_remove(set, bit), was_in);
        if (was_in)
            model->has[bit] = false;
    }
}

static void do_something(struct fr_bitset *set, struct model *model) {
    uint32_t bit;

    switch (draw(5)) {
    case 0:
        bit = draw(BITS_MAX + 1);
        assert_int_equal(fr_bitset_grow(set, bit), 0);
        if (bit > model->bit_count)
            model->bit_count = bit;
        break;
    case 1: add_range(set, model); break;
    case 2: remove_many(set, model); break;
    default:
        if (model->bit_count == 0)
            break;
        bit = draw(model->bit_count);
        assert_int_equal(fr_bitset_add(set, bit), !model->has[bit]);
        model->has[bit] = true;
    }
}

static void it_behaves_like_an_array_of_bools(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        struct model model = {.bit_count = draw(BITS_MAX / 4)};
        struct fr_bitset set;
        assert_int_equal(fr_bitset_init(&set, model.bit_count), 0);
        for (uint32_t step = draw(STEPS); step > 0; step--) {
            do_something(&set, &model);
            expect_equal(&set, &model);
        }
        fr_bitset_done(&set);
    }
}

/* All ranges of all small sets, over two word borders. */
static void every_small_range_is_right(void **state) {
    (void) state;
    for (uint32_t first = 0; first <= 130; first++)
        for (uint32_t count = 0; count <= 130 - first; count++) {
            struct fr_bitset set;
            assert_int_equal(fr_bitset_init(&set, 130), 0);
            fr_bitset_add_range(&set, first, count);
            assert_int_equal(set.set_count, count);
            assert_int_equal(fr_bitset_next_set(&set, 0), count > 0 ? first : 130);
            assert_int_equal(fr_bitset_next_clear(&set, first), first + count);
            assert_int_equal(fr_bitset_next_set(&set, first + count), 130);
            fr_bitset_done(&set);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_behaves_like_an_array_of_bools),
        cmocka_unit_test(every_small_range_is_right),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
