/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON of reports and of plans has in common. */
#ifndef FR_NODE_JSON_H
#define FR_NODE_JSON_H

#include <stdint.h>

#include <jansson.h>

/* Seconds to the microsecond; more digits would be noise. Negative, or no number that can be meant: null. A new reference; NULL without
 * memory. */
json_t *fr_json_seconds(double seconds);
/* Beyond 2^63 - 1: null. Likewise. */
json_t *fr_json_count(uint64_t count);
/* The value as indented text with a newline at its end; takes the reference. Freed by free(). NULL without memory, and for NULL. */
char *fr_json_write(json_t *json);

#endif
