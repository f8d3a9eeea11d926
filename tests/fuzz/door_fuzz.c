/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door: a stranger with the cluster secret, and an origin that has lost its mind. The input is a list of
 *   how u8 | length u16 | body
 * where how & 0x3f is a frame's type, known or not. With 0x40 an OPEN's blobs are signed by the key
 * that the node trusts, with 0x80 that key is put into the opening first: else no input would ever get past those checks.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "core/door.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { SIGNED = 0x40, OUR_KEY = 0x80, TYPE_BITS = 0x3f };

static struct fr_sign_key *origin;
static struct fr_verify_key *trusted;
static uint8_t trusted_bytes[FR_KEY_BYTES];

static void make_keys(void) {
    static const uint8_t seed[FR_KEY_BYTES] = {7};
    if (origin != NULL)
        return;
    origin = fr_sign_key_new(seed);
    fr_assert(origin != NULL);
    fr_sign_key_public(origin, trusted_bytes);
    trusted = fr_verify_key_new(trusted_bytes);
    fr_assert(trusted != NULL);
}

/* An OPEN that holds these blobs, signed; or the body as it is where it is no OPEN. Returns its size. */
static size_t sign_open(unsigned how, const uint8_t *body, size_t bytes, uint8_t *out, size_t capacity) {
    static uint8_t opening[FR_OPENING_BYTES_MAX];
    uint8_t signatures[2][FR_SIGNATURE_BYTES];
    struct fr_msg_open open;
    if (fr_open_decode(body, bytes, &open) != 0) {
        memcpy(out, body, bytes);
        return bytes;
    }
    memcpy(opening, open.opening, open.opening_bytes);
    if ((how & OUR_KEY) && open.opening_bytes >= FR_TRANSFER_ID_BYTES + FR_KEY_BYTES)
        memcpy(opening + FR_TRANSFER_ID_BYTES, trusted_bytes, FR_KEY_BYTES);
    open.opening = opening;
    if (how & SIGNED) {
        fr_assert(fr_sign(origin, FR_SIGN_OPENING, opening, open.opening_bytes, signatures[0]) == 0);
        fr_assert(fr_sign(origin, FR_SIGN_ROSTER, open.roster, open.roster_bytes, signatures[1]) == 0);
        open.opening_signature = signatures[0];
        open.roster_signature = signatures[1];
    }
    static uint8_t frame[FR_FRAME_HEAD_BYTES + FR_FRAME_BODY_MAX];
    size_t frame_bytes = fr_open_encode(&open, frame, sizeof frame);
    fr_assert(frame_bytes - FR_FRAME_HEAD_BYTES <= capacity);
    memcpy(out, frame + FR_FRAME_HEAD_BYTES, frame_bytes - FR_FRAME_HEAD_BYTES);
    return frame_bytes - FR_FRAME_HEAD_BYTES;
}

/* A peer; or whoever feeds the group: a member above, of whatever group; or the origin, which may feed any; or one whom the group
 * adopts. */
static bool may_ask(const struct fr_door *door) {
    uint32_t from = door->open.from;
    if (from == FR_MEMBER_UPSTREAM)
        return true;
    if (from >= FR_MEMBER_FAR_ABOVE)
        return door->roster.upstream_count > 0 && from < FR_MEMBER_FAR_ABOVE_END;
    if (from >= FR_MEMBER_ABOVE)
        return from - FR_MEMBER_ABOVE < door->roster.upstream_count;
    if (from >= FR_MEMBER_ADOPTED)
        return door->roster.is_adopting && from < FR_MEMBER_ADOPTED + FR_GROUP_NODES_MAX;
    return from < door->roster.member_count && from != door->open.to;
}

static void check_welcome(const struct fr_door *door, unsigned how) {
    fr_assert(how & SIGNED); /* nobody guesses an Ed25519 signature */
    fr_assert(door->open.to < door->roster.member_count);
    fr_assert(may_ask(door));
    fr_assert(memcmp(door->opening.transfer_id, door->roster.transfer_id, FR_TRANSFER_ID_BYTES) == 0);
    fr_assert(memcmp(door->opening.origin_key, trusted_bytes, FR_KEY_BYTES) == 0);
}

static void check_words(const struct fr_door *door) {
    size_t length = strnlen(door->why, sizeof door->why);
    fr_assert(length > 0 && length < FR_REASON_BYTES_MAX);
    fr_assert(fr_text_is_clean(door->why, length));
}

/* One frame. Returns true when the door has spoken its last word. */
static bool try_frame(struct fr_door *door, unsigned how, const uint8_t *body, size_t bytes) {
    enum fr_frame_type type = (enum fr_frame_type)(how & TYPE_BITS);
    uint8_t *exact = malloc(bytes > 0 ? bytes : 1); /* the sanitizer sees the first byte too far */
    fr_assert(exact != NULL);
    if (type == FR_FRAME_OPEN)
        bytes = sign_open(how, body, bytes, exact, bytes);
    else if (bytes > 0)
        memcpy(exact, body, bytes);
    enum fr_door_verdict verdict = fr_door_on_frame(door, type, exact, (uint32_t) bytes);
    if (verdict == FR_DOOR_OPEN)
        check_welcome(door, how);
    if (verdict == FR_DOOR_REFUSE || verdict == FR_DOOR_CLOSE)
        check_words(door);
    fr_assert(door->is_settled == (verdict != FR_DOOR_WAIT));
    free(exact);
    return door->is_settled;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct fr_door door;
    bool is_over = false;
    make_keys();
    fr_door_init(&door, trusted, trusted_bytes);
    while (count >= 3) {
        size_t length = (size_t) bytes[1] << 8 | bytes[2];
        unsigned how = bytes[0];
        bytes += 3;
        count -= 3;
        length = length < count ? length : count;
        if (is_over) {
            fr_assert(fr_door_on_frame(&door, FR_FRAME_OPEN, bytes, (uint32_t) length) == FR_DOOR_CLOSE);
            break;
        }
        is_over = try_frame(&door, how, bytes, length);
        bytes += length;
        count -= length;
    }
    return 0;
}
