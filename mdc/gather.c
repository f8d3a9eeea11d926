/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/gather.h"

#include <stdarg.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "mdc/boxes.h"
#include "mdc/fragments.h"
#include "mdc/striped.h"

/* One file */

static int read_header(struct mdc_description *description, struct fr_failure *failure) {
    uint8_t *bytes = fr_alloc(MDC_HEADER_BYTES_MAX);
    size_t count;
    const char *why;
    int error;

    if (bytes == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a header");
    error = mdc_box_find_header(&description->file, &description->header_at, failure);
    count = description->file.bytes - description->header_at < MDC_HEADER_BYTES_MAX
        ? (size_t) (description->file.bytes - description->header_at)
        : MDC_HEADER_BYTES_MAX;
    if (error == 0)
        error = mdc_source_read(&description->file, description->header_at, bytes, count, failure);
    if (error == 0 && mdc_header_decode(bytes, count, &description->header, &why) != 0)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: %s", description->file.path, why);
    if (error == 0) {
        description->header_bytes = mdc_header_measure(bytes);
        if ((description->header.profile == MDC_VIDEO) != (description->header_at > 0))
            error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: its header does not belong into such a file", description->file.path);
    }
    fr_free(bytes);
    return error;
}

int mdc_description_open(const char *path, struct mdc_description **ret_description, struct fr_failure *failure) {
    struct mdc_description *description = fr_alloc_zeroed(1, sizeof *description);
    int error;

    if (description == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to open %s", path);
    description->file.fd = -1;
    error = mdc_source_open(&description->file, path, failure);
    if (error == 0)
        error = read_header(description, failure);
    if (error != 0) {
        mdc_description_free(description);
        return error;
    }
    *ret_description = description;
    return 0;
}

void mdc_description_free(struct mdc_description *description) {
    if (description == NULL)
        return;
    mdc_source_close(&description->file);
    fr_free(description);
}

bool mdc_description_is_whole(struct mdc_description *description, const char **ret_problem) {
    struct mdc_striped_description striped = {
        .fd = description->file.fd, .header_bytes = description->header_bytes, .file_bytes = description->file.bytes};

    if (description->header.profile == MDC_VIDEO)
        return mdc_fragments_check(description, ret_problem);
    if (mdc_striped_check(&description->header, &striped))
        return true;
    *ret_problem = description->file.bytes < description->header_bytes + mdc_striped_body_bytes(&description->header) ? "cut off"
                                                                                                                      : "damaged";
    return false;
}

/* All of them */

struct telling {
    mdc_note *note;
    void *context;
};

static void __attribute__((format(printf, 2, 3))) tell(const struct telling *telling, const char *format, ...) {
    char line[FR_FAILURE_TEXT_MAX + 512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    telling->note(telling->context, line);
}

/* Two files with one place in the set: the sound one stays. */
static struct mdc_description *choose(struct mdc_description *old, struct mdc_description *new, const struct telling *telling) {
    const char *problem = NULL;
    bool is_old_whole = mdc_description_is_whole(old, &problem);
    struct mdc_description *left = is_old_whole || !mdc_description_is_whole(new, &problem) ? new : old;
    struct mdc_description *kept = left == new ? old : new;

    tell(telling, "%s and %s are both description %u of %u; %s is left out", old->file.path, new->file.path, old->header.index + 1,
         old->header.count, left->file.path);
    mdc_description_free(left);
    return kept;
}

static int add(struct mdc_gathered *gathered, struct mdc_description *description, const struct telling *telling,
               struct fr_failure *failure) {
    struct mdc_description **place = &gathered->descriptions[description->header.index];

    if (gathered->header != NULL && memcmp(gathered->header->set_id, description->header.set_id, MDC_SET_ID_BYTES) != 0) {
        fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s is not of the same set as those before it: it describes %s", description->file.path,
                       description->header.name);
        mdc_description_free(description);
        return FR_E_ARGUMENT;
    }
    if (*place == NULL) {
        *place = description;
        gathered->count++;
    } else {
        *place = choose(*place, description, telling);
    }
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        if (gathered->descriptions[i] != NULL)
            gathered->header = &gathered->descriptions[i]->header;
    return 0;
}

int mdc_gather(struct mdc_gathered *gathered, char *const *paths, unsigned path_count, mdc_note *note, void *context,
               struct fr_failure *failure) {
    struct telling telling = {.note = note, .context = context};
    int error = 0;

    *gathered = (struct mdc_gathered){0};
    for (unsigned i = 0; i < path_count && error == 0; i++) {
        struct fr_failure why = {0};
        struct mdc_description *description = NULL;
        int trouble = mdc_description_open(paths[i], &description, &why);
        if (trouble == FR_E_MEMORY)
            error = fr_failure_set(failure, trouble, 0, "%s", why.text);
        else if (trouble != 0 || description == NULL)
            tell(&telling, "%s; it is left out", why.text);
        else
            error = add(gathered, description, &telling, failure);
    }
    return error;
}

void mdc_gathered_done(struct mdc_gathered *gathered) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_description_free(gathered->descriptions[i]);
    *gathered = (struct mdc_gathered){0};
}
