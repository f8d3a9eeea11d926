/* SPDX-License-Identifier: Apache-2.0 */
/* Every call that the store makes on the disk, in one place, so that a test can make the n-th one fail. They behave as the calls
 * they are named after (-1 and errno on failure), but try again on EINTR. What the calls are for is the callers' business. */
#ifndef FR_STORE_DISK_H
#define FR_STORE_DISK_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

enum fr_disk_call {
    FR_DISK_OPEN,
    FR_DISK_OPEN_BENEATH,
    FR_DISK_STAT,
    FR_DISK_STATVFS,
    FR_DISK_READ,
    FR_DISK_WRITE,
    FR_DISK_ALLOCATE,
    FR_DISK_TRUNCATE,
    FR_DISK_CHMOD,
    FR_DISK_SET_TIMES,
    FR_DISK_SYNC,
    FR_DISK_SYNC_RANGE,
    FR_DISK_MKDIR,
    FR_DISK_LINK,
    FR_DISK_RENAME,
    FR_DISK_UNLINK,
    FR_DISK_LOCK,
    FR_DISK_LIST,
    FR_DISK_POLL,
    FR_DISK_SEEK,
    FR_DISK_LOOK,
};

/* Tests: asked before every call. Returns 0 to let it happen, or the errno that it fails with. *count: the bytes that a READ or WRITE
 * is about to move, which the hook may lower to make it a short one. Any thread. */
typedef int fr_disk_hook(void *user, enum fr_disk_call call, size_t *count);
/* NULL: none. Not while calls are under way. */
void fr_disk_set_hook(fr_disk_hook *hook, void *user);

/* folder: AT_FDCWD or an open folder. O_CLOEXEC is always added. */
int fr_disk_open(int folder, const char *path, int flags, mode_t mode);
/* openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS); ENOSYS where the kernel lacks it. */
int fr_disk_open_beneath(int folder, const char *path, int flags, mode_t mode);
void fr_disk_close(int fd); /* negative: nothing; keeps errno */

int fr_disk_fstat(int fd, struct stat *ret_stat);
int fr_disk_stat_at(int folder, const char *name, struct stat *ret_stat); /* of a link itself, not what it points to */
int fr_disk_look_at(int folder, const char *name, struct stat *ret_stat); /* the same, of what may as well not be there */
int fr_disk_stat(const char *path, struct stat *ret_stat);                /* follows links */
int fr_disk_statvfs(int fd, struct statvfs *ret_statvfs);

/* All of `count` bytes however many calls that takes. */
int fr_disk_write_all(int fd, const void *bytes, size_t count, uint64_t offset);
/* As many as `count` bytes unless the file ends before; returns how many. */
ssize_t fr_disk_read_all(int fd, void *out, size_t count, uint64_t offset);
/* One read(2) of a pipe. */
ssize_t fr_disk_read_some(int fd, void *out, size_t count);
/* Waits until fd can be read (or has ended) or wake is readable. Returns 0 or -1; *ret_is_woken tells which. */
int fr_disk_wait(int fd, int wake, int *ret_is_woken);

/* Is any byte of it one that was never written, as far as the file system tells? Moves the position, which nobody else uses. */
bool fr_disk_has_hole(int fd, uint64_t offset, uint32_t count);
int fr_disk_allocate(int fd, uint64_t bytes); /* fallocate(2): real blocks, and the size; EOPNOTSUPP where it cannot */
int fr_disk_truncate(int fd, uint64_t bytes);
int fr_disk_chmod(int fd, mode_t mode);
int fr_disk_set_mtime(int fd, const struct timespec *mtime);
int fr_disk_sync(int fd);
int fr_disk_sync_range(int fd); /* begins writing back all that is dirty; does not wait for it */

int fr_disk_mkdir(int folder, const char *name, mode_t mode);
int fr_disk_link(int from_folder, const char *from, int to_folder, const char *to);
int fr_disk_rename(int from_folder, const char *from, int to_folder, const char *to);
int fr_disk_unlink(int folder, const char *name); /* not folders */
int fr_disk_rmdir(int folder, const char *name);
int fr_disk_lock(int fd); /* exclusive, does not wait: EWOULDBLOCK */

/* A listing of an open folder, with a descriptor of its own. NULL and errno. Ended with closedir. */
DIR *fr_disk_list(int folder);
/* The next name but "." and ".."; NULL at the end (errno 0) or on failure (errno). Valid until the next call. */
const char *fr_disk_list_next(DIR *list);

#endif
