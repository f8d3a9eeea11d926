/* SPDX-License-Identifier: Apache-2.0 */
/* What every TLS session shares: the protocol's settings and the pre-shared key made from the cluster secret.
 *
 * PSK      = HKDF-SHA256(secret, no salt, info "fastreplica tls 1.3 external psk v1", 32 bytes)
 * identity = "fastreplica-1-" | hex of the first 8 bytes of SHA-256("fastreplica-psk-1" | secret)
 *
 * The identity and the key come from the secret by different functions, so what is sent in the clear tells nothing of the key. */
#include "net/tls_inside.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "content/limits.h"

enum { PSK_BYTES = 32 };

/* Far below the 2^24.5 records that RFC 8446 5.5 allows for AES-GCM, and still 64 GiB apart when records are full. */
#define KEY_RECORDS (UINT64_C(1) << 22)

static const char IDENTITY_PREFIX[] = "fastreplica-1-";
static const char IDENTITY_DOMAIN[] = "fastreplica-psk-1";
static const char PSK_INFO[] = "fastreplica tls 1.3 external psk v1";
static const unsigned char AES_128_GCM_SHA256[] = {0x13, 0x01};

static bool derive_psk(const uint8_t *secret, uint8_t *out) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) secret, FR_KEY_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) PSK_INFO, sizeof PSK_INFO - 1),
        OSSL_PARAM_construct_end(),
    };
    bool is_done = context && EVP_KDF_derive(context, out, PSK_BYTES, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return is_done;
}

static bool derive_identity(const uint8_t *secret, char *out) {
    uint8_t text[sizeof IDENTITY_DOMAIN - 1 + FR_KEY_BYTES];
    uint8_t digest[EVP_MAX_MD_SIZE];
    memcpy(text, IDENTITY_DOMAIN, sizeof IDENTITY_DOMAIN - 1);
    memcpy(text + sizeof IDENTITY_DOMAIN - 1, secret, FR_KEY_BYTES);
    bool is_done = EVP_Digest(text, sizeof text, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_cleanse(text, sizeof text);
    if (!is_done)
        return false;
    memcpy(out, IDENTITY_PREFIX, sizeof IDENTITY_PREFIX - 1);
    fr_text_hex(digest, 8, out + sizeof IDENTITY_PREFIX - 1);
    return true;
}

/* The dialler's side. A session of its own each time: the handshake writes its master secret into it. */
static int use_session(SSL *ssl, const EVP_MD *digest, const unsigned char **ret_id, size_t *ret_id_bytes, SSL_SESSION **ret_session) {
    struct fr_tls *tls = SSL_get_app_data(ssl);
    *ret_id = (const unsigned char *) tls->config->identity;
    *ret_id_bytes = FR_TLS_IDENTITY_BYTES;
    *ret_session = NULL;
    if (digest && EVP_MD_get_type(digest) != NID_sha256)
        return 1; /* After a HelloRetryRequest for a hash that we have no key for: offer none, and the handshake ends. */
    *ret_session = SSL_SESSION_dup(tls->config->session);
    return *ret_session != NULL;
}

/* The accepter's side. An unknown identity means another secret; it is kept for the sentence. Answering with no session, and
 * having no certificate either, ends the handshake with an alert. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t bytes, SSL_SESSION **ret_session) {
    struct fr_tls *tls = SSL_get_app_data(ssl);
    *ret_session = NULL;
    if (bytes == FR_TLS_IDENTITY_BYTES && CRYPTO_memcmp(identity, tls->config->identity, bytes) == 0) {
        *ret_session = SSL_SESSION_dup(tls->config->session);
        return *ret_session != NULL;
    }
    size_t kept = bytes < sizeof tls->offered ? bytes : sizeof tls->offered - 1;
    for (size_t i = 0; i < kept; i++)
        tls->offered[i] = (char) (identity[i] > 0x20 && identity[i] < 0x7f ? identity[i] : '?');
    tls->offered[kept] = 0;
    return 1;
}

static bool set_up_context(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* Without SSL_MODE_RELEASE_BUFFERS: it saves an idle connection 33 KiB and costs two allocations for every record. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_psk_use_session_callback(context, use_session);
    SSL_CTX_set_psk_find_session_callback(context, find_session);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
        SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 && SSL_CTX_set_num_tickets(context, 0) == 1 &&
        SSL_CTX_set_max_early_data(context, 0) == 1 && SSL_CTX_set_recv_max_early_data(context, 0) == 1;
}

/* The session that stands for the external PSK. Its cipher only tells the hash: both of our suites use SHA-256. */
static SSL_SESSION *make_session(SSL_CTX *context, const uint8_t *secret) {
    uint8_t psk[PSK_BYTES];
    SSL *ssl = SSL_new(context);
    SSL_SESSION *session = SSL_SESSION_new();
    const SSL_CIPHER *cipher = ssl ? SSL_CIPHER_find(ssl, AES_128_GCM_SHA256) : NULL;
    bool is_done = session && cipher && derive_psk(secret, psk) && SSL_SESSION_set1_master_key(session, psk, sizeof psk) == 1 &&
        SSL_SESSION_set_cipher(session, cipher) == 1 && SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1;
    OPENSSL_cleanse(psk, sizeof psk);
    SSL_free(ssl);
    if (!is_done) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    return session;
}

struct fr_tls_config *fr_tls_config_new(const uint8_t *secret, struct fr_failure *failure) {
    struct fr_tls_config *config = fr_alloc_zeroed(1, sizeof *config);
    if (!config) {
        fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the TLS settings");
        return NULL;
    }
    config->refs = 1;
    config->key_records = KEY_RECORDS;
    config->context = SSL_CTX_new(TLS_method());
    config->method = config->context ? fr_tls_socket_method() : NULL;
    if (config->method && set_up_context(config->context) && derive_identity(secret, config->identity))
        config->session = make_session(config->context, secret);
    if (config->session)
        return config;
    char why[160];
    ERR_error_string_n(ERR_peek_error(), why, sizeof why);
    ERR_clear_error();
    fr_failure_set(failure, FR_E_IO, 0, "OpenSSL refuses the TLS settings: %s", why);
    fr_tls_config_free(config);
    return NULL;
}

struct fr_tls_config *fr_tls_config_ref(struct fr_tls_config *config) {
    config->refs++;
    return config;
}

void fr_tls_config_free(struct fr_tls_config *config) {
    if (!config)
        return;
    fr_assert(config->refs > 0);
    if (--config->refs > 0)
        return;
    SSL_SESSION_free(config->session);
    SSL_CTX_free(config->context);
    BIO_meth_free(config->method);
    fr_free(config);
}

const char *fr_tls_config_identity(const struct fr_tls_config *config) { return config->identity; }

void fr_tls_config_set_key_records(struct fr_tls_config *config, uint64_t records) {
    fr_assert(records >= 1);
    config->key_records = records;
}
