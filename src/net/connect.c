/* SPDX-License-Identifier: Apache-2.0 */
/* From "host:port" to a connected socket.
 *
 *   RESOLVING --take_list--> IDLE --try_next--> CONNECTING --settle--> LETTING_GO --on_poll_closed--> IDLE or ENDED
 *
 * IDLE:        no socket; the next address is tried, or there is none left and it fails.
 * CONNECTING:  one socket, its poll handle active, the timer armed with this address's share of the time.
 * LETTING_GO:  the poll handle is closing; libuv allows no second handle on the descriptor before that is done.
 * ENDED:       on_done was called or is not wanted; handles close, then the memory goes. */
#include "net/connect.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/time.h"
#include "net/endpoint.h"

enum { ADDRESSES_MAX = 16 };

enum connect_state { RESOLVING, IDLE, CONNECTING, LETTING_GO, ENDED };

struct fr_connect {
    uv_loop_t *loop;
    fr_connect_done *on_done;
    void *user;
    enum connect_state state;
    struct fr_endpoint address;
    char text[FR_ADDRESS_BYTES_MAX + 1]; /* as dialled, for sentences */
    uint64_t timeout_ms, deadline_ms;    /* on the loop's clock */
    uv_getaddrinfo_t lookup;
    bool is_looking_up;
    struct addrinfo *list;       /* owned */
    bool is_list_of_uv;          /* uv_getaddrinfo made it */
    const struct addrinfo *next; /* the address to try next */
    unsigned tried_count;
    uv_poll_t poll;
    uv_timer_t timer;
    bool is_timer_open;
    int socket;     /* -1: none */
    int last_errno; /* of the address tried last; 0: connected */
    char peer[FR_ENDPOINT_TEXT_MAX];
};

static void free_when_quiet(struct fr_connect *attempt) {
    if (attempt->state != ENDED || attempt->is_looking_up || attempt->is_timer_open)
        return;
    if (attempt->list)
        (attempt->is_list_of_uv ? uv_freeaddrinfo : freeaddrinfo)(attempt->list);
    fr_free(attempt);
}

static void on_timer_closed(uv_handle_t *handle) {
    struct fr_connect *attempt = handle->data;
    attempt->is_timer_open = false;
    free_when_quiet(attempt);
}

static void end(struct fr_connect *attempt) {
    fr_assert(attempt->state == IDLE || attempt->state == RESOLVING);
    attempt->state = ENDED;
    if (attempt->is_looking_up)
        uv_cancel((uv_req_t *) &attempt->lookup); /* Fails when a worker has begun it; then its callback comes when that is done. */
    uv_close((uv_handle_t *) &attempt->timer, on_timer_closed);
}

static void end_with_failure(struct fr_connect *attempt, const struct fr_failure *failure) {
    end(attempt);
    attempt->on_done(attempt->user, -1, NULL, failure);
}

/* Nothing is wrong with the other side: we are out of descriptors or memory. */
static bool is_our_lack(int sys_errno) { return sys_errno == EMFILE || sys_errno == ENFILE || sys_errno == ENOBUFS || sys_errno == ENOMEM; }

static void end_unconnected(struct fr_connect *attempt) {
    struct fr_failure failure = {0};
    char which[FR_ENDPOINT_TEXT_MAX + 64] = "";
    if (attempt->tried_count > 1)
        snprintf(which, sizeof which, " (%u addresses, the last %s)", attempt->tried_count, attempt->peer);
    else if (strcmp(attempt->peer, attempt->text) != 0)
        snprintf(which, sizeof which, " (%s)", attempt->peer);
    if (attempt->last_errno == ETIMEDOUT)
        fr_failure_set(&failure, FR_E_UNREACHABLE, 0, "cannot connect to %s%s: no answer within %.3g s", attempt->text, which,
                       (double) attempt->timeout_ms / 1000);
    else
        fr_failure_set(&failure, is_our_lack(attempt->last_errno) ? FR_E_IO : FR_E_UNREACHABLE, attempt->last_errno,
                       "cannot connect to %s%s", attempt->text, which);
    failure.sys_errno = attempt->last_errno;
    end_with_failure(attempt, &failure);
}

static void try_next(struct fr_connect *attempt);

/* A TCP socket can connect to itself when it dials a free port of its own machine and draws the same one. */
static bool is_self_connected(int socket) {
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t our_bytes = sizeof ours, their_bytes = sizeof theirs;
    return getsockname(socket, (struct sockaddr *) &ours, &our_bytes) == 0 &&
        getpeername(socket, (struct sockaddr *) &theirs, &their_bytes) == 0 && our_bytes == their_bytes &&
        memcmp(&ours, &theirs, our_bytes) == 0;
}

static void drop_socket(struct fr_connect *attempt) {
    if (attempt->socket >= 0)
        close(attempt->socket);
    attempt->socket = -1;
}

static void on_poll_closed(uv_handle_t *handle) {
    struct fr_connect *attempt = handle->data;
    fr_assert(attempt->state == LETTING_GO);
    attempt->state = IDLE;
    if (!attempt->on_done) { /* cancelled meanwhile */
        drop_socket(attempt);
        end(attempt);
    } else if (attempt->last_errno != 0) {
        drop_socket(attempt);
        try_next(attempt);
    } else {
        int socket = attempt->socket;
        attempt->socket = -1;
        end(attempt);
        attempt->on_done(attempt->user, socket, attempt->peer, NULL);
    }
}

/* This address is decided: connected (0), or errno. */
static void settle(struct fr_connect *attempt, int sys_errno) {
    fr_assert(attempt->state == CONNECTING);
    attempt->state = LETTING_GO;
    attempt->last_errno = sys_errno;
    uv_timer_stop(&attempt->timer);
    uv_close((uv_handle_t *) &attempt->poll, on_poll_closed);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct fr_connect *attempt = poll->data;
    int sys_errno = 0;
    socklen_t bytes = sizeof sys_errno;
    (void) events;
    if (getsockopt(attempt->socket, SOL_SOCKET, SO_ERROR, &sys_errno, &bytes) != 0)
        sys_errno = errno;
    if (sys_errno == 0 && status < 0)
        sys_errno = ECONNREFUSED;
    if (sys_errno == 0 && is_self_connected(attempt->socket))
        sys_errno = ECONNREFUSED;
    settle(attempt, sys_errno);
}

/* Each address may use an equal part of what is left, so that a dead one leaves time for the others. */
static uint64_t share_of_time(const struct fr_connect *attempt, const struct addrinfo *first) {
    uint64_t now = uv_now(attempt->loop), count = 0;
    uint64_t left = attempt->deadline_ms > now ? attempt->deadline_ms - now : 0;
    for (const struct addrinfo *at = first; at && count < ADDRESSES_MAX - attempt->tried_count; at = at->ai_next)
        count++;
    return left / (count ? count : 1);
}

/* Returns 0 when a connection is under way, else errno. */
static int begin_connect(struct fr_connect *attempt, const struct addrinfo *at) {
    attempt->socket = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (attempt->socket < 0)
        return errno;
    if (connect(attempt->socket, at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS)
        return errno;
    int error = uv_poll_init(attempt->loop, &attempt->poll, attempt->socket);
    if (error != 0)
        return -error;
    attempt->poll.data = attempt;
    attempt->state = CONNECTING;
    error = uv_poll_start(&attempt->poll, UV_WRITABLE, on_poll);
    if (error != 0)
        settle(attempt, -error);
    return 0;
}

static void on_timer(uv_timer_t *timer) {
    struct fr_connect *attempt = timer->data;
    if (attempt->state == CONNECTING) {
        settle(attempt, ETIMEDOUT);
    } else if (attempt->state == RESOLVING) {
        struct fr_failure failure = {0};
        fr_failure_set(&failure, FR_E_TIMEOUT, 0, "cannot look up %s: the name service did not answer within %.3g s", attempt->text,
                       (double) attempt->timeout_ms / 1000);
        end_with_failure(attempt, &failure);
    } else {
        try_next(attempt); /* the start with a numeric address */
    }
}

static void try_next(struct fr_connect *attempt) {
    while (attempt->next && attempt->tried_count < ADDRESSES_MAX) {
        const struct addrinfo *at = attempt->next;
        uint64_t share_ms = share_of_time(attempt, at);
        if (attempt->tried_count > 0 && share_ms == 0)
            break;
        attempt->next = at->ai_next;
        attempt->tried_count++;
        fr_endpoint_format(at->ai_addr, attempt->peer, sizeof attempt->peer);
        int sys_errno = begin_connect(attempt, at);
        if (sys_errno == 0) {
            if (attempt->state == CONNECTING)
                uv_timer_start(&attempt->timer, on_timer, share_ms, 0);
            return;
        }
        attempt->last_errno = sys_errno;
        drop_socket(attempt);
    }
    end_unconnected(attempt);
}

static void take_list(uv_getaddrinfo_t *lookup, int status, struct addrinfo *list) {
    struct fr_connect *attempt = lookup->data;
    attempt->is_looking_up = false;
    attempt->list = list;
    attempt->is_list_of_uv = true;
    if (attempt->state == ENDED) {
        free_when_quiet(attempt);
        return;
    }
    uv_timer_stop(&attempt->timer);
    if (status == 0 && list) {
        attempt->next = list;
        attempt->state = IDLE;
        try_next(attempt);
        return;
    }
    struct fr_failure failure = {0};
    fr_failure_set(&failure, FR_E_RESOLVE, 0, "cannot look up %s: %s", attempt->text,
                   status == UV_EAI_NONAME || status == UV_EAI_NODATA ? "no such host" : uv_strerror(status ? status : UV_EAI_NODATA));
    end_with_failure(attempt, &failure);
}

static int begin_lookup(struct fr_connect *attempt) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    attempt->lookup.data = attempt;
    int error = uv_getaddrinfo(attempt->loop, &attempt->lookup, take_list, attempt->address.host, attempt->address.port, &hints);
    if (error == UV_ENOMEM)
        return FR_E_MEMORY;
    if (error != 0)
        return FR_E_SYNTAX; /* a name that IDNA cannot encode */
    attempt->is_looking_up = true;
    return 0;
}

int fr_connect_start(uv_loop_t *loop, const char *address, fr_time_ns timeout, fr_connect_done *on_done, void *user,
                     struct fr_connect **ret_connect) {
    struct fr_connect *attempt = fr_alloc_zeroed(1, sizeof *attempt);
    if (!attempt)
        return FR_E_MEMORY;
    int error = fr_endpoint_parse(address, &attempt->address);
    if (error != 0)
        goto out;
    snprintf(attempt->text, sizeof attempt->text, "%s", address);
    attempt->loop = loop;
    attempt->on_done = on_done;
    attempt->user = user;
    attempt->socket = -1;
    attempt->list = fr_endpoint_numeric(&attempt->address, false);
    if (!attempt->list && (error = begin_lookup(attempt)) != 0)
        goto out;
    attempt->next = attempt->list;
    attempt->state = attempt->list ? IDLE : RESOLVING;
    uv_timer_init(loop, &attempt->timer);
    attempt->timer.data = attempt;
    attempt->is_timer_open = true;
    uv_update_time(loop); /* The loop's clock may be old when it has not run for a while. */
    attempt->timeout_ms = (timeout + FR_MS - 1) / FR_MS;
    attempt->deadline_ms = uv_now(loop) + attempt->timeout_ms;
    uv_timer_start(&attempt->timer, on_timer, attempt->list ? 0 : attempt->timeout_ms, 0);
    *ret_connect = attempt;
    return 0;
out:
    fr_free(attempt);
    return error;
}

void fr_connect_cancel(struct fr_connect *attempt) {
    if (!attempt)
        return;
    attempt->on_done = NULL;
    if (attempt->state == CONNECTING)
        settle(attempt, ECANCELED);
    else if (attempt->state == RESOLVING || attempt->state == IDLE)
        end(attempt);
}
