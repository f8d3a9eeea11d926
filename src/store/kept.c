/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of objects whose transfers were cut short: see kept.h. Failing is no failure here: what cannot be kept is sent again. */
#include "store/kept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/disk.h"

enum { HASH_DIGITS = FR_RECORD_FILE_NAME_BYTES - 1, BLOCK_BYTES = 512 /* of st_blocks, whatever the file system's are */ };

static const char hex[] = "0123456789abcdef";

void fr_kept_partial_name(const char *name, const char *id, char out[FR_PARTIAL_FILE_NAME_BYTES]) {
    char hash[FR_RECORD_FILE_NAME_BYTES];
    fr_store_record_name(name, hash);
    snprintf(out, FR_PARTIAL_FILE_NAME_BYTES, "%s.%s", hash, id);
}

static bool is_hash(const char *name) { return strspn(name, hex) == HASH_DIGITS; }

static void hash_of(const char *partial_name, char out[FR_RECORD_FILE_NAME_BYTES]) {
    memcpy(out, partial_name, HASH_DIGITS);
    out[HASH_DIGITS] = 0;
}

static bool is_partial_name(const char *name) {
    return is_hash(name) && name[HASH_DIGITS] == '.' && name[HASH_DIGITS + 1] != 0 &&
        name[HASH_DIGITS + 1 + strspn(name + HASH_DIGITS + 1, hex)] == 0;
}

static bool look_at(int folder, const char *name, struct stat *ret_status) {
    return fr_disk_look_at(folder, name, ret_status) == 0 && S_ISREG(ret_status->st_mode);
}

static bool is_older(const struct stat *a, const struct stat *b) {
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

bool fr_kept_put(const struct fr_store *store, const char *partial_name) {
    char hash[FR_RECORD_FILE_NAME_BYTES];
    struct stat mine, other;
    if (!is_partial_name(partial_name) || !look_at(store->partial, partial_name, &mine) || mine.st_blocks == 0)
        return false;
    hash_of(partial_name, hash);
    if (look_at(store->kept, hash, &other) && is_older(&mine, &other))
        return false;
    return fr_disk_rename(store->partial, partial_name, store->kept, hash) == 0;
}

bool fr_kept_find(const struct fr_store *store, const char *name, uint64_t object_bytes, uint64_t *ret_bytes_allocated) {
    char hash[FR_RECORD_FILE_NAME_BYTES];
    struct stat status;
    fr_store_record_name(name, hash);
    if (!look_at(store->kept, hash, &status) || (uint64_t) status.st_size != object_bytes || object_bytes == 0)
        return false;
    *ret_bytes_allocated = (uint64_t) status.st_blocks * BLOCK_BYTES;
    if (*ret_bytes_allocated > object_bytes)
        *ret_bytes_allocated = object_bytes;
    return true;
}

bool fr_kept_take(const struct fr_store *store, const char *partial_name) {
    char hash[FR_RECORD_FILE_NAME_BYTES];
    hash_of(partial_name, hash);
    return fr_disk_rename(store->kept, hash, store->partial, partial_name) == 0;
}

/* What there is in kept/. */
struct contents {
    char oldest[FR_RECORD_FILE_NAME_BYTES]; /* "": nothing is there */
    uint64_t bytes;                         /* that all take */
};

/* Goes through kept/: removes what is older than `before`, and tells of the rest. */
static struct contents go_through(const struct fr_store *store, const struct stat *before) {
    DIR *list = fr_disk_list(store->kept);
    struct contents contents = {0};
    struct stat status, least = {0};
    const char *name;
    while (list && (name = fr_disk_list_next(list))) {
        if (!is_hash(name) || name[HASH_DIGITS] != 0 || !look_at(store->kept, name, &status))
            continue;
        if (before && is_older(&status, before)) {
            fr_disk_unlink(store->kept, name);
            continue;
        }
        contents.bytes += (uint64_t) status.st_blocks * BLOCK_BYTES;
        if (!contents.oldest[0] || is_older(&status, &least)) {
            least = status;
            hash_of(name, contents.oldest);
        }
    }
    if (list)
        closedir(list);
    return contents;
}

void fr_kept_clean(const struct fr_store *store) {
    struct stat before = {0};
    if (clock_gettime(CLOCK_REALTIME, &before.st_mtim))
        return;
    before.st_mtim.tv_sec -= (time_t) store->keep_seconds;
    if (store->keep_seconds == 0)
        before.st_mtim.tv_sec += 3600; /* all, even those of a clock that was ahead a little */
    go_through(store, &before);
}

uint64_t fr_kept_bytes(const struct fr_store *store) { return go_through(store, NULL).bytes; }

bool fr_kept_drop_oldest(const struct fr_store *store) {
    struct contents contents = go_through(store, NULL);
    return contents.oldest[0] && fr_disk_unlink(store->kept, contents.oldest) == 0;
}
