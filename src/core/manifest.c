/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and the end of one object, checked before they are believed. While a pipe has not ended the layout grows with its pages. */
#include "core/manifest.h"

#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"
#include "content/digest.h"

enum { SIGNED_MAX = FR_TRANSFER_ID_BYTES + 128 + FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES };

static int reserve(struct fr_manifest *manifest, uint32_t page_count) {
    uint32_t pages = manifest->page_capacity;
    struct fr_digest *digests;
    void *signatures;
    int error;

    if (page_count > pages) {
        pages = page_count > 2 * pages ? page_count : 2 * pages;
        digests = fr_realloc(manifest->digests, (size_t) pages * manifest->layout.page_chunks, sizeof(*digests));
        if (!digests)
            return FR_E_MEMORY;
        manifest->digests = digests;
        manifest->digest_capacity = pages * manifest->layout.page_chunks;
        signatures = fr_realloc(manifest->signatures, pages, FR_SIGNATURE_BYTES);
        if (!signatures)
            return FR_E_MEMORY;
        manifest->signatures = signatures;
        manifest->page_capacity = pages;
    }
    error = fr_bitset_grow(&manifest->pages, page_count);
    return error;
}

int fr_manifest_init(struct fr_manifest *manifest, const uint8_t *transfer_id, uint64_t object_bytes, uint32_t chunk_bytes) {
    int error;

    *manifest = (struct fr_manifest){0};
    memcpy(manifest->transfer_id, transfer_id, FR_TRANSFER_ID_BYTES);
    error = fr_layout_init(&manifest->layout, object_bytes, chunk_bytes);
    if (error)
        return error;
    error = fr_bitset_init(&manifest->pages, 0);
    if (error)
        return error;
    return reserve(manifest, manifest->layout.page_count);
}

void fr_manifest_done(struct fr_manifest *manifest) {
    if (!manifest)
        return;
    fr_bitset_done(&manifest->pages);
    fr_free(manifest->digests);
    fr_free(manifest->signatures);
    *manifest = (struct fr_manifest){0};
}

static void adopt_page(struct fr_manifest *manifest, const struct fr_msg_page *page) {
    fr_chunk_index first = fr_layout_page_first(&manifest->layout, page->page);

    memcpy(&manifest->digests[first], page->digests, (size_t) page->count * FR_DIGEST_BYTES);
    memcpy(manifest->signatures[page->page], page->signature, FR_SIGNATURE_BYTES);
    fr_bitset_add(&manifest->pages, page->page);
    manifest->pages_contiguous = fr_bitset_next_clear(&manifest->pages, manifest->pages_contiguous);
    manifest->chunks_announced += page->count;
}

/* A known page that comes again must be the same: the origin signs one page of a number only. */
static bool is_same_page(const struct fr_manifest *manifest, const struct fr_msg_page *page) {
    struct fr_msg_page known;

    fr_manifest_page(manifest, page->page, &known);
    return known.count == page->count && memcmp(known.digests, page->digests, (size_t) page->count * FR_DIGEST_BYTES) == 0;
}

static bool page_fits(const struct fr_manifest *manifest, const struct fr_msg_page *page) {
    const struct fr_layout *layout = &manifest->layout;
    uint64_t chunk_end = (uint64_t) page->page * layout->page_chunks + page->count;

    if (page->count > layout->page_chunks || chunk_end > FR_CHUNKS_MAX)
        return false;
    if (fr_layout_is_closed(layout))
        return page->page < layout->page_count && page->count == fr_layout_page_size(layout, page->page);
    /* Only the last page of a pipe may be short, and nothing can follow it. */
    if (page->page + 1 < layout->page_count && page->count != layout->page_chunks)
        return false;
    return page->page < layout->page_count || layout->chunk_count == layout->page_count * layout->page_chunks;
}

enum fr_manifest_result fr_manifest_take_page(struct fr_manifest *manifest, const struct fr_verify_key *key,
                                              const struct fr_msg_page *page) {
    uint8_t text[SIGNED_MAX];
    size_t count;

    if (fr_manifest_has_page(manifest, page->page))
        return is_same_page(manifest, page) ? FR_MANIFEST_KNOWN : FR_MANIFEST_BAD_SIGNATURE;
    if (!page_fits(manifest, page))
        return FR_MANIFEST_BAD_SHAPE;
    count = fr_page_signed_bytes(manifest->transfer_id, page, text, sizeof(text));
    if (!fr_verify(key, FR_SIGN_PAGE, text, count, page->signature))
        return FR_MANIFEST_BAD_SIGNATURE;
    if (reserve(manifest, page->page + 1))
        return FR_MANIFEST_NO_MEMORY;
    if (!fr_layout_is_closed(&manifest->layout) && page->page >= manifest->layout.page_count &&
        fr_layout_extend(&manifest->layout, page->page * manifest->layout.page_chunks + page->count))
        return FR_MANIFEST_BAD_SHAPE;
    adopt_page(manifest, page);
    return FR_MANIFEST_NEW;
}

static bool is_same_end(const struct fr_msg_end *known, const struct fr_msg_end *end) {
    return known->chunk_count == end->chunk_count && known->object_bytes == end->object_bytes &&
        fr_digest_equal(&known->root, &end->root) && fr_digest_equal(&known->sha256, &end->sha256);
}

/* Nothing follows a short page, not even once the size is known. */
static bool ends_in_short_page(const struct fr_layout *layout) {
    return !fr_layout_is_closed(layout) && layout->chunk_count % layout->page_chunks != 0;
}

enum fr_manifest_result fr_manifest_take_end(struct fr_manifest *manifest, const struct fr_verify_key *key, const struct fr_msg_end *end) {
    struct fr_layout layout = manifest->layout;
    uint8_t text[SIGNED_MAX];
    size_t count;

    if (manifest->is_end_known)
        return is_same_end(&manifest->end, end) ? FR_MANIFEST_KNOWN : FR_MANIFEST_BAD_SIGNATURE;
    if (fr_layout_close(&layout, end->object_bytes) || layout.chunk_count != end->chunk_count)
        return FR_MANIFEST_BAD_SHAPE;
    if (ends_in_short_page(&manifest->layout) && layout.chunk_count != manifest->layout.chunk_count)
        return FR_MANIFEST_BAD_SHAPE;
    count = fr_end_signed_bytes(manifest->transfer_id, end, text, sizeof(text));
    if (!fr_verify(key, FR_SIGN_END, text, count, end->signature))
        return FR_MANIFEST_BAD_SIGNATURE;
    if (reserve(manifest, layout.page_count))
        return FR_MANIFEST_NO_MEMORY;
    manifest->layout = layout;
    manifest->end = *end;
    manifest->is_end_known = true;
    return FR_MANIFEST_NEW;
}

int fr_manifest_make_page(struct fr_manifest *manifest, const struct fr_sign_key *key, const struct fr_digest *digests, uint32_t count) {
    struct fr_msg_page page = {.page = manifest->pages_contiguous, .count = count, .digests = digests->bytes};
    uint8_t signature[FR_SIGNATURE_BYTES], text[SIGNED_MAX];
    size_t bytes;
    int error;

    fr_assert(count >= 1 && count <= manifest->layout.page_chunks);
    if ((uint64_t) page.page * manifest->layout.page_chunks + count > FR_CHUNKS_MAX)
        return FR_E_LIMIT;
    if (!page_fits(manifest, &page))
        return FR_E_CHANGED;
    bytes = fr_page_signed_bytes(manifest->transfer_id, &page, text, sizeof(text));
    error = fr_sign(key, FR_SIGN_PAGE, text, bytes, signature);
    if (error)
        return error;
    page.signature = signature;
    error = reserve(manifest, page.page + 1);
    if (!error && !fr_layout_is_closed(&manifest->layout))
        error = fr_layout_extend(&manifest->layout, page.page * manifest->layout.page_chunks + count);
    if (!error)
        adopt_page(manifest, &page);
    return error;
}

int fr_manifest_make_end(struct fr_manifest *manifest, const struct fr_sign_key *key, uint64_t object_bytes,
                         const struct fr_digest *sha256) {
    struct fr_msg_end end = {.object_bytes = object_bytes, .sha256 = *sha256};
    uint8_t text[SIGNED_MAX];
    size_t bytes;
    int error;

    if (fr_layout_close(&manifest->layout, object_bytes))
        return FR_E_CHANGED;
    if (manifest->layout.chunk_count != manifest->chunks_announced)
        return FR_E_CHANGED;
    end.chunk_count = manifest->layout.chunk_count;
    fr_root_of(manifest->layout.chunk_bytes, object_bytes, manifest->digests, end.chunk_count, &end.root);
    bytes = fr_end_signed_bytes(manifest->transfer_id, &end, text, sizeof(text));
    error = fr_sign(key, FR_SIGN_END, text, bytes, end.signature);
    if (error)
        return error;
    manifest->end = end;
    manifest->is_end_known = true;
    return 0;
}

bool fr_manifest_has_page(const struct fr_manifest *manifest, uint32_t page) { return fr_bitset_has(&manifest->pages, page); }

bool fr_manifest_has_chunk(const struct fr_manifest *manifest, fr_chunk_index chunk) {
    return chunk < manifest->layout.chunk_count && fr_manifest_has_page(manifest, fr_layout_page_of(&manifest->layout, chunk));
}

const struct fr_digest *fr_manifest_digest(const struct fr_manifest *manifest, fr_chunk_index chunk) {
    fr_assert(fr_manifest_has_chunk(manifest, chunk));
    return &manifest->digests[chunk];
}

void fr_manifest_page(const struct fr_manifest *manifest, uint32_t page, struct fr_msg_page *ret_page) {
    fr_chunk_index first = fr_layout_page_first(&manifest->layout, page);
    uint32_t left = manifest->layout.chunk_count - first;

    fr_assert(fr_manifest_has_page(manifest, page));
    ret_page->page = page;
    ret_page->count = left < manifest->layout.page_chunks ? left : manifest->layout.page_chunks;
    ret_page->digests = manifest->digests[first].bytes;
    ret_page->signature = manifest->signatures[page];
}

bool fr_manifest_is_whole(const struct fr_manifest *manifest) {
    return manifest->is_end_known && manifest->pages_contiguous == manifest->layout.page_count;
}

bool fr_manifest_root_matches(const struct fr_manifest *manifest) {
    struct fr_digest root;

    fr_assert(fr_manifest_is_whole(manifest));
    fr_root_of(manifest->layout.chunk_bytes, manifest->layout.object_bytes, manifest->digests, manifest->layout.chunk_count, &root);
    return fr_digest_equal(&root, &manifest->end.root);
}
