/* SPDX-License-Identifier: Apache-2.0 */
/* A store shows a file under its name when it is whole, so looking again every half second is all that is needed; what grows in place,
 * as other tools write it, is looked at again when it has grown. */
#include "mdc/follow.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/failure.h"
#include "base/memory.h"

enum { PATHS_MAX = 256, LOOK_MS = 500 };

struct listing {
    char *paths[PATHS_MAX];
    unsigned count;
    uint64_t bytes; /* of all of them */
};

static void listing_done(struct listing *listing) {
    for (unsigned i = 0; i < listing->count; i++)
        fr_free(listing->paths[i]);
    *listing = (struct listing){0};
}

static int compare_paths(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

/* Regular files with a name that is not hidden: what is unfinished has a hidden one. A folder that is not there yet is empty. */
static int list_folder(const char *folder, struct listing *listing, struct fr_failure *failure) {
    DIR *stream = opendir(folder);
    struct dirent *entry;
    char path[PATH_MAX];
    struct stat status;

    *listing = (struct listing){0};
    if (stream == NULL)
        return errno == ENOENT ? 0 : fr_failure_set(failure, FR_E_ARGUMENT, errno, "cannot read the folder %s", folder);
    while (listing->count < PATHS_MAX && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int) sizeof path ||
            stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        listing->paths[listing->count] = fr_strdup(path);
        if (listing->paths[listing->count] == NULL)
            break;
        listing->count++;
        listing->bytes += (uint64_t) status.st_size;
    }
    closedir(stream);
    qsort(listing->paths, listing->count, sizeof *listing->paths, compare_paths);
    return 0;
}

/* A folder may hold other files too; nobody needs to hear of them every half second. */
static void say_nothing(void *context, const char *line) {
    (void) context;
    (void) line;
}

static int decode_listed(const struct mdc_follow_options *options, struct listing *listing, bool has_written, struct mdc_result *result,
                         struct fr_failure *failure) {
    struct mdc_decode_options decode = options->decode;
    struct mdc_result now = {.outcome = MDC_OUTCOME_NOTHING};
    struct mdc_gathered gathered;
    int error = mdc_gather(&gathered, listing->paths, listing->count, say_nothing, NULL, failure);

    decode.may_replace = decode.may_replace || has_written;
    if (error == 0 && gathered.header != NULL) {
        error = mdc_decode(&gathered, &decode, &now, failure);
        if (error == 0 && now.outcome != MDC_OUTCOME_NOTHING) {
            bool is_better = now.detail > result->detail || now.outcome != result->outcome;
            *result = now;
            if (is_better)
                options->on_better(options->context, result, gathered.count, gathered.header->count);
        }
    }
    mdc_gathered_done(&gathered);
    return error;
}

static double now_seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int mdc_follow(const struct mdc_follow_options *options, struct mdc_result *ret_result, struct fr_failure *failure) {
    struct mdc_result result = {.outcome = MDC_OUTCOME_NOTHING};
    double began = now_seconds();
    uint64_t bytes_seen = 0;
    int error = 0;

    while (error == 0 && !atomic_load(options->is_stopped)) {
        struct listing listing;
        error = list_folder(options->folder, &listing, failure);
        /* Less than before can only be worse. */
        if (error == 0 && listing.bytes > bytes_seen) {
            bytes_seen = listing.bytes;
            error = decode_listed(options, &listing, result.outcome != MDC_OUTCOME_NOTHING, &result, failure);
        }
        listing_done(&listing);
        if (error != 0 || result.outcome == MDC_OUTCOME_WHOLE ||
            (options->seconds_max > 0 && now_seconds() - began >= options->seconds_max))
            break;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    *ret_result = result;
    return error;
}
