/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in layers: written, damaged, restored. */
#include "mdc/striped.h"

#include <fcntl.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

enum { COUNT = 4, BLOCK = 64, STREAM = 2000 };

static uint8_t stream[STREAM], restored[STREAM];
static size_t restored_bytes;
static struct mdc_striped_description descriptions[MDC_COUNT_MAX];

static int read_stream(void *context, uint64_t offset, uint8_t *bytes, size_t count, struct fr_failure *failure) {
    (void) context;
    (void) failure;
    assert_true(offset + count <= STREAM);
    memcpy(bytes, stream + offset, count);
    return 0;
}

static int take_stream(void *context, const uint8_t *bytes, size_t count, struct fr_failure *failure) {
    (void) context;
    (void) failure;
    assert_true(restored_bytes + count <= STREAM);
    memcpy(restored + restored_bytes, bytes, count);
    restored_bytes += count;
    return 0;
}

/* Three layers, that 1, 2 and 4 descriptions restore; the second is empty when `has_gap`. */
static struct mdc_header layered(bool has_gap) {
    struct mdc_header header = {.profile = MDC_PHOTO, .count = COUNT, .is_exact = true, .source_bytes = STREAM, .block_bytes = BLOCK};

    strcpy(header.name, "x");
    header.layer_count = 3;
    header.layers[0] = (struct mdc_layer){.bytes = 333, .needed = 1};
    header.layers[1] = (struct mdc_layer){.bytes = has_gap ? 0 : 500, .needed = 2};
    header.layers[2] = (struct mdc_layer){.bytes = has_gap ? 1667 : 1167, .needed = 4};
    mdc_header_name_set(&header);
    return header;
}

static void write_set(const struct mdc_header *header) {
    struct mdc_output outputs[MDC_COUNT_MAX] = {0};
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    struct fr_failure failure = {0};

    for (unsigned i = 0; i < STREAM; i++)
        stream[i] = (uint8_t) (i * 7 + i / 256);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(mdc_output_open(&outputs[i], scratch_path("d%u", i), true, &failure), 0);
    assert_int_equal(mdc_striped_write(header, read_stream, NULL, outputs, NULL, &failure), 0);
    memset(descriptions, 0, sizeof descriptions);
    for (unsigned i = 0; i < COUNT; i++) {
        descriptions[i].header_bytes = mdc_header_encode(header, bytes);
        assert_int_equal(outputs[i].bytes, descriptions[i].header_bytes + mdc_striped_body_bytes(header));
        descriptions[i].file_bytes = outputs[i].bytes;
        assert_int_equal(mdc_output_commit(&outputs[i], &failure), 0);
        descriptions[i].fd = open(scratch_path("d%u", i), O_RDWR);
        assert_true(descriptions[i].fd >= 0);
    }
}

static void close_set(void) {
    for (unsigned i = 0; i < COUNT; i++)
        close(descriptions[i].fd);
}

/* Restores from the descriptions in `mask`. */
static uint64_t restore(const struct mdc_header *header, unsigned mask) {
    struct mdc_striped_description some[MDC_COUNT_MAX];
    struct fr_failure failure = {0};
    uint64_t bytes = 0;

    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        some[i] = descriptions[i];
        if (i >= COUNT || !(mask >> i & 1))
            some[i].fd = -1;
    }
    restored_bytes = 0;
    assert_int_equal(mdc_striped_read(header, some, take_stream, NULL, NULL, &bytes, &failure), 0);
    assert_int_equal(bytes, restored_bytes);
    assert_memory_equal(restored, stream, restored_bytes);
    return bytes;
}

static void every_subset_restores_what_its_count_allows(void **state) {
    static const uint64_t allowed[] = {0, 333, 833, 833, STREAM}, allowed_gap[] = {0, 333, 333, 333, STREAM};

    (void) state;
    for (int has_gap = 0; has_gap < 2; has_gap++) {
        struct mdc_header header = layered(has_gap);
        write_set(&header);
        for (unsigned mask = 0; mask < 1U << COUNT; mask++)
            assert_int_equal(restore(&header, mask), (has_gap ? allowed_gap : allowed)[__builtin_popcount(mask)]);
        close_set();
    }
}

static void every_changed_byte_is_found_and_done_without(void **state) {
    struct mdc_header header = layered(false);

    (void) state;
    write_set(&header);
    for (uint64_t at = descriptions[1].header_bytes; at < descriptions[1].file_bytes; at++) {
        struct mdc_striped_description description = descriptions[1];
        struct mdc_header mine = header;
        uint8_t byte;
        mine.index = 1;
        assert_true(mdc_striped_check(&mine, &description));
        assert_int_equal(pread(description.fd, &byte, 1, (off_t) at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(description.fd, &byte, 1, (off_t) at), 1);
        assert_false(mdc_striped_check(&mine, &description));
        assert_true(restore(&header, 3) >= 333); /* the other one has the first layer */
        byte ^= 0x10;
        assert_int_equal(pwrite(description.fd, &byte, 1, (off_t) at), 1);
    }
    close_set();
}

static void a_block_of_another_place_is_lost(void **state) {
    struct mdc_header header = layered(false);
    int second;

    (void) state;
    write_set(&header);
    second = descriptions[1].fd;
    descriptions[1].fd = descriptions[2].fd; /* description 3 in the place of 2 */
    assert_int_equal(restore(&header, 2), 0);
    descriptions[1].fd = second;
    close_set();
}

static void a_cut_description_gives_what_it_has(void **state) {
    struct mdc_header header = layered(false);
    uint64_t before = 0;

    (void) state;
    write_set(&header);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(ftruncate(descriptions[i].fd, (off_t) descriptions[i].header_bytes), 0);
    assert_int_equal(restore(&header, 15), 0);
    close_set();
    write_set(&header);
    for (uint64_t cut = descriptions[0].file_bytes; cut-- > descriptions[0].header_bytes;) {
        struct mdc_striped_description description = descriptions[0];
        uint64_t bytes;
        assert_int_equal(ftruncate(description.fd, (off_t) cut), 0);
        description.file_bytes = cut;
        assert_false(mdc_striped_check(&header, &description));
        bytes = restore(&header, 1);
        assert_true(before == 0 || bytes <= before);
        before = bytes;
    }
    close_set();
}

static int set_up(void **state) {
    (void) state;
    scratch_init_in_memory();
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    scratch_done();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_subset_restores_what_its_count_allows),
        cmocka_unit_test(every_changed_byte_is_found_and_done_without),
        cmocka_unit_test(a_block_of_another_place_is_lost),
        cmocka_unit_test(a_cut_description_gives_what_it_has),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
