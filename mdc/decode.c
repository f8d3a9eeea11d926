/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/decode.h"

#include <string.h>

#include "base/failure.h"
#include "base/sha256.h"

void mdc_gathered_stripe(const struct mdc_gathered *gathered, struct mdc_striped_description *ret_descriptions) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        const struct mdc_description *description = gathered->descriptions[i];
        ret_descriptions[i] = (struct mdc_striped_description){.fd = -1};
        if (description != NULL)
            ret_descriptions[i] = (struct mdc_striped_description){
                .fd = description->file.fd, .header_bytes = description->header_bytes, .file_bytes = description->file.bytes};
    }
}

struct restoring {
    struct mdc_output output;
    struct fr_sha256 *sha256;
};

static int take_bytes(void *context, const uint8_t *bytes, size_t count, struct fr_failure *failure) {
    struct restoring *restoring = context;

    fr_sha256_add(restoring->sha256, bytes, count);
    return mdc_output_append(&restoring->output, bytes, count, failure);
}

/* Everything is restored: is it the source? */
static int finish(struct restoring *restoring, const struct mdc_header *header, struct mdc_result *result, struct fr_failure *failure) {
    uint8_t digest[MDC_SHA256_BYTES];

    fr_sha256_end(restoring->sha256, digest);
    if (memcmp(digest, header->source_sha256, sizeof digest) != 0)
        return fr_failure_set(failure, FR_E_DIGEST, 0,
                              "what was restored is not %s: a description was altered in a way that its checksums do not show",
                              header->name);
    result->outcome = MDC_OUTCOME_WHOLE;
    result->detail = header->count;
    snprintf(result->sentence, sizeof result->sentence, "the original, byte for byte");
    return mdc_output_commit(&restoring->output, failure);
}

static unsigned count_damaged(const struct mdc_striped_description *descriptions) {
    unsigned count = 0;

    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        count += descriptions[i].damaged_blocks > 0;
    return count;
}

int mdc_data_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                    struct fr_failure *failure) {
    const struct mdc_header *header = gathered->header;
    struct mdc_striped_description descriptions[MDC_COUNT_MAX];
    struct restoring restoring = {.output = {.fd = -1}, .sha256 = fr_sha256_new()};
    struct mdc_result result = {.outcome = MDC_OUTCOME_NOTHING};
    uint64_t bytes = 0;
    int error = restoring.sha256 != NULL ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a digest");

    mdc_gathered_stripe(gathered, descriptions);
    if (error == 0 && gathered->count >= header->layers[0].needed) {
        error = mdc_output_open(&restoring.output, options->path, options->may_replace, failure);
        if (error == 0)
            error = mdc_striped_read(header, descriptions, take_bytes, &restoring, options->watch, &bytes, failure);
        if (error == 0 && bytes == header->source_bytes)
            error = finish(&restoring, header, &result, failure);
    }
    if (error == 0 && result.outcome == MDC_OUTCOME_NOTHING)
        snprintf(result.sentence, sizeof result.sentence, "%u of %u descriptions are here%s, %u are needed", gathered->count, header->count,
                 count_damaged(descriptions) > 0 ? ", some of them damaged" : "", header->layers[0].needed);
    mdc_output_done(&restoring.output);
    fr_sha256_free(restoring.sha256);
    if (error == 0)
        *ret_result = result;
    return error;
}

int mdc_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
               struct fr_failure *failure) {
    if (options->is_preview && gathered->header->profile == MDC_DATA)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s is neither photo nor video: there is no preview of it",
                              gathered->header->name);
    switch (gathered->header->profile) {
    case MDC_DATA: break;
    case MDC_PHOTO: return mdc_photo_decode(gathered, options, ret_result, failure);
    case MDC_VIDEO: return mdc_video_decode(gathered, options, ret_result, failure);
    }
    return mdc_data_decode(gathered, options, ret_result, failure);
}
