/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges in names: how many names a pattern stands for, and what the n-th of them is. Nothing is expanded ahead, so
 * "[1-999999999]" costs no memory before it is refused. */
#include "plan/range.h"

#include <stdbool.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"

enum { DIGITS_MAX = 9 }; /* so that every number fits 32 bits */

/* first .. last inside a bracket, each printed with at least `width` digits. */
struct span {
    uint32_t first, last, width;
};

static int refuse(const char **ret_why, const char *why) {
    *ret_why = why;
    return FR_E_SYNTAX;
}

static bool parse_number(const char *text, size_t bytes, size_t *at, uint32_t *ret_number, uint32_t *ret_digits) {
    uint32_t number = 0, digits = 0;
    while (*at < bytes && text[*at] >= '0' && text[*at] <= '9') {
        if (++digits > DIGITS_MAX)
            return false;
        number = number * 10 + (uint32_t) (text[(*at)++] - '0');
    }
    *ret_number = number;
    *ret_digits = digits;
    return digits > 0;
}

/* Reads the span at *at and leaves *at behind it and its comma. */
static int parse_span(const char *text, size_t end, size_t *at, struct span *ret_span, const char **ret_why) {
    static const char shape[] = "a range is written [1-32] or [1,3,7-9], with numbers of at most 9 digits";
    struct span span = {0};
    uint32_t digits, last_digits;
    size_t first_at = *at;
    if (!parse_number(text, end, at, &span.first, &digits))
        return refuse(ret_why, shape);
    if (digits > 1 && text[first_at] == '0')
        span.width = digits;
    span.last = span.first;
    if (*at < end && text[*at] == '-') {
        size_t last_at = ++*at;
        if (!parse_number(text, end, at, &span.last, &last_digits))
            return refuse(ret_why, shape);
        if (last_digits > 1 && text[last_at] == '0' && last_digits != digits)
            return refuse(ret_why, "the two ends of a range have leading zeros but not the same width");
        if (span.last < span.first)
            return refuse(ret_why, "a range ends below its beginning");
    }
    if (*at < end && text[(*at)++] != ',')
        return refuse(ret_why, shape);
    if (*at == end && text[end - 1] == ',')
        return refuse(ret_why, shape);
    *ret_span = span;
    return 0;
}

static int count_bracket(const char *text, struct fr_name_bracket *bracket, uint64_t count_max, const char **ret_why) {
    uint64_t count = 0;
    size_t at = bracket->begin;
    do {
        struct span span;
        int error = parse_span(text, bracket->end, &at, &span, ret_why);
        if (error)
            return error;
        count += (uint64_t) span.last - span.first + 1;
        if (count > count_max) {
            *ret_why = "the ranges stand for too many nodes";
            return FR_E_LIMIT;
        }
    } while (at < bracket->end);
    bracket->count = (uint32_t) count;
    return 0;
}

int fr_name_range_parse(struct fr_name_range *range, const char *text, size_t bytes, uint64_t count_max, const char **ret_why) {
    fr_assert(count_max >= 1 && count_max <= UINT32_MAX);
    *range = (struct fr_name_range){.text = text, .bytes = bytes, .count = 1};
    for (size_t at = 0; at < bytes; at++) {
        if (text[at] == ']')
            return refuse(ret_why, "a ']' without its '['");
        if (text[at] != '[')
            continue;
        const char *close = memchr(text + at, ']', bytes - at);
        if (!close)
            return refuse(ret_why, "the '[' is not closed");
        struct fr_name_bracket bracket = {.begin = at + 1, .end = (size_t) (close - text)};
        at = bracket.end;
        if (memchr(text + bracket.begin, ':', bracket.end - bracket.begin))
            continue; /* an IPv6 address */
        if (range->bracket_count == FR_NAME_RANGE_BRACKETS_MAX)
            return refuse(ret_why, "more than four ranges in one item");
        int error = count_bracket(text, &bracket, count_max, ret_why);
        if (error)
            return error;
        range->count *= bracket.count; /* both at most 2^32 */
        if (range->count > count_max) {
            *ret_why = "the ranges stand for too many nodes";
            return FR_E_LIMIT;
        }
        range->brackets[range->bracket_count++] = bracket;
    }
    return 0;
}

/* Where the text goes, counting on when it is full. */
struct out {
    char *bytes;
    size_t size, length;
};

static void put(struct out *out, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++, out->length++)
        if (out->length + 1 < out->size)
            out->bytes[out->length] = text[i];
}

static void put_number(struct out *out, uint32_t number, uint32_t width) {
    char digits[DIGITS_MAX + 1];
    uint32_t at = DIGITS_MAX + 1;
    do {
        digits[--at] = (char) ('0' + number % 10);
        number /= 10;
    } while (number > 0 || DIGITS_MAX + 1 - at < width);
    put(out, digits + at, DIGITS_MAX + 1 - at);
}

static void put_nth(struct out *out, const char *text, const struct fr_name_bracket *bracket, uint32_t nth) {
    size_t at = bracket->begin;
    for (;;) {
        struct span span;
        const char *why;
        int error = parse_span(text, bracket->end, &at, &span, &why);
        fr_assert(error == 0); /* it was parsed before */
        uint32_t count = span.last - span.first + 1;
        if (nth < count) {
            put_number(out, span.first + nth, span.width);
            return;
        }
        nth -= count;
    }
}

size_t fr_name_range_item(const struct fr_name_range *range, uint64_t index, char *out_text, size_t size) {
    fr_assert(index < range->count);
    fr_assert(size > 0);
    uint32_t nth[FR_NAME_RANGE_BRACKETS_MAX];
    for (uint32_t i = range->bracket_count; i-- > 0; index /= range->brackets[i].count)
        nth[i] = (uint32_t) (index % range->brackets[i].count);
    struct out out = {.bytes = out_text, .size = size};
    size_t at = 0;
    for (uint32_t i = 0; i < range->bracket_count; i++) {
        put(&out, range->text + at, range->brackets[i].begin - 1 - at);
        put_nth(&out, range->text, &range->brackets[i], nth[i]);
        at = range->brackets[i].end + 1;
    }
    put(&out, range->text + at, range->bytes - at);
    out_text[out.length < size ? out.length : size - 1] = '\0';
    return out.length;
}
