/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a set, read as one stream. What fr_source does when it is one; for source.c only. */
#ifndef FR_STORE_SOURCE_SET_H
#define FR_STORE_SOURCE_SET_H

#include "store/source.h"

struct fr_source_set;

int fr_source_set_open(const char *label, const char *const *paths, uint32_t count, struct fr_source_set **ret_set,
                       struct fr_failure *failure);
void fr_source_set_close(struct fr_source_set *set); /* NULL allowed */
int fr_source_set_weave(struct fr_source_set *set, uint32_t chunk_bytes, struct fr_failure *failure);
const struct fr_entry *fr_source_set_entries(const struct fr_source_set *set, uint32_t *ret_count);
bool fr_source_set_ends_entry(const struct fr_source_set *set, fr_chunk_index first, uint32_t count);
uint64_t fr_source_set_bytes(const struct fr_source_set *set);
uint32_t fr_source_set_mode(const struct fr_source_set *set);
int fr_source_set_read_at(struct fr_source_set *set, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure);
int fr_source_set_check_unchanged(struct fr_source_set *set, struct fr_failure *failure);

#endif
