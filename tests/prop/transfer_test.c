/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer among neighbours that do anything at all: right things and wrong ones, in any order, at any time. Nothing they do is an
 * assertion; the bench checks the whole transfer after each event. Then they come to reason: a member that was not told to stop ends
 * with the object whole, and a push ends in bounded time, whoever goes on saying nothing but PONG.
 */
#include <fastreplica/error.h>

#include "base/prng.h"
#include "base/time.h"
#include "support/core_rig.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROUNDS = 60, STEPS = 250, CHUNKS = 70, PAGES = 3, MEMBERS_MAX = 5, LINKS_MAX = MEMBERS_MAX + 1 };

static struct fr_prng prng;

/* links[m]: the last link with member m; links[MEMBERS_MAX]: with upstream. */
struct world {
    struct core_rig rig;
    uint32_t self, member_count;
    fr_link_id links[LINKS_MAX];
    bool was_told_to_stop;
};

static uint32_t draw(uint32_t bound) { return (uint32_t) fr_prng_below(&prng, bound); }

static bool is_upstream(uint32_t who) { return who == MEMBERS_MAX; }

static bool is_open(const struct world *world, uint32_t who) {
    return world->links[who] != FR_LINK_NONE && !core_rig_did(&world->rig, FR_ACTION_CLOSE, world->links[who]);
}

/* ---------------------------------------------------------------------------------------------------- what a neighbour may do */

static void say_ranges(struct world *world, fr_link_id link) {
    static const enum fr_frame_type types[] = {FR_FRAME_HAVE, FR_FRAME_REACHED, FR_FRAME_WANT, FR_FRAME_MISSING, FR_FRAME_COMING};
    struct fr_msg_ranges ranges = {.pages_known = draw(10) ? 0 : draw(PAGES + 2)};
    enum fr_frame_type type = types[draw(FR_COUNT_OF(types))];
    uint8_t frame[FR_FRAME_HEAD_BYTES + 64 + 10 * 8];
    uint32_t at = draw(10);
    if (type != FR_FRAME_HAVE)
        ranges.pages_known = 0;
    for (uint32_t count = draw(6); ranges.range_count < count; ranges.range_count++) {
        struct fr_range *range = &ranges.ranges[ranges.range_count];
        *range = (struct fr_range){at, 1 + draw(20)};
        at += range->count + 1 + draw(20);
    }
    fr_ranges_encode(type, &ranges, frame, sizeof frame);
    core_rig_frame(&world->rig, link, frame);
}

static void say_nonsense(struct world *world, fr_link_id link) {
    char body[80];
    enum fr_frame_type type = (enum fr_frame_type)(1 + draw(FR_FRAME_TYPE_MAX));
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char) draw(draw(2) ? 4 : 256);
    if (type != FR_FRAME_CHUNK)
        core_rig_raw(&world->rig, link, type, body, draw(sizeof body + 1));
}

static void say_page(struct world *world, fr_link_id link) {
    uint8_t frame[FR_FRAME_HEAD_BYTES + 128 + FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES];
    struct fr_msg_page page;
    fr_manifest_page(&world->rig.manifest, draw(PAGES), &page);
    fr_page_encode(&page, frame, sizeof frame);
    if (draw(10) == 0)
        frame[FR_FRAME_HEAD_BYTES + 6 + draw(40)] ^= 1;
    core_rig_frame(&world->rig, link, frame);
}

static void say_something(struct world *world, uint32_t who) {
    static const enum fr_frame_type switches[] = {FR_FRAME_LAG, FR_FRAME_PULL, FR_FRAME_INTEREST};
    struct core_rig *rig = &world->rig;
    fr_link_id link = world->links[who];
    switch (draw(30)) {
    case 0: say_nonsense(world, link); break;
    case 1: core_rig_progress(rig, link, draw(CHUNKS + 2)); break;
    case 2: core_rig_done_frame(rig, link, draw(4) ? FR_VERDICT_FAILED : FR_VERDICT_COMPLETE, draw(2) ? "broken" : ""); break;
    case 3:
        if (draw(4))
            break;
        core_rig_end(rig, link);
        break;
    case 4:
        if (draw(6))
            break;
        world->was_told_to_stop |= is_upstream(who) && is_open(world, who);
        core_rig_reason(rig, link, draw(2) ? FR_FRAME_BYE : FR_FRAME_ABORT, 0, "enough");
        break;
    case 5: core_rig_reason(rig, link, FR_FRAME_BYE, 1, "you are odd"); break;
    case 6:
    case 7: core_rig_switch(rig, link, switches[draw(FR_COUNT_OF(switches))], draw(2)); break;
    case 8:
    case 9:
    case 10: say_page(world, link); break;
    case 11:
    case 12:
    case 13:
    case 14:
    case 15: say_ranges(world, link); break;
    default: core_rig_chunk(rig, link, draw(CHUNKS), draw(20) ? CORE_RIG_GOOD : CORE_RIG_SPOILT);
    }
}

/* ---------------------------------------------------------------------------------------------------- what its place may do */

static void answer_one(struct world *world) {
    struct core_rig *rig = &world->rig;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        const struct core_rig_act *act = &rig->acts[i];
        if (!act->is_open || draw(2))
            continue;
        if (act->type == FR_ACTION_STORE)
            core_rig_store(rig, act->chunk);
        else if (act->type == FR_ACTION_SEND_CHUNK)
            core_rig_sent(rig, act->link, act->chunk);
        else if (act->type == FR_ACTION_READ_PAGE)
            core_rig_read(rig, act->page);
        return;
    }
}

static void connect_somebody(struct world *world, uint32_t who) {
    struct core_rig *rig = &world->rig;
    bool is_origin = world->self == FR_MEMBER_UPSTREAM;
    fr_link_id link;
    if (is_open(world, who) && draw(4)) {
        if (draw(3))
            return;
        core_rig_close(rig, world->links[who], FR_E_CLOSED);
        world->links[who] = FR_LINK_NONE;
        return;
    }
    if (!is_origin && (is_upstream(who) || who > world->self)) {
        link = core_rig_accept(rig, is_upstream(who) ? FR_MEMBER_UPSTREAM : who);
    } else if (who < world->member_count && who != world->self) {
        link = core_rig_dialled(rig, who);
        if (link == FR_LINK_NONE)
            return;
        switch (draw(5)) {
        case 0:
            core_rig_close(rig, link, FR_E_UNREACHABLE);
            world->links[who] = FR_LINK_NONE;
            return;
        case 1: core_rig_connect(rig, link); break;
        case 2: core_rig_answer_holding(rig, who); break;
        default: core_rig_answer(rig, who);
        }
    } else
        return;
    if (link != FR_LINK_NONE)
        world->links[who] = link;
}

static void do_something(struct world *world) {
    uint32_t who = draw(4) ? draw(world->member_count) : MEMBERS_MAX;
    struct core_rig *rig = &world->rig;
    rig->now += draw(5) ? draw(3000) * FR_US : draw(500) * FR_MS;
    rig->holds = draw(3) ? rig->holds : draw(8); /* FINISH is never held */
    switch (draw(12)) {
    case 0:
    case 1: connect_somebody(world, who); break;
    case 2: core_rig_wait(rig, draw(3) * rig->timing.patience); break;
    case 3:
    case 4: answer_one(world); break;
    default:
        if (world->links[who] != FR_LINK_NONE)
            say_something(world, who);
    }
}

static void begin(struct world *world) {
    world->was_told_to_stop = false;
    world->rig.holds = 0;
    for (uint32_t who = 0; who < LINKS_MAX; who++)
        world->links[who] = FR_LINK_NONE;
    core_rig_again(&world->rig);
}

/* ---------------------------------------------------------------------------------------------------- the properties */

static void live_as_member(struct world *world) {
    struct core_rig *rig = &world->rig;
    struct fr_transfer_view view;
    fr_link_id up;
    for (uint32_t step = draw(STEPS); step > 0 && !rig->has_ended; step--)
        do_something(world);
    if (rig->has_ended) { /* told to, or left alone for too long */
        assert_true(world->was_told_to_stop || core_rig_failure(rig) == FR_E_CLOSED || core_rig_failure(rig) == 0);
        return;
    }
    rig->holds = 0;
    core_rig_take(rig);
    up = core_rig_accept(rig, FR_MEMBER_UPSTREAM);
    for (uint32_t page = 0; page < PAGES; page++)
        core_rig_page(rig, up, page);
    core_rig_end(rig, up);               /* who looks at what is here takes no chunks before */
    for (int turn = 0; turn < 2; turn++) /* what comes while a wrong copy is being stored has to come once more */
        for (fr_chunk_index chunk = 0; chunk < CHUNKS; chunk++)
            assert_true(core_rig_chunk(rig, up, chunk, CORE_RIG_GOOD));
    fr_transfer_view(rig->transfer, &view);
    assert_true(view.is_complete);
    core_rig_reason(rig, up, FR_FRAME_BYE, 0, "over");
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0);
}

static void members_survive_anything(void **state) {
    (void) state;
    for (int is_pipe = 0; is_pipe < 2; is_pipe++) {
        struct world world;
        core_rig_init(&world.rig, CHUNKS);
        if (is_pipe)
            core_rig_pipe(&world.rig);
        for (int round = 0; round < ROUNDS; round++) {
            begin(&world);
            world.member_count = 1 + draw(MEMBERS_MAX);
            world.self = draw(world.member_count);
            if (!is_pipe && draw(5) == 0)
                assert_int_equal(core_rig_be_holder(&world.rig, world.self, world.member_count, draw(2) ? draw(CHUNKS) : FR_CHUNK_NONE), 0);
            else
                assert_int_equal(core_rig_be_member(&world.rig, world.self, world.member_count), 0);
            live_as_member(&world);
        }
        core_rig_done(&world.rig);
    }
}

static void live_as_origin(struct world *world) {
    struct core_rig *rig = &world->rig;
    struct fr_transfer_view view;
    for (uint32_t step = draw(STEPS); step > 0 && !rig->has_ended; step--)
        do_something(world);
    rig->holds = 0;
    if (!rig->has_ended)
        core_rig_take(rig);
    for (int turn = 0; turn < 20 && !rig->has_ended; turn++) {
        for (uint32_t who = 0; who < world->member_count; who++)
            if (!is_open(world, who) || world->links[who] != core_rig_dialled(rig, who)) /* dialled anew, and nobody is there */
                core_rig_close(rig, core_rig_dialled(rig, who), FR_E_UNREACHABLE);
        core_rig_wait_heard(rig, 5 * rig->timing.silence, world->links, world->member_count);
    }
    assert_true(rig->has_ended);
    assert_int_equal(core_rig_failure(rig), 0); /* what its members do is no failure of the origin's */
    fr_transfer_view(rig->transfer, &view);
    assert_true(view.is_complete);
    for (uint32_t member = 0; member < world->member_count; member++) {
        struct fr_member_result result;
        fr_transfer_node_result(rig->transfer, member, &result);
        assert_int_not_equal(result.verdict, FR_VERDICT_PENDING);
        assert_int_equal(result.reason[0] == 0, result.verdict == FR_VERDICT_COMPLETE);
    }
}

static void pushes_end_whatever_the_members_do(void **state) {
    (void) state;
    for (int is_pipe = 0; is_pipe < 2; is_pipe++) {
        struct world world = {.self = FR_MEMBER_UPSTREAM};
        core_rig_init(&world.rig, CHUNKS);
        if (is_pipe)
            core_rig_pipe(&world.rig);
        for (int round = 0; round < ROUNDS; round++) {
            begin(&world);
            world.member_count = 1 + draw(MEMBERS_MAX);
            assert_int_equal(core_rig_be_origin(&world.rig, world.member_count), 0);
            live_as_origin(&world);
        }
        core_rig_done(&world.rig);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_survive_anything),
        cmocka_unit_test(pushes_end_whatever_the_members_do),
    };
    fr_prng_init(&prng, fr_test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
