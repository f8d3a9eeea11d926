/* SPDX-License-Identifier: Apache-2.0 */
#include "node/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

json_t *fr_json_seconds(double seconds) {
    if (!(seconds >= 0 && seconds < 1e12))
        return json_null();
    return json_real((double) (int64_t) (seconds * 1e6 + 0.5) / 1e6);
}

json_t *fr_json_count(uint64_t count) { return count <= INT64_MAX ? json_integer((json_int_t) count) : json_null(); }

char *fr_json_write(json_t *json) {
    if (!json)
        return NULL;
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    bool failed = stream == NULL || json_dumpf(json, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0;
    if (stream) {
        failed |= fputc('\n', stream) == EOF;
        failed |= fclose(stream) != 0;
    }
    json_decref(json);
    if (!failed)
        return text;
    free(text);
    return NULL;
}
