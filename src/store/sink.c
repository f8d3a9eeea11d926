/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving one object: everything that can be refused is refused at the opening, before data flows; then writes and reads at any
 * offset, from any thread. Making it final is in commit.c. */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "content/name.h"
#include "store/beneath.h"
#include "store/disk.h"
#include "store/kept.h"

/* After so many written bytes the kernel is asked to begin writing back. Small enough that little is left to wait for at the
 * commit, large enough that the disk sees long runs. */
enum { STRETCH_BYTES = 16 << 20 };

static int check_id(const char *id, struct fr_failure *failure) {
    size_t bytes = strspn(id, "0123456789abcdef");
    if (bytes == 0 || bytes > 2 * FR_TRANSFER_ID_BYTES || id[bytes] != 0)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "'%.40s' is no transfer id (1 to %d lower-case hex digits)", id,
                              2 * FR_TRANSFER_ID_BYTES);
    return 0;
}

static int refuse_name(const struct fr_sink *sink, const char *prefix, const char *why, struct fr_failure *failure) {
    char label[FR_SENTENCE_PATH_MAX];
    return fr_failure_set(failure, FR_E_NAME, 0, "store %s: %s %s: remove it there or choose another name", sink->store->label,
                          fr_sentence_path(prefix, label), why);
}

static int refuse_look(const struct fr_sink *sink, const char *prefix, int sys_errno, struct fr_failure *failure) {
    char label[FR_SENTENCE_PATH_MAX];
    return fr_sentence_errno(failure, sys_errno, "store %s: cannot look at %s", sink->store->label, fr_sentence_path(prefix, label));
}

/* What is at one path of the store. *ret_is_there false: nothing. */
static int look_at(const struct fr_sink *sink, const char *prefix, bool *ret_is_there, struct stat *ret_status,
                   struct fr_failure *failure) {
    int parent = fr_beneath_open_parent(sink->store->root, prefix);
    if (parent < 0)
        return refuse_look(sink, prefix, errno, failure);
    int result = fr_disk_stat_at(parent, fr_beneath_last(prefix), ret_status);
    int sys_errno = errno;
    fr_disk_close(parent);
    if (result && sys_errno != ENOENT)
        return refuse_look(sink, prefix, sys_errno, failure);
    *ret_is_there = result == 0;
    return 0;
}

static int check_folder(const struct fr_sink *sink, const char *prefix, const struct stat *status, dev_t device,
                        struct fr_failure *failure) {
    if (S_ISLNK(status->st_mode))
        return refuse_name(sink, prefix, "is a symbolic link, which is never followed", failure);
    if (!S_ISDIR(status->st_mode))
        return refuse_name(sink, prefix, "is a file, not a folder", failure);
    if (status->st_dev != device)
        return refuse_name(sink, prefix, "is on another file system than the store, so nothing can be moved there at once", failure);
    return 0;
}

static int check_final(const struct fr_sink *sink, const struct stat *status, struct fr_failure *failure) {
    if (S_ISDIR(status->st_mode))
        return refuse_name(sink, sink->name, "is a folder", failure);
    if (S_ISLNK(status->st_mode))
        return refuse_name(sink, sink->name, "is a symbolic link, which is never followed", failure);
    if (!S_ISREG(status->st_mode))
        return refuse_name(sink, sink->name, "is there and is no plain file", failure);
    return 0;
}

/* Could the object be renamed to its final name, as things stand? Walks down the folders of its path. */
static int check_destination(const struct fr_sink *sink, struct fr_failure *failure) {
    struct stat status;
    if (fr_disk_fstat(sink->store->partial, &status))
        return refuse_look(sink, ".fastreplica/partial", errno, failure);
    dev_t device = status.st_dev;
    char prefix[FR_NAME_BYTES_MAX + 1];
    size_t bytes;
    bool is_there = false;
    for (unsigned depth = 1; (bytes = fr_beneath_prefix(sink->name, depth)) > 0; depth++) {
        memcpy(prefix, sink->name, bytes);
        prefix[bytes] = 0;
        int error = look_at(sink, prefix, &is_there, &status, failure);
        if (!error && is_there)
            error = check_folder(sink, prefix, &status, device, failure);
        /* What is missing will be made at the commit, and nothing is below it. */
        if (error || !is_there)
            return error;
    }
    int error = look_at(sink, sink->name, &is_there, &status, failure);
    return error || !is_there ? error : check_final(sink, &status, failure);
}

/* Beyond RLIMIT_FSIZE a write would not just fail: it would raise SIGXFSZ, which ends the process. */
static int check_limit(struct fr_sink *sink, uint64_t bytes, struct fr_failure *failure) {
    if (bytes <= sink->bytes_max)
        return 0;
    return fr_sentence_errno(failure, EFBIG, "store %s: cannot hold %s", sink->store->label, sink->label);
}

static uint64_t find_bytes_max(void) {
    struct rlimit limit;
    uint64_t most = INT64_MAX;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < most)
        most = limit.rlim_cur;
    return most;
}

static bool is_in_memory(const struct fr_sink *sink) {
    struct statfs status;
    return fstatfs(sink->fd, &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

/* Sees to it that later writes find room. Not posix_fallocate: where the file system cannot, glibc would write zeros instead. And not in a
 * file system that lives in memory: it would find and clear every page now, half a second a GiB before the first byte flows, for writes
 * that then fill them again. There the store keeps count of what it has promised. */
static int reserve(struct fr_sink *sink, uint64_t allocated, struct fr_failure *failure) {
    uint64_t bytes = sink->object_bytes;
    sink->is_in_memory = is_in_memory(sink);
    if (bytes == FR_BYTES_UNKNOWN || bytes == 0)
        return 0;
    if (sink->is_in_memory) {
        uint64_t lacking = bytes - allocated;
        int error = fr_store_promise(sink->store, sink->label, lacking, failure);
        if (error)
            return error;
        sink->promised_bytes = lacking;
    } else if (fr_disk_allocate(sink->fd, bytes) == 0) {
        return 0;
    }
    if (sink->is_in_memory || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
        if (fr_disk_truncate(sink->fd, bytes) == 0)
            return 0;
    }
    int sys_errno = errno;
    if (sys_errno == ENOSPC || sys_errno == EDQUOT)
        return fr_store_refuse_space(sink->store, sink->label, bytes, sys_errno, failure);
    return fr_sentence_errno(failure, sys_errno, "store %s: cannot reserve the space of %s", sink->store->label, sink->label);
}

/* What others were promised is not there for an object whose size nobody knew. */
static bool is_promised_away(const struct fr_sink *sink, uint32_t count) {
    if (!sink->is_in_memory || sink->promised_bytes > 0 || atomic_load(&sink->store->promised_bytes) == 0)
        return false;
    return fr_store_check_space(sink->store, sink->label, count, NULL) != 0;
}

/* Counts what was written. A promise is used up by it, each byte once. */
static uint64_t count_written(struct fr_sink *sink, uint32_t count) {
    uint64_t before = atomic_fetch_add(&sink->written_bytes, count);
    if (before < sink->promised_bytes) {
        uint64_t left = sink->promised_bytes - before;
        fr_store_give_back(sink->store, left < count ? left : count);
    }
    return before;
}

static void end_promise(struct fr_sink *sink) {
    uint64_t written = atomic_load(&sink->written_bytes);
    if (written < sink->promised_bytes)
        fr_store_give_back(sink->store, sink->promised_bytes - written);
}

static int create_partial(struct fr_sink *sink, struct fr_failure *failure) {
    if (sink->is_resumed) {
        sink->is_resumed = fr_kept_take(sink->store, sink->file_name);
        sink->fd = sink->is_resumed ? fr_beneath_open(sink->store->partial, sink->file_name, O_RDWR, 0) : -1;
        if (sink->fd >= 0)
            return 0;
        sink->is_resumed = false;
        fr_disk_unlink(sink->store->partial, sink->file_name); /* it cannot be used */
    }
    sink->fd = fr_beneath_open(sink->store->partial, sink->file_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (sink->fd >= 0)
        return 0;
    if (errno == EEXIST)
        return fr_failure_set(failure, FR_E_IN_USE, 0, "store %s: transfer %s is being received already", sink->store->label, sink->id);
    return fr_sentence_errno(failure, errno, "store %s: cannot create a file to receive %s", sink->store->label, sink->label);
}

/* What was left by transfers that were cut short makes room for one that is here now; not for one that would not fit all the same. */
static int find_room(struct fr_sink *sink, uint64_t allocated, struct fr_failure *failure) {
    struct fr_store *store = sink->store;
    uint64_t need = sink->object_bytes - allocated, kept;
    if (fr_store_check_space(store, sink->label, need, NULL) == 0)
        return 0;
    kept = fr_kept_bytes(store);
    if (need > kept && need - kept > fr_store_free_bytes(store))
        return fr_store_check_space(store, sink->label, need, failure);
    while (fr_store_check_space(store, sink->label, need, NULL) != 0 && fr_kept_drop_oldest(store))
        ;
    return fr_store_check_space(store, sink->label, need, failure);
}

/* The file to receive into: what an earlier transfer of this name and size has left, or a new one. */
static int prepare_file(struct fr_sink *sink, struct fr_failure *failure) {
    bool is_known = sink->object_bytes != FR_BYTES_UNKNOWN;
    uint64_t allocated = 0;
    sink->is_resumed = is_known && fr_kept_find(sink->store, sink->name, sink->object_bytes, &allocated);
    int error = is_known ? check_limit(sink, sink->object_bytes, failure) : 0;
    if (!error)
        error = create_partial(sink, failure);
    if (!sink->is_resumed)
        allocated = 0;
    if (!error && is_known)
        error = find_room(sink, allocated, failure);
    return error ? error : reserve(sink, allocated, failure);
}

static struct fr_sink *new_sink(struct fr_store *store, const char *id, const char *name) {
    struct fr_sink *sink = fr_alloc_zeroed(1, sizeof *sink);
    if (!sink)
        return NULL;
    sink->store = store;
    sink->fd = -1;
    memcpy(sink->id, id, strlen(id));
    memcpy(sink->name, name, strlen(name));
    fr_kept_partial_name(name, id, sink->file_name);
    fr_sentence_path(name, sink->label);
    pthread_mutex_init(&sink->failure_lock, NULL);
    atomic_fetch_add(&store->sink_count, 1);
    return sink;
}

int fr_sink_open(struct fr_store *store, const char *id, const char *name, uint64_t object_bytes, uint32_t mode, struct fr_sink **ret_sink,
                 struct fr_failure *failure) {
    const char *why = NULL;
    int error = check_id(id, failure);
    if (!error && fr_name_check(name, strlen(name), &why)) {
        char label[FR_SENTENCE_PATH_MAX];
        error = fr_failure_set(failure, FR_E_NAME, 0, "store %s: the name '%s' %s: choose another name", store->label,
                               fr_sentence_path(name, label), why);
    }
    if (error)
        return error;
    struct fr_sink *sink = new_sink(store, id, name);
    if (!sink)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "store %s: no memory to receive '%.128s'", store->label, name);
    sink->object_bytes = object_bytes;
    sink->mode = mode & 0777; /* an object must not bring set-user-id bits */
    sink->bytes_max = find_bytes_max();
    if (store->keep_seconds > 0)
        fr_kept_clean(store);
    error = check_destination(sink, failure);
    if (!error)
        error = prepare_file(sink, failure);
    if (error) {
        fr_sink_close(sink);
        return error;
    }
    *ret_sink = sink;
    return 0;
}

int fr_sink_fail(struct fr_sink *sink, const struct fr_failure *failure) {
    pthread_mutex_lock(&sink->failure_lock);
    if (sink->first_failure.error == 0)
        sink->first_failure = *failure;
    atomic_store(&sink->has_failed, true);
    pthread_mutex_unlock(&sink->failure_lock);
    return failure->error;
}

int fr_sink_first_failure(struct fr_sink *sink, struct fr_failure *failure) {
    if (!atomic_load(&sink->has_failed))
        return 0;
    pthread_mutex_lock(&sink->failure_lock);
    if (failure && failure->error == 0)
        *failure = sink->first_failure;
    int error = sink->first_failure.error;
    pthread_mutex_unlock(&sink->failure_lock);
    return error;
}

/* Errors of the asking itself are no matter: it is a hint. But what it says about data that could not be written is the truth. */
static bool begin_write_back(struct fr_sink *sink) {
    return fr_disk_sync_range(sink->fd) == 0 || (errno != EIO && errno != ENOSPC && errno != EDQUOT);
}

int fr_sink_write(struct fr_sink *sink, uint64_t offset, const uint8_t *bytes, uint32_t count, struct fr_failure *failure) {
    int error = fr_sink_first_failure(sink, failure);
    if (error)
        return error;
    fr_assert(!sink->is_committed);
    fr_assert(offset <= INT64_MAX && offset + count <= sink->object_bytes);
    struct fr_failure own = {0};
    error = check_limit(sink, offset + count, &own);
    if (!error) {
        bool is_written = false;
        if (is_promised_away(sink, count))
            errno = ENOSPC;
        else
            is_written = fr_disk_write_all(sink->fd, bytes, count, offset) == 0;
        if (is_written) {
            uint64_t before = count_written(sink, count);
            if (before / STRETCH_BYTES != (before + count) / STRETCH_BYTES)
                is_written = begin_write_back(sink);
        }
        if (!is_written)
            error = fr_sentence_errno(&own, errno, "store %s: cannot write %s", sink->store->label, sink->label);
    }
    if (error) {
        fr_sink_fail(sink, &own);
        return fr_sink_first_failure(sink, failure);
    }
    return 0;
}

int fr_sink_read(struct fr_sink *sink, uint64_t offset, uint8_t *out, uint32_t count, struct fr_failure *failure) {
    ssize_t got = fr_disk_read_all(sink->fd, out, count, offset);
    if (got == (ssize_t) count)
        return 0;
    if (got < 0)
        return fr_sentence_errno(failure, errno, "store %s: cannot read back %s", sink->store->label, sink->label);
    return fr_failure_set(failure, FR_E_IO, 0, "store %s: %s is shorter than what was written to it: somebody cut it", sink->store->label,
                          sink->label);
}

bool fr_sink_is_resumed(const struct fr_sink *sink) { return sink->is_resumed; }

bool fr_sink_may_have(struct fr_sink *sink, uint64_t offset, uint32_t count) {
    return sink->is_resumed && !fr_disk_has_hole(sink->fd, offset, count);
}

/* What was received is of use to a later transfer of the same name, if its size was known. */
static bool keep(const struct fr_sink *sink) {
    if (sink->store->keep_seconds == 0 || sink->object_bytes == FR_BYTES_UNKNOWN)
        return false;
    return (sink->is_resumed || atomic_load(&sink->written_bytes) > 0) && fr_kept_put(sink->store, sink->file_name);
}

void fr_sink_close(struct fr_sink *sink) {
    if (!sink)
        return;
    if (sink->fd >= 0 && !sink->is_committed && !keep(sink))
        fr_disk_unlink(sink->store->partial, sink->file_name);
    fr_disk_close(sink->fd);
    end_promise(sink);
    atomic_fetch_sub(&sink->store->sink_count, 1);
    pthread_mutex_destroy(&sink->failure_lock);
    fr_free(sink);
}
