/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers in few bytes: LEB128 of 32-bit values, seven bits a byte, lowest first, in the shortest form only. */
#ifndef FR_WIRE_VARINT_H
#define FR_WIRE_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { FR_VARINT_BYTES_MAX = 5 };

/* Writes 1 .. FR_VARINT_BYTES_MAX bytes at out, returns how many. */
size_t fr_varint_encode(uint32_t value, uint8_t *out);

/* Returns how many bytes were used, 1 .. FR_VARINT_BYTES_MAX; or FR_E_PROTOCOL when the bytes end early, the value does not fit
 * 32 bits, or there is a shorter way to write it (so that equal messages have equal bytes). */
int fr_varint_decode(const uint8_t *bytes, size_t count, uint32_t *ret_value);

#endif
