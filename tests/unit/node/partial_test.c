/* SPDX-License-Identifier: Apache-2.0 */
/* An object on its way to a real store: prepared, stored by workers, committed, closed; wrong bytes, full disks, closing too soon. */
#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <fastreplica/error.h>

#include "content/digest.h"
#include "node/partial.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"

#define ID "0f000000000000000000000000000000"
#define CHUNK FR_CHUNK_BYTES_MIN

struct seen {
    unsigned prepared, stored[3], looked[3], failed, committed, closed;
    struct fr_failure failure; /* the last */
};

static struct fr_store *store;
static uv_loop_t loop;
static struct seen seen;
static struct fr_opening opening;
static struct sample sample;

static void on_prepared(void *user, const struct fr_failure *failure) {
    (void) user;
    seen.prepared++;
    seen.failure = *failure;
}

static void on_stored(void *user, const struct fr_partial_chunk *chunk, enum fr_store_outcome outcome, const struct fr_failure *failure) {
    (void) user;
    seen.stored[outcome]++;
    seen.failure = *failure;
    fr_buffer_unref(chunk->buffer);
}

static void on_stored_all(void *user) { (void) user; }

static void on_looked(void *user, fr_chunk_index chunk, enum fr_store_outcome outcome, const struct fr_failure *failure) {
    (void) user;
    assert_in_range(chunk, 0, sample.record.chunk_count - 1);
    seen.looked[outcome]++;
    if (outcome == FR_STORE_FAILED)
        seen.failure = *failure;
}

static void on_failed(void *user, const struct fr_failure *failure) {
    (void) user;
    seen.failed++;
    seen.failure = *failure;
}

static void on_committed(void *user, const struct fr_failure *failure) {
    (void) user;
    seen.committed++;
    seen.failure = *failure;
}

static void on_closed(void *user) {
    (void) user;
    seen.closed++;
}

static const struct fr_partial_events events = {.on_prepared = on_prepared,
                                                .on_stored = on_stored,
                                                .on_stored_all = on_stored_all,
                                                .on_looked = on_looked,
                                                .on_failed = on_failed,
                                                .on_committed = on_committed,
                                                .on_closed = on_closed};

static int set_up(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    scratch_init();
    uv_loop_init(&loop);
    seen = (struct seen){0};
    sample_init(&sample, 5 * CHUNK + 100, 7);
    opening = (struct fr_opening){.transfer_id = {0x0f}, .object_bytes = sample.count, .chunk_bytes = CHUNK, .mode = 0640, .name = "a/b"};
    return fr_store_open(scratch_path("store"), &store, &failure);
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    int rc = uv_loop_close(&loop);
    sample_done(&sample);
    fr_store_close(store);
    scratch_done();
    return rc;
}

static void run(void) { uv_run(&loop, UV_RUN_DEFAULT); }

static struct fr_partial *make_partial(void) {
    const struct fr_partial_options options = {.loop = &loop, .store = store, .opening = &opening, .events = &events};
    struct fr_partial *partial = NULL;
    assert_int_equal(fr_partial_new(&options, &partial), 0);
    return partial;
}

static void store_chunk(struct fr_partial *partial, uint32_t chunk, bool is_right) {
    uint32_t offset = chunk * CHUNK, bytes = sample.count - offset < CHUNK ? sample.count - offset : CHUNK;
    struct fr_buffer *buffer = fr_buffer_new(CHUNK);
    memcpy(buffer->data, sample.bytes + offset, bytes);
    buffer->bytes = bytes;
    if (!is_right)
        buffer->data[bytes / 2] ^= 1;
    const struct fr_partial_chunk what = {
        .chunk = chunk, .offset = offset, .buffer = buffer, .digest = sample.record.digests[chunk], .is_upstream = true};
    fr_partial_store(partial, &what);
}

static void store_all(struct fr_partial *partial) {
    for (uint32_t chunk = sample.record.chunk_count; chunk-- > 0;)
        store_chunk(partial, chunk, true);
    run();
    assert_int_equal(seen.stored[FR_STORE_OK], sample.record.chunk_count);
}

static struct fr_transfer_view view_of_sample(void) {
    return (struct fr_transfer_view){.opening = &opening,
                                     .object_bytes = sample.count,
                                     .chunk_count = sample.record.chunk_count,
                                     .digests = sample.record.digests,
                                     .is_end_known = true,
                                     .root = sample.record.root,
                                     .sha256 = sample.record.sha256};
}

static void close_partial(struct fr_partial *partial) {
    fr_partial_close(partial);
    run();
    assert_int_equal(seen.closed, 1);
}

static bool is_partial_there(void) { return scratch_entry_count(scratch_path("store/.fastreplica/partial")) > 0; }

static void test_the_whole_way(void **state) {
    (void) state;
    struct fr_partial *partial = make_partial();
    run();
    assert_int_equal(seen.prepared, 1);
    assert_int_equal(seen.failure.error, 0);
    assert_false(fr_partial_held(partial).is_any);
    store_all(partial);
    assert_false(scratch_exists(scratch_path("store/a/b")));
    struct fr_transfer_view view = view_of_sample();
    fr_partial_commit(partial, &view);
    run();
    assert_int_equal(seen.committed, 1);
    assert_int_equal(seen.failure.error, 0);
    assert_true(scratch_holds(scratch_path("store/a/b"), sample.bytes, sample.count));
    struct fr_chunk_source source = fr_partial_chunk_source(partial); /* still readable: neighbours may want it */
    uint8_t byte = 0;
    assert_int_equal(source.read(source.handle, CHUNK, &byte, 1, &seen.failure), 0);
    assert_int_equal(byte, sample.bytes[CHUNK]);
    close_partial(partial);
    assert_true(scratch_exists(scratch_path("store/a/b")));
}

static void test_wrong_bytes_are_not_written(void **state) {
    (void) state;
    struct fr_partial *partial = make_partial();
    run();
    store_chunk(partial, 0, true);
    run();
    store_chunk(partial, 0, false);
    run();
    assert_int_equal(seen.stored[FR_STORE_BAD_DIGEST], 1);
    struct fr_chunk_source source = fr_partial_chunk_source(partial);
    uint8_t bytes[CHUNK];
    assert_int_equal(source.read(source.handle, 0, bytes, CHUNK, &seen.failure), 0);
    assert_memory_equal(bytes, sample.bytes, CHUNK);
    close_partial(partial);
    assert_false(is_partial_there());
}

static void test_closing_unfinished_leaves_nothing(void **state) {
    (void) state;
    struct fr_partial *partial = make_partial();
    run();
    assert_true(is_partial_there());
    store_chunk(partial, 1, true);
    fr_partial_close(partial); /* while the job runs: its outcome is told to nobody */
    run();
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.stored[FR_STORE_OK], 0);
    assert_false(is_partial_there());
    assert_false(scratch_exists(scratch_path("store/a")));
}

static void test_closing_before_it_is_prepared(void **state) {
    (void) state;
    close_partial(make_partial());
    assert_int_equal(seen.prepared, 0);
    assert_false(is_partial_there());
}

static void hold_sample(void) {
    struct fr_failure failure = {0};
    assert_int_equal(sample_store(&sample, store, ID, "a/b", &failure), 0);
}

static void test_a_held_object_needs_no_room(void **state) {
    (void) state;
    hold_sample();
    struct fr_partial *partial = make_partial();
    run();
    assert_int_equal(seen.failure.error, 0);
    const struct fr_record *held = fr_partial_held(partial).record;
    assert_non_null(held);
    assert_false(fr_partial_held(partial).has_kept);
    assert_int_equal(held->chunk_count, sample.record.chunk_count);
    assert_true(fr_digest_equal(&held->root, &sample.record.root));
    assert_false(is_partial_there());
    close_partial(partial);
    assert_true(scratch_holds(scratch_path("store/a/b"), sample.bytes, sample.count));
}

static void test_a_held_object_that_differs_is_replaced(void **state) {
    (void) state;
    hold_sample();
    sample_done(&sample);
    sample_init(&sample, 5 * CHUNK + 100, 8);
    struct fr_partial *partial = make_partial();
    run();
    assert_non_null(fr_partial_held(partial).record);
    store_all(partial); /* the partial file is made now, and the chunks wait for it */
    struct fr_transfer_view view = view_of_sample();
    fr_partial_commit(partial, &view);
    run();
    assert_int_equal(seen.failure.error, 0);
    close_partial(partial);
    assert_true(scratch_holds(scratch_path("store/a/b"), sample.bytes, sample.count));
}

static void test_of_another_cut_the_digests_are_of_no_use(void **state) {
    (void) state;
    hold_sample();
    opening.chunk_bytes = 2 * CHUNK;
    struct fr_partial *partial = make_partial();
    run();
    assert_null(fr_partial_held(partial).record);
    assert_true(fr_partial_held(partial).is_any); /* its bytes may be */
    close_partial(partial);
}

static void look(struct fr_partial *partial, uint32_t chunk) {
    uint32_t offset = chunk * CHUNK, bytes = sample.count - offset < CHUNK ? sample.count - offset : CHUNK;
    const struct fr_partial_look what = {.chunk = chunk, .offset = offset, .count = bytes, .digest = sample.record.digests[chunk]};
    fr_partial_reuse(partial, &what);
}

static void look_at_all(struct fr_partial *partial) {
    for (uint32_t chunk = 0; chunk < sample.record.chunk_count; chunk++)
        look(partial, chunk);
    run();
}

static void commit_and_compare(struct fr_partial *partial) {
    struct fr_transfer_view view = view_of_sample();
    fr_partial_commit(partial, &view);
    run();
    assert_int_equal(seen.failure.error, 0);
    close_partial(partial);
    assert_true(scratch_holds(scratch_path("store/a/b"), sample.bytes, sample.count));
}

/* Of an older version one chunk is another: the rest is copied from it. */
static void test_equal_chunks_come_from_the_finished_object(void **state) {
    (void) state;
    sample.bytes[2 * CHUNK + 5] ^= 1;
    hold_sample();
    sample.bytes[2 * CHUNK + 5] ^= 1;
    struct fr_partial *partial = make_partial();
    run();
    look_at_all(partial);
    assert_int_equal(seen.looked[FR_STORE_OK], sample.record.chunk_count - 1);
    assert_int_equal(seen.looked[FR_STORE_BAD_DIGEST], 1);
    store_chunk(partial, 2, true);
    run();
    commit_and_compare(partial);
}

static void test_also_from_a_file_that_somebody_put_there(void **state) {
    (void) state;
    assert_int_equal(mkdir(scratch_path("store/a"), 0755), 0);
    scratch_put(scratch_path("store/a/b"), sample.bytes, 3 * CHUNK);
    struct fr_partial *partial = make_partial();
    run();
    assert_true(fr_partial_held(partial).is_any);
    look_at_all(partial);
    assert_int_equal(seen.looked[FR_STORE_OK], 3);
    for (uint32_t chunk = 3; chunk < sample.record.chunk_count; chunk++)
        store_chunk(partial, chunk, true);
    run();
    commit_and_compare(partial);
}

static void test_a_transfer_that_was_cut_short_goes_on(void **state) {
    (void) state;
    fr_store_keep(store, 3600);
    struct fr_partial *partial = make_partial();
    run();
    store_chunk(partial, 1, true);
    store_chunk(partial, 4, true);
    run();
    close_partial(partial);
    seen = (struct seen){0};
    partial = make_partial();
    run();
    assert_true(fr_partial_held(partial).has_kept);
    look_at_all(partial);
    assert_int_equal(seen.looked[FR_STORE_OK], 2);
    assert_int_equal(seen.looked[FR_STORE_BAD_DIGEST], sample.record.chunk_count - 2);
    for (uint32_t chunk = 0; chunk < sample.record.chunk_count; chunk++)
        if (chunk != 1 && chunk != 4)
            store_chunk(partial, chunk, true);
    run();
    commit_and_compare(partial);
}

/* A byte of what was left has changed since: it is not believed. */
static void test_what_was_left_is_compared(void **state) {
    (void) state;
    fr_store_keep(store, 3600);
    struct fr_partial *partial = make_partial();
    run();
    store_chunk(partial, 0, true);
    store_chunk(partial, 1, true);
    run();
    close_partial(partial);
    FILE *file = fopen(sample_path_of("a/b", NULL), "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, CHUNK + 7, SEEK_SET), 0);
    assert_int_equal(fputc(sample.bytes[CHUNK + 7] ^ 1, file), sample.bytes[CHUNK + 7] ^ 1);
    assert_int_equal(fclose(file), 0);
    seen = (struct seen){0};
    partial = make_partial();
    run();
    look_at_all(partial);
    assert_int_equal(seen.looked[FR_STORE_OK], 1);
    close_partial(partial);
}

static void test_looking_at_a_held_object_with_no_room_fails(void **state) {
    (void) state;
    hold_sample();
    struct fr_partial *partial = make_partial();
    run();
    struct disk_fault fault = {.call = FR_DISK_ALLOCATE, .nth = 1, .and_later = true, .sys_errno = ENOSPC};
    disk_fault_start(&fault);
    look(partial, 0);
    look(partial, 1);
    run();
    disk_fault_stop();
    assert_int_equal(seen.looked[FR_STORE_FAILED], 2);
    assert_int_equal(seen.failure.error, FR_E_NO_SPACE);
    close_partial(partial);
}

static void test_what_the_store_refuses(void **state) {
    (void) state;
    opening.object_bytes = 1ull << 60;
    struct fr_partial *partial = make_partial();
    run();
    assert_int_equal(seen.prepared, 1);
    assert_true(seen.failure.error == FR_E_NO_SPACE || seen.failure.error == FR_E_LIMIT);
    assert_true(seen.failure.text[0] != 0);
    close_partial(partial);
    assert_false(is_partial_there());
}

static void test_a_held_object_and_no_room_for_another(void **state) {
    (void) state;
    hold_sample();
    struct fr_partial *partial = make_partial();
    run();
    assert_non_null(fr_partial_held(partial).record);
    struct disk_fault fault = {.call = FR_DISK_ALLOCATE, .nth = 1, .and_later = true, .sys_errno = ENOSPC};
    disk_fault_start(&fault);
    store_chunk(partial, 0, true);
    store_chunk(partial, 1, true);
    run();
    assert_int_equal(seen.stored[FR_STORE_FAILED], 2);
    assert_int_equal(seen.failure.error, FR_E_NO_SPACE);
    disk_fault_stop();
    close_partial(partial);
    assert_true(scratch_holds(scratch_path("store/a/b"), sample.bytes, sample.count));
}

static void test_a_write_that_fails(void **state) {
    (void) state;
    struct fr_partial *partial = make_partial();
    run();
    struct disk_fault fault = {.call = FR_DISK_WRITE, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    store_chunk(partial, 0, true);
    run();
    assert_int_equal(seen.stored[FR_STORE_FAILED], 1);
    assert_int_equal(seen.failure.error, FR_E_IO);
    assert_int_equal(seen.failure.sys_errno, EIO);
    close_partial(partial);
}

/* Who pushes counts the file as one that is here, as long as nobody says otherwise. */
static void test_a_file_of_a_set_that_does_not_get_its_name(void **state) {
    (void) state;
    sample_done(&sample);
    sample_init(&sample, 2 * CHUNK, 7);
    opening.object_bytes = sample.count;
    opening.entry_count = 1;
    opening.entries[0] = (struct fr_entry){.bytes = sample.count, .name = "1of1"};
    struct fr_partial *partial = make_partial();
    run();
    struct disk_fault fault = {.call = FR_DISK_RENAME, .nth = 1, .sys_errno = EIO};
    disk_fault_start(&fault);
    store_all(partial);
    disk_fault_stop();
    assert_int_equal(seen.failed, 1);
    assert_int_equal(seen.failure.error, FR_E_IO);
    assert_false(scratch_exists(scratch_path("store/a/b/1of1")));
    close_partial(partial);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_whole_way),
        TEST(test_wrong_bytes_are_not_written),
        TEST(test_closing_unfinished_leaves_nothing),
        TEST(test_closing_before_it_is_prepared),
        TEST(test_a_held_object_needs_no_room),
        TEST(test_a_held_object_that_differs_is_replaced),
        TEST(test_of_another_cut_the_digests_are_of_no_use),
        TEST(test_equal_chunks_come_from_the_finished_object),
        TEST(test_also_from_a_file_that_somebody_put_there),
        TEST(test_a_transfer_that_was_cut_short_goes_on),
        TEST(test_what_was_left_is_compared),
        TEST(test_looking_at_a_held_object_with_no_room_fails),
        TEST(test_what_the_store_refuses),
        TEST(test_a_held_object_and_no_room_for_another),
        TEST(test_a_write_that_fails),
        TEST(test_a_file_of_a_set_that_does_not_get_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
