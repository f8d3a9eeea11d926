/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <pthread.h>

#include "base/memory.h"
#include "support/test.h"

enum { THREADS = 4, TURNS = 10000 };

static void a_new_buffer_is_empty_and_has_room(void **state) {
    struct fr_buffer *buffer = fr_buffer_new(65536);

    (void) state;
    assert_non_null(buffer);
    assert_int_equal(buffer->bytes, 0);
    assert_int_equal(buffer->capacity, 65536);
    memset(buffer->data, 7, buffer->capacity);
    fr_buffer_unref(buffer);
}

static void it_lives_until_the_last_reference_goes(void **state) {
    struct fr_buffer *buffer = fr_buffer_new(1);

    (void) state;
    assert_ptr_equal(fr_buffer_ref(buffer), buffer);
    fr_buffer_unref(buffer);
    buffer->data[0] = 1; /* a sanitizer would see it if it were gone */
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
    fr_buffer_unref(NULL);
}

static void an_empty_one_is_allowed(void **state) {
    struct fr_buffer *buffer = fr_buffer_new(0);

    (void) state;
    assert_non_null(buffer);
    assert_int_equal(buffer->capacity, 0);
    fr_buffer_unref(buffer);
}

static void no_memory_is_null(void **state) {
    (void) state;
    fr_memory_fail_from(1);
    assert_null(fr_buffer_new(16));
    fr_memory_fail_from(0);
}

static void *ref_and_unref(void *buffer) {
    for (int i = 0; i < TURNS; i++)
        fr_buffer_unref(fr_buffer_ref(buffer));
    fr_buffer_unref(buffer); /* the reference that this thread was given */
    return NULL;
}

static void references_are_counted_on_any_thread(void **state) {
    struct fr_buffer *buffer = fr_buffer_new(16);
    pthread_t threads[THREADS];

    (void) state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, fr_buffer_ref(buffer)), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&buffer->refs), 1);
    fr_buffer_unref(buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buffer_is_empty_and_has_room),
        cmocka_unit_test(it_lives_until_the_last_reference_goes),
        cmocka_unit_test(an_empty_one_is_allowed),
        cmocka_unit_test(no_memory_is_null),
        cmocka_unit_test(references_are_counted_on_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
