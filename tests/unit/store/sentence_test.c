/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences for people: reason before advice, long paths cut at a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "store/sentence.h"

static void says_what_why_and_what_to_do(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    assert_int_equal(fr_sentence_errno(&failure, ENOSPC, "store %s: cannot write %s", "/srv/fr", "x"), FR_E_NO_SPACE);
    assert_int_equal(failure.error, FR_E_NO_SPACE);
    assert_int_equal(failure.sys_errno, ENOSPC);
    assert_string_equal(failure.text, "store /srv/fr: cannot write x: No space left on device: make room or choose another store");
}

static void keeps_the_first_failure(void **state) {
    (void) state;
    struct fr_failure failure = {.error = FR_E_CHANGED, .text = "first"};
    assert_int_equal(fr_sentence_errno(&failure, EIO, "second"), FR_E_IO);
    assert_int_equal(failure.error, FR_E_CHANGED);
    assert_int_equal(failure.sys_errno, 0);
    assert_string_equal(failure.text, "first");
    assert_int_equal(fr_sentence_errno(NULL, EACCES, "nobody listens"), FR_E_IO);
}

static void tells_errors_apart(void **state) {
    (void) state;
    assert_int_equal(fr_sentence_errno(NULL, EDQUOT, "x"), FR_E_NO_SPACE);
    assert_int_equal(fr_sentence_errno(NULL, ENOMEM, "x"), FR_E_MEMORY);
    assert_int_equal(fr_sentence_errno(NULL, EFBIG, "x"), FR_E_LIMIT);
    assert_int_equal(fr_sentence_errno(NULL, ETIMEDOUT, "x"), FR_E_IO); /* a network file system's: still the disk to us */
}

static void cuts_long_paths_at_a_character(void **state) {
    (void) state;
    char path[1001], out[FR_SENTENCE_PATH_MAX];
    assert_string_equal(fr_sentence_path("/srv/fr", out), "/srv/fr");
    memset(path, 'a', sizeof path);
    path[FR_SENTENCE_PATH_MAX - 1] = 0;
    assert_string_equal(fr_sentence_path(path, out), path); /* just fits */
    path[FR_SENTENCE_PATH_MAX - 1] = 'a';
    path[1000] = 0;
    memcpy(path + 996, "/end", 4);
    fr_sentence_path(path, out);
    assert_int_equal(strlen(out), FR_SENTENCE_PATH_MAX - 1);
    assert_memory_equal(out, "...", 3);
    assert_string_equal(out + strlen(out) - 4, "/end");
    /* U+20AC, three bytes each, at all alignments: what follows the dots is the first byte of one. */
    for (size_t lead = 0; lead < 3; lead++) {
        char *at = path + lead;
        for (; at + 3 < path + sizeof path; at += 3)
            memcpy(at, "\xe2\x82\xac", 3);
        *at = 0;
        fr_sentence_path(path, out);
        assert_int_equal((unsigned char) out[3], 0xe2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_why_and_what_to_do),
        cmocka_unit_test(keeps_the_first_failure),
        cmocka_unit_test(tells_errors_apart),
        cmocka_unit_test(cuts_long_paths_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
