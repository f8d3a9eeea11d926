/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a whole description: opened, every fragment or block looked for and checked, and what others lack made of it again. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "mdc/fragments.h"
#include "mdc/gather.h"
#include "mdc/mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void mend(struct mdc_description *description, const struct mdc_fragments *fragments) {
    struct mdc_description *all[MDC_COUNT_MAX] = {NULL}, *mended[MDC_COUNT_MAX] = {NULL};
    struct mdc_fragments lists[MDC_COUNT_MAX] = {{0}};
    bool is_done = false;

    all[description->header.index] = description;
    lists[description->header.index] = *fragments;
    mdc_mend(all, lists, &description->header, "/dev/shm", NULL, mended, &is_done, NULL);
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++) {
        fr_assert(is_done || mended[i] == NULL);
        mdc_description_free(mended[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static int fd = -1;
    char path[64];
    struct mdc_description *description;
    struct mdc_fragments fragments;
    const char *problem = NULL;

    if (fd < 0)
        fd = memfd_create("description", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, count, 0) != (ssize_t) count)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (mdc_description_open(path, &description, NULL) != 0)
        return 0;
    if (!mdc_description_is_whole(description, &problem))
        fr_assert(problem != NULL);
    if (description->header.profile == MDC_VIDEO && mdc_fragments_list(&fragments, description, NULL) == 0) {
        for (uint32_t i = 0; i < fragments.count; i++)
            fr_assert(fragments.found[i].fragment_at + fragments.found[i].fragment_bytes <= count);
        if (description->header.film.parity > 0)
            mend(description, &fragments);
        mdc_fragments_done(&fragments);
    }
    mdc_description_free(description);
    return 0;
}
