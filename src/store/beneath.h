/* SPDX-License-Identifier: Apache-2.0 */
/* Opening paths that cannot lead out of a folder: no symbolic link is followed, wherever along the path one was planted. */
#ifndef FR_STORE_BENEATH_H
#define FR_STORE_BENEATH_H

#include <stddef.h>
#include <sys/types.h>

#include "content/limits.h"

/* path: relative, no "." or ".." or empty components (fr_name_check's rules), at most FR_NAME_BYTES_MAX long. Returns a descriptor, or -1
 * and errno: ELOOP or ENOTDIR for a link or a file where a folder should be, ENOENT. */
int fr_beneath_open(int folder, const char *path, int flags, mode_t mode);

/* The folder that `path` lies in, as a descriptor that can be synced; `folder` itself is duplicated when path has no '/'. */
int fr_beneath_open_parent(int folder, const char *path);

/* The same, making the folders that are missing (mode 0755) and syncing each folder that got a new one. *ret_made: the depth, counted
 * from 1, of the outermost folder that was made, 0 for none. On failure those it made are gone again. */
int fr_beneath_make_parent(int folder, const char *path, unsigned *ret_made);

/* Takes back what fr_beneath_make_parent made (made: what it returned), as far as those folders are empty. */
void fr_beneath_remove_folders(int folder, const char *path, unsigned made);

/* The part after the last '/', or all of it. Points into path. */
const char *fr_beneath_last(const char *path);

/* Bytes of the first `depth` components of path; 0 when it has no folder that deep (the last component is never one). */
size_t fr_beneath_prefix(const char *path, unsigned depth);

#endif
