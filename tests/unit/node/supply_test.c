/* SPDX-License-Identifier: Apache-2.0 */
/* The origin's reading: pages and the stream's hash against an obvious model, files and pipes, bounded memory, sources that change. */
#include "support/test.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fastreplica/error.h>

#include "base/memory.h"
#include "content/digest.h"
#include "node/supply.h"
#include "support/sample.h"
#include "support/scratch.h"

#define CHUNK FR_CHUNK_BYTES_MIN

/* One reading from beginning to end, and what it found. */
struct reading {
    uv_loop_t loop;
    struct sample sample;
    struct fr_source *source;
    struct fr_layout layout;
    struct fr_supply *supply;
    struct fr_cache *cache;
    uint32_t page_next, chunk_count, pages_max; /* read no page beyond pages_max */
    bool is_ended, is_closed, wants_buffers, keeps_all, is_starved, is_set;
    uint64_t object_bytes;
    struct fr_digest sha256;
    struct fr_failure failure;
};

static struct reading reading;
static pthread_t writer;
static int writer_fd = -1;

static void read_on(void) {
    if (reading.page_next < reading.pages_max)
        fr_supply_read_page(reading.supply, reading.page_next++);
}

static void check_chunk(uint32_t chunk, const struct fr_digest *digest) {
    assert_true(chunk < reading.sample.record.chunk_count);
    assert_true(fr_digest_equal(digest, &reading.sample.record.digests[chunk]));
    if (reading.is_starved)
        return; /* what is read next takes its buffer */
    struct fr_buffer *kept = fr_cache_get(reading.cache, chunk);
    assert_non_null(kept);
    assert_memory_equal(kept->data, reading.sample.bytes + (size_t) chunk * CHUNK, kept->bytes);
    fr_buffer_unref(kept);
}

static void on_page(void *user, const struct fr_supply_page *page) {
    (void) user;
    assert_false(reading.is_ended);
    assert_int_equal(page->page, reading.page_next - 1);
    for (uint32_t i = 0; i < page->count && !reading.is_set; i++)
        check_chunk(reading.chunk_count + i, &page->digests[i]);
    uint32_t first = reading.chunk_count;
    reading.chunk_count += page->count;
    reading.is_ended = page->is_last;
    if (page->is_last) {
        reading.object_bytes = page->object_bytes;
        reading.sha256 = page->sha256;
    } else {
        assert_int_equal(page->count, reading.layout.page_chunks);
        read_on();
    }
    for (uint32_t chunk = first; chunk < reading.chunk_count && !reading.keeps_all; chunk++) {
        fr_supply_release(reading.supply, chunk);
        fr_supply_on_chunk_sent(reading.supply, chunk);
    }
}

static void on_failed(void *user, const struct fr_failure *failure) {
    (void) user;
    assert_int_equal(reading.failure.error, 0); /* once */
    reading.failure = *failure;
}

static void await_buffers(void *user) {
    (void) user;
    reading.wants_buffers = true;
}

static void on_closed(void *user) {
    (void) user;
    reading.is_closed = true;
}

static const struct fr_supply_events events = {
    .on_page = on_page, .on_failed = on_failed, .await_buffers = await_buffers, .on_closed = on_closed};

static int set_up(void **state) {
    (void) state;
    reading = (struct reading){.pages_max = UINT32_MAX};
    scratch_init();
    return uv_loop_init(&reading.loop);
}

static void finish(void) {
    fr_supply_close(reading.supply);
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_true(reading.is_closed);
    fr_cache_free(reading.cache);
    reading.cache = NULL;
    fr_source_close(reading.source);
}

static int tear_down(void **state) {
    (void) state;
    sample_done(&reading.sample);
    scratch_done();
    return uv_loop_close(&reading.loop);
}

/* reading.source is open. */
static void make_supply(uint32_t chunk_bytes, uint32_t buffer_max) {
    assert_int_equal(fr_layout_init(&reading.layout, fr_source_bytes(reading.source), chunk_bytes), 0);
    const struct fr_supply_options options = {
        .loop = &reading.loop, .source = reading.source, .layout = reading.layout, .member_count = 4, .events = &events};
    assert_int_equal(fr_supply_new(&options, &reading.supply), 0);
    struct fr_cache_options cache_options = fr_supply_cache_options(&reading.layout, 4);
    if (buffer_max)
        cache_options.buffer_max = cache_options.kept_max = buffer_max;
    assert_int_equal(fr_cache_new(&cache_options, &reading.cache), 0);
    fr_supply_use_cache(reading.supply, reading.cache);
}

static void open_supply(const char *path, uint32_t buffer_max) {
    struct fr_failure failure = {0};
    if (fr_source_open(path, &reading.source, &failure))
        fail_msg("%s", failure.text);
    make_supply(CHUNK, buffer_max);
}

/* Zeros, 10 chunks and 2 of the largest size. In pages of two: a0 a1, a2 b0, a3 a4, a5 a6, a7 b1, a8 a9. */
static void open_set(void) {
    struct fr_failure failure = {0};
    reading.is_set = true;
    sample_init(&reading.sample, 0, 1);
    scratch_put(scratch_path("a"), "", 0);
    scratch_put(scratch_path("b"), "", 0);
    assert_int_equal(truncate(scratch_path("a"), 10 * FR_CHUNK_BYTES_MAX), 0);
    assert_int_equal(truncate(scratch_path("b"), 2 * FR_CHUNK_BYTES_MAX), 0);
    char a[PATH_MAX], b[PATH_MAX];
    snprintf(a, sizeof a, "%s", scratch_path("a"));
    snprintf(b, sizeof b, "%s", scratch_path("b"));
    const char *const paths[] = {a, b};
    if (fr_source_open_set("set", paths, 2, &reading.source, &failure) || fr_source_weave(reading.source, FR_CHUNK_BYTES_MAX, &failure))
        fail_msg("%s", failure.text);
    make_supply(FR_CHUNK_BYTES_MAX, 0);
}

static void open_file(uint32_t bytes, uint32_t buffer_max) {
    sample_init(&reading.sample, bytes, 3);
    scratch_put(scratch_path("file"), reading.sample.bytes, bytes);
    open_supply(scratch_path("file"), buffer_max);
}

static void *write_sample(void *unused) {
    (void) unused;
    for (uint32_t at = 0; at < reading.sample.count;) {
        ssize_t wrote = write(writer_fd, reading.sample.bytes + at, reading.sample.count - at);
        if (wrote <= 0)
            break; /* the reader has gone: EPIPE */
        at += (uint32_t) wrote;
    }
    close(writer_fd);
    return NULL;
}

static void open_pipe(uint32_t bytes) {
    sample_init(&reading.sample, bytes, 5);
    assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
    open_supply(scratch_path("pipe"), 0);
    writer_fd = open(scratch_path("pipe"), O_WRONLY);
    assert_true(writer_fd >= 0);
    assert_int_equal(pthread_create(&writer, NULL, write_sample, NULL), 0);
}

static void expect_whole(void) {
    assert_int_equal(reading.failure.error, 0);
    assert_true(reading.is_ended);
    assert_int_equal(reading.chunk_count, reading.sample.record.chunk_count);
    assert_int_equal(reading.object_bytes, reading.sample.count);
    assert_int_equal(fr_supply_bytes_read(reading.supply), reading.sample.count);
    assert_true(fr_digest_equal(&reading.sha256, &reading.sample.record.sha256));
}

static const uint32_t sizes[] = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 32 * CHUNK, 32 * CHUNK + 1, 200 * CHUNK + 77};

static void test_files(void **state) {
    for (size_t i = 0; i < FR_COUNT_OF(sizes); i++) {
        open_file(sizes[i], 0);
        read_on();
        uv_run(&reading.loop, UV_RUN_DEFAULT);
        expect_whole();
        finish();
        tear_down(state);
        set_up(state);
    }
}

static void test_pipes(void **state) {
    for (size_t i = 0; i < FR_COUNT_OF(sizes); i++) {
        open_pipe(sizes[i]);
        read_on();
        uv_run(&reading.loop, UV_RUN_DEFAULT);
        pthread_join(writer, NULL);
        expect_whole();
        assert_int_equal(fr_cache_kept_count(reading.cache), 0); /* all was released */
        assert_null(fr_supply_chunk_source(reading.supply).read);
        finish();
        tear_down(state);
        set_up(state);
    }
}

static void test_a_file_can_be_read_again(void **state) {
    (void) state;
    uint8_t bytes[CHUNK];
    open_file(10 * CHUNK, 0);
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(fr_cache_kept_count(reading.cache), 0); /* sent: forgotten */
    struct fr_chunk_source source = fr_supply_chunk_source(reading.supply);
    assert_int_equal(source.read(source.handle, 3 * CHUNK, bytes, CHUNK, &reading.failure), 0);
    assert_memory_equal(bytes, reading.sample.bytes + 3 * CHUNK, CHUNK);
    assert_true(source.must_verify);
    finish();
}

/* With fewer buffers than a page has chunks, reading goes on as soon as one comes back. */
static void test_few_buffers(void **state) {
    (void) state;
    struct fr_buffer *held[5];
    open_file(64 * CHUNK, FR_COUNT_OF(held));
    reading.is_starved = true;
    for (size_t i = 0; i < FR_COUNT_OF(held); i++)
        held[i] = fr_cache_take(reading.cache);
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_true(reading.wants_buffers);
    assert_int_equal(fr_supply_bytes_read(reading.supply), 0);
    fr_buffer_unref(held[0]);
    fr_supply_on_buffers(reading.supply);
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    expect_whole();
    assert_int_equal(fr_cache_buffer_count(reading.cache), FR_COUNT_OF(held));
    for (size_t i = 1; i < FR_COUNT_OF(held); i++)
        fr_buffer_unref(held[i]);
    finish();
}

/* What has not reached the group is kept; so at some point a pipe is read no further. */
static void test_a_pipe_is_held_back(void **state) {
    (void) state;
    open_pipe(1000 * CHUNK);
    reading.keeps_all = true;
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT); /* returns: nothing is under way, though the pipe has more */
    assert_false(reading.is_ended);
    assert_in_range(reading.chunk_count, 512, 512 + 31);
    uint32_t before = reading.chunk_count;
    for (uint32_t chunk = 0; chunk < before; chunk++)
        fr_supply_release(reading.supply, chunk);
    reading.keeps_all = false;
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    pthread_join(writer, NULL);
    expect_whole();
    finish();
}

static void test_a_silent_pipe_can_be_given_up(void **state) {
    (void) state;
    sample_init(&reading.sample, 0, 1);
    assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
    open_supply(scratch_path("pipe"), 0);
    writer_fd = open(scratch_path("pipe"), O_WRONLY);
    read_on();
    uv_run(&reading.loop, UV_RUN_NOWAIT); /* a worker waits for the writer, who says nothing */
    finish();
    close(writer_fd);
    assert_int_equal(reading.failure.error, 0); /* who closed it needs not be told */
}

static void test_a_file_that_shrinks(void **state) {
    (void) state;
    open_file(100 * CHUNK, 0);
    assert_int_equal(truncate(scratch_path("file"), 50 * CHUNK), 0);
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(reading.failure.error, FR_E_CHANGED);
    assert_false(reading.is_ended);
    finish();
}

static void test_a_file_that_is_written_to(void **state) {
    (void) state;
    open_file(100 * CHUNK, 0);
    reading.pages_max = 1;
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    int fd = open(scratch_path("file"), O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    reading.pages_max = UINT32_MAX;
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(reading.failure.error, FR_E_CHANGED);
    assert_false(reading.is_ended);
    finish();
}

/* Nodes give an entry its name with its last chunk: they must not have that before the change is noticed. */
static void test_an_entry_that_is_written_to(void **state) {
    (void) state;
    open_set();
    reading.pages_max = 4;
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(reading.chunk_count, 8);
    int fd = open(scratch_path("b"), O_WRONLY);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    reading.pages_max = 5;
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(reading.failure.error, FR_E_CHANGED);
    assert_int_equal(reading.chunk_count, 8);
    finish();
}

static void test_a_set(void **state) {
    (void) state;
    open_set();
    read_on();
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_int_equal(reading.failure.error, 0);
    assert_true(reading.is_ended);
    assert_int_equal(reading.chunk_count, 12);
    finish();
}

static void test_no_memory(void **state) {
    (void) state;
    open_file(100 * CHUNK, 0);
    fr_memory_fail_from(3);
    read_on();
    fr_memory_fail_from(0);
    uv_run(&reading.loop, UV_RUN_DEFAULT);
    assert_true(reading.failure.error == FR_E_MEMORY || reading.wants_buffers); /* no job, or no buffer: then it is tried again */
    finish();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_files),
        TEST(test_pipes),
        TEST(test_a_file_can_be_read_again),
        TEST(test_few_buffers),
        TEST(test_a_pipe_is_held_back),
        TEST(test_a_silent_pipe_can_be_given_up),
        TEST(test_a_file_that_shrinks),
        TEST(test_a_file_that_is_written_to),
        TEST(test_a_set),
        TEST(test_an_entry_that_is_written_to),
        TEST(test_no_memory),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
