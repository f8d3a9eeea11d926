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

static int read_header(struct mdc_piece *piece, struct fr_failure *failure) {
    uint8_t *bytes = fr_alloc(MDC_HEADER_BYTES_MAX);
    size_t count;
    const char *why;
    int error;

    if (bytes == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for a header");
    error = mdc_box_find_header(&piece->file, &piece->header_at, failure);
    count = piece->file.bytes - piece->header_at < MDC_HEADER_BYTES_MAX ? (size_t) (piece->file.bytes - piece->header_at)
                                                                        : MDC_HEADER_BYTES_MAX;
    if (error == 0)
        error = mdc_source_read(&piece->file, piece->header_at, bytes, count, failure);
    if (error == 0 && mdc_header_decode(bytes, count, &piece->header, &why) != 0)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: %s", piece->file.path, why);
    if (error == 0) {
        piece->header_bytes = mdc_header_measure(bytes);
        if ((piece->header.profile == MDC_VIDEO) != (piece->header_at > 0))
            error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s: its header does not belong into such a file", piece->file.path);
    }
    fr_free(bytes);
    return error;
}

int mdc_piece_open(const char *path, struct mdc_piece **ret_piece, struct fr_failure *failure) {
    struct mdc_piece *piece = fr_alloc_zeroed(1, sizeof *piece);
    int error;

    if (piece == NULL)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to open %s", path);
    piece->file.fd = -1;
    error = mdc_source_open(&piece->file, path, failure);
    if (error == 0)
        error = read_header(piece, failure);
    if (error != 0) {
        mdc_piece_free(piece);
        return error;
    }
    *ret_piece = piece;
    return 0;
}

void mdc_piece_free(struct mdc_piece *piece) {
    if (piece == NULL)
        return;
    mdc_source_close(&piece->file);
    fr_free(piece);
}

bool mdc_piece_is_whole(struct mdc_piece *piece, const char **ret_problem) {
    struct mdc_striped_piece striped = {.fd = piece->file.fd, .header_bytes = piece->header_bytes, .file_bytes = piece->file.bytes};

    if (piece->header.profile == MDC_VIDEO)
        return mdc_fragments_check(piece, ret_problem);
    if (mdc_striped_check(&piece->header, &striped))
        return true;
    *ret_problem = piece->file.bytes < piece->header_bytes + mdc_striped_body_bytes(&piece->header) ? "cut off" : "damaged";
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
static struct mdc_piece *choose(struct mdc_piece *old, struct mdc_piece *new, const struct telling *telling) {
    const char *problem = NULL;
    bool is_old_whole = mdc_piece_is_whole(old, &problem);
    struct mdc_piece *left = is_old_whole || !mdc_piece_is_whole(new, &problem) ? new : old;
    struct mdc_piece *kept = left == new ? old : new;

    tell(telling, "%s and %s are both description %u of %u; %s is left out", old->file.path, new->file.path, old->header.index + 1,
         old->header.count, left->file.path);
    mdc_piece_free(left);
    return kept;
}

static int add(struct mdc_gathered *gathered, struct mdc_piece *piece, const struct telling *telling, struct fr_failure *failure) {
    struct mdc_piece **place = &gathered->pieces[piece->header.index];

    if (gathered->header != NULL && memcmp(gathered->header->set_id, piece->header.set_id, MDC_SET_ID_BYTES) != 0) {
        fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s is not of the same set as those before it: it describes %s", piece->file.path,
                       piece->header.name);
        mdc_piece_free(piece);
        return FR_E_ARGUMENT;
    }
    if (*place == NULL) {
        *place = piece;
        gathered->count++;
    } else {
        *place = choose(*place, piece, telling);
    }
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        if (gathered->pieces[i] != NULL)
            gathered->header = &gathered->pieces[i]->header;
    return 0;
}

int mdc_gather(struct mdc_gathered *gathered, char *const *paths, unsigned path_count, mdc_note *note, void *context,
               struct fr_failure *failure) {
    struct telling telling = {.note = note, .context = context};
    int error = 0;

    *gathered = (struct mdc_gathered){0};
    for (unsigned i = 0; i < path_count && error == 0; i++) {
        struct fr_failure why = {0};
        struct mdc_piece *piece = NULL;
        int trouble = mdc_piece_open(paths[i], &piece, &why);
        if (trouble == FR_E_MEMORY)
            error = fr_failure_set(failure, trouble, 0, "%s", why.text);
        else if (trouble != 0 || piece == NULL)
            tell(&telling, "%s; it is left out", why.text);
        else
            error = add(gathered, piece, &telling, failure);
    }
    return error;
}

void mdc_gathered_done(struct mdc_gathered *gathered) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_piece_free(gathered->pieces[i]);
    *gathered = (struct mdc_gathered){0};
}
