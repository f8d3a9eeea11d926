/* SPDX-License-Identifier: Apache-2.0 */
/* Shaping numbers. */
#include "figures.h"

#include <stdio.h>

#include <fastreplica/fastreplica.h>

char *cli_figure_bytes(uint64_t bytes, char *out) {
    if (bytes == FR_BYTES_UNKNOWN)
        snprintf(out, CLI_FIGURE_BYTES, "?");
    else
        fr_units_format_bytes(bytes, out, CLI_FIGURE_BYTES);
    return out;
}

unsigned cli_figure_percent(uint64_t part, uint64_t whole) {
    if (whole == 0 || whole == FR_BYTES_UNKNOWN)
        return 0;
    if (part >= whole)
        return 100;
    /* In integers, so that it is never rounded up; where that would overflow, whole / 100 is exact enough. */
    uint64_t percent = part <= UINT64_MAX / 100 ? part * 100 / whole : part / (whole / 100);
    return percent > 99 ? 99 : (unsigned) percent;
}

char *cli_figure_share(uint64_t bytes, uint64_t whole, char *out) {
    char figure[CLI_FIGURE_BYTES];
    cli_figure_bytes(bytes, figure);
    if (whole == 0 || whole == FR_BYTES_UNKNOWN)
        snprintf(out, CLI_FIGURE_BYTES, "%.15s", figure);
    else
        snprintf(out, CLI_FIGURE_BYTES, "%.15s (%2.0f%%)", figure, (double) bytes / (double) whole * 100.0);
    return out;
}

char *cli_figure_rate(double bytes_per_second, char *out) {
    char figure[CLI_FIGURE_BYTES];
    out[0] = '\0';
    if (bytes_per_second > 0 && bytes_per_second < 1e18)
        snprintf(out, CLI_FIGURE_BYTES, "%.15s/s", fr_units_format_bytes((uint64_t) bytes_per_second, figure, sizeof figure));
    return out;
}

char *cli_figure_seconds(double seconds, char *out) {
    out[0] = '\0';
    if (!(seconds >= 0 && seconds < 1e9))
        return out;
    unsigned whole = (unsigned) (seconds + 0.5);
    if (seconds < 0.9995)
        snprintf(out, CLI_FIGURE_BYTES, "%.3f s", seconds);
    else if (seconds < 9.995)
        snprintf(out, CLI_FIGURE_BYTES, "%.2f s", seconds);
    else if (seconds < 119.95)
        snprintf(out, CLI_FIGURE_BYTES, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out, CLI_FIGURE_BYTES, "%um%02us", whole / 60, whole % 60);
    else
        snprintf(out, CLI_FIGURE_BYTES, "%uh%02um", whole / 3600, whole / 60 % 60);
    return out;
}
