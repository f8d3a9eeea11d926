/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the object: its layout, the signed pages of chunk digests, and its signed end. */
#ifndef FR_CORE_MANIFEST_H
#define FR_CORE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bitset.h"
#include "content/layout.h"
#include "content/sign.h"
#include "wire/message.h"

struct fr_manifest {
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    struct fr_layout layout;
    struct fr_bitset pages;                    /* pages known */
    uint32_t pages_contiguous;                 /* pages 0 .. pages_contiguous - 1 are known */
    struct fr_digest *digests;                 /* [digest_capacity], by chunk; valid where the page is known */
    uint8_t (*signatures)[FR_SIGNATURE_BYTES]; /* [page_capacity], by page */
    uint32_t digest_capacity, page_capacity;
    uint32_t chunks_announced; /* chunks in the pages known */
    bool is_end_known;
    struct fr_msg_end end;
};

int fr_manifest_init(struct fr_manifest *manifest, const uint8_t *transfer_id, uint64_t object_bytes, uint32_t chunk_bytes);
void fr_manifest_done(struct fr_manifest *manifest);

enum fr_manifest_result {
    FR_MANIFEST_NEW,
    FR_MANIFEST_KNOWN,         /* was here already and is the same */
    FR_MANIFEST_BAD_SHAPE,     /* outside the object, or a count that does not fit */
    FR_MANIFEST_BAD_SIGNATURE, /* not signed by the origin, or differs from what is known */
    FR_MANIFEST_NO_MEMORY,
};
/* Take a page, or the end, from outside: shape, then signature. A page already known is not verified again. */
enum fr_manifest_result fr_manifest_take_page(struct fr_manifest *manifest, const struct fr_verify_key *key,
                                              const struct fr_msg_page *page);
enum fr_manifest_result fr_manifest_take_end(struct fr_manifest *manifest, const struct fr_verify_key *key, const struct fr_msg_end *end);

/* The origin: make and sign the next page, or the end. 0, FR_E_MEMORY, FR_E_LIMIT; FR_E_CHANGED when it does not fit the object's size. */
int fr_manifest_make_page(struct fr_manifest *manifest, const struct fr_sign_key *key, const struct fr_digest *digests, uint32_t count);
int fr_manifest_make_end(struct fr_manifest *manifest, const struct fr_sign_key *key, uint64_t object_bytes,
                         const struct fr_digest *sha256);

bool fr_manifest_has_page(const struct fr_manifest *manifest, uint32_t page);
bool fr_manifest_has_chunk(const struct fr_manifest *manifest, fr_chunk_index chunk); /* is its digest known? */
const struct fr_digest *fr_manifest_digest(const struct fr_manifest *manifest, fr_chunk_index chunk);
/* A known page, ready to be encoded; borrows from the manifest. */
void fr_manifest_page(const struct fr_manifest *manifest, uint32_t page, struct fr_msg_page *ret_page);
/* All pages and the end are here, and the root of the digests is the end's root? An inconsistency is the origin's. */
bool fr_manifest_is_whole(const struct fr_manifest *manifest);
bool fr_manifest_root_matches(const struct fr_manifest *manifest);

#endif
