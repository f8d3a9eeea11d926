/* SPDX-License-Identifier: Apache-2.0 */
/* The disk calls themselves: thin, with EINTR and short transfers taken care of. See disk.h. */
#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

static _Atomic(fr_disk_hook *) installed_hook;
static void *_Atomic installed_user;

void fr_disk_set_hook(fr_disk_hook *hook, void *user) {
    atomic_store(&installed_hook, NULL);
    atomic_store(&installed_user, user);
    atomic_store(&installed_hook, hook);
}

/* May this call happen? false: errno is set. */
static bool pass_hook(enum fr_disk_call call, size_t *count) {
    fr_disk_hook *hook = atomic_load_explicit(&installed_hook, memory_order_acquire);
    if (!hook)
        return true;
    size_t whole = *count;
    int error = hook(atomic_load(&installed_user), call, count);
    fr_assert(*count <= whole);
    errno = error;
    return error == 0;
}

static bool may(enum fr_disk_call call) {
    size_t count = 0;
    return pass_hook(call, &count);
}

/* One disk call, made again as long as a signal interrupts it. */
#define CALL(kind, expression)                             \
    do {                                                   \
        int result_;                                       \
        do                                                 \
            result_ = may(kind) ? (int) (expression) : -1; \
        while (result_ < 0 && errno == EINTR);             \
        return result_;                                    \
    } while (0)

int fr_disk_open(int folder, const char *path, int flags, mode_t mode) {
    CALL(FR_DISK_OPEN, openat(folder, path, flags | O_CLOEXEC, mode));
}

int fr_disk_open_beneath(int folder, const char *path, int flags, mode_t mode) {
    struct open_how how = {
        .flags = (uint64_t) (unsigned) (flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    CALL(FR_DISK_OPEN_BENEATH, syscall(SYS_openat2, folder, path, &how, sizeof how));
}

void fr_disk_close(int fd) {
    int saved_errno = errno;
    /* What close could complain about was asked of fsync before, where it mattered. */
    if (fd >= 0)
        close(fd);
    errno = saved_errno;
}

int fr_disk_fstat(int fd, struct stat *ret_stat) { CALL(FR_DISK_STAT, fstat(fd, ret_stat)); }

int fr_disk_stat_at(int folder, const char *name, struct stat *ret_stat) {
    CALL(FR_DISK_STAT, fstatat(folder, name, ret_stat, AT_SYMLINK_NOFOLLOW));
}

int fr_disk_look_at(int folder, const char *name, struct stat *ret_stat) {
    CALL(FR_DISK_LOOK, fstatat(folder, name, ret_stat, AT_SYMLINK_NOFOLLOW));
}

int fr_disk_stat(const char *path, struct stat *ret_stat) { CALL(FR_DISK_STAT, stat(path, ret_stat)); }

int fr_disk_statvfs(int fd, struct statvfs *ret_statvfs) { CALL(FR_DISK_STATVFS, fstatvfs(fd, ret_statvfs)); }

int fr_disk_write_all(int fd, const void *bytes, size_t count, uint64_t offset) {
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t now = count;
        ssize_t written = pass_hook(FR_DISK_WRITE, &now) ? pwrite(fd, from, now, (off_t) offset) : -1;
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        if (written == 0) {
            /* A file that takes nothing and says nothing would keep us here for ever. */
            errno = EIO;
            return -1;
        }
        from += written;
        offset += (uint64_t) written;
        count -= (size_t) written;
    }
    return 0;
}

ssize_t fr_disk_read_all(int fd, void *out, size_t count, uint64_t offset) {
    uint8_t *to = out;
    size_t done = 0;
    while (done < count) {
        size_t now = count - done;
        ssize_t got = pass_hook(FR_DISK_READ, &now) ? pread(fd, to + done, now, (off_t) (offset + done)) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t) got;
    }
    return (ssize_t) done;
}

ssize_t fr_disk_read_some(int fd, void *out, size_t count) {
    for (;;) {
        size_t now = count;
        ssize_t got = pass_hook(FR_DISK_READ, &now) ? read(fd, out, now) : -1;
        if (got >= 0 || errno != EINTR)
            return got;
    }
}

int fr_disk_wait(int fd, int wake, int *ret_is_woken) {
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    for (;;) {
        int ready = may(FR_DISK_POLL) ? poll(fds, 2, -1) : -1;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return -1;
        *ret_is_woken = fds[1].revents != 0;
        return 0;
    }
}

static off_t seek(int fd, uint64_t offset, int whence) { return may(FR_DISK_SEEK) ? lseek(fd, (off_t) offset, whence) : -1; }

bool fr_disk_has_hole(int fd, uint64_t offset, uint32_t count) {
    off_t data = seek(fd, offset, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO; /* nothing but a hole from here on; else it cannot be told */
    if ((uint64_t) data != offset)
        return true;
    off_t hole = seek(fd, offset, SEEK_HOLE);
    return hole >= 0 && (uint64_t) hole < offset + count;
}

int fr_disk_allocate(int fd, uint64_t bytes) { CALL(FR_DISK_ALLOCATE, fallocate(fd, 0, 0, (off_t) bytes)); }

int fr_disk_truncate(int fd, uint64_t bytes) { CALL(FR_DISK_TRUNCATE, ftruncate(fd, (off_t) bytes)); }

int fr_disk_chmod(int fd, mode_t mode) { CALL(FR_DISK_CHMOD, fchmod(fd, mode)); }

int fr_disk_set_mtime(int fd, const struct timespec *mtime) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *mtime};
    CALL(FR_DISK_SET_TIMES, futimens(fd, times));
}

int fr_disk_sync(int fd) { CALL(FR_DISK_SYNC, fsync(fd)); }

int fr_disk_sync_range(int fd) { CALL(FR_DISK_SYNC_RANGE, sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE)); }

int fr_disk_mkdir(int folder, const char *name, mode_t mode) { CALL(FR_DISK_MKDIR, mkdirat(folder, name, mode)); }

int fr_disk_link(int from_folder, const char *from, int to_folder, const char *to) {
    CALL(FR_DISK_LINK, linkat(from_folder, from, to_folder, to, 0));
}

int fr_disk_rename(int from_folder, const char *from, int to_folder, const char *to) {
    CALL(FR_DISK_RENAME, renameat(from_folder, from, to_folder, to));
}

int fr_disk_unlink(int folder, const char *name) { CALL(FR_DISK_UNLINK, unlinkat(folder, name, 0)); }

int fr_disk_rmdir(int folder, const char *name) { CALL(FR_DISK_UNLINK, unlinkat(folder, name, AT_REMOVEDIR)); }

int fr_disk_lock(int fd) { CALL(FR_DISK_LOCK, flock(fd, LOCK_EX | LOCK_NB)); }

DIR *fr_disk_list(int folder) {
    int fd = fr_disk_open(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return NULL;
    DIR *list = may(FR_DISK_LIST) ? fdopendir(fd) : NULL;
    if (!list)
        fr_disk_close(fd);
    return list;
}

const char *fr_disk_list_next(DIR *list) {
    for (;;) {
        if (!may(FR_DISK_LIST))
            return NULL;
        errno = 0;
        const struct dirent *entry = readdir(list);
        if (!entry)
            return NULL;
        const char *name = entry->d_name;
        bool is_dot = name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
        if (!is_dot)
            return name;
    }
}
