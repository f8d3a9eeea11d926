/* SPDX-License-Identifier: Apache-2.0 */
/* Digests made up from a seed, and the tokens that stand for chunks. */
#include "sim/object.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "sim/pool.h"

static void make_digest(uint64_t seed, uint64_t what, struct fr_digest *ret_digest) {
    uint64_t words[2] = {seed, what};

    fr_digest_of(words, sizeof words, ret_digest);
}

void fr_sim_object_init(struct fr_sim_object *object, uint64_t seed, uint64_t object_bytes, uint32_t chunk_bytes) {
    struct fr_layout *layout = &object->layout;
    int error;

    memset(object, 0, sizeof *object);
    object->seed = seed;
    error = fr_layout_init(layout, object_bytes, chunk_bytes);
    fr_assert(error == 0);
    object->digests = fr_sim_alloc(layout->chunk_count, sizeof *object->digests);
    for (fr_chunk_index chunk = 0; chunk < layout->chunk_count; chunk++)
        make_digest(seed, chunk, &object->digests[chunk]);
    make_digest(seed, UINT64_MAX, &object->sha256);
    fr_root_of(layout->chunk_bytes, object_bytes, object->digests, layout->chunk_count, &object->root);
}

void fr_sim_object_done(struct fr_sim_object *object) {
    fr_free(object->digests);
    object->digests = NULL;
}

struct fr_buffer *fr_sim_token_buffer(fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt) {
    struct fr_sim_token token = {chunk, is_corrupt};
    struct fr_buffer *buffer = fr_buffer_new(sizeof token);

    fr_assert(buffer != NULL);
    memcpy(buffer->data, &token, sizeof token);
    buffer->bytes = chunk_size;
    return buffer;
}

struct fr_sim_token fr_sim_token_of(const struct fr_buffer *buffer) {
    struct fr_sim_token token;

    memcpy(&token, buffer->data, sizeof token);
    return token;
}
