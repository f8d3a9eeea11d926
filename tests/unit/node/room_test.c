/* SPDX-License-Identifier: Apache-2.0 */
/* What a node lets in: the sum of what all may need stays below what it was told. */
#include <string.h>

#include "node/room.h"
#include "support/test.h"

enum { MIB = 1 << 20 };

static void a_transfer_needs_buffers_for_its_links(void **state) {
    (void) state;
    struct fr_room room = fr_room_needed(MIB, 64);
    assert_int_equal(room.connections, 80);
    assert_int_equal(room.bytes, (3 * 80 + 16 + 16) * (uint64_t) MIB);
    room = fr_room_needed(4 * MIB, 1); /* four chunks are kept, however large they are */
    assert_int_equal(room.bytes, (3 * 17 + 16 + 4) * (uint64_t) (4 * MIB));
    room = fr_room_needed(16 << 10, 8);
    assert_true(room.bytes < 20 * (uint64_t) MIB);
}

static void what_fits_is_taken_and_given_back(void **state) {
    (void) state;
    struct fr_room_book book;
    struct fr_failure why = {0};
    const struct fr_room room = {.connections = 40, .bytes = 300};
    fr_room_open(&book, 100, 1000);
    assert_true(fr_room_take(&book, &room, &why));
    assert_true(fr_room_take(&book, &room, &why));
    assert_int_equal(why.error, 0);
    assert_false(fr_room_take(&book, &room, &why));
    assert_string_equal(why.text, "40 connections may be needed, and 20 of 100 are left here (--max-connections)");
    fr_room_give_back(&book, &room);
    assert_true(fr_room_take(&book, &room, &why));
    fr_room_give_back(&book, &room);
    fr_room_give_back(&book, &room);
    assert_int_equal(book.taken.connections, 0);
    assert_int_equal(book.taken.bytes, 0);
}

static void memory_has_a_limit_of_its_own(void **state) {
    (void) state;
    struct fr_room_book book;
    struct fr_failure why = {0};
    const struct fr_room small = {.connections = 1, .bytes = 400000000}, large = {.connections = 1, .bytes = 700000000};
    fr_room_open(&book, 0, 1000000000);
    assert_true(fr_room_take(&book, &small, &why));
    assert_false(fr_room_take(&book, &large, &why));
    assert_string_equal(why.text, "700 MB of buffers may be needed, and 600 MB of 1.0 GB are left here (--max-memory)");
    assert_int_equal(book.taken.bytes, 400000000); /* nothing is taken by who is refused */
    assert_int_equal(book.taken.connections, 1);
}

/* Whatever machine this is: a usual push fits it. */
static void the_defaults_let_a_push_in(void **state) {
    (void) state;
    struct fr_room_book book;
    struct fr_failure why = {0};
    const struct fr_room room = fr_room_needed(MIB, 64);
    fr_room_open(&book, 0, 0);
    assert_int_equal(book.max.connections, 4096);
    assert_true(fr_room_take(&book, &room, &why));
    assert_true(fr_room_take(&book, &room, &why));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_needs_buffers_for_its_links),
        cmocka_unit_test(what_fits_is_taken_and_given_back),
        cmocka_unit_test(memory_has_a_limit_of_its_own),
        cmocka_unit_test(the_defaults_let_a_push_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
