/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two nodes say to each other: every frame, field by field. docs/protocol.md says the same in prose.
 *
 *   frame   = type u8 | length u24 | body [length]          numbers are big-endian; `varint` is LEB128, at most 5 bytes
 *   ranges  = count varint | { gap varint | run varint } x count
 *             gap: distance from the end of the range before (from 0 for the first); run >= 1; gap >= 1 but for the first
 *
 *   dialler                                   accepter
 *     HELLO  ------------------------------>             both at once; then the lower of the two highest versions holds
 *            <------------------------------  HELLO
 *     OPEN   ------------------------------>             "this transfer, this group; I am member f (or from above), you are t"
 *            <------------------------------  ACCEPT     or REFUSE, and the link closes
 *            ... PAGE CHUNK HAVE REACHED LAG PULL INTEREST WANT MISSING COMING END PROGRESS DONE FAULT ROSTER RESULT BELOW
 *                PING PONG ABORT, either way ...
 *     BYE    ------------------------------>             a link that is no longer needed ends with BYE and a reason
 *
 *     HELLO, STATUS_ASK  ------------------>             instead of OPEN: what is this node doing?
 *            <------------------------------  HELLO, STATUS
 */
#ifndef FR_WIRE_MESSAGE_H
#define FR_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fastreplica/types.h>

#include "content/limits.h"
#include "content/weave.h"

enum { FR_WIRE_VERSION_MIN = 1, FR_WIRE_VERSION_MAX = 1 };

/* Features a node can do, told in HELLO; both sides use only what both have. None is defined in version 1. */
#define FR_WIRE_FEATURES 0ull

enum fr_frame_type {
    FR_FRAME_HELLO = 1,
    FR_FRAME_OPEN = 2,
    FR_FRAME_ACCEPT = 3,
    FR_FRAME_REFUSE = 4,
    FR_FRAME_PAGE = 5,
    FR_FRAME_CHUNK = 6,     /* body: chunk number u32 | bytes */
    FR_FRAME_HAVE = 7,      /* I have these; also the receipt that an owner waits for */
    FR_FRAME_REACHED = 8,   /* owner -> upstream: these chunks, which you gave me, have reached my group */
    FR_FRAME_LAG = 9,       /* owner -> member: you fell behind, what I have not sent yet I will not push (body 1) */
    FR_FRAME_INTEREST = 10, /* member -> neighbour: tell me what you have and keep telling (1), or stop (0) */
    FR_FRAME_WANT = 11,     /* member -> neighbour: send me these */
    FR_FRAME_MISSING = 12,  /* the answer for chunks of a WANT that cannot be served */
    FR_FRAME_END = 13,
    FR_FRAME_PROGRESS = 14, /* member -> upstream, a few times a second */
    FR_FRAME_DONE = 15,     /* member -> upstream, once: verdict and final figures */
    FR_FRAME_FAULT = 16,    /* member -> upstream, and on up: another node did something wrong; for the report */
    FR_FRAME_PING = 17,     /* empty body; answered by PONG */
    FR_FRAME_PONG = 18,
    FR_FRAME_ABORT = 19, /* upstream -> member: the push is given up */
    FR_FRAME_BYE = 20,   /* the sender closes this link now, in good order */
    FR_FRAME_STATUS_ASK = 21,
    FR_FRAME_STATUS = 22,
    FR_FRAME_PULL = 23,   /* member -> neighbour: I ask for what I lack, push me nothing (1); push to me again (0) */
    FR_FRAME_COMING = 24, /* to a neighbour that asked for news: these I will push to you, do not ask others for them */
    FR_FRAME_ROSTER = 25, /* upstream -> member, and member -> peer: the signed roster of a group below yours */
    FR_FRAME_RESULT = 26, /* member -> upstream, and on up: how the push ended for one node below */
    FR_FRAME_BELOW = 27,  /* member -> upstream, and on up: how far nodes below are */
};
enum { FR_FRAME_TYPE_MAX = FR_FRAME_BELOW };

#define FR_WIRE_MAGIC 0x46524550u /* "FREP" */

enum {
    FR_AGENT_BYTES_MAX = 64,
    FR_OPENING_BYTES_MAX = 6 << 10,              /* the encoded opening; the longest of version 1 has 4,423 */
    FR_ROSTER_BYTES_MAX = FR_FRAME_BODY_MAX / 2, /* the encoded roster */
    FR_PAGES_MAX = FR_CHUNKS_MAX / 2,            /* pages of one object */
};
static_assert(FR_PAGES_MAX == FR_CHUNKS_MAX / (FR_PAGE_SPAN_BYTES_MAX / FR_CHUNK_BYTES_MAX), "the largest chunks make the smallest pages");
static_assert(4 + FR_OPENING_BYTES_MAX + FR_ROSTER_BYTES_MAX + 4 + 2 * FR_SIGNATURE_BYTES <= FR_FRAME_BODY_MAX, "OPEN fits a frame");

/* Text inside a message: borrowed from the frame when decoded; not NUL-terminated; checked to be clean UTF-8. */
struct fr_text {
    const char *bytes;
    uint32_t count;
};

/* magic u32 | version_min u16 | version_max u16 | features u64 | agent: length u8, text. Later versions may append. */
struct fr_msg_hello {
    uint16_t version_min, version_max;
    uint64_t features;
    struct fr_text agent; /* such as "fastreplica 0.1.0"; at most FR_AGENT_BYTES_MAX */
};

/* What is pushed. Signed by the origin as a blob (FR_SIGN_OPENING), so it is decoded from and kept as bytes.
 * transfer_id | origin_key | created u64 | object_bytes u64 | chunk_bytes u32 | mode u16 | name: length u8, bytes
 * | with bit 15 of the mode, a set: count u8 (1 .. FR_ENTRIES_MAX), { bytes u64 | name: length u8, bytes } x count */
struct fr_opening {
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    uint8_t origin_key[FR_KEY_BYTES]; /* the public key that signs this transfer; a node checks it against those it trusts */
    uint64_t created_unix_ms;
    uint64_t object_bytes; /* FR_BYTES_UNKNOWN (all ones) for a pipe */
    uint32_t chunk_bytes;
    uint32_t mode;                    /* permission bits, 0 .. 0777 */
    char name[FR_NAME_BYTES_MAX + 1]; /* checked by fr_name_check when decoded */
    uint32_t entry_count;             /* 0: one file; else the object is a set, and object_bytes those of its stream (content/weave.h) */
    struct fr_entry entries[FR_ENTRIES_MAX]; /* [entry_count], checked by fr_entries_check when decoded */
};

/* Who is in a group and where it stands in the tree, told by the origin and signed (FR_SIGN_ROSTER). Member indexes are positions in this
 * list. Groups are numbered so that a group and all below it are group_index .. group_index + below_count.
 * transfer_id | group u32 | below u32 | upstream group u32 | upstream members u16 | flags u8 (bit 0: secondary, bit 1: adopts) | node_count
 * u32 | member_count u16 | { address: length u16, bytes, not empty } x member_count | with bit 1: adopted group u32 | shift u8 */
struct fr_roster {
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    uint32_t group_index;    /* < FR_GROUPS_MAX */
    uint32_t below_count;    /* groups below it, at any depth */
    uint32_t upstream_group; /* the group that feeds it, when upstream_count > 0 */
    uint32_t upstream_count; /* its members; 0: the origin feeds this group */
    bool is_secondary;       /* it is fed once the group above has the whole object */
    bool is_adopting;        /* it relieves owners of a group above it: */
    uint32_t adopted_group;  /* what owner i of that group would send its peer (i + shift) modulo the group's */
    uint32_t adopted_shift;  /* size, owner i of this group sends it; 1 .. FR_GROUP_NODES_MAX - 1 */
    uint32_t node_count;     /* nodes of the whole push: the more, the rarer their progress is told */
    uint32_t member_count;   /* 1 .. FR_GROUP_NODES_MAX */
    char addresses[FR_GROUP_NODES_MAX][FR_ADDRESS_BYTES_MAX + 1]; /* "host:port" as the operator wrote it, port added */
};

/* The `from` of an OPEN: a peer's index; or FR_MEMBER_ADOPTED + the index of a member of the group that this one adopts; or FR_MEMBER_ABOVE
 * + the index of a member of the group above; or, when all of that are gone, FR_MEMBER_FAR_ABOVE + FR_GROUP_NODES_MAX *
 * level + the index of a member of a group further up; level: groups between that one and the one above, from 0, the last standing for all
 * beyond; or the origin. */
enum {
    FR_MEMBER_ADOPTED = 0x2000,
    FR_MEMBER_ABOVE = 0x4000,
    FR_MEMBER_FAR_ABOVE = 0x8000,
    FR_FAR_LEVELS_MAX = 8,
    FR_MEMBER_FAR_ABOVE_END = FR_MEMBER_FAR_ABOVE + FR_FAR_LEVELS_MAX * FR_GROUP_NODES_MAX,
    FR_MEMBER_UPSTREAM = 0xffff,
};

/* from u16 | to u16 | opening: length u16, bytes | signature | roster: length u16, bytes | signature */
struct fr_msg_open {
    uint16_t from;          /* as above */
    uint16_t to;            /* the receiver's own member index */
    const uint8_t *opening; /* the encoded blob, borrowed */
    uint32_t opening_bytes;
    const uint8_t *opening_signature;
    const uint8_t *roster;
    uint32_t roster_bytes;
    const uint8_t *roster_signature;
};

/* flags u8 | pages_known varint. */
struct fr_msg_accept {
    bool is_holding;      /* bit 0: has an object of this name and size already; do not push, END will tell */
    uint32_t pages_known; /* pages 0 .. pages_known - 1 are here */
};

/* Why a node will not take part. */
enum fr_refusal {
    FR_REFUSAL_VERSION = 1,   /* no version in common */
    FR_REFUSAL_UNTRUSTED = 2, /* the origin's key is not one this node trusts */
    FR_REFUSAL_SIGNATURE = 3, /* opening or roster not signed by that key */
    FR_REFUSAL_NAME = 4,      /* a name this node will not store */
    FR_REFUSAL_SPACE = 5,     /* no room */
    FR_REFUSAL_LIMIT = 6,     /* too many transfers, too large, too many chunks */
    FR_REFUSAL_BUSY = 7,      /* another transfer of the same name is under way */
    FR_REFUSAL_STORE = 8,     /* the store cannot be written */
    FR_REFUSAL_STOPPING = 9,  /* the node is shutting down */
    FR_REFUSAL_PROTOCOL = 10, /* the request makes no sense */
    FR_REFUSAL_ENDED = 11,    /* this transfer already ended here */
    FR_REFUSAL_COMPLETE = 12, /* the same, and this node has the whole object */
};

enum fr_goodbye {
    FR_GOODBYE_OVER = 0,   /* the sender's transfer is over, or it has left in good order */
    FR_GOODBYE_REASON = 1, /* it closes because of what the text says, and the transfer goes on without this link */
    FR_GOODBYE_ALONE = 2,  /* to those below: it has the object, lost all who fed it, and nobody came in their place */
};

/* code u8 | text: length u16, bytes. Also the body of ABORT (code 0) and of BYE (enum fr_goodbye). */
struct fr_msg_reason {
    uint8_t code;        /* any number when decoded: later versions may have more reasons */
    struct fr_text text; /* at most FR_REASON_BYTES_MAX */
};

/* page u32 | count u8 | digests | signature over the transfer id and all before it (FR_SIGN_PAGE). */
struct fr_msg_page {
    uint32_t page;
    uint32_t count;         /* 1 .. FR_PAGE_CHUNKS_MAX */
    const uint8_t *digests; /* count * FR_DIGEST_BYTES, borrowed */
    const uint8_t *signature;
};

/* chunk_count u32 | object_bytes u64 | root | sha256 | signature over the transfer id and all before it (FR_SIGN_END). */
struct fr_msg_end {
    uint32_t chunk_count;
    uint64_t object_bytes;
    struct fr_digest root;
    struct fr_digest sha256;
    uint8_t signature[FR_SIGNATURE_BYTES];
};

struct fr_range {
    uint32_t first, count; /* count >= 1; first + count <= FR_CHUNKS_MAX */
};

/* HAVE: pages_known varint | ranges. REACHED, WANT, MISSING, COMING: ranges. Sorted, disjoint, not touching. */
struct fr_msg_ranges {
    uint32_t pages_known; /* HAVE only, 0 .. FR_PAGES_MAX; else 0 */
    uint32_t range_count; /* 0 .. FR_RANGES_MAX */
    struct fr_range ranges[FR_RANGES_MAX];
};

/* Figures of one member, for progress and report. Durations count from the moment the member accepted. Encoded as u64 and u32
 * in this order. */
struct fr_member_figures {
    uint64_t bytes_from_upstream; /* chunk bytes, each chunk counted when its verified copy came that way */
    uint64_t bytes_from_peers;
    uint64_t bytes_relayed;  /* chunk bytes handed to peers and child groups */
    uint64_t first_relay_ns; /* FR_TIME_NEVER: none yet */
    uint64_t last_owned_ns;  /* the last chunk that upstream gave it; FR_TIME_NEVER: none yet */
    uint32_t chunks_have;
    uint32_t chunks_owned;
    uint32_t chunks_bad;    /* chunks that did not match their page and were dropped */
    uint32_t entries_whole; /* of a set: entries of which every chunk is stored; 0 .. FR_ENTRIES_MAX */
};

/* verdict u8 | elapsed u64 | figures | text: length u16, bytes. */
struct fr_msg_done {
    enum fr_verdict verdict; /* COMPLETE or FAILED */
    uint64_t elapsed_ns;     /* from accept to the final name */
    struct fr_member_figures figures;
    struct fr_text text; /* the reason when it failed, else empty */
};

/* group u32 | member u16 | chunk u32 | text: length u16, bytes. `member` sent a wrong `chunk` (or, FR_CHUNK_NONE, did what the text
 * says). */
#define FR_CHUNK_NONE UINT32_MAX
struct fr_msg_fault {
    uint32_t group;  /* of the one who tells, and of the member */
    uint16_t member; /* of that group; FR_MEMBER_ABOVE and more: above it, as in OPEN; FR_MEMBER_UPSTREAM: the origin */
    uint32_t chunk;
    struct fr_text text;
};

/* blob: length u16, bytes | signature. The blob is an encoded roster. */
struct fr_msg_roster {
    const uint8_t *blob;
    uint32_t blob_bytes;
    const uint8_t *signature;
};

/* group u32 | member u16 | verdict u8 | accepted ago u64 | done ago u64 | figures | text: length u16, bytes. Moments are told as how long
 * ago they were, since clocks differ; FR_TIME_NEVER: it never did. */
struct fr_msg_result {
    uint32_t group;
    uint16_t member;
    enum fr_verdict verdict; /* COMPLETE, FAILED, UNREACHABLE or REFUSED */
    uint64_t accepted_ago_ns, done_ago_ns;
    struct fr_member_figures figures;
    struct fr_text text;
};

/* count u8 | { group varint | member varint | chunks varint | entries varint } x count. */
enum { FR_BELOW_MAX = 200 };
struct fr_msg_below {
    uint32_t count; /* 1 .. FR_BELOW_MAX */
    struct fr_below {
        uint32_t group, member, chunks_have, entries_whole;
    } nodes[FR_BELOW_MAX];
};
static_assert(2 + FR_ROSTER_BYTES_MAX + FR_SIGNATURE_BYTES <= FR_FRAME_BODY_MAX, "ROSTER fits a frame");
static_assert(FR_BELOW_MAX <= UINT8_MAX && 1 + FR_BELOW_MAX * 4 * 5 <= FR_FRAME_BODY_MAX, "BELOW fits its count, and a frame");
static_assert((int) FR_MEMBER_ABOVE + (int) FR_GROUP_NODES_MAX <= (int) FR_MEMBER_UPSTREAM, "who asks is told apart");
static_assert((int) FR_MEMBER_ADOPTED + (int) FR_GROUP_NODES_MAX <= (int) FR_MEMBER_ABOVE, "and so is whom a group adopts");

/* One transfer in a status answer.
 * transfer_id | name: length u8, bytes | bytes_have u64 | object_bytes u64 (FR_BYTES_UNKNOWN allowed) | elapsed u64 | state u8 */
struct fr_status_transfer {
    uint8_t transfer_id[FR_TRANSFER_ID_BYTES];
    struct fr_text name;
    uint64_t bytes_have, object_bytes, elapsed_ns;
    uint8_t state; /* 0 receiving, 1 complete, serving others, 2 failed */
};

enum { FR_STATUS_TRANSFERS_MAX = 64 };

/* agent: length u8, text | uptime u64 | store_free u64 | objects_complete u64 | objects_failed u64 | count u8 | transfers */
struct fr_msg_status {
    struct fr_text agent;
    uint64_t uptime_ns, store_free_bytes, completed_count, failed_count;
    uint32_t transfer_count;
    struct fr_status_transfer transfers[FR_STATUS_TRANSFERS_MAX];
};

/*
 * Encoders write a whole frame, head included, at out (capacity bytes) and return its size; they assert that it fits and that
 * the message is valid: wrong values here are our bug. FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX always suffices. Only the sentences
 * for people in reasons, DONE, FAULT and RESULT may be any bytes of any length, for they may quote a path or the system: they are cut to
 * FR_REASON_BYTES_MAX where a character ends, with '?' in the place of bytes that are not clean UTF-8.
 * Decoders take a body without its head and return 0 or FR_E_PROTOCOL (short, long, out of range, unsorted, not clean UTF-8): bytes
 * after the last field are an error, except in HELLO. Results are untouched on failure. Texts and blobs borrow from body.
 * No decoder allocates or reads past `bytes`.
 */
size_t fr_hello_encode(const struct fr_msg_hello *hello, uint8_t *out, size_t capacity);
int fr_hello_decode(const uint8_t *body, size_t bytes, struct fr_msg_hello *ret_hello);
size_t fr_open_encode(const struct fr_msg_open *open, uint8_t *out, size_t capacity);
int fr_open_decode(const uint8_t *body, size_t bytes, struct fr_msg_open *ret_open);
size_t fr_accept_encode(const struct fr_msg_accept *accept, uint8_t *out, size_t capacity);
int fr_accept_decode(const uint8_t *body, size_t bytes, struct fr_msg_accept *ret_accept);
size_t fr_reason_encode(enum fr_frame_type type, const struct fr_msg_reason *reason, uint8_t *out, size_t capacity);
int fr_reason_decode(const uint8_t *body, size_t bytes, struct fr_msg_reason *ret_reason);
size_t fr_page_encode(const struct fr_msg_page *page, uint8_t *out, size_t capacity);
int fr_page_decode(const uint8_t *body, size_t bytes, struct fr_msg_page *ret_page);
size_t fr_end_encode(const struct fr_msg_end *end, uint8_t *out, size_t capacity);
int fr_end_decode(const uint8_t *body, size_t bytes, struct fr_msg_end *ret_end);
/* The head of a CHUNK frame: FR_FRAME_HEAD_BYTES + FR_CHUNK_HEAD_BYTES bytes, the chunk's own bytes follow.
 * chunk < FR_CHUNKS_MAX; chunk_size 1 .. FR_CHUNK_BYTES_MAX. */
size_t fr_chunk_head_encode(fr_chunk_index chunk, uint32_t chunk_size, uint8_t *out);
/* type: HAVE, REACHED, WANT, MISSING or COMING. */
size_t fr_ranges_encode(enum fr_frame_type type, const struct fr_msg_ranges *ranges, uint8_t *out, size_t capacity);
int fr_ranges_decode(enum fr_frame_type type, const uint8_t *body, size_t bytes, struct fr_msg_ranges *ret_ranges);
/* LAG, INTEREST or PULL: one byte, 0 or 1. */
size_t fr_switch_encode(enum fr_frame_type type, bool on, uint8_t *out, size_t capacity);
int fr_switch_decode(const uint8_t *body, size_t bytes, bool *ret_on);
size_t fr_progress_encode(const struct fr_member_figures *figures, uint8_t *out, size_t capacity);
int fr_progress_decode(const uint8_t *body, size_t bytes, struct fr_member_figures *ret_figures);
size_t fr_done_encode(const struct fr_msg_done *done, uint8_t *out, size_t capacity);
int fr_done_decode(const uint8_t *body, size_t bytes, struct fr_msg_done *ret_done);
size_t fr_fault_encode(const struct fr_msg_fault *fault, uint8_t *out, size_t capacity);
int fr_fault_decode(const uint8_t *body, size_t bytes, struct fr_msg_fault *ret_fault);
size_t fr_roster_frame_encode(const struct fr_msg_roster *roster, uint8_t *out, size_t capacity);
int fr_roster_frame_decode(const uint8_t *body, size_t bytes, struct fr_msg_roster *ret_roster);
size_t fr_result_encode(const struct fr_msg_result *result, uint8_t *out, size_t capacity);
int fr_result_decode(const uint8_t *body, size_t bytes, struct fr_msg_result *ret_result);
size_t fr_below_encode(const struct fr_msg_below *below, uint8_t *out, size_t capacity);
int fr_below_decode(const uint8_t *body, size_t bytes, struct fr_msg_below *ret_below);
size_t fr_status_encode(const struct fr_msg_status *status, uint8_t *out, size_t capacity);
int fr_status_decode(const uint8_t *body, size_t bytes, struct fr_msg_status *ret_status);
/* PING, PONG, STATUS_ASK. Their bodies are empty; a non-empty one is FR_E_PROTOCOL, checked by the caller. */
size_t fr_empty_encode(enum fr_frame_type type, uint8_t *out, size_t capacity);

/* The signed blobs inside OPEN. Encoders return the blob's size (at most 2 KiB; at most FR_FRAME_BODY_MAX / 2). */
size_t fr_opening_encode(const struct fr_opening *opening, uint8_t *out, size_t capacity);
/* Also FR_E_NAME for a name that fr_name_check refuses; FR_E_LIMIT for more than FR_CHUNKS_MAX chunks. */
int fr_opening_decode(const uint8_t *blob, size_t bytes, struct fr_opening *ret_opening);
size_t fr_roster_encode(const struct fr_roster *roster, uint8_t *out, size_t capacity);
int fr_roster_decode(const uint8_t *blob, size_t bytes, struct fr_roster *ret_roster);

/* The bytes that a page's or an end's signature covers: transfer id, then the fields before the signature. Writes at most
 * FR_TRANSFER_ID_BYTES + FR_FRAME_BODY_MAX bytes (a page: 16 + 5 + 32 * count; an end: 16 + 76), returns how many. */
size_t fr_page_signed_bytes(const uint8_t *transfer_id, const struct fr_msg_page *page, uint8_t *out, size_t capacity);
size_t fr_end_signed_bytes(const uint8_t *transfer_id, const struct fr_msg_end *end, uint8_t *out, size_t capacity);

/* "HELLO", "OPEN" ...; "?" for an unknown type. */
const char *fr_frame_name(unsigned type);
const char *fr_refusal_name(unsigned code); /* "version", "untrusted" ...; "other" */

#endif
