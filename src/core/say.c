/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding one frame onto a link. Nothing is decided here. */
#include <string.h>

#include "base/check.h"
#include "core/door.h"
#include "core/planted.h"
#include "core/state.h"

enum {
    OPEN_OTHERS = 8 + 2 * FR_SIGNATURE_BYTES,
    /* of OPEN, beside its blobs */ SMALL_FRAME = 1024,
    RANGES_FRAME = FR_FRAME_HEAD_BYTES + 16 + FR_RANGES_MAX * 10
};

static uint8_t *begin(struct fr_transfer *transfer, size_t capacity) { return fr_actions_frame_begin(&transfer->actions, capacity); }

static void commit(struct fr_transfer *transfer, struct fr_link *link, size_t bytes) {
    fr_liveness_sent(&link->liveness, transfer->now);
    fr_actions_frame_commit(&transfer->actions, link->id, bytes);
}

static void open_sheet(const struct fr_sheet *sheet, uint32_t from, struct fr_msg_open *open) {
    open->from = (uint16_t) from;
    open->roster = sheet->blob;
    open->roster_bytes = sheet->blob_bytes;
    open->roster_signature = sheet->signature;
}

/* As whom one of a group below knows us: we feed it, or did its feeder's work before all of them were gone. */
static uint32_t name_below(const struct fr_transfer *transfer, const struct fr_roster *roster) {
    uint32_t level = 0;

    if (roster->upstream_group == transfer->roster->group_index)
        return FR_MEMBER_ABOVE + transfer->self;
    for (const struct fr_sheet *between = fr_sheets_find(transfer, roster->upstream_group);
         between && between->roster->upstream_group != transfer->roster->group_index && level < FR_FAR_LEVELS_MAX - 1; level++)
        between = fr_sheets_find(transfer, between->roster->upstream_group);
    return FR_MEMBER_FAR_ABOVE + level * FR_GROUP_NODES_MAX + transfer->self;
}

/* A group below is opened with its own roster, by one who stands above it. */
static void open_below(struct fr_transfer *transfer, const struct fr_link *link, struct fr_msg_open *open) {
    const struct fr_sheet *sheet = fr_feed_of(transfer, link)->sheet;

    open_sheet(sheet, open->from, open);
    if (!transfer->is_origin)
        open->from = (uint16_t) name_below(transfer, sheet->roster);
}

void fr_say_hello_and_open(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_msg_open open = {
        .from = (uint16_t) transfer->self,
        .to = (uint16_t) link->member,
        .opening = transfer->opening_blob,
        .opening_bytes = transfer->opening_bytes,
        .opening_signature = transfer->opening_signature,
        .roster = transfer->roster_blob,
        .roster_bytes = transfer->roster_bytes,
        .roster_signature = transfer->roster_signature,
    };
    uint8_t *out = begin(transfer, 256);
    size_t capacity;

    if (link->role == FR_LINK_CHILD)
        open_below(transfer, link, &open);
    else if (link->role == FR_LINK_ADOPTER)
        open_sheet(transfer->member.adopters[link->place]->sheet, FR_MEMBER_ADOPTED + transfer->self, &open);

    if (out)
        commit(transfer, link, fr_door_hello(out, 256));
    capacity = FR_FRAME_HEAD_BYTES + OPEN_OTHERS + (size_t) open.opening_bytes + open.roster_bytes;
    out = begin(transfer, capacity);
    if (out)
        commit(transfer, link, fr_open_encode(&open, out, capacity));
}

void fr_say_accept(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_msg_accept accept = {.is_holding = transfer->member.mode == FR_MEMBER_HOLDING,
                                   .pages_known = transfer->manifest.pages_contiguous};
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_accept_encode(&accept, out, SMALL_FRAME));
}

void fr_say_page(struct fr_transfer *transfer, struct fr_link *link, uint32_t page) {
    enum { PAGE_FRAME = FR_FRAME_HEAD_BYTES + 128 + FR_PAGE_CHUNKS_MAX * FR_DIGEST_BYTES };
    struct fr_msg_page message;
    uint8_t *out;

    if (page < link->pages_known + FR_PLANTED(PAGES_OFF_BY_ONE) || fr_bitset_has(&link->pages_sent, page))
        return;
    if (fr_link_mark(&link->pages_sent, page)) {
        transfer->actions.is_starved = true;
        return;
    }
    fr_manifest_page(&transfer->manifest, page, &message);
    out = begin(transfer, PAGE_FRAME);
    if (out)
        commit(transfer, link, fr_page_encode(&message, out, PAGE_FRAME));
}

void fr_say_end(struct fr_transfer *transfer, struct fr_link *link) {
    uint8_t *out;

    if (link->is_end_sent)
        return;
    fr_assert(transfer->manifest.is_end_known);
    link->is_end_sent = true;
    out = begin(transfer, SMALL_FRAME);
    if (out)
        commit(transfer, link, fr_end_encode(&transfer->manifest.end, out, SMALL_FRAME));
}

static void say_ranges_frame(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, struct fr_msg_ranges *ranges) {
    uint8_t *out = begin(transfer, RANGES_FRAME);

    ranges->pages_known = type == FR_FRAME_HAVE ? transfer->manifest.pages_contiguous : 0;
    if (out)
        commit(transfer, link, fr_ranges_encode(type, ranges, out, RANGES_FRAME));
    ranges->range_count = 0;
}

void fr_say_ranges(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, const struct fr_bitset *set) {
    struct fr_msg_ranges ranges = {.range_count = 0};
    uint32_t first = fr_bitset_next_set(set, 0);

    while (first < set->bit_count) {
        uint32_t past = fr_bitset_next_clear(set, first);

        ranges.ranges[ranges.range_count++] = (struct fr_range){.first = first, .count = past - first};
        if (ranges.range_count == FR_RANGES_MAX)
            say_ranges_frame(transfer, link, type, &ranges);
        first = fr_bitset_next_set(set, past);
    }
    if (ranges.range_count > 0)
        say_ranges_frame(transfer, link, type, &ranges);
}

void fr_say_chunk_number(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, fr_chunk_index chunk) {
    struct fr_msg_ranges ranges;
    uint8_t *out = begin(transfer, 64);

    ranges.pages_known = type == FR_FRAME_HAVE ? transfer->manifest.pages_contiguous : 0;
    ranges.range_count = 1;
    ranges.ranges[0] = (struct fr_range){.first = chunk, .count = 1};
    if (out)
        commit(transfer, link, fr_ranges_encode(type, &ranges, out, 64));
}

void fr_say_switch(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, bool on) {
    uint8_t *out = begin(transfer, 64);

    if (out)
        commit(transfer, link, fr_switch_encode(type, on, out, 64));
}

void fr_say_progress(struct fr_transfer *transfer, struct fr_link *link, const struct fr_member_figures *figures) {
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_progress_encode(figures, out, SMALL_FRAME));
}

void fr_say_done(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_done *done) {
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_done_encode(done, out, SMALL_FRAME));
}

static struct fr_text text_of(const char *text) {
    size_t count = strlen(text);

    if (count > FR_REASON_BYTES_MAX) {
        count = FR_REASON_BYTES_MAX;
        while (count > 0 && ((uint8_t) text[count] & 0xc0) == 0x80) /* not inside a character */
            count--;
    }
    return (struct fr_text){.bytes = text, .count = (uint32_t) count};
}

void fr_say_fault(struct fr_transfer *transfer, struct fr_link *link, uint32_t member, fr_chunk_index chunk, const char *text) {
    struct fr_msg_fault fault = {
        .group = transfer->roster->group_index, .member = (uint16_t) member, .chunk = chunk, .text = text_of(text)};

    fr_say_fault_below(transfer, link, &fault);
}

void fr_say_fault_below(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_fault *fault) {
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_fault_encode(fault, out, SMALL_FRAME));
}

void fr_say_roster(struct fr_transfer *transfer, struct fr_link *link, const struct fr_sheet *sheet) {
    const struct fr_msg_roster roster = {.blob = sheet->blob, .blob_bytes = sheet->blob_bytes, .signature = sheet->signature};
    size_t capacity = FR_FRAME_HEAD_BYTES + 2 + (size_t) sheet->blob_bytes + FR_SIGNATURE_BYTES;
    uint8_t *out = begin(transfer, capacity);

    if (out)
        commit(transfer, link, fr_roster_frame_encode(&roster, out, capacity));
}

void fr_say_result(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_result *result) {
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_result_encode(result, out, SMALL_FRAME));
}

void fr_say_below(struct fr_transfer *transfer, struct fr_link *link, const struct fr_msg_below *below) {
    enum { BELOW_FRAME = FR_FRAME_HEAD_BYTES + 1 + FR_BELOW_MAX * 15 };
    uint8_t *out = begin(transfer, BELOW_FRAME);

    if (out)
        commit(transfer, link, fr_below_encode(below, out, BELOW_FRAME));
}

void fr_say_empty(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type) {
    uint8_t *out = begin(transfer, 64);

    if (out)
        commit(transfer, link, fr_empty_encode(type, out, 64));
}

void fr_say_reason(struct fr_transfer *transfer, struct fr_link *link, enum fr_frame_type type, uint8_t code, const char *text) {
    struct fr_msg_reason reason = {.code = code, .text = text_of(text)};
    uint8_t *out = begin(transfer, SMALL_FRAME);

    if (out)
        commit(transfer, link, fr_reason_encode(type, &reason, out, SMALL_FRAME));
}

void fr_say_close(struct fr_transfer *transfer, struct fr_link *link) {
    struct fr_action action = {.type = FR_ACTION_CLOSE, .link = link->id};

    fr_actions_push(&transfer->actions, &action);
}
