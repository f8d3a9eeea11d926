/* SPDX-License-Identifier: Apache-2.0 */
/* A film of another kind, encoded again as one whose packets can be copied. */
#include "mdc/remake.h"

#include <string.h>

#include "mdc/clip.h"
#include "mdc/retake.h"
#include "support/scratch.h"
#include "support/test.h"

static struct mdc_source open_data(const char *name) {
    static char path[512];
    struct mdc_source source = {.fd = -1};

    snprintf(path, sizeof path, "%s/data/%s", FR_TESTS_DIR, name);
    assert_int_equal(mdc_source_open(&source, path, NULL), 0);
    return source;
}

static void groups_are_as_many_as_descriptions(void **state) {
    (void) state;
    assert_true(mdc_remake_gop_seconds(3600, 8) == 2);
    assert_true(mdc_remake_gop_seconds(8, 4) == 2);
    assert_true(mdc_remake_gop_seconds(4, 4) == 1);
    assert_true(mdc_remake_gop_seconds(1, 8) == 0.5); /* shorter ones would cost more than they bring */
    assert_true(mdc_remake_gop_seconds(0, 4) == 2);
}

static void only_films_are_films(void **state) {
    static const struct {
        const char *name;
        bool is_film, is_odd_film;
    } files[] = {
        {"old.avi", true, true}, {"clip.mp4", true, true}, {"photo.jpg", false, true}, {"../unit/mdc/remake_test.c", false, false}};

    (void) state;
    for (unsigned i = 0; i < FR_COUNT_OF(files); i++) {
        struct mdc_source source = open_data(files[i].name);
        assert_int_equal(mdc_remake_is_film(&source, false), files[i].is_film);
        assert_int_equal(mdc_remake_is_film(&source, true), files[i].is_odd_film);
        mdc_source_close(&source);
    }
}

/* What comes of it can be copied: six groups of half a second for six descriptions, all pictures, and sound. */
static void what_is_remade_can_be_copied(void **state) {
    struct mdc_source source = open_data("old.avi");
    struct mdc_remake_options options = {.count = 6, .folder = scratch_init()};
    struct mdc_remade remade;
    struct mdc_clip clip;
    struct fr_failure failure = {0};

    (void) state;
    if (mdc_remake(&source, &options, &remade, &failure) != 0)
        fail_msg("%s", failure.text);
    assert_false(remade.is_damaged);
    assert_string_equal(remade.remark, "");
    assert_int_equal(scratch_entry_count(options.folder), 0);
    if (mdc_clip_open(&clip, &remade.film, &failure) != 0)
        fail_msg("%s", failure.text);
    assert_int_equal(clip.picture_count, 36);
    assert_int_equal(clip.gop_count, 6);
    assert_non_null(clip.sound);
    assert_true(clip.sound_count > 55);
    mdc_clip_done(&clip);
    mdc_source_close(&remade.film);
    mdc_source_close(&source);
    scratch_done();
}

/* Cut off anywhere: a film, or a failure, and nothing stays open. */
static void any_beginning_of_a_film_ends_well(void **state) {
    static uint8_t bytes[64 << 10];
    struct mdc_source whole = open_data("old.avi");
    size_t count = (size_t) whole.bytes;
    unsigned open_before, made = 0;

    (void) state;
    assert_true(count <= sizeof bytes);
    assert_int_equal(mdc_source_read(&whole, 0, bytes, count, NULL), 0);
    mdc_source_close(&whole);
    open_before = scratch_fd_count();
    struct mdc_remake_options options = {.count = 2, .folder = scratch_init()};
    for (size_t cut = 0; cut < count; cut += count / 9) {
        struct mdc_source source;
        struct mdc_remade remade;
        struct fr_failure failure = {0};
        const char *path = scratch_path("cut");
        scratch_put(path, bytes, cut);
        assert_int_equal(mdc_source_open(&source, path, NULL), 0);
        if (mdc_remake(&source, &options, &remade, &failure) == 0) {
            made++;
            mdc_source_close(&remade.film);
        } else {
            assert_true(failure.text[0] != '\0');
        }
        mdc_source_close(&source);
    }
    assert_true(made >= 3);
    assert_int_equal(scratch_fd_count(), open_before);
    scratch_done();
}

static void a_comb_is_smoothed(void **state) {
    uint8_t plane[6][8];

    (void) state;
    for (unsigned row = 0; row < 6; row++)
        memset(plane[row], row % 2 ? 200 : 100, 8);
    mdc_retake_blend(plane[0], 8, 7, 6);
    for (unsigned row = 1; row < 5; row++) {
        assert_int_equal(plane[row][0], 150);
        assert_int_equal(plane[row][6], 150);
        assert_int_equal(plane[row][7], row % 2 ? 200 : 100); /* beyond its width */
    }
    assert_int_equal(plane[0][0], 100);
    assert_int_equal(plane[5][0], 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_as_many_as_descriptions),
        cmocka_unit_test(only_films_are_films),
        cmocka_unit_test(what_is_remade_can_be_copied),
        cmocka_unit_test(any_beginning_of_a_film_ends_well),
        cmocka_unit_test(a_comb_is_smoothed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
