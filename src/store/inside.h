/* SPDX-License-Identifier: Apache-2.0 */
/* A store and a sink as the store's own files see them: store.c (the folder), sink.c (receiving), commit.c (making final). */
#ifndef FR_STORE_INSIDE_H
#define FR_STORE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/record.h"
#include "store/sentence.h"
#include "store/store.h"

enum {
    FR_RECORD_FILE_NAME_BYTES = 2 * FR_DIGEST_BYTES + 1, /* hex and NUL */
    FR_PARTIAL_FILE_NAME_BYTES = FR_RECORD_FILE_NAME_BYTES + 1 + 2 * FR_TRANSFER_ID_BYTES,
};

struct fr_store {
    char *path;
    char label[FR_SENTENCE_PATH_MAX]; /* the path as sentences show it */
    int root;                         /* the folder itself, and below: -1 until opened */
    int partial;
    int records;
    int kept;
    int lock;
    uint64_t keep_seconds; /* how long parts of what was cut short are kept; 0: they are not */
    /* One commit at a time: of two objects for one name the later one's file and record stay together, and a folder that a failing
     * commit takes back is not one that another has just begun to use. */
    pthread_mutex_t commit_lock;
    _Atomic uint32_t sink_count;
    /* In a file system that lives in memory nothing is set aside (sink.c says why); what its sinks were promised and have not written yet
     * counts as used all the same. The lock is held while a promise is weighed and made. */
    pthread_mutex_t promise_lock;
    _Atomic uint64_t promised_bytes;
};

struct fr_sink {
    struct fr_store *store;
    int fd;
    char id[2 * FR_TRANSFER_ID_BYTES + 1];
    char file_name[FR_PARTIAL_FILE_NAME_BYTES]; /* in partial/ */
    char name[FR_NAME_BYTES_MAX + 1];
    char label[FR_SENTENCE_PATH_MAX]; /* the name as sentences show it */
    uint64_t object_bytes;            /* FR_BYTES_UNKNOWN while it is a pipe's */
    uint64_t bytes_max;               /* what this process may write into one file (RLIMIT_FSIZE) */
    uint32_t mode;
    bool is_committed;
    bool is_in_memory;       /* the file system is */
    bool is_resumed;         /* its file is what an earlier transfer has left */
    uint64_t promised_bytes; /* were, and written_bytes of them are used; 0: none */
    _Atomic uint64_t written_bytes;
    /* The first failure of a write or a commit stays: what could not be written once is missing for ever, and a sync that failed once
     * tells nothing when it succeeds later (the kernel has dropped the pages). */
    pthread_mutex_t failure_lock;
    struct fr_failure first_failure;
    atomic_bool has_failed;
};

/* The file name of a name's record. */
void fr_store_record_name(const char *name, char out[FR_RECORD_FILE_NAME_BYTES]);

/* Is there room for `need` bytes, as far as the file system tells? 0, or what fr_store_refuse_space says. label: of the object. */
int fr_store_check_space(const struct fr_store *store, const char *label, uint64_t need, struct fr_failure *failure);
/* The same, and if there is, `bytes` are promised: they count as used until they are given back. */
int fr_store_promise(struct fr_store *store, const char *label, uint64_t bytes, struct fr_failure *failure);
void fr_store_give_back(struct fr_store *store, uint64_t bytes);
/* The sentence for no space, with need and free. Returns FR_E_NO_SPACE. */
int fr_store_refuse_space(const struct fr_store *store, const char *label, uint64_t need, int sys_errno, struct fr_failure *failure);

/* Keeps *failure as the sink's first one, unless it has one. Returns its error. */
int fr_sink_fail(struct fr_sink *sink, const struct fr_failure *failure);
/* 0, or the failure that the sink has had. */
int fr_sink_first_failure(struct fr_sink *sink, struct fr_failure *failure);

#endif
