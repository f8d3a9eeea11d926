/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the shape in which people read them. Each writes at most CLI_FIGURE_BYTES into out and returns out. */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include <stdint.h>

enum { CLI_FIGURE_BYTES = 32 };

char *cli_figure_bytes(uint64_t bytes, char *out);         /* "4.2 GB"; "?" for FR_BYTES_UNKNOWN */
char *cli_figure_rate(double bytes_per_second, char *out); /* "110 MB/s"; "" when it is not a number above 0 */
char *cli_figure_seconds(double seconds, char *out);       /* "0.012 s", "8.21 s", "93.5 s", "12m05s", "3h07m"; "" when negative */

/* "520 MB (12%)", "40 MB ( 1%)"; without the percentage while whole is 0 or unknown */
char *cli_figure_share(uint64_t bytes, uint64_t whole, char *out);

/* part of whole in percent, rounded down so that 100 means all of it; 0 .. 100. Unknown or empty whole: 0. */
unsigned cli_figure_percent(uint64_t part, uint64_t whole);

#endif
