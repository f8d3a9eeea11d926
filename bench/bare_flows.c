/* SPDX-License-Identifier: Apache-2.0 */
/* What does bare TCP carry where every host sends to many at once? Receives from all who come, and sends to each of the hosts without end.
 *
 *   bare_flows SECONDS PORT ADDRESS...      IPv4 addresses; the same PORT at all of them and here
 *
 * Prints how many bytes came in a second, on the average from the third second on. No TLS, no files, nothing relayed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/time.h"

enum { FLOWS_MAX = 64, BLOCK_BYTES = 16 << 10, UNSENT_BYTES = 64 << 10, WARM_SECONDS = 2, TRIES = 50, TRY_EVERY_US = 100000 };

struct bench {
    struct pollfd polls[1 + 2 * FLOWS_MAX]; /* the listener, those we send to, those who send to us */
    unsigned out_count, count;
    uint64_t received; /* since warm */
    bool is_warm;
};

static uint8_t block[BLOCK_BYTES];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void listen_on(struct bench *bench, uint16_t port) {
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *) &any, sizeof any) != 0 || listen(fd, FLOWS_MAX) != 0)
        die("listen");
    bench->polls[bench->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* The others may not listen yet. */
static void dial(struct bench *bench, const char *address, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int unsent = UNSENT_BYTES;
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
        fprintf(stderr, "%s is no IPv4 address\n", address);
        exit(2);
    }
    for (int tries = 0; tries < TRIES; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0)
            die("socket");
        if (connect(fd, (const struct sockaddr *) &to, sizeof to) == 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent); /* as a connection of ours has it */
            bench->polls[bench->count++] = (struct pollfd){.fd = fd, .events = POLLOUT};
            return;
        }
        close(fd);
        usleep(TRY_EVERY_US);
    }
    die(address);
}

static void accept_one(struct bench *bench) {
    int fd = accept(bench->polls[0].fd, NULL, NULL);
    if (fd >= 0 && bench->count < sizeof bench->polls / sizeof bench->polls[0])
        bench->polls[bench->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void turn(struct bench *bench) {
    static uint8_t sink[4 * BLOCK_BYTES];
    if (poll(bench->polls, bench->count, 100) < 0)
        die("poll");
    for (unsigned i = 1; i < bench->count; i++) {
        struct pollfd *poll = &bench->polls[i];
        if (i <= bench->out_count && (poll->revents & POLLOUT)) {
            send(poll->fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
        } else if (i > bench->out_count && (poll->revents & POLLIN)) {
            ssize_t got = recv(poll->fd, sink, sizeof sink, MSG_DONTWAIT);
            if (got == 0)
                poll->fd = -1; /* it has ended before us */
            else if (got > 0 && bench->is_warm)
                bench->received += (uint64_t) got;
        }
    }
    if (bench->polls[0].revents & POLLIN)
        accept_one(bench);
}

int main(int argc, char **argv) {
    struct bench bench = {.count = 0};
    int seconds = argc > 3 ? atoi(argv[1]) : 0, port = argc > 3 ? atoi(argv[2]) : 0;
    if (seconds <= WARM_SECONDS || port <= 0 || port > UINT16_MAX || argc - 3 > FLOWS_MAX) {
        fprintf(stderr, "usage: bare_flows SECONDS PORT ADDRESS...      more than %d seconds, up to %d addresses\n", WARM_SECONDS,
                FLOWS_MAX);
        return 2;
    }
    listen_on(&bench, (uint16_t) port);
    for (int i = 3; i < argc; i++)
        dial(&bench, argv[i], (uint16_t) port);
    bench.out_count = bench.count - 1;
    fr_time_ns began = uv_hrtime();
    for (fr_time_ns passed = 0; passed < (fr_time_ns) seconds * FR_SECOND; passed = uv_hrtime() - began) {
        bench.is_warm = passed >= WARM_SECONDS * FR_SECOND;
        turn(&bench);
    }
    printf("%.0f\n", (double) bench.received / (seconds - WARM_SECONDS));
    return 0;
}
