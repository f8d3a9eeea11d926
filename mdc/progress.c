/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/say.h"

static const double TERMINAL_SECONDS = 0.2, LINE_SECONDS = 5;

static double now_seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void show(void *context, uint64_t done, uint64_t total) {
    struct mdc_progress *progress = context;
    double now = now_seconds();
    unsigned percent = total > 0 ? (unsigned) ((double) done / (double) total * 100) : 100;

    if (progress->is_quiet || now - progress->told_seconds < (progress->is_terminal ? TERMINAL_SECONDS : LINE_SECONDS))
        return;
    progress->told_seconds = now;
    if (progress->is_terminal)
        fprintf(stderr, "\r%s  %u %% \033[K", progress->what, percent);
    else
        cli_say("%s: %u %% so far", progress->what, percent);
    progress->is_shown = true;
}

void mdc_progress_init(struct mdc_progress *progress, const char *what, bool is_quiet) {
    *progress = (struct mdc_progress){.watch = {.on_progress = show, .context = progress},
                                      .what = what,
                                      .told_seconds = now_seconds(),
                                      .is_terminal = isatty(STDERR_FILENO),
                                      .is_quiet = is_quiet};
}

void mdc_progress_done(struct mdc_progress *progress) {
    if (progress->is_shown && progress->is_terminal)
        fprintf(stderr, "\r\033[K");
    progress->is_shown = false;
}
