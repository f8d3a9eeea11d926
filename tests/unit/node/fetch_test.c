/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks read again: once for all who ask, only with a buffer, checked where that is asked for, and given up in good order. */
#include "support/test.h"

#include <errno.h>
#include <stdatomic.h>

#include <fastreplica/error.h>

#include "base/failure.h"
#include "base/memory.h"
#include "content/digest.h"
#include "node/fetch.h"

enum { CHUNK_BYTES = 64, TOLD_MAX = 16 };

struct told {
    fr_link_id link;
    fr_chunk_index chunk;
    int error;
};

static uv_loop_t loop;
static struct fr_fetcher fetcher;
static struct told told[TOLD_MAX];
static unsigned told_count, idle_count;
static _Atomic unsigned read_count;

/* A source in which every byte of a chunk is its number; chunk 99 cannot be read. */
static int read_bytes(void *handle, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    (void) handle;
    read_count++;
    if (offset == 99 * CHUNK_BYTES)
        return fr_failure_set(failure, FR_E_IO, EIO, "chunk 99");
    memset(out, (int) (offset / CHUNK_BYTES), bytes);
    return 0;
}

static void on_fetched(void *user, fr_link_id link, fr_chunk_index chunk, struct fr_buffer *buffer, const struct fr_failure *failure) {
    (void) user;
    assert_true(told_count < TOLD_MAX);
    told[told_count++] = (struct told){.link = link, .chunk = chunk, .error = failure->error};
    assert_true((buffer == NULL) == (failure->error != 0));
    if (buffer) {
        assert_int_equal(buffer->bytes, CHUNK_BYTES);
        assert_int_equal(buffer->data[CHUNK_BYTES - 1], chunk);
    }
}

static void on_idle(void *user) {
    (void) user;
    idle_count++;
}

static int set_up(void **state) {
    (void) state;
    const struct fr_cache_options options = {.chunk_bytes = CHUNK_BYTES, .buffer_max = 2, .kept_max = 2};
    told_count = idle_count = 0;
    read_count = 0;
    fetcher = (struct fr_fetcher){.loop = &loop, .on_fetched = on_fetched, .on_idle = on_idle};
    return uv_loop_init(&loop) || fr_cache_new(&options, &fetcher.cache);
}

static int tear_down(void **state) {
    (void) state;
    fr_cache_free(fetcher.cache);
    return uv_loop_close(&loop);
}

static struct fr_fetch_request request_for(fr_link_id link, fr_chunk_index chunk) {
    return (struct fr_fetch_request){
        .link = link, .chunk = chunk, .offset = (uint64_t) chunk * CHUNK_BYTES, .bytes = CHUNK_BYTES, .source.read = read_bytes};
}

static void ask(fr_link_id link, fr_chunk_index chunk) {
    const struct fr_fetch_request request = request_for(link, chunk);
    assert_int_equal(fr_fetcher_ask(&fetcher, &request), 0);
}

static void run(void) { uv_run(&loop, UV_RUN_DEFAULT); }

static void test_one_read_serves_all(void **state) {
    (void) state;
    for (fr_link_id link = 0; link < 5; link++)
        ask(link, 7);
    assert_true(fr_fetcher_start(&fetcher));
    ask(5, 7); /* under way already */
    run();
    assert_int_equal(read_count, 1);
    assert_int_equal(told_count, 6);
    for (unsigned i = 0; i < told_count; i++)
        assert_true(told[i].link == i && told[i].chunk == 7 && told[i].error == 0);
    assert_int_equal(idle_count, 1);
    assert_int_equal(fr_cache_kept_count(fetcher.cache), 1); /* whoever asks next is served from memory */
}

static void test_a_read_waits_for_a_buffer(void **state) {
    (void) state;
    struct fr_buffer *held = fr_cache_take(fetcher.cache);
    ask(1, 1);
    ask(2, 2);
    assert_false(fr_fetcher_start(&fetcher));
    run();
    assert_int_equal(told_count, 1);
    fr_buffer_unref(held);
    assert_true(fr_fetcher_start(&fetcher));
    run();
    assert_int_equal(told_count, 2);
    assert_int_equal(told[1].chunk, 2);
}

static void test_a_read_that_fails(void **state) {
    (void) state;
    ask(1, 99);
    ask(2, 99);
    fr_fetcher_start(&fetcher);
    run();
    assert_int_equal(told_count, 2);
    assert_int_equal(told[0].error, FR_E_IO);
    assert_int_equal(told[1].error, FR_E_IO);
    assert_int_equal(fr_cache_kept_count(fetcher.cache), 0);
}

static void test_what_has_changed_is_noticed(void **state) {
    (void) state;
    uint8_t bytes[CHUNK_BYTES];
    struct fr_fetch_request request = request_for(1, 3);
    request.source.must_verify = true;
    assert_int_equal(fr_fetcher_ask(&fetcher, &request), 0);
    request.chunk = 4;
    request.offset = 4 * CHUNK_BYTES;
    memset(bytes, 4, sizeof bytes);
    fr_digest_of(bytes, sizeof bytes, &request.digest);
    assert_int_equal(fr_fetcher_ask(&fetcher, &request), 0);
    fr_fetcher_start(&fetcher);
    run();
    assert_int_equal(told_count, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(told[i].error, told[i].chunk == 3 ? FR_E_CHANGED : 0);
}

static void test_giving_up(void **state) {
    (void) state;
    struct fr_buffer *held = fr_cache_take(fetcher.cache);
    ask(1, 1);
    ask(2, 2);
    fr_fetcher_start(&fetcher); /* one runs, one waits */
    fr_fetcher_abandon(&fetcher);
    run();
    assert_int_equal(told_count, 0);
    assert_int_equal(idle_count, 1);
    assert_null(fetcher.fetches);
    fr_buffer_unref(held);
}

static void test_no_memory(void **state) {
    (void) state;
    const struct fr_fetch_request request = request_for(1, 1);
    fr_memory_fail_from(1);
    assert_int_equal(fr_fetcher_ask(&fetcher, &request), FR_E_MEMORY);
    fr_memory_fail_from(0);
    assert_null(fetcher.fetches);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_one_read_serves_all), TEST(test_a_read_waits_for_a_buffer),
        TEST(test_a_read_that_fails),   TEST(test_what_has_changed_is_noticed),
        TEST(test_giving_up),           TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
