/* SPDX-License-Identifier: Apache-2.0 */
/* The encrypted side of a session: an OpenSSL BIO over a non-blocking socket, made for few system calls and few copies.
 *
 * Out: records are gathered and sent some 64 KiB at a time. Sending each from OpenSSL's buffer with MSG_MORE saves that copy and
 * costs twice as much in all on a link with an ordinary MTU, for the kernel then makes small segments (bench/net_throughput.c).
 * In: OpenSSL asks for a record's head, then for its body. The body is read together with the head of the next record, so a
 * record costs one call and no copy of ours; reading several records at once was no faster, and needs a buffer. */
#include "net/tls_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"

static bool is_later(int sys_errno) { return sys_errno == EAGAIN || sys_errno == EWOULDBLOCK; }

static void drop_out(struct fr_tls *tls) {
    fr_free(tls->out);
    tls->out = NULL;
    tls->out_head = tls->out_tail = 0;
}

/* Sends what waits, as far as the socket takes it. */
static void send_out(struct fr_tls *tls) {
    ssize_t sent;
    do
        sent = send(tls->socket, tls->out + tls->out_head, tls->out_tail - tls->out_head, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (!is_later(errno))
            tls->write_errno = errno;
        tls->is_full = true;
        return;
    }
    tls->out_head += (size_t) sent;
    tls->is_full = tls->out_head < tls->out_tail;
    if (!tls->is_full)
        drop_out(tls);
}

static size_t room_of(const struct fr_tls *tls) { return FR_TLS_OUT_BYTES - (tls->out_tail - tls->out_head); }

/* Puts a record behind those that wait. False: no memory. */
static bool append_out(struct fr_tls *tls, const char *bytes, size_t count) {
    size_t waiting = tls->out_tail - tls->out_head;
    if (!tls->out && !(tls->out = fr_alloc(FR_TLS_OUT_BYTES)))
        return false;
    if (count > FR_TLS_OUT_BYTES - tls->out_tail) {
        memmove(tls->out, tls->out + tls->out_head, waiting);
        tls->out_head = 0;
        tls->out_tail = waiting;
    }
    memcpy(tls->out + tls->out_tail, bytes, count);
    tls->out_tail += count;
    return true;
}

bool fr_tls_socket_make_room(struct fr_tls *tls, size_t bytes) {
    if (room_of(tls) >= bytes)
        return true;
    if (!tls->is_full)
        send_out(tls);
    return room_of(tls) >= bytes;
}

bool fr_tls_socket_flush(struct fr_tls *tls) {
    if (tls->out && !tls->is_full)
        send_out(tls);
    return !tls->out;
}

/* OpenSSL never sees a partial write: a record is taken whole or not at all. */
static int write_record(BIO *bio, const char *bytes, size_t count, size_t *ret_written) {
    struct fr_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->write_errno == 0 && !fr_tls_socket_make_room(tls, count) && tls->write_errno == 0) {
        BIO_set_retry_write(bio);
        return 0;
    }
    if (tls->write_errno == 0 && !append_out(tls, bytes, count))
        tls->write_errno = ENOMEM;
    if (tls->write_errno != 0)
        return 0;
    *ret_written = count;
    return 1;
}

/* Reads into `at` and, when that was filled, on into `ahead`. */
static ssize_t receive_with_ahead(struct fr_tls *tls, char *at, size_t room) {
    struct iovec parts[2] = {{at, room}, {tls->ahead, sizeof tls->ahead}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = room > sizeof tls->ahead ? 2 : 1};
    ssize_t got;
    do
        got = recvmsg(tls->socket, &message, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0 && (size_t) got > room) {
        tls->ahead_head = 0;
        tls->ahead_tail = (uint8_t) ((size_t) got - room);
        got = (ssize_t) room;
    }
    return got;
}

static int read_records(BIO *bio, char *at, size_t room, size_t *ret_read) {
    struct fr_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (room == 0)
        return 0;
    size_t count = (size_t) (tls->ahead_tail - tls->ahead_head);
    if (count > 0) {
        count = count < room ? count : room;
        memcpy(at, tls->ahead + tls->ahead_head, count);
        tls->ahead_head = (uint8_t) (tls->ahead_head + count);
        *ret_read = count;
        return 1;
    }
    ssize_t got = receive_with_ahead(tls, at, room);
    if (got > 0) {
        *ret_read = (size_t) got;
        return 1;
    }
    if (got == 0)
        tls->is_end = true;
    else if (is_later(errno))
        BIO_set_retry_read(bio);
    else
        tls->read_errno = errno;
    return 0;
}

static long control(BIO *bio, int command, long number, void *pointer) {
    struct fr_tls *tls = BIO_get_data(bio);
    (void) number, (void) pointer;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1; /* The caller of fr_tls flushes: once a round, not once a record. */
    case BIO_CTRL_EOF: return tls->is_end;
    default: return 0;
    }
}

BIO_METHOD *fr_tls_socket_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "fastreplica socket");
    if (!method)
        return NULL;
    BIO_meth_set_write_ex(method, write_record);
    BIO_meth_set_read_ex(method, read_records);
    BIO_meth_set_ctrl(method, control);
    return method;
}
