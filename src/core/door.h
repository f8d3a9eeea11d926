/* SPDX-License-Identifier: Apache-2.0 */
/* What happens on an accepted link before it belongs to a transfer: HELLO, then OPEN or STATUS_ASK. Decides, sends nothing itself. */
#ifndef FR_CORE_DOOR_H
#define FR_CORE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "content/sign.h"
#include "wire/message.h"

enum fr_door_verdict {
    FR_DOOR_WAIT,   /* go on reading */
    FR_DOOR_OPEN,   /* open, opening, roster are filled and verified: route the link to that transfer, or make one */
    FR_DOOR_STATUS, /* answer STATUS, then close */
    FR_DOOR_REFUSE, /* answer REFUSE with refusal and why, then close */
    FR_DOOR_CLOSE,  /* close without a word: not our protocol, or a frame after the verdict; why says what came */
};

struct fr_door {
    const struct fr_verify_key *key; /* the trusted origin key, borrowed */
    uint8_t key_bytes[FR_KEY_BYTES]; /* the same, raw */
    bool has_hello;
    bool is_settled; /* had its one request: any further frame is CLOSE */
    enum fr_refusal refusal;
    char why[FR_REASON_BYTES_MAX + 1];
    /* NULL; or tells whether these very blobs and signatures were verified before: each of many links brings the same. */
    bool (*is_verified)(void *user, const struct fr_msg_open *open, const struct fr_opening *opening);
    void *user;
    struct fr_msg_open open; /* blobs borrow from the frame: valid until the next event */
    struct fr_opening opening;
    struct fr_roster roster; /* the last and largest, needed from OPEN on */
};

void fr_door_init(struct fr_door *door, const struct fr_verify_key *key, const uint8_t *key_bytes);
/* Our HELLO, to be sent as soon as a link is up, by both sides. Returns its size; out holds at least 128 bytes. */
size_t fr_door_hello(uint8_t *out, size_t capacity);
/* 0, or FR_E_VERSION when there is no version in common; ret_why [size] then says which versions each side has. */
int fr_door_check_hello(const struct fr_msg_hello *hello, char *ret_why, size_t size);
/* May one who says so in OPEN be sent what owners of this group send? from: FR_MEMBER_ADOPTED to below FR_MEMBER_ABOVE. */
bool fr_door_may_be_adopted(const struct fr_roster *roster, uint32_t from);
/* May one who says so in OPEN feed this group? from: FR_MEMBER_ABOVE or above. The origin may feed any, when those who were to are gone;
 * else it is a member of the group above, or of one further up. */
bool fr_door_may_feed(const struct fr_roster *roster, uint32_t from);
enum fr_door_verdict fr_door_on_frame(struct fr_door *door, enum fr_frame_type type, const uint8_t *body, uint32_t bytes);

#endif
