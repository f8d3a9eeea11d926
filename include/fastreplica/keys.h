/* SPDX-License-Identifier: Apache-2.0 */
/** Keys: the cluster secret that every connection needs, and the origin's Ed25519 pair that every transfer is signed with.
 *
 *  A key folder holds up to three small text files, each one line of hex (64 digits):
 *      cluster.secret   0600  all nodes and the origin; whoever lacks it cannot connect at all
 *      origin.key       0600  the origin alone; whoever holds it can push
 *      origin.pub       0644  all nodes; which origin they obey
 */
#ifndef FASTREPLICA_KEYS_H
#define FASTREPLICA_KEYS_H

#include <fastreplica/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fr_keys;

enum fr_keys_role {
    FR_KEYS_NODE,   /**< cluster.secret and origin.pub */
    FR_KEYS_ORIGIN, /**< cluster.secret and origin.key */
    FR_KEYS_STATUS, /**< cluster.secret alone */
};

/** Make the three files in `directory` (created if missing, 0700). Never overwrites: FR_E_IN_USE when one of them exists.
 *  Returns 0, FR_E_IN_USE, FR_E_IO, FR_E_NO_SPACE, FR_E_MEMORY; on failure nothing new is left in the folder. */
int fr_keys_generate(const char *directory, struct fr_failure *failure);

/** Read what the role needs. FR_E_IO (missing, unreadable: names the file and says `fastreplica keygen`), FR_E_SYNTAX (not 64 hex digits),
 *  FR_E_ARGUMENT when cluster.secret or origin.key is open to others than its owner and group. FR_E_MEMORY. */
int fr_keys_load(const char *directory, enum fr_keys_role role, struct fr_keys **ret_keys, struct fr_failure *failure);

/** Wipes and frees. NULL allowed. */
void fr_keys_free(struct fr_keys *keys);

#ifdef __cplusplus
}
#endif
#endif
