/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/striped.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/bytes.h"
#include "mdc/code.h"

enum { CRC_BYTES = 4 };

/* Where stripes lie */

static void measure(const struct mdc_header *header, struct mdc_stripe *stripe, uint64_t layer_left) {
    uint64_t most = (uint64_t) header->layers[stripe->layer].needed * header->block_bytes;

    stripe->bytes = (uint32_t) (layer_left < most ? layer_left : most);
    stripe->block_bytes = (stripe->bytes + header->layers[stripe->layer].needed - 1) / header->layers[stripe->layer].needed;
}

/* What of the stripe's layer lies behind the place where the stripe begins. */
static uint64_t left_of_layer(const struct mdc_header *header, const struct mdc_stripe *stripe) {
    uint64_t end = 0;

    for (unsigned i = 0; i <= stripe->layer; i++)
        end += header->layers[i].bytes;
    return end - stripe->stream_at;
}

static bool settle(const struct mdc_header *header, struct mdc_stripe *stripe) {
    uint64_t left;

    while ((left = left_of_layer(header, stripe)) == 0)
        if (++stripe->layer == header->layer_count)
            return false;
    measure(header, stripe, left);
    return true;
}

bool mdc_stripe_first(const struct mdc_header *header, struct mdc_stripe *ret_stripe) {
    *ret_stripe = (struct mdc_stripe){0};
    return settle(header, ret_stripe);
}

bool mdc_stripe_next(const struct mdc_header *header, struct mdc_stripe *stripe) {
    stripe->stream_at += stripe->bytes;
    stripe->file_at += stripe->block_bytes + CRC_BYTES;
    return settle(header, stripe);
}

uint64_t mdc_striped_body_bytes(const struct mdc_header *header) {
    uint64_t bytes = MDC_SHA256_BYTES;

    for (unsigned i = 0; i < header->layer_count; i++) {
        const struct mdc_layer *layer = &header->layers[i];
        uint64_t most = (uint64_t) layer->needed * header->block_bytes, rest = layer->bytes % most;
        bytes += layer->bytes / most * (header->block_bytes + CRC_BYTES);
        if (rest > 0)
            bytes += (rest + layer->needed - 1) / layer->needed + CRC_BYTES;
    }
    return bytes;
}

static uint32_t seal(const struct mdc_header *header, unsigned index, const struct mdc_stripe *stripe, const uint8_t *block) {
    uint8_t place[MDC_SET_ID_BYTES + 9];
    struct mdc_writer out = mdc_writer_over(place, sizeof place);

    mdc_write_bytes(&out, header->set_id, MDC_SET_ID_BYTES);
    mdc_write_number(&out, index, 1);
    mdc_write_number(&out, stripe->stream_at, 8);
    return mdc_crc32c(mdc_crc32c(0, place, sizeof place), block, stripe->block_bytes);
}

/* One stripe's blocks in memory, each with room for its checksum. */
struct stripe_memory {
    uint8_t *whole;
    uint8_t *blocks[MDC_COUNT_MAX];
};

static int memory_init(struct stripe_memory *memory, const struct mdc_header *header, struct fr_failure *failure) {
    size_t block = header->block_bytes + CRC_BYTES;

    memory->whole = fr_alloc(header->count * block);
    if (memory->whole == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a stripe of %u blocks", header->count);
    for (unsigned i = 0; i < header->count; i++)
        memory->blocks[i] = memory->whole + i * block;
    return 0;
}

static void tell(const struct mdc_watch *watch, uint64_t done, uint64_t total) {
    if (watch != NULL)
        watch->on_progress(watch->context, done, total);
}

/* Writing */

struct writing {
    const struct mdc_header *header;
    struct mdc_output *outputs;
    struct fr_sha256 *sha256[MDC_COUNT_MAX];
};

static int put(struct writing *writing, unsigned index, const void *bytes, size_t count, struct fr_failure *failure) {
    fr_sha256_add(writing->sha256[index], bytes, count);
    return mdc_output_append(&writing->outputs[index], bytes, count, failure);
}

static int put_headers(struct writing *writing, struct fr_failure *failure) {
    uint8_t bytes[MDC_HEADER_BYTES_MAX];
    int error = 0;

    for (unsigned i = 0; i < writing->header->count && error == 0; i++) {
        struct mdc_header mine = *writing->header;
        mine.index = (uint8_t) i;
        error = put(writing, i, bytes, mdc_header_encode(&mine, bytes), failure);
    }
    return error;
}

static int put_stripe(struct writing *writing, const struct mdc_stripe *stripe, uint8_t **blocks, struct fr_failure *failure) {
    int error = 0;

    for (unsigned i = 0; i < writing->header->count && error == 0; i++) {
        struct mdc_writer out = mdc_writer_over(blocks[i] + stripe->block_bytes, CRC_BYTES);
        mdc_write_number(&out, seal(writing->header, i, stripe, blocks[i]), CRC_BYTES);
        error = put(writing, i, blocks[i], stripe->block_bytes + CRC_BYTES, failure);
    }
    return error;
}

/* Reads a stripe's bytes from the stream into its first blocks; the last is filled up with zeros. */
static int fetch_stripe(const struct mdc_stripe *stripe, uint8_t **blocks, mdc_stream_read *read, void *context,
                        struct fr_failure *failure) {
    uint32_t left = stripe->bytes;
    uint64_t at = stripe->stream_at;
    int error = 0;

    for (unsigned i = 0; left > 0 && error == 0; i++) {
        uint32_t part = left < stripe->block_bytes ? left : stripe->block_bytes;
        error = read(context, at, blocks[i], part, failure);
        memset(blocks[i] + part, 0, stripe->block_bytes - part);
        at += part;
        left -= part;
    }
    return error;
}

static int write_layers(struct writing *writing, struct stripe_memory *memory, mdc_stream_read *read, void *context,
                        const struct mdc_watch *watch, struct fr_failure *failure) {
    const struct mdc_header *header = writing->header;
    uint64_t total = mdc_header_stream_bytes(header);
    unsigned layer_of_code = UINT_MAX;
    struct mdc_code code;
    struct mdc_stripe stripe;
    int error = 0;

    for (bool is_more = mdc_stripe_first(header, &stripe); is_more && error == 0; is_more = mdc_stripe_next(header, &stripe)) {
        if (stripe.layer != layer_of_code)
            mdc_code_init(&code, header->layers[stripe.layer].needed, header->count);
        layer_of_code = stripe.layer;
        /* Blocks of a short last stripe that no byte reaches are zeros. */
        for (unsigned i = 0; i < header->layers[stripe.layer].needed; i++)
            memset(memory->blocks[i], 0, stripe.block_bytes);
        error = fetch_stripe(&stripe, memory->blocks, read, context, failure);
        if (error != 0)
            break;
        mdc_code_fill(&code, memory->blocks, stripe.block_bytes);
        error = put_stripe(writing, &stripe, memory->blocks, failure);
        tell(watch, stripe.stream_at + stripe.bytes, total);
    }
    return error;
}

int mdc_striped_write(const struct mdc_header *header, mdc_stream_read *read, void *context, struct mdc_output *outputs,
                      const struct mdc_watch *watch, struct fr_failure *failure) {
    struct writing writing = {.header = header, .outputs = outputs};
    struct stripe_memory memory = {0};
    int error = memory_init(&memory, header, failure);

    for (unsigned i = 0; i < header->count && error == 0; i++) {
        writing.sha256[i] = fr_sha256_new();
        if (writing.sha256[i] == NULL)
            error = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for %u digests", header->count);
    }
    if (error == 0)
        error = put_headers(&writing, failure);
    if (error == 0)
        error = write_layers(&writing, &memory, read, context, watch, failure);
    for (unsigned i = 0; i < header->count; i++) {
        uint8_t digest[MDC_SHA256_BYTES];
        if (error == 0) {
            fr_sha256_end(writing.sha256[i], digest);
            error = mdc_output_append(&outputs[i], digest, sizeof digest, failure);
        }
        fr_sha256_free(writing.sha256[i]);
    }
    fr_free(memory.whole);
    return error;
}

/* Reading */

static bool read_fully(int fd, uint64_t offset, uint8_t *bytes, size_t count) {
    size_t done = 0;

    while (done < count) {
        ssize_t got = pread(fd, bytes + done, count - done, (off_t) (offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false; /* an unreadable block is a lost block */
        done += (size_t) got;
    }
    return true;
}

/* Into `block`, which has room for the checksum. */
static bool read_block(const struct mdc_header *header, unsigned index, struct mdc_striped_description *description,
                       const struct mdc_stripe *stripe, uint8_t *block) {
    struct mdc_reader crc = mdc_reader_over(block + stripe->block_bytes, CRC_BYTES);

    if (description->fd < 0)
        return false;
    if (read_fully(description->fd, description->header_bytes + stripe->file_at, block, stripe->block_bytes + CRC_BYTES) &&
        mdc_read_number(&crc, CRC_BYTES) == seal(header, index, stripe, block))
        return true;
    description->damaged_blocks++;
    return false;
}

/* Reads blocks until enough are there. false: there are not. */
static bool read_stripe(const struct mdc_header *header, struct mdc_striped_description *descriptions, const struct mdc_stripe *stripe,
                        uint8_t **blocks, bool *ret_has) {
    unsigned count = 0, needed = header->layers[stripe->layer].needed;

    for (unsigned i = 0; i < header->count; i++) {
        ret_has[i] = count < needed && read_block(header, i, &descriptions[i], stripe, blocks[i]);
        count += ret_has[i];
    }
    return count == needed;
}

static int take_stripe(const struct mdc_stripe *stripe, uint8_t **blocks, mdc_stream_take *take, void *context,
                       struct fr_failure *failure) {
    int error = 0;

    for (uint32_t i = 0, left = stripe->bytes; left > 0 && error == 0; i++) {
        uint32_t part = left < stripe->block_bytes ? left : stripe->block_bytes;
        error = take(context, blocks[i], part, failure);
        left -= part;
    }
    return error;
}

int mdc_striped_read(const struct mdc_header *header, struct mdc_striped_description *descriptions, mdc_stream_take *take, void *context,
                     const struct mdc_watch *watch, uint64_t *ret_bytes, struct fr_failure *failure) {
    struct stripe_memory memory = {0};
    uint64_t total = mdc_header_stream_bytes(header), done = 0;
    unsigned layer_of_code = UINT_MAX;
    struct mdc_code code;
    struct mdc_stripe stripe;
    bool has[MDC_COUNT_MAX];
    int error = memory_init(&memory, header, failure);

    for (bool is_more = error == 0 && mdc_stripe_first(header, &stripe); is_more; is_more = mdc_stripe_next(header, &stripe)) {
        if (!read_stripe(header, descriptions, &stripe, memory.blocks, has))
            break;
        if (stripe.layer != layer_of_code)
            mdc_code_init(&code, header->layers[stripe.layer].needed, header->count);
        layer_of_code = stripe.layer;
        mdc_code_restore(&code, memory.blocks, has, stripe.block_bytes);
        error = take_stripe(&stripe, memory.blocks, take, context, failure);
        if (error != 0)
            break;
        done = stripe.stream_at + stripe.bytes;
        tell(watch, done, total);
    }
    fr_free(memory.whole);
    if (error == 0)
        *ret_bytes = done;
    return error;
}

bool mdc_striped_check(const struct mdc_header *header, struct mdc_striped_description *description) {
    struct fr_sha256 *sha256 = fr_sha256_new();
    uint8_t *block = fr_alloc(header->block_bytes + CRC_BYTES), head[MDC_HEADER_BYTES_MAX], digest[MDC_SHA256_BYTES] = {0},
            end[MDC_SHA256_BYTES];
    struct mdc_stripe stripe;
    bool is_whole = sha256 != NULL && block != NULL && read_fully(description->fd, 0, head, description->header_bytes);

    if (is_whole)
        fr_sha256_add(sha256, head, description->header_bytes);
    for (bool is_more = is_whole && mdc_stripe_first(header, &stripe); is_more && stripe.file_at < description->file_bytes;
         is_more = mdc_stripe_next(header, &stripe)) /* what a header promises may be endless, a file is not */
        if (read_block(header, header->index, description, &stripe, block))
            fr_sha256_add(sha256, block, stripe.block_bytes + CRC_BYTES);
    if (is_whole)
        fr_sha256_end(sha256, digest);
    is_whole = is_whole && description->damaged_blocks == 0 &&
        description->file_bytes == description->header_bytes + mdc_striped_body_bytes(header) &&
        read_fully(description->fd, description->header_bytes + mdc_striped_body_bytes(header) - MDC_SHA256_BYTES, end, sizeof end) &&
        memcmp(digest, end, sizeof end) == 0;
    fr_free(block);
    fr_sha256_free(sha256);
    return is_whole;
}
