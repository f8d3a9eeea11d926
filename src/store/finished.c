/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a finished object, for those who lack it. What is read may have been changed by hand: whoever sends it compares it first. */
#include <errno.h>
#include <fcntl.h>

#include "base/failure.h"
#include "base/memory.h"
#include "store/beneath.h"
#include "store/disk.h"
#include "store/inside.h"

struct fr_finished {
    int fd;
    char label[FR_SENTENCE_PATH_MAX];
};

void fr_finished_close(struct fr_finished *finished) {
    if (!finished)
        return;
    fr_disk_close(finished->fd);
    fr_free(finished);
}

int fr_finished_open(struct fr_store *store, const char *name, struct fr_finished **ret_finished, struct fr_failure *failure) {
    struct fr_finished *finished = fr_alloc_zeroed(1, sizeof *finished);
    if (!finished)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "%s: %s", name, fr_error_text(FR_E_MEMORY));
    fr_sentence_path(name, finished->label);
    finished->fd = fr_beneath_open(store->root, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    if (finished->fd < 0) {
        int error = fr_sentence_errno(failure, errno, "store %s: cannot read %s", store->label, finished->label);
        fr_free(finished);
        return error;
    }
    struct stat status;
    if (fr_disk_fstat(finished->fd, &status) || !S_ISREG(status.st_mode)) {
        fr_finished_close(finished);
        return fr_failure_set(failure, FR_E_IO, 0, "store %s: there is no plain file to read under this name", store->label);
    }
    *ret_finished = finished;
    return 0;
}

int fr_finished_read(struct fr_finished *finished, uint64_t offset, uint8_t *out, uint32_t count, struct fr_failure *failure) {
    ssize_t got = fr_disk_read_all(finished->fd, out, count, offset);
    if (got == (ssize_t) count)
        return 0;
    if (got < 0)
        return fr_sentence_errno(failure, errno, "cannot read %s", finished->label);
    return fr_failure_set(failure, FR_E_IO, 0, "%s is shorter than it was: somebody cut it", finished->label);
}
