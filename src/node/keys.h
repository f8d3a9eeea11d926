/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside struct fr_keys, for the rooms that need the keys themselves. Borrowed: valid as long as the keys. */
#ifndef FR_NODE_KEYS_H
#define FR_NODE_KEYS_H

#include <stdint.h>

#include <fastreplica/keys.h>

#include "content/sign.h"

const uint8_t *fr_keys_secret(const struct fr_keys *keys);                  /* [FR_KEY_BYTES]; never NULL: every role has it */
const struct fr_sign_key *fr_keys_sign_key(const struct fr_keys *keys);     /* NULL but for FR_KEYS_ORIGIN */
const struct fr_verify_key *fr_keys_verify_key(const struct fr_keys *keys); /* NULL but for FR_KEYS_NODE */
const uint8_t *fr_keys_origin_public(const struct fr_keys *keys);           /* [FR_KEY_BYTES]; NULL for FR_KEYS_STATUS */

#endif
