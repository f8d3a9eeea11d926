/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are there whole or not at all, and folders that go away again. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stddef.h>

/* Writes beside the final name, syncs, renames. A name of something that is no regular file (a FIFO, /dev/stdout) is written to as it is.
 * Returns 0, or -1 with errno. */
int cli_file_write(const char *path, const char *bytes, size_t count);

/* Will cli_file_write probably work? Told beforehand, so that nobody finds out at the end of a long push. 0, or -1 with errno. */
int cli_file_check(const char *path);

/* Removes a folder and all that is in it, following no link. 0, or -1 with errno when something is left. */
int cli_folder_remove(const char *path);

#endif
