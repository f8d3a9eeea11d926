/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual network: ports with an uplink and a downlink rate, links between them that deliver in order, and what breaks them.
 *
 *   end_send, end_send_chunk     queue at the sender's end; a chunk is a token, control frames are real bytes
 *     uplink                     one parcel at a time: control bytes of any link first, then chunks, urgent ones first, links in turn
 *     path                       one-way delay and jitter, in order per link; a cut path holds what arrives until it heals, a clogged
 *                                one takes one chunk at a time, slowly, while the uplink serves others
 *     downlink                   one parcel at a time in order of arrival; bits that came through while it was idle cost nothing
 *   on_frame, on_chunk           at the receiver, unless its process is paused: then all waits until it goes on
 *
 * What flow control does on real links is done by admission: a chunk leaves only while fewer than downlink_queue_bytes, and no more
 * than keep its downlink busy for two seconds, are under way to its receiver, else its link waits for the receiver and the uplink serves
 * the next. A host that vanished or a path that is cut takes nothing, so its links stall as TCP would, silently. A killed process resets
 * its links.
 *
 * The network knows hosts as ports and `user` pointers only; what a connection is for is their business.
 */
#ifndef FR_SIM_NETWORK_H
#define FR_SIM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>

#include "base/prng.h"
#include "sim/clock.h"
#include "sim/pool.h"
#include "wire/reader.h"

struct fr_sim_end;

/* What a host hears, with the end's user pointer. Handlers may send on and close any end. None is called from inside a call of
 * this header. After on_closed, or after fr_sim_end_close, nothing more is heard of that end. */
struct fr_sim_handlers {
    void (*on_incoming)(void *port_user, struct fr_sim_end *end); /* a link came in, ready to send; set end->user here */
    void (*on_ready)(void *user);                                 /* a dialled link is ready */
    void (*on_frame)(void *user, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
    bool (*on_chunk_begin)(void *user, fr_chunk_index chunk, uint32_t chunk_size); /* false: its bytes are not wanted */
    void (*on_chunk)(void *user, fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt);
    void (*on_chunk_sent)(void *user, fr_chunk_index chunk);
    void (*on_closed)(void *user, const struct fr_failure *failure);
};

/* Ends that wait in line for something; each waits in at most one lane of each kind. */
enum fr_sim_lane_kind { FR_SIM_LANE_CONTROL, FR_SIM_LANE_URGENT, FR_SIM_LANE_CHUNK, FR_SIM_LANE_KINDS };
struct fr_sim_lane {
    struct fr_sim_end *first, *last;
    enum fr_sim_lane_kind kind;
};

struct fr_sim_port {
    struct fr_sim_event uplink_event; /* the parcel in service has left */
    struct fr_sim_network *network;
    void *user;
    uint32_t index;
    uint64_t up_rate, down_rate; /* bytes a second; 0: no limit */
    fr_time_ns slow_until;       /* what is being carried then goes on at: */
    uint64_t usual_up_rate, usual_down_rate;
    fr_time_ns delay;              /* its share of every path's one-way delay */
    uint64_t downlink_queue_bytes; /* the admission limit; 0: two seconds' worth */
    bool is_vanished;              /* the host is off: neither sends, answers nor resets */
    bool is_dead;                  /* no process listens: dialling is refused */
    bool is_paused;                /* the process does not run, its kernel does */
    struct fr_sim_queue held;      /* what the process will hear of when it goes on */
    struct fr_sim_lane control, urgent, chunks;
    struct fr_sim_lane waiting; /* ends elsewhere whose chunks wait for this port's downlink */
    struct fr_sim_end *ends;    /* all attached ends, for resets */
    struct fr_sim_path *paths;  /* from here, that were ever cut or clogged */
    bool is_busy;               /* the uplink is: */
    struct fr_sim_parcel *in_service;
    struct fr_sim_end *served_end; /* with a chunk of this end; NULL: with control bytes */
    fr_chunk_index served_chunk;
    fr_time_ns downlink_free_at;
    uint64_t inbound_bytes; /* chunk bytes that left for this port and were not heard yet */
    uint64_t chunk_bytes_out, control_bytes_out;
};

enum { FR_SIM_END_CHUNKS_MAX = 8 }; /* more than any core may have under way on a link; the host checks the core's own limit */

struct fr_sim_end {
    void *user;
    struct fr_sim_port *port;
    struct fr_sim_link *link;
    struct fr_sim_end *other;
    struct fr_sim_end *next_in_port, *previous_in_port;
    struct fr_sim_end *next_in_lane[FR_SIM_LANE_KINDS];
    bool is_in_lane[FR_SIM_LANE_KINDS];
    bool is_urgent;     /* chunks that it is handed from now on go before those that are not */
    bool is_open;       /* its host wants to hear of it */
    bool is_attached;   /* in its port's list */
    bool is_connecting; /* dialled, not ready */
    bool is_closing;    /* closed by its host; a goodbye goes out behind the control bytes */
    bool is_reset;      /* nothing leaves any more */
    uint8_t *control;   /* frames that wait */
    uint32_t control_bytes, control_capacity;
    struct fr_sim_chunk {
        fr_chunk_index chunk;
        uint32_t chunk_size;
        bool is_corrupt, is_urgent;
    } chunks[FR_SIM_END_CHUNKS_MAX];
    uint32_t chunk_count;
    fr_time_ns last_arrival_at; /* of what this end sent: later parcels do not overtake */
    bool is_receiving;          /* a chunk has begun to come in and is not whole */
    uint32_t coming_count;      /* parcels that were ever sent to this end, */
    uint32_t gone_count;        /* and those of them whose journey is over */
};

/* From one port to another, since the first time that something was wrong on the way. Several causes may cut or clog it at once: it is
 * whole when the last of them is over. */
struct fr_sim_path {
    struct fr_sim_event event; /* clogged: it takes the next chunk */
    struct fr_sim_port *from;
    uint32_t to;
    struct fr_sim_path *next; /* of the same port */
    uint32_t cut_count;       /* nothing comes through; */
    struct fr_sim_queue held; /* that would have arrived */
    uint32_t clog_count;      /* only a share of the sender's rate comes through, */
    double clog_share;
    fr_time_ns clog_until;
    fr_time_ns free_at; /* and it is taken until then */
    bool is_awaited;    /* the event is set */
};

struct fr_sim_network {
    struct fr_sim_clock *clock; /* borrowed */
    struct fr_prng *prng;       /* borrowed */
    const struct fr_sim_handlers *handlers;
    struct fr_sim_port *ports;
    uint32_t port_count;
    fr_time_ns delay, jitter;     /* one way, on top of both ports' own; jitter: up to that much more */
    fr_time_ns handshake_timeout; /* dialling gives up after it */
    uint32_t piece_bytes_max;     /* control bytes come in random pieces of at most this through a frame reader; 0: frame by frame */
    struct fr_reader reader;
    struct fr_sim_pool parcels, links, notices, paths;
    struct fr_sim_parcel *all_parcels; /* alive: some hold memory of their own, and so do links */
    struct fr_sim_link *all_links;
    uint64_t frame_count;
};

/* The fields from handlers to piece_bytes_max are the caller's to set after init; likewise each port's user, rates, delay, queue. */
void fr_sim_network_init(struct fr_sim_network *network, uint32_t port_count, struct fr_sim_clock *clock, struct fr_prng *prng);
void fr_sim_network_done(struct fr_sim_network *network);

/* Events that belong to a port's process (timers, disk) ask here first: true when the process is paused, and then the event is kept
 * and happens again when it goes on. */
bool fr_sim_port_defers(struct fr_sim_port *port, struct fr_sim_event *event);
/* What breaks, and heals. */
void fr_sim_port_kill(struct fr_sim_port *port, bool is_reset); /* is_reset: the kernel tells the peers; else the whole host is gone */
void fr_sim_port_revive(struct fr_sim_port *port);              /* of one that was reset: somebody listens again */
void fr_sim_port_pause(struct fr_sim_port *port);
void fr_sim_port_resume(struct fr_sim_port *port);
/* The link between these two, if there is one, is reset now, in the middle of whatever is under way on it: a random part of that still
 * arrives. false: there is none. */
bool fr_sim_port_reset(struct fr_sim_port *port, uint32_t to);
/* path.c */
void fr_sim_network_cut(struct fr_sim_network *network, uint32_t from, uint32_t to);
void fr_sim_network_heal(struct fr_sim_network *network, uint32_t from, uint32_t to);
void fr_sim_network_clog(struct fr_sim_network *network, uint32_t from, uint32_t to, double share, fr_time_ns until);
void fr_sim_network_unclog(struct fr_sim_network *network, uint32_t from, uint32_t to);
struct fr_sim_path *fr_sim_network_find_path(struct fr_sim_network *network, uint32_t from, uint32_t to); /* NULL: it is whole */
bool fr_sim_network_is_cut(struct fr_sim_network *network, uint32_t from, uint32_t to);
/* Does the way from this end take no chunk now, because the one before is still under way? Then the end is woken when it does. */
bool fr_sim_path_is_full(struct fr_sim_end *end);
/* Bytes leave by this end, `airtime` from first to last; how long it takes them where the path is clogged. */
fr_time_ns fr_sim_path_take(struct fr_sim_end *end, uint32_t bytes, fr_time_ns airtime);

/* Links. An end is valid until its host has closed it or has heard on_closed. */
struct fr_sim_end *fr_sim_end_dial(struct fr_sim_port *port, uint32_t to, void *user);
void fr_sim_end_send(struct fr_sim_end *end, const uint8_t *frame, uint32_t bytes); /* copied */
void fr_sim_end_send_chunk(struct fr_sim_end *end, fr_chunk_index chunk, uint32_t chunk_size, bool is_corrupt);
/* Are bytes of a chunk trickling in at this moment? */
bool fr_sim_end_is_hearing(const struct fr_sim_end *end);
/* Queued control frames still go out; chunks not begun are dropped. */
void fr_sim_end_close(struct fr_sim_end *end);

#endif
