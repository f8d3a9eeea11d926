/* SPDX-License-Identifier: Apache-2.0 */
/* What a video's descriptions are made of, without a video. */
#include "mdc/gop.h"

#include <fastreplica/error.h>

#include "mdc/boxes.h"
#include "mdc/dial.h"
#include "mdc/film.h"
#include "mdc/fragment.h"
#include "mdc/rest.h"
#include "support/test.h"

static const struct mdc_gop_limits limits = {.gop_count = 10, .count = 4, .source_bytes = 100000};
static const struct mdc_run runs[] = {{500, 1000}, {90000, 10000}, {2000, 1}, {0, 300}};
static uint8_t bytes[MDC_RECORD_BYTES_MAX];

static struct mdc_gop_record sample(void) {
    return (struct mdc_gop_record){.gop_index = 9, .is_full = true, .owner = 3, .frame_count = 48, .fragment_bytes = 12000, .run_count = 4};
}

static void a_record_comes_back(void **state) {
    struct mdc_gop_record record = sample(), again;
    struct mdc_run run = {0};
    size_t count = mdc_gop_encode(&record, runs, bytes), position = 0;

    (void) state;
    assert_int_equal(mdc_gop_decode(bytes, count, &limits, &again), 0);
    assert_int_equal(again.gop_index, 9);
    assert_int_equal(again.owner, 3);
    assert_true(again.is_full);
    assert_int_equal(again.fragment_bytes, 12000);
    for (unsigned i = 0; i < FR_COUNT_OF(runs); i++) {
        assert_true(mdc_gop_next_run(&again, &position, &run));
        assert_int_equal(run.at, runs[i].at);
        assert_int_equal(run.bytes, runs[i].bytes);
    }
    assert_false(mdc_gop_next_run(&again, &position, &run));
}

static void nothing_else_is_a_record(void **state) {
    struct mdc_gop_record record = sample(), again;
    size_t count = mdc_gop_encode(&record, runs, bytes);

    (void) state;
    for (size_t cut = 0; cut < count; cut++)
        assert_int_equal(mdc_gop_decode(bytes, cut, &limits, &again), FR_E_SYNTAX);
    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_int_equal(mdc_gop_decode(bytes, count, &limits, &again), FR_E_SYNTAX);
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    record.gop_index = 10;
    assert_int_equal(mdc_gop_decode(bytes, mdc_gop_encode(&record, runs, bytes), &limits, &again), FR_E_SYNTAX);
    record = sample();
    record.owner = 4;
    assert_int_equal(mdc_gop_decode(bytes, mdc_gop_encode(&record, runs, bytes), &limits, &again), FR_E_SYNTAX);
    record = sample();
    record.fragment_bytes = 11000; /* less than its runs */
    assert_int_equal(mdc_gop_decode(bytes, mdc_gop_encode(&record, runs, bytes), &limits, &again), FR_E_SYNTAX);
    record = sample();
    assert_int_equal(mdc_gop_decode(bytes, mdc_gop_encode(&record, (struct mdc_run[4]){{99999, 2}}, bytes), &limits, &again), FR_E_SYNTAX);
}

static void groups_are_shared_out_evenly(void **state) {
    uint64_t sizes[96], sums[8] = {0};
    uint8_t owners[96];

    (void) state;
    for (unsigned g = 0; g < 96; g++)
        sizes[g] = 1000 + g * 7919 % 1000;
    mdc_gop_share_out(sizes, 96, 8, owners);
    for (unsigned row = 0; row < 96; row += 8) {
        unsigned seen = 0;
        for (unsigned g = row; g < row + 8; g++)
            seen |= 1U << owners[g];
        assert_int_equal(seen, 0xff); /* everybody gets one of each row */
    }
    for (unsigned g = 0; g < 96; g++)
        sums[owners[g]] += sizes[g];
    for (unsigned i = 0; i < 8; i++)
        assert_in_range(sums[i], 12 * 1500 * 95 / 100, 12 * 1500 * 105 / 100);
    mdc_gop_share_out(sizes, 3, 8, owners); /* fewer than there are descriptions */
    assert_true(owners[0] != owners[1] && owners[1] != owners[2] && owners[0] != owners[2]);
}

static void reordering_is_counted(void **state) {
    static const int64_t sorted[] = {0, 1, 2, 3, 4, 5}, plain[] = {0, 1, 2, 3, 4, 5}, one[] = {0, 3, 1, 2, 5, 4},
                         pyramid[] = {0, 4, 2, 1, 3, 5};

    (void) state;
    assert_int_equal(mdc_film_reorder(sorted, plain, 6), 0);
    assert_int_equal(mdc_film_reorder(sorted, one, 6), 1);
    assert_int_equal(mdc_film_reorder(sorted, pyramid, 6), 2);
}

static void the_rest_is_what_runs_leave(void **state) {
    struct mdc_run some[] = {{50, 10}, {10, 20}, {30, 5}}, overlapping[] = {{10, 20}, {29, 1}}, outside[] = {{90, 11}};
    struct mdc_rest rest;
    struct mdc_run run;
    uint64_t from, to, end = 0;

    (void) state;
    assert_int_equal(mdc_rest_find(&rest, some, 3, 100, NULL), 0);
    assert_int_equal(rest.bytes, 65);
    assert_int_equal(rest.gap_count, 3);
    run = mdc_rest_locate(&rest, 5, 100);
    assert_int_equal(run.at, 5);
    assert_int_equal(run.bytes, 5);
    run = mdc_rest_locate(&rest, 26, 3);
    assert_int_equal(run.at, 61);
    assert_int_equal(run.bytes, 3);
    for (unsigned i = 0; i < 7; i++) {
        mdc_rest_share(rest.bytes, 7, i, &from, &to);
        assert_int_equal(from, end);
        end = to;
    }
    assert_int_equal(end, rest.bytes);
    mdc_rest_done(&rest);
    assert_int_equal(mdc_rest_find(&rest, overlapping, 2, 100, NULL), FR_E_SYNTAX);
    assert_int_equal(mdc_rest_find(&rest, outside, 1, 100, NULL), FR_E_SYNTAX);
    assert_int_equal(mdc_rest_find(&rest, some, 0, 0, NULL), 0);
    assert_int_equal(rest.bytes, 0);
    mdc_rest_done(&rest);
}

static void a_fragment_is_two_boxes(void **state) {
    struct mdc_sample samples[] = {{100, 512, 0, true}, {50, 512, 1024, false}, {60, 512, -3, false}, {30, 1024, 0, true}};
    struct mdc_fragment_track tracks[] = {{1, 5000, samples, 3, true}, {2, 9000, samples + 3, 1, false}};
    uint8_t out[1024];
    struct mdc_box moof, mdat;
    size_t count = mdc_fragment_encode(7, tracks, 2, out);

    (void) state;
    assert_true(count <= mdc_fragment_head_bytes_max(4));
    assert_true(mdc_box_parse(out, count, 0, count + 240, &moof));
    assert_int_equal(moof.kind, MDC_BOX_MOOF);
    assert_int_equal(moof.bytes + 8, count);
    assert_true(mdc_box_parse(out + moof.bytes, 8, moof.bytes, 248, &mdat));
    assert_int_equal(mdat.kind, MDC_BOX_MDAT);
    assert_int_equal(mdat.bytes, 8 + 240);
}

static void the_dial_takes_the_best_that_fits(void **state) {
    struct mdc_trial trials[MDC_DIVISORS][MDC_TRIALS] = {
        {{24, 100000, 5}, {44, 10000, 80}},
        {{24, 40000, 15}, {44, 6000, 90}},
        {{24, 20000, 40}, {44, 3000, 120}},
    };
    struct mdc_dial dial;

    (void) state;
    assert_true(mdc_dial_choose(trials, 90000, &dial));
    assert_int_equal(dial.divisor, 1);
    assert_true(mdc_dial_choose(trials, 14000, &dial));
    assert_int_equal(dial.divisor, 2);
    assert_true(mdc_dial_choose(trials, 3500, &dial));
    assert_int_equal(dial.divisor, 3);
    assert_false(mdc_dial_choose(trials, 100, &dial));
    assert_true(mdc_dial_least(trials) < 3000);
    memset(trials[1], 0, sizeof trials[1]);
    memset(trials[2], 0, sizeof trials[2]); /* not tried */
    assert_true(mdc_dial_choose(trials, 14000, &dial));
    assert_int_equal(dial.divisor, 1);
    assert_false(mdc_dial_choose(trials, 3500, &dial));
    assert_true(mdc_dial_least(trials) > 3500);
    assert_true(mdc_dial_turn(30, 2000, 1000) > 35);
    assert_true(mdc_dial_turn(30, 1000, 2000) < 25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back),
        cmocka_unit_test(nothing_else_is_a_record),
        cmocka_unit_test(groups_are_shared_out_evenly),
        cmocka_unit_test(reordering_is_counted),
        cmocka_unit_test(the_rest_is_what_runs_leave),
        cmocka_unit_test(a_fragment_is_two_boxes),
        cmocka_unit_test(the_dial_takes_the_best_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
