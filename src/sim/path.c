/* SPDX-License-Identifier: Apache-2.0 */
/* The way from one port to another when something is wrong with it: cut, or clogged. Of a path that was never touched nothing is kept. */
#include "base/check.h"
#include "base/time.h"
#include "sim/parcel.h"

struct fr_sim_path *fr_sim_network_find_path(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    struct fr_sim_path *path = network->ports[from].paths;

    while (path != NULL && path->to != to)
        path = path->next;
    return path != NULL && (path->cut_count > 0 || path->clog_count > 0) ? path : NULL;
}

bool fr_sim_network_is_cut(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    const struct fr_sim_path *path = fr_sim_network_find_path(network, from, to);

    return path != NULL && path->cut_count > 0;
}

/* What was queued for it goes on. */
static void wake(struct fr_sim_path *path) {
    struct fr_sim_port *port = path->from;

    for (struct fr_sim_end *end = port->ends; end != NULL; end = end->next_in_port)
        if (end->other->port->index == path->to)
            fr_sim_uplink_line_up(end);
    if (port->ends != NULL)
        fr_sim_uplink_wake(port->ends);
}

static void on_free(struct fr_sim_event *event) {
    struct fr_sim_path *path = (struct fr_sim_path *) event;

    path->is_awaited = false;
    wake(path);
}

static struct fr_sim_path *touch(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    struct fr_sim_port *port = &network->ports[from];
    struct fr_sim_path *path = port->paths;

    fr_assert(from < network->port_count && to < network->port_count);
    while (path != NULL && path->to != to)
        path = path->next;
    if (path != NULL)
        return path;
    path = fr_sim_pool_take(&network->paths);
    path->event.happen = on_free;
    path->from = port;
    path->to = to;
    path->next = port->paths;
    port->paths = path;
    return path;
}

void fr_sim_network_cut(struct fr_sim_network *network, uint32_t from, uint32_t to) { touch(network, from, to)->cut_count++; }

void fr_sim_network_heal(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    struct fr_sim_path *path = touch(network, from, to);

    if (path->cut_count == 0 || --path->cut_count > 0)
        return;
    fr_sim_queue_release(&path->held, network->clock);
    wake(path);
}

void fr_sim_network_clog(struct fr_sim_network *network, uint32_t from, uint32_t to, double share, fr_time_ns until) {
    struct fr_sim_path *path = touch(network, from, to);

    fr_assert(share > 0 && share <= 1);
    path->clog_count++;
    path->clog_share = share;
    path->clog_until = fr_time_max(path->clog_until, until);
}

void fr_sim_network_unclog(struct fr_sim_network *network, uint32_t from, uint32_t to) {
    struct fr_sim_path *path = touch(network, from, to);

    if (path->clog_count > 0 && --path->clog_count == 0)
        wake(path);
}

bool fr_sim_path_is_full(struct fr_sim_end *end) {
    struct fr_sim_clock *clock = end->port->network->clock;
    struct fr_sim_path *path = fr_sim_network_find_path(end->port->network, end->port->index, end->other->port->index);

    if (path == NULL || path->clog_count == 0 || path->free_at <= clock->now)
        return false;
    if (!path->is_awaited)
        fr_sim_clock_set(clock, path->free_at, &path->event);
    path->is_awaited = true;
    return true;
}

fr_time_ns fr_sim_path_take(struct fr_sim_end *end, uint32_t bytes, fr_time_ns airtime) {
    struct fr_sim_clock *clock = end->port->network->clock;
    struct fr_sim_path *path = fr_sim_network_find_path(end->port->network, end->port->index, end->other->port->index);
    uint64_t rate = end->port->up_rate != 0 ? end->port->up_rate : end->other->port->down_rate;

    if (path == NULL || path->clog_count == 0)
        return airtime;
    airtime = fr_time_max(airtime,
                          fr_sim_airtime_until(bytes, (uint64_t) ((double) rate * path->clog_share), clock->now, path->clog_until, rate));
    path->free_at = fr_time_max(path->free_at, clock->now) + airtime;
    return airtime;
}
