/* SPDX-License-Identifier: Apache-2.0 */
#include "content/digest.h"

#include <fastreplica/error.h>

#include "base/text.h"
#include "support/fault_walk.h"
#include "support/test.h"

static void expect_digest(const struct fr_digest *digest, const char *expected) {
    char text[2 * FR_DIGEST_BYTES + 1];

    fr_text_hex(digest->bytes, FR_DIGEST_BYTES, text);
    assert_string_equal(text, expected);
}

static void digests_are_sha256(void **state) {
    struct fr_digest digest;

    (void) state;
    fr_digest_of(NULL, 0, &digest);
    expect_digest(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    fr_digest_of("abc", 3, &digest);
    expect_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void every_bit_counts_in_comparing(void **state) {
    struct fr_digest a, b;

    (void) state;
    fr_digest_of("a", 1, &a);
    for (int bit = 0; bit < 8 * FR_DIGEST_BYTES; bit++) {
        b = a;
        assert_true(fr_digest_equal(&a, &b));
        b.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_false(fr_digest_equal(&a, &b));
    }
}

static void a_hasher_agrees_however_it_is_fed(void **state) {
    static uint8_t bytes[1000];
    struct fr_digest whole, fed;

    (void) state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i * i);
    fr_digest_of(bytes, sizeof bytes, &whole);
    for (size_t step = 1; step <= sizeof bytes; step = 3 * step + 1) {
        struct fr_hasher *hasher = fr_hasher_new();
        assert_non_null(hasher);
        for (size_t at = 0; at < sizeof bytes; at += step)
            fr_hasher_update(hasher, bytes + at, sizeof bytes - at < step ? sizeof bytes - at : step);
        fr_hasher_finish(hasher, &fed);
        assert_true(fr_digest_equal(&whole, &fed));
        fr_hasher_free(hasher);
    }
    fr_hasher_free(fr_hasher_new()); /* given up halfway */
    fr_hasher_free(NULL);
}

static int make_hasher(void *unused) {
    struct fr_hasher *hasher = fr_hasher_new();

    (void) unused;
    fr_hasher_free(hasher);
    return hasher != NULL ? 0 : FR_E_MEMORY;
}

static void memory_may_end(void **state) {
    (void) state;
    assert_in_range(fr_test_fault_walk(make_hasher, NULL), 1, 2);
}

/* The expected roots were made with another implementation of SHA-256, from the description in the header. */
static void roots_are_as_documented(void **state) {
    struct fr_digest digests[2], root;

    (void) state;
    fr_digest_of("first", 5, &digests[0]);
    fr_digest_of("second", 6, &digests[1]);
    fr_root_of(16384, 0, NULL, 0, &root);
    expect_digest(&root, "b12c3e25fb93cc732f850b049ee3eb0713dc6388cadb38674e53d6e381e2e341");
    fr_root_of(65536, 65536 + 7, digests, 2, &root);
    expect_digest(&root, "4cc1c30c76446a5533273fcb5e825fd605244461a057f5a462324619dc534b17");
    fr_root_of(0x00400000, UINT64_C(0x0102030405060708), digests, 1, &root);
    expect_digest(&root, "445aae4e19e323293844e67e2843f9bb9471bb14d462d82c6628d8a189b7b0f3");
}

static void everything_counts_in_the_root(void **state) {
    struct fr_digest digests[2], roots[5];

    (void) state;
    fr_digest_of("first", 5, &digests[0]);
    fr_digest_of("second", 6, &digests[1]);
    fr_root_of(65536, 70000, digests, 2, &roots[0]);
    fr_root_of(131072, 70000, digests, 2, &roots[1]);
    fr_root_of(65536, 70001, digests, 2, &roots[2]);
    fr_root_of(65536, 70000, digests, 1, &roots[3]);
    digests[1].bytes[31] ^= 1;
    fr_root_of(65536, 70000, digests, 2, &roots[4]);
    for (size_t i = 0; i < FR_COUNT_OF(roots); i++)
        for (size_t j = 0; j < i; j++)
            assert_false(fr_digest_equal(&roots[i], &roots[j]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(every_bit_counts_in_comparing),
        cmocka_unit_test(a_hasher_agrees_however_it_is_fed),
        cmocka_unit_test(memory_may_end),
        cmocka_unit_test(roots_are_as_documented),
        cmocka_unit_test(everything_counts_in_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
