/* SPDX-License-Identifier: Apache-2.0 */
/* The signed blobs: what is pushed, and to whom: bytes as in docs/protocol.md, and where in a tree of groups a group may stand. */
#include <stdio.h>

#include <fastreplica/error.h>

#include "support/death.h"
#include "support/test.h"
#include "support/wire_check.h"

#define X8(x) x x x x x x x x
#define X16(x) X8(x) X8(x)
#define X32(x) X16(x) X16(x)

static int decode_opening(const uint8_t *body, size_t bytes, void *ret_message) { return fr_opening_decode(body, bytes, ret_message); }

static int decode_roster(const uint8_t *body, size_t bytes, void *ret_message) { return fr_roster_decode(body, bytes, ret_message); }

static struct fr_opening make_opening(const char *name) {
    struct fr_opening opening = {
        .created_unix_ms = 0x0102,
        .object_bytes = 0x030405,
        .chunk_bytes = 65536,
        .mode = 0644,
    };
    memset(opening.transfer_id, 0x11, sizeof opening.transfer_id);
    memset(opening.origin_key, 0x22, sizeof opening.origin_key);
    snprintf(opening.name, sizeof opening.name, "%s", name);
    return opening;
}

static void check_opening(const struct fr_opening *a, const struct fr_opening *b) {
    assert_memory_equal(a->transfer_id, b->transfer_id, sizeof a->transfer_id);
    assert_memory_equal(a->origin_key, b->origin_key, sizeof a->origin_key);
    assert_true(a->created_unix_ms == b->created_unix_ms);
    assert_true(a->object_bytes == b->object_bytes);
    assert_int_equal(a->chunk_bytes, b->chunk_bytes);
    assert_int_equal(a->mode, b->mode);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->entry_count, b->entry_count);
    for (uint32_t i = 0; i < a->entry_count; i++) {
        assert_true(a->entries[i].bytes == b->entries[i].bytes);
        assert_string_equal(a->entries[i].name, b->entries[i].name);
    }
}

static void check_opening_round_trip(const struct fr_opening *opening) {
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening again;
    size_t bytes = fr_opening_encode(opening, out, sizeof out);
    assert_int_equal(fr_opening_decode(out, bytes, &again), 0);
    check_opening(&again, opening);
}

static void an_opening_reads_back(void **state) {
    (void) state;
    const struct fr_opening opening = make_opening("a/b.bin");
    uint8_t out[FR_OPENING_BYTES_MAX], expected[FR_OPENING_BYTES_MAX];
    size_t expected_bytes = wire_from_hex(X16("11") X32("22") "0000000000000102 0000000000030405 00010000 01a4 07 612f622e62696e", expected,
                                          sizeof expected);
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), expected_bytes);
    assert_memory_equal(out, expected, expected_bytes);
    check_opening_round_trip(&opening);
    wire_check_strict(decode_opening, sizeof opening, out, expected_bytes, false);
}

static void an_opening_at_its_limits_reads_back(void **state) {
    (void) state;
    char name[FR_NAME_BYTES_MAX + 1];
    memset(name, 'n', FR_NAME_BYTES_MAX);
    name[FR_NAME_BYTES_MAX] = '\0';
    struct fr_opening opening = make_opening(name);
    opening.created_unix_ms = UINT64_MAX;
    opening.object_bytes = FR_BYTES_UNKNOWN;
    opening.chunk_bytes = FR_CHUNK_BYTES_MAX;
    opening.mode = 0777;
    check_opening_round_trip(&opening);
    uint8_t out[FR_OPENING_BYTES_MAX];
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), 326);
    opening = make_opening("x");
    opening.object_bytes = 0;
    opening.chunk_bytes = FR_CHUNK_BYTES_MIN;
    opening.mode = 0;
    check_opening_round_trip(&opening);
    opening.object_bytes = (uint64_t) FR_CHUNKS_MAX * FR_CHUNK_BYTES_MIN;
    check_opening_round_trip(&opening);
}

/* The opening above with some fields replaced, as bytes: sizes and modes that the encoder would not write. */
static void expect_opening_refused(const char *fields_from_object_bytes, int error) {
    uint8_t body[512];
    size_t bytes = wire_from_hex(X16("11") X32("22") "0000000000000102", body, sizeof body);
    bytes += wire_from_hex(fields_from_object_bytes, body + bytes, sizeof body - bytes);
    wire_check_refused(decode_opening, sizeof(struct fr_opening), body, bytes, error);
}

static struct fr_opening make_set(void) {
    struct fr_opening opening = make_opening("film");
    opening.chunk_bytes = 16384;
    opening.entry_count = 2;
    opening.entries[0] = (struct fr_entry){16385, "a.1of2.mp4"};
    opening.entries[1] = (struct fr_entry){1, "a.2of2.mp4"};
    opening.object_bytes = 3 * 16384;
    return opening;
}

static void the_opening_of_a_set_reads_back(void **state) {
    (void) state;
    const struct fr_opening opening = make_set();
    uint8_t out[FR_OPENING_BYTES_MAX], expected[FR_OPENING_BYTES_MAX];
    size_t expected_bytes = wire_from_hex(X16("11") X32("22") "0000000000000102 000000000000c000 00004000 81a4 04 66696c6d"
                                                              "02 0000000000004001 0a 612e316f66322e6d7034"
                                                              "   0000000000000001 0a 612e326f66322e6d7034",
                                          expected, sizeof expected);
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), expected_bytes);
    assert_memory_equal(out, expected, expected_bytes);
    check_opening_round_trip(&opening);
    wire_check_strict(decode_opening, sizeof opening, out, expected_bytes, false);
}

static void the_largest_set_reads_back(void **state) {
    (void) state;
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening opening = make_opening("");
    memset(opening.name, 'n', FR_NAME_BYTES_MAX - 1 - FR_ENTRY_NAME_BYTES_MAX);
    opening.entry_count = FR_ENTRIES_MAX;
    opening.object_bytes = (uint64_t) FR_CHUNKS_MAX * opening.chunk_bytes;
    for (uint32_t i = 0; i < FR_ENTRIES_MAX; i++) {
        memset(opening.entries[i].name, 'a', FR_ENTRY_NAME_BYTES_MAX);
        opening.entries[i].name[i] = 'b';
        opening.entries[i].bytes = opening.object_bytes / FR_ENTRIES_MAX;
    }
    check_opening_round_trip(&opening);
    assert_int_equal(fr_opening_encode(&opening, out, sizeof out), 4423 - 1 - FR_ENTRY_NAME_BYTES_MAX);
}

static void a_wrong_set_is_refused(void **state) {
    (void) state;
    static const struct {
        const char *entries;
        int error;
    } wrong[] = {
        {"00", FR_E_PROTOCOL},                                               /* none */
        {"21", FR_E_PROTOCOL},                                               /* 33 */
        {"01 0000000000000000 01 61", FR_E_PROTOCOL},                        /* an empty one */
        {"01 0000000000004001 01 61", FR_E_PROTOCOL},                        /* two chunks where the object has one */
        {"02 0000000000000001 01 61 0000000000000001 01 62", FR_E_PROTOCOL}, /* the same */
        {"01 ffffffffffffffff 01 61", FR_E_PROTOCOL},                        /* not known */
        {"01 0000000000000001 00", FR_E_NAME},                               /* no name */
        {"01 0000000000000001 02 2e2e", FR_E_NAME},                          /* .. */
        {"01 0000000000000001 03 612f62", FR_E_NAME},                        /* a/b */
        {"01 0000000000000001 02 610a", FR_E_PROTOCOL},                      /* no clean text */
        {"01 0000000000000001 78 61", FR_E_PROTOCOL},                        /* a longer name than may be, and cut off */
        {"02 0000000000000001 01 61 0000000000000001 01 61", FR_E_NAME},     /* twice the same name */
        {"01 0000000000000001 01 61 00", FR_E_PROTOCOL},                     /* more than told */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char hex[256];
        snprintf(hex, sizeof hex, "0000000000004000 00004000 81a4 01 61 %s", wrong[i].entries);
        expect_opening_refused(hex, wrong[i].error);
    }
    expect_opening_refused("ffffffffffffffff 00004000 81a4 01 61 01 0000000000000001 01 61", FR_E_PROTOCOL); /* a pipe is no set */
}

static void a_wrong_opening_is_refused(void **state) {
    (void) state;
    expect_opening_refused("0000000000030405 00010001 01a4 01 61", FR_E_PROTOCOL); /* chunk size: no power of two */
    expect_opening_refused("0000000000030405 00000000 01a4 01 61", FR_E_PROTOCOL); /* none */
    expect_opening_refused("0000000000030405 00002000 01a4 01 61", FR_E_PROTOCOL); /* too small */
    expect_opening_refused("0000000000030405 00800000 01a4 01 61", FR_E_PROTOCOL); /* too large */
    expect_opening_refused("0000000000030405 80000000 01a4 01 61", FR_E_PROTOCOL);
    expect_opening_refused("0000000000030405 00010000 0200 01 61", FR_E_PROTOCOL);                   /* a set-gid bit, or the like */
    expect_opening_refused("0000000000030405 00010000 81a4 01 61", FR_E_PROTOCOL);                   /* a file type */
    expect_opening_refused("0000000400000001 00004000 01a4 01 61", FR_E_LIMIT);                      /* one byte more than 2^20 chunks */
    expect_opening_refused("fffffffffffffffe 00400000 01a4 01 61", FR_E_LIMIT);                      /* all but unknown */
    expect_opening_refused("0000000000030405 00010000 01a4 00", FR_E_NAME);                          /* empty */
    expect_opening_refused("0000000000030405 00010000 01a4 02 2e2e", FR_E_NAME);                     /* .. */
    expect_opening_refused("0000000000030405 00010000 01a4 04 612f2e2e", FR_E_NAME);                 /* a/.. */
    expect_opening_refused("0000000000030405 00010000 01a4 04 2f746d70", FR_E_NAME);                 /* /tmp */
    expect_opening_refused("0000000000030405 00010000 01a4 03 610062", FR_E_NAME);                   /* a NUL inside */
    expect_opening_refused("0000000000030405 00010000 01a4 02 6100", FR_E_NAME);                     /* a NUL at its end */
    expect_opening_refused("0000000000030405 00010000 01a4 02 61ff", FR_E_NAME);                     /* no UTF-8 */
    expect_opening_refused("0000000000030405 00010000 01a4 02 610a", FR_E_NAME);                     /* a newline */
    expect_opening_refused("0000000000030405 00010000 01a4 0c 2e666173747265706c696361", FR_E_NAME); /* .fastreplica */
}

static struct fr_roster *make_roster(uint32_t member_count) {
    struct fr_roster *roster = calloc(1, sizeof *roster);
    assert_non_null(roster);
    memset(roster->transfer_id, 0x33, sizeof roster->transfer_id);
    roster->group_index = 0x0405;
    roster->below_count = 0x0607;
    roster->upstream_group = 0x0203;
    roster->upstream_count = 8;
    roster->is_secondary = true;
    roster->node_count = 0x9000;
    roster->member_count = member_count;
    return roster;
}

/* Its members are named, its place is left to the caller. */
static struct fr_roster *make_named_roster(uint32_t member_count) {
    struct fr_roster *roster = make_roster(member_count);
    for (uint32_t i = 0; i < member_count; i++)
        snprintf(roster->addresses[i], sizeof roster->addresses[i], "n%u:7420", (unsigned) i);
    return roster;
}

static void check_roster_round_trip(const struct fr_roster *roster) {
    static uint8_t out[FR_ROSTER_BYTES_MAX];
    struct fr_roster *again = make_roster(FR_GROUP_NODES_MAX);
    memset(again->addresses, 'z', sizeof again->addresses);
    size_t bytes = fr_roster_encode(roster, out, sizeof out);
    assert_int_equal(fr_roster_decode(out, bytes, again), 0);
    assert_memory_equal(again, roster, sizeof *roster); /* what is not used is zeroed, so no old address shines through */
    free(again);
}

static void a_roster_reads_back(void **state) {
    (void) state;
    struct fr_roster *roster = make_roster(2);
    memcpy(roster->addresses[0], "a:1", 4);
    memcpy(roster->addresses[1], "[::1]:7420", 11);
    uint8_t out[128], expected[128];
    size_t expected_bytes = wire_from_hex(
        X16("33") "00000405 00000607 00000203 0008 01 00009000 0002 0003 613a31 000a 5b3a3a315d3a37343230", expected, sizeof expected);
    assert_int_equal(fr_roster_encode(roster, out, sizeof out), expected_bytes);
    assert_memory_equal(out, expected, expected_bytes);
    check_roster_round_trip(roster);
    wire_check_strict(decode_roster, sizeof *roster, out, expected_bytes, false);
    free(roster);
}

static void a_roster_at_its_limits_reads_back(void **state) {
    (void) state;
    static uint8_t out[FR_ROSTER_BYTES_MAX];
    struct fr_roster *roster = make_roster(FR_GROUP_NODES_MAX);
    roster->group_index = FR_GROUPS_MAX - 1;
    roster->below_count = 0;
    roster->upstream_group = FR_GROUPS_MAX - 2;
    roster->upstream_count = FR_GROUP_NODES_MAX;
    roster->node_count = FR_NODES_PUSHED_MAX;
    for (uint32_t i = 0; i < FR_GROUP_NODES_MAX; i++)
        memset(roster->addresses[i], 'a' + (int) (i % 26), FR_ADDRESS_BYTES_MAX);
    assert_int_equal(fr_roster_encode(roster, out, sizeof out), 16 + 21 + FR_GROUP_NODES_MAX * (2 + FR_ADDRESS_BYTES_MAX));
    check_roster_round_trip(roster);
    free(roster);
}

struct place {
    uint32_t group, below, upstream_group, upstream_count, node_count;
    bool is_secondary;
};

static struct fr_roster *make_placed_roster(const struct place *place) {
    struct fr_roster *roster = make_named_roster(3);
    roster->group_index = place->group;
    roster->below_count = place->below;
    roster->upstream_group = place->upstream_group;
    roster->upstream_count = place->upstream_count;
    roster->node_count = place->node_count;
    roster->is_secondary = place->is_secondary;
    return roster;
}

static void a_group_may_stand_anywhere_in_a_tree(void **state) {
    (void) state;
    static const struct place places[] = {
        {0, 0, 0, 0, 0, false},                                                 /* the only one */
        {0, FR_GROUPS_MAX - 1, 0, 0, FR_NODES_PUSHED_MAX, false},               /* all others are below it */
        {1, FR_GROUPS_MAX - 2, 0, 1, 3, false},                                 /* a chain */
        {1, 0, 0, FR_GROUP_NODES_MAX, 67, true},                                /* fed when the first has all of it */
        {FR_GROUPS_MAX - 1, 0, 0, 1, FR_NODES_PUSHED_MAX, false},               /* the last, below the first */
        {FR_GROUPS_MAX - 1, 0, FR_GROUPS_MAX - 2, 1, 3, true},                  /* or below the one before */
        {FR_GROUPS_MAX / 2, FR_GROUPS_MAX - FR_GROUPS_MAX / 2 - 1, 7, 2, 3, 0}, /* it and all below it are the last ones */
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct fr_roster *roster = make_placed_roster(&places[i]);
        check_roster_round_trip(roster);
        free(roster);
    }
}

static size_t write_roster(const char *place, const char *members, uint8_t *out, size_t capacity) {
    size_t bytes = wire_from_hex(X16("33"), out, capacity);
    bytes += wire_from_hex(place, out + bytes, capacity - bytes);
    return bytes + wire_from_hex(members, out + bytes, capacity - bytes);
}

/* As the first group of a push, with these members. */
static void expect_roster_refused(const char *fields_from_member_count) {
    uint8_t body[512];
    size_t bytes = write_roster("00000000 00000000 00000000 0000 00 00000001", fields_from_member_count, body, sizeof body);
    wire_check_refused(decode_roster, sizeof(struct fr_roster), body, bytes, FR_E_PROTOCOL);
}

static void a_wrong_roster_is_refused(void **state) {
    (void) state;
    expect_roster_refused("0000");                         /* nobody */
    expect_roster_refused("0001 0000");                    /* an empty address */
    expect_roster_refused("0001 0003 613a0a");             /* a newline */
    expect_roster_refused("0001 0003 610031");             /* a NUL */
    expect_roster_refused("0001 0003 613aff");             /* no UTF-8 */
    expect_roster_refused("0002 0003 613a31");             /* fewer members than told */
    expect_roster_refused("0001 0003 613a31 0003 623a32"); /* more */
    expect_roster_refused("ffff 0003 613a31");
}

static void a_place_outside_any_tree_is_refused(void **state) {
    (void) state;
    static const char *const right[] = {
        "0001869f 00000000 0001869e 0040 01 000186a0", /* every field as far as it goes */
        "00000000 0001869f ffffffff 0000 00 00000000", /* who feeds it is not a group: that field tells nothing */
    };
    static const char *const wrong[] = {
        "000186a0 00000000 00000000 0000 00 00000001", /* group FR_GROUPS_MAX */
        "ffffffff 00000000 00000000 0000 00 00000001",
        "00000000 000186a0 00000000 0000 00 00000001", /* as many below as there may be groups */
        "0001869f 00000001 00000000 0000 00 00000001", /* one below the last that there may be */
        "00000002 ffffffff 00000000 0000 00 00000001", /* group + below wraps */
        "00000002 fffffffe 00000000 0000 00 00000001",
        "00000002 00000000 00000002 0001 00 00000001", /* fed by itself */
        "00000002 00000000 00000003 0001 00 00000001", /* by a later one */
        "00000000 00000000 00000000 0001 00 00000001", /* nothing can be above the first */
        "00000002 00000000 ffffffff 0001 00 00000001",
        "00000002 00000000 00000000 0041 00 00000001", /* FR_GROUP_NODES_MAX + 1 above */
        "00000002 00000000 00000000 ffff 00 00000001",
        "00000002 00000000 00000000 0001 00 000186a1", /* FR_NODES_PUSHED_MAX + 1 nodes */
        "00000002 00000000 00000000 0001 00 ffffffff",
    };
    uint8_t body[64];
    struct fr_roster *roster = make_roster(0);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(fr_roster_decode(body, write_roster(right[i], "0001 0003 613a31", body, sizeof body), roster), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t bytes = write_roster(wrong[i], "0001 0003 613a31", body, sizeof body);
        wire_check_refused(decode_roster, sizeof *roster, body, bytes, FR_E_PROTOCOL);
    }
    free(roster);
}

/* The fields of an adoption are there with bit 1, and only then. */
static void a_flag_of_a_later_version_is_refused(void **state) {
    (void) state;
    uint8_t body[64];
    const size_t flags_at = 16 + 4 + 4 + 4 + 2, adoption_bytes = 4 + 1;
    size_t bytes = write_roster("00000007 00000000 00000004 0001 00 00000002", "0001 0003 613a31 00000001 3f", body, sizeof body);
    struct fr_roster *roster = make_roster(0);
    for (unsigned flags = 0; flags < 256; flags++) {
        size_t right = flags & 2 ? bytes : bytes - adoption_bytes, wrong = flags & 2 ? bytes - adoption_bytes : bytes;
        body[flags_at] = (uint8_t) flags;
        wire_check_refused(decode_roster, sizeof *roster, body, wrong, FR_E_PROTOCOL);
        if (flags > 3) {
            wire_check_refused(decode_roster, sizeof *roster, body, right, FR_E_PROTOCOL);
            continue;
        }
        assert_int_equal(fr_roster_decode(body, right, roster), 0);
        assert_int_equal(roster->is_secondary, flags & 1);
        assert_int_equal(roster->is_adopting, flags >> 1);
        assert_int_equal(roster->adopted_group, flags & 2 ? 1 : 0);
        assert_int_equal(roster->adopted_shift, flags & 2 ? 63 : 0);
    }
    free(roster);
}

static struct fr_roster *make_adopting_roster(uint32_t adopted_group, uint32_t adopted_shift) {
    struct fr_roster *roster = make_named_roster(2);
    roster->is_adopting = true;
    roster->adopted_group = adopted_group;
    roster->adopted_shift = adopted_shift;
    return roster;
}

static void an_adopting_roster_reads_back(void **state) {
    (void) state;
    static const struct {
        uint32_t group, shift;
    } samples[] = {{0, 1}, {0, FR_GROUP_NODES_MAX - 1}, {0x0203, 1}, {0x0404, 7}}; /* any group before it, at whatever height */
    uint8_t out[128], expected[128];
    struct fr_roster *roster;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        roster = make_adopting_roster(samples[i].group, samples[i].shift);
        check_roster_round_trip(roster);
        roster->is_secondary = false;
        check_roster_round_trip(roster);
        free(roster);
    }
    roster = make_adopting_roster(0x0102, 5);
    size_t bytes = wire_from_hex(X16("33") "00000405 00000607 00000203 0008 03 00009000 0002 0007 6e303a37343230 0007 6e313a37343230"
                                           "00000102 05",
                                 expected, sizeof expected);
    assert_int_equal(fr_roster_encode(roster, out, sizeof out), bytes);
    assert_memory_equal(out, expected, bytes);
    wire_check_strict(decode_roster, sizeof *roster, out, bytes, false); /* cut off anywhere, or with bytes after its end */
    free(roster);
}

static void a_wrong_adoption_is_refused(void **state) {
    (void) state;
    static const char *const inner = "00000007 00000000 00000004 0001 02 00000002",
                             *const first = "00000007 00000000 00000000 0000 02 00000002";
    static const char *const wrong[] = {
        "00000001 00", "00000001 40", "00000001 ff", /* shift 0, and FR_GROUP_NODES_MAX and above */
        "00000007 01", "00000008 01", "ffffffff 01", /* itself, and groups after it */
    };
    uint8_t body[64];
    struct fr_roster *roster = make_roster(0);
    char members[64];
    assert_int_equal(fr_roster_decode(body, write_roster(inner, "0001 0003 613a31 00000006 01", body, sizeof body), roster), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(members, sizeof members, "0001 0003 613a31 %s", wrong[i]);
        wire_check_refused(decode_roster, sizeof *roster, body, write_roster(inner, members, body, sizeof body), FR_E_PROTOCOL);
    }
    /* Above a first group is none that it could relieve. */
    wire_check_refused(decode_roster, sizeof *roster, body, write_roster(first, "0001 0003 613a31 00000001 01", body, sizeof body),
                       FR_E_PROTOCOL);
    free(roster);
}

static void too_many_or_too_long_are_refused(void **state) {
    (void) state;
    enum { COUNT_AT = 16 + 4 + 4 + 4 + 2 + 1 + 4 + 1, HEAD = COUNT_AT + 1 };
    uint8_t body[HEAD + (FR_GROUP_NODES_MAX + 1) * 3 + FR_ADDRESS_BYTES_MAX] = {0};
    struct fr_roster *roster = make_roster(0);
    body[COUNT_AT] = FR_GROUP_NODES_MAX;
    for (int i = 0; i < FR_GROUP_NODES_MAX + 1; i++)
        memcpy(body + HEAD + 3 * i, (const uint8_t[]){0, 1, 'a'}, 3);
    assert_int_equal(fr_roster_decode(body, HEAD + 3 * FR_GROUP_NODES_MAX, roster), 0);
    body[COUNT_AT]++;
    wire_check_refused(decode_roster, sizeof *roster, body, HEAD + 3 * (FR_GROUP_NODES_MAX + 1), FR_E_PROTOCOL);
    body[COUNT_AT] = 1;
    memset(body + HEAD + 2, 'a', FR_ADDRESS_BYTES_MAX + 1);
    body[HEAD] = (FR_ADDRESS_BYTES_MAX) >> 8;
    body[HEAD + 1] = (FR_ADDRESS_BYTES_MAX) &0xff;
    assert_int_equal(fr_roster_decode(body, HEAD + 2 + FR_ADDRESS_BYTES_MAX, roster), 0);
    body[HEAD + 1]++;
    wire_check_refused(decode_roster, sizeof *roster, body, HEAD + 2 + FR_ADDRESS_BYTES_MAX + 1, FR_E_PROTOCOL);
    free(roster);
}

static void encode_name_outside(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    const struct fr_opening opening = make_opening("../x");
    fr_opening_encode(&opening, out, sizeof out);
}

static void encode_odd_chunk_size(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening opening = make_opening("x");
    opening.chunk_bytes--;
    fr_opening_encode(&opening, out, sizeof out);
}

static void encode_file_type(void *unused) {
    (void) unused;
    uint8_t out[FR_OPENING_BYTES_MAX];
    struct fr_opening opening = make_opening("x");
    opening.mode = 0100644;
    fr_opening_encode(&opening, out, sizeof out);
}

/* A place, or NULL: a roster of nobody. */
static void encode_misplaced_roster(void *place) {
    static uint8_t out[FR_ROSTER_BYTES_MAX];
    struct fr_roster *roster = place != NULL ? make_placed_roster(place) : make_roster(0);
    fr_roster_encode(roster, out, sizeof out);
    free(roster);
}

static void encode_nameless_member(void *unused) {
    (void) unused;
    uint8_t out[128];
    struct fr_roster *roster = make_named_roster(2);
    roster->addresses[1][0] = '\0';
    fr_roster_encode(roster, out, sizeof out);
    free(roster);
}

static void encode_large_roster(void *unused) {
    (void) unused;
    static uint8_t out[FR_ROSTER_BYTES_MAX];
    struct fr_roster *roster = make_named_roster(FR_GROUP_NODES_MAX);
    roster->member_count = FR_GROUP_NODES_MAX + 1;
    fr_roster_encode(roster, out, sizeof out);
    free(roster);
}

static void encode_wrong_adoption(void *shift) {
    uint8_t out[128];
    struct fr_roster *roster = make_adopting_roster(1, *(const uint32_t *) shift);
    fr_roster_encode(roster, out, sizeof out);
    free(roster);
}

static void our_own_mistakes_are_asserted(void **state) {
    (void) state;
    assert_true(fr_test_aborts(encode_name_outside, NULL));
    assert_true(fr_test_aborts(encode_odd_chunk_size, NULL));
    assert_true(fr_test_aborts(encode_file_type, NULL));
    assert_true(fr_test_aborts(encode_misplaced_roster, NULL));
    assert_true(fr_test_aborts(encode_nameless_member, NULL));
    assert_true(fr_test_aborts(encode_large_roster, NULL));
    assert_true(fr_test_aborts(encode_wrong_adoption, &(uint32_t){0}));
    assert_false(fr_test_aborts(encode_wrong_adoption, &(uint32_t){FR_GROUP_NODES_MAX - 1}));
    assert_true(fr_test_aborts(encode_wrong_adoption, &(uint32_t){FR_GROUP_NODES_MAX}));
}

static void our_own_groups_stand_in_a_tree(void **state) {
    (void) state;
    static struct place right = {2, 5, 1, 3, 30, false};
    static struct place wrong[] = {
        {FR_GROUPS_MAX, 0, 0, 0, 3, false},
        {0, FR_GROUPS_MAX, 0, 0, 3, false},
        {FR_GROUPS_MAX - 1, 1, 0, 0, 3, false},
        {2, UINT32_MAX - 1, 0, 0, 3, false},
        {2, 0, 2, 1, 3, false},
        {2, 0, 0, FR_GROUP_NODES_MAX + 1, 3, false},
        {2, 0, 0, 1, FR_NODES_PUSHED_MAX + 1, false},
    };
    assert_false(fr_test_aborts(encode_misplaced_roster, &right));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(fr_test_aborts(encode_misplaced_roster, &wrong[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opening_reads_back),
        cmocka_unit_test(an_opening_at_its_limits_reads_back),
        cmocka_unit_test(the_opening_of_a_set_reads_back),
        cmocka_unit_test(the_largest_set_reads_back),
        cmocka_unit_test(a_wrong_set_is_refused),
        cmocka_unit_test(a_wrong_opening_is_refused),
        cmocka_unit_test(a_roster_reads_back),
        cmocka_unit_test(a_roster_at_its_limits_reads_back),
        cmocka_unit_test(a_group_may_stand_anywhere_in_a_tree),
        cmocka_unit_test(a_wrong_roster_is_refused),
        cmocka_unit_test(a_place_outside_any_tree_is_refused),
        cmocka_unit_test(a_flag_of_a_later_version_is_refused),
        cmocka_unit_test(an_adopting_roster_reads_back),
        cmocka_unit_test(a_wrong_adoption_is_refused),
        cmocka_unit_test(too_many_or_too_long_are_refused),
        cmocka_unit_test(our_own_mistakes_are_asserted),
        cmocka_unit_test(our_own_groups_stand_in_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
