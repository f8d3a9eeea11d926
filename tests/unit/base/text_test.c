/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <fastreplica/error.h>

#include "base/time.h"
#include "support/test.h"

struct parsed {
    const char *text;
    uint64_t value;
};

/* Each good text gives its value, and each bad one FR_E_SYNTAX with the result untouched. */
static void expect_parses(int (*parse)(const char *text, uint64_t *ret_value), const struct parsed *good, size_t good_count,
                          const char *const *bad, size_t bad_count) {
    for (size_t i = 0; i < good_count; i++) {
        uint64_t value = 12345;
        if (parse(good[i].text, &value) != 0)
            fail_msg("'%s' is refused", good[i].text);
        if (value != good[i].value)
            fail_msg("'%s' is read as %llu", good[i].text, (unsigned long long) value);
    }
    for (size_t i = 0; i < bad_count; i++) {
        uint64_t value = 12345;
        if (parse(bad[i], &value) != FR_E_SYNTAX)
            fail_msg("'%s' is accepted", bad[i]);
        assert_true(value == 12345);
    }
}

static void sizes(void **state) {
    static const struct parsed good[] = {
        {"0", 0},
        {"65536", 65536},
        {"64K", 65536},
        {"64k", 65536},
        {"64KB", 65536},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"1M", 1 << 20},
        {"1.5G", UINT64_C(3) << 29},
        {"2T", UINT64_C(2) << 40},
        {"007", 7},
        {"0.5K", 512},
        {"1.0001K", 1024},
        {"0.1M", 104857},
        {"1.5000000000000000000000000000001K", 1536},
        {"18446744073709551614", UINT64_MAX - 1},
        {"16777215.99T", UINT64_C(18446744062714435338)},
    };
    static const char *const bad[] = {
        "",
        " ",
        "K",
        "-1",
        "+1",
        "1.5",
        "1.0",
        ".5K",
        "1.K",
        "1,5K",
        "1 K",
        " 1K",
        "1K ",
        "1KK",
        "1Ki",
        "1KiBs",
        "1KBi",
        "1B",
        "1iB",
        "1P",
        "0x10",
        "1e3",
        "nan",
        "inf",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "16777216T",
        "1\xc2\xa0K",
    };

    (void) state;
    expect_parses(fr_text_parse_bytes, good, FR_COUNT_OF(good), bad, FR_COUNT_OF(bad));
}

static void rates(void **state) {
    static const struct parsed good[] = {
        {"100M", 12500000},
        {"1G", 125000000},
        {"2.5Gbit", 312500000},
        {"2.5Gbit/s", 312500000},
        {"300MB/s", 300000000},
        {"300mB/s", 300000000},
        {"8", 1},
        {"1", 1},
        {"7", 1},
        {"0.001", 1},
        {"15", 1},
        {"16bit/s", 2},
        {"9600bps", 1200},
        {"1kbps", 125},
        {"1Kbit", 125},
        {"1B/s", 1},
        {"1.5B/s", 1},
        {"1T", UINT64_C(125000000000)},
        {"18446744.073709551614TB/s", UINT64_MAX - 1},
    };
    static const char *const bad[] = {
        "",
        "M",
        "0",
        "0.0",
        "0M",
        "0B/s",
        "-1M",
        "100MB",
        "100Mb",
        "100MBps",
        "100mb/s",
        "100Mbit/",
        "100Mbit/s ",
        "100MBit",
        "100 M",
        "100MiB/s",
        "1P",
        "fast",
        "18446744073709.551615MB/s",
        "999999999999TB/s",
    };

    (void) state;
    expect_parses(fr_text_parse_rate, good, FR_COUNT_OF(good), bad, FR_COUNT_OF(bad));
}

static void durations(void **state) {
    static const struct parsed good[] = {
        {"500ms", 500 * FR_MS},
        {"5s", 5 * FR_SECOND},
        {"5", 5 * FR_SECOND},
        {"2m", 120 * FR_SECOND},
        {"1h", 3600 * FR_SECOND},
        {"1.5s", 1500 * FR_MS},
        {"0", 0},
        {"0.5", 500 * FR_MS},
        {"0.000000001", 1},
        {"0.0000000001", 0},
        {"1.25h", 4500 * FR_SECOND},
        {"18446744073.709551614", UINT64_MAX - 1},
    };
    static const char *const bad[] = {"",        "s", "-1", "5 s", "5S", "5sec", "1d", "1us", "1h30m", "1.", "5s ", "18446744073.709551615",
                                      "6000000h"};

    (void) state;
    expect_parses(fr_text_parse_duration, good, FR_COUNT_OF(good), bad, FR_COUNT_OF(bad));
}

static void sizes_for_people(void **state) {
    static const struct parsed known[] = {
        {"0 B", 0},
        {"1 B", 1},
        {"999 B", 999},
        {"1.0 kB", 1000},
        {"1.0 kB", 1049},
        {"1.1 kB", 1050},
        {"15.0 MB", 15000000},
        {"99.9 kB", 99949},
        {"100 kB", 99950},
        {"250 kB", 250000},
        {"999 kB", 999499},
        {"1.0 MB", 999500},
        {"1.2 GB", 1200000000},
        {"4.2 TB", UINT64_C(4200000000000)},
        {"18.4 EB", UINT64_MAX},
        {"1.0 EB", UINT64_C(999999999999999999)},
        {"999 PB", UINT64_C(999499999999999999)},
    };
    char text[16], tiny[4] = "abc";

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(known); i++) {
        assert_ptr_equal(fr_text_format_bytes(known[i].value, text, sizeof text), text);
        assert_string_equal(text, known[i].text);
    }
    fr_text_format_bytes(1234567, tiny, sizeof tiny);
    assert_string_equal(tiny, "1.2");
}

static void hex(void **state) {
    static const uint8_t bytes[] = {0x00, 0x01, 0xab, 0xff};
    uint8_t back[4] = {9, 9, 9, 9};
    char text[9];

    (void) state;
    fr_text_hex(bytes, sizeof bytes, text);
    assert_string_equal(text, "0001abff");
    assert_int_equal(fr_text_unhex("0001AbFf", back, 4), 0);
    assert_memory_equal(back, bytes, 4);
    fr_text_hex(bytes, 0, text);
    assert_string_equal(text, "");
    assert_int_equal(fr_text_unhex("", back, 0), 0);
}

static void what_is_not_hex_is_refused(void **state) {
    static const char *const bad[] = {"",         "0001ab",   "0001abf",  "0001abff0",  "0001abff\n",
                                      "0001abfg", "0x01abff", "0001ab f", "0001abf\xff"};

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(bad); i++) {
        uint8_t back[4] = {9, 9, 9, 9};
        assert_int_equal(fr_text_unhex(bad[i], back, 4), FR_E_SYNTAX);
        assert_memory_equal(back, "\x09\x09\x09\x09", 4);
    }
    assert_int_equal(fr_text_unhex("0", (uint8_t[1]){0}, 0), FR_E_SYNTAX);
}

static void clean_and_unclean_text(void **state) {
    static const char *const clean[] = {
        "",
        "plain",
        " ~",
        "\xc2\xa0",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "größe €",
        "日本語",
    };
    /* Control characters; lone, missing and surplus continuation bytes; forms too long; surrogates; above U+10FFFF. */
    static const char *const unclean[] = {
        "\x01",
        "a\tb",
        "a\n",
        "\x1f",
        "\x7f",
        "\xc2\x80",
        "\xc2\x9f",
        "\x80",
        "\xbf",
        "\xc2",
        "\xc2z",
        "a\xe2\x82",
        "\xe2\x82z",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc3\xa9\xa9",
    };

    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(clean); i++)
        assert_true(fr_text_is_clean(clean[i], strlen(clean[i])));
    for (size_t i = 0; i < FR_COUNT_OF(unclean); i++)
        assert_false(fr_text_is_clean(unclean[i], strlen(unclean[i])));
    assert_false(fr_text_is_clean("a\0b", 3));
    assert_true(fr_text_is_clean("a\0b", 1));
    assert_false(fr_text_is_clean("é", 1)); /* the second byte lies outside */
}

static void cleaning_replaces_only_what_is_unclean(void **state) {
    char text[] = "a\nb\xc2\x85"
                  "c é\xe2\x82 \xff";
    char clean[] = "größe €";
    char empty[] = "";

    (void) state;
    fr_text_clean(text);
    assert_string_equal(text, "a?b??c é?? ?");
    fr_text_clean(clean);
    assert_string_equal(clean, "größe €");
    fr_text_clean(empty);
    assert_string_equal(empty, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(rates),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes_for_people),
        cmocka_unit_test(hex),
        cmocka_unit_test(what_is_not_hex_is_refused),
        cmocka_unit_test(clean_and_unclean_text),
        cmocka_unit_test(cleaning_replaces_only_what_is_unclean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
