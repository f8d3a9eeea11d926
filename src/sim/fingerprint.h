/* SPDX-License-Identifier: Apache-2.0 */
/* One number for everything that happened in a world: the same seed gives the same number, or something reads a clock, an address
 * or chance that the seed does not rule. */
#ifndef FR_SIM_FINGERPRINT_H
#define FR_SIM_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

struct fr_sim_fingerprint {
    uint64_t value;
    uint64_t count; /* things mixed in */
};

void fr_sim_fingerprint_init(struct fr_sim_fingerprint *fingerprint, uint64_t seed);
void fr_sim_fingerprint_add(struct fr_sim_fingerprint *fingerprint, uint64_t number);
void fr_sim_fingerprint_add_bytes(struct fr_sim_fingerprint *fingerprint, const void *bytes, size_t count);

#endif
