/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A neighbour that lies, at a member. It holds the cluster secret and says what it likes; what it says costs its own link at most. A
 * member names it to upstream, and the transfer goes on: every test here ends with the object whole. Liars at the origin are in
 * liar_origin_test.c.
 */
#include <fastreplica/error.h>

#include "base/time.h"
#include "support/core_rig.h"
#include "support/test.h"

enum { SELF = 1, LOW = 0, HIGH = 2, MEMBERS = 3, CHUNKS = 40, PAGES = 2 };

/* Member 1 of 3 in the middle of a transfer, linked to upstream and to both peers. It dialled member 0, member 2 dialled it. */
struct scene {
    struct core_rig rig;
    fr_link_id up, low, high;
};

static void open_scene(struct scene *scene) {
    struct core_rig *rig = &scene->rig;
    core_rig_init(rig, CHUNKS);
    assert_int_equal(core_rig_be_member(rig, SELF, MEMBERS), 0);
    scene->low = core_rig_answer(rig, LOW);
    scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    scene->high = core_rig_accept(rig, HIGH);
    core_rig_page(rig, scene->up, 0);
    assert_true(core_rig_chunk(rig, scene->up, 3, CORE_RIG_GOOD));
    core_rig_forget(rig);
}

static int set_up(void **state) {
    *state = malloc(sizeof(struct scene));
    assert_non_null(*state);
    open_scene(*state);
    return 0;
}

static int tear_down(void **state) {
    core_rig_done(&((struct scene *) *state)->rig);
    free(*state);
    return 0;
}

static uint32_t member_of(const struct scene *scene, fr_link_id link) {
    return link == scene->up ? FR_MEMBER_UPSTREAM : link == scene->low ? LOW : HIGH;
}

/* Whatever was lost, the rest comes from a link that is still there, or from upstream come anew. */
static void expect_it_goes_on(struct scene *scene) {
    struct core_rig *rig = &scene->rig;
    assert_false(rig->has_ended);
    if (core_rig_did(rig, FR_ACTION_CLOSE, scene->up))
        scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, scene->up, page);
    for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
        assert_true(core_rig_chunk(rig, scene->up, chunk, CORE_RIG_GOOD));
    core_rig_end(rig, scene->up);
    assert_true(core_rig_view(rig).is_complete);
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_DONE), 1);
}

/* The liar's link is closed with a reason, no other is, and upstream was told who did what. */
static void expect_it_is_expelled(struct scene *scene, fr_link_id liar, const char *words) {
    const fr_link_id links[] = {scene->up, scene->low, scene->high};
    const struct core_rig *rig = &scene->rig;
    const struct core_rig_act *bye = core_rig_last(rig, liar, FR_FRAME_BYE);
    for (size_t i = 0; i < FR_COUNT_OF(links); i++)
        assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, links[i]), links[i] == liar);
    assert_non_null(bye);
    assert_int_equal(bye->body[0], 1);
    if (!core_rig_named(rig, scene->up, member_of(scene, liar), words))
        fail_msg("nobody told upstream that member %u %s", member_of(scene, liar), words);
    expect_it_goes_on(scene);
}

static void expect_it_is_ignored(struct scene *scene) {
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, FR_LINK_NONE), 0);
    expect_it_goes_on(scene);
}

/* The same lie from each of the three neighbours, each in a scene of its own. */
static void try_each(void (*lie)(struct scene *scene, fr_link_id link), const char *words) {
    for (int who = 0; who < 3; who++) {
        struct scene scene;
        fr_link_id liar;
        open_scene(&scene);
        liar = who == 0 ? scene.up : who == 1 ? scene.low : scene.high;
        lie(&scene, liar);
        if (words)
            expect_it_is_expelled(&scene, liar, words);
        else
            expect_it_is_ignored(&scene);
        core_rig_done(&scene.rig);
    }
}

/* ---------------------------------------------------------------------------------------------------- pages and the end */

enum signer { ORIGIN, STRANGER };

static void send_page(struct scene *scene, fr_link_id link, uint32_t number, uint32_t count, uint8_t spoil, enum signer signer) {
    struct core_rig *rig = &scene->rig;
    struct fr_digest digests[FR_PAGE_CHUNKS_MAX] = {{{0}}};
    uint8_t signature[FR_SIGNATURE_BYTES], text[2048], frame[2048];
    struct fr_msg_page page = {.page = number, .count = count, .digests = digests->bytes, .signature = signature};
    size_t bytes;
    for (uint32_t i = 0; i < count && number * FR_PAGE_CHUNKS_MAX + i < CHUNKS; i++)
        digests[i] = rig->manifest.digests[number * FR_PAGE_CHUNKS_MAX + i];
    bytes = fr_page_signed_bytes(rig->opening.transfer_id, &page, text, sizeof text);
    assert_int_equal(fr_sign(signer == ORIGIN ? rig->key : rig->stranger, FR_SIGN_PAGE, text, bytes, signature), 0);
    digests[0].bytes[0] ^= spoil;
    fr_page_encode(&page, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

static void lie_with_an_altered_page(struct scene *scene, fr_link_id link) { send_page(scene, link, 1, 8, 1, ORIGIN); }
static void lie_with_a_strangers_page(struct scene *scene, fr_link_id link) { send_page(scene, link, 1, 8, 0, STRANGER); }
static void lie_about_a_known_page(struct scene *scene, fr_link_id link) { send_page(scene, link, 0, 32, 1, ORIGIN); }
static void lie_with_a_short_page(struct scene *scene, fr_link_id link) { send_page(scene, link, 1, 7, 0, ORIGIN); }
static void lie_with_a_long_page(struct scene *scene, fr_link_id link) { send_page(scene, link, 1, 9, 0, ORIGIN); }
static void lie_with_a_page_too_many(struct scene *scene, fr_link_id link) { send_page(scene, link, 2, 1, 0, ORIGIN); }
static void lie_with_a_far_page(struct scene *scene, fr_link_id link) { send_page(scene, link, FR_PAGES_MAX - 1, 32, 0, ORIGIN); }

static void pages_are_checked(void **state) {
    (void) state;
    try_each(lie_with_an_altered_page, "did not sign");
    try_each(lie_with_a_strangers_page, "did not sign");
    try_each(lie_about_a_known_page, "did not sign");
    try_each(lie_with_a_short_page, "does not fit");
    try_each(lie_with_a_long_page, "does not fit");
    try_each(lie_with_a_page_too_many, "does not fit");
    try_each(lie_with_a_far_page, "does not fit");
}

static void send_end(struct scene *scene, fr_link_id link, struct fr_msg_end end, enum signer signer) {
    uint8_t text[512], frame[512];
    size_t bytes = fr_end_signed_bytes(scene->rig.opening.transfer_id, &end, text, sizeof text);
    assert_int_equal(fr_sign(signer == ORIGIN ? scene->rig.key : scene->rig.stranger, FR_SIGN_END, text, bytes, end.signature), 0);
    fr_end_encode(&end, frame, sizeof frame);
    core_rig_frame(&scene->rig, link, frame);
}

static void lie_with_a_strangers_end(struct scene *scene, fr_link_id link) { send_end(scene, link, scene->rig.manifest.end, STRANGER); }

static void lie_with_an_altered_end(struct scene *scene, fr_link_id link) {
    struct fr_msg_end end = scene->rig.manifest.end;
    uint8_t frame[512];
    end.root.bytes[31] ^= 1;
    fr_end_encode(&end, frame, sizeof frame);
    core_rig_frame(&scene->rig, link, frame);
}

static void lie_about_the_count(struct scene *scene, fr_link_id link) {
    struct fr_msg_end end = scene->rig.manifest.end;
    end.chunk_count--;
    send_end(scene, link, end, ORIGIN);
}

static void lie_about_the_size(struct scene *scene, fr_link_id link) {
    struct fr_msg_end end = scene->rig.manifest.end;
    end.object_bytes--;
    send_end(scene, link, end, ORIGIN);
}

static void lie_about_a_known_end(struct scene *scene, fr_link_id link) {
    core_rig_end(&scene->rig, scene->high);
    lie_with_an_altered_end(scene, link);
}

static void lie_about_a_known_ends_hash(struct scene *scene, fr_link_id link) {
    struct fr_msg_end end = scene->rig.manifest.end;
    core_rig_end(&scene->rig, scene->high);
    end.sha256.bytes[0] ^= 1;
    send_end(scene, link, end, STRANGER);
}

static void ends_are_checked(void **state) {
    (void) state;
    try_each(lie_with_a_strangers_end, "did not sign");
    try_each(lie_with_an_altered_end, "did not sign");
    try_each(lie_about_the_count, "does not fit");
    try_each(lie_about_the_size, "does not fit");
    try_each(lie_about_a_known_end, "did not sign");
    try_each(lie_about_a_known_ends_hash, "did not sign");
}

/* ---------------------------------------------------------------------------------------------------- chunks */

static void begin_chunk(struct scene *scene, fr_link_id link, fr_chunk_index chunk, uint32_t bytes) {
    assert_false(fr_transfer_on_chunk_begin(scene->rig.transfer, link, chunk, bytes, scene->rig.now));
    core_rig_take(&scene->rig);
}

static void lie_about_where_it_ends(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, CHUNKS, FR_CHUNK_BYTES_MIN); }
static void lie_about_the_last(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, FR_CHUNKS_MAX - 1, 1); }
static void lie_with_a_chunk_without_page(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, 32, FR_CHUNK_BYTES_MIN); }
static void lie_with_a_short_chunk(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, 4, FR_CHUNK_BYTES_MIN - 1); }
static void lie_with_a_long_chunk(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, 4, FR_CHUNK_BYTES_MIN + 1); }
static void lie_with_a_huge_chunk(struct scene *scene, fr_link_id link) { begin_chunk(scene, link, 4, FR_CHUNK_BYTES_MAX); }

static void lie_about_the_last_ones_size(struct scene *scene, fr_link_id link) {
    core_rig_page(&scene->rig, scene->low, 1);
    begin_chunk(scene, link, CHUNKS - 1, FR_CHUNK_BYTES_MIN);
}

static void chunks_are_let_in_by_number_and_size(void **state) {
    (void) state;
    try_each(lie_about_where_it_ends, "outside the object");
    try_each(lie_about_the_last, "outside the object");
    try_each(lie_with_a_chunk_without_page, "before its page");
    try_each(lie_with_a_short_chunk, "wrong size");
    try_each(lie_with_a_long_chunk, "wrong size");
    try_each(lie_with_a_huge_chunk, "wrong size");
    try_each(lie_about_the_last_ones_size, "wrong size");
}

static void lie_three_times(struct scene *scene, fr_link_id link) {
    for (fr_chunk_index chunk = 10; chunk < 13; chunk++) {
        assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, link), 0);
        assert_true(core_rig_chunk(&scene->rig, link, chunk, CORE_RIG_SPOILT));
        assert_true(core_rig_named(&scene->rig, scene->up, member_of(scene, link), "do not match"));
    }
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_FAULT), 3);
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_CHUNK_BAD, member_of(scene, link)), 3);
}

static void wrong_bytes_are_dropped_named_and_after_three_times_shut_out(void **state) {
    (void) state;
    try_each(lie_three_times, "do not match");
}

static void wrong_bytes_of_a_gift_are_handed_back(void **state) {
    struct scene *scene = *state;
    assert_true(core_rig_chunk(&scene->rig, scene->up, 10, CORE_RIG_SPOILT));
    assert_true(core_rig_told(&scene->rig, scene->up, FR_FRAME_MISSING, 10));
    assert_false(core_rig_sent_chunk(&scene->rig, scene->low, 10));
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_HAVE), 0);
    expect_it_goes_on(scene);
    assert_true(core_rig_sent_chunk(&scene->rig, scene->low, 10));
}

/* It has sent its copy and waits for a receipt, so it says that the chunk is coming. It is not: whoever else has it is asked. */
static void who_sent_it_wrong_is_not_waited_for(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id links[] = {scene->up, scene->low, scene->high};
    assert_true(core_rig_chunk(rig, scene->low, 10, CORE_RIG_SPOILT));
    assert_int_equal(core_rig_said(rig, scene->low, FR_FRAME_INTEREST), 1);
    core_rig_ranges(rig, scene->low, FR_FRAME_COMING, 10, 1);
    core_rig_ranges(rig, scene->up, FR_FRAME_HAVE, 10, 1);
    core_rig_wait_heard(rig, 2 * rig->timing.patience, links, FR_COUNT_OF(links));
    assert_true(core_rig_told(rig, scene->up, FR_FRAME_WANT, 10));
    expect_it_goes_on(scene);
}

/* The link is gone before the store has looked at what came on it: it is named all the same, as who it was. */
static void who_lies_and_leaves_is_named(void **state) {
    struct scene *scene = *state;
    scene->rig.holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(&scene->rig, scene->high, 10, CORE_RIG_SPOILT));
    core_rig_close(&scene->rig, scene->high, FR_E_CLOSED);
    scene->high = core_rig_accept(&scene->rig, HIGH); /* may take the place of the old link */
    core_rig_store(&scene->rig, 10);
    assert_true(core_rig_named(&scene->rig, scene->up, HIGH, "do not match"));
    scene->rig.holds = 0;
    expect_it_goes_on(scene);
}

/* ... and what came well on it is not put to another's account. */
static void who_leaves_is_still_where_a_chunk_came_from(void **state) {
    struct scene *scene = *state;
    scene->rig.holds = CORE_RIG_STORES;
    assert_true(core_rig_chunk(&scene->rig, scene->high, 10, CORE_RIG_GOOD));
    core_rig_close(&scene->rig, scene->high, FR_E_CLOSED);
    core_rig_store(&scene->rig, 10);
    assert_int_equal(core_rig_traced(&scene->rig, FR_TRACE_CHUNK_STORED, HIGH), 1);
    scene->rig.holds = 0;
    expect_it_goes_on(scene);
}

/* It breaks the protocol, is closed, comes again, and breaks it again: after three times it is not let in. */
static void who_breaks_the_protocol_again_and_again_is_shut_out(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    for (int i = 0; i < 3; i++) {
        lie_with_an_altered_page(scene, scene->high);
        assert_int_equal(core_rig_did(rig, FR_ACTION_CLOSE, scene->high), 1);
        scene->high = core_rig_accept(rig, HIGH);
        assert_int_equal(core_rig_said(rig, scene->high, FR_FRAME_REFUSE), i == 2);
    }
    assert_int_equal(core_rig_said(rig, scene->up, FR_FRAME_FAULT), 3);
    for (int i = 0; i < 3; i++) {
        lie_with_a_short_chunk(scene, scene->low);
        core_rig_forget(rig);
        core_rig_wait_heard(rig, 3 * FR_SECOND, &scene->up, 1);
        assert_int_equal(core_rig_did(rig, FR_ACTION_CONNECT, FR_LINK_NONE), i < 2);
        if (i < 2)
            scene->low = core_rig_answer(rig, LOW);
    }
    expect_it_goes_on(scene);
}

/* A chunk that comes over and over is dropped each time. */
static void repeating_oneself_gains_nothing(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 20; i++)
        assert_true(core_rig_chunk(&scene->rig, scene->high, 10, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_STORE, FR_LINK_NONE), 1);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_DROP, FR_LINK_NONE), 19);
    expect_it_is_ignored(scene);
}

/* An upstream that gives more than any window allows is broken: nothing of what it gave is acknowledged by anybody, and still it gives. */
static void an_owner_is_not_buried(void **state) {
    struct core_rig rig;
    fr_link_id up, peer;
    (void) state;
    core_rig_init(&rig, 3 * FR_CREDIT_WINDOW_MAX);
    assert_int_equal(core_rig_be_member(&rig, 0, 2), 0);
    up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    peer = core_rig_accept(&rig, 1);
    for (uint32_t page = 0; page < rig.manifest.layout.page_count; page++)
        core_rig_page(&rig, up, page);
    for (fr_chunk_index chunk = 0; chunk < rig.chunk_count && !core_rig_did(&rig, FR_ACTION_CLOSE, up); chunk++)
        assert_true(core_rig_chunk(&rig, up, chunk, CORE_RIG_GOOD));
    /* Either the peer is left behind before that, or upstream is closed; the member is there and has what came. */
    assert_false(rig.has_ended);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, peer), 0);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- frames out of place */

static const char zeros[52], done[63] = {FR_VERDICT_COMPLETE};

/* Everything a neighbour may not say to a live member, well-formed as far as can be. */
static const struct {
    enum fr_frame_type type;
    bool from_up, from_peer;
    const char *body;
    uint32_t bytes;
} misplaced[] = {
    {FR_FRAME_HELLO, true, true, "FREP\0\1\0\1\0\0\0\0\0\0\0\0\0", 17},
    {FR_FRAME_OPEN, true, true, "", 0},
    {FR_FRAME_ACCEPT, true, true, "\0\0", 2},
    {FR_FRAME_REFUSE, true, true, "\7\0\0", 3},
    {FR_FRAME_REACHED, true, true, "\1\3\1", 3},
    {FR_FRAME_LAG, true, false, "\1", 1},
    {FR_FRAME_PULL, true, false, "\1", 1},
    {FR_FRAME_PROGRESS, true, true, zeros, 52},
    {FR_FRAME_DONE, true, false, done, 63},
    {FR_FRAME_FAULT, true, true, "\0\0\0\0\0\0\0\0", 8},
    {FR_FRAME_PING, true, true, "x", 1},
    {FR_FRAME_PONG, true, true, "x", 1},
    {FR_FRAME_ABORT, false, true, "\0\0\0", 3},
    {FR_FRAME_STATUS_ASK, true, true, "", 0},
    {FR_FRAME_STATUS, true, true, "", 0},
};

static void frames_from_the_wrong_side_are_turned_away(void **state) {
    (void) state;
    for (size_t i = 0; i < FR_COUNT_OF(misplaced); i++)
        for (int who = 0; who < 3; who++) {
            struct scene scene;
            fr_link_id liar;
            if (who == 0 ? !misplaced[i].from_up : !misplaced[i].from_peer)
                continue;
            open_scene(&scene);
            liar = who == 0 ? scene.up : who == 1 ? scene.low : scene.high;
            core_rig_raw(&scene.rig, liar, misplaced[i].type, misplaced[i].body, misplaced[i].bytes);
            expect_it_is_expelled(&scene, liar, fr_frame_name(misplaced[i].type));
            core_rig_done(&scene.rig);
        }
}

static void bodies_that_mean_nothing_are_turned_away(void **state) {
    static const char nonsense[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    (void) state;
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++)
        for (int who = 0; who < 3; who++) {
            struct scene scene;
            fr_link_id liar;
            if (type == FR_FRAME_CHUNK) /* never comes as a frame */
                continue;
            open_scene(&scene);
            liar = who == 0 ? scene.up : who == 1 ? scene.low : scene.high;
            core_rig_raw(&scene.rig, liar, (enum fr_frame_type) type, nonsense, sizeof nonsense - 1);
            expect_it_is_expelled(&scene, liar, fr_frame_name(type));
            core_rig_done(&scene.rig);
        }
}

/* Between HELLO and ACCEPT nothing may come but PING, PONG, REFUSE and BYE; before HELLO not even ACCEPT. */
static void nothing_is_believed_before_accept(void **state) {
    (void) state;
    for (unsigned type = 1; type <= FR_FRAME_TYPE_MAX; type++) {
        struct core_rig rig;
        fr_link_id up, link;
        bool is_allowed = type == FR_FRAME_HELLO || type == FR_FRAME_ACCEPT || type == FR_FRAME_REFUSE || type == FR_FRAME_PING ||
            type == FR_FRAME_PONG || type == FR_FRAME_BYE || type == FR_FRAME_CHUNK;
        if (is_allowed)
            continue;
        core_rig_init(&rig, CHUNKS);
        assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
        up = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
        link = core_rig_dialled(&rig, LOW);
        core_rig_connect(&rig, link);
        core_rig_hello(&rig, link);
        core_rig_raw(&rig, link, (enum fr_frame_type) type, "\1", 1);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
        assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, up), 0);
        assert_true(core_rig_named(&rig, up, LOW, fr_frame_name(type)));
        core_rig_done(&rig);
    }
}

static void a_chunk_before_accept_is_turned_away(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    link = core_rig_dialled(&rig, LOW);
    core_rig_connect(&rig, link);
    assert_false(core_rig_chunk(&rig, link, 0, CORE_RIG_GOOD));
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    core_rig_done(&rig);
}

static void an_accept_without_hello_is_turned_away(void **state) {
    struct core_rig rig;
    fr_link_id link;
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    link = core_rig_dialled(&rig, LOW);
    core_rig_connect(&rig, link);
    core_rig_accept_frame(&rig, link, false);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, link), 1);
    core_rig_done(&rig);
}

/* It answers every PING, and never says yes or no: the link is given up all the same. */
static void an_answer_is_not_waited_for_for_ever(void **state) {
    struct core_rig rig;
    fr_link_id links[2];
    (void) state;
    core_rig_init(&rig, CHUNKS);
    assert_int_equal(core_rig_be_member(&rig, SELF, MEMBERS), 0);
    links[0] = core_rig_accept(&rig, FR_MEMBER_UPSTREAM);
    links[1] = core_rig_dialled(&rig, LOW);
    core_rig_connect(&rig, links[1]);
    core_rig_hello(&rig, links[1]);
    core_rig_wait_heard(&rig, 10 * rig.timing.silence, links, 2);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, links[1]), 1);
    assert_int_equal(core_rig_did(&rig, FR_ACTION_CLOSE, links[0]), 0);
    core_rig_done(&rig);
}

/* ---------------------------------------------------------------------------------------------------- numbers beyond the object */

static void lie_beyond(struct scene *scene, fr_link_id link) {
    static const enum fr_frame_type types[] = {FR_FRAME_HAVE, FR_FRAME_WANT, FR_FRAME_MISSING, FR_FRAME_COMING};
    for (size_t i = 0; i < FR_COUNT_OF(types); i++) {
        if (types[i] == FR_FRAME_COMING && link == scene->up)
            continue;
        core_rig_ranges(&scene->rig, link, types[i], CHUNKS, 1);
        core_rig_ranges(&scene->rig, link, types[i], CHUNKS - 1, FR_CHUNKS_MAX - CHUNKS);
        core_rig_ranges(&scene->rig, link, types[i], FR_CHUNKS_MAX - 1, 1);
    }
    assert_false(core_rig_sent_chunk(&scene->rig, link, CHUNKS));
    assert_false(core_rig_told(&scene->rig, link, FR_FRAME_MISSING, CHUNKS));
}

static void numbers_beyond_the_object_are_ignored(void **state) {
    (void) state;
    try_each(lie_beyond, NULL);
}

/* ---------------------------------------------------------------------------------------------------- empty words */

static void ask_for_everything(struct scene *scene, fr_link_id link) {
    for (int i = 0; i < 3; i++)
        core_rig_ranges(&scene->rig, link, FR_FRAME_WANT, 0, CHUNKS);
    assert_true(core_rig_sent_chunk(&scene->rig, link, 3)); /* all there is */
    assert_false(core_rig_sent_chunk(&scene->rig, link, 4));
    assert_true(core_rig_told(&scene->rig, link, FR_FRAME_MISSING, 4));
}

static void asking_for_what_is_not_here_is_answered(void **state) {
    struct scene *scene = *state;
    ask_for_everything(scene, scene->low);
    ask_for_everything(scene, scene->high);
    expect_it_is_ignored(scene);
}

static void saying_lag_again_and_again_changes_nothing_for_the_others(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 10; i++) {
        core_rig_switch(&scene->rig, scene->high, FR_FRAME_LAG, true);
        core_rig_switch(&scene->rig, scene->high, FR_FRAME_PULL, i % 2);
        core_rig_switch(&scene->rig, scene->high, FR_FRAME_INTEREST, i % 3);
    }
    assert_int_equal(core_rig_said(&scene->rig, scene->low, FR_FRAME_PULL), 1);
    expect_it_is_ignored(scene);
}

/* It tells that it has everything, and sends nothing: what it was asked for is asked of others in the end. */
static void who_promises_to_have_is_not_the_only_one_asked(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    const fr_link_id links[] = {scene->up, scene->low, scene->high};
    core_rig_switch(rig, scene->high, FR_FRAME_LAG, true); /* so that it pulls */
    core_rig_ranges(rig, scene->high, FR_FRAME_HAVE, 0, 1);
    core_rig_wait_heard(rig, rig->timing.patience, links, 3);
    assert_true(core_rig_told(rig, scene->high, FR_FRAME_WANT, 0));
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 0, 1);
    assert_false(core_rig_told(rig, scene->low, FR_FRAME_WANT, 0)); /* one at a time */
    core_rig_wait_heard(rig, 10 * rig->timing.patience, links, 3);
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 0));
    expect_it_goes_on(scene);
}

/* It promises what it never sends, and renews its promise in time, for ever. */
static void who_promises_to_push_is_not_believed_for_ever(void **state) {
    struct scene *scene = *state;
    struct core_rig *rig = &scene->rig;
    fr_link_id links[] = {scene->up, scene->low, scene->high};
    core_rig_close(rig, scene->up, FR_E_CLOSED); /* something is missing now: it follows, and asks for news */
    links[0] = scene->up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    core_rig_ranges(rig, scene->low, FR_FRAME_HAVE, 0, 1);
    for (int i = 0; i < 60 && !core_rig_told(rig, scene->low, FR_FRAME_WANT, 0); i++) {
        core_rig_ranges(rig, scene->high, FR_FRAME_COMING, 0, 1);
        core_rig_wait_heard(rig, rig->timing.patience, links, 3);
    }
    assert_true(core_rig_told(rig, scene->low, FR_FRAME_WANT, 0));
    expect_it_goes_on(scene);
}

/* It says it is done when nobody can be. Nothing is pushed to it then, which is its own loss. */
static void who_is_done_too_early_harms_itself(void **state) {
    struct scene *scene = *state;
    core_rig_done_frame(&scene->rig, scene->high, FR_VERDICT_COMPLETE, "");
    expect_it_is_ignored(scene);
    assert_false(core_rig_sent_chunk(&scene->rig, scene->high, 0));
    assert_true(core_rig_sent_chunk(&scene->rig, scene->low, 0));
}

/* It acknowledges what it was not sent, and takes back what it acknowledged. */
static void receipts_for_nothing_gain_nothing(void **state) {
    struct scene *scene = *state;
    core_rig_ranges(&scene->rig, scene->high, FR_FRAME_HAVE, 0, CHUNKS);
    core_rig_ranges(&scene->rig, scene->high, FR_FRAME_MISSING, 0, CHUNKS);
    core_rig_ranges(&scene->rig, scene->high, FR_FRAME_HAVE, 3, 1);
    assert_int_equal(core_rig_said(&scene->rig, scene->up, FR_FRAME_REACHED), 0); /* member 0 has not got it */
    core_rig_ranges(&scene->rig, scene->low, FR_FRAME_HAVE, 3, 1);
    assert_true(core_rig_told(&scene->rig, scene->up, FR_FRAME_REACHED, 3));
    expect_it_is_ignored(scene);
}

/* ---------------------------------------------------------------------------------------------------- who comes in */

static void strangers_do_not_get_in(void **state) {
    static const uint32_t strangers[] = {MEMBERS, 63, 64, 1000, FR_MEMBER_UPSTREAM - 1, SELF, LOW /* which we dial */};
    struct scene *scene = *state;
    for (size_t i = 0; i < FR_COUNT_OF(strangers); i++)
        assert_int_equal(core_rig_accept(&scene->rig, strangers[i]), FR_LINK_NONE);
    expect_it_is_ignored(scene);
}

static void an_open_meant_for_another_does_not_get_in(void **state) {
    struct scene *scene = *state;
    struct fr_msg_open open = {.from = HIGH, .to = LOW};
    assert_int_equal(fr_transfer_on_accepted(scene->rig.transfer, &open, scene->rig.now), FR_LINK_NONE);
    core_rig_take(&scene->rig);
    expect_it_is_ignored(scene);
}

static void who_comes_anew_replaces_its_old_link(void **state) {
    struct scene *scene = *state;
    fr_link_id again = core_rig_accept(&scene->rig, HIGH);
    assert_true(again != FR_LINK_NONE && again != scene->high);
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, scene->high), 1);
    core_rig_raw(&scene->rig, scene->high, FR_FRAME_ACCEPT, "\0\0", 2); /* what was still on its way */
    assert_int_equal(core_rig_did(&scene->rig, FR_ACTION_CLOSE, again), 0);
    expect_it_goes_on(scene);
    assert_true(core_rig_sent_chunk(&scene->rig, again, 0));
}

/* Links come and go a thousand times. */
static void coming_and_going_fills_nothing(void **state) {
    struct scene *scene = *state;
    for (int i = 0; i < 1000; i++) {
        scene->high = core_rig_accept(&scene->rig, HIGH);
        assert_true(scene->high != FR_LINK_NONE);
        core_rig_forget(&scene->rig);
    }
    expect_it_is_ignored(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_checked),
        cmocka_unit_test(ends_are_checked),
        cmocka_unit_test(chunks_are_let_in_by_number_and_size),
        cmocka_unit_test(wrong_bytes_are_dropped_named_and_after_three_times_shut_out),
        TEST(wrong_bytes_of_a_gift_are_handed_back),
        TEST(who_sent_it_wrong_is_not_waited_for),
        TEST(who_lies_and_leaves_is_named),
        TEST(who_leaves_is_still_where_a_chunk_came_from),
        TEST(who_breaks_the_protocol_again_and_again_is_shut_out),
        TEST(repeating_oneself_gains_nothing),
        cmocka_unit_test(an_owner_is_not_buried),
        cmocka_unit_test(frames_from_the_wrong_side_are_turned_away),
        cmocka_unit_test(bodies_that_mean_nothing_are_turned_away),
        cmocka_unit_test(nothing_is_believed_before_accept),
        cmocka_unit_test(a_chunk_before_accept_is_turned_away),
        cmocka_unit_test(an_accept_without_hello_is_turned_away),
        cmocka_unit_test(an_answer_is_not_waited_for_for_ever),
        cmocka_unit_test(numbers_beyond_the_object_are_ignored),
        TEST(asking_for_what_is_not_here_is_answered),
        TEST(saying_lag_again_and_again_changes_nothing_for_the_others),
        TEST(who_promises_to_have_is_not_the_only_one_asked),
        TEST(who_promises_to_push_is_not_believed_for_ever),
        TEST(who_is_done_too_early_harms_itself),
        TEST(receipts_for_nothing_gain_nothing),
        TEST(strangers_do_not_get_in),
        TEST(an_open_meant_for_another_does_not_get_in),
        TEST(who_comes_anew_replaces_its_old_link),
        TEST(coming_and_going_fills_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
