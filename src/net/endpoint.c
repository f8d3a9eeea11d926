/* SPDX-License-Identifier: Apache-2.0 */
/* "host:port" as text, and socket addresses as text. */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

static_assert(FR_ENDPOINT_TEXT_MAX >= INET6_ADDRSTRLEN + IF_NAMESIZE + sizeof "[%]:65535", "every address fits");

static int parse_port(const char *text, unsigned low, char *out) {
    size_t count = strspn(text, "0123456789");
    if (count == 0 || count > 5 || text[count])
        return FR_E_SYNTAX;
    unsigned port = 0;
    for (size_t i = 0; i < count; i++)
        port = port * 10 + (unsigned) (text[i] - '0');
    if (port < low || port > 65535)
        return FR_E_SYNTAX;
    snprintf(out, sizeof((struct fr_endpoint *) 0)->port, "%u", port);
    return 0;
}

/* What a host may be made of: no blank, no control character, nothing that a resolver would be surprised by. */
static bool is_host(const char *bytes, size_t count, bool is_bracketed) {
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char) bytes[i];
        if (c <= 0x20 || c >= 0x7f || strchr("[]/,#@", c) || (c == ':' && !is_bracketed))
            return false;
    }
    return true;
}

static int parse(const char *text, bool is_listen, struct fr_endpoint *ret_address) {
    struct fr_endpoint address = {0};
    const char *host = text, *colon = NULL;
    size_t host_bytes = 0;
    bool is_bracketed = text[0] == '[';
    if (strlen(text) > FR_ADDRESS_BYTES_MAX)
        return FR_E_SYNTAX;
    if (is_bracketed) {
        const char *end = strchr(text, ']');
        if (!end || end == text + 1 || end[1] != ':')
            return FR_E_SYNTAX;
        host = text + 1;
        host_bytes = (size_t) (end - host);
        colon = end + 1;
    } else if ((colon = strrchr(text, ':'))) {
        host_bytes = (size_t) (colon - text);
    } else if (!is_listen) {
        return FR_E_SYNTAX;
    }
    if (!is_host(host, host_bytes, is_bracketed) || (host_bytes == 0 && !is_listen))
        return FR_E_SYNTAX;
    if (parse_port(colon ? colon + 1 : text, is_listen ? 0 : 1, address.port) != 0)
        return FR_E_SYNTAX;
    memcpy(address.host, host, host_bytes);
    *ret_address = address;
    return 0;
}

int fr_endpoint_parse(const char *text, struct fr_endpoint *ret_address) { return parse(text, false, ret_address); }

int fr_endpoint_parse_listen(const char *text, struct fr_endpoint *ret_address) { return parse(text, true, ret_address); }

struct addrinfo *fr_endpoint_numeric(const struct fr_endpoint *address, bool is_passive) {
    struct addrinfo *list = NULL;
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (is_passive ? AI_PASSIVE : 0),
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    if (address->host[0] == 0 && !is_passive)
        return NULL;
    return getaddrinfo(address->host[0] ? address->host : NULL, address->port, &hints, &list) == 0 ? list : NULL;
}

char *fr_endpoint_format(const struct sockaddr *address, char *out, size_t size) {
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, size, "%s:%u", host, ntohs(v4->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) (const void *) address;
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        if (is_v4)
            inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
        else
            getnameinfo(address, sizeof *v6, host, sizeof host, NULL, 0, NI_NUMERICHOST);
        snprintf(out, size, is_v4 ? "%s:%u" : "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        snprintf(out, size, "unknown");
    }
    return out;
}
