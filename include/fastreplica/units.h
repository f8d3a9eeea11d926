/* SPDX-License-Identifier: Apache-2.0 */
/** Sizes, rates and durations as people write them. Pure functions, any thread. */
#ifndef FASTREPLICA_UNITS_H
#define FASTREPLICA_UNITS_H

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** "65536", "64K", "64KiB", "1.5G": powers of 1024. Returns 0, or FR_E_SYNTAX; the result is then untouched, as in all of these. */
int fr_units_parse_bytes(const char *text, uint64_t *ret_bytes);

/** "100M", "1G", "2.5Gbit/s": bits a second, powers of 1000; "300MB/s": bytes a second. Result in bytes a second, at least 1. 0 or
 *  FR_E_SYNTAX. */
int fr_units_parse_rate(const char *text, uint64_t *ret_bytes_per_second);

/** "500ms", "5s", "1.5s", "2m", "1h"; a plain number is seconds. 0 or FR_E_SYNTAX. */
int fr_units_parse_duration(const char *text, fr_time_ns *ret_ns);

/** "1.2 GB" for people: powers of 1000, three figures. Writes at most `size` bytes, the NUL included (16 suffice); returns out. */
char *fr_units_format_bytes(uint64_t bytes, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
