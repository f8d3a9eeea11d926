/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/header.h"

#include <fastreplica/error.h>

#include "mdc/code.h"
#include "support/test.h"

static struct mdc_header sample(enum mdc_profile profile) {
    struct mdc_header header = {.profile = profile, .count = 4, .index = 2, .is_exact = true, .redundancy = 2500, .source_bytes = 1000000};

    memset(header.source_sha256, 7, sizeof header.source_sha256);
    strcpy(header.name, "größe.bin");
    header.block_bytes = MDC_BLOCK_BYTES;
    header.layer_count = 1;
    header.layers[0] = (struct mdc_layer){.bytes = 1000000, .quality = MDC_QUALITY_EXACT, .needed = 3};
    if (profile == MDC_PHOTO) {
        header.picture_bytes = 990000;
        header.layer_count = 2;
        header.layers[0] = (struct mdc_layer){.bytes = 200000, .quality = 3310, .needed = 1};
        header.layers[1] = (struct mdc_layer){.bytes = 800000, .quality = MDC_QUALITY_EXACT, .needed = 4};
    }
    if (profile == MDC_VIDEO) {
        header.block_bytes = 0;
        header.layer_count = 0;
        memset(header.layers, 0, sizeof header.layers);
        header.film = (struct mdc_film){.gop_count = 21, .frame_count = 240, .width = 640, .height = 480, .low_quality = 3300};
    }
    mdc_header_name_set(&header);
    return header;
}

static void every_profile_comes_back_as_it_went(void **state) {
    (void) state;
    for (int profile = MDC_DATA; profile <= MDC_VIDEO; profile++) {
        struct mdc_header header = sample((enum mdc_profile) profile), again;
        uint8_t bytes[MDC_HEADER_BYTES_MAX], bytes_again[MDC_HEADER_BYTES_MAX];
        const char *why = NULL;
        size_t count = mdc_header_encode(&header, bytes);
        if (mdc_header_decode(bytes, count, &again, &why) != 0)
            fail_msg("profile %d: %s", profile, why);
        assert_int_equal(mdc_header_encode(&again, bytes_again), count);
        assert_memory_equal(bytes, bytes_again, count);
        assert_string_equal(again.name, header.name);
        assert_int_equal(mdc_header_measure(bytes), count);
    }
}

static void refuses(struct mdc_header header, const char *expected) {
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    const char *why = "";

    mdc_header_name_set(&header);
    assert_int_equal(mdc_header_decode(bytes, mdc_header_encode(&header, bytes), &header, &why), FR_E_SYNTAX);
    assert_string_equal(why, expected);
}

static void descriptions_to_spare_are_told_only_of_videos(void **state) {
    struct mdc_header plain = sample(MDC_VIDEO), header = plain, again;
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    const char *why = NULL;
    size_t count;

    (void) state;
    header.film.parity = 3;
    mdc_header_name_set(&header);
    count = mdc_header_encode(&header, bytes);
    assert_int_equal(count, mdc_header_encode(&plain, bytes) + 1);
    mdc_header_encode(&header, bytes);
    assert_int_equal(mdc_header_decode(bytes, count, &again, &why), 0);
    assert_int_equal(again.film.parity, 3);
    header.film.parity = header.count;
    refuses(header, "its number of descriptions to spare is out of range");
}

static void no_beginning_and_no_flipped_bit_is_a_header(void **state) {
    struct mdc_header header = sample(MDC_PHOTO), again = {.count = 99};
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    const char *why = NULL;
    size_t count = mdc_header_encode(&header, bytes);

    (void) state;
    for (size_t cut = 0; cut < count; cut++)
        assert_int_equal(mdc_header_decode(bytes, cut, &again, &why), FR_E_SYNTAX);
    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_int_equal(mdc_header_decode(bytes, count, &again, &why), FR_E_SYNTAX);
        assert_non_null(why);
        bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    assert_int_equal(again.count, 99);
}

/* Found by fuzzing: a length that leaves no room for the checksum, with a checksum that is right. */
static void a_header_that_is_hardly_there_is_refused(void **state) {
    struct mdc_header header;
    const char *why;

    (void) state;
    for (uint8_t length = 0; length < 40; length++) {
        uint8_t bytes[64] = {'F', 'R', 'M', 'D', 0, MDC_VERSION, 0, 0, 0, length};
        uint32_t crc = length >= 4 ? mdc_crc32c(0, bytes, length - 4) : 0;
        for (unsigned i = 0; i < 4 && length >= 4; i++)
            bytes[length - 4 + i] = (uint8_t) (crc >> 8 * (3 - i));
        bytes[9] = length;
        assert_int_equal(mdc_header_decode(bytes, sizeof bytes, &header, &why), FR_E_SYNTAX);
    }
}

static void what_cannot_be_is_refused(void **state) {
    struct mdc_header header;

    (void) state;
    header = sample(MDC_DATA);
    header.count = 33;
    refuses(header, "its place in the set is out of range");
    header = sample(MDC_DATA);
    header.index = 4;
    refuses(header, "its place in the set is out of range");
    header = sample(MDC_DATA);
    header.layers[0].needed = 5;
    refuses(header, "its layers are not in order");
    header = sample(MDC_DATA);
    header.layers[0].needed = 0;
    refuses(header, "its layers are not in order");
    header = sample(MDC_PHOTO);
    header.layers[1].needed = 1;
    refuses(header, "its layers are not in order");
    header = sample(MDC_DATA);
    header.layers[0].bytes--;
    refuses(header, "its layers do not fit its profile");
    header = sample(MDC_PHOTO);
    header.picture_bytes = 1000001;
    refuses(header, "its picture is longer than its stream");
    header = sample(MDC_PHOTO);
    header.layers[1].bytes = UINT64_MAX;
    refuses(header, "a layer is too large");
    header = sample(MDC_DATA);
    header.block_bytes = 1;
    refuses(header, "its block size is out of range");
    header = sample(MDC_DATA);
    strcpy(header.name, "a\nb");
    refuses(header, "its name is not text");
    header = sample(MDC_VIDEO);
    header.film.gop_count = 0;
    refuses(header, "its number of groups of pictures is out of range");
}

static void the_index_alone_does_not_change_the_set(void **state) {
    struct mdc_header a = sample(MDC_DATA), b = a;

    (void) state;
    b.index = 0;
    mdc_header_name_set(&b);
    assert_memory_equal(a.set_id, b.set_id, MDC_SET_ID_BYTES);
    b.source_bytes++;
    mdc_header_name_set(&b);
    assert_memory_not_equal(a.set_id, b.set_id, MDC_SET_ID_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_comes_back_as_it_went),      cmocka_unit_test(no_beginning_and_no_flipped_bit_is_a_header),
        cmocka_unit_test(a_header_that_is_hardly_there_is_refused), cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(the_index_alone_does_not_change_the_set),  cmocka_unit_test(descriptions_to_spare_are_told_only_of_videos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
