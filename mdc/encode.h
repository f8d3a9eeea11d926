/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to a folder with its descriptions. All of them appear together, or none. */
#ifndef MDC_ENCODE_H
#define MDC_ENCODE_H

#include "mdc/header.h"
#include "mdc/striped.h"

enum { MDC_UNSET = 0xffffffff };

/* Where a video's full quality comes from. */
enum mdc_hq {
    MDC_HQ_AUTO,   /* copied where it can be, else encoded again */
    MDC_HQ_COPY,   /* the source's own packets */
    MDC_HQ_ENCODE, /* encoded again */
};

struct mdc_encode_options {
    uint32_t count;
    uint32_t redundancy; /* hundredths of a percent; MDC_UNSET: what suits the count */
    uint32_t parity;     /* descriptions that may be missing and the file still be restored; MDC_UNSET: not asked for */
    enum mdc_hq hq;      /* other than MDC_HQ_AUTO: it must be a video */
    unsigned profile;    /* enum mdc_profile, or 0: by content */
    const char *folder, *path;
};

/* One encoding under way; what every profile gets to see. */
struct mdc_job {
    const struct mdc_encode_options *options;
    const struct mdc_watch *watch;
    struct mdc_source source;
    struct mdc_header header; /* source, name, count and redundancy are filled in */
    struct mdc_output outputs[MDC_COUNT_MAX];
    bool is_remade;                   /* the source is a film that was encoded again for this job */
    char remark[FR_FAILURE_TEXT_MAX]; /* something that its user should know, or empty */
};

/* Makes the descriptions of options->path. *ret_header tells what was made, ret_bytes[count] how large each is, ret_remark as above. */
int mdc_encode(const struct mdc_encode_options *options, const struct mdc_watch *watch, struct mdc_header *ret_header, uint64_t *ret_bytes,
               char ret_remark[FR_FAILURE_TEXT_MAX], struct fr_failure *failure);

/* "FOLDER/NAME.1of4.mdc" and so on: opens every output. extension without the dot. For the profiles. */
int mdc_job_open_outputs(struct mdc_job *job, const char *extension, struct fr_failure *failure);

/* Makes the folder if it is missing. For what must be put there before the outputs are opened. */
int mdc_job_make_folder(struct mdc_job *job, struct fr_failure *failure);

/* Takes back what was written so far, so that another way can be tried. */
void mdc_job_forget_outputs(struct mdc_job *job);

/* The profiles: write job->outputs whole, but do not commit them. */
int mdc_data_encode(struct mdc_job *job, struct fr_failure *failure);
/* FR_E_SYNTAX: it is no photo that this profile can take. */
int mdc_photo_encode(struct mdc_job *job, struct fr_failure *failure);
/* Likewise for videos: by options->hq. */
int mdc_video_encode(struct mdc_job *job, struct fr_failure *failure);
/* Likewise for those whose packets can be copied. */
int mdc_video_copy(struct mdc_job *job, struct fr_failure *failure);

/* Of `count` descriptions, how many must be needed for n/k - 1 <= redundancy? */
unsigned mdc_data_needed(unsigned count, uint32_t redundancy);

#endif
