/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long work is: in place on a terminal, else a line every few seconds. Work that is done at once says nothing. */
#ifndef MDC_PROGRESS_H
#define MDC_PROGRESS_H

#include "mdc/striped.h"

struct mdc_progress {
    struct mdc_watch watch; /* to be handed to the work */
    const char *what;
    double told_seconds; /* when something was last said */
    bool is_terminal, is_shown, is_quiet;
};

void mdc_progress_init(struct mdc_progress *progress, const char *what, bool is_quiet);
void mdc_progress_done(struct mdc_progress *progress); /* takes away what is shown on a terminal */

#endif
