/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <pthread.h>

#include <fastreplica/error.h>

#include "base/text.h"
#include "support/death.h"
#include "support/fault_walk.h"
#include "support/test.h"

#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void expect_digest(const uint8_t *digest, const char *expected) {
    char text[2 * FR_SHA256_BYTES + 1];

    fr_text_hex(digest, FR_SHA256_BYTES, text);
    assert_string_equal(text, expected);
}

static void parts_are_hashed_end_to_end(void **state) {
    const struct fr_sha256_part parts[] = {{"a", 1}, {NULL, 0}, {"bc", 2}};
    const struct fr_sha256_part nothing = {NULL, 0};
    uint8_t digest[FR_SHA256_BYTES];

    (void) state;
    fr_sha256_of(parts, FR_COUNT_OF(parts), digest);
    expect_digest(digest, SHA256_OF_ABC);
    fr_sha256_of(&nothing, 1, digest);
    expect_digest(digest, SHA256_OF_NOTHING);
    fr_sha256_of(NULL, 0, digest);
    expect_digest(digest, SHA256_OF_NOTHING);
}

/* Every size around the ends of blocks and of padding, from addresses of every kind. */
static void two_at_once_agree_with_one(void **state) {
    static uint8_t bytes[2][700];
    uint8_t expected[2][FR_SHA256_BYTES], found[2][FR_SHA256_BYTES];

    (void) state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i / sizeof bytes[0]][i % sizeof bytes[0]] = (uint8_t) (i * i * 31 + (i >> 3));
    for (size_t count = 0; count <= 650; count++) {
        const uint8_t *at[2] = {bytes[0] + count % 17, bytes[1] + count % 3};
        for (size_t k = 0; k < 2; k++)
            fr_sha256_of(&(struct fr_sha256_part){at[k], count}, 1, expected[k]);
        fr_sha256_of_two(at[0], at[1], count, found[0], found[1]);
        assert_memory_equal(found, expected, sizeof expected);
    }
    fr_sha256_of_two(NULL, NULL, 0, found[0], found[1]);
    expect_digest(found[0], SHA256_OF_NOTHING);
    expect_digest(found[1], SHA256_OF_NOTHING);
    fr_sha256_of_two("abc", "abc", 3, found[0], found[1]);
    expect_digest(found[0], SHA256_OF_ABC);
    expect_digest(found[1], SHA256_OF_ABC);
}

/* Sizes of real chunks. */
static void two_large_ones_agree_with_one(void **state) {
    const size_t count = 1 << 20;
    uint8_t *a = malloc(count), *b = malloc(count);
    uint8_t expected[2][FR_SHA256_BYTES], found[2][FR_SHA256_BYTES];

    (void) state;
    assert_true(a && b);
    for (size_t i = 0; i < count; i++) {
        a[i] = (uint8_t) (i * 2654435761u >> 13);
        b[i] = (uint8_t) (i * 2246822519u >> 11);
    }
    fr_sha256_of(&(struct fr_sha256_part){a, count}, 1, expected[0]);
    fr_sha256_of(&(struct fr_sha256_part){b, count}, 1, expected[1]);
    fr_sha256_of_two(a, b, count, found[0], found[1]);
    assert_memory_equal(found, expected, sizeof expected);
    free(a);
    free(b);
}

static void a_running_one_agrees(void **state) {
    struct fr_sha256 *running = fr_sha256_new();
    uint8_t digest[FR_SHA256_BYTES];
    const struct fr_sha256_part between = {"x", 1};

    (void) state;
    assert_non_null(running);
    fr_sha256_add(running, "a", 1);
    fr_sha256_of(&between, 1, digest); /* the thread's own context is another one */
    fr_sha256_add(running, "bc", 2);
    fr_sha256_end(running, digest);
    expect_digest(digest, SHA256_OF_ABC);
    fr_sha256_free(running);
    fr_sha256_free(NULL);
}

static void add_more(void *running) { fr_sha256_add(running, "x", 1); }

static void end_again(void *running) {
    uint8_t digest[FR_SHA256_BYTES];

    fr_sha256_end(running, digest);
}

static void nothing_follows_the_end(void **state) {
    struct fr_sha256 *running = fr_sha256_new();
    uint8_t digest[FR_SHA256_BYTES];

    (void) state;
    fr_sha256_end(running, digest);
    expect_digest(digest, SHA256_OF_NOTHING);
    assert_true(fr_test_aborts(add_more, running));
    assert_true(fr_test_aborts(end_again, running));
    fr_sha256_free(running);
}

static int make_one(void *unused) {
    struct fr_sha256 *running = fr_sha256_new();

    (void) unused;
    fr_sha256_free(running);
    return running != NULL ? 0 : FR_E_MEMORY;
}

static void memory_may_end(void **state) {
    (void) state;
    assert_int_equal(fr_test_fault_walk(make_one, NULL), 1);
}

static void *hash_often(void *is_good) {
    static const char hex_of_abc[] = SHA256_OF_ABC;
    const struct fr_sha256_part part = {"abc", 3};
    uint8_t digest[FR_SHA256_BYTES], expected[FR_SHA256_BYTES];

    *(bool *) is_good = fr_text_unhex(hex_of_abc, expected, sizeof expected) == 0;
    for (int i = 0; i < 1000; i++) {
        fr_sha256_of(&part, 1, digest);
        *(bool *) is_good = *(bool *) is_good && memcmp(digest, expected, sizeof digest) == 0;
    }
    return NULL;
}

static void any_thread_may_hash(void **state) {
    bool is_good[8] = {false};
    pthread_t threads[8];

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &is_good[i]), 0);
    for (size_t i = 0; i < FR_COUNT_OF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(is_good[i]);
    }
}

static uint8_t last_digest[FR_SHA256_BYTES];
static pthread_key_t last_key;

static void hash_once_more(void *part) { fr_sha256_of(part, 1, last_digest); }

static void *hash_and_leave(void *part) {
    uint8_t digest[FR_SHA256_BYTES];

    fr_sha256_of(part, 1, digest);
    pthread_setspecific(last_key, part);
    return NULL;
}

/* This key is younger than that of the thread's context, so its destructor runs after that is gone. */
static void a_thread_may_hash_until_its_end(void **state) {
    struct fr_sha256_part part = {"abc", 3};
    uint8_t digest[FR_SHA256_BYTES];
    pthread_t thread;

    (void) state;
    fr_sha256_of(&part, 1, digest);
    assert_int_equal(pthread_key_create(&last_key, hash_once_more), 0);
    assert_int_equal(pthread_create(&thread, NULL, hash_and_leave, &part), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_key_delete(last_key);
    expect_digest(last_digest, SHA256_OF_ABC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_hashed_end_to_end),   cmocka_unit_test(two_at_once_agree_with_one),
        cmocka_unit_test(two_large_ones_agree_with_one), cmocka_unit_test(a_running_one_agrees),
        cmocka_unit_test(nothing_follows_the_end),       cmocka_unit_test(memory_may_end),
        cmocka_unit_test(any_thread_may_hash),           cmocka_unit_test(a_thread_may_hash_until_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
