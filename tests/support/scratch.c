/* SPDX-License-Identifier: Apache-2.0 */
/* See scratch.h. */
#include "support/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char mounted[SCRATCH_PATH_MAX];

static _Noreturn void give_up(const char *what, const char *path) {
    fprintf(stderr, "scratch: cannot %s %s: %s\n", what, path, strerror(errno));
    exit(99);
}

static const char *make_folder_in(const char *parent) {
    snprintf(folder, sizeof folder, "%s/fr-test-XXXXXX", parent);
    if (!mkdtemp(folder))
        give_up("make", folder);
    return folder;
}

const char *scratch_init(void) { return make_folder_in("/tmp"); }

const char *scratch_init_in_memory(void) { return make_folder_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); }

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status;
    (void) type;
    (void) place;
    return remove(path);
}

void scratch_done(void) {
    if (mounted[0])
        scratch_unmount(mounted);
    if (folder[0] && nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS))
        give_up("remove", folder);
    folder[0] = 0;
}

const char *scratch_path(const char *format, ...) {
    static char paths[16][SCRATCH_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 16];
    int used = snprintf(path, SCRATCH_PATH_MAX, "%s/", folder);
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(path + used, SCRATCH_PATH_MAX - (size_t) used, format, arguments);
    va_end(arguments);
    if (used + more >= SCRATCH_PATH_MAX) {
        errno = ENAMETOOLONG;
        give_up("name", path);
    }
    return path;
}

void scratch_put(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file))
        give_up("write", path);
}

bool scratch_holds(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char *found = malloc(count + 1);
    if (!found)
        give_up("hold", path);
    bool is_equal = fread(found, 1, count + 1, file) == count && (count == 0 || memcmp(found, bytes, count) == 0);
    free(found);
    fclose(file);
    return is_equal;
}

bool scratch_exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

unsigned scratch_entry_count(const char *path) {
    DIR *list = opendir(path);
    if (!list)
        give_up("list", path);
    unsigned count = 0;
    const struct dirent *entry;
    while ((entry = readdir(list)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

unsigned scratch_fd_count(void) { return scratch_entry_count("/proc/self/fd") - 1; /* the listing's own */ }

bool scratch_mount(const char *path, unsigned kibibytes) {
    char options[64];
    snprintf(options, sizeof options, "size=%uk", kibibytes);
    if (mount("tmpfs", path, "tmpfs", 0, options)) {
        fprintf(stderr, "SKIPPED: needs a small tmpfs, and this process may not mount one (%s)\n", strerror(errno));
        return false;
    }
    snprintf(mounted, sizeof mounted, "%s", path);
    return true;
}

void scratch_unmount(const char *path) {
    if (umount2(path, MNT_DETACH))
        give_up("unmount", path);
    mounted[0] = 0;
}
