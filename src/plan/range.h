/* SPDX-License-Identifier: Apache-2.0 */
/* Many names written as one: "edge[01-32].example.net", "10.0.[1-2].[1-40]", "rack[1,3,7-9]:[7421-7428]". */
#ifndef FR_PLAN_RANGE_H
#define FR_PLAN_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum { FR_NAME_RANGE_BRACKETS_MAX = 4 };

/* A bracket: comma-separated numbers and `first-last` spans. Borrows the text it was parsed from. */
struct fr_name_bracket {
    size_t begin, end; /* what stands between '[' and ']' in the text */
    uint32_t count;    /* numbers in it, at least 1 */
};

struct fr_name_range {
    const char *text;
    size_t bytes;
    uint64_t count; /* names in all: the product of the brackets' counts */
    uint32_t bracket_count;
    struct fr_name_bracket brackets[FR_NAME_RANGE_BRACKETS_MAX];
};

/* A bracket whose text holds a ':' is an IPv6 address and stays as it is. A number written with leading zeros gives its width to its whole
 * span: [08-11] is 08 09 10 11.
 * Returns 0; FR_E_SYNTAX, or FR_E_LIMIT for more than count_max names, and in *ret_why a static phrase. */
int fr_name_range_parse(struct fr_name_range *range, const char *text, size_t bytes, uint64_t count_max, const char **ret_why);

/* The name with this index, the last bracket counting fastest; index < range->count. Returns the length it has, or would have had: when
 * that is not below `size` then out holds nothing of use. */
size_t fr_name_range_item(const struct fr_name_range *range, uint64_t index, char *out, size_t size);

#endif
