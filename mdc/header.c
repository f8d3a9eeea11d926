/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/header.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/sha256.h"
#include "base/text.h"
#include "mdc/bytes.h"
#include "mdc/code.h"

static_assert(MDC_SHA256_BYTES == (int) FR_SHA256_BYTES, "one kind of digest");

enum { FLAG_EXACT = 1, FLAG_SPARE = 2, SIZE_BITS_MAX = 57, INDEX_AT = 12, ID_AT = 18, CRC_BYTES = 4 };

const char *mdc_profile_name(enum mdc_profile profile) {
    switch (profile) {
    case MDC_DATA: return "data";
    case MDC_PHOTO: return "photo";
    case MDC_VIDEO: return "video";
    }
    return "unknown";
}

uint64_t mdc_header_stream_bytes(const struct mdc_header *header) {
    uint64_t bytes = 0;

    for (unsigned i = 0; i < header->layer_count; i++)
        bytes += header->layers[i].bytes;
    return bytes;
}

unsigned mdc_header_needed(const struct mdc_header *header) {
    return header->profile == MDC_VIDEO ? (unsigned) header->count - header->film.parity : header->layers[header->layer_count - 1].needed;
}

static void write_layers(struct mdc_writer *out, const struct mdc_header *header) {
    mdc_write_number(out, header->block_bytes, 4);
    mdc_write_number(out, header->picture_bytes, 8);
    mdc_write_number(out, header->layer_count, 1);
    for (unsigned i = 0; i < header->layer_count; i++) {
        mdc_write_number(out, header->layers[i].needed, 1);
        mdc_write_number(out, header->layers[i].bytes, 8);
        mdc_write_number(out, header->layers[i].quality, 2);
    }
}

static void write_film(struct mdc_writer *out, const struct mdc_film *film) {
    mdc_write_number(out, film->gop_count, 4);
    mdc_write_number(out, film->frame_count, 4);
    mdc_write_number(out, film->width, 4);
    mdc_write_number(out, film->height, 4);
    mdc_write_number(out, film->low_width, 4);
    mdc_write_number(out, film->low_height, 4);
    mdc_write_number(out, film->duration_ms, 4);
    mdc_write_number(out, film->low_quality, 2);
    mdc_write_number(out, film->rest_bytes, 8);
    mdc_write_number(out, film->movie_bytes, 4);
    mdc_write_bytes(out, film->movie_sha256, MDC_SHA256_BYTES);
    mdc_write_bytes(out, film->gops_sha256, MDC_SHA256_BYTES);
    if (film->parity > 0)
        mdc_write_number(out, film->parity, 1);
}

static bool has_spare(const struct mdc_header *header) { return header->profile == MDC_VIDEO && header->film.parity > 0; }

size_t mdc_header_encode(const struct mdc_header *header, uint8_t *out) {
    struct mdc_writer writer = mdc_writer_over(out, MDC_HEADER_BYTES_MAX);
    size_t name_bytes = strlen(header->name), bytes;

    mdc_write_bytes(&writer, MDC_MAGIC, 4);
    mdc_write_number(&writer, MDC_VERSION, 2);
    mdc_write_number(&writer, 0, 4); /* the header's length, when it is known */
    mdc_write_number(&writer, header->profile, 1);
    mdc_write_number(&writer, header->count, 1);
    mdc_write_number(&writer, header->index, 1);
    mdc_write_number(&writer, (header->is_exact ? FLAG_EXACT : 0U) | (has_spare(header) ? FLAG_SPARE : 0U), 1);
    mdc_write_number(&writer, header->redundancy, 4);
    mdc_write_bytes(&writer, header->set_id, MDC_SET_ID_BYTES);
    mdc_write_number(&writer, header->source_bytes, 8);
    mdc_write_bytes(&writer, header->source_sha256, MDC_SHA256_BYTES);
    mdc_write_number(&writer, name_bytes, 1);
    mdc_write_bytes(&writer, header->name, name_bytes);
    if (header->profile == MDC_VIDEO)
        write_film(&writer, &header->film);
    else
        write_layers(&writer, header);
    fr_assert(!writer.is_full);
    bytes = (size_t) (writer.at - out) + 4;
    struct mdc_writer length = mdc_writer_over(out + 6, 4);
    mdc_write_number(&length, bytes, 4);
    mdc_write_number(&writer, mdc_crc32c(0, out, bytes - 4), 4);
    fr_assert(!writer.is_full);
    return bytes;
}

void mdc_header_mend_set_id(uint8_t *bytes, size_t header_bytes) {
    uint8_t digest[MDC_SHA256_BYTES], index = bytes[INDEX_AT];
    struct fr_sha256_part part = {.bytes = bytes, .count = header_bytes - CRC_BYTES};

    bytes[INDEX_AT] = 0;
    memset(bytes + ID_AT, 0, MDC_SET_ID_BYTES);
    fr_sha256_of(&part, 1, digest);
    bytes[INDEX_AT] = index;
    memcpy(bytes + ID_AT, digest, MDC_SET_ID_BYTES);
}

void mdc_header_name_set(struct mdc_header *header) {
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    size_t header_bytes = mdc_header_encode(header, bytes);

    mdc_header_mend_set_id(bytes, header_bytes);
    memcpy(header->set_id, bytes + ID_AT, MDC_SET_ID_BYTES);
}

size_t mdc_header_measure(const uint8_t *prefix) {
    struct mdc_reader in = mdc_reader_over(prefix + 6, 4);
    uint64_t bytes = mdc_read_number(&in, 4);

    return memcmp(prefix, MDC_MAGIC, 4) == 0 && bytes >= MDC_HEADER_PREFIX_BYTES + CRC_BYTES && bytes <= MDC_HEADER_BYTES_MAX
        ? (size_t) bytes
        : 0;
}

/* Why these layers cannot be, or NULL. */
static const char *read_layers(struct mdc_reader *in, struct mdc_header *header) {
    unsigned needed_before = 0;

    header->block_bytes = (uint32_t) mdc_read_number(in, 4);
    header->picture_bytes = mdc_read_number(in, 8);
    header->layer_count = (uint8_t) mdc_read_number(in, 1);
    if (header->block_bytes < MDC_BLOCK_BYTES_MIN || header->block_bytes > MDC_BLOCK_BYTES_MAX)
        return "its block size is out of range";
    if (header->layer_count < 1 || header->layer_count > header->count)
        return "its number of layers is out of range";
    for (unsigned i = 0; i < header->layer_count; i++) {
        struct mdc_layer *layer = &header->layers[i];
        layer->needed = (uint8_t) mdc_read_number(in, 1);
        layer->bytes = mdc_read_number(in, 8);
        layer->quality = (uint16_t) mdc_read_number(in, 2);
        if (layer->needed <= needed_before || layer->needed > header->count)
            return "its layers are not in order";
        if (layer->bytes >> SIZE_BITS_MAX)
            return "a layer is too large";
        needed_before = layer->needed;
    }
    if (header->profile == MDC_DATA && (header->layer_count != 1 || header->layers[0].bytes != header->source_bytes || !header->is_exact))
        return "its layers do not fit its profile";
    if (header->picture_bytes > mdc_header_stream_bytes(header))
        return "its picture is longer than its stream";
    return NULL;
}

static const char *read_film(struct mdc_reader *in, struct mdc_header *header, bool has_parity) {
    struct mdc_film *film = &header->film;
    const uint8_t *digest;

    film->gop_count = (uint32_t) mdc_read_number(in, 4);
    film->frame_count = (uint32_t) mdc_read_number(in, 4);
    film->width = (uint32_t) mdc_read_number(in, 4);
    film->height = (uint32_t) mdc_read_number(in, 4);
    film->low_width = (uint32_t) mdc_read_number(in, 4);
    film->low_height = (uint32_t) mdc_read_number(in, 4);
    film->duration_ms = (uint32_t) mdc_read_number(in, 4);
    film->low_quality = (uint16_t) mdc_read_number(in, 2);
    film->rest_bytes = mdc_read_number(in, 8);
    film->movie_bytes = (uint32_t) mdc_read_number(in, 4);
    digest = mdc_read_bytes(in, MDC_SHA256_BYTES);
    if (digest != NULL)
        memcpy(film->movie_sha256, digest, MDC_SHA256_BYTES);
    digest = mdc_read_bytes(in, MDC_SHA256_BYTES);
    if (digest != NULL)
        memcpy(film->gops_sha256, digest, MDC_SHA256_BYTES);
    film->parity = has_parity ? (uint8_t) mdc_read_number(in, 1) : 0;
    if (has_parity && (film->parity < 1 || film->parity >= header->count))
        return "its number of descriptions to spare is out of range";
    if (film->gop_count < 1 || film->gop_count > MDC_GOPS_MAX)
        return "its number of groups of pictures is out of range";
    if (film->rest_bytes > header->source_bytes)
        return "it promises more of its source than there is";
    return NULL;
}

static const char *read_name(struct mdc_reader *in, char *ret_name) {
    size_t bytes = mdc_read_number(in, 1);
    const uint8_t *text = mdc_read_bytes(in, bytes);

    if (text == NULL || bytes == 0 || !fr_text_is_clean((const char *) text, bytes))
        return "its name is not text";
    memcpy(ret_name, text, bytes);
    ret_name[bytes] = '\0';
    return NULL;
}

static const char *read_fields(struct mdc_reader *in, struct mdc_header *header) {
    const uint8_t *id, *digest;
    const char *why;
    unsigned flags;

    header->profile = (enum mdc_profile) mdc_read_number(in, 1);
    header->count = (uint8_t) mdc_read_number(in, 1);
    header->index = (uint8_t) mdc_read_number(in, 1);
    flags = (unsigned) mdc_read_number(in, 1);
    header->is_exact = flags & FLAG_EXACT;
    header->redundancy = (uint32_t) mdc_read_number(in, 4);
    id = mdc_read_bytes(in, MDC_SET_ID_BYTES);
    header->source_bytes = mdc_read_number(in, 8);
    digest = mdc_read_bytes(in, MDC_SHA256_BYTES);
    if (id == NULL || digest == NULL)
        return "it is cut off";
    memcpy(header->set_id, id, MDC_SET_ID_BYTES);
    memcpy(header->source_sha256, digest, MDC_SHA256_BYTES);
    if (header->profile < MDC_DATA || header->profile > MDC_VIDEO || flags & ~(FLAG_EXACT | FLAG_SPARE) ||
        (flags & FLAG_SPARE && header->profile != MDC_VIDEO))
        return "it is of a kind that this version does not know";
    if (header->count < MDC_COUNT_MIN || header->count > MDC_COUNT_MAX || header->index >= header->count)
        return "its place in the set is out of range";
    if (header->redundancy > MDC_REDUNDANCY_MAX || header->source_bytes >> SIZE_BITS_MAX)
        return "a size is out of range";
    why = read_name(in, header->name);
    if (why == NULL)
        why = header->profile == MDC_VIDEO ? read_film(in, header, flags & FLAG_SPARE) : read_layers(in, header);
    if (why != NULL)
        return why;
    return in->is_short || mdc_reader_left(in) != 0 ? "its length is wrong" : NULL;
}

static const char *check_set_id(const struct mdc_header *header) {
    struct mdc_header again = *header;

    mdc_header_name_set(&again);
    return memcmp(again.set_id, header->set_id, MDC_SET_ID_BYTES) == 0 ? NULL : "its set's id is not that of its contents";
}

int mdc_header_decode(const uint8_t *bytes, size_t count, struct mdc_header *ret_header, const char **ret_why) {
    struct mdc_header header = {0};
    const char *why = NULL;
    size_t header_bytes = count >= MDC_HEADER_PREFIX_BYTES ? mdc_header_measure(bytes) : 0;

    if (header_bytes == 0) {
        why = "it does not begin as a description does";
    } else if (header_bytes > count) {
        why = "it is cut off";
    } else if (bytes[4] != 0 || bytes[5] != MDC_VERSION) {
        why = "it is of a version that this program does not know";
    } else {
        struct mdc_reader crc = mdc_reader_over(bytes + header_bytes - 4, 4);
        struct mdc_reader in = mdc_reader_over(bytes + MDC_HEADER_PREFIX_BYTES, header_bytes - MDC_HEADER_PREFIX_BYTES - 4);
        if (mdc_read_number(&crc, 4) != mdc_crc32c(0, bytes, header_bytes - 4))
            why = "its header is damaged";
        else
            why = read_fields(&in, &header);
        if (why == NULL)
            why = check_set_id(&header);
    }
    if (why != NULL) {
        *ret_why = why;
        return FR_E_SYNTAX;
    }
    *ret_header = header;
    return 0;
}
