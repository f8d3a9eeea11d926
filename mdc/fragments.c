/* SPDX-License-Identifier: Apache-2.0 */
#include "mdc/fragments.h"

#include <string.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "mdc/boxes.h"
#include "mdc/mend.h"

enum { SEARCH_BYTES = 64 << 10, MOVIE_BYTES_MAX = 1 << 20, FOUND_MAX = 2 * MDC_GOPS_MAX };

static struct mdc_gop_limits limits_of(const struct mdc_description *description) {
    return (struct mdc_gop_limits){.gop_count = description->header.film.gop_count,
                                   .count = description->header.count,
                                   .source_bytes = description->header.source_bytes};
}

static bool hash_part(const struct mdc_source *file, uint64_t at, uint64_t bytes, uint8_t *ret_digest) {
    struct fr_sha256 *sha256 = fr_sha256_new();
    uint8_t buffer[4096];
    bool is_read = sha256 != NULL;

    while (is_read && bytes > 0) {
        size_t part = bytes < sizeof buffer ? (size_t) bytes : sizeof buffer;
        is_read = mdc_source_read(file, at, buffer, part, NULL) == 0;
        if (is_read)
            fr_sha256_add(sha256, buffer, part);
        at += part;
        bytes -= part;
    }
    if (is_read)
        fr_sha256_end(sha256, ret_digest);
    fr_sha256_free(sha256);
    return is_read;
}

/* Finding */

static int add(struct mdc_fragments *fragments, const struct mdc_found *found, struct fr_failure *failure) {
    if (fragments->count == FOUND_MAX)
        return 0;
    if ((fragments->count & (fragments->count - 1)) == 0) {
        size_t room = fragments->count > 0 ? 2 * (size_t) fragments->count : 1;
        struct mdc_found *more = fr_realloc(fragments->found, room, sizeof *more);
        if (more == NULL)
            return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory to list a description's fragments");
        fragments->found = more;
    }
    fragments->found[fragments->count++] = *found;
    return 0;
}

/* A record and the fragment behind it. false: it is not what it should be. */
static bool parse_record(const struct mdc_description *description, const struct mdc_box *box, struct mdc_found *ret_found) {
    struct mdc_found found = {.record_at = box->at + box->head_bytes, .fragment_at = box->at + box->bytes};
    uint64_t record_bytes = box->bytes - box->head_bytes;
    struct mdc_gop_record record;
    uint8_t *bytes;

    if (record_bytes > MDC_RECORD_BYTES_MAX)
        return false;
    found.record_bytes = (uint32_t) record_bytes;
    if (!mdc_fragments_read_record(description, &found, &record, &bytes))
        return false;
    found.fragment_bytes = record.fragment_bytes;
    found.gop_index = record.gop_index;
    found.frame_count = record.frame_count;
    found.is_full = record.is_full;
    found.owner = record.owner;
    fr_free(bytes);
    if (found.fragment_bytes > description->file.bytes - found.fragment_at)
        return false;
    *ret_found = found;
    return true;
}

/* The next place from `at` on where a box of ours may begin; the file's end when there is none. */
static uint64_t search(const struct mdc_source *file, uint64_t at) {
    uint8_t pattern[MDC_OWN_HEAD_BYTES], *buffer = fr_alloc(SEARCH_BYTES);
    enum { TYPE_AT = 4, SAME_BYTES = MDC_OWN_HEAD_BYTES - TYPE_AT - 1 };

    mdc_box_write_own(MDC_BOX_GOP, 0, pattern);
    while (buffer != NULL && at + MDC_OWN_HEAD_BYTES <= file->bytes) {
        size_t count = file->bytes - at < SEARCH_BYTES ? (size_t) (file->bytes - at) : SEARCH_BYTES;
        const uint8_t *hit = NULL;
        if (mdc_source_read(file, at, buffer, count, NULL) == 0)
            hit = memmem(buffer, count, pattern + TYPE_AT, SAME_BYTES);
        if (hit != NULL && hit - buffer >= TYPE_AT) {
            at += (uint64_t) (hit - buffer) - TYPE_AT;
            fr_free(buffer);
            return at;
        }
        at += count > MDC_OWN_HEAD_BYTES ? count - MDC_OWN_HEAD_BYTES : count;
        if (count < SEARCH_BYTES)
            break;
    }
    fr_free(buffer);
    return file->bytes;
}

int mdc_fragments_list(struct mdc_fragments *fragments, const struct mdc_description *description, struct fr_failure *failure) {
    const struct mdc_source *file = &description->file;
    uint64_t at = description->header_at + description->header_bytes;
    int error = 0;

    *fragments = (struct mdc_fragments){0};
    while (error == 0 && at < file->bytes) {
        struct mdc_found found;
        struct mdc_box box;
        bool is_box = mdc_box_at(file, at, &box);
        if (is_box && box.kind == MDC_BOX_GOP && parse_record(description, &box, &found)) {
            error = add(fragments, &found, failure);
            at = found.fragment_at + found.fragment_bytes;
        } else if (is_box && box.kind == MDC_BOX_REST && box.bytes >= box.head_bytes + MDC_SHA256_BYTES) {
            fragments->rest_at = at + box.head_bytes;
            fragments->rest_bytes = box.bytes - box.head_bytes - MDC_SHA256_BYTES;
            at += box.bytes;
        } else if (is_box && box.kind == MDC_BOX_SPARE) {
            fragments->spare_at = at + box.head_bytes;
            fragments->spare_bytes = box.bytes - box.head_bytes;
            at += box.bytes;
        } else {
            fragments->is_broken = true;
            at = search(file, at + 1);
        }
    }
    if (fragments->rest_at == 0 || fragments->count != description->header.film.gop_count ||
        (fragments->spare_at == 0) != (description->header.film.parity == 0))
        fragments->is_broken = true;
    if (error != 0)
        mdc_fragments_done(fragments);
    return error;
}

void mdc_fragments_done(struct mdc_fragments *fragments) {
    fr_free(fragments->found);
    *fragments = (struct mdc_fragments){0};
}

/* Reading */

bool mdc_fragments_read_record(const struct mdc_description *description, const struct mdc_found *found, struct mdc_gop_record *ret_record,
                               uint8_t **ret_bytes) {
    struct mdc_gop_limits limits = limits_of(description);
    uint8_t *bytes = fr_alloc(found->record_bytes + 1);

    if (bytes != NULL && mdc_source_read(&description->file, found->record_at, bytes, found->record_bytes, NULL) == 0 &&
        mdc_gop_decode(bytes, found->record_bytes, &limits, ret_record) == 0) {
        *ret_bytes = bytes;
        return true;
    }
    fr_free(bytes);
    return false;
}

bool mdc_fragments_read(const struct mdc_description *description, const struct mdc_found *found, uint8_t *out) {
    struct fr_sha256_part part = {.bytes = out, .count = found->fragment_bytes};
    uint8_t digest[MDC_SHA256_BYTES], *record_bytes;
    struct mdc_gop_record record;
    bool is_same;

    if (mdc_source_read(&description->file, found->fragment_at, out, found->fragment_bytes, NULL) != 0 ||
        !mdc_fragments_read_record(description, found, &record, &record_bytes))
        return false;
    fr_sha256_of(&part, 1, digest);
    is_same = memcmp(digest, record.sha256, sizeof digest) == 0;
    fr_free(record_bytes);
    return is_same;
}

bool mdc_fragments_read_movie(const struct mdc_description *description, uint8_t **ret_bytes) {
    const struct mdc_film *film = &description->header.film;
    struct fr_sha256_part part;
    uint8_t digest[MDC_SHA256_BYTES], *bytes;

    if (film->movie_bytes > MOVIE_BYTES_MAX || film->movie_bytes > description->file.bytes)
        return false;
    bytes = fr_alloc(film->movie_bytes + 1);
    if (bytes != NULL && mdc_source_read(&description->file, 0, bytes, film->movie_bytes, NULL) == 0) {
        part = (struct fr_sha256_part){.bytes = bytes, .count = film->movie_bytes};
        fr_sha256_of(&part, 1, digest);
        if (memcmp(digest, film->movie_sha256, sizeof digest) == 0) {
            *ret_bytes = bytes;
            return true;
        }
    }
    fr_free(bytes);
    return false;
}

bool mdc_fragments_check_rest(const struct mdc_description *description, const struct mdc_fragments *fragments) {
    uint8_t digest[MDC_SHA256_BYTES], expected[MDC_SHA256_BYTES];

    return fragments->rest_at != 0 && hash_part(&description->file, fragments->rest_at, fragments->rest_bytes, digest) &&
        mdc_source_read(&description->file, fragments->rest_at + fragments->rest_bytes, expected, sizeof expected, NULL) == 0 &&
        memcmp(digest, expected, sizeof digest) == 0;
}

bool mdc_fragments_check(const struct mdc_description *description, const char **ret_problem) {
    struct mdc_fragments fragments;
    uint8_t *movie = NULL;
    bool is_whole;

    *ret_problem = "damaged";
    if (mdc_fragments_list(&fragments, description, NULL) != 0)
        return false;
    if (fragments.is_broken && (fragments.rest_at == 0 || (description->header.film.parity > 0 && fragments.spare_at == 0)))
        *ret_problem = "cut off";
    is_whole = !fragments.is_broken && mdc_fragments_read_movie(description, &movie) && mdc_fragments_check_rest(description, &fragments) &&
        (description->header.film.parity == 0 || mdc_spare_check(description, &fragments));
    for (uint32_t i = 0; i < fragments.count && is_whole; i++) {
        uint8_t *bytes = fr_alloc(fragments.found[i].fragment_bytes + 1);
        is_whole = bytes != NULL && mdc_fragments_read(description, &fragments.found[i], bytes);
        fr_free(bytes);
    }
    fr_free(movie);
    mdc_fragments_done(&fragments);
    if (is_whole)
        *ret_problem = NULL;
    return is_whole;
}
