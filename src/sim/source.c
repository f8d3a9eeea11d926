/* SPDX-License-Identifier: Apache-2.0 */
/* The origin's source: pages of digests in order, from a file whose size is known or a pipe that tells at its end. */
#include "base/check.h"
#include "base/failure.h"
#include "sim/parcel.h"
#include "sim/world.h"

/* A pipe that ends with a full page shows it only when there is nothing more to read. */
static bool is_last_page(const struct fr_sim_world *world, uint32_t page) {
    const struct fr_layout *layout = &world->object.layout;
    uint64_t past = (uint64_t) (page + 1) * layout->page_chunks * layout->chunk_bytes;

    return world->scenario->is_pipe ? past > layout->object_bytes : page + 1 >= layout->page_count;
}

static uint32_t chunks_in_page(const struct fr_layout *layout, uint32_t page) {
    uint32_t first = page * layout->page_chunks;
    uint32_t rest = first < layout->chunk_count ? layout->chunk_count - first : 0;

    return rest < layout->page_chunks ? rest : layout->page_chunks;
}

static void fail_reading(struct fr_sim_part *part, uint32_t page) {
    struct fr_failure failure = {0};

    fr_sim_world_meet(part->host->world, part->host->index, FR_SIM_FAULT_SOURCE);
    fr_failure_set(&failure, FR_E_IO, 0, "source: page %u cannot be read: the disk gave up", page);
    fr_transfer_on_failed(part->transfer, &failure, fr_sim_host_now(part->host));
}

static void on_page_read(struct fr_sim_event *event) {
    struct fr_sim_chore *chore = (struct fr_sim_chore *) event;
    struct fr_sim_part *part = chore->part;
    struct fr_sim_world *world = part->host->world;
    const struct fr_layout *layout = &world->object.layout;
    uint32_t count = chunks_in_page(layout, chore->page);
    uint32_t first = chore->page * layout->page_chunks;

    if (fr_sim_chore_is_off(chore))
        return;
    if (chore->page >= part->host->source_fails_from) {
        fail_reading(part, chore->page);
    } else {
        part->chunks_read = first + count;
        fr_transfer_on_page_read(part->transfer, chore->page, count != 0 ? &world->object.digests[first] : NULL, count,
                                 is_last_page(world, chore->page), layout->object_bytes, &world->object.sha256,
                                 fr_sim_host_now(part->host));
    }
    fr_sim_part_pump(part);
    fr_sim_chore_free(chore);
}

void fr_sim_source_read_page(struct fr_sim_part *part, uint32_t page) {
    struct fr_sim_world *world = part->host->world;
    const struct fr_sim_host_traits *traits = &world->scenario->hosts[part->host->index];
    const struct fr_layout *layout = &world->object.layout;
    struct fr_sim_chore *chore = fr_sim_chore_new(part, on_page_read);
    uint64_t bytes = (uint64_t) chunks_in_page(layout, page) * layout->chunk_bytes;

    if (page != part->page_next || (page > 0 && is_last_page(world, page - 1)))
        fr_sim_oracle_fail(&world->oracle, "the origin asks for page %u, and %u is next", page, part->page_next);
    part->page_next = page + 1;
    chore->page = page;
    part->disk_free_at = fr_time_max(part->disk_free_at, fr_time_max(world->clock.now, world->began_at + world->scenario->source_from));
    part->disk_free_at += fr_sim_airtime(bytes, traits->store_rate);
    fr_sim_clock_set(&world->clock, part->disk_free_at + traits->store_latency, &chore->event);
}

void fr_sim_source_release(struct fr_sim_part *part, fr_chunk_index chunk) {
    struct fr_sim_oracle *oracle = &part->host->world->oracle;
    int error = chunk < part->released.bit_count ? 0 : fr_bitset_grow(&part->released, chunk + 1);

    fr_assert(error == 0);
    if (chunk >= part->chunks_read)
        fr_sim_oracle_fail(oracle, "the origin lets go of chunk %u, which it has not read", chunk);
    if (!fr_bitset_add(&part->released, chunk))
        fr_sim_oracle_fail(oracle, "the origin lets go of chunk %u twice", chunk);
}

bool fr_sim_source_has(const struct fr_sim_part *part, fr_chunk_index chunk) {
    return chunk < part->chunks_read && !(part->host->world->scenario->is_pipe && fr_bitset_has(&part->released, chunk));
}
