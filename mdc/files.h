/* SPDX-License-Identifier: Apache-2.0 */
/* Files: sources that are read at offsets, and outputs that appear under their name only when they are whole. */
#ifndef MDC_FILES_H
#define MDC_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <fastreplica/error.h>

struct mdc_source {
    int fd; /* -1: closed */
    uint64_t bytes;
    const char *path; /* borrowed while open */
};

/* Opens a regular file for reading. */
int mdc_source_open(struct mdc_source *source, const char *path, struct fr_failure *failure);
void mdc_source_close(struct mdc_source *source);
/* All `count` bytes at the offset, or a failure; a file that ends before is FR_E_CHANGED. */
int mdc_source_read(const struct mdc_source *source, uint64_t offset, void *bytes, size_t count, struct fr_failure *failure);
/* SHA-256 of the whole file. */
int mdc_source_hash(const struct mdc_source *source, uint8_t *ret_digest, struct fr_failure *failure);

/* The folder in which that path lies. */
void mdc_folder_of(const char *path, char ret_folder[PATH_MAX]);

/* A file in `folder` for reading and writing that is gone when it is closed, or when the process ends. */
int mdc_open_nameless(const char *folder, int *ret_fd, struct fr_failure *failure);

struct mdc_output {
    int fd; /* -1: closed */
    bool may_replace;
    bool is_nameless; /* the file has no name before the commit, so nothing is left when the process is killed */
    uint64_t bytes;   /* written so far */
    char path[PATH_MAX], temporary[PATH_MAX];
};

/* Begins a file in the folder of `path`, without a name or under a hidden one. Unless may_replace, a path that exists is FR_E_ARGUMENT, now
 * and at the commit. */
int mdc_output_open(struct mdc_output *output, const char *path, bool may_replace, struct fr_failure *failure);
int mdc_output_append(struct mdc_output *output, const void *bytes, size_t count, struct fr_failure *failure);
int mdc_output_write_at(struct mdc_output *output, uint64_t offset, const void *bytes, size_t count, struct fr_failure *failure);
/* Syncs the bytes. Then `..._commit` cannot fail for lack of room. */
int mdc_output_sync(struct mdc_output *output, struct fr_failure *failure);
int mdc_output_commit(struct mdc_output *output, struct fr_failure *failure);
/* Removes what is not committed. Accepts a zeroed or committed one. */
void mdc_output_done(struct mdc_output *output);

#endif
