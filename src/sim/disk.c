/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual disk: it checks and keeps tokens, one after the other, and takes its time. What it has kept outlives the process. */
#include <errno.h>

#include "base/check.h"
#include "base/failure.h"
#include "sim/parcel.h"
#include "sim/world.h"

static struct fr_sim_oracle *oracle_of(struct fr_sim_part *part) { return &part->host->world->oracle; }

/* When the disk is done with `bytes` more. */
static fr_time_ns reserve(struct fr_sim_part *part, uint64_t bytes) {
    struct fr_sim_world *world = part->host->world;
    const struct fr_sim_host_traits *traits = &world->scenario->hosts[part->host->index];

    part->disk_free_at = fr_time_max(part->disk_free_at, world->clock.now) + fr_sim_airtime(bytes, traits->store_rate);
    return part->disk_free_at + traits->store_latency;
}

static const char *const no_space = "the store takes no more", *const broken = "the store cannot be written";

/* false: the disk takes nothing, and why. */
static bool takes(struct fr_sim_part *part, struct fr_failure *ret_why) {
    struct fr_sim_host *host = part->host;

    if (!host->is_full && !host->is_disk_broken)
        return true;
    fr_sim_world_meet(host->world, host->index, host->is_full ? FR_SIM_FAULT_NO_SPACE : FR_SIM_FAULT_EIO);
    fr_failure_set(ret_why, host->is_full ? FR_E_NO_SPACE : FR_E_IO, host->is_full ? ENOSPC : EIO, "%s", host->is_full ? no_space : broken);
    return false;
}

static void on_stored(struct fr_sim_event *event) {
    struct fr_sim_chore *chore = (struct fr_sim_chore *) event;
    struct fr_sim_part *part = chore->part;
    struct fr_sim_world *world = part->host->world;
    const struct fr_sim_object *object = &world->object;
    struct fr_failure why = {0};
    bool is_right;

    if (fr_sim_chore_is_off(chore))
        return;
    is_right = !chore->token.is_corrupt && chore->token.chunk < object->layout.chunk_count &&
        fr_digest_equal(&chore->digest, &object->digests[chore->token.chunk]);
    chore->outcome = !is_right ? FR_STORE_BAD_DIGEST : takes(part, &why) ? FR_STORE_OK : FR_STORE_FAILED;
    fr_sim_oracle_on_store(oracle_of(part), fr_sim_node_of(part), chore->chunk, chore->token, &chore->digest, chore->outcome);
    if (chore->outcome == FR_STORE_OK)
        part->last_stored_at = world->clock.now;
    fr_transfer_on_chunk_stored(part->transfer, chore->link, chore->chunk, chore->outcome, chore->outcome == FR_STORE_FAILED ? &why : NULL,
                                fr_sim_host_now(part->host));
    fr_sim_part_pump(part);
    fr_sim_chore_free(chore);
}

void fr_sim_disk_store(struct fr_sim_part *part, const struct fr_action *action) {
    struct fr_sim_world *world = part->host->world;
    const struct fr_layout *layout = &world->object.layout;
    struct fr_sim_chore *chore = fr_sim_chore_new(part, on_stored);

    if (action->chunk < layout->chunk_count && action->chunk_offset != fr_layout_chunk_offset(layout, action->chunk))
        fr_sim_oracle_fail(oracle_of(part), "member %u stores chunk %u at a wrong offset", fr_sim_node_of(part), action->chunk);
    if (action->chunk < layout->chunk_count && action->buffer->bytes != fr_layout_chunk_size(layout, action->chunk))
        fr_sim_oracle_fail(oracle_of(part), "member %u stores %u bytes as chunk %u", fr_sim_node_of(part), action->buffer->bytes,
                           action->chunk);
    chore->link = action->link;
    chore->chunk = action->chunk;
    chore->digest = action->digest;
    chore->token = fr_sim_token_of(action->buffer);
    chore->at = reserve(part, action->buffer->bytes);
    fr_buffer_unref(action->buffer);
    fr_sim_clock_set(&world->clock, chore->at, &chore->event);
}

static void on_looked(struct fr_sim_event *event) {
    struct fr_sim_chore *chore = (struct fr_sim_chore *) event;
    struct fr_sim_part *part = chore->part;
    struct fr_failure why = {0};

    if (fr_sim_chore_is_off(chore))
        return;
    chore->outcome = !fr_bitset_has(&part->host->kept, chore->chunk) ? FR_STORE_BAD_DIGEST
        : takes(part, &why)                                          ? FR_STORE_OK
                                                                     : FR_STORE_FAILED;
    if (chore->outcome == FR_STORE_OK)
        fr_sim_oracle_on_store(oracle_of(part), fr_sim_node_of(part), chore->chunk, chore->token, &chore->digest, chore->outcome);
    fr_transfer_on_chunk_stored(part->transfer, chore->link, chore->chunk, chore->outcome, chore->outcome == FR_STORE_FAILED ? &why : NULL,
                                fr_sim_host_now(part->host));
    fr_sim_part_pump(part);
    fr_sim_chore_free(chore);
}

/* What is kept is right: that the node compares what it reads is for its own tests. */
void fr_sim_disk_reuse(struct fr_sim_part *part, const struct fr_action *action) {
    struct fr_sim_world *world = part->host->world;
    struct fr_sim_chore *chore = fr_sim_chore_new(part, on_looked);

    chore->link = action->link;
    chore->chunk = action->chunk;
    chore->digest = action->digest;
    chore->token = (struct fr_sim_token){.chunk = action->chunk};
    chore->at = reserve(part, action->count);
    fr_sim_clock_set(&world->clock, chore->at, &chore->event);
}

static void on_finished(struct fr_sim_event *event) {
    struct fr_sim_chore *chore = (struct fr_sim_chore *) event;
    struct fr_sim_part *part = chore->part;
    struct fr_sim_world *world = part->host->world;
    struct fr_failure failure = {0};
    struct fr_transfer_view view;

    if (fr_sim_chore_is_off(chore))
        return;
    if (takes(part, &failure)) {
        fr_transfer_view(part->transfer, &view);
        fr_sim_oracle_on_finish(oracle_of(part), fr_sim_node_of(part), &view);
        part->is_finished = true;
        part->finished_at = world->clock.now;
    }
    fr_transfer_on_finished(part->transfer, &failure, fr_sim_host_now(part->host));
    fr_sim_part_pump(part);
    fr_sim_chore_free(chore);
}

void fr_sim_disk_finish(struct fr_sim_part *part) {
    struct fr_sim_world *world = part->host->world;
    struct fr_sim_chore *chore = fr_sim_chore_new(part, on_finished);

    fr_sim_clock_set(&world->clock, reserve(part, 0), &chore->event);
}
