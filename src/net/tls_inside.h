/* SPDX-License-Identifier: Apache-2.0 */
/* What tls_config.c, tls_socket.c and tls.c share; nobody else includes it. */
#ifndef FR_NET_TLS_INSIDE_H
#define FR_NET_TLS_INSIDE_H

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "net/tls.h"

enum {
    FR_TLS_IDENTITY_BYTES = 14 + 16,            /* "fastreplica-1-" and 16 hex digits */
    FR_TLS_PLAIN_MAX = 16 << 10,                /* plaintext of one record */
    FR_TLS_RECORD_MAX = FR_TLS_PLAIN_MAX + 256, /* a whole record with head, tag and type */
    FR_TLS_HEAD_BYTES = 5,                      /* head of a record */
    FR_TLS_OUT_BYTES = 84 << 10,                /* records gathered before a send: four full ones and room for a fifth */
};

struct fr_tls_config {
    uint32_t refs;
    SSL_CTX *context;
    BIO_METHOD *method;
    SSL_SESSION *session; /* the PSK; duplicated for each handshake */
    uint64_t key_records;
    char identity[FR_TLS_IDENTITY_BYTES + 1];
};

struct fr_tls_config *fr_tls_config_ref(struct fr_tls_config *config);

/* A session and the encrypted side of its socket (tls_socket.c). */
struct fr_tls {
    struct fr_tls_config *config;
    SSL *ssl; /* NULL in tests of the socket side only */
    int socket;
    bool is_dialler;
    bool is_up;      /* the handshake is done on this side; its last bytes may still wait in `out` */
    bool is_broken;  /* a fatal error came: no goodbye */
    bool is_end;     /* recv() gave 0 */
    bool is_full;    /* the last send() did not take all */
    int read_errno;  /* what recv() ended with, 0: none */
    int write_errno; /* what send() ended with, 0: none */
    uint8_t *out;    /* encrypted bytes that wait for the socket; NULL when there are none */
    size_t out_head, out_tail;
    uint8_t ahead[FR_TLS_HEAD_BYTES]; /* the head of the record after the one read last, which came with it */
    uint8_t ahead_head, ahead_tail;
    uint64_t records; /* sent under the present key */
    char offered[48]; /* accepter: a PSK identity that is not ours */
};

BIO_METHOD *fr_tls_socket_method(void); /* NULL: no memory */
/* Room for so many bytes in `out`, after sending if need be? */
bool fr_tls_socket_make_room(struct fr_tls *tls, size_t bytes);
/* Sends what waits. True: nothing waits any more. */
bool fr_tls_socket_flush(struct fr_tls *tls);

#endif
