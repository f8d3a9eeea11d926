/* SPDX-License-Identifier: Apache-2.0 */
/* Text and back: what is written can be read, what is accepted is what regular expressions describe, and clean text is what an encoder
 * that knows only good characters can make. */
#include "base/text.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>

#include <fastreplica/error.h>

#include "base/prng.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 20000, TEXT_ROOM = 200 };

static struct fr_prng prng;

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

/* Of any magnitude, up to one less than what means "unknown". */
static uint64_t draw_number(void) {
    uint64_t number = fr_prng_next(&prng) >> draw(64);

    return number == UINT64_MAX ? 0 : number;
}

static void numbers_survive(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t number = draw_number(), value = 0;
        uint64_t power = draw(5), scaled = number >> (10 * power);
        char text[TEXT_ROOM];
        snprintf(text, sizeof text, "%" PRIu64, number);
        assert_int_equal(fr_text_parse_bytes(text, &value), 0);
        assert_true(value == number);
        snprintf(text, sizeof text, "%" PRIu64 "%.*s", scaled, power > 0, &"-KMGT"[power]);
        assert_int_equal(fr_text_parse_bytes(text, &value), 0);
        assert_true(value == scaled << (10 * power));
        snprintf(text, sizeof text, "%" PRIu64 ".%09" PRIu64 "s", number / 1000000000, number % 1000000000);
        assert_int_equal(fr_text_parse_duration(text, &value), 0);
        assert_true(value == number);
        snprintf(text, sizeof text, "%" PRIu64 "B/s", number);
        assert_int_equal(fr_text_parse_rate(text, &value), number == 0 ? FR_E_SYNTAX : 0);
        assert_true(number == 0 || value == number);
    }
}

static void hex_survives(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS / 10; round++) {
        uint8_t bytes[64], back[64];
        char text[2 * sizeof bytes + 1];
        size_t count = draw(sizeof bytes + 1);
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t) draw(256);
        fr_text_hex(bytes, count, text);
        assert_int_equal(strlen(text), 2 * count);
        assert_int_equal(fr_text_unhex(text, back, count), 0);
        assert_memory_equal(back, bytes, count);
        if (count == 0)
            continue;
        text[draw(2 * (uint32_t) count)] = "g/:@G`\x80 "[draw(8)];
        assert_int_equal(fr_text_unhex(text, back, count), FR_E_SYNTAX);
    }
}

/* The figure times its unit is within half of its last place of the truth, and shows three figures at most. In integers: a long double is
 * not exact enough to judge ties. */
static void expect_near(uint64_t number, const char *text) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    char figure[8] = "", unit[8] = "", tenth = '0', *whole_end;
    __int128 shown, place = 10; /* in tenths of a byte */
    unsigned long whole;
    size_t known = 0;
    bool has_tenth;

    assert_int_equal(sscanf(text, "%7s %7s", figure, unit), 2);
    whole = strtoul(figure, &whole_end, 10);
    has_tenth = *whole_end == '.';
    if (has_tenth)
        tenth = whole_end[1];
    assert_in_range(strlen(figure), 1, has_tenth ? 4 : 3);
    for (; known < FR_COUNT_OF(units) && strcmp(unit, units[known]) != 0; known++)
        place *= 1000;
    assert_in_range(known, 0, FR_COUNT_OF(units) - 1);
    assert_true(number == 0 || whole >= 1);
    shown = whole * place + (tenth - '0') * place / 10;
    if (has_tenth)
        place /= 10;
    shown -= (__int128) number * 10;
    assert_true(known == 0 ? shown == 0 : 2 * (shown < 0 ? -shown : shown) <= place);
}

static void sizes_for_people_are_near(void **state) {
    char text[16];

    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t number = fr_prng_next(&prng) >> draw(64);
        expect_near(number, fr_text_format_bytes(number, text, sizeof text));
    }
    /* Around every place where figures or units change. */
    for (uint64_t power = 1000; power < UINT64_C(10000000000000000000); power *= 10)
        for (uint64_t step = 0; step < 2000; step++) {
            uint64_t number = power - power / 1000 + step * (power / 1000);
            expect_near(number, fr_text_format_bytes(number, text, sizeof text));
            expect_near(number + power / 2000, fr_text_format_bytes(number + power / 2000, text, sizeof text));
        }
}

static const char *const tokens[] = {"0",  "1",   "7",  "25",  "600", ".", ".5", "k", "K", "M", "G", "t", "i",  "B",   "b",    "bit",
                                     "/s", "B/s", "iB", "bps", "ms",  "s", "m",  "h", " ", "-", "+", "e", "\n", "1.5", "bit/s"};

static void draw_text(char *text) {
    char *end = text;

    /* Most begin like a number, or hardly any would be one. */
    if (draw(8) != 0)
        end = stpcpy(end, tokens[draw(5)]);
    for (uint32_t left = draw(4); left > 0; left--)
        end = stpcpy(end, tokens[draw((uint32_t) FR_COUNT_OF(tokens))]);
    *end = '\0';
}

/* Numbers that are small in every unit are accepted by their form alone; larger ones are left to the unit test. Returns how many were. */
static uint32_t expect_form(int (*parse)(const char *text, uint64_t *ret_value), const char *pattern, bool is_zero_refused) {
    uint32_t accepted_count = 0;
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT_ROOM];
        uint64_t value = 12345;
        bool is_expected;
        draw_text(text);
        if (strtod(text, NULL) > 5e6) /* five million hours fit 64 bits of nanoseconds */
            continue;
        is_expected = regexec(&regex, text, 0, NULL, 0) == 0 && !(is_zero_refused && strtod(text, NULL) == 0);
        if (parse(text, &value) != (is_expected ? 0 : FR_E_SYNTAX))
            fail_msg("'%s' is %s", text, is_expected ? "refused" : "accepted");
        assert_true(is_expected || value == 12345);
        accepted_count += is_expected;
    }
    regfree(&regex);
    return accepted_count;
}

static void what_is_accepted_has_the_documented_form(void **state) {
    (void) state;
    assert_true(expect_form(fr_text_parse_bytes, "^([0-9]+|[0-9]+([.][0-9]+)?[kKmMgGtT]([iI]?[bB])?)$", false) > ROUNDS / 100);
    assert_true(expect_form(fr_text_parse_rate, "^[0-9]+([.][0-9]+)?[kKmMgGtT]?(bit|bit/s|bps|B/s)?$", true) > ROUNDS / 100);
    assert_true(expect_form(fr_text_parse_duration, "^[0-9]+([.][0-9]+)?(ms|s|m|h)?$", false) > ROUNDS / 100);
}

/* UTF-8 of a code point, as RFC 3629 tables it. */
static size_t encode(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char) code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char) (0xc0 | code >> 6);
        out[1] = (char) (0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char) (0xe0 | code >> 12);
        out[1] = (char) (0x80 | (code >> 6 & 0x3f));
        out[2] = (char) (0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char) (0xf0 | code >> 18);
    out[1] = (char) (0x80 | (code >> 12 & 0x3f));
    out[2] = (char) (0x80 | (code >> 6 & 0x3f));
    out[3] = (char) (0x80 | (code & 0x3f));
    return 4;
}

static bool is_allowed(uint32_t code) {
    bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;

    return !is_control && !is_surrogate && code <= 0x10ffff;
}

static void every_code_point_is_judged(void **state) {
    (void) state;
    for (uint32_t code = 0; code < 0x120000; code++) {
        char text[4];
        size_t bytes = encode(code, text);
        if (fr_text_is_clean(text, bytes) != is_allowed(code))
            fail_msg("U+%04X", code);
    }
}

static int compare(const void *a, const void *b) { return memcmp(a, b, 4); }

/* Every one of the 2^16 pairs of bytes, and random runs of three and four, is clean only if the encoder makes it. */
static void nothing_else_is_clean(void **state) {
    static char known[0x110000][4]; /* all characters that are allowed, padded with zeros, sorted */
    size_t known_count = 0;

    (void) state;
    for (uint32_t code = 0; code <= 0x10ffff; code++)
        if (is_allowed(code))
            encode(code, known[known_count++]);
    qsort(known, known_count, sizeof *known, compare);
    for (uint32_t pair = 0; pair < 0x10000; pair++) {
        char one[4] = {(char) (pair >> 8)}, two[4] = {(char) pair}, both[4] = {one[0], two[0]};
        bool is_known = bsearch(both, known, known_count, 4, compare) ||
            (bsearch(one, known, known_count, 4, compare) && bsearch(two, known, known_count, 4, compare));
        if (both[1] != '\0') /* the padding would hide it */
            assert_int_equal(fr_text_is_clean(both, 2), is_known);
    }
    for (int round = 0; round < 10 * ROUNDS; round++) {
        char text[4] = {(char) (0xe0 + draw(24)), (char) (0x80 + draw(64)), (char) (0x80 + draw(64))};
        size_t bytes = 3;
        if (draw(2) == 0)
            text[bytes++] = (char) (0x80 + draw(64));
        if (draw(8) == 0)
            text[1 + draw(2)] = (char) (1 + draw(255));
        if ((text[0] & 0x80) && (text[1] & 0x80) && (text[2] & 0x80)) /* so that it can be one character only */
            assert_int_equal(fr_text_is_clean(text, bytes), bsearch(text, known, known_count, 4, compare) != NULL);
    }
}

static void cleaning_makes_clean_and_keeps_clean(void **state) {
    (void) state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT_ROOM], before[TEXT_ROOM];
        size_t bytes = 0;
        for (uint32_t left = draw(20); left > 0; left--) {
            if (draw(4) == 0)
                text[bytes++] = (char) (1 + draw(255));
            else
                bytes += encode(1 + draw(draw(2) == 0 ? 0x7e : 0x10ffff), text + bytes);
        }
        text[bytes] = '\0';
        memcpy(before, text, bytes + 1);
        fr_text_clean(text);
        assert_int_equal(strlen(text), bytes);
        assert_true(fr_text_is_clean(text, bytes));
        assert_int_equal(memcmp(text, before, bytes) == 0, fr_text_is_clean(before, bytes));
        for (size_t i = 0; i < bytes; i++)
            assert_true(text[i] == before[i] || text[i] == '?');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_survive),
        cmocka_unit_test(hex_survives),
        cmocka_unit_test(sizes_for_people_are_near),
        cmocka_unit_test(what_is_accepted_has_the_documented_form),
        cmocka_unit_test(every_code_point_is_judged),
        cmocka_unit_test(nothing_else_is_clean),
        cmocka_unit_test(cleaning_makes_clean_and_keeps_clean),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
