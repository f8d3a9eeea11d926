/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what a transfer on the bench did. */
#include <fastreplica/error.h>

#include "support/core_rig.h"
#include "support/test.h"

void core_rig_forget(struct core_rig *rig) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].is_open)
            rig->acts[kept++] = rig->acts[i];
        else
            free(rig->acts[i].body);
    rig->act_count = kept;
    rig->trace_count = 0;
}

uint32_t core_rig_did(const struct core_rig *rig, enum fr_action_type type, fr_link_id link) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++)
        count += rig->acts[i].type == type && (link == FR_LINK_NONE || rig->acts[i].link == link);
    return count;
}

uint32_t core_rig_said(const struct core_rig *rig, fr_link_id link, enum fr_frame_type frame) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++)
        count += rig->acts[i].type == FR_ACTION_SEND && rig->acts[i].link == link && rig->acts[i].frame == frame;
    return count;
}

bool core_rig_sent_chunk(const struct core_rig *rig, fr_link_id link, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].type == FR_ACTION_SEND_CHUNK && rig->acts[i].link == link && rig->acts[i].chunk == chunk)
            return true;
    return false;
}

static bool holds_chunk(const struct core_rig_act *act, fr_chunk_index chunk) {
    struct fr_msg_ranges ranges;
    assert_int_equal(fr_ranges_decode(act->frame, act->body, act->bytes, &ranges), 0);
    for (uint32_t r = 0; r < ranges.range_count; r++)
        if (chunk >= ranges.ranges[r].first && chunk - ranges.ranges[r].first < ranges.ranges[r].count)
            return true;
    return false;
}

bool core_rig_told(const struct core_rig *rig, fr_link_id link, enum fr_frame_type type, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < rig->act_count; i++) {
        const struct core_rig_act *act = &rig->acts[i];
        if (act->type == FR_ACTION_SEND && act->link == link && act->frame == type && holds_chunk(act, chunk))
            return true;
    }
    return false;
}

const struct core_rig_act *core_rig_last(const struct core_rig *rig, fr_link_id link, enum fr_frame_type frame) {
    for (uint32_t i = rig->act_count; i > 0; i--) {
        const struct core_rig_act *act = &rig->acts[i - 1];
        if (act->type == FR_ACTION_SEND && act->link == link && act->frame == frame)
            return act;
    }
    return NULL;
}

bool core_rig_named(const struct core_rig *rig, fr_link_id to, uint32_t member, const char *words) {
    for (uint32_t i = 0; i < rig->act_count; i++) {
        const struct core_rig_act *act = &rig->acts[i];
        struct fr_msg_fault fault;
        if (act->type != FR_ACTION_SEND || act->link != to || act->frame != FR_FRAME_FAULT)
            continue;
        assert_int_equal(fr_fault_decode(act->body, act->bytes, &fault), 0);
        if (fault.member == member && memmem(fault.text.bytes, fault.text.count, words, strlen(words)))
            return true;
    }
    return false;
}

uint32_t core_rig_traced(const struct core_rig *rig, enum fr_trace_type type, uint32_t member) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->trace_count; i++)
        count += rig->traces[i].type == type && rig->traces[i].member == member;
    return count;
}

const struct core_rig_trace *core_rig_last_trace(const struct core_rig *rig, enum fr_trace_type type) {
    for (uint32_t i = rig->trace_count; i > 0; i--)
        if (rig->traces[i - 1].type == type)
            return &rig->traces[i - 1];
    return NULL;
}

struct fr_transfer_view core_rig_view(const struct core_rig *rig) {
    struct fr_transfer_view view;
    fr_transfer_view(rig->transfer, &view);
    return view;
}

int core_rig_failure(const struct core_rig *rig) { return core_rig_view(rig).failure.error; }

struct fr_member_result core_rig_node_result(const struct core_rig *rig, uint32_t node) {
    struct fr_member_result result;
    fr_transfer_node_result(rig->transfer, node, &result);
    return result;
}
