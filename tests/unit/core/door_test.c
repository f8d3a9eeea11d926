/* SPDX-License-Identifier: Apache-2.0 */
/* The door: who comes in, who does not, and which words they are sent away with. */
#include <fastreplica/fastreplica.h>

#include "base/text.h"
#include "core/door.h"
#include "support/test.h"
#include "support/wire_check.h"

/* A push as its origin would open it, each part open to be spoilt before it is signed or after. */
struct world {
    struct fr_sign_key *origin;
    struct fr_sign_key *stranger;
    struct fr_verify_key *trusted;
    uint8_t trusted_bytes[FR_KEY_BYTES];
    struct fr_door door;
    struct fr_opening opening;
    struct fr_roster roster;
    uint16_t from, to;
    uint8_t opening_blob[FR_OPENING_BYTES_MAX], roster_blob[FR_ROSTER_BYTES_MAX];
    size_t opening_bytes, roster_bytes;
    uint8_t opening_signature[FR_SIGNATURE_BYTES], roster_signature[FR_SIGNATURE_BYTES];
    uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
};

static int set_up(void **state) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    uint8_t seed[FR_KEY_BYTES] = {1};
    world->origin = fr_sign_key_new(seed);
    seed[0] = 2;
    world->stranger = fr_sign_key_new(seed);
    fr_sign_key_public(world->origin, world->trusted_bytes);
    world->trusted = fr_verify_key_new(world->trusted_bytes);
    fr_door_init(&world->door, world->trusted, world->trusted_bytes);
    memset(world->opening.transfer_id, 0x11, FR_TRANSFER_ID_BYTES);
    memcpy(world->opening.origin_key, world->trusted_bytes, FR_KEY_BYTES);
    world->opening.object_bytes = 1000000;
    world->opening.chunk_bytes = FR_CHUNK_BYTES_MIN;
    world->opening.mode = 0644;
    memcpy(world->opening.name, "x.bin", 6);
    memset(world->roster.transfer_id, 0x11, FR_TRANSFER_ID_BYTES);
    world->roster.member_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        memcpy(world->roster.addresses[i], "node:7420", 10);
    world->from = FR_MEMBER_UPSTREAM;
    world->to = 2;
    *state = world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    fr_sign_key_free(world->origin);
    fr_sign_key_free(world->stranger);
    fr_verify_key_free(world->trusted);
    free(world);
    return 0;
}

static void sign_blobs(struct world *world, const struct fr_sign_key *key) {
    assert_int_equal(fr_sign(key, FR_SIGN_OPENING, world->opening_blob, world->opening_bytes, world->opening_signature), 0);
    assert_int_equal(fr_sign(key, FR_SIGN_ROSTER, world->roster_blob, world->roster_bytes, world->roster_signature), 0);
}

static void encode_blobs(struct world *world) {
    world->opening_bytes = fr_opening_encode(&world->opening, world->opening_blob, sizeof world->opening_blob);
    world->roster_bytes = fr_roster_encode(&world->roster, world->roster_blob, sizeof world->roster_blob);
}

static enum fr_door_verdict send_hello(struct world *world) {
    size_t bytes = fr_door_hello(world->frame, sizeof world->frame);
    return fr_door_on_frame(&world->door, FR_FRAME_HELLO, world->frame + FR_FRAME_HEAD_BYTES, (uint32_t) (bytes - FR_FRAME_HEAD_BYTES));
}

static enum fr_door_verdict send_open(struct world *world) {
    const struct fr_msg_open open = {
        .from = world->from,
        .to = world->to,
        .opening = world->opening_blob,
        .opening_bytes = (uint32_t) world->opening_bytes,
        .opening_signature = world->opening_signature,
        .roster = world->roster_blob,
        .roster_bytes = (uint32_t) world->roster_bytes,
        .roster_signature = world->roster_signature,
    };
    size_t bytes = fr_open_encode(&open, world->frame, sizeof world->frame);
    return fr_door_on_frame(&world->door, FR_FRAME_OPEN, world->frame + FR_FRAME_HEAD_BYTES, (uint32_t) (bytes - FR_FRAME_HEAD_BYTES));
}

/* A good sentence: not empty, not cut off, clean. */
static void check_why(const struct world *world) {
    size_t count = strlen(world->door.why);
    assert_in_range(count, 10, FR_REASON_BYTES_MAX - 1);
    assert_true(fr_text_is_clean(world->door.why, count));
}

static void expect_refusal(struct world *world, enum fr_door_verdict verdict, enum fr_refusal refusal, const char *words) {
    assert_int_equal(verdict, FR_DOOR_REFUSE);
    assert_int_equal(world->door.refusal, refusal);
    check_why(world);
    if (strstr(world->door.why, words) == NULL)
        fail_msg("'%s' does not say '%s'", world->door.why, words);
    /* The link is over: not even a good request helps now. */
    assert_int_equal(fr_door_on_frame(&world->door, FR_FRAME_STATUS_ASK, NULL, 0), FR_DOOR_CLOSE);
}

static void our_hello_is_ours(void **state) {
    struct world *world = *state;
    uint8_t out[128];
    struct fr_msg_hello hello;
    size_t bytes = fr_door_hello(out, sizeof out);
    assert_int_equal(out[0], FR_FRAME_HELLO);
    assert_int_equal(fr_hello_decode(out + FR_FRAME_HEAD_BYTES, bytes - FR_FRAME_HEAD_BYTES, &hello), 0);
    assert_int_equal(hello.version_min, FR_WIRE_VERSION_MIN);
    assert_int_equal(hello.version_max, FR_WIRE_VERSION_MAX);
    assert_true(hello.features == FR_WIRE_FEATURES);
    wire_check_text(hello.agent, "fastreplica " FR_VERSION); /* raising the version means raising it in door.c too */
    assert_int_equal(fr_door_check_hello(&hello, world->door.why, sizeof world->door.why), 0);
}

static void versions_must_overlap(void **state) {
    (void) state;
    const struct {
        uint16_t min, max;
        int result;
    } samples[] = {
        {FR_WIRE_VERSION_MAX, FR_WIRE_VERSION_MAX, 0},
        {FR_WIRE_VERSION_MIN, UINT16_MAX, 0},
        {FR_WIRE_VERSION_MAX + 1, FR_WIRE_VERSION_MAX + 1, FR_E_VERSION},
        {UINT16_MAX, UINT16_MAX, FR_E_VERSION},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct fr_msg_hello hello = {samples[i].min, samples[i].max, 0, {"other 9", 7}};
        char why[FR_REASON_BYTES_MAX + 1] = "";
        assert_int_equal(fr_door_check_hello(&hello, why, sizeof why), samples[i].result);
        assert_int_equal(strstr(why, "other 9 speaks") != NULL, samples[i].result != 0);
    }
}

static void a_push_from_upstream_comes_in(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    assert_int_equal(send_open(world), FR_DOOR_OPEN);
    assert_int_equal(world->door.open.from, FR_MEMBER_UPSTREAM);
    assert_int_equal(world->door.open.to, 2);
    assert_string_equal(world->door.opening.name, "x.bin");
    assert_int_equal(world->door.opening.object_bytes, 1000000);
    assert_int_equal(world->door.roster.member_count, 3);
    assert_memory_equal(world->door.open.opening, world->opening_blob, world->opening_bytes);
}

static void a_push_from_a_member_comes_in(void **state) {
    struct world *world = *state;
    world->from = 0;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    assert_int_equal(send_open(world), FR_DOOR_OPEN);
    assert_int_equal(world->door.open.from, 0);
}

/* The group is one that group 4 feeds, of 6 members. */
static void put_below_another(struct world *world) {
    world->roster.group_index = 7;
    world->roster.below_count = 2;
    world->roster.upstream_group = 4;
    world->roster.upstream_count = 6;
    world->roster.is_secondary = true;
    world->roster.node_count = 30;
}

static void a_push_from_a_member_above_comes_in(void **state) {
    struct world *world = *state;
    static const uint16_t above[] = {
        FR_MEMBER_ABOVE,     FR_MEMBER_ABOVE + 2,         FR_MEMBER_ABOVE + 5, /* the first, one with our own index, the last */
        FR_MEMBER_FAR_ABOVE, FR_MEMBER_FAR_ABOVE_END - 1, FR_MEMBER_UPSTREAM}; /* when those are gone */
    put_below_another(world);
    encode_blobs(world);
    sign_blobs(world, world->origin);
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        world->from = above[i];
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        assert_int_equal(send_open(world), FR_DOOR_OPEN);
        assert_int_equal(world->door.open.from, above[i]);
        assert_int_equal(world->door.roster.group_index, 7);
        assert_int_equal(world->door.roster.below_count, 2);
        assert_int_equal(world->door.roster.upstream_group, 4);
        assert_int_equal(world->door.roster.upstream_count, 6);
        assert_true(world->door.roster.is_secondary);
        assert_int_equal(world->door.roster.node_count, 30);
    }
}

static void a_peer_of_a_group_below_comes_in(void **state) {
    struct world *world = *state;
    put_below_another(world);
    world->from = 1;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    assert_int_equal(send_open(world), FR_DOOR_OPEN);
}

static void put_adopting(struct world *world) {
    put_below_another(world);
    world->roster.is_adopting = true;
    world->roster.adopted_group = 1;
    world->roster.adopted_shift = 2;
}

/* How many members the adopted group has its own roster tells, which is not here; so any may ask that could be. */
static void a_member_whom_the_group_adopts_comes_in(void **state) {
    struct world *world = *state;
    static const uint16_t adopted[] = {FR_MEMBER_ADOPTED, FR_MEMBER_ADOPTED + 2, FR_MEMBER_ADOPTED + FR_GROUP_NODES_MAX - 1};
    put_adopting(world);
    encode_blobs(world);
    sign_blobs(world, world->origin);
    for (size_t i = 0; i < sizeof adopted / sizeof *adopted; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        world->from = adopted[i];
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        assert_int_equal(send_open(world), FR_DOOR_OPEN);
        assert_int_equal(world->door.open.from, adopted[i]);
        assert_true(world->door.roster.is_adopting);
        assert_int_equal(world->door.roster.adopted_group, 1);
        assert_int_equal(world->door.roster.adopted_shift, 2);
    }
}

static void who_is_not_adopted_is_refused(void **state) {
    struct world *world = *state;
    static const struct {
        uint16_t from, to;
        bool is_adopting;
        const char *words;
    } samples[] = {
        {FR_MEMBER_ADOPTED + FR_GROUP_NODES_MAX, 2, true, "member 8256 asks, in a group of 3"},
        {FR_MEMBER_ABOVE - 1, 2, true, "member 16383 asks, in a group of 3"},
        {FR_MEMBER_ADOPTED - 1, 2, true, "member 8191 asks, in a group of 3"},
        {FR_MEMBER_ADOPTED, 3, true, "member 3 is asked for, in a group of 3"},
        {FR_MEMBER_ADOPTED, 2, false, "member 8192 asks, in a group of 3"}, /* the group adopts nobody */
        {FR_MEMBER_ADOPTED + 5, 2, false, "member 8197 asks, in a group of 3"},
    };
    put_adopting(world);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        world->roster.is_adopting = samples[i].is_adopting;
        encode_blobs(world);
        sign_blobs(world, world->origin);
        world->from = samples[i].from;
        world->to = samples[i].to;
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, samples[i].words);
    }
}

/* Whom a group adopts is signed with the rest of its roster. */
static void an_altered_adoption_is_refused(void **state) {
    struct world *world = *state;
    put_adopting(world);
    encode_blobs(world);
    sign_blobs(world, world->origin);
    world->roster_blob[world->roster_bytes - 1] ^= 1; /* another shift */
    world->from = FR_MEMBER_ADOPTED;
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "roster");
}

static void who_does_not_feed_the_group_is_refused(void **state) {
    struct world *world = *state;
    static const struct {
        uint16_t from, to;
        const char *words;
    } samples[] = {
        {FR_MEMBER_ABOVE + 6, 2, "member 6 above asks, and 6 are above"},
        {FR_MEMBER_ABOVE + FR_GROUP_NODES_MAX, 2, "member 64 above asks, and 6 are above"},
        {FR_MEMBER_FAR_ABOVE_END, 2, "member 16896 above asks, and 6 are above"},
        {FR_MEMBER_UPSTREAM - 1, 2, "member 49150 above asks, and 6 are above"},
        {FR_MEMBER_ABOVE - 1, 2, "member 16383 asks, in a group of 3"}, /* the last that is no member above */
        {FR_MEMBER_ABOVE, 3, "member 3 is asked for, in a group of 3"},
        {FR_MEMBER_ABOVE, FR_MEMBER_ABOVE, "member 16384 is asked for"},
        {2, 2, "member 2 asks itself"},
        {5, 2, "member 5 asks, in a group of 3"}, /* it is one of the group above, and does not say so */
    };
    put_below_another(world);
    encode_blobs(world);
    sign_blobs(world, world->origin);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        world->from = samples[i].from;
        world->to = samples[i].to;
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, samples[i].words);
    }
}

/* Where a group stands is signed: nobody puts himself above one by changing a byte of it. */
static void an_altered_place_is_refused(void **state) {
    struct world *world = *state;
    const size_t group_at = 16, below_at = group_at + 4, upstream_at = below_at + 4, count_at = upstream_at + 4, flags_at = count_at + 2,
                 node_count_at = flags_at + 1;
    const size_t places[] = {group_at + 3, below_at + 3, upstream_at + 3, count_at + 1, flags_at, node_count_at + 3};
    put_below_another(world);
    world->from = FR_MEMBER_ABOVE;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        encode_blobs(world);
        sign_blobs(world, world->origin);
        world->roster_blob[places[i]] ^= 1;
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "roster");
    }
}

static void a_question_comes_in(void **state) {
    struct world *world = *state;
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    assert_int_equal(fr_door_on_frame(&world->door, FR_FRAME_STATUS_ASK, NULL, 0), FR_DOOR_STATUS);
}

static void a_question_has_no_body(void **state) {
    struct world *world = *state;
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, fr_door_on_frame(&world->door, FR_FRAME_STATUS_ASK, (const uint8_t *) "x", 1), FR_REFUSAL_PROTOCOL, "no body");
}

static void a_link_is_opened_once(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    assert_int_equal(send_open(world), FR_DOOR_OPEN);
    assert_int_equal(send_open(world), FR_DOOR_CLOSE);
    check_why(world);
    assert_int_equal(send_hello(world), FR_DOOR_CLOSE);
}

static void what_does_not_begin_with_hello_is_not_answered(void **state) {
    struct world *world = *state;
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        if (type == FR_FRAME_HELLO)
            assert_int_equal(fr_door_on_frame(&world->door, FR_FRAME_HELLO, (const uint8_t *) "nonsense", 8), FR_DOOR_CLOSE);
        else
            assert_int_equal(fr_door_on_frame(&world->door, (enum fr_frame_type) type, NULL, 0), FR_DOOR_CLOSE);
        check_why(world);
        assert_int_equal(send_hello(world), FR_DOOR_CLOSE);
    }
}

static void a_greeting_is_followed_by_a_request(void **state) {
    struct world *world = *state;
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++) {
        if (type == FR_FRAME_OPEN || type == FR_FRAME_STATUS_ASK)
            continue;
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, fr_door_on_frame(&world->door, (enum fr_frame_type) type, NULL, 0), FR_REFUSAL_PROTOCOL, fr_frame_name(type));
    }
}

static void another_version_is_refused_in_words(void **state) {
    struct world *world = *state;
    char agent[FR_AGENT_BYTES_MAX];
    memset(agent, 'a', sizeof agent);
    const struct fr_msg_hello hello = {65000, 65535, UINT64_MAX, {agent, sizeof agent}};
    size_t bytes = fr_hello_encode(&hello, world->frame, sizeof world->frame);
    expect_refusal(
        world, fr_door_on_frame(&world->door, FR_FRAME_HELLO, world->frame + FR_FRAME_HEAD_BYTES, (uint32_t) bytes - FR_FRAME_HEAD_BYTES),
        FR_REFUSAL_VERSION, "speaks 65000 to 65535, fastreplica " FR_VERSION " speaks 1 to 1");
}

static void another_origin_is_refused_in_words(void **state) {
    struct world *world = *state;
    fr_sign_key_public(world->stranger, world->opening.origin_key);
    encode_blobs(world);
    sign_blobs(world, world->stranger);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_UNTRUSTED, "origin.pub");
    char shown[9];
    fr_text_hex(world->trusted_bytes, 4, shown);
    assert_non_null(strstr(world->door.why, shown));
    fr_text_hex(world->opening.origin_key, 4, shown);
    assert_non_null(strstr(world->door.why, shown));
}

static void a_stranger_under_our_origins_name_is_refused(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->stranger);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "opening");
}

static void an_altered_opening_is_refused(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    world->opening_blob[world->opening_bytes - 1] ^= 1; /* x.bio */
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "opening");
}

static void an_altered_roster_is_refused(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    world->roster_blob[world->roster_bytes - 1] ^= 1; /* another port */
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "roster");
}

static void one_signature_does_not_serve_for_the_other(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(fr_sign(world->origin, FR_SIGN_ROSTER, world->opening_blob, world->opening_bytes, world->opening_signature), 0);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_SIGNATURE, "opening");
}

static void a_roster_of_another_push_is_refused(void **state) {
    struct world *world = *state;
    world->roster.transfer_id[15] ^= 1;
    encode_blobs(world);
    sign_blobs(world, world->origin);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, "another push");
}

static void places_outside_the_group_are_refused(void **state) {
    struct world *world = *state;
    static const struct {
        uint16_t from, to;
        const char *words;
    } samples[] = {
        {FR_MEMBER_UPSTREAM, 3, "member 3 is asked for, in a group of 3"},
        {0, FR_MEMBER_UPSTREAM, "member 65535 is asked for"},
        {FR_MEMBER_UPSTREAM, FR_MEMBER_UPSTREAM, "member 65535 is asked for"},
        {3, 2, "member 3 asks, in a group of 3"},
        {FR_MEMBER_ABOVE - 1, 2, "member 16383 asks, in a group of 3"},
        {FR_MEMBER_ABOVE, 2, "member 0 above asks, and 0 are above"}, /* the origin feeds this group itself */
        {FR_MEMBER_ABOVE + 2, 2, "member 2 above asks, and 0 are above"},
        {FR_MEMBER_UPSTREAM - 1, 2, "member 49150 above asks, and 0 are above"},
        {1, 1, "member 1 asks itself"},
    };
    encode_blobs(world);
    sign_blobs(world, world->origin);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        world->from = samples[i].from;
        world->to = samples[i].to;
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, samples[i].words);
    }
}

/* The encoder would not write these, so the blob is spoilt and then signed: a broken origin, or one of a later release. */
static void openings_that_cannot_be_are_refused(void **state) {
    struct world *world = *state;
    const size_t object_bytes_at = 16 + 32 + 8, chunk_bytes_at = object_bytes_at + 8, name_at = chunk_bytes_at + 4 + 2 + 1;
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    encode_blobs(world);
    memcpy(world->opening_blob + name_at, "../ab", 5);
    sign_blobs(world, world->origin);
    expect_refusal(world, send_open(world), FR_REFUSAL_NAME, "another name");

    fr_door_init(&world->door, world->trusted, world->trusted_bytes);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    encode_blobs(world);
    world->opening_blob[object_bytes_at] = 1;
    sign_blobs(world, world->origin);
    expect_refusal(world, send_open(world), FR_REFUSAL_LIMIT, "more than 1048576 chunks");

    fr_door_init(&world->door, world->trusted, world->trusted_bytes);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    encode_blobs(world);
    world->opening_blob[chunk_bytes_at + 3] = 1;
    sign_blobs(world, world->origin);
    expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, "opening of this push is malformed");
}

static void malformed_requests_are_refused(void **state) {
    struct world *world = *state;
    encode_blobs(world);
    const size_t upstream_count_at = 16 + 4 + 4 + 4, flags_at = upstream_count_at + 2, member_count_at = flags_at + 1 + 4;
    const size_t places[] = {upstream_count_at + 1, flags_at, member_count_at};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        fr_door_init(&world->door, world->trusted, world->trusted_bytes);
        encode_blobs(world);
        world->roster_blob[places[i]] = 0xff; /* too many members, a flag of a later version, and group 0 fed by a group */
        sign_blobs(world, world->origin);
        assert_int_equal(send_hello(world), FR_DOOR_WAIT);
        expect_refusal(world, send_open(world), FR_REFUSAL_PROTOCOL, "roster of this push is malformed");
    }

    fr_door_init(&world->door, world->trusted, world->trusted_bytes);
    assert_int_equal(send_hello(world), FR_DOOR_WAIT);
    expect_refusal(world, fr_door_on_frame(&world->door, FR_FRAME_OPEN, (const uint8_t *) "nonsense", 8), FR_REFUSAL_PROTOCOL,
                   "OPEN is malformed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(our_hello_is_ours, set_up, tear_down),
        cmocka_unit_test(versions_must_overlap),
        cmocka_unit_test_setup_teardown(a_push_from_upstream_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_push_from_a_member_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_push_from_a_member_above_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_of_a_group_below_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_member_whom_the_group_adopts_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_not_adopted_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_adoption_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_feed_the_group_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_place_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_question_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_question_has_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_opened_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_begin_with_hello_is_not_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_greeting_is_followed_by_a_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_version_is_refused_in_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_origin_is_refused_in_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_under_our_origins_name_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_opening_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_roster_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_signature_does_not_serve_for_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_roster_of_another_push_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_outside_the_group_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(openings_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_requests_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
