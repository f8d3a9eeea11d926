/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens on an accepted link before it belongs to a transfer. Decides and finds the words; sends nothing itself.
 *
 *   fresh --HELLO--> greeted --OPEN--> settled (OPEN, or REFUSE with a reason)
 *                            --STATUS_ASK--> settled (STATUS)
 *   fresh --anything else--> settled (CLOSE: whatever is there, it does not speak our protocol)
 *   greeted --anything else--> settled (REFUSE)
 *   settled --anything--> CLOSE: a link is opened once
 *
 * The cheap checks come first and the two signatures last, so that nonsense costs no more than reading it.
 */
#include "core/door.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <fastreplica/error.h>

#include "base/text.h"

/* The version stands in the public header, which this layer does not see: the build reads it there and hands it in. */
#define AGENT "fastreplica " FR_BUILD_VERSION
static_assert(sizeof AGENT - 1 <= FR_AGENT_BYTES_MAX, "our own name fits");

enum { KEY_SHOWN_BYTES = 4 }; /* of a key, enough to tell two of them apart by eye */

void fr_door_init(struct fr_door *door, const struct fr_verify_key *key, const uint8_t *key_bytes) {
    memset(door, 0, offsetof(struct fr_door, roster));
    door->key = key;
    memcpy(door->key_bytes, key_bytes, FR_KEY_BYTES);
}

size_t fr_door_hello(uint8_t *out, size_t capacity) {
    struct fr_msg_hello hello = {
        .version_min = FR_WIRE_VERSION_MIN,
        .version_max = FR_WIRE_VERSION_MAX,
        .features = FR_WIRE_FEATURES,
        .agent = {AGENT, sizeof AGENT - 1},
    };
    return fr_hello_encode(&hello, out, capacity);
}

int fr_door_check_hello(const struct fr_msg_hello *hello, char *ret_why, size_t size) {
    if (hello->version_min <= FR_WIRE_VERSION_MAX && hello->version_max >= FR_WIRE_VERSION_MIN)
        return 0;
    snprintf(ret_why, size, "no protocol version in common: %.*s speaks %u to %u, %s speaks %u to %u; install the same release on both",
             (int) hello->agent.count, hello->agent.bytes, (unsigned) hello->version_min, (unsigned) hello->version_max, AGENT,
             (unsigned) FR_WIRE_VERSION_MIN, (unsigned) FR_WIRE_VERSION_MAX);
    return FR_E_VERSION;
}

static enum fr_door_verdict refuse(struct fr_door *door, enum fr_refusal refusal, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum fr_door_verdict close_silently(struct fr_door *door, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum fr_door_verdict refuse(struct fr_door *door, enum fr_refusal refusal, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(door->why, sizeof door->why, format, arguments);
    va_end(arguments);
    door->refusal = refusal;
    door->is_settled = true;
    return FR_DOOR_REFUSE;
}

static enum fr_door_verdict close_silently(struct fr_door *door, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(door->why, sizeof door->why, format, arguments);
    va_end(arguments);
    door->is_settled = true;
    return FR_DOOR_CLOSE;
}

static enum fr_door_verdict on_hello(struct fr_door *door, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    struct fr_msg_hello hello;
    if (type != FR_FRAME_HELLO)
        return close_silently(door, "the first frame is %s, not HELLO", fr_frame_name(type));
    if (fr_hello_decode(body, bytes, &hello) != 0)
        return close_silently(door, "the first frame is no valid HELLO");
    char why[sizeof door->why];
    if (fr_door_check_hello(&hello, why, sizeof why) != 0)
        return refuse(door, FR_REFUSAL_VERSION, "%s", why);
    door->has_hello = true;
    return FR_DOOR_WAIT;
}

static enum fr_door_verdict refuse_opening(struct fr_door *door, int error) {
    if (error == FR_E_NAME)
        return refuse(door, FR_REFUSAL_NAME,
                      "the object's name cannot be stored: it must be relative, without '.', '..' or empty components, printable, and "
                      "outside .fastreplica; push it under another name");
    if (error == FR_E_LIMIT)
        return refuse(door, FR_REFUSAL_LIMIT, "the object would have more than %d chunks; push it with larger chunks", FR_CHUNKS_MAX);
    return refuse(door, FR_REFUSAL_PROTOCOL, "the opening of this push is malformed");
}

static enum fr_door_verdict refuse_key(struct fr_door *door) {
    char trusted[2 * KEY_SHOWN_BYTES + 1];
    char signing[2 * KEY_SHOWN_BYTES + 1];
    fr_text_hex(door->key_bytes, KEY_SHOWN_BYTES, trusted);
    fr_text_hex(door->opening.origin_key, KEY_SHOWN_BYTES, signing);
    return refuse(door, FR_REFUSAL_UNTRUSTED,
                  "this node trusts the origin key %s..., and the push is signed by %s...; push with the origin.key that belongs to this "
                  "node's origin.pub, or give this node the origin.pub of that origin and restart it",
                  trusted, signing);
}

bool fr_door_may_be_adopted(const struct fr_roster *roster, uint32_t from) {
    return roster->is_adopting && from - FR_MEMBER_ADOPTED < FR_GROUP_NODES_MAX;
}

bool fr_door_may_feed(const struct fr_roster *roster, uint32_t from) {
    if (from == FR_MEMBER_UPSTREAM)
        return true;
    if (from >= FR_MEMBER_FAR_ABOVE)
        return roster->upstream_count > 0 && from < FR_MEMBER_FAR_ABOVE_END;
    return from - FR_MEMBER_ABOVE < roster->upstream_count;
}

static enum fr_door_verdict check_above(struct fr_door *door) {
    if (fr_door_may_feed(&door->roster, door->open.from))
        return FR_DOOR_OPEN;
    return refuse(door, FR_REFUSAL_PROTOCOL, "member %u above asks, and %u are above", (unsigned) door->open.from - FR_MEMBER_ABOVE,
                  (unsigned) door->roster.upstream_count);
}

/* Both blobs are decoded. Do they belong together, and to us? */
static enum fr_door_verdict check_places(struct fr_door *door) {
    const struct fr_msg_open *open = &door->open;
    unsigned member_count = door->roster.member_count;
    if (memcmp(door->roster.transfer_id, door->opening.transfer_id, FR_TRANSFER_ID_BYTES) != 0)
        return refuse(door, FR_REFUSAL_PROTOCOL, "the roster belongs to another push than the opening");
    if (open->to >= member_count)
        return refuse(door, FR_REFUSAL_PROTOCOL, "member %u is asked for, in a group of %u", (unsigned) open->to, member_count);
    if (open->from >= FR_MEMBER_ABOVE)
        return check_above(door);
    if (open->from >= FR_MEMBER_ADOPTED && fr_door_may_be_adopted(&door->roster, open->from))
        return FR_DOOR_OPEN;
    if (open->from >= member_count)
        return refuse(door, FR_REFUSAL_PROTOCOL, "member %u asks, in a group of %u", (unsigned) open->from, member_count);
    if (open->from == open->to)
        return refuse(door, FR_REFUSAL_PROTOCOL, "member %u asks itself", (unsigned) open->to);
    return FR_DOOR_OPEN;
}

static enum fr_door_verdict check_signatures(struct fr_door *door) {
    const struct fr_msg_open *open = &door->open;
    if (door->is_verified && door->is_verified(door->user, open, &door->opening))
        return FR_DOOR_OPEN;
    if (!fr_verify(door->key, FR_SIGN_OPENING, open->opening, open->opening_bytes, open->opening_signature))
        return refuse(door, FR_REFUSAL_SIGNATURE,
                      "the opening of this push is not signed by its origin: it was altered or made up on the way");
    if (!fr_verify(door->key, FR_SIGN_ROSTER, open->roster, open->roster_bytes, open->roster_signature))
        return refuse(door, FR_REFUSAL_SIGNATURE,
                      "the roster of this push is not signed by its origin: it was altered or made up on the way");
    return FR_DOOR_OPEN;
}

static enum fr_door_verdict on_open(struct fr_door *door, const uint8_t *body, uint32_t bytes) {
    if (fr_open_decode(body, bytes, &door->open) != 0)
        return refuse(door, FR_REFUSAL_PROTOCOL, "the OPEN is malformed");
    int error = fr_opening_decode(door->open.opening, door->open.opening_bytes, &door->opening);
    if (error != 0)
        return refuse_opening(door, error);
    if (memcmp(door->opening.origin_key, door->key_bytes, FR_KEY_BYTES) != 0)
        return refuse_key(door);
    if (fr_roster_decode(door->open.roster, door->open.roster_bytes, &door->roster) != 0)
        return refuse(door, FR_REFUSAL_PROTOCOL, "the roster of this push is malformed");
    enum fr_door_verdict verdict = check_places(door);
    if (verdict == FR_DOOR_OPEN)
        verdict = check_signatures(door);
    door->is_settled = true;
    return verdict;
}

enum fr_door_verdict fr_door_on_frame(struct fr_door *door, enum fr_frame_type type, const uint8_t *body, uint32_t bytes) {
    if (door->is_settled && door->why[0] != '\0')
        return FR_DOOR_CLOSE; /* the first reason stays */
    if (door->is_settled)
        return close_silently(door, "a second request on one link: %s", fr_frame_name(type));
    if (!door->has_hello)
        return on_hello(door, type, body, bytes);
    if (type == FR_FRAME_OPEN)
        return on_open(door, body, bytes);
    if (type != FR_FRAME_STATUS_ASK)
        return refuse(door, FR_REFUSAL_PROTOCOL, "a request is OPEN or STATUS_ASK; %s came", fr_frame_name(type));
    if (bytes != 0)
        return refuse(door, FR_REFUSAL_PROTOCOL, "a STATUS_ASK has no body; %u bytes came", (unsigned) bytes);
    door->is_settled = true;
    return FR_DOOR_STATUS;
}
