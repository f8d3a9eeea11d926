/* SPDX-License-Identifier: Apache-2.0 */
/* The bench for one transfer: making it, telling it events, doing what it asks. Looking at what it did is in core_rig_look.c. */
#include "support/core_rig.h"

#include <fastreplica/error.h>
#include <stdio.h>

#include "base/time.h"
#include "content/digest.h"
#include "support/test.h"

enum { CHUNK_BYTES = FR_CHUNK_BYTES_MIN };

static void *grow(void *items, uint32_t count, uint32_t *capacity, size_t item_bytes) {
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 64;
    items = realloc(items, *capacity * item_bytes);
    assert_non_null(items);
    return items;
}

/* ---------------------------------------------------------------------------------------------------- the object */

static uint32_t size_of_chunk(const struct core_rig *rig, fr_chunk_index chunk) {
    uint64_t left = rig->object_bytes - (uint64_t) chunk * CHUNK_BYTES;
    return left < CHUNK_BYTES ? (uint32_t) left : CHUNK_BYTES;
}

/* By runs: where every loop is instrumented this is most of what a fuzzer's run costs. */
static void fill_chunk(fr_chunk_index chunk, uint8_t *bytes, uint32_t count) {
    uint8_t run[256];
    for (uint32_t i = 0; i < sizeof run; i++)
        run[i] = (uint8_t) (chunk * 31 + i);
    for (uint32_t at = 0; at < count; at += sizeof run)
        memcpy(bytes + at, run, count - at < sizeof run ? count - at : sizeof run);
}

static void sign_manifest(struct core_rig *rig) {
    struct fr_manifest *manifest = &rig->manifest;
    struct fr_digest digests[FR_PAGE_CHUNKS_MAX], sha256 = {{1}};
    uint8_t bytes[CHUNK_BYTES];
    assert_int_equal(fr_manifest_init(manifest, rig->opening.transfer_id, rig->opening.object_bytes, CHUNK_BYTES), 0);
    for (fr_chunk_index chunk = 0; chunk < rig->chunk_count;) {
        uint32_t count = 0;
        for (; count < manifest->layout.page_chunks && chunk < rig->chunk_count; count++, chunk++) {
            fill_chunk(chunk, bytes, size_of_chunk(rig, chunk));
            fr_digest_of(bytes, size_of_chunk(rig, chunk), &digests[count]);
        }
        assert_int_equal(fr_manifest_make_page(manifest, rig->key, digests, count), 0);
    }
    assert_int_equal(fr_manifest_make_end(manifest, rig->key, rig->object_bytes, &sha256), 0);
}

void core_rig_init(struct core_rig *rig, uint32_t chunk_count) {
    uint8_t seed[FR_KEY_BYTES] = {1};
    *rig = (struct core_rig){.chunk_count = chunk_count, .can_reread = true, .timing = fr_timing_default, .now = 1000 * FR_SECOND};
    rig->kept = calloc(chunk_count + 1, sizeof *rig->kept);
    assert_non_null(rig->kept);
    rig->object_bytes = chunk_count ? (uint64_t) chunk_count * CHUNK_BYTES - 100 : 0;
    rig->key = fr_sign_key_new(seed);
    seed[0] = 2;
    rig->stranger = fr_sign_key_new(seed);
    fr_sign_key_public(rig->key, rig->opening.origin_key);
    rig->trusted = fr_verify_key_new(rig->opening.origin_key);
    memset(rig->opening.transfer_id, 0x5a, FR_TRANSFER_ID_BYTES);
    memset(rig->roster.transfer_id, 0x5a, FR_TRANSFER_ID_BYTES);
    rig->opening.object_bytes = rig->object_bytes;
    rig->opening.chunk_bytes = CHUNK_BYTES;
    rig->opening.mode = 0644;
    memcpy(rig->opening.name, "x.bin", 6);
    sign_manifest(rig);
}

void core_rig_pipe(struct core_rig *rig) {
    fr_manifest_done(&rig->manifest);
    rig->opening.object_bytes = FR_BYTES_UNKNOWN;
    rig->can_reread = false;
    sign_manifest(rig);
}

void core_rig_set(struct core_rig *rig, uint32_t entry_count) {
    fr_manifest_done(&rig->manifest);
    rig->object_bytes = rig->opening.object_bytes = (uint64_t) rig->chunk_count * CHUNK_BYTES;
    rig->opening.entry_count = entry_count;
    for (uint32_t i = 0; i < entry_count; i++) {
        rig->opening.entries[i].bytes = rig->object_bytes / entry_count -
            i; /* what fills up the last chunk is of no concern to a transfer */
        snprintf(rig->opening.entries[i].name, sizeof rig->opening.entries[i].name, "%u", i);
    }
    sign_manifest(rig);
}

static void drop_open_act(struct core_rig_act *act) {
    if (act->is_open)
        fr_buffer_unref(act->buffer);
    act->is_open = false;
}

void core_rig_again(struct core_rig *rig) {
    fr_transfer_free(rig->transfer);
    rig->transfer = NULL;
    for (uint32_t i = 0; i < rig->act_count; i++) {
        drop_open_act(&rig->acts[i]);
        free(rig->acts[i].body);
    }
    rig->act_count = rig->trace_count = 0;
    rig->has_ended = false;
    rig->now += 1000 * FR_SECOND;
}

void core_rig_done(struct core_rig *rig) {
    core_rig_again(rig);
    free(rig->acts);
    free(rig->traces);
    fr_manifest_done(&rig->manifest);
    fr_sign_key_free(rig->key);
    free(rig->kept);
    fr_sign_key_free(rig->stranger);
    fr_verify_key_free(rig->trusted);
    *rig = (struct core_rig){0};
}

/* ---------------------------------------------------------------------------------------------------- what it asks for */

static void note_trace(void *user, const struct fr_trace *trace) {
    struct core_rig *rig = user;
    struct core_rig_trace *note;
    rig->traces = grow(rig->traces, rig->trace_count, &rig->trace_capacity, sizeof *rig->traces);
    note = &rig->traces[rig->trace_count++];
    *note = (struct core_rig_trace){trace->type, trace->group, trace->member, trace->chunk, trace->value, trace->error, ""};
    snprintf(note->text, sizeof note->text, "%s", trace->text ? trace->text : "");
}

static void note_body(struct core_rig_act *act, const void *body, uint32_t bytes) {
    act->body = malloc(bytes + 1);
    assert_non_null(act->body);
    memcpy(act->body, body, bytes);
    act->body[bytes] = 0;
    act->bytes = bytes;
}

static void note_action(struct core_rig *rig, const struct fr_action *action) {
    struct core_rig_act *act;
    rig->acts = grow(rig->acts, rig->act_count, &rig->act_capacity, sizeof *rig->acts);
    act = &rig->acts[rig->act_count++];
    *act = (struct core_rig_act){.type = action->type, .link = action->link, .chunk = action->chunk, .page = action->page};
    switch (action->type) {
    case FR_ACTION_SEND:
        assert_true(action->count >= FR_FRAME_HEAD_BYTES);
        act->frame = (enum fr_frame_type) action->bytes[0];
        note_body(act, action->bytes + FR_FRAME_HEAD_BYTES, action->count - FR_FRAME_HEAD_BYTES);
        break;
    case FR_ACTION_CONNECT: note_body(act, action->address, (uint32_t) strlen(action->address)); break;
    case FR_ACTION_STORE:
        act->buffer = action->buffer;
        act->digest = action->digest;
        assert_int_equal(action->count, action->buffer->bytes);
        assert_true(action->chunk_offset == (uint64_t) action->chunk * CHUNK_BYTES);
        act->is_open = true;
        break;
    case FR_ACTION_SEND_CHUNK:
        act->is_urgent = action->is_urgent;
        act->is_open = true;
        break;
    case FR_ACTION_REUSE:
        act->digest = action->digest;
        assert_memory_equal(&act->digest, &rig->manifest.digests[action->chunk], sizeof act->digest);
        assert_true(action->chunk_offset == (uint64_t) action->chunk * CHUNK_BYTES);
        act->is_open = true;
        break;
    case FR_ACTION_READ_PAGE:
    case FR_ACTION_FINISH: act->is_open = true; break;
    case FR_ACTION_DROP: fr_buffer_unref(action->buffer); break;
    case FR_ACTION_ENDED: rig->has_ended = true; break;
    case FR_ACTION_CLOSE:
    case FR_ACTION_RELEASE: break;
    }
}

static void drain(struct core_rig *rig) {
    struct fr_action action;
    while (fr_transfer_next_action(rig->transfer, &action))
        note_action(rig, &action);
    fr_transfer_assert_valid(rig->transfer);
}

/* Is the link open, as far as was asked for? A frame for a link that was closed would be a mistake of the transfer's. */
static bool is_closed(const struct core_rig *rig, fr_link_id link) { return core_rig_did(rig, FR_ACTION_CLOSE, link) > 0; }

static void answer_store(struct core_rig *rig, struct core_rig_act *act, enum fr_store_outcome outcome, const struct fr_failure *failure) {
    fr_link_id link = act->link;
    fr_chunk_index chunk = act->chunk;
    drop_open_act(act);
    fr_transfer_on_chunk_stored(rig->transfer, link, chunk, outcome, failure, rig->now);
    drain(rig);
}

static void store_act(struct core_rig *rig, struct core_rig_act *act) {
    struct fr_digest digest;
    fr_digest_of(act->buffer->data, act->buffer->bytes, &digest);
    answer_store(rig, act, fr_digest_equal(&digest, &act->digest) ? FR_STORE_OK : FR_STORE_BAD_DIGEST, NULL);
}

static void look_act(struct core_rig *rig, struct core_rig_act *act) {
    answer_store(rig, act, rig->kept[act->chunk] ? FR_STORE_OK : FR_STORE_BAD_DIGEST, NULL);
}

static void sent_act(struct core_rig *rig, struct core_rig_act *act) {
    fr_link_id link = act->link;
    fr_chunk_index chunk = act->chunk;
    act->is_open = false;
    if (is_closed(rig, link))
        return;
    fr_transfer_on_chunk_sent(rig->transfer, link, chunk, rig->now);
    drain(rig);
}

static void read_act(struct core_rig *rig, struct core_rig_act *act) {
    uint32_t first = act->page * rig->manifest.layout.page_chunks, left = first < rig->chunk_count ? rig->chunk_count - first : 0;
    uint32_t count = left < rig->manifest.layout.page_chunks ? left : rig->manifest.layout.page_chunks;
    bool is_last = left <= rig->manifest.layout.page_chunks;
    act->is_open = false;
    fr_transfer_on_page_read(rig->transfer, act->page, count ? &rig->manifest.digests[first] : NULL, count, is_last, rig->object_bytes,
                             &rig->manifest.end.sha256, rig->now);
    drain(rig);
}

static void finish_act(struct core_rig *rig, struct core_rig_act *act, int error) {
    struct fr_failure failure = {.error = error, .text = "the disk is full"};
    act->is_open = false;
    fr_transfer_on_finished(rig->transfer, &failure, rig->now);
    drain(rig);
}

static bool do_act(struct core_rig *rig, struct core_rig_act *act) {
    if (!act->is_open)
        return false;
    if (act->type == FR_ACTION_STORE && !(rig->holds & CORE_RIG_STORES))
        store_act(rig, act);
    else if (act->type == FR_ACTION_REUSE && !(rig->holds & CORE_RIG_LOOKS))
        look_act(rig, act);
    else if (act->type == FR_ACTION_SEND_CHUNK && !(rig->holds & CORE_RIG_SENDS))
        sent_act(rig, act);
    else if (act->type == FR_ACTION_READ_PAGE && !(rig->holds & CORE_RIG_PAGES))
        read_act(rig, act);
    else if (act->type == FR_ACTION_FINISH && !(rig->holds & CORE_RIG_FINISH))
        finish_act(rig, act, 0);
    else
        return false;
    return true;
}

void core_rig_take(struct core_rig *rig) {
    drain(rig);
    for (uint32_t i = 0; i < rig->act_count && !rig->has_ended; i++)
        do_act(rig, &rig->acts[i]);
}

/* ---------------------------------------------------------------------------------------------------- making */

static void name_members(struct core_rig *rig, uint32_t member_count) {
    rig->roster.member_count = member_count;
    for (uint32_t i = 0; i < member_count; i++)
        snprintf(rig->roster.addresses[i], sizeof rig->roster.addresses[i], "node%u:7420", i);
}

int core_rig_be_origin_over(struct core_rig *rig, const struct fr_roster *const *rosters, uint32_t group_count) {
    struct fr_origin_options options = {
        .key = rig->key,
        .opening = &rig->opening,
        .rosters = rosters,
        .group_count = group_count,
        .can_reread = rig->can_reread,
        .timing = rig->timing,
        .observer = {.on_trace = note_trace, .user = rig},
        .seed = 1,
    };
    int error = fr_transfer_new_origin(&options, rig->now, &rig->transfer);
    if (!error)
        core_rig_take(rig);
    return error;
}

int core_rig_be_origin(struct core_rig *rig, uint32_t member_count) {
    const struct fr_roster *rosters[] = {&rig->roster};
    name_members(rig, member_count);
    return core_rig_be_origin_over(rig, rosters, 1);
}

static struct fr_msg_open make_open(struct core_rig *rig, uint32_t from, uint32_t to) {
    return (struct fr_msg_open){
        .from = (uint16_t) from,
        .to = (uint16_t) to,
        .opening = rig->opening_blob,
        .opening_bytes = rig->opening_bytes,
        .opening_signature = rig->opening_signature,
        .roster = rig->roster_blob,
        .roster_bytes = rig->roster_bytes,
        .roster_signature = rig->roster_signature,
    };
}

static int be_member(struct core_rig *rig, uint32_t self, uint32_t member_count, struct fr_member_options *options) {
    struct fr_msg_open open;
    int error;
    name_members(rig, member_count);
    rig->opening_bytes = (uint32_t) fr_opening_encode(&rig->opening, rig->opening_blob, sizeof rig->opening_blob);
    rig->roster_bytes = (uint32_t) fr_roster_encode(&rig->roster, rig->roster_blob, sizeof rig->roster_blob);
    fr_sign(rig->key, FR_SIGN_OPENING, rig->opening_blob, rig->opening_bytes, rig->opening_signature);
    fr_sign(rig->key, FR_SIGN_ROSTER, rig->roster_blob, rig->roster_bytes, rig->roster_signature);
    open = make_open(rig, FR_MEMBER_UPSTREAM, self);
    options->key = rig->trusted;
    options->open = &open;
    options->opening = &rig->opening;
    options->roster = &rig->roster;
    options->timing = rig->timing;
    options->observer = (struct fr_observer){.on_trace = note_trace, .user = rig};
    options->seed = 1;
    error = fr_transfer_new_member(options, rig->now, &rig->transfer);
    options->open = NULL;
    if (!error)
        core_rig_take(rig);
    return error;
}

int core_rig_be_member(struct core_rig *rig, uint32_t self, uint32_t member_count) {
    struct fr_member_options options = {.is_holding = false};
    return be_member(rig, self, member_count, &options);
}

static void keep(struct core_rig *rig, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        rig->kept[first + i] = true;
}

int core_rig_be_partial(struct core_rig *rig, uint32_t self, uint32_t member_count, uint32_t first, uint32_t count) {
    struct fr_member_options options = {.is_holding = true};
    keep(rig, first, count);
    return be_member(rig, self, member_count, &options);
}

int core_rig_be_holder(struct core_rig *rig, uint32_t self, uint32_t member_count, fr_chunk_index differs_at) {
    struct fr_member_options options = {.is_holding = true, .held_count = rig->chunk_count};
    struct fr_digest *held = malloc((rig->chunk_count + 1) * sizeof *held);
    int error;
    assert_non_null(held);
    if (rig->chunk_count > 0)
        memcpy(held, rig->manifest.digests, rig->chunk_count * sizeof *held);
    keep(rig, 0, rig->chunk_count);
    if (differs_at != FR_CHUNK_NONE) {
        held[differs_at].bytes[0] ^= 1;
        rig->kept[differs_at] = false;
    }
    fr_root_of(CHUNK_BYTES, rig->object_bytes, held, rig->chunk_count, &options.held_root);
    options.held_digests = held;
    error = be_member(rig, self, member_count, &options);
    free(held);
    return error;
}

/* ---------------------------------------------------------------------------------------------------- links */

fr_link_id core_rig_accept(struct core_rig *rig, uint32_t from) {
    struct fr_transfer_view view;
    struct fr_msg_open open;
    fr_link_id link;
    fr_transfer_view(rig->transfer, &view);
    open = make_open(rig, from, view.self);
    link = fr_transfer_on_accepted(rig->transfer, &open, rig->now);
    core_rig_take(rig);
    return link;
}

fr_link_id core_rig_dialled(const struct core_rig *rig, uint32_t member) {
    for (uint32_t i = rig->act_count; i > 0; i--)
        if (rig->acts[i - 1].type == FR_ACTION_CONNECT && strcmp((const char *) rig->acts[i - 1].body, rig->roster.addresses[member]) == 0)
            return rig->acts[i - 1].link;
    return FR_LINK_NONE;
}

void core_rig_connect(struct core_rig *rig, fr_link_id link) {
    fr_transfer_on_connected(rig->transfer, link, rig->now);
    core_rig_take(rig);
}

void core_rig_hello(struct core_rig *rig, fr_link_id link) {
    const struct fr_msg_hello hello = {FR_WIRE_VERSION_MIN, FR_WIRE_VERSION_MAX, 0, {"other", 5}};
    uint8_t frame[128];
    fr_hello_encode(&hello, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_accept_frame(struct core_rig *rig, fr_link_id link, bool is_holding) {
    uint8_t frame[64];
    fr_accept_encode(&(struct fr_msg_accept){.is_holding = is_holding}, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

static fr_link_id answer(struct core_rig *rig, uint32_t member, bool is_holding) {
    fr_link_id link = core_rig_dialled(rig, member);
    core_rig_connect(rig, link);
    core_rig_hello(rig, link);
    core_rig_accept_frame(rig, link, is_holding);
    return link;
}

fr_link_id core_rig_answer(struct core_rig *rig, uint32_t member) { return answer(rig, member, false); }

fr_link_id core_rig_answer_holding(struct core_rig *rig, uint32_t member) { return answer(rig, member, true); }

void core_rig_close(struct core_rig *rig, fr_link_id link, int error) {
    struct fr_failure failure = {.error = error, .text = "the connection broke"};
    fr_transfer_on_closed(rig->transfer, link, &failure, rig->now);
    core_rig_take(rig);
}

/* ---------------------------------------------------------------------------------------------------- frames */

void core_rig_raw(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, const char *body, uint32_t bytes) {
    fr_transfer_on_frame(rig->transfer, link, type, (const uint8_t *) body, bytes, rig->now);
    core_rig_take(rig);
}

void core_rig_frame(struct core_rig *rig, fr_link_id link, const uint8_t *frame) {
    uint32_t bytes = (uint32_t) frame[1] << 16 | (uint32_t) frame[2] << 8 | frame[3];
    fr_transfer_on_frame(rig->transfer, link, (enum fr_frame_type) frame[0], frame + FR_FRAME_HEAD_BYTES, bytes, rig->now);
    core_rig_take(rig);
}

void core_rig_ranges(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, uint32_t first, uint32_t count) {
    struct fr_msg_ranges ranges = {.range_count = 1, .ranges = {{first, count}}};
    uint8_t frame[64];
    fr_ranges_encode(type, &ranges, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_switch(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, bool on) {
    uint8_t frame[64];
    fr_switch_encode(type, on, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_page(struct core_rig *rig, fr_link_id link, uint32_t page) {
    uint8_t frame[FR_FRAME_HEAD_BYTES + 128 + FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES];
    struct fr_msg_page message;
    fr_manifest_page(&rig->manifest, page, &message);
    fr_page_encode(&message, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_end(struct core_rig *rig, fr_link_id link) {
    uint8_t frame[512];
    fr_end_encode(&rig->manifest.end, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_reason(struct core_rig *rig, fr_link_id link, enum fr_frame_type type, uint8_t code, const char *text) {
    struct fr_msg_reason reason = {.code = code, .text = {text, (uint32_t) strlen(text)}};
    uint8_t frame[512];
    fr_reason_encode(type, &reason, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_progress(struct core_rig *rig, fr_link_id link, uint32_t chunks_have) {
    uint8_t frame[256];
    fr_progress_encode(&(struct fr_member_figures){.chunks_have = chunks_have}, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

void core_rig_done_frame(struct core_rig *rig, fr_link_id link, enum fr_verdict verdict, const char *text) {
    struct fr_msg_done done = {.verdict = verdict, .figures = {.chunks_have = rig->chunk_count}, .text = {text, (uint32_t) strlen(text)}};
    uint8_t frame[512];
    fr_done_encode(&done, frame, sizeof frame);
    core_rig_frame(rig, link, frame);
}

/* ---------------------------------------------------------------------------------------------------- chunks */

/* Not from fr_buffer_new: the network has memory when the transfer has none. It is freed by free() all the same. */
static struct fr_buffer *make_buffer(fr_chunk_index chunk, uint32_t bytes, enum core_rig_bytes quality) {
    struct fr_buffer *buffer = malloc(sizeof *buffer + bytes);
    assert_non_null(buffer);
    atomic_init(&buffer->refs, 1);
    buffer->bytes = buffer->capacity = bytes;
    fill_chunk(chunk, buffer->data, bytes);
    if (quality == CORE_RIG_SPOILT)
        buffer->data[bytes / 2] ^= 1;
    return buffer;
}

uint32_t core_rig_chunk_bytes(const struct core_rig *rig, fr_chunk_index chunk, uint8_t *out) {
    fill_chunk(chunk, out, size_of_chunk(rig, chunk));
    return size_of_chunk(rig, chunk);
}

bool core_rig_chunk(struct core_rig *rig, fr_link_id link, fr_chunk_index chunk, enum core_rig_bytes bytes) {
    bool is_welcome = fr_transfer_on_chunk_begin(rig->transfer, link, chunk, size_of_chunk(rig, chunk), rig->now);
    core_rig_take(rig);
    if (!is_welcome)
        return false;
    fr_transfer_on_chunk(rig->transfer, link, chunk, make_buffer(chunk, size_of_chunk(rig, chunk), bytes), rig->now);
    core_rig_take(rig);
    return true;
}

static struct core_rig_act *find_open(struct core_rig *rig, enum fr_action_type type, fr_link_id link, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < rig->act_count; i++) {
        struct core_rig_act *act = &rig->acts[i];
        if (act->is_open && act->type == type && (link == FR_LINK_NONE || act->link == link) && act->chunk == chunk)
            return act;
    }
    fail_msg("no open action %d of chunk %u", type, chunk);
    return NULL;
}

void core_rig_store(struct core_rig *rig, fr_chunk_index chunk) {
    store_act(rig, find_open(rig, FR_ACTION_STORE, FR_LINK_NONE, chunk));
    core_rig_take(rig);
}

bool core_rig_has_open(const struct core_rig *rig, enum fr_action_type type, fr_chunk_index chunk) {
    for (uint32_t i = 0; i < rig->act_count; i++)
        if (rig->acts[i].is_open && rig->acts[i].type == type && rig->acts[i].chunk == chunk)
            return true;
    return false;
}

void core_rig_looked(struct core_rig *rig, fr_chunk_index chunk) {
    look_act(rig, find_open(rig, FR_ACTION_REUSE, FR_LINK_NONE, chunk));
    core_rig_take(rig);
}

void core_rig_store_failed(struct core_rig *rig, fr_chunk_index chunk) {
    struct fr_failure failure = {.error = FR_E_NO_SPACE, .text = "the disk is full"};
    answer_store(rig, find_open(rig, FR_ACTION_STORE, FR_LINK_NONE, chunk), FR_STORE_FAILED, &failure);
    core_rig_take(rig);
}

void core_rig_sent(struct core_rig *rig, fr_link_id link, fr_chunk_index chunk) {
    sent_act(rig, find_open(rig, FR_ACTION_SEND_CHUNK, link, chunk));
    core_rig_take(rig);
}

void core_rig_read(struct core_rig *rig, uint32_t page) {
    struct core_rig_act *act = find_open(rig, FR_ACTION_READ_PAGE, FR_LINK_NONE, 0);
    assert_int_equal(act->page, page);
    read_act(rig, act);
    core_rig_take(rig);
}

void core_rig_finish(struct core_rig *rig, int error) {
    finish_act(rig, find_open(rig, FR_ACTION_FINISH, FR_LINK_NONE, 0), error);
    core_rig_take(rig);
}

/* ---------------------------------------------------------------------------------------------------- time */

void core_rig_wait(struct core_rig *rig, fr_time_ns span) {
    fr_time_ns end = rig->now + span, due;
    while (!rig->has_ended && (due = fr_transfer_deadline(rig->transfer)) <= end) {
        rig->now = fr_time_max(rig->now, due);
        fr_transfer_on_deadline(rig->transfer, rig->now);
        core_rig_take(rig);
        if (!rig->has_ended && fr_transfer_deadline(rig->transfer) <= rig->now)
            fail_msg("a deadline that has come stands still");
    }
    rig->now = end;
}

void core_rig_wait_heard(struct core_rig *rig, fr_time_ns span, const fr_link_id *links, uint32_t link_count) {
    fr_time_ns step = rig->timing.silence / 4;
    for (fr_time_ns left = span; left > 0; left -= fr_time_min(left, step)) {
        for (uint32_t i = 0; i < link_count; i++)
            if (!is_closed(rig, links[i]))
                core_rig_raw(rig, links[i], FR_FRAME_PONG, "", 0);
        core_rig_wait(rig, fr_time_min(left, step));
    }
}
