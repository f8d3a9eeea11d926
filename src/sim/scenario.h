/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a run of the simulator depends on, as plain values. A scenario may be written by hand or drawn from a seed; run twice it
 * gives the same run. */
#ifndef FR_SIM_SCENARIO_H
#define FR_SIM_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/transfer.h"

/* What a node has under the object's name before the push. */
enum fr_sim_held {
    FR_SIM_HELD_NOTHING,
    FR_SIM_HELD_SAME,  /* the same object: nothing needs to be sent */
    FR_SIM_HELD_OTHER, /* another object of the same size */
};

/* One machine. Host 0 is the origin, host m + 1 is member m. */
struct fr_sim_host_traits {
    uint64_t up_rate, down_rate;   /* bytes a second; 0: no limit */
    fr_time_ns delay;              /* its share of the one-way delay of every path */
    uint64_t downlink_queue_bytes; /* chunk bytes that may be under way to it; 0: no limit */
    uint64_t store_rate;           /* bytes a second that its disk takes; 0: no limit */
    fr_time_ns store_latency;      /* of every store, page read and finish */
    enum fr_sim_held held;
    uint32_t zone; /* bytes between zones are counted */
};

enum fr_sim_fault_type {
    FR_SIM_FAULT_KILL,     /* the process dies: its links are reset, nobody listens */
    FR_SIM_FAULT_VANISH,   /* the machine is gone without a word */
    FR_SIM_FAULT_PAUSE,    /* the process stops from at until `until` */
    FR_SIM_FAULT_CUT,      /* host -> other carries nothing; until: heals */
    FR_SIM_FAULT_CUT_BOTH, /* and other -> host neither */
    FR_SIM_FAULT_ISOLATE,  /* the same between host and everyone else */
    FR_SIM_FAULT_SLOW,     /* its rates fall to `amount` of what they were; until: back again */
    FR_SIM_FAULT_LIE,      /* chunks that it sends are corrupt with chance `amount` */
    FR_SIM_FAULT_REFUSE,   /* it turns every transfer away: no space */
    FR_SIM_FAULT_SOURCE,   /* the origin cannot read on; at is ignored: page `other` and later fail */
    FR_SIM_FAULT_STOP,     /* somebody stops the transfer in good order at this host */
    FR_SIM_FAULT_HOLD,     /* a random `amount` of all paths, by `other` (fr_sim_fault_has_path), carries nothing; until: heals */
    FR_SIM_FAULT_CLOG,     /* the same, but carries chunks at 1 % of the sender's rate */
    FR_SIM_FAULT_RESET,    /* the link between host and other, if there is one, is reset, at any byte of what is under way */
    FR_SIM_FAULT_TWICE,    /* host dials other, as before, once more with the same OPEN, and says no more; until: hangs up */
    FR_SIM_FAULT_JUMP,     /* its clock jumps forward by `amount` seconds */
    FR_SIM_FAULT_NO_SPACE, /* its disk takes nothing more: ENOSPC */
    FR_SIM_FAULT_EIO,      /* the same: EIO */
    FR_SIM_FAULT_ROT,      /* what it is asked for it reads wrong from its disk with chance `amount`; the origin: all it sends */
    FR_SIM_FAULT_BOAST,    /* whatever it says it has, it says that it has all that there is */
    FR_SIM_FAULT_BAD_PAGE, /* pages that it passes on have a wrong bit with chance `amount` */
    FR_SIM_FAULT_RESTART,  /* its process dies; until: another one begins, and finds on the disk each chunk that was stored with
                              chance `amount` (1: it was only the process; less: a power cut; 0: the disk is a new one). What was
                              final stays */
};
enum { FR_SIM_FAULT_TYPES = FR_SIM_FAULT_RESTART + 1 };

struct fr_sim_fault {
    enum fr_sim_fault_type type;
    fr_time_ns at, until; /* since the start; until FR_TIME_NEVER: for good */
    uint32_t host, other;
    double amount;
};

enum { FR_SIM_FAULTS_MAX = 128 };

/* HOLD, CLOG: is this path one of them? */
bool fr_sim_fault_has_path(const struct fr_sim_fault *fault, uint32_t from, uint32_t to);
const char *fr_sim_fault_name(enum fr_sim_fault_type type);

/* A group of a scenario; its members are hosts first_host .. first_host + member_count - 1. Groups come in the order of their hosts, each
 * after the one above it and with all below it in one run. */
struct fr_sim_group {
    uint32_t first_host, member_count;
    uint32_t upstream; /* another group, or FR_SIM_ORIGIN */
    bool is_secondary;
    uint32_t adopts; /* the group that it relieves, or FR_SIM_ORIGIN: none */
    uint32_t shift;
};
#define FR_SIM_ORIGIN UINT32_MAX

struct fr_sim_scenario {
    uint64_t seed;
    char label[32];
    uint32_t member_count; /* in all groups */
    uint32_t group_count;
    struct fr_sim_group *groups; /* [group_count]; one group of all unless told otherwise */
    uint64_t object_bytes;
    uint32_t chunk_bytes;
    bool is_pipe;                     /* the origin learns the size at the end, and cannot read again */
    uint32_t entry_count;             /* 0: one file; else a set, whose chunks are shared out among so many entries by the seed */
    struct fr_sim_host_traits *hosts; /* [member_count + 1] */
    fr_time_ns delay, jitter;         /* of every path, on top of the hosts' own */
    fr_time_ns handshake_timeout;
    fr_time_ns source_from;   /* the origin's source yields nothing before; then all links are open, as formulas have it */
    uint32_t piece_bytes_max; /* control bytes arrive in random pieces of at most this; 0: as they were sent */
    uint32_t page_ahead_max;  /* pages that the origin reads before it gives out their chunks */
    struct fr_timing timing;
    struct fr_sim_fault faults[FR_SIM_FAULTS_MAX];
    uint32_t fault_count;
    fr_time_ns heal_at;   /* since the start: nothing breaks later, and all that heals has healed; fr_sim_scenario_finish_max says by when
                             the rest is due. FR_TIME_NEVER: no such demand is made. */
    uint32_t check_every; /* whole transfers are checked after one event in this many, about; 0: never */
    FILE *trace;          /* NULL, or where every event is told */
};

/* Equal hosts of this rate and no delay, no faults, default timing. hosts are allocated; free with fr_sim_scenario_done. */
void fr_sim_scenario_init(struct fr_sim_scenario *scenario, uint64_t seed, uint32_t member_count, uint32_t chunk_count,
                          uint32_t chunk_bytes, uint64_t rate);
void fr_sim_scenario_done(struct fr_sim_scenario *scenario);
/* Let leaf groups relieve inner ones, as plans do. Before, nobody does. */
void fr_sim_scenario_adopt(struct fr_sim_scenario *scenario);
/* Groups of about equal size, none larger than group_size, each feeding `fanout` others (1: a chain). Before, all are one group. */
void fr_sim_scenario_group(struct fr_sim_scenario *scenario, uint32_t group_size, uint32_t fanout);
void fr_sim_scenario_add_fault(struct fr_sim_scenario *scenario, const struct fr_sim_fault *fault);

/* Everything drawn from the seed, nothing broken. */
void fr_sim_scenario_draw_healthy(struct fr_sim_scenario *scenario, uint64_t seed);
/* The same, and one to three things that break at random times. */
void fr_sim_scenario_draw_faulty(struct fr_sim_scenario *scenario, uint64_t seed);
/* Everything from the seed, with a great many faults: it says first which exist in this run and how often (swarm.c). In trees too. */
void fr_sim_scenario_draw_swarm(struct fr_sim_scenario *scenario, uint64_t seed);
/* Everything from the seed, in trees too, and nodes that die and start again, some more than once. */
void fr_sim_scenario_draw_restarts(struct fr_sim_scenario *scenario, uint64_t seed);
/* Cuts a drawn scenario into groups that feed one another, as the seed has it. */
void fr_sim_scenario_draw_tree(struct fr_sim_scenario *scenario);
/* On top of that, all members of one group die within a second or so, most often of one that feeds others. */
void fr_sim_scenario_draw_harsh(struct fr_sim_scenario *scenario);
/* Makes the object of a drawn scenario a set; it may become larger for that. */
void fr_sim_scenario_draw_set(struct fr_sim_scenario *scenario);
/* The entries of a set: chunk counts that differ, all with a last chunk that is filled up. entries [entry_count]. */
void fr_sim_scenario_entries(const struct fr_sim_scenario *scenario, struct fr_entry *entries);

/* (expect.c) May this host end without the object, given the faults? */
bool fr_sim_scenario_excuses(const struct fr_sim_scenario *scenario, uint32_t host);
/* About how long the object takes when nothing breaks: its size over the slowest rate. */
fr_time_ns fr_sim_scenario_estimate(const struct fr_sim_scenario *scenario);
/* With heal_at: who is not excused has the object by then, since the start. Three times as long as it takes when nothing breaks, and the
 * time in which the core finds out what is dead. */
fr_time_ns fr_sim_scenario_finish_max(const struct fr_sim_scenario *scenario);
/* Every transfer must have ended by then, since the start. */
fr_time_ns fr_sim_scenario_time_max(const struct fr_sim_scenario *scenario);
uint64_t fr_sim_scenario_events_max(const struct fr_sim_scenario *scenario);

/* A few lines for people. */
void fr_sim_scenario_print(const struct fr_sim_scenario *scenario, FILE *out);

#endif
