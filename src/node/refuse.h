/* SPDX-License-Identifier: Apache-2.0 */
/* Saying no on a connection that belongs to no transfer. */
#ifndef FR_NODE_REFUSE_H
#define FR_NODE_REFUSE_H

#include <fastreplica/error.h>

#include "net/conn.h"
#include "wire/message.h"

/* Send REFUSE with a sentence (cut to FR_REASON_BYTES_MAX between characters) and close. The pointer is dead after the call. */
void fr_refuse(struct fr_conn *conn, enum fr_refusal refusal, const char *text);

/* Why this node cannot take an object, as a refusal: SPACE, NAME, LIMIT, else STORE. */
enum fr_refusal fr_refusal_of(int error);

#endif
