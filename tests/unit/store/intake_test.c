/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a set on their way into a real store: each gets its name when it is whole; what is here already is found and taken over. */
#include "store/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fastreplica/error.h>

#include "content/digest.h"
#include "store/disk.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"
#include "support/test.h"

enum { CHUNK = FR_CHUNK_BYTES_MIN, ENTRIES = 2 };

#define ID "0a"
#define SET "store/film"

static struct fr_store *store;
static struct sample samples[ENTRIES]; /* 3 chunks and 5 bytes, 1 chunk */
static struct fr_entry entries[ENTRIES];
static struct fr_weave weave;

static int set_up(void **state) {
    struct fr_failure failure = {0};
    (void) state;
    scratch_init();
    if (fr_store_open(scratch_path("store"), &store, &failure))
        fail_msg("%s", failure.text);
    fr_store_keep(store, 3600);
    sample_init(&samples[0], 3 * CHUNK + 5, 1);
    sample_init(&samples[1], CHUNK, 2);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entries[i].bytes = samples[i].count;
        snprintf(entries[i].name, sizeof entries[i].name, "%uof2.mp4", i + 1);
    }
    return fr_weave_init(&weave, entries, ENTRIES, CHUNK);
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_weave_done(&weave);
    for (uint32_t i = 0; i < ENTRIES; i++)
        sample_done(&samples[i]);
    fr_store_close(store);
    scratch_done();
    return 0;
}

static struct fr_intake *find_intake(void) {
    const struct fr_intake_options options = {.store = store,
                                              .id = ID,
                                              .name = "film",
                                              .mode = 0640,
                                              .chunk_bytes = CHUNK,
                                              .object_bytes = (uint64_t) weave.chunk_count * CHUNK,
                                              .entries = entries,
                                              .entry_count = ENTRIES};
    struct fr_intake *intake = NULL;
    assert_int_equal(fr_intake_new(&options, &intake), 0);
    fr_intake_find(intake);
    return intake;
}

static struct fr_intake *open_intake(void) {
    struct fr_failure failure = {0};
    struct fr_intake *intake = find_intake();
    if (fr_intake_open(intake, &failure))
        fail_msg("%s", failure.text);
    return intake;
}

/* A chunk as it goes over the wire: filled up with zeros. */
static struct fr_intake_chunk make_chunk(fr_chunk_index chunk, uint8_t *out) {
    struct fr_intake_chunk made = {.chunk = chunk, .offset = (uint64_t) chunk * CHUNK, .bytes = CHUNK};
    uint32_t bytes = fr_weave_bytes(&weave, chunk);
    memset(out + bytes, 0, CHUNK - bytes);
    memcpy(out, samples[weave.strands[chunk]].bytes + fr_weave_offset(&weave, chunk), bytes);
    fr_digest_of(out, CHUNK, &made.digest);
    return made;
}

/* Returns the entry that is whole with it. */
static uint32_t write_chunk(struct fr_intake *intake, fr_chunk_index chunk) {
    uint8_t bytes[CHUNK];
    struct fr_failure failure = {0};
    const struct fr_intake_chunk made = make_chunk(chunk, bytes);
    if (fr_intake_write(intake, &made, bytes, &failure))
        fail_msg("%s", failure.text);
    return fr_intake_count(intake, &made);
}

static bool look(struct fr_intake *intake, fr_chunk_index chunk) {
    uint8_t bytes[CHUNK];
    struct fr_failure failure = {0};
    bool is_here;
    const struct fr_intake_chunk made = make_chunk(chunk, bytes);
    assert_int_equal(fr_intake_look(intake, &made, &is_here, &failure), 0);
    if (is_here)
        fr_intake_count(intake, &made);
    return is_here;
}

/* Writes one entry to its end and seals it. */
static void bring(struct fr_intake *intake, uint32_t entry) {
    struct fr_failure failure = {0};
    uint32_t whole = FR_ENTRIES_MAX;
    for (fr_chunk_index chunk = 0; chunk < weave.chunk_count; chunk++)
        if (weave.strands[chunk] == entry) {
            assert_int_equal(whole, FR_ENTRIES_MAX);
            whole = write_chunk(intake, chunk);
        }
    assert_int_equal(whole, entry);
    if (fr_intake_seal(intake, entry, &failure))
        fail_msg("%s", failure.text);
}

/* An earlier push of the set left all of it in the store. */
static void leave_all(void) {
    struct fr_intake *intake = open_intake();
    for (uint32_t entry = 0; entry < ENTRIES; entry++)
        bring(intake, entry);
    fr_intake_close(intake);
}

static bool holds(uint32_t entry) {
    return scratch_holds(scratch_path(SET "/%s", entries[entry].name), samples[entry].bytes, samples[entry].count);
}

static bool is_there(uint32_t entry) { return scratch_exists(scratch_path(SET "/%s", entries[entry].name)); }

static void an_entry_gets_its_name_when_it_is_whole(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_intake *intake = open_intake();
    assert_null(fr_intake_record(intake));
    assert_false(fr_intake_has_kept(intake));
    bring(intake, 1);
    assert_true(holds(1));
    assert_false(is_there(0));
    bring(intake, 0);
    assert_true(holds(0));
    assert_int_equal(fr_intake_seal(intake, 0, &failure), 0); /* again, and nothing happens */
    assert_int_equal(fr_intake_commit(intake, NULL, &failure), 0);
    for (fr_chunk_index chunk = 0; chunk < weave.chunk_count; chunk++) { /* and is read as it came */
        uint8_t expected[CHUNK], bytes[CHUNK];
        make_chunk(chunk, expected);
        assert_int_equal(fr_intake_read(intake, (uint64_t) chunk * CHUNK, bytes, CHUNK, &failure), 0);
        assert_memory_equal(bytes, expected, CHUNK);
    }
    assert_false(fr_intake_must_verify(intake));
    fr_intake_close(intake);
    assert_int_equal(scratch_entry_count(scratch_path("store/.fastreplica/partial")), 0);
}

static void a_whole_set_is_known_again(void **state) {
    (void) state;
    struct fr_digest root;
    struct fr_digest digests[8];
    leave_all();
    struct fr_intake *intake = find_intake();
    assert_true(fr_intake_is_same_size(intake));
    assert_true(fr_intake_must_verify(intake));
    for (fr_chunk_index chunk = 0; chunk < weave.chunk_count; chunk++) {
        uint8_t bytes[CHUNK];
        digests[chunk] = make_chunk(chunk, bytes).digest;
        assert_true(fr_digest_equal(&fr_intake_record(intake)->digests[chunk], &digests[chunk]));
    }
    fr_root_of(CHUNK, (uint64_t) weave.chunk_count * CHUNK, digests, weave.chunk_count, &root);
    assert_true(fr_digest_equal(&fr_intake_record(intake)->root, &root));
    fr_intake_close(intake);
}

static void what_was_cut_short_is_taken_over(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_intake *intake = open_intake();
    bring(intake, 1);
    write_chunk(intake, 0); /* of entry 0, one chunk */
    fr_intake_close(intake);
    intake = open_intake();
    assert_null(fr_intake_record(intake));
    assert_true(fr_intake_has_kept(intake));
    for (fr_chunk_index chunk = 0; chunk < weave.chunk_count; chunk++) {
        assert_int_equal(look(intake, chunk), weave.strands[chunk] == 1 || chunk == 0);
        if (weave.strands[chunk] == 0 && chunk != 0)
            write_chunk(intake, chunk);
    }
    assert_int_equal(fr_intake_commit(intake, NULL, &failure), 0);
    fr_intake_close(intake);
    assert_true(holds(0) && holds(1));
}

/* The same name, another film: its first chunk is as before. */
static void an_entry_that_is_another_is_made_anew(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    leave_all();
    samples[0].bytes[2 * CHUNK]++;
    struct fr_intake *intake = open_intake();
    for (fr_chunk_index chunk = 0; chunk < weave.chunk_count; chunk++) {
        bool is_other = weave.strands[chunk] == 0 && weave.places[chunk] == 2;
        assert_int_equal(look(intake, chunk), !is_other);
        if (is_other)
            write_chunk(intake, chunk);
    }
    assert_false(holds(0)); /* the old one is there until then */
    assert_int_equal(fr_intake_commit(intake, NULL, &failure), 0);
    fr_intake_close(intake);
    assert_true(holds(0) && holds(1));
}

/* By hand, in the same file, after it was found to be as its record says. */
static void what_was_changed_by_hand_meanwhile_is_not_taken_over(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t bytes[CHUNK];
    leave_all();
    samples[0].bytes[2 * CHUNK]++;
    struct fr_intake *intake = open_intake();
    assert_true(look(intake, 0)); /* the first of entry 0 */
    int fd = open(scratch_path(SET "/%s", entries[0].name), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "changed", 7, 100), 7);
    close(fd);
    fr_chunk_index other = 0;
    while (weave.strands[other] != 0 || weave.places[other] != 2)
        other++;
    const struct fr_intake_chunk made = make_chunk(other, bytes);
    for (unsigned i = 0; i < 2; i++) { /* two workers, one after the other */
        failure = (struct fr_failure){0};
        assert_int_equal(fr_intake_write(intake, &made, bytes, &failure), FR_E_CHANGED);
        assert_non_null(strstr(failure.text, "1of2.mp4 was changed by hand"));
    }
    fr_intake_close(intake);
}

static void a_seal_that_fails_leaves_nothing(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_intake *intake = open_intake();
    write_chunk(intake, 1);
    struct disk_fault fault = {.call = FR_DISK_RENAME, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    assert_int_equal(fr_intake_seal(intake, 1, &failure), FR_E_IO);
    disk_fault_stop();
    assert_false(is_there(1));
    fr_intake_close(intake);
}

static void a_file_in_the_place_of_the_folder_is_refused(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    scratch_put(scratch_path(SET), "x", 1);
    struct fr_intake *intake = find_intake();
    assert_int_equal(fr_intake_open(intake, &failure), FR_E_NAME);
    assert_non_null(strstr(failure.text, "film is a file, not a folder"));
    fr_intake_close(intake);
    assert_int_equal(scratch_entry_count(scratch_path("store/.fastreplica/partial")), 0);
}

#define stored(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        stored(an_entry_gets_its_name_when_it_is_whole),
        stored(a_whole_set_is_known_again),
        stored(what_was_cut_short_is_taken_over),
        stored(an_entry_that_is_another_is_made_anew),
        stored(what_was_changed_by_hand_meanwhile_is_not_taken_over),
        stored(a_seal_that_fails_leaves_nothing),
        stored(a_file_in_the_place_of_the_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
