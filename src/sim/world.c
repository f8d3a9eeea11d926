/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's world: built, run until nothing happens any more, judged. */
#include "sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"

enum { BEGIN_SECONDS = 1000 }; /* a clock that began long ago: zero is no special time */

static void make_keys(struct fr_sim_world *world) {
    uint8_t seed[FR_KEY_BYTES];

    for (int i = 0; i < FR_KEY_BYTES; i++)
        seed[i] = (uint8_t) fr_prng_next(&world->prng);
    world->sign_key = fr_sign_key_new(seed);
    fr_assert(world->sign_key != NULL);
    fr_sign_key_public(world->sign_key, world->key_bytes);
    world->verify_key = fr_verify_key_new(world->key_bytes);
    fr_assert(world->verify_key != NULL);
}

static void lay_network(struct fr_sim_world *world) {
    const struct fr_sim_scenario *scenario = world->scenario;
    struct fr_sim_network *network = &world->network;

    fr_sim_network_init(network, world->host_count, &world->clock, &world->prng);
    network->handlers = &fr_sim_host_handlers;
    network->delay = scenario->delay;
    network->jitter = scenario->jitter;
    network->handshake_timeout = scenario->handshake_timeout;
    network->piece_bytes_max = scenario->piece_bytes_max;
    for (uint32_t i = 0; i < world->host_count; i++) {
        struct fr_sim_port *port = &network->ports[i];

        port->user = &world->hosts[i];
        port->up_rate = scenario->hosts[i].up_rate;
        port->down_rate = scenario->hosts[i].down_rate;
        port->delay = scenario->hosts[i].delay;
        port->downlink_queue_bytes = scenario->hosts[i].downlink_queue_bytes;
    }
}

static void init(struct fr_sim_world *world, const struct fr_sim_scenario *scenario) {
    memset(world, 0, sizeof *world);
    world->scenario = scenario;
    world->began_at = world->last_ended_at = BEGIN_SECONDS * FR_SECOND;
    world->first_chunk_at = FR_TIME_NEVER;
    world->host_count = scenario->member_count + 1;
    fr_sim_clock_init(&world->clock, world->began_at);
    fr_prng_init(&world->prng, scenario->seed);
    fr_sim_fingerprint_init(&world->fingerprint, scenario->seed);
    fr_sim_object_init(&world->object, scenario->seed, scenario->object_bytes, scenario->chunk_bytes);
    fr_sim_pool_init(&world->chores, sizeof(struct fr_sim_chore));
    fr_sim_oracle_init(&world->oracle, scenario, &world->object);
    world->hosts = fr_sim_alloc(world->host_count, sizeof *world->hosts);
    world->results = fr_sim_alloc(scenario->member_count, sizeof *world->results);
    make_keys(world);
    lay_network(world);
    for (uint32_t i = 0; i < world->host_count; i++)
        fr_sim_host_init(&world->hosts[i], world, i);
}

static void done(struct fr_sim_world *world) {
    for (uint32_t i = 0; i < world->host_count; i++)
        fr_sim_host_done(&world->hosts[i]);
    fr_sim_network_done(&world->network);
    fr_sim_clock_done(&world->clock);
    fr_sim_oracle_done(&world->oracle);
    fr_sim_object_done(&world->object);
    fr_sim_pool_done(&world->chores);
    fr_sign_key_free(world->sign_key);
    fr_verify_key_free(world->verify_key);
    fr_free(world->hosts);
    fr_free(world->troubles);
    fr_free(world->results);
}

void fr_sim_world_tell(struct fr_sim_world *world, const char *format, ...) {
    va_list arguments;

    if (world->scenario->trace == NULL)
        return;
    fprintf(world->scenario->trace, "%11.6f ", (double) (world->clock.now - world->began_at) / (double) FR_SECOND);
    va_start(arguments, format);
    vfprintf(world->scenario->trace, format, arguments);
    va_end(arguments);
    fputc('\n', world->scenario->trace);
}

/* A number that is none is shown as a dash. */
static const char *show(char *out, size_t size, uint32_t number, uint32_t none) {
    if (number == none)
        return "-";
    snprintf(out, size, "%u", number);
    return out;
}

static void tell_trace(struct fr_sim_world *world, uint32_t host, const struct fr_trace *trace) {
    char chunk[16], member[16];

    fr_sim_world_tell(world, "host %u %s member=%s chunk=%s value=%" PRIu64 "%s%s %s", host, fr_trace_name(trace->type),
                      show(member, sizeof member, trace->member, FR_MEMBER_UPSTREAM),
                      show(chunk, sizeof chunk, trace->chunk, FR_CHUNK_NONE), trace->value, trace->error != 0 ? " " : "",
                      trace->error != 0 ? fr_error_name(trace->error) : "", trace->text != NULL ? trace->text : "");
}

static void count_sent(struct fr_sim_world *world, uint32_t host, const struct fr_trace *trace) {
    const struct fr_sim_scenario *scenario = world->scenario;
    uint64_t bytes = trace->chunk < world->object.layout.chunk_count ? fr_layout_chunk_size(&world->object.layout, trace->chunk) : 0;
    uint32_t to;

    if (trace->group >= scenario->group_count || trace->member >= scenario->groups[trace->group].member_count)
        return;
    to = scenario->groups[trace->group].first_host + trace->member;
    if (scenario->hosts[host].zone != scenario->hosts[to].zone)
        world->traffic.between_zones += bytes;
    if (host == 0)
        return;
    if (world->oracle.records[host - 1].group == trace->group)
        world->traffic.among_peers += bytes;
    else
        world->traffic.down += bytes;
}

void fr_sim_world_note(struct fr_sim_world *world, uint32_t host, const struct fr_trace *trace) {
    struct fr_sim_fingerprint *fingerprint = &world->fingerprint;

    fr_sim_fingerprint_add(fingerprint, trace->now);
    fr_sim_fingerprint_add(fingerprint, (uint64_t) host << 32 | (uint32_t) trace->type);
    fr_sim_fingerprint_add(fingerprint, (uint64_t) trace->member << 32 | trace->chunk);
    fr_sim_fingerprint_add(fingerprint, trace->value ^ (uint64_t) (int64_t) trace->error);
    if (trace->text != NULL)
        fr_sim_fingerprint_add_bytes(fingerprint, trace->text, strlen(trace->text));
    if (world->scenario->trace != NULL)
        tell_trace(world, host, trace);
    world->trace_counts[trace->type]++;
    if (trace->type == FR_TRACE_CHUNK_SENT)
        count_sent(world, host, trace);
    if (trace->type == FR_TRACE_CHUNK_GIVEN && world->first_chunk_at == FR_TIME_NEVER)
        world->first_chunk_at = world->clock.now;
    if (trace->now != fr_sim_host_now(&world->hosts[host]))
        fr_sim_oracle_fail(&world->oracle, "host %u reports %s at another time than now", host, fr_trace_name(trace->type));
    fr_sim_oracle_on_trace(&world->oracle, host == 0 ? FR_SIM_ORIGIN : host - 1, trace);
}

static void run(struct fr_sim_world *world) {
    const struct fr_sim_scenario *scenario = world->scenario;
    fr_time_ns time_max = world->began_at + fr_sim_scenario_time_max(scenario);
    uint64_t events_max = fr_sim_scenario_events_max(scenario);

    fr_sim_trouble_set(world);
    fr_sim_host_push(&world->hosts[0]);
    while (!world->oracle.is_broken && fr_sim_clock_step(&world->clock)) {
        world->oracle.now = world->clock.now - world->began_at;
        if (world->transfer_count > 0 && world->clock.now > time_max)
            fr_sim_oracle_fail(&world->oracle, "%u transfers have not ended", world->transfer_count);
        if (world->clock.event_count > events_max)
            fr_sim_oracle_fail(&world->oracle, "a storm: %" PRIu64 " events", world->clock.event_count);
    }
    if (!world->oracle.is_broken && world->transfer_count > 0)
        fr_sim_oracle_fail(&world->oracle, "nothing happens any more, and %u transfers have not ended", world->transfer_count);
    if (!world->oracle.is_broken)
        fr_sim_oracle_on_end(&world->oracle, world->has_results ? world->results : NULL, world->hosts[0].parts->failure.error != 0);
}

static void tell_member(struct fr_sim_world *world, uint32_t member, struct fr_sim_member_outcome *out, struct fr_sim_result *result) {
    const struct fr_member_result *known = &world->results[member];
    const struct fr_sim_part *part = world->hosts[member + 1].parts;

    out->verdict = world->has_results ? known->verdict : FR_VERDICT_PENDING;
    memcpy(out->reason, known->reason, sizeof out->reason);
    out->is_final = world->oracle.records[member].is_final;
    out->chunks_given = known->chunks_given;
    out->figures = known->figures;
    out->finished_at = out->last_stored_at = FR_TIME_NEVER;
    if (part == NULL)
        return;
    if (part->socket_count_max > result->connections_max)
        result->connections_max = part->socket_count_max;
    if (part->is_finished)
        out->finished_at = part->finished_at - world->began_at;
    if (part->last_stored_at != 0)
        out->last_stored_at = part->last_stored_at - world->began_at;
    if (part->last_stored_at != 0 && out->last_stored_at > result->all_stored_at)
        result->all_stored_at = out->last_stored_at;
}

static void tell_result(struct fr_sim_world *world, struct fr_sim_result *result) {
    memset(result, 0, sizeof *result);
    memcpy(result->violation, world->oracle.violation, sizeof result->violation);
    result->fingerprint = world->fingerprint.value;
    result->event_count = world->clock.event_count;
    result->frame_count = world->network.frame_count;
    result->ended_at = world->last_ended_at - world->began_at;
    result->first_chunk_at = world->first_chunk_at == FR_TIME_NEVER ? FR_TIME_NEVER : world->first_chunk_at - world->began_at;
    result->origin_chunk_bytes = world->network.ports[0].chunk_bytes_out;
    result->traffic = world->traffic;
    result->origin_connections_max = world->hosts[0].parts->socket_count_max;
    memcpy(result->trace_counts, world->trace_counts, sizeof result->trace_counts);
    result->fault_count = world->fault_count;
    memcpy(result->fault_counts, world->fault_counts, sizeof result->fault_counts);
    result->member_count = world->scenario->member_count;
    result->members = fr_sim_alloc(result->member_count, sizeof *result->members);
    for (uint32_t member = 0; member < result->member_count; member++)
        tell_member(world, member, &result->members[member], result);
}

void fr_sim_run(const struct fr_sim_scenario *scenario, struct fr_sim_result *ret_result) {
    struct fr_sim_world *world = fr_sim_alloc(1, sizeof *world);

    init(world, scenario);
    run(world);
    tell_result(world, ret_result);
    done(world);
    fr_free(world);
}

void fr_sim_result_done(struct fr_sim_result *result) {
    fr_free(result->members);
    result->members = NULL;
}
