/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/shelf.h"

#include <unistd.h>

#include "base/failure.h"
#include "base/memory.h"

void mdc_shelf_init(struct mdc_shelf *shelf) { *shelf = (struct mdc_shelf){.fd = -1}; }

void mdc_shelf_done(struct mdc_shelf *shelf) {
    if (shelf->fd >= 0)
        close(shelf->fd);
    fr_free(shelf->things);
    mdc_shelf_init(shelf);
}

int mdc_shelf_put(struct mdc_shelf *shelf, const char *folder, int64_t label, const void *bytes, uint32_t count,
                  struct fr_failure *failure) {
    struct mdc_output file = {0};
    int error = 0;

    if (shelf->fd < 0)
        error = mdc_open_nameless(folder, &shelf->fd, failure);
    if (error != 0)
        return error;
    if ((shelf->count & (shelf->count - 1)) == 0) { /* doubled at every power of two */
        struct mdc_shelved *more = fr_realloc(shelf->things, shelf->count > 0 ? 2 * (size_t) shelf->count : 1, sizeof *more);
        if (more == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to list what was encoded");
        shelf->things = more;
    }
    file.fd = shelf->fd;
    snprintf(file.path, sizeof file.path, "a temporary file in %.1000s", folder);
    error = mdc_output_write_at(&file, shelf->bytes, bytes, count, failure);
    if (error != 0)
        return error;
    shelf->things[shelf->count++] = (struct mdc_shelved){.at = shelf->bytes, .label = label, .bytes = count};
    shelf->bytes += count;
    return 0;
}

int mdc_shelf_get(const struct mdc_shelf *shelf, uint32_t index, void *bytes, struct fr_failure *failure) {
    struct mdc_source file = {.fd = shelf->fd, .path = "a temporary file"};

    return mdc_source_read(&file, shelf->things[index].at, bytes, shelf->things[index].bytes, failure);
}
