/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One machine of a virtual world: the place of the real node's driver. It lets links in through fr_door, makes transfers, tells
 * them what happens and does what they ask, with a virtual disk, a virtual source and the virtual network.
 *
 *   network ----frames, chunks----> host ----events----> part->transfer
 *           <---sends, dials-------      <---actions----
 *                                   host ----------------> disk, source  (answers come back as chores)
 */
#ifndef FR_SIM_HOST_H
#define FR_SIM_HOST_H

#include "base/bitset.h"
#include "core/door.h"
#include "core/transfer.h"
#include "sim/network.h"
#include "sim/object.h"

struct fr_sim_world;
struct fr_sim_host;

enum { FR_SIM_SLOTS = 256 };

/* A host's part in one transfer. It outlives the transfer, so that late chores find that nobody is there. */
struct fr_sim_part {
    struct fr_sim_host *host;
    struct fr_sim_part *next;     /* older ones of this host */
    struct fr_transfer *transfer; /* NULL once it has ended, or its process died */
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    uint32_t member;                           /* own index; FR_MEMBER_UPSTREAM: the origin */
    struct fr_sim_socket *slots[FR_SIM_SLOTS]; /* by the low bits of the link id, chained */
    uint32_t socket_count, socket_count_max;
    fr_time_ns timer_at; /* when the earliest timer set will go off; FR_TIME_NEVER: none */
    fr_time_ns disk_free_at;
    bool is_finished; /* a member: the object is under its final name, put there by this transfer */
    bool was_whole;   /* a member whose transfer has ended: it was complete */
    fr_time_ns finished_at, last_stored_at, ended_at;
    uint32_t page_next;        /* the origin: pages are read in order, */
    uint32_t chunks_read;      /* so these chunks can be sent, */
    struct fr_bitset released; /* but for those of a pipe that were let go */
    struct fr_failure failure; /* why it ended, if it failed */
};

/* One connection of a host: at the door until its part is known. */
struct fr_sim_socket {
    struct fr_sim_host *host;
    struct fr_sim_end *end;
    struct fr_sim_part *part; /* NULL: at the door */
    struct fr_door *door;     /* NULL: dialled, or through the door */
    fr_link_id link;
    struct fr_sim_socket *next; /* in its slot, or in its host's lobby */
    uint32_t sends;             /* chunks handed over and not gone */
    bool is_ghost;              /* dialled a second time: it says HELLO and OPEN, and no more (ghost.c) */
    uint8_t *greeting; /* what was said first on a link that was dialled, for ghosts to say again; kept only where there will be one */
    uint32_t greeting_bytes;
    struct fr_bitset asked; /* chunks that the other side ever asked for */
};

struct fr_sim_host {
    struct fr_sim_world *world;
    struct fr_sim_port *port;
    uint32_t index;
    char address[32];
    struct fr_sim_part *parts;   /* the newest first */
    struct fr_sim_socket *lobby; /* sockets at the door */
    fr_time_ns ahead;            /* of everybody else's clock */
    double lie_chance;           /* that a chunk it sends is corrupt; */
    double rot_chance;           /* that one is that it has to read from its disk for that; */
    double bad_page_chance;      /* that a page is */
    bool is_boasting;
    bool is_refusing;
    struct fr_bitset
        kept; /* chunks of an earlier copy that can be taken over: those of a finished object, or what a process that died had stored */
    bool is_full, is_disk_broken;
    uint32_t source_fails_from; /* the origin: pages from here on cannot be read */
};

extern const struct fr_sim_handlers fr_sim_host_handlers;

void fr_sim_host_init(struct fr_sim_host *host, struct fr_sim_world *world, uint32_t index);
void fr_sim_host_done(struct fr_sim_host *host);
/* Host 0 begins to push. */
void fr_sim_host_push(struct fr_sim_host *host);
/* Somebody stops all its transfers in good order. */
void fr_sim_host_stop(struct fr_sim_host *host);
/* Its process is gone: transfers, links and timers with it. Its disk stays. The port is the caller's business. */
void fr_sim_host_die(struct fr_sim_host *host);

/* What its clock shows. */
fr_time_ns fr_sim_host_now(const struct fr_sim_host *host);
/* Its clock jumps forward. */
bool fr_sim_host_jump(struct fr_sim_host *host, fr_time_ns by);
/* It dials `other` once more and says what it said the first time; false: it never dialled it. (ghost.c) */
bool fr_sim_host_dial_again(struct fr_sim_host *host, uint32_t other);
/* Such links are closed. */
void fr_sim_host_hang_up(struct fr_sim_host *host);

/* ---- what the host's own files share */

/* end: NULL while it is still to be dialled. */
struct fr_sim_socket *fr_sim_socket_new(struct fr_sim_host *host, struct fr_sim_end *end);
/* It belongs to this part as this link from now on. */
void fr_sim_socket_join(struct fr_sim_part *part, struct fr_sim_socket *socket, fr_link_id link);
/* Where in its slot it is; *result is NULL when there is no such link. */
struct fr_sim_socket **fr_sim_socket_find(struct fr_sim_part *part, fr_link_id link);
/* Forgets it; the end is the caller's business. close: closes the end as well. */
void fr_sim_socket_free(struct fr_sim_socket *socket);
void fr_sim_socket_close(struct fr_sim_socket *socket);

struct fr_sim_part *fr_sim_part_new(struct fr_sim_host *host, const uint8_t *transfer_id, uint32_t member);
/* Which node it is, counted over all groups, of which there may be more than 65,535; FR_SIM_ORIGIN: the origin. */
uint32_t fr_sim_node_of(const struct fr_sim_part *part);
void fr_sim_part_observe(void *user, const struct fr_trace *trace); /* user: the part */
/* Do all that the transfer asks for, arm its timer, look after it when it has ended. After every event. */
void fr_sim_part_pump(struct fr_sim_part *part);
/* Its process is no more. */
void fr_sim_part_die(struct fr_sim_part *part);

/* Something that a part will hear of when it is done: a timer, a read, a write. */
struct fr_sim_chore {
    struct fr_sim_event event;
    struct fr_sim_part *part;
    fr_time_ns at;
    fr_link_id link;
    fr_chunk_index chunk;
    uint32_t page;
    enum fr_store_outcome outcome;
    struct fr_sim_token token;
    struct fr_digest digest;
};

/* A chore to be set on the clock; NULL parts are not allowed. */
struct fr_sim_chore *fr_sim_chore_new(struct fr_sim_part *part, void (*happen)(struct fr_sim_event *event));
/* At its beginning, `happen` asks: true when the part is gone (the chore is freed) or its process paused (the chore waits). */
bool fr_sim_chore_is_off(struct fr_sim_chore *chore);
void fr_sim_chore_free(struct fr_sim_chore *chore);

/* ghost.c: keeps what a ghost will say */
void fr_sim_ghost_note(struct fr_sim_socket *socket, const uint8_t *frame, uint32_t bytes);
/* lie.c: sends this frame, or what a liar makes of it. */
void fr_sim_lie_send(struct fr_sim_socket *socket, const uint8_t *frame, uint32_t bytes);
/* Do these bytes, which came, hold a page that the origin never signed? */
bool fr_sim_lie_is_bad_page(const struct fr_sim_world *world, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
/* disk.c */
void fr_sim_disk_store(struct fr_sim_part *part, const struct fr_action *action);
void fr_sim_disk_reuse(struct fr_sim_part *part, const struct fr_action *action);
void fr_sim_disk_finish(struct fr_sim_part *part);
/* source.c */
void fr_sim_source_read_page(struct fr_sim_part *part, uint32_t page);
void fr_sim_source_release(struct fr_sim_part *part, fr_chunk_index chunk);
bool fr_sim_source_has(const struct fr_sim_part *part, fr_chunk_index chunk);

#endif
