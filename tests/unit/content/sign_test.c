/* SPDX-License-Identifier: Apache-2.0 */
#include "content/sign.h"

#include <pthread.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <fastreplica/error.h>

#include "base/text.h"
#include "support/fault_walk.h"
#include "support/test.h"

/* RFC 8032, 7.1, tests 1 and 2. */
static const char *const seeds[] = {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"};
static const char *const public_keys[] = {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                                          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"};

static struct fr_sign_key *sign_key;
static struct fr_verify_key *verify_key, *other_verify_key;

static int make_keys(void **state) {
    uint8_t raw[FR_KEY_BYTES];

    (void) state;
    if (fr_text_unhex(seeds[0], raw, sizeof raw))
        return -1;
    sign_key = fr_sign_key_new(raw);
    fr_sign_key_public(sign_key, raw);
    verify_key = fr_verify_key_new(raw);
    if (fr_text_unhex(public_keys[1], raw, sizeof raw))
        return -1;
    other_verify_key = fr_verify_key_new(raw);
    return sign_key && verify_key && other_verify_key ? 0 : -1;
}

static int free_keys(void **state) {
    (void) state;
    fr_sign_key_free(sign_key);
    fr_verify_key_free(verify_key);
    fr_verify_key_free(other_verify_key);
    fr_sign_key_free(NULL);
    fr_verify_key_free(NULL);
    return 0;
}

static void public_keys_are_those_of_the_rfc(void **state) {
    char text[2 * FR_KEY_BYTES + 1];
    uint8_t raw[FR_KEY_BYTES];

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(seeds); i++) {
        struct fr_sign_key *key;
        assert_int_equal(fr_text_unhex(seeds[i], raw, sizeof raw), 0);
        key = fr_sign_key_new(raw);
        assert_non_null(key);
        fr_sign_key_public(key, raw);
        fr_text_hex(raw, sizeof raw, text);
        assert_string_equal(text, public_keys[i]);
        fr_sign_key_free(key);
    }
}

/* The text as the header describes it, verified by OpenSSL with nothing of ours between. */
static void the_text_signed_is_as_documented(void **state) {
    static const struct {
        enum fr_sign_kind kind;
        const char *text;
        size_t count;
    } kinds[] = {
        {FR_SIGN_OPENING, "fastreplica-1 opening\0bytes", 27},
        {FR_SIGN_ROSTER, "fastreplica-1 roster\0bytes", 26},
        {FR_SIGN_PAGE, "fastreplica-1 page\0bytes", 24},
        {FR_SIGN_END, "fastreplica-1 end\0bytes", 23},
    };
    uint8_t raw[FR_KEY_BYTES], signature[FR_SIGNATURE_BYTES];
    EVP_PKEY *key;

    (void) state;
    fr_sign_key_public(sign_key, raw);
    key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    assert_non_null(key);
    for (size_t i = 0; i < FR_COUNT_OF(kinds); i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(fr_sign(sign_key, kinds[i].kind, "bytes", 5, signature), 0);
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, signature, sizeof signature, (const uint8_t *) kinds[i].text, kinds[i].count), 1);
        EVP_MD_CTX_free(context);
    }
    EVP_PKEY_free(key);
}

static void a_signature_holds_for_its_key_kind_and_bytes_only(void **state) {
    uint8_t signature[FR_SIGNATURE_BYTES];

    (void) state;
    assert_int_equal(fr_sign(sign_key, FR_SIGN_PAGE, "bytes", 5, signature), 0);
    assert_true(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
    assert_false(fr_verify(other_verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_OPENING, "bytes", 5, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_ROSTER, "bytes", 5, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_END, "bytes", 5, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytez", 5, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 4, signature));
    assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 6, signature));
    for (int bit = 0; bit < 8 * FR_SIGNATURE_BYTES; bit += 5) {
        signature[bit / 8] ^= (uint8_t) (1 << bit % 8);
        assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
        signature[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    assert_true(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
}

static void texts_of_any_length_can_be_signed(void **state) {
    static const size_t counts[] = {0, 1, 2000, 2028, 2029, 2030, 2031, 65536};
    uint8_t signature[FR_SIGNATURE_BYTES];
    uint8_t *bytes = calloc(1, 65536);

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(counts); i++) {
        assert_int_equal(fr_sign(sign_key, FR_SIGN_PAGE, counts[i] ? bytes : NULL, counts[i], signature), 0);
        assert_true(fr_verify(verify_key, FR_SIGN_PAGE, counts[i] ? bytes : NULL, counts[i], signature));
        if (counts[i] == 0)
            continue;
        bytes[counts[i] - 1] ^= 1;
        assert_false(fr_verify(verify_key, FR_SIGN_PAGE, bytes, counts[i], signature));
        bytes[counts[i] - 1] ^= 1;
    }
    free(bytes);
}

/* The TLS code on this thread reads the queue to learn why a call of its own failed. */
static void the_error_queue_stays_as_it_was(void **state) {
    uint8_t signature[FR_SIGNATURE_BYTES] = {0};

    (void) state;
    ERR_clear_error();
    assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 42);
    memset(signature, 0xff, sizeof signature);
    assert_false(fr_verify(verify_key, FR_SIGN_PAGE, "bytes", 5, signature));
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
}

static int sign_and_verify_much(void *bytes) {
    uint8_t raw[FR_KEY_BYTES] = {1}, signature[FR_SIGNATURE_BYTES];
    struct fr_sign_key *key = fr_sign_key_new(raw);
    struct fr_verify_key *public_half = NULL;
    int error = FR_E_MEMORY;

    if (key != NULL) {
        fr_sign_key_public(key, raw);
        public_half = fr_verify_key_new(raw);
    }
    if (public_half != NULL)
        error = fr_sign(key, FR_SIGN_ROSTER, bytes, 8192, signature);
    if (!error && !fr_verify(public_half, FR_SIGN_ROSTER, bytes, 8192, signature))
        error = FR_E_MEMORY;
    fr_sign_key_free(key);
    fr_verify_key_free(public_half);
    return error;
}

static void memory_may_end_anywhere(void **state) {
    static uint8_t bytes[8192];

    (void) state;
    assert_int_equal(fr_test_fault_walk(sign_and_verify_much, bytes), 4);
}

static void *sign_and_verify(void *is_good) {
    uint8_t signature[FR_SIGNATURE_BYTES];

    *(bool *) is_good = true;
    for (int i = 0; i < 20; i++)
        *(bool *) is_good = *(bool *) is_good && fr_sign(sign_key, FR_SIGN_END, &i, sizeof i, signature) == 0 &&
            fr_verify(verify_key, FR_SIGN_END, &i, sizeof i, signature) &&
            !fr_verify(other_verify_key, FR_SIGN_END, &i, sizeof i, signature);
    return NULL;
}

static void threads_may_share_keys(void **state) {
    bool is_good[4] = {false};
    pthread_t threads[4];

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_and_verify, &is_good[i]), 0);
    for (size_t i = 0; i < FR_COUNT_OF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(is_good[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys_are_those_of_the_rfc),
        cmocka_unit_test(the_text_signed_is_as_documented),
        cmocka_unit_test(a_signature_holds_for_its_key_kind_and_bytes_only),
        cmocka_unit_test(texts_of_any_length_can_be_signed),
        cmocka_unit_test(the_error_queue_stays_as_it_was),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(threads_may_share_keys),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
