/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer is made of. Private to src/core: roles and services share it, each keeping to its own part. */
#ifndef FR_CORE_STATE_H
#define FR_CORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <fastreplica/error.h>

#include "base/bitset.h"
#include "base/prng.h"
#include "core/actions.h"
#include "core/dispatch.h"
#include "core/link.h"
#include "core/manifest.h"
#include "core/owner.h"
#include "core/transfer.h"

/* Dialling one member again and again until it answers or the time is up. */
struct fr_dial {
    fr_link_id link;     /* FR_LINK_NONE while not connected and not trying */
    fr_time_ns retry_at; /* FR_TIME_NEVER: not waiting to try again */
    fr_time_ns backoff;
    bool is_settled; /* never dial again */
};

/* A signed roster: of a group that we feed, or of one further below that is on its way down. */
struct fr_sheet {
    struct fr_roster *roster; /* without its addresses, which are in the blob */
    uint8_t *blob;
    uint32_t blob_bytes;
    uint8_t signature[FR_SIGNATURE_BYTES];
    bool is_from_above; /* it came from upstream: our peers may not have it */
};

/* One member of a group below, as we who feed it know it. */
struct fr_fed {
    struct fr_dial dial;
    bool is_charge;          /* we answer for it: we reach it and tell upstream how it ends */
    bool is_linked;          /* it answered, and its link lives */
    enum fr_verdict verdict; /* as told upstream; PENDING: not yet */
    fr_time_ns accepted_at;  /* FR_TIME_NEVER: it never did */
    fr_time_ns progress_at;  /* when its figures last moved */
    struct fr_member_figures figures;
    uint64_t accusers;     /* bit m: its peer m says that it sent a wrong chunk */
    uint32_t faults_below; /* wrongs that those whom it feeds caught it at */
    char *word;            /* what it will be failed with, while it is tried (once more); NULL: nothing yet */
    enum fr_verdict word_verdict;
    bool is_lost;         /* its link broke, and we dial it again for a while: word is why it broke */
    fr_time_ns lost_at;   /* since when */
    uint32_t most_have;   /* chunks that it had when its link broke, the most of all times */
    uint32_t idle_losses; /* times that it broke with nothing gained since the time before */
    bool has_complained;  /* it closed its link for something that we did */
    fr_time_ns missed_at; /* it left complete and in good order, and is looked for from then on; 0: it did not */
};

/* A group that we feed: the origin the first ones, a member those below its own. */
struct fr_feed {
    uint32_t index;               /* in transfer->feeds */
    const struct fr_sheet *sheet; /* of transfer->sheets */
    struct fr_roster *roster;     /* with all addresses, and no longer than that needs */
    bool is_open;                 /* its members are dialled, and it is handed chunks */
    bool is_charged;              /* those of it that are ours to feed are dialled */
    bool is_rescue;               /* others feed it; we try for those whom they gave up */
    fr_time_ns opened_at;
    struct fr_dispatch dispatch;
    struct fr_bitset offered; /* a member's: chunks that were ever to be handed to it */
    struct fr_fed *fed;       /* [member_count] */
    fr_time_ns news_due;      /* next announcements to members that asked for news */
    fr_time_ns blocked_since; /* more chunks wait than those we reach keep up with; FR_TIME_NEVER: not so */
    uint32_t helper_count;    /* members that were reached for beyond our charges */
    bool was_linked;          /* somebody of it once was */
    bool is_gone;             /* all of the group are: we feed those below it */
    uint64_t inherited;       /* bit m: it was offered what peer m had relayed to us, too */
};

/* Sends for groups below, and whether those to peers wait for them. */
struct fr_urgent {
    uint32_t sends;        /* handed to the driver and not gone */
    fr_time_ns held_since; /* FR_TIME_NEVER: peers do not wait */
    fr_time_ns cool_until; /* they will not be made to before */
    uint32_t strikes;      /* holds in a row that ended by time */
};

/* An owner of a group below that sends us what a peer would have to (adopt.c). */
enum { FR_ADOPTERS_MAX = FR_FEEDS_MAX };
struct fr_adopter {
    struct fr_roster *roster; /* its group's, with addresses */
    const struct fr_sheet *sheet;
    uint32_t member; /* its index there */
    uint32_t peer;   /* whom it relieves */
    struct fr_dial dial;
};

/* The origin's part. */
struct fr_origin {
    const struct fr_sign_key *key;
    bool can_reread;
    struct fr_bitset released; /* of a pipe: chunks whose bytes were let go */
    uint32_t page_ahead_max;
    bool is_page_asked; /* one READ_PAGE is under way */
    bool is_read;       /* the last page is here */
    uint64_t bytes_sent;
    uint32_t node_count;
    uint32_t *first_nodes;            /* [sheet_count], by group: where its members begin among the results */
    struct fr_member_result *results; /* [node_count], groups in order */
    uint32_t pending_count;           /* nodes without verdict */
    fr_time_ns word_at;               /* when anything was last heard of any node */
};

/* What a member passes up of the nodes below it: how they ended, kept until it is told; and how far they are. */
struct fr_fold {
    struct fr_fold_result *results; /* [result_count], in the order they came */
    uint32_t result_count, result_capacity;
    uint32_t told_count;      /* results[0 .. told_count) were told on the present upstream link */
    struct fr_msg_below news; /* not told yet */
    fr_time_ns news_due;
};

enum fr_member_mode {
    FR_MEMBER_FOLLOWING, /* neighbours push to it */
    FR_MEMBER_PULLING,   /* it asks for all it lacks; nobody pushes */
    FR_MEMBER_HOLDING,   /* is given nothing: it looks what of the object is here already */
};

/* What a member pulls, and how it knows that it must. */
struct fr_pull {
    bool wants_news;                /* INTEREST is on at all neighbours */
    bool is_hasty;                  /* and but for the last few chunks, which whoever has them may send, though another means to, */
    bool was_hasty;                 /* which is done once */
    struct fr_bitset asked;         /* asked of somebody, not here yet */
    struct fr_bitset heard_fresh;   /* announced by a neighbour within the last patience */
    struct fr_bitset heard;         /* announced before that: overdue if not here */
    fr_time_ns turn_at;             /* when fresh becomes old next */
    fr_time_ns wanted_at;           /* since when we want news, or last did */
    uint32_t fruitless;             /* how often in a row nothing came of wanting them */
    fr_chunk_index first_missing;   /* the lowest chunk not here ... */
    fr_time_ns first_missing_since; /* ... and since when it has been that one, or the need for news was last over */
    fr_time_ns lacking_since;       /* since when it has been that one, whatever was asked meanwhile */
    fr_time_ns stored_at;           /* when a chunk was last stored */
    fr_time_ns arrived_at;          /* when one last came that was missing or asked for, */
    uint32_t arrived_count;         /* and how many did */
    fr_time_ns guess_at;            /* when whoever feeds us is asked next for what nobody tells of */
};

/* What is here of earlier, and how far it was looked at (reuse.c). */
struct fr_reuse {
    struct fr_digest *digests; /* [count] of a finished object, NULL: not known */
    uint32_t count;
    struct fr_digest root;
    bool looks_at_all;
    bool is_remaking;    /* it is not the object itself: equal chunks are taken over into a new file */
    fr_chunk_index next; /* the next to be compared or looked at */
    uint32_t asked;      /* REUSE actions under way */
    uint32_t looked;     /* answered */
    uint64_t recent;     /* the last 64: bit 0 the last; 1: it was equal */
    fr_time_ns moved_at; /* when the last look began or ended */
};

enum { FR_FAULTS_MAX = 3 }; /* who did wrong so often is not believed any more */

/* Whoever sends chunks to us as one small number: a peer's index, a member above as FR_GROUP_NODES_MAX + its link's place, the origin, an
 * adopter as FR_SENDER_ADOPTER + its link's place. */
enum {
    FR_SENDER_ORIGIN = (2 + FR_FAR_LEVELS_MAX) * FR_GROUP_NODES_MAX,
    FR_SENDER_ADOPTER,
    FR_SENDERS_MAX = FR_SENDER_ADOPTER + FR_ADOPTERS_MAX,
    FR_SENDER_SELF = FR_SENDERS_MAX, /* nobody: it was here */
};
static_assert((int) FR_SENDER_SELF <= UINT16_MAX, "a sender fits its field");

/* A member's part. */
struct fr_member {
    const struct fr_verify_key *key;
    enum fr_member_mode mode;
    struct fr_bitset have;    /* stored and verified */
    struct fr_bitset storing; /* handed to the store */
    struct fr_bitset given;   /* given to us by upstream, not stored yet: we own it as soon as it is */
    uint16_t *senders; /* [sender_capacity], by chunk: where it came from, as fr_member_sender_of has it; of those in `storing` or `have` */
    uint32_t sender_capacity;
    uint32_t fault_counts[FR_SENDERS_MAX]; /* wrongs by sender, on whichever link; the origin's on its present link only */
    struct fr_owner owner;
    uint64_t shunned;               /* bit m: member m did wrong again and again; we have no link with it any more */
    struct fr_bitset shunned_above; /* the same of members above, by their links' place */
    struct fr_pull pull;
    struct fr_member_figures figures;
    uint64_t have_bytes;
    uint32_t strand_have[FR_ENTRIES_MAX]; /* of a set: chunks of each entry that are in `have` */
    struct fr_reuse reuse;
    bool is_finish_asked;
    bool is_complete; /* under its final name */
    bool is_told_done;
    bool was_upstream_here;
    bool is_dismissed; /* upstream said BYE: nobody needs us any more */
    fr_time_ns complete_at;
    fr_time_ns orphaned_at;  /* when the last upstream link went; FR_TIME_NEVER: there is one, or never was */
    fr_time_ns progress_due; /* next PROGRESS */
    fr_time_ns news_due;     /* next announcements */
    fr_time_ns served_at;    /* last time a neighbour asked for something */
    struct fr_member_figures told_figures;
    struct fr_fold fold;
    struct fr_adopter *adopters[FR_ADOPTERS_MAX];
    uint32_t adopter_count;
    fr_time_ns absent_since[FR_GROUP_NODES_MAX]; /* by peer: since when we have no link with it; FR_TIME_NEVER: we have */
    uint64_t stood_in;                           /* bit m: we feed whom peer m was to feed */
    fr_time_ns stand_in_due;
};

struct fr_transfer {
    bool is_origin;
    uint32_t self; /* own index in roster; FR_MEMBER_UPSTREAM for the origin */
    bool is_ended;
    bool is_told_ended; /* the ENDED action was taken */
    struct fr_failure failure;
    fr_time_ns now;
    fr_time_ns began_at;
    struct fr_timing timing;
    struct fr_observer observer;
    struct fr_prng prng;
    struct fr_actions actions;

    struct fr_opening opening;
    struct fr_roster *roster; /* our own group; the origin's: the first group */
    uint8_t *opening_blob, *roster_blob;
    uint32_t opening_bytes, roster_bytes;
    uint8_t opening_signature[FR_SIGNATURE_BYTES], roster_signature[FR_SIGNATURE_BYTES];

    struct fr_manifest manifest;
    struct fr_weave weave;  /* of a set; else zero */
    struct fr_link **links; /* [links_used], at most FR_LINKS_MAX; a slot that is free waits for its next user */
    uint32_t links_used, links_capacity;
    struct fr_dial dials[FR_GROUP_NODES_MAX]; /* of peers */
    fr_time_ns dial_due;                      /* no dial is due before */
    struct fr_sheet **sheets; /* [sheet_count]: the origin's, all groups by index; a member's, groups below it as they came */
    uint32_t sheet_count, sheet_capacity;
    struct fr_feed *feeds[FR_FEEDS_MAX + FR_RESCUES_MAX];
    uint32_t feed_count;
    struct fr_urgent urgent;
    fr_time_ns stall_due;    /* no member below can have stalled before */
    fr_time_ns liveness_due; /* nothing is due of any link before */
    struct fr_origin origin;
    struct fr_member member;
};

/* ---- links ---- */
struct fr_link *fr_transfer_link(struct fr_transfer *transfer, fr_link_id id); /* NULL: closed long ago */
struct fr_link *fr_transfer_new_link(struct fr_transfer *transfer, enum fr_link_role role, uint32_t place,
                                     uint32_t member); /* NULL: no memory or slots */
/* The live link to a member in a role; NULL: none. */
struct fr_link *fr_transfer_find_link(struct fr_transfer *transfer, enum fr_link_role role, uint32_t place, uint32_t member);
struct fr_link *fr_transfer_find_peer(struct fr_transfer *transfer, uint32_t member);
/* For each link that is live. `link` is the loop variable. */
#define FR_EACH_LIVE(transfer, link)                                           \
    for (uint32_t fr_slot_ = 0; fr_slot_ < (transfer)->links_used; fr_slot_++) \
        if (((link) = (transfer)->links[fr_slot_]) && fr_link_is_live(link))

/* Its deadlines count from now on. */
void fr_transfer_watch_link(struct fr_transfer *transfer, const struct fr_link *link);
/* Close a link from our side, with BYE and a reason, and tell the roles that it is gone. */
void fr_transfer_drop_link(struct fr_transfer *transfer, struct fr_link *link, int error, const char *why);
/* The same in good order, though the transfer goes on without us. */
void fr_transfer_leave_link(struct fr_transfer *transfer, struct fr_link *link, const char *why);
/* What is left to be done when a link is gone, whoever closed it. */
void fr_transfer_link_gone(struct fr_transfer *transfer, struct fr_link *link, const struct fr_failure *failure, bool was_in_good_order);

/* The transfer ends here, with a failure or (NULL) in good order; all links are closed. */
void fr_transfer_end(struct fr_transfer *transfer, const struct fr_failure *failure);

/* Memory ran out: nothing sensible can follow. */
void fr_transfer_starve(struct fr_transfer *transfer);

/* ---- greeting ---- */
void fr_greeting_go_live(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_accept *accept);
void fr_greeting_bad_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type); /* closes the link */
/* true: the frame was of a kind that needs no role, and is dealt with. */
bool fr_greeting_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);

/* ---- tracing ---- */
/* About a member of our own group, or (FR_MEMBER_UPSTREAM) whoever feeds it. */
void fr_transfer_trace(struct fr_transfer *transfer, enum fr_trace_type type, uint32_t member, fr_chunk_index chunk, uint64_t value,
                       int error, const char *text);
/* About the other end of a link. */
void fr_transfer_trace_link(struct fr_transfer *transfer, enum fr_trace_type type, const struct fr_link *link, fr_chunk_index chunk,
                            uint64_t value, int error, const char *text);
/* About somebody with a name of his own. */
void fr_transfer_trace_named(struct fr_transfer *transfer, enum fr_trace_type type, uint32_t group, uint32_t member, const char *peer,
                             fr_chunk_index chunk, uint64_t value, int error, const char *text);
/* About a member of a group below. */
void fr_transfer_trace_fed(struct fr_transfer *transfer, enum fr_trace_type type, const struct fr_roster *roster, uint32_t member,
                           fr_chunk_index chunk, uint64_t value, int error, const char *text);

/* ---- saying: encode one frame onto a link ---- */
void fr_say_hello_and_open(struct fr_transfer *transfer, struct fr_link *link);
void fr_say_accept(struct fr_transfer *transfer, struct fr_link *link);
void fr_say_page(struct fr_transfer *transfer, struct fr_link *link, uint32_t page); /* unless it is there or was sent */
void fr_say_end(struct fr_transfer *transfer, struct fr_link *link);                 /* unless it was sent */
void fr_say_ranges(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type,
                   const struct fr_bitset *set); /* many frames if need be */
void fr_say_chunk_number(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, fr_chunk_index chunk);
void fr_say_switch(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, bool on);
void fr_say_progress(struct fr_transfer *transfer, struct fr_link *link, const struct fr_member_figures *figures);
void fr_say_done(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_done *done);
void fr_say_fault(struct fr_transfer *transfer, struct fr_link *link, uint32_t member, fr_chunk_index chunk, const char *text);
void fr_say_fault_below(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_fault *fault); /* as it was told us */
void fr_say_roster(struct fr_transfer *transfer, struct fr_link *link, const struct fr_sheet *sheet);
void fr_say_result(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_result *result);
void fr_say_below(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_below *below);
void fr_say_empty(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type);
void fr_say_reason(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, uint8_t code, const char *text);
void fr_say_close(struct fr_transfer *transfer, struct fr_link *link); /* the CLOSE action, no frame */

/* ---- sending chunks ---- */
/* Hand chunks of this link's queue to the driver while it takes more. */
void fr_send_pump(struct fr_transfer *transfer, struct fr_link *link);
/* Serve a WANT. */
void fr_send_on_want(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges);
/* May this chunk be read and sent on this link, because it was asked for? */
bool fr_send_can_serve(struct fr_transfer *transfer, const struct fr_link *link, fr_chunk_index chunk);
/* Tell neighbours that asked for news which chunks came since; pages first. */
void fr_send_news(struct fr_transfer *transfer, struct fr_link *link);
void fr_send_on_interest(struct fr_transfer *transfer, struct fr_link *link, bool on);

/* ---- adoption: owners of leaf groups relieve those of inner ones ---- */
void fr_adopt_done(struct fr_transfer *transfer);
int fr_adopt_on_sheet(struct fr_transfer *transfer, const struct fr_sheet *sheet); /* one came; it may be an adopter's. 0 or FR_E_MEMORY */
void fr_adopt_on_live(struct fr_transfer *transfer, struct fr_link *link);
void fr_adopt_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_live, bool was_in_good_order);
void fr_adopt_own(struct fr_transfer *transfer, fr_chunk_index chunk); /* we own it: to whom we adopt */
bool fr_adopt_is_any(const struct fr_transfer *transfer);              /* somebody sends us what peers would, and later than they */

/* ---- groups below first ---- */
void fr_urgent_init(struct fr_transfer *transfer);
bool fr_urgent_holds(const struct fr_transfer *transfer); /* peers wait now */
void fr_urgent_on_handed(struct fr_transfer *transfer);
void fr_urgent_on_sent(struct fr_transfer *transfer, uint32_t count); /* or will never be, for the link is gone */
void fr_urgent_turn(struct fr_transfer *transfer);
fr_time_ns fr_urgent_deadline(const struct fr_transfer *transfer);

/* ---- dialling ---- */
void fr_dial_init(struct fr_dial *dial);
void fr_dial_peer(struct fr_transfer *transfer, uint32_t member);
void fr_dial_fed(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member);
void fr_dial_adopter(struct fr_transfer *transfer, uint32_t place);
void fr_dial_retry(struct fr_transfer *transfer, struct fr_dial *dial); /* later, with backoff */
void fr_dial_forgive(struct fr_dial *dial);                             /* it answered: the next pause is short again */
void fr_dial_settle(struct fr_dial *dial);                              /* never again */
void fr_dial_on_deadline(struct fr_transfer *transfer);
fr_time_ns fr_dial_deadline(const struct fr_transfer *transfer);

/* ---- signed rosters of groups below ---- */
/* As much of a roster as is used, with or without its addresses. NULL: no memory; freed by fr_free. */
struct fr_roster *fr_sheets_copy_roster(const struct fr_roster *roster, bool has_addresses);
struct fr_roster *fr_sheets_read_roster(const struct fr_sheet *sheet); /* with its addresses; as above */
/* The origin: sign each group's. 0, FR_E_MEMORY, or what signing returns. */
int fr_sheets_sign(struct fr_transfer *transfer, const struct fr_sign_key *key, const struct fr_roster *const *rosters, uint32_t count);
void fr_sheets_done(struct fr_transfer *transfer);
const struct fr_sheet *fr_sheets_find(const struct fr_transfer *transfer, uint32_t group); /* NULL: it has not come by here */
/* A member: one came, or came again. */
int fr_sheets_on_frame(struct fr_transfer *transfer, struct fr_link *link, const uint8_t *body, uint32_t bytes);
/* Pass on what this link has not been offered yet. */
void fr_sheets_pass(struct fr_transfer *transfer, struct fr_link *link);
/* The same for a link that is new, or whose other end has more to carry from now on. */
void fr_sheets_pass_all(struct fr_transfer *transfer, struct fr_link *link);

/* ---- feeding groups below ---- */
/* From now on we feed this group; or it is only kept in mind. 0, FR_E_MEMORY, FR_E_LIMIT. */
int fr_feed_add(struct fr_transfer *transfer, const struct fr_sheet *sheet);
int fr_feed_add_rescue(struct fr_transfer *transfer, const struct fr_sheet *sheet, struct fr_feed **ret_feed);
uint32_t fr_feed_count(const struct fr_transfer *transfer, bool is_rescue);
struct fr_feed *fr_feed_find(const struct fr_transfer *transfer, uint32_t group); /* NULL: none */
void fr_feed_done(struct fr_transfer *transfer);                                  /* all of them */
bool fr_feed_is_gone(const struct fr_transfer *transfer, uint32_t group);
void fr_feed_open(struct fr_transfer *transfer, struct fr_feed *feed);
void fr_feed_charge(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member); /* we answer for it from now on */
void fr_feed_offer(struct fr_transfer *transfer, fr_chunk_index chunk);                   /* we own it: to every group that is open */
void fr_feed_offer_to(struct fr_transfer *transfer, struct fr_feed *feed, fr_chunk_index chunk); /* it is to have it of us */
void fr_feed_on_live(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_accept *accept);
void fr_feed_on_refused(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_reason *reason);
void fr_feed_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_live, bool was_in_good_order,
                     const struct fr_failure *failure);
void fr_feed_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
/* How it ends for one member, unless that is known; reason may be "". */
void fr_feed_settle(struct fr_transfer *transfer, struct fr_feed *feed, uint32_t member, enum fr_verdict verdict, const char *reason);
void fr_feed_join(struct fr_transfer *transfer, struct fr_link *link); /* the link's member takes gifts from now on */
void fr_feed_turn(struct fr_transfer *transfer);
void fr_feed_forgive(struct fr_transfer *transfer, fr_time_ns now); /* it was not they that stood still, it was us */
fr_time_ns fr_feed_deadline(const struct fr_transfer *transfer);
void fr_feed_check_stalled(struct fr_transfer *transfer);
void fr_feed_look_for_help(struct fr_transfer *transfer, struct fr_feed *feed);
void fr_feed_replace_lost(struct fr_transfer *transfer, struct fr_feed *feed);
fr_time_ns fr_feed_help_due(const struct fr_transfer *transfer, const struct fr_feed *feed);
fr_time_ns fr_feed_missed_due(const struct fr_transfer *transfer, const struct fr_feed *feed); /* when somebody who left will be missed */
void fr_feed_release_kept(struct fr_transfer *transfer);                        /* somebody is gone for whom chunks were kept */
void fr_feed_release_chunk(struct fr_transfer *transfer, fr_chunk_index chunk); /* of a pipe: unless a group that is left lacks it */
struct fr_feed *fr_feed_of(struct fr_transfer *transfer, const struct fr_link *link);
struct fr_fed *fr_feed_fed(struct fr_transfer *transfer, const struct fr_link *link);

/* ---- a second try for those whom others gave up ---- */
/* Members of `theirs`, a group that we feed, gave a node up. true: that is not to be passed on, for we try ourselves, or know better. */
bool fr_rescue_try(struct fr_transfer *transfer, uint32_t theirs, const struct fr_msg_result *result);

/* ---- the origin ---- */
int fr_origin_init(struct fr_transfer *transfer, const struct fr_origin_options *options);
void fr_origin_done(struct fr_transfer *transfer);
void fr_origin_on_page_read(struct fr_transfer *transfer, uint32_t page, const struct fr_digest *digests, uint32_t count, bool is_last,
                            uint64_t object_bytes, const struct fr_digest *sha256);
void fr_origin_turn(struct fr_transfer *transfer); /* after every event: do what can be done now */
fr_time_ns fr_origin_deadline(const struct fr_transfer *transfer);

/* ---- verdicts (the origin's) ---- */
int fr_verdict_init(struct fr_transfer *transfer);
void fr_verdict_done(struct fr_transfer *transfer);
void fr_verdict_note(struct fr_transfer *transfer, const struct fr_msg_result *result);
void fr_verdict_note_figures(struct fr_transfer *transfer, uint32_t group, uint32_t member, const struct fr_member_figures *figures);
void fr_verdict_note_accepted(struct fr_transfer *transfer, uint32_t group, uint32_t member);
void fr_verdict_note_below(struct fr_transfer *transfer, const struct fr_msg_below *below);
void fr_verdict_find_slow(struct fr_transfer *transfer);
void fr_verdict_give_up_silent(struct fr_transfer *transfer); /* nothing was heard of anybody for very long */
void fr_verdict_time_is_up(struct fr_transfer *transfer);     /* who has some entries of a set is usable */
fr_time_ns fr_verdict_deadline(const struct fr_transfer *transfer);

/* ---- folding (a member's): what is below, told upstream ---- */
void fr_fold_done(struct fr_transfer *transfer);
void fr_fold_note_result(struct fr_transfer *transfer, const struct fr_msg_result *result);
void fr_fold_note_progress(struct fr_transfer *transfer, uint32_t group, uint32_t member, const struct fr_member_figures *figures);
void fr_fold_pass_below(struct fr_transfer *transfer, const struct fr_msg_below *below);
void fr_fold_pass_fault(struct fr_transfer *transfer, const struct fr_msg_fault *fault);
void fr_fold_tell_again(struct fr_transfer *transfer); /* an upstream link came or went: from now on tell all anew */
void fr_fold_turn(struct fr_transfer *transfer);
fr_time_ns fr_fold_deadline(const struct fr_transfer *transfer);

/* ---- standing in for peers that are gone ---- */
void fr_stand_in_init(struct fr_transfer *transfer);
void fr_stand_in_on_peer(struct fr_transfer *transfer, uint32_t peer, bool is_here);
void fr_stand_in_charge(struct fr_transfer *transfer, struct fr_feed *feed); /* charge us with those of the group that are ours to feed */
void fr_stand_in_on_have(struct fr_transfer *transfer,
                         const struct fr_link *link); /* a member below told what it has, or that it has nothing */
/* A peer says how it ended; should it have lost those who feed it, we tell of it in its place. */
void fr_stand_in_vouch(struct fr_transfer *transfer, uint32_t peer, const struct fr_msg_done *done);
void fr_stand_in_turn(struct fr_transfer *transfer);

/* ---- a member ---- */
int fr_member_init(struct fr_transfer *transfer, const struct fr_member_options *options);
void fr_member_done(struct fr_transfer *transfer);
void fr_member_on_live(struct fr_transfer *transfer, struct fr_link *link);
void fr_member_on_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
void fr_member_on_gone(struct fr_transfer *transfer, struct fr_link *link, bool was_in_good_order, const struct fr_failure *failure);
void fr_member_on_peer_unreachable(struct fr_transfer *transfer, struct fr_link *link, const struct fr_failure *failure);
bool fr_member_takes_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, uint32_t chunk_size);
void fr_member_on_chunk(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, struct fr_buffer *buffer);
void fr_member_on_stored(struct fr_transfer *transfer, fr_chunk_index chunk, enum fr_store_outcome outcome,
                         const struct fr_failure *failure);
/* Tell everybody linked that this node failed, and why. */
void fr_member_tell_failure(struct fr_transfer *transfer, const struct fr_failure *failure);
void fr_member_on_finished(struct fr_transfer *transfer, const struct fr_failure *failure);
void fr_member_turn(struct fr_transfer *transfer);
fr_time_ns fr_member_deadline(const struct fr_transfer *transfer);
/* Tell upstream that another node did wrong. true: it did so too often, and is not let in again; the caller closes its link. */
bool fr_member_report_fault(struct fr_transfer *transfer, uint32_t sender, fr_chunk_index chunk, const char *text);
/* Whoever is at the other end of this link did wrong, and not with one chunk. */
void fr_member_report_link(struct fr_transfer *transfer, const struct fr_link *link, const char *text);
/* A peer fell behind on our link to it, or says it pulls: drop what waits for it. */
void fr_relay_stop(struct fr_transfer *transfer, struct fr_link *link);

/* ---- parts of a member ---- */
uint32_t fr_member_sender_of(const struct fr_link *link);
enum { FR_MEMBER_NEWS_EVERY_MS = 100 };                             /* neighbours that asked for news get it this often */
fr_time_ns fr_member_elapsed(const struct fr_transfer *transfer);   /* since it accepted */
struct fr_link *fr_member_upstream(struct fr_transfer *transfer);   /* a live link to upstream, the first; NULL: none */
int fr_member_grow(struct fr_member *member, uint32_t chunk_count); /* room for so many chunks in all that is kept by chunk */
/* Upstream gave us this chunk on this link (NULL: it is gone), and it is stored. */
void fr_relay_own(struct fr_transfer *transfer, fr_chunk_index chunk, struct fr_link *giver);
void fr_relay_start(struct fr_transfer *transfer, struct fr_link *link); /* a peer takes part in pushing from now on */
void fr_relay_report(struct fr_transfer *transfer);                      /* tell upstream what has reached the group */
void fr_finish_tell_done(struct fr_transfer *transfer, const struct fr_failure *failure);
void fr_finish_when_whole(struct fr_transfer *transfer);
void fr_finish_leave(struct fr_transfer *transfer);
/* Whoever fed us waited for somebody above until its time was up. */
void fr_finish_on_abandoned(struct fr_transfer *transfer);
fr_time_ns fr_finish_orphan_ends_at(const struct fr_transfer *transfer);

/* ---- the entries of a set ---- */
int fr_strands_init(struct fr_transfer *transfer); /* 0 or FR_E_MEMORY; nothing where the object is one file */
void fr_strands_done(struct fr_transfer *transfer);
bool fr_strands_is_set(const struct fr_transfer *transfer);
void fr_strands_on_have(struct fr_transfer *transfer, fr_chunk_index chunk); /* a member: it is stored */
void fr_strands_on_have_all(struct fr_transfer *transfer);
bool fr_strands_is_left_behind(const struct fr_transfer *transfer);   /* it should ask, though what it lacks would be pushed */
uint32_t fr_strands_wanted_first(const struct fr_transfer *transfer); /* the entry to ask for first; FR_ENTRIES_MAX: none */

/* ---- pulling (a member's service) ---- */
int fr_reuse_init(struct fr_transfer *transfer, const struct fr_member_options *options); /* 0 or FR_E_MEMORY */
void fr_reuse_done(struct fr_transfer *transfer);
void fr_reuse_turn(struct fr_transfer *transfer);
fr_time_ns fr_reuse_deadline(const struct fr_transfer *transfer);
void fr_reuse_on_looked(struct fr_transfer *transfer, bool is_equal); /* a REUSE is done */

int fr_pull_init(struct fr_transfer *transfer);
void fr_pull_done(struct fr_transfer *transfer);
void fr_pull_on_news(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges);
void fr_pull_on_coming(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges);
void fr_pull_on_missing(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_ranges *ranges);
/* A chunk came (good or bad): it is not asked for any more. is_answer: this link owed it. */
void fr_pull_on_arrived(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk, bool is_answer);
void fr_pull_on_link_gone(struct fr_transfer *transfer, struct fr_link *link);
/* Something is missing that will not come by itself: ask the neighbours what they have. */
void fr_pull_want_news(struct fr_transfer *transfer);
void fr_pull_set_mode(struct fr_transfer *transfer, enum fr_member_mode mode);
void fr_pull_turn(struct fr_transfer *transfer);
fr_time_ns fr_pull_deadline(const struct fr_transfer *transfer);

/* ---- asking (a part of pulling) ---- */
void fr_ask_forget(struct fr_transfer *transfer, fr_chunk_index chunk);
void fr_ask_forget_all(struct fr_transfer *transfer, struct fr_link *link);
void fr_ask_on_arrived(struct fr_transfer *transfer, struct fr_link *link, fr_chunk_index chunk);
void fr_ask_turn(struct fr_transfer *transfer);
fr_time_ns fr_ask_deadline(const struct fr_transfer *transfer);

#endif
