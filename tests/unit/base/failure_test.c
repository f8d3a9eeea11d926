/* SPDX-License-Identifier: Apache-2.0 */
#include "base/failure.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "support/death.h"
#include "support/test.h"

static char long_word[1001];

static int fill_long_word(void **state) {
    (void) state;
    memset(long_word, 'x', sizeof long_word - 1);
    return 0;
}

static void the_first_failure_stays(void **state) {
    struct fr_failure failure = {0};

    (void) state;
    assert_int_equal(fr_failure_set(&failure, FR_E_IO, 0, "store %s: %d bytes", "/srv/fr", 7), FR_E_IO);
    assert_int_equal(failure.error, FR_E_IO);
    assert_int_equal(failure.sys_errno, 0);
    assert_string_equal(failure.text, "store /srv/fr: 7 bytes");
    assert_int_equal(fr_failure_set(&failure, FR_E_MEMORY, ENOMEM, "later"), FR_E_MEMORY);
    assert_int_equal(failure.error, FR_E_IO);
    assert_string_equal(failure.text, "store /srv/fr: 7 bytes");
}

static void nobody_need_listen(void **state) {
    (void) state;
    assert_int_equal(fr_failure_set(NULL, FR_E_LIMIT, 0, "unheard"), FR_E_LIMIT);
}

static void the_errno_is_kept_and_told(void **state) {
    struct fr_failure failure = {0};
    char expected[200];

    (void) state;
    fr_failure_set(&failure, FR_E_IO, EACCES, "open %s", "big.bin");
    snprintf(expected, sizeof expected, "open big.bin: %s", strerror(EACCES));
    assert_int_equal(failure.sys_errno, EACCES);
    assert_string_equal(failure.text, expected);
}

static void long_text_is_cut_before_the_errno(void **state) {
    struct fr_failure failure = {0};
    char tail[100];

    (void) state;
    fr_failure_set(&failure, FR_E_IO, EACCES, "open %s", long_word);
    snprintf(tail, sizeof tail, "xx...: %s", strerror(EACCES));
    assert_int_equal(strlen(failure.text), FR_FAILURE_TEXT_MAX - 1);
    assert_string_equal(failure.text + strlen(failure.text) - strlen(tail), tail);
}

static void what_just_fits_is_not_cut(void **state) {
    (void) state;
    for (int length = FR_FAILURE_TEXT_MAX - 3; length <= FR_FAILURE_TEXT_MAX + 1; length++) {
        struct fr_failure failure = {0};
        fr_failure_set(&failure, FR_E_IO, 0, "%.*s", length, long_word);
        if (length < FR_FAILURE_TEXT_MAX)
            assert_int_equal(strlen(failure.text), length);
        else
            assert_string_equal(failure.text + FR_FAILURE_TEXT_MAX - 1 - 5, "xx...");
    }
}

static void text_is_cut_between_characters(void **state) {
    (void) state;
    /* However the cut falls, no half of an e with an accent is left, so none becomes '?'. */
    for (int offset = 0; offset < 4; offset++) {
        struct fr_failure failure = {0};
        char text[900] = "";
        memset(text, 'a', (size_t) offset);
        for (int i = 0; i < 300; i++)
            memcpy(text + offset + 2 * i, "é", 3);
        fr_failure_set(&failure, FR_E_IO, 0, "%s", text);
        assert_null(strchr(failure.text, '?'));
        assert_true(fr_text_is_clean(failure.text, strlen(failure.text)));
        assert_in_range(strlen(failure.text), FR_FAILURE_TEXT_MAX - 2, FR_FAILURE_TEXT_MAX - 1);
    }
}

static void a_hostile_name_cannot_spoil_the_line(void **state) {
    struct fr_failure failure = {0};

    (void) state;
    fr_failure_set(&failure, FR_E_NAME, 0, "name %s", "a\nb\x1b[31m\x7f\xff\xc2\x9b ü");
    assert_string_equal(failure.text, "name a?b?[31m???? ü");
}

static void set_without_an_error(void *failure) { fr_failure_set(failure, 0, 0, "nothing"); }

static void no_error_is_no_failure(void **state) {
    struct fr_failure failure = {0};

    (void) state;
    assert_true(fr_test_aborts(set_without_an_error, &failure));
}

static void errnos_become_errors(void **state) {
    static const struct {
        int sys_errno, error;
    } pairs[] = {
        {ENOSPC, FR_E_NO_SPACE},
        {EDQUOT, FR_E_NO_SPACE},
        {EADDRINUSE, FR_E_IN_USE},
        {ECONNREFUSED, FR_E_UNREACHABLE},
        {EHOSTUNREACH, FR_E_UNREACHABLE},
        {ENETUNREACH, FR_E_UNREACHABLE},
        {ETIMEDOUT, FR_E_TIMEOUT},
        {ECONNRESET, FR_E_CLOSED},
        {EPIPE, FR_E_CLOSED},
        {ENOMEM, FR_E_MEMORY},
        {EACCES, FR_E_IO},
        {0, FR_E_IO},
    };

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(pairs); i++)
        assert_int_equal(fr_error_from_errno(pairs[i].sys_errno), pairs[i].error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(the_errno_is_kept_and_told),
        cmocka_unit_test(long_text_is_cut_before_the_errno),
        cmocka_unit_test(what_just_fits_is_not_cut),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(a_hostile_name_cannot_spoil_the_line),
        cmocka_unit_test(no_error_is_no_failure),
        cmocka_unit_test(errnos_become_errors),
    };
    return cmocka_run_group_tests(tests, fill_long_word, NULL);
}
