/* SPDX-License-Identifier: Apache-2.0 */
/* One TLS session: OpenSSL's calls, and what their results mean to a connection. */
#include "net/tls_inside.h"

#include <errno.h>

#include <openssl/err.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"

struct fr_tls *fr_tls_new(struct fr_tls_config *config, int socket, bool is_dialler) {
    struct fr_tls *tls = fr_alloc_zeroed(1, sizeof *tls);
    BIO *bio = tls ? BIO_new(config->method) : NULL;
    SSL *ssl = bio ? SSL_new(config->context) : NULL;
    if (!ssl) {
        BIO_free(bio);
        fr_free(tls);
        ERR_clear_error();
        return NULL;
    }
    tls->config = fr_tls_config_ref(config);
    tls->ssl = ssl;
    tls->socket = socket;
    tls->is_dialler = is_dialler;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, tls);
    if (is_dialler)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return tls;
}

void fr_tls_free(struct fr_tls *tls) {
    if (!tls)
        return;
    SSL_free(tls->ssl);
    fr_free(tls->out);
    fr_tls_config_free(tls->config);
    fr_free(tls);
}

/* Errors that others left in this thread's queue would be taken for ours. Peeking is cheap, clearing is not. */
static void clear_errors(void) {
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

static enum fr_tls_result fail_by_errno(int sys_errno, struct fr_failure *failure) {
    const char *what = sys_errno == ECONNRESET || sys_errno == EPIPE ? "cut the connection"
        : sys_errno == ETIMEDOUT                                     ? "has not answered for too long"
                                                                     : "cannot be reached any more";
    int error = sys_errno == ENOMEM ? FR_E_MEMORY : fr_error_from_errno(sys_errno);
    fr_failure_set(failure, error, sys_errno, "%s", what);
    return FR_TLS_FAILED;
}

/* The sentence for a handshake that OpenSSL refused. */
static void describe_refusal(const struct fr_tls *tls, unsigned long code, struct fr_failure *failure) {
    static const char WHAT[] = "does not hold our cluster secret";
    const char *reason = ERR_reason_error_string(code);
    if (tls->offered[0])
        fr_failure_set(failure, FR_E_SECRET, 0, "%s (it offered key %s, ours is %s)", WHAT, tls->offered, tls->config->identity);
    else if (ERR_GET_REASON(code) == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)
        fr_failure_set(failure, FR_E_SECRET, 0, "%s (or is no fastreplica node)", WHAT);
    else
        fr_failure_set(failure, FR_E_SECRET, 0, "%s (or is no fastreplica node: %s)", WHAT, reason ? reason : "unknown error");
}

/* What a call that gave `ret` <= 0 means. */
static enum fr_tls_result judge(struct fr_tls *tls, int ret, struct fr_failure *failure) {
    int kind = SSL_get_error(tls->ssl, ret);
    if (kind == SSL_ERROR_WANT_READ)
        return FR_TLS_WANT_READ;
    if (kind == SSL_ERROR_WANT_WRITE)
        return FR_TLS_WANT_WRITE;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return FR_TLS_EOF;
    unsigned long code = ERR_peek_error();
    ERR_clear_error();
    tls->is_broken = true;
    if (tls->write_errno || tls->read_errno)
        return fail_by_errno(tls->write_errno ? tls->write_errno : tls->read_errno, failure);
    if (tls->is_end)
        return FR_TLS_EOF;
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        fr_failure_set(failure, FR_E_MEMORY, 0, "got no answer: no memory for TLS");
    else if (!tls->is_up)
        describe_refusal(tls, code, failure);
    else {
        const char *reason = ERR_reason_error_string(code);
        fr_failure_set(failure, FR_E_PROTOCOL, 0, "broke the TLS protocol: %s", reason ? reason : "unknown error");
    }
    return FR_TLS_FAILED;
}

enum fr_tls_result fr_tls_handshake(struct fr_tls *tls, struct fr_failure *failure) {
    enum fr_tls_result result = FR_TLS_OK;
    tls->is_full = false;
    if (!tls->is_up) {
        clear_errors();
        int ret = SSL_do_handshake(tls->ssl);
        if (ret == 1)
            tls->is_up = true;
        else
            result = judge(tls, ret, failure);
    }
    bool is_flushed = fr_tls_socket_flush(tls); /* in a failure too: the alert tells the other side why */
    if (result == FR_TLS_FAILED || result == FR_TLS_EOF)
        return result;
    if (tls->write_errno)
        return fail_by_errno(tls->write_errno, failure);
    return is_flushed ? result : FR_TLS_WANT_WRITE;
}

enum fr_tls_result fr_tls_read(struct fr_tls *tls, uint8_t *at, size_t room, size_t *ret_bytes, struct fr_failure *failure) {
    fr_assert(tls->is_up && room > 0);
    clear_errors();
    int ret = SSL_read_ex(tls->ssl, at, room, ret_bytes);
    return ret == 1 ? FR_TLS_OK : judge(tls, ret, failure);
}

bool fr_tls_has_pending(const struct fr_tls *tls) { return tls->ahead_head < tls->ahead_tail || SSL_has_pending(tls->ssl); }

/* A new key before the old one has protected too many records. It goes out ahead of the next record. */
static void count_record(struct fr_tls *tls) {
    if (++tls->records < tls->config->key_records)
        return;
    tls->records = 0;
    SSL_key_update(tls->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
}

enum fr_tls_result fr_tls_write(struct fr_tls *tls, const uint8_t *bytes, size_t count, size_t *ret_bytes, struct fr_failure *failure) {
    fr_assert(tls->is_up && count > 0);
    size_t taken = 0;
    tls->is_full = false;
    clear_errors();
    while (taken < count && fr_tls_socket_make_room(tls, FR_TLS_RECORD_MAX)) {
        size_t left = count - taken, wrote = 0;
        int ret = SSL_write_ex(tls->ssl, bytes + taken, left < FR_TLS_PLAIN_MAX ? left : FR_TLS_PLAIN_MAX, &wrote);
        if (ret != 1) {
            enum fr_tls_result result = judge(tls, ret, failure);
            if (result != FR_TLS_WANT_WRITE)
                return result;
            break;
        }
        taken += wrote;
        count_record(tls);
    }
    if (tls->write_errno)
        return fail_by_errno(tls->write_errno, failure);
    if (taken == 0)
        return FR_TLS_WANT_WRITE;
    *ret_bytes = taken;
    return FR_TLS_OK;
}

enum fr_tls_result fr_tls_flush(struct fr_tls *tls, struct fr_failure *failure) {
    tls->is_full = false;
    if (fr_tls_socket_flush(tls))
        return FR_TLS_OK;
    return tls->write_errno ? fail_by_errno(tls->write_errno, failure) : FR_TLS_WANT_WRITE;
}

void fr_tls_close_notify(struct fr_tls *tls) {
    if (!tls->is_up || tls->is_broken || tls->write_errno)
        return;
    clear_errors();
    SSL_shutdown(tls->ssl);
    clear_errors();
    tls->is_full = false;
    fr_tls_socket_flush(tls);
}
