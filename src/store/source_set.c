/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a set, read as one stream: each by a source of its own, chunk by chunk as they are woven. */
#include "store/source_set.h"

#include <string.h>

#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"

struct fr_source_set {
    uint32_t count;
    struct fr_weave weave; /* its chunk_bytes 0: not woven yet */
    struct fr_entry entries[FR_ENTRIES_MAX];
    struct fr_source *sources[FR_ENTRIES_MAX];
};

void fr_source_set_close(struct fr_source_set *set) {
    if (!set)
        return;
    for (uint32_t i = 0; i < set->count; i++)
        fr_source_close(set->sources[i]);
    fr_weave_done(&set->weave);
    fr_free(set);
}

static int open_entry(struct fr_source_set *set, const char *path, struct fr_failure *failure) {
    struct fr_entry *entry = &set->entries[set->count];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct fr_source *source;
    int error = fr_source_open(path, &source, failure);
    if (error)
        return error;
    set->sources[set->count++] = source;
    if (!fr_source_is_file(source))
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s is no file, and a set is made of files", path);
    if (strlen(name) > FR_ENTRY_NAME_BYTES_MAX)
        return fr_failure_set(failure, FR_E_NAME, 0, "%s: a name in a set may have %d bytes at most: rename it", path,
                              FR_ENTRY_NAME_BYTES_MAX);
    entry->bytes = fr_source_bytes(source);
    memcpy(entry->name, name, strlen(name) + 1);
    return 0;
}

int fr_source_set_open(const char *label, const char *const *paths, uint32_t count, struct fr_source_set **ret_set,
                       struct fr_failure *failure) {
    if (count == 0 || count > FR_ENTRIES_MAX)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s: a set has 1 to %d files, and these are %u", label, FR_ENTRIES_MAX, count);
    struct fr_source_set *set = fr_alloc_zeroed(1, sizeof *set);
    if (!set)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the source");
    int error = 0;
    for (uint32_t i = 0; !error && i < count; i++)
        error = open_entry(set, paths[i], failure);
    if (error) {
        fr_source_set_close(set);
        return error;
    }
    *ret_set = set;
    return 0;
}

int fr_source_set_weave(struct fr_source_set *set, uint32_t chunk_bytes, struct fr_failure *failure) {
    if (fr_weave_stream_bytes(set->entries, set->count, chunk_bytes) == UINT64_MAX)
        return fr_failure_set(failure, FR_E_LIMIT, 0, "the set has more than %d chunks: choose larger chunks", FR_CHUNKS_MAX);
    if (fr_weave_init(&set->weave, set->entries, set->count, chunk_bytes))
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the source");
    return 0;
}

const struct fr_entry *fr_source_set_entries(const struct fr_source_set *set, uint32_t *ret_count) {
    *ret_count = set->count;
    return set->entries;
}

bool fr_source_set_ends_entry(const struct fr_source_set *set, fr_chunk_index first, uint32_t count) {
    const struct fr_weave *weave = &set->weave;
    fr_assert(first <= weave->chunk_count && count <= weave->chunk_count - first);
    for (fr_chunk_index chunk = first; chunk < first + count; chunk++)
        if (weave->places[chunk] + 1 == weave->strand_chunks[weave->strands[chunk]])
            return true;
    return false;
}

uint64_t fr_source_set_bytes(const struct fr_source_set *set) {
    uint64_t bytes = 0;
    if (set->weave.chunk_bytes > 0)
        return (uint64_t) set->weave.chunk_count * set->weave.chunk_bytes;
    for (uint32_t i = 0; i < set->count; i++)
        bytes += set->entries[i].bytes;
    return bytes;
}

uint32_t fr_source_set_mode(const struct fr_source_set *set) { return fr_source_mode(set->sources[0]); }

int fr_source_set_read_at(struct fr_source_set *set, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    const struct fr_weave *weave = &set->weave;
    fr_assert(weave->chunk_bytes > 0 && bytes == weave->chunk_bytes && offset % bytes == 0 && offset / bytes < weave->chunk_count);
    fr_chunk_index chunk = (fr_chunk_index) (offset / bytes);
    uint32_t filled = fr_weave_bytes(weave, chunk);
    memset(out + filled, 0, bytes - filled);
    return fr_source_read_at(set->sources[weave->strands[chunk]], fr_weave_offset(weave, chunk), out, filled, failure);
}

int fr_source_set_check_unchanged(struct fr_source_set *set, struct fr_failure *failure) {
    int error = 0;
    for (uint32_t i = 0; !error && i < set->count; i++)
        error = fr_source_check_unchanged(set->sources[i], failure);
    return error;
}
