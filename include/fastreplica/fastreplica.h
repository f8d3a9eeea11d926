/* SPDX-License-Identifier: Apache-2.0 */
/** fastreplica: one origin pushes a large file to many machines; each relays its share to the others while still receiving it.
 *
 *  Include this one header. A push, from start to verdicts:
 *
 *      struct fr_failure failure = {0};
 *      struct fr_nodes *nodes;
 *      struct fr_keys *keys;
 *      if (fr_nodes_load("nodes.txt", &nodes, &failure) || fr_keys_load("keys", FR_KEYS_ORIGIN, &keys, &failure))
 *              die(failure.text);
 *      struct fr_push_options options;
 *      fr_push_options_init(&options);
 *      options.path = "model.bin";
 *      options.nodes = nodes;
 *      options.keys = keys;
 *      struct fr_push *push;
 *      if (fr_push_new(&options, &push, &failure) == 0) {
 *              fr_push_run(push, &failure);              // blocks; fr_push_stop ends it from a signal handler
 *              const struct fr_report *report = fr_push_report(push);
 *              ...
 *              fr_push_free(push);
 *      }
 *
 *  Ownership: whatever a `_new`, `_load` or `_parse` returns is freed by its `_free`. Options structs borrow: what they point to must live
 *  as long as the thing made from them. Threads: one object, one thread, but for the functions that say otherwise.
 */
#ifndef FASTREPLICA_H
#define FASTREPLICA_H

#include <fastreplica/error.h>
#include <fastreplica/types.h>
#include <fastreplica/units.h>
#include <fastreplica/keys.h>
#include <fastreplica/plan.h>
#include <fastreplica/observe.h>
#include <fastreplica/push.h>
#include <fastreplica/node.h>

#define FR_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is linked, as in FR_VERSION. */
const char *fr_version(void);

#ifdef __cplusplus
}
#endif
#endif
