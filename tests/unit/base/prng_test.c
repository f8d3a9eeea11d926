/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"

#include "support/death.h"
#include "support/test.h"

/* splitmix64 from 0, as its authors' code prints it; xoshiro256** from the state 1, 2, 3, 4, as in the test of the rand_xoshiro crate. */
static void numbers_are_those_of_the_reference(void **state) {
    static const uint64_t seeded[] = {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec};
    static const uint64_t outputs[] = {11520u,
                                       0u,
                                       1509978240u,
                                       1215971899390074240u,
                                       1216172134540287360u,
                                       607988272756665600u,
                                       16172922978634559625u,
                                       8476171486693032832u,
                                       10595114339597558777u,
                                       2904607092377533576u};
    struct fr_prng prng;

    (void) state;
    fr_prng_init(&prng, 0);
    for (size_t i = 0; i < FR_COUNT_OF(seeded); i++)
        assert_true(prng.state[i] == seeded[i]);
    for (uint64_t i = 0; i < 4; i++)
        prng.state[i] = i + 1;
    for (size_t i = 0; i < FR_COUNT_OF(outputs); i++)
        assert_true(fr_prng_next(&prng) == outputs[i]);
}

static void the_same_seed_gives_the_same_numbers(void **state) {
    struct fr_prng a, b, c;
    int differing = 0;

    (void) state;
    fr_prng_init(&a, 7);
    fr_prng_init(&b, 7);
    fr_prng_init(&c, 8);
    for (int i = 0; i < 100; i++) {
        uint64_t number = fr_prng_next(&a);
        assert_true(number == fr_prng_next(&b));
        differing += number != fr_prng_next(&c);
    }
    assert_int_equal(differing, 100);
}

static void below_stays_below_and_reaches_everything(void **state) {
    static const uint64_t bounds[] = {1, 2, 3, 7, 64, 1000};
    uint32_t seen[1000];
    struct fr_prng prng;

    (void) state;
    fr_prng_init(&prng, 1);
    for (size_t i = 0; i < FR_COUNT_OF(bounds); i++) {
        memset(seen, 0, sizeof seen);
        for (uint64_t turn = 0; turn < 100 * bounds[i]; turn++) {
            uint64_t number = fr_prng_below(&prng, bounds[i]);
            assert_true(number < bounds[i]);
            seen[number]++;
        }
        /* 100 expected each with a deviation of 10; the seed is fixed, so this either holds or does not. */
        for (uint64_t number = 0; number < bounds[i]; number++)
            assert_in_range(seen[number], 50, 150);
    }
}

static void a_huge_bound_is_fair(void **state) {
    uint32_t threes = 0;
    struct fr_prng prng;

    (void) state;
    fr_prng_init(&prng, 2);
    /* At three quarters of 2^64, the product alone would make every third number from two of the 2^64 numbers and the others from one. */
    for (int i = 0; i < 9000; i++)
        threes += fr_prng_below(&prng, UINT64_C(3) << 62) % 3 == 0;
    assert_in_range(threes, 2800, 3200);
}

static void nothing_is_below_zero(void *prng) { fr_prng_below(prng, 0); }

static void a_bound_of_zero_is_a_bug(void **state) {
    struct fr_prng prng;

    (void) state;
    fr_prng_init(&prng, 3);
    assert_true(fr_test_aborts(nothing_is_below_zero, &prng));
}

static void unit_numbers_are_uniform(void **state) {
    struct fr_prng prng;
    double sum = 0;

    (void) state;
    fr_prng_init(&prng, 4);
    for (int i = 0; i < 10000; i++) {
        double number = fr_prng_unit(&prng);
        assert_true(number >= 0 && number < 1);
        sum += number;
    }
    assert_true(sum > 4850 && sum < 5150);
}

static void shuffling_permutes_and_every_order_occurs(void **state) {
    uint32_t counts[6] = {0};
    struct fr_prng prng;

    (void) state;
    fr_prng_init(&prng, 5);
    for (int i = 0; i < 6000; i++) {
        uint32_t items[] = {0, 1, 2};
        fr_prng_shuffle(&prng, items, 3);
        assert_int_equal(1u << items[0] | 1u << items[1] | 1u << items[2], 7);
        counts[items[0] * 2 + (items[1] > items[2])]++;
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 850, 1150);
    fr_prng_shuffle(&prng, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_reference),
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(below_stays_below_and_reaches_everything),
        cmocka_unit_test(a_huge_bound_is_fair),
        cmocka_unit_test(a_bound_of_zero_is_a_bug),
        cmocka_unit_test(unit_numbers_are_uniform),
        cmocka_unit_test(shuffling_permutes_and_every_order_occurs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
