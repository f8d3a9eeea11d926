/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people write them: sizes, rates, durations, hex. Pure functions. */
#ifndef FR_BASE_TEXT_H
#define FR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/types.h>

/* "65536", "64K", "64KiB", "1M", "1.5G": powers of 1024, case-insensitive suffix K M G T with optional "B" or "iB". A fraction needs a
 * suffix and is rounded down to whole bytes.
 * Returns 0, or FR_E_SYNTAX (garbage, negative, empty, not below FR_BYTES_UNKNOWN); *ret_bytes then untouched. */
int fr_text_parse_bytes(const char *text, uint64_t *ret_bytes);

/* "100M", "1G", "2.5Gbit", "300MB/s": bits a second with powers of 1000 (suffix "bit", "bit/s", "bps" or none), or bytes a
 * second when it ends in "B/s". The prefix K M G T may be of either case, the unit not: "MB/s" and "Mbit/s" are eight apart.
 * Result in bytes a second, rounded down, at least 1. Returns 0 or FR_E_SYNTAX (garbage, zero, overflow). */
int fr_text_parse_rate(const char *text, uint64_t *ret_bytes_per_second);

/* "500ms", "5s", "5", "2m", "1h", "1.5s": plain numbers are seconds. Returns 0 or FR_E_SYNTAX
 * (garbage, negative, not below FR_TIME_NEVER). */
int fr_text_parse_duration(const char *text, fr_time_ns *ret_ns);

/* "999 B", "1.2 GB", "15.0 MB", "250 kB" for people: powers of 1000, rounded, three figures at most. Writes at most `size` bytes
 * with the NUL; returns out. */
char *fr_text_format_bytes(uint64_t bytes, char *out, size_t size);

/* Lower-case hex of `count` bytes; out holds 2 * count + 1. */
void fr_text_hex(const uint8_t *bytes, size_t count, char *out);

/* Exactly 2 * count hex digits of either case, then the NUL. Returns 0, or FR_E_SYNTAX with ret_bytes untouched. */
int fr_text_unhex(const char *text, uint8_t *ret_bytes, size_t count);

/* Valid UTF-8 without control characters (below 0x20, 0x7f, U+0080..U+009F), text_bytes long, no NUL inside. Empty is clean. */
bool fr_text_is_clean(const char *text, size_t text_bytes);

/* Replace in place every byte of a NUL-terminated text that keeps it from being clean by '?'. */
void fr_text_clean(char *text);

#endif
