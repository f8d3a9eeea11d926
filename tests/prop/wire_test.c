/* SPDX-License-Identifier: Apache-2.0 */
/* Random messages read back as they were written; random and damaged bytes never crash a decoder, and whatever is decoded
 * encodes to the very same bytes. */
#include <stdio.h>

#include <fastreplica/error.h>

#include "base/prng.h"
#include "support/seed.h"
#include "support/test.h"
#include "support/wire_again.h"
#include "wire/varint.h"

enum { RUNS = 400, DAMAGES = 40 };

static struct fr_prng prng;

/* ------------------------------------------------------------------------------------------------ drawing values */

static uint64_t draw(uint64_t bound) { return fr_prng_below(&prng, bound); }

/* 0 .. max, often at or near an end. */
static uint64_t draw_up_to(uint64_t max) {
    uint64_t step = draw(300);
    switch (draw(6)) {
    case 0: return 0;
    case 1: return max;
    case 2: return step < max ? step : max;
    case 3: return step < max ? max - step : 0;
    default: return max == UINT64_MAX ? fr_prng_next(&prng) : draw(max + 1);
    }
}

static void draw_bytes(uint8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t) fr_prng_next(&prng);
}

/* Clean UTF-8 of 0 .. max bytes, into memory that stays until the next round. */
static struct fr_text draw_text(uint32_t max) {
    static const char *const characters[] = {"a",        "Z",           "7", " ", "~", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x98",
                                             "\xc2\xa0", "\xef\xbf\xbd"};
    static char texts[FR_STATUS_TRANSFERS_MAX + 4][FR_REASON_BYTES_MAX];
    static size_t next;
    char *text = texts[next++ % (FR_STATUS_TRANSFERS_MAX + 4)];
    uint32_t want = (uint32_t) draw_up_to(max), count = 0;
    while (count < want) {
        const char *character = characters[draw(sizeof characters / sizeof *characters)];
        size_t width = strlen(character);
        if (width > want - count) {
            character = "x";
            width = 1;
        }
        for (size_t i = 0; i < width; i++)
            text[count++] = character[i];
    }
    return (struct fr_text){text, count};
}

static struct fr_member_figures draw_figures(void) {
    return (struct fr_member_figures){
        .bytes_from_upstream = draw_up_to(UINT64_MAX),
        .bytes_from_peers = draw_up_to(UINT64_MAX),
        .bytes_relayed = draw_up_to(UINT64_MAX),
        .first_relay_ns = draw_up_to(UINT64_MAX),
        .last_owned_ns = draw_up_to(UINT64_MAX),
        .chunks_have = (uint32_t) draw_up_to(FR_CHUNKS_MAX),
        .chunks_owned = (uint32_t) draw_up_to(UINT32_MAX),
        .chunks_bad = (uint32_t) draw_up_to(UINT32_MAX),
        .entries_whole = (uint32_t) draw_up_to(FR_ENTRIES_MAX),
    };
}

/* --------------------------------------------------------------------------- each message: draw, write, read, compare */

static uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
static const uint8_t *const body = frame + FR_FRAME_HEAD_BYTES;
static size_t body_bytes;

static void is_written(size_t frame_bytes) {
    assert_true(frame_bytes >= FR_FRAME_HEAD_BYTES);
    body_bytes = frame_bytes - FR_FRAME_HEAD_BYTES;
    assert_int_equal(frame[1] << 16 | frame[2] << 8 | frame[3], body_bytes);
}

static void check_text(struct fr_text a, struct fr_text b) {
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.bytes, b.bytes, a.count);
}

static void check_figures(const struct fr_member_figures *a, const struct fr_member_figures *b) {
    assert_true(a->bytes_from_upstream == b->bytes_from_upstream && a->bytes_from_peers == b->bytes_from_peers);
    assert_true(a->bytes_relayed == b->bytes_relayed && a->first_relay_ns == b->first_relay_ns);
    assert_true(a->last_owned_ns == b->last_owned_ns && a->chunks_have == b->chunks_have);
    assert_true(a->chunks_owned == b->chunks_owned && a->chunks_bad == b->chunks_bad && a->entries_whole == b->entries_whole);
}

static void try_hello(void) {
    uint16_t min = (uint16_t) (1 + draw_up_to(UINT16_MAX - 1));
    struct fr_msg_hello a = {min, (uint16_t) (min + draw_up_to(UINT16_MAX - min)), draw_up_to(UINT64_MAX), draw_text(FR_AGENT_BYTES_MAX)},
                        b;
    is_written(fr_hello_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_hello_decode(body, body_bytes, &b), 0);
    assert_true(a.version_min == b.version_min && a.version_max == b.version_max && a.features == b.features);
    check_text(a.agent, b.agent);
}

static void try_open(void) {
    static uint8_t opening[FR_OPENING_BYTES_MAX], roster[FR_ROSTER_BYTES_MAX];
    uint8_t signatures[2 * FR_SIGNATURE_BYTES];
    struct fr_msg_open b,
        a = {
            .from = (uint16_t) draw_up_to(UINT16_MAX),
            .to = (uint16_t) draw_up_to(UINT16_MAX),
            .opening = opening,
            .opening_bytes = (uint32_t) draw_up_to(sizeof opening),
            .opening_signature = signatures,
            .roster = roster,
            .roster_bytes = (uint32_t) draw_up_to(sizeof roster),
            .roster_signature = signatures + FR_SIGNATURE_BYTES,
        };
    draw_bytes(opening, a.opening_bytes);
    draw_bytes(roster, a.roster_bytes);
    draw_bytes(signatures, sizeof signatures);
    is_written(fr_open_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_open_decode(body, body_bytes, &b), 0);
    assert_true(a.from == b.from && a.to == b.to && a.opening_bytes == b.opening_bytes && a.roster_bytes == b.roster_bytes);
    assert_memory_equal(a.opening, b.opening, a.opening_bytes);
    assert_memory_equal(a.roster, b.roster, a.roster_bytes);
    assert_memory_equal(a.opening_signature, b.opening_signature, FR_SIGNATURE_BYTES);
    assert_memory_equal(a.roster_signature, b.roster_signature, FR_SIGNATURE_BYTES);
}

static void try_accept(void) {
    struct fr_msg_accept a = {draw(2) == 1, (uint32_t) draw_up_to(FR_PAGES_MAX)}, b;
    is_written(fr_accept_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_accept_decode(body, body_bytes, &b), 0);
    assert_true(a.is_holding == b.is_holding && a.pages_known == b.pages_known);
}

static void try_reason(enum fr_frame_type type) {
    struct fr_msg_reason a = {type == FR_FRAME_REFUSE    ? (uint8_t) (1 + draw(255))
                                  : type == FR_FRAME_BYE ? (uint8_t) draw(2)
                                                         : 0,
                              draw_text(FR_REASON_BYTES_MAX)},
                         b;
    is_written(fr_reason_encode(type, &a, frame, sizeof frame));
    assert_int_equal(fr_reason_decode(body, body_bytes, &b), 0);
    assert_int_equal(a.code, b.code);
    check_text(a.text, b.text);
}

static void try_page(void) {
    uint8_t digests[FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES], signature[FR_SIGNATURE_BYTES];
    draw_bytes(digests, sizeof digests);
    draw_bytes(signature, sizeof signature);
    struct fr_msg_page a = {(uint32_t) draw_up_to(FR_PAGES_MAX - 1), 1 + (uint32_t) draw_up_to(FR_PAGE_CHUNKS_MAX - 1), digests, signature},
                       b;
    is_written(fr_page_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_page_decode(body, body_bytes, &b), 0);
    assert_true(a.page == b.page && a.count == b.count);
    assert_memory_equal(a.digests, b.digests, (size_t) a.count * FR_DIGEST_BYTES);
    assert_memory_equal(a.signature, b.signature, FR_SIGNATURE_BYTES);
}

static void try_end(void) {
    struct fr_msg_end a, b;
    a.chunk_count = (uint32_t) draw_up_to(FR_CHUNKS_MAX);
    a.object_bytes = a.chunk_count == 0 ? 0 : 1 + draw_up_to((uint64_t) FR_CHUNKS_MAX * FR_CHUNK_BYTES_MAX - 1);
    draw_bytes(a.root.bytes, sizeof a.root.bytes);
    draw_bytes(a.sha256.bytes, sizeof a.sha256.bytes);
    draw_bytes(a.signature, sizeof a.signature);
    is_written(fr_end_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_end_decode(body, body_bytes, &b), 0);
    assert_true(a.chunk_count == b.chunk_count && a.object_bytes == b.object_bytes);
    assert_memory_equal(&a.root, &b.root, sizeof a.root);
    assert_memory_equal(&a.sha256, &b.sha256, sizeof a.sha256);
    assert_memory_equal(a.signature, b.signature, sizeof a.signature);
}

static void try_ranges(enum fr_frame_type type) {
    static struct fr_msg_ranges a, b;
    uint32_t want = (uint32_t) draw_up_to(FR_RANGES_MAX);
    /* Short steps fill the frame, long ones reach the end of the numbers. */
    uint64_t step = 1 + draw_up_to(draw(2) ? 20 : 2 * FR_CHUNKS_MAX / FR_RANGES_MAX);
    a.pages_known = type == FR_FRAME_HAVE ? (uint32_t) draw_up_to(FR_PAGES_MAX) : 0;
    uint64_t end = draw(2) ? 0 : draw(FR_CHUNKS_MAX);
    for (a.range_count = 0; a.range_count < want; a.range_count++) {
        uint64_t first = end + (a.range_count > 0) + draw_up_to(step);
        uint64_t count = 1 + draw_up_to(step);
        if (first + count > FR_CHUNKS_MAX)
            break;
        a.ranges[a.range_count] = (struct fr_range){(uint32_t) first, (uint32_t) count};
        end = first + count;
    }
    is_written(fr_ranges_encode(type, &a, frame, sizeof frame));
    assert_int_equal(fr_ranges_decode(type, body, body_bytes, &b), 0);
    assert_true(a.pages_known == b.pages_known && a.range_count == b.range_count);
    assert_memory_equal(a.ranges, b.ranges, a.range_count * sizeof *a.ranges);
}

static void try_switch(enum fr_frame_type type) {
    bool a = draw(2) == 1, b = !a;
    is_written(fr_switch_encode(type, a, frame, sizeof frame));
    assert_int_equal(fr_switch_decode(body, body_bytes, &b), 0);
    assert_int_equal(a, b);
}

static void try_progress(void) {
    struct fr_member_figures a = draw_figures(), b;
    is_written(fr_progress_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_progress_decode(body, body_bytes, &b), 0);
    check_figures(&a, &b);
}

static void try_done(void) {
    struct fr_msg_done a = {draw(2) ? FR_VERDICT_COMPLETE : FR_VERDICT_FAILED, draw_up_to(UINT64_MAX), draw_figures(),
                            draw_text(FR_REASON_BYTES_MAX)},
                       b;
    is_written(fr_done_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_done_decode(body, body_bytes, &b), 0);
    assert_true(a.verdict == b.verdict && a.elapsed_ns == b.elapsed_ns);
    check_figures(&a.figures, &b.figures);
    check_text(a.text, b.text);
}

static void try_fault(void) {
    struct fr_msg_fault b,
        a = {
            .group = (uint32_t) draw_up_to(FR_GROUPS_MAX - 1),
            .member = draw(4) ? (uint16_t) draw_up_to(FR_GROUP_NODES_MAX - 1) : FR_MEMBER_UPSTREAM,
            .chunk = draw(4) ? (uint32_t) draw_up_to(FR_CHUNKS_MAX - 1) : FR_CHUNK_NONE,
            .text = draw_text(FR_REASON_BYTES_MAX),
        };
    is_written(fr_fault_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_fault_decode(body, body_bytes, &b), 0);
    assert_true(a.group == b.group && a.member == b.member && a.chunk == b.chunk);
    check_text(a.text, b.text);
}

static void try_roster_frame(void) {
    static uint8_t blob[FR_ROSTER_BYTES_MAX];
    uint8_t signature[FR_SIGNATURE_BYTES];
    struct fr_msg_roster a = {blob, (uint32_t) draw_up_to(sizeof blob), signature}, b;
    draw_bytes(blob, a.blob_bytes);
    draw_bytes(signature, sizeof signature);
    is_written(fr_roster_frame_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_roster_frame_decode(body, body_bytes, &b), 0);
    assert_int_equal(a.blob_bytes, b.blob_bytes);
    assert_memory_equal(a.blob, b.blob, a.blob_bytes);
    assert_memory_equal(a.signature, b.signature, FR_SIGNATURE_BYTES);
}

static void try_result(void) {
    static const enum fr_verdict verdicts[] = {FR_VERDICT_COMPLETE, FR_VERDICT_FAILED, FR_VERDICT_UNREACHABLE, FR_VERDICT_REFUSED};
    struct fr_msg_result b,
        a = {
            .group = (uint32_t) draw_up_to(FR_GROUPS_MAX - 1),
            .member = (uint16_t) draw_up_to(FR_GROUP_NODES_MAX - 1),
            .verdict = verdicts[draw(4)],
            .accepted_ago_ns = draw_up_to(UINT64_MAX),
            .done_ago_ns = draw_up_to(UINT64_MAX),
            .figures = draw_figures(),
            .text = draw_text(FR_REASON_BYTES_MAX),
        };
    is_written(fr_result_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_result_decode(body, body_bytes, &b), 0);
    assert_true(a.group == b.group && a.member == b.member && a.verdict == b.verdict);
    assert_true(a.accepted_ago_ns == b.accepted_ago_ns && a.done_ago_ns == b.done_ago_ns);
    check_figures(&a.figures, &b.figures);
    check_text(a.text, b.text);
}

static void try_below(void) {
    static struct fr_msg_below a, b;
    a.count = 1 + (uint32_t) draw_up_to(FR_BELOW_MAX - 1);
    for (uint32_t i = 0; i < a.count; i++)
        a.nodes[i] = (struct fr_below){
            .group = (uint32_t) draw_up_to(FR_GROUPS_MAX - 1),
            .member = (uint32_t) draw_up_to(FR_GROUP_NODES_MAX - 1),
            .chunks_have = (uint32_t) draw_up_to(FR_CHUNKS_MAX),
            .entries_whole = (uint32_t) draw_up_to(FR_ENTRIES_MAX),
        };
    is_written(fr_below_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_below_decode(body, body_bytes, &b), 0);
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.nodes, b.nodes, a.count * sizeof *a.nodes);
}

static void try_status(void) {
    static struct fr_msg_status a, b;
    a.agent = draw_text(FR_AGENT_BYTES_MAX);
    a.uptime_ns = draw_up_to(UINT64_MAX);
    a.store_free_bytes = draw_up_to(UINT64_MAX);
    a.completed_count = draw_up_to(UINT64_MAX);
    a.failed_count = draw_up_to(UINT64_MAX);
    a.transfer_count = (uint32_t) draw_up_to(FR_STATUS_TRANSFERS_MAX);
    for (uint32_t i = 0; i < a.transfer_count; i++) {
        struct fr_status_transfer *transfer = &a.transfers[i];
        draw_bytes(transfer->transfer_id, sizeof transfer->transfer_id);
        transfer->name = draw_text(FR_NAME_BYTES_MAX);
        transfer->bytes_have = draw_up_to(UINT64_MAX);
        transfer->object_bytes = draw_up_to(UINT64_MAX);
        transfer->elapsed_ns = draw_up_to(UINT64_MAX);
        transfer->state = (uint8_t) draw(3);
    }
    is_written(fr_status_encode(&a, frame, sizeof frame));
    assert_int_equal(fr_status_decode(body, body_bytes, &b), 0);
    check_text(a.agent, b.agent);
    assert_true(a.uptime_ns == b.uptime_ns && a.store_free_bytes == b.store_free_bytes);
    assert_true(a.completed_count == b.completed_count && a.failed_count == b.failed_count && a.transfer_count == b.transfer_count);
    for (uint32_t i = 0; i < a.transfer_count; i++) {
        const struct fr_status_transfer *x = &a.transfers[i], *y = &b.transfers[i];
        assert_memory_equal(x->transfer_id, y->transfer_id, sizeof x->transfer_id);
        check_text(x->name, y->name);
        assert_true(x->bytes_have == y->bytes_have && x->object_bytes == y->object_bytes);
        assert_true(x->elapsed_ns == y->elapsed_ns && x->state == y->state);
    }
}

static void try_opening(void) {
    static const char *const folders[] = {"", "a/", "models/v2/", ".x/", "\xc3\xa9 \xe2\x82\xac/"};
    struct fr_opening a = {0}, b;
    draw_bytes(a.transfer_id, sizeof a.transfer_id);
    draw_bytes(a.origin_key, sizeof a.origin_key);
    a.created_unix_ms = draw_up_to(UINT64_MAX);
    a.chunk_bytes = (uint32_t) FR_CHUNK_BYTES_MIN << draw(9);
    a.object_bytes = draw(4) ? draw_up_to((uint64_t) FR_CHUNKS_MAX * a.chunk_bytes) : FR_BYTES_UNKNOWN;
    a.mode = (uint32_t) draw_up_to(0777);
    const char *folder = folders[draw(5)];
    struct fr_text leaf = draw_text((uint32_t) (FR_NAME_BYTES_MAX - 1 - strlen(folder)));
    snprintf(a.name, sizeof a.name, "%sn%.*s", folder, (int) leaf.count, leaf.bytes); /* the n: never empty */
    body_bytes = fr_opening_encode(&a, frame + FR_FRAME_HEAD_BYTES, sizeof frame - FR_FRAME_HEAD_BYTES);
    assert_int_equal(fr_opening_decode(body, body_bytes, &b), 0);
    assert_memory_equal(a.transfer_id, b.transfer_id, sizeof a.transfer_id);
    assert_memory_equal(a.origin_key, b.origin_key, sizeof a.origin_key);
    assert_true(a.created_unix_ms == b.created_unix_ms && a.object_bytes == b.object_bytes);
    assert_true(a.chunk_bytes == b.chunk_bytes && a.mode == b.mode);
    assert_string_equal(a.name, b.name);
}

static void try_roster(void) {
    static struct fr_roster a, b;
    memset(&a, 0, sizeof a);
    draw_bytes(a.transfer_id, sizeof a.transfer_id);
    a.group_index = (uint32_t) draw_up_to(FR_GROUPS_MAX - 1);
    a.below_count = (uint32_t) draw_up_to(FR_GROUPS_MAX - 1 - a.group_index);
    a.upstream_count = a.group_index > 0 ? (uint32_t) draw_up_to(FR_GROUP_NODES_MAX) : 0;
    a.upstream_group = a.upstream_count > 0 ? (uint32_t) draw_up_to(a.group_index - 1) : 0;
    a.is_secondary = draw(2) == 1;
    a.is_adopting = a.upstream_count > 0 && draw(2) == 1;
    if (a.is_adopting) {
        a.adopted_group = (uint32_t) draw_up_to(a.group_index - 1);
        a.adopted_shift = 1 + (uint32_t) draw_up_to(FR_GROUP_NODES_MAX - 2);
    }
    a.node_count = (uint32_t) draw_up_to(FR_NODES_PUSHED_MAX);
    a.member_count = 1 + (uint32_t) draw_up_to(FR_GROUP_NODES_MAX - 1);
    for (uint32_t i = 0; i < a.member_count; i++) {
        struct fr_text address = draw_text(FR_ADDRESS_BYTES_MAX - 5);
        snprintf(a.addresses[i], sizeof a.addresses[i], "%.*s:7420", (int) address.count, address.bytes);
    }
    body_bytes = fr_roster_encode(&a, frame + FR_FRAME_HEAD_BYTES, sizeof frame - FR_FRAME_HEAD_BYTES);
    assert_int_equal(fr_roster_decode(body, body_bytes, &b), 0);
    assert_memory_equal(&a, &b, sizeof a);
}

/* Draws, writes, reads and compares one message. false for the kinds that have no body of their own. */
static bool try_kind(int kind) {
    switch (kind) {
    case FR_FRAME_HELLO: return try_hello(), true;
    case FR_FRAME_OPEN: return try_open(), true;
    case FR_FRAME_ACCEPT: return try_accept(), true;
    case FR_FRAME_REFUSE:
    case FR_FRAME_ABORT:
    case FR_FRAME_BYE: return try_reason((enum fr_frame_type) kind), true;
    case FR_FRAME_PAGE: return try_page(), true;
    case FR_FRAME_END: return try_end(), true;
    case FR_FRAME_HAVE:
    case FR_FRAME_REACHED:
    case FR_FRAME_WANT:
    case FR_FRAME_COMING:
    case FR_FRAME_MISSING: return try_ranges((enum fr_frame_type) kind), true;
    case FR_FRAME_LAG:
    case FR_FRAME_PULL:
    case FR_FRAME_INTEREST: return try_switch((enum fr_frame_type) kind), true;
    case FR_FRAME_PROGRESS: return try_progress(), true;
    case FR_FRAME_DONE: return try_done(), true;
    case FR_FRAME_FAULT: return try_fault(), true;
    case FR_FRAME_ROSTER: return try_roster_frame(), true;
    case FR_FRAME_RESULT: return try_result(), true;
    case FR_FRAME_BELOW: return try_below(), true;
    case FR_FRAME_STATUS: return try_status(), true;
    case WIRE_OPENING: return try_opening(), true;
    case WIRE_ROSTER: return try_roster(), true;
    default: return false;
    }
}

/* ---------------------------------------------------------------------------------------------------- properties */

static uint64_t seed;

/* Every property draws the same numbers whether the others ran before it or not. */
static void repeat(void (*property)(void)) {
    fr_prng_init(&prng, seed);
    for (int run = 0; run < RUNS; run++)
        property();
}

static void round_trip(void) {
    for (int kind = 0; kind < WIRE_KIND_END; kind++)
        if (try_kind(kind))
            assert_int_equal(wire_again_check(kind, body, body_bytes), 0);
}

/* In memory of exactly its size, so that a sanitizer sees the first byte too far. */
static int check_exactly(int kind, const uint8_t *bytes, size_t count) {
    uint8_t *exact = malloc(count > 0 ? count : 1);
    assert_non_null(exact);
    if (count > 0)
        memcpy(exact, bytes, count);
    int result = wire_again_check(kind, exact, count);
    assert_true(result == 0 || result == 1 || result == FR_E_PROTOCOL ||
                (kind == WIRE_OPENING && (result == FR_E_NAME || result == FR_E_LIMIT)));
    free(exact);
    return result;
}

static void random_bytes(void) {
    static uint8_t bytes[2000];
    size_t count = (size_t) draw_up_to(draw(2) ? 60 : sizeof bytes);
    draw_bytes(bytes, count);
    for (int kind = 0; kind < WIRE_KIND_END; kind++)
        check_exactly(kind, bytes, count);
}

/* A valid message with a few bytes changed, inserted or cut off. */
static void damaged(void) {
    static uint8_t bytes[FR_FRAME_BODY_MAX + 1];
    for (int kind = 0; kind < WIRE_KIND_END; kind++) {
        if (!try_kind(kind))
            continue;
        for (int i = 0; i < DAMAGES; i++) {
            size_t count = body_bytes;
            memcpy(bytes, body, count);
            for (uint64_t changes = 1 + draw(3); changes > 0 && count > 0; changes--)
                bytes[draw(4) ? draw(count < 40 ? count : 40) : draw(count)] = draw(2) ? (uint8_t) draw_up_to(255) : (uint8_t) draw(4);
            if (draw(4) == 0)
                count = (size_t) draw(count + 1);
            else if (draw(8) == 0)
                bytes[count++] = (uint8_t) draw(256);
            check_exactly(kind, bytes, count);
        }
    }
}

/* Texts of people may be anything when written; what is read is clean and not longer than it was. */
static void any_sentence(void) {
    char text[2 * FR_REASON_BYTES_MAX];
    struct fr_msg_reason a = {FR_REFUSAL_STORE, {text, (uint32_t) draw_up_to(sizeof text)}}, b;
    struct fr_text clean = draw_text(FR_REASON_BYTES_MAX);
    draw_bytes((uint8_t *) text, sizeof text);
    memcpy(text + draw(FR_REASON_BYTES_MAX), clean.bytes, clean.count);
    is_written(fr_reason_encode(FR_FRAME_REFUSE, &a, frame, sizeof frame));
    assert_int_equal(fr_reason_decode(body, body_bytes, &b), 0);
    assert_true(b.text.count <= a.text.count && b.text.count <= FR_REASON_BYTES_MAX);
    assert_true(a.text.count > FR_REASON_BYTES_MAX - 3 ? b.text.count >= FR_REASON_BYTES_MAX - 3 : b.text.count == a.text.count);
    for (uint32_t i = 0; i < b.text.count; i++)
        assert_true(b.text.bytes[i] == a.text.bytes[i] || b.text.bytes[i] == '?');
}

static void varints(void) {
    uint8_t out[FR_VARINT_BYTES_MAX];
    uint32_t value = (uint32_t) (fr_prng_next(&prng) >> (32 + draw(32))), again;
    size_t count = fr_varint_encode(value, out);
    assert_int_equal(fr_varint_decode(out, count, &again), count);
    assert_int_equal(value, again);
    draw_bytes(out, sizeof out);
    int used = fr_varint_decode(out, sizeof out, &again);
    uint8_t once_more[FR_VARINT_BYTES_MAX];
    if (used > 0) {
        assert_int_equal(fr_varint_encode(again, once_more), used);
        assert_memory_equal(out, once_more, used);
    }
}

static void messages_read_back(void **state) {
    (void) state;
    repeat(round_trip);
}

static void random_bytes_do_no_harm(void **state) {
    (void) state;
    repeat(random_bytes);
}

static void damaged_messages_do_no_harm(void **state) {
    (void) state;
    repeat(damaged);
}

static void any_sentence_can_be_sent(void **state) {
    (void) state;
    repeat(any_sentence);
}

static void varints_read_back(void **state) {
    (void) state;
    repeat(varints);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_read_back),          cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(damaged_messages_do_no_harm), cmocka_unit_test(any_sentence_can_be_sent),
        cmocka_unit_test(varints_read_back),
    };
    seed = fr_test_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
