/* SPDX-License-Identifier: Apache-2.0 */
/* Every event has a name of its own, for logs and traces. */
#include "core/trace.h"

#include "base/text.h"
#include "support/test.h"

static void every_event_has_its_own_name(void **state) {
    (void) state;
    for (int type = FR_TRACE_LINK_UP; type <= FR_TRACE_ENDED; type++) {
        const char *name = fr_trace_name((enum fr_trace_type) type);
        assert_true(fr_text_is_clean(name, strlen(name)) && strlen(name) > 2);
        for (int other = FR_TRACE_LINK_UP; other < type; other++)
            assert_string_not_equal(name, fr_trace_name((enum fr_trace_type) other));
    }
    assert_string_equal(fr_trace_name((enum fr_trace_type) 1000), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_event_has_its_own_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
