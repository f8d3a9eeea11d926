/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a set's chunks in its stream: see weave.h. */
#include "content/weave.h"

#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "content/name.h"

static uint64_t chunks_of(uint64_t bytes, uint32_t chunk_bytes) { return bytes / chunk_bytes + (bytes % chunk_bytes != 0); }

static int check_name(const char *object_name, const char *name, const char **ret_why) {
    char path[2 * FR_NAME_BYTES_MAX + 2];
    size_t bytes = strnlen(name, FR_ENTRY_NAME_BYTES_MAX + 1);

    *ret_why = "has a name that is too long";
    if (bytes > FR_ENTRY_NAME_BYTES_MAX)
        return FR_E_NAME;
    *ret_why = "has a name with a '/'";
    if (memchr(name, '/', bytes))
        return FR_E_NAME;
    if (fr_name_check(name, bytes, ret_why))
        return FR_E_NAME;
    *ret_why = "has a name that is too long below the object's";
    snprintf(path, sizeof(path), "%s/%s", object_name, name);
    return fr_name_check(path, strlen(path), NULL);
}

static bool is_twice(const struct fr_entry *entries, uint32_t entry) {
    for (uint32_t i = 0; i < entry; i++)
        if (strcmp(entries[i].name, entries[entry].name) == 0)
            return true;
    return false;
}

int fr_entries_check(const char *object_name, const struct fr_entry *entries, uint32_t count, uint32_t *ret_entry, const char **ret_why) {
    const char *why = "is one too many or one too few";
    uint32_t entry = 0;
    int error = count >= 1 && count <= FR_ENTRIES_MAX ? 0 : FR_E_ARGUMENT;

    for (uint32_t i = 0; !error && i < count; i++) {
        entry = i;
        error = check_name(object_name, entries[i].name, &why);
        if (!error && is_twice(entries, i)) {
            error = FR_E_NAME;
            why = "has the name of another";
        }
        if (!error && entries[i].bytes == 0) {
            error = FR_E_ARGUMENT;
            why = "is empty";
        }
    }
    if (error && ret_why)
        *ret_why = why;
    if (error && ret_entry)
        *ret_entry = entry;
    return error;
}

uint64_t fr_weave_stream_bytes(const struct fr_entry *entries, uint32_t count, uint32_t chunk_bytes) {
    uint64_t chunks = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t more = chunks_of(entries[i].bytes, chunk_bytes);

        if (more > FR_CHUNKS_MAX - chunks)
            return UINT64_MAX;
        chunks += more;
    }
    return chunks * chunk_bytes;
}

/* Of the entries that have chunks left the one whose next stands first. */
static uint32_t next_strand(const struct fr_weave *weave, const uint32_t *taken) {
    uint32_t best = FR_ENTRIES_MAX;

    for (uint32_t i = 0; i < weave->entry_count; i++) {
        if (taken[i] == weave->strand_chunks[i])
            continue;
        /* (2 i + 1) / c of the one is less than that of the other, without a fraction. */
        if (best == FR_ENTRIES_MAX ||
            (2ull * taken[i] + 1) * weave->strand_chunks[best] < (2ull * taken[best] + 1) * weave->strand_chunks[i])
            best = i;
    }
    fr_assert(best < FR_ENTRIES_MAX);
    return best;
}

int fr_weave_init(struct fr_weave *weave, const struct fr_entry *entries, uint32_t count, uint32_t chunk_bytes) {
    uint64_t stream_bytes = fr_weave_stream_bytes(entries, count, chunk_bytes);
    uint32_t taken[FR_ENTRIES_MAX] = {0};

    fr_assert(count >= 1 && count <= FR_ENTRIES_MAX && stream_bytes != UINT64_MAX);
    *weave = (struct fr_weave){.chunk_bytes = chunk_bytes, .entry_count = count, .chunk_count = (uint32_t) (stream_bytes / chunk_bytes)};
    for (uint32_t i = 0; i < count; i++) {
        weave->entry_bytes[i] = entries[i].bytes;
        weave->strand_chunks[i] = (uint32_t) chunks_of(entries[i].bytes, chunk_bytes);
    }
    weave->strands = fr_alloc(weave->chunk_count);
    weave->places = fr_alloc(weave->chunk_count * sizeof(*weave->places));
    if (!weave->strands || !weave->places) {
        fr_weave_done(weave);
        return FR_E_MEMORY;
    }
    for (fr_chunk_index chunk = 0; chunk < weave->chunk_count; chunk++) {
        uint32_t strand = next_strand(weave, taken);

        weave->strands[chunk] = (uint8_t) strand;
        weave->places[chunk] = taken[strand]++;
    }
    return 0;
}

void fr_weave_done(struct fr_weave *weave) {
    fr_free(weave->strands);
    fr_free(weave->places);
    *weave = (struct fr_weave){0};
}

uint64_t fr_weave_offset(const struct fr_weave *weave, fr_chunk_index chunk) {
    return (uint64_t) weave->places[chunk] * weave->chunk_bytes;
}

uint32_t fr_weave_bytes(const struct fr_weave *weave, fr_chunk_index chunk) {
    uint64_t left = weave->entry_bytes[weave->strands[chunk]] - fr_weave_offset(weave, chunk);

    return left < weave->chunk_bytes ? (uint32_t) left : weave->chunk_bytes;
}
