/* SPDX-License-Identifier: Apache-2.0 */
/* How many CPU seconds does a GiB cost in TLS and sockets, both ends together?
 *
 *   net_throughput [--mib N] [--chunk KIB] [--links N]          a sender and a receiver process over 127.0.0.1
 *   net_throughput --receive ADDR:PORT                          one end each, for two network namespaces
 *   net_throughput --send ADDR:PORT [--mib N] [--chunk KIB] [--links N] [--unsent KIB]
 *
 * One line per end: seconds of wall clock, of user and of system time. Nothing is hashed or stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "net/conn.h"

enum { LINKS_MAX = 256, IN_FLIGHT = 4 };

/* What the callbacks get: a connection of the sender or of the receiver. */
struct link {
    struct bench *bench;
    unsigned in_flight; /* chunks given to the connection and not yet gone */
};

static const uint8_t SECRET[32] = "a secret of no worth";

struct bench {
    uv_loop_t loop;
    struct fr_tls_config *tls;
    struct fr_conn_options options;
    struct fr_listener *listener;
    bool is_sender;
    struct fr_buffer *buffer; /* the sender's only chunk; the receiver's spare one */
    uint64_t bytes_left;      /* to be sent */
    uint64_t bytes_received;
    unsigned links_open; /* at the receiver */
    uint64_t began_at;
};

static void die(const char *what, const struct fr_failure *failure) {
    fprintf(stderr, "net_throughput: %s%s%s\n", what, failure ? ": " : "", failure ? failure->text : "");
    exit(1);
}

static void send_more(struct fr_conn *conn, struct link *link) {
    struct bench *bench = link->bench;
    bench->bytes_left -= bench->bytes_left < bench->buffer->bytes ? bench->bytes_left : bench->buffer->bytes;
    link->in_flight++;
    fr_conn_send_chunk(conn, 0, bench->buffer);
}

static void say_end(struct fr_conn *conn) {
    uint8_t frame[FR_FRAME_HEAD_BYTES];
    fr_conn_send(conn, frame, fr_empty_encode(FR_FRAME_PING, frame, sizeof frame));
}

static void on_ready(struct fr_conn *conn, void *user) {
    struct link *link = user;
    struct bench *bench = link->bench;
    if (!bench->is_sender)
        return;
    while (bench->bytes_left > 0 && link->in_flight < IN_FLIGHT)
        send_more(conn, link);
    if (link->in_flight == 0)
        say_end(conn);
}

static void on_chunk_sent(struct fr_conn *conn, void *user, fr_chunk_index chunk) {
    struct link *link = user;
    (void) chunk;
    link->in_flight--;
    if (link->bench->bytes_left > 0)
        send_more(conn, link);
    else if (link->in_flight == 0)
        say_end(conn);
}

static void on_frame(struct fr_conn *conn, void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct link *link = user;
    struct bench *bench = link->bench;
    (void) type, (void) body, (void) bytes;
    free(link);
    if (--bench->links_open == 0 && bench->listener) {
        fr_listener_close(bench->listener);
        bench->listener = NULL;
    }
    fr_conn_close(conn);
}

static struct fr_buffer *on_chunk_begin(struct fr_conn *conn, void *user, fr_chunk_index chunk, uint32_t chunk_size) {
    struct bench *bench = ((struct link *) user)->bench;
    (void) conn, (void) chunk;
    struct fr_buffer *buffer = bench->buffer ? bench->buffer : fr_buffer_new(chunk_size);
    bench->buffer = NULL;
    if (!buffer || buffer->capacity < chunk_size)
        die("no buffer", NULL);
    return buffer;
}

static void on_chunk(struct fr_conn *conn, void *user, fr_chunk_index chunk, struct fr_buffer *buffer) {
    struct bench *bench = ((struct link *) user)->bench;
    (void) conn, (void) chunk;
    if (bench->began_at == 0)
        bench->began_at = uv_hrtime();
    bench->bytes_received += buffer->bytes;
    if (bench->buffer)
        fr_buffer_unref(buffer);
    else
        bench->buffer = buffer; /* as a pool would: fresh pages cost more than all of TLS */
}

static void on_closed(struct fr_conn *conn, void *user, const struct fr_failure *failure) {
    (void) conn;
    if (failure->error != FR_E_CLOSED)
        die("link", failure);
    free(user);
}

static const struct fr_conn_handlers HANDLERS = {on_ready, on_frame, on_chunk_begin, on_chunk, on_chunk_sent, on_closed};

static struct link *make_link(struct bench *bench) {
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        die("no memory", NULL);
    link->bench = bench;
    return link;
}

static void on_accept(void *user, int socket) {
    struct bench *bench = user;
    struct fr_conn *conn;
    bench->links_open++;
    if (fr_conn_adopt(&bench->options, socket, &HANDLERS, make_link(bench), &conn) != 0)
        die("adopt", NULL);
}

static void set_up(struct bench *bench) {
    struct fr_failure failure = {0};
    uv_loop_init(&bench->loop);
    bench->tls = fr_tls_config_new(SECRET, &failure);
    if (!bench->tls)
        die("tls", &failure);
    bench->options.loop = &bench->loop;
    bench->options.tls = bench->tls;
    bench->options.handshake_timeout = 5 * FR_SECOND;
}

static void report(const char *who, uint64_t bytes, uint64_t began_at) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double gib = (double) bytes / (1 << 30), wall = (double) (uv_hrtime() - began_at) / 1e9;
    double user = (double) usage.ru_utime.tv_sec + (double) usage.ru_utime.tv_usec / 1e6;
    double sys = (double) usage.ru_stime.tv_sec + (double) usage.ru_stime.tv_usec / 1e6;
    printf("%s: %.2f GiB in %.3f s, CPU s/GiB %.3f = user %.3f + sys %.3f, switches %ld + %ld, peak %ld KiB\n", who, gib, wall,
           (user + sys) / gib, user / gib, sys / gib, usage.ru_nvcsw, usage.ru_nivcsw, usage.ru_maxrss);
    fflush(stdout);
}

static void receive(struct bench *bench) {
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    report("receiver", bench->bytes_received, bench->began_at);
}

static void send_all(struct bench *bench, const char *address, uint64_t bytes, uint32_t chunk_bytes, unsigned links) {
    set_up(bench);
    bench->is_sender = true;
    bench->buffer = fr_buffer_new(chunk_bytes);
    if (!bench->buffer)
        die("no memory", NULL);
    bench->buffer->bytes = chunk_bytes;
    memset(bench->buffer->data, 0x5a, chunk_bytes);
    bench->bytes_left = bytes;
    bench->began_at = uv_hrtime();
    for (unsigned i = 0; i < links; i++) {
        struct fr_conn *conn;
        if (fr_conn_dial(&bench->options, address, &HANDLERS, make_link(bench), &conn) != 0)
            die("dial", NULL);
    }
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    report("sender  ", bytes, bench->began_at);
}

static void listen_on(struct bench *bench, const char *address) {
    struct fr_failure failure = {0};
    set_up(bench);
    if (fr_listener_open(&bench->loop, address, on_accept, bench, &bench->listener, &failure) != 0)
        die("listen", &failure);
}

int main(int argc, char **argv) {
    static struct bench bench;
    uint64_t mib = 2048;
    uint32_t chunk_kib = 256;
    unsigned links = 1;
    uint32_t unsent_kib = 0;
    const char *receive_on = NULL, *send_to = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *word = argv[i], *value = argv[i + 1];
        if (strcmp(word, "--mib") == 0)
            mib = strtoull(value, NULL, 10);
        else if (strcmp(word, "--chunk") == 0)
            chunk_kib = (uint32_t) strtoul(value, NULL, 10);
        else if (strcmp(word, "--links") == 0)
            links = (unsigned) strtoul(value, NULL, 10);
        else if (strcmp(word, "--receive") == 0)
            receive_on = value;
        else if (strcmp(word, "--send") == 0)
            send_to = value;
        else if (strcmp(word, "--unsent") == 0)
            unsent_kib = (uint32_t) strtoul(value, NULL, 10);
        else
            die("unknown option", NULL);
    }
    if (argc % 2 == 0 || links < 1 || links > LINKS_MAX || chunk_kib < 1 || chunk_kib > FR_CHUNK_BYTES_MAX / 1024)
        die("usage: [--mib N] [--chunk KIB] [--links N] [--receive ADDR:PORT | --send ADDR:PORT]", NULL);
    if (send_to) {
        bench.options.unsent_bytes_max = unsent_kib << 10;
        send_all(&bench, send_to, mib << 20, chunk_kib << 10, links);
        return 0;
    }
    listen_on(&bench, receive_on ? receive_on : "127.0.0.1:0");
    if (receive_on) {
        receive(&bench);
        return 0;
    }
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", fr_listener_port(bench.listener));
    pid_t sender = fork();
    if (sender == 0) {
        static struct bench sending;
        sending.options.unsent_bytes_max = unsent_kib << 10;
        send_all(&sending, address, mib << 20, chunk_kib << 10, links);
        return 0;
    }
    receive(&bench);
    int status = 0;
    waitpid(sender, &status, 0);
    return status != 0;
}
