/* SPDX-License-Identifier: Apache-2.0 */
/* What transfers that were cut short have received: one file a name, until a later transfer of that name takes it over, it is too old, or
 * its room is needed. Nothing in it is believed: whoever takes it over compares every chunk with a signed digest.
 *
 *   partial/HASH.ID   being received;  HASH: SHA-256 of the object's name in hex, ID: the transfer id
 *   kept/HASH         cut short
 */
#ifndef FR_STORE_KEPT_H
#define FR_STORE_KEPT_H

#include "store/inside.h"

/* What the file of an object being received is called in partial/. */
void fr_kept_partial_name(const char *name, const char *id, char out[FR_PARTIAL_FILE_NAME_BYTES]);

/* Moves a file of partial/ to kept/, in the place of an older one. false: it is none of ours, or it cannot be kept. */
bool fr_kept_put(const struct fr_store *store, const char *partial_name);

/* Is a part of an object of this name and size kept? Then how many of its bytes take room already. */
bool fr_kept_find(const struct fr_store *store, const char *name, uint64_t object_bytes, uint64_t *ret_bytes_allocated);
/* Moves it back to partial/, under this name. false: it is not there any more, or cannot be moved. */
bool fr_kept_take(const struct fr_store *store, const char *partial_name);

/* Removes what was last written more than store->keep_seconds ago. */
void fr_kept_clean(const struct fr_store *store);
/* How much room all of them take. */
uint64_t fr_kept_bytes(const struct fr_store *store);
/* Removes the one that was last written the longest ago, to make room. false: none was there. */
bool fr_kept_drop_oldest(const struct fr_store *store);

#endif
