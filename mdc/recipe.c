/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/recipe.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/bytes.h"
#include "mdc/jpeg.h"

enum { KIND_SEQUENTIAL = 1, FIXED_BYTES = 13 };

/* The picture as a sequential JPEG by the source's tables, and where its scan's data lie in it. */
static int remake(const uint8_t *picture, size_t picture_count, const uint8_t *head, size_t head_count, struct mdc_jpeg_bytes *ret_made,
                  struct mdc_jpeg_scans *ret_scans, struct fr_failure *failure) {
    int error = mdc_jpeg_make_sequential(picture, picture_count, head, head_count, ret_made, failure);

    if (error == 0 && (!mdc_jpeg_find_scans(ret_made->bytes, ret_made->count, ret_scans) || ret_scans->count != 1)) {
        mdc_jpeg_bytes_done(ret_made);
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "the photo has more than one scan");
    }
    return error;
}

static size_t count_equal(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t count = 0;

    while (count < most && a[count] == b[count])
        count++;
    return count;
}

static int put_together(const uint8_t *source, size_t source_count, size_t head_count, size_t equal, struct mdc_recipe *ret_recipe,
                        struct fr_failure *failure) {
    size_t count = FIXED_BYTES + source_count - equal;
    struct mdc_writer out;

    ret_recipe->bytes = fr_alloc(count);
    if (ret_recipe->bytes == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a photo's head and end");
    out = mdc_writer_over(ret_recipe->bytes, count);
    mdc_write_number(&out, KIND_SEQUENTIAL, 1);
    mdc_write_number(&out, head_count, 4);
    mdc_write_number(&out, equal, 8);
    mdc_write_bytes(&out, source, head_count);
    mdc_write_bytes(&out, source + head_count + equal, source_count - head_count - equal);
    ret_recipe->count = count;
    return 0;
}

int mdc_recipe_write(const uint8_t *source, size_t source_count, const uint8_t *picture, size_t picture_count,
                     struct mdc_recipe *ret_recipe, struct fr_failure *failure) {
    struct mdc_jpeg_scans scans, made_scans;
    struct mdc_jpeg_bytes made = {0};
    size_t head_count, left, equal;
    int error;

    if (!mdc_jpeg_find_scans(source, source_count, &scans))
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "the photo does not end as it should");
    head_count = scans.first_data;
    error = remake(picture, picture_count, source, head_count, &made, &made_scans, failure);
    if (error != 0)
        return error;
    left = source_count - head_count;
    equal = count_equal(source + head_count, made.bytes + made_scans.first_data,
                        left < made.count - made_scans.first_data ? left : made.count - made_scans.first_data);
    error = put_together(source, source_count, head_count, equal, ret_recipe, failure);
    mdc_jpeg_bytes_done(&made);
    return error;
}

int mdc_recipe_follow(const uint8_t *recipe, size_t recipe_count, const uint8_t *picture, size_t picture_count, size_t source_count,
                      uint8_t **ret_source, struct fr_failure *failure) {
    struct mdc_reader in = mdc_reader_over(recipe, recipe_count);
    uint64_t kind = mdc_read_number(&in, 1), head_count = mdc_read_number(&in, 4), equal = mdc_read_number(&in, 8);
    const uint8_t *head = mdc_read_bytes(&in, head_count);
    size_t rest = mdc_reader_left(&in);
    struct mdc_jpeg_scans scans;
    struct mdc_jpeg_bytes made = {0};
    uint8_t *source;
    int error;

    if (head == NULL || kind != KIND_SEQUENTIAL || equal > source_count || head_count + equal + rest != source_count)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "what leads from the picture to the original makes no sense");
    error = remake(picture, picture_count, head, head_count, &made, &scans, failure);
    if (error != 0)
        return error;
    source = fr_alloc(source_count + 1);
    if (source == NULL) {
        error = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a photo");
    } else if (equal > made.count - scans.first_data) {
        fr_free(source);
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "the picture is shorter than its original's scan");
    } else {
        memcpy(source, head, head_count);
        memcpy(source + head_count, made.bytes + scans.first_data, equal);
        memcpy(source + head_count + equal, head + head_count, rest);
        *ret_source = source;
    }
    mdc_jpeg_bytes_done(&made);
    return error;
}
