/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are taken, and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <fastreplica/error.h>

#include "plan/address.h"

static void good_addresses_get_a_port(void **state) {
    (void) state;
    static const char *const cases[][2] = {
        {"edge01", "edge01:7420"},
        {"edge01.example.net", "edge01.example.net:7420"},
        {"edge01.example.net.", "edge01.example.net.:7420"},
        {"Edge_1:1", "Edge_1:1"},
        {"a:65535", "a:65535"},
        {"a:00080", "a:80"},
        {"10.0.0.1", "10.0.0.1:7420"},
        {"10.0.0.1:9", "10.0.0.1:9"},
        {"3com", "3com:7420"},
        {"1.2.3.x4", "1.2.3.x4:7420"},
        {"[::1]", "[::1]:7420"},
        {"[2001:db8::1]:80", "[2001:db8::1]:80"},
        {"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"},
        {"[fe80::1%eth0.5]:80", "[fe80::1%eth0.5]:80"},
        {"dns:pool.example.net", "dns:pool.example.net:7420"},
        {"DNS:pool:80", "dns:pool:80"},
        {"dns:7420", "dns:7420"},
        {"dns", "dns:7420"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[FR_ADDRESS_BYTES_MAX + 1];
        const char *why = NULL;
        assert_int_equal(fr_address_complete(cases[i][0], strlen(cases[i][0]), out, &why), 0);
        assert_string_equal(out, cases[i][1]);
        assert_null(why);
    }
}

static void bad_addresses_are_refused(void **state) {
    (void) state;
    static const char *const cases[] = {
        "",
        ":7420",
        "a:",
        "a:0",
        "a:65536",
        "dns:",
        "dns:a:b",
        "dns:a:",
        "dns::1",
        "dns:[::1]:1",
        "dns:dns:a",
        "dns:a.-b:1",
        "a:99999999999",
        "a:8o",
        "a:-1",
        "a: 1",
        "a b",
        ".",
        "..",
        "a..b",
        ".a",
        "-a",
        "a.-b",
        "a/b",
        "a@b",
        "\xc3\xa9",
        "2001:db8::1",
        "::1",
        "a:1:2",
        "10.0.0.300",
        "10.0.0",
        "123",
        "1.2.3.4.",
        "1.2.3.4.5",
        "[::1",
        "[]",
        "[::1]x",
        "[::1]:",
        "[::1]7420",
        "[::1]:0",
        "[1.2.3.4]",
        "[::g]",
        "[fe80::1%]",
        "[fe80::1%a/b]",
        "[fe80::1%interface-name-16]",
        "[a]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[FR_ADDRESS_BYTES_MAX + 1] = "untouched";
        const char *why = NULL;
        if (fr_address_complete(cases[i], strlen(cases[i]), out, &why) != FR_E_SYNTAX)
            fail_msg("%s was taken as %s", cases[i], out);
        assert_non_null(why);
        assert_string_equal(out, "untouched");
    }
}

static void only_the_given_bytes_are_read(void **state) {
    (void) state;
    char out[FR_ADDRESS_BYTES_MAX + 1];
    const char *why;
    assert_int_equal(fr_address_complete("host:80,more", 7, out, &why), 0);
    assert_string_equal(out, "host:80");
    assert_int_equal(fr_address_complete("a\0b", 3, out, &why), FR_E_SYNTAX);
}

static void lengths_are_those_of_names(void **state) {
    (void) state;
    char name[300], out[FR_ADDRESS_BYTES_MAX + 1];
    const char *why;
    memset(name, 'a', sizeof name);
    assert_int_equal(fr_address_complete(name, 63, out, &why), 0);
    assert_int_equal(fr_address_complete(name, 64, out, &why), FR_E_SYNTAX);
    for (size_t i = 50; i < sizeof name; i += 50)
        name[i] = '.';
    assert_int_equal(fr_address_complete(name, 253, out, &why), 0);
    assert_int_equal(strlen(out), 253 + 5);
    assert_int_equal(fr_address_complete(name, 254, out, &why), FR_E_SYNTAX);
    memcpy(name + 253, ":65535", 6); /* NOLINT(bugprone-not-null-terminated-result): its length is told */
    assert_int_equal(fr_address_complete(name, 259, out, &why), 0);
    assert_int_equal(strlen(out), 259);
    for (size_t i = 0; i < 4; i++)
        name[i] = "dns:"[i]; /* is part of the address */
    assert_int_equal(fr_address_complete(name, 259, out, &why), 0);
    assert_int_equal(strlen(out), 259);
    memset(name + 253, 'a', 6);
    assert_int_equal(fr_address_complete(name, 254, out, &why), FR_E_SYNTAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses_get_a_port),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(only_the_given_bytes_are_read),
        cmocka_unit_test(lengths_are_those_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
