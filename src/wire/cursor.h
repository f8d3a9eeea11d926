/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner helpers of all encoders and decoders: writing fields one after another, and reading them back from bytes that may
 * be anything. For src/wire only.
 *
 * A packer asserts: wrong values or too little room are our bug. An unpacker cannot fail loudly: the first field that is short or
 * out of range makes it bad, every later read then yields zeros, and fr_unpacker_finish tells. So a decoder reads all its
 * fields in a row and checks once.
 */
#ifndef FR_WIRE_CURSOR_H
#define FR_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

struct fr_packer {
    uint8_t *out;
    size_t capacity;
    size_t filled;
};

/* A blob: fields only. Its size is packer.filled. */
void fr_packer_init(struct fr_packer *packer, uint8_t *out, size_t capacity);
/* A frame: leaves room for the head, which finish fills in. Finish returns the size of the whole frame. */
void fr_packer_begin(struct fr_packer *packer, enum fr_frame_type type, uint8_t *out, size_t capacity);
size_t fr_packer_finish(struct fr_packer *packer);

void fr_packer_u8(struct fr_packer *packer, uint8_t value);
void fr_packer_u16(struct fr_packer *packer, uint16_t value);
void fr_packer_u32(struct fr_packer *packer, uint32_t value);
void fr_packer_u64(struct fr_packer *packer, uint64_t value);
void fr_packer_varint(struct fr_packer *packer, uint32_t value);
void fr_packer_bytes(struct fr_packer *packer, const void *bytes, size_t count); /* bytes may be NULL when count is 0 */
/* A text of at most count_max bytes, clean UTF-8 (both asserted), after its length as u8 or u16. */
void fr_packer_text8(struct fr_packer *packer, const struct fr_text *text, uint32_t count_max);
void fr_packer_text16(struct fr_packer *packer, const struct fr_text *text, uint32_t count_max);
/* A sentence for people, which may quote a path or the system: cut to FR_REASON_BYTES_MAX where a character ends, '?' in the
 * place of every byte that is not part of clean UTF-8. Length as u16. */
void fr_packer_sentence(struct fr_packer *packer, const struct fr_text *text);

struct fr_unpacker {
    const uint8_t *at;
    const uint8_t *end;
    bool is_bad;
};

void fr_unpacker_init(struct fr_unpacker *unpacker, const uint8_t *bytes, size_t count);
/* 0 when every field was there and in range and no byte is left; else FR_E_PROTOCOL. */
int fr_unpacker_finish(const struct fr_unpacker *unpacker);
/* The same, but bytes of later versions may follow. */
int fr_unpacker_finish_open(const struct fr_unpacker *unpacker);
/* Bad unless the fact holds; facts are about values read so far. */
void fr_unpacker_require(struct fr_unpacker *unpacker, bool fact);

uint8_t fr_unpacker_u8(struct fr_unpacker *unpacker);
uint16_t fr_unpacker_u16(struct fr_unpacker *unpacker);
uint32_t fr_unpacker_u32(struct fr_unpacker *unpacker);
uint64_t fr_unpacker_u64(struct fr_unpacker *unpacker);
uint32_t fr_unpacker_varint(struct fr_unpacker *unpacker);
/* Borrowed, count bytes; NULL when bad. */
const uint8_t *fr_unpacker_bytes(struct fr_unpacker *unpacker, size_t count);
/* Copied; out is zeroed when bad. */
void fr_unpacker_copy(struct fr_unpacker *unpacker, uint8_t *out, size_t count);
struct fr_text fr_unpacker_text8(struct fr_unpacker *unpacker, uint32_t count_max);
struct fr_text fr_unpacker_text16(struct fr_unpacker *unpacker, uint32_t count_max);

#endif
