/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer on a bench: a real origin or a real member with real keys, and hands in the place of everybody else. The test tells
 * events; what the transfer asks for is written down in `acts` and, unless held back, done at once: stores hash and compare, chunks
 * are sent, pages are read, the object is finished. After each event the transfer is checked whole, and that it does not ask to be
 * called again at once for ever.
 *
 *   core_rig_init(&rig, 40);                          an object of 40 chunks, its pages and end signed
 *   core_rig_be_member(&rig, 1, 3);                   we drive member 1 of 3
 *   up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);   somebody opens a link to it
 *   core_rig_page(&rig, up, 0);
 *   core_rig_chunk(&rig, up, 5, CORE_RIG_GOOD);
 *   assert_int_equal(core_rig_said(&rig, up, FR_FRAME_REACHED), 1);
 *   core_rig_done(&rig);
 *
 * What the rig itself needs does not come through base/memory.h, so that a fault walk starves the transfer only.
 */
#ifndef FR_TESTS_SUPPORT_CORE_RIG_H
#define FR_TESTS_SUPPORT_CORE_RIG_H

#include "core/manifest.h"
#include "core/transfer.h"

/* What is not done at once but left to the test. */
enum core_rig_hold { CORE_RIG_STORES = 1, CORE_RIG_SENDS = 2, CORE_RIG_PAGES = 4, CORE_RIG_FINISH = 8, CORE_RIG_LOOKS = 16 };

/* One action that was taken, or one trace event. */
struct core_rig_act {
    enum fr_action_type type;
    fr_link_id link;
    fr_chunk_index chunk;
    uint32_t page;
    enum fr_frame_type frame; /* of a SEND */
    uint8_t *body;            /* of a SEND; of a CONNECT the address */
    uint32_t bytes;
    bool is_urgent; /* of a SEND_CHUNK */
    bool is_open;   /* a STORE, REUSE, SEND_CHUNK, READ_PAGE or FINISH that is not answered yet */
    struct fr_buffer *buffer;
    struct fr_digest digest;
};

struct core_rig_trace {
    enum fr_trace_type type;
    uint32_t group, member;
    fr_chunk_index chunk;
    uint64_t value;
    int error;
    char text[200];
};

struct core_rig {
    struct fr_sign_key *key, *stranger;
    struct fr_verify_key *trusted;
    struct fr_opening opening;
    struct fr_roster roster;
    struct fr_manifest manifest; /* every page and the end, as the origin signs them */
    uint64_t object_bytes;       /* the last chunk is short by 100 bytes */
    uint32_t chunk_count;
    bool can_reread; /* for an origin; true */
    bool *kept;      /* [chunk_count] what a REUSE finds */
    struct fr_timing timing;
    uint8_t opening_blob[FR_OPENING_BYTES_MAX], roster_blob[FR_ROSTER_BYTES_MAX];
    uint32_t opening_bytes, roster_bytes;
    uint8_t opening_signature[FR_SIGNATURE_BYTES], roster_signature[FR_SIGNATURE_BYTES];

    struct fr_transfer *transfer;
    fr_time_ns now;
    unsigned holds; /* enum core_rig_hold */
    bool has_ended; /* the ENDED action came */
    struct core_rig_act *acts;
    uint32_t act_count, act_capacity;
    struct core_rig_trace *traces;
    uint32_t trace_count, trace_capacity;
};

void core_rig_init(struct core_rig *rig, uint32_t chunk_count);
void core_rig_again(struct core_rig *rig); /* free the transfer and forget it all; the object stays, and another can be made */
void core_rig_done(struct core_rig *rig);

/* Make the transfer; what fr_transfer_new_... returns. _pipe: before be_..., its size is not told in the opening. */
void core_rig_pipe(struct core_rig *rig);
/* Before be_...: chunk c is of entry c modulo their number, which divides chunk_count. */
void core_rig_set(struct core_rig *rig, uint32_t entry_count);
int core_rig_be_origin(struct core_rig *rig, uint32_t member_count);
int core_rig_be_origin_over(struct core_rig *rig, const struct fr_roster *const *rosters, uint32_t group_count);
int core_rig_be_member(struct core_rig *rig, uint32_t self, uint32_t member_count);
/* It holds an object of this name and size already, the same but for one chunk; differs_at FR_CHUNK_NONE: the same. */
int core_rig_be_holder(struct core_rig *rig, uint32_t self, uint32_t member_count, fr_chunk_index differs_at);
/* It holds a part of an earlier transfer, these chunks. */
int core_rig_be_partial(struct core_rig *rig, uint32_t self, uint32_t member_count, uint32_t first, uint32_t count);

/* ---- events; each takes all actions that follow */
void core_rig_take(struct core_rig *rig);
fr_link_id core_rig_accept(struct core_rig *rig, uint32_t from);          /* somebody dials our member */
fr_link_id core_rig_dialled(const struct core_rig *rig, uint32_t member); /* the last CONNECT to that member */
fr_link_id core_rig_answer(struct core_rig *rig, uint32_t member);        /* it connects and says HELLO and ACCEPT */
fr_link_id core_rig_answer_holding(struct core_rig *rig, uint32_t member);
void core_rig_connect(struct core_rig *rig, fr_link_id link);
void core_rig_hello(struct core_rig *rig, fr_link_id link);
void core_rig_frame(struct core_rig *rig, fr_link_id link, const uint8_t *frame); /* as an encoder wrote it */
void core_rig_raw(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, const char *body, uint32_t bytes);
void core_rig_accept_frame(struct core_rig *rig, fr_link_id link, bool is_holding);
void core_rig_ranges(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, uint32_t first, uint32_t count);
void core_rig_switch(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, bool on);
void core_rig_page(struct core_rig *rig, fr_link_id link, uint32_t page);
void core_rig_end(struct core_rig *rig, fr_link_id link);
void core_rig_reason(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, uint8_t code, const char *text);
void core_rig_progress(struct core_rig *rig, fr_link_id link, uint32_t chunks_have);
void core_rig_done_frame(struct core_rig *rig, fr_link_id link, enum fr_verdict verdict, const char *text);
void core_rig_close(struct core_rig *rig, fr_link_id link, int error);

enum core_rig_bytes { CORE_RIG_GOOD, CORE_RIG_SPOILT };
bool core_rig_chunk(struct core_rig *rig, fr_link_id link, fr_chunk_index chunk, enum core_rig_bytes bytes); /* false: not let in */
uint32_t core_rig_chunk_bytes(const struct core_rig *rig, fr_chunk_index chunk, uint8_t *out);               /* returns how many */
void core_rig_store(struct core_rig *rig, fr_chunk_index chunk);                                             /* answer a held STORE */
void core_rig_looked(struct core_rig *rig, fr_chunk_index chunk);                                            /* answer a held REUSE */
void core_rig_store_failed(struct core_rig *rig, fr_chunk_index chunk);
void core_rig_sent(struct core_rig *rig, fr_link_id link, fr_chunk_index chunk);
void core_rig_read(struct core_rig *rig, uint32_t page); /* answer a READ_PAGE */
void core_rig_finish(struct core_rig *rig, int error);

/* Let time pass, calling on_deadline whenever it is due; _while_heard: meanwhile these links say PING in time. */
void core_rig_wait(struct core_rig *rig, fr_time_ns span);
void core_rig_wait_heard(struct core_rig *rig, fr_time_ns span, const fr_link_id *links, uint32_t link_count);

/* ---- questions about what was written down since the last core_rig_forget */
void core_rig_forget(struct core_rig *rig);                                                         /* held STOREs stay */
uint32_t core_rig_did(const struct core_rig *rig, enum fr_action_type type, fr_link_id link);       /* how many */
uint32_t core_rig_said(const struct core_rig *rig, fr_link_id link, enum fr_frame_type frame);      /* how many */
bool core_rig_has_open(const struct core_rig *rig, enum fr_action_type type, fr_chunk_index chunk); /* held back, not answered */
bool core_rig_sent_chunk(const struct core_rig *rig, fr_link_id link, fr_chunk_index chunk);
/* The ranges of all frames of a type on a link hold this chunk. */
bool core_rig_told(const struct core_rig *rig, fr_link_id link, enum fr_frame_type type, fr_chunk_index chunk);
const struct core_rig_act *core_rig_last(const struct core_rig *rig, fr_link_id link, enum fr_frame_type frame); /* NULL: none */
/* A FAULT to `to` names this member and says these words. */
bool core_rig_named(const struct core_rig *rig, fr_link_id to, uint32_t member, const char *words);
uint32_t core_rig_traced(const struct core_rig *rig, enum fr_trace_type type, uint32_t member);
const struct core_rig_trace *core_rig_last_trace(const struct core_rig *rig, enum fr_trace_type type); /* NULL: none */
struct fr_transfer_view core_rig_view(const struct core_rig *rig);
int core_rig_failure(const struct core_rig *rig); /* why the transfer ended, 0: it did not, or in good order */
struct fr_member_result core_rig_node_result(const struct core_rig *rig, uint32_t node); /* an origin's table of nodes */

#endif
