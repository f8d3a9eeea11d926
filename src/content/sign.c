/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 by OpenSSL (RFC 8032, pure: no hash beforehand). Keys are never changed once made, so any number of threads may use one;
 * contexts are made per call. Whatever OpenSSL puts in its error queue is taken out again: the queue is per thread, and the TLS
 * code on the same thread would take it for its own. */
#include "content/sign.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

enum { TEXT_ON_STACK = 2048 }; /* a page's text fits; a large roster's is allocated */

struct fr_sign_key {
    EVP_PKEY *pair;
    uint8_t public_key[FR_KEY_BYTES];
};

struct fr_verify_key {
    EVP_PKEY *public_key;
};

/* The text that is signed: label and kind, then the bytes. */
struct signed_text {
    uint8_t *bytes;
    size_t count;
    uint8_t near[TEXT_ON_STACK];
};

static const char *name_kind(enum fr_sign_kind kind) {
    switch (kind) {
    case FR_SIGN_OPENING: return "opening";
    case FR_SIGN_ROSTER: return "roster";
    case FR_SIGN_PAGE: return "page";
    case FR_SIGN_END: return "end";
    }
    fr_check_failed(__FILE__, __LINE__, "kind is an enum fr_sign_kind");
}

static int text_init(struct signed_text *text, enum fr_sign_kind kind, const void *bytes, size_t count) {
    static const char label[] = "fastreplica-1 ";
    const char *name = name_kind(kind);
    size_t label_bytes = sizeof label - 1, name_bytes = strlen(name) + 1; /* the NUL ends the name and is signed */

    text->count = label_bytes + name_bytes + count;
    text->bytes = text->count <= sizeof text->near ? text->near : fr_alloc(text->count);
    if (text->bytes == NULL)
        return FR_E_MEMORY;
    memcpy(text->bytes, label, label_bytes);
    memcpy(text->bytes + label_bytes, name, name_bytes);
    if (count > 0)
        memcpy(text->bytes + label_bytes + name_bytes, bytes, count);
    return 0;
}

static void text_done(struct signed_text *text) {
    if (text->bytes != text->near)
        fr_free(text->bytes);
}

struct fr_sign_key *fr_sign_key_new(const uint8_t *seed) {
    struct fr_sign_key *key = fr_alloc_zeroed(1, sizeof *key);
    size_t public_bytes = sizeof key->public_key;

    if (key == NULL)
        return NULL;
    ERR_set_mark();
    key->pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, FR_KEY_BYTES);
    if (key->pair == NULL || !EVP_PKEY_get_raw_public_key(key->pair, key->public_key, &public_bytes) ||
        public_bytes != sizeof key->public_key) {
        fr_sign_key_free(key);
        key = NULL;
    }
    ERR_pop_to_mark();
    return key;
}

void fr_sign_key_free(struct fr_sign_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair); /* wipes the private half */
    fr_free(key);
}

void fr_sign_key_public(const struct fr_sign_key *key, uint8_t *ret_public_key) {
    memcpy(ret_public_key, key->public_key, sizeof key->public_key);
}

struct fr_verify_key *fr_verify_key_new(const uint8_t *public_key) {
    struct fr_verify_key *key = fr_alloc_zeroed(1, sizeof *key);

    if (key == NULL)
        return NULL;
    ERR_set_mark();
    key->public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, FR_KEY_BYTES);
    if (key->public_key == NULL) {
        fr_verify_key_free(key);
        key = NULL;
    }
    ERR_pop_to_mark();
    return key;
}

void fr_verify_key_free(struct fr_verify_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->public_key);
    fr_free(key);
}

int fr_sign(const struct fr_sign_key *key, enum fr_sign_kind kind, const void *bytes, size_t count, uint8_t *ret_signature) {
    uint8_t signature[FR_SIGNATURE_BYTES];
    size_t signature_bytes = sizeof signature;
    EVP_MD_CTX *context = NULL;
    struct signed_text text;
    int error = text_init(&text, kind, bytes, count);

    if (error)
        return error;
    ERR_set_mark();
    error = FR_E_MEMORY; /* with a good key there is no other reason */
    context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
        EVP_DigestSign(context, signature, &signature_bytes, text.bytes, text.count) == 1) {
        fr_assert(signature_bytes == sizeof signature);
        memcpy(ret_signature, signature, sizeof signature);
        error = 0;
    }
    EVP_MD_CTX_free(context);
    ERR_pop_to_mark();
    text_done(&text);
    return error;
}

bool fr_verify(const struct fr_verify_key *key, enum fr_sign_kind kind, const void *bytes, size_t count, const uint8_t *signature) {
    EVP_MD_CTX *context = NULL;
    struct signed_text text;
    bool is_good;

    if (text_init(&text, kind, bytes, count))
        return false;
    ERR_set_mark();
    context = EVP_MD_CTX_new();
    is_good = context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->public_key) == 1 &&
        EVP_DigestVerify(context, signature, FR_SIGNATURE_BYTES, text.bytes, text.count) == 1;
    EVP_MD_CTX_free(context);
    ERR_pop_to_mark();
    text_done(&text);
    return is_good;
}
