/* SPDX-License-Identifier: Apache-2.0 */
#include <fastreplica/error.h>
#include <fastreplica/types.h>

#include "base/text.h"
#include "support/test.h"

static void every_error_has_a_name_and_words_of_its_own(void **state) {
    (void) state;
    for (int error = FR_E_ARGUMENT; error >= FR_E_ABORTED; error--) {
        assert_int_equal(strncmp(fr_error_name(error), "FR_E_", 5), 0);
        assert_string_not_equal(fr_error_name(error), "FR_E_UNKNOWN");
        assert_string_not_equal(fr_error_text(error), fr_error_text(1));
        assert_true(fr_text_is_clean(fr_error_text(error), strlen(fr_error_text(error))));
        for (int other = FR_E_ARGUMENT; other > error; other--) {
            assert_string_not_equal(fr_error_name(error), fr_error_name(other));
            assert_string_not_equal(fr_error_text(error), fr_error_text(other));
        }
    }
    assert_string_equal(fr_error_name(FR_E_NO_SPACE), "FR_E_NO_SPACE");
    assert_string_equal(fr_error_text(FR_E_NO_SPACE), "no space in the store");
    assert_string_equal(fr_error_name(0), "FR_OK");
}

static void other_numbers_are_unknown(void **state) {
    static const int numbers[] = {1, -1, FR_E_ABORTED - 1, FR_E_ARGUMENT + 1, INT32_MIN, INT32_MAX};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(numbers); i++) {
        assert_string_equal(fr_error_name(numbers[i]), "FR_E_UNKNOWN");
        assert_non_null(fr_error_text(numbers[i]));
    }
}

static void verdicts_are_spelled_as_in_the_report(void **state) {
    (void) state;
    assert_string_equal(fr_verdict_name(FR_VERDICT_PENDING), "pending");
    assert_string_equal(fr_verdict_name(FR_VERDICT_COMPLETE), "complete");
    assert_string_equal(fr_verdict_name(FR_VERDICT_SLOW), "slow");
    assert_string_equal(fr_verdict_name(FR_VERDICT_FAILED), "failed");
    assert_string_equal(fr_verdict_name(FR_VERDICT_UNREACHABLE), "unreachable");
    assert_string_equal(fr_verdict_name(FR_VERDICT_REFUSED), "refused");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_words_of_its_own),
        cmocka_unit_test(other_numbers_are_unknown),
        cmocka_unit_test(verdicts_are_spelled_as_in_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
