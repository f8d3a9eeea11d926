/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 with a cluster secret as external PSK and ECDHE (RFC 8446 psk_dhe_ke): both sides prove that they hold the secret,
 * and a secret stolen later opens no recorded traffic. No certificates, no resumption, no renegotiation, no early data. */
#ifndef FR_NET_TLS_H
#define FR_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/error.h>

/* Settings for both directions, made once from the secret; for the thread of one loop. Sessions count it: it goes when both
 * fr_tls_config_free was called and the last session is gone. */
struct fr_tls_config;
/* secret: FR_KEY_BYTES. The PSK identity is "fastreplica-1-" and the first 8 bytes of SHA-256("fastreplica-psk-1" | secret) in hex:
 * it tells an operator's logs which secret was tried and nothing of the secret. The PSK is HKDF-SHA256 of the secret
 * (docs/protocol.md). Cipher TLS_AES_128_GCM_SHA256 first, then
 * TLS_CHACHA20_POLY1305_SHA256. NULL with a failure when OpenSSL refuses. */
struct fr_tls_config *fr_tls_config_new(const uint8_t *secret, struct fr_failure *failure);
void fr_tls_config_free(struct fr_tls_config *config); /* NULL allowed */
/* Our PSK identity, for logs. Never NULL. */
const char *fr_tls_config_identity(const struct fr_tls_config *config);
/* Records sent under one key before a KeyUpdate (RFC 8446 5.5 asks for one before 2^24.5). Tests set it low. */
void fr_tls_config_set_key_records(struct fr_tls_config *config, uint64_t records);

/* One connection's session over a non-blocking socket that the caller owns. Writes gather several records before
 * one send(): see fr_tls_flush. */
struct fr_tls;
struct fr_tls *fr_tls_new(struct fr_tls_config *config, int socket, bool is_dialler); /* NULL: no memory */
void fr_tls_free(struct fr_tls *tls);                                                 /* NULL allowed */

enum fr_tls_result {
    FR_TLS_OK = 1,
    FR_TLS_WANT_READ = 2,  /* wait until the socket is readable */
    FR_TLS_WANT_WRITE = 3, /* wait until it is writable */
    FR_TLS_EOF = 4,        /* the other side closed */
    FR_TLS_FAILED = 5,     /* failure is filled: FR_E_SECRET in the handshake, FR_E_CLOSED, FR_E_TIMEOUT (TCP gave up),
                            * FR_E_UNREACHABLE, FR_E_IO, FR_E_PROTOCOL. Its text has no subject, as in "does not hold our cluster
                            * secret": the caller, who knows the address, puts it in front. */
};
enum fr_tls_result fr_tls_handshake(struct fr_tls *tls, struct fr_failure *failure);
/* Reads up to room bytes. OK: *ret_bytes >= 1. */
enum fr_tls_result fr_tls_read(struct fr_tls *tls, uint8_t *at, size_t room, size_t *ret_bytes, struct fr_failure *failure);
/* Bytes have left the socket that fr_tls_read has not given yet: the socket need not become readable again for them. */
bool fr_tls_has_pending(const struct fr_tls *tls);
/* Encrypts and sends as many of `count` bytes as the socket takes, and at most a few records more, which it keeps.
 * OK: *ret_bytes >= 1; some may not have left yet, so end a round of writes with fr_tls_flush. WANT_WRITE: nothing was taken. */
enum fr_tls_result fr_tls_write(struct fr_tls *tls, const uint8_t *bytes, size_t count, size_t *ret_bytes, struct fr_failure *failure);
/* Sends what is buffered. OK: all is in the socket. */
enum fr_tls_result fr_tls_flush(struct fr_tls *tls, struct fr_failure *failure);
void fr_tls_close_notify(struct fr_tls *tls); /* says goodbye, best effort */

#endif
