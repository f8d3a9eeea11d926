/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptions that somebody has: opened, their headers read, sorted by their place in the set. A file that is no description, or of
 * which the header is damaged, is left out with a word; one of another set is a mistake. */
#ifndef MDC_GATHER_H
#define MDC_GATHER_H

#include "mdc/header.h"
#include "mdc/files.h"

struct mdc_description {
    struct mdc_source file;
    struct mdc_header header;
    uint64_t header_at;
    size_t header_bytes;
};

struct mdc_gathered {
    struct mdc_description *descriptions[MDC_COUNT_MAX]; /* by index; NULL: nobody has it */
    const struct mdc_header *header;                     /* of one of them; NULL: there is none at all */
    unsigned count;                                      /* descriptions that are there */
};

typedef void mdc_note(void *context, const char *line);

/* Opens one description. FR_E_SYNTAX: it is none, or its header is damaged. */
int mdc_description_open(const char *path, struct mdc_description **ret_description, struct fr_failure *failure);
void mdc_description_free(struct mdc_description *description);

/* Notes tell of each file that is left out. FR_E_ARGUMENT: descriptions of different sets. None at all is not an error. Paths are
 * borrowed until mdc_gathered_done. */
int mdc_gather(struct mdc_gathered *gathered, char *const *paths, unsigned path_count, mdc_note *note, void *context,
               struct fr_failure *failure);
void mdc_gathered_done(struct mdc_gathered *gathered);

/* Is every byte of it as it was written? *ret_problem: a few words if not, in static memory or in the description. */
bool mdc_description_is_whole(struct mdc_description *description, const char **ret_problem);

#endif
