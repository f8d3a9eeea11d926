/* SPDX-License-Identifier: Apache-2.0 */
/* The object that a virtual push distributes. It has no bytes: a chunk is a token that names it, and its digest is the SHA-256 of
 * (seed, chunk). What a node stores is judged by its token. */
#ifndef FR_SIM_OBJECT_H
#define FR_SIM_OBJECT_H

#include "base/buffer.h"
#include "content/digest.h"
#include "content/layout.h"

struct fr_sim_object {
    uint64_t seed;
    struct fr_layout layout;   /* closed: the world knows the size even when a pipe hides it from the nodes */
    struct fr_digest *digests; /* [layout.chunk_count] */
    struct fr_digest root, sha256;
};

/* Sizes as fr_layout_init takes them. */
void fr_sim_object_init(struct fr_sim_object *object, uint64_t seed, uint64_t object_bytes, uint32_t chunk_bytes);
void fr_sim_object_done(struct fr_sim_object *object);

/* What stands for a chunk's bytes in a buffer: the buffer says it holds chunk_size bytes, and its first ones say which. */
struct fr_sim_token {
    fr_chunk_index chunk;
    uint32_t is_corrupt;
};

struct fr_buffer *fr_sim_token_buffer(fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt);
struct fr_sim_token fr_sim_token_of(const struct fr_buffer *buffer);

#endif
