/* SPDX-License-Identifier: Apache-2.0 */
/* The actions that wait for the driver, and the bytes of the frames among them. */
#ifndef FR_CORE_ACTIONS_H
#define FR_CORE_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/transfer.h"

/* Frames are encoded into one arena that grows to the largest turn and is emptied when the last action was taken. */
struct fr_actions {
    struct fr_action *items;
    uint32_t head, count, capacity; /* items[head .. head + count) */
    uint8_t *arena;
    size_t arena_used, arena_capacity;
    bool is_starved; /* memory ran out: an action was lost, the transfer must end */
};

void fr_actions_init(struct fr_actions *actions);
void fr_actions_done(struct fr_actions *actions); /* drops the buffers of actions that nobody took */

/* Queue one. Without memory it is lost and is_starved set; its buffer, if any, is dropped. */
void fr_actions_push(struct fr_actions *actions, const struct fr_action *action);

/* Room for one frame: capacity bytes at the return value, or NULL (is_starved set). Then commit what was written. */
uint8_t *fr_actions_frame_begin(struct fr_actions *actions, size_t capacity);
void fr_actions_frame_commit(struct fr_actions *actions, fr_link_id link, size_t bytes);

/* The oldest; false when there is none. */
bool fr_actions_pop(struct fr_actions *actions, struct fr_action *ret_action);

#endif
