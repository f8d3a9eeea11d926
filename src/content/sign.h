/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 signatures of the origin (RFC 8032), with the kind of thing signed mixed in, so none passes for another. */
#ifndef FR_CONTENT_SIGN_H
#define FR_CONTENT_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/limits.h"

/* What a signature is about. The text signed is "fastreplica-1 " + name + NUL + bytes, name as given beside each. */
enum fr_sign_kind {
    FR_SIGN_OPENING, /* "opening" */
    FR_SIGN_ROSTER,  /* "roster" */
    FR_SIGN_PAGE,    /* "page" */
    FR_SIGN_END,     /* "end" */
};

struct fr_sign_key;   /* private: the origin's */
struct fr_verify_key; /* public: what nodes hold */

/* Keys do not change once made: any number of threads may use one at a time. _free accepts NULL.
 * seed, public_key: FR_KEY_BYTES raw. Return NULL when there is no memory or OpenSSL will not take the key. */
struct fr_sign_key *fr_sign_key_new(const uint8_t *seed);
void fr_sign_key_free(struct fr_sign_key *key);
void fr_sign_key_public(const struct fr_sign_key *key, uint8_t *ret_public_key);
struct fr_verify_key *fr_verify_key_new(const uint8_t *public_key);
void fr_verify_key_free(struct fr_verify_key *key);

/* Returns 0 or FR_E_MEMORY. ret_signature [FR_SIGNATURE_BYTES]. About 30 us. */
int fr_sign(const struct fr_sign_key *key, enum fr_sign_kind kind, const void *bytes, size_t count, uint8_t *ret_signature);

/* true when the signature is this key's over these bytes as this kind; false also when there is no memory.
 * About 100 us. */
bool fr_verify(const struct fr_verify_key *key, enum fr_sign_kind kind, const void *bytes, size_t count, const uint8_t *signature);

#endif
