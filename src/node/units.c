/* SPDX-License-Identifier: Apache-2.0 */
/* The public door to base/text.h: programs read sizes, rates and durations exactly as node files do. */
#include <fastreplica/units.h>

#include "base/text.h"

int fr_units_parse_bytes(const char *text, uint64_t *ret_bytes) { return fr_text_parse_bytes(text, ret_bytes); }

int fr_units_parse_rate(const char *text, uint64_t *ret_bytes_per_second) { return fr_text_parse_rate(text, ret_bytes_per_second); }

int fr_units_parse_duration(const char *text, fr_time_ns *ret_ns) { return fr_text_parse_duration(text, ret_ns); }

char *fr_units_format_bytes(uint64_t bytes, char *out, size_t size) { return fr_text_format_bytes(bytes, out, size); }
