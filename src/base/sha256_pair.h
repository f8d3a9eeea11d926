/* SPDX-License-Identifier: Apache-2.0 */
/* The compression function of SHA-256 on two byte strings side by side, with the SHA instructions of x86. One string alone leaves the
 * processor waiting for its own last result; two fill each other's gaps. Only base/sha256.c uses it. */
#ifndef FR_BASE_SHA256_PAIR_H
#define FR_BASE_SHA256_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does this processor have the instructions? Asked of it once. */
bool fr_sha256_pair_is_here(void);

/* Take block_count blocks of 64 bytes from each string into its state (8 words, FIPS 180-4). Only when the above is true. */
void fr_sha256_pair_blocks(uint32_t *state_a, uint32_t *state_b, const uint8_t *a, const uint8_t *b, size_t block_count);

#endif
