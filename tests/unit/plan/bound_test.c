/* SPDX-License-Identifier: Apache-2.0 */
/* The least possible time, against cases worked out by hand from Kumar and Ross' formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fastreplica/plan.h>

static double bound(uint32_t count, uint64_t up, uint64_t down, uint64_t origin_up, uint64_t bytes) {
    struct fr_node_spec specs[16];
    for (uint32_t i = 0; i < count; i++)
        specs[i] = (struct fr_node_spec){.up_rate = up, .down_rate = down};
    return fr_bound_seconds(&(struct fr_nodes){.specs = specs, .count = count}, origin_up, bytes);
}

static void the_origins_uplink_binds(void **state) {
    (void) state;
    assert_true(bound(8, 100, 100, 100, 1000) == 10.0); /* 8000 / (100 + 800) is less */
    assert_true(bound(1, 100, 200, 50, 1000) == 20.0);
}

static void a_downlink_binds(void **state) {
    (void) state;
    assert_true(bound(8, 1000, 10, 1000, 1000) == 100.0);
}

static void all_uplinks_together_bind(void **state) {
    (void) state;
    assert_true(bound(8, 10, 1000, 1000, 1080) == 8.0); /* 8 * 1080 / (1000 + 80) */
}

static void no_bytes_take_no_time(void **state) {
    (void) state;
    assert_true(bound(8, 10, 10, 10, 0) == 0.0);
}

static void what_is_not_known_gives_no_bound(void **state) {
    (void) state;
    assert_true(bound(8, 100, 100, FR_RATE_UNKNOWN, 1000) < 0);
    assert_true(bound(8, FR_RATE_UNKNOWN, 100, 100, 1000) < 0);
    assert_true(bound(8, 100, FR_RATE_UNKNOWN, 100, 1000) < 0);
    assert_true(bound(8, 100, 100, 100, FR_BYTES_UNKNOWN) < 0);
    struct fr_node_spec specs[] = {{.up_rate = 1, .down_rate = 1}, {.up_rate = 1, .down_rate = FR_RATE_UNKNOWN}};
    assert_true(fr_bound_seconds(&(struct fr_nodes){.specs = specs, .count = 2}, 1, 1) < 0);
}

static void large_numbers_do_not_overflow(void **state) {
    (void) state;
    double seconds = bound(16, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1);
    assert_true(seconds > 0.99 && seconds < 1.01);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_origins_uplink_binds),         cmocka_unit_test(a_downlink_binds),
        cmocka_unit_test(all_uplinks_together_bind),        cmocka_unit_test(no_bytes_take_no_time),
        cmocka_unit_test(what_is_not_known_gives_no_bound), cmocka_unit_test(large_numbers_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
