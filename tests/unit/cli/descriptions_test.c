/* SPDX-License-Identifier: Apache-2.0 */
/* Which folders hold a set of descriptions. */
#include "descriptions.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/scratch.h"
#include "support/test.h"

static int set_up(void **state) {
    (void) state;
    scratch_init();
    return mkdir(scratch_path("set"), 0755);
}

static int tear_down(void **state) {
    (void) state;
    scratch_done();
    return 0;
}

static void put(const char *name) { scratch_put(scratch_path("set/%s", name), "x", 1); }

static int find(struct cli_descriptions *descriptions) { return cli_descriptions_find(scratch_path("set"), descriptions); }

static void expect_refused(void) {
    struct cli_descriptions descriptions;
    assert_int_equal(find(&descriptions), -1);
    assert_int_equal(descriptions.count, 0);
}

static void a_set_is_found_in_its_order(void **state) {
    struct cli_descriptions descriptions;
    (void) state;
    for (unsigned i = 12; i > 0; i--) {
        char name[64];
        snprintf(name, sizeof name, "a.2of3.film.%uof12.mp4", i);
        put(name);
    }
    put(".hidden");
    assert_int_equal(find(&descriptions), 0);
    assert_int_equal(descriptions.count, 12);
    assert_non_null(strstr(descriptions.paths[0], "/a.2of3.film.1of12.mp4"));
    assert_non_null(strstr(descriptions.paths[9], "/a.2of3.film.10of12.mp4"));
    cli_descriptions_done(&descriptions);
    cli_descriptions_done(&descriptions);
}

static void what_is_no_set_is_refused(void **state) {
    static const char *const names[] = {"x",           "x.mp4",   "x.1of1.mp4",  "x.0of2.mp4", "x.3of2.mp4", "x.1of33.mp4",
                                        "x.1of2",      "x.1of2.", "x.01of2.mp4", "x.of2.mp4",  "x.1o2.mp4",  "x.1of2222222222222222222.mp4",
                                        ".1of2.mp4.x", "1of2.mp4"};
    (void) state;
    expect_refused(); /* an empty folder */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put("film.1of2.mp4");
        put("film.2of2.mp4");
        put(names[i][0] == '.' ? names[i] + 1 : names[i]);
        expect_refused();
        remove(scratch_path("set/%s", names[i][0] == '.' ? names[i] + 1 : names[i]));
    }
}

static void a_part_of_a_set_or_two_are_refused(void **state) {
    struct cli_descriptions descriptions;
    static const char *const others[] = {"other.1of2.mp4", "film.1of3.mp4", "film.1of2.mdc"};
    (void) state;
    put("film.2of2.mp4");
    expect_refused();
    put("film.1of2.mp4");
    assert_int_equal(find(&descriptions), 0);
    cli_descriptions_done(&descriptions);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put(others[i]);
        expect_refused();
        remove(scratch_path("set/%s", others[i]));
    }
}

static void no_folder_is_refused(void **state) {
    struct cli_descriptions descriptions;
    (void) state;
    assert_int_equal(cli_descriptions_find(scratch_path("nowhere"), &descriptions), -1);
    put("film.2of2.mp4");
    assert_int_equal(cli_descriptions_find(scratch_path("set/film.2of2.mp4"), &descriptions), -1);
}

#define scratched(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        scratched(a_set_is_found_in_its_order),
        scratched(what_is_no_set_is_refused),
        scratched(a_part_of_a_set_or_two_are_refused),
        scratched(no_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
