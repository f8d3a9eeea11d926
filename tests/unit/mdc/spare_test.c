/* SPDX-License-Identifier: Apache-2.0 */
/* Which block of which description stands where, and that enough of them restore the others. */
#include "mdc/spare.h"

#include <fastreplica/error.h>

#include "mdc/boxes.h"
#include "mdc/bytes.h"
#include "mdc/code.h"
#include "support/scratch.h"
#include "support/test.h"

static struct mdc_spare_plan plan_of(unsigned count, unsigned parity) {
    struct mdc_spare_plan plan = {.count = count, .parity = parity};

    for (unsigned i = 0; i < count; i++)
        plan.own_bytes[i] = 1000 * (i + 1) + 7 * i;
    mdc_spare_measure(&plan);
    return plan;
}

static void every_place_is_taken_once(void **state) {
    (void) state;
    for (unsigned count = 2; count <= MDC_COUNT_MAX; count++)
        for (unsigned parity = 1; parity < count; parity++) {
            struct mdc_spare_plan plan = plan_of(count, parity);
            uint64_t own[MDC_COUNT_MAX] = {0}, spare[MDC_COUNT_MAX] = {0};
            for (uint32_t row = 0; row < plan.row_count; row++) {
                uint32_t seen = 0;
                for (unsigned i = 0; i < count; i++) {
                    unsigned place = mdc_spare_place(&plan, row, i);
                    bool is_parity = place >= count - parity;
                    assert_true(place < count);
                    seen |= UINT32_C(1) << place;
                    assert_int_equal(mdc_spare_before(&plan, row, i, is_parity), is_parity ? spare[i] : own[i]);
                    is_parity ? spare[i]++ : own[i]++;
                }
                assert_int_equal(seen, UINT32_MAX >> (32 - count));
            }
            for (unsigned i = 0; i < count; i++)
                assert_true(own[i] * plan.block_bytes >= plan.own_bytes[i]);
        }
}

static void the_head_comes_back_and_nothing_else_does(void **state) {
    struct mdc_header header = {.profile = MDC_VIDEO, .count = 5, .film = {.parity = 2}};
    struct mdc_spare_plan plan = plan_of(5, 2), again;
    uint8_t bytes[MDC_SPARE_HEAD_BYTES_MAX];
    size_t count = mdc_spare_encode(&plan, bytes);

    (void) state;
    assert_int_equal(count, MDC_SPARE_FIXED_BYTES + 8 * 5);
    assert_int_equal(mdc_spare_decode(bytes, count, &header, &again), 0);
    assert_int_equal(again.row_count, plan.row_count);
    assert_int_equal(again.own_bytes[4], plan.own_bytes[4]);
    for (size_t cut = 0; cut < count; cut++)
        assert_int_equal(mdc_spare_decode(bytes, cut, &header, &again), FR_E_SYNTAX);
    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_int_equal(mdc_spare_decode(bytes, count, &header, &again), FR_E_SYNTAX);
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    header.film.parity = 0;
    assert_int_equal(mdc_spare_decode(bytes, count, &header, &again), FR_E_SYNTAX);
    header.film.parity = 2;
    plan.row_count++; /* its checksum is right and its numbers are not */
    mdc_spare_encode(&plan, bytes);
    assert_int_equal(mdc_spare_decode(bytes, count, &header, &again), FR_E_SYNTAX);
    plan = plan_of(5, 2);
    plan.own_bytes[1] = UINT64_MAX;
    mdc_spare_encode(&plan, bytes);
    assert_int_equal(mdc_spare_decode(bytes, count, &header, &again), FR_E_SYNTAX);
}

static void an_own_part_is_read_across_its_pieces(void **state) {
    struct mdc_own own = {0};
    struct mdc_source file = {.fd = -1};
    uint8_t out[12], none[4] = {0};

    (void) state;
    scratch_init();
    scratch_put(scratch_path("file"), "0123456789abcdef", 16);
    assert_int_equal(mdc_source_open(&file, scratch_path("file"), NULL), 0);
    assert_int_equal(mdc_own_add(&own, 10, 3, NULL), 0);
    assert_int_equal(mdc_own_add(&own, 0, 4, NULL), 0);
    assert_int_equal(mdc_own_add(&own, 15, 1, NULL), 0);
    assert_int_equal(own.bytes, 8);
    assert_int_equal(mdc_own_read(&own, &file, 1, out, sizeof out, NULL), 0);
    assert_memory_equal(out, "bc0123f", 7);
    assert_memory_equal(out + 7, none, 4);
    assert_int_equal(mdc_own_read(&own, &file, 8, out, 4, NULL), 0);
    assert_memory_equal(out, none, 4);
    mdc_own_done(&own);
    mdc_source_close(&file);
    scratch_done();
}

enum { COUNT = 4, PARITY = 2, OWN = 3000 };

/* Writes outputs of nothing but an own part, and its parity behind. */
static void write_outputs(struct mdc_header *header, struct mdc_output *outputs, struct mdc_own *owns) {
    uint8_t bytes[OWN];

    mdc_header_name_set(header);
    for (unsigned i = 0; i < COUNT; i++) {
        for (unsigned at = 0; at < OWN; at++)
            bytes[at] = (uint8_t) (at * (i + 3) + at / 256);
        assert_int_equal(mdc_output_open(&outputs[i], scratch_path("d%u", i), true, NULL), 0);
        assert_int_equal(mdc_output_append(&outputs[i], bytes, OWN - i, NULL), 0);
        assert_int_equal(mdc_own_add(&owns[i], 0, OWN - i, NULL), 0);
    }
    assert_int_equal(mdc_spare_write(header, owns, outputs, NULL), 0);
}

static void parity_is_what_the_code_says(void **state) {
    struct mdc_header header = {.profile = MDC_VIDEO, .count = COUNT, .name = "x", .film = {.parity = PARITY, .gop_count = 1}};
    struct mdc_output outputs[MDC_COUNT_MAX] = {0};
    struct mdc_own owns[MDC_COUNT_MAX] = {0};
    struct mdc_spare_plan plan = {.count = COUNT, .parity = PARITY, .own_bytes = {OWN, OWN - 1, OWN - 2, OWN - 3}};
    size_t head = MDC_OWN_HEAD_BYTES + MDC_SPARE_FIXED_BYTES + 8 * COUNT;

    (void) state;
    scratch_init();
    write_outputs(&header, outputs, owns);
    mdc_spare_measure(&plan);
    size_t stride = plan.block_bytes + MDC_SPARE_CRC_BYTES;
    uint8_t memory[COUNT][2048], *blocks[COUNT];
    for (uint32_t row = 0; row < plan.row_count; row++) {
        struct mdc_code code;
        for (unsigned i = 0; i < COUNT; i++) { /* all blocks of the row as they lie in the files */
            struct mdc_source file = {.fd = outputs[i].fd, .path = "output"};
            unsigned place = mdc_spare_place(&plan, row, i);
            bool is_parity = place >= COUNT - PARITY;
            uint64_t before = mdc_spare_before(&plan, row, i, is_parity);
            blocks[place] = memory[place];
            if (!is_parity) {
                assert_int_equal(mdc_own_read(&owns[i], &file, before * plan.block_bytes, blocks[place], plan.block_bytes, NULL), 0);
                continue;
            }
            assert_int_equal(mdc_source_read(&file, owns[i].bytes + head + before * stride, blocks[place], stride, NULL), 0);
            struct mdc_reader crc = mdc_reader_over(blocks[place] + plan.block_bytes, MDC_SPARE_CRC_BYTES);
            assert_int_equal(mdc_read_number(&crc, 4), mdc_spare_seal(&header, i, row, blocks[place], plan.block_bytes));
        }
        uint8_t first[2048];
        memcpy(first, blocks[0], plan.block_bytes);
        memset(blocks[0], 0xee, plan.block_bytes);
        memset(blocks[3], 0xee, plan.block_bytes);
        mdc_code_init(&code, COUNT - PARITY, COUNT);
        mdc_code_restore(&code, blocks, (bool[COUNT]){false, true, true, false}, plan.block_bytes);
        assert_memory_equal(blocks[0], first, plan.block_bytes);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        mdc_output_done(&outputs[i]);
        mdc_own_done(&owns[i]);
    }
    scratch_done();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_is_taken_once),
        cmocka_unit_test(the_head_comes_back_and_nothing_else_does),
        cmocka_unit_test(an_own_part_is_read_across_its_pieces),
        cmocka_unit_test(parity_is_what_the_code_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
