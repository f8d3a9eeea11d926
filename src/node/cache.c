/* SPDX-License-Identifier: Apache-2.0 */
/* Chunk buffers of one transfer: see cache.h. Arrays are scanned: a few hundred entries at most, once or twice a chunk. */
#include "node/cache.h"

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/memory.h"

#define NOTHING_KEPT UINT32_MAX

struct slot {
    struct fr_buffer *buffer; /* NULL: not made yet */
    uint64_t used_at;         /* a count of uses, not a time */
    bool is_pinned;
};

struct fr_cache {
    struct fr_cache_options options;
    uint32_t buffer_count;
    uint32_t kept_count; /* pinned ones included */
    uint32_t pinned_count;
    uint64_t use_count;
    struct slot *slots;       /* [buffer_max] */
    fr_chunk_index *chunk_of; /* [buffer_max] what each slot keeps, apart from the slots so that a search reads little memory */
};

int fr_cache_new(const struct fr_cache_options *options, struct fr_cache **ret_cache) {
    fr_assert(options->chunk_bytes > 0 && options->buffer_max > 0 && options->kept_max <= options->buffer_max);
    struct fr_cache *cache = fr_alloc_zeroed(1, sizeof *cache);
    if (!cache)
        return FR_E_MEMORY;
    cache->options = *options;
    cache->slots = fr_alloc_zeroed(options->buffer_max, sizeof *cache->slots);
    cache->chunk_of = fr_alloc_zeroed(options->buffer_max, sizeof *cache->chunk_of);
    if (!cache->slots || !cache->chunk_of) {
        fr_cache_free(cache);
        return FR_E_MEMORY;
    }
    for (uint32_t i = 0; i < options->buffer_max; i++)
        cache->chunk_of[i] = NOTHING_KEPT;
    *ret_cache = cache;
    return 0;
}

void fr_cache_free(struct fr_cache *cache) {
    if (!cache)
        return;
    for (uint32_t i = 0; cache->slots && i < cache->options.buffer_max; i++)
        fr_buffer_unref(cache->slots[i].buffer);
    fr_free(cache->slots);
    fr_free(cache->chunk_of);
    fr_free(cache);
}

static bool is_idle(const struct slot *slot) {
    return slot->buffer && atomic_load_explicit(&slot->buffer->refs, memory_order_acquire) == 1;
}

static void forget_slot(struct fr_cache *cache, uint32_t index) {
    fr_assert(cache->chunk_of[index] != NOTHING_KEPT);
    cache->chunk_of[index] = NOTHING_KEPT;
    cache->kept_count--;
    if (cache->slots[index].is_pinned)
        cache->pinned_count--;
    cache->slots[index].is_pinned = false;
}

static bool find_slot(const struct fr_cache *cache, fr_chunk_index chunk, uint32_t *ret_index) {
    for (uint32_t i = 0; i < cache->options.buffer_max; i++) {
        if (cache->chunk_of[i] == chunk) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* The kept chunk that was used least recently and has no pin; must_be_idle: and whose buffer nobody uses. */
static bool find_oldest(const struct fr_cache *cache, bool must_be_idle, uint32_t *ret_index) {
    bool is_found = false;
    for (uint32_t i = 0; i < cache->options.buffer_max; i++) {
        const struct slot *slot = &cache->slots[i];
        if (cache->chunk_of[i] == NOTHING_KEPT || slot->is_pinned || (must_be_idle && !is_idle(slot)))
            continue;
        if (!is_found || slot->used_at < cache->slots[*ret_index].used_at)
            *ret_index = i;
        is_found = true;
    }
    return is_found;
}

/* The first free buffer, so that a few warm ones serve as long as they are enough; else a new one in the first empty slot. */
static bool find_free_or_make(struct fr_cache *cache, uint32_t *ret_index) {
    uint32_t empty = cache->options.buffer_max;
    for (uint32_t i = 0; i < cache->options.buffer_max; i++) {
        if (cache->chunk_of[i] == NOTHING_KEPT && is_idle(&cache->slots[i])) {
            *ret_index = i;
            return true;
        }
        if (!cache->slots[i].buffer && empty == cache->options.buffer_max)
            empty = i;
    }
    if (empty == cache->options.buffer_max)
        return false;
    cache->slots[empty].buffer = fr_buffer_new(cache->options.chunk_bytes);
    if (!cache->slots[empty].buffer)
        return false;
    cache->buffer_count++;
    *ret_index = empty;
    return true;
}

struct fr_buffer *fr_cache_take(struct fr_cache *cache) {
    uint32_t index;
    if (!find_free_or_make(cache, &index)) {
        if (!find_oldest(cache, true, &index))
            return NULL;
        forget_slot(cache, index);
    }
    cache->slots[index].buffer->bytes = 0;
    return fr_buffer_ref(cache->slots[index].buffer);
}

void fr_cache_keep(struct fr_cache *cache, fr_chunk_index chunk, struct fr_buffer *buffer, bool is_pinned) {
    uint32_t index;
    fr_assert(chunk != NOTHING_KEPT);
    if (find_slot(cache, chunk, &index))
        return;
    if (!is_pinned) {
        if (cache->options.kept_max == 0)
            return;
        if (cache->kept_count - cache->pinned_count >= cache->options.kept_max && find_oldest(cache, false, &index))
            forget_slot(cache, index);
    }
    for (index = 0; index < cache->options.buffer_max && cache->slots[index].buffer != buffer; index++)
        ;
    fr_assert(index < cache->options.buffer_max);
    fr_assert(cache->chunk_of[index] == NOTHING_KEPT);
    cache->chunk_of[index] = chunk;
    cache->slots[index].used_at = ++cache->use_count;
    cache->slots[index].is_pinned = is_pinned;
    cache->kept_count++;
    if (is_pinned)
        cache->pinned_count++;
}

struct fr_buffer *fr_cache_get(struct fr_cache *cache, fr_chunk_index chunk) {
    uint32_t index;
    if (!find_slot(cache, chunk, &index))
        return NULL;
    cache->slots[index].used_at = ++cache->use_count;
    return fr_buffer_ref(cache->slots[index].buffer);
}

void fr_cache_forget(struct fr_cache *cache, fr_chunk_index chunk) {
    uint32_t index;
    if (chunk != NOTHING_KEPT && find_slot(cache, chunk, &index))
        forget_slot(cache, index);
}

uint32_t fr_cache_kept_count(const struct fr_cache *cache) { return cache->kept_count; }

uint32_t fr_cache_buffer_count(const struct fr_cache *cache) { return cache->buffer_count; }
