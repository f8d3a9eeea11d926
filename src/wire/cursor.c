/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading the fields of messages. */
#include "wire/cursor.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/varint.h"

/* ------------------------------------------------------------------------------------------------------ packing */

void fr_packer_init(struct fr_packer *packer, uint8_t *out, size_t capacity) {
    packer->out = out;
    packer->capacity = capacity;
    packer->filled = 0;
}

void fr_packer_begin(struct fr_packer *packer, enum fr_frame_type type, uint8_t *out, size_t capacity) {
    fr_packer_init(packer, out, capacity);
    fr_packer_u8(packer, (uint8_t) type);
    fr_packer_bytes(packer, (const uint8_t[3]){0}, 3);
}

size_t fr_packer_finish(struct fr_packer *packer) {
    fr_assert(packer->filled >= FR_FRAME_HEAD_BYTES);
    size_t body_bytes = packer->filled - FR_FRAME_HEAD_BYTES;
    fr_assert(body_bytes <= FR_FRAME_BODY_MAX);
    packer->out[1] = (uint8_t) (body_bytes >> 16);
    packer->out[2] = (uint8_t) (body_bytes >> 8);
    packer->out[3] = (uint8_t) body_bytes;
    return packer->filled;
}

void fr_packer_bytes(struct fr_packer *packer, const void *bytes, size_t count) {
    fr_assert(count <= packer->capacity - packer->filled);
    if (count > 0)
        memcpy(packer->out + packer->filled, bytes, count);
    packer->filled += count;
}

static void pack_number(struct fr_packer *packer, uint64_t value, size_t count) {
    uint8_t bytes[8];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t) (value >> (8 * (count - 1 - i)));
    fr_packer_bytes(packer, bytes, count);
}

void fr_packer_u8(struct fr_packer *packer, uint8_t value) { pack_number(packer, value, 1); }

void fr_packer_u16(struct fr_packer *packer, uint16_t value) { pack_number(packer, value, 2); }

void fr_packer_u32(struct fr_packer *packer, uint32_t value) { pack_number(packer, value, 4); }

void fr_packer_u64(struct fr_packer *packer, uint64_t value) { pack_number(packer, value, 8); }

void fr_packer_varint(struct fr_packer *packer, uint32_t value) {
    uint8_t bytes[FR_VARINT_BYTES_MAX];
    size_t count = fr_varint_encode(value, bytes);
    fr_packer_bytes(packer, bytes, count);
}

static void pack_text(struct fr_packer *packer, const struct fr_text *text) {
    fr_assert(text->count == 0 || fr_text_is_clean(text->bytes, text->count));
    fr_packer_bytes(packer, text->bytes, text->count);
}

void fr_packer_text8(struct fr_packer *packer, const struct fr_text *text, uint32_t count_max) {
    fr_assert(count_max <= UINT8_MAX && text->count <= count_max);
    fr_packer_u8(packer, (uint8_t) text->count);
    pack_text(packer, text);
}

void fr_packer_text16(struct fr_packer *packer, const struct fr_text *text, uint32_t count_max) {
    fr_assert(count_max <= UINT16_MAX && text->count <= count_max);
    fr_packer_u16(packer, (uint16_t) text->count);
    pack_text(packer, text);
}

/* How many bytes the character at `at` takes, or 0 when there is no clean one. */
static uint32_t measure_character(const char *at, uint32_t left) {
    for (uint32_t count = 1; count <= 4 && count <= left; count++)
        if (fr_text_is_clean(at, count))
            return count;
    return 0;
}

void fr_packer_sentence(struct fr_packer *packer, const struct fr_text *text) {
    char clean[FR_REASON_BYTES_MAX];
    uint32_t filled = 0;
    for (uint32_t i = 0; i < text->count;) {
        uint32_t count = measure_character(text->bytes + i, text->count - i);
        const char *from = count > 0 ? text->bytes + i : "?";
        uint32_t width = count > 0 ? count : 1;
        if (width > FR_REASON_BYTES_MAX - filled)
            break;
        memcpy(clean + filled, from, width);
        filled += width;
        i += width;
    }
    struct fr_text sentence = {clean, filled};
    fr_packer_text16(packer, &sentence, FR_REASON_BYTES_MAX);
}

/* ---------------------------------------------------------------------------------------------------- unpacking */

void fr_unpacker_init(struct fr_unpacker *unpacker, const uint8_t *bytes, size_t count) {
    static const uint8_t nothing[1];
    if (count == 0)
        bytes = nothing; /* an empty body may come as NULL; pointer arithmetic on that is undefined */
    *unpacker = (struct fr_unpacker){.at = bytes, .end = bytes + count};
}

int fr_unpacker_finish(const struct fr_unpacker *unpacker) { return unpacker->is_bad || unpacker->at != unpacker->end ? FR_E_PROTOCOL : 0; }

int fr_unpacker_finish_open(const struct fr_unpacker *unpacker) { return unpacker->is_bad ? FR_E_PROTOCOL : 0; }

void fr_unpacker_require(struct fr_unpacker *unpacker, bool fact) {
    if (!fact)
        unpacker->is_bad = true;
}

const uint8_t *fr_unpacker_bytes(struct fr_unpacker *unpacker, size_t count) {
    if (unpacker->is_bad || count > (size_t) (unpacker->end - unpacker->at)) {
        unpacker->is_bad = true;
        return NULL;
    }
    const uint8_t *bytes = unpacker->at;
    unpacker->at += count;
    return bytes;
}

void fr_unpacker_copy(struct fr_unpacker *unpacker, uint8_t *out, size_t count) {
    const uint8_t *bytes = fr_unpacker_bytes(unpacker, count);
    if (bytes != NULL)
        memcpy(out, bytes, count);
    else
        memset(out, 0, count);
}

static uint64_t unpack_number(struct fr_unpacker *unpacker, size_t count) {
    const uint8_t *bytes = fr_unpacker_bytes(unpacker, count);
    uint64_t value = 0;
    for (size_t i = 0; bytes != NULL && i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t fr_unpacker_u8(struct fr_unpacker *unpacker) { return (uint8_t) unpack_number(unpacker, 1); }

uint16_t fr_unpacker_u16(struct fr_unpacker *unpacker) { return (uint16_t) unpack_number(unpacker, 2); }

uint32_t fr_unpacker_u32(struct fr_unpacker *unpacker) { return (uint32_t) unpack_number(unpacker, 4); }

uint64_t fr_unpacker_u64(struct fr_unpacker *unpacker) { return unpack_number(unpacker, 8); }

uint32_t fr_unpacker_varint(struct fr_unpacker *unpacker) {
    uint32_t value = 0;
    int used = unpacker->is_bad ? FR_E_PROTOCOL : fr_varint_decode(unpacker->at, (size_t) (unpacker->end - unpacker->at), &value);
    if (used < 0) {
        unpacker->is_bad = true;
        return 0;
    }
    unpacker->at += used;
    return value;
}

static struct fr_text unpack_text(struct fr_unpacker *unpacker, uint32_t count, uint32_t count_max) {
    fr_unpacker_require(unpacker, count <= count_max);
    struct fr_text text = {(const char *) fr_unpacker_bytes(unpacker, count), count};
    fr_unpacker_require(unpacker, count == 0 || (text.bytes != NULL && fr_text_is_clean(text.bytes, count)));
    return unpacker->is_bad ? (struct fr_text){"", 0} : text;
}

struct fr_text fr_unpacker_text8(struct fr_unpacker *unpacker, uint32_t count_max) {
    return unpack_text(unpacker, fr_unpacker_u8(unpacker), count_max);
}

struct fr_text fr_unpacker_text16(struct fr_unpacker *unpacker, uint32_t count_max) {
    return unpack_text(unpacker, fr_unpacker_u16(unpacker), count_max);
}
