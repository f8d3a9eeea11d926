/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net: two ends of a connection on one loop over 127.0.0.1 or ::1, each with its own secret, each writing down what
 * happens to it. */
#ifndef FR_TESTS_SUPPORT_NET_PAIR_H
#define FR_TESTS_SUPPORT_NET_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "net/conn.h"

enum { NET_PAIR_FRAMES_MAX = 4096 };

struct net_pair;

struct net_end {
    struct net_pair *pair;
    struct fr_tls_config *tls;
    struct fr_conn *conn; /* NULL: none yet, or gone */
    bool is_ready, is_closed;
    struct fr_failure failure;
    /* received */
    unsigned frame_count, chunk_count;
    uint64_t frame_bytes, chunk_bytes;
    uint64_t fingerprint;            /* of every byte and number, in order */
    unsigned sent_count;             /* on_chunk_sent */
    char order[NET_PAIR_FRAMES_MAX]; /* 'f' or 'c', as they came */
    unsigned order_count;
    /* what the test wants; may be NULL */
    bool is_withholding; /* on_chunk_begin answers NULL */
    void (*on_ready)(struct net_end *end);
    void (*on_frame)(struct net_end *end, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);
    void (*on_chunk)(struct net_end *end, fr_chunk_index chunk, const struct fr_buffer *buffer);
    void (*on_chunk_begin)(struct net_end *end);
    void (*on_chunk_sent)(struct net_end *end, fr_chunk_index chunk);
    void (*on_closed)(struct net_end *end);
    void *user;
};

struct net_pair {
    uv_loop_t loop;
    uv_timer_t watchdog;
    uint64_t limit_at;
    bool is_late; /* the limit of net_pair_run_until passed */
    struct fr_listener *listener;
    char address[64];
    struct fr_conn_options options; /* tls is filled in for each end */
    struct net_end dialler, accepter;
};

extern const struct fr_conn_handlers NET_END_HANDLERS; /* user: a struct net_end */

/* Loop, two settings (the same secret unless the bytes differ) and a listener on host ("127.0.0.1", "[::1]"). */
void net_pair_init(struct net_pair *pair, const char *host, uint8_t dialler_secret, uint8_t accepter_secret);
void net_pair_done(struct net_pair *pair); /* closes what is open, runs the loop dry, fails the test when a handle is left */

void net_pair_dial(struct net_pair *pair);
/* Dial, and run until both ends are ready. */
void net_pair_connect(struct net_pair *pair);

/* Runs the loop until is_done(pair); fails the test after 40 s (instrumented builds are slow). */
void net_pair_run_until(struct net_pair *pair, bool (*is_done)(struct net_pair *pair));
/* Runs the loop for that long. */
void net_pair_run_for(struct net_pair *pair, unsigned ms);

bool net_pair_is_ready(struct net_pair *pair);
bool net_pair_is_dialler_closed(struct net_pair *pair);
bool net_pair_is_accepter_closed(struct net_pair *pair);
bool net_pair_are_both_closed(struct net_pair *pair);

/* A chunk whose bytes follow from its number, and the fingerprint that the receiver of frames and chunks arrives at. */
struct fr_buffer *net_pair_chunk(fr_chunk_index chunk, uint32_t bytes);
uint64_t net_pair_mix(uint64_t fingerprint, uint64_t number, const uint8_t *bytes, size_t count);
void net_end_send_frame(struct net_end *end, const uint8_t *body, uint32_t bytes); /* a STATUS frame with that body */

#endif
