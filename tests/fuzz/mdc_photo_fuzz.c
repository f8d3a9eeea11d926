/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a photo's stream: the scans lie inside it and in order, orientations are orientations, and a recipe leads somewhere or
 * nowhere. The first byte tells where the picture ends and the recipe begins. */
#include "base/check.h"
#include "base/memory.h"
#include "mdc/jpeg.h"
#include "mdc/orientation.h"
#include "mdc/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { PIXELS_MAX = 1 << 20, INPUT_MAX = 1 << 16 };

static void walk_scans(const uint8_t *bytes, size_t count) {
    struct mdc_jpeg_scans scans;
    size_t before = 0;

    if (!mdc_jpeg_find_scans(bytes, count, &scans))
        return;
    fr_assert(scans.count >= 1 && scans.end <= count && scans.first_data <= scans.ends[0]);
    for (unsigned i = 0; i < scans.count; i++) {
        fr_assert(scans.ends[i] >= before && scans.ends[i] < scans.end);
        before = scans.ends[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct mdc_jpeg_info info;
    size_t picture_count;
    unsigned orientation;
    uint8_t *source;

    if (count < 1 || count > INPUT_MAX)
        return 0;
    picture_count = (count - 1) * bytes[0] / 255;
    bytes++;
    count--;
    walk_scans(bytes, picture_count);
    orientation = mdc_orientation_read(bytes, count);
    fr_assert(orientation >= 1 && orientation <= 8);
    if (mdc_jpeg_probe(bytes, picture_count, &info, NULL) != 0 || (uint64_t) info.width * info.height > PIXELS_MAX)
        return 0;
    if (mdc_recipe_follow(bytes + picture_count, count - picture_count, bytes, picture_count, 10000, &source, NULL) == 0)
        fr_free(source);
    return 0;
}
