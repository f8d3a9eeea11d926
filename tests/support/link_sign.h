/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the link fuzz target that nobody could guess: signed ones, and whole chunks. */
#ifndef FR_TESTS_SUPPORT_LINK_SIGN_H
#define FR_TESTS_SUPPORT_LINK_SIGN_H

#include "support/core_rig.h"

/* The frame with this body, a PAGE, END or ROSTER, signed by the rig's origin; is_ours: with the digests, or the transfer id, of its
 * object. Of a CHUNK the body's number counts, and the chunk's own bytes follow; is_ours: one of them is wrong. Returns the frame's size
 * with the head; 0: there is nothing to sign. */
size_t link_sign(const struct core_rig *rig, unsigned type, bool is_ours, const uint8_t *body, size_t count, uint8_t *out, size_t capacity);

#endif
