/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that stay beneath a folder: one openat2 where the kernel has it, else a walk that opens one component after the other and
 * follows no link. A folder that is missing can be made only on the walk. See beneath.h. */
#include "store/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "store/disk.h"

enum { WALK_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW };

const char *fr_beneath_last(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

size_t fr_beneath_prefix(const char *path, unsigned depth) {
    const char *at = path;
    for (unsigned passed = 0; passed < depth; passed++) {
        at = strchr(at + (passed > 0), '/');
        if (!at)
            return 0;
    }
    return (size_t) (at - path);
}

/* Opens a folder of `parent`, which is made first when it is missing and `make` says so. */
static int step_into(int parent, const char *component, bool make, bool *ret_made) {
    int fd = fr_disk_open(parent, component, WALK_FLAGS, 0);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (fr_disk_mkdir(parent, component, 0755) == 0)
        *ret_made = true;
    else if (errno != EEXIST)
        return -1;
    /* The new folder's own name must survive a power cut before a file in it is called safe. */
    if (fr_disk_sync(parent))
        return -1;
    return fr_disk_open(parent, component, WALK_FLAGS, 0);
}

/* Walks down the folders of path's first `bytes` bytes. *ret_made: the depth (from 1) of the outermost folder that was made, 0 for none;
 * set on failure as well. */
static int walk(int folder, const char *path, size_t bytes, bool make, unsigned *ret_made) {
    char component[FR_NAME_BYTES_MAX + 1];
    *ret_made = 0;
    int at = fr_disk_open(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    const char *end = path + bytes;
    for (unsigned depth = 1; at >= 0 && path < end; depth++) {
        size_t size = strcspn(path, "/");
        fr_assert(size > 0 && size < sizeof component && path + size <= end);
        memcpy(component, path, size);
        component[size] = 0;
        bool was_made = false;
        int next = step_into(at, component, make, &was_made);
        if (was_made && *ret_made == 0)
            *ret_made = depth;
        fr_disk_close(at);
        at = next;
        path += size + (path + size < end);
    }
    return at;
}

static size_t parent_bytes(const char *path) {
    const char *last = fr_beneath_last(path);
    return last == path ? 0 : (size_t) (last - path) - 1;
}

static int walk_to_file(int folder, const char *path, int flags, mode_t mode) {
    unsigned none_made;
    int parent = walk(folder, path, parent_bytes(path), false, &none_made);
    if (parent < 0)
        return -1;
    int fd = fr_disk_open(parent, fr_beneath_last(path), flags | O_NOFOLLOW, mode);
    fr_disk_close(parent);
    return fd;
}

int fr_beneath_open(int folder, const char *path, int flags, mode_t mode) {
    int fd = fr_disk_open_beneath(folder, path, flags, mode);
    /* ENOSYS: before Linux 5.6. EPERM: what older container filters answer to calls they do not know. EAGAIN: something was renamed
     * meanwhile. The walk is as safe, and tells its own error. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
        fd = walk_to_file(folder, path, flags, mode);
    return fd;
}

int fr_beneath_open_parent(int folder, const char *path) {
    char parent[FR_NAME_BYTES_MAX + 1];
    size_t bytes = parent_bytes(path);
    fr_assert(bytes < sizeof parent);
    if (bytes == 0)
        return fr_disk_open(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    memcpy(parent, path, bytes);
    parent[bytes] = 0;
    return fr_beneath_open(folder, parent, O_RDONLY | O_DIRECTORY, 0);
}

int fr_beneath_make_parent(int folder, const char *path, unsigned *ret_made) {
    int fd = walk(folder, path, parent_bytes(path), true, ret_made);
    if (fd < 0) {
        int saved_errno = errno;
        fr_beneath_remove_folders(folder, path, *ret_made);
        errno = saved_errno;
    }
    return fd;
}

void fr_beneath_remove_folders(int folder, const char *path, unsigned made) {
    char name[FR_NAME_BYTES_MAX + 1];
    unsigned depth = 0;
    while (made > 0 && fr_beneath_prefix(path, depth + 1) > 0)
        depth++;
    for (; made > 0 && depth >= made; depth--) {
        size_t bytes = fr_beneath_prefix(path, depth);
        fr_assert(bytes < sizeof name);
        memcpy(name, path, bytes);
        name[bytes] = 0;
        /* One that is missing was not reached; one that is not empty by now is in use, and rmdir leaves it. */
        int parent = fr_beneath_open_parent(folder, name);
        if (parent >= 0)
            fr_disk_rmdir(parent, fr_beneath_last(name));
        fr_disk_close(parent);
    }
}
