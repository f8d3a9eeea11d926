/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer at one node, as a state machine without I/O: events in, actions out. The node drives it with sockets, files and a
 * real clock, the simulator with virtual ones; the object code is the same.
 *
 *   fr_transfer_on_...(transfer, ..., now);                   tell it what happened
 *   while (fr_transfer_next_action(transfer, &action))        do what it asks
 *       perform(driver, &action);
 *   arm_timer(driver, fr_transfer_deadline(transfer));        call fr_transfer_on_deadline when it has come
 *
 * A transfer is made in one of two roles. The origin reads pages of the object, gives each next chunk to the member of each first
 * group that has credit left, and collects verdicts. A member receives its share from upstream, hands it on to the groups below its own
 * and to the other members at once, receives theirs, pulls what is missing, and ends with the object under its final name.
 *
 * Telling an event cannot fail. What goes wrong with one link closes that link; what goes wrong here ends the transfer.
 */
#ifndef FR_CORE_TRANSFER_H
#define FR_CORE_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>
#include <fastreplica/types.h>

#include "base/buffer.h"
#include "content/sign.h"
#include "core/trace.h"
#include "wire/message.h"

struct fr_transfer;

typedef uint32_t fr_link_id; /* names one connection within its transfer; never reused while it is open */
#define FR_LINK_NONE UINT32_MAX

/* ---------------------------------------------------------------------------------------------------- actions */

enum fr_action_type {
    FR_ACTION_CONNECT,    /* link, address: dial; then on_connected or on_closed */
    FR_ACTION_SEND,       /* link, bytes, count: a whole frame; bytes are valid until the next call into the transfer that is
                             not fr_transfer_next_action */
    FR_ACTION_SEND_CHUNK, /* link, chunk: read it (memory or disk) and send it; then on_chunk_sent, or on_chunk_unreadable */
    FR_ACTION_CLOSE,      /* link: send what is queued, then close; no event follows for this link */
    FR_ACTION_STORE,      /* link, chunk, chunk_offset, buffer (handed over), digest: hash it, compare, write it at its offset; then
                             on_chunk_stored. The driver may keep the buffer for SEND_CHUNK. */
    FR_ACTION_REUSE, /* chunk, chunk_offset, count, digest: if what is here of earlier has these bytes at that place, store them from there;
                             then on_chunk_stored, with FR_STORE_BAD_DIGEST when it has not */
    FR_ACTION_DROP,  /* buffer (handed over): not needed, unref it */
    FR_ACTION_READ_PAGE, /* origin: page: read and hash its chunks; then on_page_read. One at a time, in order. */
    FR_ACTION_RELEASE,   /* origin of a pipe: chunk has reached the group; its bytes may be forgotten */
    FR_ACTION_FINISH,    /* member: every chunk is stored and the end is known: make it final; then on_finished */
    FR_ACTION_ENDED,     /* the transfer is over; nothing further comes; free it when convenient */
};

struct fr_action {
    enum fr_action_type type;
    fr_link_id link;
    fr_chunk_index chunk;
    uint32_t page;
    uint32_t count;
    uint64_t chunk_offset;
    const uint8_t *bytes;
    const char *address; /* CONNECT: "host:port", valid as long as the transfer */
    bool is_urgent;      /* SEND_CHUNK: before others that are not; whole groups wait for it */
    struct fr_buffer *buffer;
    struct fr_digest digest;
};

/* ---------------------------------------------------------------------------------------------------- settings */

/* Deadlines; all have defaults that fit a data centre and a WAN alike. */
struct fr_timing {
    fr_time_ns connect;  /* keep trying to reach a member this long before it is `unreachable` (5 s) */
    fr_time_ns silence;  /* a link that says nothing this long is dead (15 s); pings go out at a third of it */
    fr_time_ns patience; /* a chunk that should be here by now is pulled (500 ms) */
    fr_time_ns linger;   /* a complete member without upstream serves its peers until this long after the last request (10 s) */
    fr_time_ns total;    /* the whole push ends by then, FR_TIME_NEVER: no such limit */
};
extern const struct fr_timing fr_timing_default;

struct fr_origin_options {
    const struct fr_sign_key *key;    /* borrowed, outlives the transfer */
    const struct fr_opening *opening; /* copied; origin_key is filled in from key */
    /* The groups, by index, each after the one that feeds it; copied. Transfer id, group index, below and node count are filled in. At most
     * FR_FEEDS_MAX are fed by the origin (upstream_count 0) and by any one group. */
    const struct fr_roster *const *rosters;
    uint32_t group_count;
    bool can_reread;         /* a file: any chunk can be read again; a pipe: only until RELEASE */
    uint32_t page_ahead_max; /* pages read before their chunks are given out (2) */
    struct fr_timing timing;
    struct fr_observer observer;
    uint64_t seed;
};

struct fr_member_options {
    const struct fr_verify_key *key;  /* the origin's public key, trusted; borrowed, outlives the transfer */
    const struct fr_msg_open *open;   /* as received and checked by fr_door; blobs are copied */
    const struct fr_opening *opening; /* copied */
    const struct fr_roster *roster;   /* copied */
    /* Something is here under this name: a part of an earlier transfer, or a finished object. Only where the size is known. */
    bool is_holding;
    const struct fr_digest *held_digests; /* [held_count], copied: of the finished object, cut as this one; NULL: not known */
    uint32_t held_count;
    struct fr_digest held_root; /* with held_digests */
    bool looks_at_all;          /* chunks unlike held_digests may be here all the same, in a part of an earlier transfer */
    struct fr_timing timing;
    struct fr_observer observer;
    uint64_t seed;
};

/* Return 0, FR_E_MEMORY, FR_E_ARGUMENT, FR_E_LIMIT. The first actions are ready after the call. */
int fr_transfer_new_origin(const struct fr_origin_options *options, fr_time_ns now, struct fr_transfer **ret_transfer);
int fr_transfer_new_member(const struct fr_member_options *options, fr_time_ns now, struct fr_transfer **ret_transfer);
/* Buffers in actions not yet taken are dropped. NULL allowed. */
void fr_transfer_free(struct fr_transfer *transfer);

/* ---------------------------------------------------------------------------------------------------- events */

/* A CONNECT succeeded; frames may be sent. */
void fr_transfer_on_connected(struct fr_transfer *transfer, fr_link_id link, fr_time_ns now);
/* Members: a link came in whose OPEN names this transfer (fr_door checked it). The transfer answers ACCEPT, or REFUSE and CLOSE.
 * FR_LINK_NONE: the link does not fit this transfer (it has ended, or nobody of its roster would dial this member so); nothing was said. */
fr_link_id fr_transfer_on_accepted(struct fr_transfer *transfer, const struct fr_msg_open *open, fr_time_ns now);
/* Are the blobs and signatures of this OPEN the very ones that this transfer was made with? Then they need no verifying. */
bool fr_transfer_knows_open(const struct fr_transfer *transfer, const struct fr_msg_open *open);
/* Bytes came on a link at `when`, even if no whole frame: a large chunk on a slow link is no silence. Cheap; tell it before on_deadline. */
void fr_transfer_on_heard(struct fr_transfer *transfer, fr_link_id link, fr_time_ns when);
/* A link is gone, or its CONNECT failed. error, text: why. Not told after CLOSE. */
void fr_transfer_on_closed(struct fr_transfer *transfer, fr_link_id link, const struct fr_failure *failure, fr_time_ns now);
/* A whole frame but CHUNK. Unknown links are ignored (a frame may cross a CLOSE). */
void fr_transfer_on_frame(struct fr_transfer *transfer, fr_link_id link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes,
                          fr_time_ns now);
/* A CHUNK frame's head has come: may its bytes follow? false: the link gets a CLOSE action (chunk outside the object, wrong size, no page
 * before it, nobody asked). */
bool fr_transfer_on_chunk_begin(struct fr_transfer *transfer, fr_link_id link, fr_chunk_index chunk, uint32_t chunk_size, fr_time_ns now);
/* Its bytes are here. The buffer is handed over and comes back in STORE or DROP. */
void fr_transfer_on_chunk(struct fr_transfer *transfer, fr_link_id link, fr_chunk_index chunk, struct fr_buffer *buffer, fr_time_ns now);

enum fr_store_outcome { FR_STORE_OK, FR_STORE_BAD_DIGEST, FR_STORE_FAILED };
/* STORE or REUSE is done. failure: only with FR_STORE_FAILED. */
void fr_transfer_on_chunk_stored(struct fr_transfer *transfer, fr_link_id link, fr_chunk_index chunk, enum fr_store_outcome outcome,
                                 const struct fr_failure *failure, fr_time_ns now);
/* SEND_CHUNK is done: its last byte has left for the socket. */
void fr_transfer_on_chunk_sent(struct fr_transfer *transfer, fr_link_id link, fr_chunk_index chunk, fr_time_ns now);
/* SEND_CHUNK could not read its chunk: at a member and at the origin alike this ends the transfer here. */
void fr_transfer_on_chunk_unreadable(struct fr_transfer *transfer, fr_link_id link, fr_chunk_index chunk, const struct fr_failure *failure,
                                     fr_time_ns now);
/* Origin: READ_PAGE is done. digests [count]; count may be short, even 0, only when is_last. With is_last: object_bytes and sha256 of the
 * whole stream. */
void fr_transfer_on_page_read(struct fr_transfer *transfer, uint32_t page, const struct fr_digest *digests, uint32_t count, bool is_last,
                              uint64_t object_bytes, const struct fr_digest *sha256, fr_time_ns now);
/* The environment failed us (source unreadable or changed, store gone): tell everyone why and end. */
void fr_transfer_on_failed(struct fr_transfer *transfer, const struct fr_failure *failure, fr_time_ns now);
/* Stop in good order: the same with FR_E_CANCELLED. */
void fr_transfer_on_stop(struct fr_transfer *transfer, const char *why, fr_time_ns now);
/* Member: FINISH is done. failure->error 0: the object is under its final name. */
void fr_transfer_on_finished(struct fr_transfer *transfer, const struct fr_failure *failure, fr_time_ns now);
void fr_transfer_on_deadline(struct fr_transfer *transfer, fr_time_ns now);

/* ---------------------------------------------------------------------------------------------------- questions */

bool fr_transfer_next_action(struct fr_transfer *transfer, struct fr_action *ret_action); /* false when there is none */
fr_time_ns fr_transfer_deadline(const struct fr_transfer *transfer);                      /* FR_TIME_NEVER when nothing is due */

/* What the driver needs for files, records and status. Pointers are valid as long as the transfer. */
struct fr_transfer_view {
    const struct fr_opening *opening;
    const struct fr_roster *roster; /* own group; the origin's: the first */
    uint32_t self;                  /* own member index; FR_MEMBER_UPSTREAM for the origin */
    uint64_t object_bytes;          /* FR_BYTES_UNKNOWN until known */
    uint64_t bytes_have;
    uint32_t chunk_count;            /* known so far */
    const struct fr_digest *digests; /* [chunk_count] where the page is known; all of them once is_end_known and complete */
    bool is_end_known;
    struct fr_digest root, sha256; /* once is_end_known */
    bool is_complete;              /* member: final; origin: every node has a verdict */
    bool is_ended;
    bool is_fed;               /* member: somebody above is linked with it */
    struct fr_failure failure; /* why it ended here, if it failed */
};
void fr_transfer_view(const struct fr_transfer *transfer, struct fr_transfer_view *ret_view);

/* Origin: what is known of one node. */
struct fr_member_result {
    enum fr_verdict verdict;
    fr_time_ns done_at;     /* when its DONE came (or its failure was seen); FR_TIME_NEVER: not yet */
    fr_time_ns accepted_at; /* when its ACCEPT came; FR_TIME_NEVER: never */
    struct fr_member_figures figures;
    uint32_t chunks_given;
    char reason[FR_REASON_BYTES_MAX + 1];
};
/* node: counts the members of all groups in order, from 0. */
void fr_transfer_node_result(const struct fr_transfer *transfer, uint32_t node, struct fr_member_result *ret_result);
uint64_t fr_transfer_origin_bytes_sent(const struct fr_transfer *transfer); /* chunk bytes handed out */

/* Asserts every invariant of the whole object. For tests and the simulator. O(everything). */
void fr_transfer_assert_valid(const struct fr_transfer *transfer);

#endif
