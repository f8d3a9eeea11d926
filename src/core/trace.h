/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer reports while it works: typed events to one observer. The node makes log lines and progress of them, the simulator
 * a fingerprint and its oracle's food. The observer must not call back into the transfer. */
#ifndef FR_CORE_TRACE_H
#define FR_CORE_TRACE_H

#include <stdint.h>

#include <fastreplica/types.h>

enum fr_trace_type {
    FR_TRACE_LINK_UP,        /* member (or FR_MEMBER_UPSTREAM): the link is live */
    FR_TRACE_LINK_DOWN,      /* member, error, text */
    FR_TRACE_LINK_RETRY,     /* member, error, text: could not connect, will try again */
    FR_TRACE_MEMBER_VERDICT, /* whoever feeds member: member, verdict, text */
    FR_TRACE_MEMBER_LAG,     /* member fell behind on our link to it: it pulls from now on */
    FR_TRACE_MEMBER_CAUGHT_UP,
    FR_TRACE_CHUNK_GIVEN,      /* upstream: chunk, member: now its owner */
    FR_TRACE_CHUNK_TAKEN_BACK, /* upstream: chunk, member: it died or stalled; another owner will get it */
    FR_TRACE_CHUNK_REACHED,    /* upstream: chunk, member reported it */
    FR_TRACE_CHUNK_STORED,     /* member role: chunk, member (from whom; FR_MEMBER_UPSTREAM) */
    FR_TRACE_CHUNK_BAD,        /* chunk from member did not match; dropped */
    FR_TRACE_CHUNK_DUPLICATE,  /* chunk from member was here already */
    FR_TRACE_CHUNK_SENT,       /* chunk to member; value: 0 pushed, 1 asked for, 2 given, to be its owner */
    FR_TRACE_CHUNK_WANTED,     /* chunk asked of member */
    FR_TRACE_CHUNK_OVERDUE,    /* chunk, and more, asked of member; nothing came for long. text: what follows */
    FR_TRACE_PROGRESS,         /* whoever feeds member: its figures changed */
    FR_TRACE_FAULT,            /* member, chunk, text: reported by or seen here: a peer did wrong */
    FR_TRACE_COMPLETE,         /* member role: final */
    FR_TRACE_FAILED,           /* error, text: this transfer failed here */
    FR_TRACE_ENDED,
};

struct fr_trace {
    enum fr_trace_type type;
    fr_time_ns now;
    uint32_t member;
    uint32_t group;   /* that the member belongs to */
    const char *peer; /* what people call it: its address, or "upstream"; valid during the call */
    fr_chunk_index chunk;
    uint64_t value;
    int error;
    const char *text; /* valid during the call; NULL when there is none */
};

struct fr_observer {
    void (*on_trace)(void *user, const struct fr_trace *trace); /* NULL: nobody listens */
    void *user;
};

const char *fr_trace_name(enum fr_trace_type type);

#endif
