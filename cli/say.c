/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and log lines. Each goes out in one write, so that lines of several processes do not mix. */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "exits.h"

enum { SAY_BYTES = 4096 }; /* longer is cut: a failure's text has at most 400 bytes */

void cli_say(const char *format, ...) {
    char text[SAY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char) *c < 0x20 || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "fastreplica: %s\n", text);
}

static const char *level_name(enum fr_log_level level) {
    switch (level) {
    case FR_LOG_ERROR: return "error";
    case FR_LOG_WARNING: return "warning";
    case FR_LOG_INFO: return "info";
    case FR_LOG_DEBUG: return "debug";
    }
    return "unknown";
}

void cli_log_write(FILE *stream, enum fr_log_level level, const char *line) {
    struct timespec now;
    struct tm utc;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(stream, "time=%s.%03ldZ level=%s %s\n", stamp, now.tv_nsec / 1000000, level_name(level), line);
    fflush(stream);
}

int cli_finish_output(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_say("cannot write to standard output: %s", strerror(errno));
    return code == CLI_EXIT_ALL ? CLI_EXIT_LOCAL : code;
}
