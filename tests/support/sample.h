/* SPDX-License-Identifier: Apache-2.0 */
/* Objects for tests of the store: bytes that differ everywhere, their record, and the whole way into a store. */
#ifndef FR_TESTS_SUPPORT_SAMPLE_H
#define FR_TESTS_SUPPORT_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct sample {
    uint8_t *bytes;
    uint32_t count;
    struct fr_record record; /* with chunks of FR_CHUNK_BYTES_MIN */
};

void sample_init(struct sample *sample, uint32_t count, uint64_t seed);
void sample_done(struct sample *sample);

/* All of its bytes in chunks, front to back. 0 or the first error. */
int sample_write(const struct sample *sample, struct fr_sink *sink, struct fr_failure *failure);

/* Open, write, commit, close. 0 or the first error. */
int sample_store(const struct sample *sample, struct fr_store *store, const char *id, const char *name, struct fr_failure *failure);

/* The file in which an object is received, or kept when id is NULL, by a store that is scratch_path("store"). */
const char *sample_path_of(const char *name, const char *id);

#endif
