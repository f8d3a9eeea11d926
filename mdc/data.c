/* SPDX-License-Identifier: Apache-2.0 */
/* The profile data: any file, as one layer that any `needed` of the descriptions restore. */
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/encode.h"

enum { WHOLE = 10000 }; /* 100 % in hundredths of a percent */

unsigned mdc_data_needed(unsigned count, uint32_t redundancy) {
    uint64_t share = (uint64_t) WHOLE + redundancy;

    return (unsigned) ((count * (uint64_t) WHOLE + share - 1) / share);
}

static int choose_needed(const struct mdc_job *job, unsigned *ret_needed, struct fr_failure *failure) {
    const struct mdc_encode_options *options = job->options;
    unsigned needed = mdc_data_needed(options->count, job->header.redundancy);
    double least = 100.0 / (options->count - 1);

    if (options->parity != MDC_UNSET) {
        needed = options->count - options->parity;
        if (options->redundancy != MDC_UNSET && needed < mdc_data_needed(options->count, options->redundancy))
            return fr_failure_set(failure, FR_E_ARGUMENT, 0,
                                  "%u of %u descriptions to spare cost %.1f %% more bytes, and --redundancy allows %.1f %%",
                                  options->parity, options->count, 100.0 * options->parity / needed, options->redundancy / 100.0);
    } else if (needed == options->count && options->redundancy != MDC_UNSET) {
        return fr_failure_set(failure, FR_E_ARGUMENT, 0,
                              "with %u descriptions of a file that is neither photo nor video, one to spare costs %.1f %% more bytes; "
                              "--redundancy %.1f%% is the least that works (or --parity 0)",
                              options->count, least, least + 0.05);
    } else if (needed == options->count) {
        needed--; /* nobody asked for less: one to spare is the point of it */
    }
    *ret_needed = needed;
    return 0;
}

/* The source, hashed again while it is read: one that changes meanwhile must not make a set that restores nothing. */
struct reading {
    const struct mdc_source *source;
    struct fr_sha256 *sha256;
};

static int read_source(void *context, uint64_t offset, uint8_t *bytes, size_t count, struct fr_failure *failure) {
    struct reading *reading = context;
    int error = mdc_source_read(reading->source, offset, bytes, count, failure);

    if (error == 0)
        fr_sha256_add(reading->sha256, bytes, count);
    return error;
}

static int write_set(struct mdc_job *job, struct fr_failure *failure) {
    struct reading reading = {.source = &job->source, .sha256 = fr_sha256_new()};
    uint8_t digest[MDC_SHA256_BYTES];
    int error;

    if (reading.sha256 == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a digest");
    error = mdc_striped_write(&job->header, read_source, &reading, job->outputs, job->watch, failure);
    if (error == 0) {
        fr_sha256_end(reading.sha256, digest);
        if (memcmp(digest, job->header.source_sha256, sizeof digest) != 0)
            error = fr_failure_set(failure, FR_E_CHANGED, 0, "%s was changed while it was read; encode it again", job->source.path);
    }
    fr_sha256_free(reading.sha256);
    return error;
}

int mdc_data_encode(struct mdc_job *job, struct fr_failure *failure) {
    struct mdc_header *header = &job->header;
    unsigned needed = 0;
    int error = choose_needed(job, &needed, failure);

    if (error != 0)
        return error;
    header->is_exact = true;
    header->block_bytes = MDC_BLOCK_BYTES;
    header->layer_count = 1;
    header->layers[0] = (struct mdc_layer){.needed = (uint8_t) needed, .bytes = header->source_bytes, .quality = MDC_QUALITY_EXACT};
    mdc_header_name_set(header);
    error = mdc_job_open_outputs(job, "mdc", failure);
    return error != 0 ? error : write_set(job, failure);
}
