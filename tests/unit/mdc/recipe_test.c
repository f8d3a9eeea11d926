/* SPDX-License-Identifier: Apache-2.0 */
/* A JPEG's progressive form, and the way back. */
#include "mdc/recipe.h"

#include <stdio.h>

#include "base/memory.h"
#include "mdc/jpeg.h"
#include "mdc/orientation.h"
#include "support/test.h"

struct file {
    uint8_t bytes[200000];
    size_t count;
};

static struct file source;

static void load(const char *name) {
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/data/%s", FR_TESTS_DIR, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    source.count = fread(source.bytes, 1, sizeof source.bytes, file);
    fclose(file);
    assert_true(source.count > 100 && source.count < sizeof source.bytes);
}

static void goes_there_and_back(const char *name) {
    struct mdc_jpeg_bytes picture;
    struct mdc_jpeg_scans scans;
    struct mdc_recipe recipe;
    struct fr_failure failure = {0};
    uint8_t *again, *luma, *luma_again;
    struct mdc_jpeg_info info;

    load(name);
    assert_int_equal(mdc_jpeg_probe(source.bytes, source.count, &info, &failure), 0);
    assert_int_equal(mdc_jpeg_make_progressive(source.bytes, source.count, &picture, &failure), 0);
    assert_true(mdc_jpeg_find_scans(picture.bytes, picture.count, &scans));
    assert_true(scans.count >= 8);
    assert_int_equal(scans.end, picture.count);
    assert_int_equal(mdc_jpeg_luma(source.bytes, source.count, &luma, &failure), 0);
    assert_int_equal(mdc_jpeg_luma(picture.bytes, picture.count, &luma_again, &failure), 0);
    assert_memory_equal(luma, luma_again, (size_t) info.width * info.height);
    assert_int_equal(mdc_recipe_write(source.bytes, source.count, picture.bytes, picture.count, &recipe, &failure), 0);
    assert_true(recipe.count < source.count / 2);
    assert_int_equal(mdc_recipe_follow(recipe.bytes, recipe.count, picture.bytes, picture.count, source.count, &again, &failure), 0);
    assert_memory_equal(again, source.bytes, source.count);
    fr_free(again);
    for (size_t cut = 0; cut < recipe.count; cut += cut < 20 ? 1 : 997)
        assert_true(mdc_recipe_follow(recipe.bytes, cut, picture.bytes, picture.count, source.count, &again, NULL) < 0);
    fr_free(luma);
    fr_free(luma_again);
    fr_free(recipe.bytes);
    mdc_jpeg_bytes_done(&picture);
}

static void a_colour_photo_comes_back(void **state) {
    (void) state;
    goes_there_and_back("photo.jpg");
}

static void a_grey_photo_with_restarts_comes_back(void **state) {
    (void) state;
    goes_there_and_back("grey.jpg");
}

static void what_is_no_photo_is_refused(void **state) {
    static const uint8_t text[] = "\xff\xd8\xff\xe0 no photo";
    struct mdc_jpeg_info info;
    struct mdc_jpeg_bytes made;
    struct mdc_jpeg_scans scans;

    (void) state;
    assert_int_equal(mdc_jpeg_probe(text, sizeof text, &info, NULL), FR_E_SYNTAX);
    assert_int_equal(mdc_jpeg_make_progressive(text, sizeof text, &made, NULL), FR_E_SYNTAX);
    load("photo.jpg");
    for (size_t cut = 0; cut < source.count; cut += 1009) {
        assert_false(mdc_jpeg_find_scans(source.bytes, cut, &scans));
        if (mdc_jpeg_make_progressive(source.bytes, cut, &made, NULL) == 0)
            mdc_jpeg_bytes_done(&made);
    }
}

static void orientations_come_back(void **state) {
    uint8_t segment[MDC_ORIENTATION_BYTES];

    (void) state;
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        size_t count = mdc_orientation_write(orientation, segment);
        assert_int_equal(mdc_orientation_read(segment, count), orientation);
        for (size_t cut = 0; cut < count; cut++)
            mdc_orientation_read(segment, cut);
    }
    segment[25] = 9;
    assert_int_equal(mdc_orientation_read(segment, sizeof segment), 1);
    segment[10] = 0xff; /* the directory lies outside */
    assert_int_equal(mdc_orientation_read(segment, sizeof segment), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_colour_photo_comes_back),
        cmocka_unit_test(a_grey_photo_with_restarts_comes_back),
        cmocka_unit_test(what_is_no_photo_is_refused),
        cmocka_unit_test(orientations_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
