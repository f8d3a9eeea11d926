/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and the end: what is taken from outside, and what an origin makes. */
#include "core/manifest.h"

#include <fastreplica/error.h>

#include "support/fault_walk.h"
#include "support/test.h"

enum { CHUNK_BYTES = FR_CHUNK_BYTES_MIN, PAGE_CHUNKS = FR_PAGE_CHUNKS_MAX };

static const uint8_t transfer_id[FR_TRANSFER_ID_BYTES] = "0123456789abcde";

struct keys {
    struct fr_sign_key *key;
    struct fr_verify_key *trusted;
    struct fr_digest digests[200];
    struct fr_digest sha256;
};

static int set_up(void **state) {
    struct keys *keys = calloc(1, sizeof *keys);
    uint8_t seed[FR_KEY_BYTES] = {7}, public_key[FR_KEY_BYTES];
    assert_non_null(keys);
    keys->key = fr_sign_key_new(seed);
    fr_sign_key_public(keys->key, public_key);
    keys->trusted = fr_verify_key_new(public_key);
    for (uint32_t chunk = 0; chunk < FR_COUNT_OF(keys->digests); chunk++)
        keys->digests[chunk].bytes[0] = (uint8_t) chunk;
    *state = keys;
    return 0;
}

static int tear_down(void **state) {
    struct keys *keys = *state;
    fr_sign_key_free(keys->key);
    fr_verify_key_free(keys->trusted);
    free(keys);
    return 0;
}

static uint64_t bytes_of(uint32_t chunks) { return (uint64_t) chunks * CHUNK_BYTES; }

/* All pages of so many chunks, and the end. size: as known at the beginning. */
static void make_whole(struct fr_manifest *manifest, const struct keys *keys, uint64_t size, uint32_t chunks) {
    assert_int_equal(fr_manifest_init(manifest, transfer_id, size, CHUNK_BYTES), 0);
    for (uint32_t chunk = 0; chunk < chunks; chunk += PAGE_CHUNKS) {
        uint32_t count = chunks - chunk < PAGE_CHUNKS ? chunks - chunk : PAGE_CHUNKS;
        assert_int_equal(fr_manifest_make_page(manifest, keys->key, &keys->digests[chunk], count), 0);
    }
    assert_int_equal(fr_manifest_make_end(manifest, keys->key, bytes_of(chunks), &keys->sha256), 0);
}

static enum fr_manifest_result pass_page(struct fr_manifest *to, const struct keys *keys, const struct fr_manifest *from, uint32_t page) {
    struct fr_msg_page message;
    fr_manifest_page(from, page, &message);
    return fr_manifest_take_page(to, keys->trusted, &message);
}

static void what_is_made_can_be_taken_in_any_order(void **state) {
    static const uint32_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
    const struct keys *keys = *state;
    for (int is_pipe = 0; is_pipe < 2; is_pipe++)
        for (size_t o = 0; o < FR_COUNT_OF(orders); o++)
            for (int end_at = 0; end_at <= 3; end_at++) {
                struct fr_manifest origin, member;
                uint64_t size = is_pipe ? FR_BYTES_UNKNOWN : bytes_of(70);
                make_whole(&origin, keys, size, 70);
                assert_true(fr_manifest_is_whole(&origin));
                assert_int_equal(fr_manifest_init(&member, transfer_id, size, CHUNK_BYTES), 0);
                for (int step = 0; step <= 3; step++) {
                    if (step == end_at)
                        assert_int_equal(fr_manifest_take_end(&member, keys->trusted, &origin.end), FR_MANIFEST_NEW);
                    assert_false(fr_manifest_is_whole(&member) && step < 3);
                    if (step < 3) {
                        assert_int_equal(pass_page(&member, keys, &origin, orders[o][step]), FR_MANIFEST_NEW);
                        assert_int_equal(pass_page(&member, keys, &origin, orders[o][step]), FR_MANIFEST_KNOWN);
                    }
                }
                assert_true(fr_manifest_is_whole(&member));
                assert_true(fr_manifest_root_matches(&member));
                assert_int_equal(member.chunks_announced, 70);
                assert_int_equal(member.layout.chunk_count, 70);
                assert_memory_equal(fr_manifest_digest(&member, 69), &keys->digests[69], sizeof(struct fr_digest));
                assert_int_equal(fr_manifest_take_end(&member, keys->trusted, &origin.end), FR_MANIFEST_KNOWN);
                fr_manifest_done(&origin);
                fr_manifest_done(&member);
            }
}

static void what_is_passed_on_is_what_was_taken(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest origin, first, second;
    make_whole(&origin, keys, FR_BYTES_UNKNOWN, 70);
    assert_int_equal(fr_manifest_init(&first, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(fr_manifest_init(&second, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    for (uint32_t page = 3; page > 0; page--)
        assert_int_equal(pass_page(&first, keys, &origin, page - 1), FR_MANIFEST_NEW);
    assert_int_equal(fr_manifest_take_end(&first, keys->trusted, &origin.end), FR_MANIFEST_NEW);
    for (uint32_t page = 0; page < 3; page++)
        assert_int_equal(pass_page(&second, keys, &first, page), FR_MANIFEST_NEW);
    assert_int_equal(fr_manifest_take_end(&second, keys->trusted, &first.end), FR_MANIFEST_NEW);
    assert_true(fr_manifest_root_matches(&second));
    fr_manifest_done(&origin);
    fr_manifest_done(&first);
    fr_manifest_done(&second);
}

static void pages_are_known_one_by_one(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest origin, member;
    make_whole(&origin, keys, bytes_of(70), 70);
    assert_int_equal(fr_manifest_init(&member, transfer_id, bytes_of(70), CHUNK_BYTES), 0);
    assert_int_equal(pass_page(&member, keys, &origin, 1), FR_MANIFEST_NEW);
    assert_true(fr_manifest_has_page(&member, 1));
    assert_false(fr_manifest_has_page(&member, 0));
    assert_false(fr_manifest_has_page(&member, 1000));
    assert_true(fr_manifest_has_chunk(&member, 32));
    assert_false(fr_manifest_has_chunk(&member, 31));
    assert_false(fr_manifest_has_chunk(&member, 64));
    assert_false(fr_manifest_has_chunk(&member, 70)); /* outside the object */
    assert_int_equal(member.pages_contiguous, 0);
    assert_int_equal(pass_page(&member, keys, &origin, 0), FR_MANIFEST_NEW);
    assert_int_equal(member.pages_contiguous, 2);
    fr_manifest_done(&origin);
    fr_manifest_done(&member);
}

/* A page with any number and count, rightly signed: an origin that is broken, or of a later release. */
static enum fr_manifest_result take_signed_page(struct fr_manifest *manifest, const struct keys *keys, uint32_t number, uint32_t count) {
    uint8_t signature[FR_SIGNATURE_BYTES], text[2048];
    struct fr_msg_page page = {.page = number, .count = count, .digests = keys->digests->bytes, .signature = signature};
    size_t bytes = fr_page_signed_bytes(transfer_id, &page, text, sizeof text);
    assert_int_equal(fr_sign(keys->key, FR_SIGN_PAGE, text, bytes, signature), 0);
    return fr_manifest_take_page(manifest, keys->trusted, &page);
}

static void pages_fit_an_object_of_known_size(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, bytes_of(70), CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, 2, 7), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 2, 5), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 0, 31), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 3, 1), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, FR_PAGES_MAX - 1, 1), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 2, 6), FR_MANIFEST_NEW);
    fr_manifest_done(&manifest);
}

static void pages_fit_a_pipe_so_far(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, 3, 32), FR_MANIFEST_NEW);
    assert_int_equal(manifest.layout.chunk_count, 4 * 32);
    assert_int_equal(take_signed_page(&manifest, keys, 2, 31), FR_MANIFEST_BAD_SHAPE); /* short, and not the last */
    assert_int_equal(take_signed_page(&manifest, keys, 4, 3), FR_MANIFEST_NEW);        /* short: the last */
    assert_int_equal(take_signed_page(&manifest, keys, 5, 32), FR_MANIFEST_BAD_SHAPE); /* nothing follows it */
    assert_int_equal(take_signed_page(&manifest, keys, 2, 32), FR_MANIFEST_NEW);
    assert_int_equal(take_signed_page(&manifest, keys, FR_CHUNKS_MAX / PAGE_CHUNKS, 1), FR_MANIFEST_BAD_SHAPE); /* beyond all objects */
    fr_manifest_done(&manifest);
}

/* Large chunks make small pages. */
static void no_page_holds_more_than_its_span(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, FR_CHUNK_BYTES_MAX), 0);
    assert_int_equal(take_signed_page(&manifest, keys, 0, 3), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 0, 2), FR_MANIFEST_NEW);
    fr_manifest_done(&manifest);
}

/* A page whose chunks would make the table large is taken, for the origin signed it; one number more is not. */
static void the_last_page_of_all_is_taken(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, FR_CHUNKS_MAX / PAGE_CHUNKS - 1, PAGE_CHUNKS), FR_MANIFEST_NEW);
    assert_int_equal(manifest.layout.chunk_count, FR_CHUNKS_MAX);
    fr_manifest_done(&manifest);
}

static enum fr_manifest_result take_signed_end(struct fr_manifest *manifest, const struct keys *keys, struct fr_msg_end end) {
    uint8_t text[256];
    size_t bytes = fr_end_signed_bytes(transfer_id, &end, text, sizeof text);
    assert_int_equal(fr_sign(keys->key, FR_SIGN_END, text, bytes, end.signature), 0);
    return fr_manifest_take_end(manifest, keys->trusted, &end);
}

static void an_end_fits_what_came_before(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, 0, 32), FR_MANIFEST_NEW);
    assert_int_equal(take_signed_page(&manifest, keys, 1, 3), FR_MANIFEST_NEW);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){34, bytes_of(34), {{0}}, {{0}}, {0}}), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){36, bytes_of(36), {{0}}, {{0}}, {0}}), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){64, bytes_of(64), {{0}}, {{0}}, {0}}), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){35, bytes_of(36), {{0}}, {{0}}, {0}}), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){35, bytes_of(35) - 1, {{0}}, {{0}}, {0}}), FR_MANIFEST_NEW);
    assert_true(manifest.is_end_known);
    assert_false(fr_manifest_root_matches(&manifest)); /* the zeros above are nobody's root */
    fr_manifest_done(&manifest);
}

static void an_end_may_come_before_all_pages(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, 0, 32), FR_MANIFEST_NEW);
    assert_int_equal(take_signed_end(&manifest, keys, (struct fr_msg_end){70, bytes_of(70), {{0}}, {{0}}, {0}}), FR_MANIFEST_NEW);
    assert_false(fr_manifest_is_whole(&manifest));
    assert_false(fr_manifest_has_chunk(&manifest, 69));
    assert_int_equal(take_signed_page(&manifest, keys, 2, 32), FR_MANIFEST_BAD_SHAPE);
    assert_int_equal(take_signed_page(&manifest, keys, 2, 6), FR_MANIFEST_NEW);
    assert_int_equal(take_signed_page(&manifest, keys, 1, 32), FR_MANIFEST_NEW);
    assert_true(fr_manifest_is_whole(&manifest));
    fr_manifest_done(&manifest);
}

static void nothing_at_all_is_an_object(void **state) {
    const struct keys *keys = *state;
    for (int is_pipe = 0; is_pipe < 2; is_pipe++) {
        struct fr_manifest origin, member;
        make_whole(&origin, keys, is_pipe ? FR_BYTES_UNKNOWN : 0, 0);
        assert_true(fr_manifest_is_whole(&origin));
        assert_int_equal(fr_manifest_init(&member, transfer_id, is_pipe ? FR_BYTES_UNKNOWN : 0, CHUNK_BYTES), 0);
        assert_int_equal(fr_manifest_take_end(&member, keys->trusted, &origin.end), FR_MANIFEST_NEW);
        assert_true(fr_manifest_is_whole(&member) && fr_manifest_root_matches(&member));
        fr_manifest_done(&origin);
        fr_manifest_done(&member);
    }
}

/* ---------------------------------------------------------------------------------------------------- making */

/* The source is longer or shorter than its opening said: nothing is signed that nobody could take. */
static void a_source_of_another_length_is_noticed(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, bytes_of(40), CHUNK_BYTES), 0);
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 32), 0);
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 9), FR_E_CHANGED);
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 7), FR_E_CHANGED);
    assert_int_equal(fr_manifest_make_end(&manifest, keys->key, bytes_of(32), &keys->sha256), FR_E_CHANGED);
    assert_int_equal(fr_manifest_make_end(&manifest, keys->key, bytes_of(40), &keys->sha256), FR_E_CHANGED); /* a page is missing */
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 8), 0);
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 1), FR_E_CHANGED);
    assert_int_equal(fr_manifest_make_end(&manifest, keys->key, bytes_of(41), &keys->sha256), FR_E_CHANGED);
    assert_int_equal(fr_manifest_make_end(&manifest, keys->key, bytes_of(40), &keys->sha256), 0);
    fr_manifest_done(&manifest);
}

static void a_pipe_may_be_too_long(void **state) {
    const struct keys *keys = *state;
    struct fr_manifest manifest;
    assert_int_equal(fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES), 0);
    assert_int_equal(take_signed_page(&manifest, keys, FR_CHUNKS_MAX / PAGE_CHUNKS - 1, PAGE_CHUNKS), FR_MANIFEST_NEW);
    manifest.pages_contiguous = FR_CHUNKS_MAX / PAGE_CHUNKS; /* as if all had been read */
    assert_int_equal(fr_manifest_make_page(&manifest, keys->key, keys->digests, 1), FR_E_LIMIT);
    fr_manifest_done(&manifest);
}

/* ---------------------------------------------------------------------------------------------------- without memory */

struct walk {
    const struct keys *keys;
    struct fr_manifest *origin;
};

static int take_all(void *user) {
    const struct walk *walk = user;
    struct fr_manifest manifest;
    int error = fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES);
    for (uint32_t page = 0; page < 6 && !error; page++)
        error = pass_page(&manifest, walk->keys, walk->origin, page) == FR_MANIFEST_NO_MEMORY ? FR_E_MEMORY : 0;
    if (!error)
        error = fr_manifest_take_end(&manifest, walk->keys->trusted, &walk->origin->end) == FR_MANIFEST_NO_MEMORY ? FR_E_MEMORY : 0;
    assert_true(error || fr_manifest_root_matches(&manifest));
    fr_manifest_done(&manifest);
    return error;
}

static int make_all(void *user) {
    const struct walk *walk = user;
    struct fr_manifest manifest;
    int error = fr_manifest_init(&manifest, transfer_id, FR_BYTES_UNKNOWN, CHUNK_BYTES);
    for (uint32_t page = 0; page < 6 && !error; page++)
        error = fr_manifest_make_page(&manifest, walk->keys->key, walk->keys->digests, 32);
    if (!error)
        error = fr_manifest_make_end(&manifest, walk->keys->key, bytes_of(192), &walk->keys->sha256);
    fr_manifest_done(&manifest);
    return error;
}

static void without_memory_it_says_so(void **state) {
    struct fr_manifest origin;
    struct walk walk = {.keys = *state, .origin = &origin};
    make_whole(&origin, walk.keys, FR_BYTES_UNKNOWN, 192);
    assert_in_range(fr_test_fault_walk(take_all, &walk), 6, 40);
    assert_in_range(fr_test_fault_walk(make_all, &walk), 6, 40);
    fr_manifest_done(&origin);
    fr_manifest_done(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_made_can_be_taken_in_any_order),
        TEST(what_is_passed_on_is_what_was_taken),
        TEST(pages_are_known_one_by_one),
        TEST(pages_fit_an_object_of_known_size),
        TEST(pages_fit_a_pipe_so_far),
        TEST(no_page_holds_more_than_its_span),
        TEST(the_last_page_of_all_is_taken),
        TEST(an_end_fits_what_came_before),
        TEST(an_end_may_come_before_all_pages),
        TEST(nothing_at_all_is_an_object),
        TEST(a_source_of_another_length_is_noticed),
        TEST(a_pipe_may_be_too_long),
        TEST(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
