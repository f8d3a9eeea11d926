/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and removing files. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS_MAX = 16 };

static int write_whole(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        count -= (size_t) written;
    }
    return 0;
}

/* Closes fd in any case, and keeps the errno of what failed first. */
static int finish_fd(int fd, int result) {
    int kept = errno;
    if (close(fd) != 0 && result == 0)
        return -1;
    errno = kept;
    return result;
}

static int write_in_place(const char *path, const char *bytes, size_t count) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -1 : finish_fd(fd, write_whole(fd, bytes, count));
}

/* The permissions that open(path, O_CREAT, 0666) would have given. */
static mode_t new_file_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int write_beside(const char *path, const char *bytes, size_t count) {
    char temporary[PATH_MAX];
    if ((size_t) snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fchmod(fd, new_file_mode()) != 0 || write_whole(fd, bytes, count) != 0 || fsync(fd) != 0 ? -1 : 0;
    result = finish_fd(fd, result);
    if (result == 0 && rename(temporary, path) == 0)
        return 0;
    int kept = errno;
    unlink(temporary);
    errno = kept;
    return -1;
}

/* Follows links, so that a link to a report stays one. */
int cli_file_write(const char *path, const char *bytes, size_t count) {
    char resolved[PATH_MAX];
    struct stat status;
    if (!realpath(path, resolved))
        return errno == ENOENT ? write_beside(path, bytes, count) : -1;
    if (stat(resolved, &status) != 0)
        return -1;
    return S_ISREG(status.st_mode) ? write_beside(resolved, bytes, count) : write_in_place(resolved, bytes, count);
}

int cli_file_check(const char *path) {
    char folder[PATH_MAX];
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return access(path, W_OK);
    if ((size_t) snprintf(folder, sizeof folder, "%s", path) >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    char *slash = strrchr(folder, '/');
    if (!slash)
        return access(".", W_OK | X_OK);
    slash[slash == folder] = '\0'; /* of "/report" the folder is "/" */
    return access(folder, W_OK | X_OK);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void) status;
    (void) where;
    return kind == FTW_DP ? rmdir(path) : unlink(path);
}

int cli_folder_remove(const char *path) {
    return nftw(path, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 ? 0 : -1;
}
