/* SPDX-License-Identifier: Apache-2.0 */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fastreplica/error.h>

#include "support/test.h"

struct parse_case {
    const char *text, *host, *port; /* host NULL: refused */
};

static void parses_what_can_be_dialled(void **state) {
    (void) state;
    static const struct parse_case cases[] = {
        {"edge07:7420", "edge07", "7420"},
        {"10.0.0.7:1", "10.0.0.7", "1"},
        {"[2001:db8::1]:65535", "2001:db8::1", "65535"},
        {"[fe80::1%eth0]:7420", "fe80::1%eth0", "7420"},
        {"a.example.net:007", "a.example.net", "7"},
        {"", NULL, NULL},
        {"edge07", NULL, NULL},
        {":7420", NULL, NULL},
        {"7420", NULL, NULL},
        {"edge07:", NULL, NULL},
        {"edge07:0", NULL, NULL},
        {"edge07:65536", NULL, NULL},
        {"edge07:99999999999", NULL, NULL},
        {"edge07:74x", NULL, NULL},
        {"edge07:-1", NULL, NULL},
        {"edge07: 1", NULL, NULL},
        {"::1:7420", NULL, NULL},
        {"[::1]", NULL, NULL},
        {"[::1]7420", NULL, NULL},
        {"[::1:7420", NULL, NULL},
        {"[]:7420", NULL, NULL},
        {"a b:7420", NULL, NULL},
        {"a\nb:7420", NULL, NULL},
        {"a/b:7420", NULL, NULL},
    };
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_endpoint endpoint;
        int error = fr_endpoint_parse(cases[i].text, &endpoint);
        assert_int_equal(error, cases[i].host ? 0 : FR_E_SYNTAX);
        if (error == 0) {
            assert_string_equal(endpoint.host, cases[i].host);
            assert_string_equal(endpoint.port, cases[i].port);
        }
    }
}

static void parses_what_can_be_listened_on(void **state) {
    (void) state;
    static const struct parse_case cases[] = {
        {"7420", "", "7420"},        {":7420", "", "7420"}, {"0", "", "0"},    {":0", "", "0"},       {"127.0.0.1:0", "127.0.0.1", "0"},
        {"[::]:7420", "::", "7420"}, {"", NULL, NULL},      {":", NULL, NULL}, {"65536", NULL, NULL}, {"edge07", NULL, NULL},
        {"::1:7420", NULL, NULL},
    };
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_endpoint endpoint;
        assert_int_equal(fr_endpoint_parse_listen(cases[i].text, &endpoint), cases[i].host ? 0 : FR_E_SYNTAX);
        if (cases[i].host) {
            assert_string_equal(endpoint.host, cases[i].host);
            assert_string_equal(endpoint.port, cases[i].port);
        }
    }
}

static void takes_the_longest_name_and_no_longer(void **state) {
    (void) state;
    char text[FR_ADDRESS_BYTES_MAX + 2];
    struct fr_endpoint endpoint;
    memset(text, 'a', sizeof text);
    memcpy(text + FR_ADDRESS_BYTES_MAX - 5, ":7420", 6);
    assert_int_equal(fr_endpoint_parse(text, &endpoint), 0);
    memset(text, 'a', sizeof text);
    memcpy(text + FR_ADDRESS_BYTES_MAX - 4, ":7420", 6);
    assert_int_equal(fr_endpoint_parse(text, &endpoint), FR_E_SYNTAX);
}

static void knows_a_number_from_a_name(void **state) {
    (void) state;
    static const struct {
        const char *text, *again;
    } cases[] = {{"127.0.0.1:7420", "127.0.0.1:7420"},
                 {"[::1]:7420", "[::1]:7420"},
                 {"[::ffff:10.0.0.7]:1", "10.0.0.7:1"},
                 {"localhost:7420", NULL}};
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_endpoint endpoint;
        char text[FR_ENDPOINT_TEXT_MAX];
        assert_int_equal(fr_endpoint_parse(cases[i].text, &endpoint), 0);
        struct addrinfo *list = fr_endpoint_numeric(&endpoint, false);
        assert_int_equal(list != NULL, cases[i].again != NULL);
        if (list)
            assert_string_equal(fr_endpoint_format(list->ai_addr, text, sizeof text), cases[i].again);
        if (list)
            freeaddrinfo(list);
    }
}

static void gives_every_address_for_no_host(void **state) {
    (void) state;
    struct fr_endpoint endpoint;
    assert_int_equal(fr_endpoint_parse_listen("7420", &endpoint), 0);
    assert_null(fr_endpoint_numeric(&endpoint, false));
    struct addrinfo *list = fr_endpoint_numeric(&endpoint, true);
    assert_non_null(list);
    freeaddrinfo(list);
}

static void formats_what_it_does_not_know(void **state) {
    (void) state;
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    char text[FR_ENDPOINT_TEXT_MAX];
    assert_string_equal(fr_endpoint_format((struct sockaddr *) &address, text, sizeof text), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_can_be_dialled),           cmocka_unit_test(parses_what_can_be_listened_on),
        cmocka_unit_test(takes_the_longest_name_and_no_longer), cmocka_unit_test(knows_a_number_from_a_name),
        cmocka_unit_test(gives_every_address_for_no_host),      cmocka_unit_test(formats_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
