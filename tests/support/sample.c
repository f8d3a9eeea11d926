/* SPDX-License-Identifier: Apache-2.0 */
/* See sample.h. Memory comes from malloc, so that tests may let the store's own allocations fail. */
#include "support/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/text.h"
#include "content/digest.h"
#include "support/scratch.h"

static _Noreturn void give_up(void) { abort(); }

void sample_init(struct sample *sample, uint32_t count, uint64_t seed) {
    const uint32_t chunk_bytes = FR_CHUNK_BYTES_MIN;
    uint32_t chunk_count = (count + chunk_bytes - 1) / chunk_bytes;
    *sample = (struct sample){.bytes = malloc(count + 1), .count = count};
    struct fr_digest *digests = calloc(chunk_count + 1, sizeof *digests);
    if (!sample->bytes || !digests)
        give_up();
    struct fr_prng prng;
    fr_prng_init(&prng, seed);
    for (uint32_t i = 0; i < count; i++)
        sample->bytes[i] = (uint8_t) fr_prng_next(&prng);
    for (uint32_t chunk = 0; chunk < chunk_count; chunk++) {
        uint32_t at = chunk * chunk_bytes;
        fr_digest_of(sample->bytes + at, count - at < chunk_bytes ? count - at : chunk_bytes, &digests[chunk]);
    }
    struct fr_record *record = &sample->record;
    *record = (struct fr_record){.object_bytes = count, .chunk_bytes = chunk_bytes, .chunk_count = chunk_count, .digests = digests};
    fr_root_of(chunk_bytes, count, digests, chunk_count, &record->root);
    fr_digest_of(sample->bytes, count, &record->sha256);
}

void sample_done(struct sample *sample) {
    free(sample->bytes);
    free(sample->record.digests);
    *sample = (struct sample){0};
}

int sample_write(const struct sample *sample, struct fr_sink *sink, struct fr_failure *failure) {
    const uint32_t chunk_bytes = sample->record.chunk_bytes;
    for (uint32_t at = 0; at < sample->count; at += chunk_bytes) {
        uint32_t now = sample->count - at < chunk_bytes ? sample->count - at : chunk_bytes;
        int error = fr_sink_write(sink, at, sample->bytes + at, now, failure);
        if (error)
            return error;
    }
    return 0;
}

int sample_store(const struct sample *sample, struct fr_store *store, const char *id, const char *name, struct fr_failure *failure) {
    struct fr_sink *sink;
    int error = fr_sink_open(store, id, name, sample->count, 0640, &sink, failure);
    if (error)
        return error;
    error = sample_write(sample, sink, failure);
    if (!error)
        error = fr_sink_commit(sink, &sample->record, failure);
    fr_sink_close(sink);
    return error;
}

const char *sample_path_of(const char *name, const char *id) {
    struct fr_digest digest;
    char hash[2 * FR_DIGEST_BYTES + 1];
    fr_digest_of(name, strlen(name), &digest);
    fr_text_hex(digest.bytes, FR_DIGEST_BYTES, hash);
    return id ? scratch_path("store/.fastreplica/partial/%s.%s", hash, id) : scratch_path("store/.fastreplica/kept/%s", hash);
}
