/* SPDX-License-Identifier: Apache-2.0 */
/* One connection as its transfer sees it: who is at the other end, what it is known to have, what waits to be sent to it.
 *
 *   FREE --dial--> DIALLING --connected, HELLO and OPEN sent--> OPENING --ACCEPT--> LIVE --closed--> FREE
 *   FREE --accepted, ACCEPT sent--------------------------------------------------> LIVE
 */
#ifndef FR_CORE_LINK_H
#define FR_CORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bitset.h"
#include "base/ring.h"
#include "core/liveness.h"
#include "core/transfer.h"

enum fr_link_state { FR_LINK_FREE, FR_LINK_DIALLING, FR_LINK_OPENING, FR_LINK_LIVE };

enum fr_link_role {
    FR_LINK_UPSTREAM, /* the other end feeds us */
    FR_LINK_PEER,     /* a member of our group */
    FR_LINK_CHILD,    /* we feed the other end */
    FR_LINK_ADOPTER,  /* an owner of a group below sends us what one of our peers would have to */
    FR_LINK_ADOPTEE,  /* and we are that owner */
};

enum {
    FR_LINK_SENDS_MAX = 2, /* chunks handed to the driver and not gone yet: one on its way, one being read */
    FR_RESCUES_MAX = 4,    /* groups that others feed, where we try for members that were given up */
    FR_LINKS_MAX = (FR_FEEDS_MAX + FR_RESCUES_MAX + 2) *
        FR_GROUP_NODES_MAX, /* the peers, whoever feeds us, and all members of all groups that we may feed */
};

struct fr_dial;

struct fr_link {
    fr_link_id id; /* slot in the low bits, generation above: an id is not used twice in a long while */
    enum fr_link_state state;
    enum fr_link_role role;
    uint32_t member;       /* the other end's index in its group; FR_MEMBER_UPSTREAM for whoever feeds us */
    uint32_t place;        /* child: which feed it belongs to; upstream: its index in the group above, FR_GROUP_NODES_MAX + its
                            index in a group further up, or FR_MEMBER_UPSTREAM for the origin */
    struct fr_dial *dial;  /* of a link that we dialled; NULL: it came to us */
    bool has_hello;        /* its HELLO came (accepted links: the door saw it) */
    fr_time_ns answer_due; /* while OPENING: ACCEPT or REFUSE comes by then */
    struct fr_liveness liveness;

    /* sending */
    struct fr_ring queue;     /* chunks to send, in order */
    uint32_t sends;           /* SEND_CHUNK handed out and not answered by _sent */
    struct fr_bitset pending; /* queued or sent, and not acknowledged by HAVE */
    struct fr_bitset gifts;   /* of those, the ones that make the other end their owner */
    uint32_t handed_back;     /* gifts that the other end could not take */
    struct fr_bitset pages_sent;
    uint32_t rosters_seen; /* rosters of groups below that were looked at for this link, */
    uint32_t rosters_late; /* of which the first so many were here before the link */
    bool is_end_sent;

    /* the other end */
    struct fr_bitset theirs;      /* chunks it told us it has */
    uint32_t pages_known;         /* pages 0 .. pages_known - 1 are there */
    bool is_done;                 /* has everything: nothing need be pushed or told any more */
    bool is_told_done;            /* DONE was sent to it */
    bool is_holding;              /* may have the object already: give it nothing until it says otherwise */
    bool is_relieved;             /* a peer: an adopter sends us what it would */
    bool pulls_from_us;           /* LAG: what it lacks it asks for; we push nothing */
    bool wants_news;              /* INTEREST: tell it what we have */
    struct fr_bitset told;        /* with wants_news: chunks we told it that we have */
    struct fr_bitset told_coming; /* with wants_news: chunks we told it that we will push */

    /* pulling from it */
    bool is_asked_for_news; /* our INTEREST to it */
    struct fr_bitset asked; /* chunks asked of it and not here yet */
    struct fr_bitset owed;  /* and those that it has neither sent nor refused yet, though others were asked since: so answers are known */
    uint32_t ask_window;
    fr_time_ns ask_progress_at;    /* when an asked chunk last came, or the first was asked, */
    uint32_t ask_progress_arrived; /* and how many had come from anybody by then */
    fr_time_ns ask_after;          /* it let us wait: ask it nothing before */
    struct fr_bitset promised;     /* COMING: it will push these to us */
    struct fr_bitset spoilt;       /* it sent these, and damaged: that it will push one of them is what it may well think still */
    fr_time_ns chunk_at;           /* when a chunk last came from it, or it began to promise */
    struct fr_bitset late;         /* chunks that it sent while the same from another was being stored: it waits for our receipt too */
};

/* Prepare a slot; id and generation are kept. */
void fr_link_init(struct fr_link *link, enum fr_link_role role, uint32_t place, uint32_t member, fr_time_ns silence, fr_time_ns now);
/* Frees what it holds and makes the slot FREE. Safe on a free slot. */
void fr_link_done(struct fr_link *link);

static inline bool fr_link_is_live(const struct fr_link *link) { return link->state == FR_LINK_LIVE; }
/* Does the other end have this chunk, as far as we know? */
bool fr_link_has(const struct fr_link *link, fr_chunk_index chunk);
bool fr_link_is_pending(const struct fr_link *link, fr_chunk_index chunk);
/* May chunks be pushed to it now? */
bool fr_link_is_pushed(const struct fr_link *link);

/* Queue a chunk. 0, FR_E_LIMIT when the queue is full, FR_E_MEMORY. Queuing what is pending already is 0 and changes nothing. */
int fr_link_queue(struct fr_link *link, fr_chunk_index chunk);
/* The other end has chunk: nothing of it is pending any more. true when it was pending. */
bool fr_link_acknowledge(struct fr_link *link, fr_chunk_index chunk);
/* Forget what waits; what is on its way stays. */
void fr_link_clear_queue(struct fr_link *link);
/* Mark in a bitset of the link, which grows as needed. 0 or FR_E_MEMORY. */
int fr_link_mark(struct fr_bitset *set, uint32_t bit);

#endif
