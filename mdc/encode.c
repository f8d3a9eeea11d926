/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/encode.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "mdc/remake.h"

enum { REDUNDANCY_FEW = 2500, REDUNDANCY_MANY = 5000, MANY = 6 }; /* what suits few descriptions, and many */

int mdc_job_make_folder(struct mdc_job *job, struct fr_failure *failure) {
    if (mkdir(job->options->folder, 0777) != 0 && errno != EEXIST)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot create the folder %s", job->options->folder);
    return 0;
}

int mdc_job_open_outputs(struct mdc_job *job, const char *extension, struct fr_failure *failure) {
    const struct mdc_encode_options *options = job->options;
    char path[PATH_MAX];
    int error = mdc_job_make_folder(job, failure);

    for (unsigned i = 0; i < options->count && error == 0; i++) {
        int length = snprintf(path, sizeof path, "%s/%s.%uof%u.%s", options->folder, job->header.name, i + 1, options->count, extension);
        if (length >= (int) sizeof path)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the name of the folder %.100s... is too long", options->folder);
        error = mdc_output_open(&job->outputs[i], path, false, failure);
    }
    return error;
}

void mdc_job_forget_outputs(struct mdc_job *job) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_output_done(&job->outputs[i]);
}

static int describe_source(struct mdc_job *job, struct fr_failure *failure) {
    const char *path = job->options->path, *slash = strrchr(path, '/');
    struct mdc_header *header = &job->header;

    snprintf(header->name, sizeof header->name, "%s", slash != NULL ? slash + 1 : path);
    fr_text_clean(header->name);
    header->count = (uint8_t) job->options->count;
    header->redundancy = job->options->redundancy;
    if (header->redundancy == MDC_UNSET)
        header->redundancy = job->options->count < MANY ? REDUNDANCY_FEW : REDUNDANCY_MANY;
    header->source_bytes = job->source.bytes;
    return mdc_source_hash(&job->source, header->source_sha256, failure);
}

static enum mdc_profile sniff(const struct mdc_job *job) {
    uint8_t begin[12] = {0};

    if (job->source.bytes < sizeof begin || mdc_source_read(&job->source, 0, begin, sizeof begin, NULL) != 0)
        return MDC_DATA;
    if (begin[0] == 0xff && begin[1] == 0xd8 && begin[2] == 0xff)
        return MDC_PHOTO;
    return memcmp(begin + 4, "ftyp", 4) == 0 || mdc_remake_is_film(&job->source, false) ? MDC_VIDEO : MDC_DATA;
}

static int encode_as(struct mdc_job *job, enum mdc_profile profile, struct fr_failure *failure) {
    job->header.profile = profile;
    switch (profile) {
    case MDC_DATA: break;
    case MDC_PHOTO: return mdc_photo_encode(job, failure);
    case MDC_VIDEO: return mdc_video_encode(job, failure);
    }
    return mdc_data_encode(job, failure);
}

/* What looks like a photo or a video and cannot be encoded as one is still a file, unless somebody said what it must be. */
static int encode_profile(struct mdc_job *job, struct fr_failure *failure) {
    struct mdc_header plain = job->header;
    enum mdc_profile told = job->options->hq != MDC_HQ_AUTO ? MDC_VIDEO : (enum mdc_profile) job->options->profile;
    struct fr_failure why = {0};
    int error = encode_as(job, told != 0 ? told : sniff(job), &why);

    if (error == FR_E_SYNTAX && told == 0) {
        mdc_job_forget_outputs(job);
        job->header = plain;
        snprintf(job->remark, sizeof job->remark, "%.300s; it is encoded as data", why.text);
        return encode_as(job, MDC_DATA, failure);
    }
    return error == 0 ? 0 : fr_failure_set(failure, error, 0, "%s", why.text);
}

/* All are synced before the first one gets its name, so that a full disk leaves no half of a set. */
static int commit_all(struct mdc_job *job, struct fr_failure *failure) {
    int error = 0;

    for (unsigned i = 0; i < job->options->count && error == 0; i++)
        error = mdc_output_sync(&job->outputs[i], failure);
    for (unsigned i = 0; i < job->options->count && error == 0; i++)
        error = mdc_output_commit(&job->outputs[i], failure);
    return error;
}

int mdc_encode(const struct mdc_encode_options *options, const struct mdc_watch *watch, struct mdc_header *ret_header, uint64_t *ret_bytes,
               char ret_remark[FR_FAILURE_TEXT_MAX], struct fr_failure *failure) {
    struct mdc_job *job = fr_alloc_zeroed(1, sizeof *job);
    int error;

    if (job == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to encode %s", options->path);
    job->options = options;
    job->watch = watch;
    job->source.fd = -1;
    error = mdc_source_open(&job->source, options->path, failure);
    if (error == 0)
        error = describe_source(job, failure);
    if (error == 0)
        error = encode_profile(job, failure);
    if (error == 0)
        error = commit_all(job, failure);
    if (error == 0) {
        *ret_header = job->header;
        memcpy(ret_remark, job->remark, sizeof job->remark);
        for (unsigned i = 0; i < options->count; i++)
            ret_bytes[i] = job->outputs[i].bytes;
    }
    mdc_job_forget_outputs(job);
    mdc_source_close(&job->source);
    fr_free(job);
    return error;
}
