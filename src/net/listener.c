/* SPDX-License-Identifier: Apache-2.0 */
/* The accepting side: one address text, one or more listening sockets. */
#include "net/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "net/endpoint.h"

enum {
    SOCKETS_MAX = 8, /* addresses of one name that are listened on */
    BACKLOG = 512,
    ACCEPTS_A_TURN = 64,
    REST_MS = 100,   /* without descriptors or memory: look again after that, instead of spinning */
    PORT_TRIES = 16, /* port 0 with several addresses: the port that the first got may be taken on another */
};

struct listening {
    struct fr_listener *listener;
    uv_poll_t poll;
    int socket;
};

struct fr_listener {
    void (*on_accept)(void *user, int socket);
    void *user;
    struct listening sockets[SOCKETS_MAX];
    unsigned socket_count;
    uv_timer_t rest;
    unsigned handles_open;
    bool is_closed;
    uint16_t port;
};

/* ---- accepting ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *rest) {
    struct fr_listener *listener = rest->data;
    for (unsigned i = 0; i < listener->socket_count; i++)
        uv_poll_start(&listener->sockets[i].poll, UV_READABLE, on_poll);
}

/* Those who knock wait in the kernel's backlog meanwhile. */
static void take_rest(struct fr_listener *listener) {
    for (unsigned i = 0; i < listener->socket_count; i++)
        uv_poll_stop(&listener->sockets[i].poll);
    uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

/* The next call may do better: a connection that died before it was accepted, or a signal. Anything else, descriptors that ran out
 * first of all, would come again at once. */
static bool is_passing(int sys_errno) { return sys_errno == ECONNABORTED || sys_errno == EINTR; }

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct listening *at = poll->data;
    struct fr_listener *listener = at->listener;
    (void) events;
    if (status < 0) {
        take_rest(listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_A_TURN && !listener->is_closed; i++) {
        int socket = accept4(at->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            listener->on_accept(listener->user, socket);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (!is_passing(errno)) {
            take_rest(listener);
            return;
        }
    }
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle) {
    struct fr_listener *listener = handle->data;
    if (handle->type == UV_POLL)
        listener = ((struct listening *) handle->data)->listener;
    fr_assert(listener->handles_open > 0);
    if (--listener->handles_open == 0)
        fr_free(listener);
}

void fr_listener_close(struct fr_listener *listener) {
    if (!listener || listener->is_closed)
        return;
    listener->is_closed = true;
    for (unsigned i = 0; i < listener->socket_count; i++) {
        uv_close((uv_handle_t *) &listener->sockets[i].poll, on_handle_closed);
        close(listener->sockets[i].socket);
    }
    uv_close((uv_handle_t *) &listener->rest, on_handle_closed);
}

uint16_t fr_listener_port(const struct fr_listener *listener) { return listener->port; }

/* ---- opening ---- */

static uint16_t *port_of(struct sockaddr_storage *address) {
    return address->ss_family == AF_INET6 ? &((struct sockaddr_in6 *) (void *) address)->sin6_port
                                          : &((struct sockaddr_in *) (void *) address)->sin_port;
}

static void set_on(int socket, int level, int name, int value) { setsockopt(socket, level, name, &value, sizeof value); }

/* A listening socket on one address, or -errno. */
static int open_socket(const struct sockaddr_storage *address, socklen_t bytes, bool is_dual) {
    int socket_fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return -errno;
    set_on(socket_fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->ss_family == AF_INET6)
        set_on(socket_fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual);
    if (bind(socket_fd, (const struct sockaddr *) address, bytes) == 0 && listen(socket_fd, BACKLOG) == 0)
        return socket_fd;
    int error = -errno;
    close(socket_fd);
    return error;
}

static uint16_t bound_port(int socket) {
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    if (getsockname(socket, (struct sockaddr *) &address, &bytes) != 0)
        return 0;
    return ntohs(*port_of(&address)); /* NOLINT(clang-analyzer-core.CallAndMessage): the system has filled it */
}

/* Where to listen: numeric, wildcard, or a name that is looked up here and now (this is done once, at the start). */
static int find_addresses(const char *text, const struct fr_endpoint *address, struct addrinfo **ret_list, struct fr_failure *failure) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    *ret_list = fr_endpoint_numeric(address, true);
    if (*ret_list)
        return 0;
    int error = getaddrinfo(address->host, address->port, &hints, ret_list);
    if (error == 0)
        return 0;
    return fr_failure_set(failure, FR_E_RESOLVE, 0, "cannot listen on %s: cannot look up its address: %s", text, gai_strerror(error));
}

/* One socket per address of the list, all on one port. Returns 0 or errno; *ret_count sockets are open either way. */
static int open_sockets(const struct addrinfo *list, uint16_t port, bool is_dual, int *ret_sockets, unsigned *ret_count, char *ret_where) {
    int last_errno = EADDRNOTAVAIL;
    *ret_count = 0;
    for (const struct addrinfo *at = list; at && *ret_count < SOCKETS_MAX; at = at->ai_next) {
        struct sockaddr_storage address = {0};
        memcpy(&address, at->ai_addr, at->ai_addrlen);
        if (port)
            *port_of(&address) = htons(port);
        fr_endpoint_format((struct sockaddr *) &address, ret_where, FR_ENDPOINT_TEXT_MAX);
        int fd = open_socket(&address, at->ai_addrlen, is_dual);
        if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {
            last_errno = -fd; /* A machine without IPv6 may still have it in its hosts file. */
            continue;
        }
        if (fd < 0)
            return -fd;
        ret_sockets[(*ret_count)++] = fd;
        if (!port)
            port = bound_port(fd);
    }
    return *ret_count > 0 ? 0 : last_errno;
}

/* All addresses of this machine: one IPv6 socket that takes IPv4 too, or one IPv4 socket where there is no IPv6. */
static int open_wildcard(struct addrinfo *list, int *ret_sockets, unsigned *ret_count, char *ret_where) {
    int error = EAFNOSUPPORT;
    static const int families[] = {AF_INET6, AF_INET};
    for (unsigned i = 0; i < 2 && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL); i++)
        for (struct addrinfo *at = list; at; at = at->ai_next) {
            struct addrinfo only = *at;
            only.ai_next = NULL;
            if (at->ai_family != families[i])
                continue;
            error = open_sockets(&only, 0, true, ret_sockets, ret_count, ret_where);
            break;
        }
    return error;
}

static int open_all(const struct addrinfo *list, int *ret_sockets, unsigned *ret_count, char *ret_where) {
    int error = 0;
    for (int i = 0; i < PORT_TRIES; i++) {
        error = open_sockets(list, 0, false, ret_sockets, ret_count, ret_where);
        if (error == 0)
            return 0;
        bool is_worth_retrying = error == EADDRINUSE && *ret_count > 0;
        while (*ret_count > 0)
            close(ret_sockets[--*ret_count]);
        if (!is_worth_retrying)
            break;
    }
    return error;
}

/* Takes the sockets over, and closes them even on failure; then NULL and *ret_uv_error. */
static struct fr_listener *make(uv_loop_t *loop, const int *sockets, unsigned count, int *ret_uv_error) {
    struct fr_listener *listener = fr_alloc_zeroed(1, sizeof *listener);
    if (!listener) {
        while (count > 0)
            close(sockets[--count]);
        *ret_uv_error = UV_ENOMEM;
        return NULL;
    }
    uv_timer_init(loop, &listener->rest);
    listener->rest.data = listener;
    listener->handles_open = 1;
    for (unsigned i = 0; i < count; i++) {
        struct listening *at = &listener->sockets[i];
        *at = (struct listening){.listener = listener, .socket = sockets[i]};
        *ret_uv_error = uv_poll_init(loop, &at->poll, at->socket);
        if (*ret_uv_error != 0) {
            for (unsigned left = i; left < count; left++)
                close(sockets[left]);
            fr_listener_close(listener);
            return NULL;
        }
        at->poll.data = at;
        listener->socket_count++;
        listener->handles_open++;
        uv_poll_start(&at->poll, UV_READABLE, on_poll);
    }
    return listener;
}

int fr_listener_open(uv_loop_t *loop, const char *address, void (*on_accept)(void *user, int socket), void *user,
                     struct fr_listener **ret_listener, struct fr_failure *failure) {
    struct fr_endpoint parsed;
    struct addrinfo *list = NULL;
    int sockets[SOCKETS_MAX] = {-1};
    unsigned count = 0;
    char where[FR_ENDPOINT_TEXT_MAX] = "";
    if (fr_endpoint_parse_listen(address, &parsed) != 0)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "cannot listen on \"%s\": not host:port, [v6]:port, :port or port", address);
    int error = find_addresses(address, &parsed, &list, failure);
    if (error != 0)
        return error;
    int sys_errno = parsed.host[0] ? open_all(list, sockets, &count, where) : open_wildcard(list, sockets, &count, where);
    freeaddrinfo(list);
    if (sys_errno == EADDRINUSE)
        return fr_failure_set(failure, FR_E_IN_USE, 0, "cannot listen on %s: another process uses this address (%s)", address, where);
    if (sys_errno != 0)
        return fr_failure_set(failure, FR_E_IO, sys_errno, "cannot listen on %s (%s)", address, where);
    struct fr_listener *listener = make(loop, sockets, count, &error);
    if (!listener)
        return fr_failure_set(failure, error == UV_ENOMEM ? FR_E_MEMORY : FR_E_IO, -error, "cannot listen on %s (%s)", address, where);
    listener->on_accept = on_accept;
    listener->user = user;
    listener->port = bound_port(sockets[0]);
    *ret_listener = listener;
    return 0;
}
