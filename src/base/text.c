/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people write them. Parsed exactly, in integers: "1.1G" is what the digits say, not what a double makes of them. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/time.h"

enum { FRACTION_DIGITS_MAX = 18 }; /* more are read and change nothing: no unit is as large as 10^18 */

/* A decimal number without sign: whole + fraction / scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale; /* 10 ^ digits behind the point; 1 when there is no point */
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Read "12" or "12.5" and move *text behind it. At least one digit on either side of the point. */
static int parse_decimal(const char **text, struct decimal *ret_decimal) {
    struct decimal d = {.scale = 1};
    const char *at = *text;
    int digits = 0;

    if (!is_digit(*at))
        return FR_E_SYNTAX;
    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(d.whole, UINT64_C(10), &d.whole) || __builtin_add_overflow(d.whole, (uint64_t) (*at - '0'), &d.whole))
            return FR_E_SYNTAX;
    if (*at == '.') {
        if (!is_digit(*++at))
            return FR_E_SYNTAX;
        for (; is_digit(*at); at++) {
            if (digits++ >= FRACTION_DIGITS_MAX)
                continue;
            d.fraction = d.fraction * 10 + (uint64_t) (*at - '0');
            d.scale *= 10;
        }
    }
    *text = at;
    *ret_decimal = d;
    return 0;
}

/* d * unit / divisor, rounded down. FR_E_SYNTAX when it does not stay below UINT64_MAX, which elsewhere means "unknown" or "never". */
static int scale_decimal(struct decimal d, uint64_t unit, uint64_t divisor, uint64_t *ret_value) {
    unsigned __int128 value = (unsigned __int128) d.whole * unit + (unsigned __int128) d.fraction * unit / d.scale;

    value /= divisor;
    if (value >= UINT64_MAX)
        return FR_E_SYNTAX;
    *ret_value = (uint64_t) value;
    return 0;
}

/* base ^ 1 .. 4 for K M G T in either case, and *text moves on; else 1. */
static uint64_t parse_prefix(const char **text, uint64_t base) {
    uint64_t unit = 1;
    int power;

    switch (**text) {
    case 'k':
    case 'K': power = 1; break;
    case 'm':
    case 'M': power = 2; break;
    case 'g':
    case 'G': power = 3; break;
    case 't':
    case 'T': power = 4; break;
    default: return 1;
    }
    for (int i = 0; i < power; i++)
        unit *= base;
    ++*text;
    return unit;
}

int fr_text_parse_bytes(const char *text, uint64_t *ret_bytes) {
    struct decimal d;
    uint64_t unit;

    if (parse_decimal(&text, &d))
        return FR_E_SYNTAX;
    unit = parse_prefix(&text, 1024);
    if (unit == 1 && (d.scale != 1 || *text != '\0'))
        return FR_E_SYNTAX; /* there is no half byte, and no unit but those of the prefixes */
    if (unit != 1 && (*text == 'i' || *text == 'I') && (text[1] == 'b' || text[1] == 'B'))
        text++;
    if (unit != 1 && (*text == 'b' || *text == 'B'))
        text++;
    return *text == '\0' ? scale_decimal(d, unit, 1, ret_bytes) : FR_E_SYNTAX;
}

int fr_text_parse_rate(const char *text, uint64_t *ret_bytes_per_second) {
    uint64_t unit, rate, divisor;
    struct decimal d;

    if (parse_decimal(&text, &d))
        return FR_E_SYNTAX;
    unit = parse_prefix(&text, 1000);
    if (strcmp(text, "") == 0 || strcmp(text, "bit") == 0 || strcmp(text, "bit/s") == 0 || strcmp(text, "bps") == 0)
        divisor = 8;
    else if (strcmp(text, "B/s") == 0)
        divisor = 1;
    else
        return FR_E_SYNTAX;
    if ((d.whole == 0 && d.fraction == 0) || scale_decimal(d, unit, divisor, &rate))
        return FR_E_SYNTAX; /* nothing ever arrives at a rate of 0, and 0 means "unknown" elsewhere */
    *ret_bytes_per_second = rate == 0 ? 1 : rate;
    return 0;
}

int fr_text_parse_duration(const char *text, fr_time_ns *ret_ns) {
    static const struct {
        const char *suffix;
        fr_time_ns unit;
    } units[] = {{"", FR_SECOND}, {"ms", FR_MS}, {"s", FR_SECOND}, {"m", 60 * FR_SECOND}, {"h", 3600 * FR_SECOND}};
    struct decimal d;

    if (parse_decimal(&text, &d))
        return FR_E_SYNTAX;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text, units[i].suffix) == 0)
            return scale_decimal(d, units[i].unit, 1, ret_ns);
    return FR_E_SYNTAX;
}

/* bytes / unit, rounded to the nearest, without the sum that could overflow. */
static uint64_t round_to(uint64_t bytes, uint64_t unit) { return bytes / unit + (bytes % unit >= unit - unit / 2); }

char *fr_text_format_bytes(uint64_t bytes, char *out, size_t size) {
    static const char *const names[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    uint64_t unit = 1000;
    size_t name = 0;

    if (bytes < 1000) {
        snprintf(out, size, "%u B", (unsigned) bytes);
        return out;
    }
    /* By the rounded figure, so that 999,999 becomes "1.0 MB" and not "1000 kB". */
    while (round_to(bytes, unit) >= 1000 && name + 1 < sizeof names / sizeof *names) {
        unit *= 1000;
        name++;
    }
    uint64_t tenths = round_to(bytes, unit / 10);
    if (tenths < 1000)
        snprintf(out, size, "%u.%u %s", (unsigned) (tenths / 10), (unsigned) (tenths % 10), names[name]);
    else
        snprintf(out, size, "%u %s", (unsigned) round_to(bytes, unit), names[name]);
    return out;
}

void fr_text_hex(const uint8_t *bytes, size_t count, char *out) {
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

/* The value of a hex digit, or -1. */
static int value_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int fr_text_unhex(const char *text, uint8_t *ret_bytes, size_t count) {
    size_t length = strnlen(text, 2 * count + 1);

    if (length != 2 * count)
        return FR_E_SYNTAX;
    for (size_t i = 0; i < length; i++)
        if (value_of(text[i]) < 0)
            return FR_E_SYNTAX;
    for (size_t i = 0; i < count; i++)
        ret_bytes[i] = (uint8_t) (value_of(text[2 * i]) * 16 + value_of(text[2 * i + 1]));
    return 0;
}

/* Length of the one clean character that text begins with; 0 when it is none. RFC 3629: shortest form only, no surrogates, nothing
 * above U+10FFFF. */
static size_t measure_clean(const unsigned char *text, size_t bytes) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    size_t length;

    if (text[0] < 0x80)
        return text[0] >= 0x20 && text[0] != 0x7f;
    if (text[0] >= 0xc2 && text[0] <= 0xdf)
        length = 2;
    else if (text[0] >= 0xe0 && text[0] <= 0xef)
        length = 3;
    else if (text[0] >= 0xf0 && text[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > bytes)
        return 0;
    code = text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code <= 0x9f)
        return 0;
    return length;
}

bool fr_text_is_clean(const char *text, size_t text_bytes) {
    const unsigned char *at = (const unsigned char *) text;
    size_t length;

    for (; text_bytes > 0; at += length, text_bytes -= length) {
        length = measure_clean(at, text_bytes);
        if (length == 0)
            return false;
    }
    return true;
}

void fr_text_clean(char *text) {
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = measure_clean((const unsigned char *) text, left);
        if (length == 0) {
            *text = '?';
            length = 1;
        }
        text += length;
        left -= length;
    }
}
