/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pushed object's bytes come from. Files are read with pread, so by any thread; pipes with poll and read, where an eventfd
 * beside the pipe lets another thread end the wait. See source.h. */
#include "store/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/disk.h"
#include "store/sentence.h"
#include "store/source_set.h"

struct fr_source {
    int fd;
    int wake; /* an eventfd that is readable once the source is cancelled */
    bool is_file;
    bool is_stdin;
    atomic_bool is_cancelled;
    struct stat opened;   /* as it was at the opening */
    uint64_t next_offset; /* files: of fr_source_read_next */
    char *path;
    char label[FR_SENTENCE_PATH_MAX];
    struct fr_source_set *set; /* NULL: one file, or a pipe */
};

static int refuse(const struct fr_source *source, const char *why, struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s %s", source->label, why);
}

/* Is this a kind of file whose bytes can be pushed? */
static int check_kind(const struct fr_source *source, mode_t mode, struct fr_failure *failure) {
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFIFO: return 0;
    case S_IFDIR:
        return refuse(source,
                      "is a folder: push an archive of it, as in `tar c DIR | fastreplica push - --name NAME.tar ...`, or "
                      "descriptions that `mdc encode` made with --mdc",
                      failure);
    case S_IFBLK:
        return refuse(source, "is a block device: pipe its bytes in, as in `cat DEVICE | fastreplica push - --name NAME ...`", failure);
    case S_IFCHR:
        if (source->is_stdin)
            return refuse(source, "is a terminal or another device: pipe something in, or name a file", failure);
        return refuse(source, "is a device: push a file or a pipe", failure);
    case S_IFSOCK:
        /* What starts programs may well hand them a stream socket as standard input; it reads like a pipe. */
        return source->is_stdin ? 0 : refuse(source, "is a socket: push a file or a pipe", failure);
    default: return refuse(source, "is no file and no pipe: push one of these", failure);
    }
}

static int open_path(struct fr_source *source, struct fr_failure *failure) {
    struct stat status;
    /* Looked at first, because opening a device can already do something to it. */
    if (fr_disk_stat(source->path, &status))
        return fr_sentence_errno(failure, errno, "cannot open %s", source->label);
    int error = check_kind(source, status.st_mode, failure);
    if (error)
        return error;
    /* Without O_NONBLOCK, opening a FIFO would wait for its writer, where fr_source_cancel could not reach us. */
    source->fd = fr_disk_open(AT_FDCWD, source->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (source->fd < 0)
        return fr_sentence_errno(failure, errno, "cannot open %s", source->label);
    return 0;
}

static int open_stdin(struct fr_source *source, struct fr_failure *failure) {
    source->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (source->fd < 0)
        return fr_sentence_errno(failure, errno, "cannot read standard input");
    return 0;
}

/* Files of /proc and /sys say that they are empty. Pushing them as empty objects would be a lie. */
static int check_honest_size(const struct fr_source *source, struct fr_failure *failure) {
    uint8_t byte;
    if (!source->is_file || source->opened.st_size > 0)
        return 0;
    ssize_t got = fr_disk_read_all(source->fd, &byte, 1, 0);
    if (got < 0)
        return fr_sentence_errno(failure, errno, "cannot read %s", source->label);
    if (got == 0)
        return 0;
    return refuse(source, "says it is empty but is not: pipe it in, as in `cat FILE | fastreplica push - --name NAME ...`", failure);
}

static int open_any(struct fr_source *source, struct fr_failure *failure) {
    int error = source->is_stdin ? open_stdin(source, failure) : open_path(source, failure);
    if (error)
        return error;
    /* After standard input: were that closed, the eventfd would take its number and be read in its place. */
    source->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (source->wake < 0)
        return fr_sentence_errno(failure, errno, "cannot watch %s", source->label);
    if (fr_disk_fstat(source->fd, &source->opened))
        return fr_sentence_errno(failure, errno, "cannot look at %s", source->label);
    error = check_kind(source, source->opened.st_mode, failure);
    if (error)
        return error;
    source->is_file = S_ISREG(source->opened.st_mode);
    /* Part of a file that is read already on standard input is not to be sent: the rest is read on from there, as from a pipe. */
    if (source->is_stdin && source->is_file && lseek(source->fd, 0, SEEK_CUR) != 0)
        source->is_file = false;
    return check_honest_size(source, failure);
}

/* With a name for sentences, and nothing open yet. NULL: no memory. */
static struct fr_source *new_source(const char *path) {
    struct fr_source *source = fr_alloc_zeroed(1, sizeof *source);
    if (!source)
        return NULL;
    source->fd = source->wake = -1;
    source->path = fr_strdup(path);
    if (!source->path) {
        fr_free(source);
        return NULL;
    }
    fr_sentence_path(source->path, source->label);
    return source;
}

int fr_source_open(const char *path, struct fr_source **ret_source, struct fr_failure *failure) {
    bool is_stdin = strcmp(path, "-") == 0;
    struct fr_source *source = new_source(is_stdin ? "standard input" : path);
    if (!source)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the source");
    source->is_stdin = is_stdin;
    int error = open_any(source, failure);
    if (error) {
        fr_source_close(source);
        return error;
    }
    *ret_source = source;
    return 0;
}

int fr_source_open_set(const char *label, const char *const *paths, uint32_t count, struct fr_source **ret_source,
                       struct fr_failure *failure) {
    struct fr_source *source = new_source(label);
    if (!source)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the source");
    source->is_file = true;
    int error = fr_source_set_open(label, paths, count, &source->set, failure);
    if (error) {
        fr_source_close(source);
        return error;
    }
    *ret_source = source;
    return 0;
}

int fr_source_weave(struct fr_source *source, uint32_t chunk_bytes, struct fr_failure *failure) {
    fr_assert(source->set);
    return fr_source_set_weave(source->set, chunk_bytes, failure);
}

const struct fr_entry *fr_source_entries(const struct fr_source *source, uint32_t *ret_count) {
    *ret_count = 0;
    return source->set ? fr_source_set_entries(source->set, ret_count) : NULL;
}

bool fr_source_ends_entry(const struct fr_source *source, fr_chunk_index first, uint32_t count) {
    return source->set && fr_source_set_ends_entry(source->set, first, count);
}

void fr_source_close(struct fr_source *source) {
    if (!source)
        return;
    fr_source_set_close(source->set);
    fr_disk_close(source->fd);
    fr_disk_close(source->wake);
    fr_free(source->path);
    fr_free(source);
}

bool fr_source_is_file(const struct fr_source *source) { return source->is_file; }

uint64_t fr_source_bytes(const struct fr_source *source) {
    if (source->set)
        return fr_source_set_bytes(source->set);
    return source->is_file ? (uint64_t) source->opened.st_size : FR_BYTES_UNKNOWN;
}

uint32_t fr_source_mode(const struct fr_source *source) {
    if (source->set)
        return fr_source_set_mode(source->set);
    return source->is_file ? source->opened.st_mode & 0777 : 0644;
}

const char *fr_source_label(const struct fr_source *source) { return source->path; }

/* Its size now, for a sentence; "?" when it cannot be told. */
static const char *format_size_now(const struct fr_source *source, char *out, size_t size) {
    struct stat status;
    if (fr_disk_fstat(source->fd, &status))
        return "?";
    return fr_text_format_bytes((uint64_t) status.st_size, out, size);
}

static int refuse_changed_size(const struct fr_source *source, struct fr_failure *failure) {
    char then[32], now[32];
    fr_text_format_bytes(fr_source_bytes(source), then, sizeof then);
    return fr_failure_set(failure, FR_E_CHANGED, 0,
                          "%s changed while it was pushed (%s at the start, %s now): push it again when nothing writes to it",
                          source->label, then, format_size_now(source, now, sizeof now));
}

int fr_source_read_at(struct fr_source *source, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    fr_assert(source->is_file);
    fr_assert(bytes <= fr_source_bytes(source) && offset <= fr_source_bytes(source) - bytes);
    if (source->set)
        return fr_source_set_read_at(source->set, offset, out, bytes, failure);
    ssize_t got = fr_disk_read_all(source->fd, out, bytes, offset);
    if (got < 0)
        return fr_sentence_errno(failure, errno, "cannot read %s", source->label);
    return got == (ssize_t) bytes ? 0 : refuse_changed_size(source, failure);
}

static int read_next_of_file(struct fr_source *source, uint8_t *out, uint32_t bytes, uint32_t *ret_bytes, struct fr_failure *failure) {
    uint64_t left = fr_source_bytes(source) - source->next_offset;
    uint32_t now = bytes < left ? bytes : (uint32_t) left;
    int error = fr_source_read_at(source, source->next_offset, out, now, failure);
    if (error)
        return error;
    source->next_offset += now;
    *ret_bytes = now;
    return 0;
}

static int refuse_cancelled(const struct fr_source *source, struct fr_failure *failure) {
    return fr_failure_set(failure, FR_E_CANCELLED, 0, "reading %s was stopped on request", source->label);
}

/* Some bytes, at most `room`; *ret_got 0 at the end. */
static int read_some(struct fr_source *source, uint8_t *out, size_t room, size_t *ret_got, struct fr_failure *failure) {
    for (;;) {
        int is_woken;
        if (fr_disk_wait(source->fd, source->wake, &is_woken))
            return fr_sentence_errno(failure, errno, "cannot wait for %s", source->label);
        if (is_woken)
            return refuse_cancelled(source, failure);
        ssize_t got = fr_disk_read_some(source->fd, out, room);
        if (got >= 0) {
            *ret_got = (size_t) got;
            return 0;
        }
        /* EAGAIN: a FIFO whose bytes another reader took first. */
        if (errno != EAGAIN)
            return fr_sentence_errno(failure, errno, "cannot read %s", source->label);
    }
}

int fr_source_read_next(struct fr_source *source, uint8_t *out, uint32_t bytes, uint32_t *ret_bytes, struct fr_failure *failure) {
    if (atomic_load(&source->is_cancelled))
        return refuse_cancelled(source, failure);
    if (source->is_file)
        return read_next_of_file(source, out, bytes, ret_bytes, failure);
    uint32_t done = 0;
    while (done < bytes) {
        size_t got = 0;
        int error = read_some(source, out + done, bytes - done, &got, failure);
        if (error)
            return error;
        if (got == 0)
            break;
        done += (uint32_t) got;
    }
    *ret_bytes = done;
    return 0;
}

void fr_source_cancel(struct fr_source *source) {
    atomic_store(&source->is_cancelled, true);
    if (source->wake < 0) /* nobody waits for what it reads */
        return;
    /* Never drained, so every later wait ends at once as well. It cannot fail: the counter is nowhere near its end. */
    ssize_t written = write(source->wake, &(uint64_t){1}, sizeof(uint64_t));
    (void) written;
}

/* What is different about the file? NULL: nothing. */
static const char *find_change(const struct stat *then, const struct stat *now) {
    if (then->st_mtim.tv_sec != now->st_mtim.tv_sec || then->st_mtim.tv_nsec != now->st_mtim.tv_nsec)
        return "was written to";
    if (then->st_ctim.tv_sec != now->st_ctim.tv_sec || then->st_ctim.tv_nsec != now->st_ctim.tv_nsec)
        return "was changed, renamed or linked";
    return NULL;
}

/* Does its path still lead to the file that was opened? */
static bool is_replaced(const struct fr_source *source) {
    struct stat status;
    if (source->is_stdin)
        return false;
    if (fr_disk_stat(source->path, &status))
        return true;
    return status.st_ino != source->opened.st_ino || status.st_dev != source->opened.st_dev;
}

int fr_source_check_unchanged(struct fr_source *source, struct fr_failure *failure) {
    if (source->set)
        return fr_source_set_check_unchanged(source->set, failure);
    if (!source->is_file)
        return 0;
    struct stat now;
    if (fr_disk_fstat(source->fd, &now))
        return fr_sentence_errno(failure, errno, "cannot look at %s", source->label);
    if (now.st_size != source->opened.st_size)
        return refuse_changed_size(source, failure);
    const char *what = is_replaced(source) ? "was removed or replaced by another file" : find_change(&source->opened, &now);
    if (!what)
        return 0;
    return fr_failure_set(failure, FR_E_CHANGED, 0, "%s %s while it was pushed: push it again when nothing writes to it", source->label,
                          what);
}
