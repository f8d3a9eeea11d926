/* SPDX-License-Identifier: Apache-2.0 */
/* The bench with groups above and below. */
#include "support/core_rig_tree.h"

#include <stdio.h>

#include "support/test.h"

enum { ROSTER_FRAME = FR_FRAME_HEAD_BYTES + 2 + FR_ROSTER_BYTES_MAX + FR_SIGNATURE_BYTES };

/* ---------------------------------------------------------------------------------------------------- making */

void core_rig_place(struct core_rig *rig, uint32_t group, uint32_t below_count, uint32_t upstream_count) {
    rig->roster.group_index = group;
    rig->roster.below_count = below_count;
    rig->roster.upstream_group = 0;
    rig->roster.upstream_count = upstream_count;
}

static struct fr_roster *make_roster(const struct core_rig *rig, const struct core_rig_group *group) {
    struct fr_roster *roster = calloc(1, sizeof *roster);
    assert_non_null(roster);
    memcpy(roster->transfer_id, rig->opening.transfer_id, FR_TRANSFER_ID_BYTES);
    roster->group_index = group->index;
    roster->below_count = group->below_count;
    roster->upstream_group = group->upstream_group;
    roster->upstream_count = group->upstream_count;
    roster->is_secondary = group->is_secondary;
    roster->is_adopting = group->is_adopting;
    roster->adopted_group = group->adopted_group;
    roster->adopted_shift = group->adopted_shift;
    roster->member_count = group->member_count;
    for (uint32_t i = 0; i < group->member_count; i++)
        snprintf(roster->addresses[i], sizeof roster->addresses[i], "g%un%u:7420", group->index, i);
    return roster;
}

int core_rig_be_origin_of(struct core_rig *rig, const struct core_rig_group *groups, uint32_t group_count) {
    struct fr_roster **rosters = calloc(group_count, sizeof(struct fr_roster *));
    int error;
    assert_non_null(rosters);
    for (uint32_t i = 0; i < group_count; i++)
        rosters[i] = make_roster(rig, &groups[i]);
    error = core_rig_be_origin_over(rig, (const struct fr_roster *const *) rosters, group_count);
    for (uint32_t i = 0; i < group_count; i++)
        free(rosters[i]);
    free(rosters);
    return error;
}

/* ---------------------------------------------------------------------------------------------------- rosters */

static void send_roster(struct core_rig *rig, fr_link_id link, const uint8_t *blob, uint32_t blob_bytes, const uint8_t *signature,
                        uint32_t cut) {
    const struct fr_msg_roster message = {.blob = blob, .blob_bytes = blob_bytes, .signature = signature};
    uint8_t *frame = malloc(ROSTER_FRAME);
    size_t bytes;
    assert_non_null(frame);
    bytes = fr_roster_frame_encode(&message, frame, ROSTER_FRAME);
    core_rig_raw(rig, link, FR_FRAME_ROSTER, (const char *) frame + FR_FRAME_HEAD_BYTES, (uint32_t) bytes - FR_FRAME_HEAD_BYTES - cut);
    free(frame);
}

/* flaw -1: none. */
static void make_and_send(struct core_rig *rig, fr_link_id link, const struct core_rig_group *group, int flaw) {
    struct fr_roster *roster = make_roster(rig, group);
    uint8_t *blob = malloc(FR_ROSTER_BYTES_MAX), signature[FR_SIGNATURE_BYTES];
    uint32_t bytes;
    assert_non_null(blob);
    if (flaw == CORE_RIG_FOREIGN)
        roster->transfer_id[0] ^= 1;
    bytes = (uint32_t) fr_roster_encode(roster, blob, FR_ROSTER_BYTES_MAX);
    if (flaw == CORE_RIG_MALFORMED)
        bytes--;
    assert_int_equal(fr_sign(flaw == CORE_RIG_STRANGER ? rig->stranger : rig->key, FR_SIGN_ROSTER, blob, bytes, signature), 0);
    if (flaw == CORE_RIG_UNSIGNED)
        blob[bytes - 1] ^= 1; /* the last digit of a port */
    send_roster(rig, link, blob, bytes, signature, flaw == CORE_RIG_CUT);
    free(blob);
    free(roster);
}

void core_rig_roster(struct core_rig *rig, fr_link_id link, const struct core_rig_group *group) { make_and_send(rig, link, group, -1); }

void core_rig_bad_roster(struct core_rig *rig, fr_link_id link, const struct core_rig_group *group, enum core_rig_flaw flaw) {
    make_and_send(rig, link, group, (int) flaw);
}

/* ---------------------------------------------------------------------------------------------------- links down */

fr_link_id core_rig_dialled_below(const struct core_rig *rig, uint32_t group, uint32_t member) {
    char address[32];
    snprintf(address, sizeof address, "g%un%u:7420", group, member);
    for (uint32_t i = rig->act_count; i > 0; i--)
        if (rig->acts[i - 1].type == FR_ACTION_CONNECT && strcmp((const char *) rig->acts[i - 1].body, address) == 0)
            return rig->acts[i - 1].link;
    return FR_LINK_NONE;
}

uint64_t core_rig_dials(const struct core_rig *rig, uint32_t group) {
    uint64_t members = 0;
    for (uint32_t m = 0; m < FR_GROUP_NODES_MAX; m++)
        if (core_rig_dialled_below(rig, group, m) != FR_LINK_NONE)
            members |= 1ull << m;
    return members;
}

fr_link_id core_rig_answer_below_with(struct core_rig *rig, uint32_t group, uint32_t member, bool is_holding, uint32_t pages_known) {
    fr_link_id link = core_rig_dialled_below(rig, group, member);
    uint8_t frame[64];
    if (link == FR_LINK_NONE && !rig->has_ended && core_rig_failure(rig) == 0)
        fail_msg("member %u of group %u was not dialled", member, group);
    core_rig_connect(rig, link);
    core_rig_hello(rig, link);
    fr_accept_encode(&(struct fr_msg_accept){.is_holding = is_holding, .pages_known = pages_known}, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
    return link;
}

fr_link_id core_rig_answer_below(struct core_rig *rig, uint32_t group, uint32_t member) {
    return core_rig_answer_below_with(rig, group, member, false, 0);
}

/* ---------------------------------------------------------------------------------------------------- frames */

void core_rig_result(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, enum fr_verdict verdict, const char *text) {
    const struct fr_msg_result result = {
        .group = group,
        .member = (uint16_t) member,
        .verdict = verdict,
        .accepted_ago_ns = FR_TIME_NEVER,
        .figures = {.chunks_have = 1, .first_relay_ns = FR_TIME_NEVER, .last_owned_ns = FR_TIME_NEVER},
        .text = {text, (uint32_t) strlen(text)},
    };
    uint8_t frame[1024];
    fr_result_encode(&result, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_below(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, uint32_t chunks_have) {
    const struct fr_msg_below below = {.count = 1, .nodes = {{group, member, chunks_have, 0}}};
    uint8_t frame[64];
    fr_below_encode(&below, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_fault(struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, fr_chunk_index chunk, const char *text) {
    const struct fr_msg_fault fault = {
        .group = group, .member = (uint16_t) member, .chunk = chunk, .text = {text, (uint32_t) strlen(text)}};
    uint8_t frame[1024];
    fr_fault_encode(&fault, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

/* ---------------------------------------------------------------------------------------------------- looking */

static bool is_said(const struct core_rig_act *act, fr_link_id link, enum fr_frame_type frame) {
    return act->type == FR_ACTION_SEND && act->link == link && act->frame == frame;
}

uint32_t core_rig_results(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member, struct fr_msg_result *ret_last,
                          char *ret_text) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct fr_msg_result result;
        if (!is_said(&rig->acts[i], link, FR_FRAME_RESULT))
            continue;
        assert_int_equal(fr_result_decode(rig->acts[i].body, rig->acts[i].bytes, &result), 0);
        if (result.group != group || result.member != member)
            continue;
        count++;
        if (ret_last)
            *ret_last = result;
        if (ret_text)
            snprintf(ret_text, FR_REASON_BYTES_MAX + 1, "%.*s", (int) result.text.count, result.text.bytes);
    }
    return count;
}

uint32_t core_rig_rosters(const struct core_rig *rig, fr_link_id link, uint32_t group) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct fr_msg_roster message;
        struct fr_roster *roster;
        if (!is_said(&rig->acts[i], link, FR_FRAME_ROSTER))
            continue;
        roster = malloc(sizeof *roster);
        assert_non_null(roster);
        assert_int_equal(fr_roster_frame_decode(rig->acts[i].body, rig->acts[i].bytes, &message), 0);
        assert_true(fr_verify(rig->trusted, FR_SIGN_ROSTER, message.blob, message.blob_bytes, message.signature));
        assert_int_equal(fr_roster_decode(message.blob, message.blob_bytes, roster), 0);
        count += roster->group_index == group;
        free(roster);
    }
    return count;
}

uint32_t core_rig_told_below(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member) {
    uint32_t told = UINT32_MAX;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct fr_msg_below below;
        if (!is_said(&rig->acts[i], link, FR_FRAME_BELOW))
            continue;
        assert_int_equal(fr_below_decode(rig->acts[i].body, rig->acts[i].bytes, &below), 0);
        for (uint32_t n = 0; n < below.count; n++)
            if (below.nodes[n].group == group && below.nodes[n].member == member)
                told = below.nodes[n].chunks_have;
    }
    return told;
}

uint32_t core_rig_faults(const struct core_rig *rig, fr_link_id link, uint32_t group, uint32_t member) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct fr_msg_fault fault;
        if (!is_said(&rig->acts[i], link, FR_FRAME_FAULT))
            continue;
        assert_int_equal(fr_fault_decode(rig->acts[i].body, rig->acts[i].bytes, &fault), 0);
        count += fault.group == group && fault.member == member;
    }
    return count;
}
