/* SPDX-License-Identifier: Apache-2.0 */
/* "host:port" as text, and socket addresses as text. Looks no name up. */
#ifndef FR_NET_ENDPOINT_H
#define FR_NET_ENDPOINT_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "content/limits.h"

struct fr_endpoint {
    char host[FR_ADDRESS_BYTES_MAX + 1]; /* without brackets; empty: every address of this machine (listening only) */
    char port[6];                        /* decimal, 0 .. 65535 */
};

enum { FR_ENDPOINT_TEXT_MAX = 80 }; /* "[IPv6%interface]:port" and NUL */

/* "host:port", "[v6]:port". Returns 0 or FR_E_SYNTAX: no host, no port, port 0 or above 65535, v6 without brackets, too long. */
int fr_endpoint_parse(const char *text, struct fr_endpoint *ret_address);
/* The same, and ":port", "port" and port 0. */
int fr_endpoint_parse_listen(const char *text, struct fr_endpoint *ret_address);

/* A numeric host as a list for freeaddrinfo, without asking anybody; NULL when host is a name. is_passive: an empty host gives
 * the wildcard addresses. */
struct addrinfo *fr_endpoint_numeric(const struct fr_endpoint *address, bool is_passive);

/* "192.0.2.1:7420" or "[2001:db8::1]:7420"; IPv4 within IPv6 is written as IPv4. Writes at most `size` bytes; returns out. */
char *fr_endpoint_format(const struct sockaddr *address, char *out, size_t size);

#endif
