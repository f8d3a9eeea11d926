/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"

enum { COPY_BYTES = 1 << 20 };

int mdc_source_open(struct mdc_source *source, const char *path, struct fr_failure *failure) {
    struct stat status = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hold us up before it is refused */

    if (fd < 0)
        return fr_failure_set(failure, FR_E_ARGUMENT, errno, "cannot open %s", path);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        const char *what = S_ISDIR(status.st_mode) ? "a folder: name what is in it" : "not a regular file";
        close(fd);
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s is %s", path, what);
    }
    *source = (struct mdc_source){.fd = fd, .bytes = (uint64_t) status.st_size, .path = path};
    return 0;
}

void mdc_source_close(struct mdc_source *source) {
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

int mdc_source_read(const struct mdc_source *source, uint64_t offset, void *bytes, size_t count, struct fr_failure *failure) {
    size_t done = 0;

    while (done < count) {
        ssize_t got = pread(source->fd, (uint8_t *) bytes + done, count - done, (off_t) (offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fr_failure_set(failure, FR_E_IO, errno, "cannot read %s", source->path);
        if (got == 0)
            return fr_failure_set(failure, FR_E_CHANGED, 0, "%s ends before byte %llu", source->path, (unsigned long long) offset + count);
        done += (size_t) got;
    }
    return 0;
}

int mdc_source_hash(const struct mdc_source *source, uint8_t *ret_digest, struct fr_failure *failure) {
    struct fr_sha256 *sha256 = fr_sha256_new();
    uint8_t *buffer = fr_alloc(COPY_BYTES);
    int error = sha256 != NULL && buffer != NULL ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to read %s", source->path);

    for (uint64_t at = 0; error == 0 && at < source->bytes;) {
        size_t part = source->bytes - at < COPY_BYTES ? (size_t) (source->bytes - at) : COPY_BYTES;
        error = mdc_source_read(source, at, buffer, part, failure);
        if (error == 0)
            fr_sha256_add(sha256, buffer, part);
        at += part;
    }
    if (error == 0)
        fr_sha256_end(sha256, ret_digest);
    fr_free(buffer);
    fr_sha256_free(sha256);
    return error;
}

void mdc_folder_of(const char *path, char ret_folder[PATH_MAX]) {
    const char *slash = strrchr(path, '/');

    snprintf(ret_folder, PATH_MAX, "%.*s", slash != NULL ? (int) (slash - path) + 1 : 1, slash != NULL ? path : ".");
}

int mdc_open_nameless(const char *folder, int *ret_fd, struct fr_failure *failure) {
    char path[PATH_MAX];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && snprintf(path, sizeof path, "%s/.shelf.XXXXXX", folder) < (int) sizeof path) {
        fd = mkostemp(path, O_CLOEXEC); /* not every file system knows files without a name */
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot make a temporary file in %s", folder);
    *ret_fd = fd;
    return 0;
}

static int complain_exists(const struct mdc_output *output, struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s exists already; remove it, or choose another name", output->path);
}

int mdc_output_open(struct mdc_output *output, const char *path, bool may_replace, struct fr_failure *failure) {
    const char *slash = strrchr(path, '/');
    int folder_bytes = slash != NULL ? (int) (slash - path) + 1 : 0;
    char folder[PATH_MAX];
    struct stat status;
    int length;

    *output = (struct mdc_output){.fd = -1, .may_replace = may_replace};
    if (path[0] == '\0' || path[folder_bytes] == '\0')
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "'%s' is not the name of a file", path);
    length = snprintf(output->temporary, sizeof output->temporary, "%.*s.%s.XXXXXX", folder_bytes, path, path + folder_bytes);
    if (length >= (int) sizeof output->temporary)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "the name %s is too long", path);
    snprintf(output->path, sizeof output->path, "%s", path);
    if (lstat(path, &status) == 0) {
        if (!may_replace)
            return complain_exists(output, failure);
        if (!S_ISREG(status.st_mode))
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s exists and is not a regular file", path);
    }
    mdc_folder_of(path, folder);
    output->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    output->is_nameless = output->fd >= 0;
    if (!output->is_nameless) /* not every file system knows files without a name */
        output->fd = mkostemp(output->temporary, O_CLOEXEC);
    if (output->fd < 0)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot create %s", path);
    fchmod(output->fd, 0644);
    return 0;
}

int mdc_output_write_at(struct mdc_output *output, uint64_t offset, const void *bytes, size_t count, struct fr_failure *failure) {
    size_t done = 0;

    while (done < count) {
        ssize_t put = pwrite(output->fd, (const uint8_t *) bytes + done, count - done, (off_t) (offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot write %s", output->path);
        done += (size_t) put;
    }
    if (offset + count > output->bytes)
        output->bytes = offset + count;
    return 0;
}

int mdc_output_append(struct mdc_output *output, const void *bytes, size_t count, struct fr_failure *failure) {
    return mdc_output_write_at(output, output->bytes, bytes, count, failure);
}

int mdc_output_sync(struct mdc_output *output, struct fr_failure *failure) {
    if (fsync(output->fd) != 0)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot write %s", output->path);
    return 0;
}

/* Gives a file without a name its own, or the hidden one where it must take the place of another. */
static int name_it(struct mdc_output *output, struct fr_failure *failure) {
    const char *name = output->may_replace ? output->temporary : output->path;
    char opened[64];

    if (output->may_replace) /* the X are still there: no other process of ours has this number */
        snprintf(output->temporary + strlen(output->temporary) - 6, 7, "%06x", (unsigned) getpid() & 0xffffffU);
    snprintf(opened, sizeof opened, "/proc/self/fd/%d", output->fd);
    if (output->may_replace)
        unlink(name);
    if (linkat(AT_FDCWD, opened, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
        output->is_nameless = !output->may_replace;
        return 0;
    }
    return errno == EEXIST ? complain_exists(output, failure)
                           : fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot create %s", output->path);
}

int mdc_output_commit(struct mdc_output *output, struct fr_failure *failure) {
    int error = mdc_output_sync(output, failure);

    if (error == 0 && output->is_nameless)
        error = name_it(output, failure);
    if (error != 0)
        return error;
    if (!output->is_nameless &&
        renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, output->may_replace ? 0 : RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST)
            return complain_exists(output, failure);
        /* Not every file system knows how not to replace. */
        if (errno != EINVAL || rename(output->temporary, output->path) != 0)
            return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot rename to %s", output->path);
    }
    close(output->fd);
    output->fd = -1;
    output->temporary[0] = '\0';
    return 0;
}

void mdc_output_done(struct mdc_output *output) {
    if (output->temporary[0] == '\0')
        return;
    if (output->fd >= 0) {
        close(output->fd);
        if (!output->is_nameless)
            unlink(output->temporary);
    }
    output->fd = -1;
    output->temporary[0] = '\0';
}
