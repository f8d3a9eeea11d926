/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fastreplica/types.h>

#include "figures.h"

static void percent_is_100_only_for_all(void **state) {
    (void) state;
    assert_int_equal(cli_figure_percent(0, 100), 0);
    assert_int_equal(cli_figure_percent(57, 100), 57);
    assert_int_equal(cli_figure_percent(999, 1000), 99);
    assert_int_equal(cli_figure_percent(UINT64_MAX / 2 - 1, UINT64_MAX / 2), 99);
    assert_int_equal(cli_figure_percent(1000, 1000), 100);
    assert_int_equal(cli_figure_percent(1001, 1000), 100);
    assert_int_equal(cli_figure_percent(5, 0), 0);
    assert_int_equal(cli_figure_percent(5, FR_BYTES_UNKNOWN), 0);
}

static void seconds_have_three_figures(void **state) {
    (void) state;
    static const struct {
        double seconds;
        const char *figure;
    } cases[] = {
        {-1, ""},           {0, "0.000 s"},    {0.0124, "0.012 s"}, {0.9994, "0.999 s"}, {0.9996, "1.00 s"}, {8.214, "8.21 s"},
        {9.994, "9.99 s"},  {9.996, "10.0 s"}, {93.46, "93.5 s"},   {119.9, "119.9 s"},  {119.96, "2m00s"},  {725.4, "12m05s"},
        {3599.4, "59m59s"}, {3599.6, "1h00m"}, {11220, "3h07m"},    {1e12, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[CLI_FIGURE_BYTES];
        assert_string_equal(cli_figure_seconds(cases[i].seconds, out), cases[i].figure);
    }
}

static void bytes_shares_and_rates(void **state) {
    (void) state;
    char out[CLI_FIGURE_BYTES];
    assert_string_equal(cli_figure_bytes(FR_BYTES_UNKNOWN, out), "?");
    assert_string_equal(cli_figure_bytes(4200000000u, out), "4.2 GB");
    assert_string_equal(cli_figure_share(520, 4200, out), "520 B (12%)");
    assert_string_equal(cli_figure_share(40, 4200, out), "40 B ( 1%)");
    assert_string_equal(cli_figure_share(4200, 4200, out), "4.2 kB (100%)");
    assert_string_equal(cli_figure_share(0, 0, out), "0 B");
    assert_string_equal(cli_figure_share(500, FR_BYTES_UNKNOWN, out), "500 B");
    assert_string_equal(cli_figure_rate(110e6, out), "110 MB/s");
    assert_string_equal(cli_figure_rate(0, out), "");
    assert_string_equal(cli_figure_rate(-5, out), "");
    assert_string_equal(cli_figure_rate(1e30, out), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_is_100_only_for_all),
        cmocka_unit_test(seconds_have_three_figures),
        cmocka_unit_test(bytes_shares_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
