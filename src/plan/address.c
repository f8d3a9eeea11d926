/* SPDX-License-Identifier: Apache-2.0 */
/* One node's address: which forms are taken, and the port it gets when none is written. */
#include "plan/address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>
#include <fastreplica/plan.h>

enum {
    HOST_BYTES_MAX = 253, /* RFC 1035 2.3.4, as text */
    LABEL_BYTES_MAX = 63,
    SCOPE_BYTES_MAX = 15, /* a network interface's name */
};

static const char LOOKUP_PREFIX[] = "dns:";

static_assert(HOST_BYTES_MAX + sizeof ":65535" - 1 <= FR_ADDRESS_BYTES_MAX, "a host and its port fit an address");

/* The C locale's ideas, whatever locale the program runs in. */
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; }

static int refuse(const char **ret_why, const char *why) {
    *ret_why = why;
    return FR_E_SYNTAX;
}

static int parse_port(const char *text, size_t bytes, unsigned *ret_port, const char **ret_why) {
    unsigned port = 0;
    if (bytes == 0)
        return refuse(ret_why, "there is no port after the colon");
    for (size_t i = 0; i < bytes; i++) {
        if (!is_digit(text[i]) || port > UINT16_MAX)
            return refuse(ret_why, "the port is not a number from 1 to 65535");
        port = port * 10 + (unsigned) (text[i] - '0');
    }
    if (port == 0 || port > UINT16_MAX)
        return refuse(ret_why, "the port is not a number from 1 to 65535");
    *ret_port = port;
    return 0;
}

/* text [bytes]: what stands between the brackets. */
static int check_ipv6(const char *text, size_t bytes, const char **ret_why) {
    const char *scope = memchr(text, '%', bytes);
    size_t address_bytes = scope ? (size_t) (scope - text) : bytes;
    char address[INET6_ADDRSTRLEN];
    if (address_bytes >= sizeof address)
        return refuse(ret_why, "what is in the brackets is not an IPv6 address");
    memcpy(address, text, address_bytes);
    address[address_bytes] = '\0';
    struct in6_addr binary;
    if (inet_pton(AF_INET6, address, &binary) != 1)
        return refuse(ret_why, "what is in the brackets is not an IPv6 address");
    if (!scope)
        return 0;
    size_t scope_bytes = bytes - address_bytes - 1;
    if (scope_bytes == 0 || scope_bytes > SCOPE_BYTES_MAX)
        return refuse(ret_why, "what follows the % is not an interface");
    for (const char *c = scope + 1; c < text + bytes; c++)
        if (!is_name_char(*c) && *c != '.')
            return refuse(ret_why, "what follows the % is not an interface");
    return 0;
}

static bool is_ipv4(const char *text, size_t bytes) {
    char address[INET_ADDRSTRLEN];
    if (bytes >= sizeof address)
        return false;
    memcpy(address, text, bytes);
    address[bytes] = '\0';
    struct in_addr binary;
    return inet_pton(AF_INET, address, &binary) == 1;
}

/* A host name or an IPv4 address. One dot at the end, which makes a name absolute, is allowed. */
static int check_host(const char *text, size_t bytes, const char **ret_why) {
    if (bytes == 0)
        return refuse(ret_why, "there is no host");
    if (bytes > HOST_BYTES_MAX)
        return refuse(ret_why, "the host is longer than 253 bytes");
    size_t end = text[bytes - 1] == '.' ? bytes - 1 : bytes;
    size_t label = 0; /* where the current label begins */
    bool is_number = true;
    if (end == 0)
        return refuse(ret_why, "there is no host");
    for (size_t i = 0; i <= end; i++) {
        if (i < end && text[i] != '.') {
            if (!is_name_char(text[i]))
                return refuse(ret_why, "a host holds only letters, digits, '-', '_' and '.'");
            is_number = is_number && is_digit(text[i]);
            continue;
        }
        if (i == label)
            return refuse(ret_why, "the host has an empty part between dots");
        if (i - label > LABEL_BYTES_MAX)
            return refuse(ret_why, "a part of the host is longer than 63 bytes");
        if (text[label] == '-')
            return refuse(ret_why, "a part of the host begins with '-'");
        if (i < end) {
            label = i + 1;
            is_number = true;
        }
    }
    if (is_number && !is_ipv4(text, bytes))
        return refuse(ret_why, "this is neither a host name nor an IPv4 address");
    return 0;
}

const char *fr_address_lookup_name(const char *text, size_t bytes) {
    size_t prefix = strlen(LOOKUP_PREFIX);
    if (bytes <= prefix || strncasecmp(text, LOOKUP_PREFIX, prefix) != 0)
        return NULL;
    for (size_t i = prefix; i < bytes; i++)
        if (!is_digit(text[i]))
            return text + prefix;
    return NULL;
}

/* A host and its port, as fr_address_complete but for "dns:". size: of out. */
static int complete_host(const char *text, size_t bytes, char *out, size_t size, const char **ret_why) {
    size_t host_bytes; /* brackets included */
    int error;
    if (bytes > 0 && text[0] == '[') {
        const char *close = memchr(text, ']', bytes);
        if (!close)
            return refuse(ret_why, "the '[' is not closed");
        host_bytes = (size_t) (close - text) + 1;
        error = check_ipv6(text + 1, host_bytes - 2, ret_why);
        if (!error && host_bytes < bytes && text[host_bytes] != ':')
            error = refuse(ret_why, "after the ']' only a colon and a port may follow");
    } else {
        const char *colon = memchr(text, ':', bytes);
        host_bytes = colon ? (size_t) (colon - text) : bytes;
        if (colon && memchr(colon + 1, ':', bytes - host_bytes - 1))
            return refuse(ret_why, "more than one colon; an IPv6 address is written in brackets, [2001:db8::1]:7420");
        error = check_host(text, host_bytes, ret_why);
    }
    unsigned port = FR_DEFAULT_PORT;
    if (!error && host_bytes < bytes)
        error = parse_port(text + host_bytes + 1, bytes - host_bytes - 1, &port, ret_why);
    if (error)
        return error;
    snprintf(out, size, "%.*s:%u", (int) host_bytes, text, port);
    return 0;
}

/* text [bytes]: what follows "dns:". */
static int complete_lookup(const char *text, size_t bytes, char *out, const char **ret_why) {
    const char *colon = memchr(text, ':', bytes);
    size_t prefix = strlen(LOOKUP_PREFIX), host_bytes = colon ? (size_t) (colon - text) : bytes;
    if (bytes > 0 && text[0] == '[')
        return refuse(ret_why, "after dns: a name is needed, not an address");
    if (host_bytes + prefix > HOST_BYTES_MAX)
        return refuse(ret_why, "the name after dns: is too long");
    int error = complete_host(text, bytes, out + prefix, FR_ADDRESS_BYTES_MAX + 1 - prefix, ret_why);
    if (!error)
        memcpy(out, LOOKUP_PREFIX, prefix); /* NOLINT(bugprone-not-null-terminated-result): what follows it ends in NUL */
    return error;
}

int fr_address_complete(const char *text, size_t bytes, char *out, const char **ret_why) {
    const char *name = fr_address_lookup_name(text, bytes);
    if (name)
        return complete_lookup(name, bytes - (size_t) (name - text), out, ret_why);
    return complete_host(text, bytes, out, FR_ADDRESS_BYTES_MAX + 1, ret_why);
}
