/* SPDX-License-Identifier: Apache-2.0 */
/* The name check against another way to say the same: between slashes put before and behind it, a name must not hold "//", "/./" or
 * "/../", and not begin with "/.fastreplica/". */
#include "content/name.h"

#include <fastreplica/error.h>

#include "base/prng.h"
#include "content/limits.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 100000, NAME_ROOM = 400, SMALL_BYTES = 8 };

static struct fr_prng prng;

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

static bool holds(const char *text, size_t bytes, const char *word) { return memmem(text, bytes, word, strlen(word)) != NULL; }

static bool is_good(const char *name, size_t bytes, bool is_clean) {
    char framed[NAME_ROOM + 2];

    framed[0] = framed[bytes + 1] = '/';
    memcpy(framed + 1, name, bytes);
    bytes += 2;
    return is_clean && bytes > 2 && bytes - 2 <= FR_NAME_BYTES_MAX && !holds(framed, bytes, "//") && !holds(framed, bytes, "/./") &&
        !holds(framed, bytes, "/../") && (bytes < 14 || memcmp(framed, "/.fastreplica/", 14) != 0);
}

static void expect_agreement(const char *name, size_t bytes, bool is_clean) {
    const char *why = NULL;
    int result = fr_name_check(name, bytes, &why);

    if (result != (is_good(name, bytes, is_clean) ? 0 : FR_E_NAME))
        fail_msg("'%.*s' (%zu bytes): %d, %s", (int) bytes, name, bytes, result, why != NULL ? why : "no reason");
    assert_int_equal(why != NULL, result != 0);
}

static void every_small_name_is_judged_alike(void **state) {
    static const char letters[] = "a./";
    uint32_t names = 1;

    (void) state;
    for (size_t bytes = 0; bytes <= SMALL_BYTES; bytes++, names *= 3)
        for (uint32_t number = 0; number < names; number++) {
            char name[SMALL_BYTES];
            uint32_t rest = number;
            for (size_t i = 0; i < bytes; i++, rest /= 3)
                name[i] = letters[rest % 3];
            expect_agreement(name, bytes, true);
        }
}

/* No unclean token becomes clean beside another, so whether a name is clean is known from how it was made. */
static void random_names_are_judged_alike(void **state) {
    static const struct {
        const char *bytes;
        size_t count;
        bool is_clean;
    } tokens[] = {
        {"a", 1, true},
        {"/", 1, true},
        {".", 1, true},
        {".fastreplica", 12, true},
        {"/", 1, true},
        {"\xc3\xa9", 2, true},
        {"long-component-0123456789-0123456789-0123456789", 47, true},
        {"\0", 1, false},
        {"\n", 1, false},
        {"\x7f", 1, false},
        {"\xc2\x85", 2, false},
        {"\xff", 1, false},
    };

    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        /* Most names get clean tokens only. */
        uint32_t kinds = draw(4) == 0 ? (uint32_t) FR_COUNT_OF(tokens) : 7;
        bool is_clean = true;
        char name[NAME_ROOM];
        size_t bytes = 0;
        for (uint32_t left = draw(9); left > 0; left--) {
            uint32_t token = draw(kinds);
            memcpy(name + bytes, tokens[token].bytes, tokens[token].count);
            bytes += tokens[token].count;
            is_clean = is_clean && tokens[token].is_clean;
        }
        expect_agreement(name, bytes, is_clean);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_name_is_judged_alike),
        cmocka_unit_test(random_names_are_judged_alike),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
