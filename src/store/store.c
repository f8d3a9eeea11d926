/* SPDX-License-Identifier: Apache-2.0 */
/* The store's folder: opening it with its hidden folders, its lock, cleaning up after a process that died, its free space, and
 * finding finished objects. Receiving is in sink.c and commit.c. */
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "content/digest.h"
#include "content/name.h"
#include "store/beneath.h"
#include "store/disk.h"
#include "store/kept.h"

static int refuse_folder(const struct fr_store *store, const char *what, struct fr_failure *failure) {
    return fr_sentence_errno(failure, errno, "store %s: cannot %s", store->label, what);
}

/* Opens the store's folder, made when it is missing. */
static int open_root(struct fr_store *store, struct fr_failure *failure) {
    int fd = fr_disk_open(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT) {
        if (fr_disk_mkdir(AT_FDCWD, store->path, 0755) && errno != EEXIST)
            return refuse_folder(store, "make the folder", failure);
        fd = fr_disk_open(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0 && errno == ENOTDIR) {
        struct stat status;
        if (fr_disk_stat(store->path, &status) == 0)
            return fr_failure_set(failure, FR_E_ARGUMENT, 0, "store %s: is not a folder: choose another store", store->label);
        errno = ENOTDIR;
    }
    if (fd < 0)
        return refuse_folder(store, "open the folder", failure);
    store->root = fd;
    return 0;
}

/* Opens one of the store's own folders, made when it is missing. */
static int open_hidden(struct fr_store *store, const char *path, int *ret_fd, struct fr_failure *failure) {
    char label[FR_SENTENCE_PATH_MAX];
    fr_sentence_path(path, label);
    int parent = fr_beneath_open_parent(store->root, path);
    if (parent < 0)
        return fr_sentence_errno(failure, errno, "store %s: cannot open the parent of its %s", store->label, label);
    /* Private: what is in there is not verified yet. */
    bool is_there = fr_disk_mkdir(parent, fr_beneath_last(path), 0700) == 0 || errno == EEXIST;
    int saved_errno = errno;
    fr_disk_close(parent);
    if (!is_there)
        return fr_sentence_errno(failure, saved_errno, "store %s: cannot make its folder %s", store->label, label);
    int fd = fr_beneath_open(store->root, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fr_sentence_errno(failure, errno, "store %s: cannot open its folder %s", store->label, label);
    *ret_fd = fd;
    return 0;
}

static int take_lock(struct fr_store *store, struct fr_failure *failure) {
    int fd = fr_beneath_open(store->root, ".fastreplica/lock", O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return refuse_folder(store, "open its .fastreplica/lock", failure);
    store->lock = fd;
    if (fr_disk_lock(fd) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return fr_failure_set(failure, FR_E_IN_USE, 0, "store %s: another process serves it: stop that one or choose another store",
                              store->label);
    return refuse_folder(store, "lock its .fastreplica/lock", failure);
}

/* With the lock held nobody writes into partial/: whatever is there belongs to a process that died. */
static int remove_leftovers(struct fr_store *store, struct fr_failure *failure) {
    DIR *list = fr_disk_list(store->partial);
    if (!list)
        return refuse_folder(store, "list its .fastreplica/partial", failure);
    int error = 0;
    const char *name;
    while (!error && (name = fr_disk_list_next(list))) {
        if (fr_kept_put(store, name)) /* the first half of something: a later transfer may go on from there */
            continue;
        /* A folder (EISDIR) is none of ours, takes no notable space, and cannot be in the way of an id. */
        if (fr_disk_unlink(store->partial, name) && errno != EISDIR && errno != ENOENT)
            error = fr_sentence_errno(failure, errno, "store %s: cannot remove the unfinished .fastreplica/partial/%.64s", store->label,
                                      name);
    }
    if (!error && errno != 0)
        error = refuse_folder(store, "list its .fastreplica/partial", failure);
    closedir(list);
    return error;
}

int fr_store_open(const char *path, struct fr_store **ret_store, struct fr_failure *failure) {
    struct fr_store *store = fr_alloc_zeroed(1, sizeof *store);
    if (!store)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the store");
    store->root = store->partial = store->records = store->kept = store->lock = -1;
    pthread_mutex_init(&store->commit_lock, NULL);
    pthread_mutex_init(&store->promise_lock, NULL);
    fr_sentence_path(path, store->label);
    store->path = fr_strdup(path);
    int error = store->path ? 0 : fr_failure_set(failure, FR_E_MEMORY, 0, "store %s: no memory", store->label);
    int hidden = -1;
    if (!error)
        error = open_root(store, failure);
    if (!error)
        error = open_hidden(store, ".fastreplica", &hidden, failure);
    fr_disk_close(hidden);
    if (!error)
        error = take_lock(store, failure);
    if (!error)
        error = open_hidden(store, ".fastreplica/partial", &store->partial, failure);
    if (!error)
        error = open_hidden(store, ".fastreplica/records", &store->records, failure);
    if (!error)
        error = open_hidden(store, ".fastreplica/kept", &store->kept, failure);
    if (!error)
        error = remove_leftovers(store, failure);
    if (error) {
        fr_store_close(store);
        return error;
    }
    *ret_store = store;
    return 0;
}

void fr_store_close(struct fr_store *store) {
    if (!store)
        return;
    fr_assert(atomic_load(&store->sink_count) == 0);
    fr_disk_close(store->kept);
    fr_disk_close(store->records);
    fr_disk_close(store->partial);
    fr_disk_close(store->lock); /* which gives the lock back */
    fr_disk_close(store->root);
    pthread_mutex_destroy(&store->commit_lock);
    pthread_mutex_destroy(&store->promise_lock);
    fr_free(store->path);
    fr_free(store);
}

void fr_store_keep(struct fr_store *store, uint64_t seconds) {
    store->keep_seconds = seconds;
    fr_kept_clean(store);
}

bool fr_store_has_kept(struct fr_store *store, const char *name, uint64_t object_bytes) {
    uint64_t allocated;
    return fr_kept_find(store, name, object_bytes, &allocated);
}

const char *fr_store_path(const struct fr_store *store) { return store->path; }

/* false: the file system does not tell (an error, or one of those that count no blocks at all). */
static bool measure_free(const struct fr_store *store, uint64_t *ret_bytes) {
    struct statvfs status;
    if (fr_disk_statvfs(store->root, &status) || status.f_blocks == 0)
        return false;
    if (__builtin_mul_overflow((uint64_t) status.f_bavail, (uint64_t) status.f_frsize, ret_bytes))
        *ret_bytes = UINT64_MAX;
    uint64_t promised = atomic_load(&store->promised_bytes);
    *ret_bytes -= *ret_bytes < promised ? *ret_bytes : promised;
    return true;
}

uint64_t fr_store_free_bytes(const struct fr_store *store) {
    uint64_t bytes;
    return measure_free(store, &bytes) ? bytes : 0;
}

int fr_store_refuse_space(const struct fr_store *store, const char *label, uint64_t need, int sys_errno, struct fr_failure *failure) {
    char need_text[32], free_text[32];
    fr_text_format_bytes(need, need_text, sizeof need_text);
    fr_text_format_bytes(fr_store_free_bytes(store), free_text, sizeof free_text);
    bool is_first = failure && failure->error == 0;
    fr_failure_set(failure, FR_E_NO_SPACE, 0, "store %s: no space for %s (need %s, %s free): make room or choose another store",
                   store->label, label, need_text, free_text);
    if (is_first)
        failure->sys_errno = sys_errno;
    return FR_E_NO_SPACE;
}

int fr_store_check_space(const struct fr_store *store, const char *label, uint64_t need, struct fr_failure *failure) {
    uint64_t free_bytes;
    if (!measure_free(store, &free_bytes) || need <= free_bytes)
        return 0;
    return fr_store_refuse_space(store, label, need, 0, failure);
}

int fr_store_promise(struct fr_store *store, const char *label, uint64_t bytes, struct fr_failure *failure) {
    pthread_mutex_lock(&store->promise_lock);
    int error = fr_store_check_space(store, label, bytes, failure);
    if (!error)
        atomic_fetch_add(&store->promised_bytes, bytes);
    pthread_mutex_unlock(&store->promise_lock);
    return error;
}

void fr_store_give_back(struct fr_store *store, uint64_t bytes) {
    uint64_t before = atomic_fetch_sub(&store->promised_bytes, bytes);
    fr_assert(before >= bytes);
}

void fr_store_record_name(const char *name, char out[FR_RECORD_FILE_NAME_BYTES]) {
    struct fr_digest digest;
    fr_digest_of(name, strlen(name), &digest);
    fr_text_hex(digest.bytes, FR_DIGEST_BYTES, out);
}

/* The whole file in memory that the caller frees; NULL when it is missing, no plain file, or larger than any record. */
static uint8_t *read_record_file(const struct fr_store *store, const char *name, size_t *ret_count) {
    char file_name[FR_RECORD_FILE_NAME_BYTES];
    fr_store_record_name(name, file_name);
    /* O_NONBLOCK: somebody may have put a FIFO there. */
    int fd = fr_beneath_open(store->records, file_name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return NULL;
    uint8_t *bytes = NULL;
    struct stat status;
    if (fr_disk_fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size <= FR_RECORD_BYTES_MAX)
        bytes = fr_alloc((size_t) status.st_size);
    if (bytes && fr_disk_read_all(fd, bytes, (size_t) status.st_size, 0) != status.st_size) {
        fr_free(bytes);
        bytes = NULL;
    }
    fr_disk_close(fd);
    if (bytes)
        *ret_count = (size_t) status.st_size;
    return bytes;
}

/* Is the object's file a plain one, as it was when the record was made? Nothing is opened but folders: it could be a FIFO by now. */
static bool is_untouched(const struct fr_store *store, const char *name, uint64_t object_bytes, const struct fr_file_mark *mark) {
    int parent = fr_beneath_open_parent(store->root, name);
    if (parent < 0)
        return false;
    struct stat status;
    struct fr_file_mark mark_now;
    bool is_same = fr_disk_stat_at(parent, fr_beneath_last(name), &status) == 0 && S_ISREG(status.st_mode);
    fr_disk_close(parent);
    if (!is_same || (uint64_t) status.st_size != object_bytes)
        return false;
    fr_file_mark_of(&status, &mark_now);
    return fr_file_mark_equal(mark, &mark_now);
}

bool fr_store_find(struct fr_store *store, const char *name, struct fr_record *ret_record) {
    if (fr_name_check(name, strlen(name), NULL))
        return false;
    size_t count;
    uint8_t *bytes = read_record_file(store, name, &count);
    if (!bytes)
        return false;
    struct fr_record record;
    struct fr_file_mark mark;
    int error = fr_record_decode(bytes, count, name, &record, &mark);
    fr_free(bytes);
    if (error)
        return false;
    if (!is_untouched(store, name, record.object_bytes, &mark)) {
        fr_record_done(&record);
        return false;
    }
    *ret_record = record;
    return true;
}
