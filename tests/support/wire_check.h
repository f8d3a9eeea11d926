/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of a message asks of its decoder. */
#ifndef FR_TESTS_SUPPORT_WIRE_CHECK_H
#define FR_TESTS_SUPPORT_WIRE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

/* A decoder with its result's type forgotten. */
typedef int wire_decode(const uint8_t *body, size_t bytes, void *ret_message);

/* The frame has this type, its length is right, and its body reads as this hex (spaces are skipped). Returns the body. */
const uint8_t *wire_check_frame(const uint8_t *frame, size_t bytes, enum fr_frame_type type, const char *body_hex);

/* Writes the bytes that hex stands for (spaces are skipped), returns how many. */
size_t wire_from_hex(const char *hex, uint8_t *out, size_t capacity);

/* The decoder fails with `error` and leaves its result, of ret_bytes, untouched. */
void wire_check_refused(wire_decode *decode, size_t ret_bytes, const uint8_t *body, size_t bytes, int error);

/* The decoder takes the body, refuses every shorter prefix of it, and a body that is one byte longer, unless that is_open. All
 * of it in memory of exactly that size, for the sanitizers. */
void wire_check_strict(wire_decode *decode, size_t ret_bytes, const uint8_t *body, size_t bytes, bool is_open);

/* The text is this C string. */
void wire_check_text(struct fr_text text, const char *expected);
struct fr_text wire_text(const char *text);

#endif
