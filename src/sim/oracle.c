/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true in every virtual push. */
#include "sim/oracle.h"

#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/time.h"
#include "sim/pool.h"

enum { SENDS_PER_LINK_MAX = 2 };

static void init_record(struct fr_sim_record *record, uint32_t chunk_count) {
    int error = fr_bitset_init(&record->given, chunk_count);

    error |= fr_bitset_init(&record->stored, chunk_count);
    error |= fr_bitset_init(&record->stored_before, chunk_count);
    error |= fr_bitset_init(&record->reported, chunk_count);
    fr_assert(error == 0);
}

void fr_sim_oracle_init(struct fr_sim_oracle *oracle, const struct fr_sim_scenario *scenario, const struct fr_sim_object *object) {
    memset(oracle, 0, sizeof *oracle);
    oracle->scenario = scenario;
    oracle->object = object;
    oracle->records = fr_sim_alloc(scenario->member_count, sizeof *oracle->records);
    for (uint32_t member = 0; member < scenario->member_count; member++) {
        struct fr_sim_record *record = &oracle->records[member];

        init_record(record, object->layout.chunk_count);
        record->is_holder = scenario->hosts[member + 1].held == FR_SIM_HELD_SAME;
        record->is_final = record->is_holder;
    }
    for (uint32_t group = 0; group < scenario->group_count; group++)
        for (uint32_t i = 0; i < scenario->groups[group].member_count; i++)
            oracle->records[scenario->groups[group].first_host - 1 + i].group = group;
}

void fr_sim_oracle_done(struct fr_sim_oracle *oracle) {
    for (uint32_t member = 0; oracle->records != NULL && member < oracle->scenario->member_count; member++) {
        fr_bitset_done(&oracle->records[member].given);
        fr_bitset_done(&oracle->records[member].stored);
        fr_bitset_done(&oracle->records[member].stored_before);
        fr_bitset_done(&oracle->records[member].reported);
    }
    fr_free(oracle->records);
    oracle->records = NULL;
}

void fr_sim_oracle_fail(struct fr_sim_oracle *oracle, const char *format, ...) {
    va_list arguments;
    int used;

    if (oracle->is_broken)
        return;
    oracle->is_broken = true;
    used = snprintf(oracle->violation, sizeof oracle->violation, "at %.6f s: ", (double) oracle->now / (double) FR_SECOND);
    va_start(arguments, format);
    vsnprintf(oracle->violation + used, sizeof oracle->violation - (size_t) used, format, arguments);
    va_end(arguments);
}

static struct fr_sim_record *record_of(struct fr_sim_oracle *oracle, uint32_t member) {
    return member < oracle->scenario->member_count ? &oracle->records[member] : NULL;
}

/* Whom a trace speaks of; it counts members in their group. */
static struct fr_sim_record *subject_of(struct fr_sim_oracle *oracle, const struct fr_trace *trace) {
    const struct fr_sim_scenario *scenario = oracle->scenario;

    if (trace->group >= scenario->group_count || trace->member >= scenario->groups[trace->group].member_count)
        return NULL;
    return &oracle->records[scenario->groups[trace->group].first_host - 1 + trace->member];
}

/* May one of group `above` (FR_SIM_ORIGIN) feed this group? The one above it, and when that is gone one further up. */
static bool may_feed(const struct fr_sim_scenario *scenario, uint32_t above, uint32_t group) {
    while (group != above && group != FR_SIM_ORIGIN)
        group = scenario->groups[group].upstream;
    return group == above;
}

/* ---- what the core reports */

/* A group of the secondary tier waits until who feeds it has all. Where something breaks, who steps in need not. */
static bool is_too_early_for(const struct fr_sim_oracle *oracle, uint32_t member, uint32_t group) {
    return oracle->scenario->groups[group].is_secondary && oracle->scenario->fault_count == 0 && member < oracle->scenario->member_count &&
        !oracle->records[member].is_final;
}

static void check_given(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_trace *trace) {
    struct fr_sim_record *record = subject_of(oracle, trace);
    uint32_t own_group = member < oracle->scenario->member_count ? oracle->records[member].group : FR_SIM_ORIGIN;

    if (record == NULL || trace->chunk >= record->given.bit_count)
        fr_sim_oracle_fail(oracle, "chunk %u is given to member %u of group %u, which is none", trace->chunk, trace->member, trace->group);
    else if (trace->group == own_group || !may_feed(oracle->scenario, own_group, trace->group))
        fr_sim_oracle_fail(oracle, "chunk %u is given to group %u by one who does not feed it", trace->chunk, trace->group);
    else if (record->is_holder)
        fr_sim_oracle_fail(oracle, "chunk %u is given to member %u of group %u, which has the object", trace->chunk, trace->member,
                           trace->group);
    else if (is_too_early_for(oracle, member, trace->group))
        fr_sim_oracle_fail(oracle, "member %u gives chunk %u to group %u, and has not got the whole object", member, trace->chunk,
                           trace->group);
    else
        fr_bitset_add(&record->given, trace->chunk);
}

static uint32_t count_copies(const struct fr_sim_oracle *oracle, uint32_t group, fr_chunk_index chunk) {
    const struct fr_sim_group *members = &oracle->scenario->groups[group];
    uint32_t count = 0;

    for (uint32_t i = 0; i < members->member_count; i++)
        count += fr_bitset_has(&oracle->records[members->first_host - 1 + i].stored, chunk);
    return count;
}

/* An owner has said that its group has a chunk. A pipe's origin lets go of it then, and no death of one member may lose it; but where
 * something broke before, an owner may be alone. */
static void check_reached(struct fr_sim_oracle *oracle, const struct fr_trace *trace) {
    const struct fr_sim_scenario *scenario = oracle->scenario;
    const struct fr_sim_record *record = subject_of(oracle, trace);

    if (record == NULL || trace->chunk >= record->stored.bit_count)
        fr_sim_oracle_fail(oracle, "chunk %u has reached group %u by member %u, which is none", trace->chunk, trace->group, trace->member);
    else if (!fr_bitset_has(&record->stored, trace->chunk) && !fr_bitset_has(&record->stored_before, trace->chunk) && !record->is_holder)
        fr_sim_oracle_fail(oracle, "chunk %u has reached group %u by member %u, which has not got it", trace->chunk, trace->group,
                           trace->member);
    else if (scenario->is_pipe && scenario->fault_count == 0 && scenario->groups[trace->group].member_count > 1 &&
             count_copies(oracle, trace->group, trace->chunk) < 2)
        fr_sim_oracle_fail(oracle, "chunk %u of a pipe has reached group %u, and member %u alone has it", trace->chunk, trace->group,
                           trace->member);
}

/* A member says that it sent a chunk: 0 pushed, 1 asked for, 2 given to an owner. */
static void check_sent(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_trace *trace) {
    struct fr_sim_record *record = record_of(oracle, member);

    if (record == NULL)
        return;
    if (trace->value == 0 && !fr_bitset_has(&record->given, trace->chunk))
        fr_sim_oracle_fail(oracle, "member %u pushed chunk %u to member %u and is not its owner", member, trace->chunk, trace->member);
    if (trace->value > 1 && trace->group == record->group)
        fr_sim_oracle_fail(oracle, "member %u gave chunk %u to member %u as if it were upstream", member, trace->chunk, trace->member);
}

static void check_reported(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_trace *trace) {
    struct fr_sim_record *record = record_of(oracle, member);

    if (record == NULL)
        fr_sim_oracle_fail(oracle, "the origin says that it stored chunk %u", trace->chunk);
    else if (!fr_bitset_has(&record->stored, trace->chunk) && !record->is_holder)
        fr_sim_oracle_fail(oracle, "member %u says that it stored chunk %u, and did not", member, trace->chunk);
    else if (!fr_bitset_add(&record->reported, trace->chunk))
        fr_sim_oracle_fail(oracle, "member %u counts chunk %u twice", member, trace->chunk);
}

static void check_verdict(struct fr_sim_oracle *oracle, const struct fr_trace *trace) {
    struct fr_sim_record *record = subject_of(oracle, trace);
    enum fr_verdict verdict = (enum fr_verdict) trace->value;

    if (record == NULL)
        fr_sim_oracle_fail(oracle, "a verdict about member %u, which is none", trace->member);
    else if ((verdict == FR_VERDICT_COMPLETE || verdict == FR_VERDICT_SLOW) && !record->is_final)
        fr_sim_oracle_fail(oracle, "the verdict about member %u is %s, and it has not got the object", trace->member,
                           fr_verdict_name(verdict));
}

void fr_sim_oracle_on_trace(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_trace *trace) {
    switch (trace->type) {
    case FR_TRACE_CHUNK_GIVEN: check_given(oracle, member, trace); break;
    case FR_TRACE_CHUNK_SENT: check_sent(oracle, member, trace); break;
    case FR_TRACE_CHUNK_STORED: check_reported(oracle, member, trace); break;
    case FR_TRACE_CHUNK_REACHED: check_reached(oracle, trace); break;
    case FR_TRACE_MEMBER_VERDICT: check_verdict(oracle, trace); break;
    case FR_TRACE_COMPLETE:
        if (record_of(oracle, member) != NULL && !oracle->records[member].is_final)
            fr_sim_oracle_fail(oracle, "member %u says that it is complete, and is not", member);
        break;
    case FR_TRACE_LINK_UP:
    case FR_TRACE_LINK_DOWN:
    case FR_TRACE_LINK_RETRY:
    case FR_TRACE_MEMBER_LAG:
    case FR_TRACE_MEMBER_CAUGHT_UP:
    case FR_TRACE_CHUNK_TAKEN_BACK:
    case FR_TRACE_CHUNK_BAD:
    case FR_TRACE_CHUNK_DUPLICATE:
    case FR_TRACE_CHUNK_WANTED:
    case FR_TRACE_CHUNK_OVERDUE:
    case FR_TRACE_PROGRESS:
    case FR_TRACE_FAULT:
    case FR_TRACE_FAILED:
    case FR_TRACE_ENDED: break;
    }
}

/* ---- what the core asks for */

void fr_sim_oracle_on_store(struct fr_sim_oracle *oracle, uint32_t member, fr_chunk_index chunk, struct fr_sim_token token,
                            const struct fr_digest *expected, enum fr_store_outcome outcome) {
    struct fr_sim_record *record = record_of(oracle, member);
    const struct fr_digest *truth;

    if (record == NULL || chunk >= oracle->object->layout.chunk_count) {
        fr_sim_oracle_fail(oracle, "member %u stores chunk %u of %u", member, chunk, oracle->object->layout.chunk_count);
        return;
    }
    truth = &oracle->object->digests[chunk];
    if (!fr_digest_equal(expected, truth))
        fr_sim_oracle_fail(oracle, "member %u stores chunk %u against a digest that the origin did not sign", member, chunk);
    if (outcome != FR_STORE_OK)
        return;
    if (token.is_corrupt || token.chunk != chunk)
        fr_sim_oracle_fail(oracle, "member %u stored wrong bytes as chunk %u", member, chunk);
    if (!fr_bitset_add(&record->stored, chunk))
        fr_sim_oracle_fail(oracle, "member %u stored chunk %u twice", member, chunk);
}

/* Once all that heals has healed, the rest takes a bounded time. */
static void check_in_time(struct fr_sim_oracle *oracle, uint32_t member) {
    const struct fr_sim_scenario *scenario = oracle->scenario;

    if (scenario->heal_at == FR_TIME_NEVER || oracle->now <= fr_sim_scenario_finish_max(scenario) ||
        fr_sim_scenario_excuses(scenario, member + 1))
        return;
    fr_sim_oracle_fail(oracle, "member %u has the object only now: all had healed at %.3f s, and it was due at %.3f s", member,
                       (double) scenario->heal_at / (double) FR_SECOND, (double) fr_sim_scenario_finish_max(scenario) / (double) FR_SECOND);
}

/* Of what is final it keeps the copies; the rest has to be stored again, be it from its own disk. */
void fr_sim_oracle_on_restart(struct fr_sim_oracle *oracle, uint32_t member) {
    struct fr_sim_record *record = record_of(oracle, member);
    uint32_t count = record->stored.bit_count;

    for (uint32_t chunk = 0; chunk < count; chunk++) {
        fr_bitset_remove(&record->reported, chunk);
        fr_bitset_remove(&record->given, chunk);
        if (fr_bitset_has(&record->stored, chunk))
            fr_bitset_add(&record->stored_before, chunk);
        if (!record->is_final || oracle->scenario->is_pipe) /* what a pipe brings is not known by its size, and stored anew */
            fr_bitset_remove(&record->stored, chunk);
    }
}

void fr_sim_oracle_on_finish(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_transfer_view *view) {
    struct fr_sim_record *record = record_of(oracle, member);
    const struct fr_layout *layout = &oracle->object->layout;

    if (record == NULL)
        fr_sim_oracle_fail(oracle, "the origin makes something final");
    else if (view->object_bytes != layout->object_bytes || !fr_digest_equal(&view->root, &oracle->object->root))
        fr_sim_oracle_fail(oracle, "member %u makes another object final than the one that was pushed", member);
    else if (record->stored.set_count != layout->chunk_count && !record->is_holder)
        fr_sim_oracle_fail(oracle, "member %u makes the object final with %u of %u chunks", member, record->stored.set_count,
                           layout->chunk_count);
    else {
        record->is_final = true;
        check_in_time(oracle, member);
    }
}

void fr_sim_oracle_on_send_chunk(struct fr_sim_oracle *oracle, uint32_t member, uint32_t to, fr_chunk_index chunk, uint32_t on_its_way,
                                 bool is_asked) {
    struct fr_sim_record *record = record_of(oracle, member), *other = record_of(oracle, to);

    if (on_its_way > SENDS_PER_LINK_MAX)
        fr_sim_oracle_fail(oracle, "member %u has %u chunks under way on one link", member, on_its_way);
    if (record != NULL && !fr_bitset_has(&record->stored, chunk) && !record->is_holder)
        fr_sim_oracle_fail(oracle, "member %u sends chunk %u before it has a verified copy", member, chunk);
    if (record == NULL || other == NULL || is_asked)
        return;
    if (oracle->scenario->groups[record->group].adopts == other->group) {
        if (!fr_bitset_has(&record->given, chunk))
            fr_sim_oracle_fail(oracle, "member %u sends chunk %u to one whom it adopted, and does not own it", member, chunk);
        return;
    }
    if (!may_feed(oracle->scenario, record->group, other->group))
        fr_sim_oracle_fail(oracle, "member %u hands chunk %u to a group that it does not feed", member, chunk);
    if (other->group == record->group && !fr_bitset_has(&record->given, chunk))
        fr_sim_oracle_fail(oracle, "member %u sends chunk %u, which it does not own and nobody asked for", member, chunk);
}

/* ---- the end */

static void check_end_of(struct fr_sim_oracle *oracle, uint32_t member, const struct fr_member_result *result, bool has_origin_failed) {
    const struct fr_sim_record *record = &oracle->records[member];
    bool is_excused = fr_sim_scenario_excuses(oracle->scenario, member + 1);
    bool is_good;

    if (!record->is_final && !is_excused)
        fr_sim_oracle_fail(oracle, "member %u ended without the object, and nothing excuses it", member);
    if (result == NULL || (has_origin_failed && result->verdict == FR_VERDICT_PENDING))
        return;
    is_good = result->verdict == FR_VERDICT_COMPLETE || result->verdict == FR_VERDICT_SLOW;
    if (result->verdict == FR_VERDICT_PENDING)
        fr_sim_oracle_fail(oracle, "there is no verdict about member %u", member);
    else if (is_good && !record->is_final)
        fr_sim_oracle_fail(oracle, "member %u is reported %s, and has not got the object", member, fr_verdict_name(result->verdict));
    else if (!is_good && !is_excused)
        fr_sim_oracle_fail(oracle, "member %u has the object, and is reported %s: %s", member, fr_verdict_name(result->verdict),
                           result->reason);
    else if (!is_good && result->reason[0] == '\0')
        fr_sim_oracle_fail(oracle, "member %u is reported %s without a reason", member, fr_verdict_name(result->verdict));
}

void fr_sim_oracle_on_end(struct fr_sim_oracle *oracle, const struct fr_member_result *results, bool has_origin_failed) {
    for (uint32_t member = 0; member < oracle->scenario->member_count; member++)
        check_end_of(oracle, member, results != NULL ? &results[member] : NULL, has_origin_failed);
}
