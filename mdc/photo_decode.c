/* SPDX-License-Identifier: Apache-2.0 */
/* The best picture that the descriptions of a photo allow: a beginning of a progressive JPEG, with an end put to it; or the source's
 * bytes. */
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/decode.h"
#include "mdc/recipe.h"

/* The stream as far as it came. */
struct arriving {
    uint8_t *bytes;
    size_t count, capacity;
};

static int take_bytes(void *context, const uint8_t *bytes, size_t count, struct fr_failure *failure) {
    struct arriving *arriving = context;

    if (count > arriving->capacity - arriving->count) { /* grows with what is really there, not with what a header promises */
        size_t capacity = 2 * arriving->capacity + count;
        uint8_t *bytes_moved = fr_realloc(arriving->bytes, capacity, 1);
        if (bytes_moved == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a photo");
        arriving->bytes = bytes_moved;
        arriving->capacity = capacity;
    }
    memcpy(arriving->bytes + arriving->count, bytes, count);
    arriving->count += count;
    return 0;
}

static int write_file(const struct mdc_decode_options *options, const uint8_t *bytes, size_t count, const void *end, size_t end_count,
                      struct fr_failure *failure) {
    struct mdc_output output;
    int error = mdc_output_open(&output, options->path, options->may_replace, failure);

    if (error == 0)
        error = mdc_output_append(&output, bytes, count, failure);
    if (error == 0)
        error = mdc_output_append(&output, end, end_count, failure);
    if (error == 0)
        error = mdc_output_commit(&output, failure);
    mdc_output_done(&output);
    return error;
}

static int write_picture(const struct mdc_decode_options *options, const struct mdc_header *header, const struct arriving *stream,
                         struct fr_failure *failure) {
    static const uint8_t end_of_image[] = {0xff, 0xd9};
    bool is_whole = stream->count >= header->picture_bytes;

    return write_file(options, stream->bytes, is_whole ? header->picture_bytes : stream->count, end_of_image,
                      is_whole ? 0 : sizeof end_of_image, failure);
}

static int write_original(const struct mdc_decode_options *options, const struct mdc_header *header, const struct arriving *stream,
                          struct fr_failure *failure) {
    uint8_t *source = NULL, digest[MDC_SHA256_BYTES];
    struct fr_sha256_part part = {.bytes = stream->bytes, .count = stream->count};
    int error = 0;

    /* A source that is progressive already is the stream itself. */
    fr_sha256_of(&part, 1, digest);
    if (memcmp(digest, header->source_sha256, sizeof digest) != 0 && header->source_bytes <= MDC_PHOTO_BYTES_MAX) {
        error = mdc_recipe_follow(stream->bytes + header->picture_bytes, stream->count - header->picture_bytes, stream->bytes,
                                  header->picture_bytes, header->source_bytes, &source, failure);
        part = (struct fr_sha256_part){.bytes = source, .count = header->source_bytes};
        if (error == 0)
            fr_sha256_of(&part, 1, digest);
    }
    if (error == 0 && memcmp(digest, header->source_sha256, sizeof digest) != 0)
        error = fr_failure_set(failure, FR_E_DIGEST, 0, "what was restored is not %s: --preview writes the picture all the same",
                               header->name);
    if (error == 0)
        error = write_file(options, part.bytes, part.count, NULL, 0, failure);
    fr_free(source);
    return error;
}

static unsigned count_layers(const struct mdc_header *header, uint64_t bytes) {
    unsigned layers = 0;
    uint64_t end = 0;

    while (layers < header->layer_count && (end += header->layers[layers].bytes) <= bytes)
        layers++;
    return layers;
}

static void describe(const struct mdc_header *header, uint64_t bytes, struct mdc_result *result) {
    unsigned layers = count_layers(header, bytes);
    unsigned percent = (unsigned) (100.0 * (double) bytes / (double) mdc_header_stream_bytes(header));

    result->outcome = MDC_OUTCOME_USABLE;
    if (layers > 0)
        snprintf(result->sentence, sizeof result->sentence, "a picture of about %.1f dB, %u %% of the stream",
                 header->layers[layers - 1].quality / 100.0, percent);
    else
        snprintf(result->sentence, sizeof result->sentence, "the beginning of a picture, %u %% of the stream", percent);
}

static int write_best(const struct mdc_decode_options *options, const struct mdc_header *header, const struct arriving *stream,
                      struct mdc_result *result, struct fr_failure *failure) {
    if (stream->count < mdc_header_stream_bytes(header)) {
        describe(header, stream->count, result);
        return write_picture(options, header, stream, failure);
    }
    result->outcome = MDC_OUTCOME_WHOLE;
    if (header->is_exact && !options->is_preview) {
        snprintf(result->sentence, sizeof result->sentence, "the original, byte for byte");
        return write_original(options, header, stream, failure);
    }
    snprintf(result->sentence, sizeof result->sentence, "every pixel of the original%s",
             header->is_exact ? "" : "; its very bytes are not in the set");
    return write_picture(options, header, stream, failure);
}

int mdc_photo_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                     struct fr_failure *failure) {
    const struct mdc_header *header = gathered->header;
    struct mdc_striped_description descriptions[MDC_COUNT_MAX];
    struct mdc_result result = {.outcome = MDC_OUTCOME_NOTHING};
    struct arriving stream = {0};
    int error;

    if (mdc_header_stream_bytes(header) > 2 * (uint64_t) MDC_PHOTO_BYTES_MAX)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s is too large for a photo", header->name);
    mdc_gathered_stripe(gathered, descriptions);
    error = mdc_striped_read(header, descriptions, take_bytes, &stream, options->watch, &result.detail, failure);
    if (error == 0 && stream.count > 0)
        error = write_best(options, header, &stream, &result, failure);
    else if (error == 0)
        snprintf(result.sentence, sizeof result.sentence, "not even the beginning of the picture is whole in what is here");
    fr_free(stream.bytes);
    if (error == 0)
        *ret_result = result;
    return error;
}
