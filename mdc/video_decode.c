/* SPDX-License-Identifier: Apache-2.0 */
/* The best video that descriptions allow: of every group of pictures the best fragment that is whole, one after the other behind a common
 * beginning; or, when every group is there in full quality and so are the source's other bytes, the source (where the set is not exact,
 * the film that was made of it before it was encoded). */
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/boxes.h"
#include "mdc/decode.h"
#include "mdc/fragments.h"
#include "mdc/mend.h"
#include "mdc/rest.h"

struct choosing {
    const struct mdc_description *descriptions[MDC_COUNT_MAX]; /* those that are there, or were made again */
    struct mdc_description *mended[MDC_COUNT_MAX];
    const struct mdc_header *header;
    const struct mdc_watch *watch;
    struct mdc_fragments lists[MDC_COUNT_MAX];
    uint8_t *fragment; /* one at a time; it grows */
    size_t fragment_room;
};

static int choosing_init(struct choosing *choosing, struct mdc_gathered *gathered, const struct mdc_watch *watch,
                         struct fr_failure *failure) {
    int error = 0;

    *choosing = (struct choosing){.header = gathered->header, .watch = watch};
    for (unsigned i = 0; i < MDC_COUNT_MAX && error == 0; i++) {
        choosing->descriptions[i] = gathered->descriptions[i];
        if (gathered->descriptions[i] != NULL)
            error = mdc_fragments_list(&choosing->lists[i], gathered->descriptions[i], failure);
    }
    return error;
}

static void choosing_done(struct choosing *choosing) {
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_fragments_done(&choosing->lists[i]);
    for (unsigned i = 0; i < MDC_COUNT_MAX; i++)
        mdc_description_free(choosing->mended[i]);
    fr_free(choosing->fragment);
}

/* Where parity is enough for it, what is missing or damaged is made again, and takes its place. */
static int mend(struct choosing *choosing, struct mdc_gathered *gathered, const struct mdc_decode_options *options, bool *ret_is_done,
                struct fr_failure *failure) {
    char folder[PATH_MAX];
    int error;

    mdc_folder_of(options->path, folder);
    error = mdc_mend(gathered->descriptions, choosing->lists, choosing->header, folder, options->watch, choosing->mended, ret_is_done,
                     failure);
    for (unsigned i = 0; i < MDC_COUNT_MAX && error == 0; i++)
        if (choosing->mended[i] != NULL) {
            choosing->descriptions[i] = choosing->mended[i];
            mdc_fragments_done(&choosing->lists[i]);
            error = mdc_fragments_list(&choosing->lists[i], choosing->mended[i], failure);
        }
    return error;
}

/* Fragments are in order in a sound description; a damaged one may lack some. */
static const struct mdc_found *find(const struct mdc_fragments *list, uint32_t gop_index) {
    if (gop_index < list->count && list->found[gop_index].gop_index == gop_index)
        return &list->found[gop_index];
    for (uint32_t i = 0; i < list->count; i++)
        if (list->found[i].gop_index == gop_index)
            return &list->found[i];
    return NULL;
}

static bool read_one(struct choosing *choosing, unsigned index, const struct mdc_found *found) {
    if (found->fragment_bytes > choosing->fragment_room) {
        uint8_t *more = fr_realloc(choosing->fragment, found->fragment_bytes, 1);
        if (more == NULL)
            return false;
        choosing->fragment = more;
        choosing->fragment_room = found->fragment_bytes;
    }
    return mdc_fragments_read(choosing->descriptions[index], found, choosing->fragment);
}

/* The best whole fragment of the group is in choosing->fragment: which, or NULL when there is none. */
static const struct mdc_found *take_best(struct choosing *choosing, uint32_t gop_index, unsigned *ret_index) {
    for (int want_full = 1; want_full >= 0; want_full--)
        for (unsigned i = 0; i < choosing->header->count; i++) {
            const struct mdc_found *found = choosing->descriptions[i] != NULL ? find(&choosing->lists[i], gop_index) : NULL;
            if (found != NULL && found->is_full == want_full && read_one(choosing, i, found)) {
                *ret_index = i;
                return found;
            }
        }
    return NULL;
}

static void tell(const struct choosing *choosing, uint32_t done) {
    if (choosing->watch != NULL)
        choosing->watch->on_progress(choosing->watch->context, done, choosing->header->film.gop_count);
}

/* What can be shown */

static int append_movie(struct choosing *choosing, struct mdc_output *output, bool *ret_is_there, struct fr_failure *failure) {
    uint8_t *movie = NULL;
    int error = 0;

    *ret_is_there = false;
    for (unsigned i = 0; i < choosing->header->count && !*ret_is_there; i++)
        *ret_is_there = choosing->descriptions[i] != NULL && mdc_fragments_read_movie(choosing->descriptions[i], &movie);
    if (*ret_is_there)
        error = mdc_output_append(output, movie, choosing->header->film.movie_bytes, failure);
    fr_free(movie);
    return error;
}

/* is_all: full quality everywhere is all that was asked for; else what the set can restore is still more. */
static void describe(const struct choosing *choosing, uint32_t full, uint32_t missing, bool is_all, struct mdc_result *result) {
    uint32_t count = choosing->header->film.gop_count;
    char gaps[80] = "";

    if (missing > 0)
        snprintf(gaps, sizeof gaps, ", %.0f %% missing", 100.0 * missing / count);
    result->detail = 2 * (uint64_t) full + (count - full - missing);
    if (full == count && is_all) {
        result->outcome = MDC_OUTCOME_WHOLE;
        snprintf(result->sentence, sizeof result->sentence, "the whole video in full quality");
    } else if (missing == count) {
        result->outcome = MDC_OUTCOME_NOTHING;
        snprintf(result->sentence, sizeof result->sentence, "no group of pictures is whole in what is here");
    } else {
        result->outcome = MDC_OUTCOME_USABLE;
        snprintf(result->sentence, sizeof result->sentence, "%.0f %% of GOPs full quality%s", 100.0 * full / count, gaps);
    }
}

static int write_video(struct choosing *choosing, const struct mdc_decode_options *options, struct mdc_result *result,
                       struct fr_failure *failure) {
    uint32_t full = 0, missing = 0, count = choosing->header->film.gop_count;
    struct mdc_output output;
    bool has_movie = false;
    int error = mdc_output_open(&output, options->path, options->may_replace, failure);

    if (error == 0)
        error = append_movie(choosing, &output, &has_movie, failure);
    for (uint32_t g = 0; g < count && error == 0 && has_movie; g++) {
        unsigned index;
        const struct mdc_found *found = take_best(choosing, g, &index);
        if (found != NULL)
            error = mdc_output_append(&output, choosing->fragment, found->fragment_bytes, failure);
        full += found != NULL && found->is_full;
        missing += found == NULL;
        tell(choosing, g);
    }
    describe(choosing, full, has_movie ? missing : count, options->is_preview, result);
    if (error == 0 && result->outcome != MDC_OUTCOME_NOTHING)
        error = mdc_output_commit(&output, failure);
    mdc_output_done(&output);
    return error;
}

/* The source */

struct restoring {
    struct choosing *choosing;
    struct mdc_output output;
    struct mdc_run *runs; /* what was put back so far */
    size_t run_count;
    bool is_incomplete; /* something is missing: there is no source to be had */
};

static int keep_run(struct restoring *restoring, const struct mdc_run *run, struct fr_failure *failure) {
    if ((restoring->run_count & (restoring->run_count - 1)) == 0) {
        size_t room = restoring->run_count > 0 ? 2 * restoring->run_count : 1;
        struct mdc_run *more = fr_realloc(restoring->runs, room, sizeof *more);
        if (more == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to list what was restored");
        restoring->runs = more;
    }
    restoring->runs[restoring->run_count++] = *run;
    return 0;
}

/* Where the mdat's contents begin in the fragment; 0: it is no fragment. */
static size_t find_data(const uint8_t *fragment, size_t count) {
    struct mdc_box moof, mdat;

    if (!mdc_box_parse(fragment, count, 0, count, &moof) || moof.kind != MDC_BOX_MOOF || moof.bytes >= count ||
        !mdc_box_parse(fragment + moof.bytes, count - moof.bytes, moof.bytes, count - moof.bytes, &mdat) || mdat.kind != MDC_BOX_MDAT)
        return 0;
    return (size_t) moof.bytes + mdat.head_bytes;
}

static int restore_gop(struct restoring *restoring, uint32_t gop_index, struct fr_failure *failure) {
    struct choosing *choosing = restoring->choosing;
    struct mdc_gop_record record;
    struct mdc_run run = {0};
    unsigned index = 0;
    const struct mdc_found *found = take_best(choosing, gop_index, &index);
    uint8_t *record_bytes;
    size_t position = 0, at;
    int error = 0;

    if (found == NULL || !found->is_full || !mdc_fragments_read_record(choosing->descriptions[index], found, &record, &record_bytes)) {
        restoring->is_incomplete = true;
        return 0;
    }
    at = find_data(choosing->fragment, found->fragment_bytes);
    while (error == 0 && at > 0 && mdc_gop_next_run(&record, &position, &run)) {
        if (run.bytes > found->fragment_bytes - at)
            break; /* the record was checked; the fragment before its data is longer than can be */
        error = mdc_output_write_at(&restoring->output, run.at, choosing->fragment + at, run.bytes, failure);
        if (error == 0)
            error = keep_run(restoring, &run, failure);
        at += run.bytes;
    }
    fr_free(record_bytes);
    return error;
}

/* A description's share of the rest, into the gaps. */
static int restore_share(struct restoring *restoring, const struct mdc_rest *rest, unsigned index, struct fr_failure *failure) {
    const struct choosing *choosing = restoring->choosing;
    const struct mdc_description *description = choosing->descriptions[index];
    const struct mdc_fragments *list = &choosing->lists[index];
    uint64_t from, to, at = list->rest_at;
    uint8_t buffer[64 << 10];
    int error = 0;

    mdc_rest_share(rest->bytes, choosing->header->count, index, &from, &to);
    if (from == to)
        return 0;
    if (description == NULL || list->rest_bytes != to - from || !mdc_fragments_check_rest(description, list)) {
        restoring->is_incomplete = true;
        return 0;
    }
    while (error == 0 && from < to) {
        struct mdc_run run = mdc_rest_locate(rest, from, to - from < sizeof buffer ? to - from : sizeof buffer);
        error = mdc_source_read(&description->file, at, buffer, run.bytes, failure);
        if (error == 0)
            error = mdc_output_write_at(&restoring->output, run.at, buffer, run.bytes, failure);
        at += run.bytes;
        from += run.bytes;
    }
    return error;
}

static int restore_all(struct restoring *restoring, struct fr_failure *failure) {
    const struct mdc_header *header = restoring->choosing->header;
    struct mdc_rest rest = {0};
    int error = 0;

    for (uint32_t g = 0; g < header->film.gop_count && error == 0 && !restoring->is_incomplete; g++) {
        error = restore_gop(restoring, g, failure);
        tell(restoring->choosing, g);
    }
    if (error != 0 || restoring->is_incomplete)
        return error;
    if (mdc_rest_find(&rest, restoring->runs, restoring->run_count, header->source_bytes, failure) != 0) {
        restoring->is_incomplete = true;
        return 0;
    }
    for (unsigned i = 0; i < header->count && error == 0 && !restoring->is_incomplete; i++)
        error = restore_share(restoring, &rest, i, failure);
    mdc_rest_done(&rest);
    return error;
}

static int check_digest(struct restoring *restoring, struct fr_failure *failure) {
    const struct mdc_header *header = restoring->choosing->header;
    struct mdc_source file = {.fd = restoring->output.fd, .bytes = restoring->output.bytes, .path = restoring->output.path};
    uint8_t digest[MDC_SHA256_BYTES];
    int error = mdc_source_hash(&file, digest, failure);

    if (error == 0 && memcmp(digest, header->source_sha256, sizeof digest) != 0)
        error = fr_failure_set(failure, FR_E_DIGEST, 0, "what was restored is not %s: --preview writes the video all the same",
                               header->name);
    return error;
}

/* result->outcome stays NOTHING when something is missing. */
static int write_original(struct choosing *choosing, const struct mdc_decode_options *options, struct mdc_result *result,
                          struct fr_failure *failure) {
    struct restoring restoring = {.choosing = choosing};
    int error = mdc_output_open(&restoring.output, options->path, options->may_replace, failure);

    if (error == 0)
        error = restore_all(&restoring, failure);
    if (error == 0 && !restoring.is_incomplete) {
        error = check_digest(&restoring, failure);
        if (error == 0)
            error = mdc_output_commit(&restoring.output, failure);
        result->outcome = MDC_OUTCOME_WHOLE;
        result->detail = UINT64_MAX;
        snprintf(result->sentence, sizeof result->sentence, "%s",
                 choosing->header->is_exact ? "the original, byte for byte" : "the film as it was encoded again, not the source's bytes");
    }
    mdc_output_done(&restoring.output);
    fr_free(restoring.runs);
    return error;
}

int mdc_video_decode(struct mdc_gathered *gathered, const struct mdc_decode_options *options, struct mdc_result *ret_result,
                     struct fr_failure *failure) {
    struct mdc_result result = {.outcome = MDC_OUTCOME_NOTHING};
    struct choosing choosing;
    bool is_mended = false;
    int error = choosing_init(&choosing, gathered, options->watch, failure);

    if (error == 0 && gathered->count == gathered->header->count && !options->is_preview)
        error = write_original(&choosing, options, &result, failure);
    if (error == 0 && result.outcome == MDC_OUTCOME_NOTHING && gathered->header->film.parity > 0 &&
        gathered->count + gathered->header->film.parity >= gathered->header->count)
        error = mend(&choosing, gathered, options, &is_mended, failure);
    if (error == 0 && is_mended && !options->is_preview)
        error = write_original(&choosing, options, &result, failure);
    if (error == 0 && result.outcome == MDC_OUTCOME_NOTHING)
        error = write_video(&choosing, options, &result, failure);
    choosing_done(&choosing);
    if (error == 0)
        *ret_result = result;
    return error;
}
