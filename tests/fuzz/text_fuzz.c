/* SPDX-License-Identifier: Apache-2.0 */
/* Any text where a size, a rate, a duration, hex or a sentence is expected. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { UNTOUCHED = 12345 };

static int parse(int (*parser)(const char *text, uint64_t *ret_value), const char *text, uint64_t *ret_value) {
    int error = parser(text, ret_value);

    fr_assert(error == 0 || error == FR_E_SYNTAX);
    fr_assert(error == 0 || *ret_value == UNTOUCHED);
    fr_assert(error != 0 || (text[0] >= '0' && text[0] <= '9'));
    fr_assert(*ret_value != UINT64_MAX);
    return error;
}

static void try_numbers(const char *text) {
    uint64_t bytes = UNTOUCHED, rate = UNTOUCHED, duration = UNTOUCHED, again = 0;
    char written[32];

    if (parse(fr_text_parse_bytes, text, &bytes) == 0) {
        snprintf(written, sizeof written, "%" PRIu64, bytes);
        fr_assert(fr_text_parse_bytes(written, &again) == 0 && again == bytes);
        fr_assert(strlen(fr_text_format_bytes(bytes, written, sizeof written)) <= 7);
    }
    if (parse(fr_text_parse_rate, text, &rate) == 0)
        fr_assert(rate >= 1);
    if (parse(fr_text_parse_duration, text, &duration) == 0)
        fr_assert(strpbrk(text, "kKMgGtTbB") == NULL);
}

static void try_hex(const char *text) {
    size_t count = strlen(text);
    uint8_t *raw = fr_alloc_zeroed(count / 2 + 1, 1);
    char *written = fr_alloc(count + 2);

    fr_assert(raw != NULL && written != NULL);
    if (fr_text_unhex(text, raw, count / 2) == 0) {
        fr_assert(count % 2 == 0);
        fr_text_hex(raw, count / 2, written);
        fr_assert(strcasecmp(written, text) == 0);
    }
    fr_free(raw);
    fr_free(written);
}

static void try_cleaning(const uint8_t *bytes, size_t count, char *text) {
    struct fr_failure failure = {0};
    size_t length = strlen(text);
    bool was_clean = fr_text_is_clean(text, length);

    fr_assert(!fr_text_is_clean((const char *) bytes, count) || (was_clean && length == count));
    fr_failure_set(&failure, FR_E_IO, (int) (count % 140), "%s", text);
    fr_assert(strlen(failure.text) < sizeof failure.text);
    fr_assert(fr_text_is_clean(failure.text, strlen(failure.text)));
    fr_text_clean(text);
    fr_assert(strlen(text) == length);
    fr_assert(fr_text_is_clean(text, length));
    fr_assert(!was_clean || memcmp(text, bytes, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *text = fr_alloc(count + 1);

    fr_assert(text != NULL);
    if (count > 0)
        memcpy(text, bytes, count);
    text[count] = '\0';
    try_numbers(text);
    try_hex(text);
    try_cleaning(bytes, count, text);
    fr_free(text);
    return 0;
}
