/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole link, and what hangs on it: whatever bytes come, from whomever, the transfer stays sound and comes to an end. The input is
 *   place u8 | start u8 | steps: what u8 | length u16 | body
 * place and start say where it begins (support/link_scene.h). Of `what` the low five bits are a frame's type, whose body follows, or
 * another step below; all frames go through the frame reader. SIGNED: by the origin's key, else no input would ever get past that check;
 * OURS: with the digests, or the transfer id, of the object that is pushed. A CHUNK that is SIGNED is the whole chunk of that number; that
 * is OURS too, spoilt.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/check.h"
#include "base/time.h"
#include "support/link_scene.h"
#include "support/link_sign.h"
#include "support/wire_again.h"
#include "wire/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum {
    STEP_RAW = 0,    /* the body is any part of a stream, not a frame's */
    STEP_TIME = 28,  /* how long u8: passes */
    STEP_LINK = 29,  /* which u8: what follows comes on that link */
    STEP_HOLD = 30,  /* enum core_rig_hold u8: what is done later, and not at once */
    STEP_EVENT = 31, /* event u8, which u8 */
    STEP_BITS = 0x1f,
    SIGNED = 0x20,
    OURS = 0x40,
    HEARD = 8,      /* in how long: everybody is heard of meanwhile */
    HOLDING = 0x80, /* in which, of an answer: and has something of this name */
};
static_assert((int) FR_FRAME_TYPE_MAX < (int) STEP_TIME, "steps are told from frames");

enum event { EVENT_ANSWER, EVENT_CONNECT, EVENT_NO_ANSWER, EVENT_BREAK, EVENT_DIALLED, EVENT_STORE_FAILED, EVENT_STOP, EVENT_COUNT };

enum { WIRES_MAX = 2048, ACTS_MAX = 200000, STEPS_MAX = 300, DIAL_SECONDS = 5, SECONDS_MAX = 400, END_SECONDS = 600 };

/* One connection, as a driver has it. */
struct wire {
    fr_link_id id;
    bool is_dialling;
    fr_time_ns since;
    struct fr_reader reader;
};

static struct wire wires[WIRES_MAX];
static uint32_t wire_count, current;
static struct core_rig *rig;
static bool is_reusing; /* the bench answers only for the object's own digests then */

/* ---------------------------------------------------------------------------------------------------- connections */

static struct wire *find_wire(fr_link_id id) {
    for (uint32_t i = 0; i < wire_count; i++)
        if (wires[i].id == id)
            return &wires[i];
    return NULL;
}

static void add_wire(fr_link_id id, bool is_dialling) {
    if (find_wire(id))
        return;
    fr_assert(wire_count < WIRES_MAX);
    wires[wire_count] = (struct wire){.id = id, .is_dialling = is_dialling, .since = rig->now};
    fr_reader_init(&wires[wire_count++].reader);
}

static void remove_wire(struct wire *wire) {
    fr_reader_done(&wire->reader);
    *wire = wires[--wire_count];
}

static void check_said(const struct core_rig_act *act) {
    const struct wire *wire = find_wire(act->link);
    fr_assert(wire != NULL && !wire->is_dialling);
    if (act->frame == FR_FRAME_PING || act->frame == FR_FRAME_PONG)
        fr_assert(act->bytes == 0);
    else
        fr_assert(wire_again_check((int) act->frame, act->body, act->bytes) == 0);
}

/* What the transfer did since the last time: new and closed connections, and nothing that another node would not understand. */
static void look(void) {
    fr_assert(rig->act_count < ACTS_MAX);
    for (uint32_t i = 0; i < rig->act_count; i++) {
        const struct core_rig_act *act = &rig->acts[i];
        if (act->type == FR_ACTION_CONNECT)
            add_wire(act->link, true);
        else if (act->type == FR_ACTION_SEND)
            check_said(act);
        else if (act->type == FR_ACTION_CLOSE) {
            fr_assert(find_wire(act->link) != NULL);
            remove_wire(find_wire(act->link));
        }
    }
    core_rig_forget(rig);
}

static void break_wire(struct wire *wire, int error) {
    fr_link_id id = wire->id;
    remove_wire(wire);
    core_rig_close(rig, id, error);
    look();
}

/* ---------------------------------------------------------------------------------------------------- bytes */

static void begin_chunk(struct wire *wire) {
    struct fr_reader *reader = &wire->reader;
    fr_link_id id = wire->id;
    bool is_welcome = fr_transfer_on_chunk_begin(rig->transfer, id, reader->chunk, reader->chunk_size, rig->now);
    if (is_welcome) {
        struct fr_buffer *buffer = fr_buffer_new(reader->chunk_size);
        fr_assert(buffer != NULL && reader->chunk_size <= rig->opening.chunk_bytes);
        fr_reader_give(reader, buffer);
    }
    core_rig_take(rig);
    look();
    fr_assert(is_welcome || find_wire(id) == NULL);
}

static void take_event(struct wire *wire, enum fr_reader_event event) {
    struct fr_reader *reader = &wire->reader;
    switch (event) {
    case FR_READER_MORE: return;
    case FR_READER_FRAME:
        core_rig_raw(rig, wire->id, reader->type, (const char *) reader->body, reader->body_bytes);
        look();
        return;
    case FR_READER_CHUNK_BEGIN: begin_chunk(wire); return;
    case FR_READER_CHUNK_END:
        fr_transfer_on_chunk(rig->transfer, wire->id, reader->chunk, fr_reader_take(reader), rig->now);
        core_rig_take(rig);
        look();
        return;
    case FR_READER_BAD: break_wire(wire, FR_E_PROTOCOL); return;
    }
}

static void receive(fr_link_id id, const uint8_t *bytes, size_t count) {
    while (count > 0 && !rig->has_ended) {
        struct wire *wire = find_wire(id);
        uint8_t *at;
        size_t room;
        if (!wire || wire->is_dialling)
            return;
        fr_reader_space(&wire->reader, &at, &room);
        fr_assert(room > 0);
        room = room < count ? room : count;
        memcpy(at, bytes, room);
        bytes += room;
        count -= room;
        take_event(wire, fr_reader_advance(&wire->reader, room));
    }
}

/* ---------------------------------------------------------------------------------------------------- frames */

static void receive_frame(unsigned what, const uint8_t *body, size_t count) {
    static uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
    unsigned type = what & STEP_BITS;
    bool is_ours = what & OURS || (is_reusing && type == FR_FRAME_PAGE);
    size_t bytes = what & SIGNED ? link_sign(rig, type, is_ours, body, count, frame, sizeof frame) : 0;
    fr_link_id id = wires[current].id;
    if (bytes == 0) {
        const uint8_t head[FR_FRAME_HEAD_BYTES] = {(uint8_t) type, (uint8_t) (count >> 16), (uint8_t) (count >> 8), (uint8_t) count};
        receive(id, head, sizeof head);
        receive(id, body, count);
    } else
        receive(id, frame, bytes);
}

/* ---------------------------------------------------------------------------------------------------- time */

/* A driver gives a dial a deadline. */
static void give_up_dials(fr_time_ns after) {
    for (uint32_t i = 0; i < wire_count && !rig->has_ended; i++)
        if (wires[i].is_dialling && wires[i].since + after <= rig->now) {
            break_wire(&wires[i], FR_E_TIMEOUT);
            i = UINT32_MAX; /* others have come and gone */
        }
}

static void pass_time(fr_time_ns span, bool is_heard, fr_time_ns dial) {
    static fr_link_id links[WIRES_MAX];
    while (span > 0 && !rig->has_ended) {
        fr_time_ns step = fr_time_min(span, FR_SECOND / 2);
        uint32_t heard = 0;
        for (uint32_t i = 0; i < wire_count && is_heard; i++)
            if (!wires[i].is_dialling)
                links[heard++] = wires[i].id;
        core_rig_wait_heard(rig, step, links, heard);
        look();
        give_up_dials(dial);
        span -= step;
    }
}

static void wait_so_long(uint8_t how_long) {
    static const fr_time_ns spans[] = {FR_MS,         20 * FR_MS,    120 * FR_MS,    600 * FR_MS,
                                       2 * FR_SECOND, 5 * FR_SECOND, 12 * FR_SECOND, 40 * FR_SECOND};
    if (rig->now < (1000 + SECONDS_MAX) * FR_SECOND)
        pass_time(spans[how_long % 8], how_long & HEARD, DIAL_SECONDS * FR_SECOND);
}

/* ---------------------------------------------------------------------------------------------------- other events */

static struct wire *dialling(uint8_t which) {
    for (uint32_t i = 0; i < wire_count; i++)
        if (wires[(which + i) % wire_count].is_dialling)
            return &wires[(which + i) % wire_count];
    return NULL;
}

static void connect(struct wire *wire, bool is_answered, bool is_holding) {
    fr_link_id id = wire->id;
    wire->is_dialling = false;
    core_rig_connect(rig, id);
    look();
    if (is_answered && find_wire(id)) {
        core_rig_hello(rig, id);
        core_rig_accept_frame(rig, id, is_holding);
        look();
    }
    for (uint32_t i = 0; i < wire_count; i++)
        if (wires[i].id == id)
            current = i;
}

static void be_dialled(uint8_t which) {
    static const uint16_t froms[] = {FR_MEMBER_UPSTREAM,
                                     FR_MEMBER_ABOVE,
                                     FR_MEMBER_ABOVE + 2,
                                     FR_MEMBER_FAR_ABOVE,
                                     FR_MEMBER_FAR_ABOVE + 1,
                                     FR_MEMBER_ADOPTED + 2,
                                     0,
                                     2};
    struct fr_transfer_view view;
    fr_link_id id;
    fr_transfer_view(rig->transfer, &view);
    if (view.self == FR_MEMBER_UPSTREAM) /* nobody dials an origin */
        return;
    id = core_rig_accept(rig, froms[which % (sizeof froms / sizeof *froms)]);
    if (id == FR_LINK_NONE)
        return;
    current = wire_count;
    add_wire(id, false);
    look();
}

static void happen(enum event event, uint8_t which) {
    struct wire *wire = dialling(which);
    if (event == EVENT_DIALLED)
        be_dialled(which);
    else if (event == EVENT_STORE_FAILED && core_rig_has_open(rig, FR_ACTION_STORE, which))
        core_rig_store_failed(rig, which);
    else if (event == EVENT_STOP) {
        fr_transfer_on_stop(rig->transfer, "stopped by request", rig->now);
        core_rig_take(rig);
    } else if (event == EVENT_BREAK && wire_count > 0)
        break_wire(&wires[which % wire_count], FR_E_CLOSED);
    else if (wire && event == EVENT_NO_ANSWER)
        break_wire(wire, FR_E_TIMEOUT);
    else if (wire && (event == EVENT_ANSWER || event == EVENT_CONNECT))
        connect(wire, event == EVENT_ANSWER, which & HOLDING);
    look();
}

/* ---------------------------------------------------------------------------------------------------- an input */

static void take_step(unsigned what, const uint8_t *body, size_t count) {
    rig->now += FR_MS;
    switch (what & STEP_BITS) {
    case STEP_TIME: wait_so_long(count > 0 ? body[0] : 0); break;
    case STEP_LINK: current = count > 0 ? body[0] : 0; break;
    case STEP_EVENT: happen(count > 0 ? body[0] % EVENT_COUNT : 0, count > 1 ? body[1] : 0); break;
    case STEP_HOLD:
        rig->holds = count > 0 ? body[0] : 0;
        core_rig_take(rig);
        look();
        break;
    case STEP_RAW:
        if (wire_count > 0)
            receive(wires[current % wire_count].id, body, count);
        break;
    default:
        current = wire_count > 0 ? current % wire_count : 0;
        if (wire_count > 0)
            receive_frame(what, body, count);
        break;
    }
}

static void begin(unsigned place, unsigned start) {
    struct link_scene *scene = link_scene_begin(place, start);
    while (wire_count > 0)
        remove_wire(&wires[0]);
    current = 0;
    rig = &scene->rig;
    is_reusing = place == LINK_SCENE_HOLDER || place == LINK_SCENE_PARTIAL || place == LINK_SCENE_SAME;
    for (uint32_t i = 0; i < scene->link_count; i++)
        add_wire(scene->links[i], false);
    look();
}

/* Whatever was said: when all are gone it is over in bounded time. */
static void end(void) {
    if (!rig->has_ended) {
        rig->holds = 0;
        core_rig_take(rig);
        look();
    }
    while (wire_count > 0 && !rig->has_ended)
        break_wire(&wires[0], FR_E_CLOSED);
    pass_time(END_SECONDS * FR_SECOND, false, 0);
    fr_assert(rig->has_ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 2 || bytes[0] >= LINK_SCENE_PLACES)
        return 0;
    begin(bytes[0], bytes[1]);
    bytes += 2;
    count -= 2;
    for (uint32_t step = 0; step < STEPS_MAX && count >= 3 && !rig->has_ended; step++) {
        size_t length = (size_t) bytes[1] << 8 | bytes[2];
        unsigned what = bytes[0];
        bytes += 3;
        count -= 3;
        length = length < count ? length : count;
        take_step(what, bytes, length);
        bytes += length;
        count -= length;
    }
    end();
    return 0;
}
