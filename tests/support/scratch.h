/* SPDX-License-Identifier: Apache-2.0 */
/* Real files for tests: a folder of its own under /tmp, and short ways to put files there and to look at them. What cannot be done
 * here ends the test program: it is not what the test is about. */
#ifndef FR_TESTS_SUPPORT_SCRATCH_H
#define FR_TESTS_SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRATCH_PATH_MAX = 512 };

/* A new empty folder, removed with all that is in it by scratch_done. One at a time. */
const char *scratch_init(void);
/* The same under /dev/shm where there is one: for tests that sync so often that a disk would make them slow. */
const char *scratch_init_in_memory(void);
void scratch_done(void);

/* "<folder>/<format...>", in one of 16 static buffers in turn. */
const char *scratch_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

void scratch_put(const char *path, const void *bytes, size_t count);
/* Does the file hold exactly these bytes? false also when it is missing. */
bool scratch_holds(const char *path, const void *bytes, size_t count);
bool scratch_exists(const char *path); /* links are not followed */
/* Entries of a folder but "." and "..". */
unsigned scratch_entry_count(const char *path);

/* Open descriptors of this process. */
unsigned scratch_fd_count(void);

/* Mounts a tmpfs of so many KiB on the folder, which must exist. false, with a line on stderr that says what is skipped, where this process
 * may not. Unmounted by scratch_unmount or scratch_done. */
bool scratch_mount(const char *path, unsigned kibibytes);
void scratch_unmount(const char *path);

#endif
