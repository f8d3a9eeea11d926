/* SPDX-License-Identifier: Apache-2.0 */
/* One object on its way into the store: see intake.h. A single file is one strand that is the whole stream. */
#include "store/intake.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bitset.h"
#include "base/check.h"
#include "base/failure.h"
#include "base/memory.h"
#include "content/digest.h"

/* One file. */
struct strand {
    char name[FR_NAME_BYTES_MAX + 1];
    uint64_t bytes;          /* FR_BYTES_UNKNOWN for a pipe's */
    struct fr_record record; /* of the finished file, if has_record */
    bool has_record, has_kept;
    struct fr_finished *finished; /* what is under the name; NULL: nothing that can be read */
    pthread_mutex_t lock;         /* of the next three, and held while the strand is made anew or sealed */
    atomic_bool is_in_place;      /* of a set: what is under the name counts as stored, chunk by chunk; there is no sink */
    struct fr_bitset accepted;    /* of a strand in place: chunks that are right as they are, by their place in it */
    bool is_sealed;
    struct fr_sink *sink;      /* once it is not in place */
    struct fr_digest *digests; /* of a set: of the chunks that are stored, by their place in it */
    uint32_t stored_count;
};

struct fr_intake {
    struct fr_intake_options options; /* id, name and entries point into this object, or are gone */
    char id[2 * FR_TRANSFER_ID_BYTES + 1];
    char name[FR_NAME_BYTES_MAX + 1];
    bool is_set;
    atomic_bool is_open;     /* by a worker, while others read what was there before */
    struct fr_weave weave;   /* of a set */
    struct fr_record record; /* of a set: of all entries together, if has_record */
    bool has_record;
    uint32_t strand_count;
    struct strand strands[];
};

/* ------------------------------------------------------------------------------------------------------ making, freeing */

/* Room for what is known of each chunk of an entry. */
static int prepare_strand(struct fr_intake *intake, uint32_t entry) {
    struct strand *strand = &intake->strands[entry];
    uint32_t count = intake->weave.strand_chunks[entry];
    strand->digests = fr_alloc_zeroed(count, sizeof *strand->digests);
    return strand->digests && fr_bitset_init(&strand->accepted, count) == 0 ? 0 : FR_E_MEMORY;
}

static void name_strands(struct fr_intake *intake) {
    const struct fr_intake_options *options = &intake->options;
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        struct strand *strand = &intake->strands[i];
        pthread_mutex_init(&strand->lock, NULL);
        if (!intake->is_set) {
            strand->bytes = options->object_bytes;
            memcpy(strand->name, intake->name, sizeof strand->name);
            continue;
        }
        strand->bytes = options->entries[i].bytes;
        int length = snprintf(strand->name, sizeof strand->name, "%s/%s", intake->name, options->entries[i].name);
        fr_assert(length > 0 && length < (int) sizeof strand->name); /* fr_entries_check */
    }
}

int fr_intake_new(const struct fr_intake_options *options, struct fr_intake **ret_intake) {
    uint32_t count = options->entries ? options->entry_count : 1;
    struct fr_intake *intake = fr_alloc_zeroed(1, sizeof *intake + count * sizeof intake->strands[0]);
    if (!intake)
        return FR_E_MEMORY;
    intake->options = *options;
    intake->is_set = options->entries != NULL;
    intake->strand_count = count;
    snprintf(intake->id, sizeof intake->id, "%s", options->id);
    snprintf(intake->name, sizeof intake->name, "%s", options->name);
    name_strands(intake);
    int error = intake->is_set ? fr_weave_init(&intake->weave, options->entries, count, options->chunk_bytes) : 0;
    for (uint32_t i = 0; !error && intake->is_set && i < count; i++)
        error = prepare_strand(intake, i);
    intake->options.id = intake->options.name = NULL;
    intake->options.entries = NULL;
    if (error) {
        fr_intake_close(intake);
        return error;
    }
    *ret_intake = intake;
    return 0;
}

void fr_intake_close(struct fr_intake *intake) {
    if (!intake)
        return;
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        struct strand *strand = &intake->strands[i];
        fr_sink_close(strand->sink);
        fr_finished_close(strand->finished);
        fr_record_done(&strand->record);
        fr_bitset_done(&strand->accepted);
        fr_free(strand->digests);
        pthread_mutex_destroy(&strand->lock);
    }
    fr_record_done(&intake->record);
    fr_weave_done(&intake->weave);
    fr_free(intake);
}

/* -------------------------------------------------------------------------------------------------------- what is here */

/* Its digests are of use when they are of the same cut. */
static void find_record(const struct fr_intake *intake, struct strand *strand) {
    strand->has_record = fr_store_find(intake->options.store, strand->name, &strand->record);
    if (!strand->has_record || strand->record.chunk_bytes == intake->options.chunk_bytes)
        return;
    fr_record_done(&strand->record);
    strand->record = (struct fr_record){0};
    strand->has_record = false;
}

static bool is_whole(const struct strand *strand) {
    return strand->has_record && strand->finished && strand->record.object_bytes == strand->bytes;
}

/* What the set as a whole would be, if every entry is the one that is here. */
static void weave_record(struct fr_intake *intake) {
    const struct fr_weave *weave = &intake->weave;
    struct fr_record *record = &intake->record;
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        if (!is_whole(&intake->strands[i]))
            return;
    }
    *record = (struct fr_record){
        .object_bytes = intake->options.object_bytes, .chunk_bytes = weave->chunk_bytes, .chunk_count = weave->chunk_count};
    record->digests = fr_alloc(weave->chunk_count * sizeof *record->digests);
    if (!record->digests)
        return; /* then its chunks are looked at one by one */
    for (fr_chunk_index chunk = 0; chunk < weave->chunk_count; chunk++)
        record->digests[chunk] = intake->strands[weave->strands[chunk]].record.digests[weave->places[chunk]];
    fr_root_of(record->chunk_bytes, record->object_bytes, record->digests, record->chunk_count, &record->root);
    intake->has_record = true;
}

void fr_intake_find(struct fr_intake *intake) {
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        struct strand *strand = &intake->strands[i];
        if (strand->bytes != FR_BYTES_UNKNOWN) {
            find_record(intake, strand);
            fr_finished_open(intake->options.store, strand->name, &strand->finished, NULL);
        }
        strand->has_kept = fr_store_has_kept(intake->options.store, strand->name, strand->bytes);
        atomic_store(&strand->is_in_place, intake->is_set && is_whole(strand));
    }
    if (intake->is_set)
        weave_record(intake);
}

const struct fr_record *fr_intake_record(const struct fr_intake *intake) {
    if (intake->is_set)
        return intake->has_record ? &intake->record : NULL;
    return intake->strands[0].has_record ? &intake->strands[0].record : NULL;
}

bool fr_intake_is_same_size(const struct fr_intake *intake) {
    const struct fr_record *record = fr_intake_record(intake);
    return record && record->object_bytes == intake->options.object_bytes;
}

bool fr_intake_has_kept(const struct fr_intake *intake) {
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        if (intake->strands[i].has_kept || (intake->is_set && intake->strands[i].finished))
            return true;
    }
    return false;
}

bool fr_intake_has_finished(const struct fr_intake *intake) {
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        if (intake->strands[i].finished)
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------------------- opening */

static int open_sink(struct fr_intake *intake, struct strand *strand, struct fr_failure *failure) {
    return fr_sink_open(intake->options.store, intake->id, strand->name, strand->bytes, intake->options.mode, &strand->sink, failure);
}

/* What is kept of entries is taken first: else it might have to make room for the others. */
int fr_intake_open(struct fr_intake *intake, struct fr_failure *failure) {
    int error = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; !error && i < intake->strand_count; i++) {
            struct strand *strand = &intake->strands[i];
            if (!strand->sink && !atomic_load(&strand->is_in_place) && (round > 0 || strand->has_kept))
                error = open_sink(intake, strand, failure);
        }
    }
    atomic_store(&intake->is_open, !error);
    return error;
}

/* -------------------------------------------------------------------------------------------------------------- chunks */

/* Where a chunk lies: in which file, from where on, and how many of its bytes are the file's. */
struct spot {
    struct strand *strand;
    uint32_t place; /* of a set */
    uint64_t offset;
    uint32_t bytes;
};

static struct spot spot_of(struct fr_intake *intake, uint64_t offset, uint32_t bytes) {
    if (!intake->is_set)
        return (struct spot){.strand = &intake->strands[0], .offset = offset, .bytes = bytes};
    fr_chunk_index chunk = (fr_chunk_index) (offset / intake->weave.chunk_bytes);
    fr_assert(chunk < intake->weave.chunk_count && bytes == intake->weave.chunk_bytes);
    return (struct spot){.strand = &intake->strands[intake->weave.strands[chunk]],
                         .place = intake->weave.places[chunk],
                         .offset = fr_weave_offset(&intake->weave, chunk),
                         .bytes = fr_weave_bytes(&intake->weave, chunk)};
}

static int read_finished(const struct spot *spot, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    memset(out + spot->bytes, 0, bytes - spot->bytes);
    return fr_finished_read(spot->strand->finished, spot->offset, out, spot->bytes, failure);
}

static int read_sink(const struct spot *spot, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    memset(out + spot->bytes, 0, bytes - spot->bytes);
    return fr_sink_read(spot->strand->sink, spot->offset, out, spot->bytes, failure);
}

static bool is_right(const uint8_t *bytes, const struct fr_intake_chunk *chunk) {
    struct fr_digest digest;
    fr_digest_of(bytes, chunk->bytes, &digest);
    return fr_digest_equal(&digest, &chunk->digest);
}

/* What is in place is known by its record, and need not be read. */
static bool accept_in_place(const struct spot *spot, const struct fr_intake_chunk *chunk) {
    struct strand *strand = spot->strand;
    pthread_mutex_lock(&strand->lock);
    bool is_here = atomic_load(&strand->is_in_place) && fr_digest_equal(&strand->record.digests[spot->place], &chunk->digest);
    if (is_here)
        fr_bitset_add(&strand->accepted, spot->place);
    pthread_mutex_unlock(&strand->lock);
    return is_here;
}

int fr_intake_look(struct fr_intake *intake, const struct fr_intake_chunk *chunk, bool *ret_is_here, struct fr_failure *failure) {
    const struct spot spot = spot_of(intake, chunk->offset, chunk->bytes);
    *ret_is_here = accept_in_place(&spot, chunk);
    if (*ret_is_here || atomic_load(&spot.strand->is_in_place))
        return 0;
    uint8_t *bytes = fr_alloc(chunk->bytes);
    if (!bytes) /* then it is sent */
        return 0;
    int error = 0;
    if (fr_sink_may_have(spot.strand->sink, spot.offset, spot.bytes) && read_sink(&spot, bytes, chunk->bytes, NULL) == 0)
        *ret_is_here = is_right(bytes, chunk);
    if (!*ret_is_here && spot.strand->finished && read_finished(&spot, bytes, chunk->bytes, NULL) == 0 && is_right(bytes, chunk)) {
        error = fr_sink_write(spot.strand->sink, spot.offset, bytes, spot.bytes, failure);
        *ret_is_here = !error;
    }
    fr_free(bytes);
    return error;
}

/* One chunk of a strand in place, from there into its sink. It counts as stored by its record, but may have been changed by hand since. */
static int copy_accepted(struct fr_intake *intake, struct strand *strand, uint32_t place, uint8_t *bytes, struct fr_failure *failure) {
    const uint32_t chunk_bytes = intake->options.chunk_bytes;
    const uint64_t offset = (uint64_t) place * chunk_bytes, left = strand->bytes - offset;
    const struct spot spot = {
        .strand = strand, .place = place, .offset = offset, .bytes = left < chunk_bytes ? (uint32_t) left : chunk_bytes};
    struct fr_digest digest;
    int error = read_finished(&spot, bytes, chunk_bytes, failure);
    if (error)
        return error;
    fr_digest_of(bytes, chunk_bytes, &digest);
    if (!fr_digest_equal(&digest, &strand->record.digests[place]))
        return fr_failure_set(failure, FR_E_CHANGED, 0, "%s was changed by hand while it was received: push again", strand->name);
    return fr_sink_write(strand->sink, offset, bytes, spot.bytes, failure);
}

/* An entry that is here is not the one that comes: what of it counts as stored is copied. The lock is held. */
static int make_anew(struct fr_intake *intake, struct strand *strand, struct fr_failure *failure) {
    uint8_t *bytes = fr_alloc(intake->options.chunk_bytes);
    if (!bytes)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "%s: %s", strand->name, fr_error_text(FR_E_MEMORY));
    int error = open_sink(intake, strand, failure);
    for (uint32_t place = fr_bitset_next_set(&strand->accepted, 0); !error && place < strand->accepted.bit_count;
         place = fr_bitset_next_set(&strand->accepted, place + 1))
        error = copy_accepted(intake, strand, place, bytes, failure);
    fr_free(bytes);
    if (!error) {
        atomic_store(&strand->is_in_place, false);
    } else { /* who comes next must not find half of it */
        fr_sink_close(strand->sink);
        strand->sink = NULL;
    }
    return error;
}

int fr_intake_write(struct fr_intake *intake, const struct fr_intake_chunk *chunk, const uint8_t *bytes, struct fr_failure *failure) {
    const struct spot spot = spot_of(intake, chunk->offset, chunk->bytes);
    int error = 0;
    if (atomic_load(&spot.strand->is_in_place)) {
        pthread_mutex_lock(&spot.strand->lock);
        if (atomic_load(&spot.strand->is_in_place))
            error = make_anew(intake, spot.strand, failure);
        pthread_mutex_unlock(&spot.strand->lock);
    }
    return error ? error : fr_sink_write(spot.strand->sink, spot.offset, bytes, spot.bytes, failure);
}

int fr_intake_read(struct fr_intake *intake, uint64_t offset, uint8_t *out, uint32_t bytes, struct fr_failure *failure) {
    const struct spot spot = spot_of(intake, offset, bytes);
    if (atomic_load(&intake->is_open) && !atomic_load(&spot.strand->is_in_place))
        return read_sink(&spot, out, bytes, failure);
    if (spot.strand->finished)
        return read_finished(&spot, out, bytes, failure);
    return fr_failure_set(failure, FR_E_IO, 0, "%s is not here", spot.strand->name);
}

bool fr_intake_must_verify(const struct fr_intake *intake) {
    for (uint32_t i = 0; i < intake->strand_count; i++) {
        if (!atomic_load(&intake->is_open) || atomic_load(&intake->strands[i].is_in_place))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------------------- sealing */

uint32_t fr_intake_count(struct fr_intake *intake, const struct fr_intake_chunk *chunk) {
    if (!intake->is_set)
        return FR_ENTRIES_MAX;
    uint32_t entry = intake->weave.strands[chunk->chunk];
    struct strand *strand = &intake->strands[entry];
    strand->digests[intake->weave.places[chunk->chunk]] = chunk->digest;
    strand->stored_count++;
    fr_assert(strand->stored_count <= intake->weave.strand_chunks[entry]);
    return strand->stored_count == intake->weave.strand_chunks[entry] ? entry : FR_ENTRIES_MAX;
}

/* The digests are those of the stream's chunks, so the last one is of what fills it up as well: a later push of the set knows the entry by
 * them. */
static int commit_strand(struct fr_intake *intake, uint32_t entry, struct fr_failure *failure) {
    struct strand *strand = &intake->strands[entry];
    struct fr_record record = {.object_bytes = strand->bytes,
                               .chunk_bytes = intake->options.chunk_bytes,
                               .chunk_count = intake->weave.strand_chunks[entry],
                               .digests = strand->digests};
    fr_root_of(record.chunk_bytes, record.object_bytes, record.digests, record.chunk_count, &record.root);
    return fr_sink_commit(strand->sink, &record, failure);
}

int fr_intake_seal(struct fr_intake *intake, uint32_t entry, struct fr_failure *failure) {
    struct strand *strand = &intake->strands[entry];
    int error = 0;
    pthread_mutex_lock(&strand->lock);
    if (!strand->is_sealed && !atomic_load(&strand->is_in_place))
        error = commit_strand(intake, entry, failure);
    strand->is_sealed = !error;
    pthread_mutex_unlock(&strand->lock);
    return error;
}

int fr_intake_commit(struct fr_intake *intake, const struct fr_record *record, struct fr_failure *failure) {
    int error = 0;
    if (!intake->is_set)
        return fr_sink_commit(intake->strands[0].sink, record, failure);
    for (uint32_t i = 0; !error && i < intake->strand_count; i++)
        error = fr_intake_seal(intake, i, failure);
    return error;
}
