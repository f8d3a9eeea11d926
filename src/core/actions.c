/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of actions with an arena for frame bytes. A SEND keeps an offset, since the arena may move while it grows. */
#include "core/actions.h"

#include "base/check.h"
#include "base/memory.h"

enum { ARENA_KEPT = 16 << 10, ITEMS_KEPT = 64 };

void fr_actions_init(struct fr_actions *actions) { *actions = (struct fr_actions){0}; }

void fr_actions_done(struct fr_actions *actions) {
    struct fr_action action;

    while (fr_actions_pop(actions, &action))
        fr_buffer_unref(action.buffer);
    fr_free(actions->items);
    fr_free(actions->arena);
    *actions = (struct fr_actions){0};
}

static bool make_room(struct fr_actions *actions) {
    uint32_t capacity;
    struct fr_action *items;

    if (actions->head + actions->count < actions->capacity)
        return true;
    if (actions->head > actions->capacity / 2) { /* slide down instead of growing */
        for (uint32_t i = 0; i < actions->count; i++)
            actions->items[i] = actions->items[actions->head + i];
        actions->head = 0;
        return true;
    }
    capacity = actions->capacity ? actions->capacity * 2 : 16;
    items = fr_realloc(actions->items, capacity, sizeof(*items));
    if (!items)
        return false;
    actions->items = items;
    actions->capacity = capacity;
    return true;
}

void fr_actions_push(struct fr_actions *actions, const struct fr_action *action) {
    if (!make_room(actions)) {
        actions->is_starved = true;
        fr_buffer_unref(action->buffer);
        return;
    }
    actions->items[actions->head + actions->count++] = *action;
}

uint8_t *fr_actions_frame_begin(struct fr_actions *actions, size_t capacity) {
    if (actions->arena_used + capacity > actions->arena_capacity) {
        size_t wanted = (actions->arena_used + capacity) * 2;
        uint8_t *arena = fr_realloc(actions->arena, wanted, 1);

        if (!arena) {
            actions->is_starved = true;
            return NULL;
        }
        actions->arena = arena;
        actions->arena_capacity = wanted;
    }
    return actions->arena + actions->arena_used;
}

void fr_actions_frame_commit(struct fr_actions *actions, fr_link_id link, size_t bytes) {
    struct fr_action action = {.type = FR_ACTION_SEND, .link = link, .count = (uint32_t) bytes};

    fr_assert(actions->arena_used + bytes <= actions->arena_capacity);
    action.chunk_offset = actions->arena_used; /* becomes a pointer when it is taken */
    actions->arena_used += bytes;
    fr_actions_push(actions, &action);
}

/* One large turn, such as the first, is no reason to keep so much for good. */
static void shrink(struct fr_actions *actions) {
    if (actions->arena_capacity > ARENA_KEPT) {
        fr_free(actions->arena);
        actions->arena = NULL;
        actions->arena_capacity = 0;
    }
    if (actions->capacity > ITEMS_KEPT) {
        fr_free(actions->items);
        actions->items = NULL;
        actions->capacity = 0;
    }
}

bool fr_actions_pop(struct fr_actions *actions, struct fr_action *ret_action) {
    if (actions->count == 0) {
        actions->head = 0;
        actions->arena_used = 0;
        shrink(actions);
        return false;
    }
    *ret_action = actions->items[actions->head++];
    actions->count--;
    if (ret_action->type == FR_ACTION_SEND) {
        ret_action->bytes = actions->arena + ret_action->chunk_offset;
        ret_action->chunk_offset = 0;
    }
    return true;
}
