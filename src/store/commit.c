/* SPDX-License-Identifier: Apache-2.0 */
/* Making a received object final. The order is what keeps the promise "nothing, the old object, or the whole new one":
 *
 *   size, mode, time -> sync the file -> | make folders -> keep a second link to the old object -> rename -> sync the folder | -> record
 *                                        +--- a failure in here is taken back: the old object (or nothing) is there again --+
 */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "store/beneath.h"
#include "store/disk.h"

/* Names in partial/ beside the object's own, so that what a crash leaves there is removed at the next start. */
enum { SIDE_NAME_BYTES = 2 * FR_TRANSFER_ID_BYTES + 8 };

static void make_side_name(const struct fr_sink *sink, const char *suffix, char out[SIDE_NAME_BYTES]) {
    snprintf(out, SIDE_NAME_BYTES, "%s.%s", sink->id, suffix);
}

static int refuse(const struct fr_sink *sink, const char *verb, struct fr_failure *failure) {
    return fr_sentence_errno(failure, errno, "store %s: cannot %s %s", sink->store->label, verb, sink->label);
}

/* A pipe's object may be cut to its size; one that is too short has lost bytes. */
static int settle_size(struct fr_sink *sink, uint64_t object_bytes, struct fr_failure *failure) {
    struct stat status;
    if (fr_disk_fstat(sink->fd, &status))
        return refuse(sink, "look at the received", failure);
    if ((uint64_t) status.st_size < object_bytes)
        return fr_failure_set(failure, FR_E_IO, 0, "store %s: the received %s is shorter than it should be: somebody cut it",
                              sink->store->label, sink->label);
    if ((uint64_t) status.st_size > object_bytes && fr_disk_truncate(sink->fd, object_bytes))
        return refuse(sink, "cut to its size", failure);
    return 0;
}

/* The kernel stamps writes with a clock of a few milliseconds a tick, so a change by hand in the tick of the commit would leave the
 * times as they are. A time that is no tick's tells even that one. Without it the check is only coarser, so failing is none. */
static void stamp(struct fr_sink *sink) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        fr_disk_set_mtime(sink->fd, &now);
}

static int make_durable(struct fr_sink *sink, uint64_t object_bytes, struct fr_failure *failure) {
    int error = settle_size(sink, object_bytes, failure);
    if (error)
        return error;
    if (fr_disk_chmod(sink->fd, sink->mode))
        return refuse(sink, "set the permissions of", failure);
    stamp(sink);
    return fr_disk_sync(sink->fd) ? refuse(sink, "sync", failure) : 0;
}

enum backup { BACKUP_MADE, BACKUP_NOT_NEEDED, BACKUP_IMPOSSIBLE, BACKUP_FAILED };

/* A second name for the old object, to bring it back by should the folder's sync fail. */
static enum backup keep_old(const struct fr_sink *sink, int parent, const char *backup_name) {
    if (fr_disk_link(parent, fr_beneath_last(sink->name), sink->store->partial, backup_name) == 0)
        return BACKUP_MADE;
    switch (errno) {
    case ENOENT: return BACKUP_NOT_NEEDED;
    case EPERM: /* no hard links here, not to this file, or it is a folder by now, which the rename will tell */
    case EOPNOTSUPP:
    case ENOSYS:
    case EMLINK: return BACKUP_IMPOSSIBLE;
    default: return BACKUP_FAILED;
    }
}

/* The folder's sync failed after the rename: the way back, so that a failed commit changes nothing. */
static bool take_back(struct fr_sink *sink, int parent, enum backup backup, const char *backup_name) {
    const struct fr_store *store = sink->store;
    const char *last = fr_beneath_last(sink->name);
    if (backup == BACKUP_MADE)
        return fr_disk_rename(store->partial, backup_name, parent, last) == 0;
    return backup == BACKUP_NOT_NEEDED && fr_disk_rename(parent, last, store->partial, sink->file_name) == 0;
}

static int rename_durably(struct fr_sink *sink, int parent, struct fr_failure *failure) {
    const struct fr_store *store = sink->store;
    char backup_name[SIDE_NAME_BYTES];
    make_side_name(sink, "old", backup_name);
    enum backup backup = keep_old(sink, parent, backup_name);
    if (backup == BACKUP_FAILED)
        return refuse(sink, "keep the old object while replacing", failure);
    int error = 0;
    if (fr_disk_rename(store->partial, sink->file_name, parent, fr_beneath_last(sink->name))) {
        error = refuse(sink, "rename the received file to", failure);
    } else if (fr_disk_sync(parent)) {
        int sys_errno = errno;
        bool is_back = take_back(sink, parent, backup, backup_name);
        error = fr_sentence_errno(failure, sys_errno, "store %s: cannot sync the folder of %s%s", store->label, sink->label,
                                  is_back ? "" : " (the new one is there now, but a power cut may take it away)");
    }
    if (backup == BACKUP_MADE)
        fr_disk_unlink(store->partial, backup_name);
    return error;
}

static int publish(struct fr_sink *sink, struct fr_failure *failure) {
    unsigned made;
    int parent = fr_beneath_make_parent(sink->store->root, sink->name, &made);
    if (parent < 0)
        return refuse(sink, "make the folders of", failure);
    int error = rename_durably(sink, parent, failure);
    fr_disk_close(parent);
    if (error)
        fr_beneath_remove_folders(sink->store->root, sink->name, made);
    return error;
}

static bool write_record_file(const struct fr_sink *sink, const uint8_t *bytes, size_t count) {
    const struct fr_store *store = sink->store;
    char side_name[SIDE_NAME_BYTES], file_name[FR_RECORD_FILE_NAME_BYTES];
    make_side_name(sink, "record", side_name);
    fr_store_record_name(sink->name, file_name);
    int fd = fr_beneath_open(store->partial, side_name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return false;
    /* Not synced: a record that a power cut damages is told by its own SHA-256, and only costs receiving the object again. */
    bool is_written = fr_disk_write_all(fd, bytes, count, 0) == 0 &&
        fr_disk_rename(store->partial, side_name, store->records, file_name) == 0;
    fr_disk_close(fd);
    if (!is_written)
        fr_disk_unlink(store->partial, side_name);
    return is_written;
}

/* Notes what is known of the object that has just become final. before: its file before the rename. */
static void write_record(struct fr_sink *sink, const struct fr_record *record, const struct stat *before) {
    struct stat after;
    /* The rename changes the ctime, so the mark is taken after it; mtime and size tell whether somebody wrote in between. */
    if (fr_disk_fstat(sink->fd, &after) || after.st_size != before->st_size || after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
        return;
    struct fr_file_mark mark;
    fr_file_mark_of(&after, &mark);
    uint8_t *bytes;
    size_t count;
    if (fr_record_encode(record, &mark, sink->name, &bytes, &count))
        return;
    write_record_file(sink, bytes, count);
    fr_free(bytes);
}

static int commit(struct fr_sink *sink, const struct fr_record *record, struct fr_failure *failure) {
    int error = make_durable(sink, record->object_bytes, failure);
    if (error)
        return error;
    struct stat before;
    bool is_seen = fr_disk_fstat(sink->fd, &before) == 0;
    pthread_mutex_lock(&sink->store->commit_lock);
    error = publish(sink, failure);
    if (!error) {
        sink->is_committed = true;
        if (is_seen)
            write_record(sink, record, &before);
    }
    pthread_mutex_unlock(&sink->store->commit_lock);
    return error;
}

int fr_sink_commit(struct fr_sink *sink, const struct fr_record *record, struct fr_failure *failure) {
    int error = fr_sink_first_failure(sink, failure);
    if (error)
        return error;
    fr_assert(!sink->is_committed);
    fr_assert(sink->object_bytes == FR_BYTES_UNKNOWN || sink->object_bytes == record->object_bytes);
    struct fr_failure own = {0};
    if (commit(sink, record, &own)) {
        fr_sink_fail(sink, &own);
        return fr_sink_first_failure(sink, failure);
    }
    return 0;
}
