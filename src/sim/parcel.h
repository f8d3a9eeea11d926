/* SPDX-License-Identifier: Apache-2.0 */
/* What the network's own files share: links, parcels under way, and who calls whom on their journey. */
#ifndef FR_SIM_PARCEL_H
#define FR_SIM_PARCEL_H

#include "sim/network.h"

/* Lives while an end is attached, waits in a lane, or a parcel or notice points at it. */
struct fr_sim_link {
    struct fr_sim_end ends[2]; /* the dialler's, the accepter's */
    uint32_t refs;
    struct fr_sim_link *next, *previous; /* among all of the network */
};

/* Something small that happens to an end: it is dialled, has waited long enough, is told late what a paused process missed. */
struct fr_sim_notice {
    struct fr_sim_event event;
    struct fr_sim_end *end; /* whose link it keeps alive */
    uint32_t tries;
    fr_chunk_index chunk;
};

enum fr_sim_parcel_kind {
    FR_SIM_PARCEL_CONTROL,
    FR_SIM_PARCEL_CHUNK,
    FR_SIM_PARCEL_READY,   /* the handshake's answer */
    FR_SIM_PARCEL_REFUSED, /* nobody listens there */
    FR_SIM_PARCEL_GOODBYE, /* closed in good order */
    FR_SIM_PARCEL_RESET,   /* the other side is gone */
};

struct fr_sim_parcel {
    struct fr_sim_event event;
    struct fr_sim_parcel *next, *previous; /* among all of the network */
    struct fr_sim_end *from, *to;          /* of one link, which it keeps alive */
    enum fr_sim_parcel_kind kind;
    uint32_t number; /* among those that were ever sent to this end */
    uint32_t bytes;
    uint8_t *data; /* CONTROL */
    fr_chunk_index chunk;
    uint32_t chunk_size;
    bool is_corrupt;
    bool is_begun;        /* its receiver was told that it comes */
    bool is_unwanted;     /* and said no */
    bool is_cut_short;    /* its sender stopped before its last byte */
    bool is_lost;         /* its link was reset: it is never heard */
    bool is_out_of_queue; /* no longer counted in the receiver's inbound bytes */
    fr_time_ns airtime;   /* first byte to last, at the sender's rate */
};

void fr_sim_link_ref(struct fr_sim_link *link);
void fr_sim_link_unref(struct fr_sim_network *network, struct fr_sim_link *link);
void fr_sim_end_attach(struct fr_sim_end *end);
void fr_sim_end_detach(struct fr_sim_end *end);
/* Its host hears of it for the last time; what it had queued is dropped. */
void fr_sim_end_tell_closed(struct fr_sim_end *end, int error, const char *text);
void fr_sim_end_drop_queues(struct fr_sim_end *end);

void fr_sim_lane_push(struct fr_sim_lane *lane, struct fr_sim_end *end);
struct fr_sim_end *fr_sim_lane_pop(struct fr_sim_lane *lane); /* the caller has its reference then */
/* Whatever an end has queued is in the lanes it should be in; wake: and its port's uplink runs. */
void fr_sim_uplink_line_up(struct fr_sim_end *end);
void fr_sim_uplink_wake(struct fr_sim_end *end);

struct fr_sim_notice *fr_sim_notice_new(struct fr_sim_end *end, void (*happen)(struct fr_sim_event *event));
void fr_sim_notice_free(struct fr_sim_notice *notice);

struct fr_sim_parcel *fr_sim_parcel_new(struct fr_sim_end *from, enum fr_sim_parcel_kind kind);
void fr_sim_parcel_free(struct fr_sim_parcel *parcel);
/* On its way: leaves now, its last byte `airtime` later. */
void fr_sim_parcel_depart(struct fr_sim_parcel *parcel);
/* A few bytes that need no uplink: handshakes, goodbyes, resets. */
void fr_sim_parcel_send_small(struct fr_sim_end *from, enum fr_sim_parcel_kind kind);

static inline fr_time_ns fr_sim_airtime(uint64_t bytes, uint64_t rate) { return rate == 0 ? 0 : bytes * FR_SECOND / rate; }

/* How long bytes take from `start`, when the rate is another from `until` on; until 0: it stays. */
static inline fr_time_ns fr_sim_airtime_until(uint64_t bytes, uint64_t rate, fr_time_ns start, fr_time_ns until, uint64_t rate_after) {
    fr_time_ns airtime = fr_sim_airtime(bytes, rate);
    uint64_t carried;

    if (until == 0 || (start < until && airtime <= until - start))
        return airtime;
    if (start >= until)
        return fr_sim_airtime(bytes, rate_after);
    carried = (uint64_t) ((double) (until - start) * (double) rate / (double) FR_SECOND);
    return until - start + fr_sim_airtime(bytes > carried ? bytes - carried : 0, rate_after);
}

#endif
