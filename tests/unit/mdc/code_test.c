/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/code.h"

#include "support/test.h"

enum { BYTES = 67 };

static void fill(uint8_t *bytes, size_t count, unsigned seed) {
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t) ((i * 131 + seed * 977) >> 3 ^ seed);
}

/* Restores from exactly the blocks in `mask`. */
static void restore_from(const struct mdc_code *code, uint8_t original[][BYTES], unsigned mask) {
    uint8_t copy[MDC_COUNT_MAX][BYTES], *blocks[MDC_COUNT_MAX];
    bool has[MDC_COUNT_MAX];

    for (unsigned i = 0; i < code->count; i++) {
        has[i] = mask >> i & 1;
        blocks[i] = copy[i];
        if (has[i])
            memcpy(copy[i], original[i], BYTES);
        else
            memset(copy[i], 0xee, BYTES);
    }
    mdc_code_restore(code, blocks, has, BYTES);
    for (unsigned i = 0; i < code->needed; i++)
        assert_memory_equal(copy[i], original[i], BYTES);
}

static void every_choice_of_enough_blocks_restores(void **state) {
    (void) state;
    for (unsigned count = 2; count <= 8; count++)
        for (unsigned needed = 1; needed <= count; needed++) {
            uint8_t original[MDC_COUNT_MAX][BYTES], *blocks[MDC_COUNT_MAX];
            struct mdc_code code;
            for (unsigned i = 0; i < count; i++) {
                fill(original[i], BYTES, i);
                blocks[i] = original[i];
            }
            mdc_code_init(&code, needed, count);
            mdc_code_fill(&code, blocks, BYTES);
            for (unsigned mask = 0; mask < 1U << count; mask++)
                if ((unsigned) __builtin_popcount(mask) == needed)
                    restore_from(&code, original, mask);
        }
}

static void the_largest_code_works(void **state) {
    uint8_t original[MDC_COUNT_MAX][BYTES], *blocks[MDC_COUNT_MAX];
    struct mdc_code code;

    (void) state;
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        fill(original[i], BYTES, i);
        blocks[i] = original[i];
    }
    mdc_code_init(&code, MDC_COUNT_MAX / 2, MDC_COUNT_MAX);
    mdc_code_fill(&code, blocks, BYTES);
    restore_from(&code, original, 0xffff0000U);
    restore_from(&code, original, 0xaaaaaaaaU);
    mdc_code_init(&code, MDC_COUNT_MAX, MDC_COUNT_MAX);
    mdc_code_fill(&code, blocks, BYTES);
    restore_from(&code, original, 0xffffffffU);
}

static void the_checksum_is_crc32c(void **state) {
    (void) state;
    assert_int_equal(mdc_crc32c(0, "123456789", 9), 0xe3069283U);
    assert_int_equal(mdc_crc32c(mdc_crc32c(0, "1234", 4), "56789", 5), 0xe3069283U);
    assert_int_equal(mdc_crc32c(0, "", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_choice_of_enough_blocks_restores),
        cmocka_unit_test(the_largest_code_works),
        cmocka_unit_test(the_checksum_is_crc32c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
