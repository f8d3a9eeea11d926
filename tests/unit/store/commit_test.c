/* SPDX-License-Identifier: Apache-2.0 */
/* Fault walks from the opening of a sink to its end: whichever disk call or allocation fails, there is an error, nothing leaks, and under
 * the final name is the old object or the whole new one. And commits that race for one name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "content/digest.h"
#include "store/store.h"
#include "support/disk_fault.h"
#include "support/sample.h"
#include "support/scratch.h"

#define ID "0123456789abcdef0123456789abcdef"
#define NAME "a/b/x"
#define PARTIAL "store/.fastreplica/partial"
#define RECORDS "store/.fastreplica/records"

static struct fr_store *store;
static struct sample old_sample, new_sample;

static int set_up(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    scratch_init_in_memory(); /* the walks sync thousands of times */
    sample_init(&old_sample, 3 * FR_CHUNK_BYTES_MIN + 1, 1);
    sample_init(&new_sample, 2 * FR_CHUNK_BYTES_MIN + 3, 2);
    return fr_store_open(scratch_path("store"), &store, &failure);
}

static int tear_down(void **state) {
    (void) state;
    disk_fault_stop();
    fr_memory_fail_from(0);
    fr_store_close(store);
    sample_done(&old_sample);
    sample_done(&new_sample);
    scratch_done();
    return 0;
}

static bool holds(const struct sample *sample) { return scratch_holds(scratch_path("store/" NAME), sample->bytes, sample->count); }

/* Is this the object that the store believes in? */
static bool finds(const struct sample *sample) {
    struct fr_record found = {0};
    bool result = fr_store_find(store, NAME, &found) && fr_digest_equal(&found.root, &sample->record.root);
    fr_record_done(&found);
    return result;
}

static void put_old(bool has_old) {
    struct fr_failure failure = {0};
    if (has_old) {
        if (sample_store(&old_sample, store, "1", NAME, &failure))
            fail_msg("%s", failure.text);
        return;
    }
    remove(scratch_path("store/" NAME));
    rmdir(scratch_path("store/a/b"));
    rmdir(scratch_path("store/a"));
}

/* May this fail without consequence? (Beside the calls that write the record: then there is no record.) */
static bool is_harmless(int call) {
    return call == FR_DISK_STATVFS || call == FR_DISK_SET_TIMES || call == FR_DISK_UNLINK || call == FR_DISK_LOOK;
}

/* One way from open to close with a fault. false: it no longer met one. */
static bool walk_once(struct disk_fault *fault, bool has_old, uint64_t object_bytes) {
    struct fr_failure failure = {0};
    struct fr_sink *sink = NULL;
    put_old(has_old);
    unsigned fds = scratch_fd_count();
    disk_fault_start(fault);
    int error = fr_sink_open(store, ID, NAME, object_bytes, 0644, &sink, &failure);
    if (!error)
        error = sample_write(&new_sample, sink, &failure);
    if (!error)
        error = fr_sink_commit(sink, &new_sample.record, &failure);
    fr_sink_close(sink);
    disk_fault_stop();
    assert_int_equal(scratch_fd_count(), fds);
    unsigned number = (unsigned) fault->nth;
    if (error) {
        if (error != failure.error || failure.sys_errno != fault->sys_errno || strncmp(failure.text, "store /", 7) != 0)
            fail_msg("call %u (kind %d): error %d, '%s'", number, fault->last_failed, error, failure.text);
        bool is_old = has_old ? holds(&old_sample) : !scratch_exists(scratch_path("store/" NAME));
        /* When all later calls fail as well, what the last one did cannot be taken back. Then it is the whole new one. */
        if (!is_old && !(fault->and_later && holds(&new_sample)))
            fail_msg("call %u (kind %d): neither the old nor the new object is there", number, fault->last_failed);
        if (!has_old && !fault->and_later && scratch_exists(scratch_path("store/a")))
            fail_msg("call %u (kind %d): folders that were made stay behind", number, fault->last_failed);
    } else if (!holds(&new_sample)) {
        fail_msg("call %u (kind %d): success, but not the new object", number, fault->last_failed);
    } else if (fault->failed > 0 && finds(&new_sample) && !is_harmless(fault->last_failed)) {
        fail_msg("call %u (kind %d): its failure was overlooked", number, fault->last_failed);
    }
    /* The very call that should tidy up may be the one that failed; the next opening does it then. */
    bool can_be_tidy = !fault->and_later && fault->last_failed != FR_DISK_UNLINK;
    if (can_be_tidy && scratch_entry_count(scratch_path(PARTIAL)) != 0)
        fail_msg("call %u (kind %d): something stays in partial/", number, fault->last_failed);
    bool was_met = fault->failed > 0;
    if (!was_met)
        assert_true(error == 0 && finds(&new_sample));
    return was_met;
}

static void reopen(void) {
    struct fr_failure failure = {0};
    fr_store_close(store);
    assert_int_equal(fr_store_open(scratch_path("store"), &store, &failure), 0);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

/* All calls one after the other; returns how many there were. */
static uint64_t walk(struct disk_fault template, bool has_old, uint64_t object_bytes) {
    for (uint64_t nth = 1;; nth++) {
        template.nth = nth;
        if (!walk_once(&template, has_old, object_bytes))
            return nth - 1;
        reopen();
        /* Whatever happened, the same object can be received now. */
        struct fr_failure failure = {0};
        assert_int_equal(sample_store(&new_sample, store, ID, NAME, &failure), 0);
        assert_true(holds(&new_sample) && finds(&new_sample));
        put_old(false);
    }
}

static void every_failing_call_leaves_nothing_behind(void **state) {
    (void) state;
    struct disk_fault fault = {.call = DISK_FAULT_ANY, .sys_errno = EIO};
    assert_true(walk(fault, false, new_sample.count) > 25);
    assert_true(walk(fault, false, FR_BYTES_UNKNOWN) > 25);
}

static void every_failing_call_leaves_the_old_object(void **state) {
    (void) state;
    struct disk_fault fault = {.call = DISK_FAULT_ANY, .sys_errno = EIO};
    assert_true(walk(fault, true, new_sample.count) > 25);
}

static void a_disk_that_dies_leaves_the_old_or_the_new_object(void **state) {
    (void) state;
    struct disk_fault fault = {.call = DISK_FAULT_ANY, .and_later = true, .sys_errno = EIO};
    walk(fault, true, new_sample.count);
    walk(fault, false, new_sample.count);
}

static void a_disk_that_fills_up_leaves_the_old_object(void **state) {
    (void) state;
    static const int calls[] = {FR_DISK_ALLOCATE, FR_DISK_WRITE, FR_DISK_SYNC, FR_DISK_MKDIR, FR_DISK_LINK, FR_DISK_RENAME};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct disk_fault fault = {.call = calls[i], .sys_errno = ENOSPC};
        walk(fault, false, new_sample.count);
        walk(fault, true, new_sample.count);
    }
}

static void every_failing_allocation_is_told(void **state) {
    (void) state;
    uint64_t nth = 1;
    bool was_refused = true;
    for (; was_refused; nth++) {
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        int error = sample_store(&new_sample, store, ID, NAME, &failure);
        uint64_t count = fr_memory_count();
        fr_memory_fail_from(0);
        if (error) {
            assert_int_equal(error, FR_E_MEMORY);
            assert_int_equal(failure.error, FR_E_MEMORY);
            assert_false(scratch_exists(scratch_path("store/" NAME)));
        } else {
            assert_true(holds(&new_sample));
        }
        assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
        was_refused = count >= nth; /* also when only the record could not be made, which is no failure */
        put_old(false);
    }
    assert_true(nth > 2);
}

static void a_record_that_cannot_be_written_is_no_failure(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *sink;
    put_old(true);
    assert_int_equal(fr_sink_open(store, ID, NAME, new_sample.count, 0644, &sink, &failure), 0);
    assert_int_equal(sample_write(&new_sample, sink, &failure), 0);
    struct disk_fault fault = {.call = FR_DISK_WRITE, .nth = 1, .sys_errno = ENOSPC}; /* the record's write is the next one */
    disk_fault_start(&fault);
    assert_int_equal(fr_sink_commit(sink, &new_sample.record, &failure), 0);
    disk_fault_stop();
    assert_int_equal(fault.failed, 1);
    fr_sink_close(sink);
    assert_true(holds(&new_sample));
    assert_false(finds(&new_sample));
    assert_false(finds(&old_sample)); /* the old record is there still, and does not fit */
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

/* Coarse time stamps would lie before `before`, or be the ones of the last write. */
static void the_objects_time_is_the_precise_one_of_its_commit(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *sink;
    struct stat status;
    struct timespec before;
    assert_int_equal(fr_sink_open(store, ID, NAME, new_sample.count, 0644, &sink, &failure), 0);
    assert_int_equal(sample_write(&new_sample, sink, &failure), 0);
    clock_gettime(CLOCK_REALTIME, &before);
    assert_int_equal(fr_sink_commit(sink, &new_sample.record, &failure), 0);
    fr_sink_close(sink);
    assert_int_equal(stat(scratch_path("store/" NAME), &status), 0);
    assert_true(status.st_mtim.tv_sec > before.tv_sec ||
                (status.st_mtim.tv_sec == before.tv_sec && status.st_mtim.tv_nsec >= before.tv_nsec));
}

static void without_hard_links_it_commits_as_well(void **state) {
    (void) state;
    static const int answers[] = {EPERM, EOPNOTSUPP, ENOSYS, EMLINK};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct disk_fault fault = {.call = FR_DISK_LINK, .nth = 1, .sys_errno = answers[i]};
        struct fr_failure failure = {0};
        put_old(true);
        disk_fault_start(&fault);
        assert_int_equal(sample_store(&new_sample, store, ID, NAME, &failure), 0);
        disk_fault_stop();
        assert_int_equal(fault.failed, 1);
        assert_true(holds(&new_sample) && finds(&new_sample));
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's type */
static int refuse_links_and_folder_syncs(void *user, enum fr_disk_call call, size_t *count) {
    unsigned *syncs = user;
    (void) count;
    if (call == FR_DISK_LINK)
        return EPERM;
    return call == FR_DISK_SYNC && ++*syncs == 2 ? EIO : 0; /* the first one is the file's */
}

static void without_hard_links_it_says_what_it_cannot_take_back(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    unsigned syncs = 0;
    put_old(true);
    fr_disk_set_hook(refuse_links_and_folder_syncs, &syncs);
    assert_int_equal(sample_store(&new_sample, store, ID, NAME, &failure), FR_E_IO);
    fr_disk_set_hook(NULL, NULL);
    assert_non_null(
        strstr(failure.text, "cannot sync the folder of a/b/x (the new one is there now, but a power cut may take it away): In"));
    assert_true(holds(&new_sample));
    assert_false(finds(&old_sample));
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

/* The last call of the way is made to fail for real: something is put where the object should go after the opening. */
static void what_comes_into_the_way_later_stays(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *sink;
    assert_int_equal(fr_sink_open(store, ID, NAME, new_sample.count, 0644, &sink, &failure), 0);
    assert_int_equal(sample_write(&new_sample, sink, &failure), 0);
    assert_int_equal(mkdir(scratch_path("store/a"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("store/a/b"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("store/a/b/x"), 0700), 0);
    assert_int_equal(fr_sink_commit(sink, &new_sample.record, &failure), FR_E_IO);
    assert_non_null(strstr(failure.text, "cannot rename the received file to a/b/x: Is a directory"));
    fr_sink_close(sink);
    assert_int_equal(scratch_entry_count(scratch_path("store/a/b/x")), 0);
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
}

static void a_partial_that_was_cut_or_removed_by_hand_is_no_object(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *sink;
    assert_int_equal(fr_sink_open(store, ID, NAME, new_sample.count, 0644, &sink, &failure), 0);
    assert_int_equal(sample_write(&new_sample, sink, &failure), 0);
    assert_int_equal(truncate(sample_path_of(NAME, ID), 10), 0);
    assert_int_equal(fr_sink_commit(sink, &new_sample.record, &failure), FR_E_IO);
    assert_non_null(strstr(failure.text, "shorter than it should be"));
    fr_sink_close(sink);
    failure = (struct fr_failure){0};
    assert_int_equal(fr_sink_open(store, ID, NAME, new_sample.count, 0644, &sink, &failure), 0);
    assert_int_equal(sample_write(&new_sample, sink, &failure), 0);
    assert_int_equal(unlink(sample_path_of(NAME, ID)), 0);
    assert_int_equal(fr_sink_commit(sink, &new_sample.record, &failure), FR_E_IO);
    fr_sink_close(sink);
    assert_false(scratch_exists(scratch_path("store/a")));
}

static void two_sinks_for_one_name_last_commit_wins_whole(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    struct fr_sink *first, *second;
    uint8_t *back = fr_alloc(old_sample.count);
    assert_int_equal(fr_sink_open(store, "1", NAME, old_sample.count, 0644, &first, &failure), 0);
    assert_int_equal(fr_sink_open(store, "2", NAME, new_sample.count, 0644, &second, &failure), 0);
    assert_int_equal(sample_write(&new_sample, second, &failure), 0);
    assert_int_equal(sample_write(&old_sample, first, &failure), 0);
    assert_int_equal(fr_sink_commit(first, &old_sample.record, &failure), 0);
    assert_true(holds(&old_sample) && finds(&old_sample));
    assert_int_equal(fr_sink_commit(second, &new_sample.record, &failure), 0);
    assert_true(holds(&new_sample) && finds(&new_sample));
    /* The one that lost its name still serves those who pull from it. */
    assert_int_equal(fr_sink_read(first, 0, back, old_sample.count, &failure), 0);
    assert_memory_equal(back, old_sample.bytes, old_sample.count);
    fr_sink_close(first);
    fr_sink_close(second);
    fr_free(back);
    assert_true(holds(&new_sample) && finds(&new_sample));
}

/* Counts who is between keeping the old object and renaming the record, the two ends of what must not overlap. */
static _Atomic unsigned inside, inside_max;
static _Thread_local unsigned renames;

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's type */
static int watch_commits(void *user, enum fr_disk_call call, size_t *count) {
    (void) user;
    (void) count;
    sched_yield();
    if (call == FR_DISK_LINK) {
        renames = 0;
        unsigned now = ++inside;
        if (now > inside_max)
            inside_max = now;
    } else if (call == FR_DISK_RENAME && ++renames == 2) {
        --inside;
    }
    return 0;
}

struct racer {
    pthread_t thread;
    const struct sample *sample;
    char id[8];
    int error;
};

static void *race(void *argument) {
    struct racer *racer = argument;
    for (int round = 0; round < 20 && !racer->error; round++)
        racer->error = sample_store(racer->sample, store, racer->id, NAME, NULL);
    return NULL;
}

static void racing_commits_keep_file_and_record_together(void **state) {
    (void) state;
    struct racer racers[4];
    fr_disk_set_hook(watch_commits, NULL);
    for (unsigned i = 0; i < 4; i++) {
        racers[i] = (struct racer){.sample = i % 2 ? &old_sample : &new_sample};
        snprintf(racers[i].id, sizeof racers[i].id, "%x", i);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        assert_int_equal(racers[i].error, 0);
    }
    fr_disk_set_hook(NULL, NULL);
    assert_int_equal(inside, 0);
    assert_int_equal(inside_max, 1);
    assert_true((holds(&old_sample) && finds(&old_sample)) || (holds(&new_sample) && finds(&new_sample)));
    assert_int_equal(scratch_entry_count(scratch_path(PARTIAL)), 0);
    assert_int_equal(scratch_entry_count(scratch_path(RECORDS)), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_failing_call_leaves_nothing_behind),
        TEST(every_failing_call_leaves_the_old_object),
        TEST(a_disk_that_dies_leaves_the_old_or_the_new_object),
        TEST(a_disk_that_fills_up_leaves_the_old_object),
        TEST(every_failing_allocation_is_told),
        TEST(a_record_that_cannot_be_written_is_no_failure),
        TEST(the_objects_time_is_the_precise_one_of_its_commit),
        TEST(without_hard_links_it_commits_as_well),
        TEST(without_hard_links_it_says_what_it_cannot_take_back),
        TEST(what_comes_into_the_way_later_stays),
        TEST(a_partial_that_was_cut_or_removed_by_hand_is_no_object),
        TEST(two_sinks_for_one_name_last_commit_wins_whole),
        TEST(racing_commits_keep_file_and_record_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
