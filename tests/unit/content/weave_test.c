/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a set's chunks, by hand for a small one and by its definition for drawn ones; which entries make a set. */
#include "content/weave.h"

#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/prng.h"
#include "support/fault_walk.h"
#include "support/seed.h"
#include "support/test.h"

enum { CHUNK = FR_CHUNK_BYTES_MIN };

static void a_small_set_is_woven_in_proportion(void **state) {
    (void) state;
    const struct fr_entry entries[] = {{4 * CHUNK, "a"}, {CHUNK + 5, "b"}};
    const char strands[] = "010010", places[] = "001213";
    struct fr_weave weave;
    assert_int_equal(fr_weave_stream_bytes(entries, 2, CHUNK), 6 * CHUNK);
    assert_int_equal(fr_weave_init(&weave, entries, 2, CHUNK), 0);
    assert_int_equal(weave.chunk_count, 6);
    for (uint32_t chunk = 0; chunk < 6; chunk++) {
        assert_int_equal(weave.strands[chunk], strands[chunk] - '0');
        assert_int_equal(fr_weave_offset(&weave, chunk), (uint64_t) (places[chunk] - '0') * CHUNK);
    }
    assert_int_equal(fr_weave_bytes(&weave, 0), CHUNK);
    assert_int_equal(fr_weave_bytes(&weave, 1), CHUNK);
    assert_int_equal(fr_weave_bytes(&weave, 4), 5); /* the second of b: its last */
    assert_int_equal(fr_weave_bytes(&weave, 5), CHUNK);
    fr_weave_done(&weave);
    fr_weave_done(&weave);
}

/* Every chunk of every entry is there once, in order; and no entry is further along than another by more than a chunk of its own. */
static void check(const struct fr_weave *weave, const struct fr_entry *entries, uint32_t count) {
    uint32_t next[FR_ENTRIES_MAX] = {0};
    uint64_t bytes[FR_ENTRIES_MAX] = {0};
    for (uint32_t chunk = 0; chunk < weave->chunk_count; chunk++) {
        uint32_t strand = weave->strands[chunk];
        assert_in_range(strand, 0, count - 1);
        assert_int_equal(weave->places[chunk], next[strand]++);
        bytes[strand] += fr_weave_bytes(weave, chunk);
        for (uint32_t i = 0; i < count; i++) {
            double mine = (double) next[strand] / weave->strand_chunks[strand], other = (double) next[i] / weave->strand_chunks[i];
            assert_true(mine - other <= 1.0 / weave->strand_chunks[strand] + 1.0 / weave->strand_chunks[i] + 1e-9);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(next[i], weave->strand_chunks[i]);
        assert_true(bytes[i] == entries[i].bytes);
    }
}

static void drawn_sets_are_woven_whole(void **state) {
    struct fr_prng prng;
    (void) state;
    fr_prng_init(&prng, fr_test_seed());
    for (unsigned round = 0; round < 200; round++) {
        struct fr_entry entries[FR_ENTRIES_MAX];
        uint32_t count = 1 + (uint32_t) fr_prng_below(&prng, FR_ENTRIES_MAX);
        struct fr_weave weave;
        for (uint32_t i = 0; i < count; i++)
            entries[i].bytes = 1 + fr_prng_below(&prng, fr_prng_below(&prng, 4) ? 20 * CHUNK : 200 * CHUNK);
        assert_int_equal(fr_weave_init(&weave, entries, count, CHUNK), 0);
        check(&weave, entries, count);
        fr_weave_done(&weave);
    }
}

static void too_many_chunks_are_told(void **state) {
    (void) state;
    const struct fr_entry entries[] = {{(uint64_t) (FR_CHUNKS_MAX - 1) * CHUNK, "a"}, {CHUNK, "b"}, {1, "c"}};
    assert_true(fr_weave_stream_bytes(entries, 2, CHUNK) == (uint64_t) FR_CHUNKS_MAX * CHUNK);
    assert_true(fr_weave_stream_bytes(entries, 3, CHUNK) == UINT64_MAX);
    const struct fr_entry huge = {UINT64_MAX - 1, "h"};
    assert_true(fr_weave_stream_bytes(&huge, 1, CHUNK) == UINT64_MAX);
}

static void expect_wrong(const struct fr_entry *entries, uint32_t count, int error, uint32_t which, const char *why) {
    uint32_t entry = 99;
    const char *phrase = NULL;
    assert_int_equal(fr_entries_check("film", entries, count, &entry, &phrase), error);
    assert_int_equal(entry, which);
    assert_string_equal(phrase, why);
    assert_int_equal(fr_entries_check("film", entries, count, NULL, NULL), error);
}

static void what_is_no_set_is_told(void **state) {
    (void) state;
    static struct fr_entry many[FR_ENTRIES_MAX + 1];
    struct fr_entry entries[2] = {{1, "a"}, {1, "b"}};
    uint32_t entry = 99;
    const char *why = "untouched";
    assert_int_equal(fr_entries_check("film", entries, 2, &entry, &why), 0);
    assert_string_equal(why, "untouched");
    expect_wrong(entries, 0, FR_E_ARGUMENT, 0, "is one too many or one too few");
    expect_wrong(many, FR_ENTRIES_MAX + 1, FR_E_ARGUMENT, 0, "is one too many or one too few");
    strcpy(entries[1].name, "a");
    expect_wrong(entries, 2, FR_E_NAME, 1, "has the name of another");
    strcpy(entries[1].name, "x/y");
    expect_wrong(entries, 2, FR_E_NAME, 1, "has a name with a '/'");
    strcpy(entries[1].name, "..");
    expect_wrong(entries, 2, FR_E_NAME, 1, "has a component '..'");
    strcpy(entries[1].name, "b");
    entries[0].bytes = 0;
    expect_wrong(entries, 2, FR_E_ARGUMENT, 0, "is empty");
}

static void the_path_of_an_entry_must_fit(void **state) {
    (void) state;
    struct fr_entry entry = {1, ""};
    char name[FR_NAME_BYTES_MAX + 1] = "";
    const char *why;
    memset(entry.name, 'e', FR_ENTRY_NAME_BYTES_MAX);
    memset(name, 'n', FR_NAME_BYTES_MAX - 1 - FR_ENTRY_NAME_BYTES_MAX);
    assert_int_equal(fr_entries_check(name, &entry, 1, NULL, NULL), 0);
    name[strlen(name)] = 'n';
    assert_int_equal(fr_entries_check(name, &entry, 1, NULL, &why), FR_E_NAME);
    assert_string_equal(why, "has a name that is too long below the object's");
}

static int weave_some(void *user) {
    const struct fr_entry entries[] = {{4 * CHUNK, "a"}, {CHUNK + 5, "b"}};
    struct fr_weave weave;
    (void) user;
    int error = fr_weave_init(&weave, entries, 2, CHUNK);
    if (!error)
        fr_weave_done(&weave);
    return error;
}

static void without_memory_it_says_so(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(weave_some, NULL), 2, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_set_is_woven_in_proportion), cmocka_unit_test(drawn_sets_are_woven_whole),
        cmocka_unit_test(too_many_chunks_are_told),           cmocka_unit_test(what_is_no_set_is_told),
        cmocka_unit_test(the_path_of_an_entry_must_fit),      cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
